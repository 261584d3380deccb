from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given, strategies as st

from pyhermes.core import (
    ExecArgs,
    HermesError,
    NothingToChooseError,
    WrongTypeError,
    filter_by_args,
    group_by,
    latest,
    load_run,
    sort_by,
    with_arguments,
)
from pyhermes.core.runs.select import filter_by_loaded_args, require_all, select_type


@attrs.frozen
class Job:
    """Something with arguments that knows nothing of pyhermes."""

    identifier: str
    exec_args: frozenset[str] = frozenset()
    start_time: datetime | None = None


A = Job("a", frozenset({"--x", "--seed 1"}))
B = Job("b", frozenset({"--x", "--seed 2"}))
C = Job("c", frozenset({"--seed 1"}))


def test_all_of_the_arguments_are_wanted_and_the_order_is_kept() -> None:
    assert filter_by_args([B, A, C], ["--x"]) == (B, A)
    assert filter_by_args([B, A, C], {"--x", "--seed 1"}) == (A,)
    assert filter_by_args([A, B], ["--seed"]) == ()


def test_an_exact_match_is_a_match_and_no_argument_keeps_everything() -> None:
    assert filter_by_args([A, C], ["--seed 1"]) == (A, C)
    assert filter_by_args([A, C], []) == (A, C)


def test_any_iterable_will_do() -> None:
    def jobs() -> Iterator[Job]:
        yield from (A, B)

    assert filter_by_args(jobs(), iter(["--seed 2"])) == (B,)


def test_records_of_runs_can_be_filtered(first: Path) -> None:
    run = with_arguments(load_run(first))
    assert filter_by_args([run], ["--seed 0"]) == (run,)
    assert filter_by_args([run.arguments], ["--seed 1"]) == ()
    assert latest([run]) is run


@pytest.mark.parametrize("args", ["--x", [3], ["--x", None]])
def test_what_are_no_arguments(args: list[str]) -> None:
    with pytest.raises(TypeError, match="expected") as error:
        filter_by_args([A], args)
    assert isinstance(error.value, WrongTypeError)


def test_latest() -> None:
    early, late = Job("z", start_time=datetime(2020, 1, 1)), Job("a", start_time=datetime(2021, 1, 1))
    twin = Job("b", start_time=datetime(2021, 1, 1))
    unknown = Job("zz")
    assert latest([early, late, unknown]) is late
    assert latest([late, early]) is late
    assert latest([twin, late]) is latest([late, twin]) is twin
    assert latest(iter([unknown, Job("zy")])) is unknown


def test_latest_of_nothing() -> None:
    with pytest.raises(ValueError, match="of an empty list") as error:
        latest([])
    assert isinstance(error.value, NothingToChooseError | HermesError)


def test_items_are_ordered_by_a_key_and_equal_ones_keep_their_order() -> None:
    words = ["bb", "a", "cc", "", "dd", "e"]
    assert sort_by(words, len) == ("", "a", "e", "bb", "cc", "dd")
    assert sort_by(words, len, reverse=True) == ("bb", "cc", "dd", "a", "e", "")
    assert sort_by(iter(words), lambda word: word) == ("", "a", "bb", "cc", "dd", "e")
    assert sort_by(words, lambda word: (len(word), word), reverse=True) == ("dd", "cc", "bb", "e", "a", "")
    assert sort_by([], len) == ()


@pytest.mark.parametrize("missing", [None, math.nan, np.float64("nan"), np.float32("nan")])
def test_what_has_no_value_to_sort_by_comes_last_in_its_order(missing: float | None) -> None:
    values = {"a": missing, "b": 2.0, "c": missing, "d": 1.0, "e": missing, "f": 3.0, "g": missing}
    assert sort_by(values, values.__getitem__) == tuple("dbfaceg")
    assert sort_by(values, values.__getitem__, reverse=True) == tuple("fbdaceg")
    assert sort_by("ab", lambda _: missing) == ("a", "b")


def test_a_single_value_need_not_be_comparable() -> None:
    assert sort_by(["a", "b"], lambda item: 1j if item == "a" else None) == ("a", "b")  # type: ignore[arg-type, return-value]


