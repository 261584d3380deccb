"""Reading needs no right to write, and changes nothing; runs whose names differ stay different."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from pyhermes import Experiment, Result
from pyhermes.core import load_run, scan_runs
from tests.guarantees.test_inside import make_run
from tests.guarantees.tour import read_all, watched

Status = tuple[int, int, int, int, bytes]


def snapshot(folder: Path) -> dict[str, Status]:
    """Everything below a folder: mode, size, times and contents, by path."""
    found: dict[str, Status] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        times = status.st_mtime_ns, status.st_ctime_ns
        found[str(path)] = (status.st_mode, status.st_size, *times, data)
    return found


def test_a_tour_of_everything_that_reads_changes_nothing_and_opens_nothing_to_write(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs / "more" / "cut").mkdir(parents=True)
    (runs / "more" / "cut" / "hermes.info").write_bytes(b"commit_hash:9b28e1f\nexecution_time:3")
    (runs / "more" / "cut" / "cut.scores").write_bytes(b"1\n2\nthree\n")
    (runs / "more" / "cut" / "cut.result").write_bytes(b"PK\x03\x04")
    with Experiment.record("train", name="first", root=runs, patch=False) as recording:
        recording.log_score(0.5)
        recording.new_result("metrics").store_scalar(1.0, "loss")
    monkeypatch.chdir(tmp_path)
    before = snapshot(tmp_path)
    with watched() as events:
        found = read_all(runs)
    assert len(found) == 8
    root = os.path.realpath(tmp_path)
    assert [event for event in events if event[0] == "write" and event[1].startswith(root)] == []
    assert {name for _, name in events if name.endswith((".result", ".pth", ".scores", ".log"))} != set()
    assert snapshot(tmp_path) == before


def test_the_watch_sees_what_writes(runs: Path) -> None:
    exp = next(iter(Experiment.load_all(runs, recursive=True)))
    exp.comments = "new"
    with watched() as events:
        exp.store_comments()
    assert {kind for kind, path in events if path.startswith(str(runs))} == {"read", "write"}


def test_names_that_differ_only_in_case_or_in_how_they_are_composed_are_different_runs(
    tmp_path: Path,
) -> None:
    composed = unicodedata.normalize("NFC", "Größe")
    names = sorted([composed, unicodedata.normalize("NFD", composed), "Run", "run", "RUN"])
    for name in names:
        folder = tmp_path / name
        if folder.exists():
            pytest.skip("the file system takes them for one name")
        (make_run(folder) / "hermes.info").write_text(f"comments:{name}\n")
        Result(name, dictionary={"name": name}).save(folder)
    runs = Experiment.load_all(tmp_path)
    assert [exp.identifier for exp in runs] == [exp.comments for exp in runs] == names
    assert [exp.result["name"] for exp in runs] == names
    assert len(set(runs)) == len({str(exp.path_to_experiment) for exp in runs}) == len(names)
    assert [run.identifier for run in scan_runs(tmp_path).runs] == names
    assert [load_run(tmp_path / name).info.comments for name in names] == names


def test_results_whose_names_differ_only_in_case_are_different_results(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    names = ["A", "a", unicodedata.normalize("NFD", "ä"), "ä"]
    for name in names:
        if (run / f"{name}.result").exists():
            pytest.skip("the file system takes them for one name")
        Result(name, dictionary={"name": name}).save(run)
    exp = Experiment.load(run)
    assert exp.list_results() == sorted(names)
    assert [exp.load_result(name)["name"] for name in names] == names
