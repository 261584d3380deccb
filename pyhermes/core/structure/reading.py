"""Read values into a user's own class, field by field, with every problem that comes to light.

This is the same whether the values are a run's arguments or those of a result: a class is laid out once
as a tree of leaves, then each run's or result's values are found, read, and handed to the class. Where they
come from, and how a problem is told, is said by a `Reading` of their own.
"""

from __future__ import annotations

import functools
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, TypeAlias, TypeVar, Union, final

import attrs

from pyhermes.core.errors import FieldError
from pyhermes.core.messages import reason_of
from pyhermes.core.structure.fields import Field, fields_of, replace_fields
from pyhermes.core.structure.readers import Reader


@attrs.frozen
class Leaf:
    """A field that holds one value: its dotted name, and what reads its value."""

    field: Field
    path: str
    read: Reader


L = TypeVar("L", bound=Leaf)
G = TypeVar("G", bound=Mapping[str, object])
P = TypeVar("P")


@final
@attrs.frozen
class Layout(Generic[L]):
    """A class with its fields, each a leaf or a class of its own; `leaves` are those below it, too."""

    cls: type
    path: str
    parts: tuple[tuple[Field, L | Layout[L]], ...]
    leaves: tuple[L, ...]


Part: TypeAlias = Union[L, Layout[L]]
"""What a field holds: one value, or a class."""


def lay_out(cls: type, check: Callable[[Field], None], make_leaf: Callable[[Field, str], L]) -> Layout[L]:
    """Lay out a class, and the classes in its fields.

    `check` is called for every field, `make_leaf` with the dotted name of each that holds no class.
    Both may raise `FieldError`, which then names the field. Raises it, too, for a class that contains itself.
    """
    return _lay_out(cls, "", check, make_leaf, ())


def _lay_out(
    cls: type,
    path: str,
    check: Callable[[Field], None],
    make_leaf: Callable[[Field, str], L],
    above: tuple[type, ...],
) -> Layout[L]:
    if cls in above:
        raise FieldError(f"{cls.__qualname__} contains itself")

    def make_part(field: Field) -> L | Layout[L]:
        inner = f"{path}.{field.name}".lstrip(".")
        try:
            check(field)
            if field.nested is None:
                return make_leaf(field, inner)
        except FieldError as error:
            raise FieldError(f"{cls.__qualname__}.{field.name}: {error.message}") from None
        return _lay_out(field.nested, inner, check, make_leaf, (*above, cls))

    parts = tuple((field, make_part(field)) for field in fields_of(cls))
    return Layout(cls, path, parts, tuple(itertools.chain(*(leaves_of(part) for _, part in parts))))


def leaves_of(part: L | Layout[L]) -> tuple[L, ...]:
    """Return the leaf that a part is, or those in the class that it is."""
    return part.leaves if isinstance(part, Layout) else (part,)


class Reading(ABC, Generic[L, G, P]):
    """One run or result while it is read into a class.

    `problems` are those found so far, and `defaulted` the dotted names of the fields that hold a default.
    """

    def __init__(self) -> None:
        self.problems: list[P] = []
        self.defaulted: list[str] = []

    def fill(self, layout: Layout[L], given: G, default: object = None) -> object:
        """Return an instance, changed from a default one where there is one; None if something is wrong."""
        values: dict[str, object] = {}
        for field, part in layout.parts:
            if self.is_given(field, part, given):
                values[field.alias] = self._read_part(field, part, given, default)
            elif field.has_default or default is not None:
                self.defaulted.extend(leaf.path for leaf in leaves_of(part))
            else:
                values[field.alias] = self.read_missing(field, part, given)
        # a class is only ever called with all of its values, so that its own code does not meet half of them
        if self.problems:
            return None
        make = layout.cls if default is None else functools.partial(replace_fields, default)
        return self.make(layout, lambda: make(**values), values)

    def make(self, layout: Layout[L], make: Callable[[], object], values: Mapping[str, object]) -> object:
        """Call a user's code for what it makes; None if it raises, which becomes a problem."""
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - whatever a validator, converter or factory raises
            self.problems.append(self.refusal(layout, values, reason_of(error)))
            return None

    def _read_part(self, field: Field, part: L | Layout[L], given: G, default: object) -> object:
        if isinstance(part, Layout):
            return self.read_nested(field, part, given, default)
        return self.read_leaf(part, given)

    @abstractmethod
    def is_given(self, field: Field, part: L | Layout[L], given: G) -> bool:
        """Whether there is a value for a field, or for one in the class that it holds."""

    @abstractmethod
    def read_leaf(self, leaf: L, given: G) -> object:
        """Return the value that was given for a leaf; what does not fit becomes a problem."""

    @abstractmethod
    def read_nested(self, field: Field, part: Layout[L], given: G, default: object) -> object:
        """Return the instance of the class in a field; `default` is the one above it to begin with."""

    @abstractmethod
    def read_missing(self, field: Field, part: L | Layout[L], given: G) -> object:
        """Return the value of a field without a default for which nothing was given: mostly a problem."""

    @abstractmethod
    def refusal(self, layout: Layout[L], values: Mapping[str, object], reason: str) -> P:
        """Return the problem that a class does not take its values."""
