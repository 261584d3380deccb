from __future__ import annotations

import argparse
import atexit
import contextlib
import copy
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch

from pyhermes import Experiment, HermesWarning, Result
from pyhermes.api import recording as module
from pyhermes.api.recording import Recording
from pyhermes.core import (
    ArgumentsError,
    CheckpointError,
    FileNameError,
    MissingFileError,
    ResultError,
    RunStatus,
)
from pyhermes.core.disk.provenance import load_provenance, store_provenance, update_provenance
from pyhermes.core.disk.record import make_run_directory, write_start
from pyhermes.core.disk.results import save_result
from pyhermes.core.errors import HermesError, NotRecordingError, RecordingError, WrongTypeError
from pyhermes.core.formats.provenance import Process, Provenance
from pyhermes.core.formats.result_file import ResultRecord
from pyhermes.core.typing import ResultValue
from pyhermes.runner import heartbeat, session
from pyhermes.system import start
from pyhermes.system.process import process_of

VARIABLE = "HERMES_EXPERIMENT"
NOW = datetime(2026, 11, 23, 18, 23, 53, 168091)


@attrs.frozen
class Args:
    learning_rate: float = 0.1
    layers: tuple[int, ...] = (64, 64)
    doubledqn: bool = False


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What this process would do when it exits, and no current run before or after the test."""
    registered: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.setattr(module, "_CURRENT", {})
    return registered


@pytest.fixture(autouse=True)
def alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_exit: list[Callable[[], None]]
) -> Iterator[None]:
    """Nobody started the tests as a run, and they leave the handler of SIGTERM as it was."""
    for name in (VARIABLE, "RANK", "WORLD_SIZE", "PYTHONHASHSEED"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if at_exit:  # which is done when the process is terminated, too
        signal.signal(signal.SIGTERM, handler)
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a run that `hermes exec` started this script as."""
    path = make_run_directory(tmp_path / "jobs", "train", "first", NOW)
    write_start(
        path,
        info={"commit_hash": "00000", "start_time": "2026_11_23_182353176615"},
        arguments="--lr 0.5\n",
        provenance=Provenance((), "/", "me", process_of(os.getpid()), "3.11.7", "python", "Linux"),
    )
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def record(**given: Any) -> Any:
    """A recording named `first` of the script `train`."""
    return Experiment.record("train", **{"name": "first", **given})


def only_run(folder: Path) -> Experiment:
    """The one run in a folder that only this test uses."""
    (run,) = Experiment.load_all(folder, recursive=True)
    return run


