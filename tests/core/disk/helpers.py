"""What the tests of a run's directory share: what a run is started with, and a disk without room."""

from __future__ import annotations

import errno
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from pyhermes.core.formats.provenance import Process, Provenance

NOW = datetime(2026, 11, 23, 18, 23, 53, 168091)

COMMIT = "9b28e1fe7fc807d344ff598d9eaa9675352fcbfa"

IDENTIFIER = "2026_11_23_182353168091_0_fcbfa"

PROVENANCE_HELD = Provenance(
    ("python", "train.py", "\udcff"), "/", "me", Process("host", 1), "3.11.7", "python", "Linux"
)


def python(code: str, *words: str) -> str:
    """What a program prints."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
