"""Finding, reading and writing the results of runs.

Reading runs no code from the file, and what is written replaces the old file as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from pyhermes.core.disk.atomic_writing import atomic_write
from pyhermes.core.disk.layout import RESULT, result_path
from pyhermes.core.disk.opening import io_reason, list_files, open_regular_file
from pyhermes.core.errors import HermesError, NoResultError, at_path
from pyhermes.core.formats.result_file import (
    ResultRecord,
    decode_result,
    encode_result,
    read_result,
    read_values,
    scalars_of,
)
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.scan import UnreadableRun
from pyhermes.core.typing import FloatArray, PathLike, ResultValue
from pyhermes.core.warn import warn


def list_results(root: PathLike) -> list[str]:
    """Return the sorted names of a run's results, without `.result`."""
    return sorted(name.removesuffix(RESULT) for name in list_files(root, RESULT))


def find_result(root: PathLike, identifier: str) -> tuple[Path, list[str]]:
    """Return the path of a run's result, and the names of all its results.

    The result is the one named by the identifier, or else the first by name. Raises `NoResultError`,
    a `RuntimeError`, if there is none.
    """
    names = list_results(root)
    if not names:
        raise NoResultError("expected an experiment with a result, got one without", path=Path(root))
    return result_path(root, identifier if identifier in names else names[0]), names


def choose_result(root: PathLike, identifier: str, name: str | None = None) -> Path:
    """Return the path of the result of that name, or else of `find_result`; warn if it had a choice."""
    if name is not None:
        return result_path(root, name)
    path, names = find_result(root, identifier)
    warn(f"took {path.name} of several results; load_result(name) takes another of:", names[1:] and names)
    return path


def load_result(source: PathLike | BinaryIO) -> ResultRecord:
    """Read a result from a path or from a binary file; see `decode_result`.

    Raises `ResultError`, a `ValueError` that names the file, for anything but a result.

    >>> from pyhermes.core import load_result, load_run
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
    """Read the values of a result as a dict that may be changed; errors as in `load_result`.

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
    """Read the scalars in every run's result; also return the runs whose result cannot be read.

    Each series has the shape `(n,)`. A run without a result, or with one that cannot be read, has no
    scalars. Of several results the one named by the identifier is read, or else the first by name.

    >>> from pyhermes.core import load_scalars, scan_runs
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
    """Write a result, or the values of one, to a file, make its directory, and return the path.

    The file is replaced as a whole. Raises `ResultError`, a `ValueError` that names the key, for a
    value that cannot be stored.

    >>> from pyhermes.core import ResultRecord, save_result
    >>> save_result(ResultRecord({"loss": [0.5, 0.25]}), "new/metrics.result").name
    'metrics.result'
    """
    target = Path(path)
    with at_path(target):
        data = encode_result(record)
    with atomic_write(target) as file:
        file.write(data)
    return target