def contents(folder: Path) -> dict[str, bytes]:
    """Everything that is below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# What is there at once


def test_a_run_is_there_as_soon_as_it_begins(tmp_path: Path) -> None:
    before = datetime.now()
    with record(args={"lr": 0.1}) as exp:
        assert isinstance(exp, Recording)
        assert exp.path_to_experiment.parent == tmp_path / "experiments" / "train" / "first"
        run = only_run(tmp_path)
        assert run == exp
        assert run.commit_hash == "00000"
        assert run.start_time is not None
        assert before <= run.start_time <= datetime.now()
        assert list(run.info_dict) == ["commit_hash", "start_time"]
        assert (run.end_time, run.execution_time) == (None, None)
        assert run.exec_args_dict == exp.exec_args_dict == {"--lr": 0.1}
        assert run.status is exp.status is RunStatus.RUNNING
        assert run.status_reason == f"process {os.getpid()} on {os.uname().nodename} runs"
        with run.open_log_files("r") as (stdout, stderr):
            assert (stdout.read(), stderr.read()) == ("", "")
    assert re.fullmatch(r"\d{4}_\d\d_\d\d_\d{12}_0_00000", exp.identifier)


def test_a_run_that_ends_says_how_and_when(tmp_path: Path) -> None:
    with record(comments=["a", "b: c"]) as exp:
        assert exp.comments == "a,b: c"
        time.sleep(0.05)
    keys = ["commit_hash", "start_time", "comments", "end_time", "execution_time", "exit_status"]
    assert list(exp.info_dict) == keys
    assert exp.info_dict["exit_status"] == "0"
    assert exp.status is RunStatus.FINISHED
    assert exp.execution_time is not None
    assert exp.start_time is not None
    assert exp.end_time is not None
    assert 0.05 <= exp.execution_time < 30
    assert exp.start_time <= exp.end_time <= datetime.now()
    assert only_run(tmp_path).info_dict == exp.info_dict
    assert not (exp.path_to_experiment / "heartbeat").exists()


def test_a_run_is_readable_by_rlmate_where_nothing_needs_folding(tmp_path: Path) -> None:
    with record(args=["taxi", "--layers", "32", "32", "--crash", "-lr", "0.1"], comments=["baseline"]) as exp:
        pass
    lines = (exp.path_to_experiment / "hermes.info").read_text().splitlines()
    stamp = r"\d{4}_\d\d_\d\d_\d{12}"
    patterns = ["commit_hash:00000", f"start_time:{stamp}", "comments:baseline", f"end_time:{stamp}"]
    patterns += [r"execution_time:\d+\.\d+(e-\d+)?", "exit_status:0"]
    assert all(re.fullmatch(*pair) for pair in zip(patterns, lines, strict=True))
    assert (
        exp.path_to_experiment / "exec_arguments"
    ).read_text() == "taxi\n--crash\n--layers 32 32\n-lr 0.1\n"


def test_nothing_is_made_until_the_block_begins(tmp_path: Path) -> None:
    record()
    assert contents(tmp_path) == {}


def test_durations_do_not_follow_a_clock_that_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Earlier(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Earlier:
            return cls(2020, 1, 1)

    with record() as exp:
        monkeypatch.setattr(start, "datetime", Earlier)
    assert exp.end_time == datetime(2020, 1, 1)
    assert exp.execution_time is not None
    assert 0 <= exp.execution_time < 30


@pytest.mark.parametrize(
    ("script", "folder"),
    [("train", "train"), ("train.py", "train"), ("src/train.py", "train"), ("pkg.train", "pkg.train")],
)
def test_a_script_is_named_by_its_stem(tmp_path: Path, script: str, folder: str) -> None:
    with Experiment.record(script, name="a b é", root=tmp_path / "a root") as exp:
        assert exp.path_to_experiment.parent == tmp_path / "a root" / folder / "a b é"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "a\0b", "x" * 256, "é" * 128])
def test_a_name_that_no_directory_should_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="expected a name of at most 255 bytes"), record(name=name):
        pass
    assert contents(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["", "..", "/", ".py", "a\nb.py"])
def test_a_script_that_names_no_directory_is_refused(tmp_path: Path, script: str) -> None:
    with pytest.raises(RecordingError), Experiment.record(script, name="first"):
        pass
    assert list(tmp_path.iterdir()) == []


# Arguments and comments


@pytest.mark.parametrize(
    "args",
    [
        Args(0.5, (32, 32), doubledqn=True),
        {"learning_rate": 0.5, "layers": (32, 32), "doubledqn": True},
        argparse.Namespace(learning_rate=0.5, layers=[32, 32], doubledqn=True, resume=None),
        ["--learning-rate", "0.5", "--layers", "32", "32", "--doubledqn"],
    ],
    ids=["attrs", "mapping", "namespace", "argv"],
)
def test_arguments_are_read_back_as_they_were_given(args: object) -> None:
    with record(args=args) as exp:
        pass
    run = Experiment.load(exp.path_to_experiment)
    assert run.exec_args_dict == {"--doubledqn": True, "--learning-rate": 0.5, "--layers": [32, 32]}
    assert run.structure(Args) == Args(0.5, (32, 32), doubledqn=True)


@pytest.mark.parametrize(
    "value", ["a b", "it's", 'quo"te', "", "a:b", "--x", "\udcff", "é", "a=b", "\t", "#"]
)
def test_text_is_read_back_as_it_was_given(value: str) -> None:
    with record(args={"note": value, "lr": 0.1}) as exp:
        pass
    assert Experiment.load(exp.path_to_experiment).arguments.words == (("--note", value), ("--lr", "0.1"))


def test_a_newline_is_escaped_warned_of_and_kept_in_the_provenance() -> None:
    with pytest.warns(HermesWarning, match="these arguments are escaped") as warned:
        recording = record(args={"note": "a\nb"})
    assert warned[0].filename == __file__
    with recording as exp:
        pass
    run = Experiment.load(exp.path_to_experiment)
    assert run.exec_args == {"--note a\\nb"}
    provenance = load_provenance(run.path_to_experiment)
    assert provenance is not None
    assert provenance.problems == ("'a\\nb'",)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ("--lr 0.1", WrongTypeError),
        (None, WrongTypeError),
        ({"f": print}, ArgumentsError),
        ([1], WrongTypeError),
    ],
)
def test_arguments_that_cannot_be_written_are_refused(
    tmp_path: Path, args: object, error: type[HermesError]
) -> None:
    with pytest.raises(error):
        record(args=args)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("comments", ["baseline", None, [1]])
def test_comments_are_several_texts(tmp_path: Path, comments: object) -> None:
    with pytest.raises(WrongTypeError, match="expected "):
        record(comments=comments)
    assert list(tmp_path.iterdir()) == []


def test_a_comment_is_never_a_field() -> None:
    with record(comments=["one\nexit_status:1\n\texit_status:2", "two"]) as exp:
        pass
    run = Experiment.load(exp.path_to_experiment)
    assert run.comments == "one\nexit_status:1\n\texit_status:2,two"
    assert run.status is RunStatus.FINISHED


def test_a_comment_that_cannot_be_written_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(HermesError, match="carriage return"), record(comments=["a\r\nb"]):
        pass
    assert list(tmp_path.rglob("*/*/*/*")) == []


def test_comments_that_change_are_written_at_the_end() -> None:
    with record(comments=["before"]) as exp:
        exp.comments = "after\nall"
    assert Experiment.load(exp.path_to_experiment).comments == exp.comments == "after\nall"
    assert exp.status is RunStatus.FINISHED


def test_comments_are_stored_while_the_run_goes_on() -> None:
    with record() as exp:
        exp.comments = "now"
        exp.store_comments()
        assert Experiment.load(exp.path_to_experiment).comments == "now"
    assert Experiment.load(exp.path_to_experiment).comments == "now"
    assert exp.status is RunStatus.FINISHED


def test_comments_that_another_process_stored_stay() -> None:
    with record(comments=["before"]) as exp:
        other = Experiment.load(exp.path_to_experiment)
        other.comments = "of another"
        other.store_comments()
    assert Experiment.load(exp.path_to_experiment).comments == "of another"
    assert exp.status is RunStatus.FINISHED


@pytest.mark.parametrize("comments", ["a\r\nb", "\ud800"])
def test_the_end_is_recorded_whatever_the_comments(comments: str) -> None:
    with pytest.raises(HermesError, match="comments"), record() as exp:
        exp.comments = comments
    assert Experiment.load(exp.path_to_experiment).status in (RunStatus.FINISHED, RunStatus.FAILED)


# What it was started with


def test_the_provenance_says_on_what_it_ran() -> None:
    with record() as exp:
        pass
    provenance = load_provenance(exp.path_to_experiment)
    assert provenance is not None
    assert provenance.argv == tuple(sys.orig_argv)
    assert provenance.directory == os.getcwd()
    assert provenance.process == process_of(os.getpid())
    assert provenance.torch == torch.__version__
    assert provenance.code.commit is None
    assert provenance.seeds is None
    assert provenance.problems == ()


def test_seeds_are_recorded_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before, of_torch = np.random.get_state(), torch.get_rng_state()
    np.random.seed(3)
    torch.manual_seed(5)
    with record(seeds=True) as exp:
        pass
    np.random.set_state(before)
    torch.set_rng_state(of_torch)
    provenance = load_provenance(exp.path_to_experiment)
    assert provenance is not None
    assert provenance.seeds is not None
    assert attrs.astuple(provenance.seeds) == ("7", 3, 5)


@pytest.mark.parametrize("patch", [True, False])
def test_the_commit_and_what_was_not_committed_are_recorded(tmp_path: Path, patch: bool) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        return subprocess.run(
            ["git", *who, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / "train.py").write_text("one\n")
    git("add", "--all")
    git("commit", "--quiet", "--message", "first")
    (tmp_path / "train.py").write_text("two\n")
    with record(patch=patch) as exp:
        pass
    commit = git("rev-parse", "HEAD")
    assert (exp.commit_hash, exp.identifier[-5:]) == (commit, commit[-5:])
    provenance = load_provenance(exp.path_to_experiment)
    assert provenance is not None
    assert (provenance.code.commit, provenance.code.branch, provenance.code.dirty) == (commit, "main", True)
    assert (exp.path_to_experiment / "uncommitted.patch").exists() == patch
    if patch:
        git("checkout", "--quiet", "train.py")
        git("apply", str(exp.path_to_experiment / "uncommitted.patch"))
        assert (tmp_path / "train.py").read_text() == "two\n"


# Scores


@pytest.mark.parametrize(
    ("score", "line"),
    [
        (1, "1.0"),
        (0.1, "0.1"),
        (True, "1.0"),
        (-1e300, "-1e+300"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3.0"),
        (np.array(2.5), "2.5"),
        (torch.tensor(1.5, requires_grad=True), "1.5"),
        (torch.tensor(2, dtype=torch.bfloat16), "2.0"),
    ],
)
def test_a_score_is_a_line_at_once(score: float, line: str) -> None:
    with record() as exp:
        exp.log_score(score)
        assert exp.scores_file.read_text() == f"{line}\n"
    np.testing.assert_array_equal(Experiment.load(exp.path_to_experiment).scores(), [float(line)])


def test_scores_come_back_exactly() -> None:
    scores = np.random.default_rng(0).normal(size=100) * 10.0 ** np.arange(-50, 50)
    with record() as exp:
        for score in scores:
            exp.log_score(score)
        assert exp.scores_file.name == f"{exp.identifier}.scores"
        assert exp.scores().tolist() == scores.tolist()
    assert Experiment.load(exp.path_to_experiment).scores().tolist() == scores.tolist()


@pytest.mark.parametrize("score", ["1", None, 1j, [1.0], np.zeros(1), torch.zeros(1), object()])
def test_what_is_no_number_is_no_score(score: Any) -> None:
    with record() as exp:
        with pytest.raises(WrongTypeError, match="expected a number that a float holds as the score, got "):
            exp.log_score(score)
        assert not exp.scores_file.exists()


def test_a_number_that_no_float_holds_is_one_error_of_ours() -> None:
    with record() as exp, pytest.raises(HermesError):
        exp.log_score(10**400)


def test_a_recording_without_scores_has_no_file_of_them() -> None:
    with record() as exp:
        pass
    with pytest.raises(MissingFileError):
        exp.scores()


def test_a_line_that_a_kill_cut_off_is_no_score() -> None:
    with record() as exp:
        exp.log_score(1)
        with exp.scores_file.open("a") as file:
            file.write("123")
        assert Experiment.load(exp.path_to_experiment).scores().tolist() == [1.0]


def test_after_the_end_nothing_more_is_logged() -> None:
    with record() as exp:
        exp.log_score(1)
    with pytest.raises(HermesError):
        exp.log_score(2)
    assert exp.scores().tolist() == [1.0]


def test_after_the_end_of_a_run_without_scores_nothing_more_is_logged() -> None:
    with record() as exp:
        pass
    with pytest.raises(HermesError):
        exp.log_score(2)
    assert not exp.scores_file.exists()


# Results


def test_a_result_is_saved_at_the_end() -> None:
    with record() as exp:
        result = exp.new_result("metrics")
        assert isinstance(result, Result)
        assert (result.name, result.path) == ("metrics", exp.path_to_experiment / "metrics.result")
        result.store_scalar([1.0, 2.0], "return")
        assert exp.list_results() == []
        empty = exp.new_result("empty.result")
        assert empty.name == "empty"
    run = Experiment.load(exp.path_to_experiment)
    assert run.list_results() == ["empty", "metrics"]
    assert run.load_result("metrics").series("return").tolist() == [1.0, 2.0]
    assert run.load_result("empty") == {}


def test_a_result_can_be_saved_before() -> None:
    with record() as exp:
        result = exp.new_result("metrics")
        result.store_scalar(1.0, "return")
        result.save()
        assert Experiment.load(exp.path_to_experiment).result.series("return").tolist() == [1.0]
        result.store_scalar(2.0, "return")
    assert exp.result.series("return").tolist() == [1.0, 2.0]


def test_a_copy_elsewhere_does_not_take_the_result_away(tmp_path: Path) -> None:
    with record() as exp:
        result = exp.new_result("metrics")
        result.store_scalar(1.0, "return")
        result.save(tmp_path / "elsewhere")
    assert exp.list_results() == ["metrics"]


def test_with_autosave_a_result_is_saved_while_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with record() as exp:
        result = exp.new_result("metrics", autosave=10)
        for second, saved in [(5, 0), (9.9, 0), (10, 3), (19, 3), (20, 5)]:
            now[0] = 100.0 + second
            result.store_scalar(second, "second")
            assert bool(exp.list_results()) == bool(saved)
            if saved:
                assert len(exp.result.series("second")) == saved


def test_without_autosave_nothing_is_saved_before_the_end() -> None:
    with record() as exp:
        exp.new_result("metrics").store_scalar(1.0, "return")
        assert exp.list_results() == []


def test_two_results_of_one_name_are_refused() -> None:
    with record() as exp:
        exp.new_result("metrics").store_scalar(1.0, "return")
        with pytest.raises(RecordingError, match="there is a result 'metrics' already") as error:
            exp.new_result("metrics")
        assert error.value.path == exp.path_to_experiment / "metrics.result"
    assert exp.result.series("return").tolist() == [1.0]


@pytest.mark.parametrize("again", ["metrics.result", "./metrics"])
def test_two_results_of_one_file_are_refused(again: str) -> None:
    with record() as exp:
        exp.new_result("metrics")
        with pytest.raises(RecordingError):
            exp.new_result(again)


@pytest.mark.parametrize("name", ["", "../a", "/a", "a\0b"])
def test_a_result_stays_in_the_run(name: str) -> None:
    with record() as exp, pytest.raises(FileNameError):
        exp.new_result(name)


@pytest.mark.parametrize("name", ["x" * 250, "a\nb", "a/b"], ids=["long", "newline", "slash"])
def test_a_name_that_no_result_can_be_found_under_is_refused_at_once(name: str) -> None:
    with record() as exp:
        taken = []
        with contextlib.suppress(HermesError):
            taken.append(exp.new_result(name).name)
    assert taken == []


def test_a_recorded_result_can_be_copied_and_pickled() -> None:
    with record() as exp:
        result = exp.new_result("metrics", autosave=1000)
        result.store_scalar(1.0, "return")
        assert copy.deepcopy(result) == result
        assert copy.copy(result) == result
        assert pickle.loads(pickle.dumps(result)) == result


def spoil(exp: Recording, *names: str, error: Exception | None = None) -> None:
    """Make results that cannot be saved, and raise an error."""
    for name in names or ("metrics",):
        exp.new_result(name)["bad"] = object()  # type: ignore[assignment]
    if error is not None:
        raise error


def store(exp: Recording, name: str = "metrics", error: Exception | None = None) -> None:
    """Make a result that can be saved, and raise an error."""
    exp.new_result(name).store_scalar(1.0, "return")
    if error is not None:
        raise error


def remove(exp: Recording, error: Exception) -> None:
    """Take the run's directory away, and raise an error."""
    shutil.rmtree(exp.path_to_experiment)
    raise error


