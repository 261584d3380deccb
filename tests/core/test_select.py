from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import attrs
import pytest

from pyhermes.core import (
    HermesError,
    NothingToChooseError,
    WrongTypeError,
    filter_by_args,
    latest,
    load_run,
    with_arguments,
)


@attrs.frozen
class Job:
    """Something with arguments that knows nothing of pyhermes."""

    identifier: str
    exec_args: frozenset[str] = frozenset()
    start_time: datetime | None = None


A = Job("a", frozenset({"--x", "--seed 1"}))
B = Job("b", frozenset({"--x", "--seed 2"}))
C = Job("c", frozenset({"--seed 1"}))


def test_all_of_the_arguments_are_wanted_and_the_order_is_kept() -> None:
    assert filter_by_args([B, A, C], ["--x"]) == (B, A)
    assert filter_by_args([B, A, C], {"--x", "--seed 1"}) == (A,)
    assert filter_by_args([A, B], ["--seed"]) == ()


def test_an_exact_match_is_a_match_and_no_argument_keeps_everything() -> None:
    assert filter_by_args([A, C], ["--seed 1"]) == (A, C)
    assert filter_by_args([A, C], []) == (A, C)


def test_any_iterable_will_do() -> None:
    def jobs() -> Iterator[Job]:
        yield from (A, B)

    assert filter_by_args(jobs(), iter(["--seed 2"])) == (B,)


def test_records_of_runs_can_be_filtered(first: Path) -> None:
    run = with_arguments(load_run(first))
    assert filter_by_args([run], ["--seed 0"]) == (run,)
    assert filter_by_args([run.arguments], ["--seed 1"]) == ()
    assert latest([run]) is run


@pytest.mark.parametrize("args", ["--x", [3], ["--x", None]])
def test_what_are_no_arguments(args: list[str]) -> None:
    with pytest.raises(TypeError, match="expected") as error:
        filter_by_args([A], args)
    assert isinstance(error.value, WrongTypeError)


def test_latest() -> None:
    early, late = Job("z", start_time=datetime(2020, 1, 1)), Job("a", start_time=datetime(2021, 1, 1))
    twin = Job("b", start_time=datetime(2021, 1, 1))
    unknown = Job("zz")
    assert latest([early, late, unknown]) is late
    assert latest([late, early]) is late
    assert latest([twin, late]) is latest([late, twin]) is twin
    assert latest(iter([unknown, Job("zy")])) is unknown


def test_latest_of_nothing() -> None:
    with pytest.raises(ValueError, match="got none") as error:
        latest([])
    assert isinstance(error.value, NothingToChooseError | HermesError)
