"""Every error and warning of pyhermes, one class for each kind of thing that can be wrong.

All errors are `HermesError`s, and each is also the builtin error that a caller would catch without
knowing pyhermes. `path` and `line` say where the problem is, and `str(error)` begins with them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

from pyhermes.core.messages import printable
from pyhermes.core.problems import ArgumentProblem, Problem, ResultProblem
from pyhermes.core.public import public


@public("pyhermes")
class HermesError(Exception):
    """The base of all errors that pyhermes raises on purpose.

    `path` is the file or directory concerned and `line` the line in it, counted from 1; each is
    None where it does not apply.
    """

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line

    def __str__(self) -> str:
        place = [] if self.path is None else [printable(self.path)]
        if self.line is not None:
            place.append(f"line {self.line}")
        return ": ".join([", ".join(place), self.message] if place else [self.message])


@public("pyhermes.core")
class NotAnExperimentError(HermesError, FileNotFoundError):
    """There is nothing at a path, or a directory without a `hermes.info`."""


@public("pyhermes.core")
class NotADirectoryOfExperimentsError(NotAnExperimentError, NotADirectoryError):
    """A path that should be a run, or a folder of runs, is not a directory."""


@public("pyhermes.core")
class IsAnExperimentError(HermesError, ValueError):
    """A path that should be a folder of runs is itself a run."""


@public("pyhermes.core")
class MissingFileError(HermesError, FileNotFoundError):
    """A file does not exist."""


@public("pyhermes.core")
class NotAFileError(HermesError, OSError):
    """A path that should be a file is a directory, a FIFO, a socket or a device."""


@public("pyhermes.core")
class FileNameError(HermesError, ValueError):
    """A file name leads out of the run's directory, or is reserved by the format."""


@public("pyhermes.core")
class FileModeError(HermesError, ValueError):
    """A file cannot be opened in this mode."""


@public("pyhermes.core")
class InfoError(HermesError, ValueError):
    """A `hermes.info` cannot be read, or a value cannot be written to one."""


@public("pyhermes.core")
class ArgumentsError(HermesError, ValueError):
    """Execution arguments cannot be read, cannot be written, or do not fit a class.

    `problems` are all arguments that do not fit.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        problems: tuple[ArgumentProblem, ...] = (),
    ) -> None:
        super().__init__(message, path=path, line=line)
        self.problems = problems


@public("pyhermes.core")
class ScoresError(HermesError, ValueError):
    """A line of a scores file is not a number."""


@public("pyhermes.core")
class ResultError(HermesError, ValueError):
    """A file is not a result, a value cannot be stored in one, or a result does not fit a class.

    `problems` are all values that do not fit.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        problems: tuple[ResultProblem, ...] = (),
    ) -> None:
        super().__init__(message, path=path, line=line)
        self.problems = problems


@public("pyhermes.core")
class CheckpointError(HermesError, ValueError):
    """A `.pth` file is not a state dict that can be loaded safely, or does not fit the network."""


@public("pyhermes.core")
class ProvenanceError(HermesError, ValueError):
    """A `provenance.json` cannot be read."""


@public("pyhermes.core")
class RecordingError(HermesError, ValueError):
    """A run cannot be recorded as asked."""


@public("pyhermes.core")
class NotRecordingError(HermesError, RuntimeError):
    """There is no recording where one is needed."""


@public("pyhermes.core")
class ExecutionFileError(HermesError, ValueError):
    """An execution file cannot be run, or cannot be written.

    `problems` is everything that is wrong in it.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        super().__init__(message, path=path, line=line)
        self.problems = problems


@public("pyhermes.core")
class TableError(HermesError, ValueError):
    """The columns of a table do not fit together, or a column holds a value of another type."""


@public("pyhermes.core")
class CurveError(HermesError, ValueError):
    """The numbers for a training curve do not fit together."""


@public("pyhermes.core")
class NoResultError(HermesError, RuntimeError):
    """The run has no result."""


@public("pyhermes.core")
class NoSuchKeyError(HermesError, KeyError):
    """A result has no such key."""


@public("pyhermes.core")
class WrongTypeError(HermesError, TypeError):
    """A value of another type was expected."""


@public("pyhermes.core")
class FieldError(HermesError, TypeError):
    """A class of the user's has a field of a type that cannot be read."""


@public("pyhermes.core")
class MarkError(HermesError, ValueError):
    """A mark in an annotation, such as `Flag`, is not valid."""


@public("pyhermes.core")
class UnknownChoiceError(HermesError, ValueError):
    """An option was given a word that it does not take."""


@public("pyhermes.core")
class NothingToChooseError(HermesError, ValueError):
    """One run was asked for, of an empty list."""


@public("pyhermes.core")
class MissingPackageError(HermesError, ImportError):  # type: ignore[misc]  # whose path is text
    """An optional package is not installed."""


@public("pyhermes")
class HermesWarning(UserWarning):
    """Part of the input was skipped or could not be parsed."""


@contextlib.contextmanager
def at_path(path: Path) -> Generator[None, None, None]:
    """Set `path` on HermesErrors raised in the block that have none.

    A `TypeError` is about an argument of the caller's, not about a file, and is left alone.
    """
    try:
        yield
    except HermesError as error:
        if not isinstance(error, TypeError):
            error.path = error.path or path
        raise
