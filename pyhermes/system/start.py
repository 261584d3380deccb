"""Starting and ending a run: the one recipe of `Experiment.record` and of `hermes exec`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.disk.record import NO_COMMIT, make_run_directory, write_end, write_start
from pyhermes.core.formats.exec_arguments import format_exec_args
from pyhermes.core.formats.info import format_info
from pyhermes.core.formats.secrets import SecretNames, mask_lines, mask_words
from pyhermes.core.structure.argument_lines import on_one_line
from pyhermes.core.text.times import format_stamp
from pyhermes.core.warn import warn
from pyhermes.system.environment import current_provenance, read_secret_names
from pyhermes.system.git import MISSING_CODE, read_code
from pyhermes.system.process import process_of


@final
@attrs.frozen
class RunStart:
    """What a run is started with.

    `<root>/<script>/<name>` is the folder of its directory, and `index` the number of its job. `lines`
    are the arguments, each as its words, and `argv` gives the exact command line, in which the run's
    identifier may stand. The code is that of `directory`; with `patch` what is not committed of it is
    kept, with `seeds` those of this process. `problems` are what could not be recorded as it was given.
    Of the arguments that `secrets` names, and of those whose names say it themselves, the values are
    recorded as `***`.

    Raises `InfoError`, a `ValueError`, for comments that cannot be written.
    """

    root: Path
    script: str
    name: str
    lines: tuple[tuple[str, ...], ...]
    argv: Callable[[str], Iterable[str]]
    directory: Path
    index: int = 0
    comments: tuple[str, ...] = ()
    seeds: bool = False
    patch: bool = True
    re_execution: str | None = None
    problems: tuple[str, ...] = ()
    secrets: SecretNames = attrs.field(factory=read_secret_names)

    def __attrs_post_init__(self) -> None:
        # Here and not when they are written: nothing is on disk yet that would have to go again.
        format_info({"comments": join_comments(self.comments) or ""})

    @property
    def arguments(self) -> str:
        """The text of `exec_arguments`."""
        return format_exec_args(on_one_line(self.masked_lines)[0])

    @property
    def escaped_words(self) -> tuple[str, ...]:
        """The words, as `repr` shows them, that `exec_arguments` can hold only in an escaped form."""
        return on_one_line(self.masked_lines)[1]

    @property
    def masked_lines(self) -> tuple[tuple[str, ...], ...]:
        """The arguments without their secrets."""
        return mask_lines(self.lines, self.secrets)


@final
@attrs.frozen
class StartedRun:
    """A run that goes on: its directory, and the reading of the monotonic clock when it started."""

    path: Path
    clock: float


@final
@attrs.frozen
class Moment:
    """One moment by the system's clock, as local time, and by the monotonic one, in seconds."""

    local_time: datetime
    clock: float

    @classmethod
    def now(cls) -> Moment:
        """Return this moment."""
        return cls(datetime.now(), time.monotonic())


def start_run(start: RunStart) -> StartedRun:
    """Make the directory of a run that starts now, and write what it is started with.

    Raises `RecordingError`, a `ValueError`, for names that no directory can have, and the `OSError`
    of a disk that refuses it.
    """
    arguments = start.arguments
    code = read_code(start.directory, start.patch)
    warn(MISSING_CODE, code.problems)
    path = make_run_directory(
        start.root, start.script, start.name, datetime.now(), start.index, code.state.commit
    )
    started = StartedRun(path, time.monotonic())
    info = {"commit_hash": code.state.commit or NO_COMMIT, "start_time": format_stamp(datetime.now())}
    comments = join_comments(start.comments)
    write_start(
        path,
        info=info if comments is None else {**info, "comments": comments},
        arguments=arguments,
        provenance=current_provenance(
            mask_words(start.argv(path.name), start.secrets),
            process_of(os.getpid()),
            code.state,
            directory=start.directory,
            seeds=start.seeds,
            problems=(*start.escaped_words, *code.problems, *start.problems),
        ),
        patch=code.patch,
        re_execution=start.re_execution,
    )
    return started


def end_run(started: StartedRun, exit_status: int, ended: Moment | None = None) -> None:
    """Write when a run ended, how long it took, and its exit status, which is negative for a signal.

    Without `ended` it ends now. Raises the `OSError` of a disk that refuses it.
    """
    end = ended or Moment.now()
    # The duration is not that between the two times: the system's clock may have been set meanwhile.
    write_end(
        started.path,
        {
            "end_time": format_stamp(end.local_time),
            "execution_time": repr(end.clock - started.clock),
            "exit_status": str(exit_status),
        },
    )


def join_comments(comments: Iterable[str | None]) -> str | None:
    """Join comments as `hermes.info` has them; None where there are none.

    >>> join_comments(["baseline", None, "second try"])
    'baseline,second try'
    """
    return ",".join(comment for comment in comments if comment is not None) or None
