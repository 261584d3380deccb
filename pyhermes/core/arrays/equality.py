"""Whether arrays, and plain values that hold arrays, are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.kinds import is_array, is_mapping, is_tuple

_Array: TypeAlias = NDArray[np.generic]


def same_array(a: _Array | None, b: _Array | None) -> bool:
    """Return whether two arrays have one dtype, one shape and equal elements, NaN equal to itself."""
    if a is None or b is None:
        return a is b
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return bool(((a == b) | ((a != a) & (b != b))).all())


def same_values(a: object, b: object) -> bool:
    """Return whether two frozen values are the same in type and in every element, NaN equal to itself.

    Frozen values are what `freeze` makes: plain values, arrays, tuples and mappings of them.
    """
    return _same(a, b, set())


def _same(a: object, b: object, compared: set[tuple[int, int]]) -> bool:
    # lists that hold one list twice, sixty levels deep, would take 2**60 comparisons otherwise
    if a is b or (id(a), id(b)) in compared:
        return True
    compared.add((id(a), id(b)))
    if is_array(a) and is_array(b):
        return same_array(a, b)
    if is_mapping(a) and is_mapping(b):
        return _same_mapping(a, b, compared)
    if is_tuple(a) and is_tuple(b):
        return _same_tuple(a, b, compared)
    return type(a) is type(b) and (a == b or (a != a and b != b))


def _same_mapping(
    a: Mapping[object, object], b: Mapping[object, object], compared: set[tuple[int, int]]
) -> bool:
    return a.keys() == b.keys() and all(_same(a[key], b[key], compared) for key in a)


def _same_tuple(a: tuple[object, ...], b: tuple[object, ...], compared: set[tuple[int, int]]) -> bool:
    return len(a) == len(b) and all(_same(*pair, compared) for pair in zip(a, b, strict=True))
