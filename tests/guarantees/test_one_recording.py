"""What a run says of itself stays true, whoever writes to it and however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyhermes import Experiment, HermesError, RunStatus
from pyhermes.core.disk.provenance import load_provenance
from tests.runner.helpers import HERMES, make_project, wait_for, wait_until

pytest.importorskip("torch")  # results are saved with it

PRELUDE = "import os, signal, sys, time\nfrom pyhermes import Experiment\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def run_code(code: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", PRELUDE + code]
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)


def only_run() -> Experiment:
    (run,) = Experiment.load_all("experiments", recursive=True)
    return run


@pytest.mark.slow
def test_comments_that_another_process_stores_lose_no_end_of_a_run() -> None:
    code = "for _ in range(20):\n    with Experiment.record('t', name='n', patch=False): time.sleep(0.02)\n"
    folder, number = Path("experiments/t/n"), 0
    with subprocess.Popen([sys.executable, "-c", PRELUDE + code]) as process:
        while process.poll() is None:
            for path in sorted(folder.iterdir())[-1:] if folder.exists() else ():
                number += 1
                try:
                    run = Experiment.load(path)
                    run.comments = f"comment {number}"
                    run.store_comments()
                except (HermesError, OSError):  # its files are being made
                    continue
    runs = Experiment.load_all(folder)
    assert len(runs) == 20
    assert {run.status for run in runs} == {RunStatus.FINISHED}


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_signal_interrupts_a_recording_and_what_it_recorded_is_there(name: str) -> None:
    run_code(
        "with Experiment.record('t', name='n', patch=False) as exp:\n"
        "    exp.new_result('m').store_scalar(1.0, 'k')\n"
        f"    os.kill(os.getpid(), signal.{name}); time.sleep(30)\n"
    )
    run = only_run()
    assert (run.status, run.info_dict["exit_status"]) == (
        RunStatus.INTERRUPTED,
        str(-signal.Signals[name]),
    )
    assert run.result.series("k").tolist() == [1.0]


def test_a_second_interrupt_while_results_are_saved_loses_none() -> None:
    code = (
        "import pyhermes.runner.session as session\n"
        "save = session.save_result\n"
        "def save_slowly(*given):\n"
        "    os.kill(os.getpid(), signal.SIGINT); time.sleep(0.1)\n"
        "    return save(*given)\n"
        "session.save_result = save_slowly\n"
        "with Experiment.record('t', name='n', patch=False) as exp:\n"
        "    exp.new_result('m').store_scalar(1.0, 'k')\n"
        "    os.kill(os.getpid(), signal.SIGINT); time.sleep(30)\n"
    )
    assert "KeyboardInterrupt" in run_code(code).stderr
    run = only_run()
    assert (run.status, run.result.series("k").tolist()) == (RunStatus.INTERRUPTED, [1.0])


def test_an_interrupt_after_the_last_line_of_the_script_interrupts_it_too() -> None:
    code = (
        "import pyhermes.runner.session as session\n"
        "save = session.save_result\n"
        "session.save_result = lambda *given: (os.kill(os.getpid(), signal.SIGINT), save(*given))[1]\n"
        "with Experiment.record('t', name='n', patch=False) as exp:\n"
        "    exp.new_result('m').store_scalar(1.0, 'k')\n"
    )
    assert "KeyboardInterrupt" in run_code(code).stderr
    run = only_run()
    assert (run.status, run.result.series("k").tolist()) == (RunStatus.INTERRUPTED, [1.0])


def test_why_a_recording_failed_is_kept() -> None:
    run_code(
        "with Experiment.record('t', name='n', patch=False):\n    raise ValueError('too small\\nby far')\n"
    )
    run = only_run()
    assert run.status is RunStatus.FAILED
    assert run.status_reason == "its exit status is 1: ValueError: too small"
    provenance = load_provenance(run.path_to_experiment)
    assert provenance is not None
    assert provenance.failure == "ValueError: too small\nby far"
    assert "raise ValueError" not in run.file("stdout.log").read_text()
    assert "Traceback" in run.file("stderr.log").read_text()


def test_scores_are_written_through_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("1\n")
    with Experiment.record("t", name="n", patch=False) as exp:
        exp.scores_file.symlink_to(outside)
        with pytest.raises(OSError, match="got a link"):
            exp.log_score(666)
    assert outside.read_text() == "1\n"


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_planted_info_is_neither_read_nor_waited_for_and_results_are_saved(kind: str) -> None:
    Path("outside").write_text("SECRET:1\n")
    plant = "info.symlink_to(os.path.abspath('outside'))" if kind == "link" else "os.mkfifo(info)"
    run_code(
        "with Experiment.record('t', name='n', patch=False) as exp:\n"
        "    exp.new_result('m').store_scalar(1, 'x')\n"
        f"    info = exp.path_to_experiment / 'hermes.info'; info.unlink(); {plant}\n",
        timeout=30,
    )
    (path,) = Path("experiments/t/n").iterdir()
    assert (path / "m.result").exists()
    assert Path("outside").read_text() == "SECRET:1\n"


def is_noted(path: Path) -> bool:
    provenance = load_provenance(path)
    return provenance is not None and provenance.recorder is not None


JOB = """
import os, sys, time
from pyhermes import Experiment
with Experiment.record("t", name="n", args={"lr": 0.5}, patch=False) as exp:
    exp.log_score(1)
    open("began", "w").close()
    while not os.path.exists("finish"):
        time.sleep(0.01)
    if len(sys.argv) > 1:
        raise ValueError("bad luck")
