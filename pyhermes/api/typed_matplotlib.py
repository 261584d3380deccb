"""What is used of matplotlib, with the types that its own annotations leave out.

Nearly every method of matplotlib ends in `**kwargs` without a type. These protocols name the arguments
that are used here, so that a type checker sees them; nothing is wrapped.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.curves.view import Corner
from pyhermes.core.typing import FloatArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D


class TypedAxes(Protocol):
    """Methods of `matplotlib.axes.Axes`."""

    def plot(
        self,
        x: FloatArray | list[float],
        y: FloatArray | list[float],
        /,
        *,
        scalex: bool = ...,
        scaley: bool = ...,
        color: str = ...,
        alpha: float = ...,
        linestyle: str = ...,
        linewidth: float = ...,
        marker: str = ...,
        markersize: float = ...,
        markeredgewidth: float = ...,
        markerfacecolor: str = ...,
        markeredgecolor: str = ...,
        clip_on: bool = ...,
        zorder: float = ...,
        label: str = ...,
    ) -> list[Line2D]:
        """Add lines or markers."""
        ...

    def imshow(
        self,
        image: NDArray[np.uint8],
        /,
        *,
        origin: Literal["lower"],
        aspect: Literal["auto"],
        extent: tuple[float, float, float, float],
        zorder: float,
    ) -> AxesImage:
        """Add an image of shape `(rows, columns, 4)`."""
        ...

    def legend(
        self, *, handles: Sequence[Line2D] = ..., loc: Corner, fontsize: float = ..., framealpha: float = ...
    ) -> Legend:
        """Add a legend."""
        ...

    def twinx(self) -> Axes:
        """Add axes that share the x axis."""
        ...

    def grid(self, *, visible: bool, alpha: float) -> None:
        """Draw lines at the ticks."""
        ...

    def set_xlabel(self, text: str, /, *, fontsize: float = ...) -> object:
        """Name the x axis."""
        ...

    def set_ylabel(self, text: str, /, *, fontsize: float = ...) -> object:
        """Name the y axis."""
        ...

    def tick_params(self, *, labelsize: float) -> None:
        """Set how ticks look."""
        ...


class TypedFigure(Protocol):
    """A method of `matplotlib.figure.Figure`."""

    def savefig(self, file: IO[bytes], /, *, format: str, pil_kwargs: Mapping[str, int] = ...) -> None:
        """Draw the figure into a file."""
        ...


class TypedPyplot(Protocol):
    """Functions of `matplotlib.pyplot`."""

    def figure(self, *, figsize: tuple[float, float] | None, layout: Literal["constrained"]) -> Figure:
        """Make a figure, the current one from now on."""
        ...

    def close(self, figure: Figure, /) -> None:
        """Forget a figure."""
        ...

    def show(self) -> None:
        """Show all figures in windows."""
        ...


def typed_axes(ax: Axes) -> TypedAxes:
    """Return the axes as what is used of them."""
    return ax


def typed_figure(figure: Figure) -> TypedFigure:
    """Return the figure as what is used of it."""
    return figure


def load_pyplot() -> TypedPyplot:
    """Import pyplot, and return it as what is used of it."""
    import matplotlib.pyplot as plt

    return plt
