from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes.core.arrays.equality import same_array
from pyhermes.core.arrays.read_only import read_only


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0)[::2],
        np.arange(6).reshape(2, 3).T,
        np.array(1.5),
        np.empty((0, 3)),
        np.array(["2026-01-01"], "M8[D]"),
        np.array([True, False]),
        np.frombuffer(b"12345678", "i2")[::2],
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_a_read_only_array_is_the_same_array_that_nobody_can_write_to(array: NDArray[np.generic]) -> None:
    frozen = read_only(array)
    assert same_array(frozen, array)
    assert not frozen.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        frozen.flags.writeable = True
    assert read_only(frozen) is frozen


def test_a_change_of_the_original_is_none_of_the_copy() -> None:
    original = np.arange(3.0)
    locked = original[:]
    locked.flags.writeable = False
    for array in (original, locked):
        frozen = read_only(array)
        original += 1
        assert not same_array(frozen, original)
