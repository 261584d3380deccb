"""Values of a result as single values of a type: arrays by dtype, and plain values, strictly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from enum import Enum
from types import NoneType
from typing import Literal, TypeAlias, TypeGuard, get_args

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.stack import stack
from pyhermes.core.structure.annotations import array_types, enum_of, kind_of
from pyhermes.core.structure.readers import Leaves, Reader

_PLAIN: frozenset[object] = frozenset({bool, int, float, str, bytes, NoneType})
_COLLECTIONS: frozenset[object] = frozenset({tuple, list, Sequence, dict, Mapping})

_OF_KIND: Mapping[object, type[np.generic]] = {
    np.generic: np.float64,
    np.number: np.float64,
    np.inexact: np.float64,
    np.floating: np.float64,
    np.complexfloating: np.complex128,
    np.integer: np.int64,
    np.signedinteger: np.int64,
    np.unsignedinteger: np.uint64,
    np.flexible: np.str_,
    np.character: np.str_,
}
"""The type that numbers are converted to for a family of types, where they are of none of them."""

Array: TypeAlias = NDArray[np.generic]


def _reader_of(annotation: object, union: Sequence[object]) -> Reader | None:
    if array_types(annotation):
        # an array is tried as each type of the union before it is converted to one
        kinds = tuple(itertools.chain(*map(array_types, union or [annotation])))
        return lambda value: _as_array(value, kinds)
    kind = kind_of(annotation)
    if kind is Literal:
        options = _options(annotation)
        return lambda value: _choose(_as_python(value), options)
    return (lambda value: _as_plain(_as_python(value), kind)) if kind in _PLAIN else None


def _is_array(value: object) -> TypeGuard[Array]:
    return isinstance(value, np.ndarray)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, tuple | list)


def _as_python(value: object) -> object:
    return value.tolist() if _is_array(value) and _is_no_time(value) else value


def _is_no_time(array: Array) -> bool:
    return array.dtype.kind not in "mM"  # Python would make integers of them


def _as_plain(value: object, kind: object) -> object:
    """Return a bool, a number, text, bytes or None; an integer is a float too, a bool is no number."""
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _options(annotation: object) -> list[tuple[object, object]]:
    """Return what a Literal or an Enum may be, each as it stands in a result and as it is read."""
    enum = enum_of(annotation)
    if enum is not None:
        return [(member.value, member) for member in enum]
    options = get_args(annotation)
    return [(option.value if isinstance(option, Enum) else option, option) for option in options]


def _choose(value: object, options: list[tuple[object, object]]) -> object:
    for held, option in options:
        if type(held) is type(value) and held == value:
            return option
    raise ValueError


def _items_of(value: object) -> Sequence[object]:
    if _is_array(value) and value.ndim and _is_no_time(value):
        return value.tolist() if value.ndim == 1 else list(value)
    if _is_sequence(value):
        return value
    raise ValueError


def _as_array(value: object, kinds: Sequence[type[np.generic]]) -> Array:
    """Return an array of one of some scalar types: as it is, or converted to a wider type."""
    array = _array(value)
    if any(_is_of(array.dtype, kind) for kind in kinds):
        return array
    for wanted in (np.dtype(_OF_KIND.get(kind, kind)) for kind in kinds):
        if array.size == 0 or _is_wider(wanted, array.dtype):
            return array.astype(wanted)
    raise ValueError


def _array(value: object) -> Array:
    """Return the array that a value is; within a dict, or with integers over 64 bits, it is a tuple."""
    if _is_array(value):
        return value
    array = stack(value) if _is_tuple(value) else None
    if array is not None:
        return array
    if _is_tuple(value) and all(type(item) in (int, float) for item in value):
        return np.array(value, np.float64)
    raise ValueError


def _is_of(dtype: np.dtype[np.generic], kind: type[np.generic]) -> bool:
    if dtype.kind == "m" and kind is not np.timedelta64:  # a signed integer to numpy
        return kind is np.generic
    return np.issubdtype(dtype, kind)


def _is_wider(wanted: np.dtype[np.generic], dtype: np.dtype[np.generic]) -> bool:
    is_of_the_same_sort = dtype.kind == wanted.kind or (dtype.kind in "iu" and wanted.kind in "iuf")
    return is_of_the_same_sort and np.can_cast(dtype, wanted, "safe")


VALUES = Leaves("a type that a result can hold", _COLLECTIONS, True, _reader_of, _items_of)
"""What a `ResultRecord` holds under a key, or within it."""
