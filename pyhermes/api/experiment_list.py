"""`ExperimentList`: a list of experiments, and the choosing among them.

It is its data; choosing is a call of a function of `pyhermes.core` over it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Self, SupportsIndex, TypeVar, overload

from pyhermes.api.experiment import Experiment
from pyhermes.api.tabular import Tabular
from pyhermes.core.disk.bulk import pause_collector
from pyhermes.core.disk.scanning import load_each_arguments
from pyhermes.core.errors import ArgumentsError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.public import public
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.scan import UnreadableRun
from pyhermes.core.runs.select import filter_by_loaded_args, group_by, latest, require_all, sort_by
from pyhermes.core.warn import warn

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

    from pyhermes.api.structured_list import StructuredList
    from pyhermes.core.tables.run_table import RunRow

A = TypeVar("A")
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@public("pyhermes")
class ExperimentList(Tabular, list[Experiment]):
    """A list that holds experiments only; slices, copies and sums are such lists, too.

    `failed` has the runs that could not be read when the list was loaded; every list that is chosen
    from this one has them, too.

    >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
    >>> runs.filter_by_exec_args("--doubledqn").latest().exec_args_dict["--seed"]
    2
    """

    failed: tuple[UnreadableRun, ...]

    def __init__(self, exp_iterable: Iterable[Experiment], *, failed: Iterable[UnreadableRun] = ()) -> None:
        super().__init__(require_all(exp_iterable, Experiment))
        self.failed = _unite(_failed_of(exp_iterable), failed)

    def filter_by_exec_args(self, *args: str) -> ExperimentList:
        """Return the experiments that were given all of these arguments, in their order.

        An argument is a whole line, such as `"--doubledqn"` or `"--seed 2"`. Raises `ArgumentsError`,
        a `ValueError`, if the arguments of an experiment cannot be read.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> len(runs), len(runs.filter_by_exec_args("--doubledqn", "--seed 2"))
        (4, 1)
        """
        return self._choose(filter_by_loaded_args(self, args, _require_arguments))

    def _choose(self, chosen: Iterable[Experiment]) -> ExperimentList:
        experiments = ExperimentList((), failed=self.failed)
        super(ExperimentList, experiments).extend(chosen)  # they are experiments: no check again
        return experiments

    def filter(self, predicate: Callable[[Experiment], object]) -> ExperimentList:
        """Return the experiments for which the predicate is true, in their order.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> len(runs.filter(lambda exp: exp.scores().max() > 100))
        1
        """
        return self._choose(filter(predicate, self))

    def sort_by(
        self, key: Callable[[Experiment], SupportsRichComparison | None], *, reverse: bool = False
    ) -> ExperimentList:
        """Return the experiments ordered by the value of `key` for each; None and NaN come last.

        Raises `WrongTypeError`, a `TypeError`, for values that cannot be compared.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> runs.sort_by(lambda exp: exp.execution_time, reverse=True)[0].exec_args_dict["--seed"]
        0
        """
        return self._choose(sort_by(self, key, reverse=reverse))

    def group_by(self, key: Callable[[Experiment], K]) -> dict[K, ExperimentList]:
        """Return the experiments by the value of `key` for each, in their order.

        Raises `WrongTypeError`, a `TypeError`, for values that cannot be hashed.

        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> {name: len(group) for name, group in runs.group_by(lambda exp: exp.comments).items()}
        {'baseline': 2, 'double': 2}
        """
        groups = group_by(self, key)
        return dict(zip(groups, map(self._choose, groups.values()), strict=True))

    def varying(self) -> tuple[str, ...]:
        """Return the names of the arguments that are not the same in all experiments.

        >>> Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn").varying()
        ('-lr', '--seed', '--doubledqn', '--gradclip', '--layers')
        """
        from pyhermes.core.structure.compare import varying

        return varying(self._arguments())

    def structure(self, cls: type[A], *, forbid_extra: bool = False) -> StructuredList[A]:
        """Read the arguments of all into your own attrs class; see `pyhermes.core.structure_args`.

        Warns of experiments whose arguments do not fit, which are in the list's `failed` with every
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
        """Return the experiment that began last; of several, the one with the later identifier.

        Experiments without a start time count only if none has one. Raises `NothingToChooseError`, a
        `ValueError`, if the list is empty.

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
        return list(map(_run_of, self))

    def _arguments(self) -> list[ExecArgs]:
        warn("the arguments of these experiments cannot be read:", read_arguments(self))
        return list(map(_arguments_of, self))

    def _rows(self) -> list[RunRow]:
        return list(map(_make_row, self, self._arguments()))

    def _known_rows(self, part: slice) -> list[RunRow]:
        some = self[part]
        return list(map(_make_row, some, map(_readable_arguments_of, some)))

    # What keeps it a list of experiments only

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Experiment: ...

    @overload
    def __getitem__(self, index: slice, /) -> ExperimentList: ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> Experiment | ExperimentList:
        if isinstance(index, slice):
            return self._choose(super().__getitem__(index))
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
        both.failed = _unite(self.failed, _failed_of(other))
        return both

    # a type checker expects `+=` to take what `+` takes, which is not true of any list
    def __iadd__(self, other: Iterable[Experiment], /) -> Self:  # type: ignore[misc, override]  # see above
        self.extend(other)
        self.failed = _unite(self.failed, _failed_of(other))
        return self

    def append(self, experiment: Experiment, /) -> None:
        """Add one experiment at the end."""
        super().extend(require_all([experiment], Experiment))

    def extend(self, experiments: Iterable[Experiment], /) -> None:
        """Add experiments at the end, or none of them if one is not an experiment."""
        super().extend(require_all(experiments, Experiment))

    def insert(self, index: SupportsIndex, experiment: Experiment, /) -> None:
        """Add one experiment before an index."""
        super().insert(index, *require_all([experiment], Experiment))

    def copy(self) -> ExperimentList:
        """Return a list of the same experiments."""
        return self[:]


def read_arguments(experiments: Iterable[Experiment]) -> list[ArgumentsError]:
    """Read the arguments of all experiments that have not been read; return the errors of the others."""
    unread = list(filter(_is_unread, experiments))
    with pause_collector():
        found = load_each_arguments(list(map(_run_of, unread)))
        return list(filter(None, map(_hold, unread, found)))


def _require_arguments(experiments: Iterable[Experiment]) -> None:
    failed = read_arguments(experiments)
    if failed:
        raise failed[0]


def _hold(experiment: Experiment, found: ExecArgs | ArgumentsError) -> ArgumentsError | None:
    if isinstance(found, ArgumentsError):
        return found
    experiment.hold_arguments(found)
    return None


def _is_unread(experiment: Experiment) -> bool:
    return experiment.loaded_arguments is None


def _run_of(experiment: Experiment) -> Run:
    return experiment.run


def _arguments_of(experiment: Experiment) -> ExecArgs:
    return experiment.loaded_arguments or ExecArgs()


def _readable_arguments_of(experiment: Experiment) -> ExecArgs:
    return experiment.readable_arguments


def _make_row(experiment: Experiment, arguments: ExecArgs) -> RunRow:
    from pyhermes.core.tables.run_table import RunRow

    return RunRow(experiment.run, arguments.values, experiment.status)


def _failed_of(experiments: object) -> tuple[UnreadableRun, ...]:
    return experiments.failed if isinstance(experiments, ExperimentList) else ()


def _unite(*failed: Iterable[UnreadableRun]) -> tuple[UnreadableRun, ...]:
    return tuple(dict.fromkeys(chain(*failed)))