def test_a_result_that_cannot_be_saved_is_an_error_and_the_others_are_saved() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(ResultError, match="under the key 'bad'"))
        exp = stack.enter_context(record())
        spoil(exp)
        store(exp, "other")
    assert exp.list_results() == ["other"]
    assert exp.info_dict["exit_status"] == "1"


def test_a_result_that_cannot_be_saved_is_named() -> None:
    with pytest.raises(ResultError, match=r"metrics\.result") as error, record() as exp:
        spoil(exp)
    assert error.value.path == exp.path_to_experiment / "metrics.result"


def test_after_an_exception_a_result_that_cannot_be_saved_is_added_to_it() -> None:
    error = KeyError("of the script")
    with pytest.raises(KeyError) as raised, record() as exp:
        spoil(exp, error=error)
    assert raised.value is error
    assert exp.info_dict["exit_status"] == "1"
    (note,) = error.__notes__
    assert note.startswith("a result could not be saved: ")
    assert "under the key 'bad'" in note


def test_all_results_that_cannot_be_saved_are_named() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(ResultError) as error, record() as exp:
            spoil(exp, "first", "second")
    said = "\n".join(
        [str(error.value), *getattr(error.value, "__notes__", []), *(str(one.message) for one in warned)]
    )
    assert "first.result" in said
    assert "second.result" in said


