"""The exploration coefficient of epsilon-greedy agents, one number an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import SupportsFloat, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays.series import as_series
from pyhermes.core.errors import CurveError
from pyhermes.core.messages import shown
from pyhermes.core.typing import ArgumentValue, FloatArray

Coefficients: TypeAlias = tuple[float | None, float | None, float | None]
"""The start, end and decay of a schedule; None where one is not given."""


def epsilon_schedule(start: float, end: float, decay: float, n: int) -> FloatArray:
    """Return the exploration coefficient of `n` episodes: `max(start * decay**i, end)` in episode `i`.

    The result has shape `(n,)` and dtype float64. It is the schedule of exponential decay that
    epsilon-greedy agents are commonly trained with.

    >>> epsilon_schedule(1.0, 0.3, 0.5, 4)
    array([1. , 0.5, 0.3, 0.3])
    """
    with np.errstate(all="ignore"):
        # powers are slow, and most episodes of a long training are at the end already;
        # a quotient that underflows says nothing of how long it falls
        if 0 < decay < 1 and start > 0 and 1e-300 < end / start < 1:
            falling = min(n, int(np.log(end / start) / np.log(decay)) + 2)
        else:
            falling = n
        schedule = np.full(n, end, np.float64)
        schedule[:falling] = np.maximum(start * np.float64(decay) ** np.arange(falling), np.float64(end))
    return schedule


def make_epsilons(n: int, coefficients: Coefficients, epsilons: ArrayLike | None) -> FloatArray | None:
    """Return the epsilons of `n` episodes, shape `(n,)`: from three coefficients, else as they are given.

    Returns None where neither is given; empty `epsilons` are not given. Raises `CurveError`, a
    `ValueError`, for some but not all of the coefficients, and for another number of epsilons.

    >>> make_epsilons(2, (None, None, None), [1, 0.5])
    array([1. , 0.5])
    """
    start, end, decay = coefficients
    if start is not None and end is not None and decay is not None:
        what = "a coefficient of epsilon"
        return epsilon_schedule(_read_float(start, what), _read_float(end, what), _read_float(decay, what), n)
    if any(value is not None for value in coefficients):
        raise CurveError(
            "expected all of eps_start, eps_end and eps_decay or none of them, "
            f"got {start!r}, {end!r} and {decay!r}"
        )
    given = as_series([] if epsilons is None else epsilons, "epsilons")
    if given.size and len(given) != n:
        raise CurveError(f"expected one epsilon for each of {n} scores, got {len(given)}")
    return given if given.size else None


def read_coefficients(
    arguments: Mapping[str, ArgumentValue], keys: Sequence[str]
) -> tuple[float | None, ...]:
    """Return the numbers that a run's arguments have under each of `keys`; None for an absent one.

    Raises `CurveError`, a `ValueError`, where an argument is there and is no number.

    >>> read_coefficients({"-es": 1, "-ee": 0.1}, ["-es", "-ee", "-ed"])
    (1.0, 0.1, None)
    """
    return tuple(_read_argument(arguments.get(key), key) for key in keys)


def choose_coefficients(
    epsilons: ArrayLike | None, coefficients: Coefficients, *, default: Coefficients
) -> Coefficients:
    """Return the coefficients, or none where epsilons are given and the coefficients are the default.

    >>> choose_coefficients([0.5, 0.1], (1, 0.001, 0.999), default=(1, 0.001, 0.999))
    (None, None, None)
    """
    is_given = epsilons is not None and np.size(epsilons) > 0
    return (None, None, None) if is_given and coefficients == default else coefficients


def _read_argument(value: ArgumentValue | None, key: str) -> float | None:
    return None if value is None else _read_float(value, f"the argument {key}")


def _read_float(value: object, what: str) -> float:
    try:
        if _is_number(value):
            return float(value)
    except OverflowError:
        pass  # an integer beyond every float
    raise CurveError(f"expected a number as {what}, got {shown(value)}")


def _is_number(value: object) -> TypeGuard[SupportsFloat]:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
