from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.core import InfoError
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.core.errors import RecordingError
from pyhermes.core.sweep.jobs import Job
from pyhermes.runner import JobPlan, run_job
from pyhermes.system.process import process_of
from pyhermes.system.start import RunStart, end_run, join_comments, start_run


def start_of(directory: Path) -> RunStart:
    """What a run without anything special is started with."""
    return RunStart(
        root=directory / "runs",
        script="train",
        name="first",
        lines=(("--lr", "0.1"),),
        argv=lambda identifier: ["python", "train.py", identifier],
        directory=directory,
    )


def test_a_run_is_recorded_from_its_start_to_its_end(tmp_path: Path) -> None:
    started = start_run(attrs.evolve(start_of(tmp_path), index=3, comments=("one", "two"), problems=("odd",)))
    run = Experiment.load(started.path)
    assert run.path_to_experiment.parent == tmp_path / "runs" / "train" / "first"
    assert (run.identifier[-8:], run.comments, run.exec_args) == ("_3_00000", "one,two", {"--lr 0.1"})
    assert run.status is RunStatus.RUNNING
    provenance = load_provenance(started.path)
    assert provenance is not None
    assert provenance.argv == ("python", "train.py", run.identifier)
    assert (provenance.directory, provenance.process) == (str(tmp_path), process_of(os.getpid()))
    assert provenance.problems == ("odd",)
    end_run(started, -15)
    run.reload()
    assert (run.status, run.info_dict["exit_status"]) == (RunStatus.INTERRUPTED, "-15")
    assert run.execution_time is not None
    assert 0 <= run.execution_time < 60
    assert list(run.info_dict) == [
        *("commit_hash", "start_time", "comments"),
        *("end_time", "execution_time", "exit_status"),
    ]


def test_a_run_without_comments_has_none_rather_than_empty_ones(tmp_path: Path) -> None:
    assert Experiment.load(start_run(start_of(tmp_path)).path).comments is None


def test_words_that_exec_arguments_cannot_hold_are_escaped_and_the_exact_ones_kept(tmp_path: Path) -> None:
    start = attrs.evolve(start_of(tmp_path), lines=(("--note", "x\ny"), ("--lr", "1")), problems=("odd",))
    assert start.escaped_words == ("'x\\ny'",)
    path = start_run(start).path
    assert Experiment.load(path).exec_args == {"--note x\\ny", "--lr 1"}
    provenance = load_provenance(path)
    assert provenance is not None
    assert provenance.problems == ("'x\\ny'", "odd")


def test_the_file_that_runs_it_again_is_there_where_it_is_given(tmp_path: Path) -> None:
    path = start_run(attrs.evolve(start_of(tmp_path), re_execution="EXEC\n")).path
    assert (path / "re_execution.hermes").read_text() == "EXEC\n"
    assert not (start_run(start_of(tmp_path)).path / "re_execution.hermes").exists()


def test_comments_that_cannot_be_written_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InfoError, match="carriage return"):
        attrs.evolve(start_of(tmp_path), comments=("a\r\nb",))
    assert list(tmp_path.iterdir()) == []


def test_names_that_no_directory_can_have_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(RecordingError):
        start_run(attrs.evolve(start_of(tmp_path), name="a/b"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("comments", "joined"),
    [
        ((), None),
        ((None,), None),
        (("",), None),
        (("", "a"), ",a"),
        (("a", None, "b,c"), "a,b,c"),
        ((None, "a"), "a"),
    ],
)
def test_comments_are_joined_by_commas(comments: tuple[str | None, ...], joined: str | None) -> None:
    assert join_comments(comments) == joined


@pytest.mark.parametrize("words", [("--note", "x\ny"), ("--lr", "0.1"), ("--raw", "\udcff"), ("--e", "")])
def test_both_ways_to_record_a_run_write_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """`Experiment.record` and `hermes exec` have one recipe, and do not drift apart."""
    monkeypatch.delenv("HERMES_EXPERIMENT", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.chdir(tmp_path)
    job = Job(("python", "-c", "pass"), "python", own=(words,))
    plan = JobPlan(job, "n", 0, tmp_path / "jobs", tmp_path, tmp_path / "stop", comments=("c",))
    by_job = run_job(plan).path
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyhermes.api.recording.warn", lambda *_: None)  # of a word that is escaped
        recording = Experiment.record("python", name="n", args=words, root=tmp_path / "own", comments=["c"])
    with recording as exp:
        pass
    assert by_job is not None
    ours, theirs = load_provenance(exp.path_to_experiment), load_provenance(by_job)
    assert ours is not None
    assert theirs is not None
    assert (ours.problems, ours.directory, ours.code) == (theirs.problems, theirs.directory, theirs.code)
    runs = [exp, Experiment.load(by_job)]
    assert runs[0].exec_args == runs[1].exec_args
    assert list(runs[0].info_dict) == list(runs[1].info_dict)
    assert [run.comments for run in runs] == ["c", "c"]
