"""The names of all files of the format, and where they are in a run's directory.

No other module spells one of them, so that the reserved names follow from the list of all names.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import Final

from pyhermes.core.errors import FileNameError, ResultError
from pyhermes.core.messages import shown
from pyhermes.core.text.names import LONGEST_NAME, is_name
from pyhermes.core.typing import PathLike

# The files that a run's directory may hold.
INFO: Final = "hermes.info"
ARGUMENTS: Final = "exec_arguments"
RESOLVED: Final = "resolved_arguments"
STDOUT: Final = "stdout.log"
STDERR: Final = "stderr.log"
PROVENANCE: Final = "provenance.json"
PATCH: Final = "uncommitted.patch"
HEARTBEAT: Final = "heartbeat"
RE_EXECUTION: Final = "re_execution.hermes"

# What the names of its other files end in.
SCORES: Final = ".scores"
RESULT: Final = ".result"
CHECKPOINT: Final = ".pth"

# The files beside the runs.
SETTINGS: Final = ".hermes_settings"
STOP: Final = ".pyhermes-stop-"
TEMPORARY: Final = re.compile(r"\.pyhermes-\d+-[0-9a-f]{16}\.tmp")

ROOT: Final = "experiments"
"""The default for the folder that holds `<script>/<name>/<identifier>`."""

RESERVED: Final = frozenset(
    {INFO, ARGUMENTS, RESOLVED, STDOUT, STDERR, PROVENANCE, PATCH, HEARTBEAT, RE_EXECUTION}
)
"""The files that only pyhermes writes: who could replace them could change what a rerun executes."""


def is_experiment(path: PathLike) -> bool:
    """Return whether a path is a directory with a `hermes.info`, readable or not.

    >>> from pyhermes.core import is_experiment
    >>> is_experiment("runs/cartpole_dqn/dqn-vs-ddqn"), is_experiment("no/such/path")
    (False, False)
    """
    return os.path.isdir(path) and os.path.lexists(os.path.join(path, INFO))


def resolve_inside(root: PathLike, name: PathLike) -> Path:
    """Return the path of a file inside a run's directory, whether it exists or not.

    Raises `FileNameError`, a `ValueError`, for a name that is empty or absolute, holds `..`, or
    leads out of the directory through a link.

    >>> resolve_inside("runs", "sub/x").parts[-3:]
    ('runs', 'sub', 'x')
    """
    folder, pure = Path(os.path.abspath(root)), PurePath(name)
    leaves = pure.is_absolute() or bool(pure.drive) or ".." in pure.parts
    if not pure.parts or leaves or not _can_be_named(str(pure)):
        raise FileNameError(
            f"expected the name of a file inside the experiment, got {shown(os.fspath(name))}", path=folder
        )
    path = folder / pure
    # `..` is refused above; a link, in the run or on the way to it, is followed before it is judged
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise FileNameError(
            f"expected a file inside the experiment, got {shown(os.fspath(name))}, a link that leads out",
            path=folder,
        )
    return path


def _can_be_named(name: str) -> bool:
    """Return whether the system can have a file of that name at all."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


def result_path(root: PathLike, name: str) -> Path:
    """Return the path of a run's result, named with `.result` or without."""
    return resolve_inside(root, name and name.removesuffix(RESULT) + RESULT)


def name_of_result(path: PathLike) -> str:
    """Return the name of the result in a file: the file's name without `.result`."""
    return os.path.basename(path).removesuffix(RESULT)


def place_of_result(name: str, directory: PathLike | None, path: Path | None) -> Path:
    """Return where a result is saved: in `directory` under its name, or else at its `path` again.

    Raises `ResultError`, a `ValueError`, if both are None, and for a name that no file can have.
    """
    if directory is None:
        if path is None:
            raise ResultError(f"expected a directory to save the new result {name!r} to, got None")
        return path
    if not is_name(name) or not is_name(name + RESULT):
        raise ResultError(
            f"expected a result's name without a slash, got {shown(name)} "
            f"(at most {LONGEST_NAME - len(RESULT)} bytes, and no control characters)",
            path=Path(directory),
        )
    return Path(os.path.abspath(directory)) / (name + RESULT)


def checkpoint_path(root: PathLike, name: PathLike) -> Path:
    """Return the path of a run's state dict, named with `.pth` or without."""
    path = resolve_inside(root, name)
    is_whole = path.suffix == CHECKPOINT or path.is_file()
    return path if is_whole else resolve_inside(root, os.fspath(name) + CHECKPOINT)


def is_reserved(folder: Path, path: Path) -> bool:
    """Return whether a path is a file that the format reserves, also by way of links.

    Names are compared without case, as file systems of macOS and Windows do.
    """
    return path.name.casefold() in RESERVED and os.path.realpath(path.parent) == os.path.realpath(folder)


def scores_path(root: PathLike, identifier: str) -> Path:
    """Return the path that a run's scores are recorded at."""
    return resolve_inside(root, identifier + SCORES)


def temporary_path(folder: Path) -> Path:
    """Make a new path, which `TEMPORARY` matches, for a file that will replace another."""
    return folder / f".pyhermes-{os.getpid()}-{os.urandom(8).hex()}.tmp"


def stop_path(root: Path) -> Path:
    """Make a new path for the file that tells the jobs of one sweep to end."""
    return root / f"{STOP}{os.urandom(8).hex()}"
