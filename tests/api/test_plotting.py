from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pyhermes import Experiment, HermesWarning
from pyhermes.api.plotting import plot_runs
from pyhermes.core import (
    CurveError,
    MissingFileError,
    ScoresError,
    TrainingCurve,
    epsilon_schedule,
    load_scores,
    training_curve,
)
from pyhermes.plot import (
    plot_training_progress,
    plot_training_progress_from_experiment,
    plot_training_progress_from_file,
)
from tests.conftest import DOUBLE, TAXI

NAN, INF = float("nan"), float("inf")
SCORES = [3.0, -1.0, 8.0, 8.0, 2.0, 5.0]
BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-", "svg": b"<?xml"}


def score_axes() -> Axes:
    """The only axes of the only figure, but for those of the exploration coefficient."""
    assert plt.get_fignums() == [1]
    return plt.gcf().axes[0]


def epsilon_axes() -> Axes | None:
    """The axes of the exploration coefficient in the only figure."""
    assert plt.get_fignums() == [1]
    return plt.gcf().axes[1] if len(plt.gcf().axes) > 1 else None


def data(line: Line2D) -> list[list[float]]:
    return [[float(x), float(y)] for x, y in np.asarray(line.get_xydata())]


def labels(ax: Axes) -> list[str]:
    """What the legend says."""
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def assert_drawn(ax: Axes, curve: TrainingCurve, window: int) -> None:
    """The axes show the numbers of the curve."""
    dots, means = ax.get_lines()[:2]
    for line, values in [(dots, curve.scores), (means, curve.means)]:
        np.testing.assert_array_equal(line.get_xdata(), np.arange(len(curve.scores)))
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert (dots.get_label(), means.get_label()) == ("score", f"mean of the last {window}")
    assert ax.get_ylim() == curve.score_range
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("episode", "score")


# What is drawn


def test_scores_are_dots_and_their_mean_is_a_line() -> None:
    assert plot_training_progress(SCORES, window_length=2) is plt
    ax = score_axes()
    assert_drawn(ax, training_curve(SCORES, window_length=2), 2)
    dots, means = ax.get_lines()
    assert (dots.get_linestyle(), dots.get_marker()) == ("None", "o")
    assert (means.get_linestyle(), means.get_marker()) == ("-", "None")
    assert labels(ax) == ["score", "mean of the last 2"]
    low, high = ax.get_xlim()
    assert low < 0 < len(SCORES) - 1 < high


def test_the_pictures_defaults_are_those_of_the_documentation() -> None:
    plot_training_progress(SCORES)
    ax = score_axes()
    assert plt.gcf().get_size_inches().tolist() == [12.0, 12.0]
    assert [line.get_color() for line in ax.get_lines()] == ["c", "r"]
    assert ax.xaxis.label.get_fontsize() == ax.yaxis.label.get_fontsize() == 18
    assert_drawn(ax, training_curve(SCORES, window_length=250, axis_gap=0.02), 250)


def test_the_look_can_be_chosen() -> None:
    plot_training_progress(
        SCORES, 1, 0.1, 0.5, figsize=(4, 3), fontsize=8, scores_color="navy", mean_color="#123456"
    )
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    assert plt.gcf().get_size_inches().tolist() == [4.0, 3.0]
    assert [line.get_color() for line in ax.get_lines()] == ["navy", "#123456"]
    assert [axis.label.get_fontsize() for axis in (ax.xaxis, ax.yaxis, behind.yaxis)] == [8, 8, 8]
    assert {tick.get_fontsize() for tick in [*ax.get_xticklabels(), *ax.get_yticklabels()]} == {6.0}
    legend = ax.get_legend()
    assert legend is not None
    assert {text.get_fontsize() for text in legend.get_texts()} == {6.0}


def test_the_legend_can_be_left_away() -> None:
    plot_training_progress(SCORES, legend=False)
    assert score_axes().get_legend() is None


