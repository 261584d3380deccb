"""`exec_arguments`: one command-line argument a line, with its values typed.

A line is a positional, a `--flag`, or `--option value [value ...]`. The set of the lines is what
runs are filtered by; the words of the lines are what values are made from.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, final

import attrs

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.messages import shown
from pyhermes.core.problems import Problem
from pyhermes.core.public import public
from pyhermes.core.text.encoding import can_be_encoded
from pyhermes.core.text.numbers import BLANKS, parse_float, parse_integer, parse_real
from pyhermes.core.text.quoting import SHELL, split_quoted
from pyhermes.core.typing import ArgumentValue

_Scalar: TypeAlias = bool | int | float | str

_WORD = re.compile(f"[^{BLANKS}]+")
_NEEDS_QUOTES = re.compile(rf"[\s'\"\ufeff{BLANKS}]")

_share = sys.intern
"""Returns one object for all equal lines, as most runs have them: its hash is computed once."""


def _drop_blank_lines(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple([line for line in lines if line.strip(BLANKS)])


def _collect_lines(args: ExecArgs) -> frozenset[str]:
    return frozenset(args.lines)


@final
@public("pyhermes.core")
@attrs.frozen
class ExecArgs:
    """The execution arguments of one run.

    `lines` are in the order of the file, stripped, without the blank ones; `exec_args` is the set
    of them.
    """

    lines: tuple[str, ...] = attrs.field(default=(), converter=_drop_blank_lines)
    problems: tuple[Problem, ...] = ()
    exec_args: frozenset[str] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_collect_lines, takes_self=True)
    )

    @property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """The name and the values of each line, as text."""
        return tuple(map(split_argument, self.lines))

    @property
    def values(self) -> dict[str, ArgumentValue]:
        r"""A new dict from each argument's name to its value, in the order of the file.

        A name without a value has True, one with several values a list. A name that comes again has
        all its values in one list.

        >>> parse_exec_args("taxi-small\n-lr 0.1\n--layers 32 32\n--tag a\n--tag b\n").values
        {'taxi-small': True, '-lr': 0.1, '--layers': [32, 32], '--tag': ['a', 'b']}
        """
        values: dict[str, ArgumentValue] = {}
        again: dict[str, list[_Scalar]] = {}
        for key, *words in self.words:
            value = _read_value(words)
            if key in values:
                again.setdefault(key, _as_list(values[key])).extend(_as_list(value))
            values[key] = again.get(key, value)
        return values


def parse_exec_args(text: str) -> ExecArgs:
    r"""Read the text of an `exec_arguments` file; never raises.

    >>> parse_exec_args("--doubledqn\n-lr 0.001\n").exec_args == {"--doubledqn", "-lr 0.001"}
    True
    """
    lines = text.removeprefix("\ufeff").split("\n")
    return ExecArgs(map(_share, [line.strip(BLANKS) for line in lines]))


def format_exec_args(lines: Iterable[Sequence[str]]) -> str:
    r"""Write arguments, each given as its words, as the text of an `exec_arguments` file.

    Where a word needs quotes (it holds white space or a quote, or is empty), every word of its line
    is quoted as a shell would; `split_words` gives the words back exactly. Raises `ArgumentsError`,
    a `ValueError`, for an argument without a word, and for a newline or text that UTF-8 cannot
    encode in one.

    >>> format_exec_args([["--lr", "0.1"], ["--note", "a b"]])
    "--lr 0.1\n--note 'a b'\n"
    """
    return "".join(map(_format_line, lines))


def split_words(line: str) -> tuple[str, ...]:
    """Split a line into words: by the rules of a shell if it holds a quote, else at ASCII white space.

    >>> split_words("--note 'a b' c"), split_words("--note it's")
    (('--note', 'a b', 'c'), ('--note', "it's"))
    """
    if "'" in line or '"' in line:
        with contextlib.suppress(ArgumentsError):  # an apostrophe is no quotation
            return split_quoted(line, SHELL)
    return tuple(_WORD.findall(line))


def split_argument(line: str) -> tuple[str, ...]:
    """Split a line into its name and values, as text; `--lr=0.1` is `--lr` with the value `0.1`.

    >>> split_argument("--lr=0.1")
    ('--lr', '0.1')
    """
    return split_name(split_words(line))


def split_name(words: Sequence[str]) -> tuple[str, ...]:
    """Split an argument that is given as its words into its name and values.

    >>> split_name(["--lr=0.1"]), split_name(["--layers", "32", "32"])
    (('--lr', '0.1'), ('--layers', '32', '32'))
    """
    first, *values = words
    name, equals, value = first.partition("=")
    if equals and name.strip("-") and is_option(name):
        return (name, value, *values)
    return (first, *values)


def is_option(word: str) -> bool:
    """Whether a word begins an option: a dash that begins no number.

    >>> is_option("--lr"), is_option("-1e3"), is_option("taxi-small")
    (True, False, False)
    """
    return word.startswith("--") or (word.startswith("-") and parse_float(word) is None)


def lines_of_argv(words: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Split a command line into arguments, each as its words, in the same order.

    An option takes the words that follow it up to the next option; what comes before any option is
    a positional of its own.

    >>> lines_of_argv(["taxi", "--crash", "--shift", "-1", "2"])
    (('taxi',), ('--crash',), ('--shift', '-1', '2'))
    """
    lines: list[list[str]] = []
    for word in words:
        if is_option(word) or not lines or not is_option(lines[-1][0]):
            lines.append([word])
        else:
            lines[-1].append(word)
    return tuple(map(tuple, lines))


def in_file_order(lines: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Sort arguments as a file has them: positionals, then flags, then options with values.

    >>> in_file_order([("--lr", "0.1"), ("--crash",), ("taxi",), ("--seed=1",)])
    (('taxi',), ('--crash',), ('--lr', '0.1'), ('--seed=1',))
    """
    return tuple(sorted(lines, key=_place_in_file))


def _place_in_file(line: tuple[str, ...]) -> tuple[bool, bool]:
    option = is_option(line[0])
    return option, option and len(split_name(line)) > 1


def _read_value(words: Sequence[str]) -> ArgumentValue:
    if not words:
        return True
    numbers = _parse_all(parse_integer, words) or _parse_all(parse_real, words)
    values: list[_Scalar] = list(words) if numbers is None else numbers
    return values[0] if len(values) == 1 else values


def _parse_all(parse: Callable[[str], _Scalar | None], words: Sequence[str]) -> list[_Scalar] | None:
    values = [value for value in map(parse, words) if value is not None]
    return values if len(values) == len(words) else None


def _as_list(value: ArgumentValue) -> list[_Scalar]:
    return value if isinstance(value, list) else [value]


def _format_line(words: Sequence[str]) -> str:
    if not words:
        raise ArgumentsError("expected an argument of at least one word, got none")
    for word in words:
        if "\n" in word:
            raise ArgumentsError(f"expected an argument without a newline, got {shown(word)}")
        if not can_be_encoded(word):
            raise ArgumentsError(f"expected text that UTF-8 can encode, got {shown(word)}")
    quoted = any(not word or _NEEDS_QUOTES.search(word) for word in words)
    return " ".join(map(shlex.quote, words) if quoted else words) + "\n"
