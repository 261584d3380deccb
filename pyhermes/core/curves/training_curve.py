"""The numbers behind a picture of one training."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TypeAlias, final

import attrs
import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.arrays.equality import same_array
from pyhermes.core.arrays.read_only import read_only
from pyhermes.core.arrays.series import as_series
from pyhermes.core.curves.epsilons import make_epsilons, read_coefficients
from pyhermes.core.curves.smooth import smoothen
from pyhermes.core.errors import CurveError
from pyhermes.core.messages import shown
from pyhermes.core.public import public
from pyhermes.core.typing import ArgumentValue, FloatArray

Range: TypeAlias = tuple[float, float]

_LARGEST = 1e300  # no axis of matplotlib can reach the last float


@final
@public("pyhermes.core")
@attrs.frozen
class BestEpisode:
    """Hold the episode with the highest finite score, the first of several; `episode` counts from 0."""

    episode: int
    score: float


def _freeze(array: FloatArray) -> FloatArray:
    return read_only(array)


def _freeze_or_none(array: FloatArray | None) -> FloatArray | None:
    return None if array is None else read_only(array)


@final
@public("pyhermes.core")
@attrs.frozen
class TrainingCurve:
    """Hold the scores of one training, their sliding means, and the ranges of the axes.

    `scores` and `means` (over the last `window_length` episodes) have shape `(episodes,)`,
    `epsilons` the same or is None; all are float64 and read-only. The ranges are those of the y axes,
    gap included.
    """

    scores: FloatArray = attrs.field(converter=_freeze, eq=attrs.cmp_using(eq=same_array), hash=False)
    means: FloatArray = attrs.field(converter=_freeze, eq=attrs.cmp_using(eq=same_array), hash=False)
    window_length: int
    score_range: Range
    best: BestEpisode | None
    epsilons: FloatArray | None = attrs.field(
        default=None,
        converter=_freeze_or_none,
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
    """Compute the numbers behind a picture of one training from scores of shape `(episodes,)`.

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
    schedule = make_epsilons(len(values), (eps_start, eps_end, eps_decay), epsilons)
    return TrainingCurve(
        scores=values,
        means=smoothen(values, window_length)[0],
        window_length=window_length,
        score_range=_make_range(values, score_range, axis_gap),
        best=_find_best(values),
        epsilons=schedule,
        epsilon_range=None if schedule is None else _make_range(schedule, epsilon_range, axis_gap),
    )


def overview_curve(scores: FloatArray, arguments: Mapping[str, ArgumentValue]) -> TrainingCurve:
    """Compute the curve of a run for an overview of several runs, from its scores and arguments.

    The means are over a tenth of the run, at most 250 episodes. The exploration coefficient is there
    where the arguments have all of `-es`, `-ee` and `-ed`. Raises `CurveError`, a `ValueError`, where
    one of them is no number.

    >>> curve = overview_curve(np.arange(50.0), {"-es": 1, "-ee": 0.1})
    >>> curve.window_length, curve.epsilons
    (5, None)
    """
    start, end, decay = read_coefficients(arguments, ("-es", "-ee", "-ed"))
    if start is None or end is None or decay is None:
        start = end = decay = None
    window = min(250, max(1, len(scores) // 10))
    return training_curve(scores, eps_start=start, eps_end=end, eps_decay=decay, window_length=window)


def _find_best(scores: FloatArray) -> BestEpisode | None:
    if not len(scores):
        return None
    episode = int(np.argmax(scores))
    # the second pass is for scores with NaN and infinities alone
    if not np.isfinite(scores[episode]):
        episode = int(np.argmax(np.where(np.isfinite(scores), scores, -np.inf)))
    return BestEpisode(episode, float(scores[episode])) if np.isfinite(scores[episode]) else None


def _make_range(values: FloatArray, given: Range | None, axis_gap: float) -> Range:
    """Return the range of an axis: the one that is given, else that of the values; with a gap around it."""
    return _add_gap(_find_span(values) if given is None else given, axis_gap)


def _find_span(values: FloatArray) -> Range:
    """Return the lowest and highest finite value; half a unit around them where they are the same."""
    ends = np.array([values.min(), values.max()]) if values.size else np.empty(0)
    finite = ends if np.isfinite(ends).all() else values[np.isfinite(values)]
    low, high = np.clip([finite.min(), finite.max()], -_LARGEST, _LARGEST) if finite.size else (0.0, 1.0)
    around = 0.0 if low < high else max(0.5, abs(low) * 0.05)
    return float(max(low - around, -_LARGEST)), float(min(high + around, _LARGEST))


def _add_gap(given: Range, axis_gap: float) -> Range:
    try:
        low, high, gap = (float(value) for value in (*given, axis_gap))
    except (TypeError, ValueError, OverflowError):
        low, high, gap = np.nan, np.nan, np.nan
    if not (-np.inf < low < high < np.inf and 0 <= gap < np.inf):
        raise CurveError(
            f"expected a range (low, high) and a gap of at least 0, got {shown(given)} and {axis_gap!r}"
        )
    # high - low can be more than a float holds
    last = sys.float_info.max
    added = min(min(high - low, last) * gap, _LARGEST)
    return max(low - added, -last), min(high + added, last)
