"""Arguments in a class of the user's own: laws, tried on classes that hypothesis makes up."""

from __future__ import annotations

import itertools
import keyword
import math
from collections.abc import Callable, Iterator
from enum import Enum, IntEnum
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal, NewType, Sequence, TypeAlias  # noqa: UP035

import attrs
import pytest
from hypothesis import given, strategies as st

from pyhermes.core import (
    ArgumentProblem,
    ArgumentsError,
    Flag,
    Positional,
    Replicate,
    StructuredArgs,
    format_exec_args,
    parse_exec_args,
    structure_args,
    structured_args,
    unstructure_args,
)
from pyhermes.core.formats.exec_arguments import is_option
from pyhermes.core.structure.fields import leaf_values
from pyhermes.core.structure.word_leaves import words_of
from pyhermes.core.text.numbers import parse_integer
from tests.property import strategies


class Algo(Enum):
    DQN = "dqn"
    DDQN = "double dqn"
    ODD = "-x"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Color(str, Enum):  # noqa: UP042 - as many are written
    RED = "r"
    ONE = "1"


Seed = NewType("Seed", int)


@attrs.frozen
class Kind:
    """A type of a field, with values that arguments can say."""

    annotation: Any
    values: st.SearchStrategy[Any]


texts = strategies.texts.filter(lambda text: "\n" not in text)
words = st.one_of(
    texts, st.sampled_from(["", "007", "-1", "--x", "None", "True", "nan", "a b", "it's", "x=1"])
)
integers = st.integers(-(2**70), 2**70)

SCALARS = [
    Kind(bool, st.booleans()),
    Kind(int, integers),
    Kind(float, st.floats()),
    Kind(str, words),
    Kind(Path, words.map(Path)),
    Kind(Algo, st.sampled_from(Algo)),
    Kind(Level, st.sampled_from(Level)),
    Kind(Color, st.sampled_from(Color)),
    Kind(Literal["a", "b c", ""], st.sampled_from(["a", "b c", ""])),
    Kind(Literal[1, 2, "three", True, False], st.sampled_from([1, 2, "three", True, False])),
    Kind(Literal[Algo.DQN, "x"], st.sampled_from([Algo.DQN, "x"])),
    Kind(Seed, integers),
    Kind(Annotated[float, "a rate"], st.floats()),
    Kind(bool | int, st.booleans() | integers),
    Kind(int | float, integers | st.floats()),
    Kind(int | str, integers | words.filter(lambda word: parse_integer(word) is None)),
    Kind(float | Literal["auto"], st.floats() | st.just("auto")),
]


def _of(collection: Any, kind: Kind, *more: object) -> Any:
    return collection[(kind.annotation, *more)] if more else collection[kind.annotation]


def collections_of(kind: Kind) -> list[Kind]:
    several = st.lists(kind.values, max_size=4)
    without_nan = kind.values.filter(lambda value: value == value)  # which may be in a set more than once
    return [
        Kind(_of(tuple, kind, ...), several.map(tuple)),
        Kind(_of(list, kind), several),
        Kind(_of(set, kind), st.sets(without_nan, max_size=3)),
        Kind(_of(frozenset, kind), st.frozensets(without_nan, max_size=3)),
        Kind(_of(Sequence, kind), several.map(tuple)),
        Kind(_of(tuple, kind, int), st.tuples(kind.values, integers)),
        Kind(int | _of(list, kind), integers),
    ]


COLLECTIONS = list(itertools.chain(*map(collections_of, SCALARS)))
KINDS = [*SCALARS, *COLLECTIONS, Kind(tuple[()], st.just(()))]

pieces = st.sampled_from(["lr", "seed", "x", "é", "inf", "nan", "e5", "_", "__", "1", "if", "Ab"])
names = st.lists(pieces, min_size=1, max_size=3).map("".join).filter(
    lambda name: name.isidentifier()
    and name.lstrip("_").isidentifier()
    and not keyword.iskeyword(name.lstrip("_"))
)  # fmt: skip


@attrs.frozen
class Sample:
    """A class that was made up, and instances of it."""

    cls: type
    instances: st.SearchStrategy[Any]


def _is_no_option(value: object) -> bool:
    return not any(map(is_option, ["True"] if value is True else words_of(value)))


@attrs.frozen
class _Drawn:
    annotation: Any
    values: st.SearchStrategy[Any]
    settings: dict[str, Any]
    place: int  # positionals without a default come first, then what has none, then the rest


@st.composite
def classes(
    draw: Any, depth: int = 2, counter: Iterator[int] | None = None, positionals: bool = True
) -> Sample:
    numbers = itertools.count() if counter is None else counter
    drawn: dict[str, _Drawn] = {}
    public = st.lists(names, min_size=1, max_size=4, unique_by=lambda name: name.lstrip("_"))
    for name in draw(public):
        nested = depth > 0 and draw(st.integers(0, 3)) == 0
        drawn[name] = (
            _nested(draw, depth, numbers, positionals) if nested else _leaf(draw, numbers, positionals)
        )
    ordered = sorted(drawn.items(), key=lambda item: item[1].place)
    kw_only = draw(st.booleans())
    attributes = {
        name: attrs.field(type=one.annotation, kw_only=kw_only, **one.settings) for name, one in ordered
    }
    cls = attrs.make_class("Made", attributes, frozen=draw(st.booleans()))
    values = st.fixed_dictionaries({name.lstrip("_"): one.values for name, one in ordered})
    return Sample(cls, values.map(lambda given: cls(**given)))


