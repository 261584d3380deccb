from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
import torch

from pyhermes.core import load_state_dict
from pyhermes.core.disk.atomic_writing import atomic_write
from pyhermes.core.disk.run_files import save_state_dict
from tests.core.disk.helpers import names, python


def test_a_state_dict_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "best.pth"
    for value in (1.0, 2.0):
        assert save_state_dict(path, {"w": torch.full((2,), value)}) == path
        assert load_state_dict(path)["w"].tolist() == [value, value]
    assert names(tmp_path) == ["best.pth"]


SAVES = """
import resource, sys
from pathlib import Path
import torch
from pyhermes.core.disk.run_files import save_state_dict
path = Path(sys.argv[1])
save_state_dict(path, {"w": torch.zeros(2)})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    save_state_dict(path, {"w": torch.zeros(100_000)})
except OSError as error:
    print(error.errno)
"""


def test_on_a_full_disk_the_old_state_dict_stays_and_the_error_says_why(tmp_path: Path) -> None:
    assert python(SAVES, str(tmp_path / "best.pth")) == "27\n"
    assert load_state_dict(tmp_path / "best.pth")["w"].tolist() == [0, 0]
    assert names(tmp_path) == ["best.pth"]


class NoRoom:
    """A file on a disk that is full, as torch writes to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.room = 3000

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def test_a_state_dict_that_has_no_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def full(path: Path) -> Iterator[NoRoom]:
        with atomic_write(path) as file:
            yield NoRoom(file)

    monkeypatch.setattr("pyhermes.core.disk.run_files.atomic_write", full)
    with pytest.raises(OSError, match="No space left"):
        save_state_dict(tmp_path / "a.pth", {"w": torch.zeros(100_000)})
    assert list(tmp_path.iterdir()) == []


def test_what_torch_itself_refuses_is_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("of torch")

    monkeypatch.setattr(torch, "save", refuse)
    with pytest.raises(RuntimeError, match="of torch"):
        save_state_dict(tmp_path / "a.pth", {})
