"""What both lists of runs can show of them: tables, and text for a terminal or a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pyhermes.core.disk.results import load_scalars
from pyhermes.core.runs.run import Run
from pyhermes.core.typing import FloatArray
from pyhermes.core.warn import warn

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from pyhermes.core.tables.run_table import RunRow
    from pyhermes.core.tables.table import Table

LastScalars: TypeAlias = bool | Iterable[str]
"""Which scalars' last values a table has: none, all, or those of some keys."""

_ROWS_SHOWN = 20


class Tabular(ABC):
    """Runs that can become a table: one row a run, or one row a recorded scalar.

    `to_pandas`, `to_polars` and `to_arrow` need the extra of that name, and raise
    `MissingPackageError`, an `ImportError`, without it.
    """

    def table(self, *, last: LastScalars = False) -> Table:
        """One row a run: identifier, status, start_time, duration in seconds, and its arguments.

        `last` adds the last value of each scalar in the runs' results, or of those named, in
        columns `last.<key>`. A result that cannot be read is warned of. Raises `NoSuchKeyError`, a
        `KeyError`, for a scalar that no run has.
        """
        from pyhermes.core.tables.run_table import run_table

        if last is False:
            return run_table(self._rows())
        held = _scalars(self._runs(), () if last is True else last)
        return run_table(self._rows(), held)

    def scalars(self, *keys: str) -> Table:
        """The tidy long form of the scalars in the runs' results: `run, key, step, value`.

        All of them, or those of some keys; a result that cannot be read is warned of. Raises
        `NoSuchKeyError`, a `KeyError`, for a key that no run has.
        """
        from pyhermes.core.tables.run_table import scalar_table

        runs = self._runs()
        held = _scalars(runs, keys)
        return scalar_table(zip([run.identifier for run in runs], held, strict=True))

    def to_pandas(self, *, last: LastScalars = False) -> pandas.DataFrame:
        """The `table` as a DataFrame of pandas."""
        return self.table(last=last).to_pandas()

    def to_polars(self, *, last: LastScalars = False) -> polars.DataFrame:
        """The `table` as a DataFrame of polars."""
        return self.table(last=last).to_polars()

    def to_arrow(self, *, last: LastScalars = False) -> pyarrow.Table:
        """The `table` as a table of Apache Arrow."""
        return self.table(last=last).to_arrow()

    def __repr__(self) -> str:
        from pyhermes.core.tables.run_table import make_display_table

        rows, left_out = self._rows_shown()
        return make_display_table(rows).text(self._title(), left_out=left_out)

    def _repr_html_(self) -> str:
        from pyhermes.core.tables.run_table import make_display_table

        rows, left_out = self._rows_shown()
        return make_display_table(rows).html(self._title(), left_out=left_out)

    def _rows_shown(self) -> tuple[list[RunRow], int]:
        """The first and the last runs, and how many are between them."""
        runs = self._runs()
        ends = slice(_ROWS_SHOWN // 2), slice(max(_ROWS_SHOWN // 2, len(runs) - _ROWS_SHOWN // 2), None)
        shown = [row for end in ends for row in self._known_rows(end)]
        return shown, len(runs) - len(shown)

    @abstractmethod
    def _title(self) -> str: ...

    @abstractmethod
    def _runs(self) -> Sequence[Run]: ...

    @abstractmethod
    def _rows(self) -> list[RunRow]:
        """All runs with their arguments; warns of arguments that cannot be read."""
        ...

    @abstractmethod
    def _known_rows(self, part: slice) -> list[RunRow]:
        """Some of the runs with as much of their arguments as can be had without a warning."""
        ...


def _scalars(runs: Iterable[Run], keys: Iterable[str]) -> tuple[dict[str, FloatArray], ...]:
    from pyhermes.core.tables.run_table import choose_scalars

    scalars, failed = load_scalars(runs)
    warn("the results of these experiments cannot be read:", failed)
    return choose_scalars(scalars, keys)
