from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from pyhermes.core import (
    ExecutionFileError,
    FileModeError,
    FileNameError,
    MissingFileError,
    NotAFileError,
    load_result,
    load_scores,
)
from pyhermes.core.disk.opening import (
    is_there,
    list_files,
    list_names,
    open_logs,
    open_stderr,
    read_from,
    read_last_lines,
    read_small_text,
    read_system_file,
)
from pyhermes.core.disk.results import list_results
from tests.core.disk.helpers import TOO_LARGE, make_directory, make_socket, open_files


@pytest.fixture
def run(bare_run: Path) -> Path:
    return bare_run


def test_only_files_directly_in_the_run_are_listed(run: Path, outside: Path) -> None:
    for name in ("b.result", "a.result", ".result", "a.result.bak"):
        (run / name).touch()
    (run / "dir.result").mkdir()
    (run / "sub").mkdir()
    (run / "sub" / "c.result").touch()
    (run / "gone.result").symlink_to("nowhere")
    os.mkfifo(run / "fifo.result")
    assert list_files(run, ".result") == [".result", "a.result", "b.result"]
    assert list_files(run, ".scores") == []
    assert list_results(run) == ["", "a", "b"]
    everything = [".result", "a.result", "a.result.bak", "b.result", "dir.result", "fifo.result"]
    assert list_names(run) == [*everything, "gone.result", "hermes.info", "sub"]


@pytest.mark.parametrize("read", [load_scores, load_result])
def test_what_is_no_file_is_never_waited_for(run: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(run / "fifo")
    make_socket(run / "socket")
    before = open_files()
    for path in (run / "fifo", run / "socket", run, Path("/dev/null")):
        with pytest.raises(
            NotAFileError, match="expected a regular file, got a directory or a special file"
        ) as error:
            read(path)
        assert isinstance(error.value, OSError)
        assert error.value.path == path
    with pytest.raises(MissingFileError) as missing:
        read(run / "missing")
    assert missing.value.path == run / "missing"
    assert open_files() == before


def test_a_small_text_of_the_users_own_keeps_all_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "sweep.hermes").write_bytes(b"EXEC\r\n\xff")
    assert read_small_text(tmp_path / "sweep.hermes") == "EXEC\r\n\udcff"
    with pytest.raises(MissingFileError, match="expected a file, got a path where nothing is") as error:
        read_small_text(str(tmp_path / "nowhere"))
    assert error.value.path == tmp_path / "nowhere"
    with pytest.raises(NotAFileError):
        read_small_text(tmp_path)
    os.truncate(tmp_path / "sweep.hermes", TOO_LARGE)
    with pytest.raises(ExecutionFileError) as large:
        read_small_text(tmp_path / "sweep.hermes")
    assert large.value.message == "expected a file of at most 64 MiB, got 'sweep.hermes'"


def test_odd_bytes_and_endings_of_lines_come_back_as_they_were(run: Path) -> None:
    odd = b"10%\r20%\r\n\xff\xfe\x00\n\xc3\xa4\x0b\x1c"
    (run / "stdout.log").write_bytes(odd)
    (run / "stderr.log").write_bytes(odd[::-1])
    with open_logs(run, "r") as (stdout, stderr):
        texts = stdout.read(), stderr.read()
    assert texts[0] == "10%\r20%\r\n\udcff\udcfe\x00\nä\x0b\x1c"
    assert stdout.closed
    assert stderr.closed
    with open_logs(run, "w") as (stdout, stderr):
        stdout.write(texts[1])
        stderr.write(texts[0])
    assert (run / "stdout.log").read_bytes() == odd[::-1]
    assert (run / "stderr.log").read_bytes() == odd


def test_logs_can_be_made_appended_to_and_changed(run: Path) -> None:
    with open_logs(run, "w") as (stdout, stderr):
        stdout.write("one\n")
        stderr.write("error\n")
    with open_logs(run, "a") as (stdout, _):
        stdout.write("two\n")
    with open_logs(run, "r+") as (stdout, _):
        assert stdout.readlines() == ["one\n", "two\n"]
        stdout.seek(0)
        stdout.write("ONE")
    assert (run / "stdout.log").read_text() == "ONE\ntwo\n"
    with open_stderr(run, "r") as stderr:
        assert stderr.read() == "error\n"
    assert sorted(os.listdir(run)) == ["hermes.info", "stderr.log", "stdout.log"]


