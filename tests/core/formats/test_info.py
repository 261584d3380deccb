from __future__ import annotations

from datetime import datetime

import pytest

from pyhermes.core import ExperimentInfo, InfoError, Problem, format_info, parse_info
from tests.conftest import CRASHED, EXAMPLES, FIRST


def test_a_real_file() -> None:
    info = parse_info((EXAMPLES / "runs" / FIRST / "hermes.info").read_text())
    assert info == ExperimentInfo(
        {
            "commit_hash": "9b28e1fe7fc807d344ff598d9eaa9675352fcbfa",
            "start_time": "2026_11_23_182353176615",
            "end_time": "2026_11_23_182432431151",
            "execution_time": "39.25453591346741",
            "comments": "baseline",
        },
        start_time=datetime(2026, 11, 23, 18, 23, 53, 176615),
        end_time=datetime(2026, 11, 23, 18, 24, 32, 431151),
        execution_time=39.25453591346741,
    )
    assert list(info.fields) == ["commit_hash", "start_time", "end_time", "execution_time", "comments"]
    assert (info.commit_hash, info.comments) == ("9b28e1fe7fc807d344ff598d9eaa9675352fcbfa", "baseline")
    assert format_info(info.fields) == (EXAMPLES / "runs" / FIRST / "hermes.info").read_text()


def test_values_lose_their_newline_and_nothing_else() -> None:
    info = parse_info((EXAMPLES / "runs" / CRASHED / "hermes.info").read_text())
    assert info.comments == "crashes-on-purpose"


def test_the_empty_text_and_a_killed_run() -> None:
    assert parse_info("") == ExperimentInfo()
    killed = parse_info("commit_hash:9b28e1f\n")
    assert killed == ExperimentInfo({"commit_hash": "9b28e1f"})
    assert (killed.comments, killed.start_time, killed.end_time, killed.execution_time) == (None,) * 4


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("comments:see http://x/y\n", {"comments": "see http://x/y"}),
        ("comments:\n", {"comments": ""}),
        ("comments: spaced \n", {"comments": " spaced "}),
        ("\ufeffa:1\n", {"a": "1"}),
        ("a:1\r\nb:2\r\n", {"a": "1", "b": "2"}),
        ("a:1\r\r\n", {"a": "1\r"}),
        ("a:1\x0b\x0c\x1c\x85\u2028b:2\n", {"a": "1\x0b\x0c\x1c\x85\u2028b:2"}),
        ("a:one\n\ttwo\n\t\n\t\tthree\n", {"a": "one\ntwo\n\n\tthree"}),
        ("a:one\n\tb:two\n", {"a": "one\nb:two"}),
        ("a:one\ntwo\nthree\nb:1\n", {"a": "one\ntwo\nthree", "b": "1"}),
        ("a:1\n\n\nb:2\n\n", {"a": "1", "b": "2"}),
        ("a:one\n\ntwo\n", {"a": "one\n\ntwo"}),
        ("a:one\n \n\ttwo\n", {"a": "one\n \ntwo"}),
        ("a:one\n   \nb:2\n", {"a": "one", "b": "2"}),
        ("a:1\nb:2\na:3\n", {"a": "3", "b": "2"}),
        ("a:1\nx\na:2\ny\n", {"a": "2\ny"}),
        (" a :1\n", {" a ": "1"}),
        ("\n\na:1\n", {"a": "1"}),
        ("a:1\n\xa0\nX:2\n", {"a": "1\n\xa0", "X": "2"}),
    ],
)
def test_lines(text: str, fields: dict[str, str]) -> None:
    info = parse_info(text)
    assert list(info.fields.items()) == list(fields.items())
    assert info.problems == ()


@pytest.mark.parametrize(
    ("text", "problem", "fields"),
    [
        ("start_time:noon\n", Problem(1, "start_time", "noon", "a time as YYYY_MM_DD_HHMMSSffffff or seconds since the epoch"), {"start_time": "noon"}),
        ("a:1\n\nexecution_time:-1\n", Problem(3, "execution_time", "-1", "seconds, finite and not negative"), {"a": "1", "execution_time": "-1"}),
        ("lost\na:1\n", Problem(1, None, "lost", "a line `key:value`"), {"a": "1"}),
        ("\tlost\n", Problem(1, None, "\tlost", "a line `key:value`"), {}),
        ("a:1\n:2\n", Problem(2, None, ":2", "a line `key:value`"), {"a": "1"}),
    ],
)  # fmt: skip
def test_problems_keep_the_raw_text(text: str, problem: Problem, fields: dict[str, str]) -> None:
    info = parse_info(text)
    assert info.problems == (problem,)
    assert dict(info.fields) == fields


@pytest.mark.parametrize("cut", ["execution_time:39.2", "\tsecond", "\t", "\xa0", "no colon", ":x"])
def test_a_last_line_that_was_cut_off_is_no_value(cut: str) -> None:
    info = parse_info("comments:first\n" + cut)
    assert dict(info.fields) == {"comments": "first"}
    (problem,) = info.problems
    assert problem.line == 2
    assert problem.value in cut
    assert problem.key == ("execution_time" if cut.startswith("ex") else None)
    assert "cut half-way" in problem.expected


@pytest.mark.parametrize(
    ("cut", "key", "value"), [("comments:http://x", "comments", "http://x"), ("\ta:b", None, "\ta:b")]
)
def test_a_cut_line_is_taken_apart_as_a_whole_one(cut: str, key: str | None, value: str) -> None:
    (problem,) = parse_info(f"comments:first\n{cut}").problems
    assert (problem.line, problem.key, problem.value) == (2, key, value)


