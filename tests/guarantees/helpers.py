"""What the tests of what is guaranteed share."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from pyhermes import HermesWarning


def python(code: str, *words: object) -> str:
    """What a program prints, which ends well."""
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def temporary(pid: int) -> str:
    """The name of a file that a process writes in another's stead."""
    return f".pyhermes-{pid}-0123456789abcdef.tmp"


def leftovers(folder: Path) -> list[str]:
    """The names of all such files in a folder."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".pyhermes-")]


@contextlib.contextmanager
def warned() -> Iterator[list[str]]:
    """What is warned of meanwhile."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    assert {warning.category for warning in caught} <= {HermesWarning}
    said += [str(warning.message) for warning in caught]
