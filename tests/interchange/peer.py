"""Run by a Python that has rlmate: writes a result into a folder, or reads one and prints it."""

from __future__ import annotations

import json
import sys

import numpy as np
from rlmate.result import Result


def write(folder: str) -> None:
    """Record what an agent would."""
    result = Result.new("theirs")
    for step in range(5):
        result.store_scalar(step / 2, "loss")
        result.store_scalar(np.float64(step), "return")
        result.store_scalar(bool(step % 2), "solved")
        result.store_array(np.array([step, 0.5], dtype=np.float32), "q")
    result.store_scalar([7, 8], "steps")
    result.save(folder)


def read(path: str) -> None:
    """Print the values of a result."""
    print(json.dumps({key: np.asarray(value).tolist() for key, value in Result.load(path).items()}))


def show(path: str) -> None:
    """Print what an experiment was given, and what became of it."""
    from rlmate.storage import Experiment

    exp = Experiment.load(path)
    print(json.dumps({"args": sorted(exp.exec_args), "info": exp.info_dict, "id": exp.identifier}))


if __name__ == "__main__":
    {"write": write, "read": read, "show": show}[sys.argv[1]](sys.argv[2])
