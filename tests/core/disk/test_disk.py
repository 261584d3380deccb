from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

import attrs
import numpy as np
import pytest
import torch

from pyhermes.core import (
    ArgumentsError,
    CheckpointError,
    ExecArgs,
    ExecutionFileError,
    ExperimentInfo,
    FileModeError,
    FileNameError,
    HermesError,
    InfoError,
    IsAnExperimentError,
    MissingFileError,
    NoResultError,
    NotADirectoryOfExperimentsError,
    NotAFileError,
    NotAnExperimentError,
    Problem,
    ResultError,
    ResultRecord,
    Run,
    Scan,
    ScoresError,
    UnreadableRun,
    is_experiment,
    load_arguments,
    load_result,
    load_run,
    load_scalars,
    load_scores,
    save_result,
    scan_runs,
    with_arguments,
)
from pyhermes.core.disk.layout import (
    RESERVED,
    checkpoint_path,
    name_of_result,
    place_of_result,
    resolve_inside,
    result_path,
)
from pyhermes.core.disk.opening import list_files, list_names, open_logs, open_stderr, read_small_text
from pyhermes.core.disk.provenance import store_provenance
from pyhermes.core.disk.results import find_result, list_results, load_values
from pyhermes.core.disk.run_files import (
    copy_into,
    find_scores,
    load_network,
    load_state_dict,
    move_into,
    save_state_dict,
    store_comments,
)
from pyhermes.core.disk.scanning import find_run, load_each_arguments
from pyhermes.core.formats.provenance import Process, Provenance
from pyhermes.core.messages import shown
from tests.conftest import CRASHED, DOUBLE, FIRST, TAXI, as_nobody

STAMP = "2026_11_23_182353168091"
START = datetime(2026, 11, 23, 18, 23, 53, 168091)
PROVENANCE = Provenance(("python", "train.py"), "/", "me", Process("host", 1), "3.11.7", "python", "Linux")
TOO_LARGE = (64 << 20) + 1


