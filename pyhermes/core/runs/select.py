"""Choosing among runs: any iterable in, elements of the same type out."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast

from pyhermes.core.errors import NothingToChooseError, WrongTypeError
from pyhermes.core.messages import shown
from pyhermes.core.typing import HasExecArgs, HasStart

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

A = TypeVar("A", bound=HasExecArgs)
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
S = TypeVar("S", bound=HasStart)


def filter_by_args(items: Iterable[A], args: Iterable[str]) -> tuple[A, ...]:
    """The items whose `exec_args` hold every one of `args`, in their order.

    An argument is a whole line, such as `"--doubledqn"` or `"--seed 2"`; without any, all items are
    kept. The items can be any objects with a set `exec_args`. Raises `WrongTypeError`, a
    `TypeError`, for a bare string, which would be taken letter by letter.

    >>> from pyhermes.core import parse_exec_args
    >>> runs = [parse_exec_args("--seed 1"), parse_exec_args("--seed 2")]
    >>> filter_by_args(runs, ["--seed 2"]) == (runs[1],)
    True
    """
    wanted = wanted_args(args)
    return tuple([item for item in items if wanted <= item.exec_args])


def wanted_args(args: Iterable[str]) -> frozenset[str]:
    """Arguments to filter by, each a whole line.

    Raises `WrongTypeError`, a `TypeError`, for a bare string, which would be taken letter by letter.

    >>> sorted(wanted_args(["--doubledqn", "--seed 2"]))
    ['--doubledqn', '--seed 2']
    """
    if isinstance(args, str):
        raise WrongTypeError(f"expected several arguments, such as [{args!r}], got the bare string {args!r}")
    return frozenset(require_all(args, str))


def latest(items: Iterable[S]) -> S:
    """The item that began last; of several, the one with the later identifier.

    Items without a `start_time` count only where no item has one. Raises `NothingToChooseError`,
    a `ValueError`, where there are no items.

    >>> from pyhermes.core import scan_runs
    >>> latest(scan_runs("runs/cartpole_dqn/dqn-vs-ddqn").runs).identifier
    '2026_11_23_182554711422_8_fcbfa'
    """
    newest = max(items, key=_start, default=None)
    if newest is None:
        raise NothingToChooseError("expected at least one experiment to take the latest of, got none")
    return newest


def sort_by(
    items: Iterable[T], key: Callable[[T], SupportsRichComparison | None], *, reverse: bool = False
) -> tuple[T, ...]:
    """The items ordered by what `key` gives for each, those that are equal in it in their order.

    Those for which it gives None or NaN come last, also with `reverse`. Raises `WrongTypeError`, a
    `TypeError`, for values that cannot be compared.

    >>> sort_by(["ccc", "a", "bb"], len, reverse=True)
    ('ccc', 'bb', 'a')
    """
    keyed = [(key(item), item) for item in items]
    present = [pair for pair in keyed if not _is_missing(pair[0])]
    try:
        present.sort(key=_by_key, reverse=reverse)
    except (TypeError, ValueError) as error:
        raise WrongTypeError(f"expected values that can be compared to sort by, got {error}") from error
    return tuple(item for _, item in present) + tuple(item for value, item in keyed if _is_missing(value))


def group_by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, tuple[T, ...]]:
    """The items by what `key` gives for each, groups and items in the order in which they come.

    NaN is one group. Raises `WrongTypeError`, a `TypeError`, for what cannot be a key of a dict.

    >>> group_by([3, 4, 5], lambda number: number % 2)
    {1: (3, 5), 0: (4,)}
    """
    groups: dict[K, list[T]] = {}
    for item in items:
        value = key(item)
        try:
            groups.setdefault(cast("K", math.nan) if is_nan(value) else value, []).append(item)
        except TypeError:
            raise WrongTypeError(
                f"expected values that can be hashed to group by, got {shown(value)}"
            ) from None
    return {value: tuple(group) for value, group in groups.items()}


def require_all(items: object, kind: type[T]) -> list[T]:
    """The items of an iterable as a list, if all are of one class.

    Raises `WrongTypeError`, a `TypeError`, for anything else.

    >>> require_all([1, 2], int)
    [1, 2]
    """
    if not isinstance(items, Iterable):
        raise WrongTypeError(f"expected several {kind.__name__} objects, got {shown(items)}")
    found: list[T] = []
    for item in items:
        if not isinstance(item, kind):
            raise WrongTypeError(f"expected {kind.__name__} objects, got {shown(item)}")
        found.append(item)
    return found


def is_nan(value: object) -> bool:
    """Whether a value is NaN, or another that is not even equal to itself.

    >>> is_nan(float("nan")), is_nan("nan")
    (True, False)
    """
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # an array, or what else has no answer
        return False


def _is_missing(value: object) -> bool:
    return value is None or is_nan(value)


def _by_key(pair: tuple[SupportsRichComparison | None, object]) -> SupportsRichComparison:
    value, _ = pair
    assert value is not None
    return value


def _start(item: HasStart) -> tuple[bool, datetime, str]:
    start = item.start_time
    return (start is not None, start or datetime.min, item.identifier)
