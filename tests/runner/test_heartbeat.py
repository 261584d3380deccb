from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from pyhermes.runner import heartbeat
from pyhermes.runner.heartbeat import Heartbeat, keep_beating
from tests.runner.helpers import wait_until


def stop_heart(path: Path) -> Path:
    """A heartbeat of long ago."""
    file = path / "heartbeat"
    file.touch()
    os.utime(file, (0, 0))
    return file


def test_it_beats_when_it_is_due_and_not_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    heart = Heartbeat(tmp_path)
    file = stop_heart(tmp_path)
    for second, beats in [(30, False), (60, False), (60.1, True), (61, False), (120, False), (120.2, True)]:
        now[0] = 1000.0 + second
        heart.beat_if_due()
        assert (file.stat().st_mtime > 0) == beats, second
        stop_heart(tmp_path)


def test_a_thread_beats_until_the_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_BEATS", 0.001)
    file = stop_heart(tmp_path)
    with keep_beating(tmp_path):
        wait_until(lambda: file.stat().st_mtime > 0, "it beats")
    file.unlink()
    time.sleep(0.05)
    assert not file.exists()
    assert not [thread for thread in threading.enumerate() if "heartbeat" in thread.name]


def test_it_ends_with_an_exception_too(tmp_path: Path) -> None:
    with pytest.raises(KeyError), keep_beating(tmp_path):
        raise KeyError
    assert not [thread for thread in threading.enumerate() if "heartbeat" in thread.name]


def test_a_disk_that_refuses_it_is_no_error(tmp_path: Path) -> None:
    Heartbeat(tmp_path / "nowhere").beat()
    assert list(tmp_path.iterdir()) == []
