"""Opening, reading and listing files safely: only regular files, and never through a link out of the run.

A FIFO would block, a device never ends, and a link in a run that somebody else made may lead anywhere.
Whatever cannot be read is an error that names the path, or a `Problem` if the file is only too large.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import stat
from collections.abc import Generator
from pathlib import Path
from typing import TextIO, cast

from pyhermes.core.disk.bulk import NO_LINK, NO_WAITING
from pyhermes.core.disk.layout import STDERR, STDOUT, resolve_inside
from pyhermes.core.errors import (
    ExecutionFileError,
    FileModeError,
    HermesError,
    MissingFileError,
    NotADirectoryOfExperimentsError,
    NotAFileError,
    NotAnExperimentError,
)
from pyhermes.core.problems import Problem
from pyhermes.core.text.encoding import ENCODING, ERRORS, decode_text
from pyhermes.core.typing import PathLike

NO_FILE = "expected a regular file, got a directory or a special file"

_LARGEST_TEXT = 64 << 20  # bytes; a larger file of text was made to fill the memory
_LARGEST_TAIL = 64 << 10

# Looking


def is_there(path: PathLike) -> bool:
    """Return whether anything is at a path; a link to nowhere is nothing.

    >>> is_there("runs"), is_there("no/such/path")
    (True, False)
    """
    return os.path.exists(path)


def is_folder(path: PathLike) -> bool:
    """Return whether a path is a directory, or a link to one.

    >>> is_folder("runs"), is_folder("quickstart.py")
    (True, False)
    """
    return os.path.isdir(path)


def resolve_folder(path: PathLike) -> Path:
    """Return the absolute path of a folder.

    Raises `NotAnExperimentError`, a `FileNotFoundError`, if nothing is there, and
    `NotADirectoryOfExperimentsError`, a `NotADirectoryError`, for anything but a directory.
    """
    root = Path(os.path.abspath(path))
    if os.path.isdir(root):
        return root
    if os.path.lexists(root):
        raise NotADirectoryOfExperimentsError("expected a directory, got something else", path=root)
    raise NotAnExperimentError("expected a directory, got a path where nothing is", path=root)


def list_names(root: PathLike) -> list[str]:
    """Return the sorted names of everything in a run's directory."""
    return sorted(os.listdir(root))


def list_files(root: PathLike, suffix: str) -> list[str]:
    """Return the sorted names of the regular files directly in a directory that end in `suffix`."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if entry.name.endswith(suffix) and entry.is_file())


# Files of a run


def read_text(root: Path, name: str) -> str | Problem:
    """Read a file of a run that should be small; a problem, with nothing read, if it is not."""
    with os.fdopen(open_own(root, name), "rb") as file:
        return _read_small(file, name)


def read_from(path: Path, name: str, offset: int, most: int = -1) -> bytes:
    """Read a file of a run from an offset on, at most `most` bytes; nothing if there is no such file."""
    try:
        with os.fdopen(open_own(path, name), "rb") as file:
            file.seek(offset)
            return file.read(most)
    except FileNotFoundError:
        return b""


def read_last_lines(path: Path, name: str) -> list[str]:
    """Return the lines with text at the end of one of a run's logs, of which 64 KiB are read at most.

    There are none where the log cannot be read. What a progress bar overwrote is a line of its own.
    """
    try:
        with os.fdopen(open_own(path, name), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LARGEST_TAIL))
            text = decode_text(file.read(_LARGEST_TAIL))
    except (HermesError, OSError):
        return []
    return [line.strip() for line in re.split(r"[\r\n]", text) if line.strip()]


def open_own(root: Path, name: str) -> int:
    """Open a file of a run for reading, and return its descriptor.

    Raises `FileNameError`, a `ValueError`, for a link that leads out of the run.
    """
    try:
        return _open_regular(os.path.join(root, name), os.O_RDONLY | NO_LINK)
    except OSError as error:  # resolving every path would take more calls than opening it
        if error.errno != errno.ELOOP:
            raise
    return _open_regular(str(resolve_inside(root, name)), os.O_RDONLY)


@contextlib.contextmanager
def open_logs(root: PathLike, mode: str) -> Generator[tuple[TextIO, TextIO], None, None]:
    """Open the logs of a run, output and errors, and close both at the end of the block.

    Text is UTF-8; other bytes become surrogates and are written back as they were. Lines keep their
    endings. Raises `MissingFileError`, a `FileNotFoundError`, for a log that does not exist and
    `FileModeError`, a `ValueError`, for a binary mode.
    """
    with _open_text(resolve_inside(root, STDOUT), mode) as stdout, open_stderr(root, mode) as stderr:
        yield stdout, stderr


def open_stderr(root: PathLike, mode: str) -> TextIO:
    """Open the log of a run's errors; otherwise as `open_logs`."""
    return _open_text(resolve_inside(root, STDERR), mode)