@pytest.fixture(autouse=True)
def never_waiting() -> Iterator[None]:
    """A test that waits for the other end of a FIFO fails."""

    def fail(*_: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def make_run(folder: Path, text: str = "commit_hash:9b28e1f\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "hermes.info").write_text(text)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of which nothing is known but that it began."""
    return make_run(tmp_path / "runs" / f"{STAMP}_0_fcbfa")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that is no run's."""
    path = tmp_path / "outside.txt"
    path.write_text("from outside")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


def names(scan: Scan) -> list[str]:
    return [run.identifier for run in scan.runs]


# One run


def test_a_real_run_is_loaded_as_its_info_describes_it(first: Path) -> None:
    run = load_run(first)
    assert (run.path, run.identifier, run.info.comments) == (first, first.name, "baseline")
    assert run == load_run(str(first)) == load_run(f"{first}/")
    assert "--seed 0" in with_arguments(run).exec_args
    assert is_experiment(first)


def test_the_path_of_a_run_is_absolute(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.parent)
    assert load_run(run.name).path == run
    monkeypatch.chdir(run)
    assert load_run(".") == load_run(run)


@pytest.mark.parametrize("name", ["missing", "missing/too", "a\0b"])
def test_nothing_is_no_experiment(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert not is_experiment(path)
    for look in (load_run, scan_runs):
        with pytest.raises(NotAnExperimentError, match="got a path where nothing is") as error:
            look(path)
        assert isinstance(error.value, FileNotFoundError)
        assert not isinstance(error.value, NotADirectoryError)
        assert error.value.path == path


def test_a_file_and_a_dangling_link_are_no_experiment(tmp_path: Path, outside: Path) -> None:
    dangling = tmp_path / "dangling"
    dangling.symlink_to("nowhere")
    for path in (outside, dangling):
        assert not is_experiment(path)
        for look in (load_run, scan_runs):
            with pytest.raises(NotADirectoryOfExperimentsError, match="got something else") as error:
                look(path)
            assert isinstance(error.value, NotADirectoryError)
            assert isinstance(error.value, FileNotFoundError)
            assert error.value.path == path


def test_a_directory_without_an_info_is_no_experiment(tmp_path: Path) -> None:
    assert not is_experiment(tmp_path)
    with pytest.raises(NotAnExperimentError, match=r"got a directory without hermes\.info") as error:
        load_run(tmp_path)
    assert error.value.path == tmp_path


def make_directory(path: Path) -> None:
    path.mkdir()


def make_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_link_out(path: Path) -> None:
    (path.parent.parent / "secret").write_text("comments:secret\n")
    path.symlink_to("../secret")


def make_socket(path: Path) -> None:
    cwd = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(cwd)


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "directory": (make_directory, "expected a regular file"),
    "fifo": (os.mkfifo, "expected a regular file"),
    "socket": (make_socket, "expected a regular file"),
    "dangling": (make_dangling, "got a path where nothing is"),
    "loop": (make_loop, "expected a file that can be read, got: "),
    "link out": (make_link_out, "a link that leads out"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a link that leads out"),
}


@pytest.mark.parametrize(("make", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_info_that_is_no_file_makes_an_experiment_that_cannot_be_read(
    run: Path, make: Callable[[Path], None], reason: str
) -> None:
    healthy = make_run(run.parent / "healthy")
    (run / "hermes.info").unlink()
    make(run / "hermes.info")
    assert is_experiment(run)
    with pytest.raises(InfoError, match=reason) as error:
        load_run(run)
    assert isinstance(error.value, ValueError)
    assert error.value.path == run / "hermes.info"
    assert scan_runs(run.parent) == Scan((load_run(healthy),), (UnreadableRun(run, error.value.message),))


@pytest.mark.parametrize(("make", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_arguments_that_are_no_file_cannot_be_read(
    run: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(run / "exec_arguments")
    with pytest.raises(ArgumentsError, match=reason) as error:
        with_arguments(load_run(run))
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value.__cause__, OSError | FileNameError)
    assert error.value.path == run / "exec_arguments"


def test_a_link_inside_the_run_is_followed(run: Path) -> None:
    (run / "meta").mkdir()
    (run / "hermes.info").rename(run / "meta" / "info")
    (run / "hermes.info").symlink_to("meta/info")
    (run / "meta" / "args").write_text("--x\n")
    (run / "exec_arguments").symlink_to(run / "meta" / "args")
    assert load_run(run).info.commit_hash == "9b28e1f"
    assert load_arguments(run).lines == ("--x",)


def test_a_run_without_arguments_has_none(run: Path) -> None:
    assert load_arguments(run) == ExecArgs()
    assert with_arguments(load_run(run)).exec_args == frozenset()


def test_the_arguments_of_many_runs_come_in_their_order_and_one_that_cannot_be_read_hides_no_other(
    tmp_path: Path,
) -> None:
    runs = [load_run(make_run(tmp_path / name)) for name in "cab"]
    (runs[0].path / "exec_arguments").write_text("--x 1\n")
    (runs[1].path / "exec_arguments").mkdir()
    first, unreadable, none = load_each_arguments(runs)
    assert (first, none) == (load_arguments(runs[0].path), ExecArgs())
    assert isinstance(unreadable, ArgumentsError)
    assert unreadable.path == runs[1].path / "exec_arguments"
    assert load_each_arguments([]) == []


def test_a_text_that_is_far_too_large_is_a_problem_and_is_not_read(run: Path) -> None:
    for name in ("hermes.info", "exec_arguments"):
        with (run / name).open("ab") as file:
            file.truncate(TOO_LARGE)
    problem = "a file of at most 64 MiB"
    assert load_run(run) == Run(
        run, run.name, ExperimentInfo(problems=(Problem(None, None, "hermes.info", problem),))
    )
    assert load_run(run).start_time == START
    assert load_arguments(run) == ExecArgs((), (Problem(None, None, "exec_arguments", problem),))


def test_the_largest_text_that_is_read(run: Path) -> None:
    with (run / "hermes.info").open("ab") as file:
        file.truncate(TOO_LARGE - 1)
    assert load_run(run).info.commit_hash == "9b28e1f"


def test_bytes_that_are_no_text_are_kept(run: Path) -> None:
    (run / "hermes.info").write_bytes(b"comments:\xff\xfe\n")
    (run / "exec_arguments").write_bytes(b"--x \xff\n")
    assert load_run(run).info.comments == "\udcff\udcfe"
    assert load_arguments(run).lines == ("--x \udcff",)


@pytest.mark.parametrize(
    ("identifier", "text", "start"),
    [
        (f"{STAMP}_0_fcbfa", "commit_hash:9b28e1f\n", START),
        (f"{STAMP}_fcbfa", "", START),
        ("renamed", "start_time:1600000000.25\n", datetime.fromtimestamp(1600000000.25)),
        ("renamed", "", None),
    ],
    ids=["killed", "without a job index", "epoch", "unknown"],
)
def test_when_a_run_began(tmp_path: Path, identifier: str, text: str, start: datetime | None) -> None:
    assert load_run(make_run(tmp_path / identifier, text)).start_time == start


# Folders of runs


def test_the_runs_of_a_folder_are_sorted_by_identifier(cartpole: Path) -> None:
    scan = scan_runs(cartpole)
    assert names(scan) == sorted(path.name for path in cartpole.iterdir())
    assert scan == Scan(tuple(load_run(cartpole / name) for name in names(scan)), (), ())


def test_what_is_no_experiment_is_passed_over(cartpole: Path) -> None:
    before = scan_runs(cartpole)
    (cartpole / "notes.txt").write_text("hermes.info")
    (cartpole / "plots").mkdir()
    (cartpole / "gone").symlink_to("nowhere")
    (cartpole / "file-link").symlink_to("notes.txt")
    (cartpole / "itself").symlink_to("itself")
    os.mkfifo(cartpole / "fifo")
    assert scan_runs(cartpole) == before


@pytest.mark.parametrize("text", ["", "commit_hash:9b28e1f\n" + "comments:" + "x" * 5000 + "\n"])
def test_an_info_that_is_empty_or_long_is_read_as_any_other(tmp_path: Path, text: str) -> None:
    paths = [make_run(tmp_path / "a"), make_run(tmp_path / "b", text), make_run(tmp_path / "c")]
    assert scan_runs(tmp_path) == Scan(tuple(map(load_run, paths)), (), ())


def test_a_folder_whose_runs_cannot_be_read_says_that_and_nothing_else(run: Path) -> None:
    (run / "hermes.info").unlink()
    (run / "hermes.info").mkdir()
    make_run(run.parent / "sub" / "run")
    scan = scan_runs(run.parent)
    assert ([failed.path for failed in scan.failed], scan.runs, scan.elsewhere) == ([run], (), ())


def test_a_run_is_no_folder_of_runs(run: Path) -> None:
    with pytest.raises(IsAnExperimentError, match=r"use Experiment\.load") as error:
        scan_runs(run)
    assert isinstance(error.value, ValueError)
    assert error.value.path == run


def test_an_empty_folder_has_no_runs(tmp_path: Path) -> None:
    assert scan_runs(tmp_path) == scan_runs(tmp_path, recursive=True) == Scan((), (), ())


def test_all_runs_below_a_folder_but_none_inside_a_run(runs: Path) -> None:
    make_run(runs / FIRST / "nested")
    scan = scan_runs(runs, recursive=True)
    expected = sorted(
        {path.parent for path in runs.rglob("hermes.info")} - {runs / FIRST / "nested"},
        key=lambda path: path.name,
    )
    assert [run.path for run in scan.runs] == expected
    assert len(expected) == 6
    assert (scan.failed, scan.elsewhere) == ((), ())


def test_a_folder_whose_subfolders_hold_the_runs_says_where_they_are(runs: Path) -> None:
    folders = (runs / "cartpole_dqn" / "dqn-vs-ddqn", runs / "taxi_q" / "taxi-baseline")
    assert scan_runs(runs) == Scan((), (), folders)
    assert scan_runs(runs / "taxi_q") == Scan((), (), folders[1:])


def test_only_the_first_of_many_folders_are_named(tmp_path: Path) -> None:
    for name in "edcba":
        make_run(tmp_path / name / "run")
    make_run(tmp_path / "f" / "deeper" / "run")
    assert scan_runs(tmp_path).elsewhere == tuple(tmp_path / name for name in "abc")


@pytest.mark.parametrize(("folders", "is_found"), [(1500, False), (100, True)])
def test_runs_are_not_looked_for_elsewhere_without_end(tmp_path: Path, folders: int, is_found: bool) -> None:
    for number in range(folders):
        (tmp_path / f"{number}").mkdir()
    for number in range(600):
        (tmp_path / "0" / f"{number}").mkdir()
    make_run(tmp_path / "0" / "0" / "sub" / "run")
    assert scan_runs(tmp_path).elsewhere == ((tmp_path / "0" / "0" / "sub",) if is_found else ())


def test_one_run_is_found_by_the_beginning_of_its_identifier(runs: Path) -> None:
    first, double, taxi = (runs / name for name in (FIRST, DOUBLE, TAXI))
    assert find_run(runs, first.name) == find_run(str(runs), "2026_11_23_182353") == first
    assert find_run(runs, taxi.name) == taxi
    make_run(runs / "other" / f"{double.name}b")
    make_run(runs / "another" / f"{double.name}a")
    assert find_run(runs, double.name) == double  # one of the whole name comes first
    with pytest.raises(NotAnExperimentError) as error:
        find_run(runs, "2026_11_23_1823")
    found = sorted(path.parent for path in runs.rglob("2026_11_23_1823*/hermes.info"))
    in_order = sorted(found, key=lambda path: path.name)
    assert error.value.message == (
        "expected one run whose identifier begins with '2026_11_23_1823', "
        f"got {len(found)}: {', '.join(map(str, in_order[:3]))}"
    )
    assert isinstance(error.value, FileNotFoundError)
    assert error.value.path == runs


@pytest.mark.parametrize("name", [".", "nowhere", "outside.txt"])
def test_where_no_identifier_begins_so_no_run_is_found(outside: Path, name: str) -> None:
    root = outside.parent / name
    with pytest.raises(NotAnExperimentError, match=r"identifier begins with '2027', got 0: none$") as error:
        find_run(root, "2027")
    assert error.value.path == root


def test_links_to_runs_and_folders_count_and_loops_end(run: Path, tmp_path: Path) -> None:
    root = run.parent
    (root / "again").symlink_to(run.name)
    (root / "self").symlink_to(".")
    (root / "up").symlink_to("..")
    (root / "sub").mkdir()
    (root / "sub" / "back").symlink_to("../sub")
    make_run(tmp_path / "other" / "far")
    (root / "sub" / "other").symlink_to(tmp_path / "other")
    assert names(scan_runs(root)) == [run.name, "again"]
    found = names(scan_runs(root, recursive=True))
    assert found.count(run.name) == found.count("far") == found.count("again") == 1
    linked = tmp_path / "linked"
    linked.symlink_to(root)
    assert [run.path for run in scan_runs(linked).runs] == [linked / run.name, linked / "again"]


def test_loops_end_where_no_run_is(tmp_path: Path) -> None:
    for name in ("self", "same"):
        (tmp_path / name).symlink_to(".")
    assert scan_runs(tmp_path) == scan_runs(tmp_path, recursive=True) == Scan((), (), ())


def test_folders_that_cannot_be_looked_into_never_hide_the_others(common: Path) -> None:
    healthy = make_run(common / "healthy")
    closed, listless, unreadable = (
        make_run(common / "closed"),
        common / "listless",
        make_run(common / "unreadable"),
    )
    listless.mkdir()
    modes = ((closed, 0), (listless, 0o311), (unreadable / "hermes.info", 0))
    for path, mode in modes:
        path.chmod(mode)
    try:
        with as_nobody():
            scan = scan_runs(common)
            below = scan_runs(common, recursive=True)
            with pytest.raises(InfoError, match="Permission denied") as error:
                load_run(closed)
    finally:
        for path, _ in modes:
            path.chmod(0o755)
    assert error.value.path == closed
    why = "expected a file that can be read, got: Permission denied"
    failed = [UnreadableRun(closed, why), UnreadableRun(unreadable, why)]
    assert scan == Scan((load_run(healthy),), tuple(failed))
    assert below == Scan((load_run(healthy),), (failed[0], UnreadableRun(listless, why), failed[1]))


def test_looking_elsewhere_passes_over_folders_that_cannot_be_listed(common: Path) -> None:
    listless = common / "listless"
    listless.mkdir()
    make_run(common / "sub" / "run")
    listless.chmod(0o311)
    try:
        with as_nobody():
            assert scan_runs(common) == Scan((), (), (common / "sub",))
    finally:
        listless.chmod(0o755)


# Names inside a run


@pytest.mark.parametrize(
    "name", ["x", "sub/x", "./x", "sub/./x", "..x", "x..", "ä\n", "\udcff", "x" * 300, Path("sub", "x")]
)
def test_the_path_of_a_file_that_need_not_be_there(run: Path, name: str | Path) -> None:
    assert resolve_inside(run, name) == run / name
    assert resolve_inside(str(run), str(name)) == run / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "./",
        "..",
        "../x",
        "sub/../x",
        "sub/..",
        "/",
        "/etc/passwd",
        "a\0b",
        "\ud800",
        Path("."),
        Path("/x"),
    ],
)
def test_names_that_are_none_of_a_file_inside_a_run(run: Path, name: str | Path) -> None:
    with pytest.raises(FileNameError, match="expected (the|a) name") as error:
        resolve_inside(run, name)
    assert error.value.message.endswith(f"got {shown(str(name) if isinstance(name, Path) else name)}")
    assert isinstance(error.value, ValueError)
    assert error.value.path == run


def test_links_that_lead_out_of_a_run(run: Path, outside: Path) -> None:
    (run / "sub").mkdir()
    (run / "sub" / "file").symlink_to(outside)
    (run / "dir").symlink_to(outside.parent)
    (run / "gone").symlink_to("../nowhere")
    (run / "twice").symlink_to("sub/file")
    for name in ("sub/file", "dir", "dir/outside.txt", "dir/new", "gone", "twice"):
        with pytest.raises(FileNameError, match=f"got '{name}', a link that leads out") as error:
            resolve_inside(run, name)
        assert error.value.path == run


def test_links_that_stay_inside_a_run_and_a_run_that_is_a_link(run: Path, tmp_path: Path) -> None:
    (run / "sub").mkdir()
    (run / "link").symlink_to("sub")
    (run / "gone").symlink_to("nowhere")
    linked = tmp_path / "linked"
    linked.symlink_to(run)
    for root in (run, linked):
        for name in ("link/x", "gone", "x"):
            assert resolve_inside(root, name) == root / name


def test_a_sibling_whose_name_begins_alike_is_outside(run: Path) -> None:
    (run.parent / f"{run.name}-copy").mkdir()
    (run / "link").symlink_to(f"../{run.name}-copy")
    with pytest.raises(FileNameError):
        resolve_inside(run, "link")


def test_only_files_directly_in_the_run_are_listed(run: Path, outside: Path) -> None:
    for name in ("b.result", "a.result", ".result", "a.result.bak"):
        (run / name).touch()
    (run / "dir.result").mkdir()
    (run / "sub").mkdir()
    (run / "sub" / "c.result").touch()
    (run / "gone.result").symlink_to("nowhere")
    os.mkfifo(run / "fifo.result")
    assert list_files(run, ".result") == [".result", "a.result", "b.result"]
    assert list_files(run, ".scores") == []
    assert list_results(run) == ["", "a", "b"]
    everything = [".result", "a.result", "a.result.bak", "b.result", "dir.result", "fifo.result"]
    assert list_names(run) == [*everything, "gone.result", "hermes.info", "sub"]


def test_the_result_of_a_run_is_the_one_of_its_identifier_or_the_first(run: Path) -> None:
    with pytest.raises(NoResultError, match="got one without") as error:
        find_result(run, run.name)
    assert isinstance(error.value, RuntimeError)
    assert error.value.path == run
    for name in ("b", "a"):
        (run / f"{name}.result").touch()
    assert find_result(run, run.name) == (run / "a.result", ["a", "b"])
    (run / f"{run.name}.result").touch()
    assert find_result(run, run.name) == (run / f"{run.name}.result", [run.name, "a", "b"])
    (run / "0.result").touch()
    assert find_result(run, run.name) == (run / f"{run.name}.result", ["0", run.name, "a", "b"])


def test_results_and_checkpoints_with_and_without_their_endings(run: Path) -> None:
    assert result_path(run, "x") == result_path(run, "x.result") == run / "x.result"
    assert result_path(run, "x.y") == run / "x.y.result"
    assert checkpoint_path(run, "x") == checkpoint_path(run, "x.pth") == run / "x.pth"
    (run / "x").touch()
    (run / "dir").mkdir()
    assert checkpoint_path(run, "x") == run / "x"
    assert checkpoint_path(run, "x.pth") == run / "x.pth"
    assert checkpoint_path(run, "dir") == run / "dir.pth"
    for find in (result_path, checkpoint_path):
        with pytest.raises(FileNameError):
            find(run, "../x")


@pytest.mark.parametrize(
    ("path", "name"),
    [("x/a.result", "a"), (Path("a.result"), "a"), ("a.b", "a.b"), ("a.result.result", "a.result")],
)
def test_a_result_is_named_by_its_file(path: str | Path, name: str) -> None:
    assert name_of_result(path) == name


def test_a_result_goes_into_a_directory_or_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_of_result("a", "sub", None) == tmp_path / "sub" / "a.result"
    assert place_of_result("a", tmp_path, Path("old/b.result")) == tmp_path / "a.result"
    assert place_of_result("a", None, Path("old/b.result")) == Path("old/b.result")
    with pytest.raises(ResultError, match="expected a directory to save the new result 'a' to"):
        place_of_result("a", None, None)


@pytest.mark.parametrize("name", ["", "a/b", "/a", "a/", "a\0b", "\ud800", "x" * 249])
def test_a_result_cannot_have_the_name_of_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultError, match="expected a result's name without a slash, got") as error:
        place_of_result(name, tmp_path, None)
    assert f"got {shown(name)} (at most 248 bytes, " in error.value.message
    assert isinstance(error.value, ValueError)
    assert error.value.path == tmp_path


# Reading


def test_the_scores_of_a_run_and_of_a_renamed_one(runs: Path) -> None:
    folder = runs / CRASHED
    path = find_scores(folder, folder.name)
    assert path == folder / f"{folder.name}.scores"
    assert load_scores(path).shape == (100,)
    assert find_scores(folder, "renamed") == path
    (folder / "eval.scores").touch()
    assert find_scores(folder, folder.name) == path
    with pytest.raises(
        MissingFileError, match=r"expected renamed\.scores or one other file of scores, got \["
    ) as error:
        find_scores(folder, "renamed")
    assert isinstance(error.value, FileNotFoundError)
    assert error.value.path == folder


def test_a_run_without_scores(run: Path) -> None:
    with pytest.raises(MissingFileError, match="got none"):
        find_scores(run, run.name)


def test_scores_that_are_none_name_file_and_line(run: Path) -> None:
    path = run / "a.scores"
    path.write_text("1\n2\nthree\n")
    with pytest.raises(ScoresError) as error:
        load_scores(str(path))
    assert str(error.value) == f"{path}, line 3: expected one decimal number, got 'three'"
    assert (error.value.path, error.value.line) == (path, 3)


@pytest.mark.parametrize("read", [load_scores, load_result])
def test_what_is_no_file_is_never_waited_for(run: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(run / "fifo")
    make_socket(run / "socket")
    before = open_files()
    for path in (run / "fifo", run / "socket", run, Path("/dev/null")):
        with pytest.raises(
            NotAFileError, match="expected a regular file, got a directory or a special file"
        ) as error:
            read(path)
        assert isinstance(error.value, OSError)
        assert error.value.path == path
    with pytest.raises(MissingFileError) as missing:
        read(run / "missing")
    assert missing.value.path == run / "missing"
    assert open_files() == before


def test_a_file_that_may_not_be_read_is_the_errors_of_the_system(common: Path) -> None:
    path = common / "a.scores"
    path.touch()
    path.chmod(0)
    with as_nobody(), pytest.raises(PermissionError):
        load_scores(path)


@pytest.mark.parametrize("name", ["of the run", "another"])
@pytest.mark.parametrize("logged", [True, False, None])
def test_a_last_line_without_its_end_counts_where_the_run_logged_no_scores_through_us(
    run: Path, name: str, logged: bool | None
) -> None:
    path = run / (f"{run.name}.scores" if name == "of the run" else "another.scores")
    if logged is not None:
        store_provenance(run, attrs.evolve(PROVENANCE, logs_scores=logged))
    path.write_bytes(b"1.0\n2.0\n")
    assert load_scores(path).tolist() == load_scores(str(path)).tolist() == [1, 2]
    path.write_bytes(b"1.0\n2.0\n3.5")
    assert load_scores(path).tolist() == [1, 2] + [3.5] * (not logged or name == "another")


def test_a_small_text_of_the_users_own_keeps_all_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "sweep.hermes").write_bytes(b"EXEC\r\n\xff")
    assert read_small_text(tmp_path / "sweep.hermes") == "EXEC\r\n\udcff"
    with pytest.raises(MissingFileError, match="expected a file, got a path where nothing is") as error:
        read_small_text(str(tmp_path / "nowhere"))
    assert error.value.path == tmp_path / "nowhere"
    with pytest.raises(NotAFileError):
        read_small_text(tmp_path)
    os.truncate(tmp_path / "sweep.hermes", TOO_LARGE)
    with pytest.raises(ExecutionFileError) as large:
        read_small_text(tmp_path / "sweep.hermes")
    assert large.value.message == "expected a file of at most 64 MiB, got 'sweep.hermes'"


def test_a_result_is_read_from_a_file_that_is_open(tmp_path: Path) -> None:
    path = save_result(ResultRecord({"loss": [1.0, 2.0]}), tmp_path / "a.result")
    with path.open("rb") as file:
        assert load_result(file) == load_result(path)
    with pytest.raises(ResultError) as error:
        load_result(io.BytesIO(b"broken"))
    assert error.value.path is None


def test_the_values_of_a_result_are_fresh_and_changeable(tmp_path: Path) -> None:
    path = save_result(ResultRecord({"loss": np.array([1.0, 2.0])}), tmp_path / "a.result")
    values = load_values(str(path))
    loss = values["loss"]
    assert isinstance(loss, np.ndarray)
    loss[0] = 3
    assert loss.tolist() == [3, 2]
    assert load_values(path)["loss"] is not loss
    path.write_bytes(b"broken")
    for read in (load_values, load_result):
        with pytest.raises(ResultError) as error:
            read(path)
        assert error.value.path == path


def test_a_state_dict_is_on_the_cpu_or_where_it_is_wanted_and_goes_into_a_network(tmp_path: Path) -> None:
    path = save_state_dict(tmp_path / "a.pth", torch.nn.Linear(2, 1).state_dict())
    assert {value.device.type for value in load_state_dict(str(path)).values()} == {"cpu"}
    assert {value.device.type for value in load_state_dict(path, "meta").values()} == {"meta"}
    net = torch.nn.Linear(2, 1)
    assert load_network(str(path), net) is net
    assert not net.training
    assert torch.equal(net.weight, load_state_dict(path)["weight"])
    with torch.device("meta"):
        elsewhere = torch.nn.Linear(2, 1)
    assert load_network(path, elsewhere).weight.device.type == "meta"
    with pytest.raises(CheckpointError) as misfit:
        load_network(path, torch.nn.Linear(3, 1))
    path.write_bytes(b"broken")
    with pytest.raises(CheckpointError) as broken:
        load_state_dict(path)
    assert misfit.value.path == broken.value.path == path


# Saving


def test_saving_makes_directories_and_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.result"
    for record in (ResultRecord({"loss": [1.0, 2.0]}), ResultRecord({"n": 1})):
        assert save_result(record, str(path)) == path
        assert load_result(path) == record
        assert os.listdir(path.parent) == ["x.result"]


def test_what_cannot_be_stored_names_the_file_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="bad") as error:
        save_result({"bad": print}, tmp_path / "sub" / "a.result")  # type: ignore[dict-item]
    assert error.value.path == tmp_path / "sub" / "a.result"
    assert os.listdir(tmp_path) == []


def no_replace(*_: object) -> None:
    raise OSError("no replace")


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("function", "failure", "kind"),
    [
        ("replace", no_replace, OSError),
        ("fsync", no_replace, OSError),
        ("fsync", interrupt, KeyboardInterrupt),
    ],
)
def test_saving_that_fails_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    failure: Callable[..., None],
    kind: type[BaseException],
) -> None:
    path = save_result(ResultRecord({"n": 1}), tmp_path / "x.result")
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, function, failure)
        with pytest.raises(kind):
            save_result(ResultRecord({"n": 2}), path)
    assert contents(tmp_path) == before


