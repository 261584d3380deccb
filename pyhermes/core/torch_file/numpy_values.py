"""Dtypes, arrays and scalars of numpy in a pickle, built without numpy's own unpickling.

Numpy's `dtype.__setstate__` believes what it is given: a forged state made 75 of 12,000 fuzzed files
crash the interpreter. Here only a type code of one letter and a width are taken, and elements are read
with `numpy.frombuffer`, from bytes whose number is compared with the shape.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.pending import PendingArray
from pyhermes.core.messages import shown
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.objects import Sealed, require_sizes, require_tuple, to_native

# bool, integers, floats, complex, bytes, text, times; neither objects (O) nor records (V)
_TYPE_CODE = re.compile(r"[biufcSUMm][0-9]{1,9}")
_TIME_UNIT = re.compile(rb"[a-zA-Z]{1,7}")

_Array: TypeAlias = NDArray[np.generic]


class NumpyDtype:
    """What `numpy.dtype` makes in a file: numbers, text or times, never objects or records."""

    __slots__ = ("_dtype",)

    def __init__(self, code: object, *_flags: object) -> None:
        if not isinstance(code, str) or not _TYPE_CODE.fullmatch(code):
            raise UnsafeFileError(
                f"a numpy array has the dtype {shown(code)}, which is neither numbers nor text"
            )
        self._dtype = np.dtype(code)

    def __setstate__(self, state: object) -> None:
        """Take byte order and, of times, the unit, from `(version, order, None, None, None, ...)`."""
        _, order, *rest = require_tuple(state, 8, 9)
        # the three that are None hold a subarray, field names and fields: a dtype of records
        if order not in ("<", ">", "=", "|") or rest[:3] != [None, None, None]:
            raise UnsafeFileError("a numpy array holds records, which are not supported")
        if self._dtype.kind in "Mm":
            self._dtype = np.dtype(f"{self._dtype.kind}8[{_read_unit(rest[-1])}]")
        if order == ">":
            self._dtype = self._dtype.newbyteorder(">")

    def make_array(self, shape: tuple[int, ...], raw: bytes, *, fortran: bool) -> _Array:
        """Return the array of a shape whose elements are `raw`, which must be as many bytes."""
        itemsize = self._dtype.itemsize
        if not itemsize or math.prod(shape) * itemsize != len(raw):
            raise UnsafeFileError("damaged: a numpy array's shape does not match its bytes")
        flat = np.frombuffer(raw, self._dtype)
        return to_native(flat.reshape(shape, order="F" if fortran else "C"))


def _read_unit(metadata: object) -> str:
    """Return the unit of times, such as "1s", from `(..., (unit, step, ...))`."""
    unit, step, *_ = require_tuple(require_tuple(metadata, 2)[1], 4)
    # the unit becomes part of a dtype string: only letters, so that it can end nothing and begin nothing
    if not isinstance(unit, bytes) or not _TIME_UNIT.fullmatch(unit) or not isinstance(step, int):
        raise UnsafeFileError("a numpy array holds times of an unknown unit")
    return f"{step}{unit.decode()}"


class NumpyArray(PendingArray):
    """What `_reconstruct` makes in a file: an array that BUILD gives its elements, once."""

    __slots__ = ("_array", "_spend")

    def __init__(self, spend: Callable[[bytes], None]) -> None:
        self._spend = spend
        self._array: _Array | None = None

    def __setstate__(self, state: object) -> None:
        """Take shape, dtype, order and elements from `(version, shape, dtype, fortran, bytes)`."""
        shape, dtype, fortran, raw = require_tuple(state, 5)[1:]
        if not isinstance(dtype, NumpyDtype) or not isinstance(raw, bytes):
            raise UnsafeFileError("a numpy array holds Python objects, which are not supported")
        if self._array is not None:
            raise UnsafeFileError("the pickle modifies an immutable object")
        self._spend(raw)
        self._array = dtype.make_array(require_sizes(shape), raw, fortran=fortran is True)

    def resolve(self) -> _Array:
        """Return the array; raise `UnsafeFileError` where it never got its elements."""
        if self._array is None:
            raise UnsafeFileError("damaged: a numpy array never gets its elements")
        return _check_text(self._array)


class NumpyScalar(Sealed, PendingArray):
    """A scalar of numpy that no Python number is: a complex number or a time."""

    __slots__ = ("_array",)

    def __init__(self, array: _Array) -> None:
        self._array = array

    def resolve(self) -> _Array:
        """Return the scalar as an array without a dimension."""
        return self._array


def make_scalar(dtype: object, raw: object) -> object:
    """Return a number or text of Python, else a `NumpyScalar`, from its dtype and its bytes."""
    if not isinstance(dtype, NumpyDtype) or not isinstance(raw, bytes):
        raise UnsafeFileError("a numpy scalar has an unknown dtype")
    array = _check_text(dtype.make_array((), raw, fortran=False))
    # `item()` of a long double (g) is no Python number
    return array.item() if array.dtype.kind in "biufSU" and array.dtype.char != "g" else NumpyScalar(array)


def _check_text(array: _Array) -> _Array:
    # numpy makes text of numbers just beyond Unicode, and no codec can write that
    if array.dtype.kind == "U" and (array.reshape(-1).view(np.uint32) > sys.maxunicode).any():
        raise ValueError("text beyond Unicode")
    return array
