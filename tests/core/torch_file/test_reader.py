"""Files that are damaged, or made to do harm: each ends in one error of ours, and nothing is run."""

from __future__ import annotations

import copyreg
import io
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from pyhermes.core import (
    CheckpointError,
    HermesError,
    ResultError,
    ResultRecord,
    ResultValue,
    decode_result,
    load_result,
    load_state_dict,
)
from pyhermes.core.arrays.freeze import PlainList
from pyhermes.core.formats.result_file import read_values
from pyhermes.core.torch_file import budget
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.opcodes import compile_plain
from pyhermes.core.torch_file.reader import check_checkpoint
from pyhermes.core.typing import FloatArray
from tests.conftest import DOUBLE, EXAMPLES, TAXI
from tests.torch_files import (
    ARRAY,
    BIG_ENDIAN,
    F8,
    STORAGE,
    Ran,
    archive,
    array_state,
    dict_of,
    raw_of,
    saved,
    tensor,
    text,
)

RESULT = EXAMPLES / "runs" / TAXI / "2026_11_23_182307039385_0_fcbfa.result"
CHECKPOINT = EXAMPLES / "runs" / DOUBLE / "2026_11_23_182554711422_8_fcbfa_best.pth"


def test_the_hand_made_parts_are_sound() -> None:
    assert decode_result(archive(dict_of(array_state(b"K\x01\x85", F8, struct.pack("<d", 2.5))))).series(
        "k"
    ).tolist() == [2.5]
    assert decode_result(archive(dict_of(tensor()), **{"0": struct.pack("<2f", 1, 2)})).series(
        "k"
    ).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_file_is_never_run(tmp_path: Path, legacy: bool) -> None:
    mark = tmp_path / "ran"
    data = saved({"loss": [1.0], "x": Ran(mark)}, legacy=legacy)
    with pytest.raises(ResultError, match=r"refers to 'posix.mkdir'|refers to 'nt.mkdir'"):
        decode_result(data)
    (tmp_path / "x.pth").write_bytes(data)
    with pytest.raises(CheckpointError, match="running code from a file is refused"):
        load_state_dict(tmp_path / "x.pth")
    assert not mark.exists()
    torch.load(io.BytesIO(data), weights_only=False)
    assert mark.exists(), "the file would have run"


def test_not_even_where_the_environment_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    (tmp_path / "x.pth").write_bytes(saved({"x": Ran(tmp_path / "ran")}))
    with pytest.raises(CheckpointError):
        load_state_dict(tmp_path / "x.pth")
    assert not (tmp_path / "ran").exists()


def times(unit: bytes, step: bytes = b"K\x01") -> bytes:
    """An array of one time, of a unit given as instructions."""
    state = (
        b"(K\x04"
        + text("<")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00}("
        + unit
        + step
        + b"K\x01K\x01t\x86tb"
    )
    return array_state(b"K\x01\x85", F8.replace(b"f8", b"M8") + state, struct.pack("<q", 7))


SHARED_KEY = b"N" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(40))
"""A tuple of 40 levels that holds the level below twice: to hash it takes 2**40 steps."""

