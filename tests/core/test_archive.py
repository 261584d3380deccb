"""Zip archives that `torch.save` does not write, above all those that torch would read differently."""

from __future__ import annotations

import io
import zipfile

import pytest
import torch

from pyhermes.core import ResultError, decode_result
from pyhermes.core.archive import UnsafeFileError, open_archive
from tests.core.test_result import saved
from tests.core.test_unpickle import dict_of

ONE = dict_of(b"K\x01")
TWO = dict_of(b"K\x02")


def zipped(entries: dict[str, bytes], attributes: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = attributes
            file.writestr(entry, data)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["archive", "größe", "a b", "\U0001f600"])
def test_a_folder_of_any_name(name: str) -> None:
    data = zipped({f"{name}/data.pkl": ONE, f"{name}/version": b"3\n"})
    assert open_archive(io.BytesIO(data))[1] == f"{name}/"
    assert decode_result(data).values["k"] == 1


def test_what_torch_writes_is_taken() -> None:
    archive, folder = open_archive(io.BytesIO(saved({"t": torch.ones(2)})))
    assert folder == "archive/"
    assert "archive/data/0" in archive.namelist()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped({"a/data.pkl": ONE}) + zipped({"a/data.pkl": TWO}), "more than one zip archive"),
        (b"PK\x03\x04" + bytes(60) + zipped({"a/data.pkl": TWO}), "more than one zip archive"),
        (zipped({"a/data.pkl": ONE}) + b"\0", "follows the end"),
        (zipped({"a/data.pkl": ONE, "a/DATA.pkl": TWO}), "two entries of one name"),
        (zipped({"a/data.pkl": ONE, "a/data/x": b"1", "a/data/X": b"2"}), "two entries of one name"),
        (zipped({"a/data.pkl": ONE, "b/version": b"3\n"}), "entries that torch.save does not write"),
        (zipped({"a/data.pkl": ONE, "a/version#": b"3\n"}).replace(b"#", b"\0"), "torch.save does not write"),
        (zipped({"a/data.pkl": ONE, "a/data/0/": b""}), "torch.save does not write"),
        (zipped({"a/data.pkl": ONE}, attributes=0x10), "torch.save does not write"),
        (zipped({"a/data.pkl": ONE, "b/data.pkl": TWO}), "not one of torch.save"),
        (zipped({"a\\data.pkl": ONE}), "not one of torch.save"),
        (zipped({"data.pkl": ONE}), "not one of torch.save"),
        (zipped({"a/data.pkl": ONE}).replace(b"a/data.pkl", b"b/data.pkl", 1), "described in two ways"),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UnsafeFileError, match=message):
        open_archive(io.BytesIO(data))
    with pytest.raises(ResultError, match=message):
        decode_result(data)


@pytest.mark.parametrize("bit", [0, 5, 6, 12])
def test_an_entry_of_a_kind_that_is_not_known(bit: int) -> None:
    data = bytearray(zipped({"a/data.pkl": ONE}))
    for at in (6, data.rindex(b"PK\x01\x02") + 8):
        data[at + bit // 8] |= 1 << bit % 8
    with pytest.raises(UnsafeFileError, match="described in two ways"):
        open_archive(io.BytesIO(bytes(data)))
