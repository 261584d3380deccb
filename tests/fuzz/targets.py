"""What is fuzzed: for each reader of strangers' bytes a function that asserts its laws on any bytes.

Needs neither atheris nor pytest; the laws of writing results and of loading checkpoints are left out
where torch is not installed.
"""

from __future__ import annotations

import importlib.util
import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from pyhermes.core import (
    ArgumentsError,
    CheckpointError,
    ExecutionFile,
    ExecutionFileError,
    InfoError,
    JobLine,
    Positional,
    ProvenanceError,
    ResultError,
    ScoresError,
    Sweep,
    decode_result,
    encode_result,
    expand,
    format_exec_args,
    format_execution_file,
    format_info,
    format_provenance,
    parse_exec_args,
    parse_execution_file,
    parse_info,
    parse_provenance,
    parse_scores,
    smoothen,
    structure_args,
    unstructure_args,
)
from pyhermes.core.arrays.equality import same_array
from pyhermes.core.disk.state_dicts import read_state_dict
from pyhermes.core.formats.exec_arguments import split_words
from pyhermes.core.text.encoding import decode_text
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.reader import check_checkpoint, read_torch_file
from tests.torch_files import archive

Target: TypeAlias = Callable[[bytes], None]

ROOT = Path(__file__).parent.parent.parent
FINDINGS = Path(__file__).parent / "findings"
"""A folder a target: what was found once, and small files to begin with."""

_HAS_TORCH = importlib.util.find_spec("torch") is not None
_MOST_JOBS = 200
_NO_SQUARE = 1e-150  # the squares of such deviations are too small for all their digits
_SQUARED_AT_MOST = 1e150
_STORAGES = {"0": bytes(range(8)), "1": bytes(range(64)), "2": b""}


def info(data: bytes) -> None:
    """Reading is total; what was read is written and read again, but for what no file begins or ends with."""
    text = decode_text(data)
    read = parse_info(text)
    lines = text.count("\n") + 1
    assert all(problem.line is None or 1 <= problem.line <= lines for problem in read.problems)
    assert all(str(problem) for problem in read.problems)
    try:
        written = format_info(read.fields)
    except InfoError:
        assert any(key[0] == "\ufeff" or "\r\n" in value + "\n" for key, value in read.fields.items())
    else:
        again = parse_info(written)
        assert list(again.fields.items()) == list(read.fields.items())
        assert attrs.evolve(again, problems=()) == attrs.evolve(read, problems=())


@attrs.frozen
class Arguments:
    """A class of each kind of field that arguments are read into."""

    lr: float = 0.1
    seed: int | None = None
    layers: tuple[int, ...] = ()
    doubled: bool = False
    note: str | None = None
    rest: Annotated[tuple[str, ...], Positional()] = ()


def exec_arguments(data: bytes) -> None:
    """Reading is total; words, values and a class's fields are written and read again as they are."""
    args = parse_exec_args(decode_text(data))
    assert args.exec_args == set(args.lines)
    assert set(args.values) == {words[0] for words in args.words}
    lines = [split_words(line) for line in args.lines]
    again = parse_exec_args(format_exec_args(lines))
    assert [split_words(line) for line in again.lines] == lines
    assert repr(again.values) == repr(args.values)
    try:
        instance = structure_args(args, Arguments)
        written = unstructure_args(instance)
    except ArgumentsError:
        return
    back = structure_args(parse_exec_args(format_exec_args(written)), Arguments)
    assert repr(back) == repr(instance)


def scores(data: bytes) -> None:
    """All numbers, or one error with its line; a file still being written is read as its whole lines."""
    found = _scores_or_line(data)
    if isinstance(found, int):
        assert 1 <= found <= data.count(b"\n") + 1
    else:
        assert same_array(parse_scores("".join(f"{score!r}\n" for score in found.tolist())), found)
    whole = _scores_or_line(data[: data.rfind(b"\n") + 1])
    growing = _scores_or_line(data, complete=False)
    if isinstance(whole, int) or isinstance(growing, int):
        assert (type(whole), whole) == (type(growing), growing)
    else:
        assert same_array(whole, growing)


def _scores_or_line(data: bytes, *, complete: bool = True) -> NDArray[np.float64] | int:
    try:
        return parse_scores(data, complete=complete)
    except ScoresError as error:
        assert error.line is not None
        return error.line


def result(data: bytes) -> None:
    """A record that stays the same however often it is written and read, or one kind of error."""
    try:
        record = decode_result(data)
    except ResultError as error:
        assert "expected" in error.message
        return
    assert record == decode_result(data)
    if _HAS_TORCH:
        try:
            written = encode_result(record)
        except ResultError:
            return  # times, and integers of very many digits
        assert decode_result(written) == record