HARM = {
    "names of numpy that are not needed": dict_of(b"cnumpy\nload\n" + text("/etc/passwd") + b"\x85R"),
    "an attribute of a name": dict_of(b"cnumpy\ndtype.__class__\n"),
    "getattr": dict_of(b"c__builtin__\ngetattr\n"),
    "an extension code": dict_of(b"\x82\x01"),
    "an instance": b"\x80\x02(itorch\nFloatStorage\n.",
    "a new object": dict_of(b"cnumpy\nndarray\nK\x01\x85\x81"),
    "a name from the stack": b"\x80\x02" + text("os") + text("system") + b"\x93.",
    "text opcodes": b"\x80\x02I5\n.",
    "another protocol": pickle.dumps({"k": 1}, 4),
    "no protocol": pickle.dumps({"k": 1}, 0),
    "popping": dict_of(b"K\x01K\x020"),
    "a byte array of any size": dict_of(b"c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R"),
    "bytes of any size": dict_of(b"c__builtin__\nbytes\nJ\xff\xff\xff\x7f\x85R"),
    "a tensor of any size": dict_of(b"ctorch\nTensor\nJ\xff\xff\xff\x7f\x85R"),
    "a memo number without a file behind it": dict_of(b"K\x01r\xff\xff\xff\x7f"),
    "a memo number that was never put": dict_of(b"h\x05"),
    "text longer than the file": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "no end": b"\x80\x02}",
    "more after the end": b"\x80\x02}.}.",
    "an empty stack": b"\x80\x02s.",
    "a name cut off": b"\x80\x02cnumpy\n",
    "a call of what cannot be called": dict_of(b"cnumpy\nndarray\n)R"),
    "a call with the wrong arguments": dict_of(b"cnumpy\ndtype\n)R"),
    "a state for a name": dict_of(b"cnumpy\ndtype\n}b"),
    "slots of a name": dict_of(b"cnumpy\ndtype\nN}" + text("_function") + b"K\x01s\x86b"),
    "slots of a tensor": dict_of(tensor() + b"N}" + text("_size") + b"K\x7f\x85s\x86b"),
    "a state for a list": dict_of(b"]}b"),
    "an array without a state": dict_of(ARRAY),
    "an array larger than its bytes": dict_of(array_state(b"K\x02\x85", F8, b"12345678")),
    "an array smaller than its bytes": dict_of(array_state(b"K\x01\x85", F8, b"1" * 16)),
    "a negative shape": dict_of(array_state(b"J\xff\xff\xff\xff\x85", F8, b"12345678")),
    "a shape that is none": dict_of(array_state(b"K\x01", F8, b"12345678")),
    "an array of objects": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"O8"), b"12345678")),
    "an array of records": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"V8"), b"12345678")),
    "a dtype that is none": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"f7"), b"12345678")),
    "an array of nothing": dict_of(array_state(b"J\xff\xff\xff\x7f\x85", F8.replace(b"f8", b"S0"), b"")),
    "a dtype with fields": dict_of(array_state(b"K\x01\x85", F8 + b"(K\x03" + text("<") + b"N}NJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb", b"12345678")),
    "a dtype with a state that is none": dict_of(F8 + b"K\x01b"),
    "an array with a dtype that is none": dict_of(array_state(b"K\x01\x85", b"K\x01", b"12345678")),
    "times of an unknown unit": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"M8") + b"(K\x04" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00}(K\x01K\x01K\x01K\x01t\x86tb", b"12345678")),
    "bytes in another encoding": dict_of(b"c_codecs\nencode\n" + text("a") + text("rot13") + b"\x86R"),
    "a scalar of no dtype": dict_of(b"cnumpy.core.multiarray\nscalar\nK\x01K\x02\x86R"),
    "a tensor larger than its storage": dict_of(tensor(size=b"K\x03\x85")),
    "strides that repeat a storage": dict_of(tensor(size=b"J\xff\xff\xff\x7f\x85", stride=b"K\x00\x85")),
    "a tensor beyond its storage": dict_of(tensor(offset=b"K\x01")),
    "a negative offset": dict_of(tensor(offset=b"J\xff\xff\xff\xff")),
    "a negative stride": dict_of(tensor(stride=b"J\xff\xff\xff\xff\x85")),
    "sizes without strides": dict_of(tensor(stride=b")")),
    "33 dimensions": dict_of(tensor(size=b"(" + b"K\x01" * 33 + b"t", stride=b"(" + b"K\x01" * 33 + b"t")),
    "33 dimensions of nothing": dict_of(tensor(size=b"(" + b"K\x00" * 33 + b"t", stride=b"(" + b"K\x01" * 33 + b"t")),
    "a shape of very many large sizes": dict_of(array_state(b"(" + (b"\x8a\xff" + b"\x7f" * 255) * 20_000 + b"t", F8, b"12345678")),
    "a size beyond 64 bits": dict_of(array_state(b"\x8a\x09" + b"\x00" * 8 + b"\x01\x85", F8, b"12345678")),
    "a size that is a bool": dict_of(array_state(b"\x88\x85", F8, b"12345678")),
    "a row of floats that is changed": dict_of(b"](" + 2 * (b"G" + bytes(8)) + b"eK\x00QN}" + text("values") + b"]s\x86b"),
    "a state for a row of floats": dict_of(b"](" + 2 * (b"G" + bytes(8)) + b"eK\x00Q}b"),
    "a key of shared parts that OrderedDict would hash": dict_of(b"ccollections\nOrderedDict\n](" + SHARED_KEY + b"N\x86e\x85R"),
    "bytes of so many zeros": dict_of(b"c__builtin__\nbytes\nJ\xff\xff\xff\x7f\x85R"),
    "more dimensions than there are": dict_of(tensor(size=b"(" + b"K\x01" * 99 + b"t", stride=b"(" + b"K\x01" * 99 + b"t")),
    "a tensor of nothing with more dimensions": dict_of(tensor(size=b"(" + b"K\x00" * 99 + b"t", stride=b"(" + b"K\x01" * 99 + b"t")),
    "a tensor without a storage": dict_of(tensor(storage=b"N")),
    "a storage that is none": dict_of(b"K\x05Q"),
    "a reference to something else": dict_of(b"(" + text("module") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x02tQ"),
    "a key nested deeply": dict_of(b"}" + b"N" + b"\x85" * 60_000 + b"Ns"),
    "a key nested deeply in a state dict": dict_of(b"ccollections\nOrderedDict\n)R" + b"N" + b"\x85" * 60_000 + b"Ns"),
    "a key of shared parts": dict_of(b"}" + SHARED_KEY + b"Ns"),
    "a list nested deeply": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "text beyond Unicode": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"U1"), b"\xff\xff\xff\xff")),
    "text just beyond Unicode": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"U2"), b"a\x00\x00\x00\x00\x00\x11\x00")),
    "a scalar of text just beyond Unicode": dict_of(b"cnumpy.core.multiarray\nscalar\n" + F8.replace(b"f8", b"U2") + b"c_codecs\nencode\n" + text("a\0\0\0\0\0\x11\0") + text("latin1") + b"\x86R\x86R"),
    "text just beyond Unicode in the other byte order": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"U1") + BIG_ENDIAN, b"\x00\x11\x00\x00")),
    "a tensor of no dtype": dict_of(b"ctorch._utils\n_rebuild_tensor_v3\n(" + STORAGE + b"K\x00K\x02\x85K\x01\x85\x89NNtR"),
    "an untyped storage of typed tensors": dict_of(tensor(storage=STORAGE.replace(b"torch\nFloat", b"torch.storage\nUntyped"))),
    "a storage alone": dict_of(STORAGE),
    "a unit of times that is text": dict_of(times(text("s"))),
    "a unit of times with more in it": dict_of(times(raw_of("s]"))),
    "a step of times that is text": dict_of(times(raw_of("s"), text("1"))),
    "a stride that leads beyond the storage": dict_of(tensor(stride=b"K\x02\x85")),
    "an array whose elements are text": dict_of(ARRAY + b"(K\x01K\x01\x85" + F8 + b"\x89" + text("12345678") + b"tb"),
    "a scalar whose bytes are text": dict_of(b"cnumpy.core.multiarray\nscalar\n" + F8 + text("12345678") + b"\x86R"),
    "a dtype that is a number": dict_of(b"cnumpy\ndtype\nK\x05\x89\x88\x87R"),
    "an array of no bytes an item": dict_of(array_state(b"K\x01\x85", F8.replace(b"f8", b"S0"), b"")),
    "a view of a storage": dict_of(tensor(storage=STORAGE.replace(b"K\x02tQ", b"K\x02K\x05tQ"))),
    "a storage with a number as its key": dict_of(tensor(storage=STORAGE.replace(text("0"), b"K\x00"))),
    "a storage of half an element": dict_of(b"ctorch._utils\n_rebuild_tensor_v3\n(" + STORAGE.replace(b"torch\nFloat", b"torch.storage\nUntyped").replace(b"K\x02tQ", b"K\x07tQ") + b"K\x00K\x01\x85K\x01\x85\x89Nctorch\nint32\n}tR"),
    "a name of numpy that is changed": dict_of(b"cnumpy\nndarray\nNb"),
}  # fmt: skip


