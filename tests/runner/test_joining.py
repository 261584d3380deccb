"""Which run a recording writes to: of its job, the first; every further one, a run of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from pyhermes import Experiment, HermesWarning, RunStatus
from pyhermes.core import NotRecordingError, parse_exec_args
from pyhermes.core.disk.provenance import load_provenance, update_provenance
from pyhermes.core.formats.provenance import Process
from pyhermes.core.formats.secrets import SecretNames
from pyhermes.runner.joining import begin_session, describe_job_run, join_job, load_job_run
from pyhermes.system.environment import VARIABLE
from pyhermes.system.process import process_of
from pyhermes.system.start import RunStart, StartedRun, end_run, start_run
from tests.guarantees.test_no_room import no_room
from tests.runner.helpers import HERMES, make_project

GONE = Process(process_of(os.getpid()).host, 2**22 + 1)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, "RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def start() -> RunStart:
    return RunStart(Path("experiments"), "train", "first", (), lambda _: ["python"], Path.cwd())


@pytest.fixture
def job(tmp_path: Path, start: RunStart, monkeypatch: pytest.MonkeyPatch) -> StartedRun:
    """A run that `hermes exec` has started, and of whose job this process is."""
    started = start_run(attrs.evolve(start, root=tmp_path / "jobs"))
    monkeypatch.setenv(VARIABLE, str(started.path))
    return started


def count_runs(root: Path) -> int:
    return len(Experiment.load_all(root, recursive=True))


def test_outside_of_a_job_a_run_is_started(start: RunStart) -> None:
    session = begin_session(start, "raise")
    assert not session.is_joined
    assert session.run.path.parent == Path.cwd() / "experiments" / "train" / "first"
    for ask in (load_job_run, join_job, describe_job_run):
        with pytest.raises(NotRecordingError, match="HERMES_EXPERIMENT is not set"):
            ask()


def test_the_first_recording_joins_the_run_of_its_job_and_adds_its_comments(
    start: RunStart, job: StartedRun
) -> None:
    session = begin_session(attrs.evolve(start, comments=("a", "b")), "raise")
    assert session.is_joined
    assert (session.run, session.comments) == (load_job_run(), "a,b")
    known = load_provenance(job.path)
    assert known is not None
    assert known.joined == process_of(os.getpid())


def test_every_further_recording_is_a_run_beside_it_and_says_so_once(
    start: RunStart, job: StartedRun, tmp_path: Path
) -> None:
    begin_session(start, "raise")
    with pytest.warns(
        HermesWarning, match=rf"a run of its own.*\n.*process {os.getpid()} on .* records"
    ) as said:
        sessions = [begin_session(attrs.evolve(start, script="eval"), "raise") for _ in range(3)]
    assert len(said) == 1
    assert {session.run.path.parent for session in sessions} == {tmp_path / "jobs" / "eval" / "first"}
    assert len({session.run.path for session in sessions}) == 3


def test_a_script_that_says_where_its_runs_go_is_obeyed(
    start: RunStart, job: StartedRun, tmp_path: Path
) -> None:
    begin_session(start, "raise")
    with pytest.warns(HermesWarning, match="a run of its own"):
        session = begin_session(attrs.evolve(start, root=tmp_path / "mine"), "raise")
    assert session.run.path.is_relative_to(tmp_path / "mine")


def test_a_run_that_has_ended_is_never_joined(start: RunStart, job: StartedRun) -> None:
    end_run(job, 0)
    before = {path: path.read_bytes() for path in job.path.iterdir()}
    with pytest.warns(HermesWarning, match="it has ended"):
        session = begin_session(start, "raise")
    assert session.run.path.is_relative_to(Path.cwd() / "experiments")
    assert {path: path.read_bytes() for path in job.path.iterdir()} == before


def test_a_run_whose_process_is_gone_is_never_joined(start: RunStart, job: StartedRun) -> None:
    update_provenance(job.path, lambda known: attrs.evolve(known, process=GONE))
    with pytest.warns(HermesWarning, match="its process is gone"):
        session = begin_session(start, "raise")
    assert session.run.path.is_relative_to(Path.cwd() / "experiments")
    assert join_job() is None


def test_a_run_without_provenance_is_not_joined(start: RunStart, job: StartedRun) -> None:
    (job.path / "provenance.json").unlink()
    with pytest.warns(HermesWarning, match=r"it has no provenance\.json"):
        assert not begin_session(start, "raise").is_joined


def test_the_job_can_be_joined_without_a_recording_of_its_own(job: StartedRun) -> None:
    session = join_job()
    assert session is not None
    assert session.run.path == job.path
    described = describe_job_run()
    assert (described.script, described.name, list(described.argv("x"))) == ("train", "first", sys.orig_argv)


def test_a_full_disk_keeps_nobody_from_joining_who_asked_for_warnings(
    start: RunStart, job: StartedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", no_room)
    with pytest.warns(HermesWarning, match="could not be noted:\n.*No space"):
        assert begin_session(start, "warn").is_joined
    with pytest.raises(OSError, match="No space"):
        begin_session(start, "raise")


def test_secrets_that_only_the_script_knows_are_masked_when_it_joins(
    start: RunStart, job: StartedRun
) -> None:
    (job.path / "exec_arguments").write_text("--seat hunter2\n")
    lines = (("--seat", "hunter2"), ("--lr", "0.1"))
    begin_session(attrs.evolve(start, secrets=SecretNames(["seat"]), lines=lines), "raise")
    assert (job.path / "exec_arguments").read_text() == "--seat ***\n"
    assert parse_exec_args((job.path / "resolved_arguments").read_text()).values == {
        "--seat": "***",
        "--lr": 0.1,
    }


def test_secrets_that_cannot_be_masked_are_warned_of_or_an_error(
    start: RunStart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyhermes.runner.joining.mask_run", no_room)
    knowing = attrs.evolve(start, secrets=SecretNames(["seat"]))
    monkeypatch.setenv(VARIABLE, str(start_run(attrs.evolve(start, root=tmp_path / "a")).path))
    with pytest.warns(HermesWarning, match="could not be masked:\n.*No space"):
        assert begin_session(knowing, "warn").is_joined
    monkeypatch.setenv(VARIABLE, str(start_run(attrs.evolve(start, root=tmp_path / "b")).path))
    with pytest.raises(OSError, match="No space"):
        begin_session(knowing, "raise")


def test_what_the_script_really_runs_with_is_kept_beside_what_was_typed(
    start: RunStart, job: StartedRun
) -> None:
    (job.path / "exec_arguments").write_text("--amp\n")
    begin_session(attrs.evolve(start, lines=(("--amp",), ("--lr", "0.5"))), "raise")
    assert (job.path / "exec_arguments").read_text() == "--amp\n"
    assert (job.path / "resolved_arguments").read_text() == "--amp\n--lr 0.5\n"


def test_a_variable_that_names_no_run_is_an_error(start: RunStart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "nowhere")
    with pytest.raises(NotRecordingError, match="HERMES_EXPERIMENT names no run that can be read"):
        begin_session(start, "raise")


def test_another_rank_takes_part_in_the_run_of_the_first(
    start: RunStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    session = begin_session(start, "raise")
    assert session.is_joined
    assert session.run.path == Path.cwd() / "experiments" / "train" / "first"
    assert not Path("experiments").exists()


def test_another_rank_of_a_job_takes_part_and_notes_nothing(
    start: RunStart, job: StartedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv("SLURM_NTASKS", "2")
    before = {path: path.read_bytes() for path in job.path.iterdir()}
    assert begin_session(attrs.evolve(start, lines=(("--lr", "1"),)), "raise").run.path == job.path
    assert {path: path.read_bytes() for path in job.path.iterdir()} == before


# Real jobs

LOOP = """
from pyhermes import Experiment
for seed in range(3):
    with Experiment.record("t", name="a", args={"seed": seed}, patch=False) as exp:
        exp.log_score(seed)
        exp.new_result("metrics").store_scalar(seed, "k")
