"""What `hermes exec` and `hermes rerun` are to run, as one frozen plan made before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.disk.layout import RE_EXECUTION, resolve_inside, stop_path
from pyhermes.core.disk.opening import is_there, read_small_text
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.core.disk.record import check_name
from pyhermes.core.errors import ExecutionFileError, at_path
from pyhermes.core.formats.exec_arguments import lines_of_argv
from pyhermes.core.sweep.command import split_command
from pyhermes.core.sweep.file import ExecutionFile, parse_execution_file
from pyhermes.core.sweep.items import JobLine
from pyhermes.core.sweep.jobs import Job, expand
from pyhermes.runner.job import JobPlan
from pyhermes.runner.settings import Settings, find_settings


def _check_name(_plan: object, _attribute: object, name: str) -> None:
    check_name(name)


def _make_stop(plan: ExecPlan) -> Path:
    return stop_path(plan.settings.root)


@final
@attrs.frozen
class ExecPlan:
    """Jobs with all that is settled before the first of them runs.

    `name` is the directory of their runs, `dask` the address of a scheduler whose workers run them,
    and `foreground` says that what the one job prints is shown while it runs. Raises
    `RecordingError`, a `ValueError`, for a name that no directory can have.
    """

    jobs: tuple[Job, ...]
    settings: Settings
    name: str = attrs.field(validator=_check_name)
    comments: tuple[str, ...] = attrs.field(default=(), converter=tuple[str, ...])
    patch: bool = True
    dask: str | None = None
    foreground: bool = False
    stop: Path = attrs.field(default=attrs.Factory(_make_stop, takes_self=True), eq=False)
    """A new file, beside the runs, that tells all these jobs to stop."""

    @property
    def jobs_at_once(self) -> int:
        """Return how many jobs run at once at most; a cluster takes them all, and decides itself."""
        return len(self.jobs) if self.dask else self.settings.jobs_at_once

    def plan_jobs(self) -> tuple[JobPlan, ...]:
        """Return what the worker of each job needs to know."""
        root, project = self.settings.root, self.settings.project
        return tuple(
            JobPlan(job, self.name, index, root, project, self.stop, self.comments, self.patch)
            for index, job in enumerate(self.jobs)
        )


def plan_command(
    words: Sequence[str],
    *,
    name: str,
    comments: Iterable[str] = (),
    patch: bool = True,
    root: Path | None = None,
    project: Path | None = None,
) -> ExecPlan:
    """Plan one command, which runs in the foreground: in `project`, or else in the current directory."""
    settings = find_settings({}, root=root, project=project)
    settings = settings if project else settings.in_directory(Path.cwd())
    return ExecPlan((make_command_job(words),), settings, name, comments, patch, foreground=True)


def plan_file(
    path: Path,
    *,
    name: str,
    comments: Iterable[str] = (),
    patch: bool = True,
    root: Path | None = None,
    project: Path | None = None,
    jobs_at_once: int | None = None,
    dask: str | None = None,
) -> ExecPlan:
    """Plan the jobs of an execution file; errors as in `read_jobs` and `find_settings`."""
    in_file, jobs = read_jobs(path)
    settings = find_settings(in_file, root=root, project=project, jobs_at_once=jobs_at_once)
    return ExecPlan(jobs, settings, name, comments, patch, dask)


def plan_rerun(run: Path) -> ExecPlan:
    """Plan a run's job again, beside that run and, if it is still there, in the same directory.

    Raises as `read_jobs` does, for the run's `re_execution.hermes`.
    """
    in_file, jobs = read_jobs(resolve_inside(run, RE_EXECUTION))
    settings = find_settings(in_file, root=run.parent.parent.parent)
    provenance = load_provenance(run)
    if provenance is not None and is_there(provenance.directory):
        settings = settings.in_directory(Path(provenance.directory))
    return ExecPlan(jobs[:1], settings, run.parent.name, foreground=True)


def read_jobs(path: Path) -> tuple[Mapping[str, str], tuple[Job, ...]]:
    """Read the settings of an execution file, and all its jobs.

    Raises `ExecutionFileError`, a `ValueError` that names file and line, for a file with problems,
    and for one without a job.
    """
    with at_path(path):
        file = parse_execution_file(read_small_text(path))
        jobs = expand(file)
        if not jobs:
            raise ExecutionFileError("expected at least one job in the section EXEC, got none")
    return file.settings, jobs


def make_command_job(words: Sequence[str]) -> Job:
    """Make the job that a command line is; raises `ArgumentsError`, a `ValueError`, for no words."""
    command = split_command(words)
    own = lines_of_argv(command.rest)
    parts = (*((word,) for word in command.words), *own)
    return Job(
        command.words,
        command.script,
        command.script_path,
        own=own,
        file=ExecutionFile(items=(JobLine(parts),)),
    )
