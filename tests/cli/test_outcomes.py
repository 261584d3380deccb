from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from pyhermes import RunStatus
from pyhermes.cli import main
from pyhermes.cli.outcomes import find_last_words, format_outcome
from pyhermes.runner import JobOutcome
from tests.cli.helpers import (
    closed_pipe,
    in_terminal,
    interrupt_when,
    pid_of,
    recorded,
    recorded_pid,
    sweep,
    the_run,
)
from tests.runner.helpers import (
    HERMES,
    after,
    hermes_running,
    is_alive,
    leftovers,
    runs_in,
    statuses,
    wait_until,
)


def test_a_command_that_fails_is_said_and_gives_1(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "-n", "n", "--", "python", "-c", "raise SystemExit(7)"]) == 1
    out, err = capfd.readouterr()
    exp = the_run(project / "experiments")
    assert (out, err) == ("", f"hermes: {exp.path_to_experiment}: its exit status is 7\n")


def test_a_script_that_is_not_there_is_said(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "-n", "n", "--", "python", "nowhere.py"]) == 1
    err = capfd.readouterr().err
    assert f"hermes: there is no script 'nowhere.py' in {project}\n" in err
    assert the_run(project / "experiments").status is RunStatus.FAILED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_command(project: Path, number: int, capfd: pytest.CaptureFixture[str]) -> None:
    thread = interrupt_when((project / "began1").exists, number)
    assert main(["exec", "-n", "n", "--", "python", "wait.py", "1"]) == 130
    thread.join()
    assert the_run(project / "experiments").status is RunStatus.INTERRUPTED
    assert "it was ended by SIGINT" in capfd.readouterr().err
    assert leftovers(project) == []


def test_a_sweep_gives_a_line_for_each_job(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sweep(project, "PROD([[python, echo.py, {i}],[]], i=[1, 2])\n[[python, -c 'raise SystemExit(3)'],[]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n", "--jobs", "2", "-c", "why", "--root", "new"]) == 1
    out, err = capfd.readouterr()
    runs = runs_in(project / "new")
    assert out == ""
    lines = sorted(err.splitlines())
    assert lines == sorted(
        [
            *(f"finished    {exp.identifier}  (its exit status is 0)" for exp in runs[:2]),
            f"failed      {runs[2].path_to_experiment}  (its exit status is 3)",
        ]
    )
    assert {exp.comments for exp in runs} == {"why"}


def test_with_debug_it_gives_the_commands_too(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sweep(project, "[[python, echo.py, 'a b', --lr 0.1],[-leg]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n", "--debug"]) == 0
    assert "\n  python echo.py IDENTIFIER 'a b' --lr 0.1\n" in capfd.readouterr().err


