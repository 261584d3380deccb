"""The commands that look at runs: ls, status, show, logs, diff, plot."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pyhermes.cli.options import Folder, Json, Root, RunName
from pyhermes.cli.output import LogPrinter, print_error, print_json
from pyhermes.core.disk.layout import is_experiment
from pyhermes.core.disk.opening import list_names
from pyhermes.core.disk.scanning import find_run, load_arguments, load_run, scan_runs
from pyhermes.core.errors import ArgumentsError, RecordingError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.messages import printable, reason_of
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.select import filter_by_args
from pyhermes.core.runs.status import RunStatus
from pyhermes.core.tables.summary import (
    RunSummary,
    format_summary,
    make_diff_table,
    make_list_table,
    sort_summaries,
    to_json,
)
from pyhermes.runner.log_follower import LogFollower
from pyhermes.runner.settings import find_settings
from pyhermes.system.run_status import status_of_run


def list_runs(
    path: Folder = None,
    *,
    filter: Annotated[
        list[str] | None,
        Parameter(allow_leading_hyphen=True, help="only runs with this argument, such as '--seed 2'"),
    ] = None,
    sort: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True, help="identifier, status, start, duration, or an argument's name"
        ),
    ] = "identifier",
    json: Json = False,
) -> int:
    """List the runs in a folder (the project's by default), and what differs between their arguments."""
    path = path or find_settings({}).root
    runs = sort_summaries(filter_by_args(_scan(path), filter or ()), sort)
    if json:
        print_json([to_json(run) for run in runs])
    else:
        print(make_list_table(runs, datetime.now()).text(f"{len(runs)} runs in {path}", rows=len(runs)))
    return 0


def status(path: Folder = None, *, json: Json = False) -> int:
    """Say how many runs have finished, what runs now, what failed and what was lost."""
    path = path or find_settings({}).root
    runs = _scan(path)
    counts = Counter(run.report.status for run in runs)
    left = [run for run in runs if run.report.status not in (RunStatus.FINISHED, RunStatus.UNKNOWN)]
    if json:
        by_name = {key.value: counts[key] for key in RunStatus}
        print_json({"counts": {**by_name}, "runs": [to_json(run) for run in left]})
        return 0
    line = ", ".join(f"{counts[key]} {key.value}" for key in RunStatus if counts[key])
    print(printable(line or f"no runs in {path}"))
    for run in left:
        print(printable(f"{run.report.status.value:11} {run.run.path}  ({run.report.reason})"))
    return 0


def show(run: RunName, *, root: Root = None, json: Json = False) -> int:
    """Show what is known of one run, and what it left behind."""
    path = find_named_run(run, root)
    summary = _summarize(load_run(path))
    if json:
        print_json(to_json(summary))
    else:
        print(printable("\n".join(format_summary(summary, list_names(path)))))
    return 0


def logs(
    run: RunName,
    *,
    follow: Annotated[
        bool, Parameter(("--follow", "-f"), help="go on with what it prints, until the run ends")
    ] = False,
    root: Root = None,
) -> int:
    """Print what a run printed; with --follow also what it goes on to print, until it ends."""
    path = find_named_run(run, root)
    log = LogFollower(path, LogPrinter())
    if follow:
        log.follow(lambda: status_of_run(load_run(path)).status is not RunStatus.RUNNING)
    else:
        log.read_new()
    return 0


def diff(first: RunName, second: RunName, *, root: Root = None) -> int:
    """Show what differs between two runs."""
    a, b = (_summarize(load_run(find_named_run(run, root))) for run in (first, second))
    print(make_diff_table(a, b).text(keep=("first", "second")))
    return 0


def plot(
    *runs: RunName,
    output: Annotated[
        Path | None, Parameter(("--output", "-o"), help="the picture; RUN.png by default")
    ] = None,
    root: Root = None,
) -> int:
    """Draw the training curves of runs into a picture, one below the other."""
    from pyhermes.api.experiment import Experiment
    from pyhermes.api.plotting import plot_runs

    found = [Experiment.load(find_named_run(run, root)) for run in runs]
    if not found:
        raise RecordingError("expected at least one run to plot, got none")
    wanted = output or Path(found[0].identifier)
    picture = wanted if wanted.suffix else wanted.with_name(f"{wanted.name}.png")
    try:
        plot_runs(found, picture)
    except ValueError as error:
        raise RecordingError(f"expected a picture that can be drawn, got {reason_of(error)}") from error
    print(printable(f"drew {picture}"))
    return 0


def find_named_run(run: str, root: Path | None) -> Path:
    """Return the directory of the run that a user means: by its path, else by its identifier's beginning.

    Raises `NotAnExperimentError`, a `FileNotFoundError`, where there is none, or more than one.
    """
    if is_experiment(run):
        return Path(run).absolute()
    return find_run(root or find_settings({}).root, run)


def _scan(path: Path) -> tuple[RunSummary, ...]:
    """Return all runs below a folder; say which of them cannot be read."""
    scan = scan_runs(path, recursive=True)
    for unreadable in scan.failed:
        print_error(f"cannot be read: {unreadable}")
    return tuple(map(_summarize, scan.runs))


def _summarize(run: Run) -> RunSummary:
    """Return what is known of a run now; say where its arguments cannot be read."""
    try:
        arguments = load_arguments(run.path)
    except ArgumentsError as error:
        print_error(error)
        arguments = ExecArgs()
    return RunSummary(run, arguments, status_of_run(run))
