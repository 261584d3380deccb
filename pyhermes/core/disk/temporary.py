"""Files under a name of their own until they take the place of another, and those that a killed writer left.

A temporary file is locked for as long as it is written: one whose lock is free is nobody's any more,
whatever process has the number in its name now. Where there are no locks, such files are left alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Generator
from itertools import islice
from pathlib import Path

from pyhermes.core.disk.bulk import NO_LINK, NO_WAITING
from pyhermes.core.disk.layout import TEMPORARY, temporary_path

_NAMES_LOOKED_AT = 1000
"""Bounds what one save costs in a folder that holds a million files."""


def lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed, here and in every process that has inherited it.

    Returns False where another has locked it, None where the system cannot.
    """
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):  # Windows has no such locks, nor have some file systems
        return None
    return True


@contextlib.contextmanager
def make_temporary(folder: Path) -> Generator[Path]:
    """Make an empty file of this process's own in a folder; what is left of it at the end is removed."""
    while True:
        path = temporary_path(folder)
        with path.open("xb", buffering=0) as holder:
            try:
                locked = lock(holder.fileno())
                if locked is None:  # Windows moves no file that is open
                    holder.close()
                # Another process may have cleared it away between the making and the locking.
                if locked is not False and path.exists():
                    yield path
                    return
            except BaseException:
                path.unlink(missing_ok=True)
                raise


@contextlib.contextmanager
def name_file(path: Path) -> Generator[None]:
    """Let errors of the system name `path` that name no file, or the temporary one in its place."""
    try:
        yield
    except OSError as error:
        named = os.path.basename(str(error.filename or ""))
        if error.errno is not None and (not named or TEMPORARY.fullmatch(named)):
            error.filename = os.fspath(path)
            if error.filename2 is not None:  # of a renaming
                del error.filename2
        raise


def clear_abandoned(folder: Path) -> None:
    """Remove temporary files in a folder whose writers were killed."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, _NAMES_LOOKED_AT):
            if TEMPORARY.fullmatch(entry.name):
                _clear(entry.path)


def _clear(path: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | NO_WAITING | NO_LINK)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode) and lock(descriptor):
                os.unlink(path)
        finally:
            os.close(descriptor)
