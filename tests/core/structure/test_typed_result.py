from __future__ import annotations

import copy
import pickle
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum, IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal, NewType, Optional

import attrs
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from pyhermes.core import (
    FieldError,
    HermesError,
    Key,
    ResultError,
    ResultProblem,
    ResultRecord,
    ResultValue,
    Shape,
    WrongTypeError,
    load_result,
    structure_result,
)
from pyhermes.core.typing import PlainKey
from tests.conftest import EXAMPLES, FIRST, TAXI
from tests.property import strategies

FLOATS = np.array([0.5, 0.25])
COUNTS = np.array([3, 4])


class Algorithm(Enum):
    DQN = "dqn"
    DDQN = "ddqn"


class Level(IntEnum):
    LOW = 1
    HIGH = 3


Reward = NewType("Reward", float)


def class_of(annotation: object, **options: Any) -> type[Any]:
    """An attrs class with one field, `x`."""
    annotation = type(None) if annotation is None else annotation  # which attrs takes for no annotation
    return attrs.make_class("Metrics", {"x": attrs.field(type=annotation, **options)}, frozen=True)  # type: ignore[call-overload]


def read(value: ResultValue, annotation: object) -> object:
    """What a value under the key `x` is read as."""
    found: object = structure_result(ResultRecord({"x": value}), class_of(annotation)).x
    return found


def read_array(value: ResultValue, annotation: object) -> NDArray[np.generic]:
    found = read(value, annotation)
    assert isinstance(found, np.ndarray)
    return found


def problems_of(values: Mapping[str, ResultValue], cls: type) -> tuple[ResultProblem, ...]:
    with pytest.raises(ResultError) as error:
        structure_result(ResultRecord(values), cls)
    assert isinstance(error.value, ValueError)
    return error.value.problems


def problem_of(value: ResultValue, annotation: object) -> ResultProblem:
    """What is wrong with a value under the key `x`."""
    (problem,) = problems_of({"x": value}, class_of(annotation))
    return problem


# Real results


@attrs.frozen
class Cartpole:
    returns: Annotated[NDArray[np.float64], Key("return"), Shape("episodes")]
    solved: Annotated[NDArray[np.bool_], Shape("episodes")]
    loss: Annotated[NDArray[np.float64], Shape("updates")]
    q_at_origin: Annotated[NDArray[np.float32], Shape("tests", 2)]
    note: str = "none"


def test_a_real_result() -> None:
    record = load_result(next((EXAMPLES / "runs" / FIRST).glob("*.result")))
    metrics = structure_result(record, Cartpole)
    assert metrics.returns is record.values["return"]
    assert metrics.solved is record.values["solved"]
    assert metrics.q_at_origin is record.values["q_at_origin"]
    assert metrics.note == "none"


def test_another_run_s_result_has_all_that_does_not_fit_in_one_error() -> None:
    record = load_result(next((EXAMPLES / "runs" / TAXI).glob("*.result")))
    with pytest.raises(ResultError) as error:
        structure_result(record, Cartpole)
    assert [problem.key for problem in error.value.problems] == ["solved", "loss", "q_at_origin"]


# Problems


@attrs.frozen
class Test:
    __test__ = False

    score: float
    at: Annotated[int, Key("step")]


@attrs.frozen
class Everything:
    returns: Annotated[NDArray[np.float64], Key("return"), Shape("episodes")]
    steps: Annotated[NDArray[np.int64], Shape("episodes")]
    q: Annotated[NDArray[np.float32], Shape("tests", 2)]
    best: int
    algorithm: Algorithm
    test: Test
    notes: tuple[str, ...] = ()


GOOD: dict[str, ResultValue] = {
    "return": [1, 2],
    "steps": [3, 4],
    "q": np.zeros((5, 2), "f4"),
    "best": 2,
    "algorithm": "dqn",
    "test": {"score": 1, "step": 7, "more": None},
    "notes": ["a", "b"],
    "other": {"passed": "over"},
}


def test_everything_that_fits() -> None:
    found = structure_result(ResultRecord(GOOD), Everything)
    assert found.returns.tolist() == [1.0, 2.0]
    assert found.returns.dtype == np.float64
    assert found.steps.tolist() == [3, 4]
    assert found.q.shape == (5, 2)
    assert (found.best, found.algorithm, found.notes) == (2, Algorithm.DQN, ("a", "b"))
    assert found.test == Test(score=1.0, at=7)


def test_every_problem_is_told_at_once_and_in_the_order_of_the_fields() -> None:
    record = ResultRecord(
        {
            "return": ["low", "high"],
            "steps": [0.5],
            "q": np.zeros((5, 3), "f4"),
            "algorithm": "sac",
            "test": {"score": None},
            "notes": "a",
        }
    )
    with pytest.raises(ResultError) as error:
        structure_result(record, Everything)
    assert error.value.problems == (
        ResultProblem("returns", "return", "NDArray[float64] of shape (episodes,)", "('low', 'high')"),
        ResultProblem(
            "steps",
            "steps",
            "NDArray[int64] of shape (episodes,)",
            "an array of float64 of shape (1,)",
        ),
        ResultProblem("q", "q", "shape (tests, 2)", "shape (5, 3)"),
        ResultProblem("best", "best", "int", None),
        ResultProblem("algorithm", "algorithm", "Algorithm ('dqn', 'ddqn')", "'sac'"),
        ResultProblem("test.score", "score", "float", "None"),
        ResultProblem("test.at", "step", "int", None),
        ResultProblem("notes", "notes", "tuple[str, ...]", "'a'"),
    )
    assert str(error.value).split("\n")[1:] == [f"  {problem}" for problem in error.value.problems]
    assert list(map(str, error.value.problems)) == [
        "returns: expected NDArray[float64] of shape (episodes,) under the key 'return', got ('low', 'high')",
        "steps: expected NDArray[int64] of shape (episodes,), got an array of float64 of shape (1,)",
        "q: expected shape (tests, 2), got shape (5, 3)",
        "best: expected int, got no such key",
        "algorithm: expected Algorithm ('dqn', 'ddqn'), got 'sac'",
        "test.score: expected float, got None",
        "test.at: expected int under the key 'step', got no such key",
        "notes: expected tuple[str, ...], got 'a'",
    ]


