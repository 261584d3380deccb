"""The zip archives that `torch.save` writes, and none that two readers could read differently.

What is checked here is read again by torch, with a zip reader of its own: it looks for names
without regard to case, takes its folder from the first entry, and believes other offsets. So only
archives are taken in which there is nothing to disagree about; a flipped bit in what describes an
entry is noticed on the way.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.messages import shown

_MAGIC = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_ENDS_64 = _END_64.size + _LOCATOR_64.size
_UTF_8 = 0x800
_KNOWN_FLAGS = 0x80E  # UTF-8 names, sizes that follow the data, how hard a compressor tried
_IN_64 = 0xFFFFFFFF
_IS_FOLDER = 0x10
_DATA = re.compile(r"[^/\\]+/data\.pkl")


OpenFile: TypeAlias = io.BufferedReader | io.BytesIO
"""A binary file that can be read into memory that is there."""


class UnsafeFileError(Exception):
    """The file is damaged, or holds what is never read; says what."""


def is_zip(file: OpenFile) -> bool:
    """Whether a file begins as a zip archive does."""
    file.seek(0)
    magic = file.read(len(_MAGIC))
    file.seek(0)
    return magic == _MAGIC


def open_archive(file: OpenFile) -> tuple[zipfile.ZipFile, str]:
    """An archive of `torch.save`, and the folder, with its slash, that everything in it is in.

    Raises `UnsafeFileError` for any other.
    """
    size = file.seek(0, io.SEEK_END)
    archive = zipfile.ZipFile(file)
    if archive.start_dir != _stated_start(file, size):
        raise UnsafeFileError("damaged: it is more than one zip archive")
    entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise UnsafeFileError("it holds compressed entries, which torch.save never writes")
    if sum(entry.file_size for entry in entries) > size:
        raise UnsafeFileError("its entries claim to be larger than the file")
    for entry in entries:
        _check_header(file, entry)
    return archive, _folder(entries)


def read_entry(file: OpenFile, entry: zipfile.ZipInfo) -> NDArray[np.uint8]:
    """The bytes of an entry in memory of their own, whose checksum is compared."""
    file.seek(entry.header_offset)
    *_, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    file.seek(name + extra, io.SEEK_CUR)
    data = np.empty(entry.file_size, np.uint8)
    if file.readinto(data.data) != len(data) or zlib.crc32(data.data) != entry.CRC:
        raise UnsafeFileError(f"damaged: the checksum of {shown(entry.filename)} does not fit")
    return data


def _stated_start(file: OpenFile, size: int) -> int:
    """Where the list of entries begins, as the last bytes of the file say."""
    file.seek(size - _END.size)
    signature, *_, start, comment = _END.unpack(file.read(_END.size))
    if signature != b"PK\x05\x06" or comment:
        raise UnsafeFileError("damaged: something follows the end of the zip archive")
    before = size - _END.size - _ENDS_64
    file.seek(before)
    record = _END_64.unpack(file.read(_END_64.size))
    locator = _LOCATOR_64.unpack(file.read(_LOCATOR_64.size))
    if locator[0] == b"PK\x06\x07":
        if record[0] != b"PK\x06\x06" or locator[2] != before or start not in (record[-1], _IN_64):
            raise UnsafeFileError("damaged: its zip archive ends in two ways")
        start = record[-1]
    return int(start)


def _check_header(file: OpenFile, entry: zipfile.ZipInfo) -> None:
    """That an entry says of itself what the list of entries says of it."""
    file.seek(entry.header_offset)
    signature, _, flags, method, *_, length, _ = _LOCAL.unpack(file.read(_LOCAL.size))
    name = entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF_8 else "cp437")
    listed = (_MAGIC, entry.flag_bits, entry.compress_type, len(name))
    if (signature, flags, method, length) != listed or file.read(length) != name or flags & ~_KNOWN_FLAGS:
        raise UnsafeFileError(f"damaged: {shown(entry.filename)} in it is described in two ways")


def _folder(entries: list[zipfile.ZipInfo]) -> str:
    """The one folder of all entries."""
    names = [entry.orig_filename for entry in entries]
    if len({name.lower() for name in names}) != len(names):
        raise UnsafeFileError("it holds two entries of one name")
    found = [name for name in names if _DATA.fullmatch(name)]
    if len(found) != 1:
        raise UnsafeFileError("it is a zip archive, but not one of torch.save")
    folder = found[0].removesuffix("data.pkl")
    inside = all(name.startswith(folder) and "\0" not in name for name in names)
    if not inside or any(map(_is_folder, entries)):
        raise UnsafeFileError("it holds entries that torch.save does not write")
    return folder


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    """Whether torch takes an entry for a folder, and leaves the memory for its contents as it was."""
    return entry.is_dir() or bool(entry.external_attr & _IS_FOLDER)
