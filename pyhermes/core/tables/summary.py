"""Descriptions of runs: values for JSON, tables for a terminal, lines of text."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias, Union, final

import attrs

from pyhermes.core.errors import UnknownChoiceError
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.messages import list_first, shown
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.select import is_nan, sort_by
from pyhermes.core.runs.status import StatusReport
from pyhermes.core.structure.compare import diff, varying
from pyhermes.core.tables.column import Column, column_of
from pyhermes.core.tables.table import Table
from pyhermes.core.typing import ArgumentValue

_SORT_KEYS = ("identifier", "status", "start", "duration")
_PROBLEMS_SHOWN = 20
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))

JsonValue: TypeAlias = Union[bool, int, float, str, "list[JsonValue]", "dict[str, JsonValue]", None]


@final
@attrs.frozen
class RunSummary:
    """Hold what is known of a run at one moment: its record, its arguments and its status."""

    run: Run
    arguments: ExecArgs
    report: StatusReport

    @property
    def exec_args(self) -> frozenset[str]:
        """Return the arguments, each a whole line."""
        return self.arguments.exec_args

    @property
    def identifier(self) -> str:
        """Return the run's identifier."""
        return self.run.identifier


def to_json(summary: RunSummary) -> dict[str, JsonValue]:
    """Return a run as values for JSON: times as ISO 8601 without a zone, the duration in seconds.

    Numbers that JSON does not have (NaN, infinities) are text.

    >>> from pyhermes.core import load_run, parse_exec_args, status_of
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> to_json(RunSummary(run, parse_exec_args("--seed 1"), status_of(run.info)))["arguments"]
    {'--seed': 1}
    """
    info = summary.run.info
    return {
        "identifier": summary.run.identifier,
        "path": str(summary.run.path),
        "status": summary.report.status.value,
        "reason": summary.report.reason,
        "start_time": _format_time(summary.run.start_time),
        "end_time": _format_time(info.end_time),
        "duration": info.execution_time,
        "commit": info.commit_hash,
        "comments": info.comments,
        "arguments": {name: _argument_to_json(value) for name, value in summary.arguments.values.items()},
    }


def make_list_table(summaries: Sequence[RunSummary], now: datetime) -> Table:
    """Make the table that `hermes ls` shows: identifier, status, age, duration, arguments that vary.

    `now` is naive local time, as the start times are.

    >>> list(make_list_table([], datetime.now()).columns)
    ['identifier', 'status', 'age', 'duration']
    """
    columns = {
        "identifier": Column("text", tuple(one.run.identifier for one in summaries)),
        "status": Column("text", tuple(one.report.status.value for one in summaries)),
        "age": Column("text", tuple(_format_age(one.run.start_time, now) for one in summaries)),
        "duration": Column("text", tuple(_format_duration(one.run.info.execution_time) for one in summaries)),
    }
    arguments = [one.arguments.values for one in summaries]
    for name in varying(one.arguments for one in summaries):
        free = f"args.{name}" if name in columns else name
        columns[free] = column_of(values.get(name) for values in arguments)
    return Table(columns)


def format_summary(summary: RunSummary, file_names: Sequence[str]) -> list[str]:
    r"""Return what is known of a run, and the names of its files, as lines of text.

    >>> from pyhermes.core import load_run, parse_exec_args, status_of
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> summary = RunSummary(run, parse_exec_args("--seed 1"), status_of(run.info))
    >>> lines = format_summary(summary, ["a.result"])
    >>> print(*lines[-2:], sep="\n")
    arguments   --seed 1
    files       a.result
    """
    info = summary.run.info
    facts = {
        "identifier": summary.run.identifier,
        "path": str(summary.run.path),
        "status": f"{summary.report.status.value} ({summary.report.reason})",
        "commit": info.commit_hash,
        "started": _format_time(summary.run.start_time),
        "ended": _format_time(info.end_time),
        "duration": _format_duration(info.execution_time),
        "comments": info.comments,
    }
    lines = [f"{name:11} {value}" for name, value in facts.items() if value is not None]
    return [
        *lines,
        *_format_section("arguments", summary.arguments.lines),
        *_format_section("files", file_names),
        *_format_section("problems", list_first(info.problems, _PROBLEMS_SHOWN)),
    ]