def test_a_warning_that_is_an_error_does_not_take_the_place_of_the_exception() -> None:
    """With `-W error`, as in this suite."""
    with pytest.raises(KeyError, match="of the script"), record() as exp:
        spoil(exp, error=KeyError("of the script"))


# State dicts


def test_a_state_dict_is_there_at_once() -> None:
    net = torch.nn.Linear(2, 1)
    with record() as exp:
        path = exp.save_state_dict(net.state_dict(), "best")
        assert path == exp.path_to_experiment / "best.pth"
        run = Experiment.load(exp.path_to_experiment)
        assert run.list_pth_files() == ["best.pth"]
        loaded = run.load_state_dict("best", torch.nn.Linear(2, 1))
        assert all(map(torch.equal, loaded.parameters(), net.parameters()))
        assert exp.save_state_dict({"w": torch.ones(1)}, "best.pth") == path
    assert exp.load_state_dict("best")["w"].tolist() == [1.0]


@pytest.mark.parametrize(
    "state", [None, [], {"w": 1.0}, {1: torch.zeros(1)}, {"w": np.zeros(1)}, {"w": {"v": torch.zeros(1)}}]
)
def test_what_is_no_state_dict_is_refused(state: Any) -> None:
    with record() as exp:
        with pytest.raises(CheckpointError, match="expected a state dict"):
            exp.save_state_dict(state, "best")
        assert exp.list_pth_files() == []


@pytest.mark.parametrize("name", ["", "..", "../best", "/best"])
def test_a_state_dict_stays_in_the_run(name: str) -> None:
    with record() as exp, pytest.raises(FileNameError):
        exp.save_state_dict({"w": torch.zeros(1)}, name)


@pytest.mark.parametrize("name", ["hermes.info", "exec_arguments", "provenance.json", "stdout.log"])
def test_a_state_dict_never_takes_the_place_of_another_file(name: str) -> None:
    with record() as exp:
        before = (exp.path_to_experiment / name).read_bytes()
        try:
            exp.save_state_dict({"w": torch.zeros(1)}, name)
        except HermesError:
            pass
        after = (exp.path_to_experiment / name).read_bytes()
        (exp.path_to_experiment / name).write_bytes(before)
    assert after == before


# How it ends, in this process


def test_an_exception_goes_on_with_its_traceback() -> None:
    error = ValueError("of the script")
    with pytest.raises(ValueError, match="of the script") as raised, record() as exp:
        store(exp, error=error)
    assert raised.value is error
    assert (error.__cause__, error.__context__) == (None, None)
    assert raised.traceback[0].name == test_an_exception_goes_on_with_its_traceback.__name__
    assert exp.info_dict["exit_status"] == "1"
    assert exp.status is RunStatus.FAILED
    assert exp.result.series("return").tolist() == [1.0]