def test_logs_that_are_made_may_be_written_by_all_whom_the_umask_lets_and_run_by_nobody(run: Path) -> None:
    before = os.umask(0)
    try:
        with open_logs(run, "a") as logs:
            modes = [stat.S_IMODE(os.fstat(log.fileno()).st_mode) for log in logs]
    finally:
        os.umask(before)
    assert modes == [0o666, 0o666]


def test_logs_are_utf_8_wherever_one_is(run: Path) -> None:
    code = "import sys; from pyhermes.core.disk.opening import open_stderr\n"
    code += "with open_stderr(sys.argv[1], 'w') as log: log.write('\\u00e4\\udcff')\n"
    code += "with open_stderr(sys.argv[1], 'r') as log: print(ascii(log.read()))"
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(run)],
        env={**os.environ, **plain},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "'\\xe4\\udcff'\n"
    assert (run / "stderr.log").read_bytes() == b"\xc3\xa4\xff"
    with open_stderr(run, "r") as log:
        assert log.read() == "\u00e4\udcff"


def test_both_logs_are_closed_whatever_happens(run: Path) -> None:
    before = open_files()
    given: list[TextIO] = []

    def fail() -> None:
        with open_logs(run, "w") as logs:
            given.extend(logs)
            logs[0].write("kept")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [log.closed for log in given] == [True, True]
    assert (run / "stdout.log").read_text() == "kept"
    (run / "stderr.log").unlink()
    with pytest.raises(MissingFileError), open_logs(run, "r"):
        pass
    assert open_files() == before


def test_logs_that_are_not_there(run: Path) -> None:
    for mode in ("r", "r+"):
        with pytest.raises(MissingFileError) as error, open_logs(run, mode):
            pass
        assert isinstance(error.value, FileNotFoundError)
        assert error.value.path == run / "stdout.log"
    assert os.listdir(run) == ["hermes.info"]


@pytest.mark.parametrize("mode", ["rb", "wb", "ab+"])
def test_logs_are_text(run: Path, mode: str) -> None:
    with pytest.raises(FileModeError, match="expected a mode for text") as error:
        open_stderr(run, mode)
    assert isinstance(error.value, ValueError)
    assert error.value.path == run / "stderr.log"
    assert os.listdir(run) == ["hermes.info"]


@pytest.mark.parametrize("mode", ["r", "r+", "w", "a"])
@pytest.mark.parametrize("make", [os.mkfifo, make_directory, make_socket])
def test_logs_that_are_no_files(run: Path, mode: str, make: Callable[[Path], None]) -> None:
    make(run / "stderr.log")
    before = open_files()
    with pytest.raises(NotAFileError, match="expected a regular file"):
        open_stderr(run, mode)
    assert open_files() == before


def test_a_log_that_leads_out_of_the_run_is_not_written(run: Path, outside: Path) -> None:
    (run / "stderr.log").symlink_to(outside)
    with pytest.raises(FileNameError):
        open_stderr(run, "w")
    assert outside.read_text() == "from outside"


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
    (run / "stdout.log").unlink(missing_ok=True)
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


# The ends of logs


def test_the_last_lines_of_a_log_are_read_without_what_is_empty(tmp_path: Path) -> None:
    (tmp_path / "stderr.log").write_bytes(b"  50%\r100%\r\n\n \xff end \n")
    assert read_last_lines(tmp_path, "stderr.log") == ["50%", "100%", "\udcff end"]


def test_of_a_large_log_only_the_end_is_read(tmp_path: Path) -> None:
    with (tmp_path / "stderr.log").open("wb") as file:
        file.write(b"begin\n")
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\nend\n")
    zeros, end = read_last_lines(tmp_path, "stderr.log")
    assert (len(zeros), end) == ((64 << 10) - len("\nend\n"), "end")


@pytest.mark.parametrize("kind", ["nothing", "folder", "fifo", "link out"])
def test_a_log_that_is_no_file_has_no_last_lines(tmp_path: Path, kind: str) -> None:
    run, log = tmp_path / "run", tmp_path / "run" / "stderr.log"
    run.mkdir()
    (tmp_path / "secret").write_text("secret")
    if kind == "folder":
        log.mkdir()
    elif kind == "fifo":
        os.mkfifo(log)
    elif kind == "link out":
        log.symlink_to(tmp_path / "secret")
    assert read_last_lines(run, "stderr.log") == []
