"""Choosing among runs: functions that take any iterable and return elements of the same type.

None of them asks for a record of pyhermes: `exec_args`, or `identifier` and `start_time`, are enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from pyhermes.core.errors import NothingToChooseError, WrongTypeError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.messages import shown
from pyhermes.core.typing import HasExecArgs, HasStart

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison


class LoadsArguments(Protocol):
    """Any object that reads its execution arguments late."""

    @property
    def loaded_arguments(self) -> ExecArgs | None:
        """The arguments, or None as long as they have not been read."""
        ...


A = TypeVar("A", bound=HasExecArgs)
L = TypeVar("L", bound=LoadsArguments)
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
S = TypeVar("S", bound=HasStart)


def filter_by_args(items: Iterable[A], args: Iterable[str]) -> tuple[A, ...]:
    """Return the items whose `exec_args` hold every one of `args`, in their order.

    An argument is a whole line, such as `"--doubledqn"` or `"--seed 2"`; without any, all items are
    kept. The items can be any objects with a set `exec_args`. Raises `WrongTypeError`, a
    `TypeError`, for a bare string, which would be taken letter by letter.

    >>> from pyhermes.core import filter_by_args, parse_exec_args
    >>> runs = [parse_exec_args("--seed 1"), parse_exec_args("--seed 2")]
    >>> filter_by_args(runs, ["--seed 2"]) == (runs[1],)
    True
    """
    wanted = _check_args(args)
    return tuple([item for item in items if wanted <= item.exec_args])


def filter_by_loaded_args(
    items: Iterable[L], args: Iterable[str], load: Callable[[list[L]], object]
) -> list[L]:
    """Return what `filter_by_args` does, for items whose arguments are only read when needed.

    `load` is called once, with all items whose arguments have not been read, and reads them; it is
    not called if there are none.
    """
    wanted = _check_args(args)

    def matches(item: L) -> bool:
        return (held := item.loaded_arguments) is not None and wanted <= held.exec_args

    # written out: a call for each of a hundred thousand runs would take twice the time
    chosen = [item for item in items if (held := item.loaded_arguments) is None or wanted <= held.exec_args]
    unread = [item for item in chosen if item.loaded_arguments is None]
    if unread:
        load(unread)
        chosen = list(filter(matches, chosen))
    return chosen


def _check_args(args: Iterable[str]) -> frozenset[str]:
    if isinstance(args, str):
        raise WrongTypeError(f"expected several arguments, such as [{args!r}], got the bare string {args!r}")
    return frozenset(require_all(args, str))


def latest(items: Iterable[S]) -> S:
    """Return the item that began last; of several, the one with the later identifier.

    Items without a `start_time` count only where no item has one. Raises `NothingToChooseError`,
    a `ValueError`, where there are no items.

    >>> from pyhermes.core import latest, scan_runs
    >>> latest(scan_runs("runs/cartpole_dqn/dqn-vs-ddqn").runs).identifier
    '2026_11_23_182554711422_8_fcbfa'
    """
    newest = max(items, key=_start_of, default=None)
    if newest is None:
        raise NothingToChooseError("cannot take the latest run of an empty list")
    return newest


def sort_by(
    items: Iterable[T], key: Callable[[T], SupportsRichComparison | None], *, reverse: bool = False
) -> tuple[T, ...]:
    """Return the items ordered by the value of `key` for each; equal ones keep their order.

    Items whose value is None or NaN come last, also with `reverse`. Raises `WrongTypeError`, a
    `TypeError`, for values that cannot be compared.

    >>> from pyhermes.core import sort_by
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
    """Return the items by the value of `key` for each; groups and items keep their order.

    All NaNs are one group. Raises `WrongTypeError`, a `TypeError`, for values that cannot be hashed.

    >>> from pyhermes.core import group_by
    >>> group_by([3, 4, 5], lambda number: number % 2)
    {1: (3, 5), 0: (4,)}
    """
    groups: dict[K, list[T]] = {}
    for item in items:
        value = key(item)
        try:
            # one and the same NaN: a dict would take each NaN for another key
            groups.setdefault(cast("K", math.nan) if is_nan(value) else value, []).append(item)
        except TypeError:
            raise WrongTypeError(
                f"expected values that can be hashed to group by, got {shown(value)}"
            ) from None
    return {value: tuple(group) for value, group in groups.items()}


def require_all(items: object, kind: type[T]) -> list[T]:
    """Return the items of an iterable as a list, if all are of one class.

    Raises `WrongTypeError`, a `TypeError`, if one is not, and if `items` cannot be iterated.

    >>> require_all([1, 2], int)
    [1, 2]
    """
    if not isinstance(items, Iterable):
        raise WrongTypeError(f"expected several {kind.__name__} objects, got {shown(items)}")
    found: list[T] = []
    for item in cast("Iterable[object]", items):
        if not isinstance(item, kind):
            raise WrongTypeError(f"expected {kind.__name__} objects, got {shown(item)}")
        found.append(item)
    return found


def select_type(items: Iterable[object], kind: type[T]) -> list[T]:
    """Return the items that are of one class, in their order.

    >>> select_type([1, "a", 2], int)
    [1, 2]
    """
    return [item for item in items if isinstance(item, kind)]


def is_nan(value: object) -> bool:
    """Return whether a value is NaN, or another value that does not equal itself.

    >>> is_nan(float("nan")), is_nan("nan")
    (True, False)
    """
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # an array has no single answer
        return False


def _is_missing(value: object) -> bool:
    return value is None or is_nan(value)


def _by_key(pair: tuple[SupportsRichComparison | None, object]) -> SupportsRichComparison:
    value, _ = pair
    assert value is not None
    return value


def _start_of(item: HasStart) -> tuple[bool, datetime, str]:
    start = item.start_time
    return (start is not None, start or datetime.min, item.identifier)
