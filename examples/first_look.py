"""Look at the runs in `examples/runs`: list, filter, load what they left behind, draw a curve."""

from __future__ import annotations

from pathlib import Path

import torch

from pyhermes import Experiment
from pyhermes.plot import plot_training_progress_from_experiment

RUNS = Path(__file__).parent / "runs"
PICTURE = Path("training_curve.png")


def q_network() -> torch.nn.Module:
    """The network that the cartpole runs trained."""
    return torch.nn.Sequential(
        torch.nn.Linear(4, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 2),
    )


def main() -> None:
    """Print a table of all runs, then look closer at the latest double DQN."""
    everything = Experiment.load_all(RUNS, recursive=True)
    print(f"{'identifier':34}{'took':>8}  {'best':>6}  {'mean of last 20':>15}  comments")
    for exp in everything:
        scores = exp.scores()
        print(
            f"{exp.identifier:34}{exp.execution_time or 0:7.1f}s  {scores.max():6.0f}"
            f"  {scores[-20:].mean():15.1f}  {exp.comments}"
        )

    double = everything.filter_by_exec_args("--doubledqn", "-lr 0.001")
    best = double.latest()
    print(f"\n{len(double)} runs of double DQN; the latest was given {best.exec_args_dict}")

    loss = best.result.series("loss")
    print(f"its loss: {loss.size} values from {loss[0]:.3f} to {loss[-1]:.3f}, at most {loss.max():.3f}")

    net = best.load_state_dict(best.list_pth_files()[0], q_network())
    with torch.no_grad():
        values = net(torch.zeros(4)).tolist()
    print(f"its best network values the start at {values[0]:.2f} (left) and {values[1]:.2f} (right)")

    plot_training_progress_from_experiment(best, window_length=20, figsize=(9, 6), path=PICTURE)
    print(f"its training curve is in {PICTURE}")


if __name__ == "__main__":
    main()
