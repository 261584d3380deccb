"""rlmate at the same work: run by a Python that has it, a line of JSON for every task and every answer.

It is the tool whose directories pyhermes reads. Its versions of numpy and pandas are its own, so it
has a process of its own, which lives as long as the comparison.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from rlmate.plot import plot_training_progress_from_file, smoothen
from rlmate.result import Result
from rlmate.storage import Experiment, ExperimentList

_LOADED: dict[str, ExperimentList] = {}


def load_all(path: str) -> Callable[[], object]:
    """Load all runs in a folder."""
    return lambda: Experiment.load_all(path)


def filter_again(path: str, *args: str) -> Callable[[], object]:
    """Choose among runs that were loaded before, whose arguments were read."""
    if path not in _LOADED:
        _LOADED[path] = Experiment.load_all(path)
        _LOADED[path].filter_by_exec_args(*args)
    return lambda: _LOADED[path].filter_by_exec_args(*args)


def smooth(path: str, window: str) -> Callable[[], object]:
    """Smoothen an array in a file."""
    values = np.load(path)
    return lambda: smoothen(values, int(window))


def scores(path: str) -> Callable[[], object]:
    """Read the scores of a run."""
    experiment = Experiment.load(path)
    return lambda: experiment.scores()


def save(path: str, folder: str) -> Callable[[], object]:
    """Save lists of numbers."""
    held = np.load(path)
    result = Result("theirs", dictionary={key: held[key].tolist() for key in held.files})
    return lambda: result.save(folder)


def plot(path: str, picture: str) -> Callable[[], object]:
    """Draw a training curve from a file of scores into a picture."""
    return lambda: plot_training_progress_from_file(path, path=picture)


TASKS = {task.__name__: task for task in (load_all, filter_again, smooth, scores, save, plot)}


if __name__ == "__main__":
    mpl.use("agg")
    answers, sys.stdout = sys.stdout, sys.stderr  # it prints
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        work = TASKS[name](*arguments)
        begun = time.perf_counter()
        work()
        print(json.dumps(time.perf_counter() - begun), file=answers, flush=True)
