from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pyhermes.core.disk.stop_file import ask_to_stop, forget_stop, read_stop


def test_who_is_asked_once_is_interrupted_and_asked_twice_is_killed(tmp_path: Path) -> None:
    stop = tmp_path / "sub" / "sub" / "stop"
    assert read_stop(stop) == 0
    ask_to_stop(stop)
    assert read_stop(stop) == signal.SIGINT
    ask_to_stop(stop)
    assert read_stop(stop) == signal.SIGKILL
    ask_to_stop(stop)
    assert read_stop(stop) == signal.SIGKILL
    forget_stop(stop)
    assert read_stop(stop) == 0
    forget_stop(stop)
    ask_to_stop(stop)
    assert read_stop(stop) == signal.SIGINT


@pytest.mark.parametrize("content", [b"", b"soon", b"\xff", b"1.5"])
def test_a_file_that_says_nothing_asks_for_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stop").write_bytes(content)
    assert read_stop(tmp_path / "stop") == 0
