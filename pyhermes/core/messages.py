"""Values and exceptions as text for messages: short, and safe to print to a terminal.

What is shown comes from files that anybody may have written. None of these functions raises.
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

_SHORT = reprlib.Repr()  # a message shows about one line of a terminal of every value
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 78
_SHORT.maxlevel = 3


def shown(value: object) -> str:
    """Return `repr(value)`, shortened where it is long or deep.

    >>> shown("x" * 500)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    """
    try:
        return _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - whatever a stranger's __repr__ raises
        return f"an object of type {type(value).__qualname__}"


def reason_of(error: BaseException) -> str:
    """Return an exception's message, or its type's name if it has none.

    >>> reason_of(ValueError("too small")), reason_of(ValueError())
    ('too small', 'ValueError')
    """
    message = error.args[0] if error.args else None
    if isinstance(message, str) and message:
        return message
    return ": ".join([type(error).__name__, *map(shown, error.args)])


def printable(value: object) -> str:
    r"""Return `str(value)` with its control characters escaped, except for newlines.

    Printed as they are, the escape sequences in a file could rewrite what a terminal shows.

    >>> printable("\x1b[31mred")
    '\\x1b[31mred'
    """
    lines = str(value).split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_escape, line)) for line in lines)


def list_first(items: Sequence[object], most: int) -> list[str]:
    """Return the first items as text, and how many more there are: a stranger's file may hold any number.

    >>> list_first(["a", "b", "c"], 2)
    ['a', 'b', '... and 1 more']
    """
    left_out = len(items) - most
    more = [f"... and {left_out} more"] if left_out > 0 else []
    return [*map(str, items[:most]), *more]


def _escape(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]
