"""Marks that a user writes into `Annotated[...]`, to say where the value of a field comes from."""

from __future__ import annotations

from typing import TypeAlias, final

import attrs

from pyhermes.core.errors import MarkError
from pyhermes.core.formats.exec_arguments import is_option, split_argument
from pyhermes.core.messages import shown
from pyhermes.core.public import public

Length: TypeAlias = int | str
"""A length of an array's dimension: a number, or a name for whatever it is."""


def _check_options(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not all(map(_is_option_name, names)):
        raise MarkError(f"expected names of options, such as '--lr' or '-l', got {shown(names)}")
    return names


def _is_option_name(name: object) -> bool:
    return (
        isinstance(name, str)
        and is_option(name)
        and split_argument(name) == (name,)
        and name.strip("-") != ""
    )


def _check_lengths(lengths: tuple[Length, ...]) -> tuple[Length, ...]:
    if not all(map(_is_length, lengths)):
        raise MarkError(f"expected lengths or names of them, such as Shape('steps', 2), got {shown(lengths)}")
    return lengths


def _is_length(length: object) -> bool:
    if isinstance(length, str):
        return length.isidentifier()
    return isinstance(length, int) and not isinstance(length, bool) and length >= 0


@final
@public("pyhermes")
@attrs.frozen(init=False)
class Flag:
    """The field's options on the command line, in place of those that its name gives.

    Several names keep runs readable that were recorded before an option was renamed; what is
    written takes the first. Raises `MarkError`, a `ValueError`, for what names no option.

    >>> Flag("-lr", "--learning-rate").names
    ('-lr', '--learning-rate')
    """

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", _check_options(names))


@final
@public("pyhermes")
@attrs.frozen
class Positional:
    """The field takes the next argument that is no option, or, being a tuple or list, all the rest."""


@final
@public("pyhermes")
@attrs.frozen
class Replicate:
    """The field distinguishes repeats of one configuration, such as a seed."""


@final
@public("pyhermes")
@attrs.frozen
class Key:
    """The field's key in a result, where that is no name that a field can have.

    >>> Key("return").name
    'return'
    """

    name: str


@final
@public("pyhermes")
@attrs.frozen(init=False)
class Shape:
    """How many dimensions an array has, and how long they are.

    A number is a length; a name is a length that is the same wherever the name stands in the class.
    Raises `MarkError`, a `ValueError`, for anything else.

    >>> Shape("steps", 2).lengths
    ('steps', 2)
    """

    lengths: tuple[Length, ...]

    def __init__(self, *lengths: Length) -> None:
        object.__setattr__(self, "lengths", _check_lengths(lengths))


@final
@public("pyhermes")
@attrs.frozen
class Secret:
    """The value of the field's option is recorded as `***`, whatever its name is."""


Mark: TypeAlias = Flag | Positional | Replicate | Key | Shape | Secret
