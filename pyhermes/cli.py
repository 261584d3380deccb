"""The command `hermes`: record runs and sweeps, and look at what was recorded."""

from __future__ import annotations

import codecs
import contextlib
import json
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from pyhermes.api.experiment import Experiment
from pyhermes.core.disk.atomic_writing import write_new_file
from pyhermes.core.disk.layout import RE_EXECUTION, STDERR, STDOUT
from pyhermes.core.disk.opening import is_there, list_names
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.core.disk.scanning import find_run, load_arguments, load_run, scan_runs
from pyhermes.core.errors import ArgumentsError, HermesError, RecordingError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.messages import printable, reason_of
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.select import filter_by_args
from pyhermes.core.runs.status import RunStatus
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.tables.summary import (
    JsonValue,
    RunSummary,
    describe_run,
    make_diff_table,
    make_list_table,
    sort_summaries,
    to_json,
)
from pyhermes.core.text.encoding import ENCODING, ERRORS
from pyhermes.runner.command import (
    LogFollower,
    Settings,
    executor_of,
    job_of_command,
    jobs_of_file,
    run_shown,
    settings_of,
    template,
)
from pyhermes.runner.job import JobOutcome
from pyhermes.runner.masked_job import ask_for_secrets
from pyhermes.runner.sweep import run_jobs
from pyhermes.system.run_status import status_of_run

app: App = App(
    name="hermes",
    help="Record runs and sweeps, and look at what was recorded. An experiment here is one run.",
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    version=lambda: metadata.version("pyhermes-experiments"),
)

