"""Drawing with matplotlib what `pyhermes.core.curve` computed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, final

import attrs
import numpy as np
from numpy.typing import ArrayLike

from pyhermes.core.curves.downsample import outline, point_counts, spread_counts
from pyhermes.core.curves.smooth import smoothen
from pyhermes.core.curves.training_curve import (
    Corner,
    Range,
    TrainingCurve,
    emptiest_corner,
    epsilon_arguments,
    training_curve,
    unless_given,
)
from pyhermes.core.disk.run_files import load_scores
from pyhermes.core.messages import printable
from pyhermes.core.typing import FloatArray, PathLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

    from pyhermes.api.experiment import Experiment

_EPSILON_COLOR = "0.35"
_WITHOUT_WINDOWS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}
_FEW, _MANY = 200, 20_000
_MOST_DOTS = 200_000
_COLUMNS_OF_LINES = 4096


@final
@attrs.frozen
class CurveArtists:
    """What `draw_curve` put on the axes; the scores of very many episodes are one image."""

    scores: Line2D | AxesImage
    means: Line2D
    best: Line2D | None
    epsilons: Line2D | None
    epsilon_axes: Axes | None
    legend: Legend | None


def plot_training_progress(
    scores: ArrayLike,
    eps_start: float | None = None,
    eps_end: float | None = None,
    eps_decay: float | None = None,
    epsilons: ArrayLike | None = None,
    window_length: int = 250,
    figsize: tuple[float, float] = (12, 12),
    fontsize: float = 18,
    path: PathLike | None = None,
    scores_color: str = "c",
    mean_color: str = "r",
    score_range: Range | None = None,
    epsilon_range: Range | None = None,
    axis_gap: float = 0.02,
    mark_best: bool = False,
    legend: bool = True,
    ax: Axes | None = None,
) -> ModuleType:
    """Plot a training curve from scores of shape `(episodes,)`; returns `matplotlib.pyplot`.

    Every score is a dot, the mean of the last `window_length` a line. Over 200,000 dots are counted for
    each pixel, and drawn the stronger the more they are. Where `eps_start`, `eps_end`
    and `eps_decay` are given, or else `epsilons` (one an episode), the exploration coefficient has
    an axis of its own. `axis_gap` is the fraction of each range that is added on both its sides;
    `mark_best` marks the highest score. With `ax` the curve is drawn there, else in a new figure of
    `figsize` inches; `path` saves the picture, its ending the format. Raises `CurveError`, a
    `ValueError`, as `pyhermes.core.training_curve` does.

    >>> plt = plot_training_progress([1.0, 5.0, 3.0], 1.0, 0.1, 0.5, window_length=2)
    >>> plt.gcf().axes[0].get_ylabel()
    'score'
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    curve = training_curve(
        scores,
        eps_start=eps_start,
        eps_end=eps_end,
        eps_decay=eps_decay,
        epsilons=epsilons,
        window_length=window_length,
        score_range=score_range,
        epsilon_range=epsilon_range,
        axis_gap=axis_gap,
    )
    own_figure = plt.figure(figsize=figsize, layout="constrained") if ax is None else None
    axes = own_figure.add_subplot() if own_figure is not None else ax
    assert axes is not None
    try:
        draw_curve(
            curve,
            axes,
            fontsize=fontsize,
            scores_color=scores_color,
            mean_color=mean_color,
            mark_best=mark_best,
            legend=legend,
        )
        if path is not None:
            _save(axes, path)
    except BaseException:
        if own_figure is not None:
            plt.close(own_figure)
        raise
    return plt


