"""Tables of runs: what each was, what it was given, and what it recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import final

import attrs
import numpy as np

from pyhermes.core.errors import NoSuchKeyError, WrongTypeError
from pyhermes.core.messages import shown
from pyhermes.core.public import public
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.status import RunStatus, status_of
from pyhermes.core.tables.column import Column, column_of
from pyhermes.core.tables.table import Table
from pyhermes.core.typing import FloatArray


@final
@public("pyhermes.core")
@attrs.frozen
class RunRow:
    """Hold a run with its arguments by name, and its status where more is known than its record tells."""

    run: Run
    arguments: Mapping[str, object]
    status: RunStatus | None = None


def run_table(rows: Iterable[RunRow], scalars: Sequence[Mapping[str, FloatArray]] = ()) -> Table:
    """Make a table with one row a run: identifier, status, start_time, duration and its arguments.

    Durations are in seconds. `scalars`, where given, holds for each run its recorded series by key,
    each of shape `(n,)` and dtype float64: the last value of each is in a column `last.<key>`. An
    argument named like another column is in `args.<name>`. Raises `TableError`, a `ValueError`, for
    scalars of more or fewer runs than there are rows.

    >>> from pyhermes.core import load_run
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> list(run_table([RunRow(run, {"-lr": 0.001})], [{"loss": np.array([0.5, 0.25])}]).columns)
    ['identifier', 'status', 'start_time', 'duration', '-lr', 'last.loss']
    """
    rows = tuple(rows)
    columns = _make_fixed_columns(rows)
    for name in dict.fromkeys(name for row in rows for name in row.arguments):
        columns[_find_free_name(name, columns)] = column_of(row.arguments.get(name) for row in rows)
    for key in dict.fromkeys(key for held in scalars for key in held):
        columns[f"last.{key}"] = Column("float", tuple(_get_last(held.get(key)) for held in scalars))
    return Table(columns)


def make_display_table(rows: Iterable[RunRow]) -> Table:
    """Make the `run_table` for people to look at: durations are rounded to tenths of a second.

    >>> from pyhermes.core import load_run
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> make_display_table([RunRow(run, {})]).columns["duration"].values
    (39.3,)
    """
    rows = tuple(rows)
    rounded = (None if seconds is None else round(seconds, 1) for seconds in _list_durations(rows))
    return Table({**run_table(rows).columns, "duration": Column("float", tuple(rounded))})


def scalar_table(runs: Iterable[tuple[str, Mapping[str, FloatArray]]]) -> Table:
    """Make the tidy long form of the scalars of several runs: a row a value, `run, key, step, value`.

    Each run is its name and its series by key, each of shape `(n,)` and dtype float64. Steps count
    from 0 for each key of each run; they are int64, the values float64.

    >>> scalar_table([("first", {"loss": np.array([0.5, 0.25])})])
    Table of 2 rows
    the same in all: key=loss
    run    step  value
    first     0    0.5
    first     1   0.25
    """
    series = [(name, key, values) for name, held in runs for key, values in held.items()]
    steps = [np.arange(values.size) for _, _, values in series]
    # the empty arrays give a table without rows its dtypes: nothing cannot be concatenated
    return Table(
        {
            "run": Column("text", tuple(name for name, _, values in series for _ in range(values.size))),
            "key": Column("text", tuple(key for _, key, values in series for _ in range(values.size))),
            "step": Column("integer", np.concatenate([np.empty(0, np.int64), *steps])),
            "value": Column("float", np.concatenate([np.empty(0), *(values for _, _, values in series)])),
        }
    )


def choose_scalars(
    held: Sequence[Mapping[str, FloatArray]], keys: Iterable[str]
) -> tuple[dict[str, FloatArray], ...]:
    """Return of every run's scalars those under some keys, or all where no key is named.

    Raises `NoSuchKeyError`, a `KeyError`, for a key that no run has, and `WrongTypeError`, a
    `TypeError`, for a bare string, which would be taken letter by letter.

    >>> choose_scalars([{"a": np.zeros(1), "b": np.zeros(1)}], ["a"])
    ({'a': array([0.])},)
    """
    if isinstance(keys, str):
        raise WrongTypeError(f"expected several keys, such as [{keys!r}], got the bare string {keys!r}")
    keys = tuple(keys)
    known = list(dict.fromkeys(key for scalars in held for key in scalars))
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise NoSuchKeyError(f"expected keys that some run has of {shown(known)}, got {shown(unknown)}")
    return tuple({key: scalars[key] for key in keys or known if key in scalars} for scalars in held)


def _make_fixed_columns(rows: Sequence[RunRow]) -> dict[str, Column]:
    """Make the columns that every table of runs has."""
    return {
        "identifier": Column("text", tuple(row.run.identifier for row in rows)),
        "status": Column("text", tuple((row.status or status_of(row.run.info).status).value for row in rows)),
        "start_time": Column("time", tuple(row.run.start_time for row in rows)),
        "duration": Column("float", _list_durations(rows)),
    }


def _find_free_name(name: str, taken: Collection[str]) -> str:
    """Return the name of an argument's column; those of the scalars are never taken."""
    free = f"args.{name}" if name.startswith("last.") else name
    while free in taken:
        free = f"args.{free}"
    return free


def _list_durations(rows: Iterable[RunRow]) -> tuple[float | None, ...]:
    durations = (row.run.info.execution_time for row in rows)
    return tuple(None if seconds is None else float(seconds) for seconds in durations)


def _get_last(values: FloatArray | None) -> float | None:
    return None if values is None or not values.size else float(values[-1])
