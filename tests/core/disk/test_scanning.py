from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from pyhermes.core import (
    ArgumentsError,
    ExecArgs,
    ExperimentInfo,
    FileNameError,
    HermesWarning,
    InfoError,
    IsAnExperimentError,
    NotADirectoryOfExperimentsError,
    NotAnExperimentError,
    Problem,
    Run,
    Scan,
    UnreadableRun,
    is_experiment,
    load_arguments,
    load_run,
    load_scores,
    scan_runs,
    with_arguments,
)
from pyhermes.core.disk.opening import open_logs
from pyhermes.core.disk.run_files import (
    find_scores,
)
from pyhermes.core.disk.scanning import find_run, load_each_arguments, warn_of_scan
from tests.conftest import DOUBLE, FIRST, TAXI, as_nobody
from tests.core.disk.helpers import (
    STAMP,
    TOO_LARGE,
    contents,
    identifiers,
    make_dangling,
    make_directory,
    make_link_out,
    make_loop,
    make_run,
    make_socket,
)

START = datetime(2026, 11, 23, 18, 23, 53, 168091)


@pytest.fixture
def run(bare_run: Path) -> Path:
    return bare_run


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


def test_the_runs_of_a_folder_are_sorted_by_identifier(cartpole: Path) -> None:
    scan = scan_runs(cartpole)
    assert identifiers(scan) == sorted(path.name for path in cartpole.iterdir())
    assert scan == Scan(tuple(load_run(cartpole / name) for name in identifiers(scan)), (), ())


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
    assert identifiers(scan_runs(root)) == [run.name, "again"]
    found = identifiers(scan_runs(root, recursive=True))
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


def test_a_scan_is_warned_of_by_one_warning_a_kind() -> None:
    run = Run("/runs/a", "a", "lost\n")
    scan = Scan((run,), (UnreadableRun(Path("/runs/b"), "got a FIFO"),), (Path("/runs/c"),))
    with pytest.warns(HermesWarning) as caught:
        warn_of_scan(scan)
    failed, elsewhere, problems = (str(warning.message).split("\n  ")[1] for warning in caught)
    assert (failed, elsewhere) == ("/runs/b: got a FIFO", "/runs/c")
    assert problems == "/runs/a/hermes.info: line 1: expected a line `key:value`, got 'lost'"


def test_a_scan_without_problems_is_not_warned_of() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_scan(Scan((Run("/runs/a", "a", "comments:x\n"),)))
    assert caught == []
