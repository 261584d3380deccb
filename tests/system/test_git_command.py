from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from pyhermes.system.git_command import Answer, ask_git, find_place
from tests.system.helpers import git


@pytest.fixture
def own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands in for git; what it does is to be written."""
    path = tmp_path / "bin" / "git"
    path.parent.mkdir()
    path.touch(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    return path


def test_an_answer_is_what_was_printed(repository: Path) -> None:
    answer = ask_git(repository, "ls-files", "-z")
    assert answer == Answer(b"sub/net.py\0train.py\0")
    assert answer.entries == (b"sub/net.py", b"train.py")
    assert ask_git(repository, "symbolic-ref", "HEAD").line == "refs/heads/main"
    assert ask_git(repository, "no-such-command").line is None


def test_why_git_failed_is_one_short_line_without_secrets(own_git: Path, tmp_path: Path) -> None:
    own_git.write_text(
        "#!/bin/sh\nprintf 'warning: a\\nfatal: no https://me:s3cr3t@host\\n\\n\\thint\\033' >&2\nexit 128\n"
    )
    reason = "git says: fatal: no https://me:***@host; hint\\x1b"
    assert ask_git(tmp_path, "x") == Answer(b"", reason, 128)
    own_git.write_text("#!/bin/sh\nexit 3\n")
    assert ask_git(tmp_path, "x") == Answer(b"", "git ended with status 3", 3)


def test_a_long_complaint_is_cut_and_keeps_git_from_nothing(own_git: Path, tmp_path: Path) -> None:
    own_git.write_text("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x >&2\necho done\n")
    assert ask_git(tmp_path, "x").line == "done"
    own_git.write_text("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x >&2\nexit 1\n")
    assert len(ask_git(tmp_path, "x").reason or "") < 500


def test_an_endless_answer_is_cut_off(own_git: Path, tmp_path: Path) -> None:
    own_git.write_text("#!/bin/sh\nexec yes\n")
    assert ask_git(tmp_path, "x", most=1000) == Answer(b"", "it has more than 1000 bytes", None)


def test_what_git_has_started_ends_with_it(
    own_git: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_git.write_text(f"#!/bin/sh\nsleep 60 & echo $! > '{tmp_path / 'pid'}'\nwait\n")
    monkeypatch.setattr("pyhermes.system.git_command._GIT_SECONDS", 0.5)
    assert ask_git(tmp_path, "x").reason == "git has not answered within 0.5 seconds"
    child = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:  # pragma: no cover
        pytest.fail("it goes on")


def test_who_does_not_wait_leaves_no_git_behind(own_git: Path, tmp_path: Path) -> None:
    own_git.write_text("#!/bin/sh\nsleep 60\n")
    before = time.monotonic()
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        ask_git(tmp_path, "x")
    assert time.monotonic() - before < 20


def test_where_the_repository_is_may_be_said(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    assert ask_git(tmp_path, "rev-parse", "HEAD").reason is not None
    assert ask_git(tmp_path, "rev-parse", "HEAD", place=find_place()).line == git(
        repository, "rev-parse", "HEAD"
    )
