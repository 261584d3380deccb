from __future__ import annotations

import copy
import os
import pickle
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import torch

from pyhermes import Experiment, HermesError, HermesWarning, Result
from pyhermes.core import (
    ArgumentsError,
    CheckpointError,
    FileModeError,
    FileNameError,
    InfoError,
    IsAnExperimentError,
    MissingFileError,
    NoResultError,
    NotADirectoryOfExperimentsError,
    NotAFileError,
    NotAnExperimentError,
    ResultError,
    ScoresError,
    UnknownChoiceError,
    UnreadableRun,
    load_run,
    parse_exec_args,
)
from pyhermes.core.disk.layout import RESERVED
from tests.conftest import CRASHED, DOUBLE, TAXI

IDENTIFIER = "2026_11_23_182353168091_0_fcbfa"
TOO_LARGE = (64 << 20) + 1
NO_FILE = "expected a regular file, got a directory or a special file"


def add_line(run: Path, line: str) -> None:
    """Append a line to a run's hermes.info."""
    with open(run / "hermes.info", "a") as file:
        file.write(f"{line}\n")


def make_unreadable(run: Path) -> UnreadableRun:
    """Put a directory where the run's hermes.info was, and say how pyhermes describes that."""
    (run / "hermes.info").unlink()
    (run / "hermes.info").mkdir()
    return UnreadableRun(run, NO_FILE)


