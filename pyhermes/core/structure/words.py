"""The words of an argument as typed values, strictly; and values as words.

Which types there are, how each is read, and in which order the members of a union are tried, is
said here once. cattrs puts collections and unions together.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path, PurePath
from types import NoneType
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from pyhermes.core.errors import ArgumentsError, FieldError
from pyhermes.core.messages import shown
from pyhermes.core.structure.annotations import (
    NARROWEST_FIRST,
    is_literal,
    kind_of,
    members,
    narrowest_first,
    plain,
    type_text,
)
from pyhermes.core.text.numbers import parse_integer, parse_real

if TYPE_CHECKING:
    from cattrs import Converter

Words: TypeAlias = tuple[str, ...]
"""What follows an argument's name; nothing for a bare flag."""

Reader: TypeAlias = Callable[[Words], object]
"""Raises ValueError for words that are not of its type."""

_COLLECTIONS = (tuple, list, set, frozenset, Sequence)
_READABLE = (bool, int, float, Literal, Path, PurePath, str, NoneType)
_BOOLS = {"True": True, "False": False, "1": True, "0": False}


def reader(annotation: object) -> Reader:
    """What reads the words of a whole argument as a type.

    Raises `FieldError`, a `TypeError`, for a type that no argument can be read as.

    >>> reader(float | None)(("1e-3",))
    0.001
    """
    _check_readable(annotation, inside=False)
    hook = _converter().get_structure_hook(annotation)
    return lambda words: hook(words, annotation)


def is_collection(annotation: object) -> bool:
    """Whether a type takes any number of words."""
    return any(kind_of(member) in _COLLECTIONS for member in members(annotation))


def words_of(value: object) -> Words:
    """The words that a value is written as; none for True.

    Raises `ArgumentsError`, a `ValueError`, for what cannot be.

    >>> words_of((32, 32)), words_of(True), words_of(0.001)
    (('32', '32'), (), ('0.001',))
    """
    if value is True or (isinstance(value, np.bool_) and value):
        return ()
    if isinstance(value, list | tuple | set | frozenset):
        words = map(_word, value)
        return tuple(sorted(words) if isinstance(value, set | frozenset) else words)
    return (_word(value),)


def _word(value: object) -> str:
    if isinstance(value, Enum):
        return _word(value.value if isinstance(value.value, bool | int | float | str) else value.name)
    if isinstance(value, np.generic):
        return _word(value.item())
    if isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, str | PurePath):
        return str(value)
    raise ArgumentsError(f"expected a value that an argument can say, got {shown(value)}")


def _digits(value: int) -> str:
    try:
        return str(int(value))
    except ValueError:
        raise ArgumentsError(f"expected an integer that Python reads back, got {shown(value)}") from None


def _check_readable(annotation: object, *, inside: bool) -> None:
    bare, marks = plain(annotation)
    kind = kind_of(bare)
    if marks:
        raise FieldError(f"expected {shown(marks[0])} outside of all other brackets, got it within a type")
    if len(members(bare)) > 1:
        for member in members(bare):
            _check_readable(member, inside=inside)
    elif kind in _COLLECTIONS and (get_args(bare) or bare == tuple[()]) and not inside:
        for element in get_args(bare):
            _check_readable(element, inside=True)
    elif bare is not ... and (kind in _COLLECTIONS or kind not in _READABLE or not _can_be_chosen(bare)):
        raise FieldError(f"expected a type that an argument can be read as, got {type_text(bare)}")


def _can_be_chosen(bare: object) -> bool:
    if isinstance(bare, type) and issubclass(bare, Enum):
        return len(bare) > 0
    options = get_args(bare) if is_literal(bare) else ()
    return all(option is None or isinstance(option, bool | int | str | Enum) for option in options)


@functools.cache
def _converter() -> Converter:
    """A converter that reads strictly: a word, or all words of an argument, as any type here."""
    from cattrs import Converter

    converter = Converter(detailed_validation=False)
    for kind in (bool, int, float, str, Path, PurePath, Enum):
        converter.register_structure_hook(kind, _read)
    converter.register_structure_hook_factory(lambda kind: kind_of(kind) is NoneType, lambda _: _read_none)
    converter.register_structure_hook_factory(is_literal, _choice_hook)
    converter.register_structure_hook_factory(lambda kind: len(members(kind)) > 1, _union_hook)
    converter.register_structure_hook_factory(lambda kind: plain(kind)[0] is not kind, _named_hook)
    return converter


def _read(given: str | Words, kind: type) -> object:
    if issubclass(kind, Enum):  # first: many are ints or texts, too
        return _chosen(given, _choices_of(kind))
    if kind is bool:
        return True if given == () else _found(_BOOLS.get(_only(given)))
    if kind is int:
        return _found(parse_integer(_only(given)))
    if kind is float:
        return _found(parse_real(_only(given)))
    of_text: Callable[[str], object] = kind
    return of_text(_only(given))


def _read_none(_given: str | Words, _kind: object) -> object:
    raise ValueError


def _choice_hook(literal: object) -> Callable[[str | Words, object], object]:
    choices = _choices(get_args(literal))
    return lambda given, _: _chosen(given, choices)


def _named_hook(named: object, converter: Converter) -> Callable[[str | Words, object], object]:
    bare, _ = plain(named)
    hook = converter.get_structure_hook(bare)
    return lambda given, _: hook(given, bare)


def _union_hook(union: object, converter: Converter) -> Callable[[str | Words, object], object]:
    kinds = narrowest_first(union)
    hooks = [(converter.get_structure_hook(kind), kind) for kind in kinds]
    integers = ("0", "1", ("0",), ("1",)) if int in kinds else ()  # True is written bare

    def read(given: str | Words, _union: object) -> object:
        for hook, kind in hooks:
            if kind is bool and given in integers:
                continue
            with contextlib.suppress(ValueError):
                return hook(given, kind)
        raise ValueError(given)

    return read


def _choices(options: Iterable[object]) -> dict[str, object]:
    """Options by the word that each is written as; the narrowest counts where several share one."""
    ordered = sorted(options, key=lambda option: NARROWEST_FIRST.index(kind_of(type(option))), reverse=True)
    return {_word(option): option for option in ordered if option is not None}


def _choices_of(kind: type[Enum]) -> dict[str, object]:
    """The members of an Enum by their values, where these are words, and by their names."""
    return {**kind.__members__, **_choices(kind)}


def _chosen(given: str | Words, choices: dict[str, object]) -> object:
    if given == () and choices.get("True") is True:
        return True
    return _found(choices.get(_only(given)))


def _only(given: str | Words) -> str:
    (word,) = (given,) if isinstance(given, str) else given
    return word


def _found(value: object) -> object:
    if value is None:
        raise ValueError
    return value
