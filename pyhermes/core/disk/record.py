"""Making a run's directory, and writing what is recorded into it while the run goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import string
import time
from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from pyhermes.core.disk.atomic_writing import append_whole, sync_folder, write_file
from pyhermes.core.disk.layout import (
    ARGUMENTS,
    HEARTBEAT,
    INFO,
    PATCH,
    PROVENANCE,
    RE_EXECUTION,
    RESOLVED,
    STDERR,
    STDOUT,
)
from pyhermes.core.disk.opening import open_own, open_own_to_append, read_own
from pyhermes.core.disk.run_lock import lock_run
from pyhermes.core.disk.temporary import lock, name_file
from pyhermes.core.errors import FileNameError, RecordingError, at_path
from pyhermes.core.formats.info import format_info
from pyhermes.core.formats.provenance import Provenance, format_provenance
from pyhermes.core.messages import shown
from pyhermes.core.text.encoding import encode_text
from pyhermes.core.text.names import LONGEST_NAME, is_name
from pyhermes.core.text.times import format_stamp

NO_COMMIT = "00000"
"""What stands for a commit where git knows none."""


def make_run_directory(
    root: Path, script: str, name: str, now: datetime, index: int = 0, commit: str | None = None
) -> Path:
    """Make a directory that no other process has, `<root>/<script>/<name>/<identifier>`.

    The identifier is the time, moved on by a microsecond for as long as it is taken, the index, and
    the last five characters of the commit. Raises `RecordingError`, a `ValueError`, for names that
    no directory can have.

    >>> make_run_directory(Path("new"), "train", "first", datetime(2026, 11, 23), commit="9b28e1f").name
    '2026_11_23_000000000000_0_28e1f'
    """
    for part in (script, name):
        check_name(part)
    parent = root / script / name
    parent.mkdir(parents=True, exist_ok=True)
    folder, ending = os.path.abspath(parent), (commit or NO_COMMIT)[-5:]
    if not set(ending) <= set(string.hexdigits):  # it comes from another program, and may hold a slash
        ending = NO_COMMIT

    def path_at(microsecond: int) -> str:
        time = now + timedelta(microseconds=microsecond)
        return os.path.join(folder, f"{format_stamp(time)}_{index}_{ending}")

    microsecond = 0
    while True:
        try:
            os.mkdir(path_at(microsecond))
        except FileExistsError:
            microsecond = _next_free(microsecond, lambda later: os.path.lexists(path_at(later)))
        else:
            sync_folder(parent)
            return Path(path_at(microsecond))


def _next_free(taken: int, is_taken: Callable[[int], bool]) -> int:
    """Find the next number after one that is taken."""
    # Many jobs that begin in one moment take many in a row: doubled steps ask for few of them.
    step = 1
    while is_taken(taken + step):
        taken, step = taken + step, 2 * step
    while step > 1:
        step //= 2
        if is_taken(taken + step):
            taken += step
    return taken + 1


def write_start(
    path: Path,
    *,
    info: Mapping[str, str],
    arguments: str,
    provenance: Provenance,
    patch: bytes | None = None,
    re_execution: str | None = None,
) -> None:
    """Write what is known of a run at its start, `hermes.info` last: with it, the directory is a run."""
    texts = {ARGUMENTS: arguments, PROVENANCE: format_provenance(provenance), RE_EXECUTION: re_execution}
    files = {name: encode_text(text) for name, text in texts.items() if text is not None}
    if patch is not None:
        files[PATCH] = patch
    files.update({STDOUT: b"", STDERR: b"", INFO: encode_text(format_info(info))})
    beat(path)
    for name, data in files.items():
        write_file(path / name, data)


def store_resolved_arguments(path: Path, arguments: str) -> None:
    """Write the arguments that a job's script really runs with, beside those that were typed."""
    write_file(path / RESOLVED, encode_text(arguments))


def write_end(path: Path, fields: Mapping[str, str]) -> None:
    """Add what is known of a run at its end to its `hermes.info`, all of it or nothing.

    Raises `InfoError`, a `ValueError`, for values that cannot be written.
    """
    with at_path(path / INFO):
        data = encode_text(format_info(fields))
    with lock_run(path):
        present = read_own(path, INFO)
        data = data if present.endswith(b"\n") else b"\n" + data
        try:
            write_file(path / INFO, present + data)
        except OSError:  # there may be room for some lines in the first file, if not for a second file
            with name_file(path / INFO), open_own_to_append(path, INFO) as file:
                append_whole(file, data)
                os.fsync(file.fileno())
    with contextlib.suppress(OSError):
        (path / HEARTBEAT).unlink()


@contextlib.contextmanager
def open_job_logs(path: Path) -> Generator[tuple[BinaryIO, BinaryIO]]:
    """Open the two logs of a run, for a process to append to them itself.

    The first is locked by this process and by every one that inherits it: see `is_held`.
    """
    with open_own_to_append(path, STDOUT) as stdout, open_own_to_append(path, STDERR) as stderr:
        lock(stdout.fileno())
        yield stdout, stderr


def is_held(path: Path) -> bool:
    """Return whether the process of a job, or the one that records it, still has the run's log open."""
    try:
        with os.fdopen(open_own(path, STDOUT), "rb") as file:
            return lock(file.fileno()) is False
    except (OSError, FileNameError):
        return False


def beat(path: Path) -> None:
    """Set the time of the run's heartbeat, which tells those who cannot see its process that it goes on."""
    with open_own_to_append(path, HEARTBEAT) as file:
        os.utime(file.fileno())


def heartbeat_age(path: Path) -> float | None:
    """Return how many seconds ago the run had its last heartbeat, None without one.

    It is below 0 where the clock that set the heartbeat is ahead of this one.
    """
    try:
        return time.time() - (path / HEARTBEAT).lstat().st_mtime
    except OSError:
        return None


def check_name(name: object) -> None:
    """Raise `RecordingError`, a `ValueError`, for a name that no directory can have."""
    if not isinstance(name, str) or not is_name(name):
        raise RecordingError(
            f"expected a name of at most {LONGEST_NAME} bytes that a directory can have, got {shown(name)}"
        )


def append_to_stderr(path: Path, text: str) -> None:
    """Append a line of our own to a run's `stderr.log`."""
    with open_own_to_append(path, STDERR) as file:
        append_whole(file, encode_text(text))


def gather_named(folder: Path, path: Path) -> list[str]:
    """Move what has the run's identifier in its name from a folder into the run's directory.

    Files and directories directly in the folder are moved, but nothing is written over. Returns why
    some could not be moved.
    """
    problems: list[str] = []
    try:
        with os.scandir(folder) as entries:
            named = [Path(entry.path) for entry in entries if path.name in entry.name]
    except OSError as error:
        return [f"cannot look for files in {folder}: {error.strerror or error}"]
    for found in sorted(named):
        target = path / found.name
        if os.path.realpath(found) == os.path.realpath(path):
            continue
        if os.path.lexists(target):
            problems.append(
                f"there is a {found.name!r} in the run's directory already; this one stays at {found}"
            )
            continue
        try:
            shutil.move(found, target)
        except OSError as error:
            problems.append(f"cannot move {found}: {error.strerror or error}")
    return problems
