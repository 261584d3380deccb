from __future__ import annotations

import inspect
import typing
from pathlib import Path

import attrs

from pyhermes.core.public import public


@public("pyhermes.core")
@attrs.frozen
class Record:
    """A record of these tests."""

    path: Path
    next: Record | None = None
    later: LaterError | None = None


@public("pyhermes.core")
class LaterError(Exception):
    """A class that is defined after it is named."""


def test_a_class_is_of_its_door() -> None:
    assert Record.__module__ == LaterError.__module__ == "pyhermes.core"
    assert str(Record) == "<class 'pyhermes.core.Record'>"


def test_annotations_are_resolved_where_the_class_is_defined() -> None:
    hints = {"path": Path, "next": Record | None, "later": LaterError | None}
    assert typing.get_type_hints(Record) == hints
    assert {field.name: field.type for field in attrs.fields(attrs.resolve_types(Record))} == hints


def test_annotations_that_are_no_text_stay() -> None:
    plain = type("Plain", (), {"__annotations__": {"x": int, "y": "Path"}, "__module__": __name__})
    assert typing.get_type_hints(public("pyhermes")(plain)) == {"x": int, "y": Path}


def test_a_class_without_annotations_gets_none_of_its_base() -> None:
    class Child(Record):
        """Nothing of its own."""

    assert inspect.get_annotations(public("pyhermes")(Child)) == {}
    assert typing.get_type_hints(Child)["path"] is Path
