from __future__ import annotations

import copy
import math
import pickle
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.typing import NDArray

from pyhermes.core import Column, Table, column_of
from pyhermes.core.errors import (
    HermesError,
    MissingPackageError,
    TableError,
    UnknownChoiceError,
    WrongTypeError,
)
from pyhermes.core.messages import shown
from pyhermes.core.tables.column import CellValue, ColumnKind

NOON = datetime(2026, 11, 23, 12, 0, 0, 176615)
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)
BROKEN = "caf\udce9"

KINDS: tuple[ColumnKind, ...] = ("text", "boolean", "integer", "float", "time", "list")
OF_PANDAS = ["string", "boolean", "Int64", "float64", "datetime64[us]", "object"]
OF_POLARS = [pl.String(), pl.Boolean(), pl.Int64(), pl.Float64(), pl.Datetime("us")]
OF_ARROW = [pa.string(), pa.bool_(), pa.int64(), pa.float64(), pa.timestamp("us")]

FULL = Table(
    {
        "text": Column("text", ("", "a\0b", None)),
        "boolean": Column("boolean", (True, False, None)),
        "integer": Column("integer", (2**63 - 1, 2**53 + 1, None)),
        "float": Column("float", (0.1, math.nan, None)),
        "time": Column("time", (FIRST, LAST, None)),
        "list": Column("list", ((2**53 + 1, None), (), None)),
    }
)


class Algorithm(Enum):
    DQN = "dqn"
    LAYERS = (32, 32)


class Level(IntEnum):
    HIGH = 3


class Word(str):
    def __str__(self) -> str:
        return "another"


@attrs.frozen
class Silent:
    """Something that cannot be shown."""

    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("values", "kind", "cells"),
    [
        ([], "text", ()),
        ([None, None], "text", (None, None)),
        ([True, None, np.bool_(False)], "boolean", (True, None, False)),
        ([1, np.int8(2), Level.HIGH, torch.tensor(4), None], "integer", (1, 2, 3, 4, None)),
        ([2**63 - 1, -(2**63)], "integer", (2**63 - 1, -(2**63))),
        ([0.5, np.float32(0.25), np.float64(2.0)], "float", (0.5, 0.25, 2.0)),
        ([1, 0.5, None, math.inf], "float", (1.0, 0.5, None, math.inf)),
        ([NOON, None, np.datetime64("2026-11-23T12:00:00.176615")], "time", (NOON, None, NOON)),
        ([NOON, np.datetime64("NaT")], "time", (NOON, None)),
        ([np.datetime64("2026-11-23T12:00:00.176615000", "ns")], "time", (NOON,)),
        (
            ["a", np.str_("b"), Algorithm.DQN, Algorithm.LAYERS, None],
            "text",
            ("a", "b", "dqn", "LAYERS", None),
        ),
        ([PurePosixPath("a/b"), "c"], "text", ("a/b", "c")),
        ([Word("itself")], "text", ("itself",)),
        ([Decimal("0.10")], "text", ("0.10",)),
        ([[1, 2], (3,), [], None], "list", ((1, 2), (3,), (), None)),
        ([[1], [0.5, None]], "list", ((1.0,), (0.5, None))),
        ([[True], [False]], "list", ((True,), (False,))),
        ([[1], [True, None]], "list", (("1",), ("True", None))),
        ([[NOON]], "list", ((str(NOON),),)),
        ([[[32, 32], Algorithm.DQN]], "list", (("32 32", "dqn"),)),
        ([[2**64]], "list", ((str(2**64),),)),
        ([set("hermes"), frozenset("c")], "list", (tuple("ehmrs"), ("c",))),
        ([{"a", 1, None}], "list", (("1", None, "a"),)),
        ([np.arange(2), torch.tensor([[1.5, 2.5]])[0]], "list", ((0.0, 1.0), (1.5, 2.5))),
        ([np.array(["a", "b"])], "list", (("a", "b"),)),
        ([True, 0.1, [32, 32], "x", None], "text", ("True", "0.1", "32 32", "x", None)),
        ([True, 1], "text", ("True", "1")),
        ([2**63], "text", (str(2**63),)),
        ([-(2**63) - 1], "text", (str(-(2**63) - 1),)),
        ([2**53 + 1, 0.5], "text", (str(2**53 + 1), "0.5")),
        ([2**64, 0.5], "text", (str(2**64), "0.5")),
        ([NOON, NOON.replace(tzinfo=UTC)], "text", (str(NOON), f"{NOON}+00:00")),
        ([np.array(["2026-01-01"], "M8[ns]")], "text", ("['2026-01-01T00:00:00.000000000']",)),
        ([1j], "text", ("1j",)),
        ([10**5000], "text", ("an object of type int",)),
        ([Silent()], "text", ("Silent()",)),
    ],
)
def test_a_column_has_the_narrowest_kind_that_holds_every_value(
    values: list[object], kind: ColumnKind, cells: tuple[CellValue, ...]
) -> None:
    assert column_of(iter(values)) == Column(kind, cells)


