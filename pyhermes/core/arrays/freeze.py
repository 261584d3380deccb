"""The values of a result: frozen for records, thawed for people, stacked into series.

A top-level list of numbers or of arrays of one shape is a series, and a record holds it as one
array. Everything else stays what it is: plain values, and arrays wherever they stand.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.series import PendingArray, PendingFloats, read_only, same_array
from pyhermes.core.errors import ResultError
from pyhermes.core.messages import shown
from pyhermes.core.typing import FrozenValue, PlainKey, ResultValue

if TYPE_CHECKING:
    import torch

TAGS = "tags"
"""The key whose list is never taken for a series."""

NUMBERS = frozenset({bool, int, float})
"""The types of Python's own numbers."""

_NUMBERS_AND_FLOATS = NUMBERS | {PendingFloats}
_DEEPEST = 60
_SHARED_AT_MOST = 16 << 20

_Array: TypeAlias = NDArray[np.generic]
_Number: TypeAlias = bool | int | float


class PlainList(list[ResultValue]):
    """A list that was stored as a tuple: it stays a list, where a list of numbers becomes an array."""


def freeze(values: object, *, copy: bool = True) -> dict[str, FrozenValue]:
    """Copies of all values that nobody can change, series stacked into arrays.

    Without `copy`, for what only reads them at once, arrays are those that were given. Raises
    `ResultError`, a `ValueError`, naming the key of what a result cannot hold.
    """
    if not isinstance(values, Mapping):
        raise ResultError(f"expected a dict of results, got {shown(values)}")
    walk = _Freezer(copy)
    return {_text_key(key): walk.entry(key, value) for key, value in values.items()}


def thaw(values: Mapping[str, FrozenValue], *, copy: bool = True) -> dict[str, ResultValue]:
    """Fresh, changeable copies of frozen values: lists, dicts and writable arrays.

    Without `copy` arrays that can be written to are taken as they are.
    """
    done: dict[int, ResultValue] = {}
    thawed: dict[str, ResultValue] = {}
    for key, value in values.items():
        thawed[key] = _thaw(value, done, copy)
        if is_plain_list(value, key):
            thawed[key] = PlainList(_thaw(item, done, copy) for item in value)
    return thawed


def stacked(values: Sequence[object]) -> _Array | None:
    """The array that a list of numbers, or of arrays of one shape, is; None for other lists."""
    return _Stacker().stack(values)


def is_plain_list(value: FrozenValue, key: str) -> TypeGuard[tuple[FrozenValue, ...]]:
    """Whether a frozen entry is a list that would be a series, had it not been stored as a tuple."""
    return key != TAGS and isinstance(value, tuple) and stacked(value) is not None


def same_values(a: object, b: object) -> bool:
    """Whether frozen values are the same in type and in every element, NaN being itself."""
    return _same(a, b, set())


def _same(a: object, b: object, done: set[tuple[int, int]]) -> bool:
    """The same; a pair of containers that was compared before is not compared again."""
    if a is b or (id(a), id(b)) in done:
        return True
    done.add((id(a), id(b)))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return same_array(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key], done) for key in a)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_same(*pair, done) for pair in zip(a, b, strict=True))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def array_of(value: object) -> _Array | None:
    """The array that an array, a torch tensor or a number of numpy is; None for everything else.

    Tensors are taken from any device and without their graph; bfloat16 becomes float32.
    """
    if isinstance(value, np.ndarray):
        return None if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
    if isinstance(value, np.generic):
        return None if isinstance(value, np.flexible | np.object_) else np.asarray(value)
    if is_tensor(value):
        return _array_of_tensor(value)
    return value.resolve() if isinstance(value, PendingArray) else None


def is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    """Whether a value is a torch tensor, without importing torch: who has one has imported it."""
    torch_module = sys.modules.get("torch")
    return torch_module is not None and isinstance(value, torch_module.Tensor)


def number_of(value: object) -> _Number | None:
    """The Python number that a number of Python, numpy or torch is, or None.

    Numbers of torch and numpy are arrays without a dimension too. Complex numbers are none.
    """
    if type(value) is float or type(value) is int or type(value) is bool:
        return value
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return int(value) if isinstance(value, int) else float(value)
    array = array_of(value)
    if array is None or array.ndim or array.dtype.kind not in "biuf":
        return None
    number: _Number = array.item()
    return float(number) if array.dtype.char == "g" else number


class _Stacker:
    """Stacks lists into arrays; a list that stands in several places is looked at once."""

    def __init__(self) -> None:
        self._done: dict[int, _Array | None] = {}
        self._repeated = _SHARED_AT_MOST

    def stack(self, values: Sequence[object], depth: int = 0) -> _Array | None:
        """The array that a list of numbers, or of arrays of one shape, is; None for others."""
        kinds = set(map(type, values))
        if kinds <= NUMBERS:
            return _stack_numbers(values, kinds)
        if PendingFloats in kinds:
            if kinds <= _NUMBERS_AND_FLOATS:
                return _joined(values)
            values = _each_by_itself(values)
        entries = [self._entry(value, depth) for value in values]
        arrays = [entry for entry in entries if isinstance(entry, np.ndarray)]
        if not arrays:
            return None if None in entries else _stack_numbers(entries, set(map(type, entries)))
        if len(arrays) < len(entries) or len({array.shape for array in arrays}) > 1:
            return None
        return None if self._explodes(arrays) else _stack_arrays(arrays)

    def _explodes(self, arrays: list[_Array]) -> bool:
        """Whether arrays that stand in lists many times would become very large."""
        if len({id(array) for array in arrays}) < len(arrays):
            self._repeated -= sum(array.nbytes for array in arrays)
        return self._repeated < 0

    def _entry(self, value: object, depth: int) -> _Array | _Number | None:
        if isinstance(value, list | tuple):
            if id(value) not in self._done:
                self._done[id(value)] = None  # what holds itself cannot be stacked
                self._done[id(value)] = None if depth > _DEEPEST else self.stack(value, depth + 1)
            return self._done[id(value)]
        number = number_of(value)
        if number is not None:
            return number
        array = array_of(value)
        return array if array is not None and array.dtype.kind in "biufcMm" else None


