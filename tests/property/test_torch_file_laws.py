"""Pickles are read as torch reads them, and rewriting them changes no value.

Values are compared in type, in every bit of a number, and in which of them are one and the same object.
"""

from __future__ import annotations

import io
import struct

import numpy as np
import torch
from hypothesis import given, strategies as st

from pyhermes.core import ResultRecord, ResultValue, decode_result
from pyhermes.core.arrays.freeze import PlainList
from pyhermes.core.arrays.pending import PendingArray
from pyhermes.core.arrays.stack import expand_floats
from pyhermes.core.torch_file.allowed import RESULT_NAMES, FileState
from pyhermes.core.torch_file.budget import MemoryBudget
from pyhermes.core.torch_file.check import Program, check_program
from pyhermes.core.torch_file.reader import run_program
from tests.torch_files import ARRAY, F8, archive, array_state, dict_of, saved, text

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

FLOAT = st.floats().map(lambda value: b"G" + struct.pack(">d", value))
FLOATS = st.lists(FLOAT, max_size=4).map(b"".join)
HASHABLE = st.one_of(
    FLOAT,
    st.sampled_from(
        [b"N", b"\x88", b"\x89", b"K\x07", b"M\x01\x02", b"J\xff\xff\xff\xff", b"\x8a\x01G", b")", b"NN\x86"]
    ),
    # text that holds what rewriting looks for
    st.lists(st.sampled_from(["}", "(", "G12345678", "e", "G", "]"]), max_size=6).map("".join).map(text),
)
LEAF = st.one_of(HASHABLE, st.just(array_state(b"K\x01\x85", F8, b"12345678")))


def containers(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Instructions that put values into lists, tuples and dicts, in every way that opcodes offer."""
    some = st.lists(inner, max_size=3).map(b"".join)
    pairs = st.lists(st.tuples(HASHABLE, inner).map(b"".join), max_size=3).map(b"".join)
    return st.one_of(
        FLOATS.map(lambda row: b"](" + row + b"e"),
        FLOATS.map(lambda row: b"(" + row + b"t"),
        st.lists(st.tuples(FLOAT, FLOAT).map(b"".join), max_size=3).map(
            lambda row: b"}(" + b"".join(row) + b"u"
        ),
        st.tuples(FLOATS, inner, FLOATS).map(lambda parts: b"](" + b"".join(parts) + b"e"),
        # a float that is remembered between MARK and APPENDS, and used again
        st.tuples(FLOAT, FLOATS).map(lambda parts: b"](" + parts[0] + b"q\x09h\x09" + parts[1] + b"e"),
        st.tuples(FLOATS, FLOATS).map(lambda rows: b"](" + rows[0] + b"e(" + rows[1] + b"e"),
        some.map(lambda items: b"](" + items + b"e"),
        some.map(lambda items: b"(" + items + b"t"),
        inner.map(lambda item: b"]" + item + b"a"),
        inner.map(lambda item: b"]" + item + b"q\x05ah\x05a"),
        pairs.map(lambda items: b"}(" + items + b"u"),
        pairs.map(lambda items: b"ccollections\nOrderedDict\n)R(" + items + b"u"),
        st.tuples(HASHABLE, inner).map(lambda pair: b"}" + b"".join(pair) + b"s"),
    )


PROGRAMS = st.recursive(LEAF, containers, max_leaves=8).map(dict_of)


def told(value: object, seen: dict[int, int]) -> object:
    """A value as what can be compared: types, bits, and the places where one object stands again."""
    if isinstance(value, PendingArray):
        value = value.resolve()
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    if not isinstance(value, list | tuple | dict) or value == ():
        return type(value).__name__, value
    if id(value) in seen:
        return "again", seen[id(value)]
    seen[id(value)] = len(seen)
    if isinstance(value, dict):
        return "dict", [(told(key, seen), told(item, seen)) for key, item in value.items()]
    return type(value).__name__, [told(item, seen) for item in expand_floats(value)]


def run(program: Program) -> object:
    return told(run_program(program, FileState("<", MemoryBudget(1000), makes_arrays=True)), {})


@given(PROGRAMS)
def test_a_program_gives_the_same_values_whether_or_not_it_is_rewritten(data: bytes) -> None:
    program, end = check_program(data, 0, RESULT_NAMES)
    assert end == len(data)
    assert run(program) == run(Program(io.BytesIO(data), []))


@given(PROGRAMS)
def test_a_program_gives_what_torch_reads(data: bytes) -> None:
    """But for arrays of numpy, which torch does not read with its safe default."""
    if ARRAY not in data:
        program, _ = check_program(data, 0, RESULT_NAMES)
        expected = torch.load(io.BytesIO(archive(data)), weights_only=True)
        assert run(program) == told(expected, {})


@given(st.dictionaries(st.sampled_from(["loss", "q", "tags"]), NESTED), st.booleans())
def test_rows_of_floats_are_read_as_any_other_numbers(values: dict[str, ResultValue], legacy: bool) -> None:
    data = saved(values, legacy=legacy)
    again = torch.load(io.BytesIO(data), weights_only=True)
    assert decode_result(data) == ResultRecord(
        {key: PlainList(value) if isinstance(value, tuple) else value for key, value in again.items()}
    )
