"""What the tests of `pyhermes.system` share: a repository, and a process to look at."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.helpers import commit, git, isolate_git


@pytest.fixture(autouse=True)
def git_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and no repository around their folder."""
    isolate_git(monkeypatch)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A repository without a commit."""
    path = tmp_path / "a repository"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch", "main")
    return path


@pytest.fixture
def repository(empty: Path) -> Path:
    """A repository with one commit."""
    (empty / "train.py").write_text("one\ntwo\nthree\nfour\nfive\n")
    (empty / "sub").mkdir()
    (empty / "sub" / "net.py").write_text("net\n")
    commit(empty)
    return empty


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, and is ended at the end."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()
