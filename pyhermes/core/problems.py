"""What does not fit, as records: in a file, in a run's arguments, in a result."""

from __future__ import annotations

from typing import final

import attrs

from pyhermes.core.messages import shown


@final
@attrs.frozen
class Problem:
    """Something in a file that could not be taken as it stands.

    `line` counts from 1 and is None where the whole file is meant; `key` is None where the line has
    none; `value` is the raw text.
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
@attrs.frozen
class ArgumentProblem:
    """Something in a run's arguments that does not fit the class they are read into.

    `field` is the dotted name of the field, empty where there is none; `argument` is the whole
    argument as it stands (several: a line each) and `value` the text of its value, None where there
    is none.
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
@attrs.frozen
class ResultProblem:
    """Something in a result that does not fit the class it is read into.

    `field` is the dotted name of the field and `key` its key in the result, both empty where the
    class as a whole does not take what it was given; `found` says what is there, and is None where
    nothing is.
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
