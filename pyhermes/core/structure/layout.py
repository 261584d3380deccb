"""The layout of a class that arguments are read into, and what single lines were read as before.

`ExperimentList.structure` reads many thousands of runs into one class, and the runs of a sweep say the same
few things: the same options, each with few values. So two things are made once and kept. The layout of
a class, with its options and the readers of its types, is kept for the class. What a line such as
`--lr 0.1` is read as is kept with the layout, so that a run costs one look-up for each line and one call
of the class: 6 us for a run of eight arguments, instead of 44.

Only what a line says by itself is kept. Whatever takes a closer look (nested classes, a field that is
given twice, all that is wrong) is left to `ArgumentReading`, and a run that could be read either way
gives the same either way.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import PurePath
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, cast, final

import attrs

from pyhermes.core.errors import FieldError
from pyhermes.core.formats.exec_arguments import ExecArgs, is_option, split_argument
from pyhermes.core.messages import shown
from pyhermes.core.structure.fields import Field, fields_of, has_fields
from pyhermes.core.structure.marks import Flag, Positional, Secret
from pyhermes.core.structure.readers import make_reader
from pyhermes.core.structure.reading import Layout, Leaf, lay_out
from pyhermes.core.structure.word_leaves import WORDS, is_collection

FlagsOfFields: TypeAlias = Mapping[str, str | Iterable[str]]
"""Options by the dotted name of the field they are for."""

NO_FLAGS: FlagsOfFields = MappingProxyType({})

_MOST_LINES = 10_000
"""So many lines are remembered for a class: a sweep of seeds and rates has far fewer different ones."""
_LONGEST_LINE = 200
"""Longer lines, such as notes, are seldom the same, and would keep memory for nothing."""


@final
@attrs.frozen
class ArgumentLeaf(Leaf):
    """A field that holds one value, and the options that this may come from.

    Without options it is a positional. What is `many` takes any number of words, and as the last
    positional all the rest.
    """

    options: tuple[str, ...]
    many: bool


class KnownLine(NamedTuple):
    """What a line is read as, for which field; the name is None where no field takes it."""

    alias: str | None
    value: object


_Place: TypeAlias = str | tuple[int, str]
"""A line with an option; or a positional one, with its number among them."""


@final
@attrs.frozen
class ArgumentLayout:
    """An attrs class, with what each of its fields is read from.

    `known` is what lines were read as: None for a line that does not say it by itself.
    """

    tree: Layout[ArgumentLeaf]
    leaf_of_option: Mapping[str, ArgumentLeaf]
    positionals: tuple[ArgumentLeaf, ...]
    is_flat: bool
    known: dict[_Place, KnownLine | None] = attrs.field(
        init=False, factory=dict[_Place, "KnownLine | None"], eq=False, repr=False
    )


def layout_of(cls: type, flags: FlagsOfFields) -> ArgumentLayout:
    """Return the layout of a class, with other options for some of its fields.

    Raises `FieldError`, a `TypeError`, for a class that no arguments could be read into, and
    `MarkError`, a `ValueError`, for flags that are no options.
    """
    if flags is NO_FLAGS and has_fields(cls):
        return _layout_of(cls, ())
    fields_of(cls)
    named = ((field, (names,) if isinstance(names, str) else tuple(names)) for field, names in flags.items())
    return _layout_of(cls, tuple((field, Flag(*names).names) for field, names in named))


@functools.lru_cache(maxsize=256)
def _layout_of(cls: type, flags: tuple[tuple[str, tuple[str, ...]], ...]) -> ArgumentLayout:
    options = dict(flags)
    tree = lay_out(cls, _check_marks, functools.partial(_leaf, options))
    unknown = options.keys() - {leaf.path for leaf in tree.leaves}
    if unknown:
        raise FieldError(f"expected flags of fields of {cls.__qualname__}, got {shown(sorted(unknown))}")
    positionals = tuple(leaf for leaf in tree.leaves if not leaf.options)
    _check_positionals(cls, positionals)
    return ArgumentLayout(
        tree,
        leaf_of_option=_by_option(cls, tree.leaves),
        positionals=positionals,
        is_flat=all(field.nested is None for field, _ in tree.parts),
    )


def _check_marks(field: Field) -> None:
    marks = [mark for mark in field.marks if isinstance(mark, Flag | Positional)]
    if field.nested is not None and marks:
        raise FieldError(f"expected {shown(marks[0])} in the nested class, got it on a field of one")
    if len({type(mark) for mark in marks}) > 1:
        raise FieldError(f"expected either a Flag or Positional, got {shown(marks)}")
    if Secret() in field.marks and Positional() in field.marks:
        raise FieldError("expected Secret on a field with an option, got it on a positional")


def _leaf(flags: Mapping[str, tuple[str, ...]], field: Field, path: str) -> ArgumentLeaf:
    options = flags.get(path) or _options(field, path)
    read = make_reader(field.annotation, WORDS)
    return ArgumentLeaf(field, path, read, options, is_collection(field.annotation))


def _options(field: Field, path: str) -> tuple[str, ...]:
    names = [mark.names for mark in field.marks if isinstance(mark, Flag)]
    if names:
        return tuple(itertools.chain(*names))
    if Positional() in field.marks:
        return ()
    public = ".".join(name.lstrip("_") for name in path.split("."))
    return tuple(dict.fromkeys([f"--{public.replace('_', '-')}", f"--{public}", f"-{public}"]))


def _by_option(cls: type, leaves: Iterable[ArgumentLeaf]) -> Mapping[str, ArgumentLeaf]:
    leaf_of: dict[str, ArgumentLeaf] = {}
    for leaf in leaves:
        for option in leaf.options:
            if leaf_of.setdefault(option, leaf) is not leaf:
                raise FieldError(
                    f"expected each option for one field of {cls.__qualname__}, "
                    f"got {option} for {leaf_of[option].path} and {leaf.path}"
                )
    return leaf_of


def _check_positionals(cls: type, positionals: tuple[ArgumentLeaf, ...]) -> None:
    if any(leaf.many for leaf in positionals[:-1]):
        raise FieldError(
            f"expected only the last positional of {cls.__qualname__} to take all the rest, "
            f"got {[leaf.path for leaf in positionals]}"
        )


def read_known_lines(
    args: ExecArgs, layout: ArgumentLayout, *, forbid_extra: bool
) -> tuple[object, frozenset[str]] | None:
    """Return an instance from what lines were read as before, and the names of the fields with defaults.

    None for whatever takes a closer look.
    """
    if args.problems or not layout.is_flat:
        return None
    values: dict[str, object] = {}
    positionals = extra = 0
    for line in args.lines:
        place: _Place = line
        if line[0] != "-":
            place, positionals = (positionals, line), positionals + 1
        try:
            known = layout.known[place]
        except KeyError:
            known = _remember(layout, place, line)
        if known is None:
            return None
        alias, value = known
        if alias is None:
            extra += 1
        else:
            values[alias] = value
    if len(values) + extra < len(args.lines) or (extra and forbid_extra):
        return None
    return _make(layout.tree, values)


def _make(tree: Layout[ArgumentLeaf], values: Mapping[str, object]) -> tuple[object, frozenset[str]] | None:
    absent: list[ArgumentLeaf] = []
    if len(values) < len(tree.leaves):
        absent = [leaf for leaf in tree.leaves if leaf.field.alias not in values]
        if not all(leaf.field.has_default for leaf in absent):
            return None
    try:
        instance = tree.cls(**values)
    except Exception:  # noqa: BLE001 - whatever code of the user's raises; it is called again, and told
        return None
    return instance, frozenset([leaf.path for leaf in absent])


def _remember(layout: ArgumentLayout, place: _Place, line: str) -> KnownLine | None:
    known = _known_line(layout, place, line) if len(line) <= _LONGEST_LINE else None
    if len(layout.known) >= _MOST_LINES:
        layout.known.clear()
    layout.known[place] = known
    return known


def _known_line(layout: ArgumentLayout, place: _Place, line: str) -> KnownLine | None:
    name, *words = split_argument(line)
    if isinstance(place, tuple):
        leaf = layout.positionals[place[0]] if place[0] < len(layout.positionals) else None
        if leaf is None or leaf.many or words:
            return None
        words = [name]
    elif not is_option(name):
        return None
    else:
        leaf = layout.leaf_of_option.get(name)
    if leaf is None:
        return KnownLine(None, None)
    try:
        value = leaf.read(tuple(words))
    except ValueError:
        return None
    return KnownLine(leaf.field.alias, value) if _is_immutable(value) else None


def _is_immutable(value: object) -> bool:
    # a list that two runs shared could be changed through one of them
    if isinstance(value, tuple | frozenset):
        return all(map(_is_immutable, cast("Iterable[object]", value)))
    return value is None or isinstance(value, bool | int | float | str | PurePath | Enum)
