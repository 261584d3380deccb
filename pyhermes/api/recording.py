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
from typing import TYPE_CHECKING

from pyhermes.api.experiment import Experiment
from pyhermes.api.result import Result
from pyhermes.core.arrays.stack import to_number
from pyhermes.core.disk.layout import (
    CHECKPOINT,
    INFO,
    name_of_result,
    place_of_result,
    resolve_inside,
    result_path,
)
from pyhermes.core.disk.record import NO_COMMIT, beat, begin_run, check_name, end_run, make_run_directory
from pyhermes.core.disk.results import save_result
from pyhermes.core.disk.run_files import save_state_dict
from pyhermes.core.disk.score_log import ScoreLog
from pyhermes.core.errors import HermesError, NotRecordingError, RecordingError, WrongTypeError, at_path
from pyhermes.core.formats.checkpoint import checked_state_dict
from pyhermes.core.formats.exec_arguments import format_exec_args
from pyhermes.core.formats.info import format_info
from pyhermes.core.messages import shown
from pyhermes.core.structure.argument_lines import GivenArguments, checked_words, lines_of_given, on_one_line
from pyhermes.core.text.times import format_stamp
from pyhermes.core.typing import OnWriteError, PathLike, ResultValue, ScalarLike
from pyhermes.core.warn import warn
from pyhermes.runner.write_errors import (
    COMMENTS,
    END,
    LOST,
    RESULTS,
    SCORES,
    STATE_DICTS,
    WriteErrors,
    check_on_error,
)
from pyhermes.system.environment import VARIABLE, current_provenance
from pyhermes.system.git import MISSING_CODE, read_code
from pyhermes.system.process import process_of

if TYPE_CHECKING:
    import torch

_SECONDS_BETWEEN_BEATS = 60


