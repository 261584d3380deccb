"""`Recording`: an experiment while it goes on, and what starts and ends one."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO

from pyhermes.api.experiment import Experiment
from pyhermes.api.notices import warn_of
from pyhermes.api.result import Result
from pyhermes.core import disk, machine
from pyhermes.core.arguments import format_exec_args
from pyhermes.core.checkpoint import checked_state_dict
from pyhermes.core.disk import recording as files
from pyhermes.core.errors import (
    HermesError,
    NotRecordingError,
    RecordingError,
    WrongTypeError,
    shown,
)
from pyhermes.core.given import GivenArguments, checked_words, lines_of_given, on_one_line
from pyhermes.core.times import format_stamp
from pyhermes.core.typing import PathLike, ResultValue, ScalarLike
from pyhermes.core.values import number_of

if TYPE_CHECKING:
    import torch

VARIABLE = "HERMES_EXPERIMENT"
"""The environment variable in which a script finds the directory of the run that it is."""

_SECONDS_BETWEEN_BEATS = 60


class Recording(Experiment):
    """An experiment while it goes on: `Experiment.record` makes one.

    What is recorded is in the directory at once, for other processes to read: a score when it is
    logged, a result when the recording ends, however it ends, or every `autosave` seconds. In a
    process whose environment has a `RANK` other than 0, nothing is written.
    """

    def _begin(self, *, writes: bool, begun: float = 0.0) -> None:
        self._writes = writes
        self._begun = begun
        self._scores: BinaryIO | None = None
        self._results: dict[str, Result] = {}

    def log_score(self, score: ScalarLike) -> None:
        """Append a score to the run's scores, one line each, on disk at once.

        Raises `WrongTypeError`, a `TypeError`, for what is no number.
        """
        number = number_of(score)
        if number is None:
            raise WrongTypeError(f"expected a number as the score, got {shown(score)}")
        if self._writes:
            self._scores = self._scores or files.open_scores(self.scores_file)
            files.append_whole(self._scores, f"{float(number)!r}\n".encode())

    def new_result(self, name: str, *, autosave: float | None = None) -> Result:
        """An empty result that is saved into the run's directory when the recording ends.

        With `autosave` it is also saved while it is recorded, once so many seconds have passed.
        Raises `RecordingError`, a `ValueError`, for a name that another result has.
        """
        path = disk.result_path(self._run.path, name)
        if name in self._results:
            raise RecordingError(f"expected a name that no other result has, got {name!r} again", path=path)
        seconds = autosave if self._writes else None
        self._results[name] = _RecordedResult(disk.name_of_result(path), path, seconds)
        return self._results[name]

    def save_state_dict(self, state_dict: Mapping[str, torch.Tensor], name: str) -> Path:
        """Save a network's state dict as `<name>.pth` in the run's directory; the path.

        The file is replaced as a whole. Raises `CheckpointError`, a `ValueError`, for what is no
        mapping of names to tensors.
        """
        path = disk.checkpoint_path(self._run.path, name)
        return files.save_state_dict(path, checked_state_dict(state_dict)) if self._writes else path

    def _save(self) -> list[HermesError | OSError]:
        """Save every result; the errors of those that cannot be."""
        errors: list[HermesError | OSError] = []
        if self._writes:
            errors = [error for result in self._results.values() if (error := _save_error(result))]
            if self._scores is not None:
                self._scores.close()
        return errors


class _RecordedResult(Result):
    """A result that is saved while it is recorded."""

    def __init__(self, name: str, path: PathLike, autosave: float | None) -> None:
        super().__init__(name, path)
        self._autosave = autosave
        self._saved_at = time.monotonic()

    def __setitem__(self, key: str, value: ResultValue, /) -> None:
        super().__setitem__(key, value)
        if self._autosave is not None and time.monotonic() - self._saved_at >= self._autosave:
            self.save()
            self._saved_at = time.monotonic()


def _save_error(result: Result) -> HermesError | OSError | None:
    try:
        result.save()
    except (HermesError, OSError) as error:
        return error
    return None


class _Terminated(BaseException):
    """SIGTERM came; raised where the script is, so that what it opened is closed."""


def record(
    script: str,
    *,
    name: str,
    args: GivenArguments,
    root: PathLike,
    comments: Iterable[str],
    seeds: bool,
    patch: bool,
) -> contextlib.AbstractContextManager[Recording]:
    """Record what runs in a `with` block as an experiment of its own; see `Experiment.record`."""
    lines, escaped = on_one_line(lines_of_given(args))
    warn_of("these arguments are escaped in exec_arguments, which has one line for each:", escaped)
    script = PurePath(script).name.removesuffix(".py")
    if VARIABLE in os.environ or not _is_first_rank():
        return _part_of(_attached(Path(root, script, name)))
    noted = ",".join(checked_words(comments))
    return _whole(lambda: _started(script, name, lines, escaped, root, noted, seeds, patch))


@contextlib.contextmanager
def _part_of(recording: Recording) -> Iterator[Recording]:
    """What this process records of a run that another one ends."""
    with _saving(recording):
        yield recording


@contextlib.contextmanager
def _whole(start: Callable[[], Recording]) -> Iterator[Recording]:
    """A run from its start to its end."""
    recording = start()
    with _terminating(), _ending(recording), _beating(recording), _saving(recording):
        yield recording


def current() -> Recording:
    """The run that this script is, having been started by `hermes exec`; see `Experiment.current`."""
    directory = os.environ.get(VARIABLE)
    if directory is None:
        raise NotRecordingError(
            f"expected a script that `hermes exec` started, got one without {VARIABLE}; use Experiment.record"
        )
    if directory not in _CURRENT:
        _CURRENT[directory] = _attached(Path(directory))
        atexit.register(_save_at_exit, _CURRENT[directory])
    return _CURRENT[directory]


_CURRENT: dict[str, Recording] = {}


def _started(
    script: str,
    name: str,
    lines: Iterable[Sequence[str]],
    escaped: Iterable[str],
    root: PathLike,
    noted: str,
    seeds: bool,
    patch: bool,
) -> Recording:
    """Make the directory of a run that begins now, and write what is known of it."""
    arguments = format_exec_args(lines)
    code, changes = machine.code_with_patch(Path.cwd(), patch)
    path = files.make_run_directory(Path(root), script, name, datetime.now(), commit=code.commit)
    begun = time.monotonic()
    info = {"commit_hash": code.commit or files.NO_COMMIT, "start_time": format_stamp(datetime.now())}
    provenance = machine.here(
        sys.orig_argv, machine.process_of(os.getpid()), code, seeds=seeds, problems=escaped
    )
    files.begin_run(
        path,
        info={**info, "comments": noted} if noted else info,
        arguments=arguments,
        provenance=provenance,
        patch=changes,
    )
    recording = Recording.load(path)
    recording._begin(writes=True, begun=begun)
    return recording


def _attached(directory: Path) -> Recording:
    """The recording of a run that another process began and will end."""
    given = os.environ.get(VARIABLE)
    recording = Recording(directory.name, directory, None, None) if given is None else Recording.load(given)
    recording._begin(writes=_is_first_rank())
    return recording


@contextlib.contextmanager
def _saving(recording: Recording) -> Iterator[None]:
    """Save the results at the end; what cannot be saved is an error, or after another one a warning."""
    try:
        yield
    except BaseException:
        warn_of("these results could not be saved:", recording._save())
        raise
    errors = recording._save()
    if errors:
        raise errors[0]


@contextlib.contextmanager
def _ending(recording: Recording) -> Iterator[None]:
    """Write how it ended, in whatever way it does."""
    process, comments = os.getpid(), recording.comments
    exit_status = 0
    try:
        yield
    except BaseException as error:
        exit_status = _exit_status(error)
        raise
    finally:
        if os.getpid() == process:  # and not a fork of it
            end = {
                "end_time": format_stamp(datetime.now()),
                "execution_time": repr(time.monotonic() - recording._begun),
                "exit_status": str(exit_status),
            }
            noted = recording.comments
            changed = {} if noted is None or noted == comments else {"comments": noted}
            files.end_run(recording.path_to_experiment, {**end, **changed})
            recording.reload()


def _exit_status(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return -signal.SIGINT
    if isinstance(error, _Terminated):
        return -signal.SIGTERM
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return error.code or 0
    return 1


@contextlib.contextmanager
def _terminating() -> Iterator[None]:
    """Let SIGTERM end the script as an exception does, where nobody else handles it."""
    process = os.getpid()
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if os.getpid() == process:
            raise _Terminated
        _die()

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except _Terminated:
        _die()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _die() -> None:
    """End by SIGTERM, as who sent it expects."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _beating(recording: Recording) -> Iterator[None]:
    """Say from time to time that the run goes on."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(_SECONDS_BETWEEN_BEATS):
            with contextlib.suppress(OSError):
                files.beat(recording.path_to_experiment)

    thread = threading.Thread(target=beat, name="pyhermes heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _is_first_rank() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _save_at_exit(recording: Recording) -> None:
    warn_of("these results could not be saved:", recording._save())
