"""Writing files as a whole: a reader, and who looks after a power failure, has the old one or the new one."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from pyhermes.core.disk.temporary import clear_abandoned, make_temporary, name_file
from pyhermes.core.errors import RecordingError
from pyhermes.core.text.encoding import encode_text
from pyhermes.core.typing import PathLike


@contextlib.contextmanager
def atomic_write(target: Path) -> Generator[BinaryIO]:
    """Open a file that takes the place of `target`, as a whole, once everything in it is on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_abandoned(target.parent)
    with name_file(target), make_temporary(target.parent) as temporary:
        with temporary.open("r+b") as file:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            yield file
            file.flush()
            # Else the name could be on disk before the content: after a power failure, an empty file.
            os.fsync(file.fileno())
        os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Put a change of a folder's names on disk, where the system can (Windows cannot open a directory)."""
    directory: int | None = getattr(os, "O_DIRECTORY", None)
    if directory is not None:  # pragma: no branch
        descriptor = os.open(folder, os.O_RDONLY | directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write a file as a whole, in place of what is there."""
    with atomic_write(path) as file:
        file.write(data)


def replace_file(path: PathLike, data: bytes) -> None:
    """Write a file that the user has named, as a whole, in place of what is there.

    A link is followed. The folder must be there: one that is made for a mistyped path helps nobody.
    """
    target = Path(os.path.realpath(path))
    with name_file(Path(path)):
        os.stat(os.path.join(target.parent, ""))
    write_file(target, data)


def write_new_file(path: Path, text: str) -> None:
    """Write a text file where there is none; raises `RecordingError`, a `ValueError`, where there is."""
    data = encode_text(text)
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise RecordingError("there is a file already", path=path) from None


def append_whole(file: BinaryIO, data: bytes) -> None:
    """Append to an unbuffered file; where the disk has no room for all of it, none of it stays."""
    before = os.fstat(file.fileno()).st_size
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file.fileno(), rest) :]
    except OSError:
        os.ftruncate(file.fileno(), before)
        raise