class Recording(Experiment):
    """An experiment while it goes on: `Experiment.record` makes one.

    What is recorded is in the directory at once, for other processes to read: a score when it is
    logged, a result when the recording ends, however it ends, or every `autosave` seconds. What the
    disk refuses is an `OSError`; with `on_error="warn"` it is one warning for each kind of trouble,
    and is written when there is room again. In a process whose environment has a `RANK` other than
    0, nothing is written.
    """

    def _begin(self, *, writes: bool, begun: float = 0.0, on_error: OnWriteError = "raise") -> None:
        self._writes = writes
        self._begun = begun
        self._process = os.getpid()
        self._is_ending = self._is_terminated = False
        self._write_errors = WriteErrors(on_error)
        self._scores = ScoreLog(self._run.path, self.scores_file, keeps=on_error == "warn")
        self._results: dict[Path, _RecordedResult] = {}

    def log_score(self, score: ScalarLike) -> None:
        """Append a score to the run's scores, one line each, on disk at once.

        Raises `WrongTypeError`, a `TypeError`, for what is no number that a float holds,
        `NotRecordingError`, a `RuntimeError`, once the recording has ended, and the `OSError` of a
        disk that refuses it, with nothing written.
        """
        line = f"{_as_float(score)!r}\n".encode()
        self._check_goes_on()
        if self._writes:
            with self._write_errors.attempt(SCORES):
                self._scores.append(line)

    def new_result(self, name: str, *, autosave: float | None = None) -> Result:
        """An empty result that is saved into the run's directory when the recording ends.

        With `autosave` it is also saved while it is recorded, once so many seconds have passed.
        Raises `RecordingError`, a `ValueError`, for a name that another result has, or that no file
        can have, and `NotRecordingError`, a `RuntimeError`, once the recording has ended.
        """
        path = result_path(self._run.path, name)
        for part in (name, path.name):
            check_name(part)
        self._check_goes_on()
        if path in (_RESULTS if self._writes else self._results):
            raise RecordingError(f"expected a name that no other result has, got {name!r} again", path=path)
        if self._writes:
            _RESULTS.add(path)
        self._results[path] = _RecordedResult(path, autosave, self._writes, self._write_errors)
        return self._results[path]

    def save_state_dict(self, state_dict: Mapping[str, torch.Tensor], name: str) -> Path:
        """Save a network's state dict as `<name>.pth` in the run's directory; the path.

        The file is replaced as a whole. Raises `CheckpointError`, a `ValueError`, for what is no
        mapping of names to tensors, and `FileNameError` or `RecordingError`, both a `ValueError`,
        for a name that no file in the directory can have.
        """
        resolve_inside(self._run.path, name)
        path = resolve_inside(self._run.path, name.removesuffix(CHECKPOINT) + CHECKPOINT)
        check_name(os.path.relpath(path, self._run.path))
        checked = checked_state_dict(state_dict)
        if self._writes:
            with self._write_errors.attempt(STATE_DICTS, path):
                save_state_dict(path, checked)
        return path

    def store_comments(self) -> None:
        """Write `comments` into `hermes.info` where they have changed; see `Experiment.store_comments`."""
        with self._write_errors.attempt(COMMENTS, self.file(INFO)):
            super().store_comments()

    def _check_goes_on(self) -> None:
        if self._is_ending:
            raise NotRecordingError(
                "expected a recording that goes on, got one that has ended", path=self._run.path
            )

    def _save(self) -> list[Exception]:
        """Save every result; what kept some from being saved."""
        if not self._is_own():
            return []
        return [error for result in self._results.values() if (error := result.save_error())]

    def _flush(self) -> list[Exception]:
        """Write what waits and is no result; what stays unwritten."""
        if not self._is_own():
            return []
        problems: list[Exception] = []
        try:
            self._scores.close()
        except OSError as error:
            problems.append(error)
        info = self.file(INFO)
        if self._write_errors.has_lost(info):
            with contextlib.suppress(OSError):
                super().store_comments()
                self._write_errors.forget(info)
        return problems + self._write_errors.lost()

    def _is_own(self) -> bool:
        """Whether this process is the one to write: a fork has but old copies."""
        return self._writes and os.getpid() == self._process

    def _warn_of_lost(self, problems: list[Exception]) -> list[Exception]:
        """Warn of what the disk has refused, if that is what to do with it; what else is wrong."""
        lost = [] if self._write_errors.is_raised else [one for one in problems if isinstance(one, OSError)]
        warn(LOST, lost)
        return [problem for problem in problems if problem not in lost]


_RESULTS: set[Path] = set()
"""The files of all results that this process records."""


class _RecordedResult(Result):
    """A result that has its place in a run's directory, and is saved there while it is recorded."""

    _autosave: float | None = None

    def __init__(self, path: Path, autosave: float | None, writes: bool, trouble: WriteErrors) -> None:
        super().__init__(name_of_result(path), path)
        self._write_errors = trouble
        self._place = path
        self._writes = writes
        self._autosave = autosave if writes else None
        self._saved_at = time.monotonic()

    def __setitem__(self, key: str, value: ResultValue, /) -> None:
        super().__setitem__(key, value)
        if self._autosave is not None and time.monotonic() - self._saved_at >= self._autosave:
            with self._write_errors.attempt(RESULTS):
                save_result(self, self._place)
            self._saved_at = time.monotonic()

    def save(self, directory: PathLike | None = None) -> Path:
        if not self._writes:
            return self._place
        if place_of_result(self.name, directory, self.path) != self._place:
            return super().save(directory)
        with self._write_errors.attempt(RESULTS):
            super().save(directory)
        return self._place

    def save_error(self) -> Exception | None:
        """Save it in its place; what kept it from being saved."""
        try:
            with at_path(self._place):
                save_result(self, self._place)
        except Exception as error:  # noqa: BLE001 - one result must not keep others from being saved
            return error
        return None


