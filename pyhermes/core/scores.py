"""`*.scores`: one decimal float a line, after at most one line of header."""

from __future__ import annotations

import re

import numpy as np

from pyhermes.core.errors import ScoresError, shown
from pyhermes.core.numbers import BLANKS, parse_float
from pyhermes.core.text import decode_text
from pyhermes.core.typing import FloatArray

SUFFIX = ".scores"

_STRANGE = re.compile(rf"[^0-9a-zA-Z+\-.{BLANKS}]")
"""What stands in no number: without it, `float` is as strict as `parse_float`, and faster."""


def parse_scores(data: str | bytes, *, complete: bool = True) -> FloatArray:
    r"""Read training scores: an array of shape `(episodes,)`, dtype float64.

    Blank lines do not count. The first line is a header if it is not a float; any other line that
    is none is a `ScoresError`, a `ValueError`, with its line number. `complete=False` is for a file
    that is still being written: a last line without a newline is left out.

    >>> parse_scores("return\n-848\n-7.5e2\n")
    array([-848., -750.])
    """
    text = decode_text(data) if isinstance(data, bytes) else data
    lines = text.removeprefix("\ufeff").split("\n")
    if not complete:
        lines.pop()
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip(BLANKS)]
    if numbered and parse_float(numbered[0][1]) is None:
        del numbered[0]
    return np.array(_floats(numbered, text), dtype=np.float64)


def _floats(numbered: list[tuple[int, str]], text: str) -> list[float]:
    if not _STRANGE.search(text):
        try:
            return [float(line) for _, line in numbered]
        except ValueError:
            pass  # the strict pass below says which line
    return [_strict_float(number, line) for number, line in numbered]


def _strict_float(number: int, line: str) -> float:
    value = parse_float(line)
    if value is None:
        raise ScoresError(f"expected one decimal number, got {shown(line.strip(BLANKS))}", line=number)
    return value
