"""What is recorded of a run holds no secret that can be known as one, and its files have the usual modes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyhermes import Experiment, Recording, RunStatus
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.system.environment import SECRETS_VARIABLE
from tests.runner.helpers import HERMES, make_project

SECRET = "hunter2"
WORDS = ["--api-key", SECRET, f"--auth={SECRET}", "--url", f"https://me:{SECRET}@host/x", "--lr", "0.1"]
QUIET = "import sys\nassert 'hunter2' in sys.argv\n"
MARKED = """
import sys
from typing import Annotated
import attrs
from pyhermes import Experiment, Secret

@attrs.frozen
class Args:
    seat: Annotated[str, Secret]
    lr: float = 0.1

assert sys.argv[1:] == ["--seat", "hunter2"]
with Experiment.record("train", name="x", args=Args("hunter2"), root="r"):
    pass
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, in an environment that holds a secret too."""
    project = make_project(tmp_path, monkeypatch)
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.delenv(SECRETS_VARIABLE, raising=False)
    (project / "train.py").write_text(QUIET)
    (project / "marked.py").write_text(MARKED)
    return project


def run(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def only_run(root: Path) -> Experiment:
    (experiment,) = Experiment.load_all(root, recursive=True)
    return experiment


def holding(experiment: Experiment) -> list[str]:
    """The files of a run that hold the secret."""
    files = [path for path in experiment.path_to_experiment.iterdir() if path.is_file()]
    assert len(files) >= 3
    return [path.name for path in files if SECRET.encode() in path.read_bytes()]


def test_no_secret_of_a_job_is_recorded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRETS_VARIABLE, "license !token")
    words = [*WORDS, "--license", SECRET, "--token", "cat"]
    run(HERMES, "exec", "-n", "x", "--root", "r", "--", "python", "train.py", *words)
    experiment = only_run(project / "r")
    assert holding(experiment) == []
    assert experiment.exec_args_dict == {
        "--api-key": "***",
        "--auth": "***",
        "--url": "https://me:***@host/x",
        "--lr": 0.1,
        "--license": "***",
        "--token": "cat",
    }
    provenance = load_provenance(experiment.path_to_experiment)
    assert provenance is not None
    assert provenance.argv[2:4] == ("--api-key", "***")
    assert "--api-key ***," in experiment.file("re_execution.hermes").read_text()


@pytest.mark.parametrize("given", ["sys.argv[1:]", "{'api_key': 'hunter2', 'wandb.token': 'hunter2'}"])
def test_no_secret_that_a_script_gives_is_recorded(project: Path, given: str) -> None:
    record = f"with Experiment.record('train', name='x', root='r', args={given}): pass\n"
    (project / "train.py").write_text(f"import sys\nfrom pyhermes import Experiment\n{record}")
    run(sys.executable, "train.py", *WORDS)
    assert holding(only_run(project / "r")) == []


@pytest.mark.parametrize("started_by", [(), (HERMES, "exec", "-n", "x", "--root", "r", "--")])
def test_no_field_that_is_marked_secret_is_recorded(project: Path, started_by: tuple[str, ...]) -> None:
    run(*started_by, sys.executable, "marked.py", "--seat", SECRET)
    experiment = only_run(project / "r")
    assert holding(experiment) == []
    assert experiment.exec_args_dict["--seat"] == "***"


def test_the_environment_is_not_recorded(project: Path) -> None:
    with Experiment.record("train", name="x", root=project / "r") as recording:
        pass
    assert holding(recording) == []


def test_a_run_again_asks_for_its_secrets_and_records_none(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRETS_VARIABLE, "license")
    run(HERMES, "exec", "-n", "x", "--root", "r", "--", "python", "train.py", "--license", SECRET)
    first = only_run(project / "r")
    monkeypatch.delenv(SECRETS_VARIABLE)
    words = [HERMES, "rerun", first.identifier, "--root", "r", "--yes"]
    refused = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert refused.returncode == 2
    assert "the run does not hold the secret --license" in refused.stderr
    code = (
        "import getpass, sys\nfrom pyhermes.cli import main\n"
        f"getpass.getpass = lambda prompt: {SECRET!r} if prompt == '--license: ' else ''\n"
        "sys.stdin.isatty = lambda: True\n"
        f"sys.argv = ['hermes', *{words[1:]!r}]\nmain()\n"
    )
    run(sys.executable, "-c", code)
    again = [one for one in Experiment.load_all(project / "r", recursive=True) if one != first]
    assert [(one.status, holding(one)) for one in again] == [(RunStatus.FINISHED, [])]


def record_everything(root: Path) -> Recording:
    import torch

    with Experiment.record("train", name="x", root=root, args=["--lr", "0.1"], comments=["a"]) as recording:
        recording.log_score(1.0)
        recording.new_result("train").store_scalar(1.0, "loss")
        recording.save_state_dict({"weight": torch.zeros(2)}, "net")
        recording.store_comments()
    return recording


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_files_have_the_modes_that_the_umask_gives(project: Path, umask: int) -> None:
    (project / ".env").write_text("public")
    before = os.umask(umask)
    try:
        recording = record_everything(project / "r")
        run(HERMES, "exec", "-n", "y", "--root", "r", "--", "python", "echo.py")
    finally:
        os.umask(before)
    found = list((project / "r").rglob("*"))
    assert recording.path_to_experiment in found
    wrong = {
        str(path): oct(path.stat().st_mode & 0o777)
        for path in found
        if path.stat().st_mode & 0o777 != (0o777 if path.is_dir() else 0o666) & ~umask
    }
    assert wrong == {}
