"""Execution files: laws of reading, writing and expanding them."""

from __future__ import annotations

import itertools
import math
import shlex
from decimal import Decimal
from typing import Literal

import attrs
import pytest
from hypothesis import assume, given, strategies as st

from pyhermes.core import (
    ExecutionFile,
    ExecutionFileError,
    JobLine,
    Sweep,
    expand,
    format_exec_args,
    format_execution_file,
    parse_exec_args,
    parse_execution_file,
    split_command,
)
from pyhermes.core.formats.exec_arguments import in_file_order, is_option, lines_of_argv, split_words
from pyhermes.core.sweep.items import Item
from pyhermes.core.text.quoting import Words
from tests.property import strategies

ODD = ["--lr", "-1", "a b", "it's", '"', "", "\\", "x=1", "a,b", "[", "]]", "#", "//x", "a#b", "http://x", "{a}", "{b} c", '{"a": 1}', "PRE", "EXEC", "PROD(", "\r", "'\"", "\\'", "a'", "\x0b", "('", "\ufeff", "='a"]  # fmt: skip

words = st.one_of(strategies.texts, st.sampled_from(ODD)).filter(lambda word: "\n" not in word)
lines: st.SearchStrategy[Words] = st.lists(words, min_size=1, max_size=3).map(tuple)
many_lines = st.lists(lines, max_size=3).map(tuple)
keys = strategies.texts.map(lambda key: "".join(key.split())).filter(
    lambda key: key and not set(key) & set(":#/'\"")
)

literals = words.map(lambda word: word.replace("{", "("))
"""Words that hold no place for a value."""


@st.composite
def options(draw: st.DrawFn, texts: st.SearchStrategy[str] = words) -> Words:
    kind = draw(st.sampled_from(["-cb", "-ca", "-ma", "-c", "-l", "-leg"]))
    if kind == "-leg":
        return (kind,)
    if kind == "-l":
        return (kind, draw(st.sampled_from(["True", "False"])))
    return (kind, *draw(st.lists(texts, min_size=1, max_size=2)))


@st.composite
def jobs(draw: st.DrawFn, bound: tuple[str, ...]) -> JobLine:
    texts = words
    if bound:
        places = st.sampled_from([f"{{{name}}}" for name in bound])
        texts = st.one_of(literals, places, st.tuples(literals, places, literals).map("".join))
    parts = st.lists(st.lists(texts, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3)
    return JobLine(tuple(draw(parts)), tuple(draw(st.lists(options(texts), max_size=2))))


@st.composite
def sweeps(draw: st.DrawFn, bound: tuple[str, ...]) -> Sweep:
    free = [name for name in ("a", "_", "b1", "PROD", "RANGE") if name not in bound]
    names = draw(st.lists(st.sampled_from(free), min_size=1, max_size=2, unique=True))
    length = draw(st.integers(1, 3))
    lists = [draw(st.lists(lines, min_size=length, max_size=length).map(tuple)) for _ in names]
    inner = draw(st.lists(items((*bound, *names)), min_size=1, max_size=2).map(tuple))
    kind: Literal["PROD", "ZIP"] = draw(st.sampled_from(["PROD", "ZIP"]))
    return Sweep(kind, inner, tuple(zip(names, lists, strict=True)))


def items(bound: tuple[str, ...] = ()) -> st.SearchStrategy[Item]:
    return jobs(bound) if len(bound) > 2 else st.one_of(jobs(bound), st.deferred(lambda: sweeps(bound)))


files = st.builds(
    ExecutionFile,
    st.dictionaries(keys, strategies.texts.map(lambda value: "".join(value.split())), max_size=2),
    st.lists(options(), max_size=2).map(tuple),
    many_lines,
    st.lists(items(), max_size=3).map(tuple),
)

PIECES = ["PRE", "STD-H", "STD-E", "EXEC", "\n", "\n", "\n", " ", ",", "[[", "]]", "[", "]", "[[a]]", "[[python, a.py, {x}],[-c y]]", "PROD(", "ZIP(", ")", "x=[1, 2]", "y=RANGE[0, 2]", "RANGE[", "{x}", "{", "'", '"', "\\", "#", "//", "a:1", "-leg", "-c", "\ufeff", "\r", "=", "b", " '", "\x0b", ": "]  # fmt: skip

texts = st.one_of(
    st.text(max_size=100),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=25).map(lambda pieces: "EXEC\n" + "".join(pieces)),
    st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: "EXEC\nPRE\n" + "".join(pieces)),
    st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: "EXEC\nSTD-E\n" + "".join(pieces)),
    st.lists(st.sampled_from(PIECES), max_size=12).map(
        lambda pieces: f"EXEC\nPROD([[a, {''.join(pieces)}]], x=[1])"
    ),
)


