"""`*.result`: the bytes of a file to a frozen record, and back.

Reading needs no torch and runs nothing from the file (see `pyhermes.core.torch_file`). A result is
written by `torch.save` as a plain dict with every series as one tensor, so that `torch.load` reads it
anywhere with its safe default.
"""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Union, cast, final

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.equality import same_values
from pyhermes.core.arrays.freeze import freeze, is_plain_list, thaw
from pyhermes.core.errors import NoSuchKeyError, ResultError
from pyhermes.core.messages import shown
from pyhermes.core.public import public
from pyhermes.core.typing import FloatArray, FrozenValue, PlainKey, ResultValue

if TYPE_CHECKING:
    import torch

    from pyhermes.core.torch_file.archive import OpenFile

T = TypeVar("T")

# `torch.load` reads integers of at most 255 bytes, with their sign: wider ones are refused when saved.
_WIDEST_INTEGER = 2000

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
@public("pyhermes.core")
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
        """Return every key with its value."""
        return MappingProxyType(self._values)

    def series(self, key: str) -> FloatArray:
        """Return the numbers under a key as float64, of any shape.

        Raises `NoSuchKeyError`, a `KeyError`, for a key that is not there, and `ResultError`, a
        `ValueError`, for anything but real numbers.

        >>> ResultRecord({"solved": [True, False]}).series("solved")
        array([1., 0.])
        """
        return series_of(self._values, key)

    def __reduce__(self) -> tuple[type[ResultRecord], tuple[dict[str, ResultValue]]]:
        return type(self), (thaw(self._values),)


def series_of(values: Mapping[str, ResultValue] | Mapping[str, FrozenValue], key: str) -> FloatArray:
    """Return the numbers under a key as float64, whatever holds them; see `ResultRecord.series`.

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
    """Return the series of scalars in a result as float64, each of shape `(n,)`.

    A single number is a series of one.

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
    """Read a result from a binary file, otherwise as `decode_result`."""
    return _read(file, ResultRecord)


def read_values(file: OpenFile) -> dict[str, ResultValue]:
    """Read the values of a result, fresh and changeable, and copy no array; otherwise as `read_result`."""
    return _read(file, lambda values: thaw(freeze(values, copy=False), copy=False))


def _read(file: OpenFile, make: Callable[[Mapping[str, ResultValue]], T]) -> T:
    from pyhermes.core.torch_file.errors import UnsafeFileError
    from pyhermes.core.torch_file.reader import read_torch_file

    try:
        read = read_torch_file(file)
        return make(cast("Mapping[str, ResultValue]", read))  # which `freeze` makes sure of
    except UnsafeFileError as error:
        raise ResultError(f"expected a result, got a file that cannot be read as one: {error}") from error
    except ResultError:
        raise
    except Exception as error:  # elements of arrays are decoded late, and may be forged
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
    torch.save({key: _encode_entry(key, value) for key, value in values.items()}, buffer)
    return buffer.getvalue()


class _EmptyBytes:
    """Empty bytes that are pickled as other bytes are: `torch.load` refuses how Python pickles them."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return codecs.encode, ("", "latin1")


def _encode_entry(key: str, value: FrozenValue) -> _Storable:
    try:
        encoded = _encode(value, {})
    except (TypeError, OverflowError):
        raise ResultError(
            f"expected arrays that a tensor can hold, and integers of at most {_WIDEST_INTEGER} bits, "
            f"under the key {key!r}, got {shown(value)}"
        ) from None
    # a tuple in the file says that it is no series when it is read again
    return tuple(encoded) if isinstance(encoded, list) and is_plain_list(value, key) else encoded


def _encode(value: FrozenValue, done: dict[int, _Storable]) -> _Storable:
    if isinstance(value, int) and value.bit_length() > _WIDEST_INTEGER:
        raise OverflowError
    if not isinstance(value, tuple | Mapping | np.ndarray):
        return _EmptyBytes() if value == b"" else value
    if id(value) not in done:  # what stands in several places is written once
        done[id(value)] = _encode_once(value, done)
    return done[id(value)]


def _encode_once(
    value: NDArray[np.generic] | tuple[FrozenValue, ...] | Mapping[PlainKey, FrozenValue],
    done: dict[int, _Storable],
) -> _Storable:
    if isinstance(value, np.ndarray):
        return _to_tensor(value)
    if isinstance(value, tuple):
        return [_encode(item, done) for item in value]
    return {_encode_key(key): _encode(item, done) for key, item in value.items()}


def _to_tensor(array: NDArray[np.generic]) -> torch.Tensor:
    import torch

    # torch warns of arrays that cannot be written to, and refuses two of one memory and two dtypes
    flags = array.flags
    alone = flags.owndata and flags.writeable and flags.c_contiguous
    return torch.as_tensor(array if alone else array.copy())


def _encode_key(key: PlainKey) -> object:
    if isinstance(key, tuple):
        return tuple(map(_encode_key, key))
    return _EmptyBytes() if key == b"" else key
