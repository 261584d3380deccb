from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from pyhermes.core import (
    ArgumentValue,
    BestEpisode,
    CurveError,
    TrainingCurve,
    epsilon_schedule,
    load_scores,
    parse_exec_args,
    smoothen,
    training_curve,
)
from pyhermes.core.curves.epsilons import read_coefficients
from pyhermes.core.curves.training_curve import overview_curve
from tests.conftest import DOUBLE, EXAMPLES

NAN, INF = float("nan"), float("inf")
RISING = np.arange(10.0)


def test_the_curve_of_a_real_run() -> None:
    folder = EXAMPLES / "runs" / DOUBLE
    scores = load_scores(folder / f"{folder.name}.scores")
    start, end, decay = read_coefficients(
        parse_exec_args((folder / "exec_arguments").read_text()).values, ["-es", "-ee", "-ed"]
    )
    curve = training_curve(scores, eps_start=start, eps_end=end, eps_decay=decay, window_length=20)
    top = int(scores.argmax())
    gap = 0.02 * (scores.max() - scores.min())
    assert curve == TrainingCurve(
        scores=scores,
        means=smoothen(scores, 20)[0],
        window_length=20,
        score_range=(scores.min() - gap, scores.max() + gap),
        best=BestEpisode(top, float(scores[top])),
        epsilons=np.maximum(0.97 ** np.arange(len(scores)), 0.01),
        epsilon_range=curve.epsilon_range,
    )
    assert curve.epsilons is not None
    low = float(curve.epsilons.min())
    assert curve.epsilon_range == pytest.approx((low - (1 - low) * 0.02, 1 + (1 - low) * 0.02))


def test_means_are_over_the_last_window() -> None:
    assert training_curve([1, 3, 5, 5], window_length=2).means.tolist() == [1.0, 2.0, 4.0, 5.0]
    assert training_curve([1, 3, 5], window_length=100).means.tolist() == [1.0, 2.0, 3.0]
    assert training_curve([1, NAN, 5, 7], window_length=1).means.tolist() == pytest.approx(
        [1.0, NAN, 5.0, 7.0], nan_ok=True
    )


def test_the_defaults_are_those_of_the_documentation() -> None:
    scores = np.arange(300.0)
    curve = training_curve(scores)
    assert curve.window_length == 250
    np.testing.assert_array_equal(curve.means, smoothen(scores, 250)[0])
    assert curve.score_range == pytest.approx((-0.02 * 299, 1.02 * 299))
    assert curve.epsilons is None
    assert curve.epsilon_range is None