def plot_training_progress_from_experiment(
    exp: Experiment,
    eps_start_key: str = "-es",
    eps_end_key: str = "-ee",
    eps_decay_key: str = "-ed",
    window_length: int = 250,
    figsize: tuple[float, float] = (12, 12),
    fontsize: float = 18,
    path: PathLike | None = None,
    scores_color: str = "c",
    mean_color: str = "r",
    score_range: Range | None = None,
    epsilon_range: Range | None = None,
    axis_gap: float = 0.02,
    mark_best: bool = True,
    legend: bool = True,
) -> ModuleType:
    """Plot the training curve of an experiment from its scores; returns `matplotlib.pyplot`.

    The exploration coefficient is drawn where the execution arguments hold all three of the keys,
    and left away where they hold none. Everything else is as in `plot_training_progress`.

    >>> from pyhermes import Experiment
    >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> plt = plot_training_progress_from_experiment(exp, window_length=20, path="curve.pdf")
    >>> plt.close()
    """
    keys = (eps_start_key, eps_end_key, eps_decay_key)
    eps_start, eps_end, eps_decay = epsilon_arguments(exp.exec_args_dict, keys)
    return plot_training_progress(
        exp.scores(),
        eps_start=eps_start,
        eps_end=eps_end,
        eps_decay=eps_decay,
        window_length=window_length,
        figsize=figsize,
        fontsize=fontsize,
        path=path,
        scores_color=scores_color,
        mean_color=mean_color,
        score_range=score_range,
        epsilon_range=epsilon_range,
        axis_gap=axis_gap,
        mark_best=mark_best,
        legend=legend,
    )


def plot_training_progress_from_file(
    file: PathLike,
    eps_start: float | None = 1,
    eps_end: float | None = 0.001,
    eps_decay: float | None = 0.999,
    epsilons: Sequence[float] = [],
    window_length: int = 250,
    figsize: tuple[float, float] = (12, 12),
    fontsize: float = 18,
    path: PathLike | None = None,
    scores_color: str = "c",
    mean_color: str = "r",
    score_range: Range | None = None,
    epsilon_range: Range | None = None,
    axis_gap: float = 0.02,
    mark_best: bool = True,
    legend: bool = True,
) -> ModuleType:
    """Plot a training curve from a file of scores; returns `matplotlib.pyplot`.

    `epsilons` that are not empty win over the three coefficients while those have their defaults;
    with all three None and no `epsilons` the exploration coefficient is left away. Everything else
    is as in `plot_training_progress`.

    >>> path = "runs/taxi_q/taxi-baseline/2026_11_23_182307039385_0_fcbfa"
    >>> plt = plot_training_progress_from_file(f"{path}/2026_11_23_182307039385_0_fcbfa.scores")
    >>> plt.close()
    """
    schedule = unless_given(epsilons, (eps_start, eps_end, eps_decay), default=(1, 0.001, 0.999))
    return plot_training_progress(
        load_scores(file),
        eps_start=schedule[0],
        eps_end=schedule[1],
        eps_decay=schedule[2],
        epsilons=epsilons,
        window_length=window_length,
        figsize=figsize,
        fontsize=fontsize,
        path=path,
        scores_color=scores_color,
        mean_color=mean_color,
        score_range=score_range,
        epsilon_range=epsilon_range,
        axis_gap=axis_gap,
        mark_best=mark_best,
        legend=legend,
    )


