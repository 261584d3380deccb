"""The opcodes of pickle that plain values, arrays and tensors need, by name; all others are refused.

Refused are, among others, STACK_GLOBAL (a name put together at run time), INST and OBJ (a name and a
call in one), NEWOBJ (a class's `__new__`), EXT1 to EXT4 (names that the process has registered), POP and
DUP (which would break the rules by which `check` rewrites a pickle), and everything of other protocols.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from types import MappingProxyType

PROTOCOL_2 = pickle.PROTO + b"\x02"
"""What a pickle of `torch.save` begins with."""

NEW_DICT = pickle.NONE + pickle.BINPERSID
"""What replaces EMPTY_DICT: the machine answers the persistent id None with a dict of ours."""

WITH_LENGTH: Mapping[bytes, int] = MappingProxyType({pickle.BINUNICODE: 4, pickle.LONG1: 1, pickle.LONG4: 4})
"""Opcodes whose argument begins with its own length, in so many bytes: text and long integers."""

MAKES_OBJECT = b"".join(
    (
        pickle.EMPTY_LIST,
        pickle.TUPLE,
        pickle.TUPLE1,
        pickle.TUPLE2,
        pickle.TUPLE3,
        pickle.REDUCE,
        pickle.BINPERSID,
    )
)
"""Opcodes of one byte, without an argument, that make an object far larger than themselves.

They are counted, and so is EMPTY_DICT. The opcodes in `_PLAIN` make nothing, or something that takes a few
times its argument.
"""

# Opcodes by how many bytes of argument follow; BINFLOAT is matched apart, since it comes in long rows.
_FIXED: Mapping[bytes, int] = {
    pickle.BININT1: 1,
    pickle.BININT2: 2,
    pickle.BININT: 4,
    pickle.BINPUT: 1,
    pickle.BINGET: 1,
    pickle.LONG_BINGET: 4,
}
_BARE = b"".join(
    (
        pickle.NONE,
        pickle.NEWTRUE,
        pickle.NEWFALSE,
        pickle.EMPTY_TUPLE,
        pickle.APPEND,
        pickle.APPENDS,
        pickle.SETITEM,
        pickle.SETITEMS,
        pickle.BUILD,
    )
)
_FLOAT = pickle.BINFLOAT + b".{8}"

# LONG_BINPUT and its number: in a file of so many bytes a fifth as many numbers can be given out
_BYTES_A_MEMO_NUMBER = 5

ROW_OF_FLOATS = re.compile(b"(?:%b)++(?=%b)" % (_FLOAT, pickle.APPENDS), re.DOTALL)
"""Floats, one after the other, that APPENDS puts into a list."""


def compile_plain(size: int, objects: bytes = MAKES_OBJECT) -> re.Pattern[bytes]:
    """Return a pattern of as many opcodes in a row as need no check, in a file of `size` bytes.

    It matches opcodes of a fixed length, MARK where no row of two floats follows, and those of `objects`.
    One match in C replaces thousands of steps in Python, which makes the check ten times cheaper than
    running the pickle. Its quantifiers are possessive: it never goes back, whatever the file contains.
    """
    fixed = [re.escape(opcode) + b".{%d}" % width for opcode, width in _FIXED.items()]
    single = b"[%b]" % re.escape(_BARE + objects)
    mark = rb"%b(?!%b%b)" % (re.escape(pickle.MARK), _FLOAT, pickle.BINFLOAT)
    # little-endian: the two lower bytes may be anything, the two upper ones are bounded
    put = pickle.LONG_BINPUT + b".." + _high_bytes(size // _BYTES_A_MEMO_NUMBER)
    parts = [b"(?:%b)++" % _FLOAT, *fixed, put, b"(?:%b|%b)++" % (single, mark)]
    return re.compile(b"(?:%b)*+" % b"|".join(parts), re.DOTALL)


def _high_bytes(largest: int) -> bytes:
    """Return a pattern of the two upper bytes of a memo number of at most about `largest`.

    The unpickler reserves memory up to the highest memo number that it meets: LONG_BINPUT with a number of
    two thousand million would take 16 GB. A file has room for one such opcode in five bytes, so
    honest numbers are not larger than a fifth of its size.
    """
    high = min(largest >> 16, 0xFFFF)
    # beyond 84 MB the third byte is free: that is 128 MB of memory at most, within what such a file may take
    third = 0xFF if high >> 8 else high
    return b"[\\x00-%b][\\x00-%b]" % (re.escape(bytes([third])), re.escape(bytes([high >> 8])))
