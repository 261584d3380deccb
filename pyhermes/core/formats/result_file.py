"""`*.result`: the bytes of a file to a frozen record, and back.

Reading needs no torch and runs nothing from the file (see `pyhermes.core.unpickle`). Written is a
plain dict by `torch.save`, every series as one tensor, so that `torch.load` reads it anywhere with
its safe default.
"""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Union, cast, final

import attrs
import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays.freeze import (
    NUMBERS,
    array_of,
    freeze,
    is_plain_list,
    number_of,
    same_values,
    stacked,
    thaw,
)
from pyhermes.core.errors import NoSuchKeyError, ResultError, WrongTypeError
from pyhermes.core.messages import shown
from pyhermes.core.typing import FloatArray, FrozenValue, ResultValue, ScalarLike

if TYPE_CHECKING:
    import torch

    from pyhermes.core.torch_file.archive import OpenFile

T = TypeVar("T")

_WIDEST_INTEGER = 2000  # torch.load reads 255 bytes

_Storable: TypeAlias = Union[
    bool,
    int,
    float,
    str,
    bytes,
    "torch.Tensor",
    "_EmptyBytes",
    "list[_Storable]",
    "tuple[_Storable, ...]",
    "dict[object, _Storable]",
    None,
]


def _freeze_values(values: Mapping[str, ResultValue] | Mapping[str, FrozenValue]) -> dict[str, FrozenValue]:
    return freeze(values)


@final
@attrs.frozen
class ResultRecord:
    """What a run recorded, as it stands at one moment.

    `values` maps each key to its value and cannot be changed, down to the last element: a series is
    a read-only array (scalars of shape `(n,)` and dtype bool, int64 or float64, arrays stacked on
    axis 0), other lists are tuples.

    >>> ResultRecord({"loss": [0.5, 0.25], "note": "diverged"}).values["loss"]
    array([0.5 , 0.25])
    """

    _values: dict[str, FrozenValue] = attrs.field(
        converter=_freeze_values, eq=attrs.cmp_using(eq=same_values), hash=False
    )

    @property
    def values(self) -> Mapping[str, FrozenValue]:
        """Every key with its value."""
        return MappingProxyType(self._values)

    def series(self, key: str) -> FloatArray:
        """The numbers under a key as float64, of any shape.

        Raises `NoSuchKeyError`, a `KeyError`, for a key that is not there, and `ResultError`, a
        `ValueError`, for what is no array of real numbers.

        >>> ResultRecord({"solved": [True, False]}).series("solved")
        array([1., 0.])
        """
        return series_of(self._values, key)

    def __reduce__(self) -> tuple[type[ResultRecord], tuple[dict[str, ResultValue]]]:
        return type(self), (thaw(self._values),)


def series_of(values: Mapping[str, ResultValue] | Mapping[str, FrozenValue], key: str) -> FloatArray:
    """The numbers under a key as float64, whatever holds them; see `ResultRecord.series`.

    >>> series_of({"loss": [0.5, 1]}, "loss")
    array([0.5, 1. ])
    """
    if key not in values:
        raise NoSuchKeyError(f"expected one of the keys {shown(list(values))}, got {key!r}")
    value = freeze({key: values[key]})[key]
    numbers = np.array(value) if _all_numbers(value) else value
    if isinstance(numbers, np.ndarray) and numbers.dtype.kind in "biufO":
        return numbers.astype(np.float64)
    raise ResultError(f"expected real numbers under the key {key!r}, got {shown(value)}")


def scalars_of(record: ResultRecord) -> dict[str, FloatArray]:
    """The series of scalars in a result as float64, each of shape `(n,)`; a single number is one of 1.

    >>> scalars_of(ResultRecord({"loss": [0.5, 0.25], "best": 3, "note": "x"}))
    {'loss': array([0.5 , 0.25]), 'best': array([3.])}
    """
    found: dict[str, FloatArray] = {}
    for key, value in record.values.items():
        if not isinstance(value, np.ndarray) or value.ndim < 2:
            with contextlib.suppress(ResultError, OverflowError):
                found[key] = record.series(key).reshape(-1)
    return found


