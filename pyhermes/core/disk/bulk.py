"""Reading small text files, one or very many.

A hundred thousand runs are as many files: each takes the fewest calls that show that it is a regular
file and was read whole, and where a call takes long, as on a network, many run at once.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from pyhermes.core.text.encoding import decode_text

S = TypeVar("S")
T = TypeVar("T")

# where the system has them: never wait for the other end of a FIFO, never follow a link
NO_WAITING: int = getattr(os, "O_NONBLOCK", 0)
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)

_TO_READ = os.O_RDONLY | NO_WAITING | NO_LINK
_SMALL = 4096  # bytes; nearly every `hermes.info` and `exec_arguments` is smaller
_BLOCK = 2048  # items, before whether the disk is slow is measured again
_SAMPLE = 16  # items of a block that are timed
_LONG = 0.0005  # seconds for an item; a local disk takes a tenth of it, a network many times as long
_AT_ONCE = 64  # threads, which wait for the network and take no processor

# unlike `read` it takes nothing out of a FIFO; Windows has neither
_read_beginning: Callable[[int, int, int], bytes] = getattr(
    os, "pread", lambda descriptor, most, _: os.read(descriptor, most)
)


def read_each(read: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """Return what `read` returns for every item, in their order.

    The first few items of every block are timed: if most of them take longer than on a local disk,
    the rest of the block is read in threads.

    >>> read_each(len, ["a", "bc"])
    [1, 2]
    """
    found: list[T] = []
    with pause_collector():
        for start in range(0, len(items), _BLOCK):
            _read_block(read, items[start : start + _BLOCK], found)
    return found


def _read_block(read: Callable[[S], T], block: Sequence[S], found: list[T]) -> None:
    seconds: list[float] = []
    for item in block[:_SAMPLE]:
        started = time.perf_counter()
        found.append(read(item))
        seconds.append(time.perf_counter() - started)
    if sorted(seconds)[len(seconds) // 2] < _LONG:
        found.extend(map(read, block[_SAMPLE:]))
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE, "pyhermes reading") as pool:
        found.extend(pool.map(read, block[_SAMPLE:]))


@contextlib.contextmanager
def pause_collector() -> Generator[None, None, None]:
    """Pause the garbage collector: nothing read here is garbage, and each pass would rescan it all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_text_at_once(path: str) -> str | None:
    r"""Read the text of a small regular file that is not a link; None for one that needs a closer look.

    A file that yields as many bytes as its size says is a regular file: a device has no size, and a
    FIFO no position to read from. Raises `OSError` if nothing can be read.

    >>> read_text_at_once("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa/exec_arguments")
    '-lr 0.001\n--seed 0\n-es 1.0\n-ee 0.01\n-ed 0.97\n'
    """
    descriptor = os.open(path, _TO_READ)
    try:
        data = _read_beginning(descriptor, _SMALL, 0)
        is_all = 0 < len(data) < _SMALL and os.lseek(descriptor, 0, os.SEEK_END) == len(data)
    finally:
        os.close(descriptor)
    return decode_text(data) if is_all else None