def test_integers_beside_a_nan_become_floats() -> None:
    assert column_of([1, math.nan]) == Column("float", (1.0, math.nan))


def test_a_list_that_holds_itself_is_text_inside() -> None:
    itself: list[object] = []
    itself.append(itself)
    assert column_of([itself]).kind == "list"


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", (1,)),
        ("text", (Word("x"),)),
        ("integer", (True,)),
        ("integer", (2**63,)),
        ("integer", (-(2**63) - 1,)),
        ("float", (1,)),
        ("boolean", (0,)),
        ("time", (NOON.replace(tzinfo=UTC),)),
        ("list", ((1, "a"),)),
        ("list", ((1,), (True,))),
        ("list", (((1,),),)),
        ("list", ((NOON,),)),
        ("integer", np.array([1.0])),
        ("float", np.array([1.0], np.float32)),
        ("float", np.array([[1.0]])),
        ("text", np.array(["a"])),
    ],
)
def test_a_column_refuses_what_its_kind_does_not_hold(
    kind: ColumnKind, values: tuple[CellValue, ...]
) -> None:
    with pytest.raises(ValueError, match=f"expected values for a column of kind '{kind}', got ") as error:
        Column(kind, values)
    assert str(error.value).endswith(f"got {shown(values)}")
    assert isinstance(error.value, TableError)
    assert isinstance(error.value, HermesError)


def test_a_column_refuses_a_kind_that_is_none() -> None:
    with pytest.raises(UnknownChoiceError, match="expected a kind of column .*, got 'complex'"):
        Column("complex", ())  # type: ignore[arg-type]


def test_an_array_is_held_read_only_and_compared_as_a_whole() -> None:
    numbers = np.array([1.0, math.nan])
    column = Column("float", numbers)
    numbers[0] = 9.0
    assert column == Column("float", np.array([1.0, math.nan])) != Column("float", numbers)
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = 9.0  # type: ignore[index]


def test_columns_are_of_one_length() -> None:
    with pytest.raises(TableError, match=r"expected columns of one length, got \{'a': 1, 'b': 2\}"):
        Table({"a": column_of([1]), "b": column_of([1, 2])})


@pytest.mark.parametrize("columns", [{1: column_of([])}, {"a": [1, 2]}])
def test_a_table_is_of_columns_with_names(columns: dict[str, Column]) -> None:
    with pytest.raises(WrongTypeError):
        Table(columns)


def test_a_table_cannot_be_changed() -> None:
    columns = {"a": column_of([1])}
    table = Table(columns)
    columns["b"] = column_of([2])
    assert list(table.columns) == ["a"]
    with pytest.raises(TypeError, match="does not support item assignment"):
        table.columns["b"] = column_of([2])  # type: ignore[index]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        table._columns = {}  # type: ignore[misc]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda table: pickle.loads(pickle.dumps(table))]
)
def test_a_copy_is_the_same_and_as_frozen(copied: Callable[[Table], Table]) -> None:
    table = Table({**FULL.columns, "array": Column("integer", np.arange(3))})
    again = copied(table)
    assert again == table
    assert hash(again) == hash(table)
    array = again.columns["array"].values
    assert isinstance(array, np.ndarray)
    assert not array.flags.writeable


