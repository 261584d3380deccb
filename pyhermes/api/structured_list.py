"""`StructuredList`: runs with their arguments in the user's own class.

It is its data; choosing and grouping are calls of functions of `pyhermes.core` over it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Generic, TypeVar, cast, final, overload

import attrs

from pyhermes.api.experiment import Experiment
from pyhermes.api.experiment_list import ExperimentList, read_arguments
from pyhermes.api.tabular import Tabular
from pyhermes.core.errors import ArgumentsError
from pyhermes.core.problems import ArgumentProblem
from pyhermes.core.public import public
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.scan import UnreadableRun
from pyhermes.core.runs.select import group_by, latest, select_type, sort_by
from pyhermes.core.structure.arguments import structured_args
from pyhermes.core.structure.compare import ReplicateGroup, group_by_replicate, varying
from pyhermes.core.structure.fields import leaf_values
from pyhermes.core.tables.run_table import RunRow
from pyhermes.core.warn import warn

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
K = TypeVar("K", bound=Hashable)

_MISFITS_SHOWN = 10


@final
@public("pyhermes")
@attrs.frozen
class StructuredRun(Generic[A_co]):
    """An experiment with its arguments in the user's own class.

    `defaulted` has the dotted names of the fields whose arguments were absent, and which therefore
    hold the class's default.
    """

    experiment: Experiment
    args: A_co
    defaulted: frozenset[str] = frozenset()

    @property
    def identifier(self) -> str:
        """The experiment's identifier."""
        return self.experiment.identifier

    @property
    def start_time(self) -> datetime | None:
        """When the experiment began, as naive local time."""
        return self.experiment.start_time


@final
@public("pyhermes")
@attrs.frozen
class UnstructuredRun:
    """An experiment whose arguments do not fit the class, and everything that does not fit."""

    experiment: Experiment
    problems: tuple[ArgumentProblem, ...]

    def __str__(self) -> str:
        return "\n    ".join([str(self.experiment.path_to_experiment), *map(str, self.problems)])


@public("pyhermes")
class StructuredList(Tabular, Sequence[StructuredRun[A_co]]):
    """Experiments with their arguments in a class of the user's own; slices are such lists, too.

    Predicates and keys are functions over that class, so that a type checker checks them. `failed`
    has the experiments whose arguments do not fit, and `unreadable` those that could not be loaded;
    every list that is chosen from this one has them, too.

    >>> import attrs
    >>> from typing import Annotated
    >>> from pyhermes import Flag, Replicate
    >>> @attrs.frozen
    ... class Args:
    ...     lr: Annotated[float, Flag("-lr")]
    ...     seed: Annotated[int, Replicate]
    ...     doubledqn: bool = False
    >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn").structure(Args)
    >>> [run.args for run in runs.filter(lambda args: args.doubledqn and args.seed > 0)]
    [Args(lr=0.001, seed=2, doubledqn=True)]
    """

    failed: tuple[UnstructuredRun, ...]
    unreadable: tuple[UnreadableRun, ...]

    def __init__(
        self,
        runs: Iterable[StructuredRun[A_co]],
        cls: type[A_co],
        *,
        failed: Iterable[UnstructuredRun] = (),
        unreadable: Iterable[UnreadableRun] = (),
    ) -> None:
        self._all = tuple(runs)
        self._cls = cls
        self.failed = tuple(failed)
        self.unreadable = tuple(unreadable)

    @overload
    def __getitem__(self, index: int) -> StructuredRun[A_co]: ...

    @overload
    def __getitem__(self, index: slice) -> StructuredList[A_co]: ...

    def __getitem__(self, index: int | slice) -> StructuredRun[A_co] | StructuredList[A_co]:
        return self._choose(self._all[index]) if isinstance(index, slice) else self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[StructuredRun[A_co]]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StructuredList):
            return NotImplemented
        return self._all == tuple(cast("StructuredList[object]", other))

    def __hash__(self) -> int:
        return hash(self._all)

    def _choose(self, runs: Iterable[StructuredRun[A_co]]) -> StructuredList[A_co]:
        return StructuredList(runs, self._cls, failed=self.failed, unreadable=self.unreadable)

    @property
    def experiments(self) -> ExperimentList:
        """The experiments themselves."""
        return ExperimentList(map(_experiment_of, self), failed=self.unreadable)

    # Choosing

    def filter(self, predicate: Callable[[A_co], object]) -> StructuredList[A_co]:
        """Return the runs for whose arguments the predicate is true, in their order."""
        return self._choose(filter(lambda run: predicate(run.args), self))

    def latest(self) -> StructuredRun[A_co]:
        """Return the run that began last; otherwise as `ExperimentList.latest`."""
        return latest(self)

    def sort_by(
        self, key: Callable[[A_co], SupportsRichComparison | None], *, reverse: bool = False
    ) -> StructuredList[A_co]:
        """Return the runs ordered by the value of `key` for their arguments; None and NaN come last.

        Raises `WrongTypeError`, a `TypeError`, for values that cannot be compared.
        """
        return self._choose(sort_by(self, lambda run: key(run.args), reverse=reverse))

    def group_by(self, key: Callable[[A_co], K]) -> dict[K, StructuredList[A_co]]:
        """Return the runs by the value of `key` for their arguments, in their order.

        Raises `WrongTypeError`, a `TypeError`, for values that cannot be hashed.
        """
        groups = group_by(self, lambda run: key(run.args))
        return dict(zip(groups, map(self._choose, groups.values()), strict=True))

    def group_by_replicate(self) -> tuple[StructuredGroup[A_co], ...]:
        """Return the runs in groups with the same arguments except for the fields marked `Replicate`.

        Warns of runs that do not differ in those fields, either: they are in the `duplicates` of their
        group, and a mean over it would count them twice.
        """
        groups = group_by_replicate(self)
        same = list(map(_list_names, chain.from_iterable(map(_duplicates_of, groups))))
        warn(
            "these runs have the same arguments and the same replicate, in .duplicates of their group:", same
        )
        return tuple(map(self._make_group, groups))

    def _make_group(self, group: ReplicateGroup[StructuredRun[A_co]]) -> StructuredGroup[A_co]:
        return StructuredGroup(group, self._cls, failed=self.failed, unreadable=self.unreadable)

    def varying(self) -> tuple[str, ...]:
        """Return the dotted names of the fields that are not the same in all runs.

        >>> import attrs
        >>> @attrs.frozen
        ... class Args:
        ...     seed: int
        ...     doubledqn: bool = False
        >>> Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn").structure(Args).varying()
        ('seed', 'doubledqn')
        """
        return varying(self)

    # Showing

    def _title(self) -> str:
        failed = f", {len(self.failed)} more do not fit" if self.failed else ""
        unreadable = f", {len(self.unreadable)} more cannot be read" if self.unreadable else ""
        return f"{type(self).__name__}[{self._cls.__qualname__}] of {len(self)} runs{failed}{unreadable}"

    def _runs(self) -> Sequence[Run]:
        return list(map(_run_of, self))

    def _rows(self) -> list[RunRow]:
        return list(map(_make_row, self))

    def _known_rows(self, part: slice) -> list[RunRow]:
        return list(map(_make_row, self[part]))


