"""What the tests of jobs share: a project, scripts that do as they are told, and waiting for them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.core.sweep.file import parse_execution_file
from pyhermes.core.sweep.jobs import Job, expand

SCRIPTS = Path(sysconfig.get_path("scripts"))
HERMES = str(SCRIPTS / "hermes")
PATIENCE = 30.0

ECHO = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"

WAIT = """
import os, pathlib, sys, time
number = sys.argv[1]
print("began", number, flush=True)
pathlib.Path(f"pid{number}").write_text(str(os.getpid()))
os.rename(f"pid{number}", f"began{number}")
while not os.path.exists("finish"):
    time.sleep(0.01)
print("ended", number, flush=True)
"""
"""Says that it has begun, also with a file, and goes on until there is a file `finish`."""

STUBBORN = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{WAIT}"
"""The same, and no SIGINT ends it."""


def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with some scripts, which is the current directory, in no work tree of git."""
    project = tmp_path / "project"
    project.mkdir()
    for name, text in {"echo.py": ECHO, "wait.py": WAIT, "stubborn.py": STUBBORN}.items():
        (project / name).write_text(text)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HERMES_EXPERIMENT", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    return project


def git(folder: Path, *words: str) -> str:
    """Run git."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def jobs_of(text: str) -> tuple[Job, ...]:
    """The jobs of a section EXEC."""
    return expand(parse_execution_file(f"EXEC\n{text}\n"))


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; it is an error if it does not come to that."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.01)


def wait_for(path: Path) -> None:
    """Wait until there is a file."""
    wait_until(path.exists, f"{path} is there")


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def hermes_running(
    project: Path, words: Sequence[str], stdout: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process of its own; whatever happens, it and its jobs end."""
    process = subprocess.Popen(
        [HERMES, *words],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        (project / "finish").touch()
        try:
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.communicate()


def runs_in(root: Path) -> list[Experiment]:
    """All runs below a folder, by the index of their jobs."""
    if not root.exists():
        return []
    found = [Experiment.load(path.parent) for path in root.rglob("hermes.info")]
    return sorted(found, key=lambda exp: int(exp.identifier.split("_")[-2]))


def statuses(root: Path) -> list[RunStatus]:
    """What became of all runs below a folder."""
    return [exp.status for exp in runs_in(root)]


def after(seconds: float) -> Callable[[], bool]:
    """What holds when some time has passed since it was first asked for."""
    begun: list[float] = []

    def has_passed() -> bool:
        begun.append(time.monotonic())
        return begun[-1] - begun[0] >= seconds

    return has_passed


def leftovers(root: Path) -> list[str]:
    """What a recorder may have below a folder only while it runs."""
    names = [path.name for path in root.rglob("*")]
    return [name for name in names if name.startswith(".pyhermes") or name == "heartbeat"]