def test_tables_differ_by_the_order_of_their_columns() -> None:
    a, b = column_of([1]), column_of([2])
    assert Table({"a": a, "b": b}) == Table({"a": a, "b": b}) != Table({"b": b, "a": a})


def test_the_length_is_the_number_of_rows() -> None:
    assert (len(FULL), len(Table({})), len(Table({"a": column_of([])}))) == (3, 0, 0)


@pytest.mark.parametrize("rows", [slice(None), slice(0, 1), slice(2, 3), slice(0, 0)])
def test_dtypes_do_not_depend_on_the_rows(rows: slice) -> None:
    table = Table({name: Column(column.kind, column.values[rows]) for name, column in FULL.columns.items()})
    in_list = 0 if rows.start in (0, 2) and rows.stop != 1 else 2  # text, where there is no element
    frame, arrow = table.to_polars(), table.to_arrow()
    assert [str(dtype) for dtype in table.to_pandas().dtypes] == OF_PANDAS
    assert frame.dtypes == [*OF_POLARS, pl.List(OF_POLARS[in_list])]
    assert arrow.schema.types == [*OF_ARROW, pa.list_(OF_ARROW[in_list])]
    assert list(table.to_pandas()) == frame.columns == arrow.schema.names == list(KINDS)
    assert len(table.to_pandas()) == frame.height == arrow.num_rows == len(table)


def test_pandas_has_every_value() -> None:
    frame = FULL.to_pandas()
    assert frame["text"].tolist() == ["", "a\0b", pd.NA]
    assert frame["boolean"].tolist() == [True, False, pd.NA]
    assert frame["integer"].tolist() == [2**63 - 1, 2**53 + 1, pd.NA]
    assert frame["float"][0] == 0.1
    assert frame["float"].isna().tolist() == [False, True, True]
    assert frame["time"].tolist() == [pd.Timestamp(FIRST), pd.Timestamp(LAST), pd.NaT]
    assert frame["list"].tolist() == [[2**53 + 1, None], [], None]


@pytest.mark.parametrize(
    "convert", [lambda: FULL.to_polars().to_dict(as_series=False), lambda: FULL.to_arrow().to_pydict()]
)
def test_polars_and_arrow_have_every_value_and_tell_nan_from_nothing(
    convert: Callable[[], dict[str, list[object]]],
) -> None:
    columns = convert()
    tenth, nan, nothing = columns.pop("float")
    assert (tenth, isinstance(nan, float) and math.isnan(nan), nothing) == (0.1, True, None)
    expected = {name: list(column.values) for name, column in FULL.columns.items() if name != "float"}
    assert columns == {**expected, "list": [[2**53 + 1, None], [], None]}


@pytest.mark.parametrize(
    ("kind", "array"), [("integer", np.array([2**63 - 1, -1])), ("float", np.array([0.1, math.nan]))]
)
def test_arrays_become_columns_of_the_same_dtype(
    kind: ColumnKind, array: NDArray[np.int64 | np.float64]
) -> None:
    of_array, of_tuple = Table({"x": Column(kind, array)}), Table({"x": Column(kind, array.tolist())})
    pd.testing.assert_frame_equal(of_array.to_pandas(), of_tuple.to_pandas())
    assert of_array.to_polars().equals(of_tuple.to_polars())
    assert of_array.to_polars()["x"].null_count() == 0
    assert repr(of_array.to_arrow().to_pydict()) == repr(of_tuple.to_arrow().to_pydict())
    assert of_array.text() == of_tuple.text()


