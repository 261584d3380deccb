"""Recording in a repository that a stranger made starts none of the programs that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyhermes import Experiment
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.system.git import read_code
from tests.guarantees.helpers import warned
from tests.system.helpers import commit, git, isolate_git


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A file that is there once the program beside it has run."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho ran >> '{tmp_path / 'ran'}'\ncat\n")
    program.chmod(0o755)
    return tmp_path / "ran"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, with nothing of the settings of whoever runs the tests."""
    isolate_git(monkeypatch)
    path = tmp_path / "repository"
    git(tmp_path, "init", "--quiet", str(path))
    (path / ".gitattributes").write_text("*.py diff=own\n*.bin filter=own\n*.odd filter=\n")
    for name in ("train.py", "data.bin", "data.odd"):
        (path / name).write_text("one\n")
    commit(path)
    return path


def change(path: Path) -> None:
    """Change every file, so that only its content can tell."""
    for name in ("train.py", "data.bin", "data.odd"):
        if (path / name).exists():
            (path / name).write_text("two\n")


def set_hooks(path: Path, program: Path) -> None:
    hooks = path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction", "post-checkout"):
        (hooks / name).symlink_to(program)


def set_filters(path: Path, program: Path) -> None:
    for name in ("own", ""):
        for key in ("clean", "smudge", "process"):
            git(path, "config", f"filter.{name}.{key}", str(program))
        git(path, "config", f"filter.{name}.required", "true")


def lack_a_file(path: Path, program: Path) -> None:
    """Make it a partial clone, which gets what it lacks by a program."""
    blob = git(path, "rev-parse", "HEAD:train.py")
    url = f"ext::{program}"
    settings = {
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": url,
    }
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "protocol.ext.allow": "always",
        **settings,
    }.items():
        git(path, "config", key, value)
    git(path, "config", "core.sshCommand", str(program))
    (path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()


def setting(*keys: str) -> Callable[[Path, Path], None]:
    def set_keys(path: Path, program: Path) -> None:
        for key in keys:
            git(path, "config", key, str(program))

    return set_keys


PROGRAMS = {
    "hooks": set_hooks,
    "a partial clone": lack_a_file,
    "external diff": setting("diff.external", "diff.own.command"),
    "textconv": setting("diff.own.textconv"),
    "fsmonitor": setting("core.fsmonitor"),
    "pager": setting("core.pager", "pager.diff", "pager.status", "core.editor", "core.askPass"),
    "alias": setting("alias.status", "alias.diff"),
}


@pytest.mark.parametrize("patch", [True, False])
@pytest.mark.parametrize("kind", PROGRAMS)
def test_no_program_that_a_repository_names_is_run(
    repository: Path, ran: Path, kind: str, patch: bool
) -> None:
    PROGRAMS[kind](repository, ran.with_name("program"))
    change(repository)
    code = read_code(repository, patch)
    assert code.state.dirty
    assert bool(code.problems) == (patch and kind == "a partial clone")
    assert not ran.exists()


def test_without_a_patch_no_filter_is_run_and_what_it_would_tell_is_said_to_be_unknown(
    repository: Path, ran: Path
) -> None:
    set_filters(repository, ran.with_name("program"))
    (repository / "data.bin").write_text("two\n")
    (repository / "data.odd").write_text("two\n")
    code = read_code(repository, patch=False)
    said = "whether they are changed only their filters could tell: 'data.bin', 'data.odd'"
    assert (code.state.dirty, code.problems) == (None, (said,))
    change(repository)
    assert read_code(repository, patch=False).state.dirty is True
    assert not ran.exists()


def test_for_a_patch_only_the_filters_of_files_that_look_changed_are_run(repository: Path, ran: Path) -> None:
    set_filters(repository, ran.with_name("program"))
    (repository / "train.py").write_text("two\n")
    assert read_code(repository, patch=True).state.dirty is True
    assert not ran.exists()
    git(repository, "config", "--unset", "filter.own.process")
    (repository / "data.bin").write_text("two\n")
    assert b"data.bin" in (read_code(repository, patch=True).patch or b"")
    assert ran.exists()


def test_a_filter_that_cannot_be_switched_off_keeps_git_from_being_asked(repository: Path, ran: Path) -> None:
    (repository / ".gitattributes").write_text("*.bin filter=a=b\n")
    git(repository, "config", "filter.a=b.clean", str(ran.with_name("program")))
    change(repository)
    code = read_code(repository, patch=False)
    assert code.problems == ("the state of the code is not known: the filter 'a=b' cannot be switched off",)
    assert not ran.exists()


def test_no_program_that_a_submodule_names_is_run(repository: Path, tmp_path: Path, ran: Path) -> None:
    outer = tmp_path / "outer"
    git(tmp_path, "init", "--quiet", str(outer))
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "lib")
    commit(outer)
    for kind in ("external diff", "textconv", "fsmonitor", "pager", "alias"):
        PROGRAMS[kind](outer / "lib", ran.with_name("program"))
    set_filters(outer / "lib", ran.with_name("program"))
    change(outer / "lib")
    assert read_code(outer, patch=False).state.dirty
    assert not ran.exists()


def test_what_git_refuses_is_in_the_provenance_and_in_one_warning(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with warned() as said, Experiment.record("train", name="x", root=tmp_path / "r") as recording:
        pass
    provenance = load_provenance(recording.path_to_experiment)
    assert provenance is not None
    (problem,) = provenance.problems
    assert "detected dubious ownership" in problem
    assert said == [f"not all of the code is kept with the run:\n  {problem}"]
