from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, IntEnum
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
    Key,
    ResultProblem,
    ResultRecord,
    ResultValue,
    Shape,
    WrongTypeError,
    structure_result,
)
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


@attrs.frozen
class Test:
    __test__ = False

    score: float
    at: Annotated[int, Key("step")]


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
