"""Split the text of an execution file into sections and lines, and read lists in brackets.

Nothing here knows what a job is. All of it takes time in proportion to the text.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, final

from pyhermes.core.problems import Problem
from pyhermes.core.text.numbers import BLANKS
from pyhermes.core.text.quoting import EXECUTION_FILE, Words, split_quoted

SECTIONS = ("PRE", "STD-H", "STD-E", "EXEC")

_A_SECTION = f"one of the sections {', '.join(SECTIONS)} before this line"
_ONCE = "each section only once"
_CLOSED = "a bracket that is closed"
_AN_ELEMENT = "something between two commas"

_COMMENT = rf"(?<![^{BLANKS}])(?P<comment>(?:#|//).*)"
_QUOTED_OR_COMMENT = re.compile(f"{EXECUTION_FILE.quotations.pattern}|{_COMMENT}")
_BRACKET = re.compile(r"[\[\]]")
_COMMA_OR_BRACKET = re.compile(r"[,\[]")
_BLANKS = re.compile(f"[{BLANKS}]*")
_BEGIN_OF_ITEM = re.compile(
    rf"^[{BLANKS.replace(chr(10), '')}]*(?=\[[{BLANKS}]*\[|(?:PROD|ZIP)[{BLANKS}]*\()", re.MULTILINE
)


class Line(NamedTuple):
    """A line without its comment; in `mask` every character of a quotation is a quote."""

    number: int
    text: str
    mask: str


def split_sections(text: str) -> tuple[dict[str, list[Line]], list[Problem]]:
    r"""Split a text into the lines of each section that it has, without blank ones; never raises.

    >>> sections, problems = split_sections("EXEC // jobs\n[['#', a]] # one\n")
    >>> sections, problems
    ({'EXEC': [Line(number=2, text="[['#', a]]", mask="[[''', a]]")]}, [])
    """
    sections: dict[str, list[Line]] = {}
    problems: list[Problem] = []
    before: list[Line] = []
    section = before
    for line in filter(lambda line: line.text, _lines(text)):
        if line.text not in SECTIONS:
            section.append(line)
        elif line.text not in sections:
            section = sections[line.text] = []
        else:
            section = []
            problems.append(Problem(line.number, None, line.text, _ONCE))
    problems.extend(Problem(line.number, None, line.text, _A_SECTION) for line in before[:1])
    return sections, problems


def _lines(text: str) -> Iterator[Line]:
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = raw.strip(BLANKS)
        comments = (found.start() for found in _QUOTED_OR_COMMENT.finditer(line) if found["comment"])
        bare = line[: next(comments, None)].rstrip(BLANKS)
        yield Line(number, bare, EXECUTION_FILE.quotations.sub(lambda found: "'" * len(found[0]), bare))


class MisreadError(Exception):
    """Something else was expected at a place; the reader of items catches it and skips to the next item."""

    def __init__(self, place: int, expected: str) -> None:
        super().__init__(place, expected)
        self.place = place
        self.expected = expected


@final
class Cursor:
    """A place in the lines of a section, which moves on over what is read."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.place: int = 0
        self._text = "\n".join(line.text for line in lines)
        self._mask = "\n".join(line.mask for line in lines)
        self._numbers = [line.number for line in lines]
        self._starts = [0, *itertools.accumulate(len(line.text) + 1 for line in lines)]
        self._closing = _match_brackets(self._mask)

    @property
    def line(self) -> int:
        """The number of the line at the place."""
        return self._line_of(self.place)

    @property
    def is_at_the_end(self) -> bool:
        """Whether nothing follows the place."""
        return self.place >= len(self._text)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go past the pattern, and the blanks after it, if it stands here."""
        found = pattern.match(self._mask, self.place)
        if found:
            self._go_to(found.end())
        return found

    def need(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        """Go past the pattern; raises `MisreadError` if it does not stand here."""
        found = self.take(pattern)
        if found is None:
            raise MisreadError(self.place, expected)
        return found

    def check_closed(self) -> None:
        """Raise `MisreadError` if the bracket here is closed nowhere."""
        if self.place not in self._closing:
            raise MisreadError(self.place, _CLOSED)

    def take_list(self) -> tuple[Words, ...]:
        """Go past the bracket that opens here to its end, and give its elements as their words."""
        self.check_closed()
        opening = self.place
        elements = tuple(split_quoted(text, EXECUTION_FILE) for text in self._elements(opening))
        self._go_to(self._closing[opening] + 1)
        return elements

    def skip_to_item(self, begin: int, place: int) -> None:
        """Go to the next line after `begin` that begins an item: that of `place`, or one further on."""
        # what was read already is not read again: a file of mistakes alone takes no longer
        start = max(self._mask.rfind("\n", 0, max(place, self.place)), begin) + 1
        found = _BEGIN_OF_ITEM.search(self._mask, start)
        self.place = found.end() if found else len(self._mask)

    def problem(self, place: int, expected: str) -> Problem:
        """Return the problem that something else was expected; its value is the rest of the line."""
        end = self._text.find("\n", place)
        value = self._text[place:] if end < 0 else self._text[place:end]
        return Problem(self._line_of(place), None, value, expected)

    def _go_to(self, place: int) -> None:
        blanks = _BLANKS.match(self._mask, place)
        assert blanks is not None  # none is a match, too
        self.place = blanks.end()

    def _line_of(self, place: int) -> int:
        return self._numbers[bisect.bisect(self._starts, place, hi=len(self._numbers)) - 1]

    def _elements(self, opening: int) -> Iterator[str]:
        """Return the texts between the commas of a list; after a last comma there is no element."""
        place = opening + 1
        for comma in self._commas(place, self._closing[opening]):
            element = self._text[place:comma].strip(BLANKS)
            if not element:
                raise MisreadError(comma, _AN_ELEMENT)
            yield element
            place = comma + 1
        last = self._text[place : self._closing[opening]].strip(BLANKS)
        yield from [last] if last else []

    def _commas(self, place: int, end: int) -> Iterator[int]:
        while found := _COMMA_OR_BRACKET.search(self._mask, place, end):
            place = found.start()
            if found[0] == ",":
                yield place
            else:
                place = self._closing[place]
            place += 1


def _match_brackets(mask: str) -> dict[int, int]:
    """Return the place at which each square bracket is closed, for those that are."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACKET.finditer(mask):
        if found[0] == "[":
            opened.append(found.start())
        elif opened:
            closing[opened.pop()] = found.start()
    return closing
