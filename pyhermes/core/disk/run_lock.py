"""The lock of a run's directory: who changes what a run says of itself reads it and writes it alone.

A change of `hermes.info` or `provenance.json` is a reading and a replacing: two at once would lose one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Generator
from pathlib import Path

from pyhermes.core.disk.temporary import lock
from pyhermes.core.warn import warn

_PATIENCE = 10.0
"""Seconds. A change takes milliseconds, so that who holds the lock for longer will not give it back."""

_SECONDS_BETWEEN_ATTEMPTS = 0.005

_ONLY_DIRECTORY: int = getattr(os, "O_DIRECTORY", 0)


@contextlib.contextmanager
def lock_run(path: Path) -> Generator[None]:
    """Hold the lock of the run in a directory, for which other processes and threads wait.

    It is a lock of the directory itself, so that none is left behind and nothing is added to the run.
    Where the system has no such locks, or somebody keeps the lock, that is one warning, and the block
    runs without it: that a run says how it ended matters more.
    """
    with contextlib.ExitStack() as stack:
        # A directory that cannot be opened has no lock, and the change itself will say why.
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | _ONLY_DIRECTORY)
            stack.callback(os.close, descriptor)
            _acquire(path, descriptor)
        yield


def _acquire(path: Path, descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (locked := lock(descriptor)) is False and time.monotonic() < deadline:
        time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
    if locked is None:
        _warn_without_locks(os.fspath(path.parent))
    elif not locked:
        warn("another process keeps the lock of this run, which is changed without it:", [path])


@functools.cache  # a training changes its run many times: once is enough
def _warn_without_locks(folder: str) -> None:
    reason = "of two processes that change one run at the same moment, one loses its change"
    warn("there are no locks for the runs in this folder:", [f"{folder}: {reason}"])
