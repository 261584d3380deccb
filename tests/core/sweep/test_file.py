from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest

from pyhermes.core import (
    ExecutionFile,
    ExecutionFileError,
    JobLine,
    Problem,
    Sweep,
    format_execution_file,
    parse_execution_file,
)
from pyhermes.core.sweep.file import checked_file
from pyhermes.core.sweep.items import Item, is_option_of_job
from pyhermes.core.text.quoting import Words

DATA = Path(__file__).parents[2] / "data"

AN_OPTION = "an option: -cb, -ca or -ma with files, -l True, -l False, -c with a text, or -leg"


def items_of(text: str) -> tuple[Item, ...]:
    file = parse_execution_file(f"EXEC\n{text}\n")
    assert file.problems == ()
    return file.items


def words_of(text: str) -> list[Words]:
    """The words of a job's parts."""
    (job,) = items_of(f"[[{text}]]")
    assert isinstance(job, JobLine)
    return list(job.parts)


def values_of(text: str) -> list[Words]:
    """The words of the values of a sweep."""
    (sweep,) = items_of(f"PROD([[p]], a={text})")
    assert isinstance(sweep, Sweep)
    return list(sweep.values[0][1])


def problems_of(text: str) -> list[str]:
    return list(map(str, parse_execution_file(f"EXEC\n{text}\n").problems))


def test_a_real_file() -> None:
    text = (DATA / "cartpole.hermes").read_text()
    file = parse_execution_file(text)
    python, script, lr = ("python",), ("cartpole_dqn.py",), ("-lr", "0.001")
    seeds = ("seed", (("0",), ("1",), ("2",)))
    double = (
        python,
        script,
        lr,
        ("--doubledqn",),
        ("--gradclip",),
        ("--layers", "32", "32"),
        ("--seed", "{seed}"),
    )
    assert file == ExecutionFile(
        {},
        (("-leg",), ("-cb", "cartpole_dqn.py")),
        (("-es", "1.0"), ("-ee", "0.01"), ("-ed", "0.97")),
        (
            Sweep(
                "PROD",
                (JobLine((python, script, ("-lr", "{lr}"), ("--seed", "{seed}")), (("-c", "baseline"),)),),
                (("lr", (("0.001",), ("0.0003",))), seeds),
            ),
            Sweep("PROD", (JobLine(double, (("-c", "double"),)),), (seeds,)),
        ),
    )  # fmt: skip
    assert [item.line for item in file.items] == [10, 11]
    assert format_execution_file(file) == text.replace("RANGE[0, 3, 1]", "[0, 1, 2]")


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.hermes")), ids=lambda path: str(path.relative_to(DATA)))
def test_real_files_come_back(path: Path) -> None:
    file = parse_execution_file(path.read_text())
    assert file.problems == ()
    assert len(file.items) > 0
    assert parse_execution_file(format_execution_file(file)) == file


def test_the_smallest_files() -> None:
    assert parse_execution_file("EXEC") == ExecutionFile()
    assert format_execution_file(ExecutionFile()) == "PRE\nSTD-H\nSTD-E\nEXEC\n"
    assert str(*parse_execution_file("").problems) == "expected a section EXEC with the jobs, got ''"


def test_sections_in_any_order_and_lines_of_any_kind() -> None:
    text = (
        "\ufeff \tEXEC \r\n[[a]]\r\nSTD-E // x\n\n  --lr 0.1\r\n\x0b\x0c\ntaxi\nSTD-H # y\n-leg\nPRE\na:1\n"
    )
    assert parse_execution_file(text) == ExecutionFile(
        {"a": "1"}, (("-leg",),), (("--lr", "0.1"), ("taxi",)), (JobLine((("a",),)),)
    )


def test_other_white_space_is_a_word() -> None:
    assert words_of("a, \xa0, \x1c") == [("a",), ("\xa0",), ("\x1c",)]


def test_only_ascii_white_space_around_settings_is_left_out() -> None:
    file = parse_execution_file("PRE\n\xa0a\u2003 : \x1cb\xa0\nEXEC")
    assert dict(file.settings) == {"\xa0a\u2003": "\x1cb\xa0"}


