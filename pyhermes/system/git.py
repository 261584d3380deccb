"""The state of git in a directory: commit, branch, and what is not committed."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import attrs

from pyhermes.core.disk.layout import PATCH
from pyhermes.core.formats.provenance import CodeState
from pyhermes.core.text.encoding import decode_text

_GIT_SECONDS = 60


_NAMES_KEPT = 1000


_PATCH_OPTIONS = (
    *("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
    *("--unified=3", "--src-prefix=a/", "--dst-prefix=b/"),
)


_NO_LOCKS = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def code_state(directory: Path) -> CodeState:
    """The state of git in a directory; without git, or outside of a work tree, nothing is known."""
    status = _git(directory, "status", "--porcelain=v1", "-z", "--untracked-files=normal")
    if status is None:
        return CodeState()
    entries = list(filter(None, decode_text(status).split("\0")))
    untracked = [entry.removeprefix("?? ") for entry in entries if entry.startswith("?? ")]
    return CodeState(
        commit=_git_line(directory, "rev-parse", "--verify", "--quiet", "HEAD"),
        branch=_git_line(directory, "symbolic-ref", "--short", "--quiet", "HEAD"),
        dirty=len(untracked) < len(entries),
        untracked=tuple(untracked[:_NAMES_KEPT]),
    )


def uncommitted_patch(directory: Path, most: int = 10 << 20) -> bytes | str:
    """What `git apply` needs to make the work tree from its commit; or why there is nothing.

    It is left out where it is over `most` bytes. Of the programs that the repository's configuration
    names none is run but its filters.
    """
    with _git_process(directory, "diff", *_PATCH_OPTIONS, "HEAD") as process:
        assert process.stdout is not None
        impatience = threading.Timer(_GIT_SECONDS, process.kill)
        impatience.start()
        data = process.stdout.read(most + 1)
        if len(data) > most:
            process.kill()
        failed = process.wait() != 0
        impatience.cancel()
    if len(data) > most:
        return f"left out: it has more than {most} bytes"
    return "left out: git could not make it" if failed else data


def work_tree(directory: Path) -> Path | None:
    """The work tree of git that a directory is in, None where it is in none."""
    top = _git(directory, "rev-parse", "--show-toplevel")
    return None if top is None else Path(decode_text(top).removesuffix("\n"))


def code_with_patch(directory: Path, patch: bool) -> tuple[CodeState, bytes | None]:
    """The state of git, and the uncommitted changes where there are some and they are asked for."""
    code = code_state(directory)
    if not code.dirty:
        return code, None
    if not patch or code.commit is None:
        why = "there is no commit" if patch else "not asked for"
        return attrs.evolve(code, patch=f"left out: {why}"), None
    made = uncommitted_patch(directory)
    if isinstance(made, str):
        return attrs.evolve(code, patch=made), None
    return attrs.evolve(code, patch=PATCH), made


def _git_process(directory: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "-C", str(directory), "-c", "core.fsmonitor=false", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_NO_LOCKS},
    )


def _git(directory: Path, *words: str) -> bytes | None:
    """What a command of git prints; None where there is no git, or it fails."""
    try:
        with _git_process(directory, *words) as process:
            try:
                printed, _ = process.communicate(timeout=_GIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                return None
    except OSError:
        return None
    return printed if process.returncode == 0 else None


def _git_line(directory: Path, *words: str) -> str | None:
    printed = _git(directory, *words)
    return None if printed is None else decode_text(printed).strip()
