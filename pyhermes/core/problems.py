"""What is wrong in a file, in a run's arguments or in a result, as frozen records.

Readers collect all problems of their input; errors and warnings carry them, and `str` shows one on a line.
"""

from __future__ import annotations

from typing import final

import attrs

from pyhermes.core.messages import shown
from pyhermes.core.public import public


@final
@public("pyhermes.core")
@attrs.frozen
class Problem:
    """A part of a file that could not be parsed.

    `line` counts from 1, and is None for a problem of the whole file; `key` is None for a line
    without one; `value` is the raw text.
    """

    line: int | None
    key: str | None
    value: str
    expected: str

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}: "
        name = "" if self.key is None else f"{self.key}: "
        return f"{place}{name}expected {self.expected}, got {shown(self.value)}"


@final
@public("pyhermes.core")
@attrs.frozen
class ArgumentProblem:
    """An argument of a run that does not fit the class it is read into.

    `field` is the dotted name of the field, empty if no field takes the argument; `argument` is the
    whole argument as it was written (several: one a line) and `value` the text of its value, both
    None if the argument is missing.
    """

    field: str
    argument: str | None
    value: str | None
    expected: str

    def __str__(self) -> str:
        name = f"{self.field}: " if self.field else ""
        got = "nothing" if self.value is None else shown(self.value)
        lines = [] if self.argument in (None, self.value) else str(self.argument).split("\n")
        place = f" in {' and '.join(map(shown, lines))}" if lines else ""
        return f"{name}expected {self.expected}, got {got}{place}"


@final
@public("pyhermes.core")
@attrs.frozen
class ResultProblem:
    """A value of a result that does not fit the class it is read into.

    `field` is the dotted name of the field and `key` its key in the result, both empty if the class
    itself refuses its values; `found` describes the value, and is None if the key is missing.
    """

    field: str
    key: str
    expected: str
    found: str | None

    def __str__(self) -> str:
        name = f"{self.field}: " if self.field else ""
        key = "" if self.key in ("", self.field.rpartition(".")[2]) else f" under the key {self.key!r}"
        found = "no such key" if self.found is None else self.found
        return f"{name}expected {self.expected}{key}, got {found}"
