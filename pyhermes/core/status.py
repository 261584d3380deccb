"""What became of a run, and the evidence for it."""

from __future__ import annotations

import signal
from enum import Enum
from typing import final

import attrs

from pyhermes.core.info import ExperimentInfo


class RunStatus(Enum):
    """What became of a run."""

    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


@final
@attrs.frozen
class StatusReport:
    """A run's status, with the evidence for it."""

    status: RunStatus
    reason: str


def status_of(info: ExperimentInfo) -> StatusReport:
    r"""What a run's `hermes.info` says became of it.

    >>> from pyhermes.core import parse_info
    >>> status_of(parse_info("exit_status:-2\n")).status
    <RunStatus.INTERRUPTED: 'interrupted'>
    """
    unread = [problem for problem in info.problems if problem.key == "exit_status"]
    if info.exit_status is None and unread:
        return StatusReport(RunStatus.UNKNOWN, f"hermes.info has an exit_status that is none: {unread[0]}")
    if info.exit_status is None:
        return StatusReport(RunStatus.UNKNOWN, "hermes.info has no exit_status, as in runs of older versions")
    reason = f"hermes.info says exit_status {info.exit_status}"
    if info.exit_status == 0:
        return StatusReport(RunStatus.FINISHED, reason)
    interrupted = -info.exit_status in (signal.SIGINT, signal.SIGTERM)
    return StatusReport(RunStatus.INTERRUPTED if interrupted else RunStatus.FAILED, reason)
