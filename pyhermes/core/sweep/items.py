"""The jobs and sweeps of an execution file as they stand in it, and the rules that they follow."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, Union, final

import attrs

from pyhermes.core.messages import shown
from pyhermes.core.problems import Problem
from pyhermes.core.public import public
from pyhermes.core.text.quoting import Words

MOST = 1_000_000
"""The most jobs that a file may have, and the most values of its ranges; more are a mistake."""
DEEPEST = 50
"""The most sweeps that may stand inside each other, far below Python's limit of recursion."""

NAME = re.compile(r"[A-Za-z_]\w*")
PLACEHOLDER = re.compile(rf"\{{({NAME.pattern})\}}")
"""A name in braces, which stands for a value in the jobs of a sweep."""

AN_OPTION = "an option: -cb, -ca or -ma with files, -l True, -l False, -c with a text, or -leg"
A_WORD = "arguments and options of at least one word"
NESTING_LIMIT = f"at most {DEEPEST} sweeps inside each other"
_A_PART = "a job of at least one part"
_AN_ITEM_AND_A_LIST = "a sweep of at least one job and one list of values"
_A_FREE_NAME = "a name that no list of values has already"
_A_NAME = "a name of letters, digits and underscores"
_VALUES = "a list of at least one value"
_EQUAL_LENGTHS = "lists of equal lengths in ZIP"
_JOB_LIMIT = f"at most {MOST} jobs from one file"


@final
@public("pyhermes.core")
@attrs.frozen
class JobLine:
    """A job as it stands in a file: its parts and its options, each as its words.

    `line` counts from 1, and does not matter to equality.
    """

    parts: tuple[Words, ...]
    options: tuple[Words, ...] = ()
    line: int | None = attrs.field(default=None, eq=False)


@final
@public("pyhermes.core")
@attrs.frozen
class Sweep:
    """Jobs for every combination of some values (`PROD`), or for these in step (`ZIP`).

    Each value is the words it stands for.
    """

    kind: Literal["PROD", "ZIP"]
    items: tuple[Item, ...]
    values: tuple[tuple[str, tuple[Words, ...]], ...]
    line: int | None = attrs.field(default=None, eq=False)


Item: TypeAlias = Union[JobLine, Sweep]


def is_option_of_job(words: Words) -> bool:
    """Whether a job can have this option: `-cb`, `-ca`, `-ma`, `-l`, `-c` or `-leg`, with its values.

    >>> is_option_of_job(("-l", "True")), is_option_of_job(("-l", "yes"))
    (True, False)
    """
    match words:
        case ("-cb" | "-ca" | "-ma" | "-c", _, *_) | ("-l", "True" | "False") | ("-leg",):
            return True
        case _:
            return False


def problems_of_items(items: Iterable[Item]) -> list[Problem]:
    """Return what is wrong in items as a whole, wherever they come from.

    >>> print(*problems_of_items([JobLine((), (), 3)]))
    line 3: expected a job of at least one part, got ''
    """
    checker = _ItemChecker()
    for item in items:
        checker.check(item)
    return checker.problems or list(_problems_of_number(items))


def _problems_of_number(items: Iterable[Item]) -> Iterator[Problem]:
    total = 0
    for item in items:
        total += _number_of_jobs(item)
        if total > MOST:
            yield Problem(item.line, None, "more", _JOB_LIMIT)
            return


def _number_of_jobs(item: Item) -> int:
    if isinstance(item, JobLine):
        return 1
    lengths = [len(values) for _, values in item.values]
    combinations = math.prod(lengths) if item.kind == "PROD" else lengths[0]
    return combinations * sum(map(_number_of_jobs, item.items))


@final
class _ItemChecker:
    """A collector of the problems of items; `_bound` are the names that have values at the moment."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._bound: dict[str, None] = {}

    def check(self, item: Item, depth: int = 0) -> None:
        if isinstance(item, JobLine):
            self._check_job(item)
        elif depth == DEEPEST:
            self._add(item, item.kind, NESTING_LIMIT)
        else:
            self._check_sweep(item, depth + 1)

    def _add(self, item: Item, value: str, expected: str) -> None:
        self.problems.append(Problem(item.line, None, value, expected))

    def _check_sweep(self, sweep: Sweep, depth: int) -> None:
        names = [name for name, _ in sweep.values if self._bind(sweep, name)]
        self._check_values(sweep)
        for item in sweep.items:
            self.check(item, depth)
        for name in names:
            del self._bound[name]

    def _bind(self, sweep: Sweep, name: str) -> bool:
        if name in self._bound:
            self._add(sweep, name, _A_FREE_NAME)
            return False
        if not NAME.fullmatch(name):
            self._add(sweep, name, _A_NAME)
        self._bound[name] = None
        return True

    def _check_values(self, sweep: Sweep) -> None:
        if not sweep.items or not sweep.values:
            self._add(sweep, sweep.kind, _AN_ITEM_AND_A_LIST)
        for name, values in sweep.values:
            if not values or not all(values):
                self._add(sweep, name, _VALUES)
        if sweep.kind == "ZIP" and len({len(values) for _, values in sweep.values}) > 1:
            lengths = ", ".join(f"{name}: {len(values)}" for name, values in sweep.values)
            self._add(sweep, lengths, _EQUAL_LENGTHS)

    def _check_job(self, job: JobLine) -> None:
        if not job.parts:
            self._add(job, "", _A_PART)
        if not all(job.parts):
            self._add(job, "", A_WORD)
        for words in job.options:
            if not (is_option_of_job(words) or (self._bound and _may_become_an_option(words))):
                self._add(job, " ".join(words), AN_OPTION)
        for word in itertools.chain(*job.parts, *job.options) if self._bound else ():
            self._check_placeholders(job, word)

    def _check_placeholders(self, job: JobLine, word: str) -> None:
        for found in PLACEHOLDER.finditer(word):
            if found[1] not in self._bound:
                names = list(itertools.islice(self._bound, 9))
                self._add(job, found[0], f"a name that is bound here, one of {shown(names)}")


def _may_become_an_option(words: Words) -> bool:
    """Whether words become an option once values stand in them."""
    # the others take any text, and are options as they stand
    return any(map(PLACEHOLDER.search, words)) and (
        words[0] == "-l" or PLACEHOLDER.search(words[0]) is not None
    )
