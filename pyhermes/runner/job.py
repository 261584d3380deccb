"""One job, from its directory to its end: what a worker does, wherever it is.

A job is told to end through files beside the runs, which every worker on the same file system sees:
nothing has to reach the worker itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, final

import attrs

from pyhermes.core.disk.opening import is_there
from pyhermes.core.disk.provenance import load_provenance, store_provenance
from pyhermes.core.disk.record import (
    NO_COMMIT,
    append_to_stderr,
    beat,
    begin_run,
    end_run,
    gather_named,
    job_logs,
    make_run_directory,
)
from pyhermes.core.disk.run_files import copy_into, move_into
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.disk.stop_file import wanted_signal
from pyhermes.core.errors import ExecutionFileError, HermesError
from pyhermes.core.formats.exec_arguments import format_exec_args
from pyhermes.core.formats.info import format_info
from pyhermes.core.messages import reason_of
from pyhermes.core.runs.status import RunStatus, status_of
from pyhermes.core.structure.argument_lines import on_one_line
from pyhermes.core.sweep.file import format_execution_file
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.text.times import format_stamp
from pyhermes.core.warn import warn
from pyhermes.system.environment import VARIABLE, current_provenance
from pyhermes.system.git import MISSING_CODE, read_code
from pyhermes.system.process import process_of

_SECONDS_BETWEEN_LOOKS = 0.05
_SECONDS_BETWEEN_BEATS = 60
_NOT_FOUND = 127
_NOT_STARTED = 126


@final
@attrs.frozen
class JobPlan:
    """A job with all that a worker needs to know to run it.

    `root` is where the run's directory goes and `project` where the job runs, both absolute; `stop`
    is a file that, once it is there, tells the job to end, and ends it for good when it says `kill`.
    """

    job: Job
    name: str
    index: int
    root: Path
    project: Path
    stop: Path
    comments: tuple[str, ...] = ()
    patch: bool = True


@final
@attrs.frozen
class JobOutcome:
    """How a job ended: its run's directory (None where none could be made), and what became of it."""

    index: int
    path: Path | None
    status: RunStatus
    reason: str


def run_job(plan: JobPlan, started: Callable[[Path], None] | None = None) -> JobOutcome:
    """Run a job, and record it in a directory of its own, whatever becomes of it.

    A job that cannot be started is a failed run. `started` is called with the directory once it is
    there. Nothing is raised for what the job does.
    """
    if wanted_signal(plan.stop):
        return JobOutcome(plan.index, None, RunStatus.INTERRUPTED, "interrupted before it began")
    try:
        path = _begun(plan)
    except (HermesError, OSError) as error:
        return JobOutcome(plan.index, None, RunStatus.FAILED, f"cannot be recorded: {reason_of(error)}")
    if started is not None:
        started(path)
    begun = time.monotonic()
    with contextlib.ExitStack() as logs:  # which say to others, until the end is recorded, that it comes
        try:
            exit_status = _executed(plan, path, logs)
        except KeyboardInterrupt:  # typed at a terminal that this worker shares
            exit_status = -signal.SIGINT
        problems = _gather(plan, path)
        try:
            end_run(path, _end(begun, exit_status))
            report = status_of(load_run(path).info)
        except (HermesError, OSError) as error:
            reason = f"its end cannot be recorded: {reason_of(error)}"
            return JobOutcome(plan.index, path, RunStatus.FAILED, reason)
    return JobOutcome(plan.index, path, report.status, "; ".join([report.reason, *problems]))


def _end(begun: float, exit_status: int) -> dict[str, str]:
    return {
        "end_time": format_stamp(datetime.now()),
        "execution_time": repr(time.monotonic() - begun),
        "exit_status": str(exit_status),
    }


