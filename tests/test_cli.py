from __future__ import annotations

import fcntl
import json
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.cli import main
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.core.sweep.file import parse_execution_file
from pyhermes.core.sweep.jobs import expand
from tests.conftest import CRASHED, DOUBLE, FIRST
from tests.runner.helpers import (
    HERMES,
    after,
    git,
    hermes_running,
    is_alive,
    leftovers,
    make_project,
    runs_in,
    statuses,
    wait_for,
    wait_until,
)

CARTPOLE = "runs/cartpole_dqn/dqn-vs-ddqn"
COMMANDS = ["create", "diff", "exec", "logs", "ls", "plot", "rerun", "show", "status"]
LOUD = "import sys\nfor _ in range(100):\n    sys.stdout.write(('x' * 99 + '\\n') * 10000)\n"
MEASURED = """
import re, sys
from pyhermes.cli import main
status = main(sys.argv[2:])
with open("/proc/self/status") as file, open(sys.argv[1], "w") as peak:
    peak.write(re.search("VmHWM:\\\\s*([0-9]+)", file.read())[1])
sys.exit(status)
"""


@pytest.fixture(autouse=True)
def no_handler_left() -> Iterator[None]:
    """The command handles SIGTERM, which pytest should not go on to."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


@pytest.fixture
def examples(project: Path, runs: Path) -> Path:
    """A project with the example runs."""
    return Path(shutil.move(runs, project / "runs"))


def sweep(project: Path, text: str, name: str = "sweep.hermes") -> str:
    (project / name).write_text(text if "EXEC" in text else f"EXEC\n{text}\n")
    return name


def interrupt_when(holds: Callable[[], object], number: int = signal.SIGINT) -> threading.Thread:
    """Send a signal to the main thread as soon as something holds."""

    def interrupt() -> None:
        wait_until(holds, "it is time to interrupt")
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


def the_run(root: Path) -> Experiment:
    (exp,) = runs_in(root)
    return exp


def pid_of(project: Path, number: int = 1) -> int:
    wait_for(project / f"began{number}")
    return int((project / f"began{number}").read_text())


# One command


def test_a_command_is_recorded_and_shown(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = [
        "exec",
        "-n",
        "my name",
        "-c",
        "one",
        "--comment",
        "two",
        "--",
        "python",
        "echo.py",
        "--lr",
        "0.1",
    ]
    assert main(words) == 0
    assert capfd.readouterr() == ('["--lr", "0.1"]\n', "")
    exp = the_run(project / "experiments" / "echo" / "my name")
    assert (exp.status, exp.comments, exp.exec_args) == (RunStatus.FINISHED, "one,two", {"--lr 0.1"})


def test_options_after_the_two_hyphens_are_the_commands_own(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["-n", "x", "-f", "y", "--help", "--jobs", "--", "--name=z", "-c"]
    assert main(["exec", "-n", "n", "--", "python", "echo.py", *given]) == 0
    assert json.loads(capfd.readouterr().out) == given


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


def test_from_a_folder_of_the_project_it_runs_there_and_is_recorded_with_the_others(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    git(project, "init")
    (project / "sub").mkdir()
    (project / "sub" / "here.py").write_text("import os\nprint(os.getcwd())")
    monkeypatch.chdir(project / "sub")
    assert main(["exec", "-n", "n", "--", "python", "here.py"]) == 0
    assert capfd.readouterr().out == f"{project / 'sub'}\n"
    assert the_run(project / "experiments").status is RunStatus.FINISHED
    # and the commands that look find it there
    assert main(["ls", "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)) == 1
    assert main(["status"]) == 0
    assert capfd.readouterr().out.startswith("1 finished")


def test_the_runs_are_found_where_the_settings_say(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".hermes_settings").write_text("path_to_experiments:elsewhere\n")
    assert main(["exec", "-n", "n", "--", "python", "echo.py"]) == 0
    exp = the_run(project / "elsewhere")
    assert main(["show", exp.identifier]) == 0
    capsys.readouterr()
    assert main(["ls"]) == 0
    assert exp.identifier in capsys.readouterr().out


def test_project_and_root_may_be_said(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["exec", "-n", "n", "--project", "project", "--", "python", "echo.py"]) == 0
    assert the_run(project / "experiments").status is RunStatus.FINISHED
    words = ["--project", "project", "--root", "my root", "--no-patch"]
    assert main(["exec", "-n", "n", *words, "--", "python", "echo.py"]) == 0
    assert the_run(tmp_path / "my root").status is RunStatus.FINISHED


def test_a_project_that_is_not_there_is_wrong_use(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(project, "[[python, echo.py],[]]")
    for words in (["-f", "sweep.hermes"], ["--", "python", "echo.py"]):
        assert main(["exec", "-n", "n", "--project", "nowhere", *words]) == 2
        assert "nowhere" in capsys.readouterr().err
    assert not (project / "nowhere").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_command(project: Path, number: int, capfd: pytest.CaptureFixture[str]) -> None:
    thread = interrupt_when((project / "began1").exists, number)
    assert main(["exec", "-n", "n", "--", "python", "wait.py", "1"]) == 130
    thread.join()
    assert the_run(project / "experiments").status is RunStatus.INTERRUPTED
    assert "it was ended by SIGINT" in capfd.readouterr().err
    assert leftovers(project) == []


def test_changes_that_are_not_committed_are_kept_unless_it_is_said(project: Path) -> None:
    git(project, "init")
    git(project, "add", "echo.py")
    git(project, "commit", "-m", "first")
    (project / "echo.py").write_text("print('changed')\n")
    for words in (["--no-patch"], ["--patch"], []):
        assert main(["exec", "-n", "n", *words, "--", "python", "echo.py"]) == 0
    kept = [
        exp.file("uncommitted.patch").exists() for exp in sorted(runs_in(project), key=lambda e: e.identifier)
    ]
    assert kept == [False, True, True]


# Sweeps


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
            f"failed      {runs[2].identifier}  (its exit status is 3)",
            f"hermes: {runs[2].path_to_experiment}: its exit status is 3",
        ]
    )
    assert {exp.comments for exp in runs} == {"why"}


def test_with_debug_it_gives_the_commands_too(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sweep(project, "[[python, echo.py, 'a b', --lr 0.1],[-leg]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n", "--debug"]) == 0
    assert "\n  python echo.py IDENTIFIER 'a b' --lr 0.1\n" in capfd.readouterr().err


@pytest.mark.parametrize("words", [["-f", "sweep.hermes"], ["--", "python", "echo.py"]])
def test_a_name_that_no_directory_can_have_is_wrong_use(
    project: Path, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    sweep(project, "[[python, echo.py],[]]")
    assert main(["exec", "-n", "a/b", *words]) == 2
    assert "expected a name of at most 255 bytes" in capfd.readouterr().err
    assert not (project / "experiments").exists()


def test_a_sweep_that_cannot_be_recorded_says_which_jobs(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "experiments").touch()
    sweep(project, "[[python, echo.py],[]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 1
    assert "hermes: job 0: cannot be recorded: " in capfd.readouterr().err


def test_only_compiling_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(project, "PROD([[python, echo.py, {i}, 'a b'],[-leg]], i=RANGE[3, 1, -1])")
    before = sorted(project.rglob("*"))
    assert main(["exec", "-f", "sweep.hermes", "-n", "n", "--compile-only"]) == 0
    assert capsys.readouterr().out == "python echo.py IDENTIFIER 3 'a b'\npython echo.py IDENTIFIER 2 'a b'\n"
    assert sorted(project.rglob("*")) == before


def test_only_compiling_never_runs_a_command(project: Path) -> None:
    main(["exec", "-n", "n", "--compile-only", "--", "python", "echo.py"])
    assert not (project / "experiments").exists()


@pytest.mark.parametrize(
    ("settings", "pre", "words", "most"),
    [
        ("", "", [], 1),
        ("threads:2", "", [], 2),
        ("threads:2", "threads:3", [], 3),
        ("threads:1", "threads:1", ["--jobs", "2"], 2),
    ],
)
def test_as_many_jobs_run_at_once_as_is_said(
    project: Path, settings: str, pre: str, words: list[str], most: int
) -> None:
    (project / ".hermes_settings").write_text(settings)
    (project / "count.py").write_text(
        "import os, sys, time\n"
        "open(f'on{sys.argv[1]}', 'w')\n"
        f"end = time.monotonic() + (30 if int(sys.argv[1]) < {most} else 0)\n"
        "seen = 0\n"
        f"while time.monotonic() < end and seen < {most} and not os.path.exists('all'):\n"
        "    seen = sum(name.startswith('on') for name in os.listdir())\n"
        "    time.sleep(0.01)\n"
        "seen = sum(name.startswith('on') for name in os.listdir())\n"
        f"if seen >= {most}:\n"
        "    open('all', 'w')\n"
        "time.sleep(0.1)\n"
        "print(sum(name.startswith('on') for name in os.listdir()))\n"
        "os.remove(f'on{sys.argv[1]}')\n"
    )
    file = sweep(project, f"PRE\n{pre}\nEXEC\nPROD([[python, count.py, {{i}}],[]], i=RANGE[0, 4])")
    assert main(["exec", "-f", file, "-n", "n", *words]) == 0
    counts = [int(exp.file("stdout.log").read_text()) for exp in runs_in(project / "experiments")]
    assert max(counts) == most


def test_a_sweep_is_shown_as_a_bar_in_a_terminal(project: Path) -> None:
    file = sweep(project, "[[python, echo.py],[]]\n[[python, -c 'raise SystemExit(3)'],[]]")
    status, text = in_terminal(project, ["exec", "-f", file, "-n", "n"])
    assert status == 1
    assert "2/2" in text
    assert "1 failed" in text
    assert "(its exit status is 3)" in text


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_of_jobs_below_1_is_wrong_use(
    project: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(project, "[[python, echo.py],[]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n", f"--jobs={number}"]) == 2
    assert "at least 1" in capsys.readouterr().err


# Templates


def test_a_template_is_written_and_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "my sweep.hermes", "-s", "echo.py", "--script", "a b.py"]) == 0
    hint = "wrote my sweep.hermes; now: hermes exec -f 'my sweep.hermes' -n NAME\n"
    assert capsys.readouterr().out == hint
    jobs = expand(parse_execution_file((project / "my sweep.hermes").read_text()))
    assert {job.script_path for job in jobs} == {"echo.py", "a b.py"}
    (project / "a b.py").write_text("")
    assert main(["exec", "-f", "my sweep.hermes", "-n", "n", "--jobs", "4"]) == 0
    assert len(runs_in(project / "experiments")) == len(jobs) == 12


def test_a_template_is_never_written_over_a_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.hermes").write_text("mine")
    assert main(["create", "a.hermes"]) == 2
    assert capsys.readouterr().err == "hermes: a.hermes: there is a file already\n"
    assert (project / "a.hermes").read_text() == "mine"


# Running again


def recorded(project: Path, words: Sequence[str] = ("python", "echo.py", "a b")) -> Experiment:
    sweep(project, f"[[{', '.join(map(shlex.quote, words))}],[-c again]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 0
    return the_run(project / "experiments")


@pytest.mark.parametrize(("answer", "status"), [("y", 0), (" YES ", 0), ("", 2), ("n", 2), ("yo", 2)])
def test_running_again_asks(
    project: Path,
    answer: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exp = recorded(project)

    def ask(prompt: str) -> str:
        print(prompt)
        return answer

    monkeypatch.setattr("builtins.input", ask)
    capsys.readouterr()
    assert main(["rerun", exp.identifier[:20]]) == status
    assert capsys.readouterr().out.startswith("python echo.py 'a b'\nrun this? [y/N] \n")
    runs = runs_in(project / "experiments" / "echo" / "n")
    assert len(runs) == (2 if status == 0 else 1)
    assert {run.comments for run in runs} == {"again"}


def test_running_again_does_not_ask_who_said_yes(project: Path) -> None:
    exp = recorded(project)
    assert main(["rerun", str(exp.path_to_experiment), "--yes"]) == 0
    assert len(runs_in(project / "experiments" / "echo" / "n")) == 2


def test_a_command_is_run_again_as_it_was(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(project, "init")
    (project / "sub").mkdir()
    (project / "echo.py").rename(project / "sub" / "echo.py")
    monkeypatch.chdir(project / "sub")
    assert main(["exec", "-n", "n", "--", "python", "echo.py", "a b"]) == 0
    capsys.readouterr()
    exp = the_run(project / "experiments")
    assert main(["rerun", exp.identifier, "-y"]) == 0
    assert '["a b"]' in capsys.readouterr().out
    assert statuses(project / "experiments") == [RunStatus.FINISHED] * 2


def test_nobody_to_ask_is_no(project: Path) -> None:
    exp = recorded(project)
    done = subprocess.run(
        [HERMES, "rerun", exp.identifier],
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert len(runs_in(project / "experiments")) == 1


def test_what_is_asked_cannot_hide_what_would_run(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exp = recorded(project)
    file = exp.file("re_execution.hermes")
    file.write_text("EXEC\n[[python, evil.py, '\x1b[2K\rpython echo.py'],[]]\n")
    monkeypatch.setattr("builtins.input", lambda _: "n")
    capsys.readouterr()
    assert main(["rerun", exp.identifier]) == 2
    assert capsys.readouterr().out == "python evil.py '\\x1b[2K\\rpython echo.py'\n"


def test_what_would_be_done_to_files_is_shown_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stranger's file may move any file of the user's away."""
    exp = recorded(project)
    exp.file("re_execution.hermes").write_text("EXEC\n[[python, echo.py],[-ma precious.txt]]\n")
    monkeypatch.setattr("builtins.input", lambda _: "n")
    capsys.readouterr()
    assert main(["rerun", exp.identifier]) == 2
    assert "precious.txt" in capsys.readouterr().out


