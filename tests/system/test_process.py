from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import attrs
import psutil
import pytest

from pyhermes.core.formats.provenance import (
    Process,
)
from pyhermes.system.process import is_running, process_of, read_boot_name

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at how Linux keeps time")


def test_this_process_runs() -> None:
    process = process_of(os.getpid())
    assert (process.host, process.pid) == (socket.gethostname(), os.getpid())
    assert process.boot == read_boot_name()
    assert process.started is not None
    assert process.started < time.time() + 2
    assert is_running(process) is True


def test_another_process_runs_until_it_has_ended(sleeping: subprocess.Popen[bytes]) -> None:
    process = process_of(sleeping.pid)
    assert is_running(process) is True
    sleeping.kill()
    sleeping.wait()
    assert is_running(process) is False


def test_a_process_that_is_stopped_runs(sleeping: subprocess.Popen[bytes]) -> None:
    process = process_of(sleeping.pid)
    sleeping.send_signal(signal.SIGSTOP)
    while psutil.Process(sleeping.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    assert is_running(process) is True


@pytest.mark.parametrize("says", [True, False])
def test_a_zombie_does_not_run(
    sleeping: subprocess.Popen[bytes], says: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not the system has a file that says it."""
    if not says:
        monkeypatch.setattr("pyhermes.system.process.read_system_file", lambda _: None)
    process = process_of(sleeping.pid)
    assert process.started is not None
    os.kill(sleeping.pid, signal.SIGKILL)
    while psutil.Process(sleeping.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert is_running(process) is False
    assert process_of(sleeping.pid).started is None


@pytest.mark.parametrize("later", [-1000.0, -2.0, -1.5, 1.5, 2.0, 1000.0, float("nan"), float("inf")])
def test_a_number_that_was_given_to_another_process_is_not_the_first(later: float) -> None:
    process = process_of(os.getpid())
    assert process.started is not None
    assert is_running(attrs.evolve(process, started=process.started + later)) is False


def test_times_may_differ_by_less_than_a_second() -> None:
    process = process_of(os.getpid())
    assert process.started is not None
    assert is_running(attrs.evolve(process, started=process.started + 0.5)) is True


def test_no_process_outlives_the_start_of_its_machine() -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), boot="another")) is False


def test_nothing_is_seen_of_another_machine() -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), host="another")) is None


def test_where_the_system_does_not_say_more_the_number_counts(sleeping: subprocess.Popen[bytes]) -> None:
    process = Process(socket.gethostname(), sleeping.pid)
    assert is_running(process) is True
    sleeping.kill()
    sleeping.wait()
    assert is_running(process) is False


@LINUX
def test_a_process_of_any_name_started_when_it_did(tmp_path: Path) -> None:
    named = tmp_path / "x) Z 1 (2)"
    shutil.copy(shutil.which("sleep") or "", named)
    with subprocess.Popen([named, "60"]) as running:
        process = process_of(running.pid)
        assert is_running(process) is True
        since = psutil.Process(running.pid).create_time() - psutil.boot_time()
        running.kill()
    assert process.started == pytest.approx(since, abs=2)


@LINUX
def test_a_process_in_another_namespace_cannot_be_seen() -> None:
    process = process_of(os.getpid())
    assert process.namespace == os.readlink("/proc/self/ns/pid")
    assert is_running(attrs.evolve(process, namespace="pid:[1]")) is None


@pytest.mark.parametrize("pid", [-1, -(10**30), 10**30, 2**31, 2**63])
def test_a_number_that_no_process_has_is_of_none_that_runs(pid: int) -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), pid=pid)) is False


@pytest.mark.parametrize("started", [10**400, -(10**400)], ids=["late", "early"])
def test_a_start_that_is_no_time_is_not_the_process(started: float) -> None:
    assert is_running(attrs.evolve(process_of(os.getpid()), started=started)) is False


@LINUX
@pytest.mark.parametrize("seconds", [-3600, -5, 5, 3600])
def test_a_process_runs_on_when_the_clock_is_set(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Linux says of when it started moves with the clock, and the process did not."""
    process = process_of(os.getpid())
    before = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: before + seconds)
    monkeypatch.setattr("psutil.boot_time", lambda: before + seconds)
    assert is_running(process) is True


def test_a_start_of_the_machine_has_one_name() -> None:
    code = "from pyhermes.system.process import read_boot_name; print(read_boot_name())"
    named = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert named.decode().strip() == read_boot_name()


def test_where_the_system_names_no_start_its_time_does(monkeypatch: pytest.MonkeyPatch) -> None:
    read_boot_name.cache_clear()
    monkeypatch.setattr("pyhermes.system.process.read_system_file", lambda _: None)
    try:
        assert read_boot_name() is None
        assert is_running(process_of(os.getpid())) is True
    finally:
        read_boot_name.cache_clear()
