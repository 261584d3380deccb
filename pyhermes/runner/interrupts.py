"""Signals that ask to end, counted instead of raised: an exception could come anywhere, twice."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_ASKING = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupts:
    """How often it was asked to end."""

    def __init__(self) -> None:
        self.count = 0


@contextlib.contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Count SIGINT, SIGTERM and SIGHUP, where nobody else handles or ignores them."""
    interrupts = Interrupts()

    def count(_number: int, _frame: FrameType | None) -> None:
        interrupts.count += 1

    before = {number: signal.getsignal(number) for number in _free_signals()}
    for number in before:
        signal.signal(number, count)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_signals() -> list[signal.Signals]:
    if threading.current_thread() is not threading.main_thread():
        return []
    known = [getattr(signal, name) for name in _ASKING if hasattr(signal, name)]
    free = (signal.SIG_DFL, signal.default_int_handler)
    return [number for number in known if signal.getsignal(number) in free]
