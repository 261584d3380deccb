from __future__ import annotations

import math

import pytest

from pyhermes.core import ArgumentsError, ArgumentValue, ExecArgs, format_exec_args, parse_exec_args
from pyhermes.core.formats.exec_arguments import (
    in_file_order,
    is_option,
    lines_of_argv,
    split_name,
    split_words,
)
from tests.conftest import DOUBLE, EXAMPLES


def value_of(line: str) -> ArgumentValue:
    (value,) = parse_exec_args(line).values.values()
    return value


def test_a_real_file() -> None:
    text = (EXAMPLES / "runs" / DOUBLE / "exec_arguments").read_text()
    args = parse_exec_args(text)
    assert args.lines == (
        "--doubledqn", "--gradclip", "-lr 0.001", "--layers 32 32", "--seed 2", "-es 1.0", "-ee 0.01", "-ed 0.97",
    )  # fmt: skip
    assert args.exec_args == set(args.lines)
    assert list(args.values.items()) == [
        ("--doubledqn", True), ("--gradclip", True), ("-lr", 0.001), ("--layers", [32, 32]), ("--seed", 2),
        ("-es", 1.0), ("-ee", 0.01), ("-ed", 0.97),
    ]  # fmt: skip
    assert format_exec_args(line.split() for line in args.lines) == text


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("", True),
        ("3", 3),
        ("-3", -3),
        ("+5", 5),
        ("007", 7),
        ("5.", 5.0),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("-1e3", -1000.0),
        ("INF", math.inf),
        ("-inf", -math.inf),
        ("1e999", math.inf),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("True", "True"),
        ("None", "None"),
        ("٣", "٣"),
        ("1.5.2", "1.5.2"),
        ("9" * 5000, "9" * 5000),
        ("-" + "9" * 5000, "-" + "9" * 5000),
        ("32 32", [32, 32]),
        ("32 1.5", [32.0, 1.5]),
        ("32 x", ["32", "x"]),
        ("a  b\t c", ["a", "b", "c"]),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_values(words: str, value: ArgumentValue) -> None:
    found = value_of(f"--option {words}")
    assert found == value
    assert type(found) is type(value)
    if isinstance(found, list) and isinstance(value, list):
        assert list(map(type, found)) == list(map(type, value))


def test_nan_is_a_number() -> None:
    value = value_of("--option nan")
    assert isinstance(value, float)
    assert math.isnan(value)


def test_positionals_and_blank_lines() -> None:
    args = parse_exec_args("taxi-small\n\n  \n\t--crash  \r\n\n")
    assert args.lines == ("taxi-small", "--crash")
    assert args.values == {"taxi-small": True, "--crash": True}


def test_only_ascii_white_space_is_blank() -> None:
    assert parse_exec_args("\xa0\n\x1c--x \u2028\n\x0b\n\x0c--y\n").lines == ("\xa0", "\x1c--x \u2028", "--y")


def test_a_repeated_name_collects_its_values_in_order() -> None:
    args = parse_exec_args("--tag a\n--n 1 2\n--tag b\n--n 3\n--tag\n")
    assert args.values == {"--tag": ["a", "b", True], "--n": [1, 2, 3]}
    assert list(args.values) == ["--tag", "--n"]


def test_an_equals_sign_ends_the_name_of_an_option_only() -> None:
    args = parse_exec_args("--lr=0.1\n--empty=\n--both=1 2\nenv=x\n-=1\n-1=2\n--url=http://h/?a=b\n-X=1\n")
    assert args.values == {
        "--lr": 0.1, "--empty": "", "--both": [1, 2], "env=x": True, "-=1": True, "-1=2": True, "--url": "http://h/?a=b", "-X": 1,
    }  # fmt: skip
    assert "--lr=0.1" in args.exec_args


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--note 'a b'", ("--note", "a b")),
        ('--note "it\'s"', ("--note", "it's")),
        ("--note it's", ("--note", "it's")),
        ("--note ''", ("--note", "")),
        ("C:\\runs\\new", ("C:\\runs\\new",)),
        ("a\x0bb\x1cc", ("a", "b\x1cc")),
        ("'a'\x0b b", ("a\x0b", "b")),
        ("a'b 'c\"d e\"f ''", ("ab cd ef", "")),
        (r'"a\"b\\c\d"', (r'a"b\c\d',)),
        (r"'\\' b\ c\'d", (r"\\", "b c'd")),
        ("'a' b\\", ("'a'", "b\\")),
    ],
)
def test_words_of_a_line(line: str, words: tuple[str, ...]) -> None:
    assert split_words(line) == words


