"""A result into the user's own class: arrays by dtype and shape, and plain values, strictly.

Every key that is missing or holds something else becomes a `ResultProblem`, and all of a result's
problems come in one `ResultError`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import NoneType
from typing import TypeVar, cast, final

import attrs
import numpy as np

from pyhermes.core.errors import FieldError, ResultError, WrongTypeError
from pyhermes.core.formats.result_file import ResultRecord
from pyhermes.core.messages import printable, shown
from pyhermes.core.problems import ResultProblem
from pyhermes.core.structure.annotations import kind_of, members, type_text
from pyhermes.core.structure.fields import Field, fields_of
from pyhermes.core.structure.marks import Key, Length, Shape
from pyhermes.core.structure.readers import is_mapping, make_reader
from pyhermes.core.structure.reading import Layout, Leaf, Reading, lay_out
from pyhermes.core.structure.value_leaves import VALUES, Array

T = TypeVar("T")


def structure_result(record: ResultRecord, cls: type[T]) -> T:
    """Read a result into an attrs class.

    A field takes the key of its name, or that of its `Key`. `NDArray[np.float64]` takes an array of
    that dtype; integers satisfy floats, and a narrower dtype of the same kind a wider one. `Shape`
    says how many dimensions there are and which lengths, and a name in it stands for the same
    length in the whole class. Other fields are bool, int, float, str, bytes, None, Literal, Enum,
    lists, tuples and dicts of these, unions, and attrs classes for dicts. Fields without a key take
    their defaults; other keys are ignored.

    Raises one `ResultError`, a `ValueError`, whose `problems` are all that does not fit, and
    `FieldError`, a `TypeError`, for a class that no result could be read into.

    >>> from typing import Annotated
    >>> from numpy.typing import NDArray
    >>> from pyhermes.core import Key, ResultRecord, Shape
    >>> @attrs.frozen
    ... class Metrics:
    ...     returns: Annotated[NDArray[np.float64], Key("return"), Shape("episodes")]
    ...     solved: Annotated[NDArray[np.bool_], Shape("episodes")]
    >>> record = ResultRecord({"return": [11, 17], "solved": [False, True]})
    >>> structure_result(record, Metrics).returns
    array([11., 17.])
    """
    return cast("T", _structure(record, cls))


def _structure(record: object, cls: type) -> object:
    if not isinstance(record, ResultRecord):
        raise WrongTypeError(f"expected a ResultRecord, such as result.snapshot(), got {shown(record)}")
    fields_of(cls)  # which says what is wrong with `cls` if it cannot be hashed
    reading = ResultReading()
    instance = reading.fill(_layout_of(cls), record.values)
    if reading.problems:
        raise _error_of(cls, tuple(reading.problems))
    return instance


@final
@attrs.frozen
class ResultLeaf(Leaf):
    """A field that holds one value, the key that this has in a result, and the shapes it must have."""

    key: str
    shapes: tuple[Shape, ...]


@functools.lru_cache(maxsize=256)
def _layout_of(cls: type) -> Layout[ResultLeaf]:
    return lay_out(cls, _check_shape_is_possible, _leaf)


def _check_shape_is_possible(field: Field) -> None:
    kinds = {kind_of(member) for member in members(field.annotation)}
    if _shapes(field) and (field.nested is not None or kinds & {dict, Mapping}):
        raise FieldError(
            f"expected a Shape for an array or a list, got one for {type_text(field.annotation)}"
        )


def _leaf(field: Field, path: str) -> ResultLeaf:
    return ResultLeaf(field, path, make_reader(field.annotation, VALUES), _key(field), _shapes(field))


def _key(field: Field) -> str:
    return next((mark.name for mark in field.marks if isinstance(mark, Key)), field.name)


def _shapes(field: Field) -> tuple[Shape, ...]:
    return tuple(mark for mark in field.marks if isinstance(mark, Shape))


@final
class ResultReading(Reading[ResultLeaf, Mapping[str, object], ResultProblem]):
    """One result while it is read into a class, with the lengths that names in shapes stand for so far."""

    def __init__(self) -> None:
        super().__init__()
        self._lengths: dict[str, tuple[int, str]] = {}

    def is_given(
        self, field: Field, part: ResultLeaf | Layout[ResultLeaf], given: Mapping[str, object]
    ) -> bool:
        """Whether a dict has the key of a field."""
        return _key(field) in given

    def read_leaf(self, leaf: ResultLeaf, given: Mapping[str, object]) -> object:
        """Return the value under the key of a field."""
        try:
            value = leaf.read(given[leaf.key])
            shapes = leaf.shapes if value is not None else ()
            found = np.shape(cast("Array", value)) if shapes else ()  # a ragged list has none: ValueError
        except (ValueError, OverflowError):
            self._report(leaf.path, leaf.field, _expected(leaf.field), _describe(given[leaf.key]))
            return None
        for shape in shapes:
            self._check_shape(leaf, shape, found)
        return value

    def read_nested(
        self, field: Field, part: Layout[ResultLeaf], given: Mapping[str, object], default: object
    ) -> object:
        """Return the instance that a dict is read as; None where the field takes it."""
        value = given[_key(field)]
        if is_mapping(value):
            return self.fill(part, cast("Mapping[str, object]", value))
        if value is not None or NoneType not in map(kind_of, members(field.annotation)):
            self._report(part.path, field, _expected(field), _describe(value))
        return None

    def read_missing(
        self, field: Field, part: ResultLeaf | Layout[ResultLeaf], given: Mapping[str, object]
    ) -> object:
        """Make a problem of a key that is not there."""
        self._report(part.path, field, _expected(field), None)
        return None

    def refusal(self, layout: Layout[ResultLeaf], values: Mapping[str, object], reason: str) -> ResultProblem:
        """Return the problem that a class does not take its values."""
        return ResultProblem(layout.path, "", f"values that {layout.cls.__qualname__} takes", reason)

    def _report(self, path: str, field: Field, expected: str, found: str | None) -> None:
        self.problems.append(ResultProblem(path, _key(field), expected, found))

    def _check_shape(self, leaf: ResultLeaf, shape: Shape, found: tuple[int, ...]) -> None:
        if len(found) != len(shape.lengths):
            self._report(leaf.path, leaf.field, f"shape {_shape_text(shape)}", f"shape {found}")
            return
        for wanted, length in zip(shape.lengths, found, strict=True):
            known, where = self._known_length(wanted, length, leaf.path)
            if known != length:
                expected = f"shape {_shape_text(shape)}{where}"
                self._report(leaf.path, leaf.field, expected, f"shape {found}")
                return

    def _known_length(self, wanted: Length, length: int, path: str) -> tuple[int, str]:
        """Return the length that a dimension must have, and where that comes from if it has a name."""
        if isinstance(wanted, int):
            return wanted, ""
        known, first = self._lengths.setdefault(wanted, (length, path))
        return known, f" where {wanted} is {known} in {first}"


def _expected(field: Field) -> str:
    shapes = [f" of shape {_shape_text(shape)}" for shape in _shapes(field)]
    return type_text(field.annotation) + "".join(shapes)


def _shape_text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape.lengths))}{',' * (len(shape.lengths) == 1)})"


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        array = cast("Array", value)
        return f"an array of {array.dtype} of shape {array.shape}"
    return shown(dict(value) if is_mapping(value) else value)


def _error_of(cls: type, problems: tuple[ResultProblem, ...]) -> ResultError:
    headline = f"expected values that fit {cls.__qualname__}, got {len(problems)} that do not:"
    return ResultError(printable("\n  ".join([headline, *map(str, problems)])), problems=problems)
