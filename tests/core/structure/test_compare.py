from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any

import attrs
import numpy as np
import pytest
from hypothesis import given, strategies as st

from pyhermes import Experiment
from pyhermes.core import (
    ExecArgs,
    HermesError,
    Replicate,
    ReplicateGroup,
    WrongTypeError,
    diff,
    group_by_replicate,
    load_run,
    parse_exec_args,
    varying,
    with_arguments,
)
from pyhermes.core.messages import shown
from pyhermes.core.structure.compare import hashable_key, hashable_values, named_values, without_replicates

NAN = float("nan")


class Algorithm(Enum):
    DQN = "dqn"


class Level(IntEnum):
    HIGH = 1


@attrs.frozen
class Adam:
    lr: float
    seed: Annotated[int, Replicate] = 0
    betas: tuple[float, ...] = (0.9, 0.999)


@attrs.frozen
class Args:
    lr: float
    seed: Annotated[int, Replicate()] = 0
    layers: list[int] = attrs.Factory(list)
    opt: Adam | None = None
    derived: int = attrs.field(init=False, default=3)


@attrs.frozen
class Plain:
    """Arguments without a replicate."""

    lr: float


@attrs.frozen
class Job:
    """Something with arguments in a class, that knows nothing of pyhermes."""

    args: object
    name: str = ""


def jobs(*args: object) -> list[Job]:
    return [Job(each, str(place)) for place, each in enumerate(args)]


# Whatever has arguments


def test_the_arguments_of_whatever_has_some(first: Path) -> None:
    run = with_arguments(load_run(first))
    values = run.arguments.values
    assert values["-lr"] == 0.001
    assert named_values(values) is values
    assert named_values(run.arguments) == named_values(run) == named_values(Experiment.load(first)) == values
    assert named_values(Job(run.arguments)) == values
    assert named_values(Job(Args(0.1, opt=Adam(0.2)))) == {
        "lr": 0.1,
        "seed": 0,
        "layers": [],
        "opt.lr": 0.2,
        "opt.seed": 0,
        "opt.betas": (0.9, 0.999),
    }


@attrs.frozen
class Command:
    """A class of arguments with a field that is called as what holds arguments elsewhere."""

    args: tuple[str, ...]
    arguments: int = 0


def test_a_class_of_arguments_may_have_a_field_of_that_name() -> None:
    assert named_values(Job(Command(("a",)))) == {"args": ("a",), "arguments": 0}


def test_only_the_arguments_that_are_taken_are_looked_at() -> None:
    class Broken:
        args = Plain(0.1)

        @property
        def arguments(self) -> ExecArgs:
            raise AssertionError("it was read")

    assert named_values(Broken()) == {"lr": 0.1}


@pytest.mark.parametrize(
    "item", [None, 3, "--lr 0.1", ["--lr 0.1"], Job(None), Job({"lr": 1}), object, Plain]
)
def test_what_has_no_arguments(item: Any) -> None:
    for compare in (lambda: named_values(item), lambda: varying([{}, item]), lambda: diff({}, item)):
        with pytest.raises(WrongTypeError, match="expected something with arguments") as error:
            compare()
        assert str(error.value).endswith(f"got {shown(item)}")
        assert isinstance(error.value, TypeError)


def test_a_record_of_a_run_without_its_arguments_has_none(first: Path) -> None:
    run = load_run(first)
    with pytest.raises(WrongTypeError, match="expected something with arguments"):
        diff(run, run)  # type: ignore[arg-type]


# How they differ


def test_what_varies_is_told_in_the_order_it_comes() -> None:
    runs = [{"b": 1, "a": 1, "c": 1}, {"d": 1, "a": 2, "b": 1}, {"b": 1, "a": 1, "c": 1}]
    assert varying(runs) == ("a", "c", "d")
    assert varying(iter(runs)) == ("a", "c", "d")
    assert varying([]) == varying(runs[:1]) == varying([{}, {}]) == ()


