"""Warnings that point at the line of the caller's own code, however deep in pyhermes they come up."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence

from pyhermes.core.errors import HermesWarning
from pyhermes.core.messages import list_first, printable

_MOST_CHARACTERS = 1000
"""A file of a stranger's decides how long a detail is, and a terminal has to bear it."""


def warn(headline: str, details: Sequence[object], *, most: int = 20) -> None:
    """Emit one warning with a line for each of the first `most` details; without details, none.

    The warning is a `HermesWarning` at the line of code that called pyhermes.
    """
    if details:
        text = "\n  ".join([headline, *map(_shorten, list_first(details, most))])
        warnings.warn(text, HermesWarning, stacklevel=_count_own_frames() + 1)


def _shorten(detail: object) -> str:
    text = printable(detail)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}... ({len(text)} characters)"


def _count_own_frames() -> int:
    """Count the frames of this package on the stack, from the caller's on."""
    frame = inspect.currentframe()
    frames = 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("pyhermes."):
        frame, frames = frame.f_back, frames + 1
    return frames - 1
