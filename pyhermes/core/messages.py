"""Values and exceptions as text that is safe to show: short, on one line, without control characters."""

from __future__ import annotations

import reprlib

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 78
_SHORT.maxlevel = 3


def shown(value: object) -> str:
    """`repr(value)` for messages: shortened where it is long or deep, and never an error itself.

    >>> shown("x" * 500)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    """
    try:
        return _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - whatever a stranger's __repr__ raises
        return f"an object of type {type(value).__qualname__}"


def reason_of(error: BaseException) -> str:
    """What an exception of anybody's says, and which one it is if it says nothing.

    >>> reason_of(ValueError("too small")), reason_of(ValueError())
    ('too small', 'ValueError')
    """
    said = [argument for argument in error.args[:1] if isinstance(argument, str) and argument]
    return said[0] if said else ": ".join([type(error).__name__, *map(shown, error.args)])


def _printable(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def printable(value: object) -> str:
    r"""`str(value)` with its control characters escaped, but for new lines: it may go to a terminal.

    >>> printable("\x1b[31mred")
    '\\x1b[31mred'
    """
    lines = str(value).split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_printable, line)) for line in lines)