def test_an_error_says_how_many_problems_there_are_and_shows_no_control_characters() -> None:
    @attrs.frozen
    class Strange:
        x: Annotated[int, Key("\x1b[31m")]
        y: int

    with pytest.raises(ResultError) as error:
        structure_result(ResultRecord({"y": "\x1b[0m"}), Strange)
    assert isinstance(error.value, HermesError)
    assert error.value.path is None
    assert "Strange, got 2 " in str(error.value)
    assert "\x1b" not in str(error.value)


def test_a_long_value_is_cut_in_its_problem() -> None:
    assert len(str(problem_of("x" * 10_000, int))) < 150
    assert len(str(problem_of(list(map(str, range(10_000))), int))) < 150


def test_problems_are_values() -> None:
    problem = problem_of("a", int)
    assert problem == ResultProblem("x", "x", "int", "'a'")
    assert pickle.loads(pickle.dumps(problem)) == problem == copy.deepcopy(problem)
    assert hash(problem) == hash(copy.deepcopy(problem))
    with pytest.raises(AttributeError):
        problem.field = "y"  # type: ignore[misc]


# Keys and defaults


def test_other_keys_are_passed_over() -> None:
    assert structure_result(ResultRecord({"x": 1, "y": object.__name__}), class_of(int)).x == 1
    assert structure_result(ResultRecord({"x": 1}), attrs.make_class("Nothing", {})) is not None


def test_the_first_of_several_keys_counts_and_the_field_s_name_does_not() -> None:
    cls = class_of(Annotated[int, "a note", Key("a b"), Key("c")])
    assert structure_result(ResultRecord({"a b": 1, "c": 2, "x": 3}), cls).x == 1
    assert problems_of({"c": 2, "x": 3}, cls) == (ResultProblem("x", "a b", "int", None),)


def test_two_fields_may_share_a_key() -> None:
    @attrs.frozen
    class Twice:
        array: Annotated[NDArray[np.int64], Key("x")]
        numbers: Annotated[list[int], Key("x")]

    found = structure_result(ResultRecord({"x": [1, 2]}), Twice)
    assert found.array.tolist() == found.numbers == [1, 2]


def _length(self: Any) -> int:
    return len(self.steps)


@attrs.define(kw_only=True)
class WithDefaults:
    steps: list[int] = attrs.Factory(list)
    number: int = attrs.field(default=attrs.Factory(_length, takes_self=True))
    note: str | None = None
    _private: int = 3
    derived: object = attrs.field(init=False, default="never read")


def test_fields_without_a_key_take_their_defaults() -> None:
    record = ResultRecord({"derived": 1})
    assert structure_result(record, WithDefaults) == WithDefaults()
    assert structure_result(record, WithDefaults).steps is not structure_result(record, WithDefaults).steps
    assert structure_result(ResultRecord({"steps": [1, 2]}), WithDefaults).number == 2


def test_a_default_is_no_excuse_for_a_value_that_does_not_fit() -> None:
    assert problems_of({"steps": None, "note": 1}, WithDefaults) == (
        ResultProblem("steps", "steps", "list[int]", "None"),
        ResultProblem("note", "note", "str | None", "1"),
    )


def test_a_private_field_has_the_key_of_its_name() -> None:
    assert structure_result(ResultRecord({"_private": 7}), WithDefaults) == WithDefaults(private=7)


# Arrays