RunName = Annotated[str, Parameter(help="the path of a run, or the unique beginning of its identifier")]
RootOption = Annotated[Path | None, Parameter(help="the folder that holds <script>/<name>/<identifier>")]
_SORT_HELP = "identifier, status, start, duration, or an argument's name"
Texts = list[str] | None
Json = Annotated[bool, Parameter(help="print JSON for scripts")]


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0 all well, 1 a job failed, 2 wrong use, 130 interrupted."""
    try:
        return int(app(words, exit_on_error=False) or 0)
    except CycloptsError:  # which it has printed itself
        return 2
    except (BrokenPipeError, SystemExit):  # the reader, such as head, has seen enough
        sys.stderr.close()
        return 0
    except (HermesError, OSError) as error:
        print(f"hermes: {printable(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


# Recording


@app.command(name="exec")
def execute(
    *command: Annotated[str, Parameter(allow_leading_hyphen=True, help="a command, after --")],
    name: Annotated[str, Parameter(("--name", "-n"), help="what the runs are called")],
    comment: Annotated[
        list[str] | None, Parameter(("--comment", "-c"), help="a note; may come again")
    ] = None,
    file: Annotated[Path | None, Parameter(("--file", "-f"), help="an execution file")] = None,
    jobs: Annotated[int | None, Parameter(help="how many jobs run at once")] = None,
    root: RootOption = None,
    project: Annotated[Path | None, Parameter(help="where settings and scripts are (the git root)")] = None,
    patch: Annotated[bool, Parameter(negative="--no-patch", help="keep uncommitted changes")] = True,
    dask: Annotated[str | None, Parameter(help="the address of a Dask scheduler to run the jobs")] = None,
    compile_only: Annotated[bool, Parameter(help="only print the commands of the file")] = False,
    debug: Annotated[bool, Parameter(help="print the command of each job that has ended")] = False,
) -> int:
    """Record one command, or the jobs of an execution file: hermes exec -n NAME -- python train.py."""
    if (file is None) == (not command):
        raise RecordingError("expected either a command after --, or an execution file with -f")
    if file is None and compile_only:
        print(printable(shlex.join(command)))
        return 0
    if file is None:
        if dask is not None or jobs is not None:
            raise RecordingError("expected --dask and --jobs with an execution file, got them with a command")
        settings = settings_of({}, root=root, project=project, jobs_at_once=jobs)
        here = settings if project else settings.in_directory(Path.cwd())
        outcome = run_shown(job_of_command(command), here, name, comment or (), patch)
        return _said([outcome])
    in_file, found = jobs_of_file(file)
    if compile_only:
        print("\n".join(_command_line(job) for job in found))
        return 0
    settings = settings_of(in_file, root=root, project=project, jobs_at_once=jobs)
    return _swept(found, settings, name, comment or (), patch, dask, debug)


def _swept(
    jobs: Sequence[Job],
    settings: Settings,
    name: str,
    comments: Iterable[str],
    patch: bool,
    dask: str | None,
    debug: bool,
) -> int:
    at_once = len(jobs) if dask else settings.jobs_at_once
    with _progress(jobs, at_once, debug) as show, executor_of(dask) as executor:
        report = run_jobs(
            jobs,
            name=name,
            root=settings.root,
            project=settings.project,
            comments=comments,
            executor=executor,
            jobs_at_once=settings.jobs_at_once,
            patch=patch,
            progress=show,
        )
    return _said(report.outcomes)


@contextlib.contextmanager
def _progress(jobs: Sequence[Job], at_once: int, debug: bool) -> Iterator[Callable[[JobOutcome], None]]:
    """What shows how far the jobs are: a bar in a terminal, a line for each job elsewhere."""
    console = Console(stderr=True)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    ended = failed = 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(_running(len(jobs), at_once, 0), total=len(jobs))

        def show(outcome: JobOutcome) -> None:
            nonlocal ended, failed
            ended += 1
            failed += outcome.status is not RunStatus.FINISHED
            progress.update(task, advance=1, description=_running(len(jobs) - ended, at_once, failed))
            line = _outcome_line(outcome)
            if debug:
                line += f"\n  {shlex.join(jobs[outcome.index].argv('IDENTIFIER'))}"
            progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield show


def _running(left: int, at_once: int, failed: int) -> str:
    return f"{min(left, at_once)} running, {failed} failed"


def _outcome_line(outcome: JobOutcome) -> str:
    where = f"job {outcome.index}" if outcome.path is None else outcome.path.name
    return printable(f"{outcome.status.value:11} {where}  ({outcome.reason})")


def _said(outcomes: Sequence[JobOutcome]) -> int:
    """Say what did not finish; the exit status of the whole."""
    left = [outcome for outcome in outcomes if outcome.status is not RunStatus.FINISHED]
    for outcome in left:
        where = outcome.path or f"job {outcome.index}"
        print(printable(f"hermes: {where}: {outcome.reason}"), file=sys.stderr)
    if any(outcome.status is RunStatus.INTERRUPTED for outcome in left):
        return 130
    return 1 if left else 0


@app.command
def create(file: Path, *, script: Annotated[Texts, Parameter(("--script", "-s"))] = None) -> int:
    """Write a template of an execution file, with a job for each --script; never over another file."""
    write_new_file(file, template(script or ["train.py"]))
    print(f"wrote {file}; now: hermes exec -f {shlex.quote(str(file))} -n NAME")
    return 0


@app.command
def rerun(
    run: RunName, *, root: RootOption = None, yes: Annotated[bool, Parameter(("--yes", "-y"))] = False
) -> int:
    """Run a run's job again, as its re_execution.hermes says, after showing the command."""
    found = _found(run, root)
    in_file, (job, *_) = jobs_of_file(found.file(RE_EXECUTION))
    print(_command_line(job))
    for option in ("copy_before", "copy_after", "move_after"):
        for name in getattr(job.options, option):
            print(printable(f"  {option.replace('_', ' ')}: {name}"))
    if not yes and not _agrees():
        return 2
    folder = found.path_to_experiment.parent
    settings = settings_of(in_file, root=folder.parent.parent)
    provenance = load_provenance(found.path_to_experiment)
    if provenance is not None and is_there(provenance.directory):
        settings = settings.in_directory(Path(provenance.directory))
    return _said([run_shown(ask_for_secrets(job), settings, folder.name, (), True)])