def plot_runs(experiments: Sequence[Experiment], path: PathLike) -> None:
    """Draw the training curves of several experiments into a picture, one below the other.

    The sliding means are over a tenth of each run, at most 250 episodes.

    >>> from pyhermes import Experiment
    >>> plot_runs(Experiment.load_all("runs/taxi_q/taxi-baseline")[:1], "curves.png")
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5 * len(experiments)), layout="constrained")
    axes = figure.subplots(len(experiments), squeeze=False)
    for exp, ax in zip(experiments, axes[:, 0], strict=True):
        scores = exp.scores()
        coefficients = epsilon_arguments(exp.exec_args_dict, ("-es", "-ee", "-ed"))
        start, end, decay = coefficients if None not in coefficients else (None, None, None)
        window = min(250, max(1, len(scores) // 10))
        curve = training_curve(scores, eps_start=start, eps_end=end, eps_decay=decay, window_length=window)
        draw_curve(curve, ax, fontsize=11, mark_best=True)
        ax.set_title(printable(exp.identifier), fontsize=11)
    figure.savefig(path)


def draw_curve(
    curve: TrainingCurve,
    ax: Axes,
    *,
    fontsize: float = 18,
    scores_color: str = "c",
    mean_color: str = "r",
    mark_best: bool = False,
    legend: bool = True,
) -> CurveArtists:
    """Draw a training curve on the axes, and the exploration coefficient on a second y axis.

    >>> import matplotlib.pyplot as plt
    >>> from pyhermes.core import training_curve
    >>> artists = draw_curve(training_curve([1.0, 3.0], window_length=2), plt.figure().add_subplot())
    >>> artists.means.get_ydata()
    array([1., 2.])
    >>> plt.close()
    """
    from matplotlib.ticker import MaxNLocator

    n = len(curve.scores)
    dots, dots_in_legend = _dots(ax, curve, scores_color)
    (means,) = ax.plot(
        *_line(curve.means),
        color=mean_color,
        linewidth=2.2,
        label=f"mean of the last {curve.window_length}",
        zorder=3,
        scalex=False,
        scaley=False,
    )
    best = _mark_best(ax, curve, mean_color, fontsize) if mark_best else None
    epsilon_axes, epsilons = _draw_epsilons(ax, curve, fontsize)
    _label(ax, "episode", "score", fontsize)
    ax.set_xlim(-0.5 - 0.01 * n, max(n - 0.5, 0.5) + 0.01 * n)
    ax.set_ylim(*curve.score_range)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.grid(visible=True, alpha=0.25)
    shown = [line for line in (dots_in_legend, means, best, epsilons) if line is not None]
    box = _legend(ax, shown, emptiest_corner(curve), fontsize) if legend else None
    return CurveArtists(dots, means, best, epsilons, epsilon_axes, box)


def plot_series(values: FloatArray, label: str, smoothing: int, show: bool, ax: Axes | None) -> Axes:
    """Plot a series and its sliding mean over `smoothing` values; the axes it was drawn on."""
    import matplotlib.pyplot as plt

    means, _ = smoothen(values, smoothing)
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    steps = np.arange(len(values))
    if smoothing > 1:
        ax.plot(steps, values, color="c", alpha=0.45, linewidth=1, marker=_marker(values), label=label)
        mean_label = f"mean of the last {smoothing}"
        ax.plot(steps, means, color="r", linewidth=2, marker=_marker(means), label=mean_label)
        ax.legend(loc="upper right")
    else:
        ax.plot(steps, values, color="c", linewidth=1.5, marker=_marker(values), label=label)
    ax.set_xlabel("step")
    ax.set_ylabel(label)
    ax.grid(visible=True, alpha=0.25)
    if show and _has_windows():
        plt.show()
    return ax


def _save(ax: Axes, path: PathLike) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    if os.fspath(path).lower().endswith(".png"):
        # a cloud of dots gets no smaller by trying harder, which takes three times as long
        figure.savefig(path, pil_kwargs={"compress_level": 1})
    else:
        figure.savefig(path)


def _line(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What to draw a line through: all values, or of very many what can be seen of them."""
    if len(values) > _MOST_DOTS:
        return outline(values, _COLUMNS_OF_LINES)
    return np.arange(len(values), dtype=np.float64), values


def _dots(ax: Axes, curve: TrainingCurve, color: str) -> tuple[Line2D | AxesImage, Line2D]:
    """A dot an episode, the more there are the smaller and the fainter; and what the legend shows."""
    crowd = min(max(np.log(max(len(curve.scores), 1) / _FEW) / np.log(_MANY / _FEW), 0.0), 1.0)
    many = len(curve.scores) > _MOST_DOTS
    (dots,) = ax.plot(
        *_line(curve.scores[:0] if many else curve.scores),
        linestyle="none",
        marker="o",
        markersize=6 - 3.4 * crowd,
        markeredgewidth=0,
        alpha=0.7 - 0.3 * crowd,
        color=color,
        label="score",
        zorder=2,
        scalex=False,
        scaley=False,
    )
    return (_draw_cloud(ax, curve, dots) if many else dots), dots


