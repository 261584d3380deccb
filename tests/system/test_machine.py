from __future__ import annotations

import getpass
import os
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import psutil
import pytest
import torch

from pyhermes.core import RunStatus, load_run
from pyhermes.core.disk.recording import PATCH, beat, job_logs, load_provenance, store_provenance
from pyhermes.core.errors import ProvenanceError
from pyhermes.core.formats.provenance import (
    CodeState,
    Process,
    Provenance,
    format_provenance,
    parse_provenance,
)
from pyhermes.core.runs.status import Evidence
from pyhermes.system import machine
from pyhermes.system.machine import (
    boot_name,
    code_state,
    code_with_patch,
    evidence_of,
    here,
    installed_packages,
    is_running,
    process_of,
    status_of_run,
    uncommitted_patch,
    work_tree,
)

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at how Linux keeps time")


@pytest.fixture(autouse=True)
def git_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests, and no repository around their folder."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "me")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "me@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(repository: Path, *words: str) -> str:
    """What a command of git prints."""
    done = subprocess.run(["git", "-C", str(repository), *words], check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(repository: Path, message: str = "change") -> str:
    """Commit everything; the commit's hash."""
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", message)
    return git(repository, "rev-parse", "HEAD")


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


def contents(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Every file below a folder but git's own: what is in it, and whether it can be run."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


# Processes


def test_this_process_runs() -> None:
    process = process_of(os.getpid())
    assert (process.host, process.pid) == (socket.gethostname(), os.getpid())
    assert process.boot == boot_name()
    assert process.started is not None
    assert process.started < time.time() + 2
    assert is_running(process) is True


def test_another_process_runs_until_it_has_ended(sleeping: subprocess.Popen[bytes]) -> None:
    process = process_of(sleeping.pid)
    assert is_running(process) is True
    sleeping.kill()
    sleeping.wait()
    assert is_running(process) is False


def test_a_process_that_is_stopped_runs(sleeping: subprocess.Popen[bytes]) -> None:
    process = process_of(sleeping.pid)
    sleeping.send_signal(signal.SIGSTOP)
    while psutil.Process(sleeping.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    assert is_running(process) is True


@pytest.mark.parametrize("says", [True, False])
def test_a_zombie_does_not_run(
    sleeping: subprocess.Popen[bytes], says: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not the system has a file that says it."""
    if not says:
        monkeypatch.setattr(machine, "read_system_file", lambda _: None)
    process = process_of(sleeping.pid)
    assert process.started is not None
    os.kill(sleeping.pid, signal.SIGKILL)
    while psutil.Process(sleeping.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert is_running(process) is False
    assert process_of(sleeping.pid).started is None


@pytest.mark.parametrize("later", [-1000.0, -2.0, -1.5, 1.5, 2.0, 1000.0, float("nan"), float("inf")])
def test_a_number_that_was_given_to_another_process_is_not_the_first(later: float) -> None:
    process = process_of(os.getpid())
    assert process.started is not None
    assert is_running(attrs.evolve(process, started=process.started + later)) is False


def test_times_may_differ_by_less_than_a_second() -> None:
    process = process_of(os.getpid())
    assert process.started is not None
    assert is_running(attrs.evolve(process, started=process.started + 0.5)) is True


def test_no_process_outlives_the_start_of_its_machine() -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), boot="another")) is False


def test_nothing_is_seen_of_another_machine() -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), host="another")) is None


def test_where_the_system_does_not_say_more_the_number_counts(sleeping: subprocess.Popen[bytes]) -> None:
    process = Process(socket.gethostname(), sleeping.pid)
    assert is_running(process) is True
    sleeping.kill()
    sleeping.wait()
    assert is_running(process) is False


@LINUX
def test_a_process_of_any_name_started_when_it_did(tmp_path: Path) -> None:
    named = tmp_path / "x) Z 1 (2)"
    shutil.copy(shutil.which("sleep") or "", named)
    with subprocess.Popen([named, "60"]) as running:
        process = process_of(running.pid)
        assert is_running(process) is True
        since = psutil.Process(running.pid).create_time() - psutil.boot_time()
        running.kill()
    assert process.started == pytest.approx(since, abs=2)


@LINUX
def test_a_process_in_another_namespace_cannot_be_seen() -> None:
    process = process_of(os.getpid())
    assert process.namespace == os.readlink("/proc/self/ns/pid")
    assert is_running(attrs.evolve(process, namespace="pid:[1]")) is None


@pytest.mark.parametrize("pid", [-1, -(10**30), 10**30, 2**31, 2**63])
def test_a_number_that_no_process_has_is_of_none_that_runs(pid: int) -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), pid=pid)) is False


@pytest.mark.parametrize("started", [10**400, -(10**400)], ids=["late", "early"])
def test_a_start_that_is_no_time_is_not_the_process(started: float) -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), started=started)) is False


@LINUX
@pytest.mark.parametrize("seconds", [-3600, -5, 5, 3600])
def test_a_process_runs_on_when_the_clock_is_set(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Linux says of when it started moves with the clock, and the process did not."""
    process = process_of(os.getpid())
    before = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: before + seconds)
    monkeypatch.setattr("psutil.boot_time", lambda: before + seconds)
    assert is_running(process) is True


def test_a_start_of_the_machine_has_one_name() -> None:
    code = "from pyhermes.core.machine import boot_name; print(boot_name())"
    named = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert named.decode().strip() == boot_name()


def test_where_the_system_names_no_start_its_time_does(monkeypatch: pytest.MonkeyPatch) -> None:
    boot_name.cache_clear()
    monkeypatch.setattr(machine, "read_system_file", lambda _: None)
    try:
        assert boot_name() is None
        assert is_running(process_of(os.getpid())) is True
    finally:
        boot_name.cache_clear()


# Git


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
    monkeypatch.setattr(machine, "_GIT_SECONDS", 0.1)
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
    provenance = here([], process_of(os.getpid()), code_state(repository))
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


# Provenance


def test_what_is_known_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    process, code = process_of(os.getpid()), code_state(repository)
    known = here(iter(["python", "a\nb"]), process, code, problems=["'a\\nb'"])
    assert known == Provenance(
        argv=("python", "a\nb"),
        directory=str(repository),
        user=getpass.getuser(),
        process=process,
        python=platform.python_version(),
        executable=sys.executable,
        platform=platform.platform(),
        packages=installed_packages(),
        torch=str(torch.__version__),
        device=known.device,
        code=code,
        problems=("'a\\nb'",),
    )
    assert parse_provenance(format_provenance(known)) == known


def test_torch_is_told_of_only_where_it_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    known = here([], process_of(os.getpid()), CodeState(), seeds=True)
    assert (known.torch, known.device) == (None, None)
    assert known.seeds is not None
    assert known.seeds.torch is None


@pytest.mark.parametrize(("available", "device"), [(True, "cuda: Tesla"), (False, "cpu")])
def test_the_device_is_the_one_that_torch_uses(
    available: bool, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: available)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla")
    assert here([], process_of(os.getpid()), CodeState()).device == device


@pytest.mark.parametrize("error", [OSError, KeyError])
def test_a_user_without_a_name_is_a_number(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", fail)
    assert here([], process_of(os.getpid()), CodeState()).user == str(os.getuid())


def numpy_state() -> Any:
    """What numpy's global generator goes on from."""
    return np.random.get_state()


def use_generator(generator: np.random.BitGenerator) -> None:
    """Make it numpy's global one."""
    getattr(np.random, "set_bit_generator")(generator)  # noqa: B009 - the stubs do not have it


@pytest.fixture
def random_state() -> Iterator[None]:
    """Random numbers of others go on as they were."""
    before, of_torch = numpy_state(), torch.get_rng_state()
    yield
    use_generator(np.random.MT19937())
    np.random.set_state(before)
    torch.set_rng_state(of_torch)


@pytest.mark.usefixtures("random_state")
def test_seeds_are_those_that_were_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    np.random.seed(3)
    torch.manual_seed(5)
    assert here([], process_of(os.getpid()), CodeState()).seeds is None
    known = here([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    assert (known.python_hash, known.numpy, known.torch) == ("7", 3, 5)


def test_seeds_of_what_was_not_loaded_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    monkeypatch.delitem(sys.modules, "numpy")
    known = here([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    assert (known.python_hash, known.numpy) == (None, None)


def draw() -> None:
    np.random.seed(3)
    np.random.random(10)


def seed_with_several() -> None:
    np.random.seed([1, 2, 3])


def seed_with_nothing() -> None:
    np.random.seed()


@pytest.mark.usefixtures("random_state")
@pytest.mark.parametrize("make", [draw, seed_with_several, seed_with_nothing])
def test_a_number_that_is_no_seed_is_not_said_to_be_one(make: Callable[[], None]) -> None:
    make()
    state = numpy_state()[1]
    known = here([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    if known.numpy is not None:
        np.random.seed(known.numpy)
        assert (numpy_state()[1] == state).all()


@pytest.mark.usefixtures("random_state")
def test_another_generator_of_numpy_has_no_seed_that_can_be_told() -> None:
    use_generator(np.random.PCG64(1))
    known = here([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    assert known.numpy is None


def test_the_packages_are_sorted_and_have_versions() -> None:
    packages = installed_packages()
    assert list(packages) == sorted(set(packages))
    assert f"numpy=={np.__version__}" in packages


class Unreadable(metadata.Distribution):
    """What the finder of another program may come up with."""

    def read_text(self, filename: str) -> str | None:
        raise RuntimeError(filename)

    def locate_file(self, path: object) -> Any:
        raise RuntimeError(path)


def test_a_broken_distribution_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = installed_packages()
    (tmp_path / "broken-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = [*metadata.distributions(), Unreadable()]
    monkeypatch.setattr(metadata, "distributions", lambda: found)
    installed_packages.cache_clear()
    try:
        assert installed_packages() == sound
    finally:
        installed_packages.cache_clear()
    assert f"numpy=={np.__version__}" in sound


# What became of a run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has not ended."""
    path = tmp_path / "2026_11_23_182353168091_0_fcbfa"
    path.mkdir()
    (path / "hermes.info").write_text("commit_hash:00000\n")
    return path


def started_by(path: Path, process: Process) -> Path:
    """The run in a directory, as one that a process started."""
    store_provenance(path, here([], process, CodeState()))
    return path


def test_a_run_without_provenance_tells_of_no_process(run: Path) -> None:
    assert evidence_of(run) is None
    assert status_of_run(load_run(run)).status is RunStatus.UNKNOWN


def test_a_run_whose_process_is_there_runs(run: Path) -> None:
    started_by(run, process_of(os.getpid()))
    assert status_of_run(load_run(run)).status is RunStatus.RUNNING


def test_a_run_whose_process_is_gone_is_lost(run: Path, sleeping: subprocess.Popen[bytes]) -> None:
    started_by(run, process_of(sleeping.pid))
    assert status_of_run(load_run(run)).status is RunStatus.RUNNING
    beat(run)
    sleeping.kill()
    sleeping.wait()
    assert status_of_run(load_run(run)).status is RunStatus.LOST


def ended(sleeping: subprocess.Popen[bytes]) -> Process:
    """A process that ran on this machine."""
    process = process_of(sleeping.pid)
    sleeping.kill()
    sleeping.wait()
    return process


def test_a_run_whose_log_somebody_holds_runs_without_its_recorder(
    run: Path, sleeping: subprocess.Popen[bytes]
) -> None:
    process = ended(sleeping)
    started_by(run, process)
    with job_logs(run):
        assert evidence_of(run) == Evidence(process, running=False, is_held=True)
        assert status_of_run(load_run(run)).status is RunStatus.RUNNING
    assert evidence_of(run) == Evidence(process, running=False, is_held=False)
    assert status_of_run(load_run(run)).status is RunStatus.LOST
    started_by(run, process_of(os.getpid()))
    assert evidence_of(run) == Evidence(process_of(os.getpid()), running=True)


def test_how_a_run_ended_may_be_said_after_it_was_read(run: Path, sleeping: subprocess.Popen[bytes]) -> None:
    started_by(run, ended(sleeping))
    record = load_run(run)
    assert status_of_run(record).status is RunStatus.LOST
    (run / "hermes.info").write_text("exit_status:0\n")
    assert status_of_run(record).status is RunStatus.FINISHED
    (run / "hermes.info").unlink()
    assert status_of_run(record).status is RunStatus.LOST


def test_a_run_elsewhere_is_known_by_its_heartbeat(run: Path) -> None:
    started_by(run, attrs.evolve(process_of(os.getpid()), host="elsewhere"))
    assert status_of_run(load_run(run)).status is RunStatus.LOST
    beat(run)
    assert status_of_run(load_run(run)).status is RunStatus.RUNNING
    os.utime(run / "heartbeat", (time.time() - 601,) * 2)
    assert status_of_run(load_run(run)).status is RunStatus.LOST


def test_a_run_that_says_how_it_ended_is_not_looked_for(run: Path) -> None:
    (run / "provenance.json").write_text("torn")
    (run / "hermes.info").write_text("exit_status:0\n")
    assert status_of_run(load_run(run)).status is RunStatus.FINISHED


def make_directory(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link_out(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_torn(path: Path) -> None:
    path.write_text("{")


def make_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)


@pytest.mark.parametrize(
    "make", [make_directory, make_fifo, make_link_out, make_dangling, make_loop, make_torn, make_large]
)
def test_a_provenance_that_cannot_be_read_is_a_reason_and_no_error(
    run: Path, make: Callable[[Path], None]
) -> None:
    make(run / "provenance.json")
    evidence = evidence_of(run)
    assert evidence is not None
    assert evidence.problem is not None
    assert "got None" not in evidence.problem
    report = status_of_run(load_run(run))
    assert report.status is RunStatus.UNKNOWN
    assert "provenance.json" in report.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("pid", -1), ("pid", 10**30), ("started", 10**400), ("started", float("nan"))],
    ids=["negative", "large", "late", "nan"],
)
def test_a_forged_process_is_lost_and_no_error(run: Path, field: str, value: Any) -> None:
    forged: dict[str, Any] = {field: value}
    started_by(run, attrs.evolve(process_of(os.getpid()), **forged))
    report = status_of_run(load_run(run))
    assert report.status is (RunStatus.LOST if field == "pid" else RunStatus.UNKNOWN)


def test_a_run_whose_directory_is_gone_is_no_error(run: Path) -> None:
    record = load_run(run)
    shutil.rmtree(run)
    assert status_of_run(record).status is RunStatus.UNKNOWN


def test_the_error_names_the_file(run: Path) -> None:
    (run / "provenance.json").write_text("{}")
    with pytest.raises(ProvenanceError, match="required field missing") as error:
        load_provenance(run)
    assert error.value.path == run / "provenance.json"


def test_where_there_are_no_namespaces_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def readlink(_path: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "readlink", readlink)
    process = process_of(os.getpid())
    assert process.namespace is None
    assert is_running(process) is True
