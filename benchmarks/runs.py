"""Loading runs, filtering them, and reading their arguments into a class."""

from __future__ import annotations

import importlib
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import attrs
import signac

from benchmarks.measure import OURS, Comparison, compare, timed
from benchmarks.peer_process import Task
from pyhermes import Experiment, ExperimentList, Flag
from pyhermes.core import disk, format_exec_args, format_info, scan_runs
from pyhermes.core.disk import bulk

ARGS = ("--doubledqn", "--seed 3")
FIRST = datetime(2026, 1, 1)
SECONDS_A_CALL = 0.002


@attrs.frozen
class Args:
    """What the runs were given."""

    lr: Annotated[float, Flag("-lr")]
    seed: int
    es: float
    ee: float
    ed: float
    doubledqn: bool = False


def make_runs(folder: Path, count: int) -> Path:
    """A folder of small runs, such as a sweep leaves."""
    for number in range(count):
        start = FIRST + timedelta(seconds=37.123457 * number)
        run = folder / f"{start:%Y_%m_%d_%H%M%S%f}_{number % 100}_fcbfa"
        run.mkdir(parents=True)
        (run / "hermes.info").write_text(format_info(fields(start)))
        flags = [["--doubledqn"]] if number % 2 else []
        words = [
            ["-lr", "0.001"],
            ["--seed", str(number % 10)],
            ["-es", "1.0"],
            ["-ee", "0.01"],
            ["-ed", "0.97"],
        ]
        (run / "exec_arguments").write_text(format_exec_args(flags + words))
    return folder


def fields(start: datetime) -> dict[str, str]:
    """What a run says of itself."""
    return {
        "commit_hash": "9b28e1fa7c1b0e1a2d3c4b5a69788796a5bfcbfa",
        "start_time": f"{start:%Y_%m_%d_%H%M%S%f}",
        "end_time": f"{start + timedelta(seconds=38):%Y_%m_%d_%H%M%S%f}",
        "execution_time": "38.123456",
        "comments": "baseline",
    }


def make_signac(folder: Path, count: int) -> signac.Project:
    """The same number of jobs, with as much in each."""
    project = signac.init_project(folder)
    for number in range(count):
        project.open_job({**fields(FIRST), "seed": number}).init()
    return project


def load_with_signac(folder: Path) -> list[dict[str, object]]:
    """The parameters of all jobs, by a project that has not seen them before."""
    return [dict(job.statepoint) for job in signac.init_project(folder)]


