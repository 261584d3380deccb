from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from pyhermes.core import CurveError
from pyhermes.core.arrays.series import as_series


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([1, 2.5, True], [1.0, 2.5, 1.0]),
        ([], []),
        ((3,), [3.0]),
        (np.array([1, 255], np.uint8), [1.0, 255.0]),
        (np.array([0.5], np.float16), [0.5]),
        (np.array([1e300], np.longdouble), [1e300]),
        (torch.tensor([1, 2]), [1.0, 2.0]),
        (np.array([], dtype=object), []),
    ],
)
def test_real_numbers_in_one_dimension_are_a_series(values: ArrayLike, numbers: list[float]) -> None:
    series = as_series(values, "scores")
    assert series.dtype == np.float64
    assert series.tolist() == numbers


def test_a_series_is_a_copy() -> None:
    scores = np.arange(3.0)
    as_series(scores, "scores")[0] = 9
    assert scores[0] == 0


def test_numbers_beyond_float64_become_infinite_without_a_warning() -> None:
    huge = np.array(["1e400"], np.longdouble)
    assert as_series(huge, "scores").tolist() == [np.inf]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (3.0, r"expected scores in one dimension, got an array of shape \(\)"),
        ([[1.0, 2.0]], r"expected scores in one dimension, got an array of shape \(1, 2\)"),
        ([[1.0], [1.0, 2.0]], "expected scores as numbers in one dimension, got"),
        (torch.ones(2, requires_grad=True), "expected scores as numbers in one dimension, got tensor"),
        (["1", "2"], "expected scores as real numbers, got .*'1'"),
        ([1j], "expected scores as real numbers, got"),
        ([None], "expected scores as real numbers, got None"),
        (np.array(["2026-01-01"], "M8[D]"), "expected scores as real numbers, got"),
        ("12", r"expected scores in one dimension, got an array of shape \(\)"),
    ],
)
def test_what_is_no_series(values: ArrayLike, message: str) -> None:
    with pytest.raises(CurveError, match=message) as error:
        as_series(values, "scores")
    assert isinstance(error.value, ValueError)
