"""Compare runs: the arguments that vary among several, those that differ between two, and repeats."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Generic, Protocol, TypeAlias, TypeVar, Union, cast, final

import attrs
import numpy as np

from pyhermes.core.errors import WrongTypeError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.messages import shown
from pyhermes.core.public import public
from pyhermes.core.runs.select import group_by, is_nan
from pyhermes.core.structure.fields import has_fields, leaf_values, marked_fields
from pyhermes.core.structure.marks import Replicate


class HasArguments(Protocol):
    """Whatever has a record of execution arguments, such as an experiment."""

    @property
    def arguments(self) -> ExecArgs:
        """The execution arguments."""
        ...


class HasArgs(Protocol):
    """Whatever has arguments in a class of the user's own."""

    @property
    def args(self) -> object:
        """An instance of an attrs class."""
        ...


R = TypeVar("R", bound=HasArgs)

Arguments: TypeAlias = Union[Mapping[str, object], ExecArgs, HasArguments, HasArgs]
"""Arguments by name: a mapping, a record, or whatever holds one."""


def named_values(item: Arguments) -> Mapping[str, object]:
    r"""Return every argument with its value, by the names of options or of the fields of the user's class.

    Raises `WrongTypeError`, a `TypeError`, for what has no arguments.

    >>> from pyhermes.core import parse_exec_args
    >>> named_values(parse_exec_args("--doubledqn\n-lr 0.1"))
    {'--doubledqn': True, '-lr': 0.1}
    """
    if isinstance(item, Mapping):
        return item
    name = "args" if hasattr(item, "args") else "arguments"
    held: object = item if isinstance(item, ExecArgs) else getattr(item, name, None)
    if isinstance(held, ExecArgs):
        return held.values
    if has_fields(type(held)):
        return leaf_values(held)
    raise WrongTypeError(f"expected something with arguments, such as an experiment, got {shown(item)}")


def varying(items: Iterable[Arguments]) -> tuple[str, ...]:
    """Return the names of the arguments that are not the same in all items, in the order they come.

    Having no such argument differs from every value; NaN is the same as itself.

    >>> varying([{"lr": 0.1, "seed": 0}, {"lr": 0.1, "seed": 1, "crash": True}])
    ('seed', 'crash')
    """
    runs = [named_values(item) for item in items]
    names = dict.fromkeys(name for run in runs for name in run)
    return tuple(name for name in names if len({_find_value(run, name) for run in runs}) > 1)


def diff(a: Arguments, b: Arguments) -> dict[str, tuple[object, object]]:
    """Return the arguments that differ between two runs, each with both values; None stands for none.

    >>> diff({"lr": 0.1, "seed": 0}, {"lr": 0.2, "seed": 0, "crash": True})
    {'lr': (0.1, 0.2), 'crash': (None, True)}
    """
    of_a, of_b = named_values(a), named_values(b)
    return {name: (of_a.get(name), of_b.get(name)) for name in varying([of_a, of_b])}


@final
@public("pyhermes.core")
@attrs.frozen
class ReplicateGroup(Generic[R]):
    """Runs that differ only in fields marked `Replicate`, such as the seed.

    `args_without_replicates` has the values of all other fields, by dotted names; `duplicates` are
    the runs that do not differ at all, those that are the same together.
    """

    _args_without_replicates: dict[str, object] = attrs.field(hash=False)
    runs: tuple[R, ...]
    duplicates: tuple[tuple[R, ...], ...]

    @property
    def args_without_replicates(self) -> Mapping[str, object]:
        """The arguments that all runs of the group have in common."""
        return MappingProxyType(self._args_without_replicates)


def group_by_replicate(runs: Iterable[R]) -> tuple[ReplicateGroup[R], ...]:
    """Group runs that have the same arguments but for the fields marked `Replicate`.

    A run is anything with an attrs instance in `args`. Raises `WrongTypeError`, a `TypeError`, for
    values in it that have no hash.

    >>> from typing import Annotated
    >>> from types import SimpleNamespace
    >>> from pyhermes.core import Replicate
    >>> @attrs.frozen
    ... class Args:
    ...     lr: float
    ...     seed: Annotated[int, Replicate]
    >>> runs = [SimpleNamespace(args=Args(lr, seed)) for lr in (0.1, 0.2) for seed in range(3)]
    >>> [(dict(group.args_without_replicates), len(group.runs)) for group in group_by_replicate(runs)]
    [({'lr': 0.1}, 3), ({'lr': 0.2}, 3)]
    """
    groups = group_by(runs, lambda run: hashable_values(without_replicates(run.args)))
    return tuple(map(_replicate_group, groups.values()))


def _replicate_group(runs: tuple[R, ...]) -> ReplicateGroup[R]:
    same = group_by(runs, lambda run: hashable_values(leaf_values(run.args))).values()
    return ReplicateGroup(
        without_replicates(runs[0].args), runs, tuple(group for group in same if len(group) > 1)
    )


def without_replicates(args: object) -> dict[str, object]:
    """Return the values in an attrs instance, by dotted names, without the fields marked `Replicate`."""
    cls: type = type(args)
    replicates = marked_fields(cls, Replicate)
    return {name: value for name, value in leaf_values(args).items() if name not in replicates}


def hashable_values(values: Mapping[str, object]) -> Hashable:
    """Return values by name as one value that is equal, and has the same hash, for equal ones."""
    return tuple((name, hashable_key(value)) for name, value in values.items())


def hashable_key(value: object) -> Hashable:
    """Return what is equal, and has the same hash, for equal values: lists and NaN included.

    A bool is no number here, but 1 and 1.0 are the same, and so are a list and a tuple. Raises
    `WrongTypeError`, a `TypeError`, for a value that has no hash.

    >>> hashable_key([1, float("nan")]) == hashable_key((1.0, float("nan")))
    True
    """
    if isinstance(value, np.generic):
        return hashable_key(cast("object", value.item()))
    if isinstance(value, bool) or is_nan(value):
        return (type(value), repr(value))
    if isinstance(value, list | tuple):
        return (tuple, tuple(map(hashable_key, cast("Iterable[object]", value))))
    if isinstance(value, set | frozenset):
        return (frozenset, frozenset(map(hashable_key, cast("Iterable[object]", value))))
    try:
        hash(value)
    except TypeError:
        raise WrongTypeError(f"expected a value that can be hashed, got {shown(value)}") from None
    return value


def _find_value(values: Mapping[str, object], name: str) -> Hashable:
    return (hashable_key(values[name]),) if name in values else ()
