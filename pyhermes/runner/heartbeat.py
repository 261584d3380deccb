"""The heartbeat of a run: a sign of life for those who cannot see its process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import final

from pyhermes.core.disk.record import beat

SECONDS_BETWEEN_BEATS = 60
"""Well below the ten minutes after which a silent run counts as lost."""


@final
class Heartbeat:
    """The heartbeat of the run in a directory; that the disk refuses it is no error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = time.monotonic()

    def beat(self) -> None:
        """Beat now."""
        self._last = time.monotonic()
        with contextlib.suppress(OSError):  # the run matters more than the sign that it goes on
            beat(self._path)

    def beat_if_due(self) -> None:
        """Beat if the last time is long enough ago."""
        if time.monotonic() - self._last > SECONDS_BETWEEN_BEATS:
            self.beat()


@contextlib.contextmanager
def keep_beating(path: Path) -> Generator[None]:
    """Let a thread beat for the run in a directory until the block ends."""
    heartbeat = Heartbeat(path)
    ended = threading.Event()

    def beat_until_ended() -> None:
        while not ended.wait(SECONDS_BETWEEN_BEATS):
            heartbeat.beat()

    thread = threading.Thread(target=beat_until_ended, name="pyhermes heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()  # so that no beat comes after the end, which removes the file
