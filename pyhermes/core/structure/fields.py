"""The fields of a user's own class: what it says of its arguments and results.

Only this file knows that these classes are attrs classes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, TypeGuard, cast, final, get_type_hints

import attrs

from pyhermes.core.errors import FieldError
from pyhermes.core.messages import shown
from pyhermes.core.structure.annotations import members, plain
from pyhermes.core.structure.marks import Mark

_FACTORY: Any = type(attrs.Factory(list[object]))  # attrs gives the class no public name


@final
@attrs.frozen
class Field:
    """One field that the class's `__init__` takes, under the name `alias`.

    `annotation` is without its marks; `nested` is the class with fields that the field holds, if it
    holds one.
    """

    name: str
    alias: str
    annotation: object
    marks: tuple[Mark, ...]
    default: object
    nested: type | None

    @property
    def has_default(self) -> bool:
        """Whether the field may be left out."""
        return self.default is not attrs.NOTHING

    def make_default(self) -> object:
        """Return the default that the field has on its own; None where it has none.

        A default that is made from other fields is not: it needs an instance.
        """
        default: Any = self.default
        if isinstance(default, _FACTORY):
            return cast("object", None if default.takes_self else default.factory())
        return self.default if self.has_default else None


def has_fields(cls: object) -> TypeGuard[type]:
    """Whether something is a class whose fields can be read.

    >>> has_fields(attrs.make_class("Args", {})), has_fields(int), has_fields(3)
    (True, False, False)
    """
    return isinstance(cls, type) and attrs.has(cast("type[object]", cls))


def fields_of(cls: type) -> tuple[Field, ...]:
    """Return the fields of an attrs class, in their order.

    Raises `FieldError`, a `TypeError`, for what is no attrs class, and for annotations that are
    missing or cannot be resolved.

    >>> from typing import Annotated
    >>> from pyhermes.core import Flag
    >>> @attrs.frozen
    ... class Args:
    ...     lr: Annotated[float, Flag("-lr")] = 0.1
    >>> fields_of(Args)[0].marks
    (Flag(names=('-lr',)),)
    """
    if not has_fields(cls):
        raise FieldError(f"expected an attrs class, such as one under @attrs.frozen, got {shown(cls)}")
    return _fields_of(cls)


@functools.lru_cache(maxsize=256)
def _fields_of(cls: type) -> tuple[Field, ...]:
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception as error:
        raise FieldError(
            f"expected annotations of {cls.__qualname__} that can be resolved in its module, got {error}"
        ) from error
    return tuple(_field(cls, attribute, hints) for attribute in attrs.fields(cls) if attribute.init)


def leaf_values(instance: object) -> dict[str, object]:
    """Return the values in an instance of an attrs class, those of nested ones under dotted names.

    >>> @attrs.frozen
    ... class Adam:
    ...     lr: float
    >>> @attrs.frozen
    ... class Args:
    ...     seed: int
    ...     opt: Adam
    >>> leaf_values(Args(3, Adam(0.1)))
    {'seed': 3, 'opt.lr': 0.1}
    """
    return dict(_leaf_values(instance, ""))


def values_of(instance: object) -> list[object]:
    """Return the values in an instance of an attrs class, in the order of its fields.

    >>> values_of(attrs.make_class("Args", ["lr", "seed"])(0.1, 3))
    [0.1, 3]
    """
    cls = cast("type[attrs.AttrsInstance]", type(instance))
    return [getattr(instance, field.name) for field in attrs.fields(cls) if field.init]


def replace_fields(instance: object, **values: object) -> object:
    """Return a copy of an instance with other values, by the names that `__init__` takes.

    >>> replace_fields(attrs.make_class("Args", ["lr", "seed"])(0.1, 3), seed=4)
    Args(lr=0.1, seed=4)
    """
    change: Any = attrs.evolve  # mypy lets it take only classes that it sees are attrs classes
    changed: object = change(instance, **values)
    return changed


def marked_fields(cls: type, mark: type[Mark]) -> frozenset[str]:
    """Return the dotted names of the fields that carry a mark, or stand in a field that does.

    A field that holds a nested class is among them too: it may hold None instead.
    """
    return frozenset(_marked_fields(cls, mark, "", False))


def _field(cls: type, attribute: attrs.Attribute[object], hints: Mapping[str, object]) -> Field:
    annotation = hints.get(attribute.name, attribute.type)
    if annotation is None:
        raise FieldError(f"expected an annotation of the field {cls.__qualname__}.{attribute.name}, got none")
    bare, marks = plain(annotation)
    nested = [member for member in members(bare) if has_fields(member)]
    others = [member for member in members(bare) if member not in (*nested, None, NoneType)]
    return Field(
        name=attribute.name,
        alias=attribute.alias or attribute.name,
        annotation=bare,
        marks=marks,
        default=attribute.default,
        nested=nested[0] if len(nested) == 1 and not others else None,
    )


def _leaf_values(instance: object, prefix: str) -> Iterator[tuple[str, object]]:
    cls: type = type(instance)
    for field in fields_of(cls):
        value = getattr(instance, field.name)
        if has_fields(cast("object", type(value))):
            yield from _leaf_values(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, value


def _marked_fields(cls: type, mark: type[Mark], prefix: str, inside: bool) -> Iterator[str]:
    for field in fields_of(cls):
        found = inside or any(isinstance(own, mark) for own in field.marks)
        if field.nested is not None:
            yield from _marked_fields(field.nested, mark, f"{prefix}{field.name}.", found)
        if found:
            yield prefix + field.name
