"""The one module that opens, lists, writes and moves files.

Only regular files inside the run's own directory are read and written: a FIFO would block, a device
never ends, and a link may lead anywhere. What is written appears under its name whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

import attrs

from pyhermes.core.disk.reading import NO_LINK, NO_WAITING, read_each, text_at_once
from pyhermes.core.disk.temporary import about_file, clear_abandoned, temporary_in
from pyhermes.core.errors import (
    ArgumentsError,
    ExecutionFileError,
    FileModeError,
    FileNameError,
    HermesError,
    InfoError,
    IsAnExperimentError,
    MissingFileError,
    NoResultError,
    NotADirectoryOfExperimentsError,
    NotAFileError,
    NotAnExperimentError,
    ResultError,
    located,
)
from pyhermes.core.formats.exec_arguments import ExecArgs, parse_exec_args
from pyhermes.core.formats.info import ExperimentInfo, format_info
from pyhermes.core.formats.result_file import (
    SUFFIX as RESULT,
    ResultRecord,
    decode_result,
    encode_result,
    read_result,
    read_values,
    scalars_of,
)
from pyhermes.core.formats.scores import SUFFIX as SCORES, parse_scores
from pyhermes.core.messages import shown
from pyhermes.core.problems import Problem
from pyhermes.core.runs.run import Run, RunWithArguments, Scan, UnreadableRun
from pyhermes.core.text.encoding import ENCODING, ERRORS, decode_text, encode_text
from pyhermes.core.text.names import LONGEST_NAME, is_name
from pyhermes.core.typing import FloatArray, PathLike, ResultValue

if TYPE_CHECKING:
    import torch

    from pyhermes.core.formats.checkpoint import M

INFO = "hermes.info"
ARGUMENTS = "exec_arguments"
STDOUT = "stdout.log"
STDERR = "stderr.log"
CHECKPOINT = ".pth"

_INFO_INSIDE = os.sep + INFO
_ARGUMENTS_INSIDE = os.sep + ARGUMENTS
_RESERVED = (INFO, ARGUMENTS, "provenance.json")
_LARGEST_TEXT = 64 << 20
_NO_FILE = "expected a regular file, got a directory or a special file"
_FOLDERS_SHOWN = 3
_FOLDERS_LOOKED_AT = 2000


# Runs


def is_experiment(path: PathLike) -> bool:
    """Whether a path is a directory that holds a `hermes.info`, readable or not.

    >>> is_experiment("runs/cartpole_dqn/dqn-vs-ddqn"), is_experiment("no/such/path")
    (False, False)
    """
    return os.path.isdir(path) and os.path.lexists(os.path.join(path, INFO))


def is_there(path: PathLike) -> bool:
    """Whether anything is at a path.

    >>> is_there("runs"), is_there("no/such/path")
    (True, False)
    """
    return os.path.exists(path)


def read_small_text(path: PathLike) -> str:
    """The text of a file of the user's own, such as an execution file.

    Raises `MissingFileError`, a `FileNotFoundError`, `NotAFileError`, an `OSError`, and
    `ExecutionFileError`, a `ValueError`, for a file over 64 MiB, of which nothing is read.
    """
    with _opened(path) as file:
        text = _small_text(file, os.path.basename(path))
    if isinstance(text, Problem):
        raise ExecutionFileError(str(text))
    return text


def load_run(path: PathLike) -> Run:
    """Read the record of one run from its directory.

    What is wrong inside `hermes.info` is in the record's `info.problems`. Raises
    `NotAnExperimentError`, a `FileNotFoundError` (and a `NotADirectoryError` for a file), for what
    is no experiment, and `InfoError`, a `ValueError`, where `hermes.info` cannot be read at all.

    >>> load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa").info.comments
    'baseline'
    """
    root = _folder(path)
    if not _holds_info(root):
        raise NotAnExperimentError(f"expected an experiment, got a directory without {INFO}", path=root)
    return _read_run(root)


def load_arguments(path: PathLike) -> ExecArgs:
    """Read the execution arguments of the run in a directory; without a file there are none.

    Raises `ArgumentsError`, a `ValueError`, for a file that cannot be read.

    >>> load_arguments("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa").values["-lr"]
    0.001
    """
    found = _arguments_in(os.fspath(path))
    if isinstance(found, ArgumentsError):
        raise found
    return found


def load_each_arguments(runs: Sequence[Run]) -> list[ExecArgs | ArgumentsError]:
    """The execution arguments of every run, or why they cannot be read.

    >>> [len(found.lines) for found in load_each_arguments(scan_runs("runs/taxi_q/taxi-baseline").runs)]
    [3, 3]
    """
    return read_each(_arguments_in, [run.directory for run in runs])


def find_run(root: PathLike, beginning: str) -> Path:
    """The directory of the one run below a folder whose identifier begins with a text.

    Raises `NotAnExperimentError`, a `FileNotFoundError`, where there is none or more than one.

    >>> find_run("runs", "2026_11_23_182307").parent.name
    'taxi-baseline'
    """
    runs = scan_runs(root, recursive=True).runs if os.path.isdir(root) else ()
    found = [run.path for run in runs if run.identifier == beginning]
    found = found or [run.path for run in runs if run.identifier.startswith(beginning)]
    if len(found) != 1:
        few = ", ".join(map(str, found[:_FOLDERS_SHOWN])) or "none"
        expected = f"expected one run whose identifier begins with {beginning!r}"
        raise NotAnExperimentError(f"{expected}, got {len(found)}: {few}", path=Path(root))
    return found[0]


def list_names(root: PathLike) -> list[str]:
    """The sorted names of everything in a run's directory."""
    return sorted(os.listdir(root))


