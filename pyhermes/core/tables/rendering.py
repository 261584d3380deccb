"""Columns as text for a terminal, or HTML for a notebook.

Nothing here raises, and no control character is left in what is written, whatever the values are: a
run's arguments may be a stranger's, and a terminal obeys escape sequences.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from html import escape

import attrs
import numpy as np

from pyhermes.core.arrays.equality import same_values
from pyhermes.core.messages import printable
from pyhermes.core.tables.column import CellValue, Column, ColumnValues

_MOST_CHARACTERS = 40
_LONGEST_FLOAT = 12


@attrs.frozen
class _RenderedColumn:
    lines: list[str]
    is_number: bool


@attrs.frozen
class TableView:
    """Everything that both renderings show, safe in a terminal.

    Each column has one line for its name and one a row; `gap` stands before line `gap_at`.
    """

    headlines: list[str]
    columns: list[_RenderedColumn]
    gap: list[str]
    gap_at: int


def view_table(
    columns: Mapping[str, Column], title: str, *, rows: int, keep: Collection[str], left_out: int
) -> TableView:
    """Choose what of some columns is shown, at most `rows` rows, and write it as text.

    `left_out` rows were taken out of their middle before. Columns whose values are all the same are
    named once above the others, but for those in `keep`.
    """
    length = max((len(column.values) for column in columns.values()), default=0)
    first, last = _split_rows(length, rows)
    hidden = length - first - last + left_out
    constant = _find_constant_columns(columns, length, keep)
    rendered = [
        _render_column(name, column, first=first, last=last)
        for name, column in columns.items()
        if name not in constant
    ]
    headlines = [_put_on_one_line(title), _write_constants(columns, constant, left_out)]
    gap = [f"... {hidden} more ..."] if hidden else []
    return TableView(list(filter(None, headlines)), rendered, gap, gap_at=1 + first)


def render_text(view: TableView) -> str:
    """Write aligned columns of text, under the headlines."""
    lines = ["  ".join(line).rstrip() for line in zip(*map(_align, view.columns), strict=True)]
    lines[view.gap_at : view.gap_at] = view.gap
    return "\n".join([*view.headlines, *lines])


def render_html(view: TableView) -> str:
    """Write a table of HTML, under the headlines."""
    lines = ["".join(line) for line in zip(*map(_tag, view.columns), strict=True)]
    lines[view.gap_at : view.gap_at] = [f'<td colspan="{len(view.columns)}">{gap}</td>' for gap in view.gap]
    head, *body = [f"<tr>{line}</tr>" for line in lines] or [""]
    above = [f"<p>{escape(line)}</p>" for line in view.headlines]
    return "\n".join([*above, "<table>", f"<thead>{head}</thead>", "<tbody>", *body, "</tbody>", "</table>"])


def _split_rows(length: int, rows: int) -> tuple[int, int]:
    """Return how many rows are shown before the gap, and how many after it."""
    visible = min(max(rows, 0), length)
    return visible - visible // 2, visible // 2


def _find_constant_columns(columns: Mapping[str, Column], length: int, keep: Collection[str]) -> list[str]:
    """Return the columns whose value is the same in all of several rows; never the first column."""
    if length < 2:
        return []
    return [
        name
        for name, column in list(columns.items())[1:]
        if name not in keep and same_values(column.values[1:], column.values[:-1])
    ]


def _write_constants(columns: Mapping[str, Column], names: Collection[str], left_out: int) -> str:
    """Write the value that each of the columns has in all rows; nothing where there are no such columns."""
    values = [f"{_write_cell(name)}={_write_cells(columns[name].values[:1])[0]}" for name in names]
    # nobody has looked at the rows that were left out
    rows = "all shown" if left_out else "all"
    return f"the same in {rows}: {', '.join(values)}" if values else ""


def _render_column(name: str, column: Column, *, first: int, last: int) -> _RenderedColumn:
    end = len(column.values) - last
    cells = [*_write_cells(column.values[:first]), *_write_cells(column.values[end:])]
    return _RenderedColumn([_write_cell(name), *cells], is_number=column.kind in ("integer", "float"))


def _write_cells(values: ColumnValues) -> list[str]:
    return list(map(_write_cell, values.tolist() if isinstance(values, np.ndarray) else values))


def _write_cell(value: CellValue) -> str:
    line = _put_on_one_line(_write_value(value))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 3]}..."


def _write_value(value: CellValue) -> str:
    # cut before anything is escaped: a cell of a gigabyte takes no longer than one of a line
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " ".join(map(_write_value, value[: _MOST_CHARACTERS + 1]))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, float) and len(repr(value)) > _LONGEST_FLOAT:
        return f"~{value:.6g}"  # not to be taken for the value itself
    return str(value)[: _MOST_CHARACTERS + 1]


def _put_on_one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n")


def _align(column: _RenderedColumn) -> list[str]:
    width = max(map(len, column.lines))
    return [line.rjust(width) if column.is_number else line.ljust(width) for line in column.lines]


def _tag(column: _RenderedColumn) -> list[str]:
    style = f'style="text-align: {"right" if column.is_number else "left"}"'
    name, *cells = map(escape, column.lines)
    return [f"<th {style}>{name}</th>", *(f"<td {style}>{cell}</td>" for cell in cells)]