def test_saving_over_a_directory_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.result" / "sub").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        save_result(ResultRecord({"n": 1}), tmp_path / "x.result")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["sub", "x.result"]


# Comments


@pytest.mark.parametrize(
    "comments", ["new", "", "two\nlines", " spaced ", "a:b", "Größe", "\udcff", "\ttab\n\n"]
)
def test_comments_are_added_and_nothing_else_is_changed(first: Path, comments: str) -> None:
    before = load_run(first)
    text = (first / "hermes.info").read_bytes()
    after = store_comments(before, comments)
    assert after == load_run(first)
    assert after.info.comments == comments
    assert {**after.info.fields, "comments": ""} == {**before.info.fields, "comments": ""}
    assert (first / "hermes.info").read_bytes().startswith(text)
    assert len(os.listdir(first)) == 9


def test_comments_that_are_not_new_change_nothing(first: Path) -> None:
    run = load_run(first)
    status = (first / "hermes.info").stat()
    assert store_comments(run, None) is run
    assert store_comments(run, "baseline") is run
    assert (first / "hermes.info").stat() == status


def test_a_run_keeps_its_path_and_name_when_it_is_commented(run: Path) -> None:
    named = Run(run, "another name", load_run(run).info)
    stored = store_comments(named, "new")
    assert (stored.path, stored.identifier, stored.info.comments) == (run, "another name", "new")
    assert store_comments(stored, "newer").info.comments == "newer"


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_an_info_keeps_its_mode_when_it_is_commented(run: Path, mode: int) -> None:
    (run / "hermes.info").chmod(mode)
    store_comments(load_run(run), "new")
    assert stat.S_IMODE((run / "hermes.info").stat().st_mode) == mode