def make_mlflow(folder: Path, count: int) -> Callable[[], object] | None:
    """What loads as many runs of mlflow from its directory of files; None without mlflow."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    try:
        tracking: Any = importlib.import_module("mlflow.tracking")
    except ImportError:
        return None
    client = tracking.MlflowClient(tracking_uri=folder.as_uri())
    experiment = client.create_experiment("train")
    for number in range(count):
        run = client.create_run(experiment)
        for key, value in {**fields(FIRST), "seed": str(number)}.items():
            client.log_param(run.info.run_id, key, value)
    return lambda: client.search_runs([experiment], max_results=count)


def read_all(folder: Path, name: str) -> None:
    """As fast as a file of every run can be read at all."""
    descriptor = os.open(folder, os.O_RDONLY)
    for run in os.listdir(folder):
        file = os.open(f"{run}/{name}", os.O_RDONLY, dir_fd=descriptor)
        os.read(file, 4096)
        os.close(file)
    os.close(descriptor)


def loading(folder: Path, rlmate: Task | None, count: int, turns: int) -> Iterator[Comparison | str]:
    """Load many runs."""
    runs = make_runs(folder / f"runs-{count}", count)
    jobs = folder / f"signac-{count}"
    make_signac(jobs, count)
    candidates = {
        OURS: timed(partial(Experiment.load_all, runs)),
        "os.open, read, close": timed(partial(read_all, runs, "hermes.info")),
        "signac": timed(partial(load_with_signac, jobs)),
    }
    if rlmate is not None:
        candidates["rlmate"] = rlmate("load_all", runs)
    targets = {"os.open, read, close": 2.2, "rlmate": 1 / 6, "signac": 1 / 5}
    yield compare(f"load {count:,} runs", candidates, targets, turns)
    yield from filtering(runs, rlmate, turns)
    yield f"{count:,} loaded runs hold {bytes_a_run(runs):.0f} bytes each (target: at most 1024)"


def mlflow_loading(folder: Path, count: int, turns: int) -> Iterator[Comparison]:
    """Load some runs, where mlflow is installed."""
    load = make_mlflow(folder / "mlflow", count)
    if load is not None:
        runs = make_runs(folder / f"few-{count}", count)
        candidates = {OURS: timed(partial(Experiment.load_all, runs)), "mlflow, files": timed(load)}
        yield compare(f"load {count:,} runs", candidates, {}, turns)


def filtering(folder: Path, rlmate: Task | None, turns: int) -> Iterator[Comparison]:
    """Choose by two arguments, the first time and later; read all arguments into a class."""
    held = Experiment.load_all(folder)
    count = f"{len(held):,} runs"

    def again() -> None:
        held[:] = map(Experiment.from_run, (experiment.run for experiment in held))

    first = {
        OURS: timed(lambda: held.filter_by_exec_args(*ARGS), before=again),
        "os.open, read, close": timed(partial(read_all, folder, "exec_arguments")),
    }
    yield compare(f"first filter of {count}", first, {"os.open, read, close": 2.6}, turns)
    sets = [experiment.arguments.exec_args for experiment in held]
    later = {
        OURS: timed(lambda: held.filter_by_exec_args(*ARGS)),
        "a plain loop": timed(partial(plain_loop, held, sets)),
    }
    if rlmate is not None:
        later["rlmate"] = rlmate("filter_again", folder, *ARGS)
    yield compare(f"later filter of {count}", later, {"a plain loop": 1.3}, 2 * turns)
    structure = {
        OURS: timed(lambda: held.structure(Args)),
        "15 us a run": lambda: 15e-6 * len(held),
    }
    yield compare(f"structure of {count}", structure, {"15 us a run": 1.0}, turns)


def plain_loop(held: ExperimentList, sets: list[frozenset[str]]) -> list[Experiment]:
    """As a filter would be written by hand, over sets that are there already."""
    wanted = frozenset(ARGS)
    return [experiment for experiment, exec_args in zip(held, sets, strict=True) if wanted <= exec_args]


def bytes_a_run(folder: Path) -> float:
    """The memory that loaded runs hold."""
    tracemalloc.start()
    held = Experiment.load_all(folder)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / len(held)


@contextmanager
def slow_files() -> Iterator[None]:
    """Let every call of the module that reads runs take as long as on a network."""

    def slowly(call: Callable[..., object]) -> Callable[..., object]:
        def wait(*arguments: object) -> object:
            time.sleep(SECONDS_A_CALL)
            return call(*arguments)

        return wait

    calls = {name: slowly(getattr(os, name)) for name in ("open", "pread", "lseek", "close")}
    before: Any = vars(bulk)["os"], vars(bulk)["_read_beginning"]
    held: Any = bulk
    held.os, held._read_beginning = SimpleNamespace(**{**vars(os), **calls}), calls["pread"]
    try:
        yield
    finally:
        held.os, held._read_beginning = before


def network(folder: Path, count: int, turns: int) -> Iterator[Comparison]:
    """Load runs where every call takes 2 ms, and where none does, at once and one after the other."""
    runs, few = make_runs(folder / "network", count), make_runs(folder / "network-few", 200)

    def seconds(path: Path, *, at_once: bool, slow: bool, times: float = 1.0) -> float:
        module: Any = disk
        read_each = module.read_each
        module.read_each = read_each if at_once else lambda read, items: list(map(read, items))
        try:
            if slow:
                with slow_files():
                    return times * timed(partial(scan_runs, path))()
            return timed(partial(scan_runs, path))()
        finally:
            module.read_each = read_each

    slow = {
        OURS: partial(seconds, runs, at_once=True, slow=True),
        "one after the other": partial(seconds, few, at_once=False, slow=True, times=count / 200),
    }
    yield compare(f"load {count:,} runs, 2 ms a call", slow, {"one after the other": 1 / 10}, 2)
    local = {
        OURS: partial(seconds, runs, at_once=True, slow=False),
        "one after the other": partial(seconds, runs, at_once=False, slow=False),
    }
    yield compare(f"load {count:,} runs, local disk", local, {"one after the other": 1.05}, 2 * turns)