def contents(folder: Path) -> dict[str, bytes]:
    """Everything that is below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def net() -> torch.nn.Sequential:
    """A network of the shape that the double DQNs trained."""
    relu = torch.nn.ReLU
    layers = torch.nn.Linear(4, 32), relu(), torch.nn.Linear(32, 32), relu(), torch.nn.Linear(32, 2)
    return torch.nn.Sequential(*layers)


# Loading one


def test_a_real_run_is_what_its_files_say(first: Path) -> None:
    exp = Experiment.load(first)
    assert (exp.get_identifier(), exp.identifier, exp.path_to_experiment) == (IDENTIFIER, IDENTIFIER, first)
    assert exp.commit_hash == "9b28e1fe7fc807d344ff598d9eaa9675352fcbfa"
    assert exp.start_time == datetime(2026, 11, 23, 18, 23, 53, 176615)
    assert exp.end_time == datetime(2026, 11, 23, 18, 24, 32, 431151)
    assert exp.execution_time == 39.25453591346741
    assert exp.comments == "baseline"
    assert exp.info_dict == {
        "commit_hash": "9b28e1fe7fc807d344ff598d9eaa9675352fcbfa",
        "start_time": "2026_11_23_182353176615",
        "end_time": "2026_11_23_182432431151",
        "execution_time": "39.25453591346741",
        "comments": "baseline",
    }
    assert list(exp.info_dict) == ["commit_hash", "start_time", "end_time", "execution_time", "comments"]
    assert exp.exec_args == {"-lr 0.001", "--seed 0", "-es 1.0", "-ee 0.01", "-ed 0.97"}
    assert exp.exec_args_dict == {"-lr": 0.001, "--seed": 0, "-es": 1.0, "-ee": 0.01, "-ed": 0.97}
    assert list(exp.exec_args_dict) == ["-lr", "--seed", "-es", "-ee", "-ed"]
    assert exp.arguments == parse_exec_args((first / "exec_arguments").read_text())
    assert exp.run == load_run(first)


def test_flags_and_lists_of_values_have_their_types(runs: Path) -> None:
    assert Experiment.load(runs / DOUBLE).exec_args_dict == {
        "--doubledqn": True,
        "--gradclip": True,
        "-lr": 0.001,
        "--layers": [32, 32],
        "--seed": 2,
        "-es": 1.0,
        "-ee": 0.01,
        "-ed": 0.97,
    }


@pytest.mark.parametrize("kind", [str, Path, lambda path: f"{path}/"])
def test_any_path_to_a_run_will_do(first: Path, kind: Callable[[Path], str | Path]) -> None:
    assert Experiment.load(kind(first)).path_to_experiment == first


def test_a_relative_path_becomes_absolute(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(first)
    relative = Experiment.load(".")
    monkeypatch.chdir(first.parent)
    assert relative == Experiment.load(IDENTIFIER)
    assert (relative.identifier, relative.path_to_experiment) == (IDENTIFIER, first)
    assert relative.scores().shape == (150,)


def test_a_killed_run_is_a_run_like_any_other(first: Path) -> None:
    (first / "hermes.info").write_text("commit_hash:9b28e1f\n")
    exp = Experiment.load(first)
    assert exp.info_dict == {"commit_hash": "9b28e1f"}
    assert exp.start_time == datetime(2026, 11, 23, 18, 23, 53, 168091)
    assert (exp.end_time, exp.execution_time, exp.comments) == (None, None, None)


def test_the_oldest_runs_have_no_job_index_and_count_seconds(first: Path) -> None:
    old = first.rename(first.with_name("2019_05_04_101112131415_00000"))
    (old / "hermes.info").write_text("commit_hash:00000\nstart_time:1556964672.5\n")
    exp = Experiment.load(old)
    assert exp.start_time == datetime.fromtimestamp(1556964672.5)
    add_line(old, "start_time:2019_05_04_101112131416")
    assert Experiment.load(old).start_time == datetime(2019, 5, 4, 10, 11, 12, 131416)


def test_a_run_without_arguments_has_none(first: Path) -> None:
    (first / "exec_arguments").unlink()
    exp = Experiment.load(first)
    assert (exp.exec_args, exp.exec_args_dict) == (set(), {})


def test_a_start_time_is_unknown_where_neither_info_nor_identifier_has_one(first: Path) -> None:
    renamed = first.rename(first.with_name("my-run"))
    (renamed / "hermes.info").write_text("")
    assert Experiment.load(renamed).start_time is None


@pytest.mark.parametrize("read", [Experiment.load, Experiment.read_info, Experiment.load_all])
def test_where_nothing_is_there_is_no_experiment(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(FileNotFoundError, match="where nothing is") as error:
        read(tmp_path / "missing")
    assert type(error.value) is NotAnExperimentError
    assert error.value.path == tmp_path / "missing"


@pytest.mark.parametrize("read", [Experiment.load, Experiment.read_info, Experiment.load_all])
def test_a_file_is_no_experiment(first: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(NotADirectoryError, match="expected a directory, got something else") as error:
        read(first / "hermes.info")
    assert type(error.value) is NotADirectoryOfExperimentsError
    assert isinstance(error.value, FileNotFoundError)


@pytest.mark.parametrize("read", [Experiment.load, Experiment.read_info])
def test_a_folder_without_info_is_no_experiment(cartpole: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(FileNotFoundError) as error:
        read(cartpole)
    assert str(error.value) == f"{cartpole}: expected an experiment, got a directory without hermes.info"
    assert isinstance(error.value, HermesError)


@pytest.mark.parametrize("read", [Experiment.load, Experiment.read_info])
def test_info_that_cannot_be_read_is_an_error_that_names_it(
    first: Path, read: Callable[[Path], object]
) -> None:
    make_unreadable(first)
    with pytest.raises(ValueError, match="regular file") as error:
        read(first)
    assert type(error.value) is InfoError
    assert str(error.value) == f"{first / 'hermes.info'}: {NO_FILE}"


def test_read_info_gives_a_fresh_dict_in_the_order_of_the_file(first: Path) -> None:
    info = Experiment.read_info(first)
    assert info == Experiment.load(first).info_dict
    assert list(info) == ["commit_hash", "start_time", "end_time", "execution_time", "comments"]
    info.clear()
    assert Experiment.read_info(first) != {}


@pytest.mark.parametrize("place", ["missing", "", "a\0b", "\ud800", "x" * 5000])
def test_what_is_nowhere_is_no_experiment(place: str) -> None:
    assert not Experiment.is_experiment(place)


def test_only_a_directory_with_info_is_an_experiment(first: Path) -> None:
    assert Experiment.is_experiment(first)
    assert Experiment.is_experiment(str(first))
    assert not Experiment.is_experiment(first.parent)
    assert not Experiment.is_experiment(first / "hermes.info")
    make_unreadable(first)
    assert Experiment.is_experiment(first)


# Problems are warned of


@pytest.mark.parametrize(
    "read",
    [Experiment.load, Experiment.read_info, lambda path: Experiment.load_all(path.parent)],
    ids=["load", "read_info", "load_all"],
)
def test_problems_warn_once_with_file_line_and_value_at_the_line_of_the_caller(
    first: Path, read: Callable[[Path], object]
) -> None:
    add_line(first, "start_time:soon")
    add_line(first, "execution_time:-1")
    with pytest.warns(HermesWarning) as caught:
        read(first)
    (warning,) = caught
    assert str(warning.message) == (
        "not everything in hermes.info could be read; the raw text is in info_dict:\n"
        f"  {first}/hermes.info: line 6: start_time: expected a time as YYYY_MM_DD_HHMMSSffffff "
        "or seconds since the epoch, got 'soon'\n"
        f"  {first}/hermes.info: line 7: execution_time: expected seconds, finite and not negative, got '-1'"
    )
    assert warning.category is HermesWarning
    assert warning.filename == __file__


def test_a_run_with_problems_is_there_with_what_could_be_read(first: Path) -> None:
    add_line(first, "start_time:soon")
    add_line(first, "execution_time:long")
    with pytest.warns(HermesWarning, match="soon"):
        exp = Experiment.load(first)
    assert exp.start_time == datetime(2026, 11, 23, 18, 23, 53, 168091)
    assert (exp.execution_time, exp.comments) == (None, "baseline")
    assert (exp.info_dict["start_time"], exp.info_dict["execution_time"]) == ("soon", "long")


def test_control_characters_do_not_reach_the_terminal(first: Path) -> None:
    red = first.rename(first.with_name("\x1b[31mred"))
    add_line(red, "start_time:\x1b[32mgreen")
    with pytest.warns(HermesWarning) as caught:
        Experiment.load(red)
    assert "\x1b" not in str(caught[0].message)
    assert r"\x1b[31mred/hermes.info: line 6: start_time" in str(caught[0].message)


def test_info_that_is_far_too_large_is_a_problem_and_is_not_read(first: Path) -> None:
    os.truncate(first / "hermes.info", TOO_LARGE)
    with pytest.warns(HermesWarning, match="at most 64 MiB"):
        exp = Experiment.load(first)
    assert exp.info_dict == {}
    assert exp.start_time == datetime(2026, 11, 23, 18, 23, 53, 168091)


@pytest.mark.parametrize(
    "read",
    [
        lambda exp: exp.exec_args,
        lambda exp: exp.exec_args_dict,
        lambda exp: exp.arguments.lines,
        lambda exp: Experiment.load_all(exp.path_to_experiment.parent).filter_by_exec_args("--x"),
    ],
    ids=["exec_args", "exec_args_dict", "arguments", "filter"],
)
def test_arguments_that_are_far_too_large_warn_when_asked_for_at_the_line_of_the_caller(
    first: Path, read: Callable[[Experiment], object]
) -> None:
    os.truncate(first / "exec_arguments", TOO_LARGE)
    exp = Experiment.load(first)
    with pytest.warns(HermesWarning) as caught:
        assert not read(exp)
    (warning,) = caught
    assert str(warning.message) == (
        f"{first}: the arguments could not be read:\n"
        "  expected a file of at most 64 MiB, got 'exec_arguments'"
    )
    assert warning.filename == __file__


def test_arguments_are_read_and_warned_of_once_until_reloaded(first: Path) -> None:
    os.truncate(first / "exec_arguments", TOO_LARGE)
    exp = Experiment.load(first)
    with pytest.warns(HermesWarning):
        assert exp.exec_args == set()
    assert exp.exec_args_dict == {}
    exp.reload()
    with pytest.warns(HermesWarning):
        assert exp.exec_args_dict == {}


def test_arguments_that_cannot_be_read_are_an_error(first: Path) -> None:
    (first / "exec_arguments").unlink()
    (first / "exec_arguments").mkdir()
    exp = Experiment.load(first)
    with pytest.raises(ArgumentsError) as error:
        _ = exp.exec_args
    assert str(error.value) == f"{first / 'exec_arguments'}: {NO_FILE}"


# Loading many


def test_load_all_takes_what_is_an_experiment_sorted_by_identifier(cartpole: Path) -> None:
    (cartpole / "notes").mkdir()
    (cartpole / "notes.txt").write_text("no run")
    runs = Experiment.load_all(cartpole)
    assert [run.identifier for run in runs] == [
        "2026_11_23_182353168091_0_fcbfa",
        "2026_11_23_182432432415_3_fcbfa",
        "2026_11_23_182528331916_6_fcbfa",
        "2026_11_23_182554711422_8_fcbfa",
    ]
    assert runs == [
        Experiment.load(path) for path in sorted(cartpole.iterdir()) if (path / "hermes.info").exists()
    ]
    assert runs.failed == ()


def test_load_all_goes_down_only_when_told(runs: Path) -> None:
    found = Experiment.load_all(runs, recursive=True)
    assert [run.identifier for run in found] == sorted(run.identifier for run in found)
    assert {run.path_to_experiment for run in found} == {path.parent for path in runs.rglob("hermes.info")}
    assert len(found) == 6


def test_experiments_further_down_are_pointed_at(runs: Path) -> None:
    with pytest.warns(HermesWarning) as caught:
        assert Experiment.load_all(runs) == []
    (warning,) = caught
    assert str(warning.message) == (
        "no experiments here, but in these folders below (or with recursive=True):\n"
        f"  {runs}/cartpole_dqn/dqn-vs-ddqn\n  {runs}/taxi_q/taxi-baseline"
    )
    assert warning.filename == __file__
    assert Experiment.load_all(runs, on_error="skip") == []


def test_a_folder_of_nothing_is_an_empty_list(tmp_path: Path) -> None:
    assert Experiment.load_all(tmp_path) == []
    assert Experiment.load_all(tmp_path, recursive=True) == []


def test_a_run_that_cannot_be_read_is_warned_of_and_hides_no_other(cartpole: Path, first: Path) -> None:
    failed = make_unreadable(first)
    with pytest.warns(HermesWarning) as caught:
        runs = Experiment.load_all(cartpole)
    (warning,) = caught
    assert str(warning.message) == (
        f"these experiments cannot be read, and are in .failed:\n  {first}: {NO_FILE}"
    )
    assert warning.filename == __file__
    assert (len(runs), runs.failed) == (3, (failed,))


def test_one_warning_names_all_runs_that_cannot_be_read(cartpole: Path) -> None:
    failed = tuple(make_unreadable(path) for path in sorted(cartpole.iterdir())[1:3])
    with pytest.warns(HermesWarning) as caught:
        runs = Experiment.load_all(cartpole)
    assert len(caught) == 1
    assert [str(run.path) in str(caught[0].message) for run in failed] == [True, True]
    assert runs.failed == failed


def test_runs_that_cannot_be_read_can_be_skipped_in_silence(cartpole: Path, first: Path) -> None:
    failed = make_unreadable(first)
    add_line(cartpole / "2026_11_23_182432432415_3_fcbfa", "start_time:soon")
    runs = Experiment.load_all(cartpole, on_error="skip")
    assert (len(runs), runs.failed) == (3, (failed,))


def test_runs_that_cannot_be_read_can_be_one_error(cartpole: Path) -> None:
    assert len(Experiment.load_all(cartpole, on_error="raise")) == 4
    paths = sorted(cartpole.iterdir())[1:3]
    for path in paths:
        make_unreadable(path)
    with pytest.raises(ValueError, match="these runs cannot be read") as error:
        Experiment.load_all(cartpole, on_error="raise")
    assert type(error.value) is InfoError
    assert str(error.value) == (
        f"these runs cannot be read:\n  {paths[0]}: {NO_FILE}\n  {paths[1]}: {NO_FILE}"
    )


def test_an_unknown_way_of_treating_errors_is_refused(cartpole: Path) -> None:
    with pytest.raises(ValueError, match="'warn', 'raise' or 'skip', got 'ignore'") as error:
        Experiment.load_all(cartpole, on_error="ignore")  # type: ignore[arg-type]
    assert type(error.value) is UnknownChoiceError


def test_the_directory_of_one_run_is_no_folder_of_runs(first: Path) -> None:
    with pytest.raises(ValueError, match=r"use Experiment\.load") as error:
        Experiment.load_all(first)
    assert type(error.value) is IsAnExperimentError


# Making one from its parts


def test_making_one_makes_nothing_on_disk(tmp_path: Path) -> None:
    exp = Experiment("run-1", tmp_path / "new" / "run-1", "9b28e1f", "2026_11_23_182353176615")
    assert list(tmp_path.iterdir()) == []
    assert (exp.identifier, exp.get_identifier(), exp.commit_hash) == ("run-1", "run-1", "9b28e1f")
    assert exp.path_to_experiment == tmp_path / "new" / "run-1"
    assert exp.info_dict == {"commit_hash": "9b28e1f", "start_time": "2026_11_23_182353176615"}
    assert (exp.end_time, exp.execution_time, exp.comments) == (None, None, None)
    assert (exp.exec_args, exp.exec_args_dict) == (set(), {})
    assert repr(exp) == f"Experiment('run-1', '{tmp_path}/new/run-1')"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        (datetime(2026, 1, 2, 3, 4, 5, 6), datetime(2026, 1, 2, 3, 4, 5, 6)),
        ("2026_01_02_030405000006", datetime(2026, 1, 2, 3, 4, 5, 6)),
        (1767326645, datetime.fromtimestamp(1767326645)),
        (1767326645.5, datetime.fromtimestamp(1767326645.5)),
        ("1767326645.5", datetime.fromtimestamp(1767326645.5)),
        (datetime.fromtimestamp(1767326645, UTC), datetime.fromtimestamp(1767326645)),
        (
            datetime.fromtimestamp(1767326645, timezone(timedelta(hours=-7))),
            datetime.fromtimestamp(1767326645),
        ),
    ],
)
def test_a_start_time_becomes_naive_local_time(
    given: datetime | str | float | None, expected: datetime | None
) -> None:
    exp = Experiment("x", "x", None, given)
    assert exp.start_time == expected
    assert exp.start_time is None or exp.start_time.tzinfo is None


def test_without_a_start_time_the_identifier_has_one() -> None:
    assert Experiment(IDENTIFIER, "x", None, None).start_time == datetime(2026, 11, 23, 18, 23, 53, 168091)
    assert Experiment(IDENTIFIER, "x", None, None).info_dict == {}


@pytest.mark.parametrize("wrong", ["soon", "", "2026_13_02_030405000006", 1e300, float("nan"), float("inf")])
def test_what_is_no_time_is_refused(wrong: str | float) -> None:
    with pytest.raises(ValueError, match="expected a time as YYYY_MM_DD_HHMMSSffffff") as error:
        Experiment("x", "x", None, wrong)
    assert type(error.value) is InfoError


def test_one_made_from_its_parts_reads_what_is_there(first: Path) -> None:
    exp = Experiment(IDENTIFIER, first, "9b28e1f", None)
    assert exp.comments is None
    assert exp.exec_args_dict["--seed"] == 0
    np.testing.assert_array_equal(exp.scores(), Experiment.load(first).scores())
    exp.reload()
    assert exp.comments == "baseline"


# As a value


def test_experiments_are_equal_by_absolute_path(
    runs: Path, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(first.parent)
    made = Experiment("another name", IDENTIFIER, None, None)
    assert made == Experiment.load(first)
    assert made != Experiment.load(runs / DOUBLE)
    assert made != Experiment(IDENTIFIER, "elsewhere", None, None)
    assert made != str(first)
    assert {made, Experiment.load(first), Experiment.load(runs / DOUBLE)} == {
        Experiment.load(runs / DOUBLE),
        made,
    }


def test_changing_what_was_returned_changes_nothing(first: Path) -> None:
    exp = Experiment.load(first)
    exp.exec_args.add("--more")
    exp.exec_args_dict.clear()
    exp.info_dict.clear()
    exp.list_pth_files().clear()
    exp.scores()[:] = 0
    assert "--more" not in exp.exec_args
    assert exp.exec_args_dict["--seed"] == 0
    assert exp.info_dict["comments"] == "baseline"
    assert len(exp.list_pth_files()) == 2
    assert exp.scores()[0] != 0


@pytest.mark.parametrize("name", ["identifier", "run", "start_time", "exec_args", "scores_file", "info_dict"])
def test_what_was_run_cannot_be_set(first: Path, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(Experiment.load(first), name, None)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda exp: pickle.loads(pickle.dumps(exp))])
def test_copies_are_the_same_and_lead_their_own_life(
    first: Path, again: Callable[[Experiment], Experiment]
) -> None:
    exp = Experiment.load(first)
    assert exp.exec_args
    exp.comments = "not stored"
    other = again(exp)
    assert (other, other.run, other.arguments) == (exp, exp.run, exp.arguments)
    assert (type(other), other.comments, hash(other)) == (Experiment, "not stored", hash(exp))
    other.comments = "changed"
    assert exp.comments == "not stored"


def test_subclasses_load_as_themselves(first: Path) -> None:
    class Mine(Experiment):
        """Somebody's own."""

    exp = Mine.load(first)
    assert type(exp) is Mine
    assert exp == Experiment.load(first)


