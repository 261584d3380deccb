"""The check of a pickle before it runs, and the two rules by which it is rewritten on the way.

The check lets only those opcodes pass that are in `opcodes`, only those names that are on the list it
is given, and only as many objects as `torch.save` could have written into so many bytes.

Rule 1, dicts: each EMPTY_DICT becomes NONE BINPERSID. The machine answers the persistent id None with a
new `SafeDict`, which looks at a key before it hashes it. Both leave one new, empty dict on the stack.

Rule 2, rows of floats: BINFLOATs that stand between MARK and APPENDS, and nothing else between them,
become BININT BINPERSID, with the row's number. The machine answers that number with a `FloatRow`,
one array. APPENDS then puts one row into the list instead of many floats; `arrays.stack` makes
floats of it again. No opcode stands in between that could have kept one of the floats elsewhere.

Neither rule moves anything that is referred to by its position: pickles have no jumps, and memo numbers
stand in the opcodes. POP and DUP, which would see how many objects lie on the stack, are refused.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from pyhermes.core.messages import shown
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.objects import FloatRow
from pyhermes.core.torch_file.opcodes import (
    MAKES_OBJECT,
    NEW_DICT,
    PROTOCOL_2,
    ROW_OF_FLOATS,
    WITH_LENGTH,
    compile_plain,
)

Name: TypeAlias = tuple[str, str]
"""A module and a name in it, as GLOBAL gives them."""

# So many objects a file may hold whatever its size: the first 256 of a pickle take three bytes each.
_ALWAYS_SO_MANY = 1 << 16

# What `torch.save` writes for each list, dict, tuple or call at least: its opcode and a memo number.
# An empty list takes 56 bytes of memory: without this, one byte of a file could become 56.
_BYTES_AN_OBJECT = 6

_FLOAT = np.dtype([("opcode", "S1"), ("value", ">f8")])


class Program(NamedTuple):
    """A pickle that may be run, and the rows of floats that it refers to by their numbers."""

    file: io.BytesIO
    rows: list[FloatRow]


def check_program(data: bytes, start: int, names: frozenset[Name]) -> tuple[Program, int]:
    """Check the pickle that begins at `start`; return it, ready to run, and where it ends.

    Raises `UnsafeFileError` for opcodes other than those of plain values, for names that are not in
    `names`, and for more objects than the size of the file allows.
    """
    if data[start : start + 2] != PROTOCOL_2:
        raise UnsafeFileError("the pickle does not use protocol 2, as torch.save does")
    most = _ALWAYS_SO_MANY + len(data) // _BYTES_AN_OBJECT
    must_count = _count_bytes(data, MAKES_OBJECT + pickle.EMPTY_DICT) > most
    rewriter = _Rewriter(data, start)
    objects, end = 0, start
    for opcode, begin, end in _split(data, start, b"" if must_count else MAKES_OBJECT):
        objects += opcode in _COUNTED
        if objects > most:
            raise UnsafeFileError("too many objects for the file's size (possible memory bomb)")
        if opcode == pickle.EMPTY_DICT:
            rewriter.replace(begin, end, NEW_DICT)
        elif opcode == pickle.MARK:
            rewriter.replace_floats(begin + 1, end)
        elif opcode == pickle.GLOBAL:
            _check_name(data[begin + 1 : end - 1], names)
        elif opcode not in _PASSED:
            raise _refuse(opcode)
    return rewriter.finish(end), end


_COUNTED = frozenset(bytes([opcode]) for opcode in MAKES_OBJECT + pickle.EMPTY_DICT)
_PASSED = _COUNTED | WITH_LENGTH.keys() | {pickle.STOP}


def _count_bytes(data: bytes, values: bytes) -> int:
    """Return how many bytes of some values there are: not fewer than there are opcodes of them."""
    return len(data) - len(data.translate(None, values))


def _split(data: bytes, start: int, objects: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield each opcode that is not plain, where it begins and where its argument ends; STOP last.

    An opcode that is not known ends after itself; beyond the end of the data it is `b""`.
    """
    plain = compile_plain(len(data), objects)
    opcode, at = b"", start + len(PROTOCOL_2)
    while opcode != pickle.STOP:
        match = plain.match(data, at)
        begin = at if match is None else match.end()
        opcode = data[begin : begin + 1]
        at = _find_end(data, begin, opcode)
        yield opcode, begin, at


def _find_end(data: bytes, begin: int, opcode: bytes) -> int:
    """Return where the argument of an opcode ends: of MARK, the row of floats that follows it."""
    end = begin + 1
    if opcode in WITH_LENGTH:
        width = WITH_LENGTH[opcode]
        return end + width + int.from_bytes(data[end : end + width], "little")
    if opcode == pickle.GLOBAL:
        return data.index(b"\n", data.index(b"\n", end) + 1) + 1
    row = ROW_OF_FLOATS.match(data, end) if opcode == pickle.MARK else None
    return end if row is None else row.end()


def _refuse(opcode: bytes) -> UnsafeFileError:
    if not opcode:
        return UnsafeFileError("damaged: the pickle has no end")
    if opcode == pickle.LONG_BINPUT:  # the plain ones have smaller numbers
        return UnsafeFileError("a memo number is too large for the file's size (possible memory bomb)")
    return UnsafeFileError(f"the pickle has the opcode {opcode!r}, which no plain value needs")


def _check_name(line: bytes, names: frozenset[Name]) -> None:
    module, name = line.decode("utf-8").split("\n")
    if (module, name) not in names:
        raise UnsafeFileError(
            f"it refers to {shown(f'{module}.{name}')}, which is no plain value, array or tensor; "
            "running code from a file is refused"
        )


class _Rewriter:
    """Copies a pickle from `start` on, and replaces parts of it on the way."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = memoryview(data)
        self._copied = start
        self._program = Program(io.BytesIO(), [])

    def replace(self, begin: int, end: int, opcodes: bytes) -> None:
        self._program.file.write(self._data[self._copied : begin])
        self._program.file.write(opcodes)
        self._copied = end

    def replace_floats(self, begin: int, end: int) -> None:
        if begin == end:  # a MARK that no row of floats follows
            return
        rows = self._program.rows
        self.replace(begin, end, pickle.BININT + len(rows).to_bytes(4, "little") + pickle.BINPERSID)
        floats = np.frombuffer(self._data[begin:end], _FLOAT)["value"]
        rows.append(FloatRow(floats.astype(np.float64)))

    def finish(self, end: int) -> Program:
        self.replace(end, end, b"")
        self._program.file.seek(0)
        return self._program
