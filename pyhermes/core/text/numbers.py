"""Numbers as text, read strictly: ASCII digits only, and no `1_000`.

Python's own `int` and `float` take underscores and the digits of every script, which turns text
that was never a number into one.
"""

from __future__ import annotations

import re

BLANKS = " \t\n\r\x0b\x0c"
"""ASCII white space: what separates words, and what may stand around a number."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:e[+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|nan)",
    re.IGNORECASE | re.ASCII,
)


def parse_integer(text: str) -> int | None:
    """The decimal integer that the text is, or None; also None beyond what Python converts.

    >>> parse_integer("007"), parse_integer("1_000")
    (7, None)
    """
    try:
        return int(text) if _INTEGER.fullmatch(text) else None
    except ValueError:
        return None


def parse_real(text: str) -> float | None:
    """As `parse_float`, but None for digits that are an integer too long for Python: these are text.

    >>> parse_real("3"), parse_real("3" * 5000)
    (3.0, None)
    """
    too_long = text.strip("+-").isdigit() and parse_integer(text) is None
    return None if too_long else parse_float(text)


def parse_float(text: str) -> float | None:
    """The decimal or exponent float that the text is (`inf` and `nan` are), or None.

    ASCII white space around it does not matter.

    >>> parse_float(".5"), parse_float("INF"), parse_float("0x10")
    (0.5, inf, None)
    """
    bare = text.strip(BLANKS)
    return float(bare) if _FLOAT.fullmatch(bare) else None