def test_many_dots_are_smaller_and_fainter_than_few() -> None:
    few, many = (plt.subplots()[1] for _ in range(2))
    plot_training_progress(np.arange(20.0), ax=few)
    plot_training_progress(np.arange(20_000.0), ax=many)
    (dots, _), (crowd, _) = few.get_lines(), many.get_lines()
    assert crowd.get_markersize() < dots.get_markersize()
    assert (crowd.get_alpha() or 1) < (dots.get_alpha() or 1)
    handles = [ax.get_legend().get_lines()[0] for ax in (few, many)]  # type: ignore[union-attr]
    assert [(handle.get_alpha(), handle.get_markersize()) for handle in handles] == [(1.0, 8.0)] * 2


def test_ranges_are_given_with_their_gap() -> None:
    plot_training_progress(SCORES, 1, 0.1, 0.5, score_range=(0, 10), epsilon_range=(0, 2), axis_gap=0.1)
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    assert (ax.get_ylim(), behind.get_ylim()) == ((-1.0, 11.0), (-0.2, 2.2))


# The best episode


def test_the_best_episode_is_marked_when_wanted() -> None:
    plot_training_progress(SCORES, window_length=3, mark_best=True)
    ax = score_axes()
    _, _, best = ax.get_lines()
    assert data(best) == [[2.0, 8.0]]
    assert best.get_marker() == "*"
    assert labels(ax) == ["score", "mean of the last 3", "best: 8 in episode 2"]


@pytest.mark.parametrize("options", [{}, {"mark_best": False}])
def test_the_best_episode_is_not_marked_otherwise(options: dict[str, bool]) -> None:
    plot_training_progress(SCORES, **options)  # type: ignore[arg-type]
    assert len(score_axes().get_lines()) == 2


@pytest.mark.parametrize(
    ("score_range", "marked"), [((0, 8), True), ((8, 9), True), ((0, 7), False), ((9, 10), False)]
)
def test_the_best_episode_is_not_marked_outside_of_the_range(
    score_range: tuple[float, float], marked: bool
) -> None:
    plot_training_progress(SCORES, score_range=score_range, axis_gap=0, mark_best=True)
    assert len(score_axes().get_lines()) == 2 + marked
    assert len(labels(score_axes())) == 2 + marked


# The exploration coefficient


def test_without_epsilons_there_is_no_axis_for_them() -> None:
    plot_training_progress(SCORES)
    assert epsilon_axes() is None
    plt.close()
    plot_training_progress(SCORES, epsilons=[])
    assert epsilon_axes() is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"eps_start": 1, "eps_end": 0.3, "eps_decay": 0.5}, [1.0, 0.5, 0.3, 0.3, 0.3, 0.3]),
        ({"epsilons": [0.5, 0.4, 0.3, 0.2, 0.1, 0.0]}, [0.5, 0.4, 0.3, 0.2, 0.1, 0.0]),
        (
            {"eps_start": 1, "eps_end": 0.3, "eps_decay": 0.5, "epsilons": [9.0]},
            [1.0, 0.5, 0.3, 0.3, 0.3, 0.3],
        ),
    ],
)
def test_epsilons_have_axes_of_their_own(options: dict[str, float], expected: list[float]) -> None:
    plot_training_progress(SCORES, **options)  # type: ignore[arg-type]
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    (line,) = behind.get_lines()
    assert data(line) == [[episode, epsilon] for episode, epsilon in enumerate(expected)]
    assert behind.get_ylim() == training_curve(SCORES, epsilons=expected).epsilon_range
    assert (behind.get_ylabel(), line.get_label()) == ("epsilon", "epsilon")
    assert labels(ax) == ["score", "mean of the last 250", "epsilon"]
    assert ax.get_shared_x_axes().joined(ax, behind)
    assert ax.get_zorder() > behind.get_zorder()
    assert not ax.patch.get_visible()


def test_pyplot_goes_on_with_the_axes_of_the_scores() -> None:
    plot_training_progress(SCORES, 1, 0.1, 0.5)
    assert plt.gca() is score_axes()
    plt.title("my title")
    assert score_axes().get_title() == "my title"


