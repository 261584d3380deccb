"""A frozen column of values of one kind, made of any values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime
from enum import Enum
from itertools import chain, islice
from types import NoneType
from typing import Literal, TypeAlias, TypeGuard, cast, final

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.equality import same_values
from pyhermes.core.arrays.kinds import is_list
from pyhermes.core.arrays.read_only import read_only
from pyhermes.core.arrays.stack import to_array, to_number
from pyhermes.core.errors import TableError, UnknownChoiceError
from pyhermes.core.messages import shown
from pyhermes.core.public import public

ColumnKind: TypeAlias = Literal["text", "integer", "float", "boolean", "time", "list"]
"""The kind that all values of a column have."""

CellScalar: TypeAlias = bool | int | float | str | datetime

CellValue: TypeAlias = CellScalar | tuple[CellScalar | None, ...] | None
"""One cell; None where there is nothing. Times are naive."""

ColumnValues: TypeAlias = tuple[CellValue, ...] | NDArray[np.int64 | np.float64]

_TYPES: Mapping[ColumnKind, type[object]] = {
    "text": str,
    "boolean": bool,
    "integer": int,
    "float": float,
    "time": datetime,
    "list": tuple,
}
_ELEMENT_KINDS: tuple[ColumnKind, ...] = ("text", "boolean", "integer", "float")
_DTYPES: Mapping[str, str] = {"integer": "int64", "float": "float64"}


def _freeze_values(values: Iterable[CellValue] | NDArray[np.int64 | np.float64]) -> ColumnValues:
    if isinstance(values, np.ndarray):
        return read_only(cast("NDArray[np.int64 | np.float64]", values))
    return tuple(values)


def _check_kind(_column: Column, _attribute: object, kind: str) -> None:
    if kind not in _TYPES:
        raise UnknownChoiceError(f"expected a kind of column ({', '.join(_TYPES)}), got {shown(kind)}")


def _check_values(column: Column, _attribute: object, values: ColumnValues) -> None:
    if isinstance(values, np.ndarray):
        is_valid = values.ndim == 1 and str(values.dtype) == _DTYPES.get(column.kind)
    else:
        is_valid = _is_kind(values, column.kind)
    if not is_valid:
        raise TableError(f"expected values for a column of kind {column.kind!r}, got {shown(values)}")


@final
@public("pyhermes.core")
@attrs.frozen
class Column:
    """Hold values of one kind, None where there is nothing.

    An integer fits 64 bits, a time has no zone, a list is a tuple whose elements are all of one
    kind. Numbers without gaps can be an array of shape `(n,)` and dtype int64 or float64, which is
    held read-only. Raises `TableError`, a `ValueError`, for values of another kind.

    >>> Column("integer", (1, None)).values
    (1, None)
    """

    kind: ColumnKind = attrs.field(validator=_check_kind)
    values: ColumnValues = attrs.field(
        converter=_freeze_values, validator=_check_values, eq=attrs.cmp_using(eq=same_values), hash=False
    )

    def __reduce__(self) -> tuple[type[Column], tuple[ColumnKind, ColumnValues]]:
        return type(self), (self.kind, self.values)


def column_of(values: Iterable[object]) -> Column:
    """Make a column of the narrowest kind that holds every value exactly.

    An Enum counts as its value where that is a number or text, else as its name. Scalars and arrays
    of numpy and torch become Python's own, and sets become sorted lists. Integers beside floats
    become floats where that changes none of them. Values of several kinds, or of no kind that a
    column can have, become text as on a command line.

    >>> column_of([1, None, 0.5])
    Column(kind='float', values=(1.0, None, 0.5))
    >>> column_of([[32, 32], 0.1, True]).values
    ('32 32', '0.1', 'True')
    """
    cells = _unify_cells(tuple(map(_make_cell, values)))
    # the order of _TYPES decides only for a column without any value, which is text
    kind: ColumnKind | None = next((kind for kind in _TYPES if _is_kind(cells, kind)), None)
    return Column("text", _write_words(cells)) if kind is None else Column(kind, cells)


def find_element_kind(cells: Iterable[CellValue]) -> ColumnKind | None:
    """Return the one kind that the elements of all lists have; None where they have several.

    >>> find_element_kind([(1, 2), None, (3,)])
    'integer'
    """
    elements = tuple(_iterate_elements(cells))
    return next((kind for kind in _ELEMENT_KINDS if _is_kind(elements, kind)), None)


def _make_cell(value: object) -> CellValue:
    array = to_array(value)
    # other dtypes, such as times, are left as they are: their tolist() gives integers
    if array is not None and array.ndim and array.dtype.kind in "biufU":
        value = array.tolist()
    if _is_set(value):
        value = sorted(value, key=_write_word)  # sets have no order that would be the same tomorrow
    return tuple(map(_make_scalar, value)) if is_list(value) else _make_scalar(value)


def _make_scalar(value: object) -> CellScalar | None:
    if isinstance(value, Enum):
        return _make_scalar(value.value if isinstance(value.value, str | int | float) else value.name)
    number = to_number(value)
    if value is None or number is not None:
        return number
    time = _read_time(value)
    # a subclass, such as a Timestamp of pandas, may hold more than a datetime, and NaT is none
    return time if time is None or type(time) is datetime else _write_word(value)


def _read_time(value: object) -> object:
    """Return numpy's time as Python's (None for NaT), and anything else as it is."""
    is_time = isinstance(value, np.datetime64)
    return cast("np.datetime64", value).astype("M8[us]").item() if is_time else value


def _write_word(value: object) -> str:
    """Write a value as it would stand on a command line."""
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return " ".join(map(str, value)) if is_list(value) else str.__str__(str(value))
    except Exception:  # noqa: BLE001 - whatever a stranger's __str__ raises, and integers too long for str
        return shown(value)


def _write_words(cells: Iterable[CellValue]) -> tuple[str | None, ...]:
    return tuple(None if cell is None else _write_word(cell) for cell in cells)


def _unify_cells(cells: tuple[CellValue, ...]) -> tuple[CellValue, ...]:
    """Turn integers beside floats into floats, and all elements of lists into one kind."""
    types = set(map(type, cells)) - {NoneType}
    if types == {int, float} and all(map(_is_exact_as_float, cells)):
        return tuple(float(cell) if isinstance(cell, int) else cell for cell in cells)
    return _unify_lists(cells) if types == {tuple} else cells


def _unify_lists(cells: tuple[CellValue, ...]) -> tuple[CellValue, ...]:
    """Make the elements of all lists one column, and cut that into the lists again."""
    inside = column_of(_iterate_elements(cells))
    elements = iter(inside.values if inside.kind in _ELEMENT_KINDS else _write_words(inside.values))
    return tuple(tuple(islice(elements, len(cell))) if isinstance(cell, tuple) else None for cell in cells)


def _iterate_elements(cells: Iterable[CellValue]) -> Iterator[CellScalar | None]:
    return chain.from_iterable(cell for cell in cells if isinstance(cell, tuple))


def _is_kind(cells: Iterable[CellValue], kind: ColumnKind) -> bool:
    """Return whether all cells are of a kind, or missing."""
    values = [cell for cell in cells if cell is not None]
    # exact types: a bool is an int to isinstance
    if set(map(type, values)) - {_TYPES[kind]}:
        return False
    if kind == "integer":
        return all(map(_is_int64, values))
    if kind == "time":
        return all(isinstance(cell, datetime) and cell.tzinfo is None for cell in values)
    return kind != "list" or find_element_kind(values) is not None


def _is_exact_as_float(cell: CellValue) -> bool:
    return not isinstance(cell, int) or (_is_int64(cell) and float(cell) == cell)


def _is_int64(number: object) -> bool:
    return isinstance(number, int) and -(2**63) <= number < 2**63


def _is_set(value: object) -> TypeGuard[Set[object]]:
    return isinstance(value, set | frozenset)
