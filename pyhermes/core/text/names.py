"""The names that pyhermes gives to files and directories."""

from __future__ import annotations

import os

from pyhermes.core.text.encoding import can_be_encoded, encode_text

LONGEST_NAME = 255  # bytes, on every common file system


def is_name(name: str) -> bool:
    r"""Return whether a file or directory can have a name: one line, without a slash.

    >>> is_name("dqn vs ddqn"), is_name("a/b"), is_name("a\nb"), is_name("x" * 256)
    (True, False, False, False)
    """
    if not name or name in (".", "..") or os.sep in name or any(c in "/\x7f" or c < " " for c in name):
        return False
    return can_be_encoded(name) and len(encode_text(name)) <= LONGEST_NAME
