"""Reading and writing the results of runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pyhermes.core.disk.atomic_writing import atomic_write
from pyhermes.core.disk.layout import RESULT, result_path
from pyhermes.core.disk.opening import io_reason, list_files, open_regular_file
from pyhermes.core.errors import (
    HermesError,
    NoResultError,
    at_path,
)
from pyhermes.core.formats.result_file import (
    ResultRecord,
    decode_result,
    encode_result,
    read_result,
    read_values,
    scalars_of,
)
from pyhermes.core.runs.run import Run, UnreadableRun
from pyhermes.core.typing import FloatArray, PathLike, ResultValue

if TYPE_CHECKING:
    pass


def find_result(root: PathLike, identifier: str) -> tuple[Path, list[str]]:
    """The result of a run, and the names of all its results.

    It is the one named by the identifier, else the first by name. Raises `NoResultError`, a
    `RuntimeError`, where there is none.
    """
    names = list_results(root)
    if not names:
        raise NoResultError("expected an experiment with a result, got one without", path=Path(root))
    return result_path(root, identifier if identifier in names else names[0]), names


def list_results(root: PathLike) -> list[str]:
    """The sorted names of a run's results, without `.result`."""
    return sorted(name.removesuffix(RESULT) for name in list_files(root, RESULT))


def load_result(source: PathLike | BinaryIO) -> ResultRecord:
    """Read a result from a path or from a binary file; see `decode_result`.

    Raises `ResultError`, a `ValueError`, naming the file, for what is no result.

    >>> from pyhermes.core import load_run
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> record = load_result(run.path / f"{run.identifier}.result")
    >>> record.values["q_at_origin"].shape
    (15, 2)
    """
    if not isinstance(source, str | os.PathLike):
        return decode_result(source.read())
    with open_regular_file(source) as file, at_path(Path(source)):
        return read_result(file)


def load_values(path: PathLike) -> dict[str, ResultValue]:
    """The values of a result, fresh and changeable; errors as in `load_result`.

    >>> from pyhermes.core import load_run
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> load_values(run.path / f"{run.identifier}.result")["solved"].shape
    (150,)
    """
    with open_regular_file(path) as file, at_path(Path(path)):
        return read_values(file)


def load_scalars(
    runs: Iterable[Run],
) -> tuple[tuple[dict[str, FloatArray], ...], tuple[UnreadableRun, ...]]:
    """The scalars in every run's result, and the runs whose result cannot be read.

    A run without a result, or with one that cannot be read, has none. Of several results it is the
    one named by the identifier, else the first by name.

    >>> from pyhermes.core import scan_runs
    >>> scalars, failed = load_scalars(scan_runs("runs/taxi_q/taxi-baseline").runs)
    >>> [len(held) for held in scalars], failed
    ([2, 0], ())
    """
    scalars: list[dict[str, FloatArray]] = []
    failed: list[UnreadableRun] = []
    for run in runs:
        scalars.append({})
        try:
            path, _ = find_result(run.path, run.identifier)
            scalars[-1] = scalars_of(load_result(path))
        except NoResultError:
            continue
        except (HermesError, OSError) as error:
            file = getattr(error, "path", None) or run.path
            failed.append(UnreadableRun(run.path, f"{file.name}: {io_reason(error)}"))
    return tuple(scalars), tuple(failed)


def save_result(record: ResultRecord | Mapping[str, ResultValue], path: PathLike) -> Path:
    """Write a result, or what one can be made of, to a file, making its directory; the path.

    The file is replaced as a whole. Raises `ResultError`, a `ValueError`, naming the key, for what
    cannot be stored.

    >>> from pyhermes.core import ResultRecord
    >>> save_result(ResultRecord({"loss": [0.5, 0.25]}), "new/metrics.result").name
    'metrics.result'
    """
    target = Path(path)
    with at_path(target):
        data = encode_result(record)
    with atomic_write(target) as file:
        file.write(data)
    return target