def test_a_run_without_its_file_cannot_be_run_again(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exp = recorded(project)
    exp.file("re_execution.hermes").unlink()
    assert main(["rerun", exp.identifier, "-y"]) == 2
    assert "re_execution.hermes: expected a file, got a path where nothing is" in capsys.readouterr().err


# Looking


def test_runs_are_listed(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", CARTPOLE]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"4 runs in {CARTPOLE}"
    assert {"--seed", "--doubledqn"} <= {*lines[2].split()}
    assert [line.split()[0] for line in lines[3:]] == sorted(os.listdir(examples.parent / CARTPOLE))


def test_runs_are_listed_as_json_filtered_and_sorted(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(*words: str) -> list[dict[str, object]]:
        assert main(["ls", CARTPOLE, "--json", *words]) == 0
        found = json.loads(capsys.readouterr().out)
        assert isinstance(found, list)
        return found

    everything = listed()
    assert len(everything) == 4
    assert everything[0]["identifier"] == Path(FIRST).name
    assert everything[0]["arguments"] == {"-lr": 0.001, "--seed": 0, "-es": 1.0, "-ee": 0.01, "-ed": 0.97}
    assert everything[0]["status"] == "unknown"
    double = listed("--filter=--doubledqn", "--filter=--seed 2")
    assert [run["identifier"] for run in double] == [Path(DOUBLE).name]
    assert listed("--filter=--seed") == []
    durations = [run["duration"] for run in listed("--sort", "duration")]
    assert durations == sorted(durations, key=str) or durations == sorted(
        durations, key=lambda d: float(str(d))
    )
    by_seed = [run["arguments"] for run in listed("--sort=--seed")]
    assert [args["--seed"] for args in by_seed if isinstance(args, dict)] == sorted(
        args["--seed"] for args in by_seed if isinstance(args, dict)
    )


def test_a_key_that_no_run_has_is_said(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", CARTPOLE, "--sort", "durration"]) == 2
    assert "durration" in capsys.readouterr().err


def test_no_runs_are_listed_as_such(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "experiments").mkdir()
    assert main(["ls"]) == 0
    assert capsys.readouterr().out.startswith("0 runs in ")
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("no runs in ")
    assert main(["ls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_what_became_of_runs_is_counted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(project, "[[python, echo.py],[]]\n[[python, echo.py],[]]\n[[python, nowhere.py],[]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 1
    failed = runs_in(project / "experiments")[2].path_to_experiment
    capsys.readouterr()
    assert main(["status"]) == 0
    assert (
        capsys.readouterr().out == f"2 finished, 1 failed\nfailed      {failed}  (its exit status is 127)\n"
    )
    assert main(["status", "experiments/echo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "counts": {status.value: 2 * (status is RunStatus.FINISHED) for status in RunStatus},
        "runs": [],
    }
    assert main(["status", "--json"]) == 0
    (left,) = json.loads(capsys.readouterr().out)["runs"]
    assert (left["path"], left["status"]) == (str(failed), "failed")


@pytest.mark.parametrize("command", ["ls", "status"])
@pytest.mark.parametrize("name", ["hermes.info", "exec_arguments"])
def test_runs_that_cannot_be_read_are_said_and_the_others_shown(
    examples: Path, command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (examples / FIRST / name).unlink()
    (examples / FIRST / name).mkdir()
    assert main([command, "runs", "--json"]) == 0
    out, err = capsys.readouterr()
    assert Path(FIRST).name in err
    assert "expected a regular file, got a directory" in err
    assert json.loads(out)


@pytest.mark.parametrize("name", ["exec_arguments", "hermes.info"])
def test_a_run_that_cannot_be_read_is_no_traceback(
    examples: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (examples / FIRST / name).unlink()
    (examples / FIRST / name).mkdir()
    assert main(["show", f"runs/{FIRST}"]) == (0 if name == "exec_arguments" else 2)
    assert "expected a regular file, got a directory" in capsys.readouterr().err


def test_what_is_in_a_folder_is_listed_with_its_control_characters_escaped(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (examples / FIRST / "exec_arguments").open("a") as file:
        file.write("--note \x1b]0;title\x07\n")
    with (examples / FIRST / "hermes.info").open("a") as file:
        file.write("comments:\x1b[31mred\nexit_status:1\n")
    (examples / FIRST / "file\x1b[31m").touch()
    for words in (["ls", CARTPOLE], ["show", f"runs/{FIRST}"], ["status", "runs"], ["diff", f"runs/{FIRST}", f"runs/{DOUBLE}"]):  # fmt: skip
        assert main(words) == 0
        out, err = capsys.readouterr()
        assert "\x1b" not in out + err
        assert "\x07" not in out + err


def test_one_run_is_shown(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"runs/{FIRST}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"identifier  {Path(FIRST).name}"
    assert "comments    baseline" in lines
    assert any(line.endswith(f"{Path(FIRST).name}.scores") for line in lines)
    assert main(["show", Path(FIRST).name[:19], "--root", "runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(examples / FIRST)


def test_a_run_is_named_by_what_only_it_begins_with(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "2026_11_23_18235", "--root", "runs"]) == 0
    assert main(["show", Path(FIRST).name, "--root", "runs"]) == 0
    capsys.readouterr()
    assert main(["show", "2026", "--root", "runs"]) == 2
    err = capsys.readouterr().err
    assert f"{examples}: expected one run whose identifier begins with '2026', got 6" in err or "got" in err
    assert main(["show", "1999", "--root", "runs"]) == 2
    assert "expected one run whose identifier begins with '1999', got 0: none" in capsys.readouterr().err
    assert main(["show", "1999", "--root", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_the_whole_identifier_is_never_ambiguous(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(examples / FIRST, examples / f"{FIRST}_copy")
    assert main(["show", Path(FIRST).name, "--root", "runs"]) == 0
    assert f"identifier  {Path(FIRST).name}\n" in capsys.readouterr().out


def test_where_two_runs_have_one_identifier_their_paths_are_said(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(examples / FIRST, examples / "copies" / Path(FIRST).name)
    assert main(["show", Path(FIRST).name, "--root", "runs"]) == 2
    assert "copies" in capsys.readouterr().err


def test_two_runs_are_compared(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", f"runs/{FIRST}", f"runs/{DOUBLE}"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["first", "second"]
    assert ["comments", "baseline", "double"] in lines
    assert ["--seed", "0", "2"] in lines
    assert ["--doubledqn", "-", "True"] in lines


def test_training_curves_are_drawn(
    examples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", f"runs/{FIRST}", f"runs/{DOUBLE}", "-o", "two.png"]) == 0
    assert capsys.readouterr().out == "drew two.png\n"
    assert main(["plot", f"runs/{FIRST}"]) == 0
    two, one = (Path(name).read_bytes() for name in ("two.png", f"{Path(FIRST).name}.png"))
    assert two[:8] == one[:8] == b"\x89PNG\r\n\x1a\n"
    heights = [int.from_bytes(picture[20:24], "big") for picture in (two, one)]
    assert heights[0] == 2 * heights[1]
    assert main(["plot", f"runs/{FIRST}", "--output", "one.svg"]) == 0
    assert b"<svg" in Path("one.svg").read_bytes()


def test_a_short_run_is_drawn_too(examples: Path) -> None:
    (examples / FIRST / f"{Path(FIRST).name}.scores").write_text("1\n")
    assert main(["plot", f"runs/{FIRST}", "-o", "one.png"]) == 0


@pytest.mark.parametrize("scores", ["", None, "x\n"])
def test_a_run_without_scores_cannot_be_drawn(
    examples: Path, scores: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = examples / FIRST / f"{Path(FIRST).name}.scores"
    file.unlink() if scores is None else file.write_text(scores)
    status = main(["plot", f"runs/{FIRST}", "-o", "one.png"])
    assert (status, "Traceback" in capsys.readouterr().err) in ((2, False), (0, False))


@pytest.mark.parametrize("picture", ["no/folder.png", "one.nonsense"])
def test_a_picture_that_cannot_be_written_is_said(
    examples: Path, picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", f"runs/{FIRST}", "-o", picture]) == 2
    err = capsys.readouterr().err
    assert err.startswith("hermes: ")
    assert picture.rpartition(".")[2] in err


def test_the_picture_that_is_said_is_the_one_that_was_drawn(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", f"runs/{FIRST}", "-o", "curves"]) == 0
    name = capsys.readouterr().out.removeprefix("drew ").rstrip()
    assert Path(name).read_bytes()[:4] == b"\x89PNG"


# Logs


def test_logs_are_printed_with_their_control_characters_escaped(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "import sys; sys.stdout.buffer.write('\\x1b[31mä\\r\\n5%\\r10%\\n\\tx\\x07\\n'.encode() + b'\\xff');"
        " print('err\\x9b', file=sys.stderr)"
    )
    sweep(project, f'[[python, -c "{text.replace(chr(92), chr(92) * 2)}"],[]]')
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 0
    capsys.readouterr()
    assert main(["logs", the_run(project / "experiments").identifier]) == 0
    out, err = capsys.readouterr()
    assert out == "\\x1b[31mä\n5%\n10%\n        x\\x07\n\\udcff"
    assert err == "err\\x9b\n"


def test_the_logs_of_a_run_that_goes_on_are_followed_to_its_end(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sweep(project, "[[python, wait.py, 1],[]]")
    with hermes_running(project, ["exec", "-f", file, "-n", "n"]) as process:
        wait_for(project / "began1")
        exp = the_run(project / "experiments")
        assert main(["logs", exp.identifier]) == 0
        assert capsys.readouterr().out == "began 1\n"
        threading.Timer(0.3, (project / "finish").touch).start()
        assert main(["logs", exp.identifier, "--follow"]) == 0
        assert capsys.readouterr().out == "began 1\nended 1\n"
        process.communicate()


def test_logs_are_followed_until_ctrl_c(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sweep(project, "[[python, wait.py, 1],[]]")
    with hermes_running(project, ["exec", "-f", file, "-n", "n"]) as process:
        wait_for(project / "began1")
        thread = interrupt_when(after(0.5))
        assert main(["logs", "-f", the_run(project / "experiments").identifier]) == 130
        thread.join()
        assert statuses(project / "experiments") == [RunStatus.RUNNING]
        (project / "finish").touch()
        process.communicate()
    assert statuses(project / "experiments") == [RunStatus.FINISHED]


def test_a_character_in_two_pieces_is_one_character(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pieces.py").write_text(
        "import os, sys, time\n"
        "sys.stdout.buffer.write('ä'.encode()[:1]); sys.stdout.flush()\n"
        "open('half', 'w')\n"
        "while not os.path.exists('finish'):\n    time.sleep(0.01)\n"
        "sys.stdout.buffer.write('ä'.encode()[1:]); sys.stdout.flush()\n"
    )
    file = sweep(project, "[[python, pieces.py],[]]")
    with hermes_running(project, ["exec", "-f", file, "-n", "n"]) as process:
        wait_for(project / "half")
        threading.Timer(0.3, (project / "finish").touch).start()
        assert main(["logs", "-f", the_run(project / "experiments").identifier]) == 0
        process.communicate()
    assert capsys.readouterr().out == "ä"


def test_the_logs_of_a_run_that_is_over_are_followed_to_their_end(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "--follow", f"runs/{CRASHED}"]) == 0
    assert "simulated divergence" in capsys.readouterr().err


def test_logs_that_are_not_there_are_nothing(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("stdout.log", "stderr.log"):
        (examples / FIRST / name).unlink()
    assert main(["logs", f"runs/{FIRST}"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
def test_logs_that_are_no_files_are_not_read(examples: Path, kind: str) -> None:
    """As everywhere, only regular files inside the run's own directory are read: nothing blocks."""
    log = examples / FIRST / "stdout.log"
    log.unlink()
    (examples.parent / "secret").write_text("secret")
    {
        "fifo": os.mkfifo,
        "folder": os.mkdir,
        "link": lambda path: os.symlink(examples.parent / "secret", path),
    }[kind](log)
    done = subprocess.run(
        [HERMES, "logs", f"runs/{FIRST}"], cwd=examples.parent, capture_output=True, timeout=10, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert b"secret" not in done.stdout


# Wrong use


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "nonsense"),
        (["ls", "--nonsense"], "--nonsense"),
        (["ls", "nowhere"], "nowhere: expected a directory"),
        (["ls", "echo.py"], "expected a directory, got something else"),
        (["status", "nowhere"], "nowhere: expected a directory"),
        (["exec"], "--name"),
        (["exec", "-n", "n"], "expected either a command after --, or an execution file with -f"),
        (["exec", "-n", "n", "-f", "a", "--", "b"], "expected either a command after --"),
        (["exec", "-n", "n", "-f", "none.hermes"], "none.hermes: expected a file"),
        (["exec", "-n", "n", "-f", "bad.hermes"], "bad.hermes, line 2: expected an option"),
        (["exec", "-n", "n", "-f", "bad.hermes", "--compile-only"], "bad.hermes, line 2: expected an option"),
        (["exec", "-n", "n", "--jobs", "many", "-f", "bad.hermes"], "many"),
        (["create"], "FILE"),
        (["create", "no/folder.hermes"], "no/folder.hermes"),
        (["show"], "RUN"),
        (["show", "echo.py"], "echo.py"),
        (["diff", "a"], "SECOND"),
        (["plot"], "expected at least one run to plot, got none"),
        (["logs", "nothing"], "expected one run whose identifier begins with 'nothing'"),
        (["rerun", "nothing"], "expected one run whose identifier begins with 'nothing'"),
    ],
)
def test_wrong_use_is_said_on_stderr(
    project: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(project, "[[python, a.py],[-what]]", "bad.hermes")
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, "Traceback" in err) == ("", False)
    assert said.casefold() in err.casefold()
    assert not (project / "experiments").exists()


def test_settings_that_cannot_be_read_are_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".hermes_settings").write_text("nonsense\n")
    assert main(["exec", "-n", "n", "--", "python", "echo.py"]) == 2
    assert ".hermes_settings, line 1: expected a setting" in capsys.readouterr().err


def test_a_run_named_by_its_path_needs_no_settings(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (examples.parent / ".hermes_settings").write_text("nonsense\n")
    assert main(["show", f"runs/{FIRST}"]) == 0


def test_a_scheduler_that_does_not_answer_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed = pytest.importorskip("distributed")

    def refuse(address: str) -> None:
        raise OSError(f"Timed out trying to connect to {address} after 30 s")

    monkeypatch.setattr(distributed, "Client", refuse)
    sweep(project, "[[python, echo.py],[]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n", "--dask", "tcp://127.0.0.1:9"]) == 2
    assert "tcp://127.0.0.1:9" in capsys.readouterr().err


def test_a_single_command_does_not_run_here_when_it_should_run_on_dask(project: Path) -> None:
    assert main(["exec", "-n", "n", "--dask", "tcp://127.0.0.1:9", "--", "python", "echo.py"]) == 2
    assert not (project / "experiments").exists()


OPTIONS = {
    "exec": ["--name", "-n", "--comment", "-c", "--file", "-f", "--jobs", "--root", "--project", "--patch", "--no-patch", "--dask", "--compile-only", "--debug"],
    "create": ["--script", "-s"],
    "rerun": ["--root", "--yes", "-y"],
    "ls": ["--filter", "--sort", "--json"],
    "status": ["--json"],
    "show": ["--root", "--json"],
    "logs": ["--follow", "-f", "--root"],
    "diff": ["--root"],
    "plot": ["--output", "-o", "--root"],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_every_option(project: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert [option for option in OPTIONS[command] if f" {option} " not in out] == []


def test_help_has_every_command(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert [command for command in COMMANDS if f" {command} " not in out] == []
    assert main([]) == 0


def test_the_version_is_that_of_the_package(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == version("pyhermes-experiments")


# Pipes


def closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    "words", [["ls", "runs"], ["show", f"runs/{FIRST}"], ["logs", f"runs/{FIRST}"], ["--help"]]
)
def test_a_reader_that_has_seen_enough_is_no_error(examples: Path, words: list[str]) -> None:
    writer = closed_pipe()
    done = subprocess.run(
        [HERMES, *words], cwd=examples.parent, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


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


def test_a_broken_pipe_in_this_process(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    writer = closed_pipe()
    with os.fdopen(writer, "w", buffering=1) as stream:
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setattr("sys.stderr", open(os.devnull, "w"))  # noqa: SIM115 - main closes it
        (project / "experiments").mkdir()
        assert main(["ls"]) == 0
        monkeypatch.undo()
        with pytest.raises(BrokenPipeError):
            stream.write("x\n")
        with open(os.devnull, "w") as null:
            os.dup2(null.fileno(), writer)


def peak_of(
    project: Path, words: Sequence[str], read: Callable[[subprocess.Popen[bytes]], int]
) -> tuple[int, int]:
    """The most memory, in MiB, that the command took, and how much it printed."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not say how much memory a process took")
    command = [sys.executable, "-c", MEASURED, "peak", *words]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE) as process:
        printed = read(process)
    assert process.returncode == 0
    return int((project / "peak").read_text()) >> 10, printed


def read_all(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    printed = 0
    while data := process.stdout.read(1 << 20):
        printed += len(data)
    return printed


def test_a_script_may_print_100_mb(project: Path) -> None:
    (project / "loud.py").write_text(LOUD)

    def read_late(process: subprocess.Popen[bytes]) -> int:
        wait_until(
            lambda: sum(p.stat().st_size for p in project.rglob("stdout.log")) == 10**8, "all is there"
        )
        return read_all(process)

    words = ["exec", "-n", "n", "--", "python", "loud.py"]
    peak, printed = peak_of(project, words, read_late)
    assert the_run(project / "experiments").file("stdout.log").stat().st_size == printed == 10**8
    assert peak < 120


def test_the_jobs_of_a_sweep_may_print_100_mb(project: Path) -> None:
    (project / "loud.py").write_text(LOUD)
    words = ["exec", "-n", "n", "-f", sweep(project, "[[python, loud.py],[]]")]
    peak, printed = peak_of(project, words, read_all)
    assert the_run(project / "experiments").file("stdout.log").stat().st_size == 10**8
    assert (printed, peak < 120) == (0, True)


def test_logs_of_20_mb_are_printed_piece_by_piece(examples: Path) -> None:
    (examples / FIRST / "stdout.log").write_text(("x" * 99 + "\n") * 200_000)
    peak, printed = peak_of(examples.parent, ["logs", f"runs/{FIRST}"], read_all)
    assert printed == 20_000_000
    assert peak < 120


# Processes that end in other ways


def recorded_pid(exp: Experiment) -> int | None:
    provenance = load_provenance(exp.path_to_experiment)
    return None if provenance is None else provenance.process.pid


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


def in_terminal(
    project: Path, words: Sequence[str], presses: Sequence[Callable[[], object]] = ()
) -> tuple[int, str]:
    """Run the command in a terminal of its own, where Ctrl-C is pressed each time something holds."""
    ours, theirs = pty.openpty()
    become = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    shown: list[bytes] = []

    def drain() -> None:
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # as a terminal says that nobody is there any more
                return
            if not data:
                return
            shown.append(data)

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, (50).to_bytes(2, sys.byteorder) + (200).to_bytes(2, sys.byteorder) + bytes(4))  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", become, HERMES, *words],
        cwd=project,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    thread = threading.Thread(target=drain)
    thread.start()
    try:
        for holds in presses:
            wait_until(holds, "it is time to press Ctrl-C")
            os.write(ours, b"\x03")
        status = process.wait(10)
    finally:
        (project / "finish").touch()  # a job that was not ended, ends
        process.kill()
        process.wait()
        thread.join(10)
        os.close(ours)
    return status, b"".join(shown).decode(errors="replace")


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


def test_a_run_is_run_again_where_the_project_is_now(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exp = recorded(project)
    (exp.path_to_experiment / "provenance.json").unlink()

    def at_its_end(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", at_its_end)
    assert main(["rerun", str(exp.path_to_experiment)]) == 2
    assert main(["rerun", str(exp.path_to_experiment), "--yes"]) == 0
