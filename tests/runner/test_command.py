from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import pytest

from pyhermes import RunStatus
from pyhermes.core import ExecutionFileError, MissingFileError, MissingPackageError
from pyhermes.core.disk.stop_file import ask_to_stop
from pyhermes.core.sweep.file import parse_execution_file
from pyhermes.core.sweep.jobs import expand
from pyhermes.runner import JobPlan, run_job
from pyhermes.runner.command import (
    LogFollower,
    Settings,
    executor_of,
    job_of_command,
    jobs_of_file,
    project_settings,
    run_shown,
    settings_of,
    template,
)
from tests.runner.helpers import git, is_alive, leftovers, make_project, runs_in, wait_for, wait_until


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


# Settings


def test_without_settings_there_are_defaults(project: Path) -> None:
    assert settings_of({}) == Settings(project / "experiments", project, 1)
    assert settings_of({}).in_directory(Path("/x")) == Settings(project / "experiments", Path("/x"), 1)


def test_the_command_line_wins_over_the_file_and_that_over_the_project(project: Path) -> None:
    (project / ".hermes_settings").write_text("threads:2\npath_to_experiments:of project\n")
    assert settings_of({}) == Settings(project / "of project", project, 2)
    held = {"threads": "3", "path_to_experiments": "sub/of file"}
    assert settings_of(held) == Settings(project / "sub" / "of file", project, 3)
    assert settings_of({"threads": "3"}) == Settings(project / "of project", project, 3)
    assert settings_of(held, jobs_at_once=4) == Settings(project / "sub" / "of file", project, 4)
    assert settings_of(held, root=Path("given")) == Settings(project / "given", project, 3)


