"""The settings of jobs: given on the command line, in an execution file, or for the whole project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.disk.layout import ROOT, SETTINGS
from pyhermes.core.disk.opening import is_there, read_small_text
from pyhermes.core.errors import ExecutionFileError, RecordingError, at_path
from pyhermes.core.sweep.file import checked_file, parse_execution_file
from pyhermes.core.text.numbers import parse_integer
from pyhermes.system.git import find_work_tree


def _check_jobs_at_once(_settings: object, _attribute: object, count: int) -> None:
    if count < 1:
        raise RecordingError(f"expected the number of jobs at once, at least 1, got {count}")


@final
@attrs.frozen
class Settings:
    """Where runs go, where jobs run, and how many run at once.

    Raises `RecordingError`, a `ValueError`, for less than one job at once.
    """

    root: Path
    project: Path
    jobs_at_once: int = attrs.field(default=1, validator=_check_jobs_at_once)

    def in_directory(self, directory: Path) -> Settings:
        """Return the same settings for jobs that run elsewhere."""
        return attrs.evolve(self, project=directory)


def find_settings(
    in_file: Mapping[str, str],
    *,
    root: Path | None = None,
    project: Path | None = None,
    jobs_at_once: int | None = None,
) -> Settings:
    """Return the settings that hold: those given here, else those of the execution file, else the project's.

    The project is the git work tree around the current directory, or that directory. Raises
    `ExecutionFileError`, a `ValueError`, for settings that cannot be read, and `RecordingError`, a
    `ValueError`, for a project that is no directory.
    """
    home = (project or find_work_tree(Path.cwd()) or Path.cwd()).absolute()
    if not home.is_dir():
        raise RecordingError(f"expected the directory of a project, got {str(home)!r}, which is none")
    held = {**read_project_settings(home), **in_file}
    folder = root if root is not None else home / held.get("path_to_experiments", ROOT)
    threads = jobs_at_once if jobs_at_once is not None else _parse_count(held.get("threads", "1"))
    return Settings(folder.absolute(), home, threads)


def read_project_settings(project: Path) -> Mapping[str, str]:
    """Read the settings in a project's `.hermes_settings`; there are none where it has no such file.

    Raises `ExecutionFileError`, a `ValueError` that names file and line.
    """
    path = project / SETTINGS
    if not is_there(path):
        return {}
    with at_path(path):
        text = read_small_text(path).removeprefix("\ufeff")
        # its lines are those of a section PRE, whose heading here is one line that the file does not have
        file = parse_execution_file(f"PRE\n{text}\nEXEC\n")
        own = [attrs.evolve(problem, line=(problem.line or 1) - 1) for problem in file.problems]
        return checked_file(attrs.evolve(file, problems=tuple(own))).settings


def _parse_count(text: str) -> int:
    number = parse_integer(text)
    if number is None or number < 1:
        raise ExecutionFileError(f"expected the number of jobs at once, at least 1, got {text!r}")
    return number
