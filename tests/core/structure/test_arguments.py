from __future__ import annotations

import copy
import math
import pickle
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NewType, Sequence, TypeVar  # noqa: UP035

import attrs
import numpy as np
import pytest
from attrs import validators
from typing_extensions import TypeAliasType

from pyhermes.core import (
    ArgumentProblem,
    ArgumentsError,
    ExecArgs,
    FieldError,
    Flag,
    HermesError,
    MarkError,
    Positional,
    Problem,
    Replicate,
    StructuredArgs,
    format_exec_args,
    parse_exec_args,
    structure_args,
    structured_args,
    unstructure_args,
)
from tests.conftest import DOUBLE, EXAMPLES

T = TypeVar("T")
Rate: Any = Annotated[float, Flag("-lr", "--learning-rate")]
Seed = NewType("Seed", int)
Gamma = TypeAliasType("Gamma", Annotated[float, Flag("-g")])


class Algo(Enum):
    DQN = "dqn"
    DDQN = "ddqn"


@attrs.frozen
class Issue:
    lr: Annotated[float, Flag("-lr")]
    seed: Annotated[int, Replicate]
    layers: tuple[int, ...] = (64, 64)
    doubledqn: bool = False
    algo: Literal["dqn", "ddqn"] = "dqn"


@attrs.frozen
class Real:
    lr: Rate
    seed: int
    layers: tuple[int, ...] = ()
    doubledqn: bool = False
    es: float = 0.0
    crash: bool = False


@attrs.frozen
class Adam:
    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    amsgrad: bool = False


@attrs.frozen
class Scheduler:
    opt: Adam
    steps: int = 10


@attrs.frozen
class Nested:
    opt: Adam = Adam(0.1, amsgrad=True)
    spare: Adam | None = None
    made: Adam = attrs.field(factory=lambda: Adam(0.2))
    _plan: Scheduler = Scheduler(Adam(0.3), 20)


@attrs.frozen
class Files:
    source: Annotated[Path, Positional]
    count: Annotated[int, Positional] = 1
    rest: Annotated[tuple[str, ...], Positional] = ()
    verbose: bool = False


@attrs.frozen
class Recursive:
    x: int = 0
    below: Recursive | None = None


@attrs.frozen
class Box(Generic[T]):
    x: T


def field(annotation: Any, **settings: Any) -> Any:
    return attrs.field(type=annotation, **settings)


def made(annotation: Any, **settings: Any) -> Any:
    """A class with one field, `x`."""
    return attrs.make_class("Args", {"x": field(annotation, **settings)}, frozen=True)


def read(text: str, cls: Any, **settings: Any) -> Any:
    return structure_args(parse_exec_args(text), cls, **settings)


def problems(text: str, cls: Any, **settings: Any) -> tuple[ArgumentProblem, ...]:
    with pytest.raises(ArgumentsError) as error:
        structured_args(parse_exec_args(text), cls, **settings)
    assert isinstance(error.value, ValueError)
    assert error.value.problems
    return error.value.problems


def what_is_wrong_with(cls: Any, **settings: Any) -> str:
    with pytest.raises(FieldError) as error:
        structure_args(ExecArgs(), cls, **settings)
    assert isinstance(error.value, TypeError)
    assert isinstance(error.value, HermesError)
    return str(error.value)


def written(instance: object) -> tuple[tuple[str, ...], ...]:
    """The arguments of an instance, which give back an equal one."""
    lines = unstructure_args(instance)
    assert structure_args(parse_exec_args(format_exec_args(lines)), type(instance)) == instance
    return lines


def why_not_written(instance: object) -> str:
    with pytest.raises(ArgumentsError) as error:
        unstructure_args(instance)
    return str(error.value)


# --------------------------------------------------------------------------- one field and its options


def test_a_real_run() -> None:
    text = (EXAMPLES / "runs" / DOUBLE / "exec_arguments").read_text()
    found: StructuredArgs[Any] = structured_args(parse_exec_args(text), Real)
    assert found == StructuredArgs(Real(0.001, 2, (32, 32), True, 1.0), frozenset({"crash"}))


def test_absent_arguments_take_their_defaults_and_say_so() -> None:
    found: StructuredArgs[Any] = structured_args(parse_exec_args("-lr 0.1\n--seed 0\n--algo dqn"), Issue)
    assert found == StructuredArgs(Issue(0.1, 0), frozenset({"layers", "doubledqn"}))
    assert structure_args(parse_exec_args("-lr 0.1\n--seed 0"), Issue) == Issue(0.1, 0)


