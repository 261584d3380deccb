"""Execution arguments into the user's own class, and back into arguments.

Whatever does not fit becomes an `ArgumentProblem`, and all of a run's problems come in one
`ArgumentsError`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeAlias, TypeVar, cast, final

import attrs

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.formats.exec_arguments import ExecArgs, in_file_order, is_option
from pyhermes.core.messages import printable, shown
from pyhermes.core.problems import ArgumentProblem
from pyhermes.core.public import public
from pyhermes.core.runs.select import is_nan
from pyhermes.core.structure.annotations import type_text
from pyhermes.core.structure.fields import Field, has_fields, leaf_values, values_of
from pyhermes.core.structure.layout import (
    NO_FLAGS,
    ArgumentLayout,
    ArgumentLeaf,
    FlagsOfFields,
    layout_of,
    read_known_lines,
)
from pyhermes.core.structure.reading import Layout, Reading, leaves_of
from pyhermes.core.structure.word_leaves import words_of, write_option
from pyhermes.core.text.quoting import Words

T = TypeVar("T")
_T_co = TypeVar("_T_co", covariant=True)


@final
@public("pyhermes.core")
@attrs.frozen
class StructuredArgs(Generic[_T_co]):
    """Arguments in the user's own class.

    `defaulted` has the dotted names of the fields whose arguments were absent, and which therefore
    hold the class's default.
    """

    args: _T_co
    defaulted: frozenset[str]


def structure_args(
    args: ExecArgs, cls: type[T], *, flags: FlagsOfFields = NO_FLAGS, forbid_extra: bool = False
) -> T:
    r"""Read execution arguments into an attrs class.

    A field `learning_rate` takes the option `--learning-rate`, `--learning_rate` or
    `-learning_rate`; the field `lr` of a nested class in the field `opt` takes `--opt.lr`. `Flag`
    names other options in their place, `flags` (by the fields' dotted names) replaces both, and
    `Positional` takes arguments that are no options, in order. Types are read strictly: bool (bare,
    True, False, 1 or 0), int, float, str (exactly the text), Path, Enum (by value, else by name),
    Literal, lists, tuples and sets of these, and unions, tried from the narrowest. Fields without
    an argument take their defaults; other arguments are ignored, unless `forbid_extra`.

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
    args: ExecArgs, cls: type[T], *, flags: FlagsOfFields = NO_FLAGS, forbid_extra: bool = False
) -> StructuredArgs[T]:
    r"""Read execution arguments as `structure_args`, and name the fields that hold their defaults.

    >>> from pyhermes.core import parse_exec_args
    >>> @attrs.frozen
    ... class Args:
    ...     lr: float = 0.1
    ...     seed: int = 0
    >>> sorted(structured_args(parse_exec_args("--seed 0"), Args).defaulted)
    ['lr']
    """
    layout = layout_of(cls, flags)
    known = read_known_lines(args, layout, forbid_extra=forbid_extra)
    if known is not None:
        instance, defaulted = known
        return StructuredArgs(cast("T", instance), defaulted)
    reading = ArgumentReading(args, layout)
    instance = reading.fill(layout.tree, reading.given)
    if forbid_extra:
        reading.refuse_extra(cls)
    if reading.problems:
        raise _error_of(cls, tuple(reading.problems))
    return StructuredArgs(cast("T", instance), frozenset(reading.defaulted))


