from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from pyhermes import RunStatus
from pyhermes.core import MissingPackageError, RecordingError
from pyhermes.core.sweep.file import parse_execution_file
from pyhermes.core.sweep.jobs import expand
from pyhermes.runner import JobOutcome, run_jobs
from pyhermes.runner.exec_plan import plan_file
from pyhermes.runner.interrupts import count_interrupts
from pyhermes.runner.sweep import run_sweep
from tests.conftest import CRASHED, DOUBLE, FIRST, TAXI
from tests.runner.helpers import (
    is_alive,
    jobs_of,
    leftovers,
    make_project,
    runs_in,
    statuses,
    wait_for,
    wait_until,
)

DATA = Path(__file__).parent.parent / "data"
THREE = "PROD([[python, wait.py, {i}],[]], i=[1, 2, 3])"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def spawned(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def interrupt_after(*begun: Callable[[], object]) -> threading.Thread:
    """Send the main thread a SIGINT each time that something holds."""

    def interrupt() -> None:
        for holds in begun:
            wait_until(holds, "it is time to interrupt")
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


def pid_of(project: Path, number: int = 1) -> int:
    return int((project / f"began{number}").read_text())


# To their ends


def test_outcomes_are_in_the_order_of_the_jobs_and_progress_in_that_of_the_ends(project: Path) -> None:
    (project / "turn.py").write_text(
        "import os, sys, time\n"
        "number = int(sys.argv[1])\n"
        "while number and not os.path.exists(f'over{number - 1}'):\n"
        "    time.sleep(0.01)\n"
        "print('x' * number)\n"
        "open(f'over{number}', 'w')\n"
    )
    seen: list[JobOutcome] = []
    jobs = jobs_of("PROD([[python, turn.py, {i}],[]], i=[2, 1, 0])")
    report = run_jobs(iter(jobs), name="n", jobs_at_once=3, progress=seen.append)
    assert [outcome.index for outcome in report.outcomes] == [0, 1, 2]
    assert [outcome.path for outcome in report.outcomes] == [
        exp.path_to_experiment for exp in runs_in(project / "experiments")
    ]
    assert {outcome.index for outcome in seen} == {0, 1, 2}
    assert (report.failed, report.interrupted) == ((), False)
    assert [exp.exec_args for exp in runs_in(project / "experiments")] == [{"2"}, {"1"}, {"0"}]
    assert leftovers(project) == []


def test_one_job_runs_at_a_time_where_nothing_else_is_said(project: Path) -> None:
    (project / "alone.py").write_text(
        "import os, time\nos.mkdir('running')\ntime.sleep(0.05)\nos.rmdir('running')\n"
    )
    report = run_jobs(jobs_of("PROD([[python, alone.py, {i}],[]], i=[1, 2, 3])"), name="n")
    assert report.failed == ()


def test_without_jobs_nothing_is_done(project: Path) -> None:
    report = run_jobs([], name="n")
    assert (report.outcomes, report.failed, report.interrupted) == ((), (), False)
    assert not (project / "experiments").exists()


def test_jobs_that_fail_or_cannot_be_started_do_not_stop_the_others(project: Path) -> None:
    jobs = jobs_of(
        "[[python, nowhere.py],[]]\n[[nothing-of-that-name],[]]\n[[./echo.py],[]]\n"
        "[[python, -c 'raise SystemExit(5)'],[]]\n[[python, echo.py, a],[-cb none]]\n[[python, echo.py, b],[]]"
    )
    report = run_jobs(jobs, name="n", root="elsewhere/deep", comments=["why", "not"])
    assert [outcome.status for outcome in report.outcomes] == [RunStatus.FAILED] * 5 + [RunStatus.FINISHED]
    assert report.failed == report.outcomes[:5]
    assert not report.interrupted
    runs = runs_in(project / "elsewhere" / "deep")
    assert [exp.run.info.exit_status for exp in runs] == [127, 127, 126, 5, 126, 0]
    assert {exp.comments for exp in runs} == {"why,not"}


@pytest.mark.parametrize("name", ["a/b", "", ".."])
def test_a_name_that_no_directory_can_have_is_refused_before_any_job(project: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="expected a name of at most 255 bytes"):
        run_jobs(jobs_of("[[python, echo.py],[]]"), name=name)
    assert not (project / "experiments").exists()


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_of_jobs_at_once_is_at_least_1(project: Path, number: int) -> None:
    with pytest.raises(ValueError, match="at least 1, got "):
        run_jobs(jobs_of("[[python, echo.py],[]]"), name="n", jobs_at_once=number)


def test_jobs_run_in_the_project(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = run_jobs(jobs_of("[[python, echo.py],[]]"), name="n", root="new", project="project")
    (outcome,) = report.outcomes
    assert (outcome.status, outcome.path) == (
        RunStatus.FINISHED,
        runs_in(tmp_path / "new")[0].path_to_experiment,
    )


# The executors of others


def test_threads_of_the_users_own_are_left_running(project: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        report = run_jobs(jobs_of("PROD([[python, echo.py, {i}],[]], i=[1, 2, 3])"), name="n", executor=pool)
        assert report.failed == ()
        assert pool.submit(int, "3").result() == 3


def test_processes_of_the_users_own_are_left_running(project: Path) -> None:
    with spawned(2) as pool:
        report = run_jobs(jobs_of("PROD([[python, echo.py, {i}],[]], i=[1, 2, 3])"), name="n", executor=pool)
        assert report.failed == ()
        assert pool.submit(int, "3").result() == 3
    assert statuses(project / "experiments") == [RunStatus.FINISHED] * 3


def test_a_worker_that_dies_is_a_job_that_failed(project: Path) -> None:
    (project / "murder.py").write_text("import os\nos.kill(os.getppid(), 9)\n")
    with spawned(1) as pool:
        report = run_jobs(jobs_of("[[python, murder.py],[]]"), name="n", executor=pool)
    (outcome,) = report.outcomes
    assert (outcome.path, outcome.status) == (None, RunStatus.FAILED)
    assert outcome.reason.startswith("its worker failed: A process in the process pool was terminated")
    wait_until(lambda: statuses(project / "experiments") == [RunStatus.LOST], "the run is lost")


def test_the_others_have_outcomes_too_where_a_worker_has_died(project: Path) -> None:
    (project / "murder.py").write_text("import os\nos.kill(os.getppid(), 9)\n")
    jobs = jobs_of("[[python, echo.py],[]]\n[[python, murder.py],[]]\n" + "[[python, echo.py],[]]\n" * 3)
    with spawned(1) as pool:
        report = run_jobs(jobs, name="n", executor=pool)
    assert [outcome.index for outcome in report.outcomes] == [0, 1, 2, 3, 4]
    assert [outcome.status for outcome in report.outcomes] == [RunStatus.FINISHED] + [RunStatus.FAILED] * 4


# Ctrl-C


def test_ctrl_c_ends_the_jobs_and_begins_no_more(project: Path) -> None:
    seen: list[JobOutcome] = []
    thread = interrupt_after(lambda: (project / "began1").exists() and (project / "began2").exists())
    report = run_jobs(jobs_of(THREE), name="n", jobs_at_once=2, progress=seen.append)
    thread.join()
    assert report.interrupted
    assert [outcome.status for outcome in report.outcomes] == [RunStatus.INTERRUPTED] * 3
    assert (report.outcomes[2].path, report.outcomes[2].reason) == (None, "interrupted before it began")
    assert len(seen) == 3
    assert statuses(project / "experiments") == [RunStatus.INTERRUPTED] * 2
    assert not is_alive(pid_of(project, 1))
    assert not is_alive(pid_of(project, 2))
    assert not (project / "began3").exists()
    assert leftovers(project) == []


def test_a_second_ctrl_c_kills_a_job_that_does_not_listen(project: Path) -> None:
    root = project / "experiments"
    thread = interrupt_after(
        (project / "began1").exists, lambda: [path for path in leftovers(root) if "stop" in path]
    )
    report = run_jobs(jobs_of("[[python, stubborn.py, 1],[]]\n[[python, wait.py, 2],[]]"), name="n")
    thread.join()
    assert [run.run.info.exit_status for run in runs_in(root)] == [-signal.SIGINT]
    assert report.interrupted
    assert not is_alive(pid_of(project))
    assert leftovers(project) == []


def test_ctrl_c_reaches_the_jobs_of_a_pool_of_processes(project: Path) -> None:
    thread = interrupt_after((project / "began1").exists)
    with spawned(1) as pool:
        report = run_jobs(jobs_of(THREE), name="n", executor=pool)
        assert pool.submit(int, "3").result() == 3
    thread.join()
    assert [outcome.status for outcome in report.outcomes] == [RunStatus.INTERRUPTED] * 3
    assert statuses(project / "experiments") == [RunStatus.INTERRUPTED]  # the one that had begun
    assert not (project / "began2").exists()


def test_ctrl_c_while_progress_is_shown_is_not_lost(project: Path) -> None:
    began: list[int] = []

    def progress(outcome: JobOutcome) -> None:
        began.append(outcome.index)
        if len(began) == 1:
            raise KeyboardInterrupt

    jobs = jobs_of("PROD([[python, echo.py, {i}],[]], i=[1, 2, 3, 4, 5, 6])")
    try:
        report = run_jobs(jobs, name="n", progress=progress)
    except KeyboardInterrupt:
        pass
    else:
        assert report.interrupted
    assert len(runs_in(project / "experiments")) < 6
    assert leftovers(project) == []


def test_an_error_in_progress_ends_the_jobs(project: Path) -> None:
    """Or else it is heard of only when the last of a night's jobs has run."""

    def progress(outcome: JobOutcome) -> None:
        raise BrokenPipeError(outcome)

    jobs = jobs_of("PROD([[python, echo.py, {i}],[]], i=[1, 2, 3, 4, 5, 6])")
    with pytest.raises(BrokenPipeError):
        run_jobs(jobs, name="n", progress=progress)
    assert len(runs_in(project / "experiments")) < 6


# The real sweeps


def exec_args_of(project: Path, file: str) -> set[frozenset[str]]:
    jobs = expand(parse_execution_file((DATA / file).read_text()))
    report = run_jobs(jobs, name="again", jobs_at_once=4)
    assert report.failed == ()
    return {frozenset(exp.exec_args) for exp in runs_in(project / "experiments")}


def real(run: str) -> frozenset[str]:
    from pyhermes import Experiment
    from tests.conftest import EXAMPLES

    return frozenset(Experiment.load(EXAMPLES / "runs" / run).exec_args)


def test_the_sweep_of_cartpole_gives_the_arguments_of_the_real_runs(project: Path) -> None:
    (project / "cartpole_dqn.py").write_text(
        "import argparse, os\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('identifier')\n"
        "parser.add_argument('--doubledqn', action='store_true')\n"
        "parser.add_argument('--gradclip', action='store_true')\n"
        "parser.add_argument('--layers', type=int, nargs=2)\n"
        "parser.add_argument('--seed', type=int, required=True)\n"
        "for name in ('-lr', '-es', '-ee', '-ed'):\n"
        "    parser.add_argument(name, type=float, required=True)\n"
        "args = parser.parse_args()\n"
        "assert os.path.basename(os.environ['HERMES_EXPERIMENT']) == args.identifier\n"
        "open(f'{args.identifier}.scores', 'w').write(f'{args.seed}\\n')\n"
    )
    shared = {"-es 1.0", "-ee 0.01", "-ed 0.97"}
    expected = {
        frozenset({f"-lr {lr}", f"--seed {s}", *shared}) for lr in ("0.001", "0.0003") for s in range(3)
    }
    double = {"--doubledqn", "--gradclip", "--layers 32 32", "-lr 0.001", *shared}
    expected |= {frozenset({f"--seed {s}", *double}) for s in range(3)}
    found = exec_args_of(project, "cartpole.hermes")
    assert found == expected
    assert {real(FIRST), real(DOUBLE)} <= found
    runs = runs_in(project / "experiments" / "cartpole_dqn" / "again")
    assert [exp.comments for exp in runs] == ["baseline"] * 6 + ["double"] * 3
    assert [exp.scores().tolist() for exp in runs] == [[0.0], [1.0], [2.0]] * 3
    assert all(exp.file("cartpole_dqn.py").exists() for exp in runs)


def test_the_sweep_of_taxi_gives_the_arguments_of_the_real_runs(project: Path) -> None:
    (project / "taxi_q.py").write_text("import sys\nassert sys.argv[2] == 'taxi-small'\n")
    expected = {
        frozenset({"taxi-small", f"--alpha {a}", f"--seed {s}"}) for a in ("0.1", "0.4") for s in (0, 1)
    }
    expected.add(frozenset({"taxi-small", "--crash", "--alpha 0.9"}))
    found = exec_args_of(project, "taxi.hermes")
    assert found == expected
    assert {real(TAXI), real(CRASHED)} <= found
    last = runs_in(project / "experiments")[-1]
    assert last.comments == "crashes-on-purpose"
    assert last.file("exec_arguments").read_text() == "taxi-small\n--crash\n--alpha 0.9\n"
    wait_for(last.file("re_execution.hermes"))
    (again,) = expand(parse_execution_file(last.file("re_execution.hermes").read_text()))
    assert again.argv("I") == ("python", "taxi_q.py", "I", "taxi-small", "--alpha", "0.9", "--crash")


def test_an_executor_that_cancels_is_no_error(project: Path) -> None:
    class Cancelling(ThreadPoolExecutor):
        def submit(self, *_: object, **__: object) -> Future[JobOutcome]:  # type: ignore[override]
            future: Future[JobOutcome] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with Cancelling() as executor:
        (outcome,) = run_jobs(jobs_of("[[python, echo.py],[]]"), name="n", executor=executor).outcomes
    assert (outcome.status, outcome.path) == (RunStatus.INTERRUPTED, None)


def test_interrupts_are_counted_in_the_main_thread_only() -> None:
    seen = []

    def count() -> None:
        with count_interrupts() as interrupts:
            seen.append((interrupts.count, signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    assert seen == [(0, before)]


def test_without_the_package_of_dask_it_is_said_what_to_install(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    (project / "a.hermes").write_text("EXEC\n[[python, echo.py],[]]\n")
    plan = plan_file(Path("a.hermes"), name="n", dask="tcp://127.0.0.1:1")
    with pytest.raises(MissingPackageError, match=r"pip install 'pyhermes-experiments\[dask\]'"):
        run_sweep(plan)
    assert not (project / "experiments").exists()
