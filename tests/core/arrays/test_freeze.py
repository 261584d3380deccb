from __future__ import annotations

import argparse
import copy
import pickle
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from pyhermes.core import (
    FrozenValue,
    ResultError,
    ResultRecord,
    ResultValue,
    ScalarLike,
    WrongTypeError,
    decode_result,
)
from pyhermes.core.arrays.freeze import PlainList, array_of, freeze, number_of, same_values, stacked, thaw
from pyhermes.core.formats.result_file import add_array, add_scalars, namespace_values, series_of
from pyhermes.core.messages import shown
from pyhermes.core.runs.select import require_all
from tests.core.torch_file.test_reader import ARRAY, F8, archive, dict_of, text


def listed(value: object) -> object:
    """Arrays as what they hold and their dtypes, so that everything can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.tolist()
    return [listed(item) for item in value] if isinstance(value, list) else value


# Recording


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (1.5, [1.5]),
        (True, [True]),
        (2**70, [2**70]),
        (np.float32(0.5), [0.5]),
        (np.int8(3), [3]),
        (np.bool_(True), [True]),
        (np.longdouble(0.5), [0.5]),
        (torch.tensor(0.25), [0.25]),
        (torch.tensor(2.0, requires_grad=True) * 3, [6.0]),
        (torch.tensor(1.5, dtype=torch.bfloat16), [1.5]),
        ([1, 2.5, np.float64(3.0), torch.tensor(4)], [1, 2.5, 3.0, 4]),
        ([], []),
        ((1, 2), [1, 2]),
        (np.array([1, 2]), [1, 2]),
        (np.array([True]), [True]),
        (torch.tensor([0.5, 0.25]), [0.5, 0.25]),
        (range(3), [0, 1, 2]),
    ],
)
def test_a_scalar_or_several_are_added_as_numbers_of_python(
    value: ScalarLike | Iterable[ScalarLike], numbers: list[object]
) -> None:
    added = add_scalars(None, value, "loss")
    assert added == numbers
    assert list(map(type, added)) == list(map(type, numbers))
    assert add_scalars([0.5], value, "loss") == [0.5, *numbers]


def test_any_iterable_of_scalars_will_do() -> None:
    def losses() -> Iterator[float]:
        yield from (1.0, 2.0)

    assert add_scalars(None, losses(), "loss") == [1.0, 2.0]


def test_a_list_is_extended_in_place_and_an_array_becomes_a_list() -> None:
    series: list[ResultValue] = [1.0]
    assert add_scalars(series, 2, "loss") is series
    assert series == [1.0, 2]
    loaded = np.array([1.0, 2.0])
    assert add_scalars(loaded, 3, "loss") == [1.0, 2.0, 3]
    assert loaded.tolist() == [1.0, 2.0]
    assert add_scalars(np.array([]), 3, "loss") == [3]
    assert add_scalars([], [], "loss") == []


@pytest.mark.parametrize(
    "value",
    ["1", b"1", None, {"a": 1}, 1j, np.complex128(1), [1, "x"], [1, None], [1.0, [2.0]], np.ones((2, 2)), torch.ones(1, 1),
     np.array(["x"]), np.array([1j]), object(), [np.ones(2)], np.array(["2026"], "M8[Y]")],
)  # fmt: skip
def test_what_is_no_number_is_a_type_error_that_names_the_key_and_adds_nothing(value: Any) -> None:
    series: list[ResultValue] = [1.0]
    with pytest.raises(WrongTypeError) as error:
        add_scalars(series, value, "loss")
    assert series == [1.0]
    told = value[-1] if isinstance(value, list) else value
    expected = "expected a number, or several in one dimension, for the key 'loss'"
    assert str(error.value) == f"{expected}, got {shown(told)}"


@pytest.mark.parametrize(
    "current", [3, "text", {"a": 1}, ["text"], [np.ones(2)], [[1.0]], np.ones((2, 2)), np.array(["x"]), np.array(1.0), (1, 2)],
)  # fmt: skip
def test_scalars_do_not_follow_what_is_no_series_of_them(current: ResultValue) -> None:
    with pytest.raises(ResultError) as error:
        add_scalars(current, 1.0, "loss")
    assert str(error.value) == f"expected a series of scalars under the key 'loss', got {shown(current)}"


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        ([1, 2], ("int64", [1, 2])),
        ((1.0, 2), ("float64", [1.0, 2.0])),
        ([[True], [False]], ("bool", [[True], [False]])),
        (np.array([1, 2], np.uint8), ("uint8", [1, 2])),
        (np.array([1j]), ("complex128", [1j])),
        (torch.ones(1, 2, requires_grad=True), ("float32", [[1.0, 1.0]])),
        (torch.tensor([1.5], dtype=torch.bfloat16), ("float32", [1.5])),
        ([np.ones(1), torch.zeros(1)], ("float64", [[1.0], [0.0]])),
        ([], ("float64", [])),
    ],
)
def test_an_array_is_added_as_an_array_of_numpy(value: ArrayLike, entry: object) -> None:
    assert listed(add_array(None, value, "q")) == [entry]


def test_an_array_is_copied_when_it_is_added() -> None:
    now = np.zeros(2)
    tensor = torch.zeros(2)
    series = add_array(add_array(None, now, "q"), tensor, "q")
    now += 1
    tensor += 1
    assert listed(series) == [("float64", [0.0, 0.0]), ("float32", [0.0, 0.0])]


def test_a_series_of_arrays_goes_on_after_loading() -> None:
    series: list[ResultValue] = [np.zeros(1)]
    assert add_array(series, [1.0], "q") is series
    assert listed(add_array(np.zeros((1, 2)), [1.0, 1.0], "q")) == [
        ("float64", [0.0, 0.0]),
        ("float64", [1.0, 1.0]),
    ]
    assert listed(add_array(np.array([]), [1], "q")) == [("int64", [1])]
    assert listed(add_array([[1.0]], [2.0], "q")) == [[1.0], ("float64", [2.0])]


@pytest.mark.parametrize(
    "value",
    [1.0, "text", ["x"], None, np.float64(1), torch.tensor(1), np.array(["x"]), np.array([None]), np.zeros(2, np.longdouble),
     np.zeros(2, np.clongdouble), [[1.0], [1.0, 2.0]], np.array(["2026"], "M8[Y]"), {"a": 1}, torch.ones(2).to_sparse()],
)  # fmt: skip
def test_what_is_no_array_of_numbers(value: ArrayLike) -> None:
    with pytest.raises(ResultError) as error:
        add_array(None, value, "q")
    assert str(error.value) == f"expected an array of numbers under the key 'q', got {shown(value)}"


@pytest.mark.parametrize("current", [3.0, [1.0], np.array([1.0]), ["x"], "text", np.array(1.0)])
def test_arrays_do_not_follow_what_is_no_series_of_them(current: ResultValue) -> None:
    with pytest.raises(ResultError) as error:
        add_array(current, [1.0], "q")
    assert str(error.value) == f"expected a series of arrays under the key 'q', got {shown(current)}"


def test_a_namespace_becomes_its_attributes() -> None:
    assert namespace_values(argparse.Namespace(lr=0.1, name="x")) == {"lr": 0.1, "name": "x"}
    space = SimpleNamespace(lr=0.1)
    namespace_values(space)["lr"] = 3
    assert space.lr == 0.1


@pytest.mark.parametrize("value", [3, "text", [1], {"lr": 0.1}, object()])
def test_what_has_no_attributes_is_no_namespace(value: object) -> None:
    with pytest.raises(WrongTypeError, match="expected a namespace with attributes, got"):
        namespace_values(value)


def test_a_series_can_be_had_while_it_is_recorded() -> None:
    values: dict[str, ResultValue] = {"loss": [1, 2.5], "q": [np.ones(2), torch.zeros(2)], "note": "x"}
    assert series_of(values, "loss").tolist() == [1.0, 2.5]
    assert series_of(values, "q").tolist() == [[1.0, 1.0], [0.0, 0.0]]
    with pytest.raises(ResultError, match="real numbers under the key 'note', got 'x'"):
        series_of(values, "note")


@pytest.mark.parametrize("character", [b"\xff\xff\xff\xff", b"\x00\x00\x11\x00"])
def test_an_array_of_text_beyond_unicode_is_a_damaged_file(character: bytes) -> None:
    latin = character.decode("latin1").encode()
    raw = b"c_codecs\nencode\nX" + struct.pack("<I", len(latin)) + latin + text("latin1") + b"\x86R"
    forged = ARRAY + b"(K\x01K\x01\x85" + F8.replace(b"f8", b"U1") + b"\x89" + raw + b"tb"
    with pytest.raises(ResultError, match=r"got a damaged file \(\w+\)"):
        decode_result(archive(dict_of(forged)))


# Values of one class


@pytest.mark.parametrize("items", [3, None, ["a", 1], "ab"])
def test_what_are_not_several_of_one_class(items: object) -> None:
    with pytest.raises(WrongTypeError, match="expected"):
        require_all(items, int)
    assert require_all(iter([1, True]), int) == [1, True]


# Values frozen and thawed


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


def test_large_arrays_are_stacked_if_each_is_another() -> None:
    array = stacked([np.zeros(9 << 20, np.uint8), np.ones(9 << 20, np.uint8)])
    assert array is not None
    assert array.shape == (2, 9 << 20)
    assert stacked([array[0]] * 2) is None


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


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1, True),
        (1, True, False),
        (1, 1.0, False),
        (float("nan"), float("nan"), True),
        ((1, (2, float("nan"))), (1, (2, float("nan"))), True),
        ((1, 2), (1, 2, 3), False),
        ((1, 2), (1, 3), False),
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 2}, False),
        (np.ones(2), np.ones(2), True),
        (np.ones(2), np.ones(2, "f4"), False),
        (np.ones(2), (1.0, 1.0), False),
        ("1", b"1", False),
        (None, None, True),
        (float("nan"), 1.0, False),
        ({"a": 1}, (("a", 1),), False),
        ({"a": 1}, 1, False),
        ((1,), 1, False),
    ],
)
def test_values_are_the_same_by_type_and_element(a: object, b: object, same: bool) -> None:
    assert same_values(a, b) is same
    assert same_values(b, a) is same


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1), (True, True), (0.5, 0.5), (np.uint8(3), 3), (np.float16(0.5), 0.5), (np.array(2.5), 2.5), (torch.tensor(True), True),
     ("1", None), (1j, None), (None, None), (np.array([1]), None), (np.str_("1"), None), (torch.tensor([1]), None), ([1], None)],
)  # fmt: skip
def test_the_number_that_a_value_is(value: object, number: object) -> None:
    found = number_of(value)
    assert found == number
    assert type(found) is type(number)


def test_numbers_of_classes_of_their_own_are_pythons() -> None:
    class Reward(float):
        pass

    class Steps(int):
        pass

    for value, number in ((Reward(0.5), 0.5), (Steps(3), 3)):
        found = number_of(value)
        assert found == number
        assert type(found) is type(number)


@pytest.mark.parametrize(
    "value", [1, "x", [1], None, np.ma.masked_array([1], [True]), np.bytes_(b"x"), torch.ones(1).to_sparse()]
)
def test_what_is_no_array(value: object) -> None:
    assert array_of(value) is None


@pytest.mark.parametrize(
    ("values", "array"),
    [
        ([], ("float64", [])),
        ([True, 1], ("int64", [1, 1])),
        ([True, False], ("bool", [True, False])),
        ([1, 0.5], ("float64", [1.0, 0.5])),
        ([[1, 2], [3, 4]], ("int64", [[1, 2], [3, 4]])),
        ([(1, 2), np.array([0.5, 1])], ("float64", [[1.0, 2.0], [0.5, 1.0]])),
        ([2**64], None),
        ([2**64, 0.5], ("float64", [2.0**64, 0.5])),
        ([10**400, 0.5], None),
        ([[1], [1, 2]], None),
        ([1, [1]], None),
        ([1, "x"], None),
        ([1, None], None),
        ([np.array(["a"]), np.array(["b"])], None),
        ([np.array(["2026"], "M8[Y]")], ("datetime64[Y]", [[date(2026, 1, 1)]])),
        ([np.array([1j]), np.array([2])], ("complex128", [[1j], [2]])),
    ],
)
def test_lists_that_are_one_array(values: list[object], array: object) -> None:
    assert listed(stacked(values)) == array
