"""The frozen record of one run's directory, alone or together with its arguments.

A record holds what was read when it was made and never looks at the disk again.
"""

from __future__ import annotations

import functools
import os
from datetime import datetime
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.formats.info import ExperimentInfo, info_problems, parse_info
from pyhermes.core.problems import Problem
from pyhermes.core.public import public
from pyhermes.core.text.times import as_local_time, format_stamp, identifier_time
from pyhermes.core.typing import PathLike


def _to_text(path: PathLike) -> str:
    return os.fspath(path)


def _to_info(info: ExperimentInfo | str) -> ExperimentInfo:
    return parse_info(info) if isinstance(info, str) else info


@final
@public("pyhermes.core")
@attrs.frozen
class Run:
    r"""One run as its `hermes.info` describes it.

    `path` is absolute; `identifier` is the directory's name. `info` may also be given as the text of
    the file, which is parsed when it is first asked for: of a hundred thousand runs that are loaded,
    few are looked at.

    >>> from pyhermes.core import Run
    >>> Run("/runs/first", "first", "comments:baseline\n").info.comments
    'baseline'
    """

    # text, because a hundred thousand `Path`s would take four times the memory
    _path: str = attrs.field(converter=_to_text)
    identifier: str
    _info: ExperimentInfo | str = attrs.field(eq=_to_info, repr=False)

    @property
    def path(self) -> Path:
        """The run's directory."""
        return Path(self._path)

    @property
    def directory(self) -> str:
        """The `path` as text."""
        return self._path

    @functools.cached_property
    def info(self) -> ExperimentInfo:
        """What its `hermes.info` says."""
        return _to_info(self._info)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be parsed in its `hermes.info`."""
        return info_problems(self._info) if isinstance(self._info, str) else self._info.problems

    @property
    def start_time(self) -> datetime | None:
        """When it began, or else when its identifier was made, as naive local time."""
        return self.info.start_time or identifier_time(self.identifier)


def describe_run(
    identifier: str,
    path: PathLike,
    commit_hash: str | None,
    start_time: datetime | str | float | None,
) -> Run:
    """Make the record of a run from what is known about it, without touching the disk.

    `start_time` is anything that `as_local_time` takes.

    >>> describe_run("first", "runs/first", "9b28e1f", "2026_11_23_182353176615").start_time
    datetime.datetime(2026, 11, 23, 18, 23, 53, 176615)
    """
    start = as_local_time(start_time)
    known = {"commit_hash": commit_hash, "start_time": None if start is None else format_stamp(start)}
    fields = {key: value for key, value in known.items() if value is not None}
    return Run(os.path.abspath(path), identifier, ExperimentInfo(fields, start))


@final
@public("pyhermes.core")
@attrs.frozen
class RunWithArguments:
    """A run together with its execution arguments."""

    run: Run
    arguments: ExecArgs

    @property
    def identifier(self) -> str:
        """The run's identifier."""
        return self.run.identifier

    @property
    def start_time(self) -> datetime | None:
        """When the run began, as naive local time."""
        return self.run.start_time

    @property
    def exec_args(self) -> frozenset[str]:
        """The arguments, each a whole line."""
        return self.arguments.exec_args
