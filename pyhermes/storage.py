"""Where the documentation has `Experiment` and `ExperimentList`."""

from __future__ import annotations

from pyhermes.api.experiment import Experiment
from pyhermes.api.experiment_list import ExperimentList

__all__ = ["Experiment", "ExperimentList"]
