"""Choosing among runs: any iterable in, elements of the same type out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from pyhermes.core.errors import NothingToChooseError, WrongTypeError, shown
from pyhermes.core.typing import HasExecArgs, HasStart

A = TypeVar("A", bound=HasExecArgs)
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
    if isinstance(args, str):
        raise WrongTypeError(f"expected several arguments, such as [{args!r}], got the bare string {args!r}")
    wanted = frozenset(only(args, str))
    return tuple(item for item in items if wanted <= item.exec_args)


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


def only(items: object, kind: type[T]) -> list[T]:
    """The items of an iterable as a list, if all are of one class.

    Raises `WrongTypeError`, a `TypeError`, for anything else.

    >>> only([1, 2], int)
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


def _start(item: HasStart) -> tuple[bool, datetime, str]:
    start = item.start_time
    return (start is not None, start or datetime.min, item.identifier)
