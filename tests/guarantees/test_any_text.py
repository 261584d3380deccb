"""Text of any bytes loads, and only numbers are numbers."""

from __future__ import annotations

import math
import random
import warnings
from pathlib import Path

import pytest
import torch

from pyhermes import Experiment
from pyhermes.core import ScoresError, load_arguments, load_result, load_run, load_scores, parse_scores
from tests.guarantees.test_inside import make_run
from tests.torch_files import saved

PIECES = [b"\0", b"\r\n", b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"\x85", b"\x1c", b"\t", b":", b" ", b'"', b"'", b"\\", "٣".encode(), b"1_000", b"nan", b"--lr", b"comments:", b"execution_time:", b"start_time:", b"exit_status:", b"\xe2\x80\xa8", b"-", b"=", b"0.5", b"\x1b[31m"]  # fmt: skip
NO_NUMBERS = ["1_000", "٣", "１", "1_0.5", "0x10", "1e", "1,5", "--1", "1 2", "½", "1\0", "infinite", "True"]
NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "1e3": 1000.0, ".5": 0.5, "-7": -7.0}


@pytest.mark.slow
def test_any_bytes_of_an_info_and_of_arguments_load_and_none_is_lost(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    choose = random.Random(6)
    for _ in range(1500):
        data = b"".join(choose.choices(PIECES, k=choose.randrange(12)))
        (run / "hermes.info").write_bytes(b"note:" + data + b"\n")
        (run / "exec_arguments").write_bytes(data)
        info = load_run(run).info
        kept = "".join([*info.fields, *info.fields.values(), *(problem.value for problem in info.problems)])
        for piece in (b"\xff\xfe", b"\0", b"\x1b[31m"):
            assert (piece.decode("utf-8", "surrogateescape") in kept) == (piece in data)
        assert all(isinstance(line, str) for line in load_arguments(run).lines)


@pytest.mark.parametrize(
    ("data", "comments"),
    [
        (b"comments:a\0b\n", "a\0b"),
        (b"comments:a\r\n", "a"),
        (b"\xef\xbb\xbfcomments:a\n", "a"),
        (b"comments:\xff\xc3\n", "\udcff\udcc3"),
        (b"comments:a\x0b\x1c\xc2\x85\xe2\x80\xa8b\n", "a\x0b\x1c\x85\u2028b"),
        (b"comments:" + b"x" * 5_000_000 + b"\n", "x" * 5_000_000),
    ],
    ids=["NUL", "CRLF", "BOM", "no UTF-8", "other ends of lines", "a long line"],
)
def test_a_note_of_any_bytes(tmp_path: Path, data: bytes, comments: str) -> None:
    run = make_run(tmp_path / "one")
    (run / "hermes.info").write_bytes(data)
    assert Experiment.load(run).comments == comments


def test_any_bytes_of_a_log_load(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    data = b"".join(random.Random(7).choices(PIECES, k=5000))
    for name in ("stdout.log", "stderr.log"):
        (run / name).write_bytes(data)
    with Experiment.load(run).open_log_files("r") as (stdout, stderr):
        for log in (stdout, stderr):
            assert log.read().encode("utf-8", "surrogateescape") == data


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_anywhere(tmp_path: Path, text: str) -> None:
    run = make_run(tmp_path / "one")
    (run / "hermes.info").write_text(f"execution_time:{text}\nstart_time:{text}\nexit_status:{text}\n")
    (run / "exec_arguments").write_text(f"--x={text}\n")
    (run / "one.scores").write_text(f"1\n{text}\n")
    info = load_run(run).info
    assert (info.execution_time, info.start_time, info.exit_status) == (None, None, None)
    assert [problem.key for problem in info.problems] == ["execution_time", "start_time", "exit_status"]
    value = load_arguments(run).values["--x"]
    assert isinstance(value, str) or text == "1 2"
    with pytest.raises(ScoresError, match=r"one\.scores, line 2: expected one decimal number"):
        load_scores(run / "one.scores")


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_a_number_everywhere(tmp_path: Path, text: str) -> None:
    run = make_run(tmp_path / "one")
    (run / "exec_arguments").write_text(f"--x {text}\n")
    (run / "one.scores").write_text(f"{text}\r\n{text}\n")
    expected = pytest.approx(NUMBERS[text], nan_ok=True)
    assert load_arguments(run).values["--x"] == expected
    assert load_scores(run / "one.scores").tolist() == [expected, expected]


def test_scores_of_any_bytes_are_numbers_or_one_error_that_names_the_line() -> None:
    choose = random.Random(8)
    refused = 0
    for _ in range(1500):
        data = b"0\n" + b"".join(choose.choices([*PIECES, b"1\n", b"2.5\n", b"inf\n"] * 2, k=4))
        try:
            assert parse_scores(data).ndim == 1
        except ScoresError as error:
            assert error.line is not None  # noqa: PT017
            refused += 1
    assert 100 < refused < 1500


@pytest.mark.slow
def test_scores_and_results_may_be_of_any_size(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    with (run / "one.scores").open("wb") as file:
        file.write(b"return")
        file.truncate(65 << 20)
        file.seek(0, 2)
        file.write(b"\n1.5\n2.5\n")
    assert load_scores(run / "one.scores").tolist() == [1.5, 2.5]
    (run / "one.result").write_bytes(saved({"t": torch.zeros(65 << 20, dtype=torch.uint8)}))
    assert load_result(run / "one.result").series("t").shape == (65 << 20,)


def test_a_text_that_is_too_large_is_warned_of(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    for name in ("hermes.info", "exec_arguments"):
        with (run / name).open("ab") as file:
            file.truncate(1 << 30)
    with pytest.warns(UserWarning, match=r"one.*\n?.*hermes\.info.*at most 64 MiB"):
        exp = Experiment.load(run)
    with pytest.warns(UserWarning, match="at most 64 MiB.*exec_arguments"):
        assert exp.exec_args == set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert exp.info_dict == Experiment.read_info(run) == {}
