"""Which opcodes pass without a check, and which never."""

from __future__ import annotations

import copyreg
import pickle
import struct

import pytest

from pyhermes.core import (
    ResultError,
    decode_result,
)
from pyhermes.core.torch_file.opcodes import compile_plain
from tests.torch_files import (
    archive,
    dict_of,
    saved,
)


def test_numbers_of_the_memo_up_to_what_the_file_can_fill() -> None:
    many = decode_result(saved({"k": [str(i) for i in range(70_000)]}))
    assert len(many.values["k"]) == 70_000  # type: ignore[arg-type]
    size = 400_000_000
    assert compile_plain(size).fullmatch(b"r" + struct.pack("<I", size // 6))
    assert not compile_plain(size).fullmatch(b"r" + struct.pack("<I", size))
    assert not compile_plain(1000).fullmatch(b"r" + struct.pack("<I", 1 << 16))


def test_an_extension_code_that_the_process_has_used() -> None:
    copyreg.add_extension("collections", "Counter", 77)
    try:
        assert pickle.loads(b"\x80\x02\x82M.").__name__ == "Counter"
        with pytest.raises(ResultError, match="opcode"):
            decode_result(archive(dict_of(b"\x82M")))
    finally:
        copyreg.remove_extension("collections", "Counter", 77)