def test_settings_are_split_at_the_first_colon_and_the_last_one_counts() -> None:
    file = parse_execution_file(
        "PRE\nthreads: 2\n path : C:\\runs\nurl:http://x // y\nempty:\nthreads:3\nEXEC"
    )
    assert dict(file.settings) == {"threads": "3", "path": r"C:\runs", "url": "http://x", "empty": ""}
    with pytest.raises(TypeError):
        file.settings["threads"] = "4"  # type: ignore[index]
    assert {file: 1}[parse_execution_file(format_execution_file(file))] == 1


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a\nb\nEXEC", ["line 1: expected one of the sections PRE, STD-H, STD-E, EXEC before this line, got 'a'"]),
        ("EXEC\nPRE\nEXEC\n]]", ["line 3: expected each section only once, got 'EXEC'"]),
        ("PRE\nSTD-E\nEXECS", ["expected a section EXEC with the jobs, got 'PRE, STD-E'"]),
        ("PRE\na\n:1\n : \nEXEC", [f"line {n}: expected a setting `key:value`, got {got}" for n, got in ((2, "'a'"), (3, "':1'"), (4, "':'"))]),
        ("STD-H\n-leg\n-x 1\n-l yes\nEXEC", [f"line 3: expected {AN_OPTION}, got '-x 1'", f"line 4: expected {AN_OPTION}, got '-l yes'"]),
    ],
)  # fmt: skip
def test_problems_outside_of_the_jobs(text: str, problems: list[str]) -> None:
    assert list(map(str, parse_execution_file(text).problems)) == problems


@pytest.mark.parametrize("option", ["-cb", "-ca", "-ma", "-c", "-l", "-l true", "-l True False", "-leg x", "x", "''", "-C x", "-leg -l"])  # fmt: skip
def test_what_is_no_option(option: str) -> None:
    expected = f"line 2: expected {AN_OPTION}, got "
    (std_h,) = parse_execution_file(f"STD-H\n{option}\nEXEC").problems
    (of_job,) = parse_execution_file(f"EXEC\n[[a],[{option}]]").problems
    assert str(std_h).startswith(expected)
    assert str(of_job).startswith(expected)


@pytest.mark.parametrize(
    "option", ["-cb a", "-ca a b", "-ma a", "-c a b", "-c ''", "-l True", "-l False", "-leg"]
)
def test_options(option: str) -> None:
    assert parse_execution_file(f"STD-H\n{option}\nEXEC\n[[a],[{option}, {option}]]").problems == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a, b c ,\td", ["a", "b c", "d"]),
        ("a,", ["a"]),
        ("a,\nb\n c, # d ]]\n// e, f\nd", ["a", "b c", "d"]),
        ("a, http://x/y#z, a//b, a#b", ["a", "http://x/y#z", "a//b", "a#b"]),
        ("a, --layers [32, 32], f(x)", ["a", "--layers [32, 32]", "f(x)"]),
        ("a, [[1], [2, [3]]],", ["a", "[[1], [2, [3]]]"]),
        ("a, [b\n[[c]], d]", ["a", "[b [[c]], d]"]),
        ("a, {\"b\": 1, 2}, {b}, {}", ["a", '{"b": 1', "2}", "{b}", "{}"]),
        ("a, :), f(", ["a", ":)", "f("]),
        ("a\\b, c\\", ["a\\b", "c\\"]),
        ("PROD(, x=[1], ZIP", ["PROD(", "x=[1]", "ZIP"]),
        ("a, don't, won't # don't ]]\n", ["a", "don't", "won't"]),
        ("a, 'don, b", ["a", "'don", "b"]),
        ("a, \"don, b\\", ["a", '"don', "b\\"]),
    ],
)  # fmt: skip
def test_elements(text: str, words: list[str]) -> None:
    assert [" ".join(part) for part in words_of(text)] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a, 'b, c'", [("a",), ("b, c",)]),
        ('a, "b ]] c"', [("a",), ("b ]] c",)]),
        ("'[[', ']]'", [("[[",), ("]]",)]),
        ("'#', --note '// x' b", [("#",), ("--note", "// x", "b")]),
        ("--x='a, b', f('a, b')", [("--x=a, b",), ("f(a, b)",)]),
        (r'"a\", b", "\\"', [('a", b',), ("\\",)]),
        (r"'a\', b", [("a\\",), ("b",)]),
        ("'', \"\"", [("",), ("",)]),
        ("'a'#b, c", [("a#b",), ("c",)]),
        ("it's 'a b' c", [("it's", "a b", "c")]),
        ("C:\\a 'b c'", [("C:\\a", "b c")]),
        ("-c don't or can't", [("-c", "don't", "or", "can't")]),
        ("don't\nsay don't", [("don't", "say", "don't")]),
        ('--json {"a":"b"} \'{"c": 1}\'', [("--json", '{"a":"b"}', '{"c": 1}')]),
        ("'a''b', \"c\"'d, e'", [("ab",), ("cd, e",)]),
        (shlex.quote("it's, a") + ", b", [("it's, a",), ("b",)]),
        ("a''b, 'a'b'c'", [("a''b",), ("ab'c'",)]),
        ("'PROD(', 'a'\n'b c'", [("PROD(",), ("a", "b c")]),
    ],
)
def test_quotations(text: str, words: list[Words]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "[[a],[]][[b]]",
        "[[a]] [[b]]",
        "[[a]],[[b]],",
        ", [[a],],\n,\n[ [b] , [ ] , ]",
        "[\n[\na\n]\n]\n[[b\n]]",
    ],
)
def test_jobs_stand_apart_or_not(text: str) -> None:
    assert items_of(text) == (JobLine((("a",),)), JobLine((("b",),)))


