"""One job run here, which is shown while it runs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from pyhermes.core.disk.layout import STDERR
from pyhermes.core.disk.stop_file import ask_to_stop, forget_stop
from pyhermes.runner.exec_plan import ExecPlan
from pyhermes.runner.interrupts import Interrupts, count_interrupts
from pyhermes.runner.job import JobOutcome, run_job
from pyhermes.runner.log_follower import LogFollower
from pyhermes.runner.sweep import SweepReport

_SECONDS_BETWEEN_LOOKS = 0.05


def run_in_foreground(plan: ExecPlan) -> SweepReport:
    """Run a plan's one job here, and show what it prints while it does.

    Ctrl-C ends it, and the second one kills it: it runs in a session of its own, which the terminal
    does not reach.
    """
    (job,) = plan.plan_jobs()
    logs: list[LogFollower] = []

    def start_following(path: Path) -> None:
        logs.append(LogFollower(path, _print_raw))

    with count_interrupts() as interrupts, ThreadPoolExecutor(1) as pool:
        future = pool.submit(run_job, job, start_following)
        try:
            _follow_job(future, logs, interrupts, plan.stop)
        finally:
            if not future.done():  # what it prints cannot be shown: it must not go on unseen
                ask_to_stop(plan.stop)
                wait([future])
            forget_stop(plan.stop)
    _show_new(logs)
    return SweepReport((future.result(),))


def _follow_job(
    future: Future[JobOutcome], logs: Iterable[LogFollower], interrupts: Interrupts, stop: Path
) -> None:
    asked = 0
    while not future.done():
        _show_new(logs)
        wait([future], _SECONDS_BETWEEN_LOOKS)
        if interrupts.count > asked:
            asked = interrupts.count
            ask_to_stop(stop)


def _show_new(logs: Iterable[LogFollower]) -> None:
    for log in logs:
        log.read_new()


def _print_raw(name: str, data: bytes) -> None:
    """Print what a job of the user's own prints, byte by byte: its colours and bars are meant."""
    stream = sys.stderr if name == STDERR else sys.stdout
    with contextlib.suppress(BrokenPipeError):  # nobody looks any more; the job goes on
        stream.buffer.write(data)
        stream.flush()
