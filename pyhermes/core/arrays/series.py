"""Arrays inside frozen records: copied, read-only, compared as wholes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyhermes.core.errors import CurveError
from pyhermes.core.messages import shown
from pyhermes.core.typing import FloatArray

G = TypeVar("G", bound=np.generic)


class PendingArray(ABC):
    """An array that is made when it is asked for."""

    __slots__ = ()

    @abstractmethod
    def resolve(self) -> NDArray[np.generic]:
        """The array, in native byte order."""
        ...


class PendingFloats:
    """Several floats that stand in a list in a row, as one array: an object for each would take long."""

    __slots__ = ("values",)

    def __init__(self, values: FloatArray) -> None:
        self.values: FloatArray = values


def read_only(array: NDArray[G]) -> NDArray[G]:
    """The same array where nobody can write to it any more, else a copy of which that is true.

    Its memory is a `bytes` object, so that not even its `writeable` flag can be set again.
    """
    root: object = array
    while isinstance(root, np.ndarray):
        root = root.base
    if isinstance(root, bytes) and array.flags.c_contiguous:
        return array
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)


def same_array(a: NDArray[np.generic] | None, b: NDArray[np.generic] | None) -> bool:
    """Whether two arrays have one dtype, one shape and the same elements, NaN being itself."""
    if a is None or b is None:
        return a is b
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(((a == b) | ((a != a) & (b != b))).all())


def as_series(values: ArrayLike, what: str, *, copy: bool = True) -> FloatArray:
    """One-dimensional numbers as float64, shape `(n,)`; without `copy`, the same array if it is one.

    Raises `CurveError`, a `ValueError`, naming `what`, for another shape and for what is no number
    (text, complex numbers, objects).
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError):  # lists of several lengths, tensors with a graph
        raise CurveError(f"expected {what} as numbers in one dimension, got {shown(values)}") from None
    if array.ndim != 1:
        raise CurveError(f"expected {what} in one dimension, got an array of shape {array.shape}")
    if array.size and array.dtype.kind not in "biuf":
        raise CurveError(f"expected {what} as real numbers, got {shown(array[0])}")
    with np.errstate(all="ignore"):
        return array.astype(np.float64, copy=copy)
