"""What speed rests on, without a clock: calls of the system, bytes of memory, modules imported."""

from __future__ import annotations

import gc
import os
import shutil
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyhermes import Experiment
from pyhermes.core import smoothen, training_curve
from pyhermes.core.curves.downsample import count_points
from pyhermes.core.disk import bulk
from tests.conftest import FIRST

CALLS = (
    "open",
    "read",
    "pread",
    "lseek",
    "close",
    "stat",
    "lstat",
    "fstat",
    "readlink",
    "scandir",
    "listdir",
)


@pytest.fixture
def many(tmp_path: Path, runs: Path) -> Callable[[int], Path]:
    """A folder of so many runs."""

    def made(count: int) -> Path:
        for number in range(count):
            shutil.copytree(runs / FIRST, tmp_path / str(count) / f"2026_11_23_{number:012}_0_fcbfa")
        return tmp_path / str(count)

    return made


def calls_of(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each call of the system is made."""
    counted: Counter[str] = Counter()

    def counting(name: str) -> Callable[..., object]:
        call: Callable[..., object] = getattr(os, name)

        def count(*args: object, **kwargs: object) -> object:
            counted[name] += 1
            return call(*args, **kwargs)

        return count

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counting(name))
        patch.setattr(bulk, "_read_beginning", os.pread)
        work()
    return counted


ONE_FILE = Counter({"open": 1, "pread": 1, "lseek": 1, "close": 1})


def test_loading_takes_four_calls_a_run(many: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    few, more = many(10), many(30)
    of_few = calls_of(lambda: Experiment.load_all(few), monkeypatch)
    of_more = calls_of(lambda: Experiment.load_all(more), monkeypatch)
    assert of_more - of_few == Counter({name: 20 * count for name, count in ONE_FILE.items()})


def test_arguments_take_four_calls_a_run_once(
    many: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Experiment.load_all(many(12))
    first = calls_of(lambda: runs.filter_by_exec_args("--seed 0"), monkeypatch)
    assert first == Counter({name: 12 * count for name, count in ONE_FILE.items()})
    assert calls_of(lambda: runs.filter_by_exec_args("--seed 0", "-lr 0.001"), monkeypatch) == Counter()
    assert len(runs.filter_by_exec_args("--seed 0")) == 12


def test_a_loaded_run_holds_less_than_a_kilobyte(many: Callable[[int], Path]) -> None:
    def held(folder: Path) -> int:
        Experiment.load_all(folder)
        gc.collect()
        tracemalloc.start()
        runs = Experiment.load_all(folder)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(runs) == int(folder.name)
        return taken

    assert 0 < held(many(150)) - held(many(50)) < 100 * 1024


def extra_memory(work: Callable[[int], object], size: int, kept: int) -> int:
    """The most that is held at a time beyond the input and so many bytes a value."""
    work(size)
    tracemalloc.start()
    work(size)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - kept * size


@pytest.mark.parametrize("window", [1, 100, 5000])
def test_smoothing_takes_the_same_memory_for_any_length_beside_what_it_gives(window: int) -> None:
    values = np.random.default_rng(0).standard_normal(1_000_000)

    def work(size: int) -> object:
        return smoothen(values[:size], window)

    assert extra_memory(work, 1_000_000, kept=16) < extra_memory(work, 200_000, kept=16) + 50_000


def test_counting_points_takes_the_same_memory_for_any_length() -> None:
    values = np.random.default_rng(0).standard_normal(6 << 20)

    def work(size: int) -> object:
        return count_points(values[:size], (-3.0, 3.0), 100, 100)

    assert extra_memory(work, 6 << 20, kept=0) < extra_memory(work, 2 << 20, kept=0) + 50_000


def test_a_training_curve_is_computed_from_all_values() -> None:
    scores = np.zeros(300_001)
    scores[123_457] = 5.0
    curve = training_curve(scores, window_length=250)
    assert curve.best is not None
    assert curve.best.episode == 123_457
    assert np.count_nonzero(curve.means) == 250