def test_a_difference_has_both_values_in_the_order_of_the_first() -> None:
    a, b = {"b": 1, "a": [1], "c": 1}, {"d": True, "a": [1, 2], "b": 1}
    assert diff(a, b) == {"a": ([1], [1, 2]), "c": (1, None), "d": (None, True)}
    assert list(diff(a, b)) == ["a", "c", "d"]
    assert list(diff(b, a)) == ["d", "a", "c"]
    assert diff(a, a) == {}


def test_real_runs(cartpole: Path) -> None:
    runs = [with_arguments(load_run(path)) for path in sorted(cartpole.iterdir())]
    assert varying(runs) == ("-lr", "--seed", "--doubledqn", "--gradclip", "--layers")
    assert varying(runs[:2]) == ("-lr",)
    assert diff(runs[0], runs[1]) == {"-lr": (0.001, 0.0003)}
    assert diff(runs[1], runs[2]) == {
        "-lr": (0.0003, 0.001),
        "--doubledqn": (None, True),
        "--gradclip": (None, True),
        "--layers": (None, [32, 32]),
    }
    assert diff(runs[0], runs[0].arguments.values) == {}


def test_things_of_several_kinds_can_be_compared() -> None:
    text = parse_exec_args("--lr 0.1\n--seed 1")
    assert diff(text, {"--lr": 0.1, "--seed": 2}) == {"--seed": (1, 2)}
    assert varying([Job(Plain(0.1)), {"lr": 0.1}, Job(text)]) == ("lr", "--lr", "--seed")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (NAN, math.nan),
        (NAN, np.float64("nan")),
        ([1, NAN], (1.0, float("nan"))),
        ({NAN, 1}, frozenset({1, float("nan")})),
        (1, 1.0),
        (0.0, -0.0),
        (1, Level.HIGH),
        (0.5, np.float64(0.5)),
        (True, np.bool_(True)),
        ([[1], [2, [3]]], ((1,), (2, (3,)))),
        ([True], (True,)),
        ({1, 2}, frozenset({2, 1})),
        (None, None),
        (Algorithm.DQN, Algorithm.DQN),
        (Path("a/b"), Path("a//b")),
        (Adam(0.1), Adam(0.1)),
    ],
)  # fmt: skip
def test_values_that_are_the_same(a: object, b: object) -> None:
    assert len({hashable_key(a), hashable_key(b)}) == 1
    assert diff({"x": a}, {"x": b}) == {}
    assert varying([{"x": a}, {"x": b}]) == ()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (True, 1),
        (True, False),
        ([True], [False]),
        (False, 0.0),
        (True, np.int64(1)),
        ([True], [1]),
        ({True}, {1}),
        (True, "True"),
        (1, "1"),
        (NAN, "nan"),
        (NAN, None),
        (NAN, 0.0),
        (None, False),
        ([], None),
        ([], ""),
        ([1], 1),
        ([1, 2], [2, 1]),
        ([1, 2], {1, 2}),
        ("dqn", Algorithm.DQN),
        ("a", Path("a")),
        (["a", "b"], "ab"),
        (b"a", "a"),
        (True, (bool, "True")),
        (NAN, (float, "nan")),
        ([1], (tuple, (1,))),
    ],
)  # fmt: skip
def test_values_that_are_not_the_same(a: object, b: object) -> None:
    assert len({hashable_key(a), hashable_key(b)}) == 2
    assert set(diff({"x": a}, {"x": b})) == {"x"}
    assert varying([{"x": a}, {"x": b}]) == ("x",)


def test_having_no_argument_is_not_having_none() -> None:
    assert diff({"x": None}, {}) == {"x": (None, None)}
    assert varying([{}, {"x": None}]) == ("x",)
    assert varying([{"x": None}, {"x": None}]) == ()


