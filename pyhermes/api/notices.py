"""Warnings about what was read around."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from pyhermes.core.errors import HermesWarning


def warn_of(headline: str, details: Sequence[object]) -> None:
    """Warn once, in the name of whoever called the caller, with a line a detail; of none, nothing."""
    if details:
        warnings.warn("\n  ".join([headline, *map(str, details)]), HermesWarning, stacklevel=3)