def _as_float(score: ScalarLike) -> float:
    number = to_number(score)
    with contextlib.suppress(OverflowError):
        if number is not None:
            return float(number)
    raise WrongTypeError(f"expected a number that a float holds as the score, got {shown(score)}")


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
    on_error: OnWriteError,
) -> contextlib.AbstractContextManager[Recording]:
    """Record what runs in a `with` block as an experiment of its own; see `Experiment.record`."""
    check_on_error(on_error)
    lines, escaped = on_one_line(lines_of_given(args))
    warn("these arguments are escaped in exec_arguments, which has one line for each:", escaped)
    script = PurePath(script).name.removesuffix(".py")
    noted = checked_words(comments)
    format_info({"comments": ",".join(noted)})  # which refuses what cannot be written
    if os.environ.get(VARIABLE) or not _is_first_rank():
        recording = _attached(Path(root, script, name), on_error)
        _note(recording, noted)
        return _part_of(recording)
    return _whole(
        lambda: _started(script, name, lines, escaped, root, ",".join(noted), seeds, patch, on_error)
    )


@contextlib.contextmanager
def _part_of(recording: Recording) -> Iterator[Recording]:
    """What this process records of a run that another one ends."""
    with _terminating(recording), _saving(recording):
        yield recording


@contextlib.contextmanager
def _whole(start: Callable[[], Recording]) -> Iterator[Recording]:
    """A run from its start to its end."""
    recording = start()
    with _terminating(recording), _ending(recording), _beating(recording), _saving(recording):
        yield recording


def _note(recording: Recording, comments: Sequence[str]) -> None:
    """Add comments to those of a run that another process began."""
    if comments and recording._writes:
        recording.comments = ",".join([*filter(None, [recording.comments]), *comments])
        recording.store_comments()


