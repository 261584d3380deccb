"""A repository of a test's own, and what is in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


def isolate_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git know nothing of the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "me")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "me@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(repository: Path, *words: str) -> str:
    """What a command of git prints."""
    done = subprocess.run(["git", "-C", str(repository), *words], check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(repository: Path, message: str = "change") -> str:
    """Commit everything; the commit's hash."""
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", message)
    return git(repository, "rev-parse", "HEAD")


def contents(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Every file below a folder but git's own: what is in it, and whether it can be run."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
