"""Read the text of an execution file into frozen records, and write these as text.

A file has four sections. `PRE` holds settings as `key:value`, `STD-H` options for every job, `STD-E`
arguments for every job, and `EXEC` the jobs: `[[python, train.py, --lr 0.1],[-c comment]]`, or
several at once in `PROD(...)` and `ZIP(...)`. Reading is total: whatever is wrong becomes a `Problem`
with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal, cast, final

import attrs

from pyhermes.core.errors import ExecutionFileError
from pyhermes.core.messages import shown
from pyhermes.core.problems import Problem
from pyhermes.core.public import public
from pyhermes.core.sweep.items import (
    A_WORD,
    AN_OPTION,
    DEEPEST,
    MOST,
    NAME,
    NESTING_LIMIT,
    Item,
    JobLine,
    Sweep,
    is_option_of_job,
    problems_of_items,
)
from pyhermes.core.sweep.ranges import parse_range
from pyhermes.core.sweep.text import (
    SECTIONS,
    Cursor,
    Line,
    MisreadError,
    split_sections,
)
from pyhermes.core.text.encoding import can_be_encoded
from pyhermes.core.text.numbers import BLANKS
from pyhermes.core.text.quoting import EXECUTION_FILE, Words, quote, split_quoted

_A_SETTING = "a setting `key:value`"
_JOBS = "a section EXEC with the jobs"
_A_JOB = "a job `[[command, script, argument, ...],[option, ...]]`, or PROD(...) or ZIP(...) of these"
_AN_END_OF_JOB = "`]` after the parts and the options of a job"
_AN_END_OF_SWEEP = "`,` or `)`"
_A_RANGE = "RANGE[start, stop] or RANGE[start, stop, step] of numbers, with a step that is not 0"
_A_VALUE = "a range that holds a number, counting from its start towards its stop"
_VALUE_LIMIT = f"at most {MOST} values from the ranges of a file"

_BLANK = f"[{BLANKS}]*"
_COMMA, _COMMAS = re.compile(","), re.compile(f"(?:,{_BLANK})*")
_OPEN, _CLOSE, _END = re.compile(r"\["), re.compile(r"\]"), re.compile(r"\)")
_IS_LIST, _IS_JOB = re.compile(r"(?=\[)"), re.compile(rf"(?=\[{_BLANK}\[)")
_SWEEP = re.compile(rf"(PROD|ZIP){_BLANK}\(")
_BINDING = re.compile(rf"({NAME.pattern}){_BLANK}={_BLANK}(RANGE{_BLANK})?(?=\[)")
_NEEDS_QUOTES = re.compile(rf"^$|^#|^//|[{BLANKS}'\"\\,\[\]]")


def _copy_settings(settings: Mapping[str, str]) -> dict[str, str]:
    return dict(settings)


@final
@public("pyhermes.core")
@attrs.frozen
class ExecutionFile:
    """The content of an execution file: settings, options and arguments for all jobs, and the jobs."""

    _settings: dict[str, str] = attrs.field(factory=dict[str, str], converter=_copy_settings, hash=False)
    options: tuple[Words, ...] = ()
    arguments: tuple[Words, ...] = ()
    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings of the section PRE."""
        return MappingProxyType(self._settings)


