"""A run while this process records into it: what is written, when, by which process, and how it ends."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import os
import sys
import time
import traceback
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, final

import attrs

from pyhermes.core.disk.layout import (
    CHECKPOINT,
    INFO,
    resolve_inside,
    result_path,
    scores_path,
)
from pyhermes.core.disk.provenance import load_provenance, update_provenance
from pyhermes.core.disk.record import append_to_stderr, check_name
from pyhermes.core.disk.results import save_result
from pyhermes.core.disk.run_files import save_state_dict, store_comments
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.disk.score_log import ScoreLog, format_score
from pyhermes.core.errors import HermesError, NotRecordingError, RecordingError
from pyhermes.core.formats.checkpoint import require_state_dict
from pyhermes.core.runs.run import Run
from pyhermes.core.typing import OnWriteError, ResultValue, ScalarLike
from pyhermes.core.warn import warn
from pyhermes.runner.heartbeat import keep_beating
from pyhermes.runner.interrupts import EndingSignals, call_before_ending, exit_status_of
from pyhermes.runner.write_errors import COMMENTS, END, RESULTS, SCORES, STATE_DICTS, WriteErrors
from pyhermes.system.environment import is_first_rank
from pyhermes.system.process import is_running
from pyhermes.system.start import Moment, StartedRun, end_run, join_comments

if TYPE_CHECKING:
    import torch


class RunHolder(Protocol):
    """What holds the run for the user, who may have changed its comments."""

    @property
    def run(self) -> Run:
        """The run as it was last read."""
        ...

    @property
    def comments(self) -> str | None:
        """The comments that the run shall have."""
        ...

    def reload(self) -> None:
        """Read the run again."""
        ...


_LONGEST_FAILURE = 2000
_LONGEST_TRACEBACK = 100_000
"""Characters: of an endless recursion, or of a message that holds an array, the end says enough."""

_RESULTS: set[Path] = set()
"""The files of all results that this process records, so that two recordings of a run share none."""


@final
class RunSession:
    """A run while this process records into it.

    `started` is the run where this process has started it, and so records how it ends; without it,
    another process does. In a process whose rank is not the first nothing is written, and a fork
    leaves the end of what it has inherited to its parent.
    """

    def __init__(
        self,
        run: Run,
        *,
        started: StartedRun | None = None,
        comments: tuple[str, ...] = (),
        on_error: OnWriteError = "raise",
    ) -> None:
        self.run = run
        """The run as it was when the session began."""
        self.comments: str | None = join_comments((run.info.comments or None, *comments))
        """The comments of the run and those that this session adds."""
        self._path = run.path
        self._started = started
        self._process = os.getpid()
        self._writes = is_first_rank()
        self._ended: Moment | None = None
        self._signals = EndingSignals()
        self._write_errors = WriteErrors(on_error)
        self._scores = ScoreLog(
            run.path, scores_path(run.path, run.identifier), keeps=not self._write_errors.is_raised
        )
        self._results: dict[Path, ResultFile] = {}

    # While it goes on

    def log_score(self, score: ScalarLike) -> None:
        """Append a score to the run's scores, on disk at once; see `Recording.log_score`."""
        line = format_score(score)
        self._check_not_ended()
        if self._writes:
            with self._write_errors.attempt(SCORES):
                self._scores.append(line)

    def add_result(self, name: str, autosave: float | None) -> ResultFile:
        """Return the file of a new result, which is saved when the session ends.

        With `autosave` it is also saved before, once so many seconds have passed. Raises
        `RecordingError`, a `ValueError`, for a name that another result has, or that no file can have.
        """
        path = result_path(self._path, name)
        for part in (name, path.name):
            check_name(part)
        self._check_not_ended()
        if path in (_RESULTS if self._writes else self._results):
            raise RecordingError(f"there is a result {name!r} already in this recording", path=path)
        if self._writes:
            _RESULTS.add(path)
        file = ResultFile(path, autosave, writes=self._writes, write_errors=self._write_errors)
        self._results[path] = file
        return file

    def save_state_dict(self, state_dict: Mapping[str, torch.Tensor], name: str) -> Path:
        """Save a network's state dict as `<name>.pth`; return the path. See `Recording.save_state_dict`."""
        resolve_inside(self._path, name)
        path = resolve_inside(self._path, name.removesuffix(CHECKPOINT) + CHECKPOINT)
        check_name(os.path.relpath(path, self._path))
        checked = require_state_dict(state_dict)
        if self._writes:
            with self._write_errors.attempt(STATE_DICTS, path):
                save_state_dict(path, checked)
        return path

    def store_comments(self, run: Run, comments: str | None) -> Run:
        """Write comments into the run's `hermes.info` where they are new; return the run as it is then."""
        if self._writes:
            with self._write_errors.attempt(COMMENTS):
                return store_comments(run, comments)
        return run

    def _check_not_ended(self) -> None:
        if self._ended is not None:
            raise NotRecordingError("this recording has already ended", path=self._path)

    # How it ends

    @contextlib.contextmanager
    def record(self, holder: RunHolder) -> Generator[None]:
        """Record what happens in the block: at its end, save what is left, and if need be its end.

        SIGTERM and SIGHUP end the block as an exception does, and then the process.
        """
        with self._signals.end_block(), contextlib.ExitStack() as stack:
            stack.enter_context(self._store_last_comments(holder))
            if self._started is not None:
                stack.enter_context(self._record_end(self._started))
                stack.enter_context(keep_beating(self._path))
            else:
                stack.enter_context(self._end_without_recorder())
            stack.enter_context(self._save_at_end())
            yield

    @property
    def is_joined(self) -> bool:
        """Whether another process has started the run, and so records how it ends."""
        return self._started is None

    def save_when_process_ends(self, holder: RunHolder) -> None:
        """Save what is left when this process ends, by SIGTERM or SIGHUP too."""
        importlib.import_module("torch")  # which cannot be imported any more while Python exits

        def save() -> None:
            lost = [*self._save_the_rest(), *self._try_to_store_comments(holder), *self._save_results()]
            warn("these results could not be saved:", lost)
            self._end_if_recorder_is_gone(_guess_exit_status())

        atexit.register(save)
        call_before_ending(save)

    @contextlib.contextmanager
    def _save_at_end(self) -> Generator[None]:
        """Save what is left at the end; what cannot be saved is an error, or added to the one there is."""
        try:
            yield
        except BaseException as error:
            self._begin_to_end()
            for problem in self._save_the_rest():
                error.add_note(f"this could not be saved: {problem}")
            for problem in self._save_results():
                error.add_note(f"a result could not be saved: {problem}")
            raise
        self._begin_to_end()
        problems = self._save_the_rest() + self._save_results()
        problems = self._write_errors.warn_of_lost(problems)
        if problems:
            for other in problems[1:]:
                problems[0].add_note(f"another result could not be saved: {other}")
            raise problems[0]

    def _begin_to_end(self) -> None:
        self._ended = Moment.now()  # what follows is not the script's work: saving may import torch
        self._signals.defer()  # else a signal now would cut the saving short, and results would be lost

    def _save_the_rest(self) -> list[Exception]:
        """Write the scores that wait; return the errors, those of other files that are lost too."""
        if not self._is_owner():
            return []
        problems: list[Exception] = []
        try:
            self._scores.close()
        except OSError as error:
            problems.append(error)
        return problems + self._write_errors.lost()

    def _save_results(self) -> list[Exception]:
        """Save every result; return the errors, so that one result keeps no other from being saved."""
        if not self._is_owner():
            return []
        return [error for file in self._results.values() if (error := file.try_to_save())]

    @contextlib.contextmanager
    def _record_end(self, started: StartedRun) -> Generator[None]:
        """Write how the run ended, in whatever way it does."""
        try:
            yield
        except BaseException as error:
            self._note_failure(error)
            try:
                self._end(started, exit_status_of(error))
            except (HermesError, OSError) as problem:
                error.add_note(f"the end of the run could not be recorded: {problem}")
            raise
        with self._write_errors.attempt(END):
            self._end(started, 0)

    def _end(self, started: StartedRun, exit_status: int) -> None:
        if self._is_owner():
            # A signal that came while results were saved has raised nothing, but it ends the process.
            end_run(started, -self._signals.number or exit_status, self._ended)

    @contextlib.contextmanager
    def _store_last_comments(self, holder: RunHolder) -> Generator[None]:
        """Store the comments as they are at the end, which changes nothing in how the run has ended."""
        try:
            yield
        except BaseException as error:
            for problem in self._try_to_store_comments(holder):
                error.add_note(f"this could not be saved: {problem}")
            raise
        for problem in self._write_errors.warn_of_lost(self._try_to_store_comments(holder)):
            raise problem

    def _try_to_store_comments(self, holder: RunHolder) -> list[Exception]:
        """Store the comments where they are new, and read the run again; return the errors."""
        if not self._is_owner():
            return []
        try:
            store_comments(holder.run, holder.comments)
        except OSError as error:
            lost = f"{error.strerror or error}; the comments are lost"
            return [OSError(error.errno, lost, str(self._path / INFO))]
        except HermesError as error:
            return [error]
        finally:
            with contextlib.suppress(HermesError, OSError):  # who records the end has said what is wrong
                holder.reload()
        return []

    @contextlib.contextmanager
    def _end_without_recorder(self) -> Generator[None]:
        """Write how the run ended where the process is gone that was to do so, now or when this one ends."""
        exit_status = 0
        try:
            yield
        except BaseException as error:
            exit_status = exit_status_of(error)
            self._note_failure(error)
            raise
        finally:
            exit_status = -self._signals.number or exit_status
            self._end_if_recorder_is_gone(exit_status)
            atexit.register(functools.partial(self._end_if_recorder_is_gone, exit_status))

    def _end_if_recorder_is_gone(self, exit_status: int) -> None:
        if not self._is_owner():
            return
        with contextlib.suppress(HermesError, OSError):  # there is nobody left to be told
            provenance, run = load_provenance(self._path), load_run(self._path)
            recorder = None if provenance is None else provenance.recorder
            if recorder is None or is_running(recorder) is not False or run.info.exit_status is not None:
                return
            ended = self._ended or Moment.now()
            lasted = (ended.local_time - (run.start_time or ended.local_time)).total_seconds()
            end_run(StartedRun(self._path, ended.clock - max(0.0, lasted)), exit_status, ended)

    def _note_failure(self, error: BaseException) -> None:
        """Keep why the run failed: the exception, and where its log is ours the traceback."""
        if not self._is_owner() or not isinstance(error, Exception):
            return
        with contextlib.suppress(HermesError, OSError):  # the script's own error matters more
            failure = "".join(traceback.format_exception_only(error)).strip()[:_LONGEST_FAILURE]
            update_provenance(self._path, lambda known: attrs.evolve(known, failure=failure))
            if not self.is_joined:  # else the log has what Python prints of it
                append_to_stderr(self._path, "".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:])

    def _is_owner(self) -> bool:
        """Return whether this process is the one to write the end: a fork has but old copies."""
        return self._writes and os.getpid() == self._process


