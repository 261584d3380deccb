"""Many jobs, some at once: handed to an executor, followed to their ends, ended when asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, cast, final

import attrs

from pyhermes.core.disk.stop_file import ask_to_stop, forget_stop
from pyhermes.core.errors import MissingPackageError
from pyhermes.core.messages import reason_of
from pyhermes.core.public import public
from pyhermes.core.runs.status import RunStatus
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.typing import PathLike
from pyhermes.runner.exec_plan import ExecPlan
from pyhermes.runner.interrupts import Interrupts, count_interrupts
from pyhermes.runner.job import JobOutcome, JobPlan, run_job
from pyhermes.runner.settings import Settings

_SECONDS_BETWEEN_LOOKS = 0.1


@final
@public("pyhermes.runner")
@attrs.frozen
class SweepReport:
    """How jobs ended, in the order in which they were given."""

    outcomes: tuple[JobOutcome, ...]

    @property
    def failed(self) -> tuple[JobOutcome, ...]:
        """Return those that did not finish."""
        return tuple(outcome for outcome in self.outcomes if outcome.status is not RunStatus.FINISHED)

    @property
    def interrupted(self) -> bool:
        """Return whether any was interrupted."""
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
    settings = Settings(Path(root).absolute(), Path(project).absolute(), jobs_at_once)
    plan = ExecPlan(tuple(jobs), settings, name, comments, patch)
    return run_sweep(plan, executor=executor, progress=progress)


def run_sweep(
    plan: ExecPlan,
    *,
    executor: Executor | None = None,
    progress: Callable[[JobOutcome], None] | None = None,
) -> SweepReport:
    """Run the jobs of a plan as `run_jobs` does: with an executor, else on the plan's cluster, else here.

    Raises `MissingPackageError`, an `ImportError`, for a cluster without the extra `dask`.
    """
    with _open_pool(plan, executor) as pool:
        outcomes = _run_in_pool(pool, plan, progress or _show_nothing)
    return SweepReport(tuple(sorted(outcomes, key=lambda outcome: outcome.index)))


def _open_pool(plan: ExecPlan, executor: Executor | None) -> AbstractContextManager[Executor]:
    """Return the executor for a block; one of the caller's own is left running after it."""
    if executor is not None:
        return contextlib.nullcontext(executor)
    return _connect(plan.dask) if plan.dask else ThreadPoolExecutor(plan.settings.jobs_at_once)


class _DaskClient(Protocol):
    """What is used of `distributed.Client`, whose own types say less."""

    def get_executor(self, *, pure: bool) -> Executor: ...


def _import_client() -> Callable[[str], AbstractContextManager[_DaskClient]]:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise MissingPackageError(
            "--dask needs the package distributed: pip install 'pyhermes-experiments[dask]'"
        ) from None
    return cast("Callable[[str], AbstractContextManager[_DaskClient]]", Client)


@contextlib.contextmanager
def _connect(address: str) -> Generator[Executor]:
    """Connect to a Dask scheduler; `pure=False`, since two equal jobs are two runs."""
    with _import_client()(address) as client:
        yield client.get_executor(pure=False)


def _run_in_pool(pool: Executor, plan: ExecPlan, progress: Callable[[JobOutcome], None]) -> list[JobOutcome]:
    """Run all jobs to their ends; whatever goes wrong meanwhile, those that run are asked to end."""
    futures: dict[Future[JobOutcome], JobPlan] = {}
    with count_interrupts() as interrupts:
        try:
            futures.update((pool.submit(run_job, job), job) for job in plan.plan_jobs())
            return _follow_jobs(futures, plan.stop, interrupts, progress)
        finally:
            if any(not future.done() for future in futures):
                ask_to_stop(plan.stop)
                wait(futures)
            forget_stop(plan.stop)


def _follow_jobs(
    futures: Mapping[Future[JobOutcome], JobPlan],
    stop: Path,
    interrupts: Interrupts,
    progress: Callable[[JobOutcome], None],
) -> list[JobOutcome]:
    """Wait for all jobs, and ask them to end each time that somebody asks us."""
    outcomes: list[JobOutcome] = []
    pending = set(futures)
    asked = 0
    while pending:
        done, pending = wait(pending, _SECONDS_BETWEEN_LOOKS, return_when=FIRST_COMPLETED)
        for future in done:
            outcomes.append(_get_outcome(future, futures[future]))
            try:
                progress(outcomes[-1])
            except KeyboardInterrupt:  # which may be raised where the signals are not ours to count
                interrupts.count += 1
        if interrupts.count > asked:
            asked = interrupts.count
            ask_to_stop(stop)
    return outcomes


def _show_nothing(_outcome: JobOutcome) -> None: ...


def _get_outcome(future: Future[JobOutcome], plan: JobPlan) -> JobOutcome:
    """Return how a job ended, also where its worker has not lived to tell."""
    if future.cancelled():
        return JobOutcome(plan.index, None, RunStatus.INTERRUPTED, "cancelled before it began")
    error = future.exception()
    if error is not None:
        reason = f"its worker failed: {reason_of(error)}"
        return JobOutcome(plan.index, None, RunStatus.FAILED, reason)
    return future.result()
