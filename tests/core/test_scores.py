from __future__ import annotations

import numpy as np
import pytest

from pyhermes.core import ScoresError, parse_scores
from tests.conftest import CRASHED, EXAMPLES


def test_a_real_file() -> None:
    data = (EXAMPLES / "runs" / CRASHED / "2026_11_23_182344306449_4_fcbfa.scores").read_bytes()
    scores = parse_scores(data)
    assert scores.dtype == np.float64
    assert scores.shape == (100,)
    assert scores[:3].tolist() == [-848.0, -740.0, -704.0]
    np.testing.assert_array_equal(scores, parse_scores(data.decode()))


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
    ["x", "1_000", "0x10", "٣", "1 2", "1,5", "1\x1c", "--", b"\xff".decode("utf-8", "surrogateescape")],
)
def test_any_other_line_that_is_no_number(wrong: str) -> None:
    with pytest.raises(ScoresError, match="expected one decimal number") as error:
        parse_scores(f"1.0\n\n{wrong}\n2.0\n")
    assert error.value.line == 3
    assert isinstance(error.value, ValueError)
    assert repr(wrong) in str(error.value)


def test_a_line_that_is_still_being_written() -> None:
    assert parse_scores("1\n2\n31", complete=False).tolist() == [1.0, 2.0]
    assert parse_scores("1\n2\n31\n", complete=False).tolist() == [1.0, 2.0, 31.0]
    assert parse_scores("31", complete=False).tolist() == []