"""
CURRENT = JOB.replace("with ", "if True: #").replace("exp.log", "exp = Experiment.current(); exp.log")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "words", "status"),
    [
        (JOB, [], RunStatus.FINISHED),
        (JOB, ["fail"], RunStatus.FAILED),
        (CURRENT, [], RunStatus.FINISHED),
        (CURRENT, ["fail"], RunStatus.FAILED),
    ],
    ids=["record", "record that fails", "current", "current that fails"],
)
def test_a_job_whose_recorder_is_killed_says_itself_how_it_ended(
    script: str, words: list[str], status: RunStatus
) -> None:
    Path("job.py").write_text(script)
    exec_words = [
        HERMES,
        "exec",
        "-n",
        "n",
        "--root",
        "experiments",
        "--no-patch",
        "--",
        sys.executable,
        "job.py",
    ]
    with subprocess.Popen(
        [*exec_words, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as recorder:
        wait_for(Path("began"))
        path = only_run().path_to_experiment
        wait_until(lambda: is_noted(path), "the process of the job is noted")
        recorder.send_signal(signal.SIGKILL)
    Path("finish").touch()
    wait_until(lambda: only_run().status is status, "it has said how it ended")
    assert (only_run().execution_time or -1) >= 0


@pytest.mark.parametrize(("size", "expected"), [("", True), ("1", True), ("2", False)])
def test_a_rank_counts_where_there_are_several(
    size: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import warnings; warnings.simplefilter('ignore')\n" + (
        "with Experiment.record('t', name='n', patch=False) as exp: exp.log_score(1)\n"
    )
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", size)
    run_code(code)
    assert Path("experiments").exists() is expected


def test_a_rank_without_a_number_of_ranks_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    code = "with Experiment.record('t', name='n', patch=False) as exp: exp.log_score(1)\n"
    assert run_code(code).stderr.count("RANK is 1, but WORLD_SIZE is not set") == 1


def test_a_heartbeat_from_the_future_is_no_sign_of_life() -> None:
    run_code(
        "with Experiment.record('t', name='n', patch=False) as exp:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = only_run().path_to_experiment
    text = (path / "provenance.json").read_text()
    host = load_provenance(path)
    assert host is not None
    (path / "provenance.json").write_text(text.replace(host.process.host, "elsewhere"))
    os.utime(path / "heartbeat", (time.time() + 10 * 365 * 86400,) * 2)
    assert only_run().status is RunStatus.LOST
    assert "from the future" in only_run().status_reason