@pytest.mark.parametrize("program", HARM.items(), ids=lambda item: item[0])
def test_hand_made_harm(program: tuple[str, bytes]) -> None:
    with pytest.raises(ResultError, match="expected"):
        decode_result(archive(program[1], **{"0": struct.pack("<2f", 1, 2)}))


REASONS = {
    "the pickle does not use protocol 2, as torch.save does": ["another protocol", "no protocol"],
    "damaged: something follows the end of the pickle": ["more after the end"],
    "the pickle calls an object that is not callable": ["a call of what cannot be called"],
    "the pickle modifies an immutable object": ["a state for a name", "slots of a name", "slots of a tensor", "a name of numpy that is changed", "a row of floats that is changed", "a state for a row of floats"],
    "damaged: a numpy array never gets its elements": ["an array without a state"],
    "damaged: a numpy array's shape does not match its bytes": ["an array larger than its bytes", "an array smaller than its bytes", "an array of nothing", "an array of no bytes an item"],
    "damaged: an array has a size, stride or offset that is not possible": ["a negative shape", "a negative offset", "a negative stride", "a size beyond 64 bits", "a size that is a bool"],
    "damaged: a shape is not a tuple of sizes": ["a shape that is none", "more dimensions than there are", "a tensor of nothing with more dimensions", "a shape of very many large sizes"],
    "a numpy array has the dtype 'O8', which is neither numbers nor text": ["an array of objects"],
    "a numpy array has the dtype 'V8', which is neither numbers nor text": ["an array of records"],
    "a numpy array holds records, which are not supported": ["a dtype with fields"],
    "damaged: the description of an array is malformed": ["a dtype with a state that is none", "a storage that is none"],
    "a numpy array holds Python objects, which are not supported": ["an array with a dtype that is none", "an array whose elements are text"],
    "a numpy array holds times of an unknown unit": ["times of an unknown unit", "a unit of times that is text", "a unit of times with more in it", "a step of times that is text"],
    "damaged: bytes have an unknown encoding": ["bytes in another encoding"],
    "a numpy scalar has an unknown dtype": ["a scalar of no dtype", "a scalar whose bytes are text"],
    "damaged: a tensor is larger than its storage": ["a tensor larger than its storage", "strides that repeat a storage", "a tensor beyond its storage", "a stride that leads beyond the storage"],
    "damaged: a tensor has more than 32 dimensions": ["33 dimensions", "33 dimensions of nothing"],
    "damaged: a tensor's storage ends within an element": ["a storage of half an element"],
    "damaged: a tensor has no storage": ["a tensor without a storage"],
    "damaged: a persistent id is not that of a tensor's storage": ["a reference to something else", "a view of a storage", "a storage with a number as its key"],
    "a dict key has more than 1000 parts": ["a key nested deeply", "a key nested deeply in a state dict", "a key of shared parts"],
    "damaged: a tensor has no dtype": ["a tensor of no dtype", "an untyped storage of typed tensors"],
    "a numpy array has the dtype 5, which is neither numbers nor text": ["a dtype that is a number"],
}  # fmt: skip
"""What is said of each, where it is not what pickle says."""


