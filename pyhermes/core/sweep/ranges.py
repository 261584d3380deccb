"""`RANGE[start, stop, step]` of an execution file: decimal numbers, exact however many there are."""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?")
_EXACT = 300
"""The precision that holds any number of `_DECIMAL`, and its sums, without rounding."""


class DecimalRange(NamedTuple):
    """Numbers at equal distances, counted in whole steps of a power of ten: exact, however many."""

    steps: range
    digits: int

    def texts(self) -> Iterator[str]:
        """Return the numbers in plain notation, integers without a point."""
        for step in self.steps:
            sign = "-" if step < 0 else ""
            figures = str(abs(step)).zfill(self.digits + 1)
            fraction = figures[len(figures) - self.digits :]
            point = f".{fraction.rstrip('0') or '0'}" if self.digits else ""
            yield f"{sign}{figures[: len(figures) - self.digits]}{point}"


def parse_range(numbers: Sequence[str]) -> DecimalRange | None:
    """Return the range from a start to a stop (which is left out) by a step, 1 where there is none.

    None for anything but two or three decimal numbers, and for a step of 0.

    >>> [list(found.texts()) for found in [parse_range(["0.1", "0.4", "0.1"])] if found]
    [['0.1', '0.2', '0.3']]
    """
    if len(numbers) not in (2, 3) or not all(map(_DECIMAL.fullmatch, numbers)):
        return None
    with decimal.localcontext(prec=_EXACT):
        values = [decimal.Decimal(number) for number in (*numbers, "1")[:3]]
        digits = max(0, *(-int(value.as_tuple().exponent) for value in values))
        start, stop, step = (int(value.scaleb(digits)) for value in values)
    return DecimalRange(range(start, stop, step), digits) if step else None
