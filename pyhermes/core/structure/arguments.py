"""Execution arguments into the user's own attrs class, and back into arguments.

The class is laid out once as a tree of leaves, each with the options it may come from and a reader
of its type; arguments are then looked up, read and put together. Whatever does not fit becomes an
`ArgumentProblem`, and all of a run's problems come in one `ArgumentsError`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast, final

import attrs

from pyhermes.core.errors import ArgumentsError, FieldError
from pyhermes.core.formats.exec_arguments import ExecArgs, in_file_order, is_option, split_argument
from pyhermes.core.messages import printable, reason_of, shown
from pyhermes.core.problems import ArgumentProblem
from pyhermes.core.runs.select import is_nan
from pyhermes.core.structure.annotations import type_text
from pyhermes.core.structure.fields import Field, fields_of, leaf_values
from pyhermes.core.structure.marks import Flag, Positional
from pyhermes.core.structure.words import Reader, is_collection, reader, words_of

T = TypeVar("T")
_T_co = TypeVar("_T_co", covariant=True)

FlagsOfFields: TypeAlias = Mapping[str, str | Iterable[str]]
"""Options by the dotted name of the field they are for."""

_FACTORY: Any = type(attrs.Factory(list))
_NO_FLAGS: FlagsOfFields = MappingProxyType({})
_MOST_KNOWN, _LONGEST_KNOWN = 10_000, 200


@final
@attrs.frozen
class StructuredArgs(Generic[_T_co]):
    """Arguments in the user's own class.

    `defaulted` has the dotted names of the fields whose arguments were absent, and which therefore
    hold the class's default.
    """

    args: _T_co
    defaulted: frozenset[str]


def structure_args(
    args: ExecArgs, cls: type[T], *, flags: FlagsOfFields = _NO_FLAGS, forbid_extra: bool = False
) -> T:
    r"""Read execution arguments into an attrs class.

    A field `learning_rate` takes the option `--learning-rate`, `--learning_rate` or
    `-learning_rate`; the field `lr` of a nested class in the field `opt` takes `--opt.lr`. `Flag`
    names other options in their place, `flags` (by the fields' dotted names) replaces both, and
    `Positional` takes arguments that are no options, in order. Types are read strictly: bool (bare,
    True, False, 1 or 0), int, float, str (exactly the text), Path, Enum (by value, else by name),
    Literal, lists, tuples and sets of these, and unions, tried from the narrowest. Fields without
    an argument take their defaults; other arguments are passed over, unless `forbid_extra`.

    Raises one `ArgumentsError`, a `ValueError`, whose `problems` are all that does not fit, and
    `FieldError`, a `TypeError`, for a class that no arguments could be read into.

    >>> from pyhermes.core import parse_exec_args
    >>> @attrs.frozen
    ... class Args:
    ...     learning_rate: float
    ...     layers: tuple[int, ...] = (64, 64)
    ...     doubledqn: bool = False
    >>> structure_args(parse_exec_args("--doubledqn\n--learning-rate 0.1"), Args)
    Args(learning_rate=0.1, layers=(64, 64), doubledqn=True)
    """
    return structured_args(args, cls, flags=flags, forbid_extra=forbid_extra).args


def structured_args(
    args: ExecArgs, cls: type[T], *, flags: FlagsOfFields = _NO_FLAGS, forbid_extra: bool = False
) -> StructuredArgs[T]:
    r"""As `structure_args`, with the names of the fields that were filled from defaults.

    >>> from pyhermes.core import parse_exec_args
    >>> @attrs.frozen
    ... class Args:
    ...     lr: float = 0.1
    ...     seed: int = 0
    >>> sorted(structured_args(parse_exec_args("--seed 0"), Args).defaulted)
    ['lr']
    """
    layout = _layout_of(cls, flags)
    known = _from_known_lines(args, layout, forbid_extra)
    if known is not None:
        return cast("StructuredArgs[T]", known)
    reading = _Reading(args, layout)
    instance = reading.fill(layout, None)
    if forbid_extra:
        expected = f"an argument that {cls.__qualname__} has a field for"
        extra = _lines_of(reading.extra)
        reading.problems.extend(ArgumentProblem("", line, line, expected) for line in extra)
    if reading.problems:
        raise _misfit(cls, tuple(reading.problems))
    return StructuredArgs(cast("T", instance), frozenset(reading.defaulted))


def unstructure_args(instance: object) -> tuple[tuple[str, ...], ...]:
    """The arguments, each as its words, that `structure_args` reads as an equal instance.

    True is a bare flag; False and None are left out where they are the default. Positionals come
    first, then flags, then options with values. Raises `ArgumentsError`, a `ValueError`, for an
    instance that no arguments give back, such as one with text where the class would read a number.

    >>> @attrs.frozen
    ... class Args:
    ...     learning_rate: float
    ...     layers: tuple[int, ...] = ()
    ...     doubledqn: bool = False
    >>> unstructure_args(Args(0.1, (32, 32), True))
    (('--doubledqn',), ('--learning-rate', '0.1'), ('--layers', '32', '32'))
    """
    layout = _layout_of(type(instance), {})
    values = leaf_values(instance)
    lines = [
        line for leaf in layout.leaves if leaf.path in values for line in _lines(leaf, values[leaf.path])
    ]
    ordered = in_file_order(lines)
    _check_back(instance, values, ordered)
    return ordered


@final
@attrs.frozen
class _Leaf:
    """A field that holds one value, `path` being its dotted name, and where the value comes from.

    Without options it is a positional. What is `many` takes any number of words, and as the last
    positional all the rest.
    """

    field: Field
    path: str
    options: tuple[str, ...]
    many: bool
    read: Reader


@final
@attrs.frozen
class _Layout:
    """An attrs class with what each of its fields is read from; `leaves` are those below it, too."""

    cls: type
    path: str
    parts: tuple[tuple[Field, _Leaf | _Layout], ...]
    leaves: tuple[_Leaf, ...]
    path_of_option: Mapping[str, str]
    positionals: tuple[_Leaf, ...]
    is_flat: bool
    known: dict[str | tuple[int, str], _KnownLine | None] = attrs.field(factory=dict, eq=False, repr=False)


_Options: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
_ByField: TypeAlias = Mapping[str, tuple[str, ...]]


def _layout_of(cls: type, flags: FlagsOfFields) -> _Layout:
    if flags is _NO_FLAGS and isinstance(cls, type):
        return _layout(cls, ())
    fields_of(cls)
    named = ((field, (names,) if isinstance(names, str) else tuple(names)) for field, names in flags.items())
    return _layout(cls, tuple((field, Flag(*names).names) for field, names in named))


@functools.lru_cache(maxsize=256)
def _layout(cls: type, flags: _Options) -> _Layout:
    layout = _lay_out(cls, "", dict(flags), ())
    unknown = dict(flags).keys() - {leaf.path for leaf in layout.leaves}
    if unknown:
        raise FieldError(f"expected flags of fields of {cls.__qualname__}, got {shown(sorted(unknown))}")
    _check_options(layout)
    return layout


def _lay_out(
    cls: type, prefix: str, flags: Mapping[str, tuple[str, ...]], above: tuple[type, ...]
) -> _Layout:
    if cls in above:
        raise FieldError(f"expected nested classes that end, got {cls.__qualname__} within itself")
    parts = tuple((field, _part(field, prefix, flags, (*above, cls))) for field in fields_of(cls))
    below = ((part,) if isinstance(part, _Leaf) else part.leaves for _, part in parts)
    leaves = tuple(itertools.chain(*below))
    return _Layout(
        cls,
        path=prefix.rstrip("."),
        parts=parts,
        leaves=leaves,
        path_of_option={option: leaf.path for leaf in leaves for option in leaf.options},
        positionals=tuple(leaf for leaf in leaves if not leaf.options),
        is_flat=all(isinstance(part, _Leaf) for _, part in parts),
    )


def _part(field: Field, prefix: str, flags: _ByField, above: tuple[type, ...]) -> _Leaf | _Layout:
    path = prefix + field.name
    where = f"{above[-1].__qualname__}.{field.name}"
    _check_marks(field, where)
    if field.nested is not None:
        return _lay_out(field.nested, f"{path}.", flags, above)
    try:
        read = reader(field.annotation)
    except FieldError as error:
        raise FieldError(f"{where}: {error.message}") from None
    options = flags.get(path) or _options(field, path)
    return _Leaf(field, path, options, is_collection(field.annotation), read)


def _check_marks(field: Field, where: str) -> None:
    marks = [mark for mark in field.marks if isinstance(mark, Flag | Positional)]
    if field.nested is not None and marks:
        raise FieldError(f"{where}: expected {shown(marks[0])} in the nested class, got it on a field of one")
    if len({type(mark) for mark in marks}) > 1:
        raise FieldError(f"{where}: expected either a Flag or Positional, got {shown(marks)}")


def _options(field: Field, path: str) -> tuple[str, ...]:
    names = [mark.names for mark in field.marks if isinstance(mark, Flag)]
    if names:
        return tuple(itertools.chain(*names))
    if Positional() in field.marks:
        return ()
    public = ".".join(name.lstrip("_") for name in path.split("."))
    return tuple(dict.fromkeys([f"--{public.replace('_', '-')}", f"--{public}", f"-{public}"]))


def _check_options(layout: _Layout) -> None:
    taken: dict[str, str] = {}
    for leaf in layout.leaves:
        for option in leaf.options:
            if taken.setdefault(option, leaf.path) != leaf.path:
                raise FieldError(
                    f"expected each option for one field of {layout.cls.__qualname__}, "
                    f"got {option} for {taken[option]} and {leaf.path}"
                )
    if any(leaf.many for leaf in layout.positionals[:-1]):
        raise FieldError(
            f"expected only the last positional of {layout.cls.__qualname__} to take all the rest, "
            f"got {[leaf.path for leaf in layout.positionals]}"
        )


class _Given(NamedTuple):
    """An argument that was given for a field: which and the whole line, its name, and its words."""

    number: int
    line: str
    name: str
    words: list[str]


class _Reading:
    """One run's arguments while they are read into a class, with what has come to light so far."""

    def __init__(self, args: ExecArgs, layout: _Layout) -> None:
        self.problems = [
            ArgumentProblem("", None, problem.value, problem.expected) for problem in args.problems
        ]
        self.defaulted: list[str] = []
        self.given: dict[str, list[_Given]] = {}
        self.extra: list[_Given] = []
        positionals: list[_Given] = []
        for number, (line, (name, *words)) in enumerate(zip(args.lines, args.words, strict=True)):
            path = layout.path_of_option.get(name)
            if path is not None:
                self.given.setdefault(path, []).append(_Given(number, line, name, words))
            elif is_option(name):
                self.extra.append(_Given(number, line, name, words))
            else:
                positionals.extend(_Given(number, line, "", [word]) for word in (name, *words))
        self._give_positionals(layout, positionals)

    def _give_positionals(self, layout: _Layout, positionals: list[_Given]) -> None:
        for leaf in layout.positionals:
            count = None if leaf.many else 1
            if positionals[:count]:
                self.given[leaf.path] = positionals[:count]
            positionals[:count] = []
        self.extra.extend(positionals)

    def fill(self, layout: _Layout, default: object) -> object:
        """The instance of a class, from a default one where there is one; None if something is wrong."""
        values: dict[str, object] = {}
        for field, part in layout.parts:
            if isinstance(part, _Leaf):
                self._fill_leaf(values, part, default)
            else:
                self._fill_nested(values, field, part, default)
        if self.problems:
            return None
        make = layout.cls if default is None else functools.partial(attrs.evolve, cast("Any", default))
        return self._made(layout, lambda: make(**values), values)

    def _made(self, layout: _Layout, make: Callable[[], object], values: Mapping[str, object]) -> object:
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - whatever code of the user's raises
            expected = f"values that {layout.cls.__qualname__} takes ({reason_of(error)})"
            held = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
            self.problems.append(ArgumentProblem(layout.path, None, held, expected))
            return None

    def _fill_leaf(self, values: dict[str, object], leaf: _Leaf, default: object) -> None:
        given = self.given.get(leaf.path)
        if given is not None:
            self._read(values, leaf, given)
        elif leaf.field.has_default or default is not None:
            self.defaulted.append(leaf.path)
        else:
            self._read_nothing(values, leaf)

    def _read_nothing(self, values: dict[str, object], leaf: _Leaf) -> None:
        """All the rest of the positionals may be none; anything else is missing."""
        try:
            if leaf.many and not leaf.options:
                values[leaf.field.alias] = leaf.read(())
                return
        except ValueError:
            pass  # a tuple of some length
        expected = f"{type_text(leaf.field.annotation)} as {' or '.join(leaf.options) or 'a positional'}"
        self.problems.append(ArgumentProblem(leaf.path, None, None, expected))

    def _read(self, values: dict[str, object], leaf: _Leaf, given: list[_Given]) -> None:
        words = tuple(word for one in given for word in one.words)
        spelled = dict.fromkeys(one.name for one in given)
        once_bare = not leaf.many and len({bool(one.words) for one in given}) > 1
        if len(spelled) == 1 and not once_bare:
            with contextlib.suppress(ValueError):
                values[leaf.field.alias] = leaf.read(words)
                return
        one_name = f"only one of {' and '.join(spelled)}"
        expected = one_name if len(spelled) > 1 else type_text(leaf.field.annotation)
        lines, value = "\n".join(_lines_of(given)), " ".join(words) if words else None
        self.problems.append(ArgumentProblem(leaf.path, lines, value, expected))

    def _fill_nested(self, values: dict[str, object], field: Field, part: _Layout, default: object) -> None:
        given = any(leaf.path in self.given for leaf in part.leaves)
        if not given and (field.has_default or default is not None):
            self.defaulted.extend(leaf.path for leaf in part.leaves)
        else:
            inner = getattr(default, field.name) if default else self._made(part, _default_of(field), {})
            values[field.alias] = self.fill(part, inner if isinstance(inner, part.cls) else None)


class _KnownLine(NamedTuple):
    """What one line of arguments is read as, for which field; for none where no field takes it."""

    alias: str | None
    value: object


def _from_known_lines(args: ExecArgs, layout: _Layout, forbid_extra: bool) -> StructuredArgs[object] | None:
    """Arguments whose lines were read before, as the runs of a sweep all say the same few things.

    None for whatever takes a closer look: nested classes, a field given twice, and all that is wrong.
    """
    if args.problems or not layout.is_flat:
        return None
    values: dict[str, object] = {}
    positionals = extra = 0
    for line in args.lines:
        place: str | tuple[int, str] = line
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
    return _made_at_once(layout, values)


def _made_at_once(layout: _Layout, values: Mapping[str, object]) -> StructuredArgs[object] | None:
    absent = []
    if len(values) < len(layout.leaves):
        absent = [leaf for leaf in layout.leaves if leaf.field.alias not in values]
        if not all(leaf.field.has_default for leaf in absent):
            return None
    try:
        instance = layout.cls(**values)
    except Exception:  # noqa: BLE001 - whatever code of the user's raises; it is asked again, and told
        return None
    return StructuredArgs(instance, frozenset([leaf.path for leaf in absent]))


def _remember(layout: _Layout, place: str | tuple[int, str], line: str) -> _KnownLine | None:
    known = _known_line(layout, place, line) if len(line) <= _LONGEST_KNOWN else None
    if len(layout.known) >= _MOST_KNOWN:
        layout.known.clear()
    layout.known[place] = known
    return known


def _known_line(layout: _Layout, place: str | tuple[int, str], line: str) -> _KnownLine | None:
    """What a line is read as; a positional has its number in its `place`."""
    name, *words = split_argument(line)
    if isinstance(place, tuple):
        leaf = layout.positionals[place[0]] if place[0] < len(layout.positionals) else None
        if leaf is None or leaf.many or words:
            return None
        words = [name]
    elif not is_option(name):
        return None
    else:
        leaf = next((leaf for leaf in layout.leaves if name in leaf.options), None)
    if leaf is None:
        return _KnownLine(None, None)
    try:
        value = leaf.read(tuple(words))
    except ValueError:
        return None
    return _KnownLine(leaf.field.alias, value) if _cannot_be_changed(value) else None


def _cannot_be_changed(value: object) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_cannot_be_changed, value))
    return value is None or isinstance(value, bool | int | float | str | PurePath | Enum)