def test_a_cut_line_does_not_replace_a_whole_one() -> None:
    assert parse_info("a:whole\na:ha").fields["a"] == "whole"


def test_blanks_at_the_end_are_no_cut_line() -> None:
    assert parse_info("a:1\n  ").problems == ()


@pytest.mark.parametrize(
    "text",
    ["2026_11_23_18235317661", "2026_13_23_182353176615", "2026_11_23_182353176615Z", "２026_11_23_182353176615", "nan", "1e400", "inf", "-1e300", "1_000", ""],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    info = parse_info(f"start_time:{text}\nend_time:{text}\n")
    assert info.start_time is info.end_time is None
    expected = "a time as YYYY_MM_DD_HHMMSSffffff or seconds since the epoch"
    assert info.problems == (
        Problem(1, "start_time", text, expected),
        Problem(2, "end_time", text, expected),
    )


def test_seconds_since_the_epoch_are_local_time() -> None:
    info = parse_info("start_time:1600000000.25\n")
    assert info.start_time == datetime.fromtimestamp(1600000000.25)
    assert info.problems == ()


@pytest.mark.parametrize(("text", "seconds"), [("39.25", 39.25), ("0", 0.0), ("1e3", 1000.0), (" 5 ", 5.0)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_info(f"execution_time:{text}\n").execution_time == seconds


@pytest.mark.parametrize("text", ["inf", "nan", "-0.1", "1_0", "٣", "9" * 5000, "", "1 2"])
def test_what_is_no_duration(text: str) -> None:
    info = parse_info(f"execution_time:{text}\n")
    assert info.execution_time is None
    assert len(info.problems) == 1


def test_problems_are_in_the_order_of_the_lines() -> None:
    info = parse_info("execution_time:x\nstart_time:y\n\x00:1\n:z\nend")
    assert [problem.line for problem in info.problems] == [1, 2, 4, 5]


def test_a_problem_reads_well_and_short() -> None:
    info = parse_info("execution_time:" + "9" * 100_000 + "\n")
    assert len(str(info.problems[0])) < 200
    assert str(parse_info("execution_time:soon\n").problems[0]) == (
        "line 1: execution_time: expected seconds, finite and not negative, got 'soon'"
    )


def test_a_problem_says_where_it_is_as_far_as_there_is_a_place() -> None:
    assert str(Problem(None, None, "x", "a job")) == "expected a job, got 'x'"
    assert str(Problem(3, None, "x", "a job")) == "line 3: expected a job, got 'x'"
    assert str(Problem(None, "lr", "x", "a float")) == "lr: expected a float, got 'x'"


@pytest.mark.parametrize("key", ["", "a:b", "a\nb", "\ta", "\ufeffa"])
def test_keys_that_cannot_be_written(key: str) -> None:
    with pytest.raises(InfoError, match="expected a key") as error:
        format_info({key: "value"})
    assert str(error.value).endswith(f"got {key!r}")
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("value", ["ends in\r", "a line\r\nends in it"])
def test_lines_that_cannot_be_written(value: str) -> None:
    with pytest.raises(InfoError, match="carriage return") as error:
        format_info({"a": value})
    assert str(error.value).endswith(f"got {value!r} for 'a'")


def test_text_that_cannot_be_encoded() -> None:
    with pytest.raises(InfoError, match=r"UTF-8 can encode, got '\\ud800' for 'a'"):
        format_info({"a": "\ud800"})
    assert format_info({"X": "1"}) == "X:1\n"
    assert format_info({"a": "\udcff"}) == "a:\udcff\n"


def test_a_value_cannot_become_a_field() -> None:
    text = format_info({"comments": "x\nend_time:2026_11_23_182353176615"})
    assert dict(parse_info(text).fields) == {"comments": "x\nend_time:2026_11_23_182353176615"}


@pytest.mark.parametrize(
    ("text", "status"),
    [("0", 0), ("1", 1), ("-15", -15), ("+1", 1), ("-0", 0), ("007", 7), ("4" * 30, int("4" * 30))],
)
def test_exit_statuses(text: str, status: int) -> None:
    info = parse_info(f"exit_status:{text}\n")
    assert info == ExperimentInfo({"exit_status": text}, exit_status=status)
    assert format_info(info.fields) == f"exit_status:{text}\n"


@pytest.mark.parametrize(
    "text", ["", "soon", "0.0", "1e0", "1_0", "٣", "0x1", "--1", "nan", "None", "1 2", "\xa01", "9" * 5000]
)
def test_what_is_no_exit_status(text: str) -> None:
    info = parse_info(f"a:1\nexit_status:{text}\n")
    assert info.exit_status is None
    assert info.problems == (Problem(2, "exit_status", text, "an integer, negative for a signal"),)
    assert info.fields["exit_status"] == text


def test_blanks_around_a_number_do_not_matter() -> None:
    info = parse_info("execution_time: 5 \nexit_status: 0 \n")
    assert (info.execution_time, info.exit_status, info.problems) == (5.0, 0, ())


def test_a_run_without_an_exit_status_has_none_and_no_problem() -> None:
    assert parse_info("commit_hash:9b28e1f\n").exit_status is None
    assert parse_info("commit_hash:9b28e1f\n").problems == ()
    assert parse_info("exit_status:1\nexit_status:0\n").exit_status == 0
    cut = parse_info("exit_status:1")
    assert cut.exit_status is None
    assert [problem.key for problem in cut.problems] == ["exit_status"]
