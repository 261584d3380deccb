"""The inert objects that a pickle is given in place of what it names, and the checks they share.

The machine can do four things to an object: call it (REDUCE), change it (BUILD, which uses
`__setstate__` or else sets its attributes), append to it, and set its items. Every object here that
is not made to be called or changed refuses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.kinds import is_tuple
from pyhermes.core.arrays.pending import PendingFloats
from pyhermes.core.torch_file.errors import UnsafeFileError

# A tuple that holds one tuple twice, forty levels deep, is 120 bytes in a file and takes hours to hash.
_LARGEST_KEY = 1000

# More axes than numpy has: the product of a million large sizes would take hours to compute.
_MOST_SIZES = 64


class Sealed:
    """An object that no pickle can change: BUILD finds this `__setstate__` before any attribute."""

    __slots__ = ()

    def __setstate__(self, state: object) -> NoReturn:
        raise UnsafeFileError("the pickle modifies an immutable object")


class Inert(Sealed):
    """What a name in a file stands for; some can be called."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object] | None = None) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        """Call the function, if there is one: with the file's arguments, which it must check."""
        if self._function is None:
            raise UnsafeFileError("the pickle calls an object that is not callable")
        return self._function(*arguments)


class ElementType(Inert):
    """What the elements of a tensor are: `torch.FloatStorage` and `torch.float32` are both "f4"."""

    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code: str = code


class FloatRow(Sealed, PendingFloats):
    """A row of floats that the check has decoded; a file can refer to it, and cannot change it."""

    __slots__ = ()


class SafeDict(dict[object, object]):
    """A dict whose keys are looked at before they are hashed."""

    __slots__ = ()

    def __setitem__(self, key: object, value: object) -> None:
        """Store an item, unless its key is made to be hashed forever."""
        if is_tuple(key):
            _check_key(key)
        super().__setitem__(key, value)

    def __setstate__(self, state: object) -> None:
        """Ignore what torch hangs on a state dict, the versions of its modules: it is no data."""


def _check_key(key: tuple[object, ...]) -> None:
    pending: list[object] = [key]
    for _ in range(_LARGEST_KEY):
        if not pending:
            return
        part = pending.pop()
        if is_tuple(part):
            pending += part
    raise UnsafeFileError(f"a dict key has more than {_LARGEST_KEY} parts")


def require_tuple(value: object, *lengths: int) -> tuple[object, ...]:
    """Return a value if it is a tuple of one of some lengths; raise `UnsafeFileError` for others."""
    if not is_tuple(value) or len(value) not in lengths:
        raise UnsafeFileError("damaged: the description of an array is malformed")
    return value


def require_sizes(value: object) -> tuple[int, ...]:
    """Return a value if it is a tuple of integers that are not negative, such as a shape."""
    if not is_tuple(value) or len(value) > _MOST_SIZES:
        raise UnsafeFileError("damaged: a shape is not a tuple of sizes")
    return tuple(map(require_size, value))


def require_size(value: object) -> int:
    """Return a value if it is an integer that is not negative, such as an offset."""
    # not bool, which is an int too; and nothing beyond 64 bits, which no array can have
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise UnsafeFileError("damaged: an array has a size, stride or offset that is not possible")
    return value


def to_native(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return an array in native byte order; bytes of bools that are neither 0 nor 1 are True."""
    if array.dtype.kind == "b":
        # what numpy does with such a bool differs from function to function
        return np.not_equal(array.view(np.uint8), 0)
    return array.astype(np.dtype(array.dtype.newbyteorder("=")), copy=False)