@pytest.mark.parametrize("option", ["--learning-rate", "--learning_rate", "-learning_rate"])
def test_options_by_the_name_of_a_field(option: str) -> None:
    cls = attrs.make_class("Args", {"learning_rate": field(float)})
    for text in (f"{option} 0.1", f"{option}=0.1", f"{option} '0.1'"):
        assert read(text, cls) == cls(0.1)


@pytest.mark.parametrize(
    "text", ["-learning-rate 1", "--learning-_rate 1", "---learning-rate 1", "learning_rate 1"]
)
def test_what_is_no_option_of_a_field(text: str) -> None:
    cls = attrs.make_class("Args", {"learning_rate": field(float)})
    expected = "float as --learning-rate or --learning_rate or -learning_rate"
    assert problems(text, cls) == (ArgumentProblem("learning_rate", None, None, expected),)


def test_a_flag_replaces_the_name_and_flags_replace_both() -> None:
    cls = made(Rate, default=0.5)
    assert read("-lr 0.1", cls) == read("--learning-rate 0.1", cls) == cls(0.1)
    assert read("--x 0.1", cls) == cls(0.5)
    assert read("-l 0.1", cls, flags={"x": "-l"}) == cls(0.1)
    assert read("--rate 0.1", cls, flags={"x": ("-l", "--rate")}) == cls(0.1)
    assert read("-lr 0.1", cls, flags={"x": ["-l"]}) == cls(0.5)
    assert read("-lr 0.1", cls) == cls(0.1)


def test_flags_of_a_nested_field_and_of_a_positional() -> None:
    assert read("-lr 0.7", Nested, flags={"opt.lr": "-lr"}).opt == Adam(0.7, amsgrad=True)
    assert read("--from a\n7", Files, flags={"source": "--from"}) == Files(Path("a"), 7)


def test_flags_of_several_annotations_add_up() -> None:
    cls = made(Annotated[Rate, Flag("--rate")])
    assert read("-lr 1", cls) == read("--rate 1", cls) == cls(1.0)


def test_an_option_that_is_named_twice_is_one() -> None:
    cls = made(Annotated[Annotated[int, Flag("-x")], Flag("-x", "-y")])
    assert read("-x 1", cls) == cls(1)
    assert read("-z 1", cls, flags={"x": ("-z", "-z")}) == cls(1)


def test_two_spellings_in_one_run() -> None:
    assert problems("--x 1\n--y 2\n-x 1", made(int)) == (
        ArgumentProblem("x", "--x 1\n-x 1", "1 1", "only one of --x and -x"),
    )


def test_a_repeated_option_has_all_values() -> None:
    cls = made(list[int])
    assert read("--x 1 2\n--y\n--x 3\n--x", cls) == cls([1, 2, 3])
    expected = (ArgumentProblem("x", "--x 1\n--x 1", "1 1", "int"),)
    assert problems("--x 1\n--x 1", made(int)) == expected


def test_a_bare_option_beside_one_with_a_value_is_no_value() -> None:
    expected = (ArgumentProblem("x", "--x\n--x False", "False", "bool"),)
    assert problems("--x\n--x False", made(bool)) == expected


def test_a_bare_option() -> None:
    assert read("--x", made(bool)).x is True
    assert read("--x\n--x", made(bool)).x is True
    assert read("--x", made(list[int])).x == []
    assert problems("--x", made(int)) == (ArgumentProblem("x", "--x", None, "int"),)


def test_an_equals_sign_without_a_value_gives_empty_text() -> None:
    assert read("--x=", made(str)).x == ""
    assert problems("--x=", made(int)) == (ArgumentProblem("x", "--x=", "", "int"),)


def test_values_may_be_quoted_and_begin_with_a_dash() -> None:
    assert read("--x 'a b' -c", made(tuple[str, ...])).x == ("a b", "-c")
    assert read("--x -0.5", made(float)).x == -0.5


@pytest.mark.parametrize(
    ("annotation", "text", "value", "expected"),
    [
        (int, "--x 3.5", "3.5", "int"),
        (int, "--x 1_000", "1_000", "int"),
        (int, "--x ٣", "٣", "int"),
        (float, "--x x", "x", "float"),
        (bool, "--x yes", "yes", "bool"),
        (int | None, "--x None", "None", "int | None"),
        (Algo, "--x sarsa", "sarsa", "Algo ('dqn', 'ddqn')"),
        (Literal["a", 1], "--x b", "b", "Literal['a', 1]"),
        (float | Literal["auto"], "--x Auto", "Auto", "float | Literal['auto']"),
        (tuple[int, str], "--x 1", "1", "tuple[int, str]"),
        (tuple[()], "--x 1", "1", "tuple[()]"),
        (list[int], "--x 1 b", "1 b", "list[int]"),
        (Path, "--x a b", "a b", "Path"),
        (Annotated[Seed, "doc"], "--x b", "b", "int"),
        (Gamma, "-g b", "b", "float"),
    ],
)
def test_a_value_of_another_type(annotation: Any, text: str, value: str, expected: str) -> None:
    assert problems(text, made(annotation)) == (ArgumentProblem("x", text, value, expected),)


