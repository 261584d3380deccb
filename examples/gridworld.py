"""Q-learning in a small windy grid: a script like any other, that records what it learns."""

from __future__ import annotations

import argparse

import numpy as np

from pyhermes import Experiment

SIDE = 6
MOVES = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])
GOAL = (SIDE - 1, SIDE - 1)


def parser() -> argparse.ArgumentParser:
    """What the script takes."""
    taken = argparse.ArgumentParser()
    taken.add_argument("--alpha", type=float, default=0.5)
    taken.add_argument("--gamma", type=float, default=0.95)
    taken.add_argument("--double", action="store_true", help="learn two tables, each from the other")
    taken.add_argument("--seed", type=int, default=0)
    taken.add_argument("--episodes", type=int, default=300)
    taken.add_argument("-es", type=float, default=1.0)
    taken.add_argument("-ee", type=float, default=0.05)
    taken.add_argument("-ed", type=float, default=0.98)
    return taken


def step(place: tuple[int, int], move: int, random: np.random.Generator) -> tuple[tuple[int, int], float]:
    """Where a move leads, and its reward; now and then the wind takes another one."""
    row, column = place + MOVES[random.integers(4) if random.random() < 0.1 else move]
    reached = (int(np.clip(row, 0, SIDE - 1)), int(np.clip(column, 0, SIDE - 1)))
    return reached, 10.0 if reached == GOAL else -1.0


def main() -> None:
    """Learn, and record the return of every episode, what was learnt, and the values themselves."""
    args = parser().parse_args()
    random = np.random.default_rng(args.seed)
    tables = np.zeros((2 if args.double else 1, SIDE, SIDE, 4))
    epsilon = args.es
    with Experiment.record("gridworld", name="by-hand", args=args, seeds=True) as exp:
        result = exp.new_result("learning")
        for episode in range(args.episodes):
            place, score = (0, 0), 0.0
            for _ in range(100):
                values = tables.sum(axis=0)[place]
                move = int(random.integers(4) if random.random() < epsilon else values.argmax())
                reached, reward = step(place, move, random)
                learner = int(random.integers(len(tables)))
                best = int(tables[learner][reached].argmax())
                target = reward + (reached != GOAL) * args.gamma * tables[learner - 1][reached][best]
                error = target - tables[learner][place][move]
                tables[learner][place][move] += args.alpha * error
                place, score = reached, score + reward
                if place == GOAL:
                    break
            exp.log_score(score)
            result.store_scalar(score, "return")
            result.store_scalar(epsilon, "epsilon")
            if episode % 50 == 0:
                result.store_array(tables.mean(axis=0).max(axis=-1), "value")
            epsilon = max(args.ee, epsilon * args.ed)
        print(f"mean return of the last 50 episodes: {result.series('return')[-50:].mean():.2f}")


if __name__ == "__main__":
    main()
