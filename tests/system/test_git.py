from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyhermes.core.disk.layout import PATCH
from pyhermes.core.formats.provenance import (
    CodeState,
    format_provenance,
    parse_provenance,
)
from pyhermes.system.environment import current_provenance
from pyhermes.system.git import Code, find_work_tree, read_code
from pyhermes.system.process import process_of
from tests.system.helpers import commit, contents, git

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at how Linux keeps time")


def test_a_clean_work_tree_is_its_commit(repository: Path) -> None:
    commit_hash = git(repository, "rev-parse", "HEAD")
    for directory in (repository, repository / "sub"):
        for patch in (True, False):
            assert read_code(directory, patch) == Code(CodeState(commit_hash, "main", dirty=False))


@pytest.mark.parametrize("name", ["a repository", "é", " space ", "new\nline"])
def test_the_work_tree_is_around_all_that_is_in_it(repository: Path, name: str) -> None:
    repository = repository.rename(repository.with_name(name))
    assert find_work_tree(repository) == find_work_tree(repository / "sub") == repository.resolve()
    assert find_work_tree(repository.parent) is None


@pytest.mark.parametrize("patch", [True, False])
def test_without_a_repository_nothing_is_known_and_nothing_is_wrong(tmp_path: Path, patch: bool) -> None:
    assert read_code(tmp_path, patch) == Code()


@pytest.mark.parametrize("path", ["", "nowhere"])
def test_without_git_it_is_said_only_in_a_repository(
    repository: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path)
    assert read_code(repository.parent, patch=True) == Code()
    why = "the state of the code is not known: git cannot be started: No such file or directory"
    assert read_code(repository, patch=True) == Code(problems=(why,))
    assert find_work_tree(repository / "sub") == repository.resolve()


def test_a_git_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\nsleep 5\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr("pyhermes.system.git_command._GIT_SECONDS", 0.1)
    before = time.monotonic()
    why = "the state of the code is not known: git has not answered within 0.1 seconds"
    assert read_code(repository, patch=True) == Code(problems=(why,))
    assert read_code(tmp_path, patch=True) == Code()
    assert time.monotonic() - before < 3


