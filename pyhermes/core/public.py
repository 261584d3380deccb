"""The public door of a class: the module that users import it from, and that its pickles name.

A pickle holds the name of a class's module. By the file that happens to define the class, every pickle
would break when that file is renamed; by its door (`pyhermes`, `pyhermes.core`) it does not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ForwardRef, TypeVar

C = TypeVar("C", bound=type)


def public(door: str) -> Callable[[C], C]:
    """Decorate a class with the module that users import it from, as its `__module__`.

    Its annotations are still resolved, late as ever, in the module that defines it, so that
    `typing.get_type_hints`, attrs and cattrs read them as before.

    >>> @public("pyhermes.core")
    ... class Record:
    ...     pass
    >>> Record
    <class 'pyhermes.core.Record'>
    """

    def settle(cls: C) -> C:
        annotations = inspect.get_annotations(cls)
        if annotations:
            values = [_bind(value, cls.__module__) for value in annotations.values()]
            cls.__annotations__ = dict(zip(annotations, values, strict=True))
        cls.__module__ = door
        return cls

    return settle


def _bind(annotation: object, module: str) -> object:
    # as a bare string it would be looked up in the door, which has none of the imports
    return ForwardRef(annotation, module=module, is_class=True) if isinstance(annotation, str) else annotation
