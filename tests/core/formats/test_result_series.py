from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from pyhermes.core import (
    ResultError,
    ResultValue,
    ScalarLike,
    WrongTypeError,
)
from pyhermes.core.formats.result_series import add_array, add_scalars, namespace_values
from pyhermes.core.messages import shown
from tests.arrays_as_lists import listed


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
