from __future__ import annotations

import copy
import os
import pickle
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from pyhermes.core import (
    ExecArgs,
    ExperimentInfo,
    InfoError,
    Run,
    RunWithArguments,
    load_run,
    parse_info,
    with_arguments,
)
from pyhermes.core.disk.scanning import list_problems
from pyhermes.core.runs.run import describe_run

IDENTIFIER = "2026_11_23_182353168091_0_fcbfa"
RUN = Run(Path("/runs/a"), "a", ExperimentInfo())


def test_a_real_run_and_its_arguments(first: Path) -> None:
    run = load_run(first)
    assert run == Run(first, first.name, parse_info((first / "hermes.info").read_text()))
    both = with_arguments(run)
    assert both == RunWithArguments(run, both.arguments)
    assert both.identifier == run.identifier == IDENTIFIER
    assert both.start_time == run.start_time == datetime(2026, 11, 23, 18, 23, 53, 176615)
    assert both.exec_args == both.arguments.exec_args
    assert "--seed 0" in both.exec_args


@pytest.mark.parametrize(
    ("identifier", "text", "start"),
    [
        (IDENTIFIER, "start_time:2026_11_23_182353176615\n", datetime(2026, 11, 23, 18, 23, 53, 176615)),
        (IDENTIFIER, "commit_hash:9b28e1f\n", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        (IDENTIFIER, "start_time:noon\n", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        (IDENTIFIER, "start_time:2026_11_23_182353176615", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        ("2026_11_23_182353168091_fcbfa", "", datetime(2026, 11, 23, 18, 23, 53, 168091)),
        ("renamed", "start_time:2026_11_23_182353176615\n", datetime(2026, 11, 23, 18, 23, 53, 176615)),
        ("renamed", "start_time:noon\n", None),
        ("renamed", "start_time:1600000000.25\n", datetime.fromtimestamp(1600000000.25)),
    ],
)
def test_a_run_began_when_its_info_says_or_else_its_identifier(
    identifier: str, text: str, start: datetime | None
) -> None:
    run = Run(Path("/runs") / identifier, identifier, parse_info(text))
    assert run.start_time == start
    assert RunWithArguments(run, ExecArgs()).start_time == start


def test_a_run_can_be_described_without_anything_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    moment = datetime(2026, 11, 23, 18, 23, 53, 176615)
    run = describe_run("first", "runs/first", "9b28e1f", moment)
    assert run == Run(
        tmp_path / "runs" / "first",
        "first",
        ExperimentInfo({"commit_hash": "9b28e1f", "start_time": "2026_11_23_182353176615"}, moment),
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_known_of_a_run_is_no_field() -> None:
    run = describe_run(IDENTIFIER, Path("x"), None, None)
    assert run.info == ExperimentInfo()
    assert run.path == Path(os.path.abspath("x"))
    assert run.start_time == datetime(2026, 11, 23, 18, 23, 53, 168091)


@pytest.mark.parametrize(
    "start", ["2026_11_23_182353176615", datetime(2026, 11, 23, tzinfo=UTC), 1600000000.25]
)
def test_a_described_start_time_reads_back_from_its_field(start: datetime | str | float) -> None:
    info = describe_run("a", "a", None, start).info
    assert info.start_time is not None
    assert info.start_time.tzinfo is None
    assert parse_info(f"start_time:{info.fields['start_time']}\n").start_time == info.start_time


def test_a_start_time_that_is_none_cannot_be_described() -> None:
    with pytest.raises(InfoError, match="'noon'"):
        describe_run("a", "a", None, "noon")


def test_every_problem_names_its_file() -> None:
    broken = attrs.evolve(RUN, info=parse_info("lost\nexecution_time:soon\n"))
    assert list_problems([RUN, broken, broken]) == 2 * (
        "/runs/a/hermes.info: line 1: expected a line `key:value`, got 'lost'",
        "/runs/a/hermes.info: line 2: execution_time: expected seconds, finite and not negative, got 'soon'",
    )


def test_records_survive_pickle_and_deepcopy_and_can_be_hashed(first: Path) -> None:
    both = with_arguments(load_run(first))
    for record in (both, both.run):
        again = pickle.loads(pickle.dumps(record))
        assert again == record == copy.deepcopy(record)
        assert hash(again) == hash(record)


def test_records_cannot_be_changed(first: Path) -> None:
    both = with_arguments(load_run(first))
    with pytest.raises(AttributeError):
        both.run.identifier = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        both.arguments = ExecArgs()  # type: ignore[misc]
    with pytest.raises(TypeError):
        both.run.info.fields["comments"] = "other"  # type: ignore[index]