def with_arguments(run: Run) -> RunWithArguments:
    """The run together with its execution arguments, read now; errors as in `load_arguments`.

    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> "--seed 0" in with_arguments(run).exec_args
    True
    """
    return RunWithArguments(run, load_arguments(run.path))


def scan_runs(path: PathLike, *, recursive: bool = False) -> Scan:
    """Read the records of all runs in a folder, sorted by identifier.

    Looks at direct subdirectories, or with `recursive` further down, and passes over what is no
    experiment; links to directories count. A run that cannot be read is in `failed`. Raises
    `NotAnExperimentError`, a `FileNotFoundError` (and a `NotADirectoryError` for a file), where no
    folder is, and `IsAnExperimentError`, a `ValueError`, where the folder is itself a run.

    >>> len(scan_runs("runs/cartpole_dqn/dqn-vs-ddqn").runs)
    4
    """
    root = _folder(path)
    if os.path.lexists(root / INFO):
        raise IsAnExperimentError(
            "expected a folder of experiments, got one experiment; use Experiment.load", path=root
        )
    found = _found_below(root) if recursive else read_each(_run_in, _children(str(root)))
    runs = [run for run in found if type(run) is Run]
    failed = [run for run in found if isinstance(run, UnreadableRun)]
    if recursive:  # else they are sorted as their names were
        runs.sort(key=lambda run: (run.identifier, run.directory))
        failed.sort(key=lambda run: (run.path.name, run.path))
    return Scan(tuple(runs), tuple(failed), () if runs or failed or recursive else _elsewhere(root))


# The files of a run


def inside(root: PathLike, name: PathLike) -> Path:
    """The path of a file inside a run's directory, whether it is there or not.

    Raises `FileNameError`, a `ValueError`, for a name that is empty or absolute, holds `..`, or
    leads out of the directory through a link.

    >>> inside("runs", "sub/x").parts[-3:]
    ('runs', 'sub', 'x')
    """
    folder, pure = Path(os.path.abspath(root)), PurePath(name)
    leaves = pure.is_absolute() or bool(pure.drive) or ".." in pure.parts
    if not pure.parts or leaves or not _can_be_named(str(pure)):
        raise FileNameError(
            f"expected the name of a file inside the experiment, got {shown(os.fspath(name))}", path=folder
        )
    path = folder / pure
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise FileNameError(
            f"expected a file inside the experiment, got {shown(os.fspath(name))}, a link that leads out",
            path=folder,
        )
    return path