def test_an_empty_info_can_be_commented(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "empty", ""))
    store_comments(run, "new")
    assert (tmp_path / "empty" / "hermes.info").read_text() == "comments:new\n"


def test_a_line_that_was_cut_off_does_not_become_a_value(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "cut", "a:1\nexecution_time:39.2"))
    before = contents(tmp_path)
    with pytest.raises(InfoError, match="got one that was cut off") as error:
        store_comments(run, "new")
    assert error.value.path == tmp_path / "cut" / "hermes.info"
    assert contents(tmp_path) == before


@pytest.mark.parametrize("comments", ["\ud800", "ends in\r"])
def test_comments_that_cannot_be_written_change_nothing(run: Path, comments: str) -> None:
    before = contents(run)
    with pytest.raises(InfoError, match="expected") as error:
        store_comments(load_run(run), comments)
    assert error.value.path == run / "hermes.info"
    assert contents(run) == before


def test_comments_are_not_added_to_a_file_that_is_too_large_to_be_read(run: Path) -> None:
    with (run / "hermes.info").open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(InfoError, match="expected a file of at most 64 MiB, got 'hermes.info'") as error:
        store_comments(load_run(run), "new")
    assert error.value.path == run / "hermes.info"
    assert (run / "hermes.info").stat().st_size == (64 << 20) + 1