@final
class ResultFile:
    """The file of a result while it is recorded: which values go there, and when they are saved."""

    def __init__(
        self, path: Path, autosave: float | None, *, writes: bool, write_errors: WriteErrors
    ) -> None:
        self.path = path
        self._values: Mapping[str, ResultValue] = {}
        self._writes = writes
        self._autosave = autosave if writes else None
        self._saved_at = time.monotonic()
        self._write_errors = write_errors

    def hold(self, values: Mapping[str, ResultValue]) -> None:
        """Save these values from now on, as they are then."""
        self._values = values

    def save_if_due(self) -> None:
        """Save the values if they are to be saved by themselves, and the last time is long enough ago."""
        if self._autosave is not None and time.monotonic() - self._saved_at >= self._autosave:
            with self._write_errors.attempt(RESULTS):
                save_result(self._values, self.path)
            self._saved_at = time.monotonic()

    def save(self, place: Path) -> Path:
        """Save the values in a place, their own or another; return the place."""
        if not self._writes:
            return self.path
        if place != self.path:  # a copy of the user's own, which no later attempt will write
            return save_result(self._values, place)
        with self._write_errors.attempt(RESULTS):
            save_result(self._values, place)
        return place

    def try_to_save(self) -> Exception | None:
        """Save the values in their own place; return what keeps them from being saved."""
        try:
            save_result(self._values, self.path)
        except Exception as error:  # noqa: BLE001 - one result must not keep others from being saved
            return error
        return None


def close_at_exit(recording: contextlib.AbstractContextManager[object]) -> None:
    """End a recording when this process ends, as one that its uncaught exception has ended."""

    def close() -> None:
        error = _find_uncaught()
        with contextlib.suppress(BaseException):  # Python has printed it already
            recording.__exit__(None if error is None else type(error), error, None)

    atexit.register(close)


def _guess_exit_status() -> int:
    """Return the exit status of a process that is ending, as far as it can be known inside of it."""
    error = _find_uncaught()
    return 0 if error is None else exit_status_of(error)


def _find_uncaught() -> BaseException | None:
    """Return the exception that ends this process, None where there is none, or it is a SystemExit."""
    error: BaseException | None = getattr(sys, "last_value", None)
    return error
