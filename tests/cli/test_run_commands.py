from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyhermes import RunStatus
from pyhermes.cli import main
from pyhermes.core.sweep.file import parse_execution_file
from pyhermes.core.sweep.jobs import expand
from tests.cli.helpers import (
    recorded,
    sweep,
    the_run,
)
from tests.runner.helpers import (
    HERMES,
    git,
    runs_in,
    statuses,
)

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


# Which interpreter


@pytest.mark.parametrize("kind", ["command", "sweep"])
def test_python_is_the_interpreter_that_runs_hermes_where_nothing_is_activated(
    project: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("#!/bin/sh\necho another one\n")
    (tmp_path / "bin" / "python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (project / "which.py").write_text("import sys\nprint(sys.prefix)\n")
    words = {
        "command": ["--", "python", "which.py"],
        "sweep": ["-f", sweep(project, "[[python, which.py],[]]")],
    }
    assert main(["exec", "-n", "n", *words[kind]]) == 0
    exp = the_run(project / "experiments")
    assert exp.file("stdout.log").read_text() == f"{sys.prefix}\n"
    # what is recorded says what was asked for, which runs on other machines too
    assert "[[python,which.py]" in exp.file("re_execution.hermes").read_text().replace(" ", "")
    # and an environment that is activated stays the user's choice
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert main(["exec", "-n", "activated", *words[kind]]) == 0
    assert (
        the_run(project / "experiments" / "which" / "activated").file("stdout.log").read_text()
        == "another one\n"
    )


# Sweeps


@pytest.mark.parametrize("words", [["-f", "sweep.hermes"], ["--", "python", "echo.py"]])
def test_a_name_that_no_directory_can_have_is_wrong_use(
    project: Path, words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    sweep(project, "[[python, echo.py],[]]")
    assert main(["exec", "-n", "a/b", *words]) == 2
    assert "expected a name of at most 255 bytes" in capfd.readouterr().err
    assert not (project / "experiments").exists()


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


def test_a_run_is_run_again_where_the_project_is_now(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exp = recorded(project)
    (exp.path_to_experiment / "provenance.json").unlink()

    def at_its_end(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", at_its_end)
    assert main(["rerun", str(exp.path_to_experiment)]) == 2
    assert main(["rerun", str(exp.path_to_experiment), "--yes"]) == 0