def test_a_dataframe_can_be_written_to_and_the_table_stays() -> None:
    table = Table({"x": Column("integer", np.arange(2)), "y": Column("float", np.zeros(2))})
    frame = table.to_pandas()
    frame.loc[0, ["x", "y"]] = 7
    assert frame.iloc[0].to_list() == [7, 7]
    assert table.columns["x"] == Column("integer", np.arange(2))


def test_what_cannot_be_encoded_is_escaped_in_values_and_in_names() -> None:
    column = Column("text", (BROKEN,))
    table = Table({BROKEN: column, "caf\\udce9": Column("list", ((BROKEN, None),))})
    names, escaped = ["caf\\udce9", "caf\\udce9_"], "caf\\udce9"
    values = {names[0]: [escaped], names[1]: [[escaped, None]]}
    assert table.to_pandas().to_dict("list") == values
    assert table.to_polars().to_dict(as_series=False) == values
    assert table.to_arrow().to_pydict() == values


def test_a_column_may_have_no_name() -> None:
    table = Table({"": column_of([1])})
    assert list(table.to_pandas()) == table.to_polars().columns == table.to_arrow().schema.names == [""]
    assert table.text() == "\n1"


def test_a_table_without_columns() -> None:
    table = Table({})
    assert table.to_pandas().shape == table.to_polars().shape == (0, 0)
    assert table.to_arrow().num_rows == 0
    assert table.text() == ""
    assert table.text("no runs") == "no runs"
    assert "<td" not in table.html()


@pytest.mark.parametrize(
    ("package", "extra", "convert"),
    [
        ("pandas", "pandas", Table.to_pandas),
        ("polars", "polars", Table.to_polars),
        ("pyarrow", "arrow", Table.to_arrow),
    ],
)
def test_a_package_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, package: str, extra: str, convert: Callable[[Table], object]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    message = f"to_{extra}() needs {package}, which is not installed: "
    with pytest.raises(ImportError) as error:
        convert(FULL)
    assert isinstance(error.value, MissingPackageError)
    assert str(error.value) == f"{message}pip install 'pyhermes-experiments[{extra}]'"


def test_text_is_aligned_and_says_what_is_the_same_in_all_rows() -> None:
    table = Table(
        {
            "run": column_of(["same", "same"]),
            "algo": column_of(["dqn", "dqn"]),
            "seed": column_of([1, 20]),
            "layers": column_of([[32, 32], (32, 32)]),
            "score": Column("float", np.array([math.nan, math.nan])),
            "note": column_of([None, None]),
            "solved": column_of([None, True]),
            "kept": column_of([1, 1]),
        }
    )
    assert table.text("2 runs", keep=["kept"]).split("\n") == [
        "2 runs",
        "the same in all: algo=dqn, layers=32 32, score=nan, note=-",
        "run   seed  solved  kept",
        "same     1  -          1",
        "same    20  True       1",
    ]


def test_numbers_stand_under_their_last_digit_and_texts_under_their_first() -> None:
    table = Table({"x": column_of([0.5, 10.25]), "n": column_of([1, 20]), "t": column_of(["ab", "c"])})
    assert table.text().split("\n") == ["    x   n  t", "  0.5   1  ab", "10.25  20  c"]


def test_rows_that_were_left_out_before_are_said_to_be_there() -> None:
    table = Table({"n": column_of([1, 2, 3]), "m": column_of([7, 7, 7])})
    assert table.text(rows=2, left_out=5).split("\n") == [
        "the same in all shown: m=7",
        "n",
        "1",
        "... 6 more ...",
        "3",
    ]


