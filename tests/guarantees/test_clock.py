"""A clock that is set back while a run goes on, or between two runs, takes nothing away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.runner import run_jobs
from pyhermes.system import start
from tests.runner.helpers import jobs_of, make_project

NOW = datetime(2026, 11, 23, 18, 23, 53, 168091)


def clock(*times: datetime) -> type[datetime]:
    """A clock that shows these times, and then the last one for ever."""
    shown = list(times)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Clock:
            time = shown.pop(0) if len(shown) > 1 else shown[0]
            return cls(*time.timetuple()[:6], time.microsecond)

    return Clock


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HERMES_EXPERIMENT", raising=False)
    monkeypatch.delenv("RANK", raising=False)


def record(root: Path) -> Experiment:
    """A run that has ended."""
    with Experiment.record("train", name="first", root=root) as exp:
        exp.log_score(1.0)
    return exp


def check_ended_before_it_began(exp: Experiment) -> None:
    assert exp.start_time == NOW
    assert exp.end_time == NOW - timedelta(hours=1)
    assert exp.execution_time is not None
    assert 0 <= exp.execution_time < 60
    assert exp.run.info.problems == ()
    assert exp.status is RunStatus.FINISHED


def test_a_run_may_end_before_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "datetime", clock(NOW, NOW, NOW - timedelta(hours=1)))
    record(tmp_path)
    (exp,) = Experiment.load_all(tmp_path / "train" / "first", on_error="raise")
    check_ended_before_it_began(exp)


def test_a_job_may_end_before_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path, monkeypatch)
    monkeypatch.setattr(start, "datetime", clock(NOW, NOW, NOW - timedelta(hours=1)))
    report = run_jobs(jobs_of("[[python, echo.py],[]]"), name="first", root=project / "runs", project=project)
    assert report.failed == ()
    (exp,) = Experiment.load_all(project / "runs" / "echo" / "first", on_error="raise")
    check_ended_before_it_began(exp)


def test_a_clock_that_is_set_forward_makes_no_run_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "datetime", clock(NOW, NOW, NOW + timedelta(days=365)))
    exp = record(tmp_path)
    assert exp.execution_time is not None
    assert exp.execution_time < 60


def test_runs_of_an_hour_that_comes_twice_are_runs_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    for time in (NOW, NOW + timedelta(hours=1), NOW, NOW + timedelta(hours=1)):
        monkeypatch.setattr(start, "datetime", clock(time))
        runs.append(record(tmp_path))
    assert [run.identifier.rpartition("_0_")[0] for run in runs] == [
        "2026_11_23_182353168091",
        "2026_11_23_192353168091",
        "2026_11_23_182353168092",
        "2026_11_23_192353168092",
    ]
    loaded = Experiment.load_all(tmp_path / "train" / "first", on_error="raise")
    assert len(loaded) == 4
    assert loaded.latest() == runs[3]  # of the same start, the one that was made later


def test_the_latest_run_is_the_one_of_the_latest_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can know better from what is on disk; it is no error either."""
    for time in (NOW, NOW - timedelta(hours=1)):
        monkeypatch.setattr(start, "datetime", clock(time))
        record(tmp_path)
    loaded = Experiment.load_all(tmp_path / "train" / "first", on_error="raise")
    assert [run.start_time for run in loaded] == [NOW - timedelta(hours=1), NOW]
    assert loaded.latest().start_time == NOW
