"""Columns as text for a terminal, or HTML for a notebook.

Never raises, and what it gives holds no control characters, whatever the values are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from html import escape

import attrs
import numpy as np

from pyhermes.core.arrays.freeze import same_values
from pyhermes.core.messages import printable
from pyhermes.core.tables.column import CellValue, Column, ColumnValues

_WIDEST = 40
_LONGEST_FLOAT = 12


@attrs.frozen
class _ShownColumn:
    lines: list[str]
    is_number: bool


@attrs.frozen
class View:
    """What both renderings show, safe in a terminal: lines of cells, the first one the names."""

    above: list[str]
    columns: list[_ShownColumn]
    gap: list[str]
    gap_at: int


def view(columns: Mapping[str, Column], title: str, rows: int, keep: Collection[str], left_out: int) -> View:
    """What is shown of some columns; `left_out` rows were taken out of their middle before."""
    length = max((len(column.values) for column in columns.values()), default=0)
    first, last = _ends(length, rows)
    hidden = length - first - last + left_out
    folded = _folded(columns, length, keep)
    same = ", ".join(f"{_cell(name)}={_cells(columns[name].values[:1])[0]}" for name in folded)
    cells = [
        _ShownColumn(
            [_cell(name), *_cells(column.values[:first]), *_cells(column.values[length - last :])],
            column.kind in ("integer", "float"),
        )
        for name, column in columns.items()
        if name not in folded
    ]
    among = "all shown" if left_out else "all"
    above = [_one_line(title), f"the same in {among}: {same}" if same else ""]
    gap = [f"... {hidden} more ..."] if hidden else []
    return View(list(filter(None, above)), cells, gap, gap_at=1 + first)


def as_text(view: View) -> str:
    """Aligned columns of text, under what is above them."""
    lines = ["  ".join(line).rstrip() for line in zip(*map(_aligned, view.columns), strict=True)]
    lines[view.gap_at : view.gap_at] = view.gap
    return "\n".join([*view.above, *lines])


def as_html(view: View) -> str:
    """A table of HTML, under what is above it."""
    lines = ["".join(line) for line in zip(*map(_tagged, view.columns), strict=True)]
    lines[view.gap_at : view.gap_at] = [f'<td colspan="{len(view.columns)}">{gap}</td>' for gap in view.gap]
    head, *body = [f"<tr>{line}</tr>" for line in lines] or [""]
    above = [f"<p>{escape(line)}</p>" for line in view.above]
    return "\n".join([*above, "<table>", f"<thead>{head}</thead>", "<tbody>", *body, "</tbody>", "</table>"])


def _ends(length: int, rows: int) -> tuple[int, int]:
    """How many rows are shown before the gap, and how many after it."""
    shown_rows = min(max(rows, 0), length)
    return shown_rows - shown_rows // 2, shown_rows // 2


def _folded(columns: Mapping[str, Column], length: int, keep: Collection[str]) -> list[str]:
    """The columns whose value is the same in all of several rows; never the first column."""
    if length < 2:
        return []
    return [
        name
        for name, column in list(columns.items())[1:]
        if name not in keep and same_values(column.values[1:], column.values[:-1])
    ]


def _cells(values: ColumnValues) -> list[str]:
    return list(map(_cell, values.tolist() if isinstance(values, np.ndarray) else values))


def _cell(value: CellValue) -> str:
    line = _one_line(_cell_text(value))
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 3]}..."


def _cell_text(value: CellValue) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " ".join(map(_cell_text, value[: _WIDEST + 1]))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, float) and len(repr(value)) > _LONGEST_FLOAT:
        return f"~{value:.6g}"  # not to be taken for the value itself
    return str(value)[: _WIDEST + 1]


def _one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n")


def _aligned(column: _ShownColumn) -> list[str]:
    width = max(map(len, column.lines))
    return [line.rjust(width) if column.is_number else line.ljust(width) for line in column.lines]


def _tagged(column: _ShownColumn) -> list[str]:
    style = f'style="text-align: {"right" if column.is_number else "left"}"'
    name, *cells = map(escape, column.lines)
    return [f"<th {style}>{name}</th>", *(f"<td {style}>{cell}</td>" for cell in cells)]
