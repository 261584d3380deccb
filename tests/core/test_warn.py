from __future__ import annotations

import pytest

from pyhermes import HermesWarning
from pyhermes.core.warn import warn


def test_of_many_details_the_first_are_shown_and_the_rest_is_counted() -> None:
    with pytest.warns(HermesWarning) as said:
        warn("these:", range(50_000))
    *lines, last = str(said[0].message).split("\n")
    assert (len(lines), lines[-1], last) == (21, "  19", "  ... and 49980 more")


def test_of_a_long_detail_the_beginning_is_shown() -> None:
    with pytest.warns(HermesWarning) as said:
        warn("these:", ["x" * 6_000_000])
    assert str(said[0].message) == f"these:\n  {'x' * 1000}... (6000000 characters)"
