from __future__ import annotations

import argparse
import dataclasses
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, strategies as st

from pyhermes.core import ArgumentsError, parse_exec_args, structure_args
from pyhermes.core.errors import WrongTypeError
from pyhermes.core.formats.exec_arguments import format_exec_args
from pyhermes.core.structure.argument_lines import GivenArguments, checked_words, lines_of_given, on_one_line


class Colour(Enum):
    RED = "red"


@attrs.frozen
class Args:
    learning_rate: float = 0.1
    layers: tuple[int, ...] = (64, 64)
    doubledqn: bool = False


@dataclasses.dataclass
class Other:
    learning_rate: float = 0.1
    layers: tuple[int, ...] = (32, 32)
    doubledqn: bool = True
    resume: str | None = None
    clip: bool = False


VALUES = {"learning_rate": 0.1, "layers": [32, 32], "doubledqn": True, "resume": None, "clip": False}
LINES = (("--doubledqn",), ("--learning-rate", "0.1"), ("--layers", "32", "32"), ("--clip", "False"))


def read_back(given: GivenArguments) -> dict[str, object]:
    """What the file of arguments says of what was given."""
    return dict(parse_exec_args(format_exec_args(lines_of_given(given))).values)


# Forms


@pytest.mark.parametrize("form", [dict, MappingProxyType, lambda values: argparse.Namespace(**values)])
def test_a_mapping_and_a_namespace_are_options_by_name(form: type) -> None:
    assert lines_of_given(form(VALUES)) == LINES


def test_a_dataclass_is_options_by_name() -> None:
    assert lines_of_given(Other()) == LINES
    assert lines_of_given(dataclasses.make_dataclass("Empty", [])()) == ()


def test_words_are_a_command_line() -> None:
    words = ["taxi", "--seed", "3", "--crash", "--shift", "-1", "2", "--lr=0.1"]
    lines = (("taxi",), ("--crash",), ("--seed", "3"), ("--shift", "-1", "2"), ("--lr=0.1",))
    assert lines_of_given(words) == lines_of_given(tuple(words)) == lines_of_given(iter(words)) == lines


@pytest.mark.parametrize("nothing", [(), [], {}, argparse.Namespace(), iter([])])
def test_nothing_is_no_lines(nothing: GivenArguments) -> None:
    assert lines_of_given(nothing) == ()


def test_an_instance_of_an_attrs_class_is_read_back_as_it_is() -> None:
    args = Args(1e-3, (32, 32), doubledqn=True)
    lines = lines_of_given(args)
    assert lines == (("--doubledqn",), ("--learning-rate", "0.001"), ("--layers", "32", "32"))
    assert structure_args(parse_exec_args(format_exec_args(lines)), Args) == args


def test_a_name_with_dashes_is_an_option_as_it_stands() -> None:
    assert lines_of_given({"-lr": 0.1, "--batch_size": 3}) == (("-lr", "0.1"), ("--batch_size", "3"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, ("3",)),
        (-0.5, ("-0.5",)),
        ("a b", ("a b",)),
        ("", ("",)),
        ("-x", ("-x",)),
        (Path("a") / "b", ("a/b",)),
        (Colour.RED, ("red",)),
        (np.float64(0.1), ("0.1",)),
        (np.int64(3), ("3",)),
        (np.True_, ()),
        ({3, 1, 2}, ("1", "2", "3")),
        (("a", 1, 0.5), ("a", "1", "0.5")),
        (float("nan"), ("nan",)),
    ],
)
def test_values_are_written_as_words(value: object, words: tuple[str, ...]) -> None:
    assert lines_of_given({"x": value}) == (("--x", *words),)


VALUE = st.integers() | st.floats(allow_nan=False) | st.just(True)
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@pytest.mark.slow
@given(st.dictionaries(NAME, VALUE | st.lists(st.integers(), min_size=2)))
def test_numbers_come_back_from_the_file(values: dict[str, object]) -> None:
    expected = {f"--{name.replace('_', '-')}": value for name, value in values.items()}
    assert read_back(values) == expected
    assert read_back(argparse.Namespace(**values)) == expected