def _all_numbers(value: FrozenValue) -> bool:
    return all(isinstance(item, int | float) for item in (value if isinstance(value, tuple) else [value]))


def decode_result(data: bytes) -> ResultRecord:
    """Read the bytes of a result file; never runs anything from it.

    Numpy arrays and scalars in it are read too, which `torch.load` refuses by default. Raises
    `ResultError`, a `ValueError`, for bytes that are damaged, that hold anything but numbers, text,
    arrays, lists and dicts, or that would take far more memory than they are.

    >>> decode_result(encode_result(ResultRecord({"n": 3}))).values["n"]
    3
    """
    return read_result(io.BytesIO(data))


def read_result(file: OpenFile) -> ResultRecord:
    """As `decode_result`, from a binary file."""
    return _read(file, ResultRecord)


def read_values(file: OpenFile) -> dict[str, ResultValue]:
    """The values of a result, fresh and changeable; otherwise as `read_result`, without its copies."""
    return _read(file, lambda values: thaw(freeze(values, copy=False), copy=False))


def _read(file: OpenFile, made_of: Callable[[Mapping[str, ResultValue]], T]) -> T:
    from pyhermes.core.torch_file.archive import UnsafeFileError
    from pyhermes.core.torch_file.reader import read_torch_file

    try:
        read = read_torch_file(file)
        return made_of(cast("Mapping[str, ResultValue]", read))  # which `freeze` makes sure of
    except UnsafeFileError as error:
        raise ResultError(f"expected a result, got a file that cannot be read as one: {error}") from error
    except ResultError:
        raise
    except Exception as error:  # forged elements of arrays, such as text beyond Unicode
        raise ResultError(f"expected a result, got a damaged file ({type(error).__name__})") from error


def encode_result(record: ResultRecord | Mapping[str, ResultValue]) -> bytes:
    """Write a record, or what one can be made of, as the bytes of a result file, with `torch.save`.

    Raises `ResultError`, a `ValueError`, naming the key, for arrays that no tensor can hold (times,
    numbers of more than 64 bits).

    >>> import io, torch
    >>> torch.load(io.BytesIO(encode_result(ResultRecord({"loss": [0.5, 0.25]}))))
    {'loss': tensor([0.5000, 0.2500], dtype=torch.float64)}
    """
    import torch

    buffer = io.BytesIO()
    values = record.values if isinstance(record, ResultRecord) else freeze(record, copy=False)
    torch.save({key: _encoded_entry(key, value) for key, value in values.items()}, buffer)
    return buffer.getvalue()


def namespace_values(namespace: object) -> dict[str, ResultValue]:
    """The attributes of a namespace, such as `argparse.Namespace`, by name.

    Raises `WrongTypeError`, a `TypeError`, for an object that has none.

    >>> from types import SimpleNamespace
    >>> namespace_values(SimpleNamespace(lr=0.1))
    {'lr': 0.1}
    """
    try:
        return dict(vars(namespace))
    except TypeError:
        raise WrongTypeError(f"expected a namespace with attributes, got {shown(namespace)}") from None


def add_scalars(
    current: ResultValue, value: ScalarLike | Iterable[ScalarLike], key: str
) -> list[ResultValue]:
    """The series `current` (None for a new one) with a scalar, or all of several, at its end.

    A list is extended in place, an array becomes a list first. Raises `TypeError` for what is no
    number, with nothing added, and `ResultError`, a `ValueError`, where `current` is no series of
    scalars.

    >>> add_scalars([1.0], [2, 3], "loss")
    [1.0, 2, 3]
    """
    if type(value) in NUMBERS and type(current) is list and current and type(current[-1]) in NUMBERS:
        current.append(value)  # in a training loop: every other check is made above
        return current
    number = number_of(value)
    numbers = _numbers(value, key) if number is None else [number]
    series = _as_list(current, key, of_arrays=False)
    series.extend(numbers)
    return series


