"""Readers of types: how a union, a list, a tuple, a set or a dict is put together from single values.

This is the same whether the values are words of text or those of a result. What differs are the
leaves, where one value is read: `WORDS` in `word_leaves`, `VALUES` in `value_leaves`. A reader is made
once for a type and then called for every value.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, TypeAlias, TypeGuard, final, get_args

import attrs

from pyhermes.core.errors import FieldError
from pyhermes.core.messages import shown
from pyhermes.core.structure.annotations import kind_of, members, narrowest_first, plain, type_text

Reader: TypeAlias = Callable[[Any], object]
"""Returns a value as its type; raises ValueError or OverflowError for what is not of the type."""

_KEYS: frozenset[object] = frozenset({bool, int, float, Literal, str, bytes, NoneType})

_COLLECTION_MAKERS: dict[object, Callable[[Iterable[object]], object]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    tuple: tuple,
    Sequence: tuple,
}


@final
@attrs.frozen
class Leaves:
    """Where single values come from, and how each is read.

    `expected` says in errors what a type has to be. `collections` are the classes that hold several
    values, within each other too where they are `nested`. `reader_of` returns the reader of one
    value, from its type and the union that this is in (empty for none); it returns None for types
    that it does not know. `items_of` takes a collection apart, and raises ValueError for anything else.
    """

    expected: str
    collections: frozenset[object]
    nested: bool
    reader_of: Callable[[object, Sequence[object]], Reader | None]
    items_of: Callable[[Any], Iterable[object]]


def make_reader(annotation: object, leaves: Leaves) -> Reader:
    """Return what reads values as a type.

    Raises `FieldError`, a `TypeError`, for a type that nothing can be read as.

    >>> from pyhermes.core.structure.word_leaves import WORDS
    >>> make_reader(tuple[int, ...] | None, WORDS)(("1", "2"))
    (1, 2)
    """
    return _reader(annotation, leaves, inside=False)


def is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    """Whether a value is a mapping, of whatever.

    >>> is_mapping({}), is_mapping([])
    (True, False)
    """
    return isinstance(value, Mapping)


def _reader(annotation: object, leaves: Leaves, *, inside: bool, union: Sequence[object] = ()) -> Reader:
    bare, marks = plain(annotation)
    if marks:
        raise FieldError(f"expected {shown(marks[0])} outside of all other brackets, got it within a type")
    if len(members(bare)) > 1:
        return _union_reader(narrowest_first(bare), leaves, inside)
    is_collection = kind_of(bare) in leaves.collections and (leaves.nested or not inside)
    read = _collection_reader(bare, leaves) if is_collection else leaves.reader_of(bare, union)
    if read is None:
        raise FieldError(f"expected {leaves.expected}, got {type_text(bare)}")
    return read


def _union_reader(union: Sequence[object], leaves: Leaves, inside: bool) -> Reader:
    readers = [_reader(member, leaves, inside=inside, union=union) for member in union]

    def read(value: object) -> object:
        for read_member in readers:
            with contextlib.suppress(ValueError, OverflowError):
                return read_member(value)
        raise ValueError

    return read


def _collection_reader(bare: object, leaves: Leaves) -> Reader | None:
    kind, kinds = kind_of(bare), get_args(bare)
    if kind is dict or kind is Mapping:
        return _dict_reader(kinds, leaves) if len(kinds) == 2 and _can_be_key(kinds[0]) else None
    if not kinds and bare != tuple[()]:
        return None
    if kind is tuple and kinds[-1:] != (...,):
        return _tuple_reader(kinds, leaves)
    make = _COLLECTION_MAKERS[kind]
    read = _reader(kinds[0], leaves, inside=True)
    return lambda value: make([read(item) for item in leaves.items_of(value)])


def _tuple_reader(kinds: tuple[object, ...], leaves: Leaves) -> Reader:
    readers = [_reader(kind, leaves, inside=True) for kind in kinds]

    def read(value: object) -> object:
        pairs = zip(readers, leaves.items_of(value), strict=True)
        return tuple([read_item(item) for read_item, item in pairs])

    return read


def _dict_reader(kinds: tuple[object, ...], leaves: Leaves) -> Reader:
    read_key, read_value = (_reader(kind, leaves, inside=True) for kind in kinds)

    def read(value: object) -> object:
        if not is_mapping(value):
            raise ValueError
        return {read_key(key): read_value(item) for key, item in value.items()}

    return read


def _can_be_key(annotation: object) -> bool:
    kind = kind_of(annotation)
    if kind is tuple:
        return all(inner is ... or _can_be_key(inner) for inner in get_args(annotation))
    return kind in _KEYS
