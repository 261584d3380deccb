"""Misuse that must not type-check: mypy has to report what each comment says, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs
import torch

from pyhermes import Experiment, ExperimentList, Flag, Replicate, Result
from pyhermes.core import (
    filter_by_args,
    latest,
    load_run,
    parse_exec_args,
    parse_info,
    scan_runs,
    structure_args,
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


@attrs.frozen
class Args:
    """The arguments of a script."""

    lr: Annotated[float, Flag("-lr")]
    seed: Annotated[int, Replicate]
    note: str | None = None


typed = runs.structure(Args)
typed.filter(lambda a: a.learning_rate < 1e-3)  # E: attr-defined
typed.filter(lambda a: a.lr < "1e-3")  # E: operator
typed.filter(lambda a: a.note.startswith("x"))  # E: union-attr
typed.filter("lr < 1e-3")  # E: arg-type
typed.sort_by(lambda a: a.sede)  # E: attr-defined
typed.sort_by(lambda a: object())  # E: arg-type, return-value
typed.group_by(lambda a: a.layers)  # E: attr-defined
typed.group_by(lambda a: [a.lr])  # E: type-var
typed.group_by_replicate()[0][0].args.sede  # E: attr-defined
typed[0].args.lr = 0.1  # E: misc
typed[0].args = Args(0.1, 3)  # E: misc
typed[0].lr  # E: attr-defined
typed.append(typed[0])  # E: attr-defined
typed.failed[0].problems[0].field = "x"  # E: misc
typed.table(last=3)  # E: arg-type
typed.scalars(["loss"])  # E: arg-type
runs.structure("Args")  # E: arg-type
runs.structure(Args(0.1, 3))  # E: arg-type
runs.filter(lambda exp: exp.execution_tim)  # E: attr-defined
runs[0].structure(Args).learning_rate  # E: attr-defined
runs[0].result_as(Args).learning_rate  # E: attr-defined
Experiment.record("train", name="first", args=3)  # E: arg-type
Experiment.record("train", "first")  # E: call-arg
Experiment.record("train", name="first", on_error="skip")  # E: arg-type
Experiment.record("train", name="first").log_score(1)  # E: attr-defined
structure_args(parse_exec_args(""), Args, flags={"lr": 3})  # E: dict-item
Flag(3)  # E: arg-type