def test_items_know_their_lines() -> None:
    a, sweep, b = items_of("\n[[a,\nb]]\n\n # x\nPROD(\n  [[c]],\n x=[1]) [[b]]")
    assert isinstance(sweep, Sweep)
    assert [a.line, sweep.line, sweep.items[0].line, b.line] == [3, 7, 8, 9]


def test_sweeps() -> None:
    text = "ZIP ( b = [1, 2 ,], [[a]], PROD(c=[x y, 'x y', [1, 2]],[[a {b} {c}]]), [[b],[-leg]] , d=RANGE [0,2],)"
    inner = Sweep("PROD", (JobLine((("a", "{b}", "{c}"),)),), (("c", (("x", "y"), ("x y",), ("[1,", "2]"))),))
    (sweep,) = items_of(text)
    assert sweep == Sweep(
        "ZIP",
        (JobLine((("a",),)), inner, JobLine((("b",),), (("-leg",),))),
        (("b", (("1",), ("2",))), ("d", (("0",), ("1",)))),
    )


def test_names_that_words_of_the_language_have_too() -> None:
    (sweep,) = items_of("PROD([[{PROD} {RANGE} {_é1}]], PROD=[1], RANGE=[RANGE[0, 1]], _é1=[x])")
    assert isinstance(sweep, Sweep)
    assert sweep.values == (("PROD", (("1",),)), ("RANGE", (("RANGE[0,", "1]"),)), ("_é1", (("x",),)))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0, 3, 1", "0 1 2"),
        ("0, 3", "0 1 2"),
        ("0, 3,", "0 1 2"),
        ("-1, 2", "-1 0 1"),
        ("3, 0, -1", "3 2 1"),
        ("10, 0, -4", "10 6 2"),
        ("0.1, 0.4, 0.1", "0.1 0.2 0.3"),
        ("0.4, 0.1, -0.1", "0.4 0.3 0.2"),
        ("0, 1, 0.25", "0.0 0.25 0.5 0.75"),
        ("-0.1, 0.15, .1", "-0.1 0.0 0.1"),
        ("1., 3, 1.0", "1.0 2.0"),
        ("1e2, 3E2, +1e2", "100 200"),
        ("1e-5, 3e-5, 1e-5", "0.00001 0.00002"),
        ("1e-3, 1.0e-2, 5e-3", "0.001 0.006"),
        (
            "100000000000000000000.1, 100000000000000000002, 1",
            "100000000000000000000.1 100000000000000000001.1",
        ),
        ("'1', \"2\"", "1"),
        ("1e99, 3e99, 1e99", f"1{'0' * 99} 2{'0' * 99}"),
        (f"0.{'0' * 39}1, 0.{'0' * 39}2", f"0.{'0' * 39}1"),
    ],
)
def test_ranges(text: str, values: str) -> None:
    assert values_of(f"RANGE[{text}]") == [(value,) for value in values.split()]


