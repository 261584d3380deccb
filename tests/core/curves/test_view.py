from __future__ import annotations

import copy
import pickle

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes.core import BestEpisode, CurveError, TrainingCurve, smoothen, training_curve
from pyhermes.core.curves.downsample import count_points, spread_counts, thin_line
from pyhermes.core.curves.view import (
    CurveView,
    Points,
    Raster,
    curve_view,
    find_emptiest_corner,
    series_view,
)

NAN, INF = float("nan"), float("inf")
RISING = np.arange(10.0)


def view_of(curve: TrainingCurve) -> CurveView:
    return curve_view(curve, width=40, height=30, dpi=100)


def many(count: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).normal(100.0, 5.0, count)


# What a picture needs


def test_a_view_has_all_points_of_a_short_curve_and_the_ranges_of_the_axes() -> None:
    curve = training_curve([1, 5, 3], epsilons=[1, 0.5, 0.25], window_length=2)
    every = np.arange(3.0)
    assert view_of(curve) == CurveView(
        scores=Points(every, curve.scores),
        dot_size=6.0,
        dot_alpha=0.7,
        means=Points(every, curve.means),
        window_length=2,
        episode_range=(-0.53, 2.53),
        score_range=curve.score_range,
        best=BestEpisode(1, 5.0),
        legend_corner=find_emptiest_corner(curve),
        epsilons=Points(every, np.array([1, 0.5, 0.25])),
        epsilon_range=curve.epsilon_range,
    )


def test_a_view_without_episodes_or_epsilons() -> None:
    view = view_of(training_curve([]))
    assert view.scores == view.means == Points(np.empty(0), np.empty(0))
    assert (view.epsilons, view.epsilon_range, view.best) == (None, None, None)
    assert view.episode_range == (-0.5, 0.5)


@pytest.mark.parametrize(
    ("count", "size", "alpha"), [(0, 6.0, 0.7), (200, 6.0, 0.7), (2000, 4.3, 0.55), (20_000, 2.6, 0.4)]
)
def test_the_more_dots_the_smaller_and_the_fainter(count: int, size: float, alpha: float) -> None:
    view = view_of(training_curve(np.zeros(count)))
    assert (view.dot_size, view.dot_alpha) == pytest.approx((size, alpha))


def test_very_many_dots_are_neither_smaller_nor_fainter_than_many() -> None:
    views = [view_of(training_curve(np.zeros(count))) for count in (20_000, 100_000)]
    assert views[0].dot_size == views[1].dot_size
    assert views[0].dot_alpha == views[1].dot_alpha


@pytest.mark.parametrize(
    ("score_range", "best"),
    [((0, 5), BestEpisode(1, 5.0)), ((5, 9), BestEpisode(1, 5.0)), ((0, 4), None), ((6, 9), None)],
)
def test_the_best_episode_is_there_where_the_picture_shows_it(
    score_range: tuple[float, float], best: BestEpisode | None
) -> None:
    curve = training_curve([1, 5, 3], score_range=score_range, axis_gap=0)
    assert curve.best == BestEpisode(1, 5.0)
    assert view_of(curve).best == best


# Very many episodes


def test_up_to_a_number_there_are_all_points_and_then_a_raster_and_thin_lines() -> None:
    few = view_of(training_curve(many(200_000), epsilons=many(200_000)))
    assert isinstance(few.scores, Points)
    assert few.epsilons is not None
    assert {len(points.values) for points in (few.scores, few.means, few.epsilons)} == {200_000}
    curve = training_curve(many(200_001), epsilons=many(200_001))
    view = view_of(curve)
    assert isinstance(view.scores, Raster)
    assert curve.epsilons is not None
    assert view.means == Points(*thin_line(curve.means, 4096))
    assert view.epsilons == Points(*thin_line(curve.epsilons, 4096))


def test_a_raster_covers_the_axes_and_shows_where_dots_are() -> None:
    curve = training_curve(many(300_000))
    view = view_of(curve)
    assert isinstance(view.scores, Raster)
    assert view.scores.extent == (-0.5, 299_999.5, *curve.score_range)
    strengths = view.scores.strengths
    assert strengths.shape == (30, 40)
    assert strengths.dtype == np.uint8
    counts = spread_counts(
        count_points(curve.scores, curve.score_range, 40, 30), view.dot_size / 2 * 100 / 72
    )
    np.testing.assert_array_equal(strengths > 0, counts > 0)
    assert strengths.max() == 255
    assert strengths[counts == 1].tolist() == [round(255 * view.dot_alpha)] * int((counts == 1).sum())
    order = np.argsort(counts.reshape(-1))
    assert (np.diff(strengths.reshape(-1)[order].astype(int)) >= 0).all()


def test_on_a_screen_with_more_dots_an_inch_a_dot_covers_more_pixels() -> None:
    scores = np.full(200_001, NAN)
    scores[100_000] = 0.5
    curve = training_curve(scores, score_range=(0, 1), axis_gap=0)
    around = np.arange(-9, 10)
    for dpi in (50, 200):
        raster = curve_view(curve, width=99, height=99, dpi=dpi).scores
        assert isinstance(raster, Raster)
        radius = 2.6 / 2 * dpi / 72
        covered = int((around**2 + around[:, None] ** 2 <= radius**2).sum())
        assert raster.strengths[raster.strengths > 0].tolist() == [102] * covered


# A series


