"""The zip archives that `torch.save` writes, and none that two readers could read differently.

What is checked here is read again by torch, with a zip reader of its own: it looks for names
without regard to case, takes its folder from the first entry, and believes other offsets. An archive
could show a harmless pickle to one reader and another to the other, so only archives are taken in which
there is nothing to disagree about. A flipped bit in a header is noticed on the way.
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
from pyhermes.core.torch_file.errors import UnsafeFileError

# The records of a zip archive, as PKWARE's APPNOTE.TXT describes them: the header before each entry, the end
# of the archive, and the two records before the end that hold numbers of 64 bits.
_MAGIC = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_ENDS_64 = _END_64.size + _LOCATOR_64.size
_UTF_8 = 0x800
_KNOWN_FLAGS = 0x80E  # UTF-8 names, sizes that follow the data, how hard a compressor tried
_IN_64 = 0xFFFFFFFF  # "look for this number in the record of 64 bits"
_IS_FOLDER = 0x10
_DATA = re.compile(r"[^/\\]+/data\.pkl")


OpenFile: TypeAlias = io.BufferedReader | io.BytesIO
"""A binary file that can be read into memory that is there."""


def is_zip(file: OpenFile) -> bool:
    """Return whether a file begins as a zip archive does."""
    file.seek(0)
    magic = file.read(len(_MAGIC))
    file.seek(0)
    return magic == _MAGIC


def open_archive(file: OpenFile) -> tuple[zipfile.ZipFile, str]:
    """Open an archive of `torch.save`; return it and the folder, with its slash, of all its entries.

    Raises `UnsafeFileError` for any other archive.
    """
    size = file.seek(0, io.SEEK_END)
    archive = zipfile.ZipFile(file)
    # zipfile finds its way where other data stands before an archive; torch reads it differently then
    if archive.start_dir != _read_start(file, size):
        raise UnsafeFileError("damaged: the file holds more than one zip archive")
    entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        # 1.9 MB that are deflated can become 5.7 GB
        raise UnsafeFileError("its zip entries are compressed, which torch.save never does")
    if sum(entry.file_size for entry in entries) > size:
        raise UnsafeFileError("its zip entries are larger than the file (possible memory bomb)")
    for entry in entries:
        _check_header(file, entry)
    return archive, _find_folder(entries)


def read_entry(file: OpenFile, entry: zipfile.ZipInfo) -> NDArray[np.uint8]:
    """Read the bytes of an entry into memory of their own, and compare their checksum.

    Torch ignores checksums, with which three quarters of all flipped bits load as wrong numbers.
    """
    file.seek(entry.header_offset)
    *_, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    file.seek(name + extra, io.SEEK_CUR)
    data = np.empty(entry.file_size, np.uint8)
    if file.readinto(data.data) != len(data) or zlib.crc32(data.data) != entry.CRC:
        raise UnsafeFileError(f"damaged: the checksum of {shown(entry.filename)} is wrong")
    return data


def _read_start(file: OpenFile, size: int) -> int:
    """Return where the list of entries begins, as the last bytes of the file say."""
    file.seek(size - _END.size)
    signature, *_, start, comment = _END.unpack(file.read(_END.size))
    if signature != b"PK\x05\x06" or comment:  # in a comment another archive could stand
        raise UnsafeFileError("damaged: something follows the end of the zip archive")
    before = size - _END.size - _ENDS_64
    file.seek(before)
    record = _END_64.unpack(file.read(_END_64.size))
    locator = _LOCATOR_64.unpack(file.read(_LOCATOR_64.size))
    if locator[0] == b"PK\x06\x07":
        if record[0] != b"PK\x06\x06" or locator[2] != before or start not in (record[-1], _IN_64):
            raise UnsafeFileError("damaged: the two end records of the zip archive disagree")
        start = record[-1]
    return int(start)


def _check_header(file: OpenFile, entry: zipfile.ZipInfo) -> None:
    """Raise `UnsafeFileError` unless an entry's own header agrees with the list of entries."""
    file.seek(entry.header_offset)
    signature, _, flags, method, *_, length, _ = _LOCAL.unpack(file.read(_LOCAL.size))
    name = entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF_8 else "cp437")
    listed = (_MAGIC, entry.flag_bits, entry.compress_type, len(name))
    if (signature, flags, method, length) != listed or file.read(length) != name or flags & ~_KNOWN_FLAGS:
        raise UnsafeFileError(f"damaged: the two headers of {shown(entry.filename)} disagree")


def _find_folder(entries: list[zipfile.ZipInfo]) -> str:
    """Return the one folder of all entries."""
    names = [entry.orig_filename for entry in entries]
    if len({name.lower() for name in names}) != len(names):  # torch's reader ignores case
        raise UnsafeFileError("two of its zip entries have the same name")
    found = [name for name in names if _DATA.fullmatch(name)]
    if len(found) != 1:
        raise UnsafeFileError("it is a zip archive, but torch.save did not write it")
    folder = found[0].removesuffix("data.pkl")
    inside = all(name.startswith(folder) and "\0" not in name for name in names)
    if not inside or any(map(_is_folder, entries)):
        raise UnsafeFileError("it has zip entries that torch.save does not write")
    return folder


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    """Return whether torch takes an entry for a folder: it would show memory as it was before."""
    return entry.is_dir() or bool(entry.external_attr & _IS_FOLDER)
