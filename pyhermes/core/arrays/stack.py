"""Numbers and arrays of Python, numpy and torch, and lists of them stacked into one array.

A list of numbers becomes an array of bool, int64 or float64, a list of arrays of one shape an array
with one more axis in front. Torch is not imported here: who hands over a tensor has imported it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.kinds import is_array, is_list, is_tensor
from pyhermes.core.arrays.pending import PendingArray, PendingFloats

if TYPE_CHECKING:
    import torch

NUMBERS = frozenset({bool, int, float})
"""The types of Python's own numbers."""

DEEPEST = 60
"""How deep values may be nested; numpy has at most 64 axes, and Python's stack has an end."""

# A list that holds one array many times is a few bytes in a file and many megabytes when stacked:
# so many bytes of repeated arrays are stacked in one go, and no more.
_REPEATED_AT_MOST = 16 << 20

_Array: TypeAlias = NDArray[np.generic]
_Number: TypeAlias = bool | int | float


def stack(values: Sequence[object]) -> _Array | None:
    """Return a list of numbers, or of arrays of one shape, as one array; None for other lists.

    >>> stack([1, 2.5])
    array([1. , 2.5])
    """
    return Stacker().stack(values)


def to_array(value: object) -> _Array | None:
    """Return an array, a torch tensor or a number of numpy as an array; None for everything else.

    Tensors are taken from any device and without their graph; bfloat16 becomes float32.
    """
    if is_array(value):
        return None if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
    if _is_number_of_numpy(value):
        return np.asarray(value)
    if is_tensor(value):
        return _tensor_to_array(value)
    return value.resolve() if isinstance(value, PendingArray) else None


def to_number(value: object) -> _Number | None:
    """Return a number of Python, numpy or torch as a number of Python; None for everything else.

    Arrays and tensors without a dimension are numbers too, complex numbers are not.

    >>> to_number(np.float32(0.5)), to_number("0.5")
    (0.5, None)
    """
    if type(value) is float or type(value) is int or type(value) is bool:
        return value
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return int(value) if isinstance(value, int) else float(value)
    array = to_array(value)
    if array is None or array.ndim or array.dtype.kind not in "biuf":
        return None
    number: _Number = array.item()
    return float(number) if array.dtype.char == "g" else number  # long doubles stay numpy's in item()


def expand_floats(values: Sequence[object]) -> Sequence[object]:
    """Return the values of a list with every `PendingFloats` in it replaced by its floats."""
    if not _has_pending_floats(set(map(type, values))):
        return values
    parts = [part.values.tolist() if isinstance(part, PendingFloats) else [part] for part in values]
    return list(chain.from_iterable(parts))


class Stacker:
    """Stacks lists into arrays, for one result; a list that stands in several places is stacked once."""

    def __init__(self) -> None:
        self._stacked: dict[int, _Array | None] = {}
        self._repeated_left = _REPEATED_AT_MOST

    def stack(self, values: Sequence[object], depth: int = 0) -> _Array | None:
        """Return a list of numbers, or of arrays of one shape, as one array; None for other lists."""
        kinds = set(map(type, values))
        if kinds <= NUMBERS:
            return _stack_numbers(values, kinds)
        if _has_pending_floats(kinds):
            if all(kind in NUMBERS or issubclass(kind, PendingFloats) for kind in kinds):
                return _join_floats(values)
            values = expand_floats(values)
        entries = [self._stack_entry(value, depth) for value in values]
        arrays = [entry for entry in entries if isinstance(entry, np.ndarray)]
        if not arrays:
            return None if None in entries else _stack_numbers(entries, set(map(type, entries)))
        if len(arrays) < len(entries) or len({array.shape for array in arrays}) > 1:
            return None
        return None if self._repeats_too_much(arrays) else _stack_arrays(arrays)

    def _repeats_too_much(self, arrays: list[_Array]) -> bool:
        """Return whether arrays that stand in lists many times would take too much memory."""
        if len({id(array) for array in arrays}) < len(arrays):
            self._repeated_left -= sum(array.nbytes for array in arrays)
        return self._repeated_left < 0

    def _stack_entry(self, value: object, depth: int) -> _Array | _Number | None:
        if is_list(value):
            return self._stack_once(value, depth)
        number = to_number(value)
        if number is not None:
            return number
        array = to_array(value)
        return array if array is not None and array.dtype.kind in "biufcMm" else None

    def _stack_once(self, values: Sequence[object], depth: int) -> _Array | None:
        if id(values) not in self._stacked:
            self._stacked[id(values)] = None  # a list that holds itself meets this, and is not stacked
            self._stacked[id(values)] = None if depth > DEEPEST else self.stack(values, depth + 1)
        return self._stacked[id(values)]


def _has_pending_floats(kinds: set[type]) -> bool:
    return any(issubclass(kind, PendingFloats) for kind in kinds)


def _stack_numbers(numbers: Sequence[object], kinds: set[type]) -> _Array | None:
    """Return numbers as bool, int64 or float64, the first that holds them all; None beyond int64."""
    dtype = np.bool_ if kinds == {bool} else np.int64 if kinds and float not in kinds else np.float64
    try:
        return np.fromiter(numbers, dtype, len(numbers))
    except OverflowError:
        return None


def _join_floats(numbers: Sequence[object]) -> _Array | None:
    """Return numbers and `PendingFloats` as float64; None for integers beyond what a float holds."""
    parts = [part.values if isinstance(part, PendingFloats) else [part] for part in numbers]
    try:
        return np.concatenate([np.asarray(part, np.float64) for part in parts])
    except OverflowError:
        return None


def _stack_arrays(arrays: list[_Array]) -> _Array | None:
    """Return arrays of one shape on a new first axis; None where they have no dtype in common."""
    try:
        return np.stack(arrays)
    except (TypeError, OverflowError):
        return None


def _tensor_to_array(tensor: torch.Tensor) -> _Array | None:
    try:
        plain = tensor.detach().cpu().resolve_conj().resolve_neg()
        return (plain.float() if str(plain.dtype) == "torch.bfloat16" else plain).numpy()
    except (TypeError, RuntimeError):  # sparse, quantized, without memory, or of a dtype numpy lacks
        return None


def _is_number_of_numpy(value: object) -> bool:
    # not text, bytes and records ("flexible"), nor objects
    return isinstance(value, np.generic) and not isinstance(value, np.flexible | np.object_)
