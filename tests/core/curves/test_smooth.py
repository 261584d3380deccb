from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes.core import CurveError, smoothen

Array = NDArray[np.float64]


def by_definition(values: Array, window: int) -> tuple[Array, Array]:
    """Each window by itself, in twice the precision where the machine has it."""
    exact = np.asarray(values, dtype=np.longdouble)
    windows = [exact[max(0, i - window + 1) : i + 1] for i in range(len(values))]
    means = [w.mean() + (w - w.mean()).mean() for w in windows]
    stds = [np.sqrt(((w - m) ** 2).mean()) for w, m in zip(windows, means, strict=True)]
    return np.array(means, dtype=np.float64), np.array(stds, dtype=np.float64)


RNG = np.random.default_rng(7)
HARD = {
    "noise of 1e-3 on 1e9": 1e9 + 1e-3 * RNG.standard_normal(3000),
    "noise after a spike": np.r_[1e12, RNG.standard_normal(2999)],
    "a spike amid noise": np.r_[RNG.standard_normal(1500), 1e12, RNG.standard_normal(1499)],
    "a random walk": np.cumsum(RNG.standard_normal(3000)),
    "squares that overflow": RNG.choice([-1e308, 1e308], 1000),
    "noise after a value whose square overflows": np.r_[1e200, RNG.standard_normal(999)],
}


@pytest.mark.parametrize("window", [10, 100, 250, 999, 1000, 5000])
@pytest.mark.parametrize("name", HARD)
def test_exact_where_running_sums_fail(name: str, window: int) -> None:
    values = HARD[name]
    means, stds = smoothen(values, window)
    true_means, true_stds = by_definition(values, window)
    np.testing.assert_allclose(stds, true_stds, rtol=3e-14)
    np.testing.assert_allclose(means, true_means, rtol=1e-12, atol=1e-14 * float(np.abs(values).max()))


@pytest.mark.parametrize("window", [1, 2, 7, 100, 250, 10_000, 20_000, 39_999])
def test_windows_across_all_the_parts_that_are_worked_on_at_a_time(window: int) -> None:
    values = np.cumsum(RNG.standard_normal(40_000))
    means, stds = smoothen(values, window)
    for end in [*RNG.integers(1, 40_000, 300).tolist(), window, min(window + 1, 40_000), 40_000]:
        held = values[max(0, end - window) : end]
        np.testing.assert_allclose(means[end - 1], held.mean(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(stds[end - 1], held.std(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("spoiled", [np.nan, np.inf, 1e300])
def test_what_is_wrong_in_one_part_stays_in_the_windows_that_hold_it(spoiled: float) -> None:
    values = RNG.standard_normal(60_000)
    clean_means, clean_stds = smoothen(values, 100)
    values[30_000] = spoiled
    means, stds = smoothen(values, 100)
    touched = slice(30_000, 30_100)
    assert np.isfinite(means[touched]).all() == np.isfinite(stds[touched]).all() == np.isfinite(spoiled)
    for found, clean in ((means, clean_means), (stds, clean_stds)):
        np.testing.assert_allclose(
            np.delete(found, touched), np.delete(clean, touched), rtol=1e-12, atol=1e-14
        )


def test_noise_after_a_spike_does_not_remember_it() -> None:
    noise = RNG.standard_normal(1000)
    means, stds = smoothen(np.r_[1e12, noise], 50)
    clean_means, clean_stds = smoothen(noise, 50)
    np.testing.assert_allclose(means[51:], clean_means[50:], rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(stds[51:], clean_stds[50:], rtol=1e-13)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9, 1e300, 5e-324])
@pytest.mark.parametrize("window", [1, 2, 7, 100, 2000])
def test_a_constant_has_itself_as_mean_and_no_deviation(value: float, window: int) -> None:
    means, stds = smoothen(np.full(1000, value), window)
    assert (means == value).all()
    assert (stds == 0.0).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("window", [1, 2, 50, 150])
@pytest.mark.parametrize("at", [0, 99, 300, 499])
def test_a_value_that_is_not_finite_touches_the_windows_that_hold_it(
    wrong: float, window: int, at: int
) -> None:
    values = RNG.standard_normal(500)
    clean_means, clean_stds = smoothen(values, window)
    values[at] = wrong
    means, stds = smoothen(values, window)
    held = np.zeros(500, dtype=bool)
    held[at : at + window] = True
    assert not np.isfinite(means[held]).any()
    assert not np.isfinite(stds[held]).any()
    # the other windows may be merged from other parts, which can change the last digit
    np.testing.assert_allclose(means[~held], clean_means[~held], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(stds[~held], clean_stds[~held], rtol=1e-12, atol=1e-14)


def test_a_window_of_exactly_so_many_values() -> None:
    means, stds = smoothen([1, 2, 3, 4, 5], 3)
    assert means.tolist() == [1.0, 1.5, 2.0, 3.0, 4.0]
    np.testing.assert_allclose(stds, [0, 0.5, np.sqrt(2 / 3), np.sqrt(2 / 3), np.sqrt(2 / 3)], rtol=1e-15)


def test_the_default_window_is_100() -> None:
    values = RNG.standard_normal(300)
    np.testing.assert_array_equal(smoothen(values), smoothen(values, 100))


def test_empty_in_empty_out() -> None:
    means, stds = smoothen([])
    assert means.shape == stds.shape == (0,)
    assert means.dtype == stds.dtype == np.float64


@pytest.mark.parametrize(
    "values", [[True, False], [1, 2], np.array([1, 2], np.uint8), np.array([1, 2], ">f4"), (1.0, 2.0)]
)
def test_any_real_numbers_will_do(values: list[float]) -> None:
    means, _ = smoothen(values, 2)
    assert means.dtype == np.float64
    assert means[1] == np.mean(values)


def test_what_was_given_is_not_changed_and_what_is_returned_is_ones_own() -> None:
    values = np.array([1.0, 2.0, 4.0])
    means, stds = smoothen(values, 1)
    means[0] = stds[0] = 9.0
    assert values.tolist() == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_below_one(window: int) -> None:
    with pytest.raises(CurveError, match="a window of at least 1"):
        smoothen([1.0], window)


@pytest.mark.parametrize(
    "values",
    [np.zeros((2, 2)), np.float64(1), ["1"], [1j], [None], [[1], [1, 2]], np.array(["2020"], "M8[D]")],
)
def test_what_is_no_series(values: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="expected values to smoothen"):
            smoothen(values)


def test_series_longer_than_one_piece_of_work() -> None:
    values = np.cumsum(RNG.standard_normal(200_000))
    for window in (1, 3, 250, 70_000, 300_000):
        means, stds = smoothen(values, window)
        for i in (0, 1, 65_535, 65_536, 131_072, 199_999):
            part = values[max(0, i - window + 1) : i + 1]
            np.testing.assert_allclose([means[i], stds[i]], [part.mean(), part.std()], rtol=1e-9, atol=1e-12)
