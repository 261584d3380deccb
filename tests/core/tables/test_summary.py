from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pyhermes.core import Run, RunStatus, StatusReport, UnknownChoiceError, parse_exec_args, parse_info
from pyhermes.core.tables.summary import (
    RunSummary,
    format_span,
    format_summary,
    make_diff_table,
    make_list_table,
    sort_summaries,
    to_json,
)

START = datetime(2026, 11, 23, 18, 0)
INFO = "commit_hash:abcdef\nstart_time:2026_11_23_180000000000\nend_time:2026_11_23_180042300000\n"


def seen(
    arguments: str = "", info: str = INFO, identifier: str = "a", status: RunStatus = RunStatus.FINISHED
) -> RunSummary:
    run = Run(Path("/runs") / identifier, identifier, parse_info(info))
    return RunSummary(run, parse_exec_args(arguments), StatusReport(status, "a reason"))


def test_a_run_as_json() -> None:
    one = seen("pos\n--flag\n--lr 0.1\n--layers 32 32", f"{INFO}execution_time:42.5\ncomments:one,two\n")
    assert one.exec_args == {"pos", "--flag", "--lr 0.1", "--layers 32 32"}
    assert to_json(one) == {
        "identifier": "a",
        "path": "/runs/a",
        "status": "finished",
        "reason": "a reason",
        "start_time": "2026-11-23T18:00:00",
        "end_time": "2026-11-23T18:00:42.300000",
        "duration": 42.5,
        "commit": "abcdef",
        "comments": "one,two",
        "arguments": {"pos": True, "--flag": True, "--lr": 0.1, "--layers": [32, 32]},
    }


def test_a_run_that_says_nothing_as_json() -> None:
    found = to_json(seen("", ""))
    assert [name for name, value in found.items() if value is None] == [
        "start_time",
        "end_time",
        "duration",
        "commit",
        "comments",
    ]


@pytest.mark.parametrize(
    "text",
    ["--x nan", "--x inf 1", "--x -inf", f"--x {10**400}", "--x 1e999", "--x \udcff", "--x '\x1b'"],
)
def test_json_is_json_whatever_the_arguments_are(text: str) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    written = json.dumps(to_json(seen(text)))
    assert list(json.loads(written, parse_constant=refuse)["arguments"]) == ["--x"]


def test_what_json_has_no_number_for_is_text() -> None:
    assert to_json(seen("--x nan\n--y 1 inf"))["arguments"] == {"--x": "nan", "--y": [1.0, "inf"]}


# Tables


def test_a_table_has_what_is_known_and_the_arguments_that_vary() -> None:
    info = f"{INFO}execution_time:42.3\n"
    runs = [seen("--lr 0.1\n--same 1", info, "a"), seen("--same 1\n--flag", "", identifier="b")]
    columns = make_list_table(runs, START + timedelta(hours=1, minutes=5)).columns
    assert {name: column.values for name, column in columns.items()} == {
        "identifier": ("a", "b"),
        "status": ("finished", "finished"),
        "age": ("1 h 5 min", None),
        "duration": ("42 s", None),
        "--lr": (0.1, None),
        "--flag": (None, True),
    }


def test_an_argument_of_a_taken_name_has_another_one() -> None:
    columns = make_list_table([seen("status"), seen("age")], START).columns
    assert [*columns] == ["identifier", "status", "age", "duration", "args.status", "args.age"]


def test_a_run_of_the_future_has_no_negative_age() -> None:
    assert make_list_table([seen()], START - timedelta(days=1)).columns["age"].values == ("0.0 s",)


def test_a_run_in_lines() -> None:
    one = seen("pos\n--lr 0.1", f"{INFO}execution_time:42.5\ncomments:one,two\nexit_status:x\n")
    assert format_summary(one, ["a.scores", "hermes.info"]) == [
        "identifier  a",
        "path        /runs/a",
        "status      finished (a reason)",
        "commit      abcdef",
        "started     2026-11-23T18:00:00",
        "ended       2026-11-23T18:00:42.300000",
        "duration    42 s",
        "comments    one,two",
        "arguments   pos",
        "            --lr 0.1",
        "files       a.scores",
        "            hermes.info",
        f"problems    {one.run.info.problems[0]}",
    ]
    assert format_summary(seen("", ""), [])[-1] == "status      finished (a reason)"


