"""Runs described: as values for JSON, as rows for a terminal, as lines of text."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias, Union, final

import attrs

from pyhermes.core.errors import UnknownChoiceError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.messages import shown
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.select import is_nan, sort_by
from pyhermes.core.runs.status import StatusReport
from pyhermes.core.structure.compare import diff, varying
from pyhermes.core.tables.column import Column, column_of
from pyhermes.core.tables.table import Table

_KEYS = ("identifier", "status", "start", "duration")

JsonValue: TypeAlias = Union[bool, int, float, str, "list[JsonValue]", "dict[str, JsonValue]", None]


@final
@attrs.frozen
class RunSummary:
    """A run as it is seen now: its record, its arguments and its status."""

    run: Run
    arguments: ExecArgs
    report: StatusReport

    @property
    def exec_args(self) -> frozenset[str]:
        """The arguments, each a whole line."""
        return self.arguments.exec_args

    @property
    def identifier(self) -> str:
        """The run's identifier."""
        return self.run.identifier


def as_json(seen: RunSummary) -> dict[str, JsonValue]:
    """A run as values for JSON: times as ISO 8601 without a zone, the duration in seconds.

    >>> from pyhermes.core import load_run, parse_exec_args, status_of
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> as_json(RunSummary(run, parse_exec_args("--seed 1"), status_of(run.info)))["arguments"]
    {'--seed': 1}
    """
    info = seen.run.info
    return {
        "identifier": seen.run.identifier,
        "path": str(seen.run.path),
        "status": seen.report.status.value,
        "reason": seen.report.reason,
        "start_time": _iso(seen.run.start_time),
        "end_time": _iso(info.end_time),
        "duration": info.execution_time,
        "commit": info.commit_hash,
        "comments": info.comments,
        "arguments": {name: _plain(value) for name, value in seen.arguments.values.items()},
    }


def list_table(seen: Sequence[RunSummary], now: datetime) -> Table:
    """The table that `hermes ls` shows: identifier, status, age, duration, arguments that vary.

    >>> list(list_table([], datetime.now()).columns)
    ['identifier', 'status', 'age', 'duration']
    """
    values = [one.arguments.values for one in seen]
    columns = {
        "identifier": Column("text", tuple(one.run.identifier for one in seen)),
        "status": Column("text", tuple(one.report.status.value for one in seen)),
        "age": Column("text", tuple(_age(one.run.start_time, now) for one in seen)),
        "duration": Column("text", tuple(_duration(one.run.info.execution_time) for one in seen)),
    }
    for name in varying(one.arguments for one in seen):
        free = f"args.{name}" if name in columns else name
        columns[free] = column_of(held.get(name) for held in values)
    return Table(columns)


def described(seen: RunSummary, names: Sequence[str]) -> list[str]:
    """What is known of a run, and the files that it left behind, as lines of text."""
    info = seen.run.info
    known = {
        "identifier": seen.run.identifier,
        "path": str(seen.run.path),
        "status": f"{seen.report.status.value} ({seen.report.reason})",
        "commit": info.commit_hash,
        "started": _iso(seen.run.start_time),
        "ended": _iso(info.end_time),
        "duration": _duration(info.execution_time),
        "comments": info.comments,
    }
    lines = [f"{name:11} {value}" for name, value in known.items() if value is not None]
    return [
        *lines,
        *_listed("arguments", seen.arguments.lines),
        *_listed("files", names),
        *_listed("problems", map(str, info.problems)),
    ]


def diff_table(a: RunSummary, b: RunSummary) -> Table:
    """What differs between two runs: their arguments, and what became of them.

    >>> from pyhermes.core import load_run, parse_exec_args, status_of
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> seen = [RunSummary(run, parse_exec_args(text), status_of(run.info)) for text in ("--a 1", "--a 2")]
    >>> diff_table(*seen).columns["first"].values
    ('2026_11_23_182353168091_0_fcbfa', '1')
    """
    values = [{**_renamed(one), **_facts(one)} for one in (a, b)]
    differing = {"identifier": (a.run.identifier, b.run.identifier), **diff(*values)}
    return Table(
        {
            "": Column("text", tuple(differing)),
            "first": column_of([_text(first) for first, _ in differing.values()]),
            "second": column_of([_text(second) for _, second in differing.values()]),
        }
    )


def sorted_seen(seen: Iterable[RunSummary], key: str) -> tuple[RunSummary, ...]:
    """Runs sorted by `identifier`, `status`, `start`, `duration` or the value of an argument.

    Raises `UnknownChoiceError`, a `ValueError`, for an argument that no run has.
    """
    seen = tuple(seen)
    known = dict.fromkeys([*_KEYS, *(name for one in seen for name in one.arguments.values)])
    if seen and key not in known:
        raise UnknownChoiceError(f"expected a key to sort by of {shown(list(known))}, got {key!r}")
    return sort_by(seen, lambda one: _sort_value(one, key))


def span_text(seconds: float) -> str:
    """A span of time in its largest fitting units.

    >>> span_text(42.3), span_text(3700), span_text(200_000)
    ('42 s', '1 h 1 min', '2 d 7 h')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    first = next(place for place, (_, size) in enumerate(units) if seconds >= size)
    (large, size), (small, part) = units[first : first + 2]
    return f"{seconds // size:.0f} {large} {seconds % size // part:.0f} {small}"


def _sort_value(one: RunSummary, key: str) -> tuple[bool, float, str] | None:
    """Numbers before texts."""
    start = one.run.start_time
    fixed = {
        "identifier": one.run.identifier,
        "status": one.report.status.value,
        "start": None if start is None else start.isoformat(),
        "duration": one.run.info.execution_time,
    }
    value = fixed[key] if key in fixed else one.arguments.values.get(key)
    if value is None or is_nan(value):
        return None
    if isinstance(value, str | list):
        return (True, 0.0, str(value))
    with contextlib.suppress(OverflowError):
        return (False, float(value), "")
    return (False, math.inf if value > 0 else -math.inf, "")


def _renamed(one: RunSummary) -> dict[str, object]:
    """The arguments, those with the name of a fact under another one."""
    facts = _facts(one)
    return {f"args.{name}" if name in facts else name: value for name, value in one.arguments.values.items()}


def _facts(one: RunSummary) -> dict[str, object]:
    info = one.run.info
    return {
        "status": one.report.status.value,
        "commit": info.commit_hash,
        "duration": _duration(info.execution_time),
        "comments": info.comments,
    }


def _text(value: object) -> str | None:
    (cell,) = column_of(["", value]).values[1:]
    return None if cell is None else str(cell)


def _listed(name: str, lines: Iterable[str]) -> list[str]:
    return [f"{name if place == 0 else '':11} {line}" for place, line in enumerate(lines)]


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _plain(value: object) -> JsonValue:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)  # JSON has no NaN


def _age(start: datetime | None, now: datetime) -> str | None:
    return None if start is None else span_text(max(0.0, (now - start).total_seconds()))


def _duration(seconds: float | None) -> str | None:
    return None if seconds is None else span_text(seconds)
