"""A recorder that is killed takes neither its job along nor what the job printed, and the state is true."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import psutil
import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.core.disk.provenance import load_provenance, store_provenance
from pyhermes.core.disk.record import is_held, open_job_logs
from pyhermes.system.process import process_of
from tests.runner.helpers import hermes_running, is_alive, make_project, runs_in, wait_for, wait_until

GAP = """
import os, signal, sys
from pathlib import Path
from pyhermes.runner import job, run_jobs
from pyhermes.core import expand, parse_execution_file

def killed(path, pid):
    os.kill(os.getpid(), signal.SIGKILL)

job.update_provenance = killed
jobs = expand(parse_execution_file(f"EXEC\\n{sys.argv[1]}\\n"))
run_jobs(jobs, name="n", root="experiments", project=".")
"""
"""A recorder that is killed when it has started its job, and not yet written which process that is."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


@contextmanager
def killed_recorder(project: Path) -> Iterator[tuple[Experiment, int]]:
    """The run whose recorder was killed while its job goes on, and the number of the job's process."""
    words = ["exec", "-n", "n", "--root", "experiments", "--", "python", "wait.py", "0"]
    with hermes_running(project, words) as process:
        wait_for(project / "began0")
        process.kill()
        process.wait()
        yield runs_in(project / "experiments")[0], int((project / "began0").read_text())


def output(exp: Experiment) -> str:
    return exp.file("stdout.log").read_text()


def test_the_job_goes_on_and_what_it_prints_is_kept(project: Path) -> None:
    with killed_recorder(project) as (exp, pid):
        assert is_alive(pid)
        assert (exp.status.value, output(exp)) == ("running", "began 0\n")
        (project / "finish").touch()
        wait_until(lambda: not is_alive(pid), "the job has ended")
        assert output(exp) == "began 0\nended 0\n"
        wait_until(lambda: exp.status is RunStatus.LOST, "it is seen to have ended")
        assert f"process {pid}" in exp.status_reason


def test_what_was_recorded_of_it_can_be_read(project: Path) -> None:
    with killed_recorder(project) as (exp, _):
        (again,) = Experiment.load_all(project / "experiments" / "wait" / "n", on_error="raise")
        assert again == exp
        assert again.exec_args == {"0"}
        assert (again.end_time, again.execution_time) == (None, None)
        assert again.run.info.problems == ()


def test_a_number_that_another_process_has_now_does_not_keep_the_run_going(project: Path) -> None:
    with killed_recorder(project) as (exp, pid):
        (project / "finish").touch()
        wait_until(lambda: not is_alive(pid), "the job has ended")
        provenance = load_provenance(exp.path_to_experiment)
        assert provenance is not None
        ours = attrs.evolve(provenance.process, pid=os.getpid())  # but it began at another time
        store_provenance(exp.path_to_experiment, attrs.evolve(provenance, process=ours))
        assert exp.status is RunStatus.LOST
        earlier = attrs.evolve(process_of(os.getpid()), boot="of another start of the machine")
        store_provenance(exp.path_to_experiment, attrs.evolve(provenance, process=earlier))
        assert exp.status is RunStatus.LOST


def test_a_recorder_that_is_killed_just_after_the_start_leaves_a_run_that_runs(project: Path) -> None:
    words = [sys.executable, "-c", GAP, "[[python, wait.py, 0],[]]"]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    wait_for(project / "began0")
    (exp,) = runs_in(project / "experiments")
    pid = int((project / "began0").read_text())
    try:
        provenance = load_provenance(exp.path_to_experiment)
        assert provenance is not None
        assert provenance.process.pid != pid  # it is the recorder's still
        assert exp.status is RunStatus.RUNNING
        assert exp.status_reason.startswith("a process has its log open")
    finally:
        (project / "finish").touch()
    wait_until(lambda: not is_alive(pid), "the job has ended")
    wait_until(lambda: exp.status is RunStatus.LOST, "the run is lost")
    assert output(exp) == "began 0\nended 0\n"


def test_a_job_that_has_ended_runs_until_its_recorder_has_said_so(project: Path) -> None:
    """It is still brought in what the job left, which may take a while."""
    words = [sys.executable, "-c", GAP.replace("update_provenance", "_gather"), "[[python, echo.py, 0],[]]"]
    stopped = [word.replace("SIGKILL", "SIGSTOP") for word in words]
    with subprocess.Popen(stopped) as recorder:
        try:
            wait_until(lambda: psutil.Process(recorder.pid).status() == psutil.STATUS_STOPPED, "it gathers")
            (exp,) = runs_in(project / "experiments")
            provenance = load_provenance(exp.path_to_experiment)
            assert provenance is not None
            assert not is_alive(provenance.process.pid)
            statuses = [exp.status]
        finally:
            recorder.kill()
    assert [*statuses, exp.status] == [RunStatus.RUNNING, RunStatus.LOST]


def test_who_looks_holds_nothing(tmp_path: Path) -> None:
    for name in ("stdout.log", "stderr.log"):
        (tmp_path / name).touch()
    assert [is_held(tmp_path) for _ in range(2)] == [False, False]
    with open_job_logs(tmp_path):
        assert [is_held(tmp_path) for _ in range(2)] == [True, True]
    assert not is_held(tmp_path)


@pytest.mark.parametrize("kind", ["nothing", "directory", "fifo", "link"])
def test_what_is_no_log_is_held_by_nobody(tmp_path: Path, kind: str) -> None:
    log = tmp_path / "stdout.log"
    make: dict[str, Callable[[], None]] = {
        "nothing": lambda: None,
        "directory": log.mkdir,
        "fifo": lambda: os.mkfifo(log),
        "link": lambda: log.symlink_to("/etc/passwd"),
    }
    make[kind]()
    assert not is_held(tmp_path)