def test_the_differences_of_two_runs() -> None:
    first = seen("--lr 0.1\n--same 1\n--layers 32 32", f"{INFO}execution_time:3\n", "a")
    second = seen("--lr 1\n--same 1\n--flag", "commit_hash:fedcba\ncomments:x\n", "b", RunStatus.FAILED)
    columns = make_diff_table(first, second).columns
    rows = dict(
        zip(
            columns[""].values,
            zip(columns["first"].values, columns["second"].values, strict=True),
            strict=True,
        )
    )
    assert rows == {
        "identifier": ("a", "b"),
        "status": ("finished", "failed"),
        "commit": ("abcdef", "fedcba"),
        "duration": ("3.0 s", None),
        "comments": (None, "x"),
        "--lr": ("0.1", "1"),
        "--layers": ("32 32", None),
        "--flag": (None, "True"),
    }


def test_an_argument_named_as_a_fact_does_not_hide_the_fact() -> None:
    """A positional argument is named as it stands."""
    columns = make_diff_table(
        seen("status", identifier="a"), seen("", identifier="b", status=RunStatus.FAILED)
    ).columns
    found = list(zip(columns["first"].values, columns["second"].values, strict=True))
    assert ("finished", "failed") in found
    assert ("True", None) in found


def test_runs_that_differ_in_nothing_differ_in_their_identifiers() -> None:
    assert make_diff_table(seen(identifier="a"), seen(identifier="b")).columns[""].values == ("identifier",)


# Sorting


def order(key: str, *runs: RunSummary) -> str:
    return "".join(one.identifier for one in sort_summaries(runs, key))


def test_runs_are_sorted_by_what_is_known_of_them() -> None:
    early = seen("", "start_time:2026_11_23_170000000000\nexecution_time:9\n", "c", RunStatus.FAILED)
    late = seen("", f"{INFO}execution_time:1\n", "b")
    bare = seen("", "", "a", RunStatus.UNKNOWN)
    assert order("identifier", early, late, bare) == "abc"
    assert order("status", bare, late, early) == "cba"
    assert order("start", bare, late, early) == "cba"
    assert order("duration", bare, early, late) == "bca"


def test_runs_are_sorted_by_an_argument_numbers_before_texts_and_none_last() -> None:
    values = {"a": "ten", "b": "10", "c": "9.5", "d": "nan", "f": "True", "g": "1 2", "h": "None"}
    runs = [seen(f"--x {value}", identifier=name) for name, value in values.items()]
    assert order("--x", seen(identifier="e"), *runs) == "cbhfgaed"


def test_numbers_too_large_for_a_float_are_sorted_too() -> None:
    values = {"a": str(10**400), "b": "1", "c": str(-(10**400)), "d": "text", "e": "-1"}
    assert order("--x", *(seen(f"--x {value}", identifier=name) for name, value in values.items())) == "cebad"


def test_a_key_that_no_run_has_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UnknownChoiceError) as error:
        sort_summaries([seen("--lr 1")], "--seed")
    assert str(error.value) == (
        "expected a key to sort by of ['identifier', 'status', 'start', 'duration', '--lr'], got '--seed'"
    )
    assert sort_summaries([], "--seed") == ()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (10, "10 s"),
        (42.3, "42 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 0 h"),
        (1e9, "11574 d 1 h"),
    ],
)
def test_spans_of_time(seconds: float, text: str) -> None:
    assert format_span(seconds) == text


@pytest.mark.parametrize("seconds", [59.5, 59.99])
def test_a_minute_is_never_60_seconds(seconds: float) -> None:
    assert format_span(seconds) != "60 s"
