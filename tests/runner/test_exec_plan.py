from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from pyhermes.core import ExecutionFileError, MissingFileError, RecordingError
from pyhermes.runner import JobPlan
from pyhermes.runner.exec_plan import (
    ExecPlan,
    make_command_job,
    plan_command,
    plan_file,
    plan_rerun,
    read_jobs,
)
from pyhermes.runner.foreground import run_in_foreground
from pyhermes.runner.settings import Settings, read_project_settings
from tests.runner.helpers import git, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def test_the_jobs_of_a_file(project: Path) -> None:
    (project / "a.hermes").write_text("PRE\nthreads:3\nEXEC\n[[python, echo.py],[]]\n")
    settings, jobs = read_jobs(project / "a.hermes")
    assert (dict(settings), [job.script for job in jobs]) == ({"threads": "3"}, ["echo"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EXEC\n[[python, a.py],[-what]]\n", r"a\.hermes, line 2: expected an option"),
        ("EXEC\n", r"a\.hermes: expected at least one job in the section EXEC, got none"),
        ("", r"a\.hermes: expected a section EXEC"),
        ("EXEC\nPROD([[python, {b}],[]], a=[1])\n", r"a\.hermes, line 2: expected a name that is bound here"),
    ],
)
def test_mistakes_in_a_file_say_file_and_line(project: Path, text: str, message: str) -> None:
    (project / "a.hermes").write_text(text)
    with pytest.raises(ExecutionFileError, match=message):
        read_jobs(project / "a.hermes")


def test_a_file_that_is_not_there(project: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.hermes: expected a file"):
        read_jobs(project / "none.hermes")


def test_nothing_is_read_of_a_file_that_is_too_large(project: Path) -> None:
    """It may be a run's re_execution.hermes, which somebody else has written."""
    for name, read in (
        ("a.hermes", read_jobs),
        (".hermes_settings", lambda _: read_project_settings(project)),
    ):
        with (project / name).open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(ExecutionFileError) as error:
            read(project / name)
        assert str(error.value) == f"{project / name}: expected a file of at most 64 MiB, got {name!r}"


def test_a_command_line_is_a_job() -> None:
    job = make_command_job(["python", "-u", "train.py", "pos", "--lr", "0.1", "--flag"])
    assert (job.command, job.script, job.script_path) == (("python", "-u", "train.py"), "train", "train.py")
    assert job.lines == (("pos",), ("--flag",), ("--lr", "0.1"))
    assert job.argv("I") == ("python", "-u", "train.py", "pos", "--lr", "0.1", "--flag")


# Plans


def test_a_command_is_planned_for_the_foreground_where_one_stands(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(project, "init")
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")
    plan = plan_command(["python", "echo.py"], name="n", comments=iter(["a", "b"]), patch=False)
    assert plan == ExecPlan(
        (make_command_job(["python", "echo.py"]),),
        Settings(project / "experiments", project / "sub"),
        "n",
        ("a", "b"),
        patch=False,
        foreground=True,
    )
    assert plan_command(["x"], name="n", project=project).settings.project == project
    assert plan_command(["x"], name="n", root=Path("here")).settings.root == project / "sub" / "here"


def test_the_jobs_of_a_file_are_planned_as_a_sweep(project: Path) -> None:
    (project / "a.hermes").write_text(
        "PRE\nthreads:3\nEXEC\nPROD([[python, echo.py, {i}],[]], i=RANGE[0, 5])\n"
    )
    plan = plan_file(Path("a.hermes"), name="n")
    assert (len(plan.jobs), plan.jobs_at_once, plan.foreground) == (5, 3, False)
    assert plan_file(Path("a.hermes"), name="n", jobs_at_once=2).jobs_at_once == 2
    assert plan_file(Path("a.hermes"), name="n", dask="tcp://a:1").jobs_at_once == 5


def test_each_job_is_planned_with_what_its_worker_needs(project: Path) -> None:
    (project / "a.hermes").write_text("EXEC\n[[python, echo.py],[]]\n[[python, wait.py],[]]\n")
    plan = plan_file(Path("a.hermes"), name="n", comments=["c"], patch=False)
    root = project / "experiments"
    assert plan.plan_jobs() == tuple(
        JobPlan(job, "n", index, root, project, plan.stop, ("c",), False)
        for index, job in enumerate(plan.jobs)
    )
    assert plan.stop.parent == root
    assert plan.stop != plan_file(Path("a.hermes"), name="n").stop


def test_a_plan_cannot_be_changed(project: Path) -> None:
    plan = plan_command(["x"], name="n")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        plan.name = "m"  # type: ignore[misc]  # which is what is tested


@pytest.mark.parametrize("name", ["a/b", "", ".."])
def test_a_name_that_no_directory_can_have_is_refused(project: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="expected a name of at most 255 bytes"):
        plan_command(["x"], name=name)


def test_a_run_is_planned_again_beside_it_and_in_its_directory(project: Path, tmp_path: Path) -> None:
    (outcome,) = run_in_foreground(plan_command(["python", "echo.py", "a b"], name="my name")).outcomes
    assert outcome.path is not None
    plan = plan_rerun(outcome.path)
    assert (plan.name, plan.settings.root, plan.settings.project) == (
        "my name",
        project / "experiments",
        project,
    )
    assert ([job.argv("I") for job in plan.jobs], plan.foreground) == ([("python", "echo.py", "a b")], True)
    (outcome.path / "provenance.json").unlink()
    assert plan_rerun(outcome.path).settings.project == project  # where one stands
    (outcome.path / "re_execution.hermes").unlink()
    with pytest.raises(MissingFileError, match="re_execution"):
        plan_rerun(outcome.path)