def _can_be_named(name: str) -> bool:
    """Whether the system can have a file of that name at all."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


def list_files(root: PathLike, suffix: str) -> list[str]:
    """The sorted names of the regular files directly in a directory that end in `suffix`."""
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if entry.name.endswith(suffix) and entry.is_file())


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


def result_path(root: PathLike, name: str) -> Path:
    """Where a run's result of that name is, given with `.result` or without."""
    return inside(root, name and name.removesuffix(RESULT) + RESULT)


def name_of_result(path: PathLike) -> str:
    """The name of the result in a file: the file's, without `.result`."""
    return os.path.basename(path).removesuffix(RESULT)


def place_of_result(name: str, directory: PathLike | None, path: Path | None) -> Path:
    """Where a result goes: into `directory` under its name, without one to `path` again.

    Raises `ResultError`, a `ValueError`, without both, and for a name that no file can have.
    """
    if directory is None:
        if path is None:
            raise ResultError(f"expected a directory to save the new result {name!r} to, got None")
        return path
    if not is_name(name) or not is_name(name + RESULT):
        raise ResultError(
            f"expected a result's name without a slash, got {shown(name)} "
            f"(at most {LONGEST_NAME - len(RESULT)} bytes, and no control characters)",
            path=Path(directory),
        )
    return Path(os.path.abspath(directory)) / (name + RESULT)


def checkpoint_path(root: PathLike, name: PathLike) -> Path:
    """Where a run's state dict of that name is, given with `.pth` or without."""
    path = inside(root, name)
    return path if path.suffix == CHECKPOINT or path.is_file() else inside(root, os.fspath(name) + CHECKPOINT)


def find_scores(root: PathLike, identifier: str) -> Path:
    """The scores file of a run: the one named by its identifier, else the only one there is.

    Raises `MissingFileError`, a `FileNotFoundError`, where there is none, or several others.
    """
    names = list_files(root, SCORES)
    if identifier + SCORES in names:
        return inside(root, identifier + SCORES)
    if len(names) == 1:
        return inside(root, names[0])
    raise MissingFileError(
        f"expected {identifier}{SCORES} or one other file of scores, got {names or 'none'}", path=Path(root)
    )


def load_scores(path: PathLike) -> FloatArray:
    """Read training scores from a file, shape `(episodes,)`; see `parse_scores`.

    A last line without its end counts, but where the run logged its scores through pyhermes: there
    it was cut off. Raises `ScoresError`, a `ValueError`, naming file and line, where a line is no
    number.

    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> load_scores(run.path / f"{run.identifier}.scores")[:3]
    array([11., 17., 20.])
    """
    with _opened(path) as file, located(Path(path)):
        data = file.read()
        return parse_scores(data, complete=data.endswith(b"\n") or not _are_logged(Path(path)))


def _are_logged(path: Path) -> bool:
    from pyhermes.core.disk.recording import logs_scores

    return path.stem == path.parent.name and logs_scores(path.parent)


def load_result(source: PathLike | BinaryIO) -> ResultRecord:
    """Read a result from a path or from a binary file; see `decode_result`.

    Raises `ResultError`, a `ValueError`, naming the file, for what is no result.

    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> record = load_result(run.path / f"{run.identifier}.result")
    >>> record.values["q_at_origin"].shape
    (15, 2)
    """
    if not isinstance(source, str | os.PathLike):
        return decode_result(source.read())
    with _opened(source) as file, located(Path(source)):
        return read_result(file)