def current() -> Recording:
    """The run that this script is, having been started by `hermes exec`; see `Experiment.current`."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        raise NotRecordingError(
            f"expected a script that `hermes exec` started, got one without {VARIABLE}; use Experiment.record"
        )
    if directory not in _CURRENT:
        _CURRENT[directory] = _attached(Path(directory))
        _save_when_it_ends(_CURRENT[directory])
    return _CURRENT[directory]


_CURRENT: dict[str, Recording] = {}


def _save_at_exit(recording: Recording) -> None:
    warn("these results could not be saved:", recording._flush() + recording._save())


def _save_when_it_ends(recording: Recording) -> None:
    """Save what is recorded when this process ends, by SIGTERM too."""
    import torch  # noqa: F401 - which cannot be imported any more once Python exits

    def save_and_die(_number: int, _frame: FrameType | None) -> None:
        _save_at_exit(recording)
        _die()

    atexit.register(_save_at_exit, recording)
    if _is_sigterm_free():
        signal.signal(signal.SIGTERM, save_and_die)


def _started(
    script: str,
    name: str,
    lines: Iterable[Sequence[str]],
    escaped: Iterable[str],
    root: PathLike,
    noted: str,
    seeds: bool,
    patch: bool,
    on_error: OnWriteError,
) -> Recording:
    """Make the directory of a run that begins now, and write what is known of it."""
    arguments = format_exec_args(lines)
    code = read_code(Path.cwd(), patch)
    warn(MISSING_CODE, code.problems)
    path = make_run_directory(Path(root), script, name, datetime.now(), commit=code.state.commit)
    begun = time.monotonic()
    info = {"commit_hash": code.state.commit or NO_COMMIT, "start_time": format_stamp(datetime.now())}
    provenance = current_provenance(
        sys.orig_argv,
        process_of(os.getpid()),
        code.state,
        seeds=seeds,
        problems=(*escaped, *code.problems),
    )
    begin_run(
        path,
        info={**info, "comments": noted} if noted else info,
        arguments=arguments,
        provenance=provenance,
        patch=code.patch,
    )
    recording = Recording.load(path)
    recording._begin(writes=True, begun=begun, on_error=on_error)
    return recording


def _attached(directory: Path, on_error: OnWriteError = "raise") -> Recording:
    """The recording of a run that another process began and will end."""
    given = os.environ.get(VARIABLE)
    try:
        recording = Recording.load(given) if given else Recording(directory.name, directory, None, None)
    except HermesError as error:
        raise NotRecordingError(f"expected the directory of a run in {VARIABLE}, got: {error}") from error
    recording._begin(writes=_is_first_rank(), on_error=on_error)
    return recording


@contextlib.contextmanager
def _saving(recording: Recording) -> Iterator[None]:
    """Save the results at the end; what cannot be saved is an error, or added to the one there is."""
    try:
        yield
    except BaseException as error:
        recording._is_ending = True
        for problem in recording._flush():
            error.add_note(f"this could not be saved: {problem}")
        for problem in recording._save():
            error.add_note(f"a result could not be saved: {problem}")
        raise
    recording._is_ending = True
    problems = recording._warn_of_lost(recording._flush() + recording._save())
    if problems:
        for other in problems[1:]:
            problems[0].add_note(f"another result could not be saved: {other}")
        raise problems[0]


@contextlib.contextmanager
def _ending(recording: Recording) -> Iterator[None]:
    """Write how it ended, in whatever way it does."""
    comments = recording.comments
    try:
        yield
    except BaseException as error:
        try:
            _end(recording, comments, _exit_status(error))
        except (HermesError, OSError) as problem:
            error.add_note(f"the end of the run could not be recorded: {problem}")
        raise
    with recording._write_errors.attempt(END):
        _end(recording, comments, 0)


def _end(recording: Recording, comments: str | None, exit_status: int) -> None:
    if os.getpid() != recording._process:  # a fork ends nothing
        return
    if recording._is_terminated:
        exit_status = -signal.SIGTERM
    end = {
        "end_time": format_stamp(datetime.now()),
        "execution_time": repr(time.monotonic() - recording._begun),
        "exit_status": str(exit_status),
    }
    noted = recording.comments
    end_run(recording.path_to_experiment, end)
    recording.reload()
    if noted != comments:
        recording.comments = noted
        Experiment.store_comments(recording)


def _exit_status(error: BaseException) -> int:
    asyncio = sys.modules.get("asyncio")  # which ends what it runs by an error of its own
    if isinstance(error, KeyboardInterrupt) or (asyncio and isinstance(error, asyncio.CancelledError)):
        return -signal.SIGINT
    if isinstance(error, _Terminated):
        return -signal.SIGTERM
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return int(error.code or 0) & 0xFF
    return 1


def _is_sigterm_free() -> bool:
    """Whether SIGTERM is nobody else's, and can be handled here."""
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@contextlib.contextmanager
def _terminating(recording: Recording) -> Iterator[None]:
    """Let SIGTERM end the script as an exception does, where nobody else handles it."""
    if not _is_sigterm_free():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if os.getpid() != recording._process:
            return _die()
        recording._is_terminated = True
        if not recording._is_ending:
            raise _Terminated
        return None

    signal.signal(signal.SIGTERM, stop)
    try:
        with contextlib.suppress(_Terminated):
            yield
    finally:
        if signal.getsignal(signal.SIGTERM) is stop:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if recording._is_terminated:
            _die()


def _die() -> None:
    """End by SIGTERM, as who sent it expects."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _beating(recording: Recording) -> Iterator[None]:
    """Say from time to time that the run goes on."""
    ended = threading.Event()

    def beat_until_ended() -> None:
        while not ended.wait(_SECONDS_BETWEEN_BEATS):
            with contextlib.suppress(OSError):
                beat(recording.path_to_experiment)

    thread = threading.Thread(target=beat_until_ended, name="pyhermes heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _is_first_rank() -> bool:
    return (os.environ.get("RANK") or "0") == "0"