def _draw_cloud(ax: Axes, curve: TrainingCurve, dots: Line2D) -> AxesImage:
    """Very many dots as an image of their numbers: a single one as strong as a dot, many stronger."""
    from matplotlib.colors import to_rgb

    columns, rows = (max(int(size), 1) for size in ax.figure.bbox.size)
    counts = point_counts(curve.scores, curve.score_range, columns, rows)
    counts = spread_counts(counts, dots.get_markersize() / 2 * ax.figure.dpi / 72)
    weakest = dots.get_alpha() or 1.0
    strength = np.log(np.maximum(counts, 1))
    strength *= (1 - weakest) / max(strength.max(), 1.0)
    strength += weakest
    image = np.empty((rows, columns, 4), np.uint8)
    image[..., :3] = np.rint(255 * np.array(to_rgb(dots.get_color())))
    image[..., 3] = np.rint(255 * strength) * (counts > 0)
    return ax.imshow(
        image,
        origin="lower",
        aspect="auto",
        extent=(-0.5, len(curve.scores) - 0.5, *curve.score_range),
        zorder=2,
    )


def _mark_best(ax: Axes, curve: TrainingCurve, color: str, fontsize: float) -> Line2D | None:
    low, high = curve.score_range
    if curve.best is None or not low <= curve.best.score <= high:
        return None
    (best,) = ax.plot(
        [curve.best.episode],
        [curve.best.score],
        linestyle="none",
        marker="*",
        markersize=fontsize,
        markerfacecolor="gold",
        markeredgecolor="black",
        color=color,
        label=f"best: {curve.best.score:g} in episode {curve.best.episode}",
        scalex=False,
        scaley=False,
        zorder=4,
        clip_on=False,
    )
    best.set_in_layout(False)
    return best


def _draw_epsilons(ax: Axes, curve: TrainingCurve, fontsize: float) -> tuple[Axes | None, Line2D | None]:
    if curve.epsilons is None or curve.epsilon_range is None:
        return None, None
    epsilon_axes = ax.twinx()
    (line,) = epsilon_axes.plot(
        *_line(curve.epsilons), color=_EPSILON_COLOR, linestyle="--", linewidth=1.8, label="epsilon"
    )
    epsilon_axes.set_ylim(*curve.epsilon_range)
    _put_in_front(ax, epsilon_axes)
    _label(epsilon_axes, None, "epsilon", fontsize)
    return epsilon_axes, line


def _legend(ax: Axes, lines: list[Line2D], corner: Corner, fontsize: float) -> Legend:
    """In a corner, where it hides least, and with dots large enough to see their colour."""
    legend: Legend = ax.legend(handles=lines, loc=corner, fontsize=0.75 * fontsize, framealpha=0.85)
    legend.set_zorder(5)
    for handle in legend.get_lines()[:1]:
        handle.set(alpha=1.0, markersize=8)
    return legend


def _put_in_front(ax: Axes, behind: Axes) -> None:
    """Draw the scores and the legend over the second axes, and let pyplot go on with the first."""
    behind.patch.set_visible(True)
    behind.set_facecolor(ax.get_facecolor())
    ax.patch.set_visible(False)
    ax.set_zorder(behind.get_zorder() + 1)
    ax.figure.sca(ax)


def _marker(values: FloatArray) -> str:
    """A dot where a line would not show: around a point without a neighbour."""
    finite = np.isfinite(np.concatenate([[np.nan], values, [np.nan]]))
    alone = finite[1:-1] & ~finite[:-2] & ~finite[2:]
    return "." if alone.any() else ""


def _label(ax: Axes, x: str | None, y: str, fontsize: float) -> None:
    if x is not None:
        ax.set_xlabel(x, fontsize=fontsize)
    ax.set_ylabel(y, fontsize=fontsize)
    ax.tick_params(labelsize=0.75 * fontsize)


def _has_windows() -> bool:
    import matplotlib

    return matplotlib.get_backend().lower() not in _WITHOUT_WINDOWS