def test_nothing_is_folded_in_a_single_row() -> None:
    assert Table({"run": column_of(["a"]), "x": column_of([1])}).text() == "run  x\na    1"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (0.1, "0.1"),
        (1e-300, "1e-300"),
        (0.1234567891, "0.1234567891"),
        (0.30000000000000004, "~0.3"),
        (-math.inf, "-inf"),
        (NOON, "2026-11-23 12:00:00"),
        (FIRST, "0001-01-01 00:00:00"),
        (None, "-"),
        ([1, None], "1 -"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 37 + "..."),
        (["ab"] * 1000, "ab ab ab ab ab ab ab ab ab ab ab ab a..."),
        ("\x1b[31mred\x1b[0m\r\n\tx", r"\x1b[31mred\x1b[0m\r\n\tx"),
        ("\u202eevil\u2028", r"\u202eevil\u2028"),
        (BROKEN, r"caf\udce9"),
    ],
)
def test_a_cell_is_one_short_line_that_is_safe_in_a_terminal(value: object, cell: str) -> None:
    text = Table({"x": column_of([value])}).text()
    assert text.split("\n")[1].strip() == cell
    assert text.encode()


def test_names_and_titles_are_as_safe_as_cells() -> None:
    text = Table({"a": column_of([1, 2]), "\x1b[2J\nb": column_of([1, 1])}).text("\x1b[2J\n")
    assert text.split("\n")[:3] == [r"\x1b[2J\n", r"the same in all: \x1b[2J\nb=1", "a"]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (20, ["1", "2", "3", "4", "5"]),
        (5, ["1", "2", "3", "4", "5"]),
        (3, ["1", "2", "... 2 more ...", "5"]),
        (1, ["1", "... 4 more ..."]),
        (0, ["... 5 more ..."]),
        (-1, ["... 5 more ..."]),
    ],
)
def test_of_a_long_table_the_first_and_the_last_rows_are_shown(rows: int, lines: list[str]) -> None:
    table = Table({"n": column_of(range(1, 6)), "m": column_of("abcde")})
    assert [line.split("  ")[0] for line in table.text(rows=rows).split("\n")] == ["n", *lines]
    cells = [line for line in table.html(rows=rows).split("\n") if "<td" in line]
    assert len(cells) == len(lines)
    gaps = [f'<tr><td colspan="2">{line}</td></tr>' for line in lines if "more" in line]
    assert [line for line in cells if "colspan" in line] == gaps


def test_millions_of_rows_are_shown_as_twenty() -> None:
    table = Table({"n": Column("integer", np.arange(2_000_000)), "x": Column("float", np.zeros(2_000_000))})
    lines = repr(table).split("\n")
    assert lines[:3] == ["Table of 2000000 rows", "the same in all: x=0.0", "      n"]
    assert lines[13] == "... 1999980 more ..."
    assert ">... 1999980 more ...<" in table.html()
    assert len(lines) == 24


def test_html_shows_the_same_as_text() -> None:
    table = Table({"run": column_of(["a", "b"]), "seed": column_of([1, 2]), "lr": column_of([0.1, 0.1])})
    left, right = 'style="text-align: left"', 'style="text-align: right"'
    assert table.html("2 runs").split("\n") == [
        "<p>2 runs</p>",
        "<p>the same in all: lr=0.1</p>",
        "<table>",
        f"<thead><tr><th {left}>run</th><th {right}>seed</th></tr></thead>",
        "<tbody>",
        f"<tr><td {left}>a</td><td {right}>1</td></tr>",
        f"<tr><td {left}>b</td><td {right}>2</td></tr>",
        "</tbody>",
        "</table>",
    ]
    assert "<p>" not in table.html(keep={"lr"})


def test_nothing_in_html_is_taken_for_html() -> None:
    attack = "<script>\"'&\x1b</script>"
    table = Table({attack: column_of([attack, "b"]), f"{attack}2": column_of([attack, attack])})
    escaped = "&lt;script&gt;&quot;&#x27;&amp;\\x1b&lt;/script&gt;"
    html = table.html(attack)
    assert html.count(escaped) == 5
    assert set(re.findall(r"</?(\w+)", html)) == {"p", "table", "thead", "tbody", "tr", "th", "td"}
    assert html.count('"') == 2 * html.count("style=")
    assert all(character.isprintable() for character in html.replace("\n", ""))
