"""A frozen table of typed columns: a DataFrame of pandas or polars, an Arrow table, text, or HTML.

The dtype of what a column becomes does not depend on which rows there are or whether one is missing.
Nothing here touches files; pandas, polars and pyarrow are imported by the method that needs them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, final

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core.errors import MissingPackageError, TableError
from pyhermes.core.messages import shown
from pyhermes.core.runs.select import require_all
from pyhermes.core.tables import rendering
from pyhermes.core.tables.column import CellValue, Column, ColumnKind, kind_inside

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

D = TypeVar("D")

_PANDAS_TYPES = {
    "text": "string",
    "boolean": "boolean",
    "integer": "Int64",
    "float": "float64",
    "time": "datetime64[us]",
    "list": "object",
}


def _read_columns(columns: Mapping[str, Column]) -> dict[str, Column]:
    require_all(columns.values(), Column)
    return dict(zip(require_all(columns, str), columns.values(), strict=True))


def _check_lengths(_table: Table, _attribute: object, columns: Mapping[str, Column]) -> None:
    lengths = {name: len(column.values) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise TableError(f"expected columns of one length, got {shown(lengths)}")


def _in_order(columns: Mapping[str, Column]) -> list[tuple[str, Column]]:
    return list(columns.items())


@final
@attrs.frozen
class Table:
    r"""Columns of one length, in their order.

    In a DataFrame or an Arrow table, what UTF-8 cannot encode (surrogates, from files with broken
    bytes) is written out as `\udcff`, in names too, and names that are then the same end in `_`.
    Raises `TableError`, a `ValueError`, for columns of several lengths.

    >>> from pyhermes.core import column_of
    >>> print(Table({"run": column_of(["a", "b"]), "lr": column_of([0.1, 0.01])}).text("2 runs"))
    2 runs
    run    lr
    a     0.1
    b    0.01
    """

    _columns: dict[str, Column] = attrs.field(
        converter=_read_columns, validator=_check_lengths, eq=_in_order, hash=False
    )

    @property
    def columns(self) -> Mapping[str, Column]:
        """Every column by its name."""
        return MappingProxyType(self._columns)

    def __len__(self) -> int:
        return max((len(column.values) for column in self._columns.values()), default=0)

    def __repr__(self) -> str:
        return self.text(f"Table of {len(self)} rows")

    def __reduce__(self) -> tuple[type[Table], tuple[dict[str, Column]]]:
        return type(self), (self._columns,)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame of pandas, with the dtypes string, boolean, Int64, float64, datetime64[us] and object.

        What is missing is `pandas.NA` in the first three, else NaN, NaT and None.

        >>> from pyhermes.core import column_of
        >>> Table({"seed": column_of([1, None])}).to_pandas()["seed"].dtype
        Int64Dtype()
        """
        with _needed("pandas", "pandas"):
            import pandas
        return pandas.DataFrame(
            {
                name: pandas.Series(_exported(column), dtype=_PANDAS_TYPES[column.kind])
                for name, column in self._exported_columns()
            }
        )

    def to_polars(self) -> polars.DataFrame:
        """A DataFrame of polars, with null for what is missing, while NaN stays NaN.

        >>> from pyhermes.core import column_of
        >>> Table({"seed": column_of([1, None])}).to_polars().to_dicts()
        [{'seed': 1}, {'seed': None}]
        """
        with _needed("polars", "polars"):
            import polars
        types: dict[ColumnKind, polars.DataType] = {
            "text": polars.String(),
            "boolean": polars.Boolean(),
            "integer": polars.Int64(),
            "float": polars.Float64(),
            "time": polars.Datetime("us"),
        }
        return polars.DataFrame(
            {
                name: polars.Series(_exported(column), dtype=_dtype(column, types, polars.List))
                for name, column in self._exported_columns()
            }
        )

    def to_arrow(self) -> pyarrow.Table:
        """An Arrow table, with null for what is missing, while NaN stays NaN.

        >>> from pyhermes.core import column_of
        >>> Table({"seed": column_of([1, None])}).to_arrow().to_pydict()
        {'seed': [1, None]}
        """
        with _needed("pyarrow", "arrow"):
            import pyarrow
        types: dict[ColumnKind, pyarrow.DataType] = {
            "text": pyarrow.string(),
            "boolean": pyarrow.bool_(),
            "integer": pyarrow.int64(),
            "float": pyarrow.float64(),
            "time": pyarrow.timestamp("us"),
        }
        columns = dict(self._exported_columns())
        arrays = [
            pyarrow.array(_exported(column), type=_dtype(column, types, pyarrow.list_))
            for column in columns.values()
        ]
        return pyarrow.table(arrays, names=list(columns))

    def text(self, title: str = "", *, rows: int = 20, keep: Collection[str] = (), left_out: int = 0) -> str:
        """The table for a terminal, under a title and what is the same in all rows.

        Of more than `rows` rows, the first and the last are shown; `left_out` says how many more
        there were in the middle before the table was made. The first column, and those named in
        `keep`, are shown as columns even where all their values are the same. A float after `~` is
        rounded.
        """
        return rendering.as_text(rendering.view(self._columns, title, rows, keep, left_out))

    def html(self, title: str = "", *, rows: int = 20, keep: Collection[str] = (), left_out: int = 0) -> str:
        """The same as HTML, for a notebook.

        >>> from pyhermes.core import column_of
        >>> print(Table({"run": column_of(["<b>"])}).html())
        <table>
        <thead><tr><th style="text-align: left">run</th></tr></thead>
        <tbody>
        <tr><td style="text-align: left">&lt;b&gt;</td></tr>
        </tbody>
        </table>
        """
        return rendering.as_html(rendering.view(self._columns, title, rows, keep, left_out))

    def _exported_columns(self) -> Iterator[tuple[str, Column]]:
        """The columns under names that can be encoded, no two the same."""
        taken: set[str] = set()
        for name, column in self._columns.items():
            free = _encodable(name)
            while free in taken:
                free += "_"
            taken.add(free)
            yield free, column


@contextlib.contextmanager
def _needed(package: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"expected {package}, which to_{extra}() needs, to be installed, got none: "
            f"pip install 'pyhermes-experiments[{extra}]'"
        ) from error


def _dtype(column: Column, types: Mapping[ColumnKind, D], list_of: Callable[[D], D]) -> D:
    inside = kind_inside(column.values) if column.kind == "list" else None
    return types[column.kind] if inside is None else list_of(types[inside])


def _exported(column: Column) -> list[object] | NDArray[np.generic]:
    """The values as pandas, polars and Arrow take them."""
    values = column.values
    return values if isinstance(values, np.ndarray) else list(map(_exported_cell, values))


def _exported_cell(cell: CellValue) -> object:
    if isinstance(cell, tuple):
        return list(map(_exported_cell, cell))
    return _encodable(cell) if isinstance(cell, str) else cell


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