@pytest.mark.parametrize("value", [{"a": 1}, np.zeros(2), bytearray(b"a"), [{"a": 1}], ({},)])
def test_values_without_a_hash(value: object) -> None:
    for compare in (
        lambda: hashable_key(value),
        lambda: hashable_values({"x": value}),
        lambda: varying([{"x": value}]),
        lambda: diff({"x": value}, {}),
        lambda: group_by_replicate(jobs(Plain(value))),  # type: ignore[arg-type]
    ):
        with pytest.raises(WrongTypeError, match="expected a value that can be hashed, got") as error:
            compare()
        assert "None" not in str(error.value)
        assert isinstance(error.value, TypeError | HermesError)


# Replicates


def test_runs_that_differ_only_in_their_seed_are_together() -> None:
    runs = jobs(Args(0.1, 0), Args(0.2, 0), Args(0.1, 1), Args(0.2, 1), Args(0.1, 2))
    assert group_by_replicate(iter(runs)) == (
        ReplicateGroup({"lr": 0.1, "layers": [], "opt": None}, (runs[0], runs[2], runs[4]), ()),
        ReplicateGroup({"lr": 0.2, "layers": [], "opt": None}, (runs[1], runs[3]), ()),
    )


def test_no_runs_and_no_groups() -> None:
    assert group_by_replicate([]) == ()


def test_a_replicate_in_a_nested_class() -> None:
    runs = jobs(
        Args(0.1, opt=Adam(1.0, 0)), Args(0.1, opt=Adam(1.0, 1)), Args(0.1, opt=Adam(2.0, 0)), Args(0.1)
    )
    groups = group_by_replicate(runs)
    assert [group.runs for group in groups] == [(runs[0], runs[1]), (runs[2],), (runs[3],)]
    assert groups[0].args_without_replicates == {
        "lr": 0.1,
        "layers": [],
        "opt.lr": 1.0,
        "opt.betas": (0.9, 0.999),
    }


@attrs.frozen
class Seeds:
    env: int
    net: int = 0


@attrs.frozen
class Seeded:
    lr: float
    seeds: Annotated[Seeds, Replicate] = Seeds(0)
    extra: Annotated[Seeds | None, Replicate] = None


def test_a_nested_class_that_is_a_replicate_as_a_whole() -> None:
    runs = jobs(Seeded(0.1, Seeds(0)), Seeded(0.1, Seeds(1)), Seeded(0.1, Seeds(0, 3)))
    (group,) = group_by_replicate(runs)
    assert group.runs == tuple(runs)
    assert group.duplicates == ()
    assert "seeds.env" not in group.args_without_replicates


def test_a_replicate_that_is_a_nested_class_or_nothing() -> None:
    runs = jobs(Seeded(0.1), Seeded(0.1, extra=Seeds(1)))
    assert without_replicates(runs[0].args) == without_replicates(runs[1].args) == {"lr": 0.1}
    assert [group.runs for group in group_by_replicate(runs)] == [tuple(runs)]


def test_runs_that_do_not_differ_at_all_are_duplicates() -> None:
    runs = jobs(
        Args(0.1, 0), Args(0.1, 1), Args(0.1, 0), Args(0.1, 2), Args(0.1, 1), Args(0.1, 0), Args(0.2, 0)
    )
    big, small = group_by_replicate(runs)
    assert big.runs == tuple(runs[:6])
    assert big.duplicates == ((runs[0], runs[2], runs[5]), (runs[1], runs[4]))
    assert (small.runs, small.duplicates) == ((runs[6],), ())


def test_without_a_replicate_every_run_is_the_only_one_or_a_duplicate() -> None:
    runs = jobs(Plain(0.1), Plain(0.2), Plain(0.1))
    assert group_by_replicate(runs) == (
        ReplicateGroup({"lr": 0.1}, (runs[0], runs[2]), ((runs[0], runs[2]),)),
        ReplicateGroup({"lr": 0.2}, (runs[1],), ()),
    )


