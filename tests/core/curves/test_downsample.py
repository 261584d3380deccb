from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from pyhermes.core.curves import downsample
from pyhermes.core.curves.downsample import count_points, spread_counts, thin_line

numbers = st.one_of(st.floats(-10, 10), st.sampled_from([np.nan, np.inf, -np.inf, 2.0, 3.0, 1.7e308]))
series = st.lists(numbers, min_size=1, max_size=50).map(np.array)
sizes = st.integers(1, 9)


def counted(values: NDArray[np.float64], columns: int, rows: int) -> NDArray[np.int64]:
    """One point after the other."""
    counts = np.zeros((rows, columns), np.int64)
    for at, value in enumerate(values.tolist()):
        if 2.0 <= value <= 3.0:
            row = min(int((value / 2 - 1.0) * (rows / 0.5)), rows - 1)
            counts[row, at * columns // len(values)] += 1
    return counts


@given(series, sizes, sizes)
def test_every_point_in_the_range_is_in_one_cell(
    values: NDArray[np.float64], columns: int, rows: int
) -> None:
    found = count_points(values, (2.0, 3.0), columns, rows)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, counted(values, columns, rows))


def test_points_are_counted_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).uniform(1.5, 3.5, 1000)
    monkeypatch.setattr(downsample, "_CHUNK", 64)
    np.testing.assert_array_equal(count_points(values, (2.0, 3.0), 7, 5), counted(values, 7, 5))


def test_a_range_as_wide_as_floats_go() -> None:
    values = np.array([-1.7e308, 0.0, 1.7e308])
    assert count_points(values, (-1.7e308, 1.7e308), 3, 4).tolist() == [
        [1, 0, 0],
        [0, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]


@pytest.mark.parametrize(("radius", "cells"), [(0.5, 1), (1.0, 5), (1.5, 9), (2.0, 13)])
def test_a_point_becomes_a_dot(radius: float, cells: int) -> None:
    counts = np.zeros((7, 9), np.int64)
    counts[3, 4] = 3
    spread = spread_counts(counts, radius)
    assert int(spread.max()) == 3
    assert np.count_nonzero(spread) == cells
    np.testing.assert_array_equal(spread, spread[::-1, ::-1])
    counts[3, 4], counts[0, 0] = 0, 1
    assert spread_counts(counts, 1.0)[:2, :2].tolist() == [[1, 1], [1, 0]]


@given(series, st.integers(1, 5))
def test_a_line_keeps_what_each_column_shows(values: NDArray[np.float64], columns: int) -> None:
    columns = min(columns, len(values))
    positions, heights = thin_line(values, columns)
    assert positions.shape == heights.shape == (4 * columns,)
    assert (np.diff(positions) >= 0).all()
    assert (positions[0], positions[-1]) == (0, len(values) - 1)
    edges = np.arange(columns + 1) * len(values) // columns
    for column, (begin, end) in enumerate(itertools.pairwise(edges)):
        part, kept = values[begin:end], heights[4 * column : 4 * column + 4]
        np.testing.assert_array_equal(kept[[0, 3]], part[[0, -1]])
        np.testing.assert_array_equal(
            np.sort(kept[1:3]), np.sort([np.fmin.reduce(part), np.fmax.reduce(part)])
        )


def test_a_line_that_falls_never_goes_back_up() -> None:
    _, heights = thin_line(np.linspace(5.0, 1.0, 100), 7)
    assert (np.diff(heights) <= 0).all()
    _, heights = thin_line(np.linspace(1.0, 5.0, 100), 7)
    assert (np.diff(heights) >= 0).all()
