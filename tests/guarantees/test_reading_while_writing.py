"""Who reads while another writes sees whole lines, whole files, and what was written so far."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.core import load_result, load_run
from pyhermes.core.disk import provenance as disk_provenance
from pyhermes.core.disk.provenance import load_provenance, store_provenance
from pyhermes.core.disk.record import write_end
from pyhermes.core.disk.run_files import load_state_dict
from pyhermes.core.disk.score_log import ScoreLog, format_score

READS = 150

WRITES = """
import sys, time
from pathlib import Path
import torch
from pyhermes import Experiment

with Experiment.record("train", name="first", root=sys.argv[1], patch=False) as exp:
    metrics = exp.new_result("metrics")
    number = 0
    while not Path(sys.argv[2]).exists():
        time.sleep(0.01)  # so that the files stay small enough to be read often
        for _ in range(10):
            exp.log_score(number / 7)
            number += 1
        metrics["n"] = [number] * 5000
        metrics.save()
        exp.save_state_dict({"w": torch.full((5000,), number)}, "best")
        exp.comments = f"{number}\\n" * 20
        exp.store_comments()
        if number == 10:
            print(exp.path_to_experiment, flush=True)
print("ended", flush=True)
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HERMES_EXPERIMENT", "RANK"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def training(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """The directory of a run that another process writes into, and what makes it end."""
    stop = tmp_path / "stop"
    words = [sys.executable, "-c", WRITES, str(tmp_path / "root"), str(stop)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Path(process.stdout.readline().removesuffix("\n")), stop.touch
            stop.touch()
            assert process.communicate()[0] == "ended\n"
        finally:
            process.kill()


def one(values: list[int]) -> int:
    """The number that a file is full of."""
    (value,) = set(values)
    return value


@pytest.mark.slow
def test_every_read_is_of_one_version_and_of_none_before_the_last_read(tmp_path: Path) -> None:
    seen: list[tuple[int, ...]] = []
    with training(tmp_path) as (path, _):
        for _ in range(READS):
            scores = Experiment.load(path).scores()
            assert scores.tolist() == [number / 7 for number in range(len(scores))]
            result = load_result(path / "metrics.result").values["n"]
            comments = load_run(path).info.comments
            assert comments is not None
            assert comments.count("\n") == 20
            versions = (
                len(scores),
                one(result.tolist()),  # type: ignore[union-attr]
                one(load_state_dict(path / "best.pth")["w"].tolist()),
                one([int(line) for line in comments.split()]),
            )
            assert not seen or all(map(int.__ge__, versions, seen[-1]))
            seen.append(versions)
    for versions_of_one in zip(*seen, strict=True):  # else there was nothing to see
        assert len(set(versions_of_one)) > 3


@pytest.mark.slow
def test_who_watches_a_run_end_sees_it_run_or_ended(tmp_path: Path) -> None:
    seen: list[RunStatus] = []
    with training(tmp_path) as (path, stop):
        while RunStatus.FINISHED not in seen:
            run = Experiment.load(path)
            assert run.run.info.problems == ()
            ended = [key for key in ("end_time", "execution_time", "exit_status") if key in run.info_dict]
            assert len(ended) in (0, 3)
            seen.append(run.status)
            if len(seen) == 20:
                stop()
    assert set(seen) == {RunStatus.RUNNING, RunStatus.FINISHED}


@pytest.mark.slow
def test_a_run_that_has_ended_since_it_was_read_is_not_lost(tmp_path: Path) -> None:
    with training(tmp_path) as (path, _):
        before = Experiment.load(path)
        statuses = [before.status]
    statuses.append(before.status)
    assert statuses == [RunStatus.RUNNING, RunStatus.FINISHED]
    assert before.run.info.exit_status is None  # what was read stays what was read
    (path / "hermes.info").unlink()
    assert before.status is RunStatus.LOST


# Lines that were cut


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose script logs its scores, and was killed within a line."""
    with Experiment.record("train", name="first", root=tmp_path) as exp:
        exp.log_score(1.0)
        exp.log_score(2.0)
    with exp.scores_file.open("ab") as file:
        file.write(b"12")
    return exp.path_to_experiment


def scores_of(path: Path) -> list[float]:
    return list(Experiment.load(path).scores())


def log_score(path: Path, score: float) -> None:
    """Log one more score of a run, as one that is resumed does."""
    log = ScoreLog(path, path / f"{path.name}.scores", keeps=False)
    log.append(format_score(score))
    log.close()


def test_half_a_line_is_no_score_and_no_part_of_the_next_one(run: Path) -> None:
    assert scores_of(run) == [1.0, 2.0]
    log_score(run, 3.5)
    assert Experiment.load(run).scores_file.read_bytes() == b"1.0\n2.0\n3.5\n"
    assert scores_of(run) == [1.0, 2.0, 3.5]


