"""How jobs end: shown as they do, and as the exit status of the command."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

from pyhermes.cli.output import format_command, print_error
from pyhermes.core.disk.layout import STDERR
from pyhermes.core.disk.opening import read_last_lines
from pyhermes.core.messages import printable
from pyhermes.core.runs.status import RunStatus
from pyhermes.runner.exec_plan import ExecPlan
from pyhermes.runner.job import JobOutcome
from pyhermes.runner.sweep import SweepReport

_LONGEST_LINE = 200
"""Of a script's last words; more would hide the lines of the other jobs."""


@contextlib.contextmanager
def show_progress(plan: ExecPlan, *, debug: bool = False) -> Generator[Callable[[JobOutcome], None]]:
    """Show how far the jobs are: a line for each that has ended, and below them a bar in a terminal.

    With `debug` each line is followed by the job's command.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    left, failed = len(plan.jobs), 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(_describe(left, plan.jobs_at_once, failed), total=left)

        def show(outcome: JobOutcome) -> None:
            nonlocal left, failed
            left -= 1
            failed += outcome.status is not RunStatus.FINISHED
            progress.update(task, advance=1, description=_describe(left, plan.jobs_at_once, failed))
            line = format_outcome(outcome)
            if debug:
                line += f"\n  {format_command(plan.jobs[outcome.index])}"
            progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield show


def _describe(left: int, at_once: int, failed: int) -> str:
    return f"{min(left, at_once)} running, {failed} failed"


def format_outcome(outcome: JobOutcome) -> str:
    """Return how a job ended as a line: of one that failed, with its run's path and the script's last words.

    A failure is shown in this line alone, so it has all that is needed to look further.
    """
    is_finished = outcome.status is RunStatus.FINISHED
    path = outcome.path if outcome.path is None or not is_finished else outcome.path.name
    where = f"job {outcome.index}" if path is None else path
    words = find_last_words(outcome) if outcome.status is RunStatus.FAILED else None
    line = f"{outcome.status.value:11} {where}  ({outcome.reason})"
    return printable(line if words is None else f"{line}: {words}")


def find_last_words(outcome: JobOutcome) -> str | None:
    """Return the last line that a job printed to stderr, shortened, None where there is none.

    What the recorder itself has noted there, and the reason says already, is passed over.
    """
    lines = [] if outcome.path is None else read_last_lines(outcome.path, STDERR)
    words = (line.removeprefix("hermes: ") for line in reversed(lines))
    last = next((line for line in words if line not in outcome.reason), None)
    return last if last is None or len(last) <= _LONGEST_LINE else f"{last[:_LONGEST_LINE]}..."


def report_foreground(report: SweepReport) -> None:
    """Say what became of a job that did not finish; what it printed has been shown already."""
    for outcome in report.failed:
        print_error(f"{outcome.path or f'job {outcome.index}'}: {outcome.reason}")


def to_exit_status(report: SweepReport) -> int:
    """Return the exit status of the command: 0 all well, 1 a job failed, 130 one was interrupted."""
    if report.interrupted:
        return 130
    return 1 if report.failed else 0