def test_filters_that_cannot_be_listed_keep_git_from_being_asked(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    script = f'#!/bin/sh\ncase "$*" in *get-regexp*) exit 3;; esac\nexec {real} "$@"\n'
    (tmp_path / "bin" / "git").write_text(script)
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    why = "the state of the code is not known: git ended with status 3"
    assert read_code(repository, patch=True) == Code(problems=(why,))


def test_a_repository_without_a_commit_has_a_branch(empty: Path) -> None:
    (empty / "new.py").write_text("new")
    assert read_code(empty, patch=True) == Code(CodeState(None, "main", dirty=False, untracked=("new.py",)))


def test_changes_without_a_commit_are_said_to_be_nowhere(empty: Path) -> None:
    (empty / "new.py").write_text("new")
    git(empty, "add", "--all")
    state = CodeState(None, "main", dirty=True, patch="left out: there is no commit")
    assert read_code(empty, patch=True) == Code(state)


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    assert read_code(repository, patch=False).state == CodeState(
        git(repository, "rev-parse", "HEAD"), None, dirty=False
    )


def test_a_branch_is_named_as_it_is(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "feature/é")
    assert read_code(repository, patch=False).state.branch == "feature/é"


@pytest.mark.parametrize("name", ["new file", "é", "new\nline", 'quo"te', "-dash", " space "])
def test_untracked_files_are_named_and_make_nothing_dirty(repository: Path, name: str) -> None:
    (repository / name).write_text("new")
    commit_hash = git(repository, "rev-parse", "HEAD")
    state = CodeState(commit_hash, "main", dirty=False, untracked=(name,))
    assert read_code(repository, patch=True) == Code(state)


@LINUX
def test_a_name_that_is_no_text_is_kept(repository: Path) -> None:
    (repository / os.fsdecode(b"\xff")).write_text("new")
    provenance = current_provenance([], process_of(os.getpid()), read_code(repository, patch=False).state)
    assert parse_provenance(format_provenance(provenance)).code.untracked == ("\udcff",)


def test_untracked_files_are_named_whatever_the_settings(repository: Path) -> None:
    (repository / "new.py").touch()
    git(repository, "config", "status.showUntrackedFiles", "no")
    assert read_code(repository, patch=False).state.untracked == ("new.py",)


def test_what_git_complains_of_is_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert read_code(tmp_path, patch=True).problems
    assert capfd.readouterr() == ("", "")


def test_of_many_untracked_files_a_thousand_are_named(repository: Path) -> None:
    for number in range(1100):
        (repository / f"{number:04}").touch()
    code = read_code(repository, patch=True)
    assert code.state.untracked == tuple(f"{number:04}" for number in range(1000))
    assert code.problems == ("of 1100 untracked files 1000 are named",)


def test_ignored_files_are_passed_over(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    commit(repository)
    (repository / "a.log").write_text("log")
    assert read_code(repository, patch=False).state == CodeState(
        git(repository, "rev-parse", "HEAD"), "main", dirty=False
    )


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
    code = read_code(repository, patch=True)
    assert (code.state.dirty, code.state.patch, code.problems) == (True, PATCH, ())
    assert code.patch is not None
    assert applied(repository, code.patch) == contents(repository)


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
    code = read_code(repository / "sub", patch=True)
    assert code.patch is not None
    assert code.state.dirty
    assert applied(repository, code.patch) == contents(repository)


def outcome(code: Code) -> tuple[bool | None, str | None, bytes | None]:
    """Whether the code is changed, where the patch is, and the patch."""
    return code.state.dirty, code.state.patch, code.patch


def test_a_patch_that_is_not_wanted_is_not_made(repository: Path) -> None:
    change(repository)
    code = read_code(repository, patch=False)
    assert outcome(code) == (True, "left out: not asked for", None)
    assert code.problems == ()


def test_a_patch_over_the_cap_is_left_out_and_said_to_be(repository: Path) -> None:
    (repository / "train.py").write_bytes(random.Random(0).randbytes(11 << 20))
    code = read_code(repository, patch=True)
    why = f"left out: it has more than {10 << 20} bytes"
    assert outcome(code) == (True, why, None)
    assert code.problems == (f"the patch is {why}",)


def test_a_patch_of_just_the_cap_is_taken(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repository)
    patch = read_code(repository, patch=True).patch
    assert patch is not None
    monkeypatch.setattr("pyhermes.system.git.LARGEST_PATCH", len(patch))
    assert read_code(repository, patch=True).patch == patch
    monkeypatch.setattr("pyhermes.system.git.LARGEST_PATCH", len(patch) - 1)
    assert outcome(read_code(repository, patch=True)) == (
        True,
        f"left out: it has more than {len(patch) - 1} bytes",
        None,
    )


def test_half_a_patch_is_none(repository: Path) -> None:
    change_below(repository)
    blob = git(repository, "rev-parse", "HEAD:train.py")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    code = read_code(repository, patch=True)
    why = f"left out: git says: fatal: unable to read {blob}"
    assert outcome(code) == (True, why, None)
    assert code.problems == (f"the patch is {why}",)


def test_looking_changes_nothing_in_the_repository(repository: Path) -> None:
    change(repository)
    os.utime(repository / "sub" / "net.py")
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    read_code(repository, patch=True)
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*")} == before


UNKNOWN = "the state of the code is not known"


def test_a_repository_that_git_refuses_is_not_none(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    code = read_code(repository / "sub", patch=True)
    (problem,) = code.problems
    assert code.state == CodeState()
    assert problem.startswith(f"{UNKNOWN}: git says: fatal: detected dubious ownership in repository at ")
    assert "safe.directory" in problem
    assert find_work_tree(repository / "sub") == repository.resolve()


def lose_head(path: Path) -> None:
    (path / ".git" / "HEAD").unlink()


def garble_head(path: Path) -> None:
    (path / ".git" / "HEAD").write_text("nonsense\n")


def lose_everything(path: Path) -> None:
    (path / ".git").rename(path / "moved")
    (path / ".git").mkdir()


def lead_nowhere(path: Path) -> None:
    (path / ".git").rename(path / "moved")
    (path / ".git").write_text("gitdir: /nowhere/of/a/host\n")


def garble_config(path: Path) -> None:
    (path / ".git" / "config").write_text("[core\n")


def ask_for_a_later_git(path: Path) -> None:
    git(path, "config", "core.repositoryFormatVersion", "99")


def make_bare(path: Path) -> None:
    git(path, "config", "core.bare", "true")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_head, "not a git repository"),
        (garble_head, "not a git repository"),
        (lose_everything, "not a git repository"),
        (lead_nowhere, "not a git repository: /nowhere/of/a/host"),
        (garble_config, "bad config line 1 in file .git/config"),
        (ask_for_a_later_git, "found 99"),
        (make_bare, "must be run in a work tree"),
    ],
)
@pytest.mark.parametrize("patch", [True, False])
def test_a_repository_that_is_damaged_is_not_none(
    repository: Path, damage: Callable[[Path], None], said: str, patch: bool
) -> None:
    damage(repository)
    code = read_code(repository / "sub", patch)
    (problem,) = code.problems
    assert problem.startswith(f"{UNKNOWN}: git says: fatal: ")
    assert said in problem
    assert "\n" not in problem
    assert code.state == CodeState()


