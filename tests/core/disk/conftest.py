"""The runs that the tests of a run's directory write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyhermes.core.disk.record import (
    make_run_directory,
    write_start,
)
from tests.core.disk.helpers import COMMIT, NOW, PROVENANCE_HELD, STAMP, make_run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty directory of a run."""
    return make_run_directory(tmp_path / "root", "train", "first", NOW, commit=COMMIT)


@pytest.fixture
def run(path: Path) -> Path:
    """A run that has begun."""
    info = {"commit_hash": COMMIT, "start_time": "2026_11_23_182353176615"}
    write_start(path, info=info, arguments="--lr 0.1\n", provenance=PROVENANCE_HELD)
    return path


@pytest.fixture
def bare_run(tmp_path: Path) -> Path:
    """A run that holds nothing but its information, as one that was killed at once."""
    return make_run(tmp_path / "runs" / f"{STAMP}_0_fcbfa")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that is no run's."""
    path = tmp_path / "outside.txt"
    path.write_text("from outside")
    return path
