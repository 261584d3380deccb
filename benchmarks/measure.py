"""Measuring candidates in turns, so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import final

import attrs

OURS = "pyhermes"
_PATIENCE = 20.0
"""Seconds after which a candidate gets no further turn."""


@final
@attrs.frozen
class Measured:
    """The seconds that a candidate took, one for each of its turns."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """How far the slowest turn is above the fastest, as a fraction of the median."""
        return (max(self.seconds) - min(self.seconds)) / self.median


@final
@attrs.frozen
class Target:
    """What is to be reached: at most so many times as long as another candidate."""

    than: str
    at_most: float

    def __str__(self) -> str:
        if self.at_most < 0.2:
            return f"at least {1 / self.at_most:.3g} times faster than {self.than}"
        return f"at most {self.at_most:g} of {self.than}"


@final
@attrs.frozen
class Comparison:
    """The same work done by several candidates, one of which is `pyhermes`."""

    work: str
    times: Mapping[str, Measured]
    targets: tuple[Target, ...]

    def ratio(self, than: str) -> float:
        """How long pyhermes took, in units of another candidate's time."""
        return self.times[OURS].median / self.times[than].median


def in_turns(candidates: Mapping[str, Callable[[], float]], turns: int) -> dict[str, Measured]:
    """What each candidate says it took, in so many turns; fewer of those that take very long."""
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(turns):
        for name, candidate in candidates.items():
            if sum(taken[name]) < _PATIENCE:
                gc.collect()
                taken[name].append(candidate())
    return {name: Measured(tuple(seconds)) for name, seconds in taken.items()}


def timed(work: Callable[[], object], before: Callable[[], object] | None = None) -> Callable[[], float]:
    """What does the work and gives the seconds it took; what is done `before` does not count."""

    def measure() -> float:
        if before is not None:
            before()
        begun = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - begun
        del result
        return seconds

    return measure


def compare(
    work: str, candidates: Mapping[str, Callable[[], float]], targets: Mapping[str, float], turns: int
) -> Comparison:
    """Measure the candidates; targets of candidates that are not there are left out."""
    held = tuple(Target(name, limit) for name, limit in targets.items() if name in candidates)
    return Comparison(work, in_turns(candidates, turns), held)