class _Freezer:
    """One walk over the values of a result; what stands in several places is frozen once."""

    def __init__(self, copy: bool) -> None:
        self._copy = copy
        self._key = ""
        self._stacker = _Stacker()
        # with what was frozen, lest something else gets its id
        self._done: dict[int, tuple[object, FrozenValue]] = {}
        self._open: set[int] = set()

    def entry(self, key: str, value: object) -> FrozenValue:
        self._key = key
        if isinstance(value, list) and not isinstance(value, PlainList) and key != TAGS:
            series = self._stacker.stack(value)
            if series is not None:
                return self._array(series)
        return self._value(value)

    def _value(self, value: object) -> FrozenValue:
        if value is None:
            return None
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, bytes):
            return bytes(value)
        if isinstance(value, list | tuple | Mapping):
            return self._container(value)
        number = number_of(value) if isinstance(value, int | float | np.generic) else None
        if number is not None:
            return number
        array = array_of(value)
        if array is None:
            raise self._refusal(value)
        if id(array) not in self._done:
            self._done[id(array)] = (array, self._array(array))
        return self._done[id(array)][1]

    def _container(self, value: list[object] | tuple[object, ...] | Mapping[object, object]) -> FrozenValue:
        if id(value) in self._done:
            return self._done[id(value)][1]
        if id(value) in self._open or len(self._open) == _DEEPEST:
            raise ResultError(
                f"expected values nested at most {_DEEPEST} deep, got more under {shown(self._key)}"
            )
        self._open.add(id(value))
        frozen: FrozenValue
        if isinstance(value, Mapping):
            frozen = MappingProxyType(
                {self._plain_key(key): self._value(item) for key, item in value.items()}
            )
        else:
            frozen = tuple(map(self._value, _each_by_itself(value)))
        self._open.discard(id(value))
        self._done[id(value)] = (value, frozen)
        return frozen

    def _array(self, array: _Array) -> FrozenValue:
        if array.dtype.kind in "SU":
            return self._value(array.tolist() if array.size else [])
        if array.dtype.kind not in "biufcMm":
            raise self._refusal(array)
        return read_only(_plain_array(array)) if self._copy else _plain_array(array)

    def _plain_key(self, key: object) -> PlainKey:
        plain = self._value(key)
        try:
            hash(plain)
        except TypeError:
            raise self._refusal(key) from None
        return cast("PlainKey", plain)

    def _refusal(self, value: object) -> ResultError:
        kind = (
            f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else type(value).__qualname__
        )
        return ResultError(
            "expected numbers, text, bytes, arrays, or lists and dicts of them, "
            f"got {kind} under the key {shown(self._key)}: {shown(value)}"
        )


def _thaw(value: FrozenValue, done: dict[int, ResultValue], copy: bool) -> ResultValue:
    if not isinstance(value, tuple | Mapping | np.ndarray):
        return value
    if id(value) not in done:
        if isinstance(value, np.ndarray):
            done[id(value)] = value.copy() if copy or not value.flags.writeable else value
        elif isinstance(value, tuple):
            done[id(value)] = [_thaw(item, done, copy) for item in value]
        else:
            done[id(value)] = {key: _thaw(item, done, copy) for key, item in value.items()}
    return done[id(value)]


def _text_key(key: object) -> str:
    if not isinstance(key, str):
        raise ResultError(f"expected text as the keys of a result, got {shown(key)}")
    return str.__str__(key)


def _plain_array(array: _Array) -> _Array:
    """The array in native byte order, and of integers by the one name that their width has."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return native.view(f"{array.dtype.kind}{array.dtype.itemsize}") if array.dtype.kind in "iu" else native


def _stack_numbers(numbers: Sequence[object], kinds: set[type]) -> _Array | None:
    """Numbers of some types as bool, int64 or float64, whichever holds them all; None beyond int64."""
    dtype = np.bool_ if kinds == {bool} else np.int64 if kinds and float not in kinds else np.float64
    try:
        return np.fromiter(numbers, dtype, len(numbers))
    except OverflowError:
        return None


def _joined(numbers: Sequence[object]) -> _Array | None:
    """Numbers, some of them in rows of floats, as float64; None beyond what a float holds."""
    parts = [part.values if isinstance(part, PendingFloats) else [part] for part in numbers]
    try:
        return np.concatenate([np.asarray(part, np.float64) for part in parts])
    except OverflowError:
        return None


def _each_by_itself(values: Sequence[object]) -> Sequence[object]:
    """The same values, those that stand in rows of floats one by one."""
    if PendingFloats not in set(map(type, values)):
        return values
    rows = [part.values.tolist() if isinstance(part, PendingFloats) else [part] for part in values]
    return list(chain.from_iterable(rows))


def _stack_arrays(arrays: list[_Array]) -> _Array | None:
    """Arrays of one shape on a new first axis; None where they have no dtype in common."""
    try:
        return np.stack(arrays)
    except (TypeError, OverflowError):
        return None


def _array_of_tensor(tensor: torch.Tensor) -> _Array | None:
    try:
        plain = tensor.detach().cpu().resolve_conj().resolve_neg()
        return (plain.float() if str(plain.dtype) == "torch.bfloat16" else plain).numpy()
    except (TypeError, RuntimeError):  # sparse, quantized, without memory, of a dtype that numpy has not
        return None