@pytest.mark.parametrize(
    "wrong",
    [
        {"eps_start": 1},
        {"eps_start": 1, "eps_end": 0.1},
        {"eps_decay": 0.9, "epsilons": [1.0] * 6},
        {"epsilons": [1.0] * 5},
        {"epsilons": [[1.0] * 6]},
        {"score_range": (1, 1)},
        {"score_range": (2, NAN)},
        {"axis_gap": -1},
        {"window_length": 0},
    ],
)
def test_numbers_that_do_not_go_together_open_no_figure(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected") as error:
        plot_training_progress(SCORES, **wrong)  # type: ignore[arg-type]
    assert type(error.value) is CurveError
    assert plt.get_fignums() == []


# Axes that are given


@pytest.mark.parametrize("options", [{}, {"eps_start": 1, "eps_end": 0.1, "eps_decay": 0.5}])
def test_on_axes_that_are_given_no_figure_is_opened(options: dict[str, float]) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert plot_training_progress(SCORES, ax=left, **options) is plt  # type: ignore[arg-type]
    assert plt.get_fignums() == [figure.number]
    assert_drawn(left, training_curve(SCORES), 250)
    assert len(right.get_lines()) == 0
    assert len(figure.axes) == 2 + bool(options)


def test_after_drawing_on_the_current_axes_they_are_still_current() -> None:
    figure, (_, right) = plt.subplots(1, 2)
    plot_training_progress(SCORES, 1, 0.1, 0.5, ax=right)
    assert plt.gcf() is figure
    assert plt.gca() is right


def test_drawing_on_another_figure_leaves_the_current_one() -> None:
    _, ax = plt.subplots()
    figure, current = plt.subplots()
    plot_training_progress(SCORES, 1, 0.1, 0.5, ax=ax)
    assert plt.gcf() is figure
    assert (plt.gca(), figure.axes) == (current, [current])


def test_a_figure_that_pyplot_does_not_know_stays_the_only_one() -> None:
    figure = Figure()
    plot_training_progress(SCORES, 1, 0.1, 0.5, ax=figure.add_subplot())
    assert len(figure.axes) == 2
    assert plt.get_fignums() == []


def test_drawing_elsewhere_puts_nothing_into_an_empty_current_figure() -> None:
    _, ax = plt.subplots()
    empty = plt.figure()
    plot_training_progress(SCORES, 1, 0.1, 0.5, ax=ax)
    assert empty.axes == []


def test_back_in_the_other_figure_the_axes_of_the_scores_are_current() -> None:
    first, ax = plt.subplots()
    plt.subplots()
    plot_training_progress(SCORES, 1, 0.1, 0.5, ax=ax)
    plt.figure(first)
    assert plt.gca() is ax


def test_a_picture_of_given_axes_is_of_their_whole_figure(tmp_path: Path) -> None:
    figure = plt.figure(figsize=(6, 3), dpi=50)
    left = figure.add_subfigure(figure.add_gridspec(1, 2)[0])
    plot_training_progress(SCORES, path=tmp_path / "both.png", ax=left.subplots())
    height, width, _ = plt.imread(tmp_path / "both.png").shape
    assert (width, height) == (300, 150)


# Pictures


@pytest.mark.parametrize("ending", BEGINNINGS)
@pytest.mark.parametrize("kind", [str, Path])
def test_the_ending_of_the_path_is_the_format(
    tmp_path: Path, ending: str, kind: Callable[[Path], str | Path]
) -> None:
    path = tmp_path / f"curve.{ending}"
    plot_training_progress(SCORES, 1, 0.1, 0.5, figsize=(3, 3), mark_best=True, path=kind(path))
    assert path.read_bytes().startswith(BEGINNINGS[ending])
    assert plt.get_fignums() == [1]


def test_an_ending_that_is_no_format_leaves_no_figure_open(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not supported"):
        plot_training_progress(SCORES, path=tmp_path / "curve.xyz")
    assert plt.get_fignums() == []
    with pytest.raises(OSError, match="missing"):
        plot_training_progress(SCORES, path=tmp_path / "missing" / "curve.png")
    assert plt.get_fignums() == []
    assert list(tmp_path.iterdir()) == []


def test_a_colour_that_is_none_leaves_no_figure_open() -> None:
    with pytest.raises(ValueError, match="no colour"):
        plot_training_progress(SCORES, scores_color="no colour")
    assert plt.get_fignums() == []


def test_figures_of_others_stay_open_whatever_happens(tmp_path: Path) -> None:
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="not supported"):
        plot_training_progress(SCORES, path=tmp_path / "curve.xyz", ax=ax)
    with pytest.raises(ValueError, match="not supported"):
        plot_training_progress(SCORES, path=tmp_path / "curve.xyz")
    assert plt.get_fignums() == [1]


@pytest.mark.parametrize("epsilons", [False, True])
@pytest.mark.parametrize(
    "scores",
    [
        [],
        [3.0],
        [NAN],
        [0.0] * 5,
        [-1e300] * 5,
        [NAN] * 5,
        [1.0, NAN, 3.0, INF, -INF, 2.0],
        [INF, -INF],
        [1e300, -1e300],
        [1.7e308, -1.7e308],
        [True, False],
        np.arange(3, dtype="int8"),
    ],
    ids=repr,
)
def test_odd_scores_are_drawn_without_a_warning(tmp_path: Path, scores: list[float], epsilons: bool) -> None:
    schedule = (1.0, 0.1, 0.9) if epsilons else (None, None, None)
    path = tmp_path / "odd.png"
    start, end, decay = schedule
    plot_training_progress(
        scores, start, end, decay, window_length=2, figsize=(6, 6), mark_best=True, path=path
    )
    assert path.read_bytes().startswith(BEGINNINGS["png"])
    curve = training_curve(scores, window_length=2)
    assert_drawn(score_axes(), curve, 2)
    low, high = curve.score_range
    seen = curve.best is not None and low <= curve.best.score <= high
    assert len(score_axes().get_lines()) == 2 + seen
    assert (epsilon_axes() is not None) == epsilons


# From an experiment


def test_the_curve_of_an_experiment_with_its_epsilons(runs: Path, tmp_path: Path) -> None:
    exp = Experiment.load(runs / DOUBLE)
    path = tmp_path / "ddqn.png"
    assert plot_training_progress_from_experiment(exp, window_length=20, path=path) is plt
    assert path.read_bytes().startswith(BEGINNINGS["png"])
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    assert_drawn(ax, training_curve(exp.scores(), window_length=20), 20)
    expected = epsilon_schedule(1.0, 0.01, 0.97, 150)
    np.testing.assert_array_equal(behind.get_lines()[0].get_ydata(), expected)
    best = ax.get_lines()[2]
    assert data(best) == [[float(exp.scores().argmax()), exp.scores().max()]]
    assert plt.gca() is ax


def test_an_experiment_without_those_arguments_has_no_axis_for_them(runs: Path) -> None:
    exp = Experiment.load(runs / TAXI)
    plot_training_progress_from_experiment(exp, mark_best=False, legend=False)
    assert_drawn(score_axes(), training_curve(exp.scores()), 250)
    assert epsilon_axes() is None
    assert len(score_axes().get_lines()) == 2
    assert score_axes().get_legend() is None


def test_epsilons_can_be_under_other_keys(first: Path) -> None:
    (first / "exec_arguments").write_text("--start 1\n--end=0.5\n-es 9\n-d 0.9\n")
    exp = Experiment.load(first)
    plot_training_progress_from_experiment(exp, "--start", "--end", "-d")
    behind = epsilon_axes()
    assert behind is not None
    expected = epsilon_schedule(1.0, 0.5, 0.9, 150)
    np.testing.assert_array_equal(behind.get_lines()[0].get_ydata(), expected)
    plt.close()
    plot_training_progress_from_experiment(exp, "--a", "--b", "--c")
    assert epsilon_axes() is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-es 1\n-ee 0.1\n", "expected all of eps_start, eps_end and eps_decay or none"),
        ("-ed 0.1\n", "expected all of eps_start, eps_end and eps_decay or none"),
        ("-es 1\n-ee 0.1\n-ed\n", "expected a number as the argument -ed, got True"),
        ("-es 1 2\n-ee 0.1\n-ed 0.9\n", r"expected a number as the argument -es, got \[1, 2\]"),
        ("-es one\n-ee 0.1\n-ed 0.9\n", "expected a number as the argument -es, got 'one'"),
    ],
)
def test_arguments_that_are_no_schedule_are_refused(first: Path, arguments: str, message: str) -> None:
    (first / "exec_arguments").write_text(arguments)
    with pytest.raises(CurveError, match=message):
        plot_training_progress_from_experiment(Experiment.load(first))
    assert plt.get_fignums() == []