def test_comments_have_nowhere_to_go_without_an_info(run: Path) -> None:
    loaded = load_run(run)
    (run / "hermes.info").unlink()
    with pytest.raises(MissingFileError):
        store_comments(loaded, "new")
    assert os.listdir(run) == []
    os.mkfifo(run / "hermes.info")
    with pytest.raises(NotAFileError):
        store_comments(loaded, "new")


# Copies and moves

Bring = Callable[[Path, Path, str | Path | None], Path]
both = pytest.mark.parametrize("bring", [copy_into, move_into])


@both
@pytest.mark.parametrize("name", [None, "new.txt", "sub/dir/new.txt", Path("sub", "x")])
def test_a_file_comes_into_the_run_as_it_is(
    run: Path, outside: Path, bring: Bring, name: str | Path | None
) -> None:
    outside.chmod(0o750)
    os.utime(outside, (1, 1_000_000_000))
    target = bring(run, outside, name)
    assert target == run / (name or "outside.txt")
    assert target.read_text() == "from outside"
    assert stat.S_IMODE(target.stat().st_mode) == 0o750
    assert target.stat().st_mtime == 1_000_000_000
    assert outside.exists() is (bring is copy_into)
    assert len(contents(run)) == 2


@both
def test_what_stands_there_is_replaced(run: Path, outside: Path, bring: Bring) -> None:
    (run / "outside.txt").write_text("a longer text that was there before")
    (run / "kept").write_text("kept")
    (run / "link").symlink_to("kept")
    bring(run, outside, None)
    assert (run / "outside.txt").read_text() == "from outside"
    outside.write_text("again")
    assert bring(run, outside, "link") == run / "link"
    assert ((run / "link").read_text(), (run / "kept").read_text()) == ("again", "kept")
    assert not (run / "link").is_symlink()
    assert not [name for name in os.listdir(run) if "tmp" in name]


