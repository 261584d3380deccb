from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import torch

from pyhermes.core.arrays.stack import stack, to_array, to_number
from tests.arrays_as_lists import listed


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1), (True, True), (0.5, 0.5), (np.uint8(3), 3), (np.float16(0.5), 0.5), (np.array(2.5), 2.5), (torch.tensor(True), True),
     ("1", None), (1j, None), (None, None), (np.array([1]), None), (np.str_("1"), None), (torch.tensor([1]), None), ([1], None)],
)  # fmt: skip
def test_the_number_that_a_value_is(value: object, number: object) -> None:
    found = to_number(value)
    assert found == number
    assert type(found) is type(number)


def test_numbers_of_classes_of_their_own_are_pythons() -> None:
    class Reward(float):
        pass

    class Steps(int):
        pass

    for value, number in ((Reward(0.5), 0.5), (Steps(3), 3)):
        found = to_number(value)
        assert found == number
        assert type(found) is type(number)


@pytest.mark.parametrize(
    "value", [1, "x", [1], None, np.ma.masked_array([1], [True]), np.bytes_(b"x"), torch.ones(1).to_sparse()]
)
def test_what_is_no_array(value: object) -> None:
    assert to_array(value) is None


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
    assert listed(stack(values)) == array


def test_large_arrays_are_stacked_if_each_is_another() -> None:
    array = stack([np.zeros(9 << 20, np.uint8), np.ones(9 << 20, np.uint8)])
    assert array is not None
    assert array.shape == (2, 9 << 20)
    assert stack([array[0]] * 2) is None