@pytest.mark.parametrize(("reason", "names"), REASONS.items(), ids=range(len(REASONS)))
def test_what_is_refused_is_told(reason: str, names: list[str]) -> None:
    for name in names:
        with pytest.raises(ResultError) as error:
            decode_result(archive(HARM[name], **{"0": struct.pack("<2f", 1, 2)}))
        assert str(error.value) == f"expected a result, got a file that cannot be read as one: {reason}"


def test_of_a_name_that_is_refused_both_parts_are_told() -> None:
    with pytest.raises(ResultError) as error:
        decode_result(archive(HARM["getattr"]))
    assert str(error.value).endswith(
        "it refers to '__builtin__.getattr', which is no plain value, array or tensor; "
        "running code from a file is refused"
    )


def test_sizes_without_strides_are_no_checkpoint_either() -> None:
    for stride in (b")", b"K\x01K\x01\x86"):
        with pytest.raises(UnsafeFileError):
            check_checkpoint(io.BytesIO(archive(dict_of(tensor(stride=stride)), **{"0": bytes(8)})))


def test_a_checksum_that_does_not_fit_is_told_with_its_entry() -> None:
    data = archive(dict_of(tensor()), **{"0": b"12345678"}).replace(b"12345678", b"12345679")
    with pytest.raises(UnsafeFileError) as error:
        check_checkpoint(io.BytesIO(data))
    assert str(error.value) == "damaged: the checksum of 'archive/data/0' is wrong"


def test_what_is_no_file_of_torch_is_told() -> None:
    with pytest.raises(ResultError) as error:
        decode_result(b"text")
    assert str(error.value).endswith(": not written by torch.save")
    with pytest.raises(ResultError, match=": it is a zip archive, but torch.save did not write it$"):
        decode_result(zipped(dict_of(b"K\x01"), name="data.pkl"))