@pytest.mark.parametrize(
    ("value", "annotation", "dtype"),
    [
        ([1, 2], NDArray[np.float64], "f8"),
        ([1, 2], NDArray[np.int64], "i8"),
        ([1, 2], NDArray[np.longdouble], "g"),
        ([1, 2], np.ndarray[tuple[int], np.dtype[np.float64]], "f8"),
        ([1, 2], np.ndarray[Any, np.dtype[np.int64]], "i8"),
        ([0.5], NDArray[np.float64], "f8"),
        ([0.5], NDArray[np.longdouble], "g"),
        ([0.5], Annotated[Annotated[NDArray[np.float64], "inner"], "outer"], "f8"),
        ([0.5], NDArray[Any], "f8"),
        ([0.5], NDArray[np.generic], "f8"),
        ([0.5], np.ndarray, "f8"),
        ([0.5], npt.NDArray, "f8"),
        ([0.5], NDArray[np.float64 | np.bool_], "f8"),
        ([0.5], NDArray[float], "f8"),
        ([True], NDArray[np.float64 | np.bool_], "?"),
        ([1], NDArray[np.float64 | np.int64], "i8"),
        ([1], NDArray[np.bool_ | np.float64], "f8"),
        ([True], NDArray[np.bool_], "?"),
        ([True], NDArray[Any], "?"),
        (np.zeros(2, "f4"), NDArray[np.float64], "f8"),
        (np.zeros(2, "f4"), NDArray[np.float32], "f4"),
        (np.zeros(2, "f2"), NDArray[np.float32], "f4"),
        (np.zeros(2, "f4"), NDArray[np.floating], "f4"),
        (np.zeros(2, "f2"), NDArray[np.floating[Any]], "f2"),
        (np.zeros(2, "i4"), NDArray[np.floating], "f8"),
        (np.zeros(2, "i4"), NDArray[np.inexact], "f8"),
        (np.zeros(2, "u1"), NDArray[np.integer], "u1"),
        (np.zeros(2, "u1"), NDArray[np.unsignedinteger], "u1"),
        (np.zeros(2, "u1"), NDArray[np.number], "u1"),
        (np.zeros(2, "u1"), NDArray[np.int16], "i2"),
        (np.zeros(2, "u1"), NDArray[np.uint64], "u8"),
        (np.zeros(2, "i2"), NDArray[np.float32], "f4"),
        (np.zeros(2, "u8"), NDArray[np.uint64], "u8"),
        (np.zeros(2, "u8"), NDArray[np.float64], "f8"),
        (np.zeros(2, "c8"), NDArray[np.complex128], "c16"),
        (np.zeros(2, "c8"), NDArray[np.complexfloating], "c8"),
        (np.zeros(2, "M8[s]"), NDArray[np.datetime64], "M8[s]"),
        (np.zeros(2, "m8[s]"), NDArray[np.timedelta64], "m8[s]"),
        (np.array(1.5), NDArray[np.float64], "f8"),
        (torch.ones(2, dtype=torch.bfloat16), NDArray[np.float64], "f8"),
    ],
)  # fmt: skip
def test_an_array_of_a_type_or_of_one_that_widens_to_it(
    value: ResultValue, annotation: object, dtype: str
) -> None:
    found = read_array(value, annotation)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, ResultRecord({"x": value}).values["x"])


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ([0.5], NDArray[np.float32]),
        ([0.5], NDArray[np.int64]),
        ([2.0], NDArray[np.int64]),
        ([0.5], NDArray[np.bool_]),
        ([0.5], NDArray[np.complex128]),
        ([True], NDArray[np.float64]),
        ([True], NDArray[np.int64]),
        ([True], NDArray[np.floating]),
        ([1], NDArray[np.bool_]),
        ([1], NDArray[np.float32]),
        ([1], NDArray[np.int32]),
        ([1], NDArray[np.uint64]),
        ([1], NDArray[np.datetime64]),
        (np.zeros(2, "u8"), NDArray[np.int64]),
        (np.zeros(2, "i1"), NDArray[np.uint8]),
        (np.zeros(2, "c8"), NDArray[np.float64]),
        (np.zeros(2, "M8[s]"), NDArray[np.int64]),
        (np.zeros(2, "m8[s]"), NDArray[np.int64]),
        (np.zeros(2, "M8[s]"), NDArray[np.float64]),
        ([0.5], NDArray[np.bool_ | np.int64]),
        ("text", NDArray[Any]),
        (["a"], NDArray[Any]),
        ([0.5, None], NDArray[Any]),
        (0.5, NDArray[np.float64]),
        (None, NDArray[np.float64]),
        ({"a": 1}, NDArray[Any]),
        ([[1, 2], [3]], NDArray[Any]),
        ([np.zeros(2), np.ones(3)], NDArray[np.float64]),
        ([2**64, 1], NDArray[np.int64]),
    ],
)  # fmt: skip
def test_what_is_no_array_of_a_type(value: ResultValue, annotation: object) -> None:
    problem = problem_of(value, annotation)
    assert (problem.field, problem.key) == ("x", "x")
    assert problem.expected.startswith("NDArray[")
    assert problem.found


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ([0.5], NDArray[np.integer]),
        ([0.5], NDArray[np.signedinteger]),
        ([0.5], NDArray[np.unsignedinteger]),
        ([0.5], NDArray[np.complexfloating]),
        ([1], NDArray[np.unsignedinteger]),
        ([1], NDArray[np.complexfloating]),
        ([True], NDArray[np.integer]),
        ([True], NDArray[np.number]),
        ([True], NDArray[np.number | np.floating]),
    ],
)  # fmt: skip
def test_what_is_no_array_of_a_whole_kind_of_types(value: ResultValue, annotation: object) -> None:
    assert problem_of(value, annotation).found == (f"an array of {np.array(value).dtype} of shape (1,)")


@pytest.mark.parametrize(
    "kind",
    [np.bool_, np.int8, np.int64, np.uint64, np.float32, np.float64, np.complex128, np.datetime64, np.generic],
)  # fmt: skip
@pytest.mark.parametrize("value", [[], np.zeros((0, 3), "f4"), np.zeros(0, "?"), [[], []]])
def test_what_is_empty_is_an_array_of_any_type(value: ResultValue, kind: type[np.generic]) -> None:
    found = read_array(value, NDArray[kind])  # type: ignore[valid-type]
    assert found.shape == read_array(value, np.ndarray).shape
    assert np.issubdtype(found.dtype, kind)


@pytest.mark.parametrize("kind", [np.integer, np.unsignedinteger, np.complexfloating, np.floating, np.number])
def test_what_is_empty_is_an_array_of_any_kind_of_types(kind: type[np.generic]) -> None:
    found = read_array([], NDArray[kind])  # type: ignore[valid-type]
    assert found.shape == (0,)
    assert np.issubdtype(found.dtype, kind)


@pytest.mark.parametrize("value", [[2**63, 1], [2**70, 0], [2**64, 0.5]])
def test_integers_of_more_than_64_bits_are_floats(value: list[ResultValue]) -> None:
    found = read_array(value, NDArray[np.float64])
    assert found.dtype == np.float64
    assert found.tolist() == list(map(float, value))  # type: ignore[arg-type]
    assert problem_of(value, NDArray[np.int64]).expected == "NDArray[int64]"