def _agrees() -> bool:
    try:
        return input("run this? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


# Looking


@app.command(name="ls")
def list_runs(
    path: Path | None = None,
    *,
    filter: Annotated[
        list[str] | None, Parameter(help="only runs with this argument, such as '--seed 2'")
    ] = None,
    sort: Annotated[
        str, Parameter(help="identifier, status, start, duration, or an argument's name")
    ] = "identifier",
    json: Json = False,
) -> int:
    """List the runs in a folder (the project's by default), and what differs between their arguments."""
    path = path or settings_of({}).root
    runs = sort_summaries(filter_by_args(_seen(path), filter or ()), sort)
    if json:
        _print_json([to_json(run) for run in runs])
    else:
        print(make_list_table(runs, datetime.now()).text(f"{len(runs)} runs in {path}", rows=len(runs)))
    return 0


@app.command
def status(path: Path | None = None, *, json: Json = False) -> int:
    """Say how many runs have finished, what runs now, what failed and what was lost."""
    path = path or settings_of({}).root
    runs = _seen(path)
    left = [run for run in runs if run.report.status not in (RunStatus.FINISHED, RunStatus.UNKNOWN)]
    counts = Counter(run.report.status for run in runs)
    if json:
        _print_json(
            {"counts": {key.value: counts[key] for key in RunStatus}, "runs": list(map(to_json, left))}
        )
        return 0
    print(", ".join(f"{counts[key]} {key.value}" for key in RunStatus if counts[key]) or f"no runs in {path}")
    for run in left:
        print(printable(f"{run.report.status.value:11} {run.run.path}  ({run.report.reason})"))
    return 0


@app.command
def show(run: RunName, *, root: RootOption = None, json: Json = False) -> int:
    """Show what is known of one run, and what it left behind."""
    found = _found(run, root)
    seen = _seen_run(found.run)
    if json:
        _print_json(to_json(seen))
    else:
        print(printable("\n".join(describe_run(seen, list_names(found.path_to_experiment)))))
    return 0


@app.command
def logs(
    run: RunName, *, follow: Annotated[bool, Parameter(("--follow", "-f"))] = False, root: RootOption = None
) -> int:
    """Print what a run printed; with --follow also what it goes on to print, until it ends."""
    found = _found(run, root)
    log = LogFollower(found.path_to_experiment, _EscapedPrinter())
    if follow:
        log.follow(lambda: status_of_run(load_run(found.path_to_experiment)).status is not RunStatus.RUNNING)
    else:
        log.look()
    return 0


@app.command
def diff(first: RunName, second: RunName, *, root: RootOption = None) -> int:
    """Show what differs between two runs."""
    a, b = _seen_run(_found(first, root).run), _seen_run(_found(second, root).run)
    print(make_diff_table(a, b).text(keep=("first", "second")))
    return 0


@app.command
def plot(
    *runs: RunName,
    output: Annotated[
        Path | None, Parameter(("--output", "-o"), help="the picture; RUN.png by default")
    ] = None,
    root: RootOption = None,
) -> int:
    """Draw the training curves of runs into a picture, one below the other."""
    from pyhermes.api.plotting import plot_runs

    found = [_found(run, root) for run in runs]
    if not found:
        raise RecordingError("expected at least one run to plot, got none")
    wanted = output or Path(found[0].identifier)
    picture = wanted if wanted.suffix else wanted.with_name(f"{wanted.name}.png")
    try:
        plot_runs(found, picture)
    except ValueError as error:
        raise RecordingError(f"expected a picture that can be drawn, got {reason_of(error)}") from error
    print(f"drew {picture}")
    return 0


def _found(run: str, root: Path | None) -> Experiment:
    if Experiment.is_experiment(run):
        return Experiment.load(run)
    return Experiment.load(find_run(root or settings_of({}).root, run))


def _seen(path: Path) -> tuple[RunSummary, ...]:
    """All runs below a folder; says of those that cannot be read."""
    scan = scan_runs(path, recursive=True)
    for unreadable in scan.failed:
        print(f"hermes: cannot be read: {printable(unreadable)}", file=sys.stderr)
    return tuple(map(_seen_run, scan.runs))


def _seen_run(run: Run) -> RunSummary:
    try:
        arguments = load_arguments(run.path)
    except ArgumentsError as error:
        print(f"hermes: {printable(error)}", file=sys.stderr)
        arguments = ExecArgs()
    return RunSummary(run, arguments, status_of_run(run))


def _command_line(job: Job) -> str:
    return printable(shlex.join(job.argv("IDENTIFIER")))


def _print_json(value: JsonValue) -> None:
    print(json.dumps(value, indent=1))


class _EscapedPrinter:
    """Prints logs as they come in pieces, with their control characters escaped."""

    def __init__(self) -> None:
        decoder = codecs.getincrementaldecoder(ENCODING)
        self._decoders = {name: decoder(ERRORS) for name in (STDOUT, STDERR)}

    def __call__(self, name: str, data: bytes) -> None:
        text = self._decoders[name].decode(data)
        lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs()
        stream = sys.stderr if name == STDERR else sys.stdout
        print(printable(lines), end="", file=stream, flush=True)
