"""Arrays that nobody can write to."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

G = TypeVar("G", bound=np.generic)


def read_only(array: NDArray[G]) -> NDArray[G]:
    """Return the same array if nobody can write to it any more, else a read-only copy.

    The copy's memory is a `bytes` object, so that not even its `writeable` flag can be set again.
    """
    root: object = array
    while isinstance(root, np.ndarray):
        root = _owner_of(cast("NDArray[np.generic]", root))
    if isinstance(root, bytes) and array.flags.c_contiguous:
        return array
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)


def _owner_of(array: NDArray[np.generic]) -> object:
    # numpy's stubs know arrays only; it is whatever object owns the memory, such as `bytes`
    return array.base
