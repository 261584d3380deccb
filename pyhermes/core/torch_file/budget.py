"""How much memory the values in a file may take: a multiple of its size, and a bit.

Bytes that a file holds once and refers to often (a storage of many tensors, a text of many arrays) are
few in the file and many in memory. Whatever would be a copy of them is paid for here first.
"""

from __future__ import annotations

from pyhermes.core.torch_file.errors import UnsafeFileError

FREE_MEMORY = 48 << 20
"""What a file may take whatever its size: small files may well refer to one thing often."""

# Each element is there once in a series, and once more while that is stacked.
_TIMES_THE_FILE = 2


class MemoryBudget:
    """The memory that reading one file may still take."""

    def __init__(self, file_size: int) -> None:
        self._file_size = file_size
        self._left = _TIMES_THE_FILE * file_size + FREE_MEMORY
        self._widened = False
        self._used: set[int] = set()

    def spend(self, nbytes: int) -> None:
        """Take some bytes; raise `UnsafeFileError` where they are not left."""
        self._left -= nbytes
        if self._left < 0:
            raise UnsafeFileError("it needs far more memory than the file's size (possible memory bomb)")

    def spend_repeated(self, raw: bytes) -> None:
        """Take the memory of an array of some bytes, if another array was made of the same ones."""
        if id(raw) in self._used:  # an array refers to its bytes, so that none other gets their id
            self.spend(2 * len(raw))
        self._used.add(id(raw))

    def allow_widening(self) -> None:
        """Allow for bfloat16: its two bytes become the four of float32, in every tensor of the file."""
        if not self._widened:
            self._left += _TIMES_THE_FILE * self._file_size
            self._widened = True