def test_a_sweep_that_cannot_be_recorded_says_which_jobs(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "experiments").touch()
    sweep(project, "[[python, echo.py],[]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 1
    assert capfd.readouterr().err.startswith("failed      job 0  (cannot be recorded: ")


def test_a_sweep_is_shown_as_a_bar_in_a_terminal(project: Path) -> None:
    file = sweep(project, "[[python, echo.py],[]]\n[[python, -c 'raise SystemExit(3)'],[]]")
    status, text = in_terminal(project, ["exec", "-f", file, "-n", "n"])
    assert status == 1
    assert "2/2" in text
    assert "1 failed" in text
    assert "(its exit status is 3)" in text


def test_who_does_not_read_does_not_hide_that_the_job_failed(project: Path) -> None:
    """`hermes exec ... | head` goes on to the end, and says what came of it."""
    text = "import time; print(1); time.sleep(0.3); print(2); raise SystemExit(3)"
    writer = closed_pipe()
    done = subprocess.run(
        [HERMES, "exec", "-n", "n", "--", "python", "-c", text],
        cwd=project,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    exp = the_run(project / "experiments")
    assert exp.file("stdout.log").read_text() == "1\n2\n"
    assert exp.run.info.exit_status == 3
    assert (done.returncode, b"its exit status is 3" in done.stderr) == (1, True)


def test_ctrl_c_reaches_a_command_whose_output_nobody_reads(project: Path) -> None:
    writer = closed_pipe()
    with hermes_running(
        project, ["exec", "-n", "n", "--", "python", "wait.py", "1"], stdout=writer
    ) as process:
        os.close(writer)
        pid = pid_of(project)
        wait_until(after(0.5), "the recorder has seen that nobody reads")
        process.send_signal(signal.SIGINT)
        process.wait(5)
        assert not is_alive(pid)
    assert statuses(project / "experiments") == [RunStatus.INTERRUPTED]


# Processes that end in other ways


def test_a_recorder_that_is_killed_takes_no_job_with_it(project: Path) -> None:
    file = sweep(project, "[[python, wait.py, 1],[]]\n[[python, wait.py, 2],[]]")
    root = project / "experiments"
    with hermes_running(project, ["exec", "-f", file, "-n", "n"]) as process:
        pid = pid_of(project)
        wait_until(lambda: recorded_pid(the_run(root)) == pid, "the job's process is recorded")
        process.kill()
        process.wait()
    assert is_alive(pid)
    assert statuses(root) == [RunStatus.RUNNING]
    (project / "finish").touch()
    wait_until(lambda: not is_alive(pid), "the job has ended")
    assert statuses(root) == [RunStatus.LOST]
    exp = the_run(root)
    assert exp.file("stdout.log").read_text() == "began 1\nended 1\n"
    assert (exp.start_time is None, exp.end_time) == (False, None)
    assert not (project / "began2").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_recorder_ends_the_sweep(project: Path, number: int) -> None:
    file = sweep(project, "PROD([[python, wait.py, {i}],[]], i=[1, 2, 3])")
    with hermes_running(project, ["exec", "-f", file, "-n", "n", "--jobs", "2"]) as process:
        pids = [pid_of(project, 1), pid_of(project, 2)]
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert b"interrupted before it began" in err
    assert statuses(project / "experiments") == [RunStatus.INTERRUPTED] * 2
    assert not any(map(is_alive, pids))
    assert not (project / "began3").exists()
    assert leftovers(project) == []


def test_ctrl_c_in_the_midst_of_a_sweep(project: Path) -> None:
    file = sweep(project, "PROD([[python, wait.py, {i}],[]], i=RANGE[1, 9])")
    began = [project / "began1", project / "began2"]
    words = ["exec", "-f", file, "-n", "n", "--jobs", "2"]
    status, text = in_terminal(project, words, [lambda: all(path.exists() for path in began)])
    assert (status, "Traceback" in text) == (130, False)
    assert statuses(project / "experiments") == [RunStatus.INTERRUPTED] * 2
    assert [exp.end_time is None for exp in runs_in(project / "experiments")] == [False, False]
    assert sorted(path.name for path in project.glob("began*")) == ["began1", "began2"]
    assert not any(is_alive(int(path.read_text())) for path in began)
    assert leftovers(project) == []


def test_ctrl_c_in_the_midst_of_a_command(project: Path) -> None:
    words = ["exec", "-n", "n", "--", "python", "wait.py", "1"]
    status, text = in_terminal(project, words, [(project / "began1").exists])
    assert (status, "began 1" in text) == (130, True)
    assert statuses(project / "experiments") == [RunStatus.INTERRUPTED]
    assert leftovers(project) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sweep", "command"])
def test_a_second_ctrl_c_kills_who_does_not_listen(project: Path, kind: str) -> None:
    file = sweep(project, "PROD([[python, stubborn.py, {i}],[]], i=[1])")
    words = {"sweep": ["-f", file], "command": ["--", "python", "stubborn.py", "1"]}[kind]
    presses = [(project / "began1").exists, after(0.5)]
    status, text = in_terminal(project, ["exec", "-n", "n", *words], presses)
    exp = the_run(project / "experiments")
    assert exp.run.info.exit_status == -signal.SIGINT
    assert not is_alive(pid_of(project))
    assert leftovers(project) == []
    assert (status, "Traceback" in text) == (130, False)


def test_two_ctrl_cs_at_once_are_heard_as_one_at_least(project: Path) -> None:
    file = sweep(project, "[[python, wait.py, 1],[]]\n[[python, wait.py, 2],[]]")
    begun = (project / "began1").exists
    status, _ = in_terminal(project, ["exec", "-f", file, "-n", "n"], [begun, begun, begun])
    assert status == 130
    assert not is_alive(pid_of(project))
    assert the_run(project / "experiments").run.info.exit_status in (-signal.SIGINT, -signal.SIGKILL)
    assert leftovers(project) == []


def test_ctrl_c_where_nothing_is_recorded_is_no_traceback(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exp = recorded(project)
    status, text = in_terminal(project, ["rerun", exp.identifier], [after(1.5)])
    assert (status, "Traceback" in text) == (130, False)


# Why a job failed


CRASH = "import sys\nprint('1/2\\r2/2', file=sys.stderr)\nraise ValueError('diverged \\x1b[31m' + 'x' * int(sys.argv[1]))\n"


def test_a_job_that_failed_is_said_once_with_the_last_line_of_its_stderr(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "crash.py").write_text(CRASH)
    file = sweep(project, "[[python, crash.py, 1],[]]\n[[python, nowhere.py],[]]\n[[python, echo.py],[]]")
    assert main(["exec", "-f", file, "-n", "n"]) == 1
    crashed, missing, echoed = runs_in(project / "experiments")
    lines = capfd.readouterr().err.splitlines()
    assert lines == [
        f"failed      {crashed.path_to_experiment}  (its exit status is 1): ValueError: diverged \\x1b[31mx",
        f"failed      {missing.path_to_experiment}  (its exit status is 127): there is no script 'nowhere.py' in {project}",
        f"finished    {echoed.identifier}  (its exit status is 0)",
    ]


def test_in_a_terminal_it_is_said_once_too(project: Path) -> None:
    (project / "crash.py").write_text(CRASH)
    status, text = in_terminal(
        project, ["exec", "-f", sweep(project, "[[python, crash.py, 1],[]]"), "-n", "n"]
    )
    assert status == 1
    assert text.count("(its exit status is 1): ValueError: diverged \\x1b[31mx") == 1
    assert text.count("its exit status") == text.count("ValueError") == 1


def test_of_one_command_whose_output_is_shown_nothing_is_said_twice(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "crash.py").write_text(CRASH)
    assert main(["exec", "-n", "n", "--", "python", "crash.py", "1"]) == 1
    err = capfd.readouterr().err
    assert (err.count("ValueError: "), err.count("its exit status is 1\n")) == (1, 1)


def failed_outcome(path: Path | None, reason: str = "its exit status is 1") -> JobOutcome:
    return JobOutcome(3, path, RunStatus.FAILED, reason)


def test_long_last_words_are_cut(tmp_path: Path) -> None:
    (tmp_path / "stderr.log").write_text(f"first\n{'x' * 1000}\n")
    assert find_last_words(failed_outcome(tmp_path)) == f"{'x' * 200}..."


def test_what_the_reason_says_already_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "stderr.log").write_text("OSError: no room\nhermes: there is no file 'a'\n")
    outcome = failed_outcome(tmp_path, "its exit status is 1; there is no file 'a'")
    assert find_last_words(outcome) == "OSError: no room"


@pytest.mark.parametrize("text", ["", "\n \n", None])
def test_a_job_may_have_no_last_words(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "stderr.log").write_text(text)
    assert find_last_words(failed_outcome(tmp_path)) is None
    assert format_outcome(failed_outcome(tmp_path)) == f"failed      {tmp_path}  (its exit status is 1)"


def test_a_job_without_a_run_is_named_by_its_number() -> None:
    assert format_outcome(failed_outcome(None)) == "failed      job 3  (its exit status is 1)"


def test_what_an_interrupted_job_printed_last_is_no_reason(tmp_path: Path) -> None:
    (tmp_path / "stderr.log").write_text("KeyboardInterrupt\n")
    outcome = JobOutcome(0, tmp_path, RunStatus.INTERRUPTED, "it was ended by SIGINT")
    assert format_outcome(outcome) == f"interrupted {tmp_path}  (it was ended by SIGINT)"
