"""Code of a strictly typed user: checked by mypy and pyright, never run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal, TextIO, assert_type

import attrs
import numpy as np
import pandas
import polars
import pyarrow
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pyhermes import (
    Experiment,
    ExperimentList,
    Flag,
    Key,
    Positional,
    Recording,
    Replicate,
    Result,
    RunStatus,
    Shape,
    StructuredGroup,
    StructuredList,
    StructuredRun,
    UnstructuredRun,
)
from pyhermes.core import (
    ArgumentProblem,
    ArgumentValue,
    ExecArgs,
    ExperimentInfo,
    FrozenValue,
    Job,
    Problem,
    ResultRecord,
    ResultValue,
    Run,
    RunWithArguments,
    Scan,
    StructuredArgs,
    Table,
    TrainingCurve,
    UnreadableRun,
    decode_result,
    diff,
    encode_result,
    expand,
    filter_by_args,
    format_info,
    group_by,
    group_by_replicate,
    latest,
    load_run,
    load_state_dict,
    parse_exec_args,
    parse_execution_file,
    parse_info,
    parse_scores,
    scan_runs,
    sort_by,
    structure_args,
    structure_result,
    structured_args,
    training_curve,
    unstructure_args,
    varying,
    with_arguments,
)
from pyhermes.plot import (
    plot_training_progress,
    plot_training_progress_from_experiment,
    plot_training_progress_from_file,
    smoothen,
)
from pyhermes.runner import SweepReport, run_jobs


class Agent(torch.nn.Module):
    """Some network."""


class MyExperiment(Experiment):
    """Some subclass."""


@attrs.frozen
class Task:
    """Something of one's own with arguments."""

    exec_args: frozenset[str]


@attrs.frozen
class Adam:
    """The arguments of an optimizer."""

    lr: float = 1e-3


@attrs.frozen
class Args:
    """The arguments of a script."""

    env: Annotated[str, Positional]
    lr: Annotated[float, Flag("-lr", "--lr")]
    seed: Annotated[int, Replicate]
    layers: tuple[int, ...] = (64, 64)
    algo: Literal["dqn", "ddqn"] = "dqn"
    adam: Adam = Adam()


@attrs.frozen
class Metrics:
    """What a script records."""

    returns: Annotated[NDArray[np.float64], Key("return"), Shape("episodes")]
    note: str | None = None


def experiments(path: Path, net: Agent) -> None:
    exp = Experiment.load(path)
    assert_type(exp, Experiment)
    assert_type(MyExperiment.load(str(path)), MyExperiment)
    assert_type(exp.run, Run)
    assert_type(exp.exec_args, set[str])
    assert_type(exp.exec_args_dict, dict[str, ArgumentValue])
    assert_type(exp.info_dict, dict[str, str])
    assert_type(exp.arguments, ExecArgs)
    assert_type(exp.scores(), NDArray[np.float64])
    assert_type(exp.scores_file, Path)
    assert_type(exp.file("x"), Path)
    assert_type(exp.copy_file(path, new_file_name="x"), Path)
    assert_type(exp.start_time, datetime | None)
    assert_type(exp.execution_time, float | None)
    assert_type(exp.result, Result)
    assert_type(exp.list_pth_files(), list[str])
    assert_type(exp.load_state_dict("best"), dict[str, torch.Tensor])
    assert_type(exp.load_state_dict("best", net), Agent)
    assert_type(exp.open_log_files("r"), AbstractContextManager[tuple[TextIO, TextIO]])
    with exp.open_log_files() as (stdout, stderr), exp.open_stderr_file() as again:
        assert_type((stdout, stderr, again), tuple[TextIO, TextIO, TextIO])
    exp.comments = "the one in the paper"
    assert_type(Experiment.is_experiment(path), bool)
    Experiment("id", path, None, None)
    Experiment("id", path, "9b28e1f", datetime.now())
    Experiment("id", path, "9b28e1f", 1600000000.0)


def lists(path: Path) -> None:
    runs = Experiment.load_all(path, on_error="raise", recursive=True)
    assert_type(runs, ExperimentList)
    assert_type(runs[0], Experiment)
    assert_type(runs[1:], ExperimentList)
    assert_type(runs + runs, ExperimentList)
    assert_type(runs.copy(), ExperimentList)
    assert_type(runs.filter_by_exec_args("--a", "--b"), ExperimentList)
    assert_type(runs.latest(), Experiment)
    assert_type(runs.failed, tuple[UnreadableRun, ...])
    runs += [runs[0]]
    for exp in runs:
        assert_type(exp, Experiment)
    ExperimentList(exp for exp in runs if exp.execution_time)


