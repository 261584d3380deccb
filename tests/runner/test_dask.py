"""Jobs on a real Dask cluster: a scheduler and two workers, processes of their own on loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pyhermes import RunStatus
from pyhermes.cli import main
from pyhermes.core.disk.provenance import load_provenance
from tests.runner.helpers import (
    HERMES,
    is_alive,
    jobs_of,
    leftovers,
    make_project,
    runs_in,
    statuses,
    wait_for,
    wait_until,
)

pytest.importorskip("distributed")

SCHEDULER = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
WORKER = [
    "distributed.cli.dask_worker",
    "--nthreads",
    "1",
    "--no-nanny",
    "--no-dashboard",
    "--host",
    "127.0.0.1",
]


@pytest.fixture(autouse=True)
def no_handler_left() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    environment.pop("HERMES_EXPERIMENT", None)
    with ExitStack() as stack:

        def start(*words: str) -> None:
            log = stack.enter_context((folder / f"{len(words)}.log").open("ab"))
            process = subprocess.Popen(
                [sys.executable, "-m", *words, "--scheduler-file", str(file)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)

        start(*SCHEDULER)
        wait_until(lambda: file.exists() and file.read_text().rstrip().endswith("}"), "there is a scheduler")
        start(*WORKER, "--name", "one")
        start(*WORKER, "--name", "two")
        from distributed import Client

        connect: Callable[..., Any] = Client
        with connect(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=30)
            address = client.scheduler.address
        yield str(address)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def swept(project: Path, text: str, address: str) -> int:
    (project / "sweep.hermes").write_text(f"EXEC\n{text}\n")
    return main(["exec", "-f", "sweep.hermes", "-n", "n", "--dask", address])


@pytest.mark.slow
def test_a_sweep_runs_on_the_workers(project: Path, cluster: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = "PROD([[python, echo.py, {i}],[-c dask]], i=RANGE[0, 6])\n[[python, nowhere.py],[]]"
    assert swept(project, text, cluster) == 1
    runs = runs_in(project / "experiments")
    assert [exp.status for exp in runs] == [RunStatus.FINISHED] * 6 + [RunStatus.FAILED]
    assert [exp.file("stdout.log").read_text() for exp in runs[:6]] == [f'["{i}"]\n' for i in range(6)]
    assert "there is no script 'nowhere.py'" in runs[6].file("stderr.log").read_text()
    assert capfd.readouterr().err.count("finished    ") == 6
    assert leftovers(project) == []


def test_two_workers_run_two_jobs_at_once(project: Path, cluster: str) -> None:
    (project / "meet.py").write_text(
        "import os, sys, time\n"
        "open(f'here{sys.argv[1]}', 'w')\n"
        "while not (os.path.exists('here0') and os.path.exists('here1')):\n    time.sleep(0.01)\n"
    )
    assert swept(project, "PROD([[python, meet.py, {i}],[]], i=[0, 1])", cluster) == 0
    recorders = [load_provenance(exp.path_to_experiment) for exp in runs_in(project / "experiments")]
    assert len({found.process.pid for found in recorders if found}) == 2


def test_the_same_jobs_run_again_and_not_from_a_cache(project: Path, cluster: str) -> None:
    for _ in range(2):
        assert swept(project, "[[python, echo.py],[]]\n[[python, echo.py],[]]", cluster) == 0
    assert len(runs_in(project / "experiments")) == 4


def test_ctrl_c_reaches_the_jobs(project: Path, cluster: str, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> None:
        wait_for(project / "began1")
        wait_for(project / "began2")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        assert swept(project, "PROD([[python, wait.py, {i}],[]], i=[1, 2, 3, 4])", cluster) == 130
        thread.join()
        assert statuses(project / "experiments") == [RunStatus.INTERRUPTED] * 2
        assert not any(is_alive(int((project / f"began{i}").read_text())) for i in (1, 2))
        assert [path.name for path in sorted(project.glob("began*"))] == ["began1", "began2"]
        assert leftovers(project) == []
        paths = [str(exp.path_to_experiment) for exp in runs_in(project / "experiments")]
        err = capfd.readouterr().err
        assert [path for path in paths if f"{path}  (it was ended by SIGINT)" not in err] == []
    finally:
        (project / "finish").touch()  # or else the workers wait for ever


def test_a_signal_to_the_recorder_reaches_the_jobs(project: Path, cluster: str) -> None:
    (project / "sweep.hermes").write_text("EXEC\nPROD([[python, wait.py, {i}],[]], i=[1, 2, 3])\n")
    words = [HERMES, "exec", "-f", "sweep.hermes", "-n", "n", "--dask", cluster]
    try:
        with subprocess.Popen(words, cwd=project, stderr=subprocess.PIPE) as process:
            wait_for(project / "began1")
            wait_for(project / "began2")
            process.terminate()
            _, err = process.communicate(timeout=30)
        assert (process.returncode, b"Traceback" in err) == (130, False)
        assert statuses(project / "experiments") == [RunStatus.INTERRUPTED] * 2
        assert leftovers(project) == []
    finally:
        (project / "finish").touch()


def test_the_executor_of_the_users_own_client_is_left_open(project: Path, cluster: str) -> None:
    from distributed import Client

    from pyhermes.runner import run_jobs

    connect: Callable[..., Any] = Client
    with connect(cluster, set_as_default=False) as client:
        executor = client.get_executor(pure=False)
        report = run_jobs(jobs_of("[[python, echo.py],[]]"), name="n", executor=executor)
        assert report.failed == ()
        assert executor.submit(int, "3").result() == 3