def test_values_that_cannot_be_compared() -> None:
    incomparable: list[list[object]] = [
        [1, "a"],
        [1j, 2j],
        [{}, {}],
        [(1, None), (1, 2)],
        [np.zeros(2), np.ones(2)],
    ]
    for values in incomparable:
        with pytest.raises(WrongTypeError, match="expected values that can be compared") as error:
            sort_by(values, lambda value: value)  # type: ignore[arg-type, return-value]
        assert isinstance(error.value, TypeError)


def test_the_key_s_own_errors_are_left_alone() -> None:
    def key(item: str) -> int:
        raise TypeError(f"no key for {item}")

    for choose in (lambda: sort_by(["a"], key), lambda: group_by(["a"], key)):
        with pytest.raises(TypeError, match="^no key for a$") as error:
            choose()
        assert not isinstance(error.value, HermesError)


def test_groups_and_items_are_in_the_order_they_come() -> None:
    groups = group_by(iter(["bb", "a", "cc", "", "e"]), len)
    assert groups == {2: ("bb", "cc"), 1: ("a", "e"), 0: ("",)}
    assert list(groups) == [2, 1, 0]
    assert group_by([], len) == {}
    assert group_by(["a", "b"], lambda _: None) == {None: ("a", "b")}
    assert group_by([1, 2, 3], lambda number: (number > 1, "x")) == {(False, "x"): (1,), (True, "x"): (2, 3)}


@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_nan_is_one_group(kind: type[float]) -> None:
    groups = group_by(range(4), lambda number: kind("nan") if number % 2 else kind(0.5))
    assert list(groups.values()) == [(0, 2), (1, 3)]
    assert groups[0.5] == (0, 2)
    assert groups[math.nan] == (1, 3)


@pytest.mark.parametrize("value", [[1], {1}, {}, np.zeros(2), (1, [2])])
def test_what_cannot_be_a_key_of_a_dict(value: object) -> None:
    with pytest.raises(WrongTypeError, match="expected values that can be hashed to group by, got") as error:
        group_by([1], lambda _: value)
    assert str(error.value).endswith(f"got {value!r}")
    assert isinstance(error.value, TypeError)


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-3, 3)), max_size=10), st.booleans())
def test_sorting_loses_nothing_and_orders_all_that_has_a_value(
    values: list[float | None], reverse: bool
) -> None:
    places = sort_by(range(len(values)), values.__getitem__, reverse=reverse)
    assert sorted(places) == list(range(len(values)))
    present = [value for place in places if (value := values[place]) is not None and value == value]
    assert present == sorted(present, reverse=reverse)
    rest = places[len(present) :]
    assert list(rest) == sorted(rest)
    assert sort_by(places, values.__getitem__, reverse=reverse) == places


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-3, 3)), max_size=10))
def test_groups_part_the_items(values: list[float | None]) -> None:
    groups = group_by(enumerate(values), lambda pair: pair[1])
    assert sorted(place for group in groups.values() for place, _ in group) == list(range(len(values)))
    assert all(list(group) == sorted(group, key=lambda pair: pair[0]) for group in groups.values())
    assert len(groups) == len({math.nan if value != value else value for value in values})


def test_an_error_of_the_arguments_is_not_taken_for_arguments_that_are_not_read() -> None:
    class Broken:
        @property
        def loaded_arguments(self) -> ExecArgs | None:
            raise AttributeError("broken")

    def load(_: object) -> None:
        raise AssertionError("nothing has to be read")

    with pytest.raises(AttributeError, match="^broken$"):
        filter_by_loaded_args([Broken()], ["--x"], load)


def test_items_of_one_class_are_selected() -> None:
    assert select_type([1, "a", True, None], int) == [1, True]
    assert select_type([], int) == []


def test_only_items_of_one_class() -> None:
    assert require_all(iter([1, True]), int) == [1, True]
    for items, message in (
        (3, "expected several int objects, got 3"),
        (None, "expected several int objects, got None"),
        ([1, "a"], "expected int objects, got 'a'"),
        ("ab", "expected int objects, got 'a'"),
    ):
        with pytest.raises(WrongTypeError) as error:
            require_all(items, int)
        assert str(error.value) == message


@pytest.mark.parametrize("items", [3, None, ["a", 1], "ab"])
def test_what_are_not_several_of_one_class(items: object) -> None:
    with pytest.raises(WrongTypeError, match="expected"):
        require_all(items, int)
    assert require_all(iter([1, True]), int) == [1, True]
