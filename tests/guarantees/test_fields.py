"""A value never becomes a field, a line or a path, whatever text it is."""

from __future__ import annotations

import contextlib
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st

from pyhermes import Experiment, HermesWarning, Result, RunStatus
from pyhermes.core import HermesError, expand, parse_execution_file, parse_scores
from pyhermes.core.disk.scanning import load_run
from pyhermes.runner import JobPlan, run_job
from pyhermes.runner.exec_plan import make_command_job
from tests.guarantees.helpers import warned
from tests.runner.helpers import make_project

PIECES = [
    "\n",
    "\r",
    "\t",
    "\0",
    ":",
    "exit_status:7",
    "comments:x",
    "\ufeff",
    "\x85",
    "\u2028",
    " ",
    "a",
    "1.5",
]
PIECES += ["--lr 1", "'", '"', "\\", "#", "EXEC", "[[x],[]]", "\ud800", "\udcff", "-", "="]
hostile = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
writable = hostile.map(lambda text: text.replace("\r", "").encode("utf-8", "replace").decode())
names = st.one_of(st.just("n"), st.just("a name: of\u2028mine"))
AT_START = ["commit_hash", "start_time"]
AT_END = ["end_time", "execution_time", "exit_status"]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HERMES_EXPERIMENT", "RANK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder: hypothesis tries many texts in one test."""
    with TemporaryDirectory() as name:
        yield Path(name)


def lines_of(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8", "surrogateescape").split("\n")[:-1]


# What is recorded


def is_one_word(word: str) -> bool:
    """Whether a text is written as it is: no option, and nothing that has to be escaped."""
    with contextlib.suppress(UnicodeEncodeError):
        return bool(word.encode("utf-8", "surrogateescape")) and not set(word) & {"\n", "-", "="}
    return False


@given(st.lists(hostile, max_size=3), st.lists(hostile, max_size=4), hostile)
@settings(max_examples=50)
def test_what_is_recorded_is_read_back_as_the_same_fields(
    comments: list[str], words: list[str], later: str
) -> None:
    with folder() as root, warned():
        stored = later
        made: list[Experiment] = []
        try:
            with Experiment.record("train", name="n", root=root, comments=comments, args=words) as exp:
                made.append(exp)
                exp.comments = later
                exp.log_score(1.0)
        except HermesError:  # a text that cannot be written is no comment
            stored = ",".join(comments)
        assert len(list(root.rglob("*/hermes.info"))) == len(made)
        if not made:
            assert list(root.iterdir()) == []
            return
        run = Experiment.load(made[0].path_to_experiment)
        info = run.run.info
        assert info.problems == ()
        assert [key for key in info.fields if key != "comments"] == [*AT_START, *AT_END]
        assert (info.comments or "", info.exit_status) == (stored, 0)
        assert parse_scores(run.scores_file.read_bytes()).tolist() == [1.0]
        lines = run.arguments.words
        assert len(lines) <= len(words)
        if all(map(is_one_word, words)):
            assert [word for line in lines for word in line] == words


@given(hostile)
@settings(max_examples=100)
def test_comments_that_are_stored_leave_the_other_fields(text: str) -> None:
    with folder() as root:
        (root / "hermes.info").write_text("commit_hash:1\nexit_status:3\nnote:a\n\tb\n")
        exp = Experiment.load(root)
        exp.comments = text
        try:
            exp.store_comments()
        except HermesError:
            text = ""
        fields = dict(load_run(root).info.fields)
        assert fields.pop("comments", "") == text
        assert fields == {"commit_hash": "1", "exit_status": "3", "note": "a\nb"}


@given(st.lists(writable, max_size=2), names, writable, st.lists(hostile, max_size=3))
@settings(max_examples=25)
def test_a_job_is_recorded_as_the_same_fields(
    comments: list[str], name: str, option: str, words: list[str]
) -> None:
    job = make_command_job(["true", *words])
    with folder() as root:
        plan = JobPlan(job, name, 0, root / "runs", root, root / "stop", (*comments, option))
        outcome = run_job(plan)
        assert outcome.path is not None, outcome.reason
        info = load_run(outcome.path).info
        assert info.problems == ()
        assert [key for key in info.fields if key != "comments"] == [*AT_START, *AT_END]
        assert (info.comments or "") == ",".join([*comments, option])
        assert info.exit_status in (0, 126)  # a word with NUL is none of a process
        assert outcome.path.parent.name == name
        assert len(lines_of(outcome.path / "exec_arguments")) <= len(job.lines)
        again = outcome.path / "re_execution.hermes"
        if again.exists():
            file = parse_execution_file(again.read_bytes().decode("utf-8", "surrogateescape"))
            assert [one.argv("I") for one in expand(file)] == [("true", *words)]


@pytest.mark.parametrize(
    ("name", "comment"), [("a\nb", "x"), ("n", "a\r\nb"), ("n", "\ud800"), ("n" * 256, "")]
)
def test_a_job_that_cannot_be_recorded_leaves_nothing(tmp_path: Path, name: str, comment: str) -> None:
    job = make_command_job(["true"])
    outcome = run_job(JobPlan(job, name, 0, tmp_path / "runs", tmp_path, tmp_path / "stop", (comment,)))
    assert (outcome.path, outcome.status) == (None, RunStatus.FAILED)
    assert outcome.reason.startswith("cannot be recorded: ")
    assert list(tmp_path.iterdir()) == []


class Evil(float):
    """A number that says it is more than one line."""

    def __repr__(self) -> str:
        return "1.0\nexit_status:0\n2.0"

    __str__ = __repr__


@given(st.lists(st.floats().map(Evil), max_size=10))
@settings(max_examples=20)
def test_a_score_is_one_line(scores: list[float]) -> None:
    with folder() as root:
        with Experiment.record("train", name="n", root=root) as exp:
            for score in scores:
                exp.log_score(score)
        assert (
            not scores
            or lines_of(exp.scores_file) == [repr(float(score) + 0.0) for score in scores]
            or [float(line) for line in lines_of(exp.scores_file)] == pytest.approx(scores, nan_ok=True)
        )
        assert not scores or len(lines_of(exp.scores_file)) == len(scores)


@pytest.mark.parametrize("code", ["done\nexit_status:0", 2**70, -1, True, None, 3.5])
def test_an_exit_status_is_one_number(tmp_path: Path, code: Any) -> None:
    with contextlib.suppress(SystemExit), Experiment.record("train", name="n", root=tmp_path) as exp:
        raise SystemExit(code)
    info = load_run(exp.path_to_experiment).info
    assert list(info.fields) == [*AT_START, *AT_END]
    assert info.exit_status is not None
    assert 0 <= info.exit_status < 256


@pytest.mark.parametrize(
    "commit", ["9b28e1f\nexit_status:0", "../../x", "a/b/c", ".....", "\x1b[31m", "é" * 5]
)
def test_a_commit_is_a_value_and_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    """Of a program that is called git and says what it likes."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(
        f"#!/bin/sh\ncase $* in *rev-parse*) printf '%s' '{commit}';; esac\n"
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    with warned(), Experiment.record("train", name="n", root=tmp_path / "root") as exp:
        pass
    assert exp.path_to_experiment.parent == tmp_path / "root" / "train" / "n"
    assert set(exp.identifier) <= set(string.hexdigits + "_")
    info = load_run(exp.path_to_experiment).info
    assert (info.commit_hash, info.exit_status) == (commit, 0)
    assert list(info.fields) == [*AT_START, *AT_END]


