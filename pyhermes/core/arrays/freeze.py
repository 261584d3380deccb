"""The values of a result: frozen for records, thawed for people.

A top-level list of numbers or of arrays of one shape is a series, and a record holds it as one
array. Everything else stays what it is: plain values, and arrays wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.kinds import is_array, is_list, is_mapping
from pyhermes.core.arrays.read_only import read_only
from pyhermes.core.arrays.stack import DEEPEST, Stacker, expand_floats, stack, to_array, to_number
from pyhermes.core.errors import ResultError
from pyhermes.core.messages import shown
from pyhermes.core.typing import FrozenValue, PlainKey, ResultValue

TAGS = "tags"
"""The key whose list is never taken for a series."""

_Array: TypeAlias = NDArray[np.generic]


class PlainList(list[ResultValue]):
    """A list that was stored as a tuple: it stays a list, where a list of numbers becomes an array."""


def freeze(values: object, *, copy: bool = True) -> dict[str, FrozenValue]:
    """Return copies of all values that nobody can change, with series stacked into arrays.

    Without `copy`, for what only reads them at once, arrays are those that were given. Raises
    `ResultError`, a `ValueError`, naming the key of what a result cannot hold.
    """
    if not is_mapping(values):
        raise ResultError(f"expected a dict of results, got {shown(values)}")
    freezer = _Freezer(copy=copy)
    return {_text_key(key): freezer.freeze_entry(_text_key(key), value) for key, value in values.items()}


def thaw(values: Mapping[str, FrozenValue], *, copy: bool = True) -> dict[str, ResultValue]:
    """Return fresh, changeable copies of frozen values: lists, dicts and writable arrays.

    Without `copy` arrays that can be written to are taken as they are.
    """
    done: dict[int, ResultValue] = {}
    thawed: dict[str, ResultValue] = {}
    for key, value in values.items():
        thawed[key] = _thaw(value, done, copy=copy)
        if is_plain_list(value, key):
            thawed[key] = PlainList(_thaw(item, done, copy=copy) for item in value)
    return thawed


def is_plain_list(value: FrozenValue, key: str) -> TypeGuard[tuple[FrozenValue, ...]]:
    """Return whether a frozen entry is a list that would be a series, had it not been stored as a tuple."""
    return key != TAGS and isinstance(value, tuple) and stack(value) is not None


class _Freezer:
    """Freezes the values of one result; what stands in several places is frozen once."""

    def __init__(self, *, copy: bool) -> None:
        self._copy = copy
        self._key = ""
        self._stacker = Stacker()
        # The original is kept beside its frozen copy: were it freed, another object could get its id.
        self._done: dict[int, tuple[object, FrozenValue]] = {}
        self._open: set[int] = set()  # the containers that are being frozen, to notice cycles

    def freeze_entry(self, key: str, value: object) -> FrozenValue:
        self._key = key
        if is_list(value) and not isinstance(value, tuple | PlainList) and key != TAGS:
            series = self._stacker.stack(value)
            if series is not None:
                return self._freeze_array(series)
        return self._freeze(value)

    def _freeze(self, value: object) -> FrozenValue:
        if value is None:
            return None
        if isinstance(value, str):
            return str.__str__(value)  # of a subclass, the text itself
        if isinstance(value, bytes):
            return bytes(value)
        if is_list(value) or is_mapping(value):
            return self._freeze_container(value)
        return self._freeze_number_or_array(value)

    def _freeze_number_or_array(self, value: object) -> FrozenValue:
        number = to_number(value) if _is_scalar(value) else None
        if number is not None:
            return number
        array = to_array(value)
        if array is None:
            raise self._refuse(value)
        if id(array) not in self._done:
            self._done[id(array)] = (array, self._freeze_array(array))
        return self._done[id(array)][1]

    def _freeze_container(self, value: Sequence[object] | Mapping[object, object]) -> FrozenValue:
        if id(value) in self._done:
            return self._done[id(value)][1]
        # A cycle would never end, and very deep values would end Python's stack.
        if id(value) in self._open or len(self._open) == DEEPEST:
            raise ResultError(
                f"expected values nested at most {DEEPEST} deep, got more under {shown(self._key)}"
            )
        self._open.add(id(value))
        frozen = self._freeze_items(value)
        self._open.discard(id(value))
        self._done[id(value)] = (value, frozen)
        return frozen

    def _freeze_items(self, value: Sequence[object] | Mapping[object, object]) -> FrozenValue:
        if isinstance(value, Mapping):
            return MappingProxyType(
                {self._freeze_key(key): self._freeze(item) for key, item in value.items()}
            )
        return tuple(map(self._freeze, expand_floats(value)))

    def _freeze_array(self, array: _Array) -> FrozenValue:
        if array.dtype.kind in "SU":  # no tensor holds text: lists of it are stored instead
            return self._freeze(array.tolist() if array.size else [])
        if array.dtype.kind not in "biufcMm":
            raise self._refuse(array)
        return read_only(_plain_array(array)) if self._copy else _plain_array(array)

    def _freeze_key(self, key: object) -> PlainKey:
        plain = self._freeze(key)
        try:
            hash(plain)
        except TypeError:
            raise self._refuse(key) from None
        return cast("PlainKey", plain)

    def _refuse(self, value: object) -> ResultError:
        kind = type(value).__qualname__
        if is_array(value):
            kind = f"an array of dtype {value.dtype}"
        return ResultError(
            "expected numbers, text, bytes, arrays, or lists and dicts of them, "
            f"got {kind} under the key {shown(self._key)}: {shown(value)}"
        )


def _thaw(value: FrozenValue, done: dict[int, ResultValue], *, copy: bool) -> ResultValue:
    if not isinstance(value, tuple | Mapping | np.ndarray):
        return value
    if id(value) not in done:
        if isinstance(value, np.ndarray):
            done[id(value)] = value.copy() if copy or not value.flags.writeable else value
        elif isinstance(value, tuple):
            done[id(value)] = [_thaw(item, done, copy=copy) for item in value]
        else:
            done[id(value)] = {key: _thaw(item, done, copy=copy) for key, item in value.items()}
    return done[id(value)]


def _is_scalar(value: object) -> bool:
    # arrays without a dimension and tensors stay arrays where they stand outside a series
    return isinstance(value, int | float | np.generic)


def _text_key(key: object) -> str:
    if not isinstance(key, str):
        raise ResultError(f"expected text as the keys of a result, got {shown(key)}")
    return str.__str__(key)


def _plain_array(array: _Array) -> _Array:
    """Return an array in native byte order, its integers under the one name that their width has."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    # numpy calls int64 both "long" and "long long": torch knows only one of them
    return native.view(f"{array.dtype.kind}{array.dtype.itemsize}") if array.dtype.kind in "iu" else native
