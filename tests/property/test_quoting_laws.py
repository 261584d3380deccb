"""Quoted words: they come back in every dialect, and a shell's are those of `shlex`."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given, strategies as st

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.formats.exec_arguments import split_words
from pyhermes.core.text.numbers import BLANKS
from pyhermes.core.text.quoting import EXECUTION_FILE, SHELL, quote, split_quoted
from tests.property import strategies

texts = st.text(st.sampled_from("ab \t\\'\"\n\r\x0b#é,=[("), max_size=14)
lists = st.lists(strategies.words | texts.filter(lambda text: "\n" not in text), max_size=5)


@given(lists)
def test_what_is_quoted_comes_back_from_an_execution_file(words: list[str]) -> None:
    assert split_quoted(" ".join(map(quote, words)), EXECUTION_FILE) == tuple(words)
    assert split_quoted(" ".join(f"--x={quote(word)}" for word in words), EXECUTION_FILE) == tuple(
        f"--x={word}" for word in words
    )


@given(st.lists(texts, max_size=5))
def test_what_is_quoted_comes_back_from_a_shell(words: list[str]) -> None:
    assert split_quoted(" ".join(map(quote, words)), SHELL) == tuple(words)
    assert split_quoted(shlex.join(words), SHELL) == tuple(words)


@given(st.lists(texts, min_size=1, max_size=5))
def test_what_is_quoted_comes_back_from_a_line_of_arguments(words: list[str]) -> None:
    assert split_words(" ".join(map(quote, words))) == tuple(words)


@given(texts)
def test_words_of_a_shell_are_those_of_shlex(text: str) -> None:
    try:
        expected = tuple(shlex.split(text))
    except ValueError:
        with pytest.raises(ArgumentsError):
            split_quoted(text, SHELL)
    else:
        assert split_quoted(text, SHELL) == expected


@given(texts)
def test_text_without_quotes_is_split_at_blanks_in_an_execution_file(text: str) -> None:
    bare = re.sub("['\"]", "", text)
    assert split_quoted(bare, EXECUTION_FILE) == tuple(re.findall(f"[^{BLANKS}]+", bare))


@given(texts)
def test_text_of_an_execution_file_always_has_words_and_none_of_its_characters_is_lost(text: str) -> None:
    words = split_quoted(text, EXECUTION_FILE)
    left = re.sub(f"[{BLANKS}'\"\\\\]", "", "".join(words))
    assert left == re.sub(f"[{BLANKS}'\"\\\\]", "", text)
