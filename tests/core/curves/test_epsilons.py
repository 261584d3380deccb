from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from numpy.typing import ArrayLike

from pyhermes.core import ArgumentValue, CurveError, epsilon_schedule
from pyhermes.core.curves.epsilons import choose_coefficients, read_coefficients

INF = float("inf")

# A schedule

COEFFICIENTS = st.one_of(st.floats(0, 3), st.sampled_from([1.0, 1e-300, 5e-324, 1e300, INF]))


@given(COEFFICIENTS, COEFFICIENTS, st.one_of(COEFFICIENTS, st.floats(0.5, 1)), st.integers(0, 200))
@example(100.0, 0.01, 0.9, 200)
@example(1.0, 0.5, 1.0, 9)
@example(1.0, 0.5, 0.0, 9)
@example(0.0, 0.5, 0.5, 9)
@example(-1.0, -0.5, 0.5, 9)
def test_a_schedule_is_its_definition(start: float, end: float, decay: float, n: int) -> None:
    with np.errstate(all="ignore"):
        defined = np.maximum(np.float64(start) * np.float64(decay) ** np.arange(n), end)
    np.testing.assert_array_equal(epsilon_schedule(start, end, decay, n), defined)


def test_a_schedule_of_no_episode_and_one_that_overflows() -> None:
    assert epsilon_schedule(1.0, 0.1, 0.9, 0).shape == (0,)
    assert epsilon_schedule(1.0, 0.1, 1e300, 3).tolist() == [1.0, 1e300, INF]


# Which coefficients count


def test_the_arguments_of_a_run_under_their_keys() -> None:
    arguments: dict[str, ArgumentValue] = {"-es": 1, "-ee": 0.1, "-x": "text"}
    values = read_coefficients(arguments, ["-es", "-ee", "-ed"])
    assert values == (1.0, 0.1, None)
    assert list(map(type, values)) == [float, float, type(None)]
    assert read_coefficients(arguments, []) == ()


@pytest.mark.parametrize("value", [True, "linear", [1.0, 0.5], [1, 2]])
def test_an_argument_that_is_no_number_is_named(value: ArgumentValue) -> None:
    with pytest.raises(CurveError) as error:
        read_coefficients({"-es": value}, ["-es", "-ee"])
    assert str(error.value) == f"expected a number as the argument -es, got {value!r}"


DEFAULT = (1.0, 0.001, 0.999)
NONE = (None, None, None)


@pytest.mark.parametrize(
    ("epsilons", "coefficients", "counted"),
    [
        ([0.5, 0.1], DEFAULT, NONE),
        (np.ones(3), (1, 0.001, 0.999), NONE),
        ([0.5, 0.1], (0.9, 0.001, 0.999), (0.9, 0.001, 0.999)),
        ([0.5], DEFAULT, NONE),
        ([0.5, 0.1], NONE, NONE),
        ([], DEFAULT, DEFAULT),
        (None, DEFAULT, DEFAULT),
        (None, (None, 0.001, 0.999), (None, 0.001, 0.999)),
    ],
)
def test_given_epsilons_win_over_coefficients_that_nobody_gave(
    epsilons: ArrayLike | None,
    coefficients: tuple[float | None, float | None, float | None],
    counted: tuple[float | None, float | None, float | None],
) -> None:
    assert choose_coefficients(epsilons, coefficients, default=DEFAULT) == counted