# ---------------------------------------------------------------------------- all kinds of attrs fields


def test_private_renamed_and_keyword_only_fields_and_those_that_init_does_not_take() -> None:
    cls = attrs.make_class(
        "Args",
        {
            "_secret": field(int),
            "renamed": field(int, alias="other", default=0),
            "computed": field(int, init=False, default=7),
            "late": field(int, kw_only=True),
        },
    )
    found: StructuredArgs[Any] = structured_args(
        parse_exec_args("--secret 1\n--renamed 2\n--late 3\n--computed 8\n--other 9"), cls
    )
    assert found.args == cls(1, 2, late=3)
    assert found.defaulted == frozenset()
    assert problems("", cls)[0] == ArgumentProblem("_secret", None, None, "int as --secret or -secret")
    assert written(cls(1, 2, late=3)) == (("--secret", "1"), ("--renamed", "2"), ("--late", "3"))


def test_converters_get_what_was_read() -> None:
    cls = made(tuple[int, ...], converter=sorted)
    assert read("--x 2 1", cls).x == [1, 2]


@pytest.mark.parametrize(
    ("validator", "text"),
    [
        (validators.ge(3), "'x' must be >= 3: 1"),
        (validators.in_([3, 4]), "'x' must be in [3, 4] (got 1)"),
        (validators.instance_of(str), "'x' must be <class 'str'> (got 1 that is a <class 'int'>)."),
    ],
)
def test_a_validator_that_raises(validator: Any, text: str) -> None:
    cls = made(int, validator=validator)
    expected = f"values that Args takes ({text})"
    assert problems("--x 1", cls) == (ArgumentProblem("", None, "x=1", expected),)


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "error", [ValueError, KeyError, RecursionError, AssertionError, UnspeakableError, StopIteration]
)
def test_whatever_a_class_raises_is_a_problem(error: type[Exception]) -> None:
    def refuse(*_: object) -> None:
        raise error

    for settings in ({"validator": refuse}, {"converter": refuse}, {"default": attrs.Factory(refuse)}):
        (problem,) = problems("" if "default" in settings else "--x 1", made(int, **settings))
        assert problem.expected.startswith("values that Args takes")


def test_a_factory_that_raises_while_its_nested_field_is_given() -> None:
    def refuse() -> Adam:
        raise RuntimeError("no default today")

    (problem,) = problems("--x.lr 1", made(Adam, factory=refuse))
    assert "no default today" in problem.expected


def test_a_validator_of_a_nested_class_is_told_by_its_name() -> None:
    inner = made(int, validator=validators.ge(3))
    outer = attrs.make_class("Outer", {"opt": field(inner), "y": field(int)})
    assert problems("--opt.x 1\n--y z", outer) == (
        ArgumentProblem("opt", None, "x=1", "values that Args takes ('x' must be >= 3: 1)"),
        ArgumentProblem("y", "--y z", "z", "int"),
    )


def test_defaults_that_are_made() -> None:
    cls = attrs.make_class(
        "Args",
        {
            "a": field(int),
            "b": field(list[int], factory=list),
            "c": field(int, default=attrs.Factory(lambda self: self.a + 1, takes_self=True)),
        },
    )
    found: StructuredArgs[Any] = structured_args(parse_exec_args("--a 1"), cls)
    assert found == StructuredArgs(cls(1, [], 2), frozenset({"b", "c"}))
    assert structure_args(parse_exec_args("--a 1"), cls).b is not found.args.b


def test_aliases_of_types() -> None:
    cls = attrs.make_class(
        "Args",
        {
            "gamma": field(Gamma),
            "seed": field(Seed),
            "seeds": field(tuple[Seed, ...]),
            "spare": field(Seed | None, default=None),
        },
    )
    assert read("-g 0.9\n--seed 1\n--seeds 1 2\n--spare 3", cls) == cls(0.9, 1, (1, 2), 3)


@pytest.mark.parametrize("annotation", [Gamma | None, list[Gamma], tuple[Gamma, ...]])
def test_a_mark_in_an_alias_within_brackets(annotation: Any) -> None:
    assert what_is_wrong_with(made(annotation)) == (
        "Args.x: expected Flag(names=('-g',)) outside of all other brackets, got it within a type"
    )


