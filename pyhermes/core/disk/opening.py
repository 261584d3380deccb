"""Opening files safely: only regular files, never through a link that leads out of the run.

A FIFO would block, a device never ends, and a link may lead anywhere.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

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

if TYPE_CHECKING:
    pass


_LARGEST_TEXT = 64 << 20


NO_FILE = "expected a regular file, got a directory or a special file"


def is_there(path: PathLike) -> bool:
    """Whether anything is at a path.

    >>> is_there("runs"), is_there("no/such/path")
    (True, False)
    """
    return os.path.exists(path)


def read_small_text(path: PathLike) -> str:
    """The text of a file of the user's own, such as an execution file.

    Raises `MissingFileError`, a `FileNotFoundError`, `NotAFileError`, an `OSError`, and
    `ExecutionFileError`, a `ValueError`, for a file over 64 MiB, of which nothing is read.
    """
    with open_regular_file(path) as file:
        text = read_small(file, os.path.basename(path))
    if isinstance(text, Problem):
        raise ExecutionFileError(str(text))
    return text


def list_names(root: PathLike) -> list[str]:
    """The sorted names of everything in a run's directory."""
    return sorted(os.listdir(root))


def list_files(root: PathLike, suffix: str) -> list[str]:
    """The sorted names of the regular files directly in a directory that end in `suffix`."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if entry.name.endswith(suffix) and entry.is_file())


def open_stderr(root: PathLike, mode: str) -> TextIO:
    """Open the log of what a run's script printed as errors; see `open_logs`."""
    return open_text(resolve_inside(root, STDERR), mode)


@contextlib.contextmanager
def open_logs(root: PathLike, mode: str) -> Iterator[tuple[TextIO, TextIO]]:
    """Open the logs of a run, output and errors, and close both whatever happens.

    Text is UTF-8; bytes that are not come as surrogates and are written back as they were. Lines
    keep their endings. Raises `MissingFileError`, a `FileNotFoundError`, for a log that is not there
    and `FileModeError`, a `ValueError`, for a binary mode.
    """
    with open_text(resolve_inside(root, STDOUT), mode) as stdout, open_stderr(root, mode) as stderr:
        yield stdout, stderr


def existing_folder(path: PathLike) -> Path:
    """Return a folder's absolute path.

    Raises `NotAnExperimentError`, a `FileNotFoundError`, where nothing is, and its
    `NotADirectoryError` twin for what is no directory.
    """
    root = Path(os.path.abspath(path))
    if os.path.isdir(root):
        return root
    if os.path.lexists(root):
        raise NotADirectoryOfExperimentsError("expected a directory, got something else", path=root)
    raise NotAnExperimentError("expected a directory, got a path where nothing is", path=root)


def read_text(root: Path, name: str) -> str | Problem:
    """The text of a file that should be small; a problem, and nothing read, for one that is not."""
    with os.fdopen(open_own(root, name), "rb") as file:
        return read_small(file, name)


def read_small(file: io.BufferedReader, name: str) -> str | Problem:
    """Read the text of an open file that should be small; a problem for one that is not."""
    if os.fstat(file.fileno()).st_size > _LARGEST_TEXT:
        return Problem(None, None, name, f"a file of at most {_LARGEST_TEXT >> 20} MiB")
    return decode_text(file.read())


def open_own(root: Path, name: str) -> int:
    """Open a file of a run to read it; a link is looked into only when there is one."""
    try:
        return regular_opener(os.path.join(root, name), os.O_RDONLY | NO_LINK)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
    return regular_opener(str(resolve_inside(root, name)), os.O_RDONLY)


def open_regular_file(path: PathLike) -> io.BufferedReader:
    """Open a regular file to read its bytes."""
    return open(path, "rb", opener=regular_opener)


def open_text(path: Path, mode: str) -> TextIO:
    """Open a regular file as text whose every byte comes back as it was, lines with their endings."""
    if "b" in mode:
        raise FileModeError(f"expected a mode for text, such as 'r' or 'a', got {mode!r}", path=path)
    file = open(  # noqa: SIM115 - the caller closes it
        path, mode, encoding=ENCODING, errors=ERRORS, newline="", opener=regular_opener
    )
    return cast("TextIO", file)


def regular_opener(path: str, flags: int) -> int:
    """Open a regular file, as the `opener` of `open`; anything else is refused without waiting for it."""
    try:
        descriptor = os.open(path, flags | NO_WAITING, 0o666)
    except FileNotFoundError:
        raise MissingFileError("expected a file, got a path where nothing is", path=Path(path)) from None
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.ENXIO):
            raise NotAFileError(NO_FILE, path=Path(path)) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise NotAFileError(NO_FILE, path=Path(path))


def io_reason(error: Exception) -> str:
    """What an error about a file says of it."""
    if isinstance(error, HermesError):
        return error.message
    return f"expected a file that can be read, got: {getattr(error, 'strerror', None) or error}"


def read_system_file(path: str) -> str | None:
    """The text of a small file of the system, None where it is not there."""
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None


def read_from(path: Path, name: str, offset: int, most: int = -1) -> bytes:
    """What is in one of a run's own files from an offset on, at most so many bytes.

    Nothing where there is no such file.
    """
    try:
        with os.fdopen(open_own(path, name), "rb") as file:
            file.seek(offset)
            return file.read(most)
    except FileNotFoundError:
        return b""