def _begun(plan: JobPlan) -> Path:
    """The directory of a run of the job that begins now."""
    job, options = plan.job, plan.job.options
    lines, _ = on_one_line(job.lines)
    comments = ",".join((*plan.comments, *options.comments))
    format_info({"comments": comments})  # which refuses what cannot be written
    code = read_code(plan.project, plan.patch)
    warn(MISSING_CODE, code.problems)
    path = make_run_directory(plan.root, job.script, plan.name, datetime.now(), plan.index, code.state.commit)
    info = {"commit_hash": code.state.commit or NO_COMMIT, "start_time": format_stamp(datetime.now())}
    begin_run(
        path,
        info={**info, "comments": comments} if comments else info,
        arguments=format_exec_args(lines),
        provenance=current_provenance(
            job.argv(path.name),
            process_of(os.getpid()),
            code.state,
            directory=plan.project,
            problems=code.problems,
        ),
        patch=code.patch,
        re_execution=_re_execution(job),
    )
    return path


def _re_execution(job: Job) -> str | None:
    try:
        return format_execution_file(job.file)
    except ExecutionFileError:  # a word that no line of a file can hold: provenance.json has it
        return None


def _executed(plan: JobPlan, path: Path, logs: contextlib.ExitStack) -> int:
    """Run the job's command to its end; its exit status, negative for a signal."""
    missing = _missing(plan)
    if missing is not None:
        return _refused(path, missing, _NOT_FOUND)
    try:
        for file in plan.job.options.copy_before:
            copy_into(path, plan.project / file)
        with _process(plan, path, logs.enter_context(job_logs(path))) as process:
            return _waited(plan, path, process)
    except (HermesError, OSError, ValueError) as error:  # a word with NUL is a ValueError
        not_found = isinstance(error, FileNotFoundError) and not isinstance(error, HermesError)
        return _refused(path, f"cannot be started: {error}", _NOT_FOUND if not_found else _NOT_STARTED)


def _missing(plan: JobPlan) -> str | None:
    """Why the job's script is not there to be run, None if it is."""
    script = plan.job.script_path
    if script is None or is_there(plan.project / script):
        return None
    return f"expected the script {script!r} in {plan.project}, got nothing there"


def _refused(path: Path, why: str, exit_status: int) -> int:
    with contextlib.suppress(OSError):
        append_to_stderr(path, f"hermes: {why}\n")
    return exit_status


@contextlib.contextmanager
def _process(plan: JobPlan, path: Path, logs: tuple[BinaryIO, BinaryIO]) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a job in a session of its own, which writes its logs itself."""
    argv = plan.job.argv(path.name)
    environment = {**os.environ, VARIABLE: str(path), "PYTHONUNBUFFERED": "1"}
    stdout, stderr = logs if plan.job.options.log else (None, None)
    process = subprocess.Popen(
        argv,
        cwd=plan.project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        with contextlib.suppress(HermesError, OSError):  # that the job runs matters more
            _note_process(path, process.pid)
        yield process
    finally:
        if process.poll() is None:
            _signal(process, signal.SIGKILL)
            process.wait()


def _note_process(path: Path, pid: int) -> None:
    provenance = load_provenance(path)
    if provenance is not None:
        store_provenance(path, attrs.evolve(provenance, process=process_of(pid)))


def _waited(plan: JobPlan, path: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a job, or end it where it is told to stop."""
    told = 0
    beaten = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            exit_status = process.wait(_SECONDS_BETWEEN_LOOKS)
            return -signal.SIGINT if told else exit_status
        wanted = wanted_signal(plan.stop)
        if wanted > told:
            told = wanted
            _signal(process, told)
        if time.monotonic() - beaten > _SECONDS_BETWEEN_BEATS:
            beaten = time.monotonic()
            with contextlib.suppress(OSError):
                beat(path)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _gather(plan: JobPlan, path: Path) -> list[str]:
    """Bring what the job left into its directory; what could not be brought."""
    options = plan.job.options
    problems = gather_named(plan.project, path)
    problems += [_attempt(copy_into, path, plan.project / file) for file in options.copy_after]
    problems += [_attempt(move_into, path, plan.project / file) for file in options.move_after]
    said = [problem for problem in problems if problem]
    with contextlib.suppress(OSError):
        for problem in said:
            append_to_stderr(path, f"hermes: {problem}\n")
    return said


def _attempt(bring: Callable[[Path, Path], Path], path: Path, file: Path) -> str:
    try:
        bring(path, file)
    except (HermesError, OSError) as error:
        return str(error)
    return ""