def unstructure_args(instance: object) -> tuple[Words, ...]:
    """Return the arguments, each as its words, that `structure_args` reads as an equal instance.

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
    tree = layout_of(type(instance), NO_FLAGS).tree
    values = leaf_values(instance)
    lines = [line for leaf in tree.leaves if leaf.path in values for line in _lines(leaf, values[leaf.path])]
    ordered = in_file_order(lines)
    _check_read_back(instance, values, ordered)
    return ordered


class GivenArgument(NamedTuple):
    """An argument that was given for a field: which one it is, the whole line, its name, and its words."""

    number: int
    line: str
    name: str
    words: list[str]


_Given: TypeAlias = Mapping[str, list[GivenArgument]]
"""The arguments for each leaf, by its dotted name."""


@final
class ArgumentReading(Reading[ArgumentLeaf, _Given, ArgumentProblem]):
    """One run's arguments while they are read into a class.

    `given` are the arguments by the dotted name of the field that takes them.
    """

    def __init__(self, args: ExecArgs, layout: ArgumentLayout) -> None:
        super().__init__()
        self.problems.extend(
            ArgumentProblem("", None, problem.value, problem.expected) for problem in args.problems
        )
        self.given: dict[str, list[GivenArgument]] = {}
        self._extra: list[GivenArgument] = []
        self._sort(args, layout)

    def refuse_extra(self, cls: type) -> None:
        """Make a problem of each argument that no field took."""
        expected = f"an argument that {cls.__qualname__} has a field for"
        lines = _lines_of(self._extra)
        self.problems.extend(ArgumentProblem("", line, line, expected) for line in lines)

    def is_given(
        self,
        field: Field,
        part: ArgumentLeaf | Layout[ArgumentLeaf],
        given: _Given,
    ) -> bool:
        """Whether there is an argument for a field, or for one in the class that it holds."""
        return any(leaf.path in given for leaf in leaves_of(part))

    def read_leaf(self, leaf: ArgumentLeaf, given: _Given) -> object:
        """Return the value of a field; every argument has to use the same option."""
        arguments = given[leaf.path]
        words = tuple(word for argument in arguments for word in argument.words)
        names = dict.fromkeys(argument.name for argument in arguments)
        is_bare_once = not leaf.many and len({bool(argument.words) for argument in arguments}) > 1
        if len(names) == 1 and not is_bare_once:
            try:
                return leaf.read(words)
            except ValueError:
                pass  # told below
        one_name = f"only one of {' and '.join(names)}"
        expected = one_name if len(names) > 1 else type_text(leaf.field.annotation)
        lines, value = "\n".join(_lines_of(arguments)), " ".join(words) if words else None
        self.problems.append(ArgumentProblem(leaf.path, lines, value, expected))
        return None

    def read_nested(
        self,
        field: Field,
        part: Layout[ArgumentLeaf],
        given: _Given,
        default: object,
    ) -> object:
        """Return the class in a field, changed from the default that it has above, or by itself."""
        inner = self.make(part, field.make_default, {}) if default is None else getattr(default, field.name)
        return self.fill(part, given, inner if isinstance(inner, part.cls) else None)

    def read_missing(
        self,
        field: Field,
        part: ArgumentLeaf | Layout[ArgumentLeaf],
        given: _Given,
    ) -> object:
        """Return a class whose fields may all have defaults, or no positionals; else there is a problem."""
        if isinstance(part, Layout):
            return self.fill(part, given)
        if part.many and not part.options:
            try:
                return part.read(())
            except ValueError:
                pass  # a tuple of a fixed length
        expected = f"{type_text(field.annotation)} as {' or '.join(part.options) or 'a positional'}"
        self.problems.append(ArgumentProblem(part.path, None, None, expected))
        return None

    def refusal(
        self, layout: Layout[ArgumentLeaf], values: Mapping[str, object], reason: str
    ) -> ArgumentProblem:
        """Return the problem that a class does not take its values."""
        held = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
        expected = f"values that {layout.cls.__qualname__} takes ({reason})"
        return ArgumentProblem(layout.path, None, held, expected)

    def _sort(self, args: ExecArgs, layout: ArgumentLayout) -> None:
        positionals: list[GivenArgument] = []
        for number, (line, (name, *words)) in enumerate(zip(args.lines, args.words, strict=True)):
            leaf = layout.leaf_of_option.get(name)
            if leaf is not None:
                self.given.setdefault(leaf.path, []).append(GivenArgument(number, line, name, words))
            elif is_option(name):
                self._extra.append(GivenArgument(number, line, name, words))
            else:
                positionals.extend(GivenArgument(number, line, "", [word]) for word in (name, *words))
        for leaf in layout.positionals:
            count = None if leaf.many else 1
            if positionals[:count]:
                self.given[leaf.path] = positionals[:count]
            positionals[:count] = []
        self._extra.extend(positionals)


def _lines_of(arguments: Iterable[GivenArgument]) -> list[str]:
    """Return the lines of some arguments, each once."""
    return list({argument.number: argument.line for argument in arguments}.values())


def _error_of(cls: type, problems: tuple[ArgumentProblem, ...]) -> ArgumentsError:
    headline = f"expected arguments that fit {cls.__qualname__}, got {len(problems)} that do not:"
    return ArgumentsError(printable("\n  ".join([headline, *map(str, problems)])), problems=problems)


def _lines(leaf: ArgumentLeaf, value: object) -> Iterator[Words]:
    is_default = leaf.field.default is value
    if is_default and (value is None or (value is False and leaf.options and "." not in leaf.path)):
        return
    if leaf.options:
        yield write_option(leaf.options[0], value)
    else:
        yield from ((word,) for word in (["True"] if value is True else words_of(value)))


def _check_read_back(instance: object, values: Mapping[str, object], lines: Iterable[Words]) -> None:
    try:
        back = structure_args(ExecArgs(map(shlex.join, lines)), type(instance))
    except ArgumentsError as error:
        message = "\n  ".join(["cannot be written as command-line arguments:", *map(str, error.problems)])
        raise ArgumentsError(printable(message)) from None
    if not _is_same(back, instance):
        held = leaf_values(back)
        wrong = {
            name: value
            for name, value in values.items()
            if name not in held or not _is_same(value, held[name])
        }
        raise ArgumentsError(
            "cannot be written as command-line arguments: "
            f"{shown(wrong or instance)} would be read back as something else"
        )


def _is_same(a: object, b: object) -> bool:
    """Whether two values are equal, containers also in type; NaN is itself, and a bool no number."""
    parts = _parts_of(a)
    if parts is not None:
        return type(a) is type(b) and all(map(_is_same, parts, _parts_of(b) or ()))
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return (is_nan(a) and is_nan(b)) or bool(a == b)


def _parts_of(value: object) -> list[object] | None:
    if isinstance(value, list | tuple):
        parts = list(cast("Iterable[object]", value))
        return [len(parts), *parts]
    return values_of(value) if has_fields(type(value)) else None
