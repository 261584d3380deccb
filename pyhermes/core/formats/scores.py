"""`*.scores`: one decimal float a line, after at most one line of header.

Most files hold nothing but numbers and are parsed by numpy or pyarrow at once; whatever these might
take for something else is parsed line by line, by the same rules as every other number.
"""

from __future__ import annotations

import codecs
import contextlib

import numpy as np

from pyhermes.core.errors import ScoresError
from pyhermes.core.messages import shown
from pyhermes.core.text.encoding import can_be_encoded, decode_text, encode_text
from pyhermes.core.text.numbers import BLANKS, parse_float
from pyhermes.core.typing import FloatArray

_PLAIN = b"0123456789+-.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\n"
"""Characters of which numpy and pyarrow parse the same numbers as `parse_float`, one on a line."""

_MANY = 2 << 20
"""Bytes from which on pyarrow saves more time than its import takes."""


def parse_scores(data: str | bytes, *, complete: bool = True) -> FloatArray:
    r"""Parse training scores, as an array of shape `(episodes,)` and dtype float64.

    Blank lines are skipped, and so is the first line if it is not a float: it is a header. Raises
    `ScoresError`, a `ValueError` with the line's number, for any other line that is not a float.
    `complete=False` is for a file that is still being written: a last line without a newline is
    left out.

    >>> from pyhermes.core import parse_scores
    >>> parse_scores("return\n-848\n-7.5e2\n")
    array([-848., -750.])
    """
    raw = encode_text(data) if isinstance(data, str) and can_be_encoded(data) else data
    if isinstance(raw, bytes):
        scores = _parse_at_once(raw if complete else raw[: raw.rfind(b"\n") + 1])
        if scores is not None:
            return scores
    return _parse_by_line(decode_text(data) if isinstance(data, bytes) else data, complete)


def _parse_at_once(data: bytes) -> FloatArray | None:
    """Parse a file that holds nothing but a number on each line after a header; None for most others."""
    lines = data.removeprefix(codecs.BOM_UTF8)
    first, _, rest = lines.partition(b"\n")
    if parse_float(decode_text(first)) is None:
        lines = rest
        if not first.strip():
            return None
    if not lines.strip(b"\n"):  # numpy makes a number of memory that nobody has written
        return np.empty(0)
    if lines.translate(None, _PLAIN):
        return None
    with contextlib.suppress(ValueError, DeprecationWarning):
        return _parse_lines(lines)
    return None


def _parse_lines(lines: bytes) -> FloatArray:
    """Parse a number on each line; raises ValueError (or a DeprecationWarning) for a line without one."""
    if len(lines) >= _MANY:
        with contextlib.suppress(ImportError):
            return _parse_with_arrow(lines)
    count = lines.count(b"\n") + (lines[-1:] not in (b"", b"\n"))
    numbers = np.fromstring(lines, np.float64, sep="\n")
    if len(numbers) != count:  # numpy stops, with a warning, at what is not a number
        raise ValueError(lines)
    return numbers


def _parse_with_arrow(lines: bytes) -> FloatArray:
    import pyarrow
    from pyarrow import csv

    table = csv.read_csv(
        pyarrow.py_buffer(lines),
        read_options=csv.ReadOptions(column_names=["score"]),
        convert_options=csv.ConvertOptions(column_types={"score": pyarrow.float64()}, null_values=[]),
    )
    return np.array(table.column(0).to_numpy())


def _parse_by_line(text: str, complete: bool) -> FloatArray:
    lines = text.removeprefix("\ufeff").split("\n")
    if not complete:
        lines.pop()
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip(BLANKS)]
    if numbered and parse_float(numbered[0][1]) is None:
        del numbered[0]
    return np.array([_parse_number(number, line) for number, line in numbered], dtype=np.float64)


def _parse_number(number: int, line: str) -> float:
    value = parse_float(line)
    if value is None:
        raise ScoresError(f"expected one decimal number, got {shown(line.strip(BLANKS))}", line=number)
    return value
