"""`StructuredList`: runs with their arguments in the user's own class."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar, final, overload

import attrs

from pyhermes.api.experiment import Experiment
from pyhermes.api.experiment_list import ExperimentList, read_arguments
from pyhermes.api.tabular import Tabular
from pyhermes.core.errors import ArgumentsError
from pyhermes.core.problems import ArgumentProblem
from pyhermes.core.runs.run import Run, UnreadableRun
from pyhermes.core.runs.select import group_by, latest, sort_by
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
@attrs.frozen
class UnstructuredRun:
    """An experiment whose arguments do not fit the class, and everything about them that does not."""

    experiment: Experiment
    problems: tuple[ArgumentProblem, ...]

    def __str__(self) -> str:
        return "\n    ".join([str(self.experiment.path_to_experiment), *map(str, self.problems)])


class StructuredList(Tabular, Sequence[StructuredRun[A_co]]):
    """Experiments with their arguments in a class of the user's own; slices are such lists too.

    Every predicate and key is a function over that class, so that a type checker checks it.
    `failed` has the experiments whose arguments do not fit, and `unreadable` those that could not be
    loaded in the first place, also in what was chosen from the list.

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
        return self._of(self._all[index]) if isinstance(index, slice) else self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return self._all == other._all if isinstance(other, StructuredList) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all)

    def _of(self, runs: Iterable[StructuredRun[A_co]]) -> StructuredList[A_co]:
        return StructuredList(runs, self._cls, failed=self.failed, unreadable=self.unreadable)

    @property
    def experiments(self) -> ExperimentList:
        """The experiments themselves."""
        return ExperimentList((run.experiment for run in self), failed=self.unreadable)

    # Choosing

    def filter(self, predicate: Callable[[A_co], object]) -> StructuredList[A_co]:
        """The runs whose arguments the predicate is true of, in their order."""
        return self._of(run for run in self if predicate(run.args))

    def latest(self) -> StructuredRun[A_co]:
        """The run that began last; otherwise as `ExperimentList.latest`."""
        return latest(self)

    def sort_by(
        self, key: Callable[[A_co], SupportsRichComparison | None], *, reverse: bool = False
    ) -> StructuredList[A_co]:
        """The runs ordered by what `key` gives for their arguments; None and NaN come last.

        Raises `WrongTypeError`, a `TypeError`, for values that cannot be compared.
        """
        return self._of(sort_by(self, lambda run: key(run.args), reverse=reverse))

    def group_by(self, key: Callable[[A_co], K]) -> dict[K, StructuredList[A_co]]:
        """The runs by what `key` gives for their arguments, in the order in which they come.

        Raises `WrongTypeError`, a `TypeError`, for what cannot be a key of a dict.
        """
        groups = group_by(self, lambda run: key(run.args))
        return {value: self._of(group) for value, group in groups.items()}

    def group_by_replicate(self) -> tuple[StructuredGroup[A_co], ...]:
        """The runs in groups with the same arguments but for the fields marked `Replicate`.

        Two runs of a group that do not differ in these either are warned of, and are in the group's
        `duplicates`: a mean over the group would count them twice.
        """
        groups = group_by_replicate(self)
        same = [names for group in groups for names in map(_names, group.duplicates)]
        warn(
            "these runs have the same arguments and the same replicate, in .duplicates of their group:", same
        )
        return tuple(StructuredGroup(group, self) for group in groups)

    def varying(self) -> tuple[str, ...]:
        """The dotted names of the fields that are not the same in all runs.

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
        return [run.experiment.run for run in self]

    def _rows(self) -> list[RunRow]:
        return [_row(run) for run in self]

    def _known_rows(self, part: slice) -> list[RunRow]:
        return self[part]._rows()


class StructuredGroup(StructuredList[A_co]):
    """Runs that differ only in fields marked `Replicate`, such as the seed."""

    def __init__(self, group: ReplicateGroup[StructuredRun[A_co]], chosen_from: StructuredList[A_co]) -> None:
        super().__init__(
            group.runs, chosen_from._cls, failed=chosen_from.failed, unreadable=chosen_from.unreadable
        )
        self._group = group

    @property
    def args_without_replicates(self) -> Mapping[str, object]:
        """What all runs of the group were given, by the dotted names of the fields."""
        return self._group.args_without_replicates

    @property
    def duplicates(self) -> tuple[tuple[StructuredRun[A_co], ...], ...]:
        """The runs that do not differ at all, those that are the same together."""
        return self._group.duplicates


def structure_runs(experiments: ExperimentList, cls: type[A], *, forbid_extra: bool) -> StructuredList[A]:
    """Experiments with their arguments in a class; warns of those whose arguments do not fit."""
    read_arguments(experiments)
    outcomes = [_structure_run(experiment, cls, forbid_extra) for experiment in experiments]
    failed = [outcome for outcome in outcomes if isinstance(outcome, UnstructuredRun)]
    more = [f"... and {len(failed) - _MISFITS_SHOWN} more"] if len(failed) > _MISFITS_SHOWN else []
    headline = f"the arguments of these experiments do not fit {cls.__qualname__}; they are in .failed:"
    warn(headline, [*failed[:_MISFITS_SHOWN], *more])
    runs = [outcome for outcome in outcomes if isinstance(outcome, StructuredRun)]
    return StructuredList(runs, cls, failed=failed, unreadable=experiments.failed)


def _structure_run(
    experiment: Experiment, cls: type[A], forbid_extra: bool
) -> StructuredRun[A] | UnstructuredRun:
    try:
        found = structured_args(experiment.arguments, cls, forbid_extra=forbid_extra)
    except ArgumentsError as error:
        unreadable = ArgumentProblem("", None, error.message, "arguments that can be read")
        return UnstructuredRun(experiment, error.problems or (unreadable,))
    return StructuredRun(experiment, found.args, found.defaulted)


def _row(run: StructuredRun[object]) -> RunRow:
    return RunRow(run.experiment.run, leaf_values(run.args), run.experiment.status)


def _names(runs: Iterable[StructuredRun[object]]) -> str:
    return ", ".join(run.identifier for run in runs)