# -------------------------------------------------------------------------------------- nested classes


def test_nested_fields_by_dotted_names() -> None:
    assert read("--opt.lr 0.1\n--opt.betas 0.5 0.6\n--opt.amsgrad\n--steps 3", Scheduler) == Scheduler(
        Adam(0.1, (0.5, 0.6), True), 3
    )
    assert read("--plan.opt.lr 0.1", Nested)._plan == Scheduler(Adam(0.1), 20)


def test_a_nested_field_begins_with_the_default_instance_of_its_parent() -> None:
    found: StructuredArgs[Any] = structured_args(parse_exec_args("--opt.lr 0.7\n--plan.steps 5"), Nested)
    assert found.args == Nested(opt=Adam(0.7, amsgrad=True), plan=Scheduler(Adam(0.3), 5))
    assert found.defaulted == {
        "opt.betas", "opt.amsgrad", "spare.lr", "spare.betas", "spare.amsgrad", "made.lr", "made.betas",
        "made.amsgrad", "_plan.opt.lr", "_plan.opt.betas", "_plan.opt.amsgrad",
    }  # fmt: skip
    assert read("", Nested) == Nested()
    assert read("--made.amsgrad", Nested).made == Adam(0.2, amsgrad=True)
    assert read("--opt.amsgrad False", Nested).opt == Adam(0.1)


def test_an_optional_nested_class_is_there_once_one_of_its_fields_is() -> None:
    assert read("--spare.lr 1", Nested).spare == Adam(1.0)
    assert problems("--spare.amsgrad", Nested) == (
        ArgumentProblem("spare.lr", None, None, "float as --spare.lr or -spare.lr"),
    )


def test_a_nested_class_whose_default_is_made_from_the_rest_does_not_begin_with_it() -> None:
    default = attrs.Factory(lambda _: Adam(0.9, amsgrad=True), takes_self=True)
    cls = made(Adam, default=default)
    assert read("", cls).x == Adam(0.9, amsgrad=True)
    assert read("--x.lr 0.5", cls).x == Adam(0.5)
    assert [problem.field for problem in problems("--x.amsgrad", cls)] == ["x.lr"]


def test_a_nested_class_without_a_default() -> None:
    cls = made(Adam)
    assert [problem.field for problem in problems("", cls)] == ["x.lr"]
    all_default = made(made(int, default=3))
    assert structured_args(ExecArgs(), all_default).defaulted == {"x.x"}
    assert read("", made(made(int, default=3) | None)).x is not None


def test_a_default_of_a_subclass_stays_one() -> None:
    subclass = attrs.make_class("Sub", {"extra": field(int, default=1)}, bases=(Adam,), frozen=True)
    cls = made(Adam, default=subclass(0.1, extra=5))
    assert read("--x.lr 0.2", cls) == cls(subclass(0.2, extra=5))
    assert written(cls(subclass(0.2, extra=5))) == (
        ("--x.lr", "0.2"),
        ("--x.betas", "0.9", "0.999"),
        ("--x.amsgrad", "False"),
    )


def test_an_empty_class() -> None:
    empty = attrs.make_class("Empty", {}, frozen=True)
    assert read("--y", empty) == empty()
    cls = made(empty)
    assert read("", cls) == cls(empty())
    assert written(empty()) == ()


# ----------------------------------------------------------------------------------------- positionals


def test_positionals_in_order_and_the_last_takes_the_rest() -> None:
    assert read("a", Files) == Files(Path("a"))
    assert read("a\n2\nb\n--verbose\nc d\n-1", Files) == Files(Path("a"), 2, ("b", "c", "d", "-1"), True)
    assert structured_args(parse_exec_args("a"), Files).defaulted == {"count", "rest", "verbose"}


def test_positionals_on_one_line() -> None:
    assert read("a 2 b", Files) == Files(Path("a"), 2, ("b",))


def test_positionals_that_do_not_fit() -> None:
    assert problems("", Files) == (ArgumentProblem("source", None, None, "Path as a positional"),)
    assert problems("a\nb", Files) == (ArgumentProblem("count", "b", "b", "int"),)
    rest = made(Annotated[list[int], Positional])
    assert problems("1\nb", rest) == (ArgumentProblem("x", "1\nb", "1 b", "list[int]"),)
    assert problems("1 b\nc", rest) == (ArgumentProblem("x", "1 b\nc", "1 b c", "list[int]"),)