def _leaf(draw: Callable[..., Any], numbers: Iterator[int], positionals: bool) -> _Drawn:
    kind = draw(st.one_of(st.just(SCALARS[0]), st.sampled_from(SCALARS), st.sampled_from(KINDS)))
    mark = draw(st.sampled_from([None, "a note", Replicate, Positional, Flag]))
    if mark is Positional and positionals:
        kind = draw(st.one_of(st.just(SCALARS[0]), st.sampled_from(SCALARS)))
        said, settings = kind.values.filter(_is_no_option), {}
        if draw(st.booleans()):
            settings["default"] = draw(said)
        return _Drawn(Annotated[kind.annotation, Positional], said, settings, 2 if settings else 0)
    if mark is Flag:
        dashes = draw(st.lists(st.sampled_from(["-", "--"]), min_size=1, max_size=2))
        mark = Flag(*(f"{dash}o{next(numbers)}" for dash in dashes))
    mark = None if mark is Positional else mark
    annotation: Any = kind.annotation if mark is None else Annotated[kind.annotation, mark]
    how = draw(st.sampled_from(["required", "default", "factory", "optional"]))
    if how == "required":
        return _Drawn(annotation, kind.values, {}, 1)
    if how == "optional":
        bare: Any = kind.annotation | None
        return _Drawn(
            bare if mark is None else Annotated[bare, mark], kind.values | st.none(), {"default": None}, 2
        )
    value = draw(kind.values)
    return _Drawn(
        annotation, kind.values, {"default": value} if how == "default" else {"factory": lambda: value}, 2
    )


def _nested(draw: Callable[..., Any], depth: int, numbers: Iterator[int], positionals: bool) -> _Drawn:
    how = draw(st.sampled_from(["required", "default", "factory", "optional"]))
    # a positional that is left out with its class would not hold its place
    sample = draw(classes(depth - 1, numbers, positionals and how != "optional"))
    if how == "required":
        return _Drawn(sample.cls, sample.instances, {}, 1)
    # None beneath a default that holds something else, and an instance that is nothing but None, cannot be said
    said = sample.instances.filter(lambda instance: None not in leaf_values(instance).values())
    if how == "optional":
        optional: Any = sample.cls | None
        return _Drawn(optional, said | st.none(), {"default": None}, 2)
    value = draw(sample.instances)
    return _Drawn(sample.cls, said, {"default": value} if how == "default" else {"factory": lambda: value}, 2)


def same(a: object, b: object) -> bool:
    """Equal, as Python says, but for NaN, which is equal to itself here, and bool, which is no number."""
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def same_instance(a: object, b: object) -> bool:
    of_a, of_b = leaf_values(a), leaf_values(b)
    return (
        type(a) is type(b)
        and of_a.keys() == of_b.keys()
        and all(same(of_a[name], of_b[name]) for name in of_a)
    )


@pytest.mark.slow
@given(st.data(), classes())
def test_what_an_instance_is_written_as_is_read_as_the_instance(data: st.DataObject, sample: Sample) -> None:
    instance = data.draw(sample.instances)
    lines = unstructure_args(instance)
    args = parse_exec_args(format_exec_args(lines))
    assert args.words == lines
    found: StructuredArgs[Any] = structured_args(args, sample.cls, forbid_extra=True)
    assert same_instance(found.args, instance)
    values = leaf_values(instance)
    assert all(values.get(name) in (None, False) for name in found.defaulted)
    assert unstructure_args(found.args) == lines


anything = st.one_of(
    words,
    integers,
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(max_size=2),
    st.sampled_from([*Algo, *Level, *Color, Path("a"), Path("-b"), object(), int]),
)
anything_at_all = st.one_of(
    anything,
    st.lists(anything, max_size=3),
    st.lists(anything, max_size=3).map(tuple),
    st.frozensets(anything, max_size=3),
    st.lists(st.lists(anything, max_size=1), max_size=1),
    st.dictionaries(words, anything, max_size=1),
)


@given(st.sampled_from(KINDS), st.sampled_from([None, Positional]), anything_at_all, anything_at_all)
def test_an_instance_is_written_only_if_it_would_be_read_as_it_is(
    kind: Kind, mark: object, value: object, default: object
) -> None:
    annotation: Any = kind.annotation if mark is None else Annotated[kind.annotation, mark]
    choices: list[dict[str, Any]] = [{}, {"default": default}]
    for settings in choices:
        cls: Any = attrs.make_class("Made", {"x": attrs.field(type=annotation, **settings)})
        try:
            lines = unstructure_args(cls(value))
        except ArgumentsError:
            continue
        assert same_instance(structure_args(parse_exec_args(format_exec_args(lines)), cls), cls(value))


@attrs.frozen
class Adam:
    lr: float = 0.1
    nesterov: bool = False


