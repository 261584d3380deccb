"""Directories to the records of runs: one run, or all runs of a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyhermes.core.disk.bulk import read_each, text_at_once
from pyhermes.core.disk.layout import ARGUMENTS, INFO, is_experiment
from pyhermes.core.disk.opening import existing_folder, io_reason, read_text
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
from pyhermes.core.runs.run import Run, RunWithArguments, Scan, UnreadableRun
from pyhermes.core.typing import PathLike

if TYPE_CHECKING:
    pass


_INFO_INSIDE = os.sep + INFO


_ARGUMENTS_INSIDE = os.sep + ARGUMENTS


_FOLDERS_SHOWN = 3


_FOLDERS_LOOKED_AT = 2000


def load_run(path: PathLike) -> Run:
    """Read the record of one run from its directory.

    What is wrong inside `hermes.info` is in the record's `info.problems`. Raises
    `NotAnExperimentError`, a `FileNotFoundError` (and a `NotADirectoryError` for a file), for what
    is no experiment, and `InfoError`, a `ValueError`, where `hermes.info` cannot be read at all.

    >>> load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa").info.comments
    'baseline'
    """
    root = existing_folder(path)
    if not _holds_info(root):
        raise NotAnExperimentError(f"expected an experiment, got a directory without {INFO}", path=root)
    return _read_run(root)


def load_arguments(path: PathLike) -> ExecArgs:
    """Read the execution arguments of the run in a directory; without a file there are none.

    Raises `ArgumentsError`, a `ValueError`, for a file that cannot be read.

    >>> load_arguments("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa").values["-lr"]
    0.001
    """
    found = _arguments_in(os.fspath(path))
    if isinstance(found, ArgumentsError):
        raise found
    return found


def load_each_arguments(runs: Sequence[Run]) -> list[ExecArgs | ArgumentsError]:
    """The execution arguments of every run, or why they cannot be read.

    >>> [len(found.lines) for found in load_each_arguments(scan_runs("runs/taxi_q/taxi-baseline").runs)]
    [3, 3]
    """
    return read_each(_arguments_in, [run.directory for run in runs])


def find_run(root: PathLike, beginning: str) -> Path:
    """The directory of the one run below a folder whose identifier begins with a text.

    Raises `NotAnExperimentError`, a `FileNotFoundError`, where there is none or more than one.

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


def with_arguments(run: Run) -> RunWithArguments:
    """The run together with its execution arguments, read now; errors as in `load_arguments`.

    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> "--seed 0" in with_arguments(run).exec_args
    True
    """
    return RunWithArguments(run, load_arguments(run.path))


def scan_runs(path: PathLike, *, recursive: bool = False) -> Scan:
    """Read the records of all runs in a folder, sorted by identifier.

    Looks at direct subdirectories, or with `recursive` further down, and passes over what is no
    experiment; links to directories count. A run that cannot be read is in `failed`. Raises
    `NotAnExperimentError`, a `FileNotFoundError` (and a `NotADirectoryError` for a file), where no
    folder is, and `IsAnExperimentError`, a `ValueError`, where the folder is itself a run.

    >>> len(scan_runs("runs/cartpole_dqn/dqn-vs-ddqn").runs)
    4
    """
    root = existing_folder(path)
    if os.path.lexists(root / INFO):
        raise IsAnExperimentError(
            "expected a folder of experiments, got one experiment; use Experiment.load", path=root
        )
    found = _found_below(root) if recursive else read_each(_run_in, _children(str(root)))
    runs = [run for run in found if type(run) is Run]
    failed = [run for run in found if isinstance(run, UnreadableRun)]
    if recursive:  # else they are sorted as their names were
        runs.sort(key=lambda run: (run.identifier, run.directory))
        failed.sort(key=lambda run: (run.path.name, run.path))
    return Scan(tuple(runs), tuple(failed), () if runs or failed or recursive else _elsewhere(root))


def _holds_info(folder: Path) -> bool:
    try:
        os.lstat(folder / INFO)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InfoError(io_reason(error), path=folder) from error
    return True


def _children(folder: str) -> list[str]:
    """The paths of everything in a folder, sorted."""
    beginning = os.path.join(folder, "")
    return [beginning + name for name in sorted(os.listdir(folder))]


def _found_below(root: Path) -> list[Run | UnreadableRun]:
    """The runs in a folder and in all folders below it that are no runs, each folder once."""
    found: list[Run | UnreadableRun] = []
    seen = {_identity(str(root))}
    pending = _children(str(root))
    while pending:
        folders: list[str] = []
        for path, run in zip(pending, read_each(_run_in, pending), strict=True):
            if run is not None:
                found.append(run)
            elif os.path.isdir(path) and (identity := _identity(path)) not in seen:
                seen.add(identity)
                folders.append(path)
        pending = []
        for folder in folders:
            try:
                pending += _children(folder)
            except OSError as error:
                found.append(UnreadableRun(Path(folder), io_reason(error)))
    return found


def _identity(folder: str) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _subfolders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [folder / entry.name for entry in entries if entry.is_dir()]


def _elsewhere(root: Path) -> tuple[Path, ...]:
    """The first folders below that hold experiments, looked for within reason."""
    found: list[Path] = []
    level, looked_at = [root], 0
    while level and not found and looked_at < _FOLDERS_LOOKED_AT:
        looked_at += len(level)
        below: dict[Path, list[Path]] = {}
        for folder in level:
            with contextlib.suppress(OSError):
                below[folder] = _subfolders(folder)
        found = [folder for folder, children in below.items() if any(map(is_experiment, children))]
        level = [child for children in below.values() for child in children]
    return tuple(sorted(found)[:_FOLDERS_SHOWN])


def _run_in(folder: str) -> Run | UnreadableRun | None:
    """The run that a path is the directory of, None where it is none."""
    try:
        text = text_at_once(folder + _INFO_INSIDE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return _run_or_not(Path(folder))
    if text is None:
        return _run_or_not(Path(folder))
    return Run(folder, folder[folder.rindex(os.sep) + 1 :], text)


def _run_or_not(folder: Path) -> Run | UnreadableRun | None:
    try:
        return _read_run(folder) if os.path.isdir(folder) and _holds_info(folder) else None
    except InfoError as error:
        return UnreadableRun(folder, error.message)


def _read_run(root: Path) -> Run:
    try:
        text = read_text(root, INFO)
    except (OSError, FileNameError) as error:
        raise InfoError(io_reason(error), path=root / INFO) from error
    return Run(root, root.name, ExperimentInfo(problems=(text,)) if isinstance(text, Problem) else text)


def _arguments_in(folder: str) -> ExecArgs | ArgumentsError:
    path = folder + _ARGUMENTS_INSIDE
    try:
        text: str | Problem | None = text_at_once(path)
    except FileNotFoundError:
        return ExecArgs()
    except OSError:
        text = None
    if text is None:
        try:
            text = read_text(Path(folder), ARGUMENTS)
        except (OSError, FileNameError) as error:
            found = ArgumentsError(io_reason(error), path=Path(path))
            found.__cause__ = error
            return found
    return ExecArgs(problems=(text,)) if isinstance(text, Problem) else parse_exec_args(text)


def problems_of(runs: Iterable[Run]) -> tuple[str, ...]:
    """A line for every problem in the `hermes.info` of some runs, naming the file."""
    return tuple(f"{run.path / INFO}: {problem}" for run in runs for problem in run.problems)