def test_no_positional_for_the_one_that_takes_the_rest() -> None:
    cls = made(Annotated[list[int], Positional])
    assert read("", cls) == cls([])
    assert structured_args(ExecArgs(), cls).defaulted == frozenset()
    fixed = made(Annotated[tuple[int, str], Positional])
    assert read("1 a", fixed) == fixed((1, "a"))
    assert problems("", fixed) == (ArgumentProblem("x", None, None, "tuple[int, str] as a positional"),)


def test_positionals_of_nested_classes_come_in_their_place() -> None:
    point = attrs.make_class("Point", {name: field(Annotated[int, Positional]) for name in "ab"}, frozen=True)
    cls = attrs.make_class("Args", {"p": field(point), "c": field(Annotated[int, Positional])}, frozen=True)
    assert read("1 2\n3", cls) == cls(point(1, 2), 3)
    assert written(cls(point(1, 2), 3)) == (("1",), ("2",), ("3",))


# -------------------------------------------------------------------------------- problems, all at once


def test_all_problems_at_once_in_the_order_of_the_fields() -> None:
    text = "--seed 1.5\n--layers 32 x\n--algo sarsa\n--doubledqn maybe"
    found = problems(text, Issue)
    assert found == (
        ArgumentProblem("lr", None, None, "float as -lr"),
        ArgumentProblem("seed", "--seed 1.5", "1.5", "int"),
        ArgumentProblem("layers", "--layers 32 x", "32 x", "tuple[int, ...]"),
        ArgumentProblem("doubledqn", "--doubledqn maybe", "maybe", "bool"),
        ArgumentProblem("algo", "--algo sarsa", "sarsa", "Literal['dqn', 'ddqn']"),
    )
    with pytest.raises(ArgumentsError) as error:
        read(text, Issue)
    assert str(error.value).split("\n") == [
        "expected arguments that fit Issue, got 5 that do not:",
        "  lr: expected float as -lr, got nothing",
        "  seed: expected int, got '1.5' in '--seed 1.5'",
        "  layers: expected tuple[int, ...], got '32 x' in '--layers 32 x'",
        "  doubledqn: expected bool, got 'maybe' in '--doubledqn maybe'",
        "  algo: expected Literal['dqn', 'ddqn'], got 'sarsa' in '--algo sarsa'",
    ]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ArgumentProblem("x", "--x", None, "int"), "x: expected int, got nothing in '--x'"),
        (ArgumentProblem("x", "--x=", "", "int"), "x: expected int, got '' in '--x='"),
        (ArgumentProblem("x", "b", "b", "int"), "x: expected int, got 'b'"),
        (ArgumentProblem("x", None, None, "int as --x"), "x: expected int as --x, got nothing"),
        (ArgumentProblem("", None, "{}", "more"), "expected more, got '{}'"),
        (
            ArgumentProblem("x", "--x 1\n-x 2", "1 2", "only one of --x and -x"),
            "x: expected only one of --x and -x, got '1 2' in '--x 1' and '-x 2'",
        ),
    ],
)
def test_a_problem_as_text(problem: ArgumentProblem, text: str) -> None:
    assert str(problem) == text


def test_messages_can_go_to_a_terminal() -> None:
    with pytest.raises(ArgumentsError) as error:
        read("--x \x1b[31m\x07", made(int))
    assert all(line.isprintable() for line in str(error.value).split("\n"))


def test_long_values_are_shortened() -> None:
    (problem,) = problems("--x " + "y" * 10_000, made(int))
    assert problem.value == "y" * 10_000
    assert len(str(problem)) < 250


def test_problems_of_the_text_itself_come_first() -> None:
    args = ExecArgs(("--x y",), (Problem(3, None, "v", "readable text"),))
    with pytest.raises(ArgumentsError) as error:
        structure_args(args, made(int))
    assert error.value.problems == (
        ArgumentProblem("", None, "v", "readable text"),
        ArgumentProblem("x", "--x y", "y", "int"),
    )


def test_other_arguments_are_passed_over_unless_they_are_forbidden() -> None:
    text = "--y 1\n--x 1\n--z\nfile\n--y 2"
    assert read(text, made(int)).x == 1
    expected = "an argument that Args has a field for"
    found = problems(text, made(int), forbid_extra=True)
    assert {problem.argument for problem in found} == {"--y 1", "--y 2", "--z", "file"}
    assert {(problem.field, problem.expected) for problem in found} == {("", expected)}
    assert str(found[0]) == f"expected {expected}, got '--y 1'"
    assert read("--x 1", made(int), forbid_extra=True).x == 1


def test_an_argument_that_is_too_much_is_one_problem() -> None:
    assert problems("a b", attrs.make_class("Args", {}), forbid_extra=True) == (
        ArgumentProblem("", "a b", "a b", "an argument that Args has a field for"),
    )