def test_tensors_of_nothing_keep_their_dtype_and_shape() -> None:
    value = decode_result(saved({"k": torch.zeros(0, 3, dtype=torch.int16)})).values["k"]
    assert isinstance(value, np.ndarray)
    assert (value.dtype, value.shape) == (np.dtype("int16"), (0, 3))


def test_a_byte_that_is_neither_true_nor_false_is_true() -> None:
    bools = tensor(storage=STORAGE.replace(b"Float", b"Bool"))
    found = decode_result(archive(dict_of(bools), **{"0": b"\x02\x00"})).values["k"]
    assert isinstance(found, np.ndarray)
    assert found.view(np.uint8).tolist() == [1, 0]


def test_a_byte_order_that_is_the_machines_own() -> None:
    native = b"(K\x03" + text("=") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    program = dict_of(array_state(b"K\x01\x85", F8 + native, struct.pack("=d", 2.5)))
    assert decode_result(archive(program)).series("k").tolist() == [2.5]


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


def test_the_last_character_of_unicode_in_either_byte_order() -> None:
    little = array_state(b"K\x01\x85", F8.replace(b"f8", b"U1"), b"\xff\xff\x10\x00")
    big = array_state(b"K\x01\x85", F8.replace(b"f8", b"U1") + BIG_ENDIAN, b"\x00\x10\xff\xff")
    for program in (little, big):
        assert decode_result(archive(dict_of(program))).values["k"] == ("\U0010ffff",)


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


def test_arrays_of_the_same_bytes_do_not_multiply_them() -> None:
    raw = b"c_codecs\nencode\n" + text("x" * 1_000_000) + text("latin1") + b"\x86Rq\x01"
    u1 = F8.replace(b"f8", b"u1")
    again = ARRAY + b"(K\x01J" + struct.pack("<i", 1_000_000) + b"\x85" + u1 + b"\x89h\x01tb"
    shared = decode_result(archive(dict_of(b"](" + raw + again * 10 + b"e")))
    assert len(shared.values["k"]) == 11  # type: ignore[arg-type]
    with pytest.raises(ResultError, match="more memory"):
        decode_result(archive(dict_of(b"](" + raw + again * 100 + b"e")))


def test_an_array_is_not_changed_once_it_has_its_elements() -> None:
    whole = array_state(b"K\x01\x85", F8, b"12345678")
    with pytest.raises(ResultError, match=": the pickle modifies an immutable object$"):
        decode_result(archive(dict_of(whole + whole[len(ARRAY) :])))


@pytest.mark.parametrize("part", [b"]", b"}", b"N\x85", b")q\x01"])
def test_more_containers_than_the_file_could_have_been_written_with(part: bytes) -> None:
    few = decode_result(archive(dict_of(b"](" + part * 60_000 + b"e")))
    assert len(few.values["k"]) == 60_000  # type: ignore[arg-type]
    if part != b")q\x01":
        with pytest.raises(
            ResultError, match=r"too many objects for the file's size \(possible memory bomb\)$"
        ):
            decode_result(archive(dict_of(b"](" + part * 140_000 + b"e")))


def test_text_that_looks_like_containers_is_text() -> None:
    assert decode_result(archive(dict_of(text("]" * 500_000)))).values["k"] == "]" * 500_000


def test_a_checkpoint_may_use_one_storage_many_times(tmp_path: Path) -> None:
    tied = torch.zeros(1 << 20)
    torch.save({f"w{index}": tied[:] for index in range(60)}, tmp_path / "x.pth")
    assert len(load_state_dict(tmp_path / "x.pth")) == 60


def test_tensors_that_are_conjugated_or_negated_in_name() -> None:
    value = torch.tensor([1 + 2j])
    assert decode_result(saved({"c": value.conj()})).values["c"] == np.array([1 - 2j])
    assert decode_result(saved({"c": value.conj().imag})).values["c"] == np.array([-2.0])
    assert decode_result(saved({"c": torch._neg_view(value)})).values["c"] == np.array([-1 - 2j])