@pytest.mark.slow
@given(files)
def test_files_come_back_as_they_were_written(file: ExecutionFile) -> None:
    try:
        text = format_execution_file(file)
    except ExecutionFileError as error:
        assert "a setting that one line" in error.message  # noqa: PT017 - the words can all be written
        file = attrs.evolve(file, settings={})
        text = format_execution_file(file)
    assert parse_execution_file(text) == file


@given(texts)
def test_reading_never_fails_and_problems_have_their_line(text: str) -> None:
    file = parse_execution_file(text)
    rows = text.removeprefix("\ufeff").split("\n")
    places = [problem.line for problem in file.problems]
    assert places == sorted(places, key=lambda line: line or 0)
    assert all(line is None or 1 <= line <= len(rows) for line in places)
    assert all(str(problem).count("\n") == 0 for problem in file.problems)


@given(texts)
def test_what_was_read_can_be_written_and_expanded(text: str) -> None:
    file = parse_execution_file(text)
    assume(not file.problems and _encodes(text))
    again = format_execution_file(file)
    assert parse_execution_file(again) == file
    assert format_execution_file(parse_execution_file(again)) == again


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.slow
@given(files)
def test_a_job_is_run_again_from_what_is_written_of_it(file: ExecutionFile) -> None:
    file = attrs.evolve(file, settings={})
    for job in expand(file):
        assert expand(parse_execution_file(format_execution_file(job.file))) == (job,)
        assert set(job.file.arguments) == set(file.arguments)


@pytest.mark.slow
@given(files)
def test_a_job_has_every_argument_once(file: ExecutionFile) -> None:
    for job in expand(file):
        argv = [word for words in (*job.standard, *job.own) for word in words]
        assert list(job.argv("I")) == [*job.command, *["I"] * job.options.pass_identifier, *argv]
        assert sorted(job.lines) == sorted((*job.standard, *job.own))
        assert [split_words(line) for line in parse_exec_args(format_exec_args(job.lines)).lines] == list(
            job.lines
        )


def _number(item: Item) -> int:
    if isinstance(item, JobLine):
        return 1
    lengths = [len(values) for _, values in item.values]
    return sum(map(_number, item.items)) * (math.prod(lengths) if item.kind == "PROD" else lengths[0])


@pytest.mark.slow
@given(files)
def test_there_are_as_many_jobs_as_combinations(file: ExecutionFile) -> None:
    assert len(expand(file)) == sum(map(_number, file.items))


@given(st.lists(st.lists(literals, min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_product_is_in_the_order_of_its_lists(lists: list[list[str]]) -> None:
    names = [f"n{index}" for index in range(len(lists))]
    job = JobLine((("p",), *((f"{{{name}}}",) for name in names)))
    values = tuple((name, tuple((word,) for word in held)) for name, held in zip(names, lists, strict=True))
    jobs = expand(ExecutionFile(items=(Sweep("PROD", (job,), values),)))
    assert [sum(job.own, ()) for job in jobs] == list(itertools.product(*lists))


decimals = st.decimals(-1000, 1000, places=3, allow_nan=False)


@given(decimals, decimals, decimals.filter(bool))
def test_ranges_equal_their_definition(start: Decimal, stop: Decimal, step: Decimal) -> None:
    count = max(0, math.ceil((stop - start) / step))
    assume(0 < count <= 1000)
    file = parse_execution_file(f"EXEC\nPROD([[p, {{x}}]], x=RANGE[{start}, {stop}, {step}])")
    texts = [job.own[0][0] for job in expand(file)]
    assert [Decimal(text) for text in texts] == [start + step * n for n in range(count)]
    assert all("e" not in text.lower() for text in texts)


# what a shell passes on as it is, but an execution file does not
unquoted = words.filter(lambda word: "," not in word and not word.startswith("//"))


@given(st.lists(unquoted, min_size=1, max_size=4))
def test_words_quoted_for_a_shell_are_read_as_they_are(written: list[str]) -> None:
    (job,) = expand(parse_execution_file(f"EXEC\n[['', {shlex.join(written)}]]"))
    assert job.own == (tuple(written),)


@given(st.lists(words, min_size=1, max_size=6))
def test_a_command_and_its_rest_are_all_words(argv: list[str]) -> None:
    command = split_command(argv)
    assert [*command.words, *command.rest] == argv
    assert command.script not in ("", ".", "..")
    assert "/" not in command.script


@given(st.lists(words, max_size=8))
def test_lines_of_a_command_line_are_all_its_words(argv: list[str]) -> None:
    found = lines_of_argv(argv)
    assert [word for line in found for word in line] == argv
    assert all(not is_option(word) for line in found for word in line[1:])
    assert sorted(in_file_order(found)) == sorted(found)


@given(st.text(st.sampled_from("ab \t\\'\"\n\x0b#é"), max_size=14))
def test_words_are_those_of_a_shell_where_it_can_read_them(line: str) -> None:
    assume("'" in line or '"' in line)
    try:
        expected = tuple(shlex.split(line))
    except ValueError:
        expected = tuple(line.split())
    assert split_words(line) == expected