@pytest.mark.parametrize(
    "text", ["", "1", "0, 1, 2, 3", "0, 3, 0", "0, 3, 0.0", "a, 1", "0, 1_0", "0, ٣", "0, inf", "nan, 1", "0, 0x10", "0, 1 2", "0, 1e100", f"0, {'9' * 41}", "0, --1", "0, .", "0, 1e"]
)  # fmt: skip
def test_what_is_no_range(text: str) -> None:
    (problem,) = problems_of(f"PROD([[a]],\nx=RANGE[{text}])")
    expected = "RANGE[start, stop] or RANGE[start, stop, step] of numbers, with a step that is not 0"
    assert problem.startswith(f"line 3: expected {expected}, got '[{text}"[:100])


@pytest.mark.parametrize("text", ["0, 0", "3, 0", "0, 3, -1", "0.3, 0.1, 0.1"])
def test_a_range_holds_a_value(text: str) -> None:
    expected = "a range that holds a number, counting from its start towards its stop"
    assert problems_of(f"PROD([[a]], x=RANGE[{text}])") == [f"line 2: expected {expected}, got '[{text}])'"]


def test_the_values_of_all_ranges_are_counted_together() -> None:
    most = "expected at most 1000000 values from the ranges of a file, got"
    assert problems_of("PROD([[a]], x=RANGE[0, 1000001])") == [f"line 2: {most} '[0, 1000001])'"]
    assert problems_of("PROD([[a]], x=RANGE[0, 9])\nPROD([[a]], x=RANGE[0, 999999])") == [
        f"line 3: {most} '[0, 999999])'"
    ]


def test_ranges_end() -> None:
    most = "expected at most 1000000 values from the ranges of a file, got"
    assert len(values_of("RANGE[0, 1000000]")) == 1_000_000
    for text in ("0, 1000001", "0, 1e99, 1e-9", "1e9, -1e9, -1"):
        (problem,) = problems_of(f"PROD([[a]], x=RANGE[{text}])")
        assert problem == f"line 2: {most} '[{text}])'"
    (problem,) = problems_of("ZIP([[a]], x=RANGE[0, 700000],\ny=RANGE[0, 700000])")
    assert problem == f"line 3: {most} '[0, 700000])'"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("PROD([[a]], x=RANGE[0, 1001], y=RANGE[0, 1000])", 2),
        ("[[b]]\nPROD([[a]], x=RANGE[0, 1000000])", 3),
        ("PROD(PROD([[a]], [[b]], x=RANGE[0, 1000]), y=RANGE[0, 501])", 2),
        ("ZIP([[a]], [[a]], x=RANGE[0, 500001])\n[[b]]", 2),
        (f"PROD([[a]], {', '.join(f'x{n}=[1, 2]' for n in range(20_000))})", 2),
    ],
)
def test_jobs_end_too(text: str, line: int) -> None:
    assert problems_of(text) == [f"line {line}: expected at most 1000000 jobs from one file, got 'more'"]


def test_so_many_jobs_are_fine() -> None:
    assert problems_of("PROD([[a]], x=RANGE[0, 1000], y=RANGE[0, 1000])") == []
    assert problems_of("ZIP([[a]], x=RANGE[0, 1001], y=RANGE[0, 1001])") == []


def test_the_jobs_of_all_items_are_counted_together() -> None:
    too_many = "expected at most 1000000 jobs from one file, got 'more'"
    values = "x=RANGE[0, 1000], y=RANGE[0, 600]"
    assert problems_of(f"PROD([[a]], {values})") == []
    assert problems_of(f"PROD([[a]], {values})\nPROD([[b]], {values})") == [f"line 3: {too_many}"]
    assert problems_of(f"PROD([[a]], [[b]], {values})") == [f"line 2: {too_many}"]


@pytest.mark.parametrize(
    "line", ["-x", "-cb", "-ca", "-ma", "-c", "-l", "-l yes", "-leg now", "x -leg", "-CB a"]
)
def test_what_is_no_option_of_a_job(line: str) -> None:
    assert is_option_of_job(tuple(line.split())) is False


