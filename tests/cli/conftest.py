"""The projects that the command is run in."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.helpers import (
    make_project,
)


@pytest.fixture(autouse=True)
def no_handler_left() -> Iterator[None]:
    """The command handles SIGTERM, which pytest should not go on to."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


@pytest.fixture
def examples(project: Path, runs: Path) -> Path:
    """A project with the example runs."""
    return Path(shutil.move(runs, project / "runs"))
