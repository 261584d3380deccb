"""The form in which identifiers and `hermes.info` write local times: `%Y_%m_%d_%H%M%S%f`."""

from __future__ import annotations

import re
from datetime import datetime

from pyhermes.core.errors import InfoError
from pyhermes.core.messages import shown
from pyhermes.core.text.numbers import parse_float

_STAMP = re.compile(r"(\d{4})_(\d\d)_(\d\d)_(\d\d)(\d\d)(\d\d)(\d{6})", re.ASCII)
_IDENTIFIER = re.compile(rf"({_STAMP.pattern})(?!\d)", re.ASCII)


def parse_stamp(text: str) -> datetime | None:
    """Parse a time written as `%Y_%m_%d_%H%M%S%f` (all six digits of `%f`); None for other text.

    >>> parse_stamp("2026_11_23_182353176615")
    datetime.datetime(2026, 11, 23, 18, 23, 53, 176615)
    """
    match = _STAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, microsecond = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:
        return None


def format_stamp(time: datetime) -> str:
    """Write a local time in this form: the inverse of `parse_stamp`.

    >>> format_stamp(datetime(2026, 11, 23, 18, 23, 53, 176615))
    '2026_11_23_182353176615'
    """
    return f"{time.year:04}_{time:%m_%d_%H%M%S%f}"  # %Y has no leading zeros on every system


def parse_time(text: str) -> datetime | None:
    """Parse a time in this form or in seconds since the epoch, as naive local time; None for other text."""
    stamp = parse_stamp(text)
    if stamp is not None:
        return stamp
    seconds = parse_float(text)
    return None if seconds is None else _from_seconds(seconds)


def identifier_time(identifier: str) -> datetime | None:
    """Parse the time of creation that an identifier begins with; None if it begins otherwise.

    >>> identifier_time("2026_11_23_182353168091_0_fcbfa")
    datetime.datetime(2026, 11, 23, 18, 23, 53, 168091)
    """
    match = _IDENTIFIER.match(identifier)
    return None if match is None else parse_stamp(match.group(1))


def as_local_time(value: datetime | str | float | None) -> datetime | None:
    """Convert any accepted form of a start time to a naive local `datetime`.

    Takes a `datetime` (with a time zone or without), text in the format's form, or seconds since
    the epoch. Raises `InfoError`, a `ValueError`, for text or seconds that are not a time.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.astimezone().replace(tzinfo=None)
    time = parse_time(value) if isinstance(value, str) else _from_seconds(value)
    if time is None:
        raise InfoError(
            f"expected a time as YYYY_MM_DD_HHMMSSffffff or in seconds since the epoch, got {shown(value)}"
        )
    return time


def _from_seconds(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds)
    except (ValueError, OverflowError, OSError):
        return None
