"""`*.scores`: one decimal float a line, after at most one line of header."""

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
"""Of nothing but these, whatever `float` takes for a number is one, and it has a line of its own."""

_MANY = 2 << 20
"""Bytes that it pays to import pyarrow for."""


def parse_scores(data: str | bytes, *, complete: bool = True) -> FloatArray:
    r"""Read training scores: an array of shape `(episodes,)`, dtype float64.

    Blank lines do not count. The first line is a header if it is not a float; any other line that
    is none is a `ScoresError`, a `ValueError`, with its line number. `complete=False` is for a file
    that is still being written: a last line without a newline is left out.

    >>> parse_scores("return\n-848\n-7.5e2\n")
    array([-848., -750.])
    """
    raw = encode_text(data) if isinstance(data, str) and can_be_encoded(data) else data
    if isinstance(raw, bytes):
        scores = _plain_scores(raw if complete else raw[: raw.rfind(b"\n") + 1])
        if scores is not None:
            return scores
    return _scores_by_line(decode_text(data) if isinstance(data, bytes) else data, complete)


def _plain_scores(data: bytes) -> FloatArray | None:
    """The scores of a file of at most a header and one number on each line; None for most others."""
    lines = data.removeprefix(codecs.BOM_UTF8)
    first, _, rest = lines.partition(b"\n")
    if parse_float(decode_text(first)) is None:
        lines = rest
        if not first.strip():
            return None
    if lines.translate(None, _PLAIN):
        return None
    with contextlib.suppress(ValueError, DeprecationWarning):
        return _floats(lines)
    return None


def _floats(lines: bytes) -> FloatArray:
    """The number on each line; raises ValueError, or DeprecationWarning if that is one, where one is none."""
    if len(lines) >= _MANY:
        with contextlib.suppress(ImportError):
            return _floats_by_arrow(lines)
    count = lines.count(b"\n") + (lines[-1:] not in (b"", b"\n"))
    numbers = np.fromstring(lines, np.float64, sep="\n") if count else np.empty(0)
    if len(numbers) != count:  # it stops, and warns of that, at what is no number
        raise ValueError(lines)
    return numbers


def _floats_by_arrow(lines: bytes) -> FloatArray:
    import pyarrow
    from pyarrow import csv

    table = csv.read_csv(
        pyarrow.py_buffer(lines),
        read_options=csv.ReadOptions(column_names=["score"]),
        convert_options=csv.ConvertOptions(column_types={"score": pyarrow.float64()}, null_values=[]),
    )
    return np.array(table.column(0).to_numpy())


def _scores_by_line(text: str, complete: bool) -> FloatArray:
    lines = text.removeprefix("\ufeff").split("\n")
    if not complete:
        lines.pop()
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip(BLANKS)]
    if numbered and parse_float(numbered[0][1]) is None:
        del numbered[0]
    return np.array([_strict_float(number, line) for number, line in numbered], dtype=np.float64)


def _strict_float(number: int, line: str) -> float:
    value = parse_float(line)
    if value is None:
        raise ScoresError(f"expected one decimal number, got {shown(line.strip(BLANKS))}", line=number)
    return value