def structured(exp: Experiment, runs: ExperimentList) -> None:
    assert_type(exp.structure(Args), Args)
    assert_type(exp.structure(Args, forbid_extra=True).layers, tuple[int, ...])
    assert_type(exp.result_as(Metrics), Metrics)
    assert_type(exp.result_as(Metrics, "metrics").returns, NDArray[np.float64])
    assert_type(exp.status, RunStatus)
    assert_type(exp.status_reason, str)
    typed = runs.structure(Args)
    assert_type(typed, StructuredList[Args])
    assert_type(typed[0], StructuredRun[Args])
    assert_type(typed[0].args, Args)
    assert_type(typed[0].experiment, Experiment)
    assert_type(typed[0].defaulted, frozenset[str])
    assert_type(typed[1:], StructuredList[Args])
    assert_type(typed.filter(lambda a: a.lr < 1e-3 and a.adam.lr > 0), StructuredList[Args])
    assert_type(typed.sort_by(lambda a: a.seed, reverse=True), StructuredList[Args])
    assert_type(typed.group_by(lambda a: a.layers), dict[tuple[int, ...], StructuredList[Args]])
    assert_type(typed.group_by_replicate(), tuple[StructuredGroup[Args], ...])
    for group in typed.group_by_replicate():
        assert_type(group[0].args.seed, int)
        assert_type(group.args_without_replicates, Mapping[str, object])
        assert_type(group.duplicates, tuple[tuple[StructuredRun[Args], ...], ...])
        assert_type(group.filter(lambda a: a.seed > 1), StructuredList[Args])
    for run in typed:
        assert_type(run, StructuredRun[Args])
    assert_type(typed.latest().args, Args)
    assert_type(typed.varying(), tuple[str, ...])
    assert_type(typed.experiments, ExperimentList)
    assert_type(typed.failed, tuple[UnstructuredRun, ...])
    assert_type(typed.failed[0].problems, tuple[ArgumentProblem, ...])
    assert_type(typed.table(last=["loss"]), Table)
    assert_type(typed.scalars("loss"), Table)
    assert_type(typed.to_pandas(last=True), pandas.DataFrame)
    assert_type(typed.to_polars(), polars.DataFrame)
    assert_type(typed.to_arrow(), pyarrow.Table)
    assert_type(runs.to_pandas(), pandas.DataFrame)
    assert_type(runs.filter(lambda exp: exp.execution_time), ExperimentList)
    assert_type(runs.sort_by(lambda exp: exp.start_time), ExperimentList)
    assert_type(runs.group_by(lambda exp: exp.comments), dict[str | None, ExperimentList])
    assert_type(runs.varying(), tuple[str, ...])
    assert_type(diff(runs[0], runs[1]), dict[str, tuple[object, object]])
    diff(typed[0], typed[1])
    varying(typed)
    assert_type(group_by_replicate(typed)[0].runs, tuple[StructuredRun[Args], ...])


def recording(args: Args, words: list[str], net: Agent) -> None:
    with Experiment.record(
        "train", name="first", args=args, comments=["a"], seeds=True, on_error="warn"
    ) as exp:
        assert_type(exp, Recording)
        exp.log_score(np.float64(0.5))
        assert_type(exp.new_result("metrics", autosave=10), Result)
        assert_type(exp.save_state_dict(net.state_dict(), "best"), Path)
    with Experiment.record("train", name="first", args=words, root=Path("runs")):
        pass
    Experiment.record("train", name="first", args={"lr": 0.1})
    Experiment.record("train", name="first", args=argparse.Namespace(lr=0.1))
    assert_type(Experiment.current(), Recording)
    jobs = expand(parse_execution_file("EXEC"))
    assert_type(jobs, tuple[Job, ...])
    assert_type(run_jobs(jobs, name="first", executor=ThreadPoolExecutor()), SweepReport)


