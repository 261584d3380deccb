"""Record a sweep that trains, then list it, read its arguments into a class, compare, and plot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import attrs
import numpy as np

from pyhermes import Experiment, Replicate, RunStatus
from pyhermes.cli import main as hermes
from pyhermes.plot import plot_training_progress_from_experiment

HERE = Path(__file__).parent
ROOT = Path("experiments")
PICTURE = Path("quickstart.png")


@attrs.frozen
class Args:
    """The arguments of gridworld.py that the sweep varies."""

    alpha: float
    seed: Annotated[int, Replicate]
    double: bool = False


def say_and_run(*words: str) -> None:
    """Run a command of `hermes`, as one would in a terminal."""
    print(f"\n$ hermes {' '.join(words)}", flush=True)
    if hermes(words) != 0:
        sys.exit("that did not go well")


def main() -> None:
    """Record, list, structure, compare and plot."""
    file = str(HERE / "gridworld.hermes")
    say_and_run("exec", "-f", file, "-n", "quickstart", "--root", str(ROOT), "--project", str(HERE))
    say_and_run("ls", str(ROOT))

    runs = Experiment.load_all(ROOT / "gridworld" / "quickstart")
    finished = runs.filter(lambda exp: exp.status is RunStatus.FINISHED).structure(Args)
    print("\nmean return of the last 50 episodes, over the seeds:")
    for group in finished.sort_by(lambda args: args.alpha).group_by_replicate():
        returns = [run.experiment.result.series("return")[-50:].mean() for run in group]
        print(f"  {dict(group.args_without_replicates)}: {np.mean(returns):.2f} over {len(group)} runs")

    plot_training_progress_from_experiment(runs.latest(), window_length=20, figsize=(9, 6), path=PICTURE)
    print(f"\nthe training curve of the latest run is in {PICTURE}")


if __name__ == "__main__":
    main()
