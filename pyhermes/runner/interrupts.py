"""Signals that ask a process to end: counted where jobs run, an exception where a script is recorded."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import final

_COUNTED = ("SIGINT", "SIGTERM", "SIGHUP")
_RAISED = ("SIGTERM", "SIGHUP")
"""SIGINT is an exception anyway."""


@final
class Interrupts:
    """How often this process was asked to end."""

    def __init__(self) -> None:
        self.count = 0


@contextlib.contextmanager
def count_interrupts() -> Generator[Interrupts]:
    """Count the signals that ask to end, where nobody else handles or ignores them.

    They are counted and not raised, since an exception could come anywhere, and twice.
    """
    interrupts = Interrupts()

    def count(_number: int, _frame: FrameType | None) -> None:
        interrupts.count += 1

    with _handle(_COUNTED, count):
        yield interrupts


@final
class EndedBySignal(BaseException):
    """A signal asked to end; raised where the script is, so that what it opened is closed."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number


@final
class EndingSignals:
    """Lets a signal end a block as an exception does, and then the process, as who sent it expects.

    SIGINT stays a KeyboardInterrupt, but like the others it waits while what was recorded is saved:
    whoever is impatient and presses Ctrl-C again shall not lose it.
    """

    def __init__(self) -> None:
        self.number: int = 0
        """The signal that came and was no KeyboardInterrupt, 0 if none has."""
        self._process = os.getpid()
        self._is_deferred = False

    def defer(self) -> None:
        """Let a signal that comes from now on wait for the end of the block."""
        self._is_deferred = True

    @contextlib.contextmanager
    def end_block(self) -> Generator[None]:
        """Raise `EndedBySignal` in the block when a signal comes, and end by that signal after it.

        Signals that somebody else handles stay theirs, and in another thread than the main one none
        can be handled.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        _blocks.append(self)
        try:
            with contextlib.suppress(EndedBySignal), _handle((*_RAISED, "SIGINT"), _receive):
                yield
        finally:
            _blocks.remove(self)
            self._end()

    def receive(self, number: int) -> None:
        """Take a signal: raise it, or where something is being saved, keep it for later."""
        is_fork = os.getpid() != self._process  # it has inherited the handler, but not the recording
        if not is_fork and any(block.is_deferred for block in _blocks):
            self.number = self.number or number
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        elif is_fork:
            end_by_signal(number)
        else:
            self.number = number
            raise EndedBySignal(number)

    @property
    def is_deferred(self) -> bool:
        """Whether signals wait, because what was recorded is being saved."""
        return self._is_deferred

    def _end(self) -> None:
        if not self.number:
            return
        if _blocks:  # the recording around this one is to end, too
            _blocks[-1].receive(self.number)
        elif self.number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            end_by_signal(self.number)


_blocks: list[EndingSignals] = []
"""The recordings of this process that go on in its main thread, the innermost last."""


def _receive(number: int, _frame: FrameType | None) -> None:
    _blocks[-1].receive(number)


def call_before_ending(action: Callable[[], None]) -> None:
    """Let SIGTERM call `action` before it ends this process, where nobody else handles it."""

    def call_and_end(number: int, _frame: FrameType | None) -> None:
        action()
        end_by_signal(number)

    for number in _find_free(_RAISED):
        signal.signal(number, call_and_end)


def end_by_signal(number: int) -> None:
    """End this process by a signal, whose handler is the system's again."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def exit_status_of(error: BaseException) -> int:
    """Return the exit status of a process that an exception ends, negative for a signal."""
    asyncio = sys.modules.get("asyncio")  # which ends what it runs by an error of its own
    if isinstance(error, KeyboardInterrupt) or (asyncio and isinstance(error, asyncio.CancelledError)):
        return -signal.SIGINT
    if isinstance(error, EndedBySignal):
        return -error.number
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        return int(error.code or 0) & 0xFF  # all that the system keeps of it
    return 1


@contextlib.contextmanager
def _handle(names: tuple[str, ...], handler: Callable[[int, FrameType | None], None]) -> Generator[None]:
    """Handle the signals of these names that are free, and leave them as they were."""
    before = {number: signal.getsignal(number) for number in _find_free(names)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            if signal.getsignal(number) == handler:  # else the block has set one of its own
                signal.signal(number, earlier)


def _find_free(names: tuple[str, ...]) -> list[signal.Signals]:
    """Find the signals of these names that nobody else handles or ignores, and that can be handled here."""
    if threading.current_thread() is not threading.main_thread():
        return []
    known = [signal.Signals[name] for name in names if name in signal.Signals.__members__]
    free = (signal.SIG_DFL, signal.default_int_handler)
    return [number for number in known if signal.getsignal(number) in free]