def load_values(path: PathLike) -> dict[str, ResultValue]:
    """The values of a result, fresh and changeable; errors as in `load_result`.

    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> load_values(run.path / f"{run.identifier}.result")["solved"].shape
    (150,)
    """
    with _opened(path) as file, located(Path(path)):
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
            failed.append(UnreadableRun(run.path, f"{file.name}: {why(error)}"))
    return tuple(scalars), tuple(failed)


def save_result(record: ResultRecord | Mapping[str, ResultValue], path: PathLike) -> Path:
    """Write a result, or what one can be made of, to a file, making its directory; the path.

    The file is replaced as a whole. Raises `ResultError`, a `ValueError`, naming the key, for what
    cannot be stored.

    >>> save_result(ResultRecord({"loss": [0.5, 0.25]}), "new/metrics.result").name
    'metrics.result'
    """
    target = Path(path)
    with located(target):
        data = encode_result(record)
    with replacing(target) as file:
        file.write(data)
    return target


def load_state_dict(path: PathLike, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """Read a state dict from a file, onto `device`; see `read_state_dict`.

    Raises `CheckpointError`, a `ValueError`, naming the file, for what is none.

    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> load_state_dict(run.path / f"{run.identifier}_best.pth")["0.weight"].shape
    torch.Size([64, 4])
    """
    from pyhermes.core.formats.checkpoint import read_state_dict

    with _opened(path) as file, located(Path(path)):
        return read_state_dict(file, device, path=Path(path))


def load_network(path: PathLike, net: M) -> M:
    """Load a state dict from a file into a network, on its own device; the network, in eval mode.

    Raises `CheckpointError`, a `ValueError`, naming the file, for what is none or does not fit.
    """
    from pyhermes.core.formats.checkpoint import device_of, load_into

    with located(Path(path)):
        return load_into(net, load_state_dict(path, device_of(net)))


def store_comments(run: Run, comments: str | None) -> Run:
    """Write a run's comments into its `hermes.info` where they are new; the run as it is then.

    The file is replaced as a whole. Raises `InfoError`, a `ValueError`, for text that cannot be
    written, and for a file whose last line was cut off: it would become a value.
    """
    if comments is None or comments == run.info.comments:
        return run
    path = inside(run.path, INFO)
    with located(path):
        added = format_info({"comments": comments})
        present = read_text(run.path, INFO)
        if isinstance(present, Problem):
            raise InfoError(str(present))
        if present and not present.endswith("\n"):
            raise InfoError("expected a last line that ends in a newline, got one that was cut off")
    with replacing(path) as file:
        file.write(encode_text(present + added))
    return attrs.evolve(run, info=load_run(run.path).info)


def copy_into(root: PathLike, source: PathLike, name: PathLike | None = None) -> Path:
    """Copy a file into a run's directory, under its own name or another; the new path.

    What stands there is replaced as a whole. Raises `MissingFileError`, a `FileNotFoundError`,
    without a source, `NotAFileError`, an `OSError`, for a source that is no regular file, and
    `FileNameError`, a `ValueError`, for a name as in `inside` or one that belongs to the format. No
    file has changed then.
    """
    target = _target(root, source, name)
    with _opened(source) as original, replacing(target) as copy:
        shutil.copyfileobj(original, copy)
        copy.flush()
        shutil.copystat(source, copy.name)
    return target


def move_into(root: PathLike, source: PathLike, name: PathLike | None = None) -> Path:
    """Move a file into a run's directory; otherwise as `copy_into`.

    Of a link, what it leads to is copied and the link removed.
    """
    target = _target(root, source, name)
    if target.exists() and os.path.samefile(source, target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not os.path.islink(source):
            os.replace(source, target)
            sync_folder(target.parent)
            return target
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    copy_into(root, source, name)
    os.unlink(source)
    return target


def open_stderr(root: PathLike, mode: str) -> TextIO:
    """Open the log of what a run's script printed as errors; see `open_logs`."""
    return _open_text(inside(root, STDERR), mode)


@contextlib.contextmanager
def open_logs(root: PathLike, mode: str) -> Iterator[tuple[TextIO, TextIO]]:
    """Open the logs of a run, output and errors, and close both whatever happens.

    Text is UTF-8; bytes that are not come as surrogates and are written back as they were. Lines
    keep their endings. Raises `MissingFileError`, a `FileNotFoundError`, for a log that is not there
    and `FileModeError`, a `ValueError`, for a binary mode.
    """
    with _open_text(inside(root, STDOUT), mode) as stdout, open_stderr(root, mode) as stderr:
        yield stdout, stderr


# Looking around


def _folder(path: PathLike) -> Path:
    root = Path(os.path.abspath(path))
    if os.path.isdir(root):
        return root
    if os.path.lexists(root):
        raise NotADirectoryOfExperimentsError("expected a directory, got something else", path=root)
    raise NotAnExperimentError("expected a directory, got a path where nothing is", path=root)


def _holds_info(folder: Path) -> bool:
    try:
        os.lstat(folder / INFO)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InfoError(why(error), path=folder) from error
    return True


def _children(folder: str) -> list[str]:
    """The paths of everything in a folder, sorted."""
    beginning = os.path.join(folder, "")
    return [beginning + name for name in sorted(os.listdir(folder))]


def _found_below(root: Path) -> list[Run | UnreadableRun]:
    """The runs in a folder and in all folders below it that are no runs, each folder once."""
    found: list[Run | UnreadableRun] = []
    seen = {_identity(str(root))}
    pending = _children(str(root))
    while pending:
        folders: list[str] = []
        for path, run in zip(pending, read_each(_run_in, pending), strict=True):
            if run is not None:
                found.append(run)
            elif os.path.isdir(path) and (identity := _identity(path)) not in seen:
                seen.add(identity)
                folders.append(path)
        pending = []
        for folder in folders:
            try:
                pending += _children(folder)
            except OSError as error:
                found.append(UnreadableRun(Path(folder), why(error)))
    return found


def _identity(folder: str) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _subfolders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return [folder / entry.name for entry in entries if entry.is_dir()]


def _elsewhere(root: Path) -> tuple[Path, ...]:
    """The first folders below that hold experiments, looked for within reason."""
    found: list[Path] = []
    level, looked_at = [root], 0
    while level and not found and looked_at < _FOLDERS_LOOKED_AT:
        looked_at += len(level)
        below: dict[Path, list[Path]] = {}
        for folder in level:
            with contextlib.suppress(OSError):
                below[folder] = _subfolders(folder)
        found = [folder for folder, children in below.items() if any(map(is_experiment, children))]
        level = [child for children in below.values() for child in children]
    return tuple(sorted(found)[:_FOLDERS_SHOWN])


# Reading


def _run_in(folder: str) -> Run | UnreadableRun | None:
    """The run that a path is the directory of, None where it is none."""
    try:
        text = text_at_once(folder + _INFO_INSIDE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return _run_or_not(Path(folder))
    if text is None:
        return _run_or_not(Path(folder))
    return Run(folder, folder[folder.rindex(os.sep) + 1 :], text)


def _run_or_not(folder: Path) -> Run | UnreadableRun | None:
    try:
        return _read_run(folder) if os.path.isdir(folder) and _holds_info(folder) else None
    except InfoError as error:
        return UnreadableRun(folder, error.message)


def _read_run(root: Path) -> Run:
    try:
        text = read_text(root, INFO)
    except (OSError, FileNameError) as error:
        raise InfoError(why(error), path=root / INFO) from error
    return Run(root, root.name, ExperimentInfo(problems=(text,)) if isinstance(text, Problem) else text)


def _arguments_in(folder: str) -> ExecArgs | ArgumentsError:
    path = folder + _ARGUMENTS_INSIDE
    try:
        text: str | Problem | None = text_at_once(path)
    except FileNotFoundError:
        return ExecArgs()
    except OSError:
        text = None
    if text is None:
        try:
            text = read_text(Path(folder), ARGUMENTS)
        except (OSError, FileNameError) as error:
            found = ArgumentsError(why(error), path=Path(path))
            found.__cause__ = error
            return found
    return ExecArgs(problems=(text,)) if isinstance(text, Problem) else parse_exec_args(text)


def read_text(root: Path, name: str) -> str | Problem:
    """The text of a file that should be small; a problem, and nothing read, for one that is not."""
    with os.fdopen(open_own(root, name), "rb") as file:
        return _small_text(file, name)


def _small_text(file: io.BufferedReader, name: str) -> str | Problem:
    if os.fstat(file.fileno()).st_size > _LARGEST_TEXT:
        return Problem(None, None, name, f"a file of at most {_LARGEST_TEXT >> 20} MiB")
    return decode_text(file.read())


def open_own(root: Path, name: str) -> int:
    """Open a file of a run to read it; a link is looked into only when there is one."""
    try:
        return _open_regular(os.path.join(root, name), os.O_RDONLY | NO_LINK)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
    return _open_regular(str(inside(root, name)), os.O_RDONLY)


def _opened(path: PathLike) -> io.BufferedReader:
    return open(path, "rb", opener=_open_regular)


def _open_text(path: Path, mode: str) -> TextIO:
    if "b" in mode:
        raise FileModeError(f"expected a mode for text, such as 'r' or 'a', got {mode!r}", path=path)
    file = open(  # noqa: SIM115 - the caller closes it
        path, mode, encoding=ENCODING, errors=ERRORS, newline="", opener=_open_regular
    )
    return cast("TextIO", file)


def _open_regular(path: str, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | NO_WAITING, 0o666)
    except FileNotFoundError:
        raise MissingFileError("expected a file, got a path where nothing is", path=Path(path)) from None
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.ENXIO):
            raise NotAFileError(_NO_FILE, path=Path(path)) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise NotAFileError(_NO_FILE, path=Path(path))


def why(error: Exception) -> str:
    """What an error about a file says of it."""
    if isinstance(error, HermesError):
        return error.message
    return f"expected a file that can be read, got: {getattr(error, 'strerror', None) or error}"


# Writing


def _target(root: PathLike, source: PathLike, name: PathLike | None) -> Path:
    """Where a file that comes from outside goes; everything that can be refused is refused here."""
    folder = _folder(root)
    target = inside(folder, os.path.basename(source) if name is None else name)
    for path in (target, Path(source)):
        if _is_reserved(folder, path):
            raise FileNameError(
                f"expected a file that the format does not use, got {path.name!r}", path=folder
            )
    if target.is_dir():
        raise FileNameError(
            f"expected the name of a file, got that of a directory, {target.name!r}", path=folder
        )
    if not os.path.exists(source):
        raise MissingFileError("expected a file, got a path where nothing is", path=Path(source))
    if not os.path.isfile(source):
        raise NotAFileError(_NO_FILE, path=Path(source))
    return target


def _is_reserved(folder: Path, path: Path) -> bool:
    """Whether a path is, through whatever links, one of a run's own files."""
    return path.name.casefold() in _RESERVED and os.path.realpath(path.parent) == os.path.realpath(folder)


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target`, as a whole, once everything in it is on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_abandoned(target.parent)
    with about_file(target), temporary_in(target.parent) as temporary:
        with temporary.open("r+b") as file:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Put a change of names on disk, where the system can (Windows cannot open a directory)."""
    directory: int | None = getattr(os, "O_DIRECTORY", None)
    if directory is not None:  # pragma: no branch
        descriptor = os.open(folder, os.O_RDONLY | directory)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