# Snapshots


def test_a_change_on_disk_is_seen_after_reloading(first: Path) -> None:
    exp = Experiment.load(first)
    assert exp.exec_args_dict["--seed"] == 0
    before = exp.run
    add_line(first, "comments:later")
    (first / "exec_arguments").write_text("--seed 5\n")
    assert (exp.run, exp.comments, exp.info_dict["comments"]) == (before, "baseline", "baseline")
    assert exp.exec_args == {"-lr 0.001", "--seed 0", "-es 1.0", "-ee 0.01", "-ed 0.97"}
    exp.reload()
    assert (exp.run, exp.comments, exp.info_dict["comments"]) == (load_run(first), "later", "later")
    assert (exp.exec_args, exp.exec_args_dict) == ({"--seed 5"}, {"--seed": 5})


def test_reloading_warns_at_the_line_of_the_caller(first: Path) -> None:
    exp = Experiment.load(first)
    add_line(first, "end_time:never")
    with pytest.warns(HermesWarning, match="line 6: end_time: .*'never'") as caught:
        exp.reload()
    assert caught[0].filename == __file__
    assert exp.end_time is None


def test_reloading_what_has_gone_is_an_error_and_keeps_what_was_there(first: Path) -> None:
    exp = Experiment.load(first)
    shutil.rmtree(first)
    with pytest.raises(NotAnExperimentError):
        exp.reload()
    assert exp.comments == "baseline"


