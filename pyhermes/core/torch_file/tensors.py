"""Storages and tensors in a pickle, read with numpy: a tensor is a part of a storage.

That every tensor lies inside its storage is checked when it is made, before any element is there:
torch itself would read memory beyond it, and strides of 0 would make any size of a few bytes.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.kinds import is_mapping
from pyhermes.core.arrays.pending import PendingArray
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.objects import Sealed, require_size, require_sizes, to_native

BRAIN_FLOAT = "bfloat16"
"""The code of elements that numpy has no dtype for: they are read as float32."""

# numpy 1 has at most 32 axes
_MOST_DIMENSIONS = 32

_Array: TypeAlias = NDArray[np.generic]
Order: TypeAlias = Literal["<", ">"]
"""Little-endian or big-endian."""


class Storage(Sealed):
    """The elements that tensors of one file share; `code` is None for a storage of bytes."""

    __slots__ = ("_elements", "_order", "_raw", "code", "count", "tensors")

    def __init__(self, code: str | None, count: int, order: Order) -> None:
        self.code: str | None = code
        self.count: int = count
        self.tensors: int = 0
        self._order: Order = order
        self._raw: bytes | NDArray[np.uint8] = b""
        self._elements: dict[str, _Array] = {}

    @property
    def nbytes(self) -> int:
        """Return how many bytes the pickle says that there are."""
        return self.count if self.code is None else self.count * itemsize_of(self.code)

    def check_size(self, nbytes: int) -> None:
        """Raise `UnsafeFileError` unless the file holds as many bytes as the pickle says."""
        if nbytes != self.nbytes:
            raise UnsafeFileError("damaged: a tensor's storage has another size than the pickle says")

    def fill(self, raw: bytes | NDArray[np.uint8]) -> None:
        """Take the bytes of the elements."""
        self.check_size(len(raw))
        self._raw = raw

    def elements(self, code: str) -> _Array:
        """Return all elements, read as some type; one array, whichever tensor asks for it."""
        if code not in self._elements:
            self._elements[code] = self._read(code)
        return self._elements[code]

    def _read(self, code: str) -> _Array:
        if code == BRAIN_FLOAT:
            # the upper half of a float32
            wide = np.frombuffer(self._raw, f"{self._order}u2").astype(np.uint32)
            wide <<= np.uint32(16)
            return wide.view(np.float32)
        return to_native(np.frombuffer(self._raw, np.dtype(code).newbyteorder(self._order)))


class Tensor(Sealed, PendingArray):
    """A part of a storage that is known to lie inside it."""

    __slots__ = ("_array", "_conjugated", "_negated", "_offset", "_size", "_storage", "_stride", "code")

    def __init__(
        self, storage: Storage, code: str, geometry: tuple[object, object, object], metadata: object
    ) -> None:
        """Take a storage, the code of the elements, `(offset, size, stride)`, and torch's metadata."""
        self._storage = storage
        self.code: str = code
        storage.tensors += 1
        offset, size, stride = geometry
        self._offset = require_size(offset)
        self._size, self._stride = require_sizes(size), require_sizes(stride)
        self._conjugated = is_mapping(metadata) and bool(metadata.get("conj"))
        self._negated = is_mapping(metadata) and bool(metadata.get("neg"))
        self._array: _Array | None = None
        self._check_inside()

    def _check_inside(self) -> None:
        if len(self._size) > _MOST_DIMENSIONS:
            raise UnsafeFileError(f"damaged: a tensor has more than {_MOST_DIMENSIONS} dimensions")
        itemsize = itemsize_of(self.code)
        if self._storage.nbytes % itemsize:
            raise UnsafeFileError("damaged: a tensor's storage ends within an element")
        last = self._offset + sum(
            (size - 1) * stride for size, stride in zip(self._size, self._stride, strict=True)
        )
        available = self._storage.nbytes // itemsize
        # the second condition stops strides of 0, by which few elements become any number of them
        if self.count and (last >= available or self.count > available):
            raise UnsafeFileError("damaged: a tensor is larger than its storage")

    @property
    def count(self) -> int:
        """Return how many elements there are."""
        return math.prod(self._size)

    @property
    def cost(self) -> int:
        """Return the bytes that its array takes: once in a series, and once more while that is made."""
        return 2 * self.count * (4 if self.code == BRAIN_FLOAT else itemsize_of(self.code))

    def resolve(self) -> _Array:
        """Return the array; torch marks tensors as conjugated or negated and leaves the elements."""
        if self._array is None:
            array = self._view()
            array = np.conj(array) if self._conjugated else array
            self._array = np.negative(array) if self._negated else array
        return self._array

    def _view(self) -> _Array:
        elements = self._storage.elements(self.code)
        if not self.count:
            return np.empty(self._size, elements.dtype)
        if self._stride == _contiguous(self._size):
            view = elements[self._offset : self._offset + self.count].reshape(self._size)
            # where two tensors share a storage, a change of one array would be one of the other
            view.flags.writeable &= self._storage.tensors == 1
            return view
        strides = tuple(stride * elements.itemsize for stride in self._stride)
        part = elements[self._offset :]
        # safe since `_check_inside` has seen the last element
        return np.lib.stride_tricks.as_strided(part, self._size, strides, writeable=False)


def itemsize_of(code: str) -> int:
    """Return how many bytes an element takes in a file."""
    return 2 if code == BRAIN_FLOAT else np.dtype(code).itemsize


def _contiguous(size: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of elements that lie one after the other."""
    return tuple(math.prod(size[axis + 1 :]) for axis in range(len(size)))
