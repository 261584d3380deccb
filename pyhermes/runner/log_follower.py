"""Following what a run prints, piece by piece, from outside of its process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import final

from pyhermes.core.disk.layout import STDERR, STDOUT
from pyhermes.core.disk.opening import read_from

_SECONDS_BETWEEN_LOOKS = 0.05

# A log may be larger than the memory: it is read and given on in pieces of this many bytes.
_LARGEST_PIECE = 1 << 20


@final
class LogFollower:
    """Gives on what a run prints, as it comes; it can be left and taken up again.

    `show` gets the name of the log and the bytes that are new in it.
    """

    def __init__(self, path: Path, show: Callable[[str, bytes], None]) -> None:
        self._path = path
        self._show = show
        self._offsets = {STDOUT: 0, STDERR: 0}

    def follow(self, is_ended: Callable[[], bool]) -> None:
        """Give on what comes until the run has ended, and then what is left."""
        while not is_ended():
            self.read_new()
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self.read_new()

    def read_new(self) -> None:
        """Give on what is new."""
        for name in self._offsets:
            while data := read_from(self._path, name, self._offsets[name], _LARGEST_PIECE):
                self._offsets[name] += len(data)
                self._show(name, data)
