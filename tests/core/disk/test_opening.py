from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyhermes.core.disk.opening import is_there, read_from, read_system_file


def test_a_log_is_read_from_where_one_left_off(run: Path) -> None:
    log = run / "stdout.log"
    log.write_bytes(b"first\n")
    assert read_from(log.parent, log.name, 0) == b"first\n"
    with log.open("ab") as file:
        file.write(b"second")
    assert read_from(log.parent, log.name, 6) == b"second"
    assert read_from(log.parent, log.name, 12) == read_from(log.parent, log.name, 1000) == b""
    assert read_from(log.parent, log.name, 3, 5) == b"st\nse"
    assert read_from(run, "nowhere", 0) == b""


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_only_the_runs_own_files_are_read_as_logs(run: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "outside").write_text("from outside")
    (run / "stdout.log").unlink()
    if kind == "link":
        (run / "stdout.log").symlink_to(tmp_path / "outside")
    else:
        os.mkfifo(run / "stdout.log")
    code = "import sys; from pathlib import Path; from pyhermes.core.disk.opening import read_from\n"
    code += "from pyhermes import HermesError\ntry: print(read_from(Path(sys.argv[1]).parent, Path(sys.argv[1]).name, 0))\n"
    code += "except HermesError: print('refused')"
    words = [sys.executable, "-c", code, str(run / "stdout.log")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=3)
    assert done.stdout in ("refused\n", "b''\n")


def test_a_small_file_of_the_system_is_read(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("b007\n")
    (tmp_path / "other").write_bytes("é".encode())
    assert read_system_file(str(tmp_path / "id")) == "b007\n"
    assert read_system_file(str(tmp_path / "other")) is None
    assert read_system_file(str(tmp_path / "nowhere")) is None
    assert read_system_file(str(tmp_path)) is None


def test_something_is_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    assert is_there(tmp_path)
    assert is_there(str(tmp_path / "file"))
    assert not is_there(tmp_path / "dangling")
    assert not is_there(tmp_path / "nowhere")
    assert not is_there("a\0b")
