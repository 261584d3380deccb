"""A damaged file is one error of ours that names it, or what it was: never other values."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import torch

from pyhermes.core import CheckpointError, ResultError, load_result, load_state_dict
from tests.torch_files import dict_of, saved, tensor

CHANGES = 5000

Values: TypeAlias = dict[str, tuple[str, tuple[int, ...], bytes]]


def of_result(path: Path) -> Values:
    """What a result holds, to be compared to the last byte."""
    arrays = {key: np.asarray(value) for key, value in load_result(path).values.items()}
    return {key: (array.dtype.str, array.shape, array.tobytes()) for key, array in arrays.items()}


def of_checkpoint(path: Path) -> Values:
    arrays = {key: value.detach().numpy() for key, value in load_state_dict(path).items()}
    return {key: (array.dtype.str, array.shape, array.tobytes()) for key, array in arrays.items()}


Read: TypeAlias = Callable[[Path], Values]
SERIES = {"loss": [0.5, 0.25], "q": np.arange(3.0), "steps": torch.arange(4), "note": "größe"}
STATE = {"0.weight": torch.arange(6.0).reshape(2, 3), "0.bias": torch.tensor([True, False])}
KINDS: dict[str, tuple[Read, type[ValueError], bytes]] = {
    "result": (of_result, ResultError, saved(SERIES)),
    "legacy result": (of_result, ResultError, saved(SERIES, legacy=True)),
    "checkpoint": (of_checkpoint, CheckpointError, saved(STATE)),
    "legacy checkpoint": (of_checkpoint, CheckpointError, saved(STATE, legacy=True)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
zip_kinds = pytest.mark.parametrize("kind", ["result", "checkpoint"])


@pytest.fixture(autouse=True)
def no_word_of_torch() -> Iterator[None]:
    """What torch warns of in a damaged file is no error of its own here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def became(path: Path, data: bytes, read: Read, kind: type[ValueError]) -> Values | None:
    """The values in damaged bytes, None where they end in the one error that names the file."""
    path.write_bytes(data)
    try:
        return read(path)
    except ResultError as error:
        assert kind is ResultError
        assert error.path == path  # noqa: PT017
    except CheckpointError as error:
        assert kind is CheckpointError
        assert error.path == path  # noqa: PT017
    return None


@every_kind
def test_a_file_cut_at_every_hundredth_is_one_error_that_names_it(tmp_path: Path, kind: str) -> None:
    read, error, data = KINDS[kind]
    path = tmp_path / "cut"
    assert became(path, data, read, error)
    for percent in range(100):
        assert became(path, data[: len(data) * percent // 100], read, error) is None
    assert became(path, data[:-1], read, error) is None


@pytest.mark.slow
@every_kind
def test_changed_bytes_and_bits_end_in_one_error_that_names_the_file_or_in_values(
    tmp_path: Path, kind: str
) -> None:
    read, error, data = KINDS[kind]
    path = tmp_path / "changed"
    truth = became(path, data, read, error)
    choose = random.Random(kind)
    refused = 0
    for index in range(CHANGES):
        changed = bytearray(data)
        at = choose.randrange(len(data))
        changed[at] = choose.randrange(256) if index % 2 else changed[at] ^ 1 << choose.randrange(8)
        found = became(path, bytes(changed), read, error)
        refused += found is None
        assert found is None or found == truth or "legacy" in kind, (at, changed[at])
    assert refused > CHANGES // 5


def described(data: bytes, ending: str = "") -> list[int]:
    """Where an archive, or an entry in it, says something of the entries with this ending."""
    places: set[int] = set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            name = entry.filename.encode()
            if entry.filename.endswith(ending):
                places.update(range(entry.header_offset, entry.header_offset + 30 + len(name)))
                listed = data.index(name, archive.start_dir)
                places.update(range(listed - 46, listed + len(name)))
        places.update([] if ending else range(archive.start_dir, len(data)))
    return sorted(places)


@pytest.mark.slow
@zip_kinds
def test_every_bit_in_what_describes_the_entries_of_an_archive(tmp_path: Path, kind: str) -> None:
    read, error, _ = KINDS[kind]
    data = saved({"w": torch.tensor([1.5, 2.5])})
    path = tmp_path / "flipped"
    truth = became(path, data, read, error)
    refused = 0
    for at in described(data):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            found = became(path, bytes(changed), read, error)
            assert found is None or found == truth, (at, bit)
            refused += found is None
    assert refused > 1000


def big_endian() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("größe/data.pkl", dict_of(tensor()))
        file.writestr("größe/byteorder", b"big")
        file.writestr("größe/data/0", struct.pack(">2f", 1, 2))
        file.writestr("größe/version", b"3\n")
    return buffer.getvalue()


@zip_kinds
def test_every_bit_in_what_says_the_byte_order(tmp_path: Path, kind: str) -> None:
    """The order stands in an entry of its own: without its name the numbers would be others."""
    read, error, _ = KINDS[kind]
    data = big_endian()
    path = tmp_path / "flipped"
    truth = became(path, data, read, error)
    assert truth == {"k": ("<f4", (2,), struct.pack("<2f", 1, 2))}
    for at in [*described(data, "byteorder"), data.index(b"big"), data.index(b"big") + 1]:
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            found = became(path, bytes(changed), read, error)
            assert found is None or found == truth, (at, bit)


@zip_kinds
@pytest.mark.parametrize("name", ["data.pkl", "data/0", "byteorder", "version", ".data/serialization_id"])
def test_an_entry_whose_name_changed_in_one_place(tmp_path: Path, kind: str, name: str) -> None:
    read, error, _ = KINDS[kind]
    data = saved({"w": torch.tensor([1.5, 2.5])})
    path = tmp_path / "renamed"
    for place in (data.index(name.encode()), data.rindex(name.encode())):
        changed = bytearray(data)
        changed[place] ^= 1
        assert became(path, bytes(changed), read, error) is None


@zip_kinds
def test_an_archive_that_two_readers_could_read_differently(tmp_path: Path, kind: str) -> None:
    read, error, _ = KINDS[kind]
    one, two = saved({"w": torch.tensor([1.0])}), saved({"w": torch.tensor([2.0])})
    path = tmp_path / "two"
    commented = bytearray(one)
    commented[-2:] = struct.pack("<H", len(two))
    elsewhere = bytearray(one)
    at = elsewhere.rindex(b"PK\x06\x07")
    elsewhere[at + 8 : at + 16] = struct.pack("<Q", 0)
    for data in (one + two, two + one, bytes(commented) + two, one + b"\0", bytes(elsewhere)):
        assert became(path, data, read, error) is None