A_JOB = "a job `[[command, script, argument, ...],[option, ...]]`, or PROD(...) or ZIP(...) of these"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("hello, world", [f"line 2: expected {A_JOB}, got 'hello, world'"]),
        ("[a, b]", [f"line 2: expected {A_JOB}, got '[a, b]'"]),
        ("[[a]] ]", [f"line 2: expected {A_JOB}, got ']'"]),
        ("[[a]", ["line 2: expected a bracket that is closed, got '[[a]'"]),
        ("[[a, ']]'", ["line 2: expected a bracket that is closed, got '[[a, ']]''".replace("'[[a, ']]''", '"[[a, \']]\'"')]),
        ("[[a, , b]]", ["line 2: expected something between two commas, got ', b]]'"]),
        ("[[,]]", ["line 2: expected something between two commas, got ',]]'"]),
        ("[[a],[-leg,\n,]]", ["line 3: expected something between two commas, got ',]]'"]),
        ("[[a] [-leg]]", ["line 2: expected `]` after the parts and the options of a job, got '[-leg]]'"]),
        ("[[a],[-leg],[b]]", ["line 2: expected `]` after the parts and the options of a job, got '[b]]'"]),
        ("[[],[]]", ["line 2: expected a job of at least one part, got ''"]),
        ("PROD([[a]])", ["line 2: expected a sweep of at least one job and one list of values, got 'PROD'"]),
        ("ZIP(x=[1])", ["line 2: expected a sweep of at least one job and one list of values, got 'ZIP'"]),
        ("ZIP()", ["line 2: expected a sweep of at least one job and one list of values, got 'ZIP'"]),
        ("PROD([[a]], x=[])", ["line 2: expected a list of at least one value, got 'x'"]),
        ("PROD([[a]], x=[1,,2])", ["line 2: expected something between two commas, got ',2])'"]),
        ("PROD([[a]], x=[1, 2)", ["line 2: expected a bracket that is closed, got '[1, 2)'"]),
        ("PROD([[a]], x=1)", [f"line 2: expected {A_JOB}, got 'x=1)'"]),
        ("PROD([[a]], 1x=[1])", [f"line 2: expected {A_JOB}, got '1x=[1])'"]),
        ("PROD([[a]],, x=[1])", [f"line 2: expected {A_JOB}, got ', x=[1])'"]),
        ("PROD([[a]], x=[1]", ["line 2: expected `,` or `)`, got ''"]),
        ("PROD([[a]],\n x=[1] y=[2])", ["line 3: expected `,` or `)`, got 'y=[2])'"]),
        ("PROD(", [f"line 2: expected {A_JOB}, got ''"]),
        ("ZIP([[a]], x=[1, 2], y=[1])", ["line 2: expected lists of equal lengths in ZIP, got 'x: 2, y: 1'"]),
        ("PROD([[a]], x=[1], x=[2])", ["line 2: expected a name that no list of values has already, got 'x'"]),
        ("PROD(\nZIP([[a {x}]], x=[1]), x=[2])", ["line 3: expected a name that no list of values has already, got 'x'"]),
        ("PROD([[a {y} {x} {z}]], x=[1])", [f"line 2: expected a name that is bound here, one of ['x'], got '{{{name}}}'" for name in "yz"]),
        ("PROD([[a],[-c {y}]], x=[1])\n[[{x}]]", ["line 2: expected a name that is bound here, one of ['x'], got '{y}'"]),
        ("PROD(PROD([[a]],x=[1]),\n[[a{x}]], y=[1])", ["line 3: expected a name that is bound here, one of ['y'], got '{x}'"]),
        ("PROD([[a],[-x {x}]], x=[1])", [f"line 2: expected {AN_OPTION}, got '-x {{x}}'"]),
        ("PROD([[a],[-l no]], x=[1])", [f"line 2: expected {AN_OPTION}, got '-l no'"]),
    ],
)  # fmt: skip
def test_problems_of_jobs(text: str, problems: list[str]) -> None:
    assert problems_of(text) == problems


@pytest.mark.parametrize("option", ["-{x} a", "{x}", "-l {x}", "-c {x}", "-cb a{x}"])
def test_options_with_values_to_come_are_judged_when_these_are_known(option: str) -> None:
    assert problems_of(f"PROD([[a],[{option}]], x=[1])") == []


def test_one_name_may_be_bound_in_one_sweep_and_the_next() -> None:
    assert problems_of("PROD(PROD([[{x}]],x=[1]),PROD([[{x}]],x=[2]),y=[1])\nPROD([[a]],x=[1])") == []


def test_sweeps_stand_so_deep_inside_each_other() -> None:
    def nested(depth: int) -> str:
        return "PROD(" * depth + "[[a]]" + "".join(f",x{n}=[1])" for n in range(depth))

    assert problems_of(nested(50)) == []
    (problem,) = problems_of(nested(51))
    assert problem.startswith("line 2: expected at most 50 sweeps inside each other, got 'PROD([[a]],x0=[1])")


