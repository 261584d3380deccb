"""Nothing outside a run's directory is read or written through it, and nothing is waited for."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyhermes import Experiment, Result
from pyhermes.core import FileNameError, HermesError
from tests.conftest import FIRST
from tests.core.disk.helpers import contents
from tests.guarantees.tour import read_all, watched

ROOT = Path(__file__).parent.parent.parent
NAMES = [
    "hermes.info",
    "exec_arguments",
    "provenance.json",
    "stdout.log",
    "stderr.log",
    "re_execution.hermes",
    "heartbeat",
    "RUN.scores",
    "RUN.result",
    "linked.result",
    "linked.pth",
    "linked",
]


def make_run(folder: Path) -> Path:
    """A run that says nothing but that it began."""
    folder.mkdir(parents=True)
    (folder / "hermes.info").write_text("commit_hash:9b28e1f\n")
    return folder


def place(run: Path, name: str) -> Path:
    """Where a file of a run is, nothing being there any more."""
    path = run / name.replace("RUN", run.name)
    path.unlink(missing_ok=True)
    return path


@pytest.fixture
def secrets(runs: Path, tmp_path: Path) -> Path:
    """A folder outside, with a sound file of each kind."""
    return Path(shutil.copytree(runs / FIRST, tmp_path / "secrets"))


def test_links_to_the_outside_are_not_followed_by_anything_that_reads(tmp_path: Path, secrets: Path) -> None:
    folder = tmp_path / "strange"
    targets = {".result": next(secrets.glob("*.result")), ".pth": next(secrets.glob("*.pth"))}
    for index, name in enumerate(NAMES):
        target = targets.get(Path(name).suffix, secrets / "exec_arguments")
        relative = os.path.relpath(target, folder / f"run{index}")
        place(make_run(folder / f"run{index}"), name).symlink_to(relative if index % 2 else target)
        whole = make_run(folder / f"dir{index}")
        (whole / "sub").symlink_to(secrets)
        place(whole, name).symlink_to(f"sub/{target.name}")
    with watched() as events:
        found = read_all(folder)
    assert len(found.failed) == 2
    assert [event for event in events if event[1].startswith(str(secrets))] == []
    assert [event for event in events if event[1].startswith(str(folder))] != []


@pytest.mark.parametrize(
    "name", ["", "..", "../secrets/x", "sub/../../secrets/x", "/etc/passwd", "out/x", "a\0b"]
)
def test_a_name_that_leads_out_is_refused_by_everything_that_takes_one(
    tmp_path: Path, secrets: Path, name: str
) -> None:
    exp = Experiment.load(make_run(tmp_path / "runs" / "one"))
    (exp.path_to_experiment / "out").symlink_to(secrets)
    source = tmp_path / "source"
    source.write_text("text")
    before = contents(tmp_path)
    with pytest.raises(FileNameError):
        exp.file(name)
    takes: list[Callable[[], object]] = [
        lambda: exp.copy_file(source, name),
        lambda: exp.move_file(source, name),
        lambda: exp.load_result(name),
        lambda: exp.load_state_dict(name),
    ]
    for take in takes:
        with watched() as events, pytest.raises(HermesError, match="expected"):
            take()
        assert [event for event in events if event[0] == "write" or str(secrets) in event[1]] == []
    assert contents(tmp_path) == before


def test_nothing_is_written_through_a_link(tmp_path: Path, secrets: Path) -> None:
    exp = Experiment.load(make_run(tmp_path / "runs" / "one"))
    run = exp.path_to_experiment
    before = contents(secrets)
    place(run, "hermes.info").symlink_to(secrets / "hermes.info")
    exp.comments = "changed"
    with pytest.raises(FileNameError):
        exp.store_comments()
    (run / "stdout.log").symlink_to(secrets / "stdout.log")
    (run / "stderr.log").symlink_to(secrets / "stderr.log")
    for mode in ("w", "a", "r+"):
        with pytest.raises(FileNameError), exp.open_log_files(mode):
            pass
        with pytest.raises(FileNameError), exp.open_stderr_file(mode):
            pass
    (run / "x.result").symlink_to(secrets / "new.result")
    Result("x", dictionary={"n": 1}).save(run)
    assert (run / "x.result").is_file()
    assert not (run / "x.result").is_symlink()
    assert contents(secrets) == before


def special(kind: str, path: Path) -> None:
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)  # the name of a socket is short
    else:
        path.symlink_to(f"/dev/{kind}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fifo", "socket", "zero", "stdin", "tty"])
def test_what_is_no_file_is_refused_without_waiting_for_it(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index, name in enumerate(NAMES):
        run = make_run(tmp_path / f"run{index}")
        monkeypatch.chdir(run)
        special(kind, place(run, name))
    read, write = os.pipe()  # which nobody ever writes to
    try:
        command = [sys.executable, "-m", "tests.guarantees.tour", str(tmp_path)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=read,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(read)
        os.close(write)
    assert (done.returncode, done.stdout) == (0, f"{len(NAMES) - 1}\n"), done.stderr


def test_a_result_that_is_a_link_out_says_so(tmp_path: Path, secrets: Path) -> None:
    exp = Experiment.load(make_run(tmp_path / "one"))
    (exp.path_to_experiment / "one.result").symlink_to(next(secrets.glob("*.result")))
    with pytest.raises(HermesError, match="a link that leads out"):
        exp.result  # noqa: B018
