from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pyhermes.core import InfoError
from pyhermes.core.text.numbers import parse_float, parse_integer
from pyhermes.core.text.times import as_local_time, format_stamp, identifier_time, parse_stamp, parse_time

NOON = datetime(2026, 11, 23, 12, 0, 0, 7)


@pytest.fixture
def five_hours_west() -> Iterator[None]:
    """A place where it is five hours earlier than in Greenwich."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "EST5"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026_11_23_182353176615", datetime(2026, 11, 23, 18, 23, 53, 176615)),
        ("0001_01_01_000000000000", datetime.min),
        ("9999_12_31_235959999999", datetime.max),
        ("2024_02_29_000000000001", datetime(2024, 2, 29, 0, 0, 0, 1)),
    ],
)
def test_a_stamp_is_read_and_written_exactly(text: str, moment: datetime) -> None:
    assert parse_stamp(text) == moment
    assert parse_time(text) == moment
    assert format_stamp(moment) == text


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026_11_23_18235317661", "2026_11_23_1823531766150", "2026_02_29_000000000000",
     "0000_01_01_000000000000", "2026_11_23_240000000000", "2026_11_23_235960000000", " 2026_11_23_182353176615",
     "2026_11_23_182353176615\n", "٢٠٢٦_11_23_182353176615", "2026-11-23 18:23:53"],
)  # fmt: skip
def test_what_is_no_stamp(text: str) -> None:
    assert parse_stamp(text) is None


@pytest.mark.parametrize(
    ("identifier", "moment"),
    [
        ("2026_11_23_182353168091_0_fcbfa", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        ("2026_11_23_182353168091_fcbfa", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        ("2026_11_23_182353168091", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        ("2026_11_23_182353168091-copy", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        ("2026_11_23_1823531680912", None),
        ("2026_13_23_182353168091_0_fcbfa", None),
        ("run_2026_11_23_182353168091_0_fcbfa", None),
        ("renamed", None),
        ("", None),
    ],
)
def test_an_identifier_begins_with_the_time_of_its_creation(identifier: str, moment: datetime | None) -> None:
    assert identifier_time(identifier) == moment


def test_seconds_are_local_time(five_hours_west: None) -> None:
    assert as_local_time(0) == parse_time("0") == datetime(1969, 12, 31, 19)
    assert (
        as_local_time(1600000000.25)
        == parse_time("1600000000.25")
        == datetime(2020, 9, 13, 7, 26, 40, 250000)
    )


def test_a_start_time_in_any_form_is_naive_local_time(five_hours_west: None) -> None:
    assert as_local_time(None) is None
    assert as_local_time(NOON) is NOON
    assert as_local_time(NOON.replace(tzinfo=UTC)) == datetime(2026, 11, 23, 7, 0, 0, 7)
    east = as_local_time(NOON.replace(tzinfo=timezone(timedelta(hours=2))))
    assert east == datetime(2026, 11, 23, 5, 0, 0, 7)
    assert east is not None
    assert east.tzinfo is None
    assert as_local_time("2026_11_23_120000000007") == NOON


@pytest.mark.parametrize("value", ["", "noon", "2026_13_23_182353176615", math.nan, math.inf, 1e300, -1e300])
def test_what_is_no_start_time(value: str | float) -> None:
    with pytest.raises(InfoError, match="expected a time as YYYY_MM_DD_HHMMSSffffff") as error:
        as_local_time(value)
    assert isinstance(error.value, ValueError)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("007", 7), ("-3", -3), ("+5", 5), ("9" * 20, 10**20 - 1)]
)
def test_integers(text: str, number: int) -> None:
    assert parse_integer(text) == number


@pytest.mark.parametrize("text", ["", "-", "1_000", "0x10", "1.0", " 1", "1\n", "٣", "１", "9" * 5000])
def test_what_is_no_integer(text: str) -> None:
    assert parse_integer(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), (".5", 0.5), ("5.", 5.0), ("-1e3", -1000.0), ("+1E-3", 0.001), ("inf", math.inf), (" \t1\r\n", 1.0),
     ("-Infinity", -math.inf), ("1e999", math.inf), ("1e-999", 0.0)],
)  # fmt: skip
def test_floats(text: str, number: float) -> None:
    assert parse_float(text) == number


def test_nan_in_any_case_is_a_float() -> None:
    for text in ("nan", "NaN", "-NAN"):
        number = parse_float(text)
        assert number is not None
        assert math.isnan(number)


@pytest.mark.parametrize(
    "text",
    ["", ".", "e3", "1e", "1_0", "0x1p3", "1 2", "1,5", "٣", "1\x1c", "\u00a01", "infin", "nanx", "ınf"],
)
def test_what_is_no_float(text: str) -> None:
    assert parse_float(text) is None


def test_a_very_long_text_of_digits_is_read_at_once() -> None:
    assert parse_float("1" * 10**6 + "x") is None
    assert parse_float("0." + "1" * 10**6) == pytest.approx(1 / 9)