def test_numbers_of_the_memo_up_to_what_the_file_can_fill() -> None:
    many = decode_result(saved({"k": [str(i) for i in range(70_000)]}))
    assert len(many.values["k"]) == 70_000  # type: ignore[arg-type]
    size = 400_000_000
    assert compile_plain(size).fullmatch(b"r" + struct.pack("<I", size // 6))
    assert not compile_plain(size).fullmatch(b"r" + struct.pack("<I", size))
    assert not compile_plain(1000).fullmatch(b"r" + struct.pack("<I", 1 << 16))


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


def test_an_extension_code_that_the_process_has_used() -> None:
    copyreg.add_extension("collections", "Counter", 77)
    try:
        assert pickle.loads(b"\x80\x02\x82M.").__name__ == "Counter"
        with pytest.raises(ResultError, match="opcode"):
            decode_result(archive(dict_of(b"\x82M")))
    finally:
        copyreg.remove_extension("collections", "Counter", 77)


def test_a_file_that_unpacks_to_far_more_than_it_is() -> None:
    once = text("x" * 1_000_000) + b"q\x01"
    again = b"".join(b"c_codecs\nencode\nh\x01" + text("latin1") + b"\x86R" for _ in range(200))
    with pytest.raises(ResultError, match="more memory"):
        decode_result(archive(dict_of(b"]" + once[:-2] + b"q\x01a(" + again + b"e")))


def test_entries_that_are_compressed_doubled_or_oversized() -> None:
    program = dict_of(b"K\x01")
    for data in (
        zipped(program, compression=zipfile.ZIP_DEFLATED),
        zipped(program, twice=True),
        zipped(program, name="data.pkl"),
        zipped(program, name="a/b/data.pkl"),
    ):
        with pytest.raises(ResultError, match="expected"):
            decode_result(data)
    larger = bytearray(archive(program))
    at = larger.rindex(b"PK\x01\x02")
    larger[at + 20 : at + 28] = struct.pack("<II", 10**9, 10**9)
    with pytest.raises(ResultError, match="larger than the file"):
        decode_result(bytes(larger))


def zipped(
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


def test_big_endian_files() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("a/data.pkl", dict_of(tensor()))
        file.writestr("a/byteorder", b"big")
        file.writestr("a/data/0", struct.pack(">2f", 1, 2))
    assert decode_result(data.getvalue()).series("k").tolist() == [1.0, 2.0]


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04", b"text", pickle.dumps({"a": 1}), bytes(1000)])
def test_what_was_not_written_by_torch(data: bytes) -> None:
    with pytest.raises(ResultError, match="expected a result"):
        decode_result(data)


def test_a_file_cut_anywhere() -> None:
    data = RESULT.read_bytes()
    for percent in range(100):
        with pytest.raises(ResultError):
            decode_result(data[: len(data) * percent // 100])


def test_changed_bytes_end_in_an_error_or_in_the_same_values() -> None:
    data = RESULT.read_bytes()
    truth = decode_result(data)
    choose = random.Random(1)
    refused = 0
    for _ in range(400):
        changed = bytearray(data)
        changed[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
        try:
            assert decode_result(bytes(changed)) == truth
        except ResultError:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize("legacy", [False, True])
def test_changed_pickles_end_in_an_error_of_ours_or_in_values(legacy: bool) -> None:
    """No checksum speaks of these: what is read may differ, what is raised may not."""
    values = {"a": [np.float64(1.0)] * 3, "q": [np.ones(2)], "t": torch.ones(2, 2), "s": {"x": b"bytes"}}
    data = saved(values, legacy=legacy)
    program = data if legacy else zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
    choose = random.Random(2)
    for _ in range(3000):
        changed = bytearray(program)
        for _ in range(choose.randrange(1, 4)):
            changed[choose.randrange(len(changed))] = choose.randrange(256)
        try:
            decode_result(bytes(changed) if legacy else archive(bytes(changed), **{"0": bytes(16)}))
        except HermesError as error:
            assert isinstance(error, ResultError)  # noqa: PT017


def test_legacy_files_whose_parts_do_not_fit() -> None:
    data = saved({"t": torch.ones(2)}, legacy=True)
    with pytest.raises(ResultError, match="another size than the pickle says"):
        decode_result(data[:-1])
    count = data.rindex(struct.pack("<q", 2) + struct.pack("<2f", 1, 1))
    with pytest.raises(ResultError, match="the size of storage '.*' is not what the pickle says"):
        decode_result(data[:count] + struct.pack("<q", 3) + data[count + 8 :])
    keys = data.rindex(b"\x80\x02]")
    for other in (b"].", b"]" + SHARED_KEY + b"a.", b"]]a.", text("0") + b"\x85.", text("0") + b"."):
        with pytest.raises(ResultError, match="the list of storages does not match the tensors"):
            decode_result(data[:keys] + b"\x80\x02" + other + data[count:])


def test_a_damaged_checkpoint_is_one_error_that_names_it_and_says_nothing_unsafe(tmp_path: Path) -> None:
    data = CHECKPOINT.read_bytes()
    path = tmp_path / "damaged.pth"
    choose = random.Random(3)
    truth = {name: value.numpy() for name, value in load_state_dict(CHECKPOINT).items()}
    for step in range(150):
        changed = bytearray(data)
        changed[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
        path.write_bytes(changed if step % 3 else data[: choose.randrange(len(data))])
        try:
            found = load_state_dict(path)
        except CheckpointError as error:
            assert error.path == path  # noqa: PT017
            assert "damaged.pth" in str(error)  # noqa: PT017
            assert "weights_only" not in str(error)  # noqa: PT017
        else:
            assert found.keys() == truth.keys()
            for name, value in found.items():
                np.testing.assert_array_equal(value.numpy(), truth[name])


def test_the_allow_list_of_the_process_is_left_alone() -> None:
    before = torch.serialization.get_safe_globals()
    load_result(RESULT)
    load_state_dict(CHECKPOINT)
    assert torch.serialization.get_safe_globals() == before


ROW = st.lists(st.floats(), max_size=5)
NESTED = st.recursive(
    st.one_of(
        ROW, st.lists(st.one_of(st.floats(), st.integers(-5, 2**70), st.booleans(), st.none()), max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        inner.map(lambda value: [value, value]),
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["loss", "q", "tags"]), NESTED), st.booleans())
def test_rows_of_floats_are_read_as_any_other_numbers(values: dict[str, ResultValue], legacy: bool) -> None:
    buffer = io.BytesIO()
    torch.save(values, buffer, _use_new_zipfile_serialization=not legacy)
    again = torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)
    assert decode_result(buffer.getvalue()) == ResultRecord(
        {key: PlainList(value) if isinstance(value, tuple) else value for key, value in again.items()}
    )


def test_very_long_rows_of_floats() -> None:
    losses = np.random.default_rng(0).standard_normal(2_501).tolist()
    record = decode_result(saved({"loss": losses, "all": [losses, losses], "mixed": [1, *losses, True]}))
    np.testing.assert_array_equal(record.values["loss"], losses)
    np.testing.assert_array_equal(record.values["all"], [losses, losses])
    np.testing.assert_array_equal(record.values["mixed"], [1.0, *losses, 1.0])


@pytest.mark.parametrize("other", [10**400, "text", None])
def test_a_row_of_floats_beside_what_is_no_float(other: ResultValue) -> None:
    values: ResultValue = [*[0.5] * 1000, other]
    assert decode_result(saved({"k": values})) == ResultRecord({"k": values})


@pytest.mark.parametrize("number", [b"K\x00", b"K\x07", b"J\xff\xff\xff\xff", b"\x88"])
def test_a_number_that_refers_to_no_row_of_floats(number: bytes) -> None:
    with pytest.raises(ResultError, match="damaged"):
        decode_result(archive(dict_of(b"](" + number + b"Qe")))


def test_a_row_of_floats_that_a_file_refers_to_is_a_row_of_floats() -> None:
    two = 2 * (b"G" + struct.pack(">d", 0.5))
    record = decode_result(archive(dict_of(b"](](" + two + b"eK\x00Qe")))
    assert record == ResultRecord({"k": [[0.5, 0.5], 0.5, 0.5]})


@pytest.mark.parametrize("character", [b"\xff\xff\xff\xff", b"\x00\x00\x11\x00"])
def test_an_array_of_text_beyond_unicode_is_a_damaged_file(character: bytes) -> None:
    latin = character.decode("latin1").encode()
    raw = b"c_codecs\nencode\nX" + struct.pack("<I", len(latin)) + latin + text("latin1") + b"\x86R"
    forged = ARRAY + b"(K\x01K\x01\x85" + F8.replace(b"f8", b"U1") + b"\x89" + raw + b"tb"
    with pytest.raises(ResultError, match=r"got a damaged file \(\w+\)"):
        decode_result(archive(dict_of(forged)))