def test_scores_results_and_logs_are_read_when_asked_for(first: Path) -> None:
    exp = Experiment.load(first)
    exp.scores_file.write_text("1\n2\n")
    (first / "stderr.log").write_text("new")
    exp.result.save(first)
    assert exp.scores().tolist() == [1.0, 2.0]
    with exp.open_stderr_file() as file:
        assert file.read() == "new"
    changed = exp.result
    changed.store_scalar(-1.0, "loss")
    changed.save()
    assert exp.result.series("loss")[-1] == -1.0


# Scores


def test_scores_are_the_numbers_of_the_file(first: Path) -> None:
    exp = Experiment.load(first)
    assert exp.scores_file == first / f"{IDENTIFIER}.scores"
    scores = exp.scores()
    assert (scores.dtype, scores.shape) == (np.dtype(np.float64), (150,))
    np.testing.assert_array_equal(scores, [float(x) for x in exp.scores_file.read_text().split()[-150:]])


def test_the_only_scores_of_a_renamed_run_are_its_scores(first: Path) -> None:
    exp = Experiment.load(first.rename(first.with_name("renamed")))
    assert exp.scores().shape == (150,)
    assert exp.scores_file == first.with_name("renamed") / "renamed.scores"
    exp.copy_file(exp.file(f"{IDENTIFIER}.scores"), "other.scores")
    with pytest.raises(MissingFileError, match=r"expected renamed\.scores or one other"):
        exp.scores()


