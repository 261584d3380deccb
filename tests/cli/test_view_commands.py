from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from pyhermes import RunStatus
from pyhermes.cli import main
from tests.cli.helpers import (
    CARTPOLE,
    interrupt_when,
    sweep,
    the_run,
)
from tests.conftest import CRASHED, DOUBLE, FIRST
from tests.runner.helpers import (
    HERMES,
    after,
    hermes_running,
    runs_in,
    statuses,
    wait_for,
)

# Many runs


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


# One run


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


# Pictures


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


def test_of_many_problems_the_first_are_shown_and_the_rest_is_counted(
    first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (first / "hermes.info").open("a") as file:
        file.write(":\n" * 50_000)
    assert main(["show", str(first)]) == 0
    shown = capsys.readouterr().out
    assert "... and 49980 more" in shown
    assert len(shown) < 10_000


# Values that begin with a dash, and characters that cannot be written


@pytest.mark.parametrize(
    ("words", "endings"),
    [
        (["--filter", "--seed 2"], ["8_fcbfa"]),
        (["--filter=--seed 2"], ["8_fcbfa"]),
        (["--filter", "--doubledqn", "--sort", "--seed"], ["6_fcbfa", "8_fcbfa"]),
        (["--filter", "--doubledqn", "--sort=--seed"], ["6_fcbfa", "8_fcbfa"]),
    ],
)
def test_a_value_of_an_option_may_begin_with_a_dash(
    cartpole: Path, words: list[str], endings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls", str(cartpole), *words, "--json"]) == 0
    assert [run["identifier"][-7:] for run in json.loads(capsys.readouterr().out)] == endings


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_what_the_terminal_cannot_show_is_escaped(
    first: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (first / "hermes.info").open("a", encoding="utf-8") as file:
        file.write("comments:✓ 日本\n")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([HERMES, "show", str(first)], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u2713 \u65e5\u672c" in done.stdout
