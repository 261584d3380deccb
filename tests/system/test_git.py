from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from pyhermes.core.disk.layout import PATCH
from pyhermes.core.formats.provenance import (
    CodeState,
    format_provenance,
    parse_provenance,
)
from pyhermes.system.environment import current_provenance
from pyhermes.system.git import code_state, code_with_patch, uncommitted_patch, work_tree
from pyhermes.system.process import process_of
from tests.system.helpers import commit, contents, git

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at how Linux keeps time")


def test_a_clean_work_tree_is_its_commit(repository: Path) -> None:
    commit_hash = git(repository, "rev-parse", "HEAD")
    for directory in (repository, repository / "sub"):
        assert code_state(directory) == CodeState(commit_hash, "main", dirty=False)
        assert code_with_patch(directory, patch=True) == (code_state(directory), None)


@pytest.mark.parametrize("name", ["a repository", "é", " space ", "new\nline"])
def test_the_work_tree_is_around_all_that_is_in_it(repository: Path, name: str) -> None:
    repository = repository.rename(repository.with_name(name))
    assert work_tree(repository) == work_tree(repository / "sub") == repository.resolve()
    assert work_tree(repository.parent) is None


@pytest.mark.parametrize("patch", [True, False])
def test_without_a_repository_nothing_is_known(tmp_path: Path, patch: bool) -> None:
    assert code_with_patch(tmp_path, patch) == (CodeState(), None)


@pytest.mark.parametrize("path", ["", "nowhere"])
def test_without_git_nothing_is_known(repository: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "train.py").write_text("changed\n")
    monkeypatch.setenv("PATH", path)
    assert code_with_patch(repository, patch=True) == (CodeState(), None)


def test_a_git_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nexec sleep 5\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr("pyhermes.system.git._GIT_SECONDS", 0.1)
    before = time.monotonic()
    assert code_state(repository) == CodeState()
    assert uncommitted_patch(repository) == "left out: git could not make it"
    assert time.monotonic() - before < 3


def test_a_repository_without_a_commit_has_a_branch(empty: Path) -> None:
    (empty / "new.py").write_text("new")
    assert code_state(empty) == CodeState(None, "main", dirty=False, untracked=("new.py",))
    git(empty, "add", "--all")
    assert code_state(empty) == CodeState(None, "main", dirty=True)


def test_changes_without_a_commit_are_said_to_be_nowhere(empty: Path) -> None:
    (empty / "new.py").write_text("new")
    git(empty, "add", "--all")
    assert code_with_patch(empty, patch=True) == (
        attrs.evolve(code_state(empty), patch="left out: there is no commit"),
        None,
    )


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert code_state(repository) == CodeState(git(repository, "rev-parse", "HEAD"), None, dirty=False)


def test_a_branch_is_named_as_it_is(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "feature/é")
    assert code_state(repository).branch == "feature/é"


@pytest.mark.parametrize("name", ["new file", "é", "new\nline", 'quo"te', "-dash", " space "])
def test_untracked_files_are_named_and_make_nothing_dirty(repository: Path, name: str) -> None:
    (repository / name).write_text("new")
    assert code_state(repository) == attrs.evolve(code_state(repository), dirty=False, untracked=(name,))
    assert code_with_patch(repository, patch=True)[1] is None


@LINUX
def test_a_name_that_is_no_text_is_kept(repository: Path) -> None:
    (repository / os.fsdecode(b"\xff")).write_text("new")
    provenance = current_provenance([], process_of(os.getpid()), code_state(repository))
    assert parse_provenance(format_provenance(provenance)).code.untracked == ("\udcff",)


def test_untracked_files_are_named_whatever_the_settings(repository: Path) -> None:
    (repository / "new.py").touch()
    git(repository, "config", "status.showUntrackedFiles", "no")
    assert code_state(repository).untracked == ("new.py",)


def test_what_git_complains_of_is_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert code_state(tmp_path) == CodeState()
    assert uncommitted_patch(tmp_path) == "left out: git could not make it"
    assert capfd.readouterr() == ("", "")


def test_of_many_untracked_files_a_thousand_are_named(repository: Path) -> None:
    for number in range(1100):
        (repository / f"{number:04}").touch()
    assert code_state(repository).untracked == tuple(f"{number:04}" for number in range(1000))


def test_ignored_files_are_passed_over(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    commit(repository)
    (repository / "a.log").write_text("log")
    assert code_state(repository) == CodeState(git(repository, "rev-parse", "HEAD"), "main", dirty=False)


def change(path: Path) -> None:
    (path / "train.py").write_text("one\n2\nthree\nfour\nfive\nsix\n")


def change_below(path: Path) -> None:
    (path / "sub" / "net.py").write_text("changed\n")
    change(path)


def delete(path: Path) -> None:
    (path / "train.py").unlink()


def rename(path: Path) -> None:
    git(path, "mv", "train.py", "sub/renamed é.py")


def stage(path: Path) -> None:
    (path / "new file.bin").write_bytes(random.Random(0).randbytes(5000))
    git(path, "add", "--all")


def stage_and_change(path: Path) -> None:
    stage(path)
    (path / "new file.bin").write_bytes(b"other\0")


def make_binary(path: Path) -> None:
    (path / "train.py").write_bytes(bytes(range(256)) * 10)


def cut_last_line(path: Path) -> None:
    (path / "train.py").write_bytes(b"one\r\ntwo\n\xff\xfe no end")


def make_executable(path: Path) -> None:
    (path / "train.py").chmod(0o755)


CHANGES = [
    change,
    change_below,
    delete,
    rename,
    stage,
    stage_and_change,
    make_binary,
    cut_last_line,
    make_executable,
]


def applied(repository: Path, patch: bytes) -> dict[str, tuple[bytes, bool]]:
    """The work tree that a patch makes from the commit."""
    clone = repository.parent / "clone"
    git(repository.parent, "clone", "--quiet", str(repository), str(clone))
    (repository.parent / PATCH).write_bytes(patch)
    git(clone, "apply", "--whitespace=nowarn", str(repository.parent / PATCH))
    return contents(clone)


@pytest.mark.parametrize("make", CHANGES)
def test_the_patch_gives_the_work_tree_back(repository: Path, make: Callable[[Path], None]) -> None:
    make(repository)
    code, patch = code_with_patch(repository, patch=True)
    assert (code.dirty, code.patch) == (True, PATCH)
    assert patch is not None
    assert applied(repository, patch) == contents(repository)


@pytest.mark.parametrize(
    "setting",
    [
        "diff.noprefix=true",
        "diff.mnemonicPrefix=true",
        "diff.context=0",
        "diff.interHunkContext=100",
        "diff.relative=true",
        "diff.renames=copies",
        "diff.algorithm=histogram",
        "diff.submodule=log",
        "diff.ignoreSubmodules=all",
        "diff.colorMoved=zebra",
        "color.ui=always",
        "color.diff=always",
        "core.quotePath=false",
        "core.pager=false",
        "status.relativePaths=true",
        "status.showUntrackedFiles=no",
    ],
)
def test_the_patch_can_be_applied_whatever_the_settings(repository: Path, setting: str) -> None:
    change_below(repository)
    git(repository, "config", *setting.split("="))
    code, patch = code_with_patch(repository / "sub", patch=True)
    assert patch is not None
    assert code.dirty
    assert applied(repository, patch) == contents(repository)


def test_a_patch_that_is_not_wanted_is_not_made(repository: Path) -> None:
    change(repository)
    code, patch = code_with_patch(repository, patch=False)
    assert (code.dirty, code.patch, patch) == (True, "left out: not asked for", None)


def test_a_patch_over_the_cap_is_left_out_and_said_to_be(repository: Path) -> None:
    (repository / "train.py").write_bytes(random.Random(0).randbytes(11 << 20))
    code, patch = code_with_patch(repository, patch=True)
    assert (code.dirty, code.patch, patch) == (True, f"left out: it has more than {10 << 20} bytes", None)


def test_a_patch_of_just_the_cap_is_taken(repository: Path) -> None:
    change(repository)
    patch = uncommitted_patch(repository)
    assert isinstance(patch, bytes)
    assert uncommitted_patch(repository, len(patch)) == patch
    assert (
        uncommitted_patch(repository, len(patch) - 1) == f"left out: it has more than {len(patch) - 1} bytes"
    )


def test_half_a_patch_is_none(repository: Path) -> None:
    change_below(repository)
    blob = git(repository, "rev-parse", "HEAD:train.py")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    code, patch = code_with_patch(repository, patch=True)
    assert (code.dirty, code.patch, patch) == (True, "left out: git could not make it", None)


@pytest.mark.parametrize("setting", ["core.fsmonitor", "diff.external", "diff.own.textconv", "core.pager"])
def test_no_program_of_the_repository_is_run(repository: Path, tmp_path: Path, setting: str) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path / 'it ran'}'\ncat \"$@\"\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py diff=own\n")
    commit(repository)
    change(repository)
    git(repository, "config", setting, str(program))
    (tmp_path / "it ran").unlink(missing_ok=True)
    code_with_patch(repository, patch=True)
    assert not (tmp_path / "it ran").exists()


def test_looking_changes_nothing_in_the_repository(repository: Path) -> None:
    change(repository)
    os.utime(repository / "sub" / "net.py")
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    code_with_patch(repository, patch=True)
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*")} == before
