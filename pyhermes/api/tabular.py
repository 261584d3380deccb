"""The tables that both lists of runs become, and their text for a terminal or a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from operator import attrgetter
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
"""The scalars whose last values a table has: none, all, or those of some keys."""

_ROWS_SHOWN = 20


class Tabular(ABC):
    """Make tables of runs: one row a run, or one row a recorded scalar.

    A subclass says in four methods which runs it has. `to_pandas`, `to_polars` and `to_arrow` need the
    extra of that name, and raise `MissingPackageError`, an `ImportError`, without it.
    """

    def table(self, *, last: LastScalars = False) -> Table:
        """Make a table with one row a run: identifier, status, start_time, duration and its arguments.

        Durations are in seconds. `last` adds the last value of each scalar in the runs' results, or
        of those named, in columns `last.<key>`. Warns of results that cannot be read. Raises
        `NoSuchKeyError`, a `KeyError`, for a scalar that no run has.

        >>> from pyhermes import Experiment
        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> runs.table().columns["--seed"].values
        (0, 0, 0, 2)
        """
        from pyhermes.core.tables.run_table import run_table

        if last is False:
            return run_table(self._rows())
        held = _load_scalars(self._runs(), () if last is True else last)
        return run_table(self._rows(), held)

    def scalars(self, *keys: str) -> Table:
        """Make the tidy long form of the scalars in the runs' results: `run, key, step, value`.

        The table has all scalars, or those of some keys. Warns of results that cannot be read.
        Raises `NoSuchKeyError`, a `KeyError`, for a key that no run has.

        >>> from pyhermes import Experiment
        >>> runs = Experiment.load_all("runs/cartpole_dqn/dqn-vs-ddqn")
        >>> list(runs.scalars().columns)
        ['run', 'key', 'step', 'value']
        """
        from pyhermes.core.tables.run_table import scalar_table

        runs = self._runs()
        held = _load_scalars(runs, keys)
        return scalar_table(zip(map(attrgetter("identifier"), runs), held, strict=True))

    def to_pandas(self, *, last: LastScalars = False) -> pandas.DataFrame:
        """Return the `table` as a DataFrame of pandas."""
        return self.table(last=last).to_pandas()

    def to_polars(self, *, last: LastScalars = False) -> polars.DataFrame:
        """Return the `table` as a DataFrame of polars."""
        return self.table(last=last).to_polars()

    def to_arrow(self, *, last: LastScalars = False) -> pyarrow.Table:
        """Return the `table` as a table of Apache Arrow."""
        return self.table(last=last).to_arrow()

    def __repr__(self) -> str:
        from pyhermes.core.tables.run_table import make_display_table

        rows, left_out = self._choose_rows()
        return make_display_table(rows).text(self._title(), left_out=left_out)

    def _repr_html_(self) -> str:
        from pyhermes.core.tables.run_table import make_display_table

        rows, left_out = self._choose_rows()
        return make_display_table(rows).html(self._title(), left_out=left_out)

    def _choose_rows(self) -> tuple[list[RunRow], int]:
        """Return the first and the last runs, and how many are between them."""
        # a list of many thousand runs shows itself without reading the arguments of all
        half, length = _ROWS_SHOWN // 2, len(self._runs())
        rows = [*self._known_rows(slice(half)), *self._known_rows(slice(max(half, length - half), None))]
        return rows, length - len(rows)

    @abstractmethod
    def _title(self) -> str:
        """Return the line above the table."""
        ...

    @abstractmethod
    def _runs(self) -> Sequence[Run]:
        """Return the records of all runs."""
        ...

    @abstractmethod
    def _rows(self) -> list[RunRow]:
        """Return all runs with their arguments; warn of arguments that cannot be read."""
        ...

    @abstractmethod
    def _known_rows(self, part: slice) -> list[RunRow]:
        """Return some of the runs with as much of their arguments as is known without a warning."""
        ...


def _load_scalars(runs: Iterable[Run], keys: Iterable[str]) -> tuple[dict[str, FloatArray], ...]:
    from pyhermes.core.tables.run_table import choose_scalars

    scalars, failed = load_scalars(runs)
    warn("the results of these runs cannot be read:", failed)
    return choose_scalars(scalars, keys)