def test_the_look_of_an_experiments_curve_can_be_chosen(first: Path) -> None:
    plot_training_progress_from_experiment(
        Experiment.load(first),
        figsize=(4, 3),
        fontsize=8,
        scores_color="k",
        mean_color="b",
        score_range=(0, 100),
        epsilon_range=(0, 1),
        axis_gap=0,
    )
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    assert plt.gcf().get_size_inches().tolist() == [4.0, 3.0]
    assert [line.get_color() for line in ax.get_lines()[:2]] == ["k", "b"]
    assert (ax.get_ylim(), behind.get_ylim()) == ((0.0, 100.0), (0.0, 1.0))
    assert ax.xaxis.label.get_fontsize() == 8


def test_an_experiment_without_scores_has_no_curve(first: Path) -> None:
    exp = Experiment.load(first)
    exp.scores_file.unlink()
    with pytest.raises(FileNotFoundError):
        plot_training_progress_from_experiment(exp)
    assert plt.get_fignums() == []


def test_arguments_that_cannot_be_read_warn_at_the_line_of_the_caller(first: Path) -> None:
    os.truncate(first / "exec_arguments", (64 << 20) + 1)
    with pytest.warns(HermesWarning, match="arguments could not be read") as caught:
        plot_training_progress_from_experiment(Experiment.load(first))
    assert caught[0].filename == __file__
    assert epsilon_axes() is None


