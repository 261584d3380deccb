"""Many jobs, some at once: handed to an executor, followed to their ends, ended when asked."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.disk import recording as files
from pyhermes.core.errors import reason_of
from pyhermes.core.jobs import Job
from pyhermes.core.status import RunStatus
from pyhermes.core.typing import PathLike
from pyhermes.runner.job import JobOutcome, JobPlan, run_job


@final
@attrs.frozen
class RunReport:
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
) -> RunReport:
    r"""Run jobs, each as a process that is recorded in `<root>/<script>/<name>/<identifier>`.

    They run in `project`, without a shell, `jobs_at_once` at a time on this machine; or wherever an
    `executor` runs `run_job`, on a file system that all share. `progress` is called with every job
    that has ended. A job that fails, or cannot be started, does not stop the others. On
    KeyboardInterrupt the running jobs get SIGINT and no more are begun; on the second, SIGKILL.
    Raises `RecordingError`, a `ValueError`, for a name that no directory can have.

    >>> from pyhermes.core import expand, parse_execution_file
    >>> jobs = expand(parse_execution_file('EXEC\n[[python, -c "print(1)"],[]]'))
    >>> run_jobs(jobs, name="doc").outcomes[0].status
    <RunStatus.FINISHED: 'finished'>
    """
    files.check_name(name)
    stop = Path(root).absolute() / f".pyhermes-stop-{secrets.token_hex(8)}"
    noted = tuple(comments)
    plans = [
        JobPlan(job, name, index, Path(root).absolute(), Path(project).absolute(), stop, noted, patch)
        for index, job in enumerate(jobs)
    ]
    ours = ThreadPoolExecutor(jobs_at_once) if executor is None else contextlib.nullcontext(executor)
    with ours as pool:
        outcomes = _followed(pool, plans, stop, progress)
    return RunReport(tuple(sorted(outcomes, key=lambda outcome: outcome.index)))


def _followed(
    pool: Executor, plans: Iterable[JobPlan], stop: Path, progress: Callable[[JobOutcome], None] | None
) -> list[JobOutcome]:
    futures = {pool.submit(run_job, plan): plan for plan in plans}
    outcomes: list[JobOutcome] = []
    pending = set(futures)
    try:
        while pending:
            try:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                files.ask_to_stop(stop)
                for future in pending:
                    future.cancel()
                continue
            for future in done:
                outcomes.append(_outcome(future, futures[future]))
                if progress is not None:
                    progress(outcomes[-1])
    finally:
        files.forget_stop(stop)
    return outcomes


def _outcome(future: Future[JobOutcome], plan: JobPlan) -> JobOutcome:
    if future.cancelled():
        return JobOutcome(plan.index, None, RunStatus.INTERRUPTED, "interrupted before it began")
    error = future.exception()
    if error is not None:
        reason = f"its worker failed: {reason_of(error)}"
        return JobOutcome(plan.index, None, RunStatus.FAILED, reason)
    return future.result()
