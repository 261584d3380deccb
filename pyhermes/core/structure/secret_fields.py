"""The options that a user's own class marks as secret."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import cast, get_args, get_type_hints

from pyhermes.core.structure.annotations import members, plain
from pyhermes.core.structure.fields import has_fields, marked_fields
from pyhermes.core.structure.layout import NO_FLAGS, layout_of
from pyhermes.core.structure.marks import Secret

_THE_MARK = re.compile(r"\bSecret\b")


def find_secret_options(given: object) -> tuple[str, ...]:
    """Return the options of the fields that are marked `Secret` in the class of an instance.

    The class is an attrs class or a dataclass; of anything else there are none.

    >>> import attrs
    >>> from typing import Annotated
    >>> @attrs.frozen
    ... class Args:
    ...     seat: Annotated[str, Secret()]
    >>> find_secret_options(Args("a"))
    ('--seat', '-seat')
    """
    cls: type[object] = type(given)
    if has_fields(cls):
        marked = marked_fields(cls, Secret)
        leaves = layout_of(cls, NO_FLAGS).tree.leaves if marked else ()
        return tuple(option for leaf in leaves if leaf.path in marked for option in leaf.options)
    return tuple(f"--{name}" for name in _marked_names(cls, "", inside=False))


def _marked_names(cls: type[object], prefix: str, *, inside: bool) -> Iterator[str]:
    """Yield the dotted names of the marked fields of a dataclass, and of dataclasses in it."""
    if not dataclasses.is_dataclass(cls):
        return
    hints = _resolve_hints(cls)
    for field in dataclasses.fields(cls):
        annotation = hints.get(field.name, field.type)
        found = inside or _is_secret(annotation)
        for member in members(plain(annotation)[0]):
            if isinstance(member, type):
                yield from _marked_names(cast("type[object]", member), f"{prefix}{field.name}.", inside=found)
        if found:
            yield prefix + field.name


def _resolve_hints(cls: type[object]) -> dict[str, object]:
    """Return the annotations of a dataclass; none where one has a name that is not there to be looked up."""
    try:
        return get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - whatever text of the user's raises; they stay texts then
        return {}


def _is_secret(annotation: object) -> bool:
    """Return whether a type is marked, or one within it, such as in `Annotated[str, Secret] | None`."""
    if isinstance(annotation, str):
        return _THE_MARK.search(annotation) is not None
    bare, marks = plain(annotation)
    return Secret() in marks or any(map(_is_secret, get_args(bare)))
