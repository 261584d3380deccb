from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pytest
import torch

from pyhermes.core import (
    FrozenValue,
    ResultError,
    ResultRecord,
    ResultValue,
)
from pyhermes.core.arrays.freeze import PlainList, freeze, thaw
from tests.arrays_as_lists import listed


def test_thawed_values_can_be_changed_and_the_record_cannot() -> None:
    record = ResultRecord({"loss": [1.0], "names": ["a"], "args": {"lr": [0.1]}, "pair": (1, 2), "deep": {"x": (np.ones(1), "y")}})  # fmt: skip
    thawed = thaw(record.values)
    assert listed(thawed["loss"]) == ("float64", [1.0])
    assert {**thawed, "loss": 0, "deep": 0} == {
        "loss": 0,
        "names": ["a"],
        "args": {"lr": [0.1]},
        "pair": [1, 2],
        "deep": 0,
    }
    assert isinstance(thawed["pair"], PlainList)
    for key in ("names", "pair"):
        changed = thawed[key]
        assert isinstance(changed, list)
        changed.append("b")
    loss = thawed["loss"]
    assert isinstance(loss, np.ndarray)
    loss[0] = 9
    assert listed(thaw(record.values)["loss"]) == ("float64", [1.0])
    assert thaw(record.values)["names"] == ["a"]
    assert thaw(record.values)["pair"] == [1, 2]


def test_values_that_are_shared_are_thawed_once() -> None:
    shared: ResultValue = ["x", np.ones(3)]
    for _ in range(50):
        shared = [shared, shared, "y"]
    record = ResultRecord({"a": shared, "b": shared})
    thawed = thaw(record.values)
    assert thawed["a"] is thawed["b"]
    assert ResultRecord(thawed) == record
    assert pickle.loads(pickle.dumps(record)) == copy.deepcopy(record) == record


@pytest.mark.parametrize(
    "key", [np.complex128(1j), torch.tensor([1.0]), (1, np.complex64(1)), ({1}.__len__,)]
)
def test_a_key_that_is_no_plain_value_names_the_entry(key: object) -> None:
    with pytest.raises(ResultError, match="under the key 'args'"):
        freeze({"args": {key: 1}})


def test_keys_that_are_numbers_of_numpy_become_those_of_python() -> None:
    frozen = freeze({"args": {np.int64(1): "a", ("x", np.str_("y")): "b", None: "c"}})
    assert frozen == {"args": MappingProxyType({1: "a", ("x", "y"): "b", None: "c"})}


def nested(depth: int, value: ResultValue) -> ResultValue:
    for _ in range(depth):
        value = [value]
    return value


def test_values_are_nested_at_most_so_deep() -> None:
    frozen = freeze({"a": nested(60, "x")})
    for _ in range(60):
        (frozen["a"],) = cast("tuple[FrozenValue]", frozen["a"])
    assert frozen["a"] == "x"
    with pytest.raises(ResultError) as error:
        freeze({"a": nested(61, "x")})
    assert str(error.value) == "expected values nested at most 60 deep, got more under 'a'"
    within = ["x"]
    within.append(within)  # type: ignore[arg-type] # of itself
    with pytest.raises(ResultError, match="nested at most 60 deep"):
        freeze({"a": within})


def test_numbers_are_stacked_as_deep_as_arrays_go_and_no_deeper() -> None:
    deep = freeze({"a": nested(62, 1)})["a"]
    assert isinstance(deep, np.ndarray)
    assert deep.shape == (1,) * 62
    with pytest.raises(ResultError, match="nested at most 60 deep"):
        freeze({"a": nested(63, 1)})


def test_a_list_with_the_key_of_tags_is_no_series_however_it_is_read() -> None:
    values: dict[str, object] = {"tags": [1, 2], "pair": (np.ones(1), np.zeros(1))}
    thawed = thaw(freeze(values))
    assert type(thawed["tags"]) is list
    assert thawed["tags"] == [1, 2]
    assert type(thawed["pair"]) is PlainList
    assert listed(thawed["pair"]) == [("float64", [1.0]), ("float64", [0.0])]


def arrays_in(value: object) -> list[np.ndarray[Any, Any]]:
    """All arrays in lists, tuples and dicts."""
    if isinstance(value, np.ndarray):
        return [value]
    inside = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    )
    return [array for item in inside for array in arrays_in(item)]


@pytest.mark.parametrize("frozen_copy", [True, False])
@pytest.mark.parametrize("thawed_copy", [True, False, None])
def test_arrays_are_copied_unless_it_is_not_wanted(frozen_copy: bool, thawed_copy: bool | None) -> None:
    arrays = [np.full(3, number, dtype) for number, dtype in enumerate(["f8", "i4", "M8[s]", "?"])]
    values = {"a": arrays[0], "b": [arrays[1], "x"], "c": {"d": arrays[2]}, "pair": (arrays[3], arrays[3])}
    frozen = freeze(values, copy=frozen_copy)
    thawed = thaw(frozen) if thawed_copy is None else thaw(frozen, copy=thawed_copy)
    assert thawed_copy is not None or len(arrays_in(thawed)) == 5
    for given, held, fresh in zip([*arrays, arrays[3]], arrays_in(frozen), arrays_in(thawed), strict=True):
        assert held.flags.writeable is not frozen_copy
        assert np.shares_memory(given, held) is not frozen_copy
        assert fresh.flags.writeable
        assert np.shares_memory(held, fresh) is (not frozen_copy and thawed_copy is False)


def test_an_array_that_stands_in_several_places_is_frozen_once() -> None:
    array = np.ones(3)
    frozen = freeze({"a": [array, "x", array]})["a"]
    assert isinstance(frozen, tuple)
    assert frozen[0] is frozen[2]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1, 2}, "set under the key 'a': {1, 2}"),
        (np.array([None]), "an array of dtype object under the key 'a': array([None], dtype=object)"),
        ({np.complex128(1j): 1}, "complex128 under the key 'a': np.complex128(1j)"),
        ({"x": [int]}, "type under the key 'a': <class 'int'>"),
    ],
)
def test_what_no_result_can_hold_is_told(value: object, said: str) -> None:
    with pytest.raises(ResultError) as error:
        freeze({"a": value})
    wanted = "expected numbers, text, bytes, arrays, or lists and dicts of them, got"
    assert str(error.value) == f"{wanted} {said}"


def test_an_array_of_no_text_is_an_empty_list_however_many_rows_it_has() -> None:
    assert freeze({"a": np.empty((2, 0), "U1"), "b": np.array([["x"], ["y"]])}) == {
        "a": (),
        "b": (("x",), ("y",)),
    }


@pytest.mark.parametrize("values", [[1], "text", None, 3])
def test_a_result_is_a_dict(values: object) -> None:
    with pytest.raises(ResultError) as error:
        freeze(values)
    assert str(error.value) == f"expected a dict of results, got {values!r}"


def test_a_result_has_text_as_its_keys() -> None:
    with pytest.raises(ResultError, match="expected text as the keys of a result, got 1"):
        freeze({1: 2})