def test_a_byte_order_mark_is_no_argument() -> None:
    assert parse_exec_args("\ufeff--lr 1\n").values == {"--lr": 1}
    assert parse_exec_args(format_exec_args([["\ufeffx"]])).words == (("\ufeffx",),)


def test_a_last_line_without_a_newline_counts() -> None:
    assert parse_exec_args("--a\n--b").lines == ("--a", "--b")


def test_quotes_are_written_only_where_they_are_needed() -> None:
    assert format_exec_args([["--lr", "0.1"], ["--note", "a b"], ["x"]]) == "--lr 0.1\n--note 'a b'\nx\n"
    assert format_exec_args([["--name", "$HOME;*", "[a]"]]) == "--name $HOME;* [a]\n"
    assert format_exec_args([]) == ""


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([["--x"], []], "expected an argument of at least one word, got none"),
        ([["a\nb"]], r"expected an argument without a newline, got 'a\nb'"),
        ([["--x", "\ud800"]], r"expected text that UTF-8 can encode, got '\ud800'"),
    ],
)
def test_what_cannot_be_written(lines: list[list[str]], message: str) -> None:
    with pytest.raises(ArgumentsError) as error:
        format_exec_args(lines)
    assert str(error.value) == message
    assert isinstance(error.value, ValueError)


def test_the_record_cannot_be_changed_through_what_it_gives() -> None:
    args = parse_exec_args("--layers 32 32\n")
    layers = args.values["--layers"]
    assert isinstance(layers, list)
    layers.append(1)
    assert args.values == {"--layers": [32, 32]}
    assert args == ExecArgs(("--layers 32 32",))
    with pytest.raises(AttributeError):
        args.lines = ()  # type: ignore[misc]


def test_options_begin_with_a_dash_that_begins_no_number() -> None:
    assert [word for word in ("-lr", "--x", "-", "-1", "-.5", "-1e3", "-inf", "x") if is_option(word)] == [
        "-lr",
        "--x",
        "-",
    ]


@pytest.mark.parametrize("line", ["'" + "a" * 10**6 + "'", '"' + r"\"" * 10**6, "'a" * 10**6, "x'y'" * 10**5])
def test_long_words_take_no_time(line: str) -> None:
    assert len(split_words(line)) == 1


@pytest.mark.parametrize(
    ("argv", "lines"),
    [
        ("", []),
        ("taxi --crash", ["taxi", "--crash"]),
        ("--lr 0.1 --crash -n 1 2", ["--lr 0.1", "--crash", "-n 1 2"]),
        ("a b --shift -1 -.5 c --", ["a", "b", "--shift -1 -.5 c", "--"]),
        ("-1 -2 -x", ["-1", "-2", "-x"]),
        ("--lr=0.1 x --b", ["--lr=0.1 x", "--b"]),
    ],
)
def test_an_option_takes_the_words_up_to_the_next(argv: str, lines: list[str]) -> None:
    assert [" ".join(line) for line in lines_of_argv(argv.split())] == lines


def test_words_of_a_command_line_are_not_split_again() -> None:
    assert lines_of_argv(["--note", "a b", ""]) == (("--note", "a b", ""),)


def test_the_order_of_the_file_is_by_kind_and_else_the_order_given() -> None:
    lines = [("-b", "1"), ("--x",), ("-1",), ("--a=2",), ("z",), ("--a",)]
    assert in_file_order(lines) == (("-1",), ("z",), ("--x",), ("--a",), ("-b", "1"), ("--a=2",))
    assert in_file_order([]) == ()


def test_the_name_of_an_argument_given_as_words() -> None:
    assert split_name(["--note=a b", "c"]) == ("--note", "a b", "c")
    assert split_name(["env=x"]) == ("env=x",)