@public("pyhermes")
class StructuredGroup(StructuredList[A_co]):
    """Runs that differ only in fields marked `Replicate`, such as the seed."""

    def __init__(
        self,
        group: ReplicateGroup[StructuredRun[A_co]],
        cls: type[A_co],
        *,
        failed: Iterable[UnstructuredRun] = (),
        unreadable: Iterable[UnreadableRun] = (),
    ) -> None:
        super().__init__(group.runs, cls, failed=failed, unreadable=unreadable)
        self._group = group

    @property
    def args_without_replicates(self) -> Mapping[str, object]:
        """The arguments that all runs of the group share, by the dotted names of the fields."""
        return self._group.args_without_replicates

    @property
    def duplicates(self) -> tuple[tuple[StructuredRun[A_co], ...], ...]:
        """The runs that do not differ at all, in groups of equal ones."""
        return self._group.duplicates


def structure_runs(experiments: ExperimentList, cls: type[A], *, forbid_extra: bool) -> StructuredList[A]:
    """Read the arguments of experiments into a class; warn of those that do not fit."""
    read_arguments(experiments)  # all at once: one by one they would take longer on a network
    outcomes = list(map(partial(_structure_run, cls=cls, forbid_extra=forbid_extra), experiments))
    failed = select_type(outcomes, UnstructuredRun)
    runs: list[StructuredRun[A]] = select_type(outcomes, StructuredRun)
    headline = f"the arguments of these experiments do not fit {cls.__qualname__}; they are in .failed:"
    warn(headline, failed, most=_MISFITS_SHOWN)
    return StructuredList(runs, cls, failed=failed, unreadable=experiments.failed)


def _structure_run(
    experiment: Experiment, *, cls: type[A], forbid_extra: bool
) -> StructuredRun[A] | UnstructuredRun:
    try:
        found = structured_args(experiment.arguments, cls, forbid_extra=forbid_extra)
    except ArgumentsError as error:
        unreadable = ArgumentProblem("", None, error.message, "arguments that can be read")
        return UnstructuredRun(experiment, error.problems or (unreadable,))
    return StructuredRun(experiment, found.args, found.defaulted)


def _make_row(run: StructuredRun[object]) -> RunRow:
    return RunRow(run.experiment.run, leaf_values(run.args), run.experiment.status)


def _run_of(run: StructuredRun[object]) -> Run:
    return run.experiment.run


def _experiment_of(run: StructuredRun[object]) -> Experiment:
    return run.experiment


def _duplicates_of(
    group: ReplicateGroup[StructuredRun[A]],
) -> tuple[tuple[StructuredRun[A], ...], ...]:
    return group.duplicates


def _list_names(runs: Iterable[StructuredRun[object]]) -> str:
    return ", ".join(map(_identifier_of, runs))


def _identifier_of(run: StructuredRun[object]) -> str:
    return run.identifier