@given(NAME, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")))
def test_text_comes_back_from_the_file(name: str, text: str) -> None:
    args = parse_exec_args(format_exec_args(lines_of_given({name: text})))
    assert args.words == ((f"--{name.replace('_', '-')}", text),)


def test_no_values_are_not_read_back_as_a_flag() -> None:
    assert read_back({"layers": []}).get("--layers") is not True


# What is refused


@pytest.mark.parametrize(
    "given",
    [None, 5, b"ab", ["a", 1], [b"a"], Args, Other, object(), [["--lr", "0.1"]]],
    ids=lambda given: type(given).__name__,
)
def test_anything_else_is_of_the_wrong_type(given: Any) -> None:
    with pytest.raises(WrongTypeError, match="expected ") as error:
        lines_of_given(given)
    assert isinstance(error.value, TypeError)


def test_a_bare_text_is_not_taken_letter_by_letter() -> None:
    with pytest.raises(WrongTypeError, match=r"such as \['--lr 0\.1'\], got the bare text '--lr 0\.1'"):
        lines_of_given("--lr 0.1")


def test_an_object_of_another_kind_is_told_what_there_is() -> None:
    other: Any = object()
    with pytest.raises(WrongTypeError, match="attrs") as error:
        lines_of_given(other)
    assert "mapping" in str(error.value)
    assert str(error.value).endswith(f"got {other!r}")


@pytest.mark.parametrize("value", [print, {"lr": 0.1}, np.zeros(3), 1j, [None], [[1]]])
@pytest.mark.parametrize("form", [dict, lambda values: argparse.Namespace(**values)])
def test_a_value_that_no_argument_can_say_is_refused(form: type, value: object) -> None:
    with pytest.raises(ArgumentsError, match=r"^`--x`: .* cannot be written as an argument$"):
        lines_of_given(form({"x": value}))


def test_a_value_that_is_refused_is_named() -> None:
    with pytest.raises(ArgumentsError, match="func"):
        lines_of_given(argparse.Namespace(lr=0.1, func=print))


@pytest.mark.parametrize("name", [1, None, ("a",)])
def test_a_name_that_is_no_text_is_of_the_wrong_type(name: object) -> None:
    given: Any = {name: 1}
    with pytest.raises(WrongTypeError, match="expected ") as error:
        lines_of_given(given)
    assert str(error.value).endswith(f"got {name!r}")


def test_several_texts_are_a_list() -> None:
    assert checked_words(("a", "b")) == checked_words(iter("ab")) == ["a", "b"]
    assert checked_words(()) == []


# One line each


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("a\nb", "a\\nb"),
        ("\n", "\\n"),
        ("\ud800", "\\ud800"),
        ("\ud800\n", "\\ud800\\n"),
    ],
)
def test_what_no_line_can_hold_is_written_out_and_said(word: str, written: str) -> None:
    lines, escaped = on_one_line([("--note", word), ("--lr", "0.1")])
    assert lines == (("--note", written), ("--lr", "0.1"))
    assert escaped == (repr(word),)
    assert parse_exec_args(format_exec_args(lines)).words == lines


@pytest.mark.parametrize("word", ["", "a b", "a\\nb", "\udcff", "\r", "\x85", "\u2028", "\t", "é"])
def test_what_a_line_can_hold_stays_as_it_is(word: str) -> None:
    lines = (("--note", word),)
    assert on_one_line(lines) == (lines, ())
    assert parse_exec_args(format_exec_args(lines)).words == lines


def test_names_are_kept_on_one_line_too() -> None:
    lines, escaped = on_one_line([("--a\nb", "1")])
    assert (lines, escaped) == ((("--a\\nb", "1"),), ("'--a\\nb'",))


def test_nothing_is_on_no_line() -> None:
    assert on_one_line(iter([])) == ((), ())


@given(st.lists(st.lists(st.text(), min_size=1, max_size=3).map(tuple), max_size=3))
def test_all_words_can_be_written_on_one_line(lines: list[tuple[str, ...]]) -> None:
    after, escaped = on_one_line(lines)
    assert format_exec_args(after).count("\n") == len(lines)
    assert bool(escaped) == (list(after) != lines)
