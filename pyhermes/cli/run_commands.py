"""The commands that run jobs: exec, create, rerun."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import attrs
from cyclopts import Parameter

from pyhermes.cli.options import Root, RunName
from pyhermes.cli.outcomes import report_foreground, show_progress, to_exit_status
from pyhermes.cli.output import format_command
from pyhermes.cli.view_commands import find_named_run
from pyhermes.core.disk.atomic_writing import write_new_file
from pyhermes.core.errors import RecordingError
from pyhermes.core.messages import printable
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.sweep.template import format_template
from pyhermes.runner.exec_plan import ExecPlan, plan_command, plan_file, plan_rerun
from pyhermes.runner.foreground import run_in_foreground
from pyhermes.runner.masked_job import ask_for_secrets
from pyhermes.runner.sweep import run_sweep


def execute(
    *command: Annotated[str, Parameter(allow_leading_hyphen=True, help="a command, after --")],
    name: Annotated[str, Parameter(("--name", "-n"), help="what the runs are called")],
    comment: Annotated[
        list[str] | None,
        Parameter(
            ("--comment", "-c"), allow_leading_hyphen=True, help="a comment (may be given several times)"
        ),
    ] = None,
    file: Annotated[Path | None, Parameter(("--file", "-f"), help="an execution file")] = None,
    jobs: Annotated[int | None, Parameter(help="how many jobs run at once")] = None,
    root: Root = None,
    project: Annotated[Path | None, Parameter(help="where settings and scripts are (the git root)")] = None,
    patch: Annotated[bool, Parameter(negative="--no-patch", help="keep uncommitted changes")] = True,
    dask: Annotated[str | None, Parameter(help="the address of a Dask scheduler to run the jobs")] = None,
    compile_only: Annotated[bool, Parameter(help="only print the commands of the file")] = False,
    debug: Annotated[bool, Parameter(help="print the command of each job that has ended")] = False,
) -> int:
    """Record one command, or the jobs of an execution file: hermes exec -n NAME -- python train.py."""
    comments = comment or ()
    if (file is None) == (not command):
        raise RecordingError("expected either a command after --, or an execution file with -f")
    if file is not None:
        plan = plan_file(
            file,
            name=name,
            comments=comments,
            patch=patch,
            root=root,
            project=project,
            jobs_at_once=jobs,
            dask=dask,
        )
    elif dask is not None or jobs is not None:
        raise RecordingError("--dask and --jobs are for an execution file (-f): a single command runs here")
    else:
        plan = plan_command(command, name=name, comments=comments, patch=patch, root=root, project=project)
    if compile_only:
        print("\n".join(map(format_command, plan.jobs)))
        return 0
    return _run(plan, debug=debug)


def _run(plan: ExecPlan, *, debug: bool = False) -> int:
    if plan.foreground:
        report = run_in_foreground(plan)
        report_foreground(report)
    else:
        with show_progress(plan, debug=debug) as progress:
            report = run_sweep(plan, progress=progress)
    return to_exit_status(report)


def create(
    file: Annotated[Path, Parameter(help="the execution file to write")],
    *,
    script: Annotated[
        list[str] | None, Parameter(("--script", "-s"), help="a script to run (may be given several times)")
    ] = None,
) -> int:
    """Write a template of an execution file, with a sweep of each --script; never over another file."""
    write_new_file(file, format_template(script or ["train.py"]))
    print(printable(f"wrote {file}; now: hermes exec -f {shlex.quote(str(file))} -n NAME"))
    return 0


def rerun(
    run: RunName,
    *,
    root: Root = None,
    yes: Annotated[bool, Parameter(("--yes", "-y"), help="do not ask before running it")] = False,
) -> int:
    """Run a run's job again, as its re_execution.hermes says, after showing the command."""
    plan = plan_rerun(find_named_run(run, root))
    print("\n".join([format_command(plan.jobs[0]), *_format_options(plan.jobs[0])]))
    if not yes and not _ask():
        return 2
    return _run(attrs.evolve(plan, jobs=tuple(map(ask_for_secrets, plan.jobs))))


def _format_options(job: Job) -> list[str]:
    """Return what is done to files around a job; a stranger's file may move any file of the user's away."""
    files = {
        "copy before": job.options.copy_before,
        "copy after": job.options.copy_after,
        "move after": job.options.move_after,
    }
    return [printable(f"  {option}: {name}") for option, names in files.items() for name in names]


def _ask() -> bool:
    try:
        return input("run this? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