# From a file


@pytest.fixture
def scores_file(tmp_path: Path) -> Path:
    path = tmp_path / "run.scores"
    path.write_text("return\n" + "".join(f"{score}\n" for score in SCORES))
    return path


@pytest.mark.parametrize("kind", [str, Path])
def test_the_curve_of_a_file_has_the_documented_schedule(
    scores_file: Path, kind: Callable[[Path], str | Path]
) -> None:
    assert plot_training_progress_from_file(kind(scores_file)) is plt
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    assert_drawn(ax, training_curve(load_scores(scores_file)), 250)
    assert data(ax.get_lines()[2]) == [[2.0, 8.0]]
    expected = epsilon_schedule(1, 0.001, 0.999, 6)
    np.testing.assert_array_equal(behind.get_lines()[0].get_ydata(), expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"epsilons": [6, 5, 4, 3, 2, 1]}, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
        ({"epsilons": np.arange(6.0)}, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ({"eps_start": 2, "epsilons": [9.0] * 6}, epsilon_schedule(2, 0.001, 0.999, 6).tolist()),
        ({"eps_decay": 0.5}, epsilon_schedule(1, 0.001, 0.5, 6).tolist()),
        (
            {"eps_start": None, "eps_end": None, "eps_decay": None, "epsilons": [1, 2, 3, 4, 5, 6]},
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        ),
    ],
)
def test_epsilons_win_over_coefficients_that_have_their_defaults(
    scores_file: Path, options: dict[str, list[float]], expected: list[float]
) -> None:
    plot_training_progress_from_file(scores_file, **options)  # type: ignore[arg-type]
    behind = epsilon_axes()
    assert behind is not None
    assert np.asarray(behind.get_lines()[0].get_ydata()).tolist() == expected


def test_without_coefficients_and_epsilons_the_file_has_no_axis_for_them(scores_file: Path) -> None:
    plot_training_progress_from_file(scores_file, None, None, None, mark_best=False, legend=False)
    assert epsilon_axes() is None
    assert len(score_axes().get_lines()) == 2
    assert score_axes().get_legend() is None


