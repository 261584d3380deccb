"""Zip archives that `torch.save` does not write, above all those that torch would read differently."""

from __future__ import annotations

import io
import re
import struct
import zipfile

import pytest
import torch

from pyhermes.core import ResultError, decode_result
from pyhermes.core.torch_file.archive import open_archive, read_entry
from pyhermes.core.torch_file.errors import UnsafeFileError
from tests.torch_files import archive, dict_of, saved

ONE = dict_of(b"K\x01")
TWO = dict_of(b"K\x02")

END = struct.Struct("<4s4H2IH")
END_64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR_64 = struct.Struct("<4sIQI")


def zipped(entries: dict[str, bytes], attributes: int = 0, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = attributes
            file.writestr(entry, data, compression)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["archive", "größe", "a b", "\U0001f600"])
def test_a_folder_of_any_name(name: str) -> None:
    data = zipped({f"{name}/data.pkl": ONE, f"{name}/version": b"3\n"})
    assert open_archive(io.BytesIO(data))[1] == f"{name}/"
    assert decode_result(data).values["k"] == 1


def test_what_torch_writes_is_taken() -> None:
    opened, folder = open_archive(io.BytesIO(saved({"t": torch.ones(2)})))
    assert folder == "archive/"
    assert "archive/data/0" in opened.namelist()


def with_64_bit_end(data: bytes, **changes: int) -> bytes:
    """An archive that ends as those of over 4 GB do; some fields of its ends changed."""
    at = len(data) - END.size
    *counts, size, start, _ = END.unpack(data[at:])[3:]
    told = {"record": at, "short": 0xFFFFFFFF} | changes
    record = END_64.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, *counts, size, start)
    locator = LOCATOR_64.pack(b"PK\x06\x07", 0, told["record"], 1)
    return data[:at] + record + locator + END.pack(b"PK\x05\x06", 0, 0, *counts, size, told["short"], 0)


SOUND = zipped({"a/data.pkl": ONE})
START = END.unpack(SOUND[-END.size :])[6]

MANY = "damaged: the file holds more than one zip archive"
FOLLOWS = "damaged: something follows the end of the zip archive"
TWICE = "two of its zip entries have the same name"
OTHERS = "it has zip entries that torch.save does not write"
OF_OTHERS = "it is a zip archive, but torch.save did not write it"
TWO_ENDS = "damaged: the two end records of the zip archive disagree"
COMPRESSED = "its zip entries are compressed, which torch.save never does"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped({"a/data.pkl": ONE}) + zipped({"a/data.pkl": TWO}), MANY),
        (b"PK\x03\x04" + bytes(60) + zipped({"a/data.pkl": TWO}), MANY),
        (SOUND + b"\0", FOLLOWS),
        (zipped({"a/data.pkl": ONE, "a/DATA.pkl": TWO}), TWICE),
        (zipped({"a/data.pkl": ONE, "a/data/x": b"1", "a/data/X": b"2"}), TWICE),
        (zipped({"a/data.pkl": ONE, "b/version": b"3\n"}), OTHERS),
        (zipped({"a/data.pkl": ONE, "a/version#": b"3\n"}).replace(b"#", b"\0"), OTHERS),
        (zipped({"a/data.pkl": ONE, "a/data/0/": b""}), OTHERS),
        (zipped({"a/data.pkl": ONE}, attributes=0x10), OTHERS),
        (zipped({"a/data.pkl": ONE, "b/data.pkl": TWO}), OF_OTHERS),
        (zipped({"a\\data.pkl": ONE}), OF_OTHERS),
        (zipped({"data.pkl": ONE}), OF_OTHERS),
        (
            SOUND.replace(b"a/data.pkl", b"b/data.pkl", 1),
            "damaged: the two headers of 'a/data.pkl' disagree",
        ),
        (zipped({"a/data.pkl": ONE}, compression=zipfile.ZIP_DEFLATED), COMPRESSED),
        (with_64_bit_end(SOUND, record=len(SOUND) - END.size - 1), TWO_ENDS),
        (with_64_bit_end(SOUND, short=START + 1), TWO_ENDS),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UnsafeFileError) as error:
        open_archive(io.BytesIO(data))
    assert str(error.value) == message
    with pytest.raises(ResultError, match=f": {re.escape(message)}$"):
        decode_result(data)


@pytest.mark.parametrize("short", [0xFFFFFFFF, START])
def test_an_archive_with_a_64_bit_end_is_taken(short: int) -> None:
    assert decode_result(with_64_bit_end(SOUND, short=short)).values["k"] == 1


def test_a_folder_named_in_an_old_encoding() -> None:
    data = zipped({"gr#n/data.pkl": ONE}).replace(b"#", "ü".encode("cp437"))
    assert open_archive(io.BytesIO(data))[1] == "grün/"
    assert decode_result(data).values["k"] == 1


def test_an_entry_is_read_if_its_checksum_fits() -> None:
    held = {"a/data.pkl": ONE, "a/data/0": b"12345678", "a/data/1": b""}
    data = zipped(held)
    opened, _ = open_archive(io.BytesIO(data))
    read = {entry.filename: read_entry(io.BytesIO(data), entry) for entry in opened.infolist()}
    assert {name: part.tobytes() for name, part in read.items()} == held
    read["a/data/0"][0] = 0
    changed = io.BytesIO(data.replace(b"12345678", b"12345679"))
    with pytest.raises(UnsafeFileError) as error:
        read_entry(changed, opened.getinfo("a/data/0"))
    assert str(error.value) == "damaged: the checksum of 'a/data/0' is wrong"


@pytest.mark.parametrize("bit", [0, 5, 6, 12])
def test_an_entry_of_a_kind_that_is_not_known(bit: int) -> None:
    data = bytearray(zipped({"a/data.pkl": ONE}))
    for at in (6, data.rindex(b"PK\x01\x02") + 8):
        data[at + bit // 8] |= 1 << bit % 8
    with pytest.raises(UnsafeFileError, match="the two headers of .* disagree"):
        open_archive(io.BytesIO(bytes(data)))


def test_entries_that_are_compressed_doubled_or_oversized() -> None:
    program = dict_of(b"K\x01")
    for data in (
        zip_of(program, compression=zipfile.ZIP_DEFLATED),
        zip_of(program, twice=True),
        zip_of(program, name="data.pkl"),
        zip_of(program, name="a/b/data.pkl"),
    ):
        with pytest.raises(ResultError, match="expected"):
            decode_result(data)
    larger = bytearray(archive(program))
    at = larger.rindex(b"PK\x01\x02")
    larger[at + 20 : at + 28] = struct.pack("<II", 10**9, 10**9)
    with pytest.raises(ResultError, match="larger than the file"):
        decode_result(bytes(larger))


def zip_of(
    program: bytes, *, compression: int = zipfile.ZIP_STORED, twice: bool = False, name: str = "a/data.pkl"
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr(name, program)
    if twice:
        other = buffer.getvalue().replace(b"a/data.pkl", b"b/data.pkl")
        with zipfile.ZipFile(buffer, "a") as file:
            file.writestr("b/data.pkl", program)
        assert other != buffer.getvalue()
        return buffer.getvalue().replace(b"b/data.pkl", b"a/data.pkl")
    return buffer.getvalue()