def add_array(current: ResultValue, value: ArrayLike | torch.Tensor, key: str) -> list[ResultValue]:
    """The series of arrays `current` (None for a new one) with a copy of one more at its end.

    Raises `ResultError`, a `ValueError`, for what is no array of at least one dimension, and where
    `current` is no series of arrays.

    >>> add_array(None, [1.0, 2.0], "q")
    [array([1., 2.])]
    """
    array = stacked(value) if isinstance(value, list | tuple) else array_of(value)
    if array is None or not array.ndim or array.dtype.kind not in "biufc" or array.dtype.char in "gG":
        raise ResultError(f"expected an array of numbers under the key {key!r}, got {shown(value)}")
    series = _as_list(current, key, of_arrays=True)
    series.append(array.copy())
    return series


class _EmptyBytes:
    """Written as bytes in an encoding, as other bytes are: `torch.load` refuses empty ones else."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return codecs.encode, ("", "latin1")


def _encoded_entry(key: str, value: FrozenValue) -> _Storable:
    try:
        encoded = _encoded(value, {})
    except (TypeError, OverflowError):
        raise ResultError(
            f"expected arrays that a tensor can hold, and integers of at most {_WIDEST_INTEGER} bits, "
            f"under the key {key!r}, got {shown(value)}"
        ) from None
    return tuple(encoded) if isinstance(encoded, list) and is_plain_list(value, key) else encoded


def _encoded(value: FrozenValue, done: dict[int, _Storable]) -> _Storable:
    if isinstance(value, int) and value.bit_length() > _WIDEST_INTEGER:
        raise OverflowError
    if not isinstance(value, tuple | Mapping | np.ndarray):
        return _EmptyBytes() if value == b"" else value
    if id(value) not in done:
        done[id(value)] = _encoded_once(value, done)
    return done[id(value)]


def _encoded_once(value: FrozenValue, done: dict[int, _Storable]) -> _Storable:
    if isinstance(value, np.ndarray):
        import torch

        # torch warns of arrays that cannot be written to, and refuses two of one memory and two dtypes
        alone = value.flags.owndata and value.flags.writeable and value.flags.c_contiguous
        return torch.from_numpy(value if alone else value.copy())
    if isinstance(value, tuple):
        return [_encoded(item, done) for item in value]
    assert isinstance(value, Mapping)
    return {_encoded_key(key): _encoded(item, done) for key, item in value.items()}


def _encoded_key(key: object) -> object:
    if isinstance(key, tuple):
        return tuple(map(_encoded_key, key))
    return _EmptyBytes() if key == b"" else key


def _numbers(values: object, key: str) -> list[ResultValue]:
    array = array_of(values)
    if array is not None and array.ndim == 1 and array.dtype.kind in "biuf":
        numbers: list[ResultValue] = array.tolist()
        return numbers
    if array is not None or isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise _no_number(values, key)
    return [_number(value, key) for value in values]


def _number(value: object, key: str) -> bool | int | float:
    number = number_of(value)
    if number is None:
        raise _no_number(value, key)
    return number


def _no_number(value: object, key: str) -> WrongTypeError:
    return WrongTypeError(
        f"expected a number, or several in one dimension, for the key {key!r}, got {shown(value)}"
    )


def _continues(last: object, of_arrays: bool) -> bool:
    """Whether a list that ends in `last` is a series of arrays, or one of scalars."""
    if number_of(last) is not None:
        return not of_arrays
    return of_arrays and (array_of(last) is not None or isinstance(last, list | tuple))


def _as_list(current: ResultValue, key: str, *, of_arrays: bool) -> list[ResultValue]:
    """The list that a series is recorded in: of scalars, or of arrays."""
    if current is None:
        return []
    if isinstance(current, list) and (not current or _continues(current[-1], of_arrays)):
        return current
    if isinstance(current, np.ndarray) and of_arrays and (current.ndim > 1 or not current.size):
        return list(current)
    if (
        isinstance(current, np.ndarray)
        and not of_arrays
        and current.ndim == 1
        and current.dtype.kind in "biuf"
    ):
        series: list[ResultValue] = current.tolist()
        return series
    kind = "arrays" if of_arrays else "scalars"
    raise ResultError(f"expected a series of {kind} under the key {key!r}, got {shown(current)}")
