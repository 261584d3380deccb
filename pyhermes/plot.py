"""The documented plots of training curves, and `smoothen`."""

from __future__ import annotations

from pyhermes.api.drawing import CurveArtists, draw_curve
from pyhermes.api.plotting import (
    plot_training_progress,
    plot_training_progress_from_experiment,
    plot_training_progress_from_file,
)
from pyhermes.core.curves.smooth import smoothen

__all__ = [
    "CurveArtists",
    "draw_curve",
    "plot_training_progress",
    "plot_training_progress_from_experiment",
    "plot_training_progress_from_file",
    "smoothen",
]
