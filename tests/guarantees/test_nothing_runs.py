"""Loading never runs anything from a file, and never changes what else the process may run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from pyhermes.core import CheckpointError, load_result, load_state_dict
from pyhermes.core.disk import state_dicts
from pyhermes.core.torch_file.reader import check_checkpoint
from tests.conftest import DOUBLE, EXAMPLES, TAXI
from tests.guarantees.attack import CAUGHT

ROOT = Path(__file__).parent.parent.parent
RESULT = EXAMPLES / "runs" / TAXI / "2026_11_23_182307039385_0_fcbfa.result"
CHECKPOINT = EXAMPLES / "runs" / DOUBLE / "2026_11_23_182554711422_8_fcbfa_best.pth"
FORCED_OFF = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
FORCED_ON = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}


def attack(
    folder: Path, seed: int, count: int, setting: dict[str, str], *words: str
) -> subprocess.Popen[str]:
    """A process that loads so many files made to do harm, in a folder of its own."""
    command = [sys.executable, "-m", "tests.guarantees.attack", str(folder), str(seed), str(count), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **setting}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.slow
def test_ten_thousand_files_made_to_do_harm_end_in_our_error_or_in_plain_values(tmp_path: Path) -> None:
    batches = [attack(tmp_path, 1, 5000, FORCED_OFF), attack(tmp_path, 2, 5000, FORCED_ON)]
    became: Counter[str] = Counter()
    for batch in batches:
        said, complaint = batch.communicate(timeout=300)
        assert batch.returncode == 0, complaint
        became.update(json.loads(said))
    assert became.total() == 10_000
    assert became["plain values"] > 50
    for reason in ("it refers to", "the pickle has", "the pickle calls", "a numpy array", "two of its"):
        assert became[reason] > 50, became
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.pth", "2.pth"]


@pytest.mark.slow
def test_the_process_that_watches_sees_what_an_unsafe_load_does(tmp_path: Path) -> None:
    unsafe = attack(tmp_path, 3, 0, {}, "unsafe")
    _, complaint = unsafe.communicate(timeout=120)
    assert (unsafe.returncode, "builtins" in complaint) == (CAUGHT, True)


@pytest.mark.parametrize(
    "setting", [FORCED_OFF, FORCED_ON, FORCED_OFF | FORCED_ON], ids=["off", "on", "both"]
)
@pytest.mark.parametrize("legacy", [False, True])
def test_no_setting_of_torch_makes_a_file_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: dict[str, str], legacy: bool
) -> None:
    class Ran:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "x.pth"
    torch.save({"x": Ran()}, path, _use_new_zipfile_serialization=not legacy)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CheckpointError, match="running code from a file is refused"):
        load_state_dict(path)
    assert not (tmp_path / "ran").exists()


def test_the_allow_list_of_the_process_is_the_same_all_the_time() -> None:
    before = torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals([Counter])
    during = torch.serialization.get_safe_globals()
    changes: list[object] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            if torch.serialization.get_safe_globals() != during:
                changes.append(torch.serialization.get_safe_globals())

    def read(index: int) -> int:
        return len(load_result(RESULT).values) if index % 2 else len(load_state_dict(CHECKPOINT))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(read, range(80)))
    finally:
        over.set()
        watcher.join()
        after = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
    assert Counter in after
    assert (changes, after) == ([], during)


def save(value: float) -> bytes:
    buffer = io.BytesIO()
    torch.save({"w": torch.full((1000,), value)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("mapped_from", [0, 1 << 30], ids=["mapped", "read"])
def test_what_was_checked_is_what_is_loaded_although_another_file_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped_from: int
) -> None:
    if mapped_from == 0 and not Path("/proc/self/fd").exists():
        pytest.skip("the system gives open files no names")
    path = tmp_path / "x.pth"
    path.write_bytes(save(1))
    other = tmp_path / "other.pth"
    other.write_bytes(save(2))

    def check_and_replace(file: io.BytesIO) -> None:
        check_checkpoint(file)
        if other.exists():
            other.replace(path)

    monkeypatch.setattr(state_dicts, "_MAPPED_FROM", mapped_from)
    monkeypatch.setattr("pyhermes.core.disk.state_dicts.check_checkpoint", check_and_replace)
    assert set(load_state_dict(path)["w"].tolist()) == {1.0}
    assert not other.exists()
    assert set(load_state_dict(path)["w"].tolist()) == {2.0}


def test_a_file_that_is_written_to_after_the_check_is_loaded_as_it_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(save(1))

    def check_and_write(file: io.BytesIO) -> None:
        check_checkpoint(file)
        path.write_bytes(save(2))

    monkeypatch.setattr("pyhermes.core.disk.state_dicts.check_checkpoint", check_and_write)
    assert set(load_state_dict(path)["w"].tolist()) == {1.0}