@pytest.mark.parametrize(
    ("start", "end", "decay", "schedule"),
    [
        (1.0, 0.3, 0.5, [1.0, 0.5, 0.3, 0.3]),
        (1.0, 0.0, 1.0, [1.0, 1.0, 1.0, 1.0]),
        (1.0, 0.1, 0.0, [1.0, 0.1, 0.1, 0.1]),
        (0.1, 0.5, 0.9, [0.5, 0.5, 0.5, 0.5]),
        (1.0, 0.0, 2.0, [1.0, 2.0, 4.0, 8.0]),
        (1, 0, 1, [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_the_exploration_coefficient_decays_to_its_end(
    start: float, end: float, decay: float, schedule: list[float]
) -> None:
    epsilons = epsilon_schedule(start, end, decay, 4)
    assert epsilons.dtype == np.float64
    assert epsilons.tolist() == schedule
    curve = training_curve([1.0, 2.0, 3.0, 4.0], eps_start=start, eps_end=end, eps_decay=decay)
    assert curve.epsilons is not None
    assert curve.epsilons.tolist() == schedule


def test_coefficients_win_over_given_epsilons() -> None:
    curve = training_curve([1, 2], eps_start=1.0, eps_end=0.0, eps_decay=0.5, epsilons=[0.3, 0.2])
    assert curve.epsilons is not None
    assert curve.epsilons.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("epsilons", [None, [], np.empty(0), ()])
def test_empty_epsilons_are_none(epsilons: ArrayLike | None) -> None:
    curve = training_curve([1, 2], epsilons=epsilons, epsilon_range=(0.0, 1.0))
    assert curve.epsilons is None
    assert curve.epsilon_range is None


def test_given_epsilons_are_drawn_over_their_own_range() -> None:
    curve = training_curve([1, 2, 3], epsilons=[1, 0.5, 0], axis_gap=0.25)
    assert curve.epsilons is not None
    assert curve.epsilons.tolist() == [1.0, 0.5, 0.0]
    assert curve.epsilon_range == (-0.25, 1.25)


def test_given_ranges_get_the_gap_too() -> None:
    curve = training_curve([1, 2], epsilons=[1, 0], score_range=(0, 100), epsilon_range=(0, 2), axis_gap=0.25)
    assert (curve.score_range, curve.epsilon_range) == ((-25.0, 125.0), (-0.5, 2.5))
    assert training_curve([1, 2], score_range=(0, 100), axis_gap=0).score_range == (0.0, 100.0)


@pytest.mark.parametrize(
    ("scores", "span"),
    [
        ([], (0.0, 1.0)),
        ([NAN, INF, -INF], (0.0, 1.0)),
        ([3], (2.5, 3.5)),
        ([3, 3, 3], (2.5, 3.5)),
        ([0, 0], (-0.5, 0.5)),
        ([-100, -100], (-105.0, -95.0)),
        ([1, NAN, 3, INF, -INF], (1.0, 3.0)),
        ([-1e299, 1e299], (-1e299, 1e299)),
        ([-1.7e308, 1.7e308], (-1e300, 1e300)),
    ],
)
def test_a_range_spans_the_finite_scores(scores: list[float], span: tuple[float, float]) -> None:
    assert training_curve(scores, axis_gap=0).score_range == pytest.approx(span)


def test_a_gap_cannot_lead_beyond_what_an_axis_can_show() -> None:
    for gap in (1.0, 1e300):
        low, high = training_curve([-1e308, 1e308], axis_gap=gap).score_range
        assert -INF < low <= -1e300
        assert 1e300 <= high < INF


@pytest.mark.parametrize("scores", [[1.7e308], [-1.7e308], [1.6e308, 1.7e308]])
def test_scores_near_the_last_float_have_a_range(scores: list[float]) -> None:
    low, high = training_curve(scores).score_range
    assert -INF < low < high < INF


def test_a_wide_gap_of_large_scores_is_finite() -> None:
    assert np.isfinite(training_curve([1e308, 1.2e308], axis_gap=10).score_range).all()


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([1, 3, 2, 3], BestEpisode(1, 3.0)),
        ([-3, -1, -2], BestEpisode(1, -1.0)),
        ([7], BestEpisode(0, 7.0)),
        ([NAN, 2, INF, 5, -INF], BestEpisode(3, 5.0)),
        ([INF, -1e308], BestEpisode(1, -1e308)),
        ([NAN, INF], None),
        ([], None),
    ],
)
def test_the_best_episode_is_the_first_of_the_highest_finite_scores(
    scores: list[float], best: BestEpisode | None
) -> None:
    assert training_curve(scores).best == best


@pytest.mark.parametrize(
    "coefficients",
    [
        (1.0, None, None),
        (None, 0.1, None),
        (None, None, 0.9),
        (1.0, 0.1, None),
        (1.0, None, 0.9),
        (None, 0.1, 0.9),
    ],
)
def test_some_but_not_all_coefficients(coefficients: tuple[float | None, float | None, float | None]) -> None:
    start, end, decay = coefficients
    with pytest.raises(CurveError, match="expected all of eps_start, eps_end and eps_decay or none") as error:
        training_curve([1, 2], eps_start=start, eps_end=end, eps_decay=decay, epsilons=[1, 2])
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("wrong", ["1", [1.0], object(), np.ones(2), True])
def test_coefficients_that_are_no_numbers(wrong: float) -> None:
    for start, end, decay in ((wrong, 0.1, 0.9), (1.0, wrong, 0.9), (1.0, 0.1, wrong)):
        with pytest.raises(CurveError, match="expected a number as a coefficient"):
            training_curve([1, 2], eps_start=start, eps_end=end, eps_decay=decay)


def test_coefficients_of_numpy_are_numbers() -> None:
    float32: Any = np.float32(1)
    int64: Any = np.int64(0)
    curve = training_curve([1, 2], eps_start=float32, eps_end=int64, eps_decay=np.float64(0.5))
    assert curve.epsilons is not None
    assert curve.epsilons.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("epsilons", [[1.0], [1.0, 0.5, 0.25], np.ones(99)])
def test_epsilons_of_another_length_than_the_scores(epsilons: ArrayLike) -> None:
    with pytest.raises(CurveError, match=r"expected one epsilon for each of 2 scores, got (1|3|99)$"):
        training_curve([1, 2], epsilons=epsilons)


@pytest.mark.parametrize("values", [["1", "2"], [[1, 2]], 3, [None, 1]])
def test_scores_and_epsilons_are_numbers_in_one_dimension(values: ArrayLike) -> None:
    with pytest.raises(CurveError, match="expected scores"):
        training_curve(values)
    with pytest.raises(CurveError, match="expected epsilons"):
        training_curve([1, 2], epsilons=values)


@pytest.mark.parametrize(
    "given", [(1, 0), (1, 1), (NAN, 1), (0, INF), (-INF, 0), (0,), (0, 1, 2), 3, ("a", "b"), (None, 1), "x"]
)
def test_what_is_no_range(given: tuple[float, float]) -> None:
    with pytest.raises(CurveError, match=r"expected a range \(low, high\) and a gap of at least 0, got"):
        training_curve([1, 2], score_range=given)
    with pytest.raises(CurveError, match=r"expected a range \(low, high\) and a gap of at least 0, got"):
        training_curve([1, 2], epsilons=[1, 2], epsilon_range=given)


@pytest.mark.parametrize("gap", [-0.1, NAN, INF])
def test_what_is_no_gap(gap: float) -> None:
    with pytest.raises(CurveError, match="a gap of at least 0"):
        training_curve([1, 2], axis_gap=gap)


@pytest.mark.parametrize("window", [0, -1])
def test_what_is_no_window(window: int) -> None:
    with pytest.raises(CurveError, match="expected a window of at least 1"):
        training_curve([1, 2], window_length=window)


@pytest.mark.parametrize(
    "use",
    [
        lambda huge: training_curve([1, 2], eps_start=huge, eps_end=0.0, eps_decay=0.5),
        lambda huge: training_curve([1, 2], score_range=(0, huge)),
        lambda huge: read_coefficients(parse_exec_args(f"-es {huge}").values, ["-es"]),
    ],
    ids=["coefficient", "range", "argument"],
)
def test_integers_too_large_for_a_float_are_an_error_of_ours(use: Callable[[int], object]) -> None:
    with pytest.raises(CurveError):
        use(10**400)


# An overview of runs


@pytest.mark.parametrize(
    ("count", "window"), [(0, 1), (19, 1), (20, 2), (2499, 249), (2500, 250), (9000, 250)]
)
def test_the_means_of_an_overview_are_over_a_tenth_of_the_run(count: int, window: int) -> None:
    scores = np.arange(float(count))
    assert overview_curve(scores, {}) == training_curve(scores, window_length=window)


def test_an_overview_has_epsilons_where_all_coefficients_are_given() -> None:
    arguments: dict[str, ArgumentValue] = {"-es": 1, "-ee": 0.1, "-ed": 0.5}
    expected = training_curve(RISING, eps_start=1, eps_end=0.1, eps_decay=0.5, window_length=1)
    assert overview_curve(RISING, arguments) == expected
    for key in arguments:
        some = {name: value for name, value in arguments.items() if name != key}
        assert overview_curve(RISING, some) == training_curve(RISING, window_length=1)
    with pytest.raises(CurveError, match="expected a number as the argument -ed, got 'no'"):
        overview_curve(RISING, {**arguments, "-ed": "no"})


# The record


def arrays_of(curve: TrainingCurve) -> list[NDArray[np.float64]]:
    assert curve.epsilons is not None
    return [curve.scores, curve.means, curve.epsilons]


def test_a_curve_cannot_be_changed() -> None:
    scores, epsilons = np.arange(3.0), np.arange(3.0)
    curve = training_curve(scores, epsilons=epsilons)
    scores[0] = epsilons[0] = 9
    assert (curve.scores[0], arrays_of(curve)[2][0]) == (0, 0)
    for array in arrays_of(curve):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
    with pytest.raises(AttributeError):
        curve.best = None  # type: ignore[misc]


def test_curves_are_equal_by_what_they_show() -> None:
    curve = training_curve([1, NAN, 3], epsilons=[1, 2, 3])
    same = training_curve([1, NAN, 3], epsilons=[1, 2, 3])
    assert curve == same
    assert hash(curve) == hash(same)
    for other in (
        training_curve([1, 2, 3], epsilons=[1, 2, 3], score_range=(1, 3)),
        training_curve([1, NAN, 3], epsilons=[1, 3, 3]),
        training_curve([1, NAN, 3]),
        training_curve([1, NAN, 3], epsilons=[1, 2, 3], window_length=2),
        training_curve([1, NAN, 3], epsilons=[1, 2, 3], axis_gap=0.5),
        attrs.evolve(curve, means=np.zeros(3)),
        attrs.evolve(curve, best=None),
        "a curve",
    ):
        assert curve != other
        assert other != curve
    assert training_curve([]) == training_curve([])


@pytest.mark.parametrize("again", [lambda curve: pickle.loads(pickle.dumps(curve)), copy.deepcopy, copy.copy])
@pytest.mark.parametrize("curve", [training_curve([1, NAN], epsilons=[1, 2]), training_curve([])])
def test_curves_survive_pickle_and_copies(curve: TrainingCurve, again: object) -> None:
    assert callable(again)
    assert again(curve) == curve


@pytest.mark.parametrize("again", [lambda curve: pickle.loads(pickle.dumps(curve)), copy.deepcopy])
def test_a_copied_curve_cannot_be_changed_either(again: object) -> None:
    assert callable(again)
    assert not any(
        array.flags.writeable for array in arrays_of(again(training_curve([1, 2], epsilons=[1, 2])))
    )
