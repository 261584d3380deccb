"""The scores of a run while it goes on: whole lines, in order, whatever happens to the disk."""

from __future__ import annotations

import os
import threading
from collections import deque
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pyhermes.core.arrays.stack import to_number
from pyhermes.core.disk.atomic_writing import append_whole
from pyhermes.core.disk.opening import open_own_to_append
from pyhermes.core.disk.provenance import announce_scores, logs_scores
from pyhermes.core.disk.temporary import name_file
from pyhermes.core.errors import WrongTypeError
from pyhermes.core.messages import shown
from pyhermes.core.typing import ScalarLike

_READ_AT_ONCE = 4096

_LINES_AT_ONCE = 100
"""Bounds what is written again after a disk that was full takes lines once more."""


def format_score(score: ScalarLike) -> bytes:
    r"""Return a score as its line, from which exactly this float is read again.

    Raises `WrongTypeError`, a `TypeError`, for what is no number that a float holds.

    >>> format_score(0.1)
    b'0.1\n'
    """
    number = to_number(score)
    try:
        text = None if number is None else repr(float(number))
    except OverflowError:  # an integer beyond every float
        text = None
    if text is None:
        raise WrongTypeError(f"expected a number that a float holds as the score, got {shown(score)}")
    return f"{text}\n".encode()


def open_scores(path: Path, scores: Path) -> BinaryIO:
    """Open the scores of the run in a directory to append whole lines to them; unbuffered.

    A last line without its end is ended, or, where pyhermes had logged it, cut off.
    """
    file = open_own_to_append(scores.parent, scores.name)
    try:
        size = file.seek(0, os.SEEK_END)
        whole = _size_of_lines(file.fileno(), size)
        if whole < size:
            if logs_scores(path):
                os.ftruncate(file.fileno(), whole)
            else:
                append_whole(file, b"\n")
    except BaseException:
        file.close()
        raise
    return file


def _size_of_lines(descriptor: int, size: int) -> int:
    """Return how many bytes of a file are lines with an end."""
    # Read from the end: a file of scores may be large, and after a power failure end in many zeros.
    while size:
        start = max(0, size - _READ_AT_ONCE)
        end = os.pread(descriptor, _READ_AT_ONCE, start).rfind(b"\n")
        if end >= 0:
            return start + end + 1
        size = start
    return 0


class ScoreLog:
    """Appends lines to the scores of the run in a directory, with no gap and no half a line among them.

    A line that cannot be written is an `OSError`, and with `keeps` it waits for the next attempt.
    """

    def __init__(self, path: Path, scores: Path, *, keeps: bool) -> None:
        self._path = path
        self._scores = scores
        self._keeps = keeps
        self._file: BinaryIO | None = None
        self._is_announced = self._has_failed = False
        self._waiting: deque[bytes] = deque()
        self._lock = threading.RLock()

    def append(self, line: bytes) -> None:
        """Append a line, after those that wait; raises `OSError`."""
        with self._lock:
            try:
                self._write_waiting()
                self._write(line)
            except OSError:
                if self._keeps:
                    self._waiting.append(line)
                raise

    def close(self) -> None:
        """Append the lines that wait, and close the file; raises an `OSError` that says how many are lost."""
        with self._lock:
            try:
                self._write_waiting()
                if self._file is not None:
                    self._announce()
                    # Before the run says that it has finished, all of its scores are on disk.
                    os.fsync(self._file.fileno())
            except OSError as error:
                lost = f"{error.strerror or error}; scores lost at the end: {len(self._waiting)}"
                raise OSError(error.errno, lost, str(self._scores)) from error
            finally:
                self._close()

    def _write_waiting(self) -> None:
        while self._waiting:
            few = tuple(islice(self._waiting, _LINES_AT_ONCE))
            self._write(b"".join(few))
            for _ in few:
                self._waiting.popleft()

    def _write(self, lines: bytes) -> None:
        with name_file(self._scores):
            try:
                if self._file is None:
                    self._file = open_scores(self._path, self._scores)
                    self._announce()
                append_whole(self._file, lines)
            except OSError:  # opening the file again cuts off what may be left of a line
                self._has_failed = True
                self._close()
                raise
        if self._has_failed:
            self._has_failed = False
            self._announce()

    def _announce(self) -> None:
        """Note, once, that a last line without its end was cut off; where there is no room, try later."""
        self._is_announced = self._is_announced or (not self._has_failed and announce_scores(self._path))

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
