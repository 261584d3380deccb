"""A result into the user's own attrs class: arrays by dtype and shape, and plain values, strictly.

Every key that is missing or holds something else becomes a `ResultProblem`, and all of a result's
problems come in one `ResultError`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Literal, TypeAlias, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.stack import stack
from pyhermes.core.errors import FieldError, ResultError, WrongTypeError
from pyhermes.core.formats.result_file import ResultRecord
from pyhermes.core.messages import printable, reason_of, shown
from pyhermes.core.problems import ResultProblem
from pyhermes.core.structure.annotations import (
    array_types,
    kind_of,
    members,
    narrowest_first,
    plain,
    type_text,
)
from pyhermes.core.structure.fields import Field, fields_of
from pyhermes.core.structure.marks import Key, Length, Shape
from pyhermes.core.typing import FrozenValue

T = TypeVar("T")

_READABLE = (bool, int, float, Literal, str, bytes, np.ndarray, type(None))
_KEYS = (bool, int, float, Literal, str, bytes, type(None))
_COLLECTIONS = (tuple, list, Sequence, dict, Mapping)

_OF_KIND: Mapping[object, type[np.generic]] = {
    np.generic: np.float64,
    np.number: np.float64,
    np.inexact: np.float64,
    np.floating: np.float64,
    np.complexfloating: np.complex128,
    np.integer: np.int64,
    np.signedinteger: np.int64,
    np.unsignedinteger: np.uint64,
    np.flexible: np.str_,
    np.character: np.str_,
}
"""What numbers become that are to be of a kind of types, and are of none of them."""

_Array: TypeAlias = NDArray[np.generic]


def structure_result(record: ResultRecord, cls: type[T]) -> T:
    """Read a result into an attrs class.

    A field takes the key of its name, or that of its `Key`. `NDArray[np.float64]` takes an array of
    that dtype; integers satisfy floats, and a narrower dtype of the same kind a wider one. `Shape`
    says how many dimensions there are and which lengths, and a name in it stands for the same
    length in the whole class. Other fields are bool, int, float, str, bytes, None, Literal, Enum,
    lists, tuples and dicts of these, unions, and attrs classes for dicts. Fields without a key take
    their defaults; other keys are passed over.

    Raises one `ResultError`, a `ValueError`, whose `problems` are all that does not fit, and
    `FieldError`, a `TypeError`, for a class that no result could be read into.

    >>> import attrs
    >>> from typing import Annotated
    >>> from pyhermes.core import Key, ResultRecord, Shape
    >>> @attrs.frozen
    ... class Metrics:
    ...     returns: Annotated[NDArray[np.float64], Key("return"), Shape("episodes")]
    ...     solved: Annotated[NDArray[np.bool_], Shape("episodes")]
    >>> record = ResultRecord({"return": [11, 17], "solved": [False, True]})
    >>> structure_result(record, Metrics).returns
    array([11., 17.])
    """
    return cast("T", _structured(record, cls))


def _structured(record: object, cls: type) -> object:
    if not isinstance(record, ResultRecord):
        raise WrongTypeError(f"expected a ResultRecord, such as result.snapshot(), got {shown(record)}")
    fields_of(cls)
    _check_readable(cls, ())
    reading = _Reading()
    instance = reading.fill(cls, record.values, "")
    if reading.problems:
        raise _misfit(cls, tuple(reading.problems))
    return instance


class _Reading:
    """One result while it is read into a class, with what has come to light so far."""

    def __init__(self) -> None:
        self.problems: list[ResultProblem] = []
        self._lengths: dict[str, tuple[int, str]] = {}

    def fill(self, cls: type, values: Mapping[str, FrozenValue], prefix: str) -> object:
        """The instance of a class; None if something is wrong."""
        arguments: dict[str, object] = {}
        for field in fields_of(cls):
            key = _key(field)
            if key in values:
                arguments[field.alias] = self._read(field, prefix + field.name, key, values[key])
            elif not field.has_default:
                self._report(prefix + field.name, key, _expected(field), None)
        if self.problems:
            return None
        try:
            return cls(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever a validator or converter of the user's raises
            self._report(prefix.rstrip("."), "", f"values that {cls.__qualname__} takes", reason_of(error))
            return None

    def _read(self, field: Field, path: str, key: str, value: FrozenValue) -> object:
        if field.nested is not None and isinstance(value, Mapping):
            return self.fill(field.nested, cast("Mapping[str, FrozenValue]", value), f"{path}.")
        try:
            read = _converted(value, field.annotation)
            shapes = [mark for mark in field.marks if isinstance(mark, Shape) and read is not None]
            found = np.shape(cast("_Array", read)) if shapes else ()  # of a ragged list there is none
        except (ValueError, OverflowError):
            self._report(path, key, _expected(field), _described(value))
            return None
        for shape in shapes:
            self._check_shape(path, key, shape, found)
        return read

    def _report(self, path: str, key: str, expected: str, found: str | None) -> None:
        self.problems.append(ResultProblem(path, key, expected, found))

    def _check_shape(self, path: str, key: str, shape: Shape, found: tuple[int, ...]) -> None:
        if len(found) != len(shape.lengths):
            return self._report(path, key, f"shape {_shape_text(shape)}", f"shape {found}")
        for wanted, length in zip(shape.lengths, found, strict=True):
            known, of = self._known(wanted, length, path)
            if known != length:
                expected = f"shape {_shape_text(shape)}{of}"
                return self._report(path, key, expected, f"shape {found}")
        return None

    def _known(self, wanted: Length, length: int, path: str) -> tuple[int, str]:
        """The length that a dimension must have, and where that comes from if it has a name."""
        if isinstance(wanted, int):
            return wanted, ""
        known, first = self._lengths.setdefault(wanted, (length, path))
        return known, f" where {wanted} is {known} in {first}"


@functools.lru_cache(maxsize=256)
def _check_readable(cls: type, above: tuple[type, ...]) -> None:
    if cls in above:
        raise FieldError(f"expected nested classes that end, got {cls.__qualname__} within itself")
    for field in fields_of(cls):
        if any(isinstance(mark, Shape) for mark in field.marks) and not _has_shape(field):
            raise FieldError(
                f"{cls.__qualname__}.{field.name}: expected a Shape for an array or a list, "
                f"got one for {type_text(field.annotation)}"
            )
        if field.nested is not None:
            _check_readable(field.nested, (*above, cls))
        elif not _is_readable(field.annotation):
            raise FieldError(
                f"{cls.__qualname__}.{field.name}: expected a type that a result can hold, "
                f"got {type_text(field.annotation)}"
            )


def _is_readable(annotation: object) -> bool:
    bare, marks = plain(annotation)
    kinds = get_args(bare)
    if marks:
        raise FieldError(f"expected {shown(marks[0])} outside of all other brackets, got it within a type")
    if len(members(bare)) > 1:
        return all(map(_is_readable, members(bare)))
    if kind_of(bare) in (dict, Mapping):
        return len(kinds) == 2 and _is_key(kinds[0]) and all(map(_is_readable, kinds))
    if kind_of(bare) in _COLLECTIONS:
        return bool(kinds or bare == tuple[()]) and all(kind is ... or _is_readable(kind) for kind in kinds)
    return kind_of(bare) in _READABLE


def _is_key(annotation: object) -> bool:
    kind = kind_of(annotation)
    return kind in _KEYS or (
        kind is tuple and all(arg is ... or _is_key(arg) for arg in get_args(annotation))
    )


def _has_shape(field: Field) -> bool:
    kinds = {kind_of(member) for member in members(field.annotation)}
    return field.nested is None and not kinds & {dict, Mapping}


def _key(field: Field) -> str:
    return next((mark.name for mark in field.marks if isinstance(mark, Key)), field.name)


def _expected(field: Field) -> str:
    shapes = [f" of shape {_shape_text(mark)}" for mark in field.marks if isinstance(mark, Shape)]
    return type_text(field.annotation) + "".join(shapes)


def _shape_text(shape: Shape) -> str:
    return f"({', '.join(map(str, shape.lengths))}{',' * (len(shape.lengths) == 1)})"


def _described(value: FrozenValue) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return shown(dict(value) if isinstance(value, Mapping) else value)


def _misfit(cls: type, problems: tuple[ResultProblem, ...]) -> ResultError:
    headline = f"expected values that fit {cls.__qualname__}, got {len(problems)} that do not:"
    return ResultError(printable("\n  ".join([headline, *map(str, problems)])), problems=problems)


def _converted(value: object, annotation: object) -> object:
    """A value as a type; ValueError or OverflowError for what is not of it."""
    bare, _ = plain(annotation)
    if len(members(bare)) > 1:
        return _first(value, narrowest_first(bare))
    if array_types(bare):
        return _as_array(value, array_types(bare))
    kind = kind_of(bare)
    if kind in (dict, Mapping):
        return _as_dict(value, get_args(bare))
    if kind in (tuple, list, Sequence):
        return _as_sequence(value, kind, get_args(bare))
    held = value.tolist() if isinstance(value, np.ndarray) and _is_plain(value) else value
    return _chosen(held, bare) if kind is Literal else _as_plain(held, kind)


def _first(value: object, kinds: Sequence[object]) -> object:
    every_array = tuple(itertools.chain(*map(array_types, kinds)))
    for kind in kinds:
        with contextlib.suppress(ValueError, OverflowError):
            return _as_array(value, every_array) if array_types(kind) else _converted(value, kind)
    raise ValueError


def _is_plain(array: _Array) -> bool:
    return array.dtype.kind not in "mM"  # times, of which Python would make integers


def _as_plain(value: object, kind: object) -> object:
    """A bool, a number, text, bytes or None; an integer is a float, too, and a bool is no number."""
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _chosen(value: object, kind: object) -> object:
    for held, option in _options(kind):
        if type(held) is type(value) and held == value:
            return option
    raise ValueError


def _options(kind: object) -> list[tuple[object, object]]:
    """What a Literal or an Enum may be, each as it stands in a result and as it is read."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [(member.value, member) for member in kind]
    options = get_args(kind)
    return [(option.value if isinstance(option, Enum) else option, option) for option in options]


