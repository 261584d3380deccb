from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from pyhermes.runner.interrupts import (
    EndedBySignal,
    EndingSignals,
    call_before_ending,
    count_interrupts,
    exit_status_of,
)

COUNTED = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers_stay() -> Iterator[None]:
    """A test begins with the system's handlers, and leaves those that it has found."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def died(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that this process would have sent to itself."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: sent.append(number))
    return sent


# Counting


def test_signals_that_ask_to_end_are_counted_and_raise_nothing() -> None:
    before = [signal.getsignal(number) for number in COUNTED]
    with count_interrupts() as interrupts:
        for number in COUNTED:
            signal.raise_signal(number)
    assert interrupts.count == 3
    assert [signal.getsignal(number) for number in COUNTED] == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with count_interrupts() as interrupts:
        signal.raise_signal(signal.SIGHUP)
    assert interrupts.count == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_another_thread_counts_nothing() -> None:
    counts: list[int] = []

    def work() -> None:
        with count_interrupts() as interrupts:
            counts.append(interrupts.count)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert counts == [0]


# Ending a block


def test_a_signal_ends_the_block_and_then_the_process(died: list[int]) -> None:
    signals = EndingSignals()
    passed = []
    with signals.end_block():
        signal.raise_signal(signal.SIGTERM)
        passed.append(True)
    assert passed == []
    assert (signals.number, died) == (signal.SIGTERM, [signal.SIGTERM])


def test_a_signal_that_comes_late_waits_for_the_end_of_the_block(died: list[int]) -> None:
    signals = EndingSignals()
    passed = []
    with signals.end_block():
        signals.defer()
        signal.raise_signal(signal.SIGTERM)
        assert died == []
        passed.append(True)
    assert passed == [True]
    assert died == [signal.SIGTERM]


def test_after_a_late_signal_an_exception_does_not_keep_the_process_going(died: list[int]) -> None:
    signals = EndingSignals()

    def fail_after_a_signal() -> None:
        signals.defer()
        signal.raise_signal(signal.SIGTERM)
        raise KeyError

    with pytest.raises(KeyError), signals.end_block():
        fail_after_a_signal()
    assert died == [signal.SIGTERM]


def test_without_a_signal_the_block_is_as_any_other(died: list[int]) -> None:
    signals = EndingSignals()
    with pytest.raises(KeyError), signals.end_block():
        raise KeyError
    with signals.end_block():
        pass
    assert (signals.number, died) == (0, [])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_of_two_blocks_the_outer_one_ends_the_process(died: list[int]) -> None:
    outer, inner = EndingSignals(), EndingSignals()
    passed = []
    with outer.end_block():
        with inner.end_block():
            signal.raise_signal(signal.SIGTERM)
        passed.append(True)
    assert (outer.number, inner.number, passed) == (signal.SIGTERM, signal.SIGTERM, [])
    assert died == [signal.SIGTERM]


def test_in_a_fork_the_signal_ends_the_fork_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, died: list[int]
) -> None:
    signals = EndingSignals()
    with signals.end_block():
        monkeypatch.setattr(os, "getpid", lambda: 1)
        signal.raise_signal(signal.SIGTERM)
    assert (signals.number, died) == (0, [signal.SIGTERM])


def test_something_is_done_before_a_signal_ends_the_process(died: list[int]) -> None:
    calls: list[list[int]] = []
    call_before_ending(lambda: calls.append(list(died)))
    signal.raise_signal(signal.SIGTERM)
    assert (calls, died) == ([[]], [signal.SIGTERM])


def test_a_handler_of_somebody_else_stays() -> None:
    def own(*_: object) -> None:
        pass

    signal.signal(signal.SIGTERM, own)
    call_before_ending(lambda: None)
    with EndingSignals().end_block():
        assert signal.getsignal(signal.SIGTERM) is own
    assert signal.getsignal(signal.SIGTERM) is own


# Exit statuses


@pytest.mark.parametrize(
    ("error", "exit_status"),
    [
        (KeyError(), 1),
        (GeneratorExit(), 1),
        (SystemExit(), 0),
        (SystemExit(3), 3),
        (SystemExit(-1), 255),
        (SystemExit("said"), 1),
        (KeyboardInterrupt(), -2),
        (asyncio.CancelledError(), -2),
        (EndedBySignal(signal.SIGTERM), -15),
    ],
    ids=repr,
)
def test_the_exit_status_is_the_one_that_a_shell_would_see(error: BaseException, exit_status: int) -> None:
    assert exit_status_of(error) == exit_status


def test_without_asyncio_there_is_nothing_to_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "asyncio")
    assert exit_status_of(KeyError()) == 1


def test_in_another_thread_no_signal_is_handled() -> None:
    handlers = []

    def work() -> None:
        with EndingSignals().end_block():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]


def test_an_interrupt_waits_while_something_is_saved(died: list[int]) -> None:
    signals, passed = EndingSignals(), list[bool]()

    def save() -> None:
        with signals.end_block():
            signals.defer()
            signal.raise_signal(signal.SIGINT)
            passed.append(True)

    with pytest.raises(KeyboardInterrupt):
        save()
    assert (signals.number, passed, died) == (signal.SIGINT, [True], [])


def test_an_interrupt_is_a_keyboard_interrupt() -> None:
    signals = EndingSignals()
    with pytest.raises(KeyboardInterrupt), signals.end_block():
        signal.raise_signal(signal.SIGINT)
    assert signals.number == 0


def test_an_interrupt_while_an_inner_block_saves_ends_the_outer_one() -> None:
    outer, inner, passed = EndingSignals(), EndingSignals(), list[str]()

    def work() -> None:
        with outer.end_block():
            with inner.end_block():
                inner.defer()
                signal.raise_signal(signal.SIGINT)
                passed.append("inner")
            passed.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert passed == ["inner"]
