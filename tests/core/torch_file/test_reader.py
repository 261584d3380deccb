"""Files that are damaged, or made to do harm: each ends in one error of ours, and nothing is run."""

from __future__ import annotations

import io
import pickle
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from pyhermes.core import (
    CheckpointError,
    HermesError,
    ResultError,
    decode_result,
    load_state_dict,
)
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.reader import check_checkpoint
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
        decode_result(archive(dict_of(b"K\x01")).replace(b"archive/data.pkl", b"archive_data.pkl"))


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


ENDLESS = {
    "a key": archive(dict_of(b"}" + SHARED_KEY + b"Ns")),
    "a key for OrderedDict": archive(dict_of(b"ccollections\nOrderedDict\n](" + SHARED_KEY + b"N\x86e\x85R")),
    "a shape": archive(dict_of(tensor(size=b"(" + (b"\x8a\xff" + b"\x7f" * 255) * 20_000 + b"t"))),
    "keys of storages": saved({}, legacy=True).replace(b"]q\x00.", b"]" + SHARED_KEY + b"a."),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_would_take_hours_is_refused_at_once(name: str) -> None:
    """A few bytes each, which would be hashed, or multiplied, for ever."""
    with pytest.raises(ResultError, match="got a file that cannot be read as one"):
        decode_result(ENDLESS[name])
    with pytest.raises(UnsafeFileError):
        check_checkpoint(io.BytesIO(ENDLESS[name]))


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
