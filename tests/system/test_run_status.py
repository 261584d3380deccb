from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from pyhermes.core import RunStatus, load_run
from pyhermes.core.disk.provenance import load_provenance, store_provenance
from pyhermes.core.disk.record import beat, open_job_logs
from pyhermes.core.errors import ProvenanceError
from pyhermes.core.formats.provenance import (
    CodeState,
    Process,
)
from pyhermes.core.runs.status import Evidence
from pyhermes.system.environment import current_provenance
from pyhermes.system.process import is_running, process_of
from pyhermes.system.run_status import evidence_of, status_of_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has not ended."""
    path = tmp_path / "2026_11_23_182353168091_0_fcbfa"
    path.mkdir()
    (path / "hermes.info").write_text("commit_hash:00000\n")
    return path


def started_by(path: Path, process: Process) -> Path:
    """The run in a directory, as one that a process started."""
    store_provenance(path, current_provenance([], process, CodeState()))
    return path


def test_a_run_without_provenance_tells_of_no_process(run: Path) -> None:
    assert evidence_of(run) is None
    assert status_of_run(load_run(run)).status is RunStatus.UNKNOWN


def test_a_run_whose_process_is_there_runs(run: Path) -> None:
    started_by(run, process_of(os.getpid()))
    assert status_of_run(load_run(run)).status is RunStatus.RUNNING


def test_a_run_whose_process_is_gone_is_lost(run: Path, sleeping: subprocess.Popen[bytes]) -> None:
    started_by(run, process_of(sleeping.pid))
    assert status_of_run(load_run(run)).status is RunStatus.RUNNING
    beat(run)
    sleeping.kill()
    sleeping.wait()
    assert status_of_run(load_run(run)).status is RunStatus.LOST


def ended(sleeping: subprocess.Popen[bytes]) -> Process:
    """A process that ran on this machine."""
    process = process_of(sleeping.pid)
    sleeping.kill()
    sleeping.wait()
    return process


def test_a_run_whose_log_somebody_holds_runs_without_its_recorder(
    run: Path, sleeping: subprocess.Popen[bytes]
) -> None:
    process = ended(sleeping)
    started_by(run, process)
    with open_job_logs(run):
        assert evidence_of(run) == Evidence(process, running=False, is_held=True)
        assert status_of_run(load_run(run)).status is RunStatus.RUNNING
    assert evidence_of(run) == Evidence(process, running=False, is_held=False)
    assert status_of_run(load_run(run)).status is RunStatus.LOST
    started_by(run, process_of(os.getpid()))
    assert evidence_of(run) == Evidence(process_of(os.getpid()), running=True)


def test_how_a_run_ended_may_be_said_after_it_was_read(run: Path, sleeping: subprocess.Popen[bytes]) -> None:
    started_by(run, ended(sleeping))
    record = load_run(run)
    assert status_of_run(record).status is RunStatus.LOST
    (run / "hermes.info").write_text("exit_status:0\n")
    assert status_of_run(record).status is RunStatus.FINISHED
    (run / "hermes.info").unlink()
    assert status_of_run(record).status is RunStatus.LOST


def test_a_run_elsewhere_is_known_by_its_heartbeat(run: Path) -> None:
    started_by(run, attrs.evolve(process_of(os.getpid()), host="elsewhere"))
    assert status_of_run(load_run(run)).status is RunStatus.LOST
    beat(run)
    assert status_of_run(load_run(run)).status is RunStatus.RUNNING
    os.utime(run / "heartbeat", (time.time() - 601,) * 2)
    assert status_of_run(load_run(run)).status is RunStatus.LOST


def test_a_run_that_says_how_it_ended_is_not_looked_for(run: Path) -> None:
    (run / "provenance.json").write_text("torn")
    (run / "hermes.info").write_text("exit_status:0\n")
    assert status_of_run(load_run(run)).status is RunStatus.FINISHED


def make_directory(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link_out(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_torn(path: Path) -> None:
    path.write_text("{")


def make_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)


@pytest.mark.parametrize(
    "make", [make_directory, make_fifo, make_link_out, make_dangling, make_loop, make_torn, make_large]
)
def test_a_provenance_that_cannot_be_read_is_a_reason_and_no_error(
    run: Path, make: Callable[[Path], None]
) -> None:
    make(run / "provenance.json")
    evidence = evidence_of(run)
    assert evidence is not None
    assert evidence.problem is not None
    assert "got None" not in evidence.problem
    report = status_of_run(load_run(run))
    assert report.status is RunStatus.UNKNOWN
    assert "provenance.json" in report.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("pid", -1), ("pid", 10**30), ("started", 10**400), ("started", float("nan"))],
    ids=["negative", "large", "late", "nan"],
)
def test_a_forged_process_is_lost_and_no_error(run: Path, field: str, value: Any) -> None:
    forged: dict[str, Any] = {field: value}
    started_by(run, attrs.evolve(process_of(os.getpid()), **forged))
    report = status_of_run(load_run(run))
    assert report.status is (RunStatus.LOST if field == "pid" else RunStatus.UNKNOWN)


def test_a_run_whose_directory_is_gone_is_no_error(run: Path) -> None:
    record = load_run(run)
    shutil.rmtree(run)
    assert status_of_run(record).status is RunStatus.UNKNOWN


def test_the_error_names_the_file(run: Path) -> None:
    (run / "provenance.json").write_text("{}")
    with pytest.raises(ProvenanceError, match="required field missing") as error:
        load_provenance(run)
    assert error.value.path == run / "provenance.json"


def test_where_there_are_no_namespaces_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def readlink(_path: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "readlink", readlink)
    process = process_of(os.getpid())
    assert process.namespace is None
    assert is_running(process) is True
