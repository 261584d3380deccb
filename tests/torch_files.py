"""Files of `torch.save`, real and made by hand: archives around pickles given as instructions."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path


def archive(program: bytes, **entries: bytes) -> bytes:
    """A file like those of torch.save, around a pickle of one's own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/version", b"3\n")  # without which torch reads none
        file.writestr("archive/data.pkl", program)
        for name, data in entries.items():
            file.writestr(f"archive/data/{name}", data)
    return buffer.getvalue()


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def dict_of(value: bytes) -> bytes:
    """The pickle of `{"k": value}`, the value given as instructions."""
    return b"\x80\x02}" + text("k") + value + b"s."


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text("b") + b"\x87R"
F8 = b"cnumpy\ndtype\n" + text("f8") + b"\x89\x88\x87R"
BIG_ENDIAN = b"(K\x03" + text(">") + b"NNNK\x04K\x04K\x08tb"
STORAGE = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x02tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"


def tensor(
    offset: bytes = b"K\x00",
    size: bytes = b"K\x02\x85",
    stride: bytes = b"K\x01\x85",
    storage: bytes = STORAGE,
) -> bytes:
    return TENSOR + b"(" + storage + offset + size + stride + b"\x89NtR"


def raw_of(value: str) -> bytes:
    return b"c_codecs\nencode\n" + text(value) + text("latin1") + b"\x86R"


def array_state(shape: bytes, dtype: bytes, raw: bytes) -> bytes:
    return ARRAY + b"(K\x01" + shape + dtype + b"\x89" + raw_of(raw.decode("latin1")) + b"tb"


def saved(values: object, *, legacy: bool = False) -> bytes:
    """What torch.save makes of values, as rlmate wrote them."""
    import torch

    buffer = io.BytesIO()
    torch.save(values, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


class Ran:
    """Leaves a mark when a pickle runs it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)
