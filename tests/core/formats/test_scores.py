from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, strategies as st

from pyhermes.core import ScoresError, parse_scores
from pyhermes.core.formats import scores
from tests.conftest import CRASHED, EXAMPLES


def test_a_real_file() -> None:
    data = (EXAMPLES / "runs" / CRASHED / "2026_11_23_182344306449_4_fcbfa.scores").read_bytes()
    found = parse_scores(data)
    assert found.dtype == np.float64
    assert found.shape == (100,)
    assert found[:3].tolist() == [-848.0, -740.0, -704.0]
    np.testing.assert_array_equal(found, parse_scores(data.decode()))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("\n \n", []),
        ("return\n", []),
        ("1\n2", [1.0, 2.0]),
        ("\ufeff1\n2\n", [1.0, 2.0]),
        ("return\r\n1\r\n\r\n 2.5 \r\n", [1.0, 2.5]),
        ("1\t\n+1e3\n-.5\n5.\nINF\n-Infinity\n", [1.0, 1000.0, -0.5, 5.0, np.inf, -np.inf]),
        ("Größe\n1\n", [1.0]),
        ("1_000\n1\n", [1.0]),
    ],
)
def test_lines(text: str, values: list[float]) -> None:
    assert parse_scores(text).tolist() == values
    assert parse_scores(text.encode()).tolist() == values


def test_nan_is_a_number() -> None:
    assert np.isnan(parse_scores("nan\nNaN\n")).all()


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        "1_000",
        "0x10",
        "٣",
        "1 2",
        "1,5",
        "1\x1c",
        "\x1c",
        "\xa0",
        "--",
        "NULL",
        "NA",
        b"\xff".decode("utf-8", "surrogateescape"),
    ],
)
@pytest.mark.parametrize("many", [0, 2 << 20], ids=["pyarrow", "numpy"])
def test_any_other_line_that_is_no_number(wrong: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "_MANY", many)
    with pytest.raises(ScoresError, match="expected one decimal number") as error:
        parse_scores(f"1.0\n\n{wrong}\n2.0\n")
    assert error.value.line == 3
    assert isinstance(error.value, ValueError)
    assert repr(wrong) in str(error.value)


def test_a_line_that_is_still_being_written() -> None:
    assert parse_scores("1\n2\n31", complete=False).tolist() == [1.0, 2.0]
    assert parse_scores("1\n2\n31\n", complete=False).tolist() == [1.0, 2.0, 31.0]
    assert parse_scores("31", complete=False).tolist() == []


LINES = st.lists(
    st.one_of(
        st.floats().map(repr),
        st.integers(-(10**25), 10**25).map(str),
        st.sampled_from(
            ["", " ", "\t1", "1 2", "1_000", "+5", "5.", ".5", "1e400", "-1e-400", "infinity", "x", "nan(1)",
             "0x10", "1\r", "\r", "٣", "\ufeff1", "1.2.3", "--5", "e", "1e", '"1"', "1,2", "NaN", "-nan", "NULL", "NA", "00", "\x001"]
        ),
    ),
    max_size=6,
)  # fmt: skip


def outcome(text: str) -> object:
    try:
        return [(number, np.signbit(number)) for number in np.nan_to_num(parse_scores(text), nan=0.125)]
    except ScoresError as error:
        return str(error)


@given(LINES, st.sampled_from(["", "\n"]))
def test_however_scores_are_read_they_are_the_same(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "_MANY", 0)
        by_pyarrow = outcome(text)
        patch.setitem(sys.modules, "pyarrow", None)
        assert outcome(text) == by_pyarrow
        patch.setattr(scores, "_PLAIN", b"")
        assert outcome(text) == by_pyarrow
    assert outcome(text) == by_pyarrow


def refuse(*_: object) -> None:
    raise AssertionError


@pytest.mark.parametrize("many", [0, 2 << 20], ids=["pyarrow", "numpy"])
@pytest.mark.parametrize("header", ["", "return\n", "\ufeff", "\ufeffreturn\n", "Größe a\n"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_parse_at_once_are_not_read_line_by_line(
    header: str, end: str, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "_MANY", many)
    monkeypatch.setattr(scores, "_parse_by_line", refuse)
    text = f"{header}1\n2.5e1\n-inf\n31{end}"
    for data in (text, text.encode()):
        assert parse_scores(data).tolist() == [1.0, 25.0, -np.inf, 31.0]
        assert parse_scores(data, complete=False).tolist() == [1.0, 25.0, -np.inf, 31.0][: 3 + len(end)]


@pytest.mark.parametrize("header", ["return", "return\n"])
def test_no_scores_are_not_read_line_by_line_either(header: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "_parse_by_line", refuse)
    found = parse_scores(header)
    assert found.shape == (0,)
    assert found.dtype == np.float64


def test_very_many_scores() -> None:
    values = np.random.default_rng(0).standard_normal(200_000)
    data = "".join(f"{value!r}\n" for value in values.tolist()).encode()
    assert len(data) > 2 << 20
    found = parse_scores(b"return\n" + data)
    np.testing.assert_array_equal(found, values)
    found[0] = 1.0
    with pytest.raises(ScoresError) as error:
        parse_scores(data + b"1 2\n")
    assert error.value.line == 200_001
    np.testing.assert_array_equal(parse_scores(data[:-3], complete=False), values[:-1])


def test_text_that_no_file_can_hold() -> None:
    with pytest.raises(ScoresError, match="one decimal number") as error:
        parse_scores("1\n\ud800\n")
    assert error.value.line == 2


def test_a_parser_that_stops_where_it_understands_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "fromstring", lambda *_, **__: np.ones(1))  # as numpy did before it refused
    assert parse_scores("1\n2\n").tolist() == [1.0, 2.0]
    with pytest.raises(ScoresError) as error:
        parse_scores("1\n1.2.3\n")
    assert error.value.line == 2


@pytest.mark.parametrize("header", ["", "1 2\n", "return\n", "\ufeff"])
@pytest.mark.parametrize("blank", ["", "\n", "\n\n\n"])
def test_lines_without_a_number_are_no_score(header: str, blank: str) -> None:
    for _ in range(20):  # what was in the memory before must not matter
        assert parse_scores(header + blank).tolist() == []
