"""A script's arguments, in any form that it may have them in, as the lines of `exec_arguments`."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Mapping
from typing import TypeAlias, Union, cast

import attrs

from pyhermes.core.errors import WrongTypeError
from pyhermes.core.formats.exec_arguments import in_file_order, lines_of_argv
from pyhermes.core.messages import shown
from pyhermes.core.runs.select import require_all
from pyhermes.core.structure.arguments import unstructure_args
from pyhermes.core.structure.word_leaves import write_option
from pyhermes.core.text.encoding import can_be_encoded
from pyhermes.core.text.quoting import Words
from pyhermes.core.typing import AttrsInstance, DataclassInstance

GivenArguments: TypeAlias = Union[
    Iterable[str], Mapping[str, object], argparse.Namespace, AttrsInstance, DataclassInstance
]
"""Words of a command line, values by name, or an instance of an attrs class or a dataclass."""


def lines_of_given(given: GivenArguments) -> tuple[Words, ...]:
    """Return arguments, each as its words: positionals, flags, then options.

    Words are taken as a command line. Of a mapping, a namespace or a dataclass `learning_rate`
    becomes `--learning-rate`, True a bare flag, False `--x False`, several values several words, and
    None and empty lists are left out. Of an attrs class see `unstructure_args`. Raises
    `WrongTypeError`, a `TypeError`, for anything else, and `ArgumentsError`, a `ValueError`, for
    values that cannot be written.

    >>> lines_of_given({"learning_rate": 0.1, "doubledqn": True, "resume": None})
    (('--doubledqn',), ('--learning-rate', '0.1'))
    >>> lines_of_given(["taxi", "--seed", "3", "--crash"])
    (('taxi',), ('--crash',), ('--seed', '3'))
    """
    named = _find_values_by_name(given)
    if named is not None:
        return in_file_order(_line(name, value) for name, value in named.items() if _is_set(value))
    if attrs.has(type(given)):
        return unstructure_args(given)
    if not isinstance(given, Iterable):
        raise WrongTypeError(
            "expected arguments as words, a mapping, a namespace, or an instance of an attrs class, "
            f"got {shown(given)}"
        )
    return in_file_order(lines_of_argv(checked_words(given)))


def checked_words(words: object) -> list[str]:
    """Return several texts as a list.

    Raises `WrongTypeError`, a `TypeError`, for a single text, and for anything else.

    >>> checked_words(("a", "b"))
    ['a', 'b']
    """
    if isinstance(words, str):
        raise WrongTypeError(f"expected several texts, such as [{words!r}], got the bare text {words!r}")
    return require_all(words, str)


def _find_values_by_name(given: GivenArguments) -> Mapping[str, object] | None:
    if isinstance(given, Mapping):
        return cast("Mapping[str, object]", given)
    if isinstance(given, argparse.Namespace):
        return vars(given)
    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        return {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    return None


def _is_set(value: object) -> bool:
    return value is not None and not (isinstance(value, list | tuple | set | frozenset) and not value)


def _line(name: object, value: object) -> Words:
    if not isinstance(name, str):
        raise WrongTypeError(f"expected names of arguments as text, got {shown(name)}")
    option = name if name.startswith("-") else f"--{name.replace('_', '-')}"
    return write_option(option, value)


def on_one_line(lines: Iterable[Words]) -> tuple[tuple[Words, ...], tuple[str, ...]]:
    r"""Escape what a line cannot hold in the words of lines, and list the words that were changed.

    >>> on_one_line([("--note", "a\nb")])
    ((('--note', 'a\\nb'),), ("'a\\nb'",))
    """
    before = tuple(lines)
    after = tuple(tuple(map(_escape, line)) for line in before)
    changed = [shown(word) for line in before for word in line if _escape(word) != word]
    return after, tuple(changed)


def _escape(word: str) -> str:
    escaped = word.replace("\n", "\\n")
    return escaped if can_be_encoded(escaped) else escaped.encode("utf-8", "backslashreplace").decode()
