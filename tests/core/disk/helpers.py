"""What the tests of a run's directory share: what a run is started with, and a disk without room."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from pyhermes.core import Scan
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


STAMP = "2026_11_23_182353168091"
TOO_LARGE = (64 << 20) + 1
"""Bytes: one more than is read of a text."""


def make_run(folder: Path, text: str = "commit_hash:9b28e1f\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "hermes.info").write_text(text)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


def make_directory(path: Path) -> None:
    path.mkdir()


def make_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_link_out(path: Path) -> None:
    (path.parent.parent / "secret").write_text("comments:secret\n")
    path.symlink_to("../secret")


def make_socket(path: Path) -> None:
    cwd = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(cwd)


def no_replace(*_: object) -> None:
    raise OSError("no replace")


def identifiers(scan: Scan) -> list[str]:
    """The identifiers of the runs that were found."""
    return [run.identifier for run in scan.runs]