def test_a_spelling_that_was_replaced_is_an_extra_argument() -> None:
    (problem,) = problems("-lr 1\n--x 1", made(Rate), forbid_extra=True)
    assert problem.argument == "--x 1"


def test_extra_arguments_are_told_beside_all_other_problems() -> None:
    assert [problem.argument for problem in problems("--x y\n--z", made(int), forbid_extra=True)] == [
        "--x y",
        "--z",
    ]


def test_arguments_put_together_by_hand() -> None:
    assert structure_args(ExecArgs(("--x 1", "")), made(int)).x == 1


def test_problems_and_what_was_read_survive_pickle_and_copy() -> None:
    for value in (
        ArgumentProblem("x", "--x", None, "int"),
        StructuredArgs(Issue(0.1, 1), frozenset({"algo"})),
    ):
        assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value


# --------------------------------------------------------------------------- classes that cannot be read


@pytest.mark.parametrize("cls", [int, 3, "Issue", None, Issue(0.1, 0), Box[int]])
def test_no_attrs_class(cls: Any) -> None:
    assert what_is_wrong_with(cls) == f"expected an attrs class, such as one under @attrs.frozen, got {cls!r}"


@pytest.mark.parametrize("cls", [made(int)([]), {}, attrs.make_class("Mutable", {})()])
def test_no_class_and_no_hash(cls: Any) -> None:
    assert what_is_wrong_with(cls).startswith(
        "expected an attrs class, such as one under @attrs.frozen, got "
    )


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (dict[str, int], "dict[str, int]"),
        (list[list[int]], "list[int]"),
        (list, "list"),
        (Sequence, "Sequence"),
        (list[Adam], "Adam"),
        (Adam | int, "Adam"),
        (Box[int], "Box[int]"),
        (Any, "Any"),
        (Literal[b"x"], "Literal[b'x']"),
    ],
)
def test_a_field_of_a_type_that_no_argument_has(annotation: Any, text: str) -> None:
    assert what_is_wrong_with(made(annotation)) == (
        f"Args.x: expected a type that an argument can be read as, got {text}"
    )


def test_a_field_of_a_nested_class_is_told_by_its_class() -> None:
    inner = attrs.make_class("Inner", {"y": field(bytes)})
    assert what_is_wrong_with(made(inner)) == (
        "Inner.y: expected a type that an argument can be read as, got bytes"
    )


def test_a_field_without_an_annotation() -> None:
    assert what_is_wrong_with(attrs.make_class("Args", ["x"])) == (
        "expected an annotation of the field Args.x, got none"
    )


def test_a_type_variable() -> None:
    assert what_is_wrong_with(Box) == "Box.x: expected a type that an argument can be read as, got ~T"


def test_a_class_within_itself() -> None:
    assert what_is_wrong_with(Recursive) == "Recursive contains itself"


def test_two_fields_for_one_option() -> None:
    cls = attrs.make_class("Args", {"x": field(Annotated[int, Flag("-a", "--y")]), "y": field(int)})
    assert what_is_wrong_with(cls) == "expected each option for one field of Args, got --y for x and y"
    with_flags = attrs.make_class("Args", {n: field(int) for n in "ab"})
    assert what_is_wrong_with(with_flags, flags={"b": "--a"}) == (
        "expected each option for one field of Args, got --a for a and b"
    )


def test_one_nested_class_with_a_flag_in_two_fields() -> None:
    inner = made(Annotated[int, Flag("-n")])
    cls = attrs.make_class("Args", {name: field(inner) for name in "ab"})
    assert what_is_wrong_with(cls) == "expected each option for one field of Args, got -n for a.x and b.x"
    assert read("--first 1\n--second 2", cls, flags={"a.x": "--first", "b.x": "--second"}) == cls(
        inner(1), inner(2)
    )


def test_only_the_last_positional_takes_the_rest() -> None:
    cls = attrs.make_class(
        "Args",
        {
            "rest": field(Annotated[list[str], Positional]),
            "last": field(Annotated[str, Positional]),
        },
    )
    assert what_is_wrong_with(cls) == (
        "expected only the last positional of Args to take all the rest, got ['rest', 'last']"
    )


def test_flags_of_no_field() -> None:
    assert what_is_wrong_with(Nested, flags={"opt.rate": "-a", "lr": "-b", "opt.lr": "-c"}) == (
        "expected flags of fields of Nested, got ['lr', 'opt.rate']"
    )
    assert (
        what_is_wrong_with(Nested, flags={"opt": "-o"}) == "expected flags of fields of Nested, got ['opt']"
    )


