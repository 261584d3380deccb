"""The sliding mean and standard deviation of a series, exact where running sums fail.

The series is cut into blocks of the window's size, so that every window is a suffix of one block
and a prefix of the next. Prefixes, and suffixes from their ends, grow by Welford's recurrence, whose
terms are never negative; the two parts of a window are merged by the parallel variance formula of
Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances"
(1979). No value outside a window takes part in it, so nothing can cancel, and a NaN stays where it
is.

A cumulative sum takes as long for complex numbers as for real ones: prefixes are in the real part
and suffixes in the imaginary part of one.
"""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays.series import as_series
from pyhermes.core.errors import CurveError
from pyhermes.core.typing import FloatArray

_CHUNK = 1 << 14
"""Values that are worked on at a time, so that all that is made of them stays in the cache."""
# squares of values up to this size have a sum that is a float, however many they are
_LARGEST = 2.0**480
_SCALE = 2.0**540


def smoothen(arr: ArrayLike, window_size: int = 100) -> tuple[FloatArray, FloatArray]:
    """Return the sliding mean and the sliding (population) standard deviation of a series.

    `arr` has shape `(n,)` and any real dtype; both results have shape `(n,)` and dtype float64, in
    the unit of `arr`. Position `i` covers `arr[max(0, i - window_size + 1) : i + 1]`: at the
    beginning the values there are, then exactly `window_size` of them. It takes O(n) whatever the
    window. A window that holds a NaN or an infinity has a mean and a deviation that are not finite;
    no other window is touched. Raises `CurveError`, a `ValueError`, for an array that is not of one
    dimension and for a window below 1.

    >>> means, stds = smoothen([1.0, 3.0, 5.0, 5.0], window_size=2)
    >>> means, stds
    (array([1., 2., 4., 5.]), array([0., 1., 1., 0.]))
    """
    values = as_series(arr, "values to smoothen", copy=False)
    size = operator.index(window_size)
    if size < 1:
        raise CurveError(f"expected a window of at least 1, got {size}")
    if not values.size:
        return np.empty(0), np.empty(0)
    means, stds = np.empty(len(values)), np.empty(len(values))
    with np.errstate(all="ignore"):
        _slide(values, min(size, len(values)), means, stds)
    return means, stds


def _slide(values: FloatArray, size: int, means: FloatArray, stds: FloatArray) -> None:
    """Fill in means and deviations of all windows, some whole blocks at a time."""
    n = len(values)
    all_rows = -(-n // size)
    rows = -(-all_rows // max(1, round(all_rows * size / _CHUNK)))
    blocks, last = _Blocks(rows, size), np.empty((2, rows, size))
    for start in range(0, n, rows * size):
        stop = min(start + rows * size, n)
        mean, std = means[start:stop], stds[start:stop]
        blocks.fill(values[start:stop])
        if stop - start == rows * size:
            blocks.fill_windows(mean.reshape(rows, size), std.reshape(rows, size))
        else:
            blocks.fill_windows(*last)
            mean[:], std[:] = last.reshape(2, -1)[:, : stop - start]
        if start == 0:
            blocks.fill_first_windows(mean[:size], std[:size])
        if not np.isfinite(std.sum()):
            _mend_overflows(values, size, means, stds, start, stop)


def _mend_overflows(
    values: FloatArray, size: int, means: FloatArray, stds: FloatArray, start: int, stop: int
) -> None:
    """Take the result of the values scaled down, where squares of very large values overflowed."""
    held = values[max(0, start - size) : stop]
    if np.abs(held[np.isfinite(held)]).max(initial=0.0) <= _LARGEST:
        return
    smaller_means, smaller_stds = np.empty(len(held)), np.empty(len(held))
    _slide(held / _SCALE, size, smaller_means, smaller_stds)
    lost = ~(np.isfinite(means[start:stop]) & np.isfinite(stds[start:stop]))
    means[start:stop][lost] = smaller_means[start - stop :][lost] * _SCALE
    stds[start:stop][lost] = smaller_stds[start - stop :][lost] * _SCALE


class _Blocks:
    """Hold consecutive blocks of values, and the moments of their prefixes and suffixes.

    Row 0 is the block before them, whose suffixes the first row's windows need. A mean
    is less the value at the block's end that its part begins at: no digit of it is lost. Squares are
    the sum of squared deviations, divided by the size of the window.
    """

    def __init__(self, rows: int, size: int) -> None:
        self._values = np.zeros((rows + 1, size))
        self._means = np.zeros((rows + 1, size), np.complex128)
        self._squares = np.zeros((rows + 1, size), np.complex128)
        self._delta = np.empty((rows, size - 1))
        self._count = np.arange(1.0, size + 1)
        self._counts = np.repeat(self._count, 2)
        self._growth = np.repeat(self._count / np.maximum(self._count - 1, 1) / size, 2)

    def fill(self, values: FloatArray) -> None:
        """Take the next values, and compute the moments of the first 1, 2, ... from each end."""
        self._values[0, -1] = self._values[-1, -1]
        self._means.imag[0], self._squares.imag[0] = self._means.imag[-1], self._squares.imag[-1]
        self._values[1:].reshape(-1)[: len(values)] = values
        blocks, means, squares = self._values[1:], self._means[1:], self._squares[1:]
        np.subtract(blocks, blocks[:, :1], out=squares.real)
        np.subtract(blocks[:, ::-1], blocks[:, -1:], out=squares.imag)
        np.cumsum(squares, axis=1, out=means)
        mean_parts, parts = means.view(np.float64), squares.view(np.float64)
        mean_parts /= self._counts
        # (x - mean before) * (x - mean after), written so that it cannot be negative
        parts -= mean_parts
        np.square(parts, out=parts)
        parts *= self._growth
        np.cumsum(squares, axis=1, out=squares)

    def fill_windows(self, means: FloatArray, stds: FloatArray) -> None:
        """Fill in, in the shape of the blocks, means and deviations of the windows that end in them."""
        self._merge(means[:, :-1], stds[:, :-1])
        means[:, -1], stds[:, -1] = self._means.real[1:, -1], self._squares.real[1:, -1]
        means += self._values[1:, :1]
        np.sqrt(stds, out=stds)

    def fill_first_windows(self, means: FloatArray, stds: FloatArray) -> None:
        """Fill in the same for the windows that end in the first row, where no block is before it."""
        np.add(self._means.real[1], self._values[1, :1], out=means)
        np.sqrt(self._squares.real[1] * (len(self._count) / self._count), out=stds)

    def _merge(self, means: FloatArray, squares: FloatArray) -> None:
        """Complete every prefix but a whole block with the suffix of the block before it."""
        size, count, other_count = len(self._count), self._count[:-1], self._count[-2::-1]
        delta, prefix_means = self._delta, self._means.real[1:, :-1]
        np.subtract(self._means.imag[:-1, -2::-1], prefix_means, out=delta)
        delta += self._values[:-1, -1:] - self._values[1:, :1]
        np.multiply(delta, other_count / size, out=means)
        means += prefix_means
        np.square(delta, out=delta)
        delta *= count * other_count / size**2
        np.add(self._squares.real[1:, :-1], self._squares.imag[:-1, -2::-1], out=squares)
        squares += delta
