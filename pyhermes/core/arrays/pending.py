"""Arrays that a file describes and that are made only when they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.typing import FloatArray


class PendingArray(ABC):
    """An array that is made when it is asked for."""

    __slots__ = ()

    @abstractmethod
    def resolve(self) -> NDArray[np.generic]:
        """Return the array, in native byte order."""
        ...


class PendingFloats:
    """Several consecutive floats of a list, as one array of shape `(n,)`.

    A list of a million floats that holds a few of these is read many times faster than one that
    holds a million objects.
    """

    __slots__ = ("values",)

    def __init__(self, values: FloatArray) -> None:
        self.values: FloatArray = values
