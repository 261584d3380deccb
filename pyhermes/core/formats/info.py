"""`hermes.info`: text to a frozen record, and fields back to text.

Parsing never raises: whatever is wrong in the text becomes a `Problem` of the record, which keeps the
raw text. The rules of the file are in the docstrings of `parse_info` and `format_info`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import final

import attrs

from pyhermes.core.errors import InfoError
from pyhermes.core.messages import shown
from pyhermes.core.problems import Problem
from pyhermes.core.public import public
from pyhermes.core.text.encoding import can_be_encoded
from pyhermes.core.text.numbers import BLANKS, parse_float, parse_integer
from pyhermes.core.text.times import parse_time

_FIELD = "a line `key:value`"
_WHOLE_LINE = "a newline at the end of the file (the last write was cut half-way)"
_TIME = "a time as YYYY_MM_DD_HHMMSSffffff or seconds since the epoch"
_DURATION = "seconds, finite and not negative"
_EXIT_STATUS = "an integer, negative for a signal"

_DAY = "(?:(?:0[1-9]|1[0-2])_(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])_(?:29|30)|(?:0[13578]|1[02])_31)"
_STAMP = rf"[1-9][0-9]{{3}}_{_DAY}_(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9][0-9]{{6}}"
_PLAIN = re.compile(
    rf"(?:(?:start|end)_time:{_STAMP}\n"
    r"|execution_time:[0-9]{1,9}(?:\.[0-9]*+)?\n|exit_status:-?[0-9]{1,9}\n"
    r"|(?!(?:(?:start|end|execution)_time|exit_status):)[^:\n\t\ufeff][^:\n]*+:[^\n]*+\n)*+"
)
"""Matches a file without problems and without folded values, as most are; may miss some of these."""


def _copy(fields: Mapping[str, str]) -> dict[str, str]:
    return dict(fields)


def _no_fields() -> dict[str, str]:
    return {}


@final
@public("pyhermes.core")
@attrs.frozen
class ExperimentInfo:
    """The contents of a `hermes.info`. A typed field is None if the file has no valid value for it.

    `start_time` and `end_time` are naive local times, `execution_time` is in seconds; `exit_status`
    is that of the process, negative for a signal. `fields` has every key with its raw value, in the
    order of the file, and cannot be changed.
    """

    _fields: dict[str, str] = attrs.field(factory=_no_fields, converter=_copy, hash=False)
    start_time: datetime | None = None
    end_time: datetime | None = None
    execution_time: float | None = None
    problems: tuple[Problem, ...] = ()
    exit_status: int | None = None

    @property
    def fields(self) -> Mapping[str, str]:
        """Every key with its raw value, in the order of the file."""
        return MappingProxyType(self._fields)

    @property
    def commit_hash(self) -> str | None:
        """The git commit that was run, `"00000"` without git."""
        return self._fields.get("commit_hash")

    @property
    def comments(self) -> str | None:
        """The comments on the run; None if there are none, which the empty text is not."""
        return self._fields.get("comments")


def parse_info(text: str) -> ExperimentInfo:
    r"""Parse the text of a `hermes.info`; never raises.

    A line is `key:value`, the key ending at the first colon. A line that begins with a TAB, or has
    no colon, continues the value before it. If a key is repeated, its last value counts, in the
    place of the first. A last line without a newline was cut off while it was written (a cut number
    still looks like a number): it is a problem, not a value.

    >>> from pyhermes.core import parse_info
    >>> info = parse_info("commit_hash:9b28e1f\ncomments:see http://x/y\n\tand page 2\nexecution_time:soon\n")
    >>> info.comments
    'see http://x/y\nand page 2'
    >>> print(*info.problems)
    line 4: execution_time: expected seconds, finite and not negative, got 'soon'
    """
    *lines, last = text.removeprefix("\ufeff").split("\n")
    entries, problems = _read_lines(lines)
    if last.strip(BLANKS) or last.startswith("\t"):
        key, colon, value = last.partition(":")
        keyed = bool(colon and key) and not key.startswith("\t")
        raw_key, raw_value = (key, value) if keyed else (None, last)
        problems.append(Problem(len(lines) + 1, raw_key, raw_value, _WHOLE_LINE))
    fields = {key: value for key, (_, value) in entries.items()}

    def check(key: str, value: datetime | float | None, expected: str) -> None:
        if key in entries and value is None:
            problems.append(Problem(entries[key][0], key, fields[key], expected))

    start_time = parse_time(fields.get("start_time", ""))
    end_time = parse_time(fields.get("end_time", ""))
    execution_time = _parse_duration(fields.get("execution_time", ""))
    exit_status = parse_integer(fields.get("exit_status", "").strip(BLANKS))
    check("start_time", start_time, _TIME)
    check("end_time", end_time, _TIME)
    check("execution_time", execution_time, _DURATION)
    check("exit_status", exit_status, _EXIT_STATUS)
    problems.sort(key=lambda problem: problem.line or 0)
    return ExperimentInfo(fields, start_time, end_time, execution_time, tuple(problems), exit_status)


def info_problems(text: str) -> tuple[Problem, ...]:
    r"""Return `parse_info(text).problems`, ten times faster for a file without any, as most are.

    >>> info_problems("commit_hash:9b28e1f\n"), len(info_problems("execution_time:soon\n"))
    ((), 1)
    """
    return () if _PLAIN.fullmatch(text) else parse_info(text).problems


def format_info(fields: Mapping[str, str]) -> str:
    r"""Write fields as the text of a `hermes.info`: the inverse of `parse_info` on `fields`.

    The further lines of a value begin with one TAB. Raises `InfoError`, a `ValueError`, for what would
    not be read back unchanged: a key that is empty, holds a colon or a newline or begins with a TAB
    or a byte order mark; a line of a value that ends in a carriage return; text that UTF-8 cannot
    encode.

    >>> from pyhermes.core import format_info
    >>> format_info({"commit_hash": "9b28e1f", "comments": "two\nlines"})
    'commit_hash:9b28e1f\ncomments:two\n\tlines\n'
    """
    return "".join(map(_format_field, fields.keys(), fields.values()))


def _read_lines(lines: list[str]) -> tuple[dict[str, tuple[int, str]], list[Problem]]:
    """Return each key's line number and value, and a problem for each line that belongs to neither."""
    collected: dict[str, tuple[int, list[str]]] = {}
    value: list[str] | None = None
    blanks: list[str] = []
    problems: list[Problem] = []
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix("\r")
        key, colon, rest = line.partition(":")
        folded = line.startswith("\t")
        if colon and key and not folded:
            value = [rest]
            collected[key] = (number, value)
        elif not folded and not line.strip(BLANKS):
            blanks.append(line)
            continue
        elif value is None or (colon and not key):
            problems.append(Problem(number, None, line, _FIELD))
        else:
            value += [*blanks, line[1:] if folded else line]
        blanks.clear()
    return {key: (number, "\n".join(parts)) for key, (number, parts) in collected.items()}, problems


def _parse_duration(text: str) -> float | None:
    seconds = parse_float(text)
    return seconds if seconds is not None and 0 <= seconds < float("inf") else None


def _format_field(key: str, value: str) -> str:
    if not key or ":" in key or "\n" in key or key[0] in "\t\ufeff":
        raise InfoError(
            "expected a key that is not empty, holds no colon and no newline and does not begin "
            f"with a TAB or a byte order mark, got {shown(key)}"
        )
    text = f"{key}:{value}\n"
    if "\r\n" in text:
        raise InfoError(
            f"expected lines that do not end in a carriage return, got {shown(value)} for {shown(key)}"
        )
    if not can_be_encoded(text):
        raise InfoError(f"expected text that UTF-8 can encode, got {shown(value)} for {shown(key)}")
    return text[:-1].replace("\n", "\n\t") + "\n"
