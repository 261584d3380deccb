"""What `hermes exec` does: one command, or the jobs of an execution file, from settings to outcomes."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, final

import attrs

from pyhermes.core.disk.layout import ROOT, SETTINGS, STDERR, STDOUT, stop_path
from pyhermes.core.disk.opening import is_there, read_from, read_small_text
from pyhermes.core.disk.record import check_name
from pyhermes.core.disk.stop_file import ask_to_stop, forget_stop
from pyhermes.core.errors import ExecutionFileError, MissingPackageError, RecordingError, at_path
from pyhermes.core.formats.exec_arguments import lines_of_argv
from pyhermes.core.sweep.command import split_command
from pyhermes.core.sweep.file import ExecutionFile, checked_file, format_execution_file, parse_execution_file
from pyhermes.core.sweep.items import JobLine
from pyhermes.core.sweep.jobs import Job, expand
from pyhermes.core.text.numbers import parse_integer
from pyhermes.runner.interrupts import count_interrupts
from pyhermes.runner.job import JobOutcome, JobPlan, run_job
from pyhermes.runner.sweep import check_jobs_at_once
from pyhermes.system.git import find_work_tree

_SECONDS_BETWEEN_LOOKS = 0.05
_LARGEST_PIECE = 1 << 20
_TEMPLATE = """# settings, as key:value: path_to_experiments, threads (how many jobs run at once)
PRE
threads:1

# options for every job: -cb, -ca, -ma FILE (copy before, copy after, move after), -l True|False (logs),
# -c TEXT (a comment), -leg (the script's first argument is the run's identifier)
STD-H

# arguments for every job that does not give them itself
STD-E

# jobs, [[command, script, argument, ...],[option, ...]]; PROD: every combination, ZIP: in step
EXEC
"""


@final
@attrs.frozen
class Settings:
    """Where runs go, where jobs run, and how many at once."""

    root: Path
    project: Path
    jobs_at_once: int = 1

    def in_directory(self, directory: Path) -> Settings:
        """The same settings for jobs that run elsewhere."""
        return attrs.evolve(self, project=directory)


def settings_of(
    in_file: Mapping[str, str],
    *,
    root: Path | None = None,
    project: Path | None = None,
    jobs_at_once: int | None = None,
) -> Settings:
    """The settings that hold: those given here, else those of the execution file, else the project's.

    The project is the git work tree around the current directory, or that directory. Raises
    `ExecutionFileError`, a `ValueError`, for settings that cannot be read.
    """
    home = (project or find_work_tree(Path.cwd()) or Path.cwd()).absolute()
    if not home.is_dir():
        raise RecordingError(f"expected the directory of a project, got {str(home)!r}, which is none")
    held = {**project_settings(home), **in_file}
    folder = root if root is not None else home / held.get("path_to_experiments", ROOT)
    threads = jobs_at_once if jobs_at_once is not None else _count(held.get("threads", "1"))
    check_jobs_at_once(threads)
    return Settings(folder.absolute(), home, threads)


def project_settings(project: Path) -> Mapping[str, str]:
    """The settings in a project's `.hermes_settings`; none where it has no such file."""
    path = project / SETTINGS
    if not is_there(path):
        return {}
    with at_path(path):
        text = read_small_text(path).removeprefix("\ufeff")
        file = parse_execution_file(f"PRE\n{text}\nEXEC\n")
        own = [attrs.evolve(problem, line=(problem.line or 1) - 1) for problem in file.problems]
        return checked_file(attrs.evolve(file, problems=tuple(own))).settings


def jobs_of_file(path: Path) -> tuple[Mapping[str, str], tuple[Job, ...]]:
    """The settings of an execution file, and all its jobs.

    Raises `ExecutionFileError`, a `ValueError` that names file and line, for a file with problems,
    and for one without a job.
    """
    with at_path(path):
        file = parse_execution_file(read_small_text(path))
        jobs = expand(file)
        if not jobs:
            raise ExecutionFileError("expected at least one job in the section EXEC, got none")
    return file.settings, jobs


