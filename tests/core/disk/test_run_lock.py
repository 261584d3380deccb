from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pyhermes import HermesWarning
from pyhermes.core.disk import run_lock
from pyhermes.core.disk.run_lock import lock_run


def test_who_holds_the_lock_is_waited_for(tmp_path: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def change() -> None:
        waits.set()
        with lock_run(tmp_path):
            order.append("second")

    with lock_run(tmp_path):
        thread = threading.Thread(target=change)
        thread.start()
        waits.wait()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_is_kept_is_warned_of_and_the_change_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "_PATIENCE", 0.02)
    done = []
    with lock_run(tmp_path), pytest.warns(HermesWarning, match="keeps the lock"), lock_run(tmp_path):
        done.append(True)
    assert done == [True]


def test_where_there_are_no_locks_that_is_said_once_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "lock", lambda _: None)
    (tmp_path / "run").mkdir()
    with pytest.warns(HermesWarning, match="no locks"), lock_run(tmp_path / "run"):
        pass
    with lock_run(tmp_path / "run"):  # a warning would be an error
        pass


def test_a_directory_that_is_gone_has_no_lock_and_the_change_says_why(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), lock_run(tmp_path / "gone"):
        os.listdir(tmp_path / "gone")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with lock_run(tmp_path):
        assert list(tmp_path.iterdir()) == []
