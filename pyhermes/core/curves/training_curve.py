"""What a training curve shows, as numbers: a plot only has to draw them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, cast, final

import attrs
import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays.equality import same_array
from pyhermes.core.arrays.read_only import read_only
from pyhermes.core.arrays.series import as_series
from pyhermes.core.curves.smooth import smoothen
from pyhermes.core.errors import CurveError
from pyhermes.core.messages import shown
from pyhermes.core.typing import ArgumentValue, FloatArray

Range: TypeAlias = tuple[float, float]
Corner: TypeAlias = Literal["upper right", "upper left", "lower right", "lower left"]

_CORNERS: tuple[Corner, ...] = ("upper right", "upper left", "lower right", "lower left")
_LARGEST = 1e300  # an axis cannot go to the last float


@final
@attrs.frozen
class BestEpisode:
    """The episode with the highest finite score, the first of several; `episode` counts from 0."""

    episode: int
    score: float


def _frozen(array: FloatArray) -> FloatArray:
    return read_only(array)


def _frozen_or_none(array: FloatArray | None) -> FloatArray | None:
    return None if array is None else read_only(array)


@final
@attrs.frozen
class TrainingCurve:
    """The numbers behind a picture of one training.

    `scores` and `means` (over the last `window_length` episodes) have shape `(episodes,)`,
    `epsilons` the same or is None, all float64 and read-only. The ranges are those of the y axes,
    gap included.
    """

    scores: FloatArray = attrs.field(converter=_frozen, eq=attrs.cmp_using(eq=same_array), hash=False)
    means: FloatArray = attrs.field(converter=_frozen, eq=attrs.cmp_using(eq=same_array), hash=False)
    window_length: int
    score_range: Range
    best: BestEpisode | None
    epsilons: FloatArray | None = attrs.field(
        default=None,
        converter=_frozen_or_none,
        eq=attrs.cmp_using(eq=same_array, require_same_type=False),
        hash=False,
    )
    epsilon_range: Range | None = None

    def __reduce__(self) -> tuple[type[TrainingCurve], tuple[object, ...]]:
        return type(self), attrs.astuple(self, recurse=False)


def training_curve(
    scores: ArrayLike,
    *,
    eps_start: float | None = None,
    eps_end: float | None = None,
    eps_decay: float | None = None,
    epsilons: ArrayLike | None = None,
    window_length: int = 250,
    score_range: Range | None = None,
    epsilon_range: Range | None = None,
    axis_gap: float = 0.02,
) -> TrainingCurve:
    """Compute what a training curve shows from scores of shape `(episodes,)`.

    The exploration coefficient comes from `eps_start`, `eps_end` and `eps_decay` (see
    `epsilon_schedule`), else from `epsilons`, one an episode; empty `epsilons` are none. A range
    that is not given spans the finite values; `axis_gap` is the fraction of the span that is added
    on both sides, of given ranges too. Raises `CurveError`, a `ValueError`, for some but not all of
    the three coefficients, for epsilons of another length than the scores, for ranges that are not
    two finite numbers in order, and as `smoothen` does.

    >>> curve = training_curve([0.0, 4.0, 2.0], window_length=2, axis_gap=0.25)
    >>> curve.means, curve.score_range, curve.best
    (array([0., 2., 3.]), (-1.0, 5.0), BestEpisode(episode=1, score=4.0))
    """
    values = as_series(scores, "scores")
    schedule = _epsilons(len(values), eps_start, eps_end, eps_decay, epsilons)
    return TrainingCurve(
        scores=values,
        means=smoothen(values, window_length)[0],
        window_length=window_length,
        score_range=_with_gap(_span(values) if score_range is None else score_range, axis_gap),
        best=_best(values),
        epsilons=schedule,
        epsilon_range=None
        if schedule is None
        else _with_gap(_span(schedule) if epsilon_range is None else epsilon_range, axis_gap),
    )


def epsilon_schedule(start: float, end: float, decay: float, n: int) -> FloatArray:
    """The exploration coefficient of `n` episodes, shape `(n,)`: `max(start * decay**i, end)`.

    >>> epsilon_schedule(1.0, 0.3, 0.5, 4)
    array([1. , 0.5, 0.3, 0.3])
    """
    with np.errstate(all="ignore"):
        # a quotient that underflows says nothing of how long it falls
        if 0 < decay < 1 and start > 0 and 1e-300 < end / start < 1:
            falling = min(n, int(np.log(end / start) / np.log(decay)) + 2)  # from there on it is the end
        else:
            falling = n
        schedule = np.full(n, end, np.float64)
        schedule[:falling] = np.maximum(start * np.float64(decay) ** np.arange(falling), np.float64(end))
    return schedule


def epsilon_arguments(
    arguments: Mapping[str, ArgumentValue], keys: Sequence[str]
) -> tuple[float | None, ...]:
    """The numbers that a run's arguments give under each of `keys`; None for an absent one.

    Raises `CurveError`, a `ValueError`, where an argument is there and is no number.

    >>> epsilon_arguments({"-es": 1, "-ee": 0.1}, ["-es", "-ee", "-ed"])
    (1.0, 0.1, None)
    """
    return tuple(_number(arguments.get(key), key) for key in keys)


def unless_given(
    epsilons: ArrayLike | None,
    coefficients: tuple[float | None, float | None, float | None],
    *,
    default: tuple[float | None, float | None, float | None],
) -> tuple[float | None, float | None, float | None]:
    """The three coefficients of a schedule, or none where epsilons are given and they are not.

    >>> unless_given([0.5, 0.1], (1, 0.001, 0.999), default=(1, 0.001, 0.999))
    (None, None, None)
    """
    given = epsilons is not None and np.size(epsilons) > 0
    return (None, None, None) if given and coefficients == default else coefficients


def _number(value: ArgumentValue | None, key: str) -> float | None:
    return None if value is None else _as_float(value, f"the argument {key}")


def _as_float(value: object, what: str) -> float:
    try:
        if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        pass  # an integer beyond every float
    raise CurveError(f"expected a number as {what}, got {shown(value)}")


def _epsilons(
    n: int,
    start: float | None,
    end: float | None,
    decay: float | None,
    epsilons: ArrayLike | None,
) -> FloatArray | None:
    if start is not None and end is not None and decay is not None:
        first, last, factor = (_as_float(value, "a coefficient of epsilon") for value in (start, end, decay))
        return epsilon_schedule(first, last, factor, n)
    if any(value is not None for value in (start, end, decay)):
        raise CurveError(
            "expected all of eps_start, eps_end and eps_decay or none of them, "
            f"got {start!r}, {end!r} and {decay!r}"
        )
    given = as_series([] if epsilons is None else epsilons, "epsilons")
    if not given.size:
        return None
    if len(given) != n:
        raise CurveError(f"expected one epsilon for each of {n} scores, got {len(given)}")
    return given


def _best(scores: FloatArray) -> BestEpisode | None:
    if not len(scores):
        return None
    episode = int(np.argmax(scores))
    if not np.isfinite(scores[episode]):
        episode = int(np.argmax(np.where(np.isfinite(scores), scores, -np.inf)))
    return BestEpisode(episode, float(scores[episode])) if np.isfinite(scores[episode]) else None


def _span(values: FloatArray) -> Range:
    """Lowest and highest finite value; half a unit around where that is no span."""
    ends = np.array([values.min(), values.max()]) if values.size else np.empty(0)
    finite = ends if np.isfinite(ends).all() else values[np.isfinite(values)]
    low, high = np.clip([finite.min(), finite.max()], -_LARGEST, _LARGEST) if finite.size else (0.0, 1.0)
    around = 0.0 if low < high else max(0.5, abs(low) * 0.05)
    return float(max(low - around, -_LARGEST)), float(min(high + around, _LARGEST))


def _with_gap(given: Range, axis_gap: float) -> Range:
    try:
        low, high, gap = (float(value) for value in (*given, axis_gap))
    except (TypeError, ValueError, OverflowError):
        low, high, gap = np.nan, np.nan, np.nan
    if not (-np.inf < low < high < np.inf and 0 <= gap < np.inf):
        raise CurveError(
            f"expected a range (low, high) and a gap of at least 0, got {shown(given)} and {axis_gap!r}"
        )
    last = sys.float_info.max
    added = min(min(high - low, last) * gap, _LARGEST)
    return max(low - added, -last), min(high + added, last)


def emptiest_corner(curve: TrainingCurve) -> Corner:
    """The corner of the axes with the fewest points in it, named as matplotlib places a legend.

    >>> emptiest_corner(training_curve([1.0, 2.0, 3.0]))
    'upper left'
    """
    drawn = [(curve.scores, curve.score_range), (curve.means, curve.score_range)]
    if curve.epsilons is not None and curve.epsilon_range is not None:
        drawn.append((curve.epsilons, curve.epsilon_range))
    points: dict[Corner, int] = dict.fromkeys(_CORNERS, 0)
    for values, span in drawn:
        n = len(values)
        for side, part in (("left", values[: max(n // 2, 1)]), ("right", values[(n + 1) // 2 :])):
            upper, lower = _near_the_ends(part, span)
            points[cast("Corner", f"upper {side}")] += upper
            points[cast("Corner", f"lower {side}")] += lower
    return min(points, key=points.__getitem__)


def _near_the_ends(values: FloatArray, span: Range) -> tuple[int, int]:
    """How many values are in the upper and in the lower third of an axis, roughly."""
    low, high = span
    with np.errstate(invalid="ignore"):
        above, below = values > 0.3 * low + 0.7 * high, values < 0.7 * low + 0.3 * high
    return int(np.count_nonzero(above)), int(np.count_nonzero(below))