def test_reading_goes_on_at_the_next_line_that_begins_an_item() -> None:
    text = """
    [[a, , b]] [[lost]]
    [[b]]
    [[c]
    [[d]] # [[x
    nothing
      PROD([[e]], f=[1]
    ZIP([[g]], h=[1])
    [ [i] ] and more
    [[j, [k]]
    """
    file = parse_execution_file("EXEC\n" + text)
    assert [problem.line for problem in file.problems] == [3, 5, 7, 9, 10, 11]
    assert [item.line for item in file.items] == [4, 6, 9, 10]
    assert str(file.problems[3]) == "line 9: expected `,` or `)`, got 'ZIP([[g]], h=[1])'"


def test_a_problem_holds_its_line_and_reads_short() -> None:
    (problem,) = parse_execution_file("EXEC\n\n" + "x" * 100_000 + "\ny").problems
    assert problem == Problem(3, None, "x" * 100_000, A_JOB)
    assert len(str(problem)) < 300


@pytest.mark.parametrize(
    ("text", "lines"),
    [("''", 50_000), ("[[\n", 30_000), ("[[a\n", 30_000), (" '", 50_000), (' "\\', 50_000), ("PROD(\n", 30_000),
     ("PROD([[a]],x=RANGE[\n", 5_000), ("[[,\n", 30_000), ("{a", 50_000), ("a=[", 50_000), ("\t\x0b", 50_000)],
)  # fmt: skip
def test_time_grows_with_the_text_and_no_faster(text: str, lines: int) -> None:
    begin = time.perf_counter()
    for head, tail in (("EXEC\n", ""), ("EXEC\n[[a, ", "]]" * lines), ("STD-E\n", "")):
        parse_execution_file(head + text * lines + tail)
    assert time.perf_counter() - begin < 20


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--lr", "0.1"), "--lr 0.1"),
        (("a b", "c"), "'a b' c"),
        (("",), "''"),
        (("a,b", "[c", "d]"), "'a,b' '[c' 'd]'"),
        (("#a", "//b", "c#d", "http://e"), "'#a' '//b' c#d http://e"),
        (("it's", 'say "x"'), '"it\'s" \'say "x"\''),
        (("'\"\\",), r'''"'\"\\"'''),
        (("C:\\a", "\t", "\r"), "'C:\\a' '\t' '\r'"),
        (("PRE", "EXEC", "EXECS"), "'PRE' 'EXEC' EXECS"),
        (("{a}", "(b)", "c=d", "é\u00a0\ufeff"), "{a} (b) c=d é\u00a0\ufeff"),
    ],
)
def test_words_are_quoted_where_they_have_to_be(words: Words, line: str) -> None:
    file = ExecutionFile(arguments=(words,), items=(JobLine((words,), (("-c", *words),)),))
    text = format_execution_file(file)
    assert text == f"PRE\nSTD-H\nSTD-E\n{line}\nEXEC\n[[{line}],[-c {line}]]\n"
    assert parse_execution_file(text) == file


def test_sweeps_are_written_on_one_line() -> None:
    inner = Sweep("ZIP", (JobLine((("{a}", "{b}"),)),), (("b", (("1", "2"), ("1 2",))),))
    file = ExecutionFile({"threads": "2"}, items=(Sweep("PROD", (inner,), (("a", (("x",), ("{b}",))),)),))
    text = format_execution_file(file)
    assert text.split("\n")[1] == "threads:2"
    assert text.split("\n")[-2] == "PROD(ZIP([[{a} {b}],[]], b=[1 2, '1 2']), a=[x, {b}])"
    assert parse_execution_file(text) == file