def _lines_of(given: Iterable[_Given]) -> list[str]:
    """The lines of some arguments, each once."""
    return list({one.number: one.line for one in given}.values())


def _default_of(field: Field) -> Callable[[], object]:
    """What makes the default that a field has on its own, None where it has none."""
    default: Any = field.default
    if isinstance(default, _FACTORY):
        return (lambda: None) if default.takes_self else default.factory
    return lambda: default


def _misfit(cls: type, problems: tuple[ArgumentProblem, ...]) -> ArgumentsError:
    headline = f"expected arguments that fit {cls.__qualname__}, got {len(problems)} that do not:"
    return ArgumentsError(printable("\n  ".join([headline, *map(str, problems)])), problems=problems)


def _lines(leaf: _Leaf, value: object) -> Iterator[tuple[str, ...]]:
    is_default = leaf.field.default is value
    if is_default and (value is None or (value is False and leaf.options and "." not in leaf.path)):
        return
    if leaf.options:
        yield (leaf.options[0], *words_of(value))
    else:
        yield from ((word,) for word in (["True"] if value is True else words_of(value)))


def _check_back(instance: object, values: Mapping[str, object], lines: Iterable[Iterable[str]]) -> None:
    cls = type(instance)
    try:
        back = structure_args(ExecArgs(map(shlex.join, lines)), cls)
    except ArgumentsError as error:
        raise ArgumentsError(f"expected values that arguments can say, but {error.message}") from None
    if not _is_same(back, instance):
        held = leaf_values(back)
        wrong = {
            name: value
            for name, value in values.items()
            if name not in held or not _is_same(value, held[name])
        }
        raise ArgumentsError(
            f"expected values that are read back as they are, got {shown(wrong or instance)}"
        )


def _is_same(a: object, b: object) -> bool:
    """Whether two values are equal, containers also in type; NaN is itself, and a bool no number."""
    if attrs.has(type(a)) or isinstance(a, list | tuple):
        return type(a) is type(b) and all(map(_is_same, _parts_of(a), _parts_of(b)))
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return (is_nan(a) and is_nan(b)) or bool(a == b)


def _parts_of(value: Any) -> list[object]:
    if isinstance(value, list | tuple):
        return [len(value), *value]
    return [getattr(value, field.name) for field in attrs.fields(type(value)) if field.init]
