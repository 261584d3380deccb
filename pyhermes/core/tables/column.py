"""A frozen column of values of one kind, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from itertools import chain, islice
from types import NoneType
from typing import Literal, TypeAlias, final

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.freeze import array_of, number_of, same_values
from pyhermes.core.arrays.series import read_only
from pyhermes.core.errors import TableError, UnknownChoiceError
from pyhermes.core.messages import shown

ColumnKind: TypeAlias = Literal["text", "integer", "float", "boolean", "time", "list"]
"""What all values of a column are."""

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
_INSIDE_LISTS: tuple[ColumnKind, ...] = ("text", "boolean", "integer", "float")


def _frozen_values(values: Iterable[CellValue] | NDArray[np.int64 | np.float64]) -> ColumnValues:
    return read_only(values) if isinstance(values, np.ndarray) else tuple(values)


def _check_kind(_column: Column, _attribute: object, kind: str) -> None:
    if kind not in _TYPES:
        raise UnknownChoiceError(f"expected a kind of column ({', '.join(_TYPES)}), got {shown(kind)}")


def _check_values(column: Column, _attribute: object, values: ColumnValues) -> None:
    if isinstance(values, np.ndarray):
        dtype = {"integer": "int64", "float": "float64"}.get(column.kind)
        good = values.ndim == 1 and str(values.dtype) == dtype
    else:
        good = _holds(column.kind, values)
    if not good:
        raise TableError(f"expected values for a column of kind {column.kind!r}, got {shown(values)}")


@final
@attrs.frozen
class Column:
    """Values of one kind, None where there is nothing.

    An integer fits 64 bits, a time has no zone, a list is a tuple whose elements are all of one
    kind. Numbers without gaps can be an array of int64 or float64, which is held read-only. Raises
    `TableError`, a `ValueError`, for values of another kind.

    >>> Column("integer", (1, None)).values
    (1, None)
    """

    kind: ColumnKind = attrs.field(validator=_check_kind)
    values: ColumnValues = attrs.field(
        converter=_frozen_values, validator=_check_values, eq=attrs.cmp_using(eq=same_values), hash=False
    )

    def __reduce__(self) -> tuple[type[Column], tuple[ColumnKind, ColumnValues]]:
        return type(self), (self.kind, self.values)


def column_of(values: Iterable[object]) -> Column:
    """The column of the narrowest kind that holds every value exactly.

    An Enum counts as its value where that is a number or text, else as its name; what numpy and
    torch have as what Python has; sets as sorted lists. Integers beside floats become floats where
    none changes. What is of several kinds, or of none, becomes text as on a command line.

    >>> column_of([1, None, 0.5])
    Column(kind='float', values=(1.0, None, 0.5))
    >>> column_of([[32, 32], 0.1, True]).values
    ('32 32', '0.1', 'True')
    """
    cells = _together(tuple(map(_cell_of, values)))
    kind: ColumnKind | None = next((kind for kind in _TYPES if _holds(kind, cells)), None)
    return Column("text", _words(cells)) if kind is None else Column(kind, cells)


def _cell_of(value: object) -> CellValue:
    array = array_of(value)
    if array is not None and array.ndim and array.dtype.kind in "biufU":
        value = array.tolist()
    if isinstance(value, set | frozenset):
        value = sorted(value, key=_word)
    return tuple(map(_scalar_of, value)) if isinstance(value, list | tuple) else _scalar_of(value)


def _scalar_of(value: object) -> CellScalar | None:
    if isinstance(value, Enum):
        return _scalar_of(value.value if isinstance(value.value, str | int | float) else value.name)
    number = number_of(value)
    if value is None or number is not None:
        return number
    time: object = value.astype("M8[us]").item() if isinstance(value, np.datetime64) else value
    if time is None or type(time) is datetime:
        return time
    return _word(value)


def _word(value: object) -> str:
    """A value as it would stand on a command line."""
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return " ".join(map(str, value)) if isinstance(value, list | tuple) else str.__str__(str(value))
    except Exception:  # noqa: BLE001 - whatever a stranger's __str__ raises, and integers too long for str
        return shown(value)


def _words(cells: Iterable[CellValue]) -> tuple[str | None, ...]:
    return tuple(None if cell is None else _word(cell) for cell in cells)


def _together(cells: tuple[CellValue, ...]) -> tuple[CellValue, ...]:
    """Integers beside floats as floats, and lists with elements of one kind; others as they are."""
    types = set(map(type, cells)) - {NoneType}
    if types == {int, float} and all(map(_is_a_float, cells)):
        return tuple(float(cell) if isinstance(cell, int) else cell for cell in cells)
    if types != {tuple}:
        return cells
    inside = column_of(_elements(cells))
    elements = iter(inside.values if inside.kind in _INSIDE_LISTS else _words(inside.values))
    return tuple(tuple(islice(elements, len(cell))) if isinstance(cell, tuple) else None for cell in cells)


def _is_a_float(cell: CellValue) -> bool:
    return not isinstance(cell, int) or (_fits_64_bits(cell) and float(cell) == cell)


def _fits_64_bits(number: object) -> bool:
    return isinstance(number, int) and -(2**63) <= number < 2**63


def _elements(cells: Iterable[CellValue]) -> Iterator[CellScalar | None]:
    return chain.from_iterable(cell for cell in cells if isinstance(cell, tuple))


def _holds(kind: ColumnKind, cells: Iterable[CellValue]) -> bool:
    """Whether all cells are of a kind, or missing."""
    there = [cell for cell in cells if cell is not None]
    if set(map(type, there)) - {_TYPES[kind]}:
        return False
    if kind == "integer":
        return all(map(_fits_64_bits, there))
    if kind == "time":
        return all(isinstance(cell, datetime) and cell.tzinfo is None for cell in there)
    return kind != "list" or kind_inside(there) is not None


def kind_inside(cells: Iterable[CellValue]) -> ColumnKind | None:
    """What the elements of all lists are."""
    elements = tuple(_elements(cells))
    return next((kind for kind in _INSIDE_LISTS if _holds(kind, elements)), None)