@pytest.mark.parametrize("word", ["a\nb", "\n", "\ud800"])
def test_words_that_cannot_be_written(word: str) -> None:
    line = JobLine((("a",),))
    for file in (
        ExecutionFile(options=(("-c", word),)),
        ExecutionFile(arguments=((word,),)),
        ExecutionFile(items=(JobLine((("a", word),)),)),
        ExecutionFile(items=(Sweep("PROD", (line,), (("a", ((word,),)),)),)),
    ):
        with pytest.raises(ExecutionFileError) as error:
            format_execution_file(file)
        message = f"expected a word without a newline that UTF-8 can encode, got {word!r}"
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("key", "value"),
    [("", "x"), ("a:b", "x"), (" a", "x"), ("a", " x"), ("a", "x "), ("a", "x # y"), ("a", "x\ny"), ("a", "x\n"), ("a\nb", "x"), ("#a", "x"), ("//", "x"), ("a", "\ud800"), ("a\nEXEC\nb", "x")],
)  # fmt: skip
def test_settings_that_cannot_be_written(key: str, value: str) -> None:
    with pytest.raises(ExecutionFileError, match="expected a setting that one line") as error:
        format_execution_file(ExecutionFile({key: value}))
    assert str(error.value).endswith(f"got {f'{key}:{value}'!r}")
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize(
    ("key", "value"), [("a", "x#y"), ("a", "http://x:1"), ("PRE", ""), ("a", "'x # y'"), ("a", "")]
)
def test_settings_that_can(key: str, value: str) -> None:
    file = ExecutionFile({key: value})
    assert parse_execution_file(format_execution_file(file)) == file


def deep(depth: int) -> Item:
    item: Item = JobLine((("a",),))
    for n in range(depth):
        item = Sweep("PROD", (item,), ((f"x{n}", (("1",),)),))
    return item


ONE = JobLine((("a",),))
BAD_FILES = [
    (ExecutionFile(problems=(Problem(3, None, "x", "y"),)), "line 3: expected y, got 'x'", 3),
    (ExecutionFile(options=(("-x",),)), f"expected {AN_OPTION}, got '-x'", None),
    (ExecutionFile(options=((),)), f"expected {AN_OPTION}, got ''", None),
    (ExecutionFile(arguments=((),)), "expected arguments and options of at least one word, got ''", None),
    (ExecutionFile(items=(JobLine((), (), 7),)), "line 7: expected a job of at least one part, got ''", 7),
    (ExecutionFile(items=(JobLine(((),)),)), "expected arguments and options of at least one word, got ''", None),
    (ExecutionFile(items=(JobLine((("a",),), ((),)),)), f"expected {AN_OPTION}, got ''", None),
    (ExecutionFile(items=(Sweep("PROD", (ONE,), ()),)), "expected a sweep of at least one job and one list of values, got 'PROD'", None),
    (ExecutionFile(items=(Sweep("PROD", (ONE,), (("a", ((),)),)),)), "expected a list of at least one value, got 'a'", None),
    (ExecutionFile(items=(Sweep("PROD", (ONE,), (("a b", (("1",),)),)),)), "expected a name of letters, digits and underscores, got 'a b'", None),
    (ExecutionFile(items=(deep(51),)), "expected at most 50 sweeps inside each other, got 'PROD'", None),
    (ExecutionFile(items=(deep(10**5),)), "expected at most 50 sweeps inside each other, got 'PROD'", None),
]  # fmt: skip


@pytest.mark.parametrize(("file", "message", "line"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_file_with_problems_is_an_error(file: ExecutionFile, message: str, line: int | None) -> None:
    for check in (checked_file, format_execution_file):
        with pytest.raises(ExecutionFileError) as error:
            check(file)
        assert str(error.value) == message
        assert error.value.line == line
        assert len(error.value.problems) == 1


def test_problems_are_in_the_order_of_the_lines() -> None:
    file = parse_execution_file("EXEC\n[a]\nSTD-H\n-x\nPRE\nno setting\n")
    assert [problem.line for problem in file.problems] == [2, 4, 6]


def test_an_option_for_all_jobs_is_named_with_all_its_words() -> None:
    with pytest.raises(ExecutionFileError) as error:
        checked_file(ExecutionFile(options=(("-l", "yes"),), items=(JobLine((("a",),)),)))
    assert str(error.value) == f"expected {AN_OPTION}, got '-l yes'"


def test_an_error_names_all_problems() -> None:
    with pytest.raises(ExecutionFileError) as error:
        checked_file(parse_execution_file("PRE\na\nEXEC\n[[],[]]\n"))
    assert str(error.value) == (
        "line 2: expected a setting `key:value`, got 'a'\n  line 4: expected a job of at least one part, got ''"
    )
    assert [problem.line for problem in error.value.problems] == [2, 4]


def test_a_file_without_problems_is_given_back() -> None:
    file = parse_execution_file("EXEC\n[[a]]")
    assert checked_file(file) is file
    assert checked_file(ExecutionFile(items=(deep(50),))).items == (deep(50),)
