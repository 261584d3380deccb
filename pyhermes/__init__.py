"""pyhermes stores and retrieves the runs of experiments: a readable directory is the store.

An experiment here is ONE run: what was executed, when, with which arguments, from which commit, its
logs, scores, checkpoints and results. `Experiment.load_all` loads a folder of them.
"""

from __future__ import annotations

from pyhermes.api.experiment import Experiment
from pyhermes.api.experiment_list import ExperimentList
from pyhermes.api.recording import Recording
from pyhermes.api.result import Result
from pyhermes.api.structured_list import StructuredGroup, StructuredList, StructuredRun, UnstructuredRun
from pyhermes.core.errors import HermesError, HermesWarning
from pyhermes.core.marks import Flag, Key, Positional, Replicate, Shape
from pyhermes.core.status import RunStatus

__all__ = [
    "Experiment",
    "ExperimentList",
    "Flag",
    "HermesError",
    "HermesWarning",
    "Key",
    "Positional",
    "Recording",
    "Replicate",
    "Result",
    "RunStatus",
    "Shape",
    "StructuredGroup",
    "StructuredList",
    "StructuredRun",
    "UnstructuredRun",
]