def parse_execution_file(text: str) -> ExecutionFile:
    r"""Read the text of an execution file; never raises.

    `#` and `//` begin a comment at a line's beginning or after white space, outside of quotes. A
    quotation begins a word, and is closed on its line; any other quote is a character like others.
    After an item that cannot be read the next line that begins one is tried.

    >>> file = parse_execution_file("STD-E\n-es 1.0\nEXEC\n[[python, dqn.py, --seed 1],[-c first]]\n")
    >>> file.arguments, file.items[0].parts, file.problems
    ((('-es', '1.0'),), (('python',), ('dqn.py',), ('--seed', '1')), ())
    """
    sections, problems = split_sections(text)
    if "EXEC" not in sections:
        problems.append(Problem(None, None, ", ".join(sections), _JOBS))
    settings, options, arguments, jobs = (sections.get(name, []) for name in SECTIONS)
    reader = _ItemReader(jobs)
    file = ExecutionFile(
        dict(filter(None, (_parse_setting(line.text) for line in settings))),
        tuple(split_quoted(line.text, EXECUTION_FILE) for line in options),
        tuple(split_quoted(line.text, EXECUTION_FILE) for line in arguments),
        tuple(reader.read_items()),
    )
    problems.extend(_problem(line, _A_SETTING) for line in settings if not _parse_setting(line.text))
    for line, words in zip(options, file.options, strict=True):
        problems.extend([] if is_option_of_job(words) else [_problem(line, AN_OPTION)])
    problems.extend([*reader.problems, *problems_of_items(file.items)])
    return attrs.evolve(file, problems=tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def format_execution_file(file: ExecutionFile) -> str:
    r"""Write an execution file: the inverse of `parse_execution_file`.

    Raises `ExecutionFileError`, a `ValueError`, for a file with problems, and for words and settings
    that no line can hold.

    >>> job = JobLine((("python",), ("dqn.py",), ("--note", "a, b")))
    >>> print(format_execution_file(ExecutionFile(items=(job,))))
    PRE
    STD-H
    STD-E
    EXEC
    [[python, dqn.py, --note 'a, b'],[]]
    <BLANKLINE>
    """
    checked_file(file)
    lines = [
        *("PRE", *map(_format_setting, file.settings.keys(), file.settings.values())),
        *("STD-H", *map(_format_words, file.options)),
        *("STD-E", *map(_format_words, file.arguments)),
        *("EXEC", *map(_format_item, file.items)),
    ]
    return "".join(f"{line}\n" for line in lines)


def checked_file(file: ExecutionFile) -> ExecutionFile:
    r"""Return the file, if nothing is wrong in it; else raise one `ExecutionFileError` with all problems.

    >>> checked_file(parse_execution_file("EXEC\n[[],[]]"))
    Traceback (most recent call last):
    pyhermes.core.ExecutionFileError: line 2: expected a job of at least one part, got ''
    """
    problems = file.problems or (*_problems_for_all_jobs(file), *problems_of_items(file.items))
    if not problems:
        return file
    first = problems[0]
    message = f"expected {first.expected}, got {shown(first.value)}"
    raise ExecutionFileError(
        "\n  ".join([message, *map(str, problems[1:])]), line=first.line, problems=problems
    )


def _problem(line: Line, expected: str) -> Problem:
    return Problem(line.number, None, line.text, expected)


def _parse_setting(line: str) -> tuple[str, str] | None:
    key, colon, value = line.partition(":")
    key = key.strip(BLANKS)
    return (key, value.strip(BLANKS)) if colon and key else None


@final
class _ItemReader:
    """A reader of jobs and sweeps; what cannot be read becomes one of its `problems`."""

    def __init__(self, lines: list[Line]) -> None:
        self.problems: list[Problem] = []
        self._cursor = Cursor(lines)
        self._values_left = MOST

    def read_items(self) -> Iterator[Item]:
        self._cursor.take(_COMMAS)
        while not self._cursor.is_at_the_end:
            begin = self._cursor.place
            try:
                item = self._read_item(0)
            except MisreadError as error:
                self.problems.append(self._cursor.problem(error.place, error.expected))
                self._cursor.skip_to_item(begin, error.place)
            else:
                yield item
                self._cursor.take(_COMMAS)

    def _read_item(self, depth: int) -> Item:
        line = self._cursor.line
        sweep = self._cursor.take(_SWEEP)
        if sweep is None:
            return self._read_job(line)
        if depth == DEEPEST:
            raise MisreadError(sweep.start(), NESTING_LIMIT)
        return self._read_sweep(cast("Literal['PROD', 'ZIP']", sweep[1]), line, depth + 1)

    def _read_job(self, line: int) -> JobLine:
        cursor = self._cursor
        cursor.need(_IS_JOB, _A_JOB)
        cursor.check_closed()
        cursor.take(_OPEN)
        parts = cursor.take_list()
        options: tuple[Words, ...] = ()
        if cursor.take(_COMMA) and cursor.take(_IS_LIST):
            options = cursor.take_list()
            cursor.take(_COMMA)
        cursor.need(_CLOSE, _AN_END_OF_JOB)
        return JobLine(parts, options, line)

    def _read_sweep(self, kind: Literal["PROD", "ZIP"], line: int, depth: int) -> Sweep:
        items: list[Item] = []
        values: list[tuple[str, tuple[Words, ...]]] = []
        while not self._cursor.take(_END):
            binding = self._cursor.take(_BINDING)
            if binding:
                values.append((binding[1], self._read_range() if binding[2] else self._cursor.take_list()))
            else:
                items.append(self._read_item(depth))
            if not self._cursor.take(_COMMA):
                self._cursor.need(_END, _AN_END_OF_SWEEP)
                break
        return Sweep(kind, tuple(items), tuple(values), line)

    def _read_range(self) -> tuple[Words, ...]:
        place = self._cursor.place
        found = parse_range(list(map(" ".join, self._cursor.take_list())))
        if found is None:
            raise MisreadError(place, _A_RANGE)
        if not found.steps:
            raise MisreadError(place, _A_VALUE)
        if found.steps[self._values_left :]:
            raise MisreadError(place, _VALUE_LIMIT)
        self._values_left -= len(found.steps)
        return tuple((text,) for text in found.texts())


def _problems_for_all_jobs(file: ExecutionFile) -> Iterator[Problem]:
    for words in file.options:
        if not is_option_of_job(words):
            yield Problem(None, None, " ".join(words), AN_OPTION)
    if not all(file.arguments):
        yield Problem(None, None, "", A_WORD)


def _format_setting(key: str, value: str) -> str:
    line = f"{key}:{value}"
    if can_be_encoded(line):
        # after a blank a quote begins a quotation, in which nothing is a comment
        for spelled in (line, f"{key}: {value}"):
            sections, _ = split_sections(f"PRE\n{spelled}")
            if [_parse_setting(read.text) for read in sections["PRE"]] == [(key, value)]:
                return spelled
    raise ExecutionFileError(
        "expected a setting that one line `key:value` can hold, without a comment and without "
        f"white space around the key or the value, got {shown(line)}"
    )


def _format_item(item: Item) -> str:
    if isinstance(item, JobLine):
        return f"[{_format_list(item.parts)},{_format_list(item.options)}]"
    values = [f"{name}={_format_list(values)}" for name, values in item.values]
    return f"{item.kind}({', '.join([*map(_format_item, item.items), *values])})"


def _format_list(elements: Iterable[Words]) -> str:
    return f"[{', '.join(map(_format_words, elements))}]"


def _format_words(words: Words) -> str:
    return " ".join(map(_format_word, words))


def _format_word(word: str) -> str:
    if "\n" in word or not can_be_encoded(word):
        raise ExecutionFileError(
            f"expected a word without a newline that UTF-8 can encode, got {shown(word)}"
        )
    if word not in SECTIONS and not _NEEDS_QUOTES.search(word):
        return word
    return quote(word)