@pytest.mark.parametrize(
    "annotation", [float, NDArray[np.float64], list[float], float | str, dict[str, float]]
)
@pytest.mark.parametrize("value", [10**400, [10**400, 1], {"a": 10**400}], ids=["one", "several", "named"])
def test_an_integer_beyond_every_float_is_no_float(value: ResultValue, annotation: object) -> None:
    assert problem_of(value, annotation).field == "x"


@pytest.mark.parametrize(
    ("value", "annotation", "dtype"),
    [
        ((1, 2), NDArray[np.int64], "i8"),
        ((1, 2), NDArray[np.float64], "f8"),
        ((1, 2), NDArray[Any], "i8"),
        ((0.5, 2), NDArray[np.float64], "f8"),
        ((True, False), NDArray[np.bool_], "?"),
        (((1, 2), (3, 4)), NDArray[np.int64], "i8"),
        ((), NDArray[np.int64], "i8"),
    ],
)
def test_numbers_that_were_stored_as_a_tuple_are_an_array(
    value: ResultValue, annotation: object, dtype: str
) -> None:
    found = read_array(value, annotation)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, np.array(value))


@attrs.frozen
class Evaluation:
    steps: Annotated[NDArray[np.int64], Shape("tests")]
    returns: Annotated[NDArray[np.float64], Shape("tests", 2)]
    solved: Annotated[NDArray[np.bool_], Shape("tests")]
    skipped: NDArray[np.int64]


@attrs.frozen
class Evaluated:
    evaluation: Evaluation


@pytest.mark.parametrize("kind", [list, np.array])
def test_series_within_a_dict_are_arrays_as_at_the_top(kind: Any) -> None:
    value: ResultValue = {
        "steps": kind([10, 20]),
        "returns": kind([[0.5, 1.5], [2.5, 3.5]]),
        "solved": kind([False, True]),
        "skipped": kind([]),
    }
    found = structure_result(ResultRecord({"evaluation": value}), Evaluated).evaluation
    assert found.steps.tolist() == [10, 20]
    assert found.steps.dtype == np.int64
    assert found.returns.tolist() == [[0.5, 1.5], [2.5, 3.5]]
    assert found.returns.dtype == np.float64
    assert found.solved.tolist() == [False, True]
    assert found.solved.dtype == np.bool_
    assert found.skipped.tolist() == []
    assert found.skipped.dtype == np.int64


def test_arrays_that_are_of_the_type_are_the_record_s_own() -> None:
    record = ResultRecord({"x": COUNTS, "q": np.zeros((2, 2), "f4")})
    exact: NDArray[np.int64] = structure_result(record, class_of(NDArray[np.int64])).x
    assert exact is record.values["x"]
    with pytest.raises(ValueError, match="read-only"):
        exact[0] = 1
    cast = structure_result(record, class_of(NDArray[np.float64])).x
    cast[0] = 7
    assert record == ResultRecord({"x": COUNTS, "q": np.zeros((2, 2), "f4")})


@pytest.mark.parametrize(
    ("value", "annotation", "dtype"),
    [
        ([True], NDArray[np.float64] | NDArray[np.bool_], "?"),
        ([1], NDArray[np.float64] | NDArray[np.int64], "i8"),
        ([1], NDArray[np.int64] | NDArray[np.float64], "i8"),
        ([1], NDArray[np.float64] | float, "f8"),
        ([1], NDArray[np.float64] | list[int] | None, "f8"),
    ],
)
def test_an_array_is_read_as_the_member_of_a_union_that_it_is(
    value: ResultValue, annotation: object, dtype: str
) -> None:
    assert read_array(value, annotation).dtype == np.dtype(dtype)


# Shapes


@attrs.frozen
class Shaped:
    a: Annotated[NDArray[np.float64], Shape("n", 2)]
    b: Annotated[NDArray[np.float64] | None, Shape("n")] = None
    c: Annotated[list[str] | None, Shape("m")] = None
    d: Annotated[NDArray[np.float64], Shape("n", "n", "m")] = attrs.field(factory=lambda: np.zeros((0, 0, 0)))
    e: Annotated[float, Shape()] = 0.0


def test_lengths_that_go_together() -> None:
    record = ResultRecord(
        {"a": np.zeros((3, 2)), "b": np.zeros(3), "c": ["x"] * 4, "d": np.zeros((3, 3, 4)), "e": 1}
    )
    found = structure_result(record, Shaped)
    assert found.b is not None
    assert found.c == ["x"] * 4
    assert found.d.shape == (3, 3, 4)


