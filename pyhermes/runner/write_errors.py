"""What happens when the disk refuses a part of a recording: an error, or a warning and another attempt."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import final

from pyhermes.core.errors import UnknownChoiceError
from pyhermes.core.typing import OnWriteError
from pyhermes.core.warn import warn

SCORES = "scores cannot be written now; they wait, in order, until they can:"
RESULTS = "results cannot be written now; that is tried again, at the latest at the end:"
STATE_DICTS = "state dicts cannot be written now; save them again:"
COMMENTS = "comments cannot be written now; that is tried again at the end:"
END = "the end of the run could not be recorded, which will be seen as lost:"
LOST = "the recording has ended, and this could not be written:"


@final
class WriteErrors:
    """The errors of writing that a recording meets: raised, or warned of once a kind."""

    def __init__(self, on_error: OnWriteError) -> None:
        self.is_raised: bool = on_error == "raise"
        self._warned: set[tuple[str, int | None]] = set()
        self._lost: dict[Path, OSError] = {}

    @contextlib.contextmanager
    def attempt(self, headline: str, path: Path | None = None) -> Generator[None]:
        """Write something in the block; where errors are warnings, warn if the disk refuses it.

        With a `path` it counts as lost until that file is written, since nothing else will write it.
        """
        try:
            yield
        except OSError as error:
            if self.is_raised:
                raise
            if path is not None:
                self._lost[path] = error
            self._warn_once(headline, error)
        else:
            if path is not None:
                self._lost.pop(path, None)

    def lost(self) -> list[Exception]:
        """Return why files were not written that were not written later either, an error each."""
        return list(self._lost.values())

    def warn_of_lost(self, problems: list[Exception]) -> list[Exception]:
        """Where errors are warnings, warn of what the disk has refused for good; return the others."""
        lost = [] if self.is_raised else [problem for problem in problems if isinstance(problem, OSError)]
        warn(LOST, lost)
        return [problem for problem in problems if problem not in lost]

    def _warn_once(self, headline: str, error: OSError) -> None:
        # A training may write a thousand times a second: one warning is enough for all of them.
        kind = (headline, error.errno)
        if kind not in self._warned:
            self._warned.add(kind)
            warn(headline, [error])


def check_on_error(on_error: str) -> None:
    """Raise `UnknownChoiceError`, a `ValueError`, for what is none of the choices."""
    if on_error not in ("raise", "warn"):
        raise UnknownChoiceError(f"expected on_error to be 'raise' or 'warn', got {on_error!r}")
