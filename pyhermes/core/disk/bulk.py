"""Reading small text files, one or very many.

A hundred thousand runs are as many files: each takes the fewest calls that tell that it is a regular
file and all of it was read, and where a call takes long, as on a network, many are under way at once.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from pyhermes.core.text.encoding import decode_text

if TYPE_CHECKING:
    pass


S = TypeVar("S")


T = TypeVar("T")


# where the system has them: never wait for the other end of a FIFO, never follow a link
NO_WAITING: int = getattr(os, "O_NONBLOCK", 0)


NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)


_TO_READ = os.O_RDONLY | NO_WAITING | NO_LINK


_SMALL = 4096


# unlike `read` it takes nothing out of a FIFO; Windows has neither
_read_beginning: Callable[[int, int, int], bytes] = getattr(
    os, "pread", lambda descriptor, most, _: os.read(descriptor, most)
)


_BLOCK, _SAMPLE = 2048, 16


_LONG = 0.0005


_AT_ONCE = 64


def read_each(read: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """What `read` gives for every item, in their order.

    The first few of every block are timed: where most of them take longer than a local disk would,
    the rest of the block is read in threads.

    >>> read_each(len, ["a", "bc"])
    [1, 2]
    """
    found: list[T] = []
    with collector_paused():
        for start in range(0, len(items), _BLOCK):
            _read_block(read, items[start : start + _BLOCK], found)
    return found


def _read_block(read: Callable[[S], T], block: Sequence[S], found: list[T]) -> None:
    seconds = []
    for item in block[:_SAMPLE]:
        begun = time.perf_counter()
        found.append(read(item))
        seconds.append(time.perf_counter() - begun)
    if sorted(seconds)[len(seconds) // 2] < _LONG:
        found.extend(map(read, block[_SAMPLE:]))
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE, "pyhermes reading") as pool:
        found.extend(pool.map(read, block[_SAMPLE:]))


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Look for no garbage among what is read: all of it stays, and the more the longer it would take."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def text_at_once(path: str) -> str | None:
    r"""The text of a small regular file that is no link; None for one that takes a closer look.

    What has as many bytes as its size says is a regular file: a device has no size, a FIFO no
    place to read from. Raises `OSError` where nothing can be read.

    >>> text_at_once("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa/exec_arguments")
    '-lr 0.001\n--seed 0\n-es 1.0\n-ee 0.01\n-ed 0.97\n'
    """
    descriptor = os.open(path, _TO_READ)
    try:
        data = _read_beginning(descriptor, _SMALL, 0)
        is_all = 0 < len(data) < _SMALL and os.lseek(descriptor, 0, os.SEEK_END) == len(data)
    finally:
        os.close(descriptor)
    return decode_text(data) if is_all else None
