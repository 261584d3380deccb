"""The one error that reading a file of `torch.save` ends in."""

from __future__ import annotations


class UnsafeFileError(Exception):
    """The file is damaged, or contains something that is never read; the message says what."""