def make_diff_table(a: RunSummary, b: RunSummary) -> Table:
    """Make a table of what differs between two runs: their arguments, and what became of them.

    >>> from pyhermes.core import load_run, parse_exec_args, status_of
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> pair = [RunSummary(run, parse_exec_args(text), status_of(run.info)) for text in ("--a 1", "--a 2")]
    >>> make_diff_table(*pair).columns["first"].values
    ('2026_11_23_182353168091_0_fcbfa', '1')
    """
    values = [{**_name_arguments(one), **_list_facts(one)} for one in (a, b)]
    differing = {"identifier": (a.run.identifier, b.run.identifier), **diff(*values)}
    return Table(
        {
            "": Column("text", tuple(differing)),
            "first": column_of([_write_cell(first) for first, _ in differing.values()]),
            "second": column_of([_write_cell(second) for _, second in differing.values()]),
        }
    )


def sort_summaries(summaries: Iterable[RunSummary], key: str) -> tuple[RunSummary, ...]:
    """Sort runs by `identifier`, `status`, `start`, `duration` or the value of an argument.

    Numbers come before texts, and runs without a value come last. Raises `UnknownChoiceError`, a
    `ValueError`, for an argument that no run has.
    """
    summaries = tuple(summaries)
    known = dict.fromkeys([*_SORT_KEYS, *(name for one in summaries for name in one.arguments.values)])
    if summaries and key not in known:
        raise UnknownChoiceError(f"expected a key to sort by of {shown(list(known))}, got {key!r}")
    return sort_by(summaries, lambda one: _make_sort_key(_find_value(one, key)))


def format_span(seconds: float) -> str:
    """Write a span of time in its two largest units.

    >>> format_span(42.3), format_span(3700), format_span(200_000)
    ('42 s', '1 h 1 min', '2 d 7 h')
    """
    if seconds < 9.95:  # from there on, a digit after the point would be rounded up to 10.0
        return f"{seconds:.1f} s"
    seconds = round(seconds)  # before the unit is chosen: 59.5 s is a minute, not 60 s
    if seconds < 60:
        return f"{seconds} s"
    first = next(place for place, (_, size) in enumerate(_UNITS) if seconds >= size)
    (large, size), (small, part) = _UNITS[first : first + 2]
    return f"{seconds // size:.0f} {large} {seconds % size // part:.0f} {small}"


def _find_value(one: RunSummary, key: str) -> ArgumentValue | None:
    """Return what a run is sorted by; a fact of the run goes before an argument of the same name."""
    start = one.run.start_time
    facts: dict[str, ArgumentValue | None] = {
        "identifier": one.run.identifier,
        "status": one.report.status.value,
        "start": None if start is None else start.isoformat(),
        "duration": one.run.info.execution_time,
    }
    return facts[key] if key in facts else one.arguments.values.get(key)


def _make_sort_key(value: ArgumentValue | None) -> tuple[bool, float, str] | None:
    """Return a key that puts numbers before texts; None for what comes last."""
    if value is None or is_nan(value):
        return None
    if isinstance(value, str | list):
        return (True, 0.0, str(value))
    with contextlib.suppress(OverflowError):
        return (False, float(value), "")
    return (False, math.inf if value > 0 else -math.inf, "")


def _name_arguments(one: RunSummary) -> dict[str, object]:
    """Return the arguments by name, those named like a fact under another name."""
    facts = _list_facts(one)
    return {f"args.{name}" if name in facts else name: value for name, value in one.arguments.values.items()}


def _list_facts(one: RunSummary) -> dict[str, object]:
    """Return what became of a run, by name."""
    info = one.run.info
    return {
        "status": one.report.status.value,
        "commit": info.commit_hash,
        "duration": _format_duration(info.execution_time),
        "comments": info.comments,
    }


def _write_cell(value: object) -> str | None:
    # beside a text, a column writes every value as text
    (cell,) = column_of(["", value]).values[1:]
    return None if cell is None else str(cell)


def _format_section(name: str, lines: Iterable[str]) -> list[str]:
    return [f"{name if place == 0 else '':11} {line}" for place, line in enumerate(lines)]


def _format_time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _argument_to_json(value: ArgumentValue) -> JsonValue:
    if isinstance(value, list):
        return [_argument_to_json(item) for item in value]
    # a reader of JSON elsewhere refuses the NaN and Infinity that Python would write
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _format_age(start: datetime | None, now: datetime) -> str | None:
    return None if start is None else format_span(max(0.0, (now - start).total_seconds()))


def _format_duration(seconds: float | None) -> str | None:
    return None if seconds is None else format_span(seconds)
