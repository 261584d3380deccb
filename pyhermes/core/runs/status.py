"""What became of a run, derived from what can be seen and never stored.

A stored "running" would stay true after the machine lost power.
"""

from __future__ import annotations

import signal
from enum import Enum
from typing import final

import attrs

from pyhermes.core.formats.info import ExperimentInfo
from pyhermes.core.formats.provenance import Process
from pyhermes.core.public import public

_PATIENCE = 600  # seconds; a recording writes a heartbeat far more often, but clocks of machines differ
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None))


@public("pyhermes")
class RunStatus(Enum):
    """What became of a run."""

    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    LOST = "lost"
    UNKNOWN = "unknown"


@final
@public("pyhermes.core")
@attrs.frozen
class Evidence:
    """What can be seen of the process of a run that did not write how it ended.

    `running` is None for a process of another machine, `heartbeat_age` is in seconds and None
    without a heartbeat, `is_held` is whether a process of the run has its log open, and `problem` is
    why nothing can be seen.
    """

    process: Process | None = None
    running: bool | None = None
    heartbeat_age: float | None = None
    problem: str | None = None
    is_held: bool = False


@final
@public("pyhermes.core")
@attrs.frozen
class StatusReport:
    """A run's status, and the evidence for it."""

    status: RunStatus
    reason: str


def status_of(
    info: ExperimentInfo, evidence: Evidence | None = None, failure: str | None = None
) -> StatusReport:
    r"""Return what became of a run, by its `hermes.info` or else by what is seen of its process.

    >>> from pyhermes.core import parse_info, status_of
    >>> status_of(parse_info("exit_status:-2\n"))
    StatusReport(status=<RunStatus.INTERRUPTED: 'interrupted'>, reason='it was ended by SIGINT')
    """
    unread = [problem for problem in info.problems if problem.key == "exit_status"]
    if info.exit_status is not None:
        return _judge_exit(info.exit_status, failure)
    if unread:
        return StatusReport(RunStatus.UNKNOWN, f"its exit_status cannot be read: {unread[0]}")
    if evidence is None:
        return StatusReport(RunStatus.UNKNOWN, "it has no exit_status, as runs of older versions")
    return _judge_process(evidence)


def _judge_exit(exit_status: int, failure: str | None) -> StatusReport:
    if exit_status == 0:
        return StatusReport(RunStatus.FINISHED, "its exit status is 0")
    if exit_status > 0:
        reason = f"its exit status is {exit_status}"
        return StatusReport(RunStatus.FAILED, f"{reason}: {failure}" if failure else reason)
    name = _signal_name(-exit_status)
    interrupted = -exit_status in _INTERRUPTS
    return StatusReport(RunStatus.INTERRUPTED if interrupted else RunStatus.FAILED, f"it was ended by {name}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _judge_process(evidence: Evidence) -> StatusReport:
    if evidence.process is None:
        return StatusReport(RunStatus.UNKNOWN, f"its process is not known: {evidence.problem or 'no record'}")
    named = f"process {evidence.process.pid} on {evidence.process.host}"
    if evidence.running:
        return StatusReport(RunStatus.RUNNING, f"{named} runs")
    if evidence.is_held:
        return StatusReport(RunStatus.RUNNING, f"a process has its log open, if not {named}")
    if evidence.running is not None:
        return StatusReport(RunStatus.LOST, f"{named} is gone, and has not said how it ended")
    if evidence.heartbeat_age is None:
        return StatusReport(RunStatus.LOST, f"{named} has left no heartbeat")
    if evidence.heartbeat_age < -_PATIENCE:
        return StatusReport(RunStatus.LOST, f"the heartbeat of {named} is from the future")
    seconds = f"{named} gave its last heartbeat {max(0.0, evidence.heartbeat_age):.0f} s ago"
    return StatusReport(RunStatus.RUNNING if evidence.heartbeat_age < _PATIENCE else RunStatus.LOST, seconds)