def test_without_scores_there_is_no_file(first: Path) -> None:
    exp = Experiment.load(first)
    exp.scores_file.unlink()
    with pytest.raises(FileNotFoundError, match=r"\.scores or one other file of scores, got none") as error:
        exp.scores()
    assert isinstance(error.value, MissingFileError)


def test_a_line_that_is_no_score_is_named(first: Path) -> None:
    exp = Experiment.load(first)
    exp.scores_file.write_text("return\n1.0\nhigh\n")
    with pytest.raises(ScoresError) as error:
        exp.scores()
    assert (error.value.path, error.value.line) == (exp.scores_file, 3)


# Results


def test_the_result_of_a_run(runs: Path) -> None:
    exp = Experiment.load(runs / DOUBLE)
    assert exp.list_results() == [exp.identifier]
    result = exp.result
    assert type(result) is Result
    assert (result.name, result.path) == (exp.identifier, exp.file(f"{exp.identifier}.result"))
    assert list(result) == ["return", "epsilon", "loss", "solved", "q_at_origin"]
    assert (result.series("loss").shape, result.series("q_at_origin").shape) == ((746,), (15, 2))
    assert exp.load_result(exp.identifier).snapshot() == result.snapshot()
    assert exp.load_result(f"{exp.identifier}.result").snapshot() == result.snapshot()


