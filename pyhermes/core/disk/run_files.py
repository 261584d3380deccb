"""The other files of a run: scores, checkpoints, comments, and what is copied or moved into it.

Every file that is written replaces the old one as a whole, and no name leads out of the run or to a
file that the format reserves.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import attrs

from pyhermes.core.disk.atomic_writing import atomic_write, sync_folder
from pyhermes.core.disk.layout import INFO, SCORES, is_reserved, resolve_inside
from pyhermes.core.disk.opening import NO_FILE, list_files, open_regular_file, read_text, resolve_folder
from pyhermes.core.disk.run_lock import lock_run
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.errors import (
    FileNameError,
    InfoError,
    MissingFileError,
    NotAFileError,
    at_path,
)
from pyhermes.core.formats.info import format_info
from pyhermes.core.formats.scores import parse_scores
from pyhermes.core.problems import Problem
from pyhermes.core.runs.run import Run
from pyhermes.core.text.encoding import encode_text
from pyhermes.core.typing import FloatArray, PathLike

if TYPE_CHECKING:
    import torch

    from pyhermes.core.formats.checkpoint import M


def find_scores(root: PathLike, identifier: str) -> Path:
    """Return the scores file of a run: the one named by its identifier, or else the only one.

    Raises `MissingFileError`, a `FileNotFoundError`, if there is none, or several others.
    """
    names = list_files(root, SCORES)
    if identifier + SCORES in names:
        return resolve_inside(root, identifier + SCORES)
    if len(names) == 1:
        return resolve_inside(root, names[0])
    raise MissingFileError(
        f"expected {identifier}{SCORES} or one other file of scores, got {names or 'none'}", path=Path(root)
    )


def load_scores(path: PathLike) -> FloatArray:
    """Read training scores from a file, shape `(episodes,)`; see `parse_scores`.

    A last line without a newline counts, unless the run logged its scores through pyhermes: then it
    was cut off. Raises `ScoresError`, a `ValueError` that names file and line, for a line that is
    not a number.

    >>> from pyhermes.core import load_run, load_scores
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> load_scores(run.path / f"{run.identifier}.scores")[:3]
    array([11., 17., 20.])
    """
    with open_regular_file(path) as file, at_path(Path(path)):
        data = file.read()
        return parse_scores(data, complete=data.endswith(b"\n") or not _are_logged(Path(path)))


def _are_logged(path: Path) -> bool:
    from pyhermes.core.disk.provenance import logs_scores  # it takes a tenth of the time of every import

    return path.stem == path.parent.name and logs_scores(path.parent)


def load_state_dict(path: PathLike, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """Read a state dict from a file, onto `device`; see `read_state_dict`.

    Raises `CheckpointError`, a `ValueError` that names the file, for anything but a state dict.

    >>> from pyhermes.core import load_run, load_state_dict
    >>> run = load_run("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> load_state_dict(run.path / f"{run.identifier}_best.pth")["0.weight"].shape
    torch.Size([64, 4])
    """
    from pyhermes.core.disk.state_dicts import read_state_dict

    with open_regular_file(path) as file, at_path(Path(path)):
        return read_state_dict(file, device, path=Path(path))


def load_network(path: PathLike, net: M) -> M:
    """Load a state dict from a file into a network, on its own device; return it in evaluation mode.

    Raises `CheckpointError`, a `ValueError` that names the file, if it is not a state dict or does not
    fit.
    """
    from pyhermes.core.formats.checkpoint import device_of, load_into

    with at_path(Path(path)):
        return load_into(net, load_state_dict(path, device_of(net)))


def store_comments(run: Run, comments: str | None) -> Run:
    """Write a run's comments to its `hermes.info` if they are new, and return the run as it is then.

    Raises `InfoError`, a `ValueError`, for text that cannot be written, and for a file whose last
    line was cut off: the comments would become a part of it.
    """
    if comments is None or comments == run.info.comments:
        return run
    path = resolve_inside(run.path, INFO)
    with at_path(path):
        added = format_info({"comments": comments})
    with lock_run(run.path):
        with at_path(path):
            present = read_text(run.path, INFO)
            if isinstance(present, Problem):
                raise InfoError(str(present))
            if present and not present.endswith("\n"):
                raise InfoError("expected a last line that ends in a newline, got one that was cut off")
        with atomic_write(path) as file:
            file.write(encode_text(present + added))
    return attrs.evolve(run, info=load_run(run.path).info)


def copy_into(root: PathLike, source: PathLike, name: PathLike | None = None) -> Path:
    """Copy a file into a run's directory, under its own name or another, and return the new path.

    A file of that name is replaced as a whole. Raises `MissingFileError`, a `FileNotFoundError`,
    without a source, `NotAFileError`, an `OSError`, for a source that is not a regular file, and
    `FileNameError`, a `ValueError`, for a name that `resolve_inside` refuses or the format reserves.
    After an error no file has changed.
    """
    target = _resolve_target(root, source, name)
    with open_regular_file(source) as original, atomic_write(target) as copy:
        shutil.copyfileobj(original, copy)
        copy.flush()
        shutil.copystat(source, copy.name)
    return target


def move_into(root: PathLike, source: PathLike, name: PathLike | None = None) -> Path:
    """Move a file into a run's directory; otherwise as `copy_into`.

    Of a link, the file it leads to is copied and the link removed. A file of the run itself that the
    format reserves is not moved away.
    """
    target = _resolve_target(root, source, name)
    _check_not_reserved(resolve_folder(root), Path(source))
    if target.exists() and os.path.samefile(source, target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not os.path.islink(source):
            os.replace(source, target)
            sync_folder(target.parent)
            return target
    except OSError as error:
        if error.errno != errno.EXDEV:  # a file on another device can only be copied
            raise
    copy_into(root, source, name)
    os.unlink(source)
    return target


def _resolve_target(root: PathLike, source: PathLike, name: PathLike | None) -> Path:
    """Return where a file from outside goes; whatever is refused is refused here, before any change."""
    folder = resolve_folder(root)
    target = resolve_inside(folder, os.path.basename(source) if name is None else name)
    _check_not_reserved(folder, target)
    if target.is_dir():
        raise FileNameError(
            f"expected the name of a file, got that of a directory, {target.name!r}", path=folder
        )
    if not os.path.exists(source):
        raise MissingFileError("expected a file, got a path where nothing is", path=Path(source))
    if not os.path.isfile(source):
        raise NotAFileError(NO_FILE, path=Path(source))
    return target


def _check_not_reserved(folder: Path, path: Path) -> None:
    if is_reserved(folder, path):
        raise FileNameError(f"expected a file that the format does not use, got {path.name!r}", path=folder)


def save_state_dict(path: Path, state_dict: Mapping[str, torch.Tensor]) -> Path:
    """Write a state dict, replace the file as a whole, and return the path."""
    import torch

    with atomic_write(path) as file:
        kept = _ErrorKeeper(file)
        try:
            torch.save(state_dict, cast("BinaryIO", kept))
        except RuntimeError:  # torch hides the error of the file behind one of its own
            if kept.error is None:
                raise
            raise kept.error from None
    return path


class _ErrorKeeper:
    """A file that keeps the error of a write that failed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()