def refused(bring: Bring, run: Path, source: Path, name: str | Path | None, kind: type[HermesError]) -> str:
    """Why something does not come into a run; that nothing has changed is made sure of."""
    before = contents(run.parent.parent)
    with pytest.raises(kind) as error:
        bring(run, source, name)
    assert contents(run.parent.parent) == before
    assert error.value.path == (run if kind is FileNameError else source)
    return error.value.message


@both
@pytest.mark.parametrize(
    "name",
    [
        *sorted(RESERVED),
        "HERMES.INFO",
        "Exec_Arguments",
        "./hermes.info",
        "here/hermes.info",
        "hermes.info/",
    ],
)
def test_the_names_of_the_format_are_refused(run: Path, outside: Path, bring: Bring, name: str) -> None:
    (run / "here").symlink_to(".")
    assert "that the format does not use" in refused(bring, run, outside, name, FileNameError)


@both
def test_the_names_of_the_format_are_free_in_a_subfolder(run: Path, outside: Path, bring: Bring) -> None:
    assert bring(run, outside, "sub/hermes.info").read_text() == "from outside"


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_the_files_of_the_format_are_not_moved_away(run: Path, tmp_path: Path, name: str) -> None:
    (run / name).touch()
    (tmp_path / "linked").symlink_to(run)
    for source in (run / name, tmp_path / "linked" / name):
        assert "that the format does not use" in refused(move_into, run, source, "x", FileNameError)