def results(ax: Axes, losses: list[float]) -> None:
    result = Result.new("metrics")
    assert_type(result, Result)
    result.store_scalar(1.0, "k")
    result.store_scalar(True, "k")
    result.store_scalar(np.float32(1), "k")
    result.store_scalar(np.int64(1), "k")
    result.store_scalar(np.bool_(True), "k")
    result.store_scalar(torch.tensor(1.0), "k")
    result.store_scalar(losses, "k")
    result.store_scalar((x for x in (1, 2.0, np.float64(3))), "k")
    result.store_scalar(np.zeros(3), "k")
    result.store_array([1.0, 2.0], "q")
    result.store_array(np.zeros((2, 3)), "q")
    result.store_array(torch.zeros(2), "q")
    result["note"] = "text"
    result["losses"] = losses
    result["best"] = np.float32(0.5)
    result["weights"] = torch.zeros(2)
    result["table"] = {"x": [1, 2], "y": None}
    assert_type(result.series("k"), NDArray[np.float64])
    assert_type(result.snapshot(), ResultRecord)
    assert_type(result.save("somewhere"), Path)
    assert_type(result.path, Path | None)
    assert_type(Result.load("x.result"), Result)
    assert_type(Result.from_namespace("x", object()), Result)
    assert_type(result.plot_scalar("k", ax=ax), Axes)
    loss = result["k"]
    if isinstance(loss, np.ndarray):
        loss.mean()
    Result("x", None, {"a": 1, "b": [1.0]})


def functions(text: str, data: bytes, path: Path) -> None:
    assert_type(parse_info(text), ExperimentInfo)
    assert_type(parse_info(text).problems, tuple[Problem, ...])
    assert_type(parse_info(text).fields, Mapping[str, str])
    assert_type(format_info({"a": "b"}), str)
    assert_type(parse_exec_args(text).exec_args, frozenset[str])
    assert_type(parse_exec_args(text).values, dict[str, ArgumentValue])
    assert_type(parse_scores(data), NDArray[np.float64])
    assert_type(decode_result(data), ResultRecord)
    assert_type(decode_result(data).values, Mapping[str, FrozenValue])
    assert_type(encode_result(ResultRecord({"a": [1.0, 2.0]})), bytes)
    assert_type(load_run(path), Run)
    assert_type(scan_runs(path), Scan)
    assert_type(scan_runs(path).runs, tuple[Run, ...])
    assert_type(with_arguments(load_run(path)), RunWithArguments)
    assert_type(load_state_dict(path, "cpu"), dict[str, torch.Tensor])
    assert_type(smoothen([1, 2, 3], 2), tuple[NDArray[np.float64], NDArray[np.float64]])
    assert_type(smoothen(np.zeros(3, np.float32)), tuple[NDArray[np.float64], NDArray[np.float64]])
    assert_type(filter_by_args([Task(frozenset())], ["--a"]), tuple[Task, ...])
    assert_type(filter_by_args(Experiment.load_all(path), {"--a"}), tuple[Experiment, ...])
    assert_type(latest(scan_runs(path).runs), Run)
    assert_type(training_curve([1.0, 2.0]), TrainingCurve)
    assert_type(training_curve([1.0]).epsilons, NDArray[np.float64] | None)


def structuring(args: ExecArgs, record: ResultRecord, names: list[str]) -> None:
    assert_type(structure_args(args, Args), Args)
    assert_type(structure_args(args, Args, flags={"lr": "-l", "adam.lr": ["-a", "-b"]}).lr, float)
    assert_type(structured_args(args, Args, forbid_extra=True), StructuredArgs[Args])
    assert_type(unstructure_args(Args("x", 0.1, 3)), tuple[tuple[str, ...], ...])
    assert_type(structure_result(record, Metrics), Metrics)
    assert_type(sort_by(names, len), tuple[str, ...])
    assert_type(group_by(names, len), dict[int, tuple[str, ...]])
    assert_type(varying([{"lr": 1}, {"lr": 2}]), tuple[str, ...])


def plots(exp: Experiment, ax: Axes) -> None:
    assert_type(plot_training_progress([1, 2], 1, 0.1, 0.99, ax=ax), ModuleType)
    assert_type(plot_training_progress(np.zeros(3), epsilons=np.ones(3), path=Path("x.png")), ModuleType)
    assert_type(plot_training_progress_from_experiment(exp, "-a", "-b", "-c", score_range=(0, 1)), ModuleType)
    assert_type(plot_training_progress_from_file("x", None, None, None, epsilons=[0.5]), ModuleType)


def values(value: ArgumentValue, held: ResultValue) -> None:
    if isinstance(value, list):
        assert_type(value, list[bool | int | float | str])
    if isinstance(held, str):
        assert_type(held, str)
