from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pyhermes.cli import app, main
from tests.cli.helpers import (
    closed_pipe,
    sweep,
)
from tests.conftest import FIRST
from tests.runner.helpers import (
    HERMES,
)

COMMANDS = ["create", "diff", "exec", "logs", "ls", "plot", "rerun", "show", "status"]


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


@pytest.mark.parametrize("command", COMMANDS)
def test_every_parameter_has_a_help_text(command: str) -> None:
    arguments = app[command].assemble_argument_collection()
    assert [argument.name for argument in arguments if not argument.parameter.help] == []
    assert app[command].help


def test_help_says_what_may_be_given_several_times(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "--help"]) == 0
    assert "a comment (may be given several times)" in " ".join(capsys.readouterr().out.split())


def test_the_version_is_that_of_the_package(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == version("pyhermes-experiments")


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