def test_the_files_of_the_format_can_be_copied(run: Path) -> None:
    before = (run / "hermes.info").read_bytes()
    assert copy_into(run, run / "hermes.info", "x").read_bytes() == before
    assert (run / "hermes.info").read_bytes() == before


@both
def test_the_information_of_another_run_is_not_brought_in(run: Path, bring: Bring) -> None:
    other = make_run(run.parent / "other")
    assert "'hermes.info'" in refused(bring, run, other / "hermes.info", None, FileNameError)


@both
@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/tmp/x", "a\0b", "out/x"])
def test_names_that_lead_out_are_refused(run: Path, outside: Path, bring: Bring, name: str) -> None:
    (run / "out").symlink_to("..")
    refused(bring, run, outside, name, FileNameError)


@both
def test_what_is_no_source(run: Path, tmp_path: Path, bring: Bring) -> None:
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "nothing is" in refused(bring, run, tmp_path / "missing", None, MissingFileError)
    assert "nothing is" in refused(bring, run, tmp_path / "dangling", None, MissingFileError)
    assert "regular file" in refused(bring, run, tmp_path / "dir", None, NotAFileError)
    assert "regular file" in refused(bring, run, tmp_path / "fifo", None, NotAFileError)


@both
def test_a_directory_is_not_replaced(run: Path, outside: Path, bring: Bring) -> None:
    (run / "dir").mkdir()
    (run / "link").symlink_to("dir")
    for name in ("dir", "link"):
        assert "that of a directory" in refused(bring, run, outside, name, FileNameError)


@both
def test_there_has_to_be_a_run_to_come_into(tmp_path: Path, outside: Path, bring: Bring) -> None:
    with pytest.raises(NotAnExperimentError, match="a path where nothing is"):
        bring(tmp_path / "missing", outside, None)
    assert not (tmp_path / "missing").exists()


@both
def test_a_file_onto_itself_stays(run: Path, bring: Bring) -> None:
    (run / "x").write_text("text")
    assert bring(run, run / "x", None) == run / "x"
    assert (run / "x").read_text() == "text"
    assert sorted(os.listdir(run)) == ["hermes.info", "x"]


@both
def test_of_a_link_comes_what_it_leads_to(run: Path, outside: Path, bring: Bring) -> None:
    link = outside.parent / "link"
    link.symlink_to(outside.name)
    target = bring(run, link, None)
    assert target == run / "link"
    assert not target.is_symlink()
    assert target.read_text() == outside.read_text() == "from outside"
    assert link.is_symlink() is (bring is copy_into)


@both
def test_a_file_comes_from_another_device(run: Path, bring: Bring) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == run.stat().st_dev:
        pytest.skip("there is no other device")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        source = Path(folder) / "far.txt"
        source.write_text("from far away")
        source.chmod(0o600)
        target = bring(run, source, "sub/near.txt")
        assert source.exists() is (bring is copy_into)
    assert target.read_text() == "from far away"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(contents(run)) == ["hermes.info", "sub/near.txt"]


@both
def test_what_fails_leaves_everything_as_it_was(
    run: Path, outside: Path, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run / "outside.txt").write_text("before")
    before = contents(run.parent.parent)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_replace)
        with pytest.raises(OSError, match="no replace"):
            bring(run, outside, None)
    assert contents(run.parent.parent) == before


# Logs


def test_odd_bytes_and_endings_of_lines_come_back_as_they_were(run: Path) -> None:
    odd = b"10%\r20%\r\n\xff\xfe\x00\n\xc3\xa4\x0b\x1c"
    (run / "stdout.log").write_bytes(odd)
    (run / "stderr.log").write_bytes(odd[::-1])
    with open_logs(run, "r") as (stdout, stderr):
        texts = stdout.read(), stderr.read()
    assert texts[0] == "10%\r20%\r\n\udcff\udcfe\x00\nä\x0b\x1c"
    assert stdout.closed
    assert stderr.closed
    with open_logs(run, "w") as (stdout, stderr):
        stdout.write(texts[1])
        stderr.write(texts[0])
    assert (run / "stdout.log").read_bytes() == odd[::-1]
    assert (run / "stderr.log").read_bytes() == odd


def test_logs_can_be_made_appended_to_and_changed(run: Path) -> None:
    with open_logs(run, "w") as (stdout, stderr):
        stdout.write("one\n")
        stderr.write("error\n")
    with open_logs(run, "a") as (stdout, _):
        stdout.write("two\n")
    with open_logs(run, "r+") as (stdout, _):
        assert stdout.readlines() == ["one\n", "two\n"]
        stdout.seek(0)
        stdout.write("ONE")
    assert (run / "stdout.log").read_text() == "ONE\ntwo\n"
    with open_stderr(run, "r") as stderr:
        assert stderr.read() == "error\n"
    assert sorted(os.listdir(run)) == ["hermes.info", "stderr.log", "stdout.log"]


def test_logs_that_are_made_may_be_written_by_all_whom_the_umask_lets_and_run_by_nobody(run: Path) -> None:
    before = os.umask(0)
    try:
        with open_logs(run, "a") as logs:
            modes = [stat.S_IMODE(os.fstat(log.fileno()).st_mode) for log in logs]
    finally:
        os.umask(before)
    assert modes == [0o666, 0o666]


def test_logs_are_utf_8_wherever_one_is(run: Path) -> None:
    code = "import sys; from pyhermes.core.disk.opening import open_stderr\n"
    code += "with open_stderr(sys.argv[1], 'w') as log: log.write('\\u00e4\\udcff')\n"
    code += "with open_stderr(sys.argv[1], 'r') as log: print(ascii(log.read()))"
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(run)],
        env={**os.environ, **plain},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "'\\xe4\\udcff'\n"
    assert (run / "stderr.log").read_bytes() == b"\xc3\xa4\xff"
    with open_stderr(run, "r") as log:
        assert log.read() == "\u00e4\udcff"


