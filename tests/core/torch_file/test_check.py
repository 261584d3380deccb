"""Names, numbers of objects, and rows of floats, before a pickle runs."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from pyhermes.core import (
    ResultError,
    ResultRecord,
    ResultValue,
    decode_result,
)
from pyhermes.core.torch_file.allowed import RESULT_NAMES
from pyhermes.core.torch_file.check import check_program
from pyhermes.core.torch_file.errors import UnsafeFileError
from tests.torch_files import (
    archive,
    dict_of,
    saved,
    text,
)


def test_of_a_name_that_is_refused_both_parts_are_told() -> None:
    with pytest.raises(ResultError) as error:
        decode_result(archive(dict_of(b"c__builtin__\ngetattr\n")))
    assert str(error.value).endswith(
        "it refers to '__builtin__.getattr', which is no plain value, array or tensor; "
        "running code from a file is refused"
    )


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


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (b"\x80\x02}", "damaged: the pickle has no end"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "damaged: the pickle has no end"),
        (
            b"\x80\x02K\x01r\xff\xff\xff\x7f.",
            "a memo number is too large for the file's size (possible memory bomb)",
        ),
        (b"\x80\x02\x82\x01.", "the pickle has the opcode b'\\x82', which no plain value needs"),
        (b"\x80\x02K\x010.", "the pickle has the opcode b'0', which no plain value needs"),
    ],
)
def test_why_a_program_is_refused(program: bytes, reason: str) -> None:
    with pytest.raises(UnsafeFileError) as error:
        check_program(program, 0, RESULT_NAMES)
    assert str(error.value) == reason


def test_a_program_is_rewritten_by_two_rules_and_in_nothing_else() -> None:
    half, two = b"G" + struct.pack(">d", 0.5), b"G" + struct.pack(">d", 2)
    program, end = check_program(
        b"\x80\x02](" + half + two + b"e}](" + half + b"e(" + half + two + b"t.x", 0, RESULT_NAMES
    )
    rewritten = b"\x80\x02](J\0\0\0\0QeNQ](" + half + b"e(" + half + two + b"t."
    assert program.file.read() == rewritten
    assert [row.values.tolist() for row in program.rows] == [[0.5, 2.0]]
    assert end == len(b"\x80\x02](e}](e(t.") + 5 * len(half)


def test_objects_are_counted_with_the_dicts_among_them() -> None:
    """As many as one in six bytes, and 65,536: of lists and dicts together."""
    most = 65_536 + 2 + 140_000 // 6
    half = most // 2
    program = b"\x80\x02" + b"]" * half + b"}" * (most - half)
    check_program(program + b"N" * (140_012 - len(program)) + b".", 0, RESULT_NAMES)
    with pytest.raises(UnsafeFileError, match="too many objects"):
        check_program(program + b"}" + b"N" * (140_011 - len(program)) + b".", 0, RESULT_NAMES)


def test_a_row_of_floats_that_a_file_refers_to_is_a_row_of_floats() -> None:
    two = 2 * (b"G" + struct.pack(">d", 0.5))
    record = decode_result(archive(dict_of(b"](](" + two + b"eK\x00Qe")))
    assert record == ResultRecord({"k": [[0.5, 0.5], 0.5, 0.5]})