def _as_dict(value: object, kinds: tuple[object, ...]) -> dict[object, object]:
    if not isinstance(value, Mapping):
        raise ValueError
    key_kind, value_kind = kinds
    return {_converted(key, key_kind): _converted(item, value_kind) for key, item in value.items()}


def _as_sequence(value: object, kind: object, kinds: tuple[object, ...]) -> object:
    if isinstance(value, np.ndarray) and value.ndim and _is_plain(value):
        value = value.tolist() if value.ndim == 1 else list(value)
    if not isinstance(value, tuple | list):
        raise ValueError
    if kind is tuple and kinds[-1:] != (...,):
        return tuple(_converted(*pair) for pair in zip(value, kinds, strict=True))
    items = [_converted(item, kinds[0]) for item in value]
    return items if kind is list else tuple(items)


def _as_array(value: object, kinds: tuple[type[np.generic], ...]) -> _Array:
    """An array of one of some scalar types: as it is, or in a wider one."""
    array = _array(value)
    if any(_is_of(array.dtype, kind) for kind in kinds):
        return array
    for wanted in (np.dtype(_OF_KIND.get(kind, kind)) for kind in kinds):
        if array.size == 0 or _widens(array.dtype, wanted):
            return array.astype(wanted)
    raise ValueError


def _array(value: object) -> _Array:
    """The array that a value is; within a dict, or of integers over 64 bits, it is a tuple."""
    if isinstance(value, np.ndarray):
        return value
    array = stack(value) if isinstance(value, tuple) else None
    if array is not None:
        return array
    if isinstance(value, tuple) and all(type(item) in (int, float) for item in value):
        return np.array(value, np.float64)
    raise ValueError


def _is_of(dtype: np.dtype[np.generic], kind: type[np.generic]) -> bool:
    if dtype.kind == "m" and kind is not np.timedelta64:  # a signed integer to numpy
        return kind is np.generic
    return np.issubdtype(dtype, kind)


def _widens(given: np.dtype[np.generic], wanted: np.dtype[np.generic]) -> bool:
    kinds = given.kind == wanted.kind or (given.kind in "iu" and wanted.kind in "iuf")
    return kinds and np.can_cast(given, wanted, "safe")
