"""Series: numbers in one dimension, as float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.errors import CurveError
from pyhermes.core.messages import shown
from pyhermes.core.typing import FloatArray


def as_series(values: ArrayLike, what: str, *, copy: bool = True) -> FloatArray:
    """Return one-dimensional numbers as float64, shape `(n,)`.

    Without `copy` it is the same array if that is float64 already. Raises `CurveError`, a
    `ValueError`, that calls the values `what`, for another shape and for anything but real numbers
    (text, complex numbers, objects).

    >>> as_series([1, 2.5], "scores")
    array([1. , 2.5])
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError):  # lists of several lengths, tensors with a graph
        raise CurveError(f"expected {what} as numbers in one dimension, got {shown(values)}") from None
    if array.ndim != 1:
        raise CurveError(f"expected {what} in one dimension, got an array of shape {array.shape}")
    if array.size and array.dtype.kind not in "biuf":
        raise CurveError(f"expected {what} as real numbers, got {shown(array[0])}")
    with np.errstate(all="ignore"):  # long doubles beyond float64 become infinite
        return array.astype(np.float64, copy=copy)