def test_a_series_is_shown_with_its_means() -> None:
    values = np.array([1.0, 3.0, 5.0])
    view = series_view(values, 2)
    assert view.values == Points(np.arange(3.0), values)
    assert view.means == Points(np.arange(3.0), smoothen(values, 2)[0])
    assert view.window_length == 2
    assert (view.has_lone_values, view.has_lone_means) == (False, False)


def test_a_window_of_one_value_has_no_means_and_one_below_is_refused() -> None:
    assert series_view(RISING, 1).means is None
    with pytest.raises(CurveError, match="expected a window of at least 1"):
        series_view(RISING, 0)


@pytest.mark.parametrize(
    ("values", "is_lone"),
    [
        ([], False),
        ([1], True),
        ([1, 2], False),
        ([1, NAN, 2, 3], True),
        ([1, 2, INF, 3], True),
        ([1, 2, NAN, 3, 4], False),
        ([NAN, NAN], False),
    ],
)
def test_a_point_without_a_neighbour_shows_in_no_line(values: list[float], is_lone: bool) -> None:
    assert series_view(np.array(values, np.float64), 1).has_lone_values == is_lone


def test_means_have_lone_points_of_their_own() -> None:
    view = series_view(np.array([1.0, 2.0, NAN, 3.0, 4.0]), 2)
    assert (view.has_lone_values, view.has_lone_means) == (False, True)
    view = series_view(np.array([1.0, 2.0, NAN, 3.0]), 2)
    assert (view.has_lone_values, view.has_lone_means) == (True, False)


# The records


def test_views_are_equal_by_what_they_show() -> None:
    curve = training_curve([1, NAN, 3], epsilons=[1, 2, 3])
    assert view_of(curve) == view_of(curve)
    assert hash(view_of(curve)) == hash(view_of(curve))
    assert view_of(curve) != view_of(training_curve([1, 2, 3], epsilons=[1, 2, 3]))
    raster = Raster(np.zeros((2, 2), np.uint8), (0.0, 1.0, 0.0, 1.0))
    assert raster == Raster(np.zeros((2, 2), np.uint8), (0.0, 1.0, 0.0, 1.0))
    assert raster != Raster(np.ones((2, 2), np.uint8), (0.0, 1.0, 0.0, 1.0))


@pytest.mark.parametrize("way", ["given", "copied", "pickled"])
def test_arrays_of_views_cannot_be_changed(way: str) -> None:
    positions, values, strengths = np.zeros(2), np.zeros(2), np.zeros((2, 2), np.uint8)
    points, raster = Points(positions, values), Raster(strengths, (0.0, 1.0, 0.0, 1.0))
    positions[0] = values[0] = strengths[0, 0] = 9
    if way == "copied":
        points, raster = copy.deepcopy(points), copy.deepcopy(raster)
    if way == "pickled":
        points, raster = pickle.loads(pickle.dumps(points)), pickle.loads(pickle.dumps(raster))
    for array in (points.positions, points.values, raster.strengths):
        assert not array.any()
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


# Where the legend goes


@pytest.mark.parametrize(
    ("curve", "corner"),
    [
        (training_curve(RISING, window_length=1), "upper left"),
        (training_curve(RISING[::-1], window_length=1), "upper right"),
        (training_curve(RISING, window_length=1, epsilons=RISING[::-1]), "upper left"),
        (training_curve([9, 9, 9, 9, 0], score_range=(0, 10), window_length=1), "lower left"),
        (training_curve([0, 9, 9, 9, 9], score_range=(0, 10), window_length=1), "lower right"),
        (training_curve([9, 0, 5, 0, 9, 9, 9], score_range=(0, 10), window_length=1), "lower right"),
        (training_curve([101] * 9, score_range=(100, 110), window_length=1), "upper right"),
        (training_curve([109] * 9, score_range=(100, 110), window_length=1), "lower right"),
        (training_curve([5, 9, 5], score_range=(0, 10), window_length=1), "upper right"),
        (training_curve([9, 5, 1, 1, 9], score_range=(0, 10), window_length=1), "lower left"),
        (training_curve([]), "upper right"),
        (training_curve([3.0]), "upper right"),
        (training_curve([NAN, INF, -INF, NAN]), "upper right"),
        (training_curve([-1.7e308, 1.7e308, 1e308]), "upper left"),
        (training_curve([1, 2], score_range=(-1.5e308, 1.5e308)), "upper right"),
    ],
)
def test_the_emptiest_corner(curve: TrainingCurve, corner: str) -> None:
    assert find_emptiest_corner(curve) == corner


def test_epsilons_count_as_much_as_scores() -> None:
    falling = training_curve(RISING, window_length=1, epsilons=RISING)
    assert find_emptiest_corner(falling) == "upper left"
    high = training_curve([9] * 10, window_length=1, score_range=(0, 10), epsilons=RISING[::-1])
    assert find_emptiest_corner(high) == "lower left"
    low = training_curve(RISING[::-1], window_length=1, epsilons=np.zeros(10), epsilon_range=(0, 1))
    assert find_emptiest_corner(low) == "upper right"
    assert find_emptiest_corner(attrs.evolve(low, epsilon_range=None)) == "upper right"


@pytest.mark.parametrize(
    "curve",
    [
        training_curve([0.0, 5e-324]),
        training_curve([1, 2], score_range=(0, 5e-324)),
        training_curve([1, 1e300], score_range=(0, 1e-300)),
    ],
)
def test_the_emptiest_corner_of_the_smallest_ranges(curve: TrainingCurve) -> None:
    find_emptiest_corner(curve)