def job_of_command(words: Sequence[str]) -> Job:
    """The job that a command line is."""
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


def run_shown(job: Job, settings: Settings, name: str, comments: Iterable[str], patch: bool) -> JobOutcome:
    """Run one job here, and show what it prints while it does; KeyboardInterrupt ends it."""
    check_name(name)
    stop = stop_path(settings.root)
    plan = JobPlan(job, name, 0, settings.root, settings.project, stop, tuple(comments), patch)
    logs: list[LogFollower] = []
    asked = 0
    with count_interrupts() as interrupts, ThreadPoolExecutor(1) as pool:
        future = pool.submit(run_job, plan, lambda path: logs.append(LogFollower(path, _print_raw)))
        try:
            while not future.done():
                _look(logs)
                wait([future], _SECONDS_BETWEEN_LOOKS)
                if interrupts.count > asked:
                    asked = interrupts.count
                    ask_to_stop(stop)
        finally:
            if not future.done():
                ask_to_stop(stop)
                wait([future])
            forget_stop(stop)
    _look(logs)
    return future.result()


def _look(logs: Iterable[LogFollower]) -> None:
    for log in logs:
        log.look()


@contextlib.contextmanager
def executor_of(dask: str | None) -> Iterator[Executor | None]:
    """What runs jobs on the Dask cluster at an address; None, for this machine, without one.

    Raises `MissingPackageError`, an `ImportError`, without the extra `dask`.
    """
    if dask is None:
        yield None
        return
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise MissingPackageError(
            "expected distributed, which --dask needs, to be installed, got none: "
            "pip install 'pyhermes-experiments[dask]'"
        ) from None
    connect: Callable[[str], Any] = Client
    with connect(dask) as client:
        yield client.get_executor(pure=False)


def template(scripts: Iterable[str]) -> str:
    """The text of an execution file to begin with, with a sweep of each script.

    >>> parse_execution_file(template(["train.py"])).problems
    ()
    """
    sweeps = "".join(map(_sweep_of, scripts))
    return _TEMPLATE + sweeps


def _sweep_of(script: str) -> str:
    job = JobLine((("python",), (script,)))
    if "{" in script:  # which a sweep would take for one of its names
        return format_execution_file(ExecutionFile(items=(job,))).partition("EXEC\n")[2]
    return (
        f"PROD([[python, {shlex.quote(script)}, --lr {{lr}}, --seed {{seed}}],[-c sweep]],"
        " lr=[0.1, 0.01], seed=RANGE[0, 3, 1])\n"
    )


class LogFollower:
    """What a run prints, given on as it comes; it can be left and taken up again.

    `show` gets the name of the log and what is new in it.
    """

    def __init__(self, path: Path, show: Callable[[str, bytes], None]) -> None:
        self._path = path
        self._show = show
        self._seen = {STDOUT: 0, STDERR: 0}

    def follow(self, is_ended: Callable[[], bool]) -> None:
        """Give on what comes until the run has ended, and then what is left."""
        while not is_ended():
            self.look()
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self.look()

    def look(self) -> None:
        """Give on what is new."""
        for name in self._seen:
            while data := read_from(self._path, name, self._seen[name], _LARGEST_PIECE):
                self._seen[name] += len(data)
                self._show(name, data)


def _print_raw(name: str, data: bytes) -> None:
    stream = sys.stderr if name == STDERR else sys.stdout
    with contextlib.suppress(BrokenPipeError):  # nobody looks any more; the job goes on
        stream.buffer.write(data)
        stream.flush()


def _count(text: str) -> int:
    number = parse_integer(text)
    if number is None or number < 1:
        raise ExecutionFileError(f"expected the number of jobs at once, at least 1, got {text!r}")
    return number
