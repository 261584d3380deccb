from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pyhermes import Experiment, ExperimentList
from pyhermes.core import ArgumentsError, NothingToChooseError, UnreadableRun, WrongTypeError

FAILED = UnreadableRun(Path("/runs/x"), "expected a regular file, got a directory")


@pytest.fixture
def four(cartpole: Path) -> ExperimentList:
    """Two baselines, then two double DQNs, loaded where a fifth run could not be read."""
    return ExperimentList(Experiment.load_all(cartpole), failed=[FAILED])


def plain(experiments: object) -> list[object]:
    """The same elements in a list of no special kind, to compare with."""
    assert type(experiments) is ExperimentList
    return list(experiments)


def named(identifier: str, start: datetime | None = None) -> Experiment:
    return Experiment(identifier, f"/runs/{identifier}", None, start)


# Choosing


def test_all_arguments_are_wanted_and_the_order_is_kept(four: ExperimentList) -> None:
    a, b, c, d = four
    assert plain(four.filter_by_exec_args("--doubledqn")) == [c, d]
    assert plain(four.filter_by_exec_args("--doubledqn", "--seed 2")) == [d]
    assert plain(ExperimentList([d, b, a]).filter_by_exec_args("-ed 0.97")) == [d, b, a]
    assert plain(four.filter_by_exec_args("--seed")) == []
    assert plain(four.filter_by_exec_args()) == [a, b, c, d]


def test_filters_can_follow_each_other(four: ExperimentList) -> None:
    assert four.filter_by_exec_args("--doubledqn").filter_by_exec_args("--seed 2") == [four[3]]


def test_what_are_no_arguments_is_refused(four: ExperimentList) -> None:
    with pytest.raises(TypeError, match="expected str objects, got 2"):
        four.filter_by_exec_args("--seed", 2)  # type: ignore[arg-type]


def test_the_latest_is_the_one_that_began_last(four: ExperimentList) -> None:
    assert four.latest() is four[3]
    assert four[:2].latest() is four[1]
    assert ExperimentList(reversed(four)).latest() is four[3]


def test_those_without_a_start_time_count_only_where_none_has_one() -> None:
    early, late = named("z", datetime(2020, 1, 1)), named("a", datetime(2021, 1, 1))
    twin, unknown, last = named("b", datetime(2021, 1, 1)), named("x"), named("y")
    assert ExperimentList([unknown, late, early]).latest() is late
    assert ExperimentList([twin, late]).latest() is twin
    assert ExperimentList([last, unknown]).latest() is last


def test_killed_and_old_runs_take_part(cartpole: Path, first: Path) -> None:
    (cartpole / "2026_11_23_182554711422_8_fcbfa" / "hermes.info").write_text("commit_hash:0\n")
    assert Experiment.load_all(cartpole).latest().identifier == "2026_11_23_182554711422_8_fcbfa"
    (first / "hermes.info").write_text("commit_hash:0\nstart_time:1900000000.0\n")
    assert Experiment.load_all(cartpole).latest().path_to_experiment == first


def test_there_is_no_latest_of_none() -> None:
    with pytest.raises(ValueError, match="cannot take the latest run of an empty list") as error:
        ExperimentList([]).latest()
    assert type(error.value) is NothingToChooseError


# A list


def test_it_is_made_from_any_experiments(four: ExperimentList) -> None:
    def chosen() -> Iterator[Experiment]:
        yield from four[:2]

    assert plain(ExperimentList(chosen())) == [four[0], four[1]]
    assert plain(ExperimentList(())) == []
    assert ExperimentList(chosen()).failed == ()


def test_items_and_slices(four: ExperimentList) -> None:
    a, b, c, d = four
    assert (four[0], four[-1]) == (a, d)
    assert plain(four[1:3]) == [b, c]
    assert plain(four[::-2]) == [d, b]
    assert plain(four[:0]) == []
    with pytest.raises(IndexError):
        _ = four[4]


def test_sums_are_lists_of_experiments(four: ExperimentList) -> None:
    a, b, c, d = four
    before = list(four)
    assert plain(four[:1] + four[2:]) == [a, c, d]
    assert plain(four[:1].__add__([b])) == [a, b]
    assert list(four) == before


@pytest.mark.parametrize("others", [["x"], "ab", [None]])
def test_sums_with_others_are_refused(four: ExperimentList, others: list[Experiment]) -> None:
    before = list(four)
    with pytest.raises(TypeError, match="expected Experiment objects"):
        _ = four + others
    with pytest.raises(TypeError, match="expected Experiment objects"):
        four += others
    assert list(four) == before


def test_adding_in_place_takes_any_iterable_of_experiments(four: ExperimentList) -> None:
    a, b, c, d = four
    same = some = four[:1]
    some += [b]
    some += iter((c, d))
    assert some is same
    assert plain(some) == [a, b, c, d]


def test_a_list_can_be_added_to_itself(four: ExperimentList) -> None:
    some = four[:2]
    some += some
    assert plain(some) == [four[0], four[1]] * 2
    some.extend(some)
    assert len(some) == 8


@pytest.mark.parametrize(
    "again",
    [
        ExperimentList.copy,
        copy.copy,
        copy.deepcopy,
        lambda runs: pickle.loads(pickle.dumps(runs)),
        lambda runs: pickle.loads(pickle.dumps(runs, protocol=0)),
        ExperimentList,
        lambda runs: runs[:],
        lambda runs: runs.__add__([]),
    ],
    ids=["copy", "copy.copy", "deepcopy", "pickle", "old pickle", "constructor", "slice", "sum"],
)
def test_copies_are_equal_and_changing_one_leaves_the_other(
    four: ExperimentList, again: Callable[[ExperimentList], ExperimentList]
) -> None:
    before = list(four)
    other = again(four)
    assert plain(other) == before
    assert other.failed == (FAILED,)
    assert [exp.run for exp in other] == [exp.run for exp in four]
    other.pop()
    other.failed = ()
    assert (list(four), four.failed) == (before, (FAILED,))