def test_nothing_has_no_shape_and_a_default_is_not_looked_at() -> None:
    found = structure_result(ResultRecord({"a": np.zeros((3, 2)), "b": None, "c": None}), Shaped)
    assert (found.b, found.c) == (None, None)
    assert found.d.shape == (0, 0, 0)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"a": np.zeros(3)}, ResultProblem("a", "a", "shape (n, 2)", "shape (3,)")),
        ({"a": np.array(0.5)}, ResultProblem("a", "a", "shape (n, 2)", "shape ()")),
        ({"a": np.zeros((3, 2, 1))}, ResultProblem("a", "a", "shape (n, 2)", "shape (3, 2, 1)")),
        ({"a": np.zeros((3, 1))}, ResultProblem("a", "a", "shape (n, 2)", "shape (3, 1)")),
        (
            {"a": np.zeros((3, 2)), "b": [0.5]},
            ResultProblem("b", "b", "shape (n,) where n is 3 in a", "shape (1,)"),
        ),
        ({"a": np.zeros((3, 2)), "b": [[0.5]]}, ResultProblem("b", "b", "shape (n,)", "shape (1, 1)")),
        (
            {"a": np.zeros((3, 2)), "c": ["x"], "d": np.zeros((3, 3, 3))},
            ResultProblem("d", "d", "shape (n, n, m) where m is 1 in c", "shape (3, 3, 3)"),
        ),
        (
            {"a": np.zeros((0, 2)), "d": np.zeros((1, 0, 0))},
            ResultProblem("d", "d", "shape (n, n, m) where n is 0 in a", "shape (1, 0, 0)"),
        ),
    ],
)
def test_lengths_that_do_not_go_together(values: dict[str, ResultValue], problem: ResultProblem) -> None:
    assert problems_of(values, Shaped) == (problem,)


def test_a_square_array() -> None:
    square = Annotated[NDArray[np.float64], Shape("n", "n")]
    assert read_array(np.eye(3), square).shape == (3, 3)
    assert problem_of(np.zeros((3, 4)), square) == ResultProblem(
        "x", "x", "shape (n, n) where n is 3 in x", "shape (3, 4)"
    )


def test_a_length_of_nothing_and_every_one_of_several_shapes() -> None:
    assert read_array([], Annotated[NDArray[np.int64], Shape(0)]).shape == (0,)
    assert problem_of(FLOATS, Annotated[NDArray[np.float64], Shape("n"), Shape(3)]) == ResultProblem(
        "x", "x", "shape (3,)", "shape (2,)"
    )
    assert problem_of(None, Annotated[NDArray[np.float64], Shape("n"), Shape(3)]) == ResultProblem(
        "x", "x", "NDArray[float64] of shape (n,) of shape (3,)", "None"
    )


@attrs.frozen
class Half:
    q: Annotated[NDArray[np.float64], Shape("n")]


@attrs.frozen
class Both:
    left: Half
    right: Half


def test_a_name_of_a_length_is_the_same_in_nested_classes() -> None:
    values: dict[str, ResultValue] = {"left": {"q": np.zeros(2)}, "right": {"q": np.zeros(3)}}
    assert problems_of(values, Both) == (
        ResultProblem("right.q", "q", "shape (n,) where n is 2 in left.q", "shape (3,)"),
    )
    assert structure_result(ResultRecord(values | {"right": values["left"]}), Both).right.q.shape == (2,)


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        ([[1, 2], [3]], Annotated[list[list[int]], Shape(2, 2)]),
        ([[1, 2], [3]], Annotated[tuple[tuple[int, ...], ...], Shape("n", "m")]),
        ([np.zeros(2), np.zeros(3)], Annotated[list[NDArray[np.float64]], Shape("n", 2)]),
        ([["a"], ["b", "c"]], Annotated[list[list[str]], Shape("n", 1)]),
    ],
)
def test_lists_of_several_lengths_have_no_such_shape(value: ResultValue, annotation: object) -> None:
    problem = problem_of(value, annotation)
    assert (problem.field, problem.key) == ("x", "x")


def test_a_list_has_the_shape_of_its_elements() -> None:
    assert read([["a", "b"]], Annotated[list[list[str]], Shape(1, 2)]) == [["a", "b"]]
    assert problem_of(["a", "b"], Annotated[tuple[str, ...], Shape(3)]) == ResultProblem(
        "x", "x", "shape (3,)", "shape (2,)"
    )


# Other values


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (True, bool, True),
        (3, int, 3),
        (2**70, int, 2**70),
        (3, float, 3.0),
        (0.5, float, 0.5),
        ("a", str, "a"),
        (b"a", bytes, b"a"),
        (None, None, None),
        (None, type(None), None),
        (0.5, Reward, 0.5),
        (np.float32(0.5), float, 0.5),
        (torch.tensor(0.5), float, 0.5),
        (torch.tensor(3), float, 3.0),
        (torch.tensor(3), int, 3),
        (np.array(True), bool, True),
        ("ddqn", Algorithm, Algorithm.DDQN),
        (3, Level, Level.HIGH),
        (Level.HIGH, Level, Level.HIGH),
        (np.array(1), Level, Level.LOW),
        ("dqn", Literal["dqn", "ddqn"], "dqn"),
        (True, Literal[1, True], True),
        (1, Literal[True, 1], 1),
        (None, Literal["a", None], None),
        (b"x", Literal[b"x"], b"x"),
        (np.array(2), Literal[1, 2], 2),
        ([1, 2], list[int], [1, 2]),
        ([1, 2], list[float], [1.0, 2.0]),
        ([0.5], Sequence[float], (0.5,)),
        ((1, 2), tuple[int, ...], (1, 2)),
        ([1, 2], tuple[int, int], (1, 2)),
        ([1, 2], tuple[int, float], (1, 2.0)),
        (["a", 1], tuple[str, int], ("a", 1)),
        ([], tuple[int, ...], ()),
        ([], list[str], []),
        ((), tuple[()], ()),
        ([[1, 2], [3]], list[list[int]], [[1, 2], [3]]),
        ([[1, 2], [3, 4]], tuple[list[int], ...], ([1, 2], [3, 4])),
        ([True], list[bool], [True]),
        (["dqn"], list[Algorithm], [Algorithm.DQN]),
        ([None, 1], list[int | None], [None, 1]),
        ({"a": 1}, dict[str, int], {"a": 1}),
        ({"a": 1}, Mapping[str, float], {"a": 1.0}),
        ({1: [1, 2]}, dict[int, list[int]], {1: [1, 2]}),
        ({(1, "a"): None}, dict[tuple[int, str], None], {(1, "a"): None}),
        ({"dqn": {"a": b""}}, dict[Algorithm, dict[str, bytes]], {Algorithm.DQN: {"a": b""}}),
        ({}, dict[str, int], {}),
        (1, int | float, 1),
        (1, float | int, 1),
        (1.5, int | float, 1.5),
        (True, int | bool, True),
        ("a", str | Algorithm, "a"),
        ("dqn", str | Algorithm, Algorithm.DQN),
        (None, Optional[int], None),  # noqa: UP045
        (3, Optional[int], 3),  # noqa: UP045
        ([1, 2], tuple[int, ...] | None, (1, 2)),
        ({"a": 1}, dict[str, int] | list[int], {"a": 1}),
        ([1], dict[str, int] | list[int], [1]),
        (3, Annotated[int, "a"] | None, 3),
        (3, Annotated[int | str, "of either"] | None, 3),
    ],
)  # fmt: skip
def test_values(value: ResultValue, annotation: object, expected: object) -> None:
    found = read(value, annotation)
    assert found == expected
    assert type(found) is type(expected)