"""
SCRIPT = """
import sys
from pyhermes import Experiment
with Experiment.record("sub", name="s", args={"i": int(sys.argv[1])}, patch=False) as exp:
    exp.new_result("m").store_scalar(int(sys.argv[1]), "x")
"""
DRIVER = """
import subprocess, sys
for number in "01":
    subprocess.run([sys.executable, "sub.py", number], check=True)
"""
CURRENT = """
from pyhermes import Experiment
exp = Experiment.current()
exp.new_result("m").store_scalar(len(exp.exec_args), "x")
"""
CURRENTS = """
import subprocess, sys
for _ in "01":
    subprocess.run([sys.executable, "current.py"], check=True)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = make_project(tmp_path, monkeypatch)
    scripts = {"loop": LOOP, "sub": SCRIPT, "driver": DRIVER, "current": CURRENT, "currents": CURRENTS}
    for name, text in scripts.items():
        (project / f"{name}.py").write_text(text)
    return project


def run_script(name: str) -> None:
    words = [HERMES, "exec", "-n", "d", "--root", "runs", "--no-patch", "--", sys.executable, name]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def recorded(key: str) -> list[float]:
    runs = Experiment.load_all("runs", recursive=True)
    assert {run.status for run in runs} == {RunStatus.FINISHED}
    return sorted(run.load_result(name).series(key)[0] for run in runs for name in run.list_results())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "key", "values"),
    [("loop.py", "k", [0, 1, 2]), ("driver.py", "x", [0, 1]), ("currents.py", "x", [0, 0])],
)
def test_nothing_that_a_job_records_is_replaced_by_what_it_records_next(
    project: Path, script: str, key: str, values: list[float]
) -> None:
    run_script(script)
    assert recorded(key) == values


@pytest.mark.slow
def test_the_run_that_is_recorded_is_the_current_one(project: Path) -> None:
    (project / "both.py").write_text(
        "from pyhermes import Experiment\n"
        "with Experiment.record('t', name='a', patch=False) as exp:\n"
        "    assert Experiment.current() is exp\n"
        "    Experiment.current().log_score(1)\n"
    )
    run_script("both.py")
    (run,) = Experiment.load_all("runs", recursive=True)
    assert run.scores().tolist() == [1]
