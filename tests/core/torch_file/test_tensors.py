"""Tensors and their storages."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from pyhermes.core import (
    CheckpointError,
    decode_result,
    load_state_dict,
)
from pyhermes.core.formats.result_file import read_values
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.reader import check_checkpoint
from pyhermes.core.typing import FloatArray
from tests.torch_files import (
    ARRAY,
    STORAGE,
    archive,
    dict_of,
    saved,
    tensor,
    text,
)


def test_tensors_of_nothing_keep_their_dtype_and_shape() -> None:
    value = decode_result(saved({"k": torch.zeros(0, 3, dtype=torch.int16)})).values["k"]
    assert isinstance(value, np.ndarray)
    assert (value.dtype, value.shape) == (np.dtype("int16"), (0, 3))


def test_a_tensor_of_a_newer_dtype_that_is_negated_in_name() -> None:
    negated = b"ctorch._utils\n_rebuild_tensor_v3\n(" + STORAGE.replace(
        b"torch\nFloat", b"torch.storage\nUntyped"
    )
    negated = (
        negated.replace(b"K\x02tQ", b"K\x08tQ")
        + b"K\x00K\x02\x85K\x01\x85\x89Nctorch\nint32\n}"
        + text("neg")
        + b"\x88stR"
    )
    found = decode_result(archive(dict_of(negated), **{"0": struct.pack("<2i", 1, 2)}))
    assert found.series("k").tolist() == [-1.0, -2.0]


def test_tensors_that_share_a_storage_are_arrays_of_their_own() -> None:
    numbers = torch.arange(6.0)
    given = {
        "all": numbers,
        "some": numbers[2:4],
        "table": numbers.view(2, 3),
        "turned": numbers.view(2, 3).T,
    }
    values = read_values(io.BytesIO(saved({**given, "alone": torch.ones(2)})))
    for key in values:
        array = values[key]
        assert isinstance(array, np.ndarray)
        array[...] = 9
        np.testing.assert_array_equal(array, 9)
        for other in given.keys() - {key}:
            np.testing.assert_array_equal(cast("FloatArray", values[other]), given[other].numpy())
        values[key] = given[key].numpy() if key in given else 0


def test_tensors_that_are_conjugated_or_negated_in_name() -> None:
    value = torch.tensor([1 + 2j])
    assert decode_result(saved({"c": value.conj()})).values["c"] == np.array([1 - 2j])
    assert decode_result(saved({"c": value.conj().imag})).values["c"] == np.array([-2.0])
    assert decode_result(saved({"c": torch._neg_view(value)})).values["c"] == np.array([-1 - 2j])


def test_big_endian_files() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("a/data.pkl", dict_of(tensor()))
        file.writestr("a/byteorder", b"big")
        file.writestr("a/data/0", struct.pack(">2f", 1, 2))
    assert decode_result(data.getvalue()).series("k").tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "program",
    [
        dict_of(tensor(size=b"J\xff\xff\xff\x7f\x85", stride=b"K\x00\x85")),
        dict_of(tensor(size=b"K\x03\x85")),
        dict_of(b"ctorch.storage\nUntypedStorage\n(J\xff\xff\xff\x7ftR"),
        dict_of(tensor(storage=STORAGE.replace(b"K\x02tQ", b"K\x03tQ"), size=b"K\x03\x85")),
        dict_of(ARRAY),
    ],
)
def test_checkpoints_that_make_memory_from_a_number(program: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(archive(program, **{"0": bytes(8)}))
    with pytest.raises(CheckpointError, match="x.pth"):
        load_state_dict(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_sound_checkpoint_passes_the_check_and_a_larger_storage_does_not(legacy: bool) -> None:
    data = saved({"w": torch.ones(2)}, legacy=legacy)
    check_checkpoint(io.BytesIO(data))
    if not legacy:
        with pytest.raises(UnsafeFileError, match="another size than the pickle says"):
            check_checkpoint(io.BytesIO(archive(dict_of(tensor()), **{"0": bytes(12)})))


def test_sizes_without_strides_are_no_checkpoint_either() -> None:
    for stride in (b")", b"K\x01K\x01\x86"):
        with pytest.raises(UnsafeFileError):
            check_checkpoint(io.BytesIO(archive(dict_of(tensor(stride=stride)), **{"0": bytes(8)})))