@pytest.mark.parametrize(
    ("error", "exit_status", "status"),
    [
        (SystemExit(), 0, RunStatus.FINISHED),
        (SystemExit(None), 0, RunStatus.FINISHED),
        (SystemExit(0), 0, RunStatus.FINISHED),
        (SystemExit(False), 0, RunStatus.FINISHED),
        (SystemExit(3), 3, RunStatus.FAILED),
        (SystemExit(True), 1, RunStatus.FAILED),
        (SystemExit("message"), 1, RunStatus.FAILED),
        (SystemExit(-1), 255, RunStatus.FAILED),
        (SystemExit(-15), 241, RunStatus.FAILED),
        (KeyboardInterrupt(), -2, RunStatus.INTERRUPTED),
        (GeneratorExit(), 1, RunStatus.FAILED),
    ],
    ids=repr,
)
def test_the_exit_status_is_that_of_the_process(
    error: BaseException, exit_status: int, status: RunStatus
) -> None:
    with pytest.raises(type(error)) as raised, record() as exp:
        raise error
    assert raised.value is error
    assert exp.info_dict["exit_status"] == str(exit_status)
    assert exp.status is status


def test_an_end_that_cannot_be_written_does_not_take_the_place_of_the_exception() -> None:
    with pytest.raises(KeyError, match="of the script") as raised, record() as exp:
        remove(exp, KeyError("of the script"))
    assert "hermes.info" in raised.value.__notes__[-1]


def test_an_end_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(OSError, match="hermes.info"), record() as exp:
        shutil.rmtree(exp.path_to_experiment)


