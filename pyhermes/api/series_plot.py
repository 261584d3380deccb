"""The plot of one series of a result, which needs no experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhermes.api.drawing import draw_series
from pyhermes.api.typed_matplotlib import load_pyplot
from pyhermes.core.curves.view import series_view
from pyhermes.core.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WITHOUT_WINDOWS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}


def plot_series(values: FloatArray, label: str, smoothing: int, show: bool, ax: Axes | None) -> Axes:
    """Plot a series of shape `(n,)` and its sliding mean over `smoothing` values; return the axes.

    `show` shows the picture where the backend has windows. Raises `CurveError`, a `ValueError`, for a
    `smoothing` below 1.
    """
    view = series_view(values, smoothing)
    pyplot = load_pyplot()
    axes = pyplot.figure(figsize=None, layout="constrained").add_subplot() if ax is None else ax
    draw_series(view, axes, label)
    if show and _has_windows():
        pyplot.show()
    return axes


def _has_windows() -> bool:
    import matplotlib

    return matplotlib.get_backend().lower() not in _WITHOUT_WINDOWS
