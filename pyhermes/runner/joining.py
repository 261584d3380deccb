"""Which run a recording writes to: that of its job, or one of its own.

A run belongs to one recording. Every process below `hermes exec` inherits the variable that names the
job's run, and so do scripts that are started long after it: the first recording joins that run, every
other one starts a run beside it.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

import attrs

from pyhermes.core.disk.layout import ROOT
from pyhermes.core.disk.masking import mask_run
from pyhermes.core.disk.provenance import join_run, load_provenance
from pyhermes.core.disk.record import store_resolved_arguments
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.errors import HermesError, NotRecordingError, ProvenanceError
from pyhermes.core.runs.run import Run, describe_run
from pyhermes.core.typing import OnWriteError
from pyhermes.core.warn import warn
from pyhermes.runner.session import RunSession
from pyhermes.system.environment import VARIABLE, is_first_rank, read_job_directory, read_secret_names
from pyhermes.system.process import is_running, process_of
from pyhermes.system.start import RunStart, start_run


def begin_session(start: RunStart, on_error: OnWriteError) -> RunSession:
    """Start a run, or take part in one that another process has started; errors as in `start_run`.

    Of a job that `hermes exec` started, the first recording takes part in the job's run; every further
    one, in this process or another, starts a run beside it. Of processes that train together, those that
    are not the first rank take part in the run of the first.
    """
    job = None if read_job_directory() is None else load_job_run()
    joined = _find_run_to_join(start, job, on_error)
    if joined is not None:
        _mask_joined(joined, start, on_error)
        _store_resolved_arguments(joined, start)
        return RunSession(joined, comments=start.comments, on_error=on_error)
    started = start_run(start if job is None else _move_beside(start, job))
    return RunSession(load_run(started.path), started=started, on_error=on_error)


def join_job() -> RunSession | None:
    """Take part in the run of this job; None where another recording does so, or where it has ended.

    Raises `NotRecordingError`, a `RuntimeError`, in a process that `hermes exec` has not started.
    """
    run = load_job_run()
    joined = not is_first_rank() or _is_joined_here(run) or _join(run, "raise")
    return RunSession(run) if joined else None


def describe_job_run() -> RunStart:
    """Describe a run with the script and the name of this job's, to be started beside it."""
    folder = load_job_run().path.parent
    return RunStart(
        root=Path(ROOT),
        script=folder.parent.name,
        name=folder.name,
        lines=(),
        argv=lambda _identifier: sys.orig_argv,
        directory=Path.cwd(),
    )


def _is_joined_here(run: Run) -> bool:
    """Return whether this process has joined a run that goes on."""
    known = load_provenance(run.path)
    return known is not None and known.joined == process_of(os.getpid()) and run.info.exit_status is None


def check_job() -> None:
    """Raise `NotRecordingError`, a `RuntimeError`, in a job whose run cannot be read."""
    if read_job_directory() is not None:
        load_job_run()


def load_job_run() -> Run:
    """Load the run that this process is, having been started by `hermes exec`.

    Raises `NotRecordingError`, a `RuntimeError`, in any other process.
    """
    directory = read_job_directory()
    if directory is None:
        raise NotRecordingError(
            f"`hermes exec` has not started this script ({VARIABLE} is not set); use Experiment.record"
        )
    try:
        return load_run(directory)
    except HermesError as error:
        raise NotRecordingError(f"{VARIABLE} names no run that can be read: {error}") from error


def _find_run_to_join(start: RunStart, job: Run | None, on_error: OnWriteError) -> Run | None:
    """Find the run of another process that this one only takes part in; None for a run of its own."""
    if is_first_rank():
        return job if job is not None and _join(job, on_error) else None
    folder = start.root / start.script / start.name
    return job or describe_run(folder.name, folder, None, None)


def _join(run: Run, on_error: OnWriteError) -> bool:
    """Join the run of this job as its one recording; if that cannot be, say so once and return False."""
    try:
        reason = "its process is gone" if _is_gone(run) else join_run(run.path, process_of(os.getpid()))
    except OSError as error:
        if on_error == "raise":
            raise
        warn("that this script records into its run could not be noted:", [error])
        return True
    if reason is not None:
        _warn_of_run_beside(run.path, reason)
    return reason is None


def _is_gone(run: Run) -> bool:
    """Return whether the process of a run is gone: its variable was left over in this environment."""
    provenance = load_provenance(run.path)
    return provenance is not None and is_running(provenance.process) is False


@functools.cache  # a loop over seeds starts many runs
def _warn_of_run_beside(path: Path, reason: str) -> None:
    warn(f"this is recorded as a run of its own; {VARIABLE} names another run, but:", [f"{path}: {reason}"])


def _move_beside(start: RunStart, job: Run) -> RunStart:
    """Let a run stand beside that of the job it belongs to, unless the script says where its runs go."""
    is_over = job.info.exit_status is not None or _is_gone(job)
    if is_over or start.root != Path(ROOT):
        return start
    return attrs.evolve(start, root=job.path.parents[2])


def _store_resolved_arguments(run: Run, start: RunStart) -> None:
    """Keep what a script really runs with, defaults included, beside what was typed."""
    if start.lines and is_first_rank():
        store_resolved_arguments(run.path, start.arguments)


def _mask_joined(joined: Run, start: RunStart, on_error: OnWriteError) -> None:
    """Mask the secrets that the class of the arguments names: who started the run did not know them."""
    if not is_first_rank() or start.secrets == read_secret_names():
        return
    try:
        mask_run(joined.path, start.secrets)
    except (ProvenanceError, OSError) as error:
        if on_error == "raise":
            raise
        warn("the secrets in the arguments of the run could not be masked:", [error])
