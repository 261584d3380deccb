from __future__ import annotations

import signal
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from pyhermes import RunStatus
from pyhermes.core.disk.stop_file import ask_to_stop
from pyhermes.runner import JobOutcome, JobPlan, run_job
from pyhermes.runner.exec_plan import (
    make_command_job,
    plan_command,
)
from pyhermes.runner.foreground import run_in_foreground
from pyhermes.runner.log_follower import LogFollower
from tests.runner.helpers import is_alive, leftovers, make_project, runs_in, wait_for, wait_until


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def run(project: Path, *words: str, comments: Iterable[str] = ()) -> JobOutcome:
    """Run a command in the foreground, in the current directory."""
    (outcome,) = run_in_foreground(plan_command(words, name="n", comments=comments)).outcomes
    return outcome


def test_what_a_command_prints_is_shown_and_kept(
    project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = "import sys; sys.stdout.buffer.write(b'out \\xff\\x1b\\r\\n'); print('err', file=sys.stderr)"
    outcome = run(project, "python", "-c", text, comments=["one", "two"])
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
    run(project, "python", "wait.py", "1")
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
    outcome = run(project, "python", script, "1")
    thread.join()
    (exp,) = runs_in(project / "experiments")
    assert outcome.status is exp.status
    assert exp.run.info.exit_status == -signal.SIGINT  # it was asked, however it ended
    assert not alive()
    assert leftovers(project) == []


def test_a_command_that_we_ended_is_interrupted_however_we_did(project: Path) -> None:
    """A job that ignores SIGINT, and is killed by the second Ctrl-C, did not fail by itself."""
    plan = JobPlan(
        make_command_job(["python", "stubborn.py", "1"]),
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


def test_a_log_that_cannot_be_shown_ends_the_command(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: LogFollower) -> None:
        raise OSError("no terminal")

    monkeypatch.setattr(LogFollower, "read_new", refuse)
    with pytest.raises(OSError, match="no terminal"):
        run(project, "python", "wait.py", "1")
    (exp,) = runs_in(project / "experiments")
    assert exp.status is RunStatus.INTERRUPTED
