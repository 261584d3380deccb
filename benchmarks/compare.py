"""Compare pyhermes with its peers on the same work: `python benchmarks/compare.py`.

Candidates run in turns, so that a noisy machine is noisy for all of them; printed are medians, and
their ratio to the median of pyhermes. The peers come with the extra `bench`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import bottleneck
import numpy as np
import signac
from numpy.typing import NDArray

from pyhermes import Experiment
from pyhermes.core import format_exec_args, format_info, smoothen

ROUNDS = 7
RUNS = 2_000
WINDOW = 250
SIZES = (100_000, 1_000_000)


def medians(candidates: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds that each candidate takes, the median of several rounds in turns."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            candidate()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


def report(work: str, candidates: Mapping[str, Callable[[], object]]) -> None:
    """Print one line a candidate, the first being pyhermes."""
    measured = medians(candidates)
    ours = next(iter(measured.values()))
    for name, seconds in measured.items():
        print(f"{work:40} {name:28} {1e3 * seconds:9.2f} ms {seconds / ours:8.2f}")


def mean_and_std_of_bottleneck(values: NDArray[np.float64]) -> None:
    """What `smoothen` gives, by running sums."""
    bottleneck.move_mean(values, WINDOW, 1)
    bottleneck.move_std(values, WINDOW, 1)


def load_with_signac(folder: Path) -> list[dict[str, object]]:
    """The parameters of all jobs, by a project that has not seen them before."""
    return [dict(job.statepoint) for job in signac.init_project(folder)]


def compare_smoothen() -> None:
    """Sliding mean and deviation, and how far each is off on noise of 1e-3 on 1e9."""
    random = np.random.default_rng(0)
    for size in SIZES:
        values = random.standard_normal(size)
        report(
            f"smoothen {size:,} values, window {WINDOW}",
            {
                "pyhermes": partial(smoothen, values, WINDOW),
                "bottleneck": partial(mean_and_std_of_bottleneck, values),
            },
        )
    hard = 1e9 + 1e-3 * random.standard_normal(5_000)
    last = hard[-WINDOW:]
    truth = (last - last[0]).std()
    for name, std in (
        ("pyhermes", smoothen(hard, WINDOW)[1]),
        ("bottleneck", bottleneck.move_std(hard, WINDOW, 1)),
    ):
        print(f"{'std of noise of 1e-3 on 1e9':40} {name:28} relative error {abs(std[-1] / truth - 1):.1e}")


def compare_loading() -> None:
    """Load many small runs, each its information only."""
    with tempfile.TemporaryDirectory() as folder:
        theirs = signac.init_project(Path(folder) / "signac")
        ours = Path(folder) / "hermes"
        for number in range(RUNS):
            run = ours / f"2026_11_23_{number:012}_0_fcbfa"
            run.mkdir(parents=True)
            stamp = {"start_time": "2026_11_23_182353176615", "end_time": "2026_11_23_182432431151"}
            (run / "hermes.info").write_text(
                format_info({"commit_hash": "9b28e1f", **stamp, "comments": "x"})
            )
            (run / "exec_arguments").write_text(format_exec_args([["--lr", "0.1"], ["--seed", str(number)]]))
            theirs.open_job({"commit_hash": "9b28e1f", **stamp, "comments": "x", "seed": number}).init()

        def floor() -> None:
            for entry in os.scandir(ours):
                descriptor = os.open(os.path.join(entry.path, "hermes.info"), os.O_RDONLY)
                os.read(descriptor, 4096)
                os.close(descriptor)

        report(
            f"load {RUNS:,} runs",
            {
                "pyhermes": lambda: Experiment.load_all(ours),
                "os.open, read, close": floor,
                "signac": partial(load_with_signac, Path(folder) / "signac"),
            },
        )


if __name__ == "__main__":
    compare_smoothen()
    compare_loading()
