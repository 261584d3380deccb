"""One job, from its directory to its end: what a worker does, wherever it is.

A job is told to end through files beside the runs, which every worker on the same file system sees:
nothing has to reach the worker itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO, final

import attrs

from pyhermes.core.disk.opening import is_there
from pyhermes.core.disk.provenance import update_provenance
from pyhermes.core.disk.record import append_to_stderr, gather_named, open_job_logs
from pyhermes.core.disk.run_files import copy_into, move_into
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.disk.stop_file import read_stop
from pyhermes.core.errors import ExecutionFileError, HermesError, ProvenanceError
from pyhermes.core.messages import reason_of
from pyhermes.core.public import public
from pyhermes.core.runs.status import RunStatus, status_of
from pyhermes.core.sweep.file import format_execution_file
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.sweep.secrets import mask_job
from pyhermes.runner.heartbeat import Heartbeat
from pyhermes.system.environment import VARIABLE, read_secret_names
from pyhermes.system.interpreter import resolve_python
from pyhermes.system.process import process_of
from pyhermes.system.start import RunStart, StartedRun, end_run, start_run

_SECONDS_BETWEEN_LOOKS = 0.05

# What a shell returns for a command that it does not find, and for one that it cannot start.
_NOT_FOUND = 127
_NOT_STARTED = 126


@final
@public("pyhermes.runner")
@attrs.frozen
class JobPlan:
    """A job with all that a worker needs to know to run it.

    `root` is where the run's directory goes and `project` where the job runs, both absolute. `stop`
    is a file that, once it is there, holds the number of the signal that the job is to be sent: see
    `ask_to_stop`.
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
@public("pyhermes.runner")
@attrs.frozen
class JobOutcome:
    """How a job ended: its run's directory (None where none could be made), and what became of it."""

    index: int
    path: Path | None
    status: RunStatus
    reason: str


def run_job(plan: JobPlan, on_start: Callable[[Path], None] | None = None) -> JobOutcome:
    """Run a job, and record it in a directory of its own, whatever becomes of it.

    A job that cannot be started is a failed run. `on_start` is called with the directory once it is
    there. Nothing is raised for what the job does.
    """
    if read_stop(plan.stop):
        return JobOutcome(plan.index, None, RunStatus.INTERRUPTED, "interrupted before it began")
    try:
        started = start_run(_describe_start(plan))
    except (HermesError, OSError) as error:
        return JobOutcome(plan.index, None, RunStatus.FAILED, f"cannot be recorded: {reason_of(error)}")
    path = started.path
    if on_start is not None:
        on_start(path)
    # The logs are locked until the end is recorded, which tells others that it will be.
    with contextlib.ExitStack() as logs:
        try:
            exit_status = _execute(plan, path, logs)
        except KeyboardInterrupt:  # typed at a terminal that this worker shares
            exit_status = -signal.SIGINT
        problems = _gather(plan, path)
        return _end(plan, started, exit_status, problems)


def _describe_start(plan: JobPlan) -> RunStart:
    masked = mask_job(plan.job, read_secret_names())
    return RunStart(
        root=plan.root,
        script=masked.script,
        name=plan.name,
        lines=masked.lines,
        argv=masked.argv,
        directory=plan.project,
        index=plan.index,
        comments=(*plan.comments, *plan.job.options.comments),
        patch=plan.patch,
        re_execution=_format_re_execution(masked),
    )


def _end(plan: JobPlan, started: StartedRun, exit_status: int, problems: list[str]) -> JobOutcome:
    """Record the end of a job; return how it ended."""
    try:
        end_run(started, exit_status)
        report = status_of(load_run(started.path).info)
    except (HermesError, OSError) as error:
        reason = f"its end cannot be recorded: {reason_of(error)}"
        return JobOutcome(plan.index, started.path, RunStatus.FAILED, reason)
    return JobOutcome(plan.index, started.path, report.status, "; ".join([report.reason, *problems]))


def _format_re_execution(job: Job) -> str | None:
    try:
        return format_execution_file(job.file)
    except ExecutionFileError:  # a word that no line of a file can hold: provenance.json has it
        return None


def _execute(plan: JobPlan, path: Path, logs: contextlib.ExitStack) -> int:
    """Run the job's command to its end; return its exit status, negative for a signal."""
    script = plan.job.script_path
    if script is not None and not is_there(plan.project / script):
        return _refuse(path, f"there is no script {script!r} in {plan.project}", _NOT_FOUND)
    try:
        for file in plan.job.options.copy_before:
            copy_into(path, plan.project / file)
        with _start_process(plan, path, logs.enter_context(open_job_logs(path))) as process:
            return _wait(plan, path, process)
    except (HermesError, OSError, ValueError) as error:  # a word with NUL is a ValueError
        not_found = isinstance(error, FileNotFoundError) and not isinstance(error, HermesError)
        return _refuse(path, f"cannot be started: {error}", _NOT_FOUND if not_found else _NOT_STARTED)


def _refuse(path: Path, reason: str, exit_status: int) -> int:
    """Say in the run's own log why its job was not started; return the exit status."""
    with contextlib.suppress(OSError):
        append_to_stderr(path, f"hermes: {reason}\n")
    return exit_status


@contextlib.contextmanager
def _start_process(
    plan: JobPlan, path: Path, logs: tuple[BinaryIO, BinaryIO]
) -> Generator[subprocess.Popen[bytes]]:
    """Start the process of a job, which writes its logs itself; at the end, kill it if it still runs."""
    argv = resolve_python(plan.job.argv(path.name))
    environment = {**os.environ, VARIABLE: str(path), "PYTHONUNBUFFERED": "1"}
    stdout, stderr = logs if plan.job.options.log else (None, None)
    process = subprocess.Popen(
        argv,
        cwd=plan.project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we the job's own children too
    )
    try:
        with contextlib.suppress(ProvenanceError, OSError):  # that the job runs matters more
            job, recorder = process_of(process.pid), process_of(os.getpid())
            update_provenance(path, lambda known: attrs.evolve(known, process=job, recorder=recorder))
        yield process
    finally:
        if process.poll() is None:
            _send(process, signal.SIGKILL)
            process.wait()


def _wait(plan: JobPlan, path: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a job, and end it when it is told to stop; return its exit status."""
    sent = 0
    heartbeat = Heartbeat(path)
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            exit_status = process.wait(_SECONDS_BETWEEN_LOOKS)
            return -signal.SIGINT if sent else exit_status
        wanted = read_stop(plan.stop)
        if wanted > sent:  # SIGKILL, what is asked for next, is the larger number
            sent = wanted
            _send(process, sent)
        heartbeat.beat_if_due()


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _gather(plan: JobPlan, path: Path) -> list[str]:
    """Bring what the job left into its directory; return why some of it could not be brought."""
    options = plan.job.options
    problems = gather_named(plan.project, path)
    problems += [_try_to(copy_into, path, plan.project / file) for file in options.copy_after]
    problems += [_try_to(move_into, path, plan.project / file) for file in options.move_after]
    problems = [problem for problem in problems if problem]
    with contextlib.suppress(OSError):
        for problem in problems:
            append_to_stderr(path, f"hermes: {problem}\n")
    return problems


def _try_to(bring: Callable[[Path, Path], Path], path: Path, file: Path) -> str:
    """Bring a file; return why it could not be brought, "" if it was."""
    try:
        bring(path, file)
    except (HermesError, OSError) as error:
        return str(error)
    return ""