def test_the_elements_of_collections_are_of_their_types() -> None:
    assert list(map(type, read([1, 2], list[float]))) == [float, float]  # type: ignore[call-overload]
    arrays = read({"a": COUNTS}, dict[str, NDArray[np.float64]])
    assert isinstance(arrays, dict)
    assert arrays["a"].dtype == np.float64
    pair = read((FLOATS, "x"), tuple[NDArray[np.float64], str])
    assert isinstance(pair, tuple)
    np.testing.assert_array_equal(pair[0], FLOATS)


@pytest.mark.parametrize("shapes", [(2, 3), (2, 2), (1,)])
def test_a_list_of_arrays_is_one_whether_their_lengths_are_the_same_or_not(shapes: tuple[int, ...]) -> None:
    arrays = list(map(np.ones, shapes))
    found = read(arrays, list[NDArray[np.float64]])
    assert isinstance(found, list)
    assert [array.shape for array in found] == [(length,) for length in shapes]
    assert read(arrays, tuple[NDArray[np.float64], ...]) is not None


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, bool, "bool"),
        (True, int, "int"),
        (True, float, "float"),
        (np.array(True), float, "float"),
        (0.5, int, "int"),
        (1.0, int, "int"),
        ("1", int, "int"),
        (1, str, "str"),
        (b"a", str, "str"),
        ("a", bytes, "bytes"),
        (0, None, "None"),
        (None, int, "int"),
        (1j * np.ones(()), float, "float"),
        ([3.0], float, "float"),
        ("sac", Algorithm, "Algorithm ('dqn', 'ddqn')"),
        ("DQN", Algorithm, "Algorithm ('dqn', 'ddqn')"),
        (True, Level, "Level (1, 3)"),
        (2, Literal[1, 3], "Literal[1, 3]"),
        (True, Literal[1], "Literal[1]"),
        (1.0, Literal[1], "Literal[1]"),
        ([1], Literal[1], "Literal[1]"),
        ("a", list[str], "list[str]"),
        (b"a", list[int], "list[int]"),
        ({"a": 1}, list[str], "list[str]"),
        (1, tuple[int, ...], "tuple[int, ...]"),
        (np.array(1), list[int], "list[int]"),
        ([1, 2, 3], tuple[int, int], "tuple[int, int]"),
        ([1], tuple[int, int], "tuple[int, int]"),
        ([0.5], list[int], "list[int]"),
        ([True], list[int], "list[int]"),
        ([[1]], list[int], "list[int]"),
        ([1], dict[int, int], "dict[int, int]"),
        ({"a": 1}, dict[int, int], "dict[int, int]"),
        ({"a": 0.5}, dict[str, int], "dict[str, int]"),
        (0.5, int | str | None, "int | str | None"),
        (True, int | str, "int | str"),
        ({}, Test, "Test"),
        (None, Test, "Test"),
        ([1], Test, "Test"),
        (3, Test | None, "Test | None"),
    ],
)  # fmt: skip
def test_values_that_are_not_of_the_type(value: ResultValue, annotation: object, expected: str) -> None:
    if value == {}:
        assert problems_of({"x": value}, class_of(annotation)) == (
            ResultProblem("x.score", "score", "float", None),
            ResultProblem("x.at", "step", "int", None),
        )
        return
    frozen = ResultRecord({"x": value}).values["x"]
    found = (
        f"an array of {frozen.dtype} of shape {frozen.shape}"
        if isinstance(frozen, np.ndarray)
        else repr(value if isinstance(value, dict) else frozen)
    )
    assert problem_of(value, annotation) == ResultProblem("x", "x", expected, found)


def test_a_shape_is_for_arrays_and_lists_only() -> None:
    annotations: list[Any] = [Evaluation, dict[str, int]]
    for annotation in annotations:
        with pytest.raises(FieldError, match=r"Metrics\.x: expected a Shape for an array or a list"):
            structure_result(ResultRecord({}), class_of(Annotated[annotation, Shape(2)]))


def test_a_dict_is_no_record() -> None:
    record: Any = {"x": 1}
    with pytest.raises(WrongTypeError, match=r"expected a ResultRecord, such as result\.snapshot"):
        structure_result(record, class_of(int))