def test_a_damaged_repository_is_not_taken_for_the_one_around_it(repository: Path) -> None:
    inner = repository / "sub" / "inner"
    (inner / ".git").mkdir(parents=True)
    assert read_code(inner, patch=True) == Code(
        problems=(f"{UNKNOWN}: git does not take {str(inner / '.git')!r} for a repository",)
    )


def empty_the_branch(path: Path) -> None:
    (path / ".git" / "refs" / "heads" / "main").write_text("")


def garble_the_index(path: Path) -> None:
    (path / ".git" / "index").write_bytes(b"DIRC damaged")


def lose_the_index(path: Path) -> None:
    (path / ".git" / "index").unlink()


def lose_the_commit(path: Path) -> None:
    found = git(path, "rev-parse", "HEAD")
    (path / ".git" / "objects" / found[:2] / found[2:]).unlink()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (empty_the_branch, "the commit is not known: git says: fatal: Needed a single revision"),
        (garble_the_index, "what is not committed is not known: git says: fatal: .git/index: index file sma"),
        (lose_the_index, "what is not committed is not known: there is no index"),
        (lose_the_commit, "what is not committed is not known: git says: fatal: bad object HEAD"),
    ],
)
def test_of_a_damaged_repository_what_can_be_known_is(
    repository: Path, damage: Callable[[Path], None], problem: str
) -> None:
    commit_hash = git(repository, "rev-parse", "HEAD")
    change(repository)
    damage(repository)
    code = read_code(repository, patch=True)
    assert code.problems[0].startswith(problem)
    assert code.patch is None
    assert (code.state.patch or "").startswith("left out: ")
    assert code.state.commit == (None if damage is empty_the_branch else commit_hash)
    assert code.state.dirty is (True if damage is empty_the_branch else None)


def test_an_index_that_another_git_has_locked_is_read(repository: Path) -> None:
    change(repository)
    (repository / ".git" / "index.lock").touch()
    code = read_code(repository, patch=True)
    assert (code.state.dirty, code.state.patch, code.problems) == (True, PATCH, ())


def test_a_work_tree_of_its_own_and_a_shallow_clone_are_repositories(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(tmp_path / "shallow"))
    for name, branch in (("tree", "other"), ("shallow", "main")):
        change(tmp_path / name)
        code = read_code(tmp_path / name, patch=True)
        assert (code.state.branch, code.state.patch, code.problems) == (branch, PATCH, ())
        assert code.state.commit == git(repository, "rev-parse", "HEAD")


