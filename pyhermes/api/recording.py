"""`Recording`: a run while it goes on, as an object."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pyhermes.api.experiment import Experiment
from pyhermes.api.result import Result
from pyhermes.core.disk.layout import name_of_result, place_of_result
from pyhermes.core.public import public
from pyhermes.core.structure.argument_lines import GivenArguments, checked_words, lines_of_given
from pyhermes.core.structure.secret_fields import find_secret_options
from pyhermes.core.typing import OnWriteError, PathLike, ResultValue, ScalarLike
from pyhermes.core.warn import warn
from pyhermes.runner.joining import begin_session, check_job, describe_job_run, join_job
from pyhermes.runner.session import ResultFile, RunSession, close_at_exit
from pyhermes.runner.write_errors import check_on_error
from pyhermes.system.environment import read_job_directory, read_secret_names
from pyhermes.system.start import RunStart

if TYPE_CHECKING:
    import torch


@public("pyhermes")
class Recording(Experiment):
    """A run while it goes on: `Experiment.record` makes one.

    What is recorded is in the directory at once, for other processes to read: a score when it is
    logged, a result when the recording ends, however it ends, or every `autosave` seconds. What the
    disk refuses is an `OSError`; with `on_error="warn"` it is one warning for each kind of trouble,
    and is written when there is room again. Of several processes that train together, only
    the first rank writes.
    """

    def __init__(self, session: RunSession) -> None:
        self._hold(session.run)
        self._session = session

    def log_score(self, score: ScalarLike) -> None:
        """Append a score to the run's scores, one line each, on disk at once.

        Raises `WrongTypeError`, a `TypeError`, for what is no number that a float holds,
        `NotRecordingError`, a `RuntimeError`, once the recording has ended, and the `OSError` of a
        disk that refuses it, with nothing written.
        """
        self._session.log_score(score)

    def new_result(self, name: str, *, autosave: float | None = None) -> Result:
        """Return an empty result that is saved into the run's directory when the recording ends.

        With `autosave` it is also saved while it is recorded, once so many seconds have passed.
        Raises `RecordingError`, a `ValueError`, for a name that another result has, or that no file
        can have, and `NotRecordingError`, a `RuntimeError`, once the recording has ended.
        """
        return _RecordedResult(self._session.add_result(name, autosave))

    def save_state_dict(self, state_dict: Mapping[str, torch.Tensor], name: str) -> Path:
        """Save a network's state dict as `<name>.pth` in the run's directory; return the path.

        The file is replaced as a whole. Raises `CheckpointError`, a `ValueError`, for what is no
        mapping of names to tensors, and `FileNameError` or `RecordingError`, both a `ValueError`,
        for a name that no file in the directory can have.
        """
        return self._session.save_state_dict(state_dict, name)

    def store_comments(self) -> None:
        """Write `comments` into `hermes.info` where they have changed; see `Experiment.store_comments`."""
        self._run = self._session.store_comments(self._run, self.comments)


class _RecordedResult(Result):
    """A result that is saved in its place in a run's directory; its copies and pickles are plain ones."""

    def __init__(self, file: ResultFile) -> None:
        super().__init__(name_of_result(file.path), file.path)
        self._file = file
        file.hold(self)

    def __reduce__(self) -> tuple[type[Result], tuple[object, ...]]:
        # A copy that saved itself, too, would replace what the recorded result holds by then.
        return Result, (self.name, self.path, dict(self))

    def __setitem__(self, key: str, value: ResultValue, /) -> None:
        super().__setitem__(key, value)
        self._file.save_if_due()

    def save(self, directory: PathLike | None = None) -> Path:
        self.path = self._file.save(place_of_result(self.name, directory, self.path))
        return self.path


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
    """Record what runs in a `with` block as a run of its own; see `Experiment.record`."""
    check_on_error(on_error)
    check_job()
    start = RunStart(
        root=Path(root),
        script=PurePath(script).name.removesuffix(".py"),
        name=name,
        lines=lines_of_given(args),
        argv=lambda _identifier: sys.orig_argv,
        directory=Path.cwd(),
        comments=tuple(checked_words(comments)),
        seeds=seeds,
        patch=patch,
        secrets=read_secret_names().with_secret(find_secret_options(args)),
    )
    warn("these arguments are escaped in exec_arguments, which has one line for each:", start.escaped_words)
    return _record(start, on_error)


def current() -> Recording:
    """Return the run that this script is, `hermes exec` having started it; see `Experiment.current`."""
    directory = read_job_directory()
    if directory not in _CURRENT:
        _CURRENT[directory] = _record_until_exit()
    return _CURRENT[directory]


_CURRENT: dict[str | None, Recording] = {}
"""Of the job that this process is there is one recording, however often it is asked for."""


@contextlib.contextmanager
def _record(start: RunStart, on_error: OnWriteError) -> Generator[Recording]:
    session = begin_session(start, on_error)
    recording = Recording(session)
    recording.comments = session.comments
    recording.store_comments()
    with session.record(recording), contextlib.ExitStack() as stack:
        if session.is_joined:
            directory = read_job_directory()
            _CURRENT[directory] = recording
            stack.callback(_CURRENT.pop, directory, None)
        yield recording


def _record_until_exit() -> Recording:
    session = join_job()
    if session is None:
        own = _record(describe_job_run(), "raise")
        recording = own.__enter__()
        close_at_exit(own)
        return recording
    recording = Recording(session)
    session.save_when_process_ends(recording)
    return recording