def test_a_literal_of_an_enum_is_read_by_its_value() -> None:
    assert read("dqn", Literal[Algorithm.DQN]) is Algorithm.DQN
    assert problem_of("ddqn", Literal[Algorithm.DQN]).found == "'ddqn'"


def test_times_are_no_numbers() -> None:
    for value in (np.array([1], "M8[ns]"), np.array([1], "m8[ns]"), np.array(1, "m8[ns]")):
        for annotation in (int, list[int], NDArray[np.integer], NDArray[np.number]):
            assert problem_of(value, annotation).expected


# Nested classes


@attrs.frozen
class Inner:
    loss: float
    algorithm: Algorithm = Algorithm.DQN


@attrs.frozen
class Outer:
    inner: Inner
    maybe: Inner | None = None
    deep: Annotated[Both | None, Key("d")] = None


def test_dicts_become_nested_classes() -> None:
    record = ResultRecord(
        {
            "inner": {"loss": 1, "other": 3},
            "maybe": {"loss": 0.5, "algorithm": "ddqn"},
            "d": {"left": {"q": FLOATS}, "right": {"q": FLOATS}},
        }
    )
    found = structure_result(record, Outer)
    assert found.inner == Inner(1.0)
    assert found.maybe == Inner(0.5, Algorithm.DDQN)
    assert found.deep is not None
    np.testing.assert_array_equal(found.deep.left.q, FLOATS)


def test_an_optional_nested_class_may_hold_nothing() -> None:
    record = ResultRecord({"inner": {"loss": 1}, "maybe": None, "d": None})
    assert structure_result(record, Outer) == Outer(Inner(1.0), None, None)


def test_problems_in_nested_classes_have_dotted_names() -> None:
    values: dict[str, ResultValue] = {"maybe": {"loss": "x"}, "d": {"left": {"q": "y"}}}
    assert problems_of(values, Outer) == (
        ResultProblem("inner", "inner", "Inner", None),
        ResultProblem("maybe.loss", "loss", "float", "'x'"),
        ResultProblem("deep.left.q", "q", "NDArray[float64] of shape (n,)", "'y'"),
        ResultProblem("deep.right", "right", "Half", None),
    )


# Validators and converters


def _positive(_instance: object, _attribute: object, value: float) -> None:
    if value <= 0:
        raise ArithmeticError(f"{value} is not positive")


def _silent(_instance: object, _attribute: object, value: float) -> None:
    if value <= 0:
        raise AssertionError


def test_a_converter_s_value_is_taken() -> None:
    cls = class_of(NDArray[np.float64], converter=lambda array: array * 2)
    np.testing.assert_array_equal(structure_result(ResultRecord({"x": FLOATS}), cls).x, FLOATS * 2)


def test_what_a_validator_refuses_is_a_problem_of_the_whole_class() -> None:
    cls = class_of(float, validator=_positive)
    assert structure_result(ResultRecord({"x": 1}), cls).x == 1.0
    (problem,) = problems_of({"x": -1}, cls)
    assert problem == ResultProblem("", "", "values that Metrics takes", "-1.0 is not positive")
    assert str(problem) == "expected values that Metrics takes, got -1.0 is not positive"


def test_what_a_validator_of_a_nested_class_refuses_is_a_problem_of_its_field() -> None:
    cls = attrs.make_class("Outer", {"inner": attrs.field(type=class_of(float, validator=_positive))})
    (problem,) = problems_of({"inner": {"x": -1}}, cls)
    assert (problem.field, problem.found) == ("inner", "-1.0 is not positive")
    assert str(problem) == "inner: expected values that Metrics takes, got -1.0 is not positive"


def test_a_validator_without_a_word_does_not_look_like_a_missing_key() -> None:
    (problem,) = problems_of({"x": -1}, class_of(float, validator=_silent))
    assert "no such key" not in str(problem)
    assert "AssertionError" in str(problem)


def test_validators_do_not_run_where_values_are_missing() -> None:
    def never(_instance: object, _attribute: object, _value: object) -> None:
        sys.exit("it ran")

    cls = attrs.make_class(
        "Metrics", {"x": attrs.field(type=int, validator=never), "y": attrs.field(type=int, kw_only=True)}
    )
    assert problems_of({"x": 1}, cls) == (ResultProblem("y", "y", "int", None),)


def test_a_converter_or_a_default_that_fails_is_a_problem_too() -> None:
    cases: list[tuple[dict[str, ResultValue], type]] = [
        ({"x": "a"}, class_of(str, converter=int)),
        ({}, class_of(str, default=attrs.Factory(lambda: int("a")))),
    ]
    for values, cls in cases:
        (problem,) = problems_of(values, cls)
        assert problem.found == "invalid literal for int() with base 10: 'a'"


# Classes that no result can be read into


@attrs.frozen
class Endless:
    value: int
    next: Endless | None = None


@attrs.frozen
class There:
    back: AndBack | None = None


@attrs.frozen
class AndBack:
    there: There | None = None


@pytest.mark.parametrize(
    "annotation",
    [
        object, Any, complex, Path, set[int], frozenset[int], torch.Tensor, SimpleNamespace, np.float64,
        list, tuple, dict, Sequence, Mapping, list[set[int]], dict[str, object], tuple[int, set[str]], int | set[int],
        list[Inner], dict[str, Inner], Inner | int, Inner | Test, npt.ArrayLike, tuple[int, *tuple[str, ...]],
    ],
)  # fmt: skip
def test_fields_that_no_result_can_hold(annotation: object) -> None:
    for values in ({}, {"x": 1}):
        with pytest.raises(FieldError, match=r"Metrics\.x: expected a type that a result can hold") as error:
            structure_result(ResultRecord(values), class_of(annotation))
        assert isinstance(error.value, TypeError)


