from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from pyhermes import HermesWarning
from pyhermes.core.errors import UnknownChoiceError
from pyhermes.runner.write_errors import LOST, SCORES, STATE_DICTS, WriteErrors, check_on_error
from tests.guarantees.helpers import warned

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/runs/a.scores")
READ_ONLY = OSError(errno.EROFS, os.strerror(errno.EROFS), "/runs/a.scores")


def attempt(
    errors: WriteErrors, error: Exception | None, headline: str = SCORES, path: Path | None = None
) -> None:
    with errors.attempt(headline, path):
        if error is not None:
            raise error


def test_errors_are_raised_by_default() -> None:
    with pytest.raises(OSError, match="No space") as raised:
        attempt(WriteErrors("raise"), FULL)
    assert raised.value is FULL


def test_or_each_kind_of_them_is_one_warning() -> None:
    errors = WriteErrors("warn")
    with warned() as said:
        for _ in range(3):
            attempt(errors, FULL)
            attempt(errors, READ_ONLY)
            attempt(errors, FULL, STATE_DICTS)
    assert said == [f"{SCORES}\n  {FULL}", f"{SCORES}\n  {READ_ONLY}", f"{STATE_DICTS}\n  {FULL}"]


@pytest.mark.parametrize("on_error", ["raise", "warn"])
def test_other_errors_are_raised_in_any_case(on_error: Any) -> None:
    with pytest.raises(KeyError):
        attempt(WriteErrors(on_error), KeyError())


@pytest.mark.filterwarnings("ignore")
def test_a_file_is_lost_until_it_is_written() -> None:
    errors = WriteErrors("warn")
    best, last = Path("best.pth"), Path("last.pth")
    attempt(errors, FULL, STATE_DICTS, best)
    attempt(errors, READ_ONLY, STATE_DICTS, last)
    attempt(errors, FULL)  # something else will write it, so that it is not lost
    assert errors.lost() == [FULL, READ_ONLY]
    attempt(errors, None, STATE_DICTS, best)
    attempt(errors, None)
    assert errors.lost() == [READ_ONLY]
    attempt(errors, None, STATE_DICTS, last)
    assert errors.lost() == []


def test_of_a_file_that_is_lost_twice_the_last_reason_counts() -> None:
    errors = WriteErrors("warn")
    with pytest.warns(HermesWarning):
        attempt(errors, FULL, STATE_DICTS, Path("best.pth"))
    with pytest.warns(HermesWarning):
        attempt(errors, READ_ONLY, STATE_DICTS, Path("best.pth"))
    assert errors.lost() == [READ_ONLY]


def test_what_the_disk_has_refused_for_good_is_one_warning_and_the_rest_is_returned() -> None:
    other = KeyError("of a result")
    with warned() as said:
        assert WriteErrors("warn").warn_of_lost([FULL, other, READ_ONLY]) == [other]
    assert said == [f"{LOST}\n  {FULL}\n  {READ_ONLY}"]


def test_where_errors_are_raised_none_is_a_warning() -> None:
    with warned() as said:
        assert WriteErrors("raise").warn_of_lost([FULL]) == [FULL]
        assert WriteErrors("warn").warn_of_lost([]) == []
    assert said == []


@pytest.mark.parametrize("on_error", ["skip", "", None])
def test_there_are_two_choices(on_error: Any) -> None:
    check_on_error("raise")
    check_on_error("warn")
    with pytest.raises(UnknownChoiceError, match="expected on_error to be 'raise' or 'warn', got"):
        check_on_error(on_error)
