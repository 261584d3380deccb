"""The series of a result while it is recorded: scalars and arrays added at the end, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeGuard, cast

import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays.kinds import is_list
from pyhermes.core.arrays.stack import NUMBERS, stack, to_array, to_number
from pyhermes.core.errors import ResultError, WrongTypeError
from pyhermes.core.messages import shown
from pyhermes.core.typing import ResultValue, ScalarLike

if TYPE_CHECKING:
    import torch


def namespace_values(namespace: object) -> dict[str, ResultValue]:
    """Return the attributes of a namespace, such as `argparse.Namespace`, by name.

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
    """Return the series `current` (None for a new one) with a scalar, or several, added at its end.

    A list is extended in place, an array becomes a list first. Raises `TypeError` for anything but
    numbers, with nothing added, and `ResultError`, a `ValueError`, where `current` is no series of
    scalars.

    >>> add_scalars([1.0], [2, 3], "loss")
    [1.0, 2, 3]
    """
    # the way of training loops, kept short; the lines below check everything
    if type(value) in NUMBERS and isinstance(current, list) and current and type(current[-1]) in NUMBERS:
        current.append(cast("float", value))
        return current
    number = to_number(value)
    numbers = _to_numbers(value, key) if number is None else [number]
    series = _to_list(current, key, of_arrays=False)
    series.extend(numbers)
    return series


def add_array(current: ResultValue, value: ArrayLike | torch.Tensor, key: str) -> list[ResultValue]:
    """Return the series of arrays `current` (None for a new one) with a copy of one more at its end.

    `value` has at least one dimension. Raises `ResultError`, a `ValueError`, for anything else, and
    where `current` is no series of arrays.

    >>> add_array(None, [1.0, 2.0], "q")
    [array([1., 2.])]
    """
    array = stack(value) if is_list(value) else to_array(value)
    # long doubles and their complex pairs ("g", "G") fit into no tensor
    if array is None or not array.ndim or array.dtype.kind not in "biufc" or array.dtype.char in "gG":
        raise ResultError(f"expected an array of numbers under the key {key!r}, got {shown(value)}")
    series = _to_list(current, key, of_arrays=True)
    series.append(array.copy())
    return series


def _to_numbers(values: object, key: str) -> list[ResultValue]:
    array = to_array(values)
    if array is not None and array.ndim == 1 and array.dtype.kind in "biuf":
        return cast("list[ResultValue]", array.tolist())
    if array is not None or not _is_iterable_of_values(values):
        raise _no_number(values, key)
    return [_require_number(value, key) for value in values]


def _is_iterable_of_values(values: object) -> TypeGuard[Iterable[object]]:
    return isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping)


def _require_number(value: object, key: str) -> bool | int | float:
    number = to_number(value)
    if number is None:
        raise _no_number(value, key)
    return number


def _no_number(value: object, key: str) -> WrongTypeError:
    return WrongTypeError(
        f"expected a number, or several in one dimension, for the key {key!r}, got {shown(value)}"
    )


def _to_list(current: ResultValue, key: str, *, of_arrays: bool) -> list[ResultValue]:
    """Return the list that a series is recorded in; of an array, a new one."""
    if current is None:
        return []
    if isinstance(current, list) and (not current or _may_follow(current[-1], of_arrays=of_arrays)):
        return current
    if isinstance(current, np.ndarray):
        if of_arrays and (current.ndim > 1 or not current.size):
            return list(current)
        if not of_arrays and current.ndim == 1 and current.dtype.kind in "biuf":
            return cast("list[ResultValue]", current.tolist())
    kind = "arrays" if of_arrays else "scalars"
    raise ResultError(f"expected a series of {kind} under the key {key!r}, got {shown(current)}")


def _may_follow(last: object, *, of_arrays: bool) -> bool:
    """Return whether an array, or else a scalar, may follow the last entry of a series."""
    if to_number(last) is not None:
        return not of_arrays
    return of_arrays and (to_array(last) is not None or isinstance(last, list | tuple))
