"""The documented plots: numbers become a record, the record artists, and the figure a file."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from pyhermes.api.drawing import draw_curve, save_figure
from pyhermes.api.typed_matplotlib import load_pyplot
from pyhermes.core.curves.epsilons import choose_coefficients, read_coefficients
from pyhermes.core.curves.training_curve import Range, overview_curve, training_curve
from pyhermes.core.disk.run_files import load_scores
from pyhermes.core.messages import printable
from pyhermes.core.typing import PathLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pyhermes.api.experiment import Experiment


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
    """Plot a training curve from scores of shape `(episodes,)` and return `matplotlib.pyplot`.

    Every score is a dot, the mean of the last `window_length` scores a line. Over 200,000 dots are
    counted for each pixel, which is the stronger the more they are. Where `eps_start`, `eps_end` and
    `eps_decay` are given, or else `epsilons` (one an episode), the exploration coefficient has an axis
    of its own. `axis_gap` is the fraction of each range that is added on both its sides; `mark_best`
    marks the highest score; `fontsize` is in points. The curve is drawn on `ax`, else in a new figure
    of `figsize` inches; `path` saves the picture, its ending the format. Raises `CurveError`, a
    `ValueError`, as `pyhermes.core.training_curve` does, and `ValueError` for an ending that is no
    format.

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
    with _use_axes(ax, figsize) as axes:
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
            save_figure(_get_figure(axes), path)
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
    """Plot the training curve of an experiment from its scores and return `matplotlib.pyplot`.

    The exploration coefficient is drawn where the execution arguments have all three keys, and left
    out where they have none; only some of them are a `CurveError`, a `ValueError`. Everything else is
    as in `plot_training_progress`.

    >>> from pyhermes import Experiment
    >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> plt = plot_training_progress_from_experiment(exp, window_length=20, path="curve.pdf")
    >>> plt.close()
    """
    keys = (eps_start_key, eps_end_key, eps_decay_key)
    eps_start, eps_end, eps_decay = read_coefficients(exp.exec_args_dict, keys)
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
    """Plot a training curve from a file of scores and return `matplotlib.pyplot`.

    `epsilons` that are not empty win over the three coefficients while those have their defaults;
    with all three None and no `epsilons` the exploration coefficient is left out. Raises
    `ScoresError`, a `ValueError`, for a file with a line that is no number. Everything else
    is as in `plot_training_progress`.

    >>> path = "runs/taxi_q/taxi-baseline/2026_11_23_182307039385_0_fcbfa"
    >>> plt = plot_training_progress_from_file(f"{path}/2026_11_23_182307039385_0_fcbfa.scores")
    >>> plt.close()
    """
    schedule = choose_coefficients(epsilons, (eps_start, eps_end, eps_decay), default=(1, 0.001, 0.999))
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

    The sliding means are over a tenth of each run, at most 250 episodes. The ending of `path` is the
    format; raises `ValueError` for one that is no format.

    >>> from pyhermes import Experiment
    >>> plot_runs(Experiment.load_all("runs/taxi_q/taxi-baseline")[:1], "curves.png")
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5 * len(experiments)), layout="constrained")
    axes = figure.subplots(len(experiments), squeeze=False)
    for exp, ax in zip(experiments, axes[:, 0], strict=True):
        draw_curve(overview_curve(exp.scores(), exp.exec_args_dict), ax, fontsize=11, mark_best=True)
        ax.set_title(printable(exp.identifier), fontsize=11)
    save_figure(figure, path)


@contextlib.contextmanager
def _use_axes(ax: Axes | None, figsize: tuple[float, float]) -> Generator[Axes]:
    """Give the axes, else those of a new figure, which is closed again when the block fails."""
    if ax is not None:
        yield ax
        return
    pyplot = load_pyplot()
    figure = pyplot.figure(figsize=figsize, layout="constrained")
    try:
        yield figure.add_subplot()
    except BaseException:
        pyplot.close(figure)  # pyplot keeps every figure alive that is not closed
        raise


def _get_figure(ax: Axes) -> Figure:
    """Return the figure that axes are in, however deep in subfigures."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure
