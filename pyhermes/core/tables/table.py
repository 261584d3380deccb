"""A frozen table of typed columns: a DataFrame of pandas or polars, an Arrow table, text, or HTML.

The dtype that a column becomes depends on its kind alone, not on which rows there are or whether a
value is missing. pandas, polars and pyarrow are imported by the method that needs them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, final

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core.errors import MissingPackageError, TableError
from pyhermes.core.messages import shown
from pyhermes.core.public import public
from pyhermes.core.runs.select import require_all
from pyhermes.core.tables import rendering
from pyhermes.core.tables.column import CellValue, Column, ColumnKind, find_element_kind

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

D = TypeVar("D")

# those that hold missing values without turning integers and truth values into floats
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


def _list_columns(columns: Mapping[str, Column]) -> list[tuple[str, Column]]:
    """Return what two equal tables have in common: dicts are equal in any order, tables are not."""
    return list(columns.items())


@final
@public("pyhermes.core")
@attrs.frozen
class Table:
    r"""Hold columns of one length, in their order.

    In a DataFrame or an Arrow table, characters that UTF-8 cannot encode (surrogates, from files with
    broken bytes) are written out as `\udcff`, in names too; where two names become the same by that,
    the later one ends in `_`. Raises `TableError`, a `ValueError`, for columns of several lengths.

    >>> from pyhermes.core import column_of
    >>> print(Table({"run": column_of(["a", "b"]), "lr": column_of([0.1, 0.01])}).text("2 runs"))
    2 runs
    run    lr
    a     0.1
    b    0.01
    """

    _columns: dict[str, Column] = attrs.field(
        converter=_read_columns, validator=_check_lengths, eq=_list_columns, hash=False
    )

    @property
    def columns(self) -> Mapping[str, Column]:
        """Return every column by its name, in a mapping that cannot be changed."""
        return MappingProxyType(self._columns)

    def __len__(self) -> int:
        return max((len(column.values) for column in self._columns.values()), default=0)

    def __repr__(self) -> str:
        return self.text(f"Table of {len(self)} rows")

    def __reduce__(self) -> tuple[type[Table], tuple[dict[str, Column]]]:
        return type(self), (self._columns,)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a DataFrame of pandas: string, boolean, Int64, float64, datetime64[us] or object.

        A missing value is `pandas.NA` in the first three dtypes, then NaN, NaT and None. Raises
        `MissingPackageError`, an `ImportError`, without pandas.

        >>> from pyhermes.core import column_of
        >>> Table({"seed": column_of([1, None])}).to_pandas()["seed"].dtype
        Int64Dtype()
        """
        with _require_package("pandas", "pandas"):
            import pandas
        return pandas.DataFrame(
            {
                name: pandas.Series(_export_values(column), dtype=_PANDAS_TYPES[column.kind])
                for name, column in self._export_columns()
            }
        )

    def to_polars(self) -> polars.DataFrame:
        """Return a DataFrame of polars, with null for a missing value, while NaN stays NaN.

        Raises `MissingPackageError`, an `ImportError`, without polars.

        >>> from pyhermes.core import column_of
        >>> Table({"seed": column_of([1, None])}).to_polars().to_dicts()
        [{'seed': 1}, {'seed': None}]
        """
        with _require_package("polars", "polars"):
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
                name: polars.Series(_export_values(column), dtype=_find_dtype(column, types, polars.List))
                for name, column in self._export_columns()
            }
        )

    def to_arrow(self) -> pyarrow.Table:
        """Return an Arrow table, with null for a missing value, while NaN stays NaN.

        Raises `MissingPackageError`, an `ImportError`, without pyarrow.

        >>> from pyhermes.core import column_of
        >>> Table({"seed": column_of([1, None])}).to_arrow().to_pydict()
        {'seed': [1, None]}
        """
        with _require_package("pyarrow", "arrow"):
            import pyarrow
        types: dict[ColumnKind, pyarrow.DataType] = {
            "text": pyarrow.string(),
            "boolean": pyarrow.bool_(),
            "integer": pyarrow.int64(),
            "float": pyarrow.float64(),
            "time": pyarrow.timestamp("us"),
        }
        columns = dict(self._export_columns())
        arrays = [
            pyarrow.array(_export_values(column), type=_find_dtype(column, types, pyarrow.list_))
            for column in columns.values()
        ]
        return pyarrow.table(arrays, names=list(columns))

    def text(self, title: str = "", *, rows: int = 20, keep: Collection[str] = (), left_out: int = 0) -> str:
        """Write the table for a terminal, under a title and the values that are the same in all rows.

        Of more than `rows` rows, the first and the last are shown; `left_out` says how many more
        there were in the middle before the table was made. The first column, and those named in
        `keep`, are shown as columns even where all their values are the same. A float after `~` is
        rounded.

        >>> from pyhermes.core import column_of
        >>> print(Table({"seed": column_of(range(9)), "lr": column_of([0.1] * 9)}).text(rows=2))
        the same in all: lr=0.1
        seed
           0
        ... 7 more ...
           8
        """
        view = rendering.view_table(self._columns, title, rows=rows, keep=keep, left_out=left_out)
        return rendering.render_text(view)

    def html(self, title: str = "", *, rows: int = 20, keep: Collection[str] = (), left_out: int = 0) -> str:
        """Write the same as HTML, for a notebook.

        >>> from pyhermes.core import column_of
        >>> print(Table({"run": column_of(["<b>"])}).html())
        <table>
        <thead><tr><th style="text-align: left">run</th></tr></thead>
        <tbody>
        <tr><td style="text-align: left">&lt;b&gt;</td></tr>
        </tbody>
        </table>
        """
        view = rendering.view_table(self._columns, title, rows=rows, keep=keep, left_out=left_out)
        return rendering.render_html(view)

    def _export_columns(self) -> Iterator[tuple[str, Column]]:
        """Yield the columns under names that UTF-8 can encode, no two the same."""
        taken: set[str] = set()
        for name, column in self._columns.items():
            free = _make_encodable(name)
            while free in taken:
                free += "_"
            taken.add(free)
            yield free, column


@contextlib.contextmanager
def _require_package(package: str, extra: str) -> Generator[None]:
    """Tell how to install a package that the block cannot import."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"to_{extra}() needs {package}, which is not installed: "
            f"pip install 'pyhermes-experiments[{extra}]'"
        ) from error


def _find_dtype(column: Column, types: Mapping[ColumnKind, D], list_of: Callable[[D], D]) -> D:
    """Return the dtype of a column, given those of each kind; a list without an element holds text."""
    if column.kind != "list":
        return types[column.kind]
    return list_of(types[find_element_kind(column.values) or "text"])


def _export_values(column: Column) -> list[object] | NDArray[np.generic]:
    """Return the values as pandas, polars and Arrow take them."""
    values = column.values
    return values if isinstance(values, np.ndarray) else list(map(_export_cell, values))


def _export_cell(cell: CellValue) -> object:
    if isinstance(cell, tuple):
        return list(map(_export_cell, cell))
    return _make_encodable(cell) if isinstance(cell, str) else cell


def _make_encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
