"""`ExperimentList`: a list of experiments that can be chosen from."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Self, SupportsIndex, TypeVar, overload

from pyhermes.api.experiment import Experiment
from pyhermes.core.run import UnreadableRun
from pyhermes.core.select import filter_by_args, latest, only

T = TypeVar("T")


def failed_of(experiments: object) -> tuple[UnreadableRun, ...]:
    """What could not be read where a list of experiments was loaded."""
    return experiments.failed if isinstance(experiments, ExperimentList) else ()


def _each_once(*failed: Iterable[UnreadableRun]) -> tuple[UnreadableRun, ...]:
    return tuple(dict.fromkeys(chain(*failed)))


class ExperimentList(list[Experiment]):
    """A list that holds experiments and nothing else; slices, copies and sums are such lists too.

    `failed` has the runs that could not be read where these were loaded, also in what was chosen
    from them.

    >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
    >>> runs.filter_by_exec_args("--doubledqn").latest().exec_args_dict["--seed"]
    2
    """

    failed: tuple[UnreadableRun, ...]

    def __init__(self, exp_iterable: Iterable[Experiment], *, failed: Iterable[UnreadableRun] = ()) -> None:
        super().__init__(only(exp_iterable, Experiment))
        self.failed = _each_once(failed_of(exp_iterable), failed)

    def filter_by_exec_args(self, *args: str) -> ExperimentList:
        """The experiments that were given all of these arguments, in their order.

        An argument is a whole line, such as `"--doubledqn"` or `"--seed 2"`.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> len(runs), len(runs.filter_by_exec_args("--doubledqn", "--seed 2"))
        (4, 1)
        """
        return ExperimentList(filter_by_args(self, args), failed=self.failed)

    def latest(self) -> Experiment:
        """The experiment that began last; of several, the one with the later identifier.

        Those without a start time count only where none has one. Raises `NothingToChooseError`, a
        `ValueError`, where the list is empty.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> runs.latest().identifier
        '2026_11_23_182554711422_8_fcbfa'
        """
        return latest(self)

    # What makes it a list of experiments only

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Experiment: ...

    @overload
    def __getitem__(self, index: slice, /) -> ExperimentList: ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> Experiment | ExperimentList:
        if isinstance(index, slice):
            return ExperimentList(super().__getitem__(index), failed=self.failed)
        return super().__getitem__(index)

    @overload
    def __setitem__(self, index: SupportsIndex, value: Experiment, /) -> None: ...

    @overload
    def __setitem__(self, index: slice, value: Iterable[Experiment], /) -> None: ...

    def __setitem__(self, index: SupportsIndex | slice, value: Experiment | Iterable[Experiment], /) -> None:
        if isinstance(index, slice):
            super().__setitem__(index, only(value, Experiment))
        else:
            super().__setitem__(index, *only([value], Experiment))

    @overload
    def __add__(self, other: list[Experiment], /) -> ExperimentList: ...

    @overload
    def __add__(self, other: list[T], /) -> list[T | Experiment]: ...

    def __add__(self, other: list[Experiment] | list[T], /) -> ExperimentList | list[T | Experiment]:
        both = self.copy()
        both.extend(only(other, Experiment))
        both.failed = _each_once(self.failed, failed_of(other))
        return both

    # the type checker wants `+=` to take what `+` takes, which is not so for any list
    def __iadd__(self, other: Iterable[Experiment], /) -> Self:  # type: ignore[misc, override]
        self.extend(other)
        self.failed = _each_once(self.failed, failed_of(other))
        return self

    def append(self, experiment: Experiment, /) -> None:
        """Add one experiment at the end."""
        super().extend(only([experiment], Experiment))

    def extend(self, experiments: Iterable[Experiment], /) -> None:
        """Add experiments at the end; none where one of them is none."""
        super().extend(only(experiments, Experiment))

    def insert(self, index: SupportsIndex, experiment: Experiment, /) -> None:
        """Add one experiment before an index."""
        super().insert(index, *only([experiment], Experiment))

    def copy(self) -> ExperimentList:
        """A list of the same experiments."""
        return self[:]