@pytest.fixture
def died(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that this process would have sent to itself."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: sent.append(number))
    return sent


def test_sigterm_ends_the_block_and_then_the_process(died: list[int]) -> None:
    cleaned = []
    with record() as exp:
        exp.new_result("metrics").store_scalar(1.0, "return")
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleaned.append(True)
    assert cleaned == [True]
    assert died == [signal.SIGTERM]
    assert exp.info_dict["exit_status"] == "-15"
    assert exp.status is RunStatus.INTERRUPTED
    assert exp.result.series("return").tolist() == [1.0]


def test_sigterm_is_handled_as_before_when_the_block_has_ended() -> None:
    with record():
        assert callable(signal.getsignal(signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(KeyError), record():
        raise KeyError
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.fixture
def own_handler() -> Iterator[Callable[..., None]]:
    """A handler of the user's own."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda *_: None
    signal.signal(signal.SIGTERM, before)


def test_a_handler_of_the_users_own_is_left_alone(own_handler: Callable[..., None]) -> None:
    signal.signal(signal.SIGTERM, own_handler)
    with record() as exp:
        assert signal.getsignal(signal.SIGTERM) is own_handler
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is own_handler
    assert exp.status is RunStatus.FINISHED


def test_a_handler_that_is_set_in_the_block_stays(own_handler: Callable[..., None]) -> None:
    with record():
        signal.signal(signal.SIGTERM, own_handler)
    assert signal.getsignal(signal.SIGTERM) is own_handler


def test_another_thread_handles_no_signals() -> None:
    handlers: list[object] = []

    def work() -> None:
        with record() as exp:
            handlers.append(signal.getsignal(signal.SIGTERM))
        handlers.append(exp.status)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL, RunStatus.FINISHED]


def test_recordings_in_recordings_are_runs_of_their_own(tmp_path: Path, died: list[int]) -> None:
    with record(name="outer") as outer, record(name="inner") as inner:
        signal.raise_signal(signal.SIGTERM)
    assert died == [signal.SIGTERM]
    assert outer.info_dict["exit_status"] == inner.info_dict["exit_status"] == "-15"
    assert len(Experiment.load_all(tmp_path, recursive=True)) == 2


def test_a_fork_of_the_process_ends_nothing(monkeypatch: pytest.MonkeyPatch, died: list[int]) -> None:
    own = os.getpid()
    with record() as exp:
        monkeypatch.setattr(os, "getpid", lambda: own + 1)
        signal.raise_signal(signal.SIGTERM)
    monkeypatch.undo()
    assert died == [signal.SIGTERM]
    assert "exit_status" not in Experiment.read_info(exp.path_to_experiment)


def test_the_run_says_from_time_to_time_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_BEATS", 0.01)
    with record() as exp:
        file = exp.path_to_experiment / "heartbeat"
        os.utime(file, (0, 0))
        deadline = time.monotonic() + 5
        while file.stat().st_mtime == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert not file.exists()
    assert not [thread for thread in threading.enumerate() if "heartbeat" in thread.name]


def test_a_heartbeat_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    beats = []

    def fail(_path: Path) -> None:
        beats.append(True)
        raise OSError(28, "No space left on device")

    with record() as exp:
        pass
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_BEATS", 0.001)
    monkeypatch.setattr(heartbeat, "beat", fail)
    with heartbeat.keep_beating(exp.path_to_experiment):
        while len(beats) < 3:
            time.sleep(0.001)
    assert exp.status is RunStatus.FINISHED


# Started by somebody else


def test_a_script_that_was_started_as_a_run_records_into_it(started: Path, tmp_path: Path) -> None:
    with record(args={"lr": 0.1}) as exp:
        assert exp.path_to_experiment == started
        exp.log_score(1)
        exp.new_result("metrics").store_scalar(1.0, "return")
        exp.save_state_dict({"w": torch.zeros(1)}, "best")
    run = only_run(tmp_path)
    assert run.path_to_experiment == started
    assert run.exec_args == {"--lr 0.5"}
    assert run.scores().tolist() == run.result.series("return").tolist() == [1.0]
    assert run.list_pth_files() == ["best.pth"]
    assert list(run.info_dict) == ["commit_hash", "start_time"]
    assert run.status is RunStatus.RUNNING
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.usefixtures("started")
def test_results_of_a_started_script_are_saved_after_an_exception() -> None:
    with pytest.raises(KeyError), record() as exp:
        store(exp, error=KeyError())
    assert exp.result.series("return").tolist() == [1.0]
    assert "exit_status" not in Experiment.read_info(exp.path_to_experiment)


@pytest.mark.usefixtures("started")
def test_a_second_recording_in_a_started_script_does_not_replace_the_results_of_the_first() -> None:
    with record() as exp:
        exp.new_result("metrics").store_scalar(1.0, "return")
    with pytest.warns(HermesWarning, match="a run of its own"), record() as again:
        again.new_result("metrics").store_scalar(2.0, "return")
    assert exp.result.series("return").tolist() == [1.0]
    assert again.result.series("return").tolist() == [2.0]


def test_comments_of_a_started_script_are_kept(started: Path) -> None:
    with record(comments=["of the script"]):
        pass
    assert "of the script" in (Experiment.load(started).comments or "")


def test_the_current_run_is_the_one_that_was_started(
    started: Path, at_exit: list[Callable[[], None]]
) -> None:
    exp = Experiment.current()
    assert exp.path_to_experiment == started
    assert Experiment.current() is exp
    exp.log_score(1)
    exp.new_result("metrics").store_scalar(1.0, "return")
    assert exp.scores().tolist() == [1.0]
    (save,) = at_exit
    save()
    assert Experiment.load(started).result.series("return").tolist() == [1.0]


def test_what_cannot_be_saved_at_exit_is_warned_of(started: Path, at_exit: list[Callable[[], None]]) -> None:
    exp = Experiment.current()
    spoil(exp)
    (save,) = at_exit
    with pytest.warns(HermesWarning, match="could not be saved"):
        save()
    assert exp.path_to_experiment == started


def test_where_another_process_records_into_the_run_the_current_one_is_a_run_of_its_own(
    started: Path, at_exit: list[Callable[[], None]]
) -> None:
    update_provenance(started, lambda known: attrs.evolve(known, joined=Process("elsewhere", 1)))
    with pytest.warns(HermesWarning, match="process 1 on elsewhere records into it"):
        exp = Experiment.current()
    exp.log_score(1)
    assert exp.path_to_experiment.parent == started.parent
    assert exp.path_to_experiment != started
    for end in at_exit:
        end()
    assert Experiment.load(exp.path_to_experiment).status is RunStatus.FINISHED


def test_in_any_other_script_there_is_no_current_run() -> None:
    with pytest.raises(
        NotRecordingError, match=r"HERMES_EXPERIMENT is not set\); use Experiment\.record"
    ) as error:
        Experiment.current()
    assert isinstance(error.value, RuntimeError)


@pytest.mark.parametrize("value", ["nowhere", "\udcff"])
@pytest.mark.parametrize("begin", [Experiment.current, record])
def test_a_variable_that_names_no_run_is_named_in_the_error(
    value: str, begin: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(HermesError, match=VARIABLE):
        begin()


# Other ranks


def test_another_rank_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with record(args={"lr": 0.1}, comments=["a"]) as exp:
        exp.log_score(1)
        result = exp.new_result("metrics", autosave=0)
        result.store_scalar(1.0, "return")
        assert result["return"] == [1.0]
        path = exp.save_state_dict({"w": torch.zeros(1)}, "best")
        assert path.name == "best.pth"
        with pytest.raises(WrongTypeError):
            exp.log_score("1")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyError), record():
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_another_rank_writes_nothing_when_it_saves_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with record() as exp:
        exp.new_result("metrics").save()
    assert list(tmp_path.iterdir()) == []


def test_another_rank_of_a_started_script_writes_nothing(
    started: Path, monkeypatch: pytest.MonkeyPatch, at_exit: list[Callable[[], None]]
) -> None:
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    before = contents(started)
    joined = Experiment.current()
    with record() as exp:
        assert exp.path_to_experiment == started
        assert Experiment.current() is exp
        for recording in (exp, joined):
            recording.log_score(1)
            recording.new_result("metrics").store_scalar(1.0, "return")
            recording.save_state_dict({"w": torch.zeros(1)}, "best")
    for save in at_exit:
        save()
    assert len(at_exit) == 2
    assert contents(started) == before


@pytest.mark.parametrize("rank", ["0", ""])
def test_the_first_rank_writes(rank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", rank)
    with record() as exp:
        exp.log_score(1)
    assert exp.status is RunStatus.FINISHED
    assert exp.scores().tolist() == [1.0]


# Real processes

PRELUDE = """
import os, signal, sys, threading, time
from pyhermes import Experiment
from pyhermes.runner import session
def ready():
    print("ready", flush=True)
record = lambda **given: Experiment.record("train", **{"name": "first", **given})
"""


class Script:
    """A script that runs in a process of its own."""

    def __init__(self, folder: Path, body: str, **variables: str) -> None:
        self.folder = folder
        (folder / "script.py").write_text(PRELUDE + body)
        self.process = subprocess.Popen(
            [sys.executable, "script.py"],
            cwd=folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> Experiment:
        """The run, once the script says so."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.process.communicate()[1]
        return only_run(self.folder)

    def ended(self) -> tuple[int, str]:
        """The exit status of the process, and what it printed as errors."""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[..., Script]]:
    """Starts scripts, and ends them at the end."""
    scripts: list[Script] = []

    def start(body: str, **variables: str) -> Script:
        scripts.append(Script(tmp_path, body, **variables))
        return scripts[-1]

    yield start
    for one in scripts:
        one.process.kill()
        one.process.communicate()


WAITS = """
with record() as exp:
    exp.new_result("metrics")["loss"] = "lost?"
    for score in range(5):
        exp.log_score(score)
    ready()
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "returncode", "exit_status", "reason"),
    [
        (signal.SIGTERM, -signal.SIGTERM, "-15", "it was ended by SIGTERM"),
        (signal.SIGINT, -signal.SIGINT, "-2", "it was ended by SIGINT"),
    ],
)
def test_a_process_that_is_interrupted_says_so_and_dies_of_it(
    script: Callable[..., Script],
    number: signal.Signals,
    returncode: int,
    exit_status: str,
    reason: str,
) -> None:
    one = script(WAITS)
    run = one.wait_until_ready()
    assert run.status is RunStatus.RUNNING
    assert f"process {one.process.pid} on " in run.status_reason
    assert run.scores().tolist() == [0, 1, 2, 3, 4]
    one.process.send_signal(number)
    died, errors = one.ended()
    assert died == returncode
    assert ("KeyboardInterrupt" in errors) == (number == signal.SIGINT)
    assert number == signal.SIGINT or errors == ""
    run.reload()
    assert run.info_dict["exit_status"] == exit_status
    assert (run.status, run.status_reason) == (RunStatus.INTERRUPTED, reason)
    assert run.load_result("metrics") == {"loss": "lost?"}
    assert run.scores().tolist() == [0, 1, 2, 3, 4]
    assert not (run.path_to_experiment / "heartbeat").exists()


def test_a_process_that_is_killed_is_lost_and_its_scores_are_there(script: Callable[..., Script]) -> None:
    body = """
with record() as exp:
    ready()
    while True:
        exp.log_score(0.1234567890123)
"""
    one = script(body)
    run = one.wait_until_ready()
    while not run.scores_file.exists() or run.scores_file.stat().st_size < 10_000:
        time.sleep(0.001)
    one.process.kill()
    assert one.ended()[0] == -signal.SIGKILL
    run.reload()
    assert run.status is RunStatus.LOST
    assert run.status_reason.endswith("is gone, and has not said how it ended")
    assert list(run.info_dict) == ["commit_hash", "start_time"]
    assert (run.end_time, run.execution_time) == (None, None)
    assert run.start_time is not None
    assert run.scores_file.read_bytes().endswith(b"\n")
    assert set(run.scores()) == {0.1234567890123}


def test_a_process_that_has_ended_and_was_not_waited_for_is_lost(script: Callable[..., Script]) -> None:
    one = script(WAITS)
    run = one.wait_until_ready()
    os.kill(one.process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while run.status is RunStatus.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert run.status is RunStatus.LOST


def test_a_run_is_looked_for_where_it_says_it_runs(script: Callable[..., Script]) -> None:
    one = script(WAITS)
    run = one.wait_until_ready()
    path = run.path_to_experiment
    provenance = load_provenance(path)
    assert provenance is not None
    assert provenance.argv == (sys.executable, "script.py")
    assert provenance.process.pid == one.process.pid
    assert provenance.process.started is not None

    def seen(**changed: Any) -> RunStatus:
        process = attrs.evolve(provenance.process, **changed)
        store_provenance(path, attrs.evolve(provenance, process=process))
        return run.status

    assert seen() is RunStatus.RUNNING
    assert seen(started=provenance.process.started - 100) is RunStatus.LOST
    assert seen(boot="another") is RunStatus.LOST
    assert seen(host="another") is RunStatus.RUNNING
    os.utime(path / "heartbeat", (time.time() - 700,) * 2)
    assert run.status is RunStatus.LOST
    assert re.search(r"on another gave its last heartbeat 70\d s ago$", run.status_reason)
    (path / "heartbeat").unlink()
    assert run.status is RunStatus.LOST


@pytest.mark.parametrize(
    ("ending", "returncode", "shown"),
    [
        ("pass", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit(True)", 1, ""),
        ("sys.exit(256)", 0, ""),
        ("sys.exit('said')", 1, "said\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
    ],
)
def test_the_recorded_exit_status_is_the_one_that_the_shell_sees(
    script: Callable[..., Script], ending: str, returncode: int, shown: str
) -> None:
    one = script(f"with record() as exp:\n    {ending}\n")
    died, errors = one.ended()
    assert died == returncode
    assert shown in errors
    run = only_run(one.folder)
    assert run.info_dict["exit_status"] == str(returncode)
    assert run.status is (RunStatus.FAILED if returncode else RunStatus.FINISHED)


def test_a_traceback_is_as_without_a_recording(script: Callable[..., Script]) -> None:
    one = script("def fail():\n    return 1 / 0\nwith record() as exp:\n    fail()\n")
    _, errors = one.ended()
    places = re.findall(r'File ".*?([^/"]+)", line (\d+), in (\S+)', errors)
    assert [(file, where) for file, _, where in places] == [("script.py", "<module>"), ("script.py", "fail")]


def test_a_process_that_leaves_at_once_is_lost(script: Callable[..., Script]) -> None:
    one = script("with record() as exp:\n    exp.log_score(1)\n    os._exit(0)\n")
    assert one.ended()[0] == 0
    run = only_run(one.folder)
    assert run.status is RunStatus.LOST
    assert run.scores().tolist() == [1.0]


def test_a_handler_of_the_scripts_own_decides_what_sigterm_does(script: Callable[..., Script]) -> None:
    body = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
with record() as exp:
    ready()
    time.sleep(60)
"""
    one = script(body)
    run = one.wait_until_ready()
    one.process.terminate()
    assert one.ended()[0] == 7
    run.reload()
    assert run.info_dict["exit_status"] == "7"


def test_after_the_block_sigterm_is_none_of_ours(script: Callable[..., Script]) -> None:
    one = script("with record() as exp:\n    pass\nready()\ntime.sleep(60)\n")
    run = one.wait_until_ready()
    assert run.status is RunStatus.FINISHED
    before = contents(run.path_to_experiment)
    one.process.terminate()
    assert one.ended() == (-signal.SIGTERM, "")
    assert contents(run.path_to_experiment) == before


def test_sigterm_while_the_script_cleans_up_loses_nothing(script: Callable[..., Script]) -> None:
    body = """
with record() as exp:
    exp.new_result("metrics")["loss"] = "lost?"
    def slowly(*given):
        ready()
        time.sleep(1)
        return save(*given)
    save, session.save_result = session.save_result, slowly
"""
    one = script(body)
    run = one.wait_until_ready()
    one.process.terminate()
    assert one.ended()[0] == -signal.SIGTERM
    run.reload()
    assert run.status is RunStatus.INTERRUPTED
    assert run.list_results() == ["metrics"]


FORKS = """
with record() as exp:
    result = exp.new_result("metrics")
    result["by"] = "the parent"
    child = os.fork()
    if not child:
        result["by"] = "the child"
        {child}
    print(child, flush=True)
    {parent}
"""


def test_a_fork_that_leaves_the_block_ends_and_saves_nothing(script: Callable[..., Script]) -> None:
    one = script(FORKS.format(child="sys.exit(3)", parent="os.waitpid(child, 0); ready(); time.sleep(60)"))
    assert one.process.stdout is not None
    one.process.stdout.readline()
    run = one.wait_until_ready()
    assert run.status is RunStatus.RUNNING
    assert run.list_results() == []
    assert (run.path_to_experiment / "heartbeat").exists()
    one.process.terminate()
    assert one.ended() == (-signal.SIGTERM, "")
    run.reload()
    assert run.info_dict["exit_status"] == "-15"
    assert run.load_result("metrics") == {"by": "the parent"}
    assert (run.path_to_experiment / "hermes.info").read_text().count("exit_status") == 1


def test_sigterm_to_a_fork_ends_only_the_fork(script: Callable[..., Script]) -> None:
    one = script(FORKS.format(child="time.sleep(60)", parent="print(os.waitpid(child, 0)[1], flush=True)"))
    assert one.process.stdout is not None
    child = int(one.process.stdout.readline())
    time.sleep(0.1)
    os.kill(child, signal.SIGTERM)
    assert one.process.stdout.readline() == f"{int(signal.SIGTERM)}\n"
    assert one.ended() == (0, "")
    run = only_run(one.folder)
    assert run.status is RunStatus.FINISHED
    assert run.load_result("metrics") == {"by": "the parent"}


def test_a_child_of_multiprocessing_is_ended_by_its_parent(script: Callable[..., Script]) -> None:
    body = """
import multiprocessing
def work(pipe):
    pipe.send("ready")
    time.sleep(60)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with record() as exp:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs,))
        process.start()
        ours.recv()
        process.terminate()
        process.join()
        exp.log_score(process.exitcode)
"""
    one = script(body)
    assert one.ended() == (0, "")
    run = only_run(one.folder)
    assert run.status is RunStatus.FINISHED
    assert run.scores().tolist() == [-15.0]


def test_a_started_script_saves_its_results_at_exit(script: Callable[..., Script], started: Path) -> None:
    body = """
exp = Experiment.current()
exp.new_result("metrics")["loss"] = "lost?"
exp.log_score(1)
sys.exit(3)
"""
    assert script(body).ended() == (3, "")
    run = Experiment.load(started)
    assert run.load_result("metrics") == {"loss": "lost?"}
    assert run.scores().tolist() == [1.0]
    assert "exit_status" not in run.info_dict


CURRENT = """
exp = Experiment.current()
exp.new_result("metrics")["loss"] = "lost?"
ready()
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("body", [CURRENT, WAITS], ids=["current", "record"])
def test_a_started_script_saves_its_results_when_it_is_terminated(
    script: Callable[..., Script], started: Path, body: str
) -> None:
    one = script(body)
    one.wait_until_ready()
    one.process.terminate()
    assert one.ended()[0] == -signal.SIGTERM
    assert Experiment.load(started).list_results() == ["metrics"]


def test_a_fork_of_a_started_script_saves_nothing_at_exit(
    script: Callable[..., Script], started: Path
) -> None:
    body = """
exp = Experiment.current()
exp.new_result("metrics")["by"] = "the parent"
child = os.fork()
if not child:
    sys.exit(0)
os.waitpid(child, 0)
print(exp.list_results(), flush=True)
"""
    one = script(body)
    assert one.process.stdout is not None
    assert one.process.stdout.readline() == "[]\n"
    assert one.ended() == (0, "")
    assert Experiment.load(started).load_result("metrics") == {"by": "the parent"}


def test_on_a_full_disk_what_was_written_is_whole(script: Callable[..., Script]) -> None:
    body = """
import resource
with record() as exp:
    exp.new_result("metrics")["text"] = "x" * 100_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    written = 0
    try:
        while True:
            exp.log_score(written / 7)
            written += 1
    except OSError as error:
        print(written, error.errno, flush=True)
"""
    one = script(body)
    assert one.process.stdout is not None
    written, errno = map(int, one.process.stdout.readline().split())
    died, errors = one.ended()
    assert (died, errno) == (1, 27)
    assert "File too large" in errors
    run = only_run(one.folder)
    assert run.scores().tolist() == [number / 7 for number in range(written)]
    assert run.list_results() == []
    assert [path for path in run.path_to_experiment.iterdir() if path.suffix == ".tmp"] == []
    assert run.info_dict["exit_status"] == "1"


def test_what_argv_holds_is_exact(script: Callable[..., Script], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(f"{PRELUDE}\nwith record(args=sys.argv[1:]) as exp:\n    pass\n")
    words = [sys.executable, "-W", "ignore", "script.py", "--note", "a\nb", "--raw", "\udcff", "--empty", ""]
    subprocess.run(words, cwd=tmp_path, check=True)
    run = only_run(tmp_path)
    provenance = load_provenance(run.path_to_experiment)
    assert provenance is not None
    assert provenance.argv == tuple(words)
    assert provenance.problems == ("'a\\nb'",)
    assert run.arguments.words == (("--note", "a\\nb"), ("--raw", "\udcff"), ("--empty", ""))


def test_an_interrupt_of_asyncio_is_an_interrupt(script: Callable[..., Script]) -> None:
    body = """
import asyncio
async def main():
    with record() as exp:
        ready()
        await asyncio.sleep(60)
asyncio.run(main())
"""
    one = script(body)
    run = one.wait_until_ready()
    one.process.send_signal(signal.SIGINT)
    assert one.ended()[0] == -signal.SIGINT
    run.reload()
    assert run.status is RunStatus.INTERRUPTED


def test_a_started_script_that_is_terminated_saves_first(started: Path, died: list[int]) -> None:
    Experiment.current().new_result("metrics").store_scalar(1.0, "return")
    signal.raise_signal(signal.SIGTERM)
    assert died == [signal.SIGTERM]
    assert Experiment.load(started).result.series("return").tolist() == [1.0]


def test_sigterm_while_results_are_saved_waits_for_them(
    died: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with record() as exp:
        exp.new_result("metrics").store_scalar(1.0, "return")

        def save_when_terminated(record: ResultRecord | Mapping[str, ResultValue], path: Path) -> Path:
            signal.raise_signal(signal.SIGTERM)
            return save_result(record, path)

        monkeypatch.setattr(session, "save_result", save_when_terminated)
    assert died == [signal.SIGTERM]
    assert exp.list_results() == ["metrics"]
    assert exp.status is RunStatus.INTERRUPTED


def test_scores_count_as_they_stand_where_the_provenance_cannot_be_read(started: Path) -> None:
    (started / "provenance.json").write_text("{")
    (started / f"{started.name}.scores").write_text("1.0\n2.5")
    assert Experiment.load(started).scores().tolist() == [1.0, 2.5]
