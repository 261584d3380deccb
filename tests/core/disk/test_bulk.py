from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest

from pyhermes.core.disk import bulk
from pyhermes.core.disk.bulk import read_each, read_text_at_once


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


def test_what_is_read_comes_in_the_order_of_the_items() -> None:
    assert read_each(str, range(5000)) == list(map(str, range(5000)))
    assert read_each(str, []) == []


def test_what_is_read_quickly_is_read_by_the_caller_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def read(item: int) -> int:
        clock.now += 1.0 if item < 5 else 0.0  # a few hiccups are not a network
        return threading.get_ident()

    assert set(read_each(read, range(100))) == {threading.get_ident()}


def test_what_takes_long_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    together = threading.Barrier(20)

    def read(item: int) -> int:
        clock.now += 0.002
        if threading.get_ident() != main:
            together.wait(timeout=60)
        return item

    main = threading.get_ident()
    assert read_each(read, range(16 + 40)) == list(range(16 + 40))


def test_an_error_in_a_thread_is_an_error_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)

    def read(item: int) -> int:
        clock.now += 0.002
        return 1 // (item - 40)

    with pytest.raises(ZeroDivisionError):
        read_each(read, range(100))


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_paused_meanwhile_and_then_as_it_was(enabled: bool) -> None:
    def read(item: int) -> int:
        assert not gc.isenabled()
        return 1 // item

    try:
        (gc.enable if enabled else gc.disable)()
        assert read_each(read, [1, 1]) == [1, 1]
        assert gc.isenabled() is enabled
        with pytest.raises(ZeroDivisionError):
            read_each(read, [1, 0])
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


@pytest.mark.parametrize("size", [1, 4095])
def test_a_small_file_is_read_as_a_whole(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"\xff" * size)
    assert read_text_at_once(str(tmp_path / "a")) == "\udcff" * size


@pytest.mark.parametrize("size", [0, 4096, 5000])
def test_a_file_that_is_empty_or_large_is_for_a_closer_look(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)
    assert read_text_at_once(str(tmp_path / "a")) is None


def test_a_file_that_one_read_does_not_take_up_is_for_a_closer_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"x:1\ny:2\n")
    monkeypatch.setattr(bulk, "_read_beginning", lambda *_: b"x:1\n")
    assert read_text_at_once(str(tmp_path / "a")) is None


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_for_a_closer_look(device: str) -> None:
    assert read_text_at_once(device) is None


def test_what_is_no_file_is_an_error_and_takes_nothing_out_of_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    held = os.open(tmp_path / "fifo", os.O_RDWR)
    os.write(held, b"x:1\n")
    (tmp_path / "file").write_text("x:1\n")
    (tmp_path / "link").symlink_to("file")
    for name in ("fifo", "link", ".", "nothing"):
        with pytest.raises(OSError):  # noqa: PT011 - of whatever kind
            read_text_at_once(str(tmp_path / name))
    assert os.read(held, 10) == b"x:1\n"
    os.close(held)
