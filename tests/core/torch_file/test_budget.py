"""Memory: what is few in a file and much when it is read."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import torch

from pyhermes.core import (
    ResultError,
    decode_result,
    load_state_dict,
)
from pyhermes.core.torch_file import budget
from tests.torch_files import (
    ARRAY,
    F8,
    STORAGE,
    archive,
    dict_of,
    saved,
    tensor,
    text,
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_memory_is_counted_by_what_arrays_take(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of two bytes become those of four, in every tensor."""
    monkeypatch.setattr(budget, "FREE_MEMORY", 0)
    numbers = torch.ones(1 << 14, dtype=dtype)
    held = decode_result(saved({"a": numbers, "b": numbers + 1, "c": numbers + 2}))
    assert [held.series(key)[0] for key in held.values] == [1.0, 2.0, 3.0]
    with pytest.raises(
        ResultError, match=r": it needs far more memory than the file's size \(possible memory bomb\)$"
    ):
        decode_result(saved({"a": numbers, "b": numbers[::1]}))


def test_references_to_one_storage_do_not_multiply_it() -> None:
    raw = bytes(4 << 18)
    storage = STORAGE.replace(b"K\x02tQ", b"J" + struct.pack("<i", 1 << 18) + b"tQ")
    one = tensor(size=b"J" + struct.pack("<i", 1 << 18) + b"\x85", storage=storage)
    same = decode_result(archive(dict_of(b"](" + one + b"q\x01" + b"h\x01" * 3000 + b"e"), **{"0": raw}))
    held = same.values["k"]
    assert isinstance(held, tuple)
    assert held[0] is held[3000]
    with pytest.raises(ResultError, match="more memory"):
        decode_result(archive(dict_of(b"](" + one * 3000 + b"e"), **{"0": raw}))


def test_arrays_of_the_same_bytes_do_not_multiply_them() -> None:
    raw = b"c_codecs\nencode\n" + text("x" * 1_000_000) + text("latin1") + b"\x86Rq\x01"
    u1 = F8.replace(b"f8", b"u1")
    again = ARRAY + b"(K\x01J" + struct.pack("<i", 1_000_000) + b"\x85" + u1 + b"\x89h\x01tb"
    shared = decode_result(archive(dict_of(b"](" + raw + again * 10 + b"e")))
    assert len(shared.values["k"]) == 11  # type: ignore[arg-type]
    with pytest.raises(ResultError, match="more memory"):
        decode_result(archive(dict_of(b"](" + raw + again * 100 + b"e")))


def test_a_file_that_unpacks_to_far_more_than_it_is() -> None:
    once = text("x" * 1_000_000) + b"q\x01"
    again = b"".join(b"c_codecs\nencode\nh\x01" + text("latin1") + b"\x86R" for _ in range(200))
    with pytest.raises(ResultError, match="more memory"):
        decode_result(archive(dict_of(b"]" + once[:-2] + b"q\x01a(" + again + b"e")))


def test_a_checkpoint_may_use_one_storage_many_times(tmp_path: Path) -> None:
    tied = torch.zeros(1 << 20)
    torch.save({f"w{index}": tied[:] for index in range(60)}, tmp_path / "x.pth")
    assert len(load_state_dict(tmp_path / "x.pth")) == 60