@pytest.mark.parametrize("names", ["lr", "", [], ["-1"], ["--a b"], [3]])
def test_flags_that_name_no_option(names: Any) -> None:
    with pytest.raises(MarkError) as error:
        structure_args(ExecArgs(), made(int, default=0), flags={"x": names})
    shown = (names,) if isinstance(names, str) else tuple(names)
    assert str(error.value) == f"expected names of options, such as '--lr' or '-l', got {shown!r}"


@pytest.mark.parametrize("mark", [Flag("-o"), Positional()])
def test_a_mark_that_a_nested_class_cannot_follow(mark: object) -> None:
    assert repr(mark) in what_is_wrong_with(made(Annotated[Adam, mark], default=None))


def test_a_flag_that_names_nothing() -> None:
    assert "Flag" in what_is_wrong_with(made(Annotated[int, Flag], default=0))


def test_a_positional_with_a_flag() -> None:
    assert "Flag" in what_is_wrong_with(made(Annotated[int, Positional, Flag("-x")], default=0))


# ------------------------------------------------------------------------------------- back to arguments


def test_what_an_instance_is_written_as() -> None:
    assert written(Issue(0.001, 3, (32, 32), True, "ddqn")) == (
        ("--doubledqn",), ("-lr", "0.001"), ("--seed", "3"), ("--layers", "32", "32"), ("--algo", "ddqn"),
    )  # fmt: skip
    assert written(Issue(1.0, 0)) == (
        ("-lr", "1.0"), ("--seed", "0"), ("--layers", "64", "64"), ("--algo", "dqn"),
    )  # fmt: skip
    assert written(Issue(math.inf, 0, ())) == (
        ("--layers",),
        ("-lr", "inf"),
        ("--seed", "0"),
        ("--algo", "dqn"),
    )


def test_nan_is_written_and_read_back() -> None:
    assert unstructure_args(made(float)(math.nan)) == (("--x", "nan"),)


def test_positionals_come_first_then_flags() -> None:
    assert written(Files(Path("a b"), -2, ("", "c"), True)) == (
        ("a b",),
        ("-2",),
        ("",),
        ("c",),
        ("--verbose",),
    )
    assert written(made(Annotated[bool, Positional])(True)) == (("True",),)


def test_a_positional_that_is_false_holds_its_place() -> None:
    cls = attrs.make_class(
        "Args",
        {
            "a": field(Annotated[bool, Positional], default=False),
            "b": field(Annotated[str, Positional], default="z"),
        },
    )
    assert written(cls(False, "c")) == (("False",), ("c",))


@pytest.mark.parametrize(
    ("annotation", "value", "lines"),
    [
        (bool, False, (("--x", "False"),)),
        (bool | int, 1, (("--x", "1"),)),
        (bool | int, True, (("--x",),)),
        (bool | int, False, (("--x", "False"),)),
        (int | float, 1.0, (("--x", "1.0"),)),
        (float | Literal["auto"], "auto", (("--x", "auto"),)),
        (int | str, "5a", (("--x", "5a"),)),
        (str, "-x", (("--x", "-x"),)),
        (str, "", (("--x", ""),)),
        (str, 'it\'s "q"\t\\', (("--x", 'it\'s "q"\t\\'),)),
        (Path, Path("/a b"), (("--x", "/a b"),)),
        (Algo, Algo.DDQN, (("--x", "ddqn"),)),
        (Literal[True, "x"], True, (("--x",),)),
        (list[bool], [True, False], (("--x", "True", "False"),)),
        (tuple[int, str], (1, "2"), (("--x", "1", "2"),)),
        (tuple[()], (), (("--x",),)),
        (frozenset[int], frozenset({2, 1}), (("--x", "1", "2"),)),
        (set[str], {"b", "a"}, (("--x", "a", "b"),)),
        (Sequence[int], (1,), (("--x", "1"),)),
        (float, np.float64(0.1), (("--x", "0.1"),)),
    ],
)
def test_values_that_are_written(annotation: Any, value: object, lines: tuple[tuple[str, ...], ...]) -> None:
    assert written(made(annotation)(value)) == lines


def test_false_and_none_are_left_out_where_they_are_the_default_only() -> None:
    assert written(made(bool, default=False)(False)) == ()
    assert written(made(bool, default=True)(False)) == (("--x", "False"),)
    assert written(made(bool | None, default=None)(False)) == (("--x", "False"),)
    assert written(made(int | None, default=None)(None)) == ()
    assert why_not_written(made(int | None, default=3)(None)) == (
        "`--x`: None (NoneType) cannot be written as an argument"
    )


