from __future__ import annotations

import atexit
import contextlib
import errno
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import attrs
import pytest

from pyhermes import Experiment, Result, RunStatus
from pyhermes.core import InfoError, load_run
from pyhermes.core.disk.provenance import update_provenance
from pyhermes.core.errors import NotRecordingError
from pyhermes.core.formats.provenance import Process
from pyhermes.core.runs.run import Run
from pyhermes.runner.session import RunSession, close_at_exit
from pyhermes.system.process import process_of
from pyhermes.system.start import RunStart, StartedRun, start_run
from tests.guarantees.helpers import warned

VARIABLE = "HERMES_EXPERIMENT"


class Holder:
    """What holds a run for somebody who has written a comment."""

    def __init__(self, run: Run, comments: str | None = None) -> None:
        self.run = run
        self.comments = comments
        self.reloaded = 0

    def reload(self) -> None:
        self.reloaded += 1
        self.run = load_run(self.run.path)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def start(tmp_path: Path) -> RunStart:
    return RunStart(tmp_path / "runs", "train", "first", (), lambda _: ["python"], tmp_path)


@pytest.fixture
def started(start: RunStart) -> StartedRun:
    return start_run(start)


def test_a_session_that_has_started_its_run_records_its_end(started: StartedRun) -> None:
    session = RunSession(load_run(started.path), started=started)
    holder = Holder(session.run)
    with session.record(holder):
        session.log_score(1)
    assert (holder.run.info.exit_status, holder.reloaded) == (0, 1)
    assert not (started.path / "heartbeat").exists()


def test_a_session_that_takes_part_in_a_run_leaves_the_end_to_others(started: StartedRun) -> None:
    session = RunSession(load_run(started.path))
    holder = Holder(session.run, "of this one")
    with session.record(holder):
        session.add_result("metrics", None).hold({"loss": [0.5]})
    run = Experiment.load(started.path)
    assert (run.run.info.exit_status, holder.reloaded) == (None, 1)
    assert run.status is RunStatus.RUNNING
    assert (run.comments, run.result.series("loss").tolist()) == ("of this one", [0.5])


def test_in_another_rank_nothing_is_written(started: StartedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    before = {path: path.read_bytes() for path in started.path.iterdir()}
    session = RunSession(load_run(started.path))
    with session.record(Holder(session.run, "lost")):
        session.log_score(1)
        assert session.store_comments(session.run, "lost") is session.run
        session.add_result("metrics", 0).hold({"loss": [0.5]})
    assert {path: path.read_bytes() for path in started.path.iterdir()} == before


def test_once_it_has_ended_it_takes_nothing_more(started: StartedRun) -> None:
    session = RunSession(load_run(started.path), started=started)
    with session.record(Holder(session.run)):
        pass
    uses: list[Callable[[], object]] = [lambda: session.log_score(1), lambda: session.add_result("a", None)]
    for use in uses:
        with pytest.raises(NotRecordingError, match="this recording has already ended"):
            use()


def test_a_comment_that_a_full_disk_refuses_at_the_end_is_named_and_the_run_has_an_end(
    started: StartedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", refuse)
    session = RunSession(load_run(started.path), started=started, on_error="warn")
    with warned() as said, session.record(Holder(session.run, "new")):
        pass
    (lost,) = said
    assert lost.startswith("the recording has ended, and this could not be written:")
    assert "No space left on device; the comments are lost" in lost
    assert str(started.path / "hermes.info") in lost
    run = Experiment.load(started.path)
    assert (run.status, run.comments) == (RunStatus.FINISHED, None)


def test_after_an_exception_a_comment_that_cannot_be_written_is_added_to_it(started: StartedRun) -> None:
    session = RunSession(load_run(started.path), started=started)
    with pytest.raises(KeyError) as raised, session.record(Holder(session.run, "a\r\nb")):
        raise KeyError
    (note,) = raised.value.__notes__
    assert note.startswith("this could not be saved: ")
    assert "carriage return" in note
    assert load_run(started.path).info.exit_status == 1


def test_a_last_comment_that_cannot_be_written_is_an_error_and_the_run_has_finished(
    started: StartedRun,
) -> None:
    session = RunSession(load_run(started.path), started=started)
    with pytest.raises(InfoError, match="carriage return"), session.record(Holder(session.run, "a\r\nb")):
        pass
    assert load_run(started.path).info.exit_status == 0


def test_two_sessions_of_a_run_have_results_of_their_own(started: StartedRun) -> None:
    first, second = (RunSession(load_run(started.path)) for _ in range(2))
    first.add_result("metrics", None)
    with pytest.raises(ValueError, match="there is a result 'metrics' already in this recording"):
        second.add_result("metrics", None)


# Copies of results


@pytest.mark.parametrize("make", [copy, deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
def test_a_copy_of_a_recorded_result_is_a_plain_one_that_saves_nothing_by_itself(make: Any) -> None:
    with Experiment.record("train", name="first") as exp:
        result = exp.new_result("metrics", autosave=0)
        result.store_scalar([1.0, 2.0], "loss")
        copied = make(result)
        copied["loss"] = [3.0]
        assert exp.load_result("metrics").series("loss").tolist() == [1.0, 2.0]
    assert type(copied) is Result
    assert (copied.name, copied.path) == (result.name, result.path)
    assert exp.result.series("loss").tolist() == [1.0, 2.0]


# Where nobody else records the end


GONE = Process(process_of(os.getpid()).host, 2**22 + 1)


@pytest.mark.parametrize(("error", "exit_status"), [(None, 0), (ValueError("bad"), 1)])
def test_a_session_ends_the_run_whose_recorder_is_gone(
    started: StartedRun, error: Exception | None, exit_status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", later.append)
    update_provenance(started.path, lambda known: attrs.evolve(known, recorder=GONE))
    session = RunSession(load_run(started.path))
    with contextlib.suppress(ValueError), session.record(Holder(session.run)):
        if error is not None:
            raise error
    info = load_run(started.path).info
    assert info.exit_status == exit_status
    assert info.execution_time is not None
    for end in later:
        end()
    assert load_run(started.path).info == info


def test_a_session_leaves_the_end_to_a_recorder_that_runs(started: StartedRun) -> None:
    update_provenance(started.path, lambda known: attrs.evolve(known, recorder=known.process))
    session = RunSession(load_run(started.path))
    with session.record(Holder(session.run)):
        pass
    assert load_run(started.path).info.exit_status is None


@pytest.mark.parametrize("error", [None, ValueError("bad")])
def test_what_ends_with_the_process_is_told_its_uncaught_exception(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", later.append)
    told: list[BaseException | None] = []

    @contextlib.contextmanager
    def block() -> Iterator[None]:
        try:
            yield
        except ValueError as raised:
            told.append(raised)
            raise
        told.append(None)

    open_block = block()
    open_block.__enter__()
    close_at_exit(open_block)
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    for end in later:
        end()
    assert told == [error]
