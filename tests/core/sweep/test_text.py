from __future__ import annotations

import re

import pytest

from pyhermes.core.sweep.text import Cursor, Line, MisreadError, split_sections


def cursor(text: str) -> Cursor:
    sections, problems = split_sections(f"EXEC\n{text}")
    assert not problems
    return Cursor(sections["EXEC"])


def test_lines_of_sections_without_comments_and_blank_lines() -> None:
    sections, problems = split_sections("\ufeffPRE # first\n\na:1 // one\n  EXEC\n['# a' # b\nSTD-E")
    assert sections == {
        "PRE": [Line(3, "a:1", "a:1")],
        "EXEC": [Line(5, "['# a'", "[" + 5 * "'")],
        "STD-E": [],
    }
    assert problems == []


def test_problems_of_sections() -> None:
    sections, problems = split_sections("a\nb\nEXEC\nc\nEXEC\nd")
    assert sections == {"EXEC": [Line(4, "c", "c")]}
    assert [(problem.line, problem.value) for problem in problems] == [(5, "EXEC"), (1, "a")]


def test_a_list_is_read_to_its_own_end() -> None:
    found = cursor("[a 'b, c', [d, e],\n f,] g")
    assert found.take_list() == (("a", "b, c"), ("[d,", "e]"), ("f",))
    assert found.line == 3
    assert found.take(re.compile("h")) is None
    assert found.take(re.compile("g")) is not None
    assert found.is_at_the_end


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [("[a", 0, "a bracket that is closed"), ("[a,,b]", 3, "something between two commas")],
)
def test_what_is_no_list(text: str, place: int, expected: str) -> None:
    with pytest.raises(MisreadError) as error:
        cursor(text).take_list()
    assert (error.value.place, error.value.expected) == (place, expected)


def test_a_problem_shows_the_rest_of_its_line() -> None:
    found = cursor("a b\nc d\ne")
    with pytest.raises(MisreadError) as error:
        found.need(re.compile("x"), "an x")
    assert (error.value.place, error.value.expected) == (0, "an x")
    problem = found.problem(6, "an x")
    assert (problem.line, problem.value, problem.expected) == (3, "d", "an x")


def test_the_next_item_begins_a_line() -> None:
    found = cursor("a [[b]]\n 'PROD('\n[ [c]]\nZIP ([[d]])")
    found.skip_to_item(0, 0)
    assert found.line == 4
    found.skip_to_item(found.place, found.place)
    assert found.line == 5
    found.skip_to_item(found.place, found.place)
    assert found.is_at_the_end
