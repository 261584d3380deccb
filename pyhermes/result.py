"""Where the documentation has `Result`."""

from __future__ import annotations

from pyhermes.api.result import Result

__all__ = ["Result"]
