"""Smoothing, scores, results and pictures."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path

import bottleneck
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow
import torch
from numpy.typing import NDArray
from pyarrow import csv

from benchmarks.measure import OURS, Comparison, compare, timed
from benchmarks.peer_process import Task
from benchmarks.runs import make_runs
from pyhermes import Result
from pyhermes.core import load_scores, smoothen
from pyhermes.plot import plot_training_progress

_PLAIN_SCORES = 1_000_000


def with_pandas(values: NDArray[np.float64], window: int) -> object:
    """What `smoothen` gives."""
    rolling = pd.Series(values).rolling(window, min_periods=1)
    return rolling.mean().to_numpy(), rolling.std(ddof=0).to_numpy()


def with_polars(values: NDArray[np.float64], window: int) -> object:
    """What `smoothen` gives."""
    series = pl.Series(values)
    return (
        series.rolling_mean(window, min_samples=1).to_numpy(),
        series.rolling_std(window, min_samples=1, ddof=0).to_numpy(),
    )


def with_bottleneck(values: NDArray[np.float64], window: int) -> object:
    """What `smoothen` gives, by running sums."""
    return bottleneck.move_mean(values, window, 1), bottleneck.move_std(values, window, 1)


def smoothing(folder: Path, rlmate: Task | None, size: int, turns: int) -> Iterator[Comparison]:
    """Sliding means and deviations."""
    limit = 0.7 if size <= 100_000 else 0.55 if size <= 1_000_000 else 0.45
    values = np.random.default_rng(0).standard_normal(size)
    for window in (100, 250, 10_000):
        candidates = {
            OURS: timed(partial(smoothen, values, window)),
            "pandas": timed(partial(with_pandas, values, window)),
            "polars": timed(partial(with_polars, values, window)),
            "bottleneck (inexact)": timed(partial(with_bottleneck, values, window)),
        }
        if rlmate is not None and size <= 100_000:
            np.save(folder / "values.npy", values)
            candidates["rlmate"] = rlmate("smooth", folder / "values.npy", window)
        work = f"smoothen {size:,} values, window {window:,}"
        yield compare(work, candidates, {"pandas": limit, "rlmate": 1 / 300}, turns)


def exactness() -> Iterator[str]:
    """What is the largest relative error of deviations on data on which running sums fail."""
    random = np.random.default_rng(0)
    spike = random.standard_normal(2_000)
    spike[100] = 1e12
    series = {
        "noise of 1e-3 on 1e9": 1e9 + 1e-3 * random.standard_normal(2_000),
        "after a spike of 1e12": spike,
        "a random walk": random.standard_normal(2_000).cumsum(),
    }
    window, ends = 250, range(500, 2_000, 50)
    for name, values in series.items():
        truth = np.array([exact_std(values[end - window : end]) for end in ends])
        at = np.array(ends) - 1
        found = {
            OURS: smoothen(values, window)[1],
            "pandas": pd.Series(values).rolling(window, min_periods=1).std(ddof=0).to_numpy(),
            "bottleneck": bottleneck.move_std(values, window, 1),
        }
        errors = [f"{by} {np.abs(stds[at] / truth - 1).max():.1e}" for by, stds in found.items()]
        yield f"std of {name}, largest relative error: {', '.join(errors)}"


def exact_std(values: NDArray[np.float64]) -> float:
    """The deviation by rational numbers."""
    numbers = [Fraction(value) for value in values.tolist()]
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))


@contextmanager
def without_pyarrow() -> Iterator[None]:
    """As where pyarrow is not installed."""
    held = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "pyarrow"}
    sys.modules.update(dict.fromkeys(held))  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.modules.update(held)


def scores(folder: Path, rlmate: Task | None, count: int, turns: int) -> Iterator[Comparison]:
    """Scores as text."""
    run = next(make_runs(folder / f"scores-{count}", 1).iterdir())
    path = run / f"{run.name}.scores"
    returns = np.random.default_rng(0).integers(0, 500, count)
    path.write_text("".join(f"{float(score)!r}\n" for score in returns.tolist()))

    def plain() -> object:
        with without_pyarrow():
            return load_scores(path)

    others: dict[str, Callable[[], float]] = {
        "bytes": timed(path.read_bytes),
        "pandas": timed(lambda: pd.read_csv(path, header=None).to_numpy()),
        "polars": timed(lambda: pl.read_csv(path, has_header=False).to_numpy()),
        "numpy.loadtxt": timed(partial(np.loadtxt, path)),
        "pyarrow": timed(lambda: read_with_pyarrow(path)),
    }
    if rlmate is not None:
        others["rlmate"] = rlmate("scores", run)
    work = f"{count:,} scores"
    yield compare(f"{work}, numpy alone", {OURS: timed(plain), **others}, {"rlmate": 1 / 1.25}, turns)
    if count >= _PLAIN_SCORES:
        candidates = {OURS: timed(partial(load_scores, path)), **others}
        yield compare(f"{work}, with pyarrow", candidates, {"rlmate": 1 / 6}, turns)


def read_with_pyarrow(path: Path) -> object:
    """A column of floats."""
    table = csv.read_csv(
        pyarrow.py_buffer(path.read_bytes()),
        read_options=csv.ReadOptions(column_names=["score"]),
        convert_options=csv.ConvertOptions(column_types={"score": pyarrow.float64()}, null_values=[]),
    )
    return table.column(0).to_numpy()


def write(path: Path, data: bytes) -> None:
    """As fast as so many bytes can be written, whole, in place of others."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        os.fsync(file.fileno())
    os.replace(temporary, path)


