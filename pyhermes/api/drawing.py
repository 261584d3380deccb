"""Records of `pyhermes.core.curves` become artists of matplotlib, and figures become pictures."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, final

import attrs

from pyhermes.api.typed_matplotlib import typed_axes, typed_figure
from pyhermes.core.curves.training_curve import BestEpisode, TrainingCurve
from pyhermes.core.curves.view import Corner, CurveView, Points, Raster, SeriesView, curve_view
from pyhermes.core.disk.atomic_writing import replace_file
from pyhermes.core.public import public
from pyhermes.core.typing import PathLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

_EPSILON_COLOR = "0.35"


@final
@public("pyhermes.plot")
@attrs.frozen
class CurveArtists:
    """Hold what `draw_curve` put on the axes; the scores of very many episodes are one image."""

    scores: Line2D | AxesImage
    means: Line2D
    best: Line2D | None
    epsilons: Line2D | None
    epsilon_axes: Axes | None
    legend: Legend | None


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

    `fontsize` is in points. Over 200,000 scores are drawn as an image of as many pixels as the figure
    has now.

    >>> import matplotlib.pyplot as plt
    >>> from pyhermes.core import training_curve
    >>> artists = draw_curve(training_curve([1.0, 3.0], window_length=2), plt.figure().add_subplot())
    >>> artists.means.get_ydata()
    array([1., 2.])
    >>> plt.close()
    """
    view = _view_on_axes(curve, ax)
    dots, dots_in_legend = _draw_scores(ax, view, scores_color)
    means = _draw_means(ax, view, mean_color)
    best = _draw_best(ax, view.best, mean_color, fontsize) if mark_best and view.best else None
    epsilon_axes, epsilons = _draw_epsilons(ax, view, fontsize)
    _style_axes(ax, view, fontsize)
    lines = [line for line in (dots_in_legend, means, best, epsilons) if line is not None]
    box = _draw_legend(ax, lines, view.legend_corner, fontsize) if legend else None
    return CurveArtists(dots, means, best, epsilons, epsilon_axes, box)


def draw_series(view: SeriesView, ax: Axes, label: str) -> None:
    """Draw a series, and where it has sliding means those over it."""
    axes = typed_axes(ax)
    x, y = view.values.positions, view.values.values
    marker = "." if view.has_lone_values else ""
    if view.means is None:
        axes.plot(x, y, color="c", linewidth=1.5, marker=marker, label=label)
    else:
        axes.plot(x, y, color="c", alpha=0.45, linewidth=1, marker=marker, label=label)
        axes.plot(
            view.means.positions,
            view.means.values,
            color="r",
            linewidth=2,
            marker="." if view.has_lone_means else "",
            label=f"mean of the last {view.window_length}",
        )
        axes.legend(loc="upper right")
    axes.set_xlabel("step")
    axes.set_ylabel(label)
    axes.grid(visible=True, alpha=0.25)


def save_figure(figure: Figure, path: PathLike) -> None:
    """Draw a figure into a file, whose ending is the format; a path without one gets matplotlib's default.

    The file is there whole or not at all. Raises `ValueError` for an ending that is no format.
    """
    ending = os.path.splitext(path)[1]
    if ending in ("", "."):
        ending = f".{figure.canvas.get_default_filetype()}"
        path = f"{os.fspath(path).rstrip('.')}{ending}"
    replace_file(path, _render_figure(figure, ending[1:].lower()))


def _render_figure(figure: Figure, file_format: str) -> bytes:
    picture = io.BytesIO()
    if file_format == "png":
        # a cloud of dots gets no smaller by trying harder, which takes three times as long
        typed_figure(figure).savefig(picture, format=file_format, pil_kwargs={"compress_level": 1})
    else:
        typed_figure(figure).savefig(picture, format=file_format)
    return picture.getvalue()


def _view_on_axes(curve: TrainingCurve, ax: Axes) -> CurveView:
    width, height = (max(int(size), 1) for size in ax.figure.bbox.size)
    return curve_view(curve, width=width, height=height, dpi=ax.figure.dpi)