def test_the_code_is_that_of_the_directory_whatever_the_environment_says(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(repository)
    expected = read_code(repository, patch=True)
    git(tmp_path, "init", "--quiet", "other")
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "other" / ".git"))
    for name in ("GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG", "GIT_TRACE"):
        monkeypatch.setenv(name, str(tmp_path / "other" / "file"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=0")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert read_code(repository, patch=True) == expected
    assert expected.state.patch == PATCH
    assert not (tmp_path / "other" / "file").exists()


def test_a_repository_that_only_the_environment_names_has_to_name_its_work_tree(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".git").rename(tmp_path / "apart")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "apart"))
    why = f"{UNKNOWN}: GIT_DIR and GIT_WORK_TREE count only where both are set"
    assert read_code(repository, patch=True) == Code(problems=(why,))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    change(repository)
    code = read_code(repository / "sub", patch=True)
    assert (code.state.branch, code.state.patch, code.problems) == ("main", PATCH, ())
    assert read_code(tmp_path, patch=True) == Code()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    why = f"{UNKNOWN}: git says: fatal: not a git repository: {str(tmp_path / 'nowhere')!r}"
    assert read_code(repository, patch=True) == Code(problems=(why,))


@pytest.fixture
def outer(repository: Path, tmp_path: Path) -> Path:
    """A repository whose folder `lib` is a submodule."""
    path = tmp_path / "outer"
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", str(path))
    (path / "main.py").write_text("main\n")
    git(path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "lib")
    commit(path)
    return path


@pytest.mark.parametrize(
    "setting", ["diff.submodule=log", "diff.ignoreSubmodules=all", "submodule.lib.ignore=all"]
)
def test_a_submodule_at_another_commit_is_in_the_patch(outer: Path, setting: str) -> None:
    change(outer / "lib")
    commit(outer / "lib")
    git(outer, "config", *setting.split("="))
    code = read_code(outer, patch=True)
    assert (code.state.dirty, code.state.patch, code.problems) == (True, PATCH, ())
    assert code.patch is not None
    assert b"Subproject commit" in code.patch
    (outer.parent / PATCH).write_bytes(code.patch)
    git(outer, "apply", "--check", "--reverse", str(outer.parent / PATCH))


@pytest.mark.parametrize("ignored", ["none", "all", "dirty"])
def test_what_is_changed_in_a_submodule_is_said(outer: Path, ignored: str) -> None:
    git(outer, "config", "diff.ignoreSubmodules", ignored)
    change_below(outer / "lib")
    (outer / "lib" / "new.py").touch()
    said = "the submodule 'lib' has changes that are not committed, and in no patch"
    code = read_code(outer, patch=True)
    assert code.problems == (said,)
    assert outcome(code) == (True, f"left out: {said}", None)
    assert code.state.untracked == ("lib/new.py",)
    (outer / "main.py").write_text("changed\n")
    code = read_code(outer, patch=True)
    assert (code.state.dirty, code.state.patch, code.problems) == (True, PATCH, (said,))


def test_a_submodule_with_new_files_alone_is_not_changed(outer: Path) -> None:
    (outer / "lib" / "new.py").touch()
    code = read_code(outer, patch=True)
    assert (code.state.dirty, code.state.untracked, code.problems) == (False, ("lib/new.py",), ())


def test_a_submodule_that_is_not_there_or_leads_elsewhere_is_passed_over(outer: Path, tmp_path: Path) -> None:
    git(outer, "submodule", "--quiet", "deinit", "--force", "lib")
    assert read_code(outer, patch=True).state.dirty is False
    (outer / "lib").rmdir()
    change(tmp_path / "a repository")
    (outer / "lib").symlink_to(tmp_path / "a repository")
    assert read_code(outer, patch=True).problems == ()


def test_a_submodule_that_is_damaged_is_said(outer: Path) -> None:
    (outer / ".git" / "modules" / "lib" / "index").write_bytes(b"DIRC damaged")
    (problem,) = read_code(outer, patch=True).problems
    assert problem.startswith("the submodule 'lib': what is not committed is not known: git says: fatal: ")