def test_the_project_is_the_work_tree_of_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(project, "init")
    (project / ".hermes_settings").write_text("threads:2")
    (project / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(project / "a" / "b")
    assert settings_of({}) == Settings(project / "experiments", project, 2)
    assert settings_of({}, project=Path("..")).project.resolve() == project / "a"
    assert settings_of({}, project=Path("..")).jobs_at_once == 1
    assert settings_of({}, root=Path("here")).root == project / "a" / "b" / "here"


def test_a_root_may_be_absolute_anywhere(project: Path, tmp_path: Path) -> None:
    assert settings_of({"path_to_experiments": f"{tmp_path}/x"}).root == tmp_path / "x"


@pytest.mark.parametrize(
    "text", ["threads:2", "threads: 2 \n# comment\n", "\ufeffthreads:2\n", "threads:2\r\n"]
)
def test_the_settings_of_a_project_are_lines(project: Path, text: str) -> None:
    (project / ".hermes_settings").write_text(text)
    assert project_settings(project)["threads"] == "2"


def test_a_mistake_in_the_settings_says_its_own_line(project: Path) -> None:
    (project / ".hermes_settings").write_text("threads:2\nnonsense\n")
    with pytest.raises(ExecutionFileError, match=r"\.hermes_settings, line 2: expected a setting"):
        project_settings(project)


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1.5"])
def test_a_number_of_jobs_is_a_number(project: Path, text: str) -> None:
    with pytest.raises(ExecutionFileError, match=r"expected the number of jobs at once, at least 1, got "):
        settings_of({"threads": text})


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_of_jobs_is_at_least_1_on_the_command_line_too(project: Path, number: int) -> None:
    with pytest.raises(ValueError, match=r"expected the number of jobs at once, at least 1, got "):
        settings_of({}, jobs_at_once=number)


# Jobs


def test_the_jobs_of_a_file(project: Path) -> None:
    (project / "a.hermes").write_text("PRE\nthreads:3\nEXEC\n[[python, echo.py],[]]\n")
    settings, jobs = jobs_of_file(project / "a.hermes")
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
        jobs_of_file(project / "a.hermes")


def test_a_file_that_is_not_there(project: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.hermes: expected a file"):
        jobs_of_file(project / "none.hermes")


def test_nothing_is_read_of_a_file_that_is_too_large(project: Path) -> None:
    """It may be a run's re_execution.hermes, which somebody else has written."""
    for name, read in (("a.hermes", jobs_of_file), (".hermes_settings", lambda _: project_settings(project))):
        with (project / name).open("wb") as file:
            file.truncate(1 << 40)
        with pytest.raises(ExecutionFileError) as error:
            read(project / name)
        assert str(error.value) == f"{project / name}: expected a file of at most 64 MiB, got {name!r}"


def test_a_command_line_is_a_job() -> None:
    job = job_of_command(["python", "-u", "train.py", "pos", "--lr", "0.1", "--flag"])
    assert (job.command, job.script, job.script_path) == (("python", "-u", "train.py"), "train", "train.py")
    assert job.lines == (("pos",), ("--flag",), ("--lr", "0.1"))
    assert job.argv("I") == ("python", "-u", "train.py", "pos", "--lr", "0.1", "--flag")


@pytest.mark.parametrize(
    "scripts",
    [["train.py"], ["a b.py", "dir/ä.py"], ["it's.py"], ["a,b].py"], ["# x.py"], ['a"b.py'], ["a{b}.py"], []],
)
def test_a_template_is_a_file_that_can_be_read(scripts: list[str]) -> None:
    file = parse_execution_file(template(scripts))
    assert file.problems == ()
    jobs = expand(file)
    assert [job.script_path for job in jobs[::6]] == scripts
    assert len(jobs) == sum(1 if "{" in script else 6 for script in scripts)


# A command that is shown while it runs


def settings_in(project: Path) -> Settings:
    return Settings(project / "experiments", project)


def test_what_a_command_prints_is_shown_and_kept(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = "import sys; sys.stdout.buffer.write(b'out \\xff\\x1b\\r\\n'); print('err', file=sys.stderr)"
    outcome = run_shown(
        job_of_command(["python", "-c", text]), settings_in(project), "n", ["one", "two"], True
    )
    assert capfdbinary.readouterr() == (b"out \xff\x1b\r\n", b"err\n")
    (exp,) = runs_in(project / "experiments")
    assert (outcome.path, exp.comments) == (exp.path_to_experiment, "one,two")
    assert exp.file("stdout.log").read_bytes() == b"out \xff\x1b\r\n"
    assert exp.file("stderr.log").read_bytes() == b"err\n"


def test_it_is_shown_at_once(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []

    def is_shown() -> bool:
        shown.append(capfd.readouterr().out)
        return "began 1" in "".join(shown)

    def look() -> None:
        wait_until(is_shown, "it is shown")
        (project / "finish").touch()

    thread = threading.Thread(target=look)
    thread.start()
    run_shown(job_of_command(["python", "wait.py", "1"]), settings_in(project), "n", (), True)
    thread.join()
    assert "".join(shown) + capfd.readouterr().out == "began 1\nended 1\n"


@pytest.mark.parametrize(("script", "presses"), [("wait.py", 1), ("stubborn.py", 2)])
def test_ctrl_c_ends_the_command_and_the_second_kills_it(
    project: Path, capfd: pytest.CaptureFixture[str], script: str, presses: int
) -> None:
    def press() -> None:
        wait_for(project / "began1")
        for _ in range(presses):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            wait_until(lambda: not alive() or leftovers(project / "experiments"), "it was heard")
            threading.Event().wait(0.2)

    def alive() -> bool:
        return is_alive(int((project / "began1").read_text()))

    thread = threading.Thread(target=press)
    thread.start()
    outcome = run_shown(job_of_command(["python", script, "1"]), settings_in(project), "n", (), True)
    thread.join()
    (exp,) = runs_in(project / "experiments")
    assert outcome.status is exp.status
    assert exp.run.info.exit_status == -signal.SIGINT  # it was asked, however it ended
    assert not alive()
    assert leftovers(project) == []


def test_a_command_that_we_ended_is_interrupted_however_we_did(project: Path) -> None:
    """A job that ignores SIGINT, and is killed by the second Ctrl-C, did not fail by itself."""
    plan = JobPlan(
        job_of_command(["python", "stubborn.py", "1"]),
        "n",
        0,
        project / "experiments",
        project,
        project / "halt",
    )

    def kill() -> None:
        wait_for(project / "began1")
        ask_to_stop(plan.stop)
        ask_to_stop(plan.stop)

    thread = threading.Thread(target=kill)
    thread.start()
    outcome = run_job(plan)
    thread.join()
    assert outcome.status is RunStatus.INTERRUPTED


# Logs


def test_logs_are_given_on_as_they_come(tmp_path: Path) -> None:
    shown: list[tuple[str, bytes]] = []
    follower = LogFollower(tmp_path, lambda name, data: shown.append((name, data)))
    follower.look()
    (tmp_path / "stdout.log").write_bytes(b"a")
    follower.look()
    (tmp_path / "stdout.log").write_bytes(b"abc")
    (tmp_path / "stderr.log").write_bytes(b"x")
    follower.look()
    follower.look()
    assert shown == [("stdout.log", b"a"), ("stdout.log", b"bc"), ("stderr.log", b"x")]


def test_what_came_after_the_last_look_is_not_lost(tmp_path: Path) -> None:
    shown: list[bytes] = []

    def is_ended() -> bool:
        with (tmp_path / "stdout.log").open("ab") as file:
            file.write(b"x")
        return (tmp_path / "stdout.log").stat().st_size == 3

    LogFollower(tmp_path, lambda _, data: shown.append(data)).follow(is_ended)
    assert b"".join(shown) == b"xxx"


def test_a_large_log_comes_in_pieces(tmp_path: Path) -> None:
    sizes: list[int] = []
    with (tmp_path / "stdout.log").open("wb") as file:
        file.truncate(100 << 20)
    LogFollower(tmp_path, lambda _, data: sizes.append(len(data))).look()
    assert sum(sizes) == 100 << 20
    assert max(sizes) <= 16 << 20


# Dask


def test_without_dask_jobs_run_here() -> None:
    with executor_of(None) as executor:
        assert executor is None


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MissingPackageError, match=r"pip install 'pyhermes-experiments\[dask\]'"),
        executor_of("tcp://127.0.0.1:1"),
    ):
        pass


def test_a_log_that_cannot_be_shown_ends_the_command(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: LogFollower) -> None:
        raise OSError("no terminal")

    monkeypatch.setattr(LogFollower, "look", refuse)
    settings = settings_of({}, root=project / "experiments", project=project)
    with pytest.raises(OSError, match="no terminal"):
        run_shown(job_of_command(["python", "wait.py", "1"]), settings, "n", (), False)
    (run,) = runs_in(project / "experiments")
    assert run.status is RunStatus.INTERRUPTED
