from __future__ import annotations

import pickle
import signal

import pytest

from pyhermes.core import ExperimentInfo, RunStatus, StatusReport, parse_info, status_of
from tests.conftest import CRASHED, EXAMPLES


@pytest.mark.parametrize(
    ("exit_status", "status"),
    [
        (0, RunStatus.FINISHED),
        (1, RunStatus.FAILED),
        (2, RunStatus.FAILED),
        (15, RunStatus.FAILED),
        (255, RunStatus.FAILED),
        (-1, RunStatus.FAILED),
        (-signal.SIGINT, RunStatus.INTERRUPTED),
        (-signal.SIGTERM, RunStatus.INTERRUPTED),
        (-signal.SIGKILL, RunStatus.FAILED),
        (-signal.SIGSEGV, RunStatus.FAILED),
        (-(10**30), RunStatus.FAILED),
    ],
)
def test_the_exit_status_says_what_became_of_a_run(exit_status: int, status: RunStatus) -> None:
    exit_status = int(exit_status)
    assert status_of(ExperimentInfo(exit_status=exit_status)) == StatusReport(
        status, f"hermes.info says exit_status {exit_status}"
    )


def test_a_run_of_an_older_version_does_not_say() -> None:
    info = parse_info((EXAMPLES / "runs" / CRASHED / "hermes.info").read_text())
    assert info.end_time is not None
    assert status_of(info) == StatusReport(
        RunStatus.UNKNOWN, "hermes.info has no exit_status, as in runs of older versions"
    )


@pytest.mark.parametrize("text", ["exit_status:soon\n", "exit_status:\n", "exit_status:0"])
def test_an_exit_status_that_cannot_be_read_is_not_said_to_be_absent(text: str) -> None:
    report = status_of(parse_info(text))
    assert report.status is RunStatus.UNKNOWN
    assert "older versions" not in report.reason


def test_statuses_are_words() -> None:
    assert [status.value for status in RunStatus] == ["finished", "failed", "interrupted", "unknown"]


def test_reports_are_values() -> None:
    report = status_of(ExperimentInfo(exit_status=0))
    assert pickle.loads(pickle.dumps(report)) == report
    assert hash(report) == hash(status_of(ExperimentInfo(exit_status=0)))
    with pytest.raises(AttributeError):
        report.reason = "other"  # type: ignore[misc]