def result_pickle(data: bytes) -> None:
    """The same for a pickle in a container that is whole."""
    result(archive(data, **_STORAGES))


def checkpoint(data: bytes) -> None:
    """What is accepted is a file that can be read, and that torch reads or refuses; else one error."""
    try:
        check_checkpoint(io.BytesIO(data))
    except UnsafeFileError:
        return
    read_torch_file(io.BytesIO(data))
    if _HAS_TORCH:
        try:
            read_state_dict(io.BytesIO(data))
        except CheckpointError as error:
            assert "weights_only" not in error.message


def checkpoint_pickle(data: bytes) -> None:
    """The same for a pickle in a container that is whole."""
    checkpoint(archive(data, **_STORAGES))


def execution_file(data: bytes) -> None:
    """Problems are data; a file without any is written, read and expanded, and every job by itself."""
    text = decode_text(data)
    file = parse_execution_file(text)
    rows = text.count("\n") + 1
    assert all(problem.line is None or 1 <= problem.line <= rows for problem in file.problems)
    assert all("\n" not in str(problem) for problem in file.problems)
    if file.problems:
        return
    assert parse_execution_file(format_execution_file(file)) == file
    if sum(map(_number_of_jobs, file.items)) <= _MOST_JOBS:
        _check_jobs(file)


def _check_jobs(file: ExecutionFile) -> None:
    try:
        jobs = expand(file)
    except ExecutionFileError as error:
        assert error.line is not None
        return
    assert len(jobs) == sum(map(_number_of_jobs, file.items))
    for job in jobs:
        assert expand(parse_execution_file(format_execution_file(job.file))) == (job,)


def _number_of_jobs(item: JobLine | Sweep) -> int:
    if isinstance(item, JobLine):
        return 1
    lengths = [len(values) for _, values in item.values]
    return sum(map(_number_of_jobs, item.items)) * (math.prod(lengths) if item.kind == "PROD" else lengths[0])


def provenance(data: bytes) -> None:
    """A record that is written and read again as it is, or one kind of error."""
    try:
        read = parse_provenance(decode_text(data))
    except ProvenanceError:
        return
    assert parse_provenance(format_provenance(read)) == read


def smoothing(data: bytes) -> None:
    """Every window by itself: a mean among its values, no deviation where they are equal, and no NaN."""
    size = data[0] + 1 if data else 1
    values = np.frombuffer(data[1 : 1 + len(data[1:]) // 8 * 8], np.float64)
    means, stds = smoothen(values, size)
    assert means.shape == stds.shape == values.shape
    for end in range(1, len(values) + 1):
        _check_window(values[max(0, end - size) : end], means[end - 1], stds[end - 1])


def _check_window(window: NDArray[np.float64], mean: np.float64, std: np.float64) -> None:
    if not np.isfinite(window).all():
        assert not np.isfinite(mean)
        assert not np.isfinite(std)
        return
    low, high, slack = window.min(), window.max(), np.abs(window).max() * 1e-14 + _NO_SQUARE
    assert low - slack <= mean <= high + slack
    assert 0 <= std <= high / 2 - low / 2 + slack
    assert low < high or (mean == low and std == 0)
    if np.abs(window).max() < _SQUARED_AT_MOST:
        np.testing.assert_allclose([mean, std], [window.mean(), window.std()], atol=100 * slack)


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.__name__: target
        for target in (
            info,
            exec_arguments,
            scores,
            result,
            result_pickle,
            checkpoint,
            checkpoint_pickle,
            execution_file,
            provenance,
            smoothing,
        )
    }
)

_EXAMPLES = {
    "info": "runs/**/hermes.info",
    "exec_arguments": "runs/**/exec_arguments",
    "scores": "runs/**/*.scores",
    "result": "runs/**/*.result",
    "result_pickle": "runs/**/*.result",
    "checkpoint": "runs/**/*_best.pth",
    "checkpoint_pickle": "runs/**/*_best.pth",
    "execution_file": "**/*.hermes",
}


def seeds(name: str) -> Iterator[tuple[str, bytes]]:
    """What a target begins with, by name: the kept findings, and the real files of the examples."""
    for path in sorted((FINDINGS / name).iterdir()):
        yield path.name, path.read_bytes()
    for path in sorted((ROOT / "examples").glob(_EXAMPLES[name])) if name in _EXAMPLES else ():
        yield path.name, _pickle_in(path) if name.endswith("_pickle") else path.read_bytes()


def _pickle_in(path: Path) -> bytes:
    with zipfile.ZipFile(path) as file:
        (name,) = (name for name in file.namelist() if name.endswith("data.pkl"))
        return file.read(name)