def test_both_logs_are_closed_whatever_happens(run: Path) -> None:
    before = open_files()
    given: list[TextIO] = []

    def fail() -> None:
        with open_logs(run, "w") as logs:
            given.extend(logs)
            logs[0].write("kept")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [log.closed for log in given] == [True, True]
    assert (run / "stdout.log").read_text() == "kept"
    (run / "stderr.log").unlink()
    with pytest.raises(MissingFileError), open_logs(run, "r"):
        pass
    assert open_files() == before


def test_logs_that_are_not_there(run: Path) -> None:
    for mode in ("r", "r+"):
        with pytest.raises(MissingFileError) as error, open_logs(run, mode):
            pass
        assert isinstance(error.value, FileNotFoundError)
        assert error.value.path == run / "stdout.log"
    assert os.listdir(run) == ["hermes.info"]


@pytest.mark.parametrize("mode", ["rb", "wb", "ab+"])
def test_logs_are_text(run: Path, mode: str) -> None:
    with pytest.raises(FileModeError, match="expected a mode for text") as error:
        open_stderr(run, mode)
    assert isinstance(error.value, ValueError)
    assert error.value.path == run / "stderr.log"
    assert os.listdir(run) == ["hermes.info"]


@pytest.mark.parametrize("mode", ["r", "r+", "w", "a"])
@pytest.mark.parametrize("make", [os.mkfifo, make_directory, make_socket])
def test_logs_that_are_no_files(run: Path, mode: str, make: Callable[[Path], None]) -> None:
    make(run / "stderr.log")
    before = open_files()
    with pytest.raises(NotAFileError, match="expected a regular file"):
        open_stderr(run, mode)
    assert open_files() == before


def test_a_log_that_leads_out_of_the_run_is_not_written(run: Path, outside: Path) -> None:
    (run / "stderr.log").symlink_to(outside)
    with pytest.raises(FileNameError):
        open_stderr(run, "w")
    assert outside.read_text() == "from outside"


def test_reading_changes_nothing(runs: Path) -> None:
    before = contents(runs)
    for loaded in scan_runs(runs, recursive=True).runs:
        with_arguments(loaded)
        scores = load_scores(find_scores(loaded.path, loaded.identifier))
        assert np.isfinite(scores).all()
        with open_logs(loaded.path, "r") as logs:
            assert all(isinstance(log.read(), str) for log in logs)
    shutil.rmtree(runs / "taxi_q")
    assert contents(runs).items() <= before.items()


# The scalars of several runs


def test_the_scalars_of_every_run_in_their_order(runs: Path) -> None:
    found = scan_runs(runs, recursive=True).runs
    before = contents(runs)
    scalars, failed = load_scalars(iter(found))
    assert failed == ()
    assert len(scalars) == len(found)
    assert [run.path.relative_to(runs) for run, held in zip(found, scalars, strict=True) if not held] == [
        Path(CRASHED)
    ]
    (first,) = (held for run, held in zip(found, scalars, strict=True) if run.path == runs / FIRST)
    assert list(first) == ["return", "epsilon", "loss", "solved"]
    assert first["return"].shape == (150,)
    assert contents(runs) == before
    assert load_scalars([]) == ((), ())


def test_of_several_results_the_one_of_the_identifier_has_the_scalars(run: Path) -> None:
    save_result(ResultRecord({"loss": [1.0]}), run / "a.result")
    record = load_run(run)
    assert load_scalars([record])[0][0]["loss"].tolist() == [1.0]
    save_result(ResultRecord({"loss": [2.0]}), run / f"{run.name}.result")
    save_result(ResultRecord({"loss": [3.0]}), run / "0.result")
    (held, again), failed = load_scalars([record, record])
    assert held["loss"].tolist() == again["loss"].tolist() == [2.0]
    assert failed == ()


def test_a_result_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    good, broken, special, none = (make_run(tmp_path / name) for name in ("a", "b", "c", "d"))
    save_result(ResultRecord({"loss": [1.0], "note": "x"}), good / "a.result")
    (broken / "b.result").write_bytes(b"broken")
    (special / "c.result").symlink_to(tmp_path / "a" / "a.result")
    scalars, failed = load_scalars(map(load_run, (broken, good, special, none)))
    assert [list(held) for held in scalars] == [[], ["loss"], [], []]
    assert [run.path for run in failed] == [broken, special]
    assert "b.result" in failed[0].reason
    assert "a link that leads out" in failed[1].reason
    assert all(str(run).count(str(run.path)) == 1 for run in failed)


def test_a_run_that_is_gone_by_now_hides_no_other(tmp_path: Path) -> None:
    good, gone = make_run(tmp_path / "a"), make_run(tmp_path / "b")
    save_result(ResultRecord({"loss": [1.0]}), good / "a.result")
    records = [load_run(gone), load_run(good)]
    shutil.rmtree(gone)
    scalars, failed = load_scalars(records)
    assert [list(held) for held in scalars] == [[], ["loss"]]
    assert {run.path for run in failed} <= {gone}


def test_a_result_that_may_not_be_read_hides_no_other(common: Path) -> None:
    good, secret, closed = (make_run(common / name) for name in ("a", "b", "c"))
    for path in (good, secret, closed):
        save_result(ResultRecord({"loss": [1.0]}), path / f"{path.name}.result")
    records = list(map(load_run, (secret, closed, good)))
    (secret / "b.result").chmod(0)
    closed.chmod(0)
    try:
        with as_nobody():
            scalars, failed = load_scalars(records)
    finally:
        closed.chmod(0o755)
    assert [list(held) for held in scalars] == [[], [], ["loss"]]
    assert [run.path for run in failed] == [secret, closed]
