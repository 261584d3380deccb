from __future__ import annotations

import pickle
import signal

import pytest

from pyhermes.core import ExperimentInfo, RunStatus, StatusReport, parse_info, status_of
from pyhermes.core.formats.provenance import Process
from pyhermes.core.runs.status import Evidence
from tests.conftest import CRASHED, EXAMPLES

PROCESS = Process("host", 4711, 1795000000.0, "b007")
RUNNING = Evidence(PROCESS, running=True, heartbeat_age=1.0)


@pytest.mark.parametrize(
    ("exit_status", "status", "reason"),
    [
        (0, RunStatus.FINISHED, "its exit status is 0"),
        (1, RunStatus.FAILED, "its exit status is 1"),
        (2, RunStatus.FAILED, "its exit status is 2"),
        (15, RunStatus.FAILED, "its exit status is 15"),
        (255, RunStatus.FAILED, "its exit status is 255"),
        (-signal.SIGHUP, RunStatus.INTERRUPTED, "it was ended by SIGHUP"),
        (-signal.SIGINT, RunStatus.INTERRUPTED, "it was ended by SIGINT"),
        (-signal.SIGTERM, RunStatus.INTERRUPTED, "it was ended by SIGTERM"),
        (-signal.SIGKILL, RunStatus.FAILED, "it was ended by SIGKILL"),
        (-signal.SIGSEGV, RunStatus.FAILED, "it was ended by SIGSEGV"),
        (-123, RunStatus.FAILED, "it was ended by signal 123"),
        (-(10**30), RunStatus.FAILED, f"it was ended by signal {10**30}"),
    ],
)
def test_the_exit_status_says_what_became_of_a_run(exit_status: int, status: RunStatus, reason: str) -> None:
    info = ExperimentInfo(exit_status=int(exit_status))
    assert status_of(info) == StatusReport(status, reason)


def test_what_a_run_says_counts_whatever_is_seen() -> None:
    info = ExperimentInfo(exit_status=0)
    for evidence in (None, RUNNING, Evidence(problem="no")):
        assert status_of(info, evidence).status is RunStatus.FINISHED


def test_a_run_of_an_older_version_does_not_say() -> None:
    info = parse_info((EXAMPLES / "runs" / CRASHED / "hermes.info").read_text())
    assert info.end_time is not None
    assert status_of(info) == StatusReport(
        RunStatus.UNKNOWN, "it has no exit_status, as runs of older versions"
    )


@pytest.mark.parametrize("text", ["exit_status:soon\n", "exit_status:\n", "exit_status:0"])
@pytest.mark.parametrize("evidence", [None, RUNNING])
def test_an_exit_status_that_cannot_be_read_is_not_said_to_be_absent(
    text: str, evidence: Evidence | None
) -> None:
    report = status_of(parse_info(text), evidence)
    assert report.status is RunStatus.UNKNOWN
    assert report.reason.startswith("its exit_status cannot be read: line 1: exit_status: expected ")


def test_other_problems_of_the_file_do_not_count() -> None:
    info = parse_info("start_time:soon\nexit_status:0\n")
    assert info.problems
    assert status_of(info).status is RunStatus.FINISHED


@pytest.mark.parametrize(
    ("running", "status", "reason"),
    [
        (True, RunStatus.RUNNING, "process 4711 on host runs"),
        (False, RunStatus.LOST, "process 4711 on host is gone, and has not said how it ended"),
    ],
)
@pytest.mark.parametrize("age", [None, 0.0, 1e6])
def test_a_process_of_this_machine_is_what_is_seen_of_it(
    running: bool, status: RunStatus, reason: str, age: float | None
) -> None:
    assert status_of(ExperimentInfo(), Evidence(PROCESS, running, age)) == StatusReport(status, reason)


@pytest.mark.parametrize(
    ("age", "status", "reason"),
    [
        (0.0, RunStatus.RUNNING, "process 4711 on host gave its last heartbeat 0 s ago"),
        (599.0, RunStatus.RUNNING, "process 4711 on host gave its last heartbeat 599 s ago"),
        (600.0, RunStatus.LOST, "process 4711 on host gave its last heartbeat 600 s ago"),
        (1e6, RunStatus.LOST, "process 4711 on host gave its last heartbeat 1000000 s ago"),
        (None, RunStatus.LOST, "process 4711 on host has left no heartbeat"),
    ],
)
def test_a_process_of_another_machine_is_known_by_its_heartbeat(
    age: float | None, status: RunStatus, reason: str
) -> None:
    assert status_of(ExperimentInfo(), Evidence(PROCESS, None, age)) == StatusReport(status, reason)


@pytest.mark.parametrize("running", [False, None])
def test_a_log_that_is_held_is_that_of_a_run_that_goes_on(running: bool | None) -> None:
    """Even if its recorder is gone, or on another machine without a heartbeat."""
    reason = "a process has its log open, if not process 4711 on host"
    report = status_of(ExperimentInfo(), Evidence(PROCESS, running, is_held=True))
    assert report == StatusReport(RunStatus.RUNNING, reason)


def test_a_process_that_cannot_be_known_is_said_to_be_so() -> None:
    assert status_of(ExperimentInfo(), Evidence(problem="the file is torn")) == StatusReport(
        RunStatus.UNKNOWN, "its process is not known: the file is torn"
    )


def test_evidence_of_nothing_is_no_reason() -> None:
    assert status_of(ExperimentInfo(), Evidence()) == StatusReport(
        RunStatus.UNKNOWN, "its process is not known: no record"
    )


def test_statuses_are_words() -> None:
    words = ["finished", "failed", "interrupted", "running", "lost", "unknown"]
    assert [status.value for status in RunStatus] == words


def test_reports_are_values() -> None:
    report = status_of(ExperimentInfo(exit_status=0))
    assert pickle.loads(pickle.dumps(report)) == report
    assert hash(report) == hash(status_of(ExperimentInfo(exit_status=0)))
    assert pickle.loads(pickle.dumps(RUNNING)) == RUNNING
    with pytest.raises(AttributeError):
        report.reason = "other"  # type: ignore[misc]
