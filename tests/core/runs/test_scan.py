from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from pyhermes.core import ExperimentInfo, InfoError, OnError, Run, Scan, UnknownChoiceError, UnreadableRun
from pyhermes.core.runs.scan import check_scan

RUN = Run(Path("/runs/a"), "a", ExperimentInfo())


def test_an_unreadable_run_says_where_it_is_and_why() -> None:
    assert str(UnreadableRun(Path("/runs/b"), "got a FIFO")) == "/runs/b: got a FIFO"


FAILED = Scan((RUN,), (UnreadableRun(Path("/runs/b"), "got a FIFO"), UnreadableRun(Path("/runs/\x1bc"), "x")))


@pytest.mark.parametrize("on_error", ["warn", "skip"])
def test_a_scan_is_handed_on_unless_its_failures_are_to_be_raised(on_error: OnError) -> None:
    assert check_scan(FAILED, on_error) is FAILED
    assert check_scan(Scan(()), "raise") == Scan((), (), ())


def test_one_error_names_every_run_that_could_not_be_read() -> None:
    with pytest.raises(InfoError) as error:
        check_scan(FAILED, "raise")
    assert str(error.value) == ("these runs cannot be read:\n  /runs/b: got a FIFO\n  /runs/\\x1bc: x")


def test_another_word_for_what_to_do_about_errors() -> None:
    with pytest.raises(UnknownChoiceError, match="'warn', 'raise' or 'skip', got 'ignore'"):
        check_scan(Scan(()), "ignore")  # type: ignore[arg-type]


def test_a_scan_is_a_value() -> None:
    again = pickle.loads(pickle.dumps(FAILED))
    assert again == FAILED == copy.deepcopy(FAILED)
    assert hash(again) == hash(FAILED)
    assert again != Scan((RUN,))
