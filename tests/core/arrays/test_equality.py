from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes.core.arrays.equality import same_array, same_values


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (None, None, True),
        (None, np.array([1.0]), False),
        (np.array([1.0]), None, False),
        (np.array([1.0, np.nan, np.inf]), np.array([1.0, np.nan, np.inf]), True),
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0]), False),
        (np.array([1.0]), np.array([2.0]), False),
        (np.array([1.0]), np.array([1.0], "f4"), False),
        (np.array([1.0]), np.array([[1.0]]), False),
        (np.array([1.0]), np.array([1.0, 1.0]), False),
        (np.empty((0, 2)), np.empty((0, 3)), False),
        (np.array(np.datetime64("NaT")), np.array(np.datetime64("NaT")), True),
        (np.array([0.0]), np.array([-0.0]), True),
    ],
)
def test_arrays_are_the_same_by_dtype_shape_and_elements(
    a: NDArray[np.generic] | None, b: NDArray[np.generic] | None, same: bool
) -> None:
    assert same_array(a, b) is same


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
