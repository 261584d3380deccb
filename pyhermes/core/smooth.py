"""The sliding mean and standard deviation of a series, exact where running sums fail.

The series is cut into blocks of the window's size, so that every window is a suffix of one block
and a prefix of the next. Within a block, prefixes grow by Welford's recurrence, whose terms are
never negative; the two parts of a window are merged by the parallel variance formula of Chan, Golub
and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979). No
value outside a window takes part in it, so nothing can cancel, and a NaN stays where it is.
"""

from __future__ import annotations

import operator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays import as_series
from pyhermes.core.errors import CurveError
from pyhermes.core.typing import FloatArray

_CHUNK = 1 << 16
_LARGEST = 2.0**480
_SCALE = 2.0**540


class _Moments(NamedTuple):
    """Mean (less a value near it, so that no digit is lost) and sum of squared deviations."""

    counts: FloatArray
    base: FloatArray
    mean: FloatArray
    squares: FloatArray


def smoothen(arr: ArrayLike, window_size: int = 100) -> tuple[FloatArray, FloatArray]:
    """The sliding mean and the sliding (population) standard deviation of a series.

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
    values = as_series(arr, "values to smoothen")
    size = operator.index(window_size)
    if size < 1:
        raise CurveError(f"expected a window of at least 1, got {size}")
    if not values.size:
        return values, values.copy()
    with np.errstate(all="ignore"):
        means, stds = _slide(values, min(size, values.size))
        if np.abs(values[np.isfinite(values)]).max(initial=0.0) > _LARGEST:
            _mend_overflows(means, stds, values, min(size, values.size))
    return means, stds


def _mend_overflows(means: FloatArray, stds: FloatArray, values: FloatArray, size: int) -> None:
    """Where squares of very large values overflowed, take the result of the values scaled down."""
    lost = ~(np.isfinite(means) & np.isfinite(stds))
    smaller_means, smaller_stds = _slide(values / _SCALE, size)
    means[lost], stds[lost] = smaller_means[lost] * _SCALE, smaller_stds[lost] * _SCALE


def _slide(values: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Means and deviations of all windows, some whole blocks at a time to stay in the cache."""
    n = len(values)
    means, stds = np.empty(n), np.empty(n)
    step = max(1, _CHUNK // size) * size
    for start in range(0, n, step):
        stop = min(start + step, n)
        before = max(0, start - size)
        mean, std = _slide_blocks(values[before:stop], size)
        means[start:stop], stds[start:stop] = mean[start - before :], std[start - before :]
    return means, stds


def _slide_blocks(values: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """The same for values that begin a block; the windows of the first block are its prefixes."""
    n = len(values)
    blocks = np.zeros((-(-n // size), size))
    blocks.reshape(-1)[:n] = values
    prefixes = _growing(blocks)
    mean, squares = prefixes.mean, prefixes.squares
    if len(blocks) > 1:
        _merge(prefixes, _growing(blocks[:-1, ::-1]))
    mean += prefixes.base
    count = np.minimum(np.arange(1, n + 1), size)
    return mean.reshape(-1)[:n], np.sqrt(squares.reshape(-1)[:n] / count)


def _growing(blocks: FloatArray) -> _Moments:
    """Moments of the first 1, 2, ... `size` values of every row; shapes `(rows, size)`."""
    count = np.arange(1.0, blocks.shape[1] + 1)
    base = blocks[:, :1]
    deviations = blocks - base
    mean = np.cumsum(deviations, axis=1) / count
    squares = np.empty_like(mean)
    squares[:, 0] = deviations[:, 0]  # zero, or not a number where the value is not finite
    # (x - mean before) * (x - mean after), written so that it cannot be negative
    squares[:, 1:] = np.square(deviations - mean)[:, 1:] * (count[1:] / (count[1:] - 1))
    np.cumsum(squares, axis=1, out=squares)
    return _Moments(count, base, mean, squares)


def _merge(prefixes: _Moments, suffixes: _Moments) -> None:
    """Complete, in place, every prefix but a whole block with the suffix of the block before it."""
    size = len(prefixes.counts)
    partial = (slice(1, None), slice(0, size - 1))
    reverse = (slice(None), slice(-2, None, -1))
    count = prefixes.counts[: size - 1]
    other_count = size - count
    apart = suffixes.base - prefixes.base[1:]
    delta = apart + (suffixes.mean[reverse] - prefixes.mean[partial])
    prefixes.mean[partial] += delta * (other_count / size)
    prefixes.squares[partial] += suffixes.squares[reverse]
    prefixes.squares[partial] += np.square(delta) * (count * other_count / size)
