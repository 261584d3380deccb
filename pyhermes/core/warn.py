"""Warnings about what was read around."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence

from pyhermes.core.errors import HermesWarning
from pyhermes.core.messages import printable


def warn(headline: str, details: Sequence[object]) -> None:
    """Warn once, in the name of the code that called pyhermes, a line a detail; of none, nothing."""
    if details:
        text = "\n  ".join([headline, *map(printable, details)])
        warnings.warn(text, HermesWarning, stacklevel=_frames_of_pyhermes() + 1)


def _frames_of_pyhermes() -> int:
    """How many frames from the caller's on are the package's own."""
    frame = inspect.currentframe()
    frames = 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("pyhermes."):
        frame, frames = frame.f_back, frames + 1
    return frames - 1