@pytest.mark.parametrize(
    "instance",
    [
        made(bool, default=attrs.Factory(lambda: True))(False),
        Nested(),
        Nested(spare=Adam(1.0)),
        Nested(Adam(0.5, (0.0, 1.0), True), None, Adam(1.0), Scheduler(Adam(2.0), 3)),
    ],
)
def test_defaults_that_are_made_and_nested_ones(instance: object) -> None:
    written(instance)


def test_a_nested_field_that_is_false_where_the_default_of_its_parent_is_not() -> None:
    assert ("--opt.amsgrad", "False") in written(Nested(Adam(0.1, amsgrad=False)))


def test_an_optional_nested_class_whose_fields_are_all_false() -> None:
    inner = made(bool, default=False)
    assert written(made(inner | None, default=None)(inner(False))) == (("--x.x", "False"),)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int | str, "5"),
        (float | str, "nan"),
        (str | Path, "a"),
        (bool | str, "True"),
        (bool | list[str], ["True"]),
        (int | list[int], [1]),
        (str, Path("a")),
        (tuple[str, ...], "ab"),
        (set[int], [1, 1]),
        (list[int], {1}),
    ],
)
def test_values_that_would_be_read_back_as_others(annotation: Any, value: object) -> None:
    assert why_not_written(made(annotation)(value)) == (
        "cannot be written as command-line arguments: "
        f"{ ({'x': value})!r} would be read back as something else"
    )


@pytest.mark.parametrize(
    ("annotation", "value"), [(tuple[int, ...], [1]), (list[int], (1,)), (Sequence[int], [1])]
)
def test_a_list_is_no_tuple(annotation: Any, value: object) -> None:
    assert "would be read back as something else" in why_not_written(made(annotation)(value))


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [
        (int, "a", "x: expected int, got 'a' in '--x a'"),
        (float, True, "x: expected float, got nothing in --x"),
        (int, 1.5, "x: expected int, got '1.5' in '--x 1.5'"),
        (str, True, "x: expected str, got nothing in --x"),
        (Literal["a"], "b", "x: expected Literal['a'], got 'b' in '--x b'"),
        (Annotated[str, Positional], "-x", "x: expected str as a positional, got nothing"),
        (Annotated[str, Positional], "--x=3", "x: expected str as a positional, got nothing"),
    ],
)
def test_values_that_would_not_be_read_back(annotation: Any, value: object, problem: str) -> None:
    assert why_not_written(made(annotation)(value)) == (
        "cannot be written as command-line arguments:\n  " + problem.replace("in --x", "in '--x'")
    )


@pytest.mark.parametrize("value", [None, b"x", {}, [None], [[1]], object])
def test_values_that_no_argument_can_say(value: object) -> None:
    wrong = value[0] if isinstance(value, list) else value
    assert why_not_written(made(list[int])(value)) == (
        f"`--x`: {wrong!r} ({type(wrong).__name__}) cannot be written as an argument"
    )


def test_a_newline_is_a_word_like_any_other_until_it_is_written_to_a_file() -> None:
    assert unstructure_args(made(str)("a\nb")) == (("--x", "a\nb"),)


def test_none_in_place_of_a_nested_class() -> None:
    assert why_not_written(
        Nested(opt=None)  # type: ignore[arg-type]
    ) == ("cannot be written as command-line arguments: {'opt': None} would be read back as something else")


def test_an_optional_nested_class_without_any_field() -> None:
    empty = attrs.make_class("Empty", {}, frozen=True)
    why_not_written(made(empty | None, default=None)(empty()))


def test_an_instance_of_a_subclass_where_no_default_is_one() -> None:
    subclass = attrs.make_class("Sub", {}, bases=(Adam,), frozen=True)
    why_not_written(made(Adam)(subclass(0.1)))
    larger = attrs.make_class("Sub", {"extra": field(dict, factory=dict)}, bases=(Adam,), frozen=True)
    why_not_written(made(Adam)(larger(0.1)))


def test_a_class_that_cannot_be_read_cannot_be_written_either() -> None:
    for instance in (3, Issue, Box(1)):
        with pytest.raises(FieldError):
            unstructure_args(instance)


@attrs.frozen
class Inner:
    _rate: float = 0.1
    warm_up_: int = 0


@attrs.frozen
class Outer:
    _inner: Inner = attrs.field(factory=Inner)


def test_private_fields_are_named_without_their_underscores_at_every_level() -> None:
    given = structured_args(parse_exec_args("--inner.rate 0.5"), Outer)
    assert given.args == Outer(Inner(0.5))
    assert given.defaulted == frozenset({"_inner.warm_up_"})
    assert structure_args(parse_exec_args("--inner.warm-up- 3"), Outer) == Outer(Inner(warm_up_=3))
