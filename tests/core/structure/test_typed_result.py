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
from typing import Annotated, Any, Literal, NewType

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
    load_result,
    structure_result,
)
from pyhermes.core.typing import PlainKey
from tests.conftest import EXAMPLES, FIRST, TAXI
from tests.core.structure.results import class_of, problem_of, problems_of, read, read_array
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