def test_without_a_result_there_is_a_runtime_error(runs: Path) -> None:
    exp = Experiment.load(runs / CRASHED)
    assert exp.list_results() == []
    with pytest.raises(RuntimeError, match="expected an experiment with a result") as error:
        _ = exp.result
    assert isinstance(error.value, NoResultError)
    with pytest.raises(MissingFileError):
        exp.load_result("metrics")


def test_of_several_results_the_one_with_the_name_of_the_run_is_taken_with_a_warning(first: Path) -> None:
    exp = Experiment.load(first)
    Result("0", dictionary={"n": 1}).save(first)
    with pytest.warns(HermesWarning) as caught:
        result = exp.result
    (warning,) = caught
    assert str(warning.message) == (
        f"took {IDENTIFIER}.result of several results; load_result(name) takes another of:\n"
        f"  0\n  {IDENTIFIER}"
    )
    assert warning.filename == __file__
    assert result.name == IDENTIFIER
    assert exp.list_results() == ["0", IDENTIFIER]
    assert exp.load_result("0") == {"n": 1}


def test_else_the_first_by_name_is_taken(runs: Path) -> None:
    exp = Experiment.load(runs / CRASHED)
    for name in ["b", "a", "c"]:
        Result(name, dictionary={"name": name}).save(exp.path_to_experiment)
    with pytest.warns(HermesWarning, match=r"took a\.result of several"):
        assert exp.result == {"name": "a"}
    exp.file("a.result").unlink()
    exp.file("b.result").unlink()
    assert exp.result == {"name": "c"}


def test_a_result_that_is_none_is_an_error_that_names_it(first: Path) -> None:
    (first / f"{IDENTIFIER}.result").write_bytes(b"no result")
    with pytest.raises(ResultError) as error:
        _ = Experiment.load(first).result
    assert error.value.path == first / f"{IDENTIFIER}.result"


# State dicts


def test_state_dicts_are_listed_and_loaded(runs: Path) -> None:
    exp = Experiment.load(runs / DOUBLE)
    names = exp.list_pth_files()
    assert names == [f"{exp.identifier}_best.pth", f"{exp.identifier}_last.pth"]
    expected = torch.load(exp.file(names[0]), weights_only=True)
    for name in (names[0], f"{exp.identifier}_best"):
        state = exp.load_state_dict(name)
        assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]
        assert all(torch.equal(state[key], expected[key]) for key in expected)
    assert Experiment.load(runs / TAXI).list_pth_files() == []


def test_a_file_without_an_ending_is_taken_by_its_name(runs: Path) -> None:
    exp = Experiment.load(runs / DOUBLE)
    exp.copy_file(exp.file(exp.list_pth_files()[0]), "weights")
    assert len(exp.load_state_dict("weights")) == 6


def test_a_state_dict_goes_into_a_network_in_evaluation_mode(runs: Path) -> None:
    exp = Experiment.load(runs / DOUBLE)
    mine = net().double()
    loaded = exp.load_state_dict(exp.list_pth_files()[0], mine)
    state = exp.load_state_dict(exp.list_pth_files()[0])
    assert loaded is mine
    assert not mine.training
    assert all(torch.equal(value, state[key].double()) for key, value in mine.state_dict().items())


def test_a_state_dict_that_does_not_fit_leaves_the_network_as_it_was(first: Path) -> None:
    exp = Experiment.load(first)
    name, mine = exp.list_pth_files()[0], net()
    before = {key: value.clone() for key, value in mine.state_dict().items()}
    with pytest.raises(CheckpointError, match="fits the network") as error:
        exp.load_state_dict(name, mine)
    assert error.value.path == first / name
    assert mine.training
    assert all(torch.equal(value, before[key]) for key, value in mine.state_dict().items())


