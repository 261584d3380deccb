"""`ExperimentList`: a list of experiments that can be chosen from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Self, SupportsIndex, TypeVar, overload

from pyhermes.api.experiment import Experiment
from pyhermes.api.tabular import Tabular
from pyhermes.core.disk.bulk import collector_paused
from pyhermes.core.disk.scanning import load_each_arguments
from pyhermes.core.errors import ArgumentsError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.runs.run import Run, UnreadableRun
from pyhermes.core.runs.select import group_by, latest, require_all, sort_by, wanted_args
from pyhermes.core.warn import warn

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

    from pyhermes.api.structured_list import StructuredList
    from pyhermes.core.tables.run_table import RunRow

A = TypeVar("A")
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def _row(experiment: Experiment, arguments: ExecArgs) -> RunRow:
    from pyhermes.core.tables.run_table import RunRow

    return RunRow(experiment.run, arguments.values, experiment.status)


def read_arguments(experiments: Iterable[Experiment]) -> list[ArgumentsError]:
    """Read the arguments of all experiments that have not been read; why some cannot be."""
    unread = [experiment for experiment in experiments if experiment._arguments is None]
    with collector_paused():
        found = load_each_arguments([experiment.run for experiment in unread])
        return [error for error in map(Experiment._take_arguments, unread, found) if error is not None]


def failed_of(experiments: object) -> tuple[UnreadableRun, ...]:
    """What could not be read where a list of experiments was loaded."""
    return experiments.failed if isinstance(experiments, ExperimentList) else ()


def _each_once(*failed: Iterable[UnreadableRun]) -> tuple[UnreadableRun, ...]:
    return tuple(dict.fromkeys(chain(*failed)))


class ExperimentList(Tabular, list[Experiment]):
    """A list that holds experiments and nothing else; slices, copies and sums are such lists too.

    `failed` has the runs that could not be read where these were loaded, also in what was chosen
    from them.

    >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
    >>> runs.filter_by_exec_args("--doubledqn").latest().exec_args_dict["--seed"]
    2
    """

    failed: tuple[UnreadableRun, ...]

    def __init__(self, exp_iterable: Iterable[Experiment], *, failed: Iterable[UnreadableRun] = ()) -> None:
        super().__init__(require_all(exp_iterable, Experiment))
        self.failed = _each_once(failed_of(exp_iterable), failed)

    def filter_by_exec_args(self, *args: str) -> ExperimentList:
        """The experiments that were given all of these arguments, in their order.

        An argument is a whole line, such as `"--doubledqn"` or `"--seed 2"`.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> len(runs), len(runs.filter_by_exec_args("--doubledqn", "--seed 2"))
        (4, 1)
        """
        wanted = wanted_args(args)
        try:
            return self._with([experiment for experiment in self if wanted <= experiment._exec_args])
        except AttributeError:  # of one whose arguments have not been read
            failed = read_arguments(self)
            if failed:
                raise failed[0] from None
            return self.filter_by_exec_args(*wanted)

    def _with(self, chosen: Iterable[Experiment]) -> ExperimentList:
        """A list of some of these experiments."""
        experiments = ExperimentList((), failed=self.failed)
        list.extend(experiments, chosen)
        return experiments

    def filter(self, predicate: Callable[[Experiment], object]) -> ExperimentList:
        """The experiments that the predicate is true of, in their order.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> len(runs.filter(lambda exp: exp.scores().max() > 100))
        1
        """
        return self._with(exp for exp in self if predicate(exp))

    def sort_by(
        self, key: Callable[[Experiment], SupportsRichComparison | None], *, reverse: bool = False
    ) -> ExperimentList:
        """The experiments ordered by what `key` gives for each; those of None or NaN come last.

        Raises `WrongTypeError`, a `TypeError`, for values that cannot be compared.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> runs.sort_by(lambda exp: exp.execution_time, reverse=True)[0].exec_args_dict["--seed"]
        0
        """
        return self._with(sort_by(self, key, reverse=reverse))

    def group_by(self, key: Callable[[Experiment], K]) -> dict[K, ExperimentList]:
        """The experiments by what `key` gives for each, in the order in which they come.

        Raises `WrongTypeError`, a `TypeError`, for what cannot be a key of a dict.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> {name: len(group) for name, group in runs.group_by(lambda exp: exp.comments).items()}
        {'baseline': 2, 'double': 2}
        """
        groups = group_by(self, key)
        return {value: self._with(group) for value, group in groups.items()}

    def varying(self) -> tuple[str, ...]:
        """The names of the arguments that are not the same in all experiments.

        >>> Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn").varying()
        ('-lr', '--seed', '--doubledqn', '--gradclip', '--layers')
        """
        from pyhermes.core.structure.compare import varying

        return varying(self._arguments())

    def structure(self, cls: type[A], *, forbid_extra: bool = False) -> StructuredList[A]:
        """The experiments with their arguments in an attrs class; see `pyhermes.core.structure_args`.

        Those whose arguments do not fit are warned of, and are in the list's `failed` with every
        problem. Raises `FieldError`, a `TypeError`, for a class that no arguments could be read into.

        >>> import attrs
        >>> @attrs.frozen
        ... class Args:
        ...     seed: int
        ...     doubledqn: bool = False
        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn").structure(Args)
        >>> runs.latest().args
        Args(seed=2, doubledqn=True)
        """
        from pyhermes.api.structured_list import structure_runs

        return structure_runs(self, cls, forbid_extra=forbid_extra)

    def latest(self) -> Experiment:
        """The experiment that began last; of several, the one with the later identifier.

        Those without a start time count only where none has one. Raises `NothingToChooseError`, a
        `ValueError`, where the list is empty.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> runs.latest().identifier
        '2026_11_23_182554711422_8_fcbfa'
        """
        return latest(self)

    # Showing

    def _title(self) -> str:
        failed = f", {len(self.failed)} more cannot be read" if self.failed else ""
        return f"ExperimentList of {len(self)} runs{failed}"

    def _runs(self) -> list[Run]:
        return [experiment.run for experiment in self]

    def _arguments(self) -> list[ExecArgs]:
        warn("the arguments of these experiments cannot be read:", read_arguments(self))
        return [experiment._arguments or ExecArgs() for experiment in self]

    def _rows(self) -> list[RunRow]:
        return list(map(_row, self, self._arguments()))

    def _known_rows(self, part: slice) -> list[RunRow]:
        return [_row(experiment, experiment._known_arguments()) for experiment in self[part]]

    # What makes it a list of experiments require_all

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Experiment: ...

    @overload
    def __getitem__(self, index: slice, /) -> ExperimentList: ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> Experiment | ExperimentList:
        if isinstance(index, slice):
            return self._with(super().__getitem__(index))
        return super().__getitem__(index)

    @overload
    def __setitem__(self, index: SupportsIndex, value: Experiment, /) -> None: ...

    @overload
    def __setitem__(self, index: slice, value: Iterable[Experiment], /) -> None: ...

    def __setitem__(self, index: SupportsIndex | slice, value: Experiment | Iterable[Experiment], /) -> None:
        if isinstance(index, slice):
            super().__setitem__(index, require_all(value, Experiment))
        else:
            super().__setitem__(index, *require_all([value], Experiment))

    @overload
    def __add__(self, other: list[Experiment], /) -> ExperimentList: ...

    @overload
    def __add__(self, other: list[T], /) -> list[T | Experiment]: ...

    def __add__(self, other: list[Experiment] | list[T], /) -> ExperimentList | list[T | Experiment]:
        both = self.copy()
        both.extend(require_all(other, Experiment))
        both.failed = _each_once(self.failed, failed_of(other))
        return both

    # the type checker wants `+=` to take what `+` takes, which is not so for any list
    def __iadd__(self, other: Iterable[Experiment], /) -> Self:  # type: ignore[misc, override]
        self.extend(other)
        self.failed = _each_once(self.failed, failed_of(other))
        return self

    def append(self, experiment: Experiment, /) -> None:
        """Add one experiment at the end."""
        super().extend(require_all([experiment], Experiment))

    def extend(self, experiments: Iterable[Experiment], /) -> None:
        """Add experiments at the end; none where one of them is none."""
        super().extend(require_all(experiments, Experiment))

    def insert(self, index: SupportsIndex, experiment: Experiment, /) -> None:
        """Add one experiment before an index."""
        super().insert(index, *require_all([experiment], Experiment))

    def copy(self) -> ExperimentList:
        """A list of the same experiments."""
        return self[:]
