"""Dtypes, arrays and scalars of numpy."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from pyhermes.core import (
    ResultError,
    decode_result,
)
from tests.torch_files import (
    ARRAY,
    BIG_ENDIAN,
    F8,
    archive,
    array_state,
    dict_of,
    saved,
    text,
)


def test_a_byte_order_that_is_the_machines_own() -> None:
    native = b"(K\x03" + text("=") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    program = dict_of(array_state(b"K\x01\x85", F8 + native, struct.pack("=d", 2.5)))
    assert decode_result(archive(program)).series("k").tolist() == [2.5]


def test_the_last_character_of_unicode_in_either_byte_order() -> None:
    little = array_state(b"K\x01\x85", F8.replace(b"f8", b"U1"), b"\xff\xff\x10\x00")
    big = array_state(b"K\x01\x85", F8.replace(b"f8", b"U1") + BIG_ENDIAN, b"\x00\x10\xff\xff")
    for program in (little, big):
        assert decode_result(archive(dict_of(program))).values["k"] == ("\U0010ffff",)


def test_an_array_is_not_changed_once_it_has_its_elements() -> None:
    whole = array_state(b"K\x01\x85", F8, b"12345678")
    with pytest.raises(ResultError, match=": the pickle modifies an immutable object$"):
        decode_result(archive(dict_of(whole + whole[len(ARRAY) :])))


@pytest.mark.parametrize("character", [b"\xff\xff\xff\xff", b"\x00\x00\x11\x00"])
def test_an_array_of_text_beyond_unicode_is_a_damaged_file(character: bytes) -> None:
    latin = character.decode("latin1").encode()
    raw = b"c_codecs\nencode\nX" + struct.pack("<I", len(latin)) + latin + text("latin1") + b"\x86R"
    forged = ARRAY + b"(K\x01K\x01\x85" + F8.replace(b"f8", b"U1") + b"\x89" + raw + b"tb"
    with pytest.raises(ResultError, match=r"got a damaged file \(\w+\)"):
        decode_result(archive(dict_of(forged)))


def test_times_keep_their_unit_and_complex_numbers_are_arrays_without_a_dimension() -> None:
    times = np.array(["2026-11-28", "NaT"], "M8[D]")
    scalars = {"c": np.complex128(1j), "t": np.timedelta64(3, "s"), "f": np.float32(0.5), "s": np.str_("x")}
    values = decode_result(saved({"times": times, **scalars})).values
    found = values["times"]
    assert isinstance(found, np.ndarray)
    assert found.dtype == times.dtype
    np.testing.assert_array_equal(found, times)
    assert (values["c"], values["t"]) == (np.array(1j), np.array(3, "m8[s]"))
    assert (values["f"], values["s"]) == (0.5, "x")
    assert (type(values["f"]), type(values["s"])) == (float, str)