@pytest.mark.parametrize(
    "wrong", [{"eps_start": None}, {"eps_end": None, "epsilons": [1.0] * 6}, {"epsilons": [1.0]}]
)
def test_what_is_no_schedule_for_a_file_is_refused(scores_file: Path, wrong: dict[str, float | None]) -> None:
    with pytest.raises(CurveError, match="expected"):
        plot_training_progress_from_file(scores_file, **wrong)  # type: ignore[arg-type]
    assert plt.get_fignums() == []


def test_the_look_of_a_files_curve_can_be_chosen(scores_file: Path, tmp_path: Path) -> None:
    plot_training_progress_from_file(
        scores_file,
        window_length=3,
        figsize=(4, 3),
        fontsize=8,
        path=tmp_path / "curve.svg",
        scores_color="k",
        mean_color="b",
        score_range=(0, 100),
        epsilon_range=(0, 1),
        axis_gap=0,
    )
    ax, behind = score_axes(), epsilon_axes()
    assert behind is not None
    assert (tmp_path / "curve.svg").read_bytes().startswith(BEGINNINGS["svg"])
    assert plt.gcf().get_size_inches().tolist() == [4.0, 3.0]
    assert [line.get_color() for line in ax.get_lines()[:2]] == ["k", "b"]
    assert (ax.get_ylim(), behind.get_ylim()) == ((0.0, 100.0), (0.0, 1.0))
    assert ax.get_lines()[1].get_label() == "mean of the last 3"


def test_a_file_that_holds_no_scores_is_an_error_that_names_it(scores_file: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        plot_training_progress_from_file(tmp_path / "missing.scores")
    scores_file.write_text("return\nhigh\n")
    with pytest.raises(ScoresError) as error:
        plot_training_progress_from_file(scores_file)
    assert (error.value.path, error.value.line) == (scores_file, 2)
    assert plt.get_fignums() == []


# Several runs


def test_the_curves_of_several_runs_are_one_below_the_other(runs: Path, tmp_path: Path) -> None:
    experiments = [Experiment.load(runs / DOUBLE), Experiment.load(runs / TAXI)]
    plot_runs(experiments, tmp_path / "curves.png")
    assert plt.imread(tmp_path / "curves.png").shape[:2] == (900, 900)
    with plt.rc_context({"svg.fonttype": "none"}):  # text is text, and not the outlines of letters
        plot_runs(experiments, tmp_path / "curves.svg")
    picture = (tmp_path / "curves.svg").read_text()
    heights = [re.findall(rf'y="([0-9.]+)"[^>]*>{exp.identifier}<', picture) for exp in experiments]
    assert float(heights[0][0]) < 324 < float(heights[1][0])
    assert picture.count(">epsilon<") == 2  # the axis and the legend of the only run with epsilons
    assert plt.get_fignums() == []


# The legend


@pytest.mark.parametrize(
    ("scores", "corner"),
    [
        (np.linspace(0, 1, 50), 2),
        (np.linspace(1, 0, 50), 1),
        ([0.0] * 3 + [1.0] * 22 + [0.9] * 22 + [1.0] * 3, 4),
    ],
)
def test_the_legend_stands_where_it_hides_least(scores: list[float], corner: int) -> None:
    plot_training_progress(scores, window_length=1)
    legend = score_axes().get_legend()
    assert legend is not None
    assert legend._loc == corner  # type: ignore[attr-defined]


# Very many episodes


def many_scores(count: int) -> list[float]:
    scores = np.random.default_rng(0).normal(100.0, 5.0, count)
    scores[count // 4] = 180.0
    scores[count // 2] = 20.0
    return [float(score) for score in scores]


def test_a_picture_of_very_many_episodes_is_saved(tmp_path: Path) -> None:
    scores = many_scores(250_000)
    plot_training_progress(
        scores, 1.0, 0.1, 0.9999, path=tmp_path / "many.png", mark_best=True, figsize=(4, 3)
    )
    picture = plt.imread(tmp_path / "many.png")
    assert picture.shape[:2] == (300, 400)
    axes = epsilon_axes()
    assert axes is not None
    assert len(np.asarray(axes.get_lines()[0].get_xdata())) < 20_000
