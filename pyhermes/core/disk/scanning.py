"""Directories to the records of runs: one run, or all runs of a folder.

A run that cannot be read never hides the others: folders give an `UnreadableRun` in its place. A small
`hermes.info` takes four calls of the system; everything unusual takes the longer way through `opening`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pyhermes.core.disk.bulk import read_each, read_text_at_once
from pyhermes.core.disk.layout import ARGUMENTS, INFO, is_experiment
from pyhermes.core.disk.opening import io_reason, read_text, resolve_folder
from pyhermes.core.errors import (
    ArgumentsError,
    FileNameError,
    InfoError,
    IsAnExperimentError,
    NotAnExperimentError,
)
from pyhermes.core.formats.exec_arguments import ExecArgs, parse_exec_args
from pyhermes.core.formats.info import ExperimentInfo
from pyhermes.core.problems import Problem
from pyhermes.core.runs.run import Run, RunWithArguments
from pyhermes.core.runs.scan import Scan, UnreadableRun
from pyhermes.core.typing import PathLike
from pyhermes.core.warn import warn

# added to a hundred thousand paths: `os.path.join` would take longer than the rest of a run's record
_INFO_INSIDE = os.sep + INFO
_ARGUMENTS_INSIDE = os.sep + ARGUMENTS

_FOLDERS_SHOWN = 3
_FOLDERS_LOOKED_AT = 2000  # for a hint only: a home directory is not searched to its end

# One run


def load_run(path: PathLike) -> Run:
    """Read the record of one run from its directory.

    What is wrong inside `hermes.info` is in the record's `info.problems`. Raises
    `NotAnExperimentError`, a `FileNotFoundError` (for a file also a `NotADirectoryError`), for a
    path that is not a run, and `InfoError`, a `ValueError`, if `hermes.info` cannot be read at all.

    >>> from pyhermes.core import load_run
    >>> load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa").info.comments
    'baseline'
    """
    root = resolve_folder(path)
    if not _has_info(root):
        raise NotAnExperimentError(f"expected an experiment, got a directory without {INFO}", path=root)
    return _read_run(root)


def find_run(root: PathLike, beginning: str) -> Path:
    """Return the directory of the one run below a folder whose identifier begins with a text.

    A run whose whole identifier it is comes first. Raises `NotAnExperimentError`, a
    `FileNotFoundError`, if there is none, or more than one.

    >>> find_run("runs", "2026_11_23_182307").parent.name
    'taxi-baseline'
    """
    runs = scan_runs(root, recursive=True).runs if os.path.isdir(root) else ()
    found = [run.path for run in runs if run.identifier == beginning]
    found = found or [run.path for run in runs if run.identifier.startswith(beginning)]
    if len(found) != 1:
        few = ", ".join(map(str, found[:_FOLDERS_SHOWN])) or "none"
        expected = f"expected one run whose identifier begins with {beginning!r}"
        raise NotAnExperimentError(f"{expected}, got {len(found)}: {few}", path=Path(root))
    return found[0]


# The runs of a folder


def scan_runs(path: PathLike, *, recursive: bool = False) -> Scan:
    """Read the records of all runs in a folder, sorted by identifier.

    Looks at direct subdirectories, or with `recursive` at all folders below that are not runs
    themselves, and follows links to directories. Whatever is not a run is skipped; a run that cannot
    be read is in `failed`. Raises `NotAnExperimentError`, a `FileNotFoundError` (for a file also a
    `NotADirectoryError`), if there is no such folder, and `IsAnExperimentError`, a `ValueError`, if
    the folder is itself a run.

    >>> from pyhermes.core import scan_runs
    >>> len(scan_runs("runs/cartpole_dqn/dqn-vs-ddqn").runs)
    4
    """
    root = resolve_folder(path)
    if os.path.lexists(root / INFO):
        raise IsAnExperimentError(
            "expected a folder of experiments, got one experiment; use Experiment.load", path=root
        )
    found = _read_below(root) if recursive else read_each(_read_run_in, _list_paths(str(root)))
    runs = [run for run in found if type(run) is Run]
    failed = [run for run in found if isinstance(run, UnreadableRun)]
    if recursive:  # else they are in the order of their names already
        runs.sort(key=lambda run: (run.identifier, run.directory))
        failed.sort(key=lambda run: (run.path.name, run.path))
    return Scan(tuple(runs), tuple(failed), () if runs or failed or recursive else _find_elsewhere(root))


def warn_of_scan(scan: Scan) -> None:
    """Warn of the runs that could not be read, of runs that are elsewhere, and of what was not parsed."""
    warn("these experiments cannot be read, and are in .failed:", scan.failed)
    warn("no experiments here, but in these folders below (or with recursive=True):", scan.elsewhere)
    warn_of_problems(scan.runs)


def warn_of_problems(runs: Iterable[Run]) -> None:
    """Warn once of everything that could not be parsed in the `hermes.info` of some runs."""
    headline = f"not everything in {INFO} could be read; the raw text is in info_dict:"
    warn(headline, list_problems(runs))


def list_problems(runs: Iterable[Run]) -> tuple[str, ...]:
    """Return a line for each problem in the `hermes.info` of some runs, naming the file."""
    return tuple(f"{run.path / INFO}: {problem}" for run in runs for problem in run.problems)


# Arguments


def load_arguments(path: PathLike) -> ExecArgs:
    """Read the execution arguments of the run in a directory; without a file it has none.

    Raises `ArgumentsError`, a `ValueError`, for a file that cannot be read.

    >>> from pyhermes.core import load_arguments
    >>> load_arguments("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa").values["-lr"]
    0.001
    """
    found = _read_arguments_in(os.fspath(path))
    if isinstance(found, ArgumentsError):
        raise found
    return found


def load_each_arguments(runs: Sequence[Run]) -> list[ExecArgs | ArgumentsError]:
    """Read the execution arguments of every run; for those that cannot be read, the error.

    >>> from pyhermes.core import scan_runs
    >>> [len(found.lines) for found in load_each_arguments(scan_runs("runs/taxi_q/taxi-baseline").runs)]
    [3, 3]
    """
    return read_each(_read_arguments_in, [run.directory for run in runs])


def with_arguments(run: Run) -> RunWithArguments:
    """Return the run together with its execution arguments, read now; errors as in `load_arguments`.

    >>> from pyhermes.core import load_run, with_arguments
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> "--seed 0" in with_arguments(run).exec_args
    True
    """
    return RunWithArguments(run, load_arguments(run.path))


# Reading one directory


def _read_run_in(folder: str) -> Run | UnreadableRun | None:
    """Read the run whose directory a path is; None if it is not one."""
    try:
        text = read_text_at_once(folder + _INFO_INSIDE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return _try_run(Path(folder))
    if text is None:
        return _try_run(Path(folder))
    return Run(folder, folder[folder.rindex(os.sep) + 1 :], text)


def _try_run(folder: Path) -> Run | UnreadableRun | None:
    try:
        return _read_run(folder) if os.path.isdir(folder) and _has_info(folder) else None
    except InfoError as error:
        return UnreadableRun(folder, error.message)


def _has_info(folder: Path) -> bool:
    try:
        os.lstat(folder / INFO)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InfoError(io_reason(error), path=folder) from error
    return True


def _read_run(root: Path) -> Run:
    try:
        text = read_text(root, INFO)
    except (OSError, FileNameError) as error:
        raise InfoError(io_reason(error), path=root / INFO) from error
    return Run(root, root.name, ExperimentInfo(problems=(text,)) if isinstance(text, Problem) else text)


def _read_arguments_in(folder: str) -> ExecArgs | ArgumentsError:
    path = folder + _ARGUMENTS_INSIDE
    text: str | Problem | None = None
    try:
        text = read_text_at_once(path)
    except FileNotFoundError:
        return ExecArgs()
    except OSError:
        pass  # a link, or whatever else `read_text` has a reason for
    if text is None:
        try:
            text = read_text(Path(folder), ARGUMENTS)
        except (OSError, FileNameError) as error:
            found = ArgumentsError(io_reason(error), path=Path(path))
            found.__cause__ = error
            return found
    return ExecArgs(problems=(text,)) if isinstance(text, Problem) else parse_exec_args(text)


# Going through folders


def _list_paths(folder: str) -> list[str]:
    beginning = os.path.join(folder, "")
    return [beginning + name for name in sorted(os.listdir(folder))]


def _read_below(root: Path) -> list[Run | UnreadableRun]:
    """Read the runs in a folder and in all folders below that are not runs, each folder once."""
    found: list[Run | UnreadableRun] = []
    seen = {_identify(str(root))}  # links may lead back up, for ever
    pending = _list_paths(str(root))
    while pending:
        folders: list[str] = []
        for path, run in zip(pending, read_each(_read_run_in, pending), strict=True):
            if run is not None:
                found.append(run)
            elif os.path.isdir(path) and (identity := _identify(path)) not in seen:
                seen.add(identity)
                folders.append(path)
        pending, unreadable = _list_each(folders)
        found.extend(unreadable)
    return found


def _list_each(folders: list[str]) -> tuple[list[str], list[UnreadableRun]]:
    """Return the paths of everything in some folders, and the folders that cannot be listed."""
    paths: list[str] = []
    unreadable: list[UnreadableRun] = []
    for folder in folders:
        try:
            paths.extend(_list_paths(folder))
        except OSError as error:
            unreadable.append(UnreadableRun(Path(folder), io_reason(error)))
    return paths, unreadable


def _identify(folder: str) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _find_elsewhere(root: Path) -> tuple[Path, ...]:
    """Return the first folders below that hold runs, on the highest level where there are any."""
    found: list[Path] = []
    level, looked_at = [root], 0
    while level and not found and looked_at < _FOLDERS_LOOKED_AT:
        looked_at += len(level)
        below: dict[Path, list[Path]] = {}
        for folder in level:
            with contextlib.suppress(OSError):
                below[folder] = _list_subfolders(folder)
        found = [folder for folder, children in below.items() if any(map(is_experiment, children))]
        level = [child for children in below.values() for child in children]
    return tuple(sorted(found)[:_FOLDERS_SHOWN])


def _list_subfolders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [folder / entry.name for entry in entries if entry.is_dir()]
