"""Very many episodes as the few numbers that a picture of them shows.

A cloud of more points than a picture has room for is counted, cell by cell. Of a line only what its
pixels can show is kept: the first, lowest, highest and last value within each column (Jugel et al.,
"M4: A Visualization-Oriented Time Series Data Aggregation", 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.typing import FloatArray

# points that are counted at a time: it bounds the memory, whatever the number of points
_CHUNK = 1 << 20


def count_points(
    values: FloatArray, value_range: tuple[float, float], columns: int, rows: int
) -> NDArray[np.int64]:
    """Count the points in each cell of a picture, shape `(rows, columns)`, row 0 at the bottom.

    `values` of shape `(n,)` are spread evenly over the columns. Both ends of the range belong to it;
    values outside of it, and NaN, are in no cell. The memory it takes does not grow with `n`.

    >>> count_points(np.array([0.0, 1.0, 1.0, 5.0]), (0.0, 1.0), columns=2, rows=2)
    array([[1, 0],
           [1, 1]])
    """
    low, high = value_range
    n = len(values)
    counts = np.zeros(rows * columns, np.int64)
    with np.errstate(all="ignore"):
        for start in range(0, n, _CHUNK):
            part = values[start : start + _CHUNK]
            # halves: the difference of two floats can be more than a float holds
            row = (part / 2 - low / 2) * (rows / (high / 2 - low / 2))
            column = np.arange(start, start + len(part)) * columns // n
            inside = (row >= 0) & (row <= rows)
            cells = np.minimum(row[inside].astype(np.int64), rows - 1) * columns + column[inside]
            counts += np.bincount(cells, minlength=rows * columns)
    return counts.reshape(rows, columns)


def spread_counts(counts: NDArray[np.int64], radius: float) -> NDArray[np.int64]:
    """Sum the counts, shape `(rows, columns)`, within a radius of each cell: points become dots.

    >>> spread_counts(np.array([[0, 0, 0], [0, 2, 0], [0, 0, 0]]), 1)
    array([[0, 2, 0],
           [2, 2, 2],
           [0, 2, 0]])
    """
    rows, columns = counts.shape
    reach = int(radius)
    padded = np.pad(counts, reach)
    spread = np.zeros_like(counts)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if down**2 + right**2 <= radius**2:
                spread += padded[reach + down :, reach + right :][:rows, :columns]
    return spread


def thin_line(values: FloatArray, columns: int) -> tuple[FloatArray, FloatArray]:
    """Return positions and values of a line that looks, on so many columns, like one through all values.

    `values` has shape `(n,)`, n at least `columns`. Both results have shape `(4 * columns,)` and dtype
    float64: the first value of each column, its lowest and highest in the order that leads to the
    last, and the last (M4, see above). A NaN is lowest or highest only in a column of nothing else.

    >>> thin_line(np.array([3.0, 1.0, 7.0, 2.0]), 1)
    (array([0. , 1.5, 1.5, 3. ]), array([3., 7., 1., 2.]))
    """
    edges = np.arange(columns + 1) * len(values) // columns
    first, last = edges[:-1], edges[1:] - 1
    middle = (first + last) / 2
    begins, ends = values[first], values[last]
    lowest, highest = np.fmin.reduceat(values, first), np.fmax.reduceat(values, first)
    falls = begins > ends  # the other way round, a dashed line would go back over its gaps
    extremes = np.where(falls, highest, lowest), np.where(falls, lowest, highest)
    positions = np.stack([first, middle, middle, last], axis=1).astype(np.float64)
    return positions.reshape(-1), np.stack([begins, *extremes, ends], axis=1).reshape(-1)
