from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from pyhermes.core import (
    Column,
    ExperimentInfo,
    HermesError,
    NoSuchKeyError,
    Run,
    RunRow,
    Table,
    WrongTypeError,
    load_scalars,
    run_table,
    scalar_table,
    scan_runs,
    with_arguments,
)
from pyhermes.core.tables.run_table import choose_scalars, make_display_table

START = datetime(2026, 11, 23, 18, 23, 53, 176615)
DONE = Run(
    Path("/runs/a"), "a", ExperimentInfo(start_time=START, execution_time=39.25453591346741, exit_status=0)
)
KILLED = Run(Path("/runs/b"), "2026_11_23_182353168091_0_fcbfa", ExperimentInfo(exit_status=-9))
UNKNOWN = Run(Path("/runs/c"), "c", ExperimentInfo())
FIXED = {
    "identifier": Column("text", ("a", "2026_11_23_182353168091_0_fcbfa", "c")),
    "status": Column("text", ("finished", "failed", "unknown")),
    "start_time": Column("time", (START, datetime(2026, 11, 23, 18, 23, 53, 168091), None)),
    "duration": Column("float", (39.25453591346741, None, None)),
}


def rows(*arguments: Mapping[str, object]) -> list[RunRow]:
    return [RunRow(run, each) for run, each in zip((DONE, KILLED, UNKNOWN), arguments, strict=True)]


def test_every_table_of_runs_begins_with_what_became_of_them() -> None:
    assert run_table(rows({}, {}, {})) == Table(FIXED)


def test_no_runs_still_have_their_columns() -> None:
    empty = Table(
        {
            "identifier": Column("text", ()),
            "status": Column("text", ()),
            "start_time": Column("time", ()),
            "duration": Column("float", ()),
        }
    )
    assert run_table([]) == run_table(iter([]), ()) == make_display_table([]) == empty


def test_arguments_are_columns_in_the_order_they_come_with_gaps_where_a_run_has_none() -> None:
    table = run_table(iter(rows({"--lr": 0.1, "--seed": 0}, {"--seed": 1, "--crash": True}, {"--lr": 1})))
    assert table == Table(
        {
            **FIXED,
            "--lr": Column("float", (0.1, None, 1.0)),
            "--seed": Column("integer", (0, 1, None)),
            "--crash": Column("boolean", (None, True, None)),
        }
    )


def test_arguments_that_are_called_as_other_columns_get_another_name() -> None:
    table = run_table(rows({"status": 1, "last.loss": 2}, {"duration": 3}, {"identifier": 4, "lasting": 5}))
    assert table == Table(
        {
            **FIXED,
            "args.status": Column("integer", (1, None, None)),
            "args.last.loss": Column("integer", (2, None, None)),
            "args.duration": Column("integer", (None, 3, None)),
            "args.identifier": Column("integer", (None, None, 4)),
            "lasting": Column("integer", (None, None, 5)),
        }
    )


@pytest.mark.parametrize("names", [("status", "args.status"), ("args.status", "status")])
def test_no_argument_takes_another_one_s_column(names: tuple[str, str]) -> None:
    table = run_table(rows(dict(zip(names, (1, 2), strict=True)), {}, {}))
    held = [column.values[0] for name, column in table.columns.items() if name not in FIXED]
    assert sorted(held, key=str) == [1, 2]
    assert {name: table.columns[name] for name in FIXED} == FIXED


def test_the_last_value_of_each_scalar() -> None:
    scalars = [
        {"loss": np.array([0.5, 0.25]), "nan": np.array([1.0, math.nan])},
        {"best": np.array([3.0])},
        {"loss": np.zeros(0)},
    ]
    assert run_table(rows({"--seed": 0}, {"--seed": 1}, {"--seed": 2}), scalars) == Table(
        {
            **FIXED,
            "--seed": Column("integer", (0, 1, 2)),
            "last.loss": Column("float", (0.25, None, None)),
            "last.nan": Column("float", (math.nan, None, None)),
            "last.best": Column("float", (None, 3.0, None)),
        }
    )


def test_an_argument_never_hides_a_scalar() -> None:
    table = run_table([RunRow(DONE, {"last.loss": "mine"})], [{"loss": np.array([0.5])}])
    assert table.columns["args.last.loss"].values == ("mine",)
    assert table.columns["last.loss"].values == (0.5,)


@pytest.mark.parametrize("count", [1, 3])
def test_scalars_of_more_or_fewer_runs_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="expected columns of one length") as error:
        run_table([RunRow(DONE, {}), RunRow(KILLED, {})], [{"loss": np.zeros(1)}] * count)
    assert isinstance(error.value, HermesError)


def test_a_table_for_people_has_durations_in_tenths_of_seconds() -> None:
    given_rows = rows({"--seed": 0}, {}, {"duration": 0.123})
    exact = run_table(given_rows).columns
    shown = make_display_table(iter(given_rows)).columns
    assert list(shown) == list(exact)
    assert dict(shown) == {**exact, "duration": Column("float", (39.3, None, None))}