# Files of the user's or the system's


def open_regular_file(path: PathLike) -> io.BufferedReader:
    """Open a regular file for reading its bytes.

    Raises `MissingFileError`, a `FileNotFoundError`, if nothing is there, and `NotAFileError`, an
    `OSError`, for anything but a regular file.
    """
    return open(path, "rb", opener=_open_regular)


def read_small_text(path: PathLike) -> str:
    """Read a text file of the user's, such as an execution file.

    Raises `MissingFileError`, a `FileNotFoundError`, `NotAFileError`, an `OSError`, and
    `ExecutionFileError`, a `ValueError`, for a file over 64 MiB, of which nothing is read.
    """
    with open_regular_file(path) as file:
        text = _read_small(file, os.path.basename(path))
    if isinstance(text, Problem):
        raise ExecutionFileError(str(text))
    return text


def read_system_file(path: str) -> str | None:
    """Read a small file of the system; None if it is not there."""
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None


def io_reason(error: Exception) -> str:
    """Return why a file could not be read, without its path."""
    if isinstance(error, HermesError):
        return error.message
    return f"expected a file that can be read, got: {getattr(error, 'strerror', None) or error}"


def _read_small(file: io.BufferedReader, name: str) -> str | Problem:
    if os.fstat(file.fileno()).st_size > _LARGEST_TEXT:
        return Problem(None, None, name, f"a file of at most {_LARGEST_TEXT >> 20} MiB")
    return decode_text(file.read())


def read_own(root: Path, name: str) -> bytes:
    """Read a file of a run; raises as `open_own`."""
    with os.fdopen(open_own(root, name), "rb") as file:
        return file.read()


def open_own_to_append(root: Path, name: str) -> io.FileIO:
    """Open a file of a run to read it and to append to it, unbuffered; make it where there is none.

    Raises `NotAFileError`, an `OSError`, for whatever else has its place: a link would lead the writing
    elsewhere, and a FIFO would never take it.
    """
    path = os.path.join(root, name)
    try:
        descriptor = _open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | NO_LINK)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise NotAFileError("expected a regular file to write to, got a link", path=Path(path)) from None
    return io.FileIO(descriptor, "a+b")


def _open_text(path: Path, mode: str) -> TextIO:
    """Open a regular file as text of which every byte, and every line's ending, comes back as it was."""
    if "b" in mode:
        raise FileModeError(f"expected a mode for text, such as 'r' or 'a', got {mode!r}", path=path)
    file = open(  # noqa: SIM115 - the caller closes it
        path, mode, encoding=ENCODING, errors=ERRORS, newline="", opener=_open_regular
    )
    return cast("TextIO", file)


def _open_regular(path: str, flags: int) -> int:
    """Open a regular file, as the `opener` of `open`; refuse anything else without waiting for it."""
    try:
        # what is made may be read and written by all, as far as the umask lets them, and run by nobody
        descriptor = os.open(path, flags | NO_WAITING, 0o666)
    except FileNotFoundError:
        raise MissingFileError("expected a file, got a path where nothing is", path=Path(path)) from None
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.ENXIO):
            raise NotAFileError(NO_FILE, path=Path(path)) from None
        raise
    # checked on what is open: between a check of the path and its opening another file could come
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise NotAFileError(NO_FILE, path=Path(path))
