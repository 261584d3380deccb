from __future__ import annotations

import pytest

from pyhermes.core.sweep.ranges import DecimalRange, parse_range


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        (["0", "3"], ["0", "1", "2"]),
        (["0.1", "0.4", "0.1"], ["0.1", "0.2", "0.3"]),
        (["1", "0", "-.5"], ["1.0", "0.5"]),
        (["-0.05", "0.1", "0.05"], ["-0.05", "0.0", "0.05"]),
        (["1e2", "3e2", "1e2"], ["100", "200"]),
        (["1e-3", "2e-3", "1"], ["0.001"]),
        (["3", "0"], []),
    ],
)
def test_numbers_of_a_range(numbers: list[str], texts: list[str]) -> None:
    found = parse_range(numbers)
    assert found is not None
    assert list(found.texts()) == texts


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        ["1"],
        ["1", "2", "3", "4"],
        ["1", "x"],
        ["1", "2", "0"],
        ["nan", "2"],
        ["1e100", "2"],
        ["1" * 41, "2"],
    ],
)
def test_what_is_no_range(numbers: list[str]) -> None:
    assert parse_range(numbers) is None


def test_a_long_range_is_not_written_out() -> None:
    assert parse_range(["0", "1e39"]) == DecimalRange(range(10**39), 0)