# Names

BAD = ["a\nb", "a\0b", "a/b", "/a", "..", ".", "", "a\rb", "a\x1bb", "\ud800", "x" * 256, "é" * 128]


def everything(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in root.rglob("*")}


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_no_run_can_have_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(HermesError), Experiment.record("train", name=name, root=tmp_path / "root"):
        raise AssertionError("it began")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", [name for name in BAD if "/" not in name])
def test_a_script_that_no_directory_can_be_named_by_is_refused_before_anything_is_written(
    tmp_path: Path, script: str
) -> None:
    with pytest.raises(HermesError), Experiment.record(script, name="n", root=tmp_path / "root"):
        raise AssertionError("it began")
    assert list(tmp_path.iterdir()) == []


def new_result(exp: Any, name: str) -> object:
    return exp.new_result(name)


def save_result(exp: Any, name: str) -> object:
    return Result(name).save(exp.path_to_experiment / "new")


def save_state_dict(exp: Any, name: str) -> object:
    return exp.save_state_dict({"w": torch.zeros(1)}, name)


@pytest.mark.parametrize("name", [*BAD, "x" * 252, "é" * 126])
@pytest.mark.parametrize("save", [new_result, save_result, save_state_dict])
def test_a_name_that_no_file_can_have_is_refused_before_anything_is_written(
    tmp_path: Path, save: Callable[[Any, str], object], name: str
) -> None:
    with Experiment.record("train", name="n", root=tmp_path) as exp:
        before = everything(tmp_path)
        with pytest.raises(HermesError) as error:
            save(exp, name)
        assert isinstance(error.value, ValueError)
        assert everything(tmp_path) == before


@pytest.mark.parametrize(("save", "longest"), [(new_result, 248), (save_result, 248), (save_state_dict, 251)])
def test_the_longest_name_can_be_saved_and_is_found(
    tmp_path: Path, save: Callable[[Any, str], object], longest: int
) -> None:
    """So the name of what is written in its stead is no longer than that."""
    name = "x" * longest
    with Experiment.record("train", name="n", root=tmp_path) as exp:
        save(exp, name)
        with pytest.raises(HermesError):
            save(exp, name + "x")
    found = [path.name for path in tmp_path.rglob("x*") if len(path.name) == 255]
    assert len(found) == 1


def test_a_result_that_has_a_name_of_others_is_saved_where_it_was(tmp_path: Path) -> None:
    """Somebody else's tool may name a file so; nothing new is made."""
    path = Result("plain", dictionary={"n": 1}).save(tmp_path)
    odd = path.rename(tmp_path / "a\nb.result")
    result = Result.load(odd)
    result["n"] = 2
    assert result.save() == odd
    assert Result.load(odd) == {"n": 2}


def test_a_newline_in_an_argument_is_warned_of(tmp_path: Path) -> None:
    with pytest.warns(HermesWarning, match="escaped"):
        recording = Experiment.record("train", name="n", root=tmp_path, args=["a\n--lr 1"])
    with recording as exp:
        pass
    assert len(lines_of(exp.path_to_experiment / "exec_arguments")) == 1
    assert exp.status is RunStatus.FINISHED


def test_a_project_with_a_name_on_two_lines_can_be_recorded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two\nexit_status:7").mkdir()
    project = make_project(tmp_path / "two\nexit_status:7", monkeypatch)
    outcome = run_job(
        JobPlan(make_command_job(["true"]), "n", 0, project / "runs", project, project / "stop")
    )
    assert outcome.status is RunStatus.FINISHED