@pytest.mark.parametrize(
    "annotation",
    [
        typing.List, typing.Tuple, typing.Dict, typing.Sequence, typing.Mapping,  # noqa: UP006
        types.GenericAlias(dict, (str,)), dict[list[int], int], dict[NDArray[np.float64], int],
    ],
)  # fmt: skip
def test_collections_of_nobody_knows_what(annotation: object) -> None:
    keyed: dict[PlainKey, ResultValue] = {(1, 2): 3}
    values: list[ResultValue] = [keyed, [1, 2]]
    for value in values:
        with pytest.raises(FieldError, match=r"Metrics\.x: expected a type that a result can hold"):
            read(value, annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[NDArray[np.float64], Shape(5)] | None,
        Annotated[NDArray[np.float64], Key("y")] | None,
        list[Annotated[NDArray[np.float64], Shape(5)]],
        dict[str, Annotated[NDArray[np.float64], Shape(5)]],
    ],
)
def test_a_mark_within_a_type_is_refused_and_not_passed_over(annotation: object) -> None:
    with pytest.raises(FieldError, match="outside of all other brackets"):
        structure_result(ResultRecord({}), class_of(annotation))


@pytest.mark.parametrize("cls", [Endless, There, AndBack])
def test_classes_within_themselves(cls: type) -> None:
    for _ in range(2):
        with pytest.raises(FieldError, match=f"^{cls.__name__} contains itself$"):
            structure_result(ResultRecord({}), cls)


@attrs.frozen
class Unknown:
    x: Nowhere  # type: ignore[name-defined]  # noqa: F821


class NoAttrs:
    x: int


@pytest.mark.parametrize("cls", [NoAttrs, int, 3, None, "Metrics", list[int], Test(0.5, 1)])
def test_what_is_no_attrs_class(cls: type) -> None:
    with pytest.raises(FieldError, match="expected an attrs class"):
        structure_result(ResultRecord({}), cls)


def test_annotations_that_cannot_be_had() -> None:
    with pytest.raises(FieldError, match="Nowhere"):
        structure_result(ResultRecord({}), Unknown)
    with pytest.raises(FieldError, match=r"annotation of the field Bare\.x, got none"):
        structure_result(ResultRecord({}), attrs.make_class("Bare", ["x"]))


# Laws

ANNOTATIONS: list[object] = [
    bool, int, float, str, bytes, type(None), Algorithm, Level, Literal[1, "a", True, None], Inner, Inner | None,
    list[int], list[float] | None, list[list[int]], tuple[int, ...], tuple[float, str], Sequence[bool],
    dict[str, float], dict[int, str | int | None], dict[tuple[int, str], NDArray[Any]], int | float | str,
    NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64], NDArray[np.uint8], NDArray[Any],
    NDArray[np.integer], NDArray[np.floating], NDArray[np.number], NDArray[np.float64 | np.int64] | None,
    Annotated[NDArray[Any], Shape("n")], Annotated[NDArray[np.float64], Shape("n", 2)],
    Annotated[list[list[float]], Shape("n", "n")], Annotated[list[NDArray[np.float64]], Shape("n")],
    Annotated[tuple[str, ...] | NDArray[Any], Shape(2)], list[NDArray[np.float64]], list[int | str | None],
]  # fmt: skip
CLASSES = st.lists(st.sampled_from(ANNOTATIONS), min_size=1, max_size=3).map(
    lambda annotations: attrs.make_class(
        "Metrics",
        {f"x{place}": attrs.field(type=annotation) for place, annotation in enumerate(annotations)},  # type: ignore[call-overload]
    )
)
RECORDS = st.fixed_dictionaries(
    {}, optional={f"x{place}": strategies.result_values for place in range(3)}
).map(ResultRecord)


@given(RECORDS, CLASSES)
def test_a_result_is_an_instance_or_every_problem_is_told(record: ResultRecord, cls: type) -> None:
    names = {attribute.name for attribute in attrs.fields(cls)}
    problems: tuple[ResultProblem, ...] = ()
    found: object = None
    try:
        found = structure_result(record, cls)
    except ResultError as error:
        problems = error.problems
    assert (type(found) is cls) == (not problems)
    assert {problem.field.partition(".")[0] for problem in problems} <= names
    missing = {problem.field for problem in problems if problem.found is None}
    assert names - record.values.keys() == missing & names


@given(strategies.results)
def test_any_result_fits_a_class_that_asks_for_nothing(values: dict[str, ResultValue]) -> None:
    structure_result(ResultRecord(values), attrs.make_class("Nothing", {}))


PLAIN: list[tuple[type, st.SearchStrategy[Any]]] = [
    (bool, st.booleans()),
    (int, st.integers(-(2**70), 2**70)),
    (float, st.floats(allow_nan=False)),
    (str, strategies.texts),
    (bytes, st.binary(max_size=8)),
]


@given(st.data())
def test_plain_values_come_back_as_they_were_recorded(data: st.DataObject) -> None:
    kind, values = data.draw(st.sampled_from(PLAIN))
    value = data.draw(values)
    assert read(value, kind) == value
    assert read(value, kind | None) == value
    several: Any = data.draw(st.lists(values, max_size=4))
    assert read(several, list[kind]) == several  # type: ignore[valid-type]
    assert read(tuple(several), tuple[kind, ...]) == tuple(several)  # type: ignore[valid-type]
    named: Any = dict(enumerate(several))
    assert read(named, dict[int, kind]) == named  # type: ignore[valid-type]
