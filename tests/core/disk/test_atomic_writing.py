from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

import pytest

from pyhermes.core.disk.atomic_writing import append_whole, atomic_write, write_file, write_new_file
from pyhermes.core.errors import RecordingError
from tests.core.disk.helpers import names


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "file"
    write_file(path, b"first")
    with path.open("rb") as before:
        write_file(path, b"second")
        assert before.read() == b"first"
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["file"]


def test_an_error_about_another_file_goes_on_naming_that(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError) as error,
        atomic_write(tmp_path / "file") as file,
    ):
        file.write((tmp_path / "nowhere").read_bytes())
    assert error.value.filename == str(tmp_path / "nowhere")
    assert names(tmp_path) == []


def test_a_new_file_takes_no_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "sweep.hermes"
    write_new_file(path, "café \udcff\n")
    assert path.read_bytes() == b"caf\xc3\xa9 \xff\n"
    with pytest.raises(RecordingError, match="there is a file already") as error:
        write_new_file(path, "other")
    assert error.value.path == path
    assert path.read_bytes() == b"caf\xc3\xa9 \xff\n"
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(RecordingError):
        write_new_file(tmp_path / "dangling", "other")
    assert not (tmp_path / "nowhere").exists()


def test_a_text_that_cannot_be_written_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_new_file(tmp_path / "sweep.hermes", "\ud800")
    assert names(tmp_path) == []


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    sizes = iter([3, 2])

    def some(descriptor: int, data: memoryview) -> int:
        size = next(sizes, None)
        if size is None:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:size])

    with FileIO(tmp_path / "file", "ab") as file:
        file.write(b"before\n")
        monkeypatch.setattr(os, "write", some)
        with pytest.raises(OSError, match="No space left"):
            append_whole(file, b"a long line\n")
        assert (tmp_path / "file").read_bytes() == b"before\n"
        sizes = iter([4, 8])
        append_whole(file, b"a long line\n")
    assert (tmp_path / "file").read_bytes() == b"before\na long line\n"
