"""Misuse that must not type-check: mypy has to report what each comment says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import torch

from pyhermes import Experiment, ExperimentList, Result
from pyhermes.core import (
    filter_by_args,
    latest,
    load_run,
    parse_exec_args,
    parse_info,
    scan_runs,
    training_curve,
)
from pyhermes.plot import plot_training_progress, smoothen

ExperimentList([1])  # E: list-item
ExperimentList(["path"])  # E: list-item
Experiment.load_all("x", on_error="ignore")  # E: arg-type
Experiment.load_all("x", "raise")  # E: call-arg
Experiment.load(3)  # E: arg-type
Experiment("id", "path", "hash")  # E: call-arg

runs = Experiment.load_all("x")
runs.append(3)  # E: arg-type
runs.filter_by_exec_args(3)  # E: arg-type
runs[0].exec_arg  # E: attr-defined
runs[0].exec_args = set()  # E: misc
runs[0].load_state_dict("best", torch.zeros(1))  # E: call-overload
runs[0].execution_time + 1  # E: operator

result = Result.new("x")
result.store_scalar(object(), "k")  # E: arg-type
result.store_scalar("text", "k")  # E: arg-type
result.store_scalar(1j, "k")  # E: arg-type
result.store_scalar(1.0)  # E: call-arg
result["k"] = object()  # E: assignment
result["k"] = {1, 2}  # E: assignment
result["k"] + 1  # E: operator

filter_by_args([1], ["--a"])  # E: type-var
filter_by_args(runs, [1])  # E: list-item
latest([1])  # E: type-var

info = parse_info("")
info.start_time = None  # E: misc
info.fields["a"] = "b"  # E: index
parse_info(b"")  # E: arg-type
parse_exec_args("").lines = ()  # E: misc
load_run("x").path = Path("y")  # E: misc
scan_runs("x").runs[0].info.problems[0].line = 3  # E: misc
training_curve([1.0]).means = None  # E: misc, assignment

smoothen([1.0], "2")  # E: arg-type
plot_training_progress([1.0], score_range=3)  # E: arg-type