def test_only_a_deep_copy_has_experiments_of_its_own(four: ExperimentList) -> None:
    assert four.copy()[0] is four[0]
    assert copy.copy(four)[0] is four[0]
    assert copy.deepcopy(four)[0] is not four[0]


def test_it_sorts_and_turns_and_counts_as_lists_do(four: ExperimentList) -> None:
    a, b, c, d = four
    four.sort(key=lambda exp: exp.scores().mean())
    assert [exp.scores().mean() for exp in four] == sorted(exp.scores().mean() for exp in (a, b, c, d))
    four.sort(key=Experiment.get_identifier, reverse=True)
    assert plain(four) == [d, c, b, a]
    four.reverse()
    assert plain(four) == [a, b, c, d]
    four.remove(b)
    del four[:1]
    assert (four.index(d), four.count(d), a in four, four == [c, d]) == (1, 1, False, True)


def test_experiments_can_be_put_in_everywhere(four: ExperimentList) -> None:
    a, b, c, d = four
    some = four[:1]
    some.append(b)
    some.extend([c])
    some.insert(0, d)
    assert plain(some) == [d, a, b, c]
    some[0] = a
    some[1:3] = (d, d, d)
    some[-1:] = iter([b])
    some[::2] = [c, c, c]
    assert plain(some) == [c, d, c, d, c]


WRONG: list[Callable[[ExperimentList], object]] = [
    lambda runs: ExperimentList(["x"]),  # type: ignore[list-item]
    lambda runs: ExperimentList("runs"),  # type: ignore[arg-type]
    lambda runs: ExperimentList(3),  # type: ignore[arg-type]
    lambda runs: ExperimentList(runs[0]),  # type: ignore[arg-type]
    lambda runs: runs.append("x"),  # type: ignore[arg-type]
    lambda runs: runs.append(runs),  # type: ignore[arg-type]
    lambda runs: runs.extend([runs[0], None]),  # type: ignore[list-item]
    lambda runs: runs.extend(None),  # type: ignore[arg-type]
    lambda runs: runs.insert(0, "x"),  # type: ignore[arg-type]
    lambda runs: runs.__setitem__(0, "x"),  # type: ignore[call-overload]
    lambda runs: runs.__setitem__(slice(1, 2), [runs[0], 3]),  # type: ignore[list-item]
    lambda runs: runs.__setitem__(slice(1, 2), 3),  # type: ignore[call-overload]
    lambda runs: runs.__iadd__([runs[0], 3]),  # type: ignore[list-item]
    lambda runs: runs.__iadd__(3),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("put", WRONG)
def test_anything_else_is_refused_and_nothing_has_changed(
    four: ExperimentList, put: Callable[[ExperimentList], object]
) -> None:
    before = list(four)
    with pytest.raises(TypeError, match="expected (several )?Experiment objects, got") as error:
        put(four)
    assert type(error.value) is WrongTypeError
    assert list(four) == before
    assert four.failed == (FAILED,)


def test_an_index_out_of_range_changes_nothing(four: ExperimentList) -> None:
    before = list(four)
    with pytest.raises(IndexError):
        four[9] = four[0]
    with pytest.raises(ValueError, match="extended slice"):
        four[::2] = [four[0]]
    assert list(four) == before


# What could not be read


def test_what_could_not_be_read_is_carried_along(four: ExperimentList) -> None:
    assert four.failed == (FAILED,)
    assert four.filter_by_exec_args("--doubledqn").failed == (FAILED,)
    assert four[:0].failed == (FAILED,)
    assert four.copy().failed == (FAILED,)
    assert ExperimentList(four).failed == (FAILED,)
    assert four[:1].__add__([four[1]]).failed == (FAILED,)


def test_what_could_not_be_read_of_two_lists_adds_up(four: ExperimentList) -> None:
    other = UnreadableRun(Path("/runs/y"), "gone")
    more = ExperimentList([], failed=[other])
    assert (four + more).failed == (FAILED, other)
    assert (more + four).failed == (other, FAILED)
    assert ExperimentList(four, failed=[other]).failed == (FAILED, other)
    more += four
    assert more.failed == (other, FAILED)
    assert four.failed == (FAILED,)


def test_what_could_not_be_read_is_named_once(four: ExperimentList) -> None:
    parts = four.filter_by_exec_args("-lr 0.001") + four.filter_by_exec_args("-lr 0.0003")
    assert len(parts) == 4
    assert parts.failed == (FAILED,)


def test_arguments_that_cannot_be_read_are_an_error_of_the_filter(cartpole: Path) -> None:
    runs = Experiment.load_all(cartpole)
    (runs[1].path_to_experiment / "exec_arguments").unlink()
    (runs[1].path_to_experiment / "exec_arguments").mkdir()
    for _ in range(2):
        with pytest.raises(ArgumentsError, match="expected a regular file") as error:
            runs.filter_by_exec_args("--seed 0")
        assert error.value.path == runs[1].path_to_experiment / "exec_arguments"
    (runs[1].path_to_experiment / "exec_arguments").rmdir()
    assert len(runs.filter_by_exec_args("--seed 0")) == 2
