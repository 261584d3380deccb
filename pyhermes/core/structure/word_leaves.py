"""Words of text as single values, strictly; and values as words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path, PurePath
from types import NoneType
from typing import cast, get_args

import numpy as np

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.messages import shown
from pyhermes.core.structure.annotations import NARROWEST_FIRST, enum_of, is_literal, kind_of, members
from pyhermes.core.structure.readers import Leaves, Reader
from pyhermes.core.text.numbers import parse_integer, parse_real
from pyhermes.core.text.quoting import Words

_COLLECTIONS: frozenset[object] = frozenset({tuple, list, set, frozenset, Sequence})
_BOOLS = {"True": True, "False": False, "1": True, "0": False}
_BOOLS_BESIDE_INTEGERS = {"True": True, "False": False}


def is_collection(annotation: object) -> bool:
    """Whether a type takes any number of words.

    >>> is_collection(list[int] | None), is_collection(str)
    (True, False)
    """
    return any(kind_of(member) in _COLLECTIONS for member in members(annotation))


def words_of(value: object) -> Words:
    """Return the words that a value is written as; none for True.

    Raises `ArgumentsError`, a `ValueError`, for a value that cannot be written.

    >>> words_of((32, 32)), words_of(True), words_of(0.001)
    (('32', '32'), (), ('0.001',))
    """
    if _is_true(value):
        return ()
    if isinstance(value, set | frozenset):
        return tuple(sorted(map(_word, cast("Iterable[object]", value))))
    if isinstance(value, list | tuple):
        return tuple(map(_word, cast("Iterable[object]", value)))
    return (_word(value),)


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, np.bool_) and value == np.True_)


def write_option(option: str, value: object) -> Words:
    """Return an option with the words of its value; errors name the option.

    >>> write_option("--lr", 0.1), write_option("--crash", True)
    (('--lr', '0.1'), ('--crash',))
    """
    try:
        return (option, *words_of(value))
    except ArgumentsError as error:
        raise ArgumentsError(f"`{option}`: {error.message}") from None


def _word(value: object) -> str:
    if isinstance(value, Enum):
        held: object = value.value
        return _word(held if isinstance(held, bool | int | float | str) else value.name)
    if isinstance(value, np.generic):
        return _word(cast("object", value.item()))
    if isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, str | PurePath):
        return str(value)
    raise ArgumentsError(f"{shown(value)} ({type(value).__qualname__}) cannot be written as an argument")


def _digits(value: int) -> str:
    # Python refuses to read integers of more than `sys.get_int_max_str_digits()` digits
    try:
        return str(int(value))
    except ValueError:
        raise ArgumentsError(
            "an integer with more digits than Python reads cannot be written as an argument"
        ) from None


def _reader_of(annotation: object, union: Sequence[object]) -> Reader | None:
    enum = enum_of(annotation)
    if enum is not None:
        return _choice_reader({**enum.__members__, **_choices(enum)}) if len(enum) else None
    if is_literal(annotation):
        options = get_args(annotation)
        return _choice_reader(_choices(options)) if all(map(_can_be_chosen, options)) else None
    kind = kind_of(annotation)
    if kind is bool:
        return _bool_reader(_BOOLS_BESIDE_INTEGERS if int in union else _BOOLS)
    return _READERS.get(kind)


def _can_be_chosen(option: object) -> bool:
    return option is None or isinstance(option, bool | int | str | Enum)


def _choices(options: Iterable[object]) -> dict[str, object]:
    """Return options by the word that each is written as; of several with one word the narrowest counts."""
    ordered = sorted(options, key=lambda option: NARROWEST_FIRST.index(kind_of(type(option))), reverse=True)
    return {_word(option): option for option in ordered if option is not None}


def _choice_reader(choices: dict[str, object]) -> Reader:
    def read(words: Words) -> object:
        if not words and choices.get("True") is True:
            return True
        return _require(choices.get(_only(words)))

    return read


def _bool_reader(bools: dict[str, bool]) -> Reader:
    return lambda words: _require(bools.get(_only(words))) if words else True


def _one_word_reader(parse: Callable[[str], object]) -> Reader:
    return lambda words: _require(parse(_only(words)))


def _read_none(_words: Words) -> object:
    raise ValueError  # None is what a field without an argument has; no word means it


_READERS: dict[object, Reader] = {
    int: _one_word_reader(parse_integer),
    float: _one_word_reader(parse_real),
    str: _one_word_reader(str),
    Path: _one_word_reader(Path),
    PurePath: _one_word_reader(PurePath),
    NoneType: _read_none,
}


def _only(words: Words) -> str:
    (word,) = words
    return word


def _require(value: object) -> object:
    if value is None:
        raise ValueError
    return value


def _items_of(words: Words) -> list[Words]:
    return [(word,) for word in words]


WORDS = Leaves("a type that an argument can be read as", _COLLECTIONS, False, _reader_of, _items_of)
"""The words after an argument's name: none for a bare flag."""
