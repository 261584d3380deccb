"""The inert objects that a pickle gets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pyhermes.core import (
    decode_result,
)
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.numpy_values import NumpyScalar
from pyhermes.core.torch_file.objects import ElementType, FloatRow, Inert, SafeDict, Sealed, require_sizes
from pyhermes.core.torch_file.tensors import Storage
from tests.torch_files import (
    STORAGE,
    archive,
    dict_of,
    tensor,
)


def test_a_byte_that_is_neither_true_nor_false_is_true() -> None:
    bools = tensor(storage=STORAGE.replace(b"Float", b"Bool"))
    found = decode_result(archive(dict_of(bools), **{"0": b"\x02\x00"})).values["k"]
    assert isinstance(found, np.ndarray)
    assert found.view(np.uint8).tolist() == [1, 0]


@pytest.mark.parametrize("made", [SafeDict, dict])
def test_a_dict_takes_keys_and_values(made: Callable[[], dict[object, object]]) -> None:
    held = made()
    for key in ("a", 1, None, (1, ("b", 2.5)), ()):
        held[key] = [key]
    assert held == {"a": ["a"], 1: [1], None: [None], (1, ("b", 2.5)): [(1, ("b", 2.5))], (): [()]}


def test_a_key_of_as_many_parts_as_it_may_have() -> None:
    held = SafeDict()
    held[tuple(range(998))] = 1
    with pytest.raises(UnsafeFileError, match="a dict key has more than 1000 parts"):
        held[tuple(range(1000))] = 1


@pytest.mark.parametrize(
    "sealed",
    [Inert(), ElementType("f4"), FloatRow(np.ones(2)), Storage("f4", 2, "<"), NumpyScalar(np.array(1j))],
)
def test_what_is_sealed_is_changed_by_no_pickle(sealed: Sealed) -> None:
    """Neither by a state nor by the attributes in its second part; pickle asks this method first."""
    states: list[object] = [{}, (None, {"_function": print, "values": []}), None]
    for state in states:
        with pytest.raises(UnsafeFileError, match="the pickle modifies an immutable object"):
            sealed.__setstate__(state)


def test_what_cannot_be_called() -> None:
    assert Inert(max)(1, 2) == 2
    with pytest.raises(UnsafeFileError, match="the pickle calls an object that is not callable"):
        Inert()(1)


@pytest.mark.parametrize("value", [(), (0,), (3, 2**63 - 1), (1,) * 64])
def test_sizes(value: object) -> None:
    assert require_sizes(value) is value or require_sizes(value) == value


@pytest.mark.parametrize("value", [[1], 1, None, (-1,), (True,), (1.0,), (2**63,), ("1",), (1,) * 65])
def test_what_are_no_sizes(value: object) -> None:
    with pytest.raises(UnsafeFileError, match="damaged: "):
        require_sizes(value)
