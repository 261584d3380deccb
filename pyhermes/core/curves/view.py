"""Everything that a picture of a training needs, computed at once: drawing it only makes artists.

What a picture shows depends on its size: up to 200,000 scores are dots, and more are counted for each of
its pixels; lines through more values than that are thinned out to what can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, final

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.equality import same_array
from pyhermes.core.arrays.read_only import read_only
from pyhermes.core.curves.downsample import count_points, spread_counts, thin_line
from pyhermes.core.curves.smooth import smoothen
from pyhermes.core.curves.training_curve import BestEpisode, Range, TrainingCurve
from pyhermes.core.typing import FloatArray

Corner: TypeAlias = Literal["upper right", "upper left", "lower right", "lower left"]
"""A corner of the axes, as matplotlib names the places of a legend."""

# from few episodes to many, dots get smaller and fainter
_FEW, _MANY = 200, 20_000
_MOST_DOTS = 200_000
# more than the columns of pixels of any screen: a thinned line looks the same when it is zoomed into a bit
_LINE_COLUMNS = 4096


def _freeze_floats(array: FloatArray) -> FloatArray:
    return read_only(array)


def _freeze_bytes(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return read_only(array)


@final
@attrs.frozen
class Points:
    """Hold the points of a line or of dots: positions on the x axis and values, both of shape `(n,)`.

    Both are float64 and read-only.
    """

    positions: FloatArray = attrs.field(
        converter=_freeze_floats, eq=attrs.cmp_using(eq=same_array), hash=False
    )
    values: FloatArray = attrs.field(converter=_freeze_floats, eq=attrs.cmp_using(eq=same_array), hash=False)

    def __reduce__(self) -> tuple[type[Points], tuple[FloatArray, FloatArray]]:
        return type(self), (self.positions, self.values)


@final
@attrs.frozen
class Raster:
    """Hold very many dots as how strongly each pixel of a picture is coloured.

    `strengths` has shape `(rows, columns)`, row 0 at the bottom, and dtype uint8: 0 where no dot is,
    255 where the most are; it is read-only. `extent` is what the picture covers, in episodes and in
    scores: left, right, bottom, top.
    """

    strengths: NDArray[np.uint8] = attrs.field(
        converter=_freeze_bytes, eq=attrs.cmp_using(eq=same_array), hash=False
    )
    extent: tuple[float, float, float, float]

    def __reduce__(self) -> tuple[type[Raster], tuple[NDArray[np.uint8], tuple[float, float, float, float]]]:
        return type(self), (self.strengths, self.extent)

    def paint(self, color: tuple[float, float, float]) -> NDArray[np.uint8]:
        """Return the picture in one colour, shape `(rows, columns, 4)`: red, green, blue, opacity.

        The three parts of `color` are between 0 and 1.

        >>> Raster(np.array([[0, 255]], np.uint8), (0.0, 1.0, 0.0, 1.0)).paint((1.0, 0.0, 0.0)).tolist()
        [[[255, 0, 0, 0], [255, 0, 0, 255]]]
        """
        image = np.empty((*self.strengths.shape, 4), np.uint8)
        image[..., :3] = np.rint(255 * np.array(color))
        image[..., 3] = self.strengths
        return image


@final
@attrs.frozen
class CurveView:
    """Hold everything that a picture of a training curve needs.

    Dots have a diameter of `dot_size` points (of 1/72 inch), and an opacity of `dot_alpha`, between 0
    and 1. `best` is None also where it lies outside of the picture. The ranges are those of the axes,
    gap included. A legend hides least in `legend_corner`.
    """

    scores: Points | Raster
    dot_size: float
    dot_alpha: float
    means: Points
    window_length: int
    episode_range: Range
    score_range: Range
    best: BestEpisode | None
    legend_corner: Corner
    epsilons: Points | None
    epsilon_range: Range | None


def curve_view(curve: TrainingCurve, *, width: int, height: int, dpi: float) -> CurveView:
    """Compute what a picture of a curve shows on `width` times `height` pixels, `dpi` of them an inch.

    >>> from pyhermes.core import training_curve
    >>> view = curve_view(training_curve([1.0, 2.0, 4.0], window_length=2), width=400, height=300, dpi=100)
    >>> view.means.values, view.legend_corner
    (array([1. , 1.5, 3. ]), 'upper left')
    """
    n = len(curve.scores)
    dot_size, dot_alpha = _choose_dots(n)
    radius = dot_size / 2 * dpi / 72
    return CurveView(
        scores=_count_dots(curve, (height, width), radius=radius, weakest=dot_alpha)
        if n > _MOST_DOTS
        else _make_points(curve.scores),
        dot_size=dot_size,
        dot_alpha=dot_alpha,
        means=_make_points(curve.means),
        window_length=curve.window_length,
        episode_range=(-0.5 - 0.01 * n, max(n - 0.5, 0.5) + 0.01 * n),
        score_range=curve.score_range,
        best=_find_visible_best(curve),
        legend_corner=find_emptiest_corner(curve),
        epsilons=None if curve.epsilons is None else _make_points(curve.epsilons),
        epsilon_range=curve.epsilon_range,
    )


@final
@attrs.frozen
class SeriesView:
    """Hold what a picture of one series needs: its values, and their sliding means where it has some.

    A point without a neighbour shows in no line: `has_lone_values` and `has_lone_means` say that there
    are such points.
    """

    values: Points
    means: Points | None
    window_length: int
    has_lone_values: bool
    has_lone_means: bool


def series_view(values: FloatArray, window_length: int) -> SeriesView:
    """Compute what a picture of a series of shape `(n,)` shows; a window of 1 gives no means.

    Raises `CurveError`, a `ValueError`, for a window below 1.

    >>> view = series_view(np.array([1.0, np.nan, 3.0]), 2)
    >>> view.has_lone_values, view.means is None
    (True, False)
    """
    means, _ = smoothen(values, window_length)
    return SeriesView(
        values=_make_points(values, thin=False),
        means=_make_points(means, thin=False) if window_length > 1 else None,
        window_length=window_length,
        has_lone_values=_has_lone_point(values),
        has_lone_means=_has_lone_point(means),
    )


def find_emptiest_corner(curve: TrainingCurve) -> Corner:
    """Return the corner of the axes with the fewest points in it.

    >>> from pyhermes.core import training_curve
    >>> find_emptiest_corner(training_curve([1.0, 2.0, 3.0]))
    'upper left'
    """
    counts = [_count_in_corners(values, curve.score_range) for values in (curve.scores, curve.means)]
    if curve.epsilons is not None and curve.epsilon_range is not None:
        counts.append(_count_in_corners(curve.epsilons, curve.epsilon_range))
    # of equal ones the first, in the order of _count_in_corners
    return min(counts[0], key=lambda corner: sum(count[corner] for count in counts))


def _make_points(values: FloatArray, *, thin: bool = True) -> Points:
    """Return all values as points, or of very many those that a line through them needs."""
    if thin and len(values) > _MOST_DOTS:
        return Points(*thin_line(values, _LINE_COLUMNS))
    return Points(np.arange(len(values), dtype=np.float64), values)


def _choose_dots(n: int) -> tuple[float, float]:
    """Return the size and the opacity of dots: the more there are, the smaller and the fainter."""
    crowd = min(max(np.log(max(n, 1) / _FEW) / np.log(_MANY / _FEW), 0.0), 1.0)
    return float(6 - 3.4 * crowd), float(0.7 - 0.3 * crowd)


def _count_dots(curve: TrainingCurve, shape: tuple[int, int], *, radius: float, weakest: float) -> Raster:
    """Count the dots in each pixel: a single one is as strong as a dot, many are stronger."""
    rows, columns = shape
    counts = spread_counts(count_points(curve.scores, curve.score_range, columns, rows), radius)
    # logarithms: a tenth of the densest pixel shows, and a lone dot too
    strengths = np.log(np.maximum(counts, 1))
    strengths *= (1 - weakest) / max(strengths.max(), 1.0)
    strengths += weakest
    extent = (-0.5, len(curve.scores) - 0.5, *curve.score_range)
    return Raster((np.rint(255 * strengths) * (counts > 0)).astype(np.uint8), extent)


def _find_visible_best(curve: TrainingCurve) -> BestEpisode | None:
    low, high = curve.score_range
    return curve.best if curve.best is not None and low <= curve.best.score <= high else None


def _count_in_corners(values: FloatArray, span: Range) -> Mapping[Corner, int]:
    """Count the values in each corner: half of the x axis times a third, roughly, of the y axis."""
    n = len(values)
    upper_left, lower_left = _count_near_the_ends(values[: max(n // 2, 1)], span)
    upper_right, lower_right = _count_near_the_ends(values[(n + 1) // 2 :], span)
    return {
        "upper right": upper_right,
        "upper left": upper_left,
        "lower right": lower_right,
        "lower left": lower_left,
    }


def _count_near_the_ends(values: FloatArray, span: Range) -> tuple[int, int]:
    """Count the values in the upper and in the lower part of an axis."""
    low, high = span
    with np.errstate(invalid="ignore"):
        # sums of parts, since high - low can be more than a float holds
        above, below = values > 0.3 * low + 0.7 * high, values < 0.7 * low + 0.3 * high
    return int(np.count_nonzero(above)), int(np.count_nonzero(below))


def _has_lone_point(values: FloatArray) -> bool:
    finite = np.isfinite(np.concatenate([[np.nan], values, [np.nan]]))
    return bool((finite[1:-1] & ~finite[:-2] & ~finite[2:]).any())