def test_rows_cannot_be_changed() -> None:
    row = RunRow(DONE, {})
    assert row == RunRow(DONE, {})
    with pytest.raises(AttributeError):
        row.run = KILLED  # type: ignore[misc]


def test_real_runs(runs: Path) -> None:
    found = scan_runs(runs, recursive=True).runs
    table = run_table(
        (RunRow(run, with_arguments(run).arguments.values) for run in found), load_scalars(found)[0]
    )
    assert len(table) == len(found)
    assert table.columns["identifier"].values == tuple(run.identifier for run in found)
    assert set(table.columns["status"].values) == {"unknown"}
    assert table.columns["--seed"].kind == "integer"
    assert table.columns["last.return"].kind == "float"


# The long form


def test_every_value_of_every_scalar_has_a_row() -> None:
    table = scalar_table(
        iter(
            [
                ("a", {"loss": np.array([0.5, 0.25]), "none": np.zeros(0)}),
                ("b", {}),
                ("c", {"return": np.array([math.nan]), "loss": np.array([1.0])}),
            ]
        )
    )
    assert table == Table(
        {
            "run": Column("text", ("a", "a", "c", "c")),
            "key": Column("text", ("loss", "loss", "return", "loss")),
            "step": Column("integer", np.array([0, 1, 0, 0])),
            "value": Column("float", np.array([0.5, 0.25, math.nan, 1.0])),
        }
    )


@pytest.mark.parametrize("held", [[], [("a", {})], [("a", {"loss": np.zeros(0)})]])
def test_without_a_value_there_are_no_rows(held: list[tuple[str, dict[str, NDArray[np.float64]]]]) -> None:
    assert scalar_table(held) == Table(
        {
            "run": Column("text", ()),
            "key": Column("text", ()),
            "step": Column("integer", np.zeros(0, np.int64)),
            "value": Column("float", np.zeros(0)),
        }
    )


def test_runs_of_one_name_stay_apart_by_their_order() -> None:
    table = scalar_table([("a", {"loss": np.array([1.0])}), ("a", {"loss": np.array([2.0, 3.0])})])
    assert list(table.columns["step"].values) == [0, 0, 1]
    assert list(table.columns["value"].values) == [1.0, 2.0, 3.0]


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.lists(st.floats(allow_nan=False), max_size=4), max_size=3),
        max_size=4,
    )
)
def test_the_long_form_holds_every_scalar_again(held: list[dict[str, list[float]]]) -> None:
    table = scalar_table(
        (str(place), {key: np.array(values, np.float64) for key, values in each.items()})
        for place, each in enumerate(held)
    )
    again: list[dict[str, list[float]]] = [{} for _ in held]
    columns = [column.values for column in table.columns.values()]
    for run, key, step, value in zip(*columns, strict=True):
        series = again[int(str(run))].setdefault(str(key), [])
        assert step == len(series)
        series.append(float(str(value)))
    assert again == [{key: values for key, values in each.items() if values} for each in held]


# Choosing

ONE, TWO = np.array([1.0]), np.array([2.0])


def test_all_scalars_or_those_of_some_keys_in_that_order() -> None:
    held = [{"a": ONE, "b": TWO}, {}, {"c": ONE, "b": ONE}]
    assert choose_scalars(held, []) == tuple(held)
    chosen = choose_scalars(held, ("b", "a"))
    assert chosen == ({"b": TWO, "a": ONE}, {}, {"b": ONE})
    assert list(chosen[0]) == ["b", "a"]
    assert choose_scalars([], []) == ()
    assert choose_scalars(held, ["b", "b"]) == ({"b": TWO}, {}, {"b": ONE})


def test_a_scalar_that_no_run_has() -> None:
    all_held: list[list[dict[str, NDArray[np.float64]]]] = [[{"loss": ONE}, {"return": ONE}], [{}], []]
    for held in all_held:
        with pytest.raises(NoSuchKeyError, match=r"\['los'\]") as error:
            choose_scalars(held, ["los", *(["loss"] if len(held) == 2 else [])])
        assert isinstance(error.value, KeyError)
    with pytest.raises(
        NoSuchKeyError, match=r"expected keys that some run has of \['loss'\], got \['a', 'b'\]"
    ):
        choose_scalars([{"loss": ONE}], ["a", "loss", "b"])


def test_a_bare_string_is_not_taken_for_keys_letter_by_letter() -> None:
    with pytest.raises(
        WrongTypeError, match=r"expected several keys, such as \['ab'\], got the bare string 'ab'"
    ):
        choose_scalars([{"a": ONE, "b": ONE}], "ab")


def test_what_is_chosen_is_a_copy() -> None:
    held = [{"a": ONE}]
    choose_scalars(held, [])[0]["b"] = TWO
    assert held == [{"a": ONE}]


def test_a_run_can_be_told_apart_by_its_info_alone() -> None:
    other = attrs.evolve(DONE, info=attrs.evolve(DONE.info, exit_status=-2))
    assert run_table([RunRow(DONE, {}), RunRow(other, {})]).columns["status"].values == (
        "finished",
        "interrupted",
    )
