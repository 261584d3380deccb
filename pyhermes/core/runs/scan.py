"""What a folder of runs holds: the runs that were read, and those that could not be."""

from __future__ import annotations

from pathlib import Path
from typing import final

import attrs

from pyhermes.core.errors import InfoError, UnknownChoiceError
from pyhermes.core.messages import printable
from pyhermes.core.public import public
from pyhermes.core.runs.run import Run
from pyhermes.core.typing import OnError


@final
@public("pyhermes.core")
@attrs.frozen
class UnreadableRun:
    """A run's directory that could not be read, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@final
@public("pyhermes.core")
@attrs.frozen
class Scan:
    """The runs in a folder, sorted by identifier.

    `elsewhere` are folders further down that hold runs, where the folder itself holds none.
    """

    runs: tuple[Run, ...]
    failed: tuple[UnreadableRun, ...] = ()
    elsewhere: tuple[Path, ...] = ()


def check_scan(scan: Scan, on_error: OnError) -> Scan:
    """Return the scan, unless runs could not be read and `on_error` is `"raise"`.

    Raises one `InfoError`, a `ValueError`, that names every such run, and `UnknownChoiceError`, a
    `ValueError`, for an `on_error` that does not exist.

    >>> from pyhermes.core import Scan
    >>> check_scan(Scan(()), "raise").failed
    ()
    """
    if on_error not in ("warn", "raise", "skip"):
        raise UnknownChoiceError(f"expected on_error to be 'warn', 'raise' or 'skip', got {on_error!r}")
    if on_error == "raise" and scan.failed:
        raise InfoError(printable("\n  ".join(["these runs cannot be read:", *map(str, scan.failed)])))
    return scan