def _draw_scores(ax: Axes, view: CurveView, color: str) -> tuple[Line2D | AxesImage, Line2D]:
    """Draw a dot an episode, or the image of very many; return also what the legend shows."""
    points = view.scores if isinstance(view.scores, Points) else None
    (dots,) = typed_axes(ax).plot(
        [] if points is None else points.positions,
        [] if points is None else points.values,
        linestyle="none",
        marker="o",
        markersize=view.dot_size,
        markeredgewidth=0,
        alpha=view.dot_alpha,
        color=color,
        label="score",
        zorder=2,
        scalex=False,
        scaley=False,
    )
    return (_draw_raster(ax, view.scores, color) if isinstance(view.scores, Raster) else dots), dots


def _draw_raster(ax: Axes, raster: Raster, color: str) -> AxesImage:
    from matplotlib.colors import to_rgb

    image = raster.paint(to_rgb(color))
    return typed_axes(ax).imshow(image, origin="lower", aspect="auto", extent=raster.extent, zorder=2)


def _draw_means(ax: Axes, view: CurveView, color: str) -> Line2D:
    (means,) = typed_axes(ax).plot(
        view.means.positions,
        view.means.values,
        color=color,
        linewidth=2.2,
        label=f"mean of the last {view.window_length}",
        zorder=3,
        scalex=False,
        scaley=False,
    )
    return means


def _draw_best(ax: Axes, best: BestEpisode, color: str, fontsize: float) -> Line2D:
    (mark,) = typed_axes(ax).plot(
        [float(best.episode)],
        [best.score],
        linestyle="none",
        marker="*",
        markersize=fontsize,
        markerfacecolor="gold",
        markeredgecolor="black",
        color=color,
        label=f"best: {best.score:g} in episode {best.episode}",
        scalex=False,
        scaley=False,
        zorder=4,
        clip_on=False,
    )
    # the star may stand out over the axes' edge: it must not make them smaller
    mark.set_in_layout(False)
    return mark


def _draw_epsilons(ax: Axes, view: CurveView, fontsize: float) -> tuple[Axes | None, Line2D | None]:
    if view.epsilons is None or view.epsilon_range is None:
        return None, None
    epsilon_axes = typed_axes(ax).twinx()
    (line,) = typed_axes(epsilon_axes).plot(
        view.epsilons.positions,
        view.epsilons.values,
        color=_EPSILON_COLOR,
        linestyle="--",
        linewidth=1.8,
        label="epsilon",
    )
    epsilon_axes.set_ylim(*view.epsilon_range)
    _put_in_front(ax, epsilon_axes)
    _label_axes(epsilon_axes, None, "epsilon", fontsize)
    return epsilon_axes, line


def _put_in_front(ax: Axes, behind: Axes) -> None:
    """Draw the scores and the legend over the second axes, and let pyplot go on with the first."""
    behind.patch.set_visible(True)
    behind.set_facecolor(ax.get_facecolor())
    ax.patch.set_visible(False)
    ax.set_zorder(behind.get_zorder() + 1)
    ax.figure.sca(ax)


def _style_axes(ax: Axes, view: CurveView, fontsize: float) -> None:
    from matplotlib.ticker import MaxNLocator

    _label_axes(ax, "episode", "score", fontsize)
    ax.set_xlim(*view.episode_range)
    ax.set_ylim(*view.score_range)
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    typed_axes(ax).grid(visible=True, alpha=0.25)


def _label_axes(ax: Axes, x: str | None, y: str, fontsize: float) -> None:
    axes = typed_axes(ax)
    if x is not None:
        axes.set_xlabel(x, fontsize=fontsize)
    axes.set_ylabel(y, fontsize=fontsize)
    axes.tick_params(labelsize=0.75 * fontsize)


def _draw_legend(ax: Axes, lines: list[Line2D], corner: Corner, fontsize: float) -> Legend:
    legend = typed_axes(ax).legend(handles=lines, loc=corner, fontsize=0.75 * fontsize, framealpha=0.85)
    legend.set_zorder(5)
    for handle in legend.get_lines()[:1]:
        handle.set(alpha=1.0, markersize=8)  # faint little dots do not show their colour
    return legend