def test_a_first_line_that_was_cut_is_no_part_of_the_next_one_either(run: Path) -> None:
    (run / f"{run.name}.scores").write_bytes(b"12")
    log_score(run, 3.5)
    assert scores_of(run) == [3.5]


@pytest.mark.parametrize("provenance", ["as it is", "gone", "torn"])
def test_a_last_line_that_a_script_wrote_itself_is_a_score(tmp_path: Path, provenance: str) -> None:
    with Experiment.record("train", name="first", root=tmp_path) as exp:
        pass
    exp.scores_file.write_bytes(b"1.0\n2.5")
    file = exp.path_to_experiment / "provenance.json"
    if provenance == "gone":
        file.unlink()
    if provenance == "torn":
        file.write_bytes(b"{")
    log_score(exp.path_to_experiment, 3)
    assert scores_of(exp.path_to_experiment) == [1.0, 2.5, 3.0]


def test_a_last_line_that_cannot_be_ended_yet_is_ended_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Experiment.record("train", name="first", root=tmp_path) as exp:
        exp.scores_file.write_bytes(b"2.5")
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", refuse)
            with pytest.raises(OSError, match="No space left"):
                exp.log_score(3.0)
        assert scores_of(exp.path_to_experiment) == [2.5]
        exp.log_score(4.0)
    assert scores_of(exp.path_to_experiment) == [2.5, 4.0]


def test_half_a_line_that_cannot_be_cut_off_at_once_is_cut_off_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def write_half(descriptor: int, data: bytes) -> int:
        if len(data) > 4:
            return write(descriptor, data[:4])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Experiment.record("train", name="first", root=tmp_path) as exp:
        exp.log_score(1.0)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write_half)
            patch.setattr(os, "ftruncate", refuse)
            with pytest.raises(OSError, match="Input/output error"):
                exp.log_score(2.125)
        assert exp.scores_file.read_bytes() == b"1.0\n2.12"
        assert scores_of(exp.path_to_experiment) == [1.0]
        exp.log_score(3.0)
    assert scores_of(exp.path_to_experiment) == [1.0, 3.0]


@pytest.mark.parametrize("later", ["with the next score", "at the end"])
def test_that_lines_are_whole_is_noted_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Experiment.record("train", name="first", root=tmp_path, on_error="warn") as exp:
        with monkeypatch.context() as patch:
            patch.setattr(disk_provenance, "write_file", refuse)
            exp.log_score(1.0)  # has room, if the rest has not
            provenance = load_provenance(exp.path_to_experiment)
            assert provenance is not None
            assert not provenance.logs_scores
            if later == "with the next score":
                patch.setattr(os, "write", refuse)
                with pytest.warns(UserWarning, match="No space left"):
                    exp.log_score(2.0)
        if later == "with the next score":
            exp.log_score(3.0)
            with exp.scores_file.open("ab") as file:
                file.write(b"4.")
            assert scores_of(exp.path_to_experiment) == [1.0, 2.0, 3.0]
    provenance = load_provenance(exp.path_to_experiment)
    assert provenance is not None
    assert provenance.logs_scores


def test_scores_of_several_threads_are_lines_of_their_own(tmp_path: Path) -> None:
    with Experiment.record("train", name="first", root=tmp_path) as exp:

        def log(number: int) -> None:
            for count in range(500):
                exp.log_score(number + count / 1000)

        threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    scores = scores_of(exp.path_to_experiment)
    for number in range(4):
        assert [score for score in scores if int(score) == number] == [
            number + count / 1000 for count in range(500)
        ]


def test_an_end_is_there_as_a_whole(tmp_path: Path) -> None:
    """A value of many pages, which no system appends at once for all to see."""
    with Experiment.record("train", name="first", root=tmp_path) as exp:
        path = exp.path_to_experiment
        stop = threading.Event()
        torn: list[object] = []

        def watch() -> None:
            while not stop.is_set():
                info = load_run(path).info
                if info.problems or len(info.fields.get("note", "x" * 100_000)) != 100_000:
                    torn.append(info)

        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(30):
            write_end(path, {"note": "x" * 100_000, "time": str(datetime.now())})
            (path / "hermes.info").write_text("commit_hash:00000\n")
        stop.set()
        watcher.join()
    assert torn == []


def test_a_provenance_that_is_replaced_is_always_there(tmp_path: Path) -> None:
    with Experiment.record("train", name="first", root=tmp_path) as exp:
        provenance = load_provenance(exp.path_to_experiment)
        assert provenance is not None
        stop = threading.Event()

        def replace() -> None:
            for _ in range(50):
                store_provenance(exp.path_to_experiment, provenance)
            stop.set()

        writer = threading.Thread(target=replace)
        writer.start()
        while not stop.is_set():
            assert load_provenance(exp.path_to_experiment) == provenance
        writer.join()
