"""Every error and warning of pyhermes, one class a noun.

All errors are `HermesError`s; each also is the builtin that a caller would catch without knowing
pyhermes. `path` and `line` say where the trouble is, and `str(error)` shows them first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pyhermes.core.messages import printable
from pyhermes.core.problems import ArgumentProblem, Problem, ResultProblem


class HermesError(Exception):
    """Base of all errors that pyhermes raises on purpose.

    `path` is the file or directory concerned and `line` the line in it, counted from 1; both are
    None where they do not apply.
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


class NotAnExperimentError(HermesError, FileNotFoundError):
    """Nothing is there, or a directory without a `hermes.info`."""


class NotADirectoryOfExperimentsError(NotAnExperimentError, NotADirectoryError):
    """Something that is no directory stands where an experiment, or a folder of them, should be."""


class IsAnExperimentError(HermesError, ValueError):
    """One run's directory was given where a folder of runs is expected."""


class MissingFileError(HermesError, FileNotFoundError):
    """An experiment does not hold the file that was asked for."""


class NotAFileError(HermesError, OSError):
    """A directory, a FIFO, a socket or a device stands where a file should be."""


class FileNameError(HermesError, ValueError):
    """A name would leave the experiment's directory, or belongs to the format itself."""


class FileModeError(HermesError, ValueError):
    """A file was to be opened in a mode that does not fit it."""


class InfoError(HermesError, ValueError):
    """A `hermes.info` cannot be read, or what should go into one cannot be written."""


class ArgumentsError(HermesError, ValueError):
    """Execution arguments cannot be read, cannot be written, or do not fit a class.

    `problems` has everything that does not fit.
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


class ScoresError(HermesError, ValueError):
    """A line of a scores file is no number."""


class ResultError(HermesError, ValueError):
    """A file is no result, a value cannot be stored in one, or one does not fit a class.

    `problems` has everything that does not fit.
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


class CheckpointError(HermesError, ValueError):
    """A `.pth` file is no state dict that can be loaded safely, or does not fit the network."""


class ProvenanceError(HermesError, ValueError):
    """A `provenance.json` cannot be read."""


class RecordingError(HermesError, ValueError):
    """A run cannot be recorded as it was asked for."""


class NotRecordingError(HermesError, RuntimeError):
    """No run is being recorded where one is needed."""


class ExecutionFileError(HermesError, ValueError):
    """An execution file cannot be run as it stands, or cannot be written.

    `problems` has everything that is wrong in it.
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


class TableError(HermesError, ValueError):
    """The columns of a table do not go together, or a column holds what its kind does not."""


class CurveError(HermesError, ValueError):
    """The numbers given for a training curve do not go together."""


class NoResultError(HermesError, RuntimeError):
    """The experiment holds no result."""


class NoSuchKeyError(HermesError, KeyError):
    """A result has nothing under this key."""


class WrongTypeError(HermesError, TypeError):
    """A value of another type was expected."""


class FieldError(HermesError, TypeError):
    """A class of the user's has a field that nothing can be read into."""


class MarkError(HermesError, ValueError):
    """A mark in an annotation, such as `Flag`, says something that cannot be."""


class UnknownChoiceError(HermesError, ValueError):
    """A word that is none of those that an option takes."""


class NothingToChooseError(HermesError, ValueError):
    """One of no experiments was asked for."""


class MissingPackageError(HermesError, ImportError):  # type: ignore[misc]  # whose path is text
    """An optional package is not installed."""


class HermesWarning(UserWarning):
    """Something was read around, and says so."""


@contextlib.contextmanager
def at_path(path: Path) -> Iterator[None]:
    """Errors raised inside that do not say which file they are about say that it is `path`.

    A `TypeError` is about what the caller gave, and stays as it is.
    """
    try:
        yield
    except HermesError as error:
        if not isinstance(error, TypeError):
            error.path = error.path or path
        raise
