"""What becomes of a recording that the disk refuses: an error, or a warning and another attempt."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import final

import attrs

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

    def attempt(self, headline: str, path: Path | None = None) -> _Attempt:
        """What writes something; with a `path`, nobody but the user can write it again."""
        return _Attempt(self, headline, path)

    def has_lost(self, path: Path) -> bool:
        """Whether a file was not written, and not written again either."""
        return path in self._lost

    def lost(self) -> list[Exception]:
        """Why such files were not written, an error each."""
        return list(self._lost.values())

    def meet(self, error: OSError, headline: str, path: Path | None) -> None:
        """Warn of an error, if it is the first of its kind."""
        if path is not None:
            self._lost[path] = error
        kind = (headline, error.errno)
        if kind not in self._warned:
            self._warned.add(kind)
            warn(headline, [error])

    def forget(self, path: Path | None) -> None:
        """Take note that it has been written after all."""
        if path is not None:
            self._lost.pop(path, None)


@final
@attrs.frozen
class _Attempt:
    trouble: WriteErrors
    headline: str
    path: Path | None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        if error is None:
            self.trouble.forget(self.path)
        if self.trouble.is_raised or not isinstance(error, OSError):
            return False
        self.trouble.meet(error, self.headline, self.path)
        return True


def check_on_error(on_error: str) -> None:
    """Raise `UnknownChoiceError`, a `ValueError`, for what is none of the choices."""
    if on_error not in ("raise", "warn"):
        raise UnknownChoiceError(f"expected on_error to be 'raise' or 'warn', got {on_error!r}")
