"""Numbers as text, parsed strictly: ASCII digits only, and no `1_000`.

Python's own `int` and `float` accept underscores and the digits of every script, and would turn text
that was never a number into one.
"""

from __future__ import annotations

import re

BLANKS = " \t\n\r\x0b\x0c"
"""ASCII white space: it separates words, and may surround a number."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
# possessive (`++`), so that a long line of digits takes no quadratic time
_FLOAT = re.compile(
    r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:e[+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)


def parse_integer(text: str) -> int | None:
    """Return a decimal integer, or None for other text and for more digits than Python converts.

    >>> parse_integer("007"), parse_integer("1_000")
    (7, None)
    """
    try:
        return int(text) if _INTEGER.fullmatch(text) else None
    except ValueError:
        return None


def parse_real(text: str) -> float | None:
    """Return what `parse_float` does, but None for an integer with more digits than Python converts.

    >>> parse_real("3"), parse_real("3" * 5000)
    (3.0, None)
    """
    too_long = text.strip("+-").isdigit() and parse_integer(text) is None
    return None if too_long else parse_float(text)


def parse_float(text: str) -> float | None:
    """Return a decimal or exponent float (also `inf` and `nan`), or None for other text.

    ASCII white space around it is ignored.

    >>> parse_float(".5"), parse_float("INF"), parse_float("0x10")
    (0.5, inf, None)
    """
    bare = text.strip(BLANKS)
    return float(bare) if _FLOAT.fullmatch(bare) else None
