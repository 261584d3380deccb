"""Take type annotations of a user's class apart, put them in order, and write them as text."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, TypeGuard, Union, get_args, get_origin

import numpy as np

from pyhermes.core.errors import FieldError
from pyhermes.core.structure.marks import Flag, Key, Mark, Positional, Replicate, Secret, Shape

_MARKS_WITHOUT_ARGUMENTS = (Positional, Replicate, Secret)

NARROWEST_FIRST: tuple[object, ...] = (
    *(bool, int, float, Literal, Path, PurePath, str, bytes, np.ndarray),
    *(tuple, list, set, frozenset, Sequence, dict, Mapping, NoneType),
)
"""The order in which the members of a union are tried, by what `kind_of` says of each."""


def plain(annotation: object) -> tuple[object, tuple[Mark, ...]]:
    """Return a type without its names and annotations, and the marks among these."""
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        bare, marks = plain(inner)
        return bare, (*marks, *itertools.chain(*map(_marks_in, extras)))
    if isinstance(annotation, NewType):
        return plain(annotation.__supertype__)
    named: object = getattr(annotation, "__value__", None)  # by a `type` statement, of Python 3.12
    return (annotation, ()) if named is None else plain(named)


def members(annotation: object) -> tuple[object, ...]:
    """Return the types in a union, also in unions with a name within it; of any other type, itself."""
    if get_origin(annotation) not in (Union, UnionType):
        return (annotation,)
    inner = [(member, *plain(member)) for member in get_args(annotation)]
    flat = ((member,) if marks else members(bare) for member, bare, marks in inner)
    return tuple(itertools.chain(*flat))


def kind_of(annotation: object) -> object:
    """Return the class behind a type: of `list[int]` it is list; Enums count as Literal.

    >>> kind_of(list[int]), kind_of(None)
    (<class 'list'>, <class 'NoneType'>)
    """
    bare, _ = plain(annotation)
    if enum_of(bare) is not None:
        return Literal
    origin: object = get_origin(bare)
    return NoneType if bare is None else origin or bare


def enum_of(annotation: object) -> type[Enum] | None:
    """Return a type if it is an Enum, else None."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, Enum) else None


def is_literal(annotation: object) -> bool:
    """Whether a type is a `Literal[...]`."""
    origin: object = get_origin(annotation)
    return origin is Literal


def narrowest_first(annotation: object) -> list[object]:
    """Return the types in a union, in the order in which they are to be tried; unknown ones last."""
    return sorted(members(annotation), key=_width)


def _width(annotation: object) -> tuple[list[int], str]:
    # with the text, so that the order in which a union is written does not matter
    kind = kind_of(annotation)
    if kind not in NARROWEST_FIRST:
        return [len(NARROWEST_FIRST)], type_text(annotation)
    inside = [kind_of(inner) for inner in get_args(plain(annotation)[0]) if not is_literal(annotation)]
    kinds = [kind, *(inner for inner in inside if inner in NARROWEST_FIRST)]
    return list(map(NARROWEST_FIRST.index, kinds)), type_text(annotation)


def array_types(annotation: object) -> tuple[type[np.generic], ...]:
    """Return the scalar types that the elements of an array type may have; none for other types.

    >>> from numpy.typing import NDArray
    >>> array_types(NDArray[np.float64]), array_types(float)
    ((<class 'numpy.float64'>,), ())
    """
    if kind_of(annotation) is not np.ndarray:
        return ()
    dtype = (get_args(plain(annotation)[0]) or (Any, Any))[-1]
    scalars = members((get_args(dtype) or (np.generic,))[0])
    kinds = [get_origin(scalar) or scalar for scalar in scalars]
    return tuple(kind if _is_scalar_type(kind) else np.generic for kind in kinds)


def _is_scalar_type(kind: object) -> TypeGuard[type[np.generic]]:
    return isinstance(kind, type) and issubclass(kind, np.generic)


def type_text(annotation: object) -> str:
    """Return a type as its user would write it, an Enum with the values it takes.

    >>> type_text(tuple[int, ...]), type_text(float | None)
    ('tuple[int, ...]', 'float | None')
    """
    bare, _ = plain(annotation)
    if len(members(bare)) > 1:
        return " | ".join(map(type_text, members(bare)))
    if array_types(bare):
        return f"NDArray[{' | '.join(kind.__name__ for kind in array_types(bare))}]"
    enum = enum_of(bare)
    if enum is not None:
        return f"{enum.__qualname__} ({', '.join(repr(member.value) for member in enum)})"
    if is_literal(bare):
        return f"Literal[{', '.join(map(repr, get_args(bare)))}]"
    if get_args(bare):
        return f"{type_text(get_origin(bare))}[{', '.join(map(type_text, get_args(bare)))}]"
    if bare is ... or bare is NoneType or bare == tuple[()]:
        return "..." if bare is ... else "None" if bare is NoneType else "tuple[()]"
    return str(getattr(bare, "__qualname__", bare))


def _marks_in(extra: object) -> tuple[Mark, ...]:
    """Return the mark that something in an annotation is: `Replicate` is one without being called, too."""
    for mark in _MARKS_WITHOUT_ARGUMENTS:
        if extra is mark:
            return (mark(),)
    if extra is Flag or extra is Key or extra is Shape:
        raise FieldError(f"expected {extra.__name__}(...) in an annotation, got the class itself")
    return (extra,) if isinstance(extra, Flag | Key | Positional | Replicate | Secret | Shape) else ()