def results(folder: Path, rlmate: Task | None, turns: int) -> Iterator[Comparison | str]:
    """A result of 20 series of 100,000 numbers, and single calls of `store_scalar`."""
    random = np.random.default_rng(0)
    arrays = {f"key{number}": random.standard_normal(100_000) for number in range(20)}
    lists = {key: array.tolist() for key, array in arrays.items()}
    raw = np.concatenate(list(arrays.values())).tobytes()
    tensors = {key: torch.from_numpy(array) for key, array in arrays.items()}
    held, listed = Result("arrays", dictionary=arrays), Result("lists", dictionary=lists)
    np.savez(folder / "series.npz", **arrays)  # type: ignore[arg-type]
    floor = {"write, fsync, replace": timed(partial(write, folder / "raw", raw))}
    theirs = {"torch.save": timed(partial(torch.save, tensors, folder / "tensors.pt"))}
    save = {OURS: timed(partial(held.save, folder)), **floor, **theirs}
    yield compare("save 20 x 100,000 floats, arrays", save, {"write, fsync, replace": 2.5}, turns)
    save = {OURS: timed(partial(listed.save, folder)), **floor}
    if rlmate is not None:
        save["rlmate"] = rlmate("save", folder / "series.npz", folder)
    yield compare("save 20 x 100,000 floats, lists", save, {"write, fsync, replace": 12}, turns)
    load = {
        OURS: timed(partial(Result.load, folder / "arrays.result")),
        "read": timed((folder / "raw").read_bytes),
        "torch.load": timed(partial(torch.load, folder / "tensors.pt")),
    }
    yield compare("load 20 x 100,000 floats", load, {"read": 4}, turns)
    torch.save(lists, folder / "old.result")
    old = {
        OURS: timed(partial(Result.load, folder / "old.result")),
        "torch.load": timed(partial(torch.load, folder / "old.result")),
    }
    yield compare("load 20 lists of 100,000 floats", old, {"torch.load": 1 / 6}, turns)
    calls = {OURS: timed(store_many), "400 ns a call": lambda: 400e-9 * 100_000}
    yield compare("store_scalar 100,000 times", calls, {"400 ns a call": 1.0}, turns)
    size = (folder / "arrays.result").stat().st_size / len(raw)
    yield f"the file of 20 x 100,000 floats has {size:.4f} of their bytes (target: at most 1.01)"


def store_many() -> None:
    """A training loop that does nothing else."""
    result = Result.new("metrics")
    for _ in range(100_000):
        result.store_scalar(0.5, "loss")


def training(count: int) -> NDArray[np.float64]:
    """Scores as of an agent that learns, with failures in between."""
    random = np.random.default_rng(0)
    done = np.arange(count) / count
    values = 200 * (1 - np.exp(-5 * done)) + random.standard_normal(count) * 20 * (1 + np.sin(9 * done) ** 2)
    values[random.integers(0, count, max(1, count // 5_000))] -= 150
    curve: NDArray[np.float64] = values
    return curve


def draw(values: NDArray[np.float64], path: Path) -> None:
    """A training curve as a PNG."""
    plot_training_progress(values, 1.0, 0.001, 0.999, path=path, mark_best=True)
    plt.close("all")


def draw_nothing(path: Path) -> None:
    """Empty axes of the same size."""
    figure = plt.figure(figsize=(12, 12), layout="constrained")
    figure.add_subplot()
    figure.savefig(path)
    plt.close("all")


def pictures(folder: Path, rlmate: Task | None, count: int, turns: int) -> Iterator[Comparison]:
    """Pictures of training curves."""
    values = training(count)
    candidates = {
        OURS: timed(partial(draw, values, folder / f"curve-{count}.png")),
        "empty axes": timed(partial(draw_nothing, folder / "empty.png")),
    }
    targets: Mapping[str, float] = {"rlmate": 1 / 10 if count < 1_000_000 else 1 / 40}
    if count >= 10_000_000:
        candidates["2.5 s"] = lambda: 2.5
        targets = {"2.5 s": 1.0}
    elif rlmate is not None:
        file = folder / f"{count}.scores"
        file.write_text("".join(f"{score!r}\n" for score in values.tolist()))
        candidates["rlmate"] = rlmate("plot", file, folder / "theirs.png")
    yield compare(f"picture of {count:,} episodes", candidates, targets, turns)
