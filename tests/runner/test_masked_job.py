from __future__ import annotations

import getpass
import sys

import pytest

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.sweep.jobs import Job
from pyhermes.runner.masked_job import ask_for_secrets
from pyhermes.system.environment import SECRETS_VARIABLE, read_secret_names

MASKED = Job(("a.py",), "a", own=(("--seat", "***", "***"), ("--url", "http://me:***@host"), ("--lr", "1")))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked for at a terminal, where "hunter2" is typed."""
    prompts: list[str] = []
    monkeypatch.setenv(SECRETS_VARIABLE, "license")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return "hunter2"

    monkeypatch.setattr(getpass, "getpass", answer)
    return prompts


def test_secrets_are_asked_for_and_stay_secret(asked: list[str]) -> None:
    job = ask_for_secrets(MASKED)
    assert job.lines == (("--seat", "hunter2", "hunter2"), ("--url", "http://me:hunter2@host"), ("--lr", "1"))
    assert asked == ["--seat: ", "--url: "]
    assert read_secret_names().secret == {"license", "seat", "url"}


def test_where_none_is_masked_nothing_is_asked(asked: list[str]) -> None:
    job = Job(("a.py",), "a", own=(("--lr", "1"),))
    assert ask_for_secrets(job) == job
    assert asked == []
    assert read_secret_names().secret == {"license"}


def test_without_a_terminal_they_are_named(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(
        ArgumentsError, match="the run does not hold the secret --seat, --url, and there is no"
    ):
        ask_for_secrets(MASKED)
    assert asked == []
