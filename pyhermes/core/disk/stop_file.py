"""A file beside the runs that tells jobs to end, wherever they run: it holds the number of a signal."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

from pyhermes.core.disk.atomic_writing import write_file


def ask_to_stop(stop: Path) -> None:
    """Ask the jobs that look at a file to end by SIGINT; when asked again, by SIGKILL."""
    stop.parent.mkdir(parents=True, exist_ok=True)
    number = signal.SIGKILL if stop.exists() else signal.SIGINT
    write_file(stop, f"{int(number)}\n".encode())


def read_stop(stop: Path) -> int:
    """Return the number of the signal that jobs are asked to end by, 0 where nobody has asked."""
    try:
        return int(stop.read_text())
    except (OSError, ValueError):
        return 0


def forget_stop(stop: Path) -> None:
    """Take back what `ask_to_stop` asked."""
    with contextlib.suppress(OSError):
        stop.unlink()
