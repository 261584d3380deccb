from __future__ import annotations

import time

import pytest

from pyhermes.core import ArgumentsError
from pyhermes.core.text.quoting import EXECUTION_FILE, SHELL, Dialect, Words, quote, split_quoted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" \t\r\n", ()),
        ("--note 'a b'", ("--note", "a b")),
        ("a'b 'c\"d e\"f ''", ("ab cd ef", "")),
        ("a\x0bb\x1cc", ("a\x0bb\x1cc",)),
        (r'"a\"b\\c\d"', (r'a"b\c\d',)),
        (r"'\\' b\ c\'d", (r"\\", "b c'd")),
        ("'a\nb' c\\\nd", ("a\nb", "c\nd")),
        ("#a //b", ("#a", "//b")),
    ],
)
def test_words_of_a_shell(text: str, words: Words) -> None:
    assert split_quoted(text, SHELL) == words


@pytest.mark.parametrize(
    ("text", "begin"), [("a 'b", "'b"), ('a"', '"'), ("it's a", "'s a"), ("a\\", "\\"), ("'a' \"b'", "\"b'")]
)
def test_a_quotation_of_a_shell_that_is_not_closed(text: str, begin: str) -> None:
    with pytest.raises(ArgumentsError) as error:
        split_quoted(text, SHELL)
    assert str(error.value).startswith("expected quotations that are closed, got ")
    assert begin[0] in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("--note 'a b' c='d e' don't", ("--note", "a b", "c=d e", "don't")),
        ('{"a": 1}', ('{"a":', "1}")),
        ("('a b',\"c d\"[' '", ("(a b,c d[ ",)),
        ("'it'\"'\"'s'", ("it's",)),
        (r'"a\"b\\c\d"', (r'a"b\c\d',)),
        (r"b\ c", ("b\\", "c")),
        ("'a\nb'", ("'a", "b'")),
        ('"a\\\nb"', ('"a\\', 'b"')),
        ("'a", ("'a",)),
        ("a\x0b\x0cb", ("a", "b")),
    ],
)
def test_words_of_an_execution_file(text: str, words: Words) -> None:
    assert split_quoted(text, EXECUTION_FILE) == words


@pytest.mark.parametrize(
    ("word", "quoted"), [("", "''"), ("a b", "'a b'"), ("it's", '"it\'s"'), ("'\"\\", '"\'\\"\\\\"')]
)
def test_words_in_quotes(word: str, quoted: str) -> None:
    assert quote(word) == quoted


LONG = ["'{}'", '"{}"', "{}", "'{}", '"{}', " {}x"]


@pytest.mark.parametrize("dialect", [SHELL, EXECUTION_FILE])
@pytest.mark.parametrize(
    "piece", ["a", r"\"", "'a", "x'y'", "'a' ", '"', "\\", " 'a", ' "a', " '", ' "\\', "\n'"]
)
def test_the_time_is_in_proportion_to_the_text(piece: str, dialect: Dialect) -> None:
    def seconds(count: int) -> float:
        begin = time.process_time()
        for frame in LONG:
            try:
                split_quoted(frame.format(piece * count), dialect)
            except ArgumentsError:
                continue
        return time.process_time() - begin

    # in quadratic time it would be a factor of 256
    assert seconds(16_000) < 100 * max(min(seconds(1_000) for _ in range(3)), 0.001)