@attrs.frozen
class Noted:
    note: str


@attrs.frozen
class Options:
    a: int = 1
    b: tuple[float, ...] = ()
    c_d: str | None = None
    e: bool | int = False
    f: Literal["x", 1] | None = None
    g: Annotated[Algo | float, Flag("-lr", "--lr")] = Algo.DQN
    _h: set[int] = attrs.field(factory=set)
    i: Adam = Adam(0.5)
    j: Adam | None = None


@attrs.frozen
class Positionals:
    a: Annotated[int, Positional]
    b: Annotated[str, Positional] = ""
    c: Annotated[tuple[Path, ...], Positional] = ()
    d: bool = False


def _first_only(pair: tuple[int, str]) -> Any:
    return pair[:1]


@attrs.frozen
class Strict:
    a: int = attrs.field(validator=attrs.validators.gt(0))
    b: tuple[int, str] = attrs.field(default=(1, ""), converter=_first_only)
    c: Annotated[tuple[int, str], Positional] = (1, "")


SPELLINGS = {
    "a": ["--a", "-a"],
    "b": ["--b", "-b"],
    "c_d": ["--c-d", "--c_d", "-c_d"],
    "e": ["--e", "-e"],
    "f": ["--f", "-f"],
    "g": ["-lr", "--lr"],
    "_h": ["--h", "-h"],
    "i.lr": ["--i.lr", "-i.lr"],
    "i.nesterov": ["--i.nesterov", "-i.nesterov"],
    "j.lr": ["--j.lr", "-j.lr"],
    "j.nesterov": ["--j.nesterov", "-j.nesterov"],
}
options = st.sampled_from(list(itertools.chain(*SPELLINGS.values())))
few_words = (
    st.sampled_from(["1", "0", "-1", "0.5", "x", "dqn", "True", "False", "", "nan", "a b", "None", "'"])
    | words
)
lines = st.builds(lambda option, values: [option, *values], options, st.lists(few_words, max_size=2))
argument_texts = st.one_of(
    st.text(max_size=100),
    strategies.argument_lines.map(format_exec_args),
    st.lists(lines | st.lists(few_words, min_size=1, max_size=2), max_size=5).map(format_exec_args),
)


Outcome: TypeAlias = StructuredArgs[Any] | tuple[ArgumentProblem, ...]


def outcome(text: str, cls: Any, *, forbid_extra: bool = False) -> Outcome:
    try:
        return structured_args(parse_exec_args(text), cls, forbid_extra=forbid_extra)
    except ArgumentsError as error:
        return error.problems


@given(argument_texts, st.sampled_from([Options, Positionals, Strict]), st.booleans())
def test_any_arguments_fit_or_give_problems(text: str, cls: Any, forbid_extra: bool) -> None:
    found = outcome(text, cls, forbid_extra=forbid_extra)
    if isinstance(found, StructuredArgs):
        assert type(found.args) is cls
        assert found.defaulted <= leaf_values(found.args).keys() | {"j.lr", "j.nesterov"}
    else:
        assert found
        lines_of_problems = [str(problem.argument or "").split("\n") for problem in found]
        assert set(itertools.chain(*lines_of_problems)) <= parse_exec_args(text).exec_args | {""}
        assert all(str(problem).isprintable() for problem in found)


@pytest.mark.slow
@given(argument_texts, classes())
def test_any_arguments_fit_or_give_problems_in_any_class(text: str, sample: Sample) -> None:
    found = outcome(text, sample.cls)
    assert found
    if isinstance(found, StructuredArgs):
        assert type(found.args) is sample.cls


@given(st.lists(lines, max_size=5).map(format_exec_args))
def test_what_was_absent_and_nothing_else_is_from_a_default(text: str) -> None:
    given_names = parse_exec_args(text).values.keys()
    absent = {name for name, spellings in SPELLINGS.items() if not given_names & set(spellings)}
    found = outcome(text, Options)
    if isinstance(found, StructuredArgs):
        assert found.defaulted == absent
        values, defaults = leaf_values(found.args), leaf_values(Options())
        assert all(values[name] == defaults[name] for name in absent & defaults.keys() - {"j"})
    else:
        assert not {problem.field for problem in found} & absent


@given(st.lists(lines, max_size=4, unique_by=lambda line: line[0]), st.randoms(use_true_random=False))
def test_the_order_of_options_does_not_matter(given_lines: list[list[str]], random: Random) -> None:
    shuffled = random.sample(given_lines, len(given_lines))
    found, again = (outcome(format_exec_args(some), Options) for some in (given_lines, shuffled))
    assert _fields(found) == _fields(again)


def _fields(found: Outcome) -> object:
    return repr(found.args) if isinstance(found, StructuredArgs) else {problem.field for problem in found}


@given(words)
def test_text_is_read_exactly(text: str) -> None:
    args = parse_exec_args(format_exec_args([("--c-d", text)]))
    assert structure_args(args, Options).c_d == text


@given(st.text(max_size=20))
def test_any_text_is_a_word_of_an_argument(text: str) -> None:
    assert unstructure_args(Noted(text)) == (("--note", text),)
