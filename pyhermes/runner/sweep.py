"""Many jobs, some at once: handed to an executor, followed to their ends, ended when asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.disk.layout import stop_path
from pyhermes.core.disk.record import check_name
from pyhermes.core.disk.stop_file import ask_to_stop, forget_stop
from pyhermes.core.errors import RecordingError
from pyhermes.core.messages import reason_of
from pyhermes.core.public import public
from pyhermes.core.runs.status import RunStatus
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.typing import PathLike
from pyhermes.runner.interrupts import count_interrupts
from pyhermes.runner.job import JobOutcome, JobPlan, run_job

_SECONDS_BETWEEN_LOOKS = 0.1


@final
@public("pyhermes.runner")
@attrs.frozen
class SweepReport:
    """How jobs ended, in the order in which they were given."""

    outcomes: tuple[JobOutcome, ...]

    @property
    def failed(self) -> tuple[JobOutcome, ...]:
        """Those that did not finish."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is not RunStatus.FINISHED)

    @property
    def interrupted(self) -> bool:
        """Whether any was interrupted."""
        return any(outcome.status is RunStatus.INTERRUPTED for outcome in self.outcomes)


def run_jobs(
    jobs: Iterable[Job],
    *,
    name: str,
    root: PathLike = "experiments",
    project: PathLike = ".",
    comments: Iterable[str] = (),
    executor: Executor | None = None,
    jobs_at_once: int = 1,
    patch: bool = True,
    progress: Callable[[JobOutcome], None] | None = None,
) -> SweepReport:
    r"""Run jobs, each as a process that is recorded in `<root>/<script>/<name>/<identifier>`.

    They run in `project`, without a shell, `jobs_at_once` at a time on this machine; or wherever an
    `executor` runs `run_job`, on a file system that all share. `progress` is called with every job
    that has ended. A job that fails, or cannot be started, does not stop the others. On
    KeyboardInterrupt the running jobs get SIGINT and no more are begun; on the second, SIGKILL.
    Raises `RecordingError`, a `ValueError`, for a name that no directory can have, and for less than
    one job at once.

    >>> from pyhermes.core import expand, parse_execution_file
    >>> jobs = expand(parse_execution_file('EXEC\n[[python, -c "print(1)"],[]]'))
    >>> run_jobs(jobs, name="doc").outcomes[0].status
    <RunStatus.FINISHED: 'finished'>
    """
    check_name(name)
    check_jobs_at_once(jobs_at_once)
    stop = stop_path(Path(root).absolute())
    noted = tuple(comments)
    plans = [
        JobPlan(job, name, index, Path(root).absolute(), Path(project).absolute(), stop, noted, patch)
        for index, job in enumerate(jobs)
    ]
    ours = ThreadPoolExecutor(jobs_at_once) if executor is None else contextlib.nullcontext(executor)
    with ours as pool:
        outcomes = _followed(pool, plans, stop, progress)
    return SweepReport(tuple(sorted(outcomes, key=lambda outcome: outcome.index)))


def check_jobs_at_once(count: int) -> None:
    """Raise `RecordingError`, a `ValueError`, for less than one job at once."""
    if count < 1:
        raise RecordingError(f"expected the number of jobs at once, at least 1, got {count}")


def _followed(
    pool: Executor, plans: Iterable[JobPlan], stop: Path, progress: Callable[[JobOutcome], None] | None
) -> list[JobOutcome]:
    """Wait for all jobs; whatever goes wrong meanwhile, those that run are asked to end."""
    outcomes: list[JobOutcome] = []
    pending: set[Future[JobOutcome]] = set()
    asked = 0
    with count_interrupts() as interrupts:
        try:
            futures = {pool.submit(run_job, plan): plan for plan in plans}
            pending = set(futures)
            while pending:
                done, pending = wait(pending, _SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes.append(_outcome(future, futures[future]))
                    interrupts.count += _shown(progress, outcomes[-1])
                if interrupts.count > asked:
                    asked = interrupts.count
                    ask_to_stop(stop)
        finally:
            if pending:
                ask_to_stop(stop)
                wait(pending)
            forget_stop(stop)
    return outcomes


def _shown(progress: Callable[[JobOutcome], None] | None, outcome: JobOutcome) -> bool:
    """Show an outcome; whether that was interrupted."""
    try:
        if progress is not None:
            progress(outcome)
    except KeyboardInterrupt:
        return True
    return False


def _outcome(future: Future[JobOutcome], plan: JobPlan) -> JobOutcome:
    if future.cancelled():
        return JobOutcome(plan.index, None, RunStatus.INTERRUPTED, "cancelled before it began")
    error = future.exception()
    if error is not None:
        reason = f"its worker failed: {reason_of(error)}"
        return JobOutcome(plan.index, None, RunStatus.FAILED, reason)
    return future.result()