def test_a_submodule_that_git_refuses_or_that_has_no_index_is_said(outer: Path) -> None:
    folder = outer / ".git" / "modules" / "lib"
    (folder / "index").unlink()
    said = "the submodule 'lib': what is not committed is not known: there is no index"
    code = read_code(outer, patch=False)
    assert (code.state.dirty, code.problems) == (None, (said,))
    (folder / "HEAD").unlink()
    (problem,) = read_code(outer, patch=False).problems
    assert problem.startswith(f"the submodule 'lib': {UNKNOWN}: git says: fatal: not a git repository")


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_does_not_look_at_is_named(repository: Path, mark: str) -> None:
    git(repository, "update-index", mark, "train.py")
    change(repository)
    code = read_code(repository, patch=True)
    said = "changes are not looked for in files marked assume-unchanged or skip-worktree: 'train.py'"
    assert (code.state.dirty, code.problems) == (False, (said,))


def filter_data(path: Path, clean: str) -> None:
    """Commit a file that goes through a filter, and change it and another one."""
    (path / ".gitattributes").write_text("*.bin filter=own\n")
    (path / "data.bin").write_text("data\n")
    commit(path)
    git(path, "config", "filter.own.clean", clean)
    git(path, "config", "filter.own.required", "true")
    (path / "data.bin").write_text("other data\n")


def test_a_filter_gives_what_is_in_the_patch(repository: Path) -> None:
    filter_data(repository, "tr a-z A-Z")
    code = read_code(repository, patch=True)
    assert (code.state.dirty, code.state.patch, code.problems) == (True, PATCH, ())
    assert b"+OTHER DATA" in (code.patch or b"")


def test_a_filter_that_fails_leaves_out_its_files_only(repository: Path) -> None:
    filter_data(repository, "no-such-program")
    code = read_code(repository, patch=True)
    unknown = "whether they are changed only their filters could tell: 'data.bin'"
    failed = "git says: fatal: data.bin: clean filter 'own' failed"
    assert code.problems == (failed, unknown)
    assert outcome(code) == (None, f"left out: {failed}; {unknown}", None)
    change(repository)
    code = read_code(repository, patch=True)
    assert (code.state.dirty, code.state.patch, code.problems) == (True, PATCH, (failed, unknown))
    assert b"train.py" in (code.patch or b"")
    assert b"data.bin" not in (code.patch or b"")


def test_files_of_secrets_are_left_out_of_the_patch_and_named(repository: Path) -> None:
    names = [".env", "sub/server.pem", "sub/id_rsa", "credentials.json"]
    for name in names:
        (repository / name).write_text("public\n")
    commit(repository)
    for name in names:
        (repository / name).write_text("s3cr3t\n")
    code = read_code(repository, patch=True)
    said = "the patch leaves out files that may hold secrets: " + ", ".join(map(repr, sorted(names)))
    assert outcome(code) == (True, f"left out: {said}", None)
    assert code.problems == (said,)
    change(repository)
    code = read_code(repository, patch=True)
    assert (code.state.patch, code.problems) == (PATCH, (said,))
    assert b"train.py" in (code.patch or b"")
    assert b"s3cr3t" not in (code.patch or b"")


def test_of_many_files_a_few_are_named(repository: Path) -> None:
    for number in range(8):
        (repository / f"{number}.pem").write_text("s3cr3t\n")
    git(repository, "add", "--all")
    (problem,) = read_code(repository, patch=True).problems
    assert problem.endswith("'0.pem', '1.pem', '2.pem', '3.pem', '4.pem' and 3 more")


def test_passwords_in_urls_of_the_patch_are_masked_and_it_still_applies(repository: Path) -> None:
    (repository / "train.py").write_text("old = 'http://me:0ld@host'\n")
    commit(repository)
    (repository / "train.py").write_text("old = 'http://me:0ld@host'\nnew = 'http://me:s3cr3t@host'\n")
    code = read_code(repository, patch=True)
    assert code.problems == ("secrets in URLs are masked in the patch",)
    assert code.patch is not None
    assert b"s3cr3t" not in code.patch
    assert applied(repository, code.patch)["train.py"][0].endswith(b"new = 'http://me:***@host'\n")