class Malicious:
    """What makes a directory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("old_format", [True, False])
def test_nothing_in_a_file_is_ever_run(first: Path, tmp_path: Path, old_format: bool) -> None:
    exp = Experiment.load(first)
    trap = Malicious(tmp_path / "trapped")
    for name in ("evil.pth", f"{IDENTIFIER}.result"):
        torch.save({"x": trap}, first / name, _use_new_zipfile_serialization=not old_format)
    with pytest.raises(CheckpointError) as checkpoint_error:
        exp.load_state_dict("evil.pth")
    with pytest.raises(CheckpointError):
        exp.load_state_dict("evil", net())
    with pytest.raises(ResultError) as result_error:
        _ = exp.result
    assert not (tmp_path / "trapped").exists()
    assert checkpoint_error.value.path == first / "evil.pth"
    assert "weights_only" not in f"{checkpoint_error.value}{result_error.value}"


def test_a_state_dict_that_is_not_there(first: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        Experiment.load(first).load_state_dict("missing")
    assert isinstance(error.value, MissingFileError)
    assert error.value.path == first / "missing.pth"


# Logs


def test_logs_are_opened_together_and_closed(first: Path) -> None:
    with Experiment.load(first).open_log_files("r") as (stdout, stderr):
        assert stdout.read() == (first / "stdout.log").read_text()
        assert stderr.read() == (first / "stderr.log").read_text()
    assert (stdout.closed, stderr.closed) == (True, True)


def test_logs_are_closed_whatever_happens(first: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="stop"),
        Experiment.load(first).open_log_files() as (stdout, stderr),
    ):
        raise RuntimeError("stop")
    assert (stdout.closed, stderr.closed) == (True, True)


def test_logs_are_opened_for_reading_and_writing_by_default(first: Path) -> None:
    (first / "stdout.log").write_text("old\n")
    with Experiment.load(first).open_log_files() as (stdout, stderr):
        assert stdout.read() == "old\n"
        stdout.write("new\n")
        stderr.seek(0, os.SEEK_END)
        stderr.write("äh\n")
    assert (first / "stdout.log").read_text() == "old\nnew\n"
    assert (first / "stderr.log").read_bytes().endswith("äh\n".encode())


def test_odd_bytes_and_line_endings_come_back_as_they_were(first: Path) -> None:
    odd = b"\xff\xfe 50%\r60%\r\nlast\x85"
    (first / "stderr.log").write_bytes(odd)
    exp = Experiment.load(first)
    with exp.open_stderr_file() as file:
        text = file.read()
    assert text.encode("utf-8", "surrogateescape") == odd
    with exp.open_stderr_file("w") as file:
        file.write(text)
    assert (first / "stderr.log").read_bytes() == odd


def test_the_log_of_errors_is_only_read_by_default(first: Path) -> None:
    with Experiment.load(first).open_stderr_file() as file:
        assert not file.writable()
    assert file.closed


def test_logs_that_are_not_there_are_made_only_by_writing(first: Path) -> None:
    exp = Experiment.load(first)
    (first / "stderr.log").unlink()
    with pytest.raises(FileNotFoundError) as error, exp.open_log_files("r"):
        pass
    assert isinstance(error.value, MissingFileError)
    assert error.value.path == first / "stderr.log"
    with pytest.raises(MissingFileError):
        exp.open_stderr_file()
    with exp.open_stderr_file("a") as file:
        file.write("made")
    assert (first / "stderr.log").read_text() == "made"


def test_logs_are_text(first: Path) -> None:
    exp = Experiment.load(first)
    with pytest.raises(FileModeError, match="expected a mode for text"), exp.open_log_files("rb"):
        pass
    with pytest.raises(ValueError, match="got 'rb'"):
        exp.open_stderr_file("rb")


# Files


@pytest.mark.parametrize("name", ["a.png", "sub/x", Path("sub", "x"), "..."])
def test_files_inside_need_not_exist(first: Path, name: str | Path) -> None:
    assert Experiment.load(first).file(name) == first / name
    assert not (first / name).exists()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "sub/../x", "sub/../../x", "/etc/passwd", "a\0", "\ud800"]
)
def test_names_that_would_leave_the_experiment_are_refused(first: Path, tmp_path: Path, name: str) -> None:
    exp = Experiment.load(first)
    (tmp_path / "source").write_text("new")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="expected") as error:
        exp.file(name)
    assert type(error.value) is FileNameError
    for bring in (exp.copy_file, exp.move_file):
        with pytest.raises(FileNameError):
            bring(tmp_path / "source", name)
    assert contents(tmp_path) == before


def test_links_that_lead_out_are_refused(first: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (first / "out").symlink_to(tmp_path / "outside")
    (first / "in").symlink_to(first / "stdout.log")
    exp = Experiment.load(first)
    assert exp.file("in") == first / "in"
    for name in ("out", "out/x"):
        with pytest.raises(FileNameError, match="a link that leads out"):
            exp.file(name)


def test_a_run_may_itself_be_a_link(first: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(first)
    exp = Experiment.load(tmp_path / "link")
    assert exp.path_to_experiment == tmp_path / "link"
    assert exp.copy_file(first / "stdout.log", "copy") == tmp_path / "link" / "copy"
    assert (first / "copy").read_bytes() == (first / "stdout.log").read_bytes()


@pytest.mark.parametrize("new_name", [None, "other.txt", "sub/other.txt", Path("other.txt")])
@pytest.mark.parametrize("way", ["copy_file", "move_file"])
def test_files_are_brought_in(first: Path, tmp_path: Path, way: str, new_name: str | Path | None) -> None:
    source = tmp_path / "notes.txt"
    source.write_text("notes")
    exp, before = Experiment.load(first), contents(first)
    target = getattr(exp, way)(source, new_name)
    assert target == first / (new_name or "notes.txt")
    assert contents(first) == {**before, str(target.relative_to(first)): b"notes"}
    assert source.exists() == (way == "copy_file")


@pytest.mark.parametrize("way", ["copy_file", "move_file"])
def test_what_stands_there_is_replaced(first: Path, tmp_path: Path, way: str) -> None:
    (tmp_path / "new").write_text("new")
    (first / "notes.txt").write_text("old")
    exp, before = Experiment.load(first), contents(first)
    getattr(exp, way)(str(tmp_path / "new"), "notes.txt")
    assert contents(first) == {**before, "notes.txt": b"new"}


@pytest.mark.parametrize("way", ["copy_file", "move_file"])
def test_of_a_link_what_it_leads_to_is_brought_in(first: Path, tmp_path: Path, way: str) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "link").symlink_to(tmp_path / "notes.txt")
    target = getattr(Experiment.load(first), way)(tmp_path / "link")
    assert target == first / "link"
    assert (target.is_symlink(), target.read_text()) == (False, "notes")
    assert (tmp_path / "notes.txt").read_text() == "notes"
    assert (tmp_path / "link").is_symlink() == (way == "copy_file")


@pytest.mark.parametrize("way", ["copy_file", "move_file"])
def test_a_file_that_is_there_already_stays(first: Path, way: str) -> None:
    (first / "notes.txt").write_text("notes")
    exp, before = Experiment.load(first), contents(first)
    assert getattr(exp, way)(first / "notes.txt") == first / "notes.txt"
    assert contents(first) == before


@pytest.mark.parametrize("way", ["copy_file", "move_file"])
@pytest.mark.parametrize("name", sorted(RESERVED))
def test_files_of_the_format_are_not_overwritten(first: Path, tmp_path: Path, way: str, name: str) -> None:
    (tmp_path / name).write_text("new")
    before = contents(tmp_path)
    for new_name in (None, name):
        with pytest.raises(FileNameError, match="that the format does not use"):
            getattr(Experiment.load(first), way)(tmp_path / name, new_name)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("way", ["copy_file", "move_file"])
def test_what_is_no_file_is_not_brought_in(first: Path, tmp_path: Path, way: str) -> None:
    exp, before = Experiment.load(first), contents(tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        getattr(exp, way)(tmp_path / "missing", "notes.txt")
    assert isinstance(error.value, MissingFileError)
    os.mkfifo(tmp_path / "fifo")
    for source in (tmp_path / "fifo", tmp_path / "runs"):
        with pytest.raises(NotAFileError):
            getattr(exp, way)(source, "notes.txt")
    os.unlink(tmp_path / "fifo")
    assert contents(tmp_path) == before


# Comments


def test_comments_are_stored_when_told(first: Path) -> None:
    exp = Experiment.load(first)
    before = (first / "hermes.info").read_text()
    exp.comments = "two\nlines: one"
    assert (first / "hermes.info").read_text() == before
    exp.store_comments()
    assert (first / "hermes.info").read_text() == f"{before}comments:two\n\tlines: one\n"
    assert exp.info_dict["comments"] == exp.comments == Experiment.load(first).comments == "two\nlines: one"
    assert exp.run == load_run(first)


@pytest.mark.parametrize("comments", ["baseline", None])
def test_comments_that_did_not_change_are_not_stored(first: Path, comments: str | None) -> None:
    before = contents(first)
    exp = Experiment.load(first)
    exp.comments = comments
    exp.store_comments()
    assert contents(first) == before


def test_comments_of_a_killed_run_can_be_stored(first: Path) -> None:
    (first / "hermes.info").write_text("commit_hash:9b28e1f\n")
    exp = Experiment.load(first)
    exp.comments = ""
    exp.store_comments()
    assert (first / "hermes.info").read_text() == "commit_hash:9b28e1f\ncomments:\n"


def test_comments_that_cannot_be_written_change_nothing(first: Path) -> None:
    exp, before = Experiment.load(first), contents(first)
    for wrong in ("\ud800", "a\r\nb"):
        exp.comments = wrong
        with pytest.raises(InfoError, match="expected"):
            exp.store_comments()
    assert contents(first) == before
    exp.reload()
    assert exp.comments == "baseline"


def test_comments_of_what_is_nowhere_cannot_be_stored(tmp_path: Path) -> None:
    exp = Experiment("x", tmp_path / "x", None, None)
    exp.comments = "lost"
    with pytest.raises(FileNotFoundError):
        exp.store_comments()
    assert list(tmp_path.iterdir()) == []