def test_nan_and_lists_do_not_part_a_group() -> None:
    runs = jobs(Args(NAN, 0, [1]), Args(float("nan"), 1, [1]), Args(NAN, 1, [2]))
    assert [group.runs for group in group_by_replicate(runs)] == [(runs[0], runs[1]), (runs[2],)]


def test_a_flag_and_a_number_part_a_group() -> None:
    assert len(group_by_replicate(jobs(Plain(True), Plain(1)))) == 2


def test_what_a_group_shares_cannot_be_changed() -> None:
    (group,) = group_by_replicate(jobs(Plain(0.1)))
    with pytest.raises(TypeError):
        group.args_without_replicates["lr"] = 0.2  # type: ignore[index]
    with pytest.raises(AttributeError):
        group.runs = ()  # type: ignore[misc]


def test_groups_survive_pickle_and_deepcopy() -> None:
    (group,) = group_by_replicate(jobs(Args(0.1, 0), Args(0.1, 1)))
    assert pickle.loads(pickle.dumps(group)) == group == copy.deepcopy(group)


def test_arguments_in_no_class_cannot_be_grouped() -> None:
    with pytest.raises(TypeError, match="expected an attrs class") as error:
        group_by_replicate(jobs({"lr": 0.1}))
    assert isinstance(error.value, HermesError)


# Laws

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-2, 2),
    st.floats(width=16),
    st.sampled_from(["", "1", "True", "nan"]),
    st.none(),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=2), st.tuples(inner)), max_leaves=4
)
ARGUMENTS: st.SearchStrategy[Mapping[str, object]] = st.dictionaries(
    st.sampled_from("abcd"), VALUES, max_size=4
)


def same(a: object, b: object) -> bool:
    """By definition: a bool is no number, NaN is itself, a list is a tuple."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return a == b or (a != a and b != b)


@given(ARGUMENTS, ARGUMENTS)
def test_a_difference_is_empty_where_everything_is_the_same(
    a: Mapping[str, object], b: Mapping[str, object]
) -> None:
    everything = a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    assert (diff(a, b) == {}) == everything
    assert diff(a, a) == {}


@given(ARGUMENTS, ARGUMENTS)
def test_the_difference_the_other_way_has_the_values_swapped(
    a: Mapping[str, object], b: Mapping[str, object]
) -> None:
    there, back = diff(a, b), diff(b, a)
    assert there.keys() == back.keys() == set(varying([a, b]))
    assert all(there[name][0] is back[name][1] and there[name][1] is back[name][0] for name in there)


@given(st.lists(ARGUMENTS, max_size=4))
def test_what_varies_among_all_differs_between_some_two(runs: list[Mapping[str, object]]) -> None:
    found = varying(runs)
    assert set(found) == {name for a in runs for b in runs for name in diff(a, b)}
    assert len(found) == len(set(found))
    assert varying(runs[:1]) == varying(runs[:1] * 3) == ()


def _args() -> Iterator[Args]:
    yield from (
        Args(lr, seed, layers, opt)
        for lr in (NAN, 0.1)
        for seed in (0, 1)
        for layers in ([], [1])
        for opt in (None, Adam(NAN, seed), Adam(0.1, 3))
    )


@given(st.lists(st.sampled_from(list(_args())), max_size=12))
def test_groups_part_the_runs(args: list[Args]) -> None:
    runs = jobs(*args)
    groups = group_by_replicate(runs)
    assert sorted(run.name for group in groups for run in group.runs) == sorted(run.name for run in runs)
    assert [group.runs[0].name for group in groups] == sorted(
        (group.runs[0].name for group in groups), key=int
    )
    for group in groups:
        assert {name.rpartition(".")[2] for name in varying(group.runs)} <= {"seed"}
        assert all(diff(a, b) == {} for same_runs in group.duplicates for a in same_runs for b in same_runs)
        distinct = len(group.runs) - sum(len(same_runs) - 1 for same_runs in group.duplicates)
        assert distinct == len({repr(run.args) for run in group.runs})
