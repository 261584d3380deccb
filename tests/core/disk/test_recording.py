from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import pytest
import torch

from pyhermes.core import is_experiment, load_run, load_scores, load_state_dict
from pyhermes.core.disk.atomic_writing import append_whole, atomic_write, write_file, write_new_file
from pyhermes.core.disk.layout import HEARTBEAT, PATCH, PROVENANCE, RE_EXECUTION
from pyhermes.core.disk.opening import is_there, read_from, read_system_file
from pyhermes.core.disk.provenance import announce_scores, load_provenance, logs_scores, store_provenance
from pyhermes.core.disk.record import (
    append_to_stderr,
    beat,
    gather_named,
    heartbeat_age,
    make_run_directory,
    open_job_logs,
    write_end,
    write_start,
)
from pyhermes.core.disk.run_files import save_state_dict
from pyhermes.core.disk.scanning import load_arguments
from pyhermes.core.disk.score_log import open_scores
from pyhermes.core.disk.stop_file import ask_to_stop, forget_stop, read_stop
from pyhermes.core.errors import InfoError, ProvenanceError, RecordingError
from pyhermes.core.formats.provenance import Process, Provenance
from pyhermes.core.messages import shown
from tests.conftest import as_nobody

NOW = datetime(2026, 11, 23, 18, 23, 53, 168091)
COMMIT = "9b28e1fe7fc807d344ff598d9eaa9675352fcbfa"
IDENTIFIER = "2026_11_23_182353168091_0_fcbfa"
PROVENANCE_HELD = Provenance(
    ("python", "train.py", "\udcff"), "/", "me", Process("host", 1), "3.11.7", "python", "Linux"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty directory of a run."""
    return make_run_directory(tmp_path / "root", "train", "first", NOW, commit=COMMIT)


@pytest.fixture
def run(path: Path) -> Path:
    """A run that has begun."""
    info = {"commit_hash": COMMIT, "start_time": "2026_11_23_182353176615"}
    write_start(path, info=info, arguments="--lr 0.1\n", provenance=PROVENANCE_HELD)
    return path


def python(code: str, *words: str) -> str:
    """What a program prints."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# Making a directory


def test_a_run_has_a_directory_named_by_time_index_and_commit(tmp_path: Path) -> None:
    assert make_run_directory(tmp_path, "train", "first", NOW, commit=COMMIT) == (
        tmp_path / "train" / "first" / IDENTIFIER
    )
    path = make_run_directory(tmp_path, "train", "first", NOW, index=12, commit=COMMIT)
    assert path.name == "2026_11_23_182353168091_12_fcbfa"


@pytest.mark.parametrize("commit", [None, "", "main/../..", "fcbf.", "no hex"])
def test_without_a_commit_zeros_stand_for_it(tmp_path: Path, commit: str | None) -> None:
    path = make_run_directory(tmp_path, "train", "first", NOW, commit=commit)
    assert path.name == "2026_11_23_182353168091_0_00000"


def test_a_time_that_is_taken_moves_on_by_a_microsecond(tmp_path: Path) -> None:
    late = datetime(2026, 12, 31, 23, 59, 59, 999999)
    paths = [make_run_directory(tmp_path, "train", "first", late) for _ in range(3)]
    assert [path.name for path in paths] == [
        "2026_12_31_235959999999_0_00000",
        "2027_01_01_000000000000_0_00000",
        "2027_01_01_000000000001_0_00000",
    ]


def test_of_many_that_are_taken_few_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir, lexists, asked = os.mkdir, os.path.lexists, list[str]()

    def seen_mkdir(path: str | Path, mode: int = 0o777) -> None:
        if Path(path).name.startswith("2026_"):
            asked.append(f"make {path}")
        mkdir(path, mode)

    def seen_lexists(path: str) -> bool:
        asked.append(f"is there {path}")
        return lexists(path)

    monkeypatch.setattr(os, "mkdir", seen_mkdir)
    monkeypatch.setattr(os.path, "lexists", seen_lexists)
    for number in range(70):
        asked.clear()
        path = make_run_directory(tmp_path, "train", "first", datetime(2026, 11, 23))
        assert path.name == f"2026_11_23_{number:012}_0_00000"
        assert sum(text.startswith("make") for text in asked) == min(number + 1, 2)
        assert len(asked) <= 2 + 2 * number.bit_length()


def test_what_is_there_is_never_taken(tmp_path: Path) -> None:
    parent = tmp_path / "train" / "first"
    parent.mkdir(parents=True)
    (parent / "2026_11_23_182353168091_0_00000").write_text("a file")
    (parent / "2026_11_23_182353168092_0_00000").symlink_to("nowhere")
    path = make_run_directory(tmp_path, "train", "first", NOW)
    assert path.name == "2026_11_23_182353168093_0_00000"
    assert (parent / "2026_11_23_182353168091_0_00000").read_text() == "a file"


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = make_run_directory(Path("root"), "train", "first", NOW, commit=COMMIT)
    assert path == tmp_path / "root" / "train" / "first" / IDENTIFIER


CREATES = """
import os, sys
from datetime import datetime
from pathlib import Path
from pyhermes.core.disk.record import make_run_directory
root = Path(sys.argv[1])
gate, opened = os.pipe()
children = []
for _ in range(16):
    children.append(os.fork())
    if not children[-1]:
        os.close(opened)
        os.read(gate, 1)
        for _ in range(20):
            path = make_run_directory(root, "train", "first", datetime(2026, 11, 23))
            (path / str(os.getpid())).touch()
        os._exit(0)
os.close(opened)
for child in children:
    print(child, os.waitpid(child, 0)[1])
"""


def test_processes_that_begin_at_the_same_time_have_directories_of_their_own(tmp_path: Path) -> None:
    children = dict(line.split() for line in python(CREATES, str(tmp_path)).splitlines())
    assert list(children.values()) == ["0"] * 16
    owners = [names(path) for path in (tmp_path / "train" / "first").iterdir()]
    assert sorted(owners) == sorted([child] for child in children for _ in range(20))


@pytest.mark.parametrize(
    "name",
    ["a b", "é", "日本語", "😀", "...", ".hidden", "-dash", "a:b", "a'b\"c", "x" * 255, "é" * 127, "$(x);"],
)
def test_a_name_may_be_any_that_a_directory_can_have(tmp_path: Path, name: str) -> None:
    path = make_run_directory(tmp_path, name, name, NOW, commit=COMMIT)
    assert path == tmp_path / name / name / IDENTIFIER
    assert path.is_dir()


def test_a_name_of_joined_characters_can_be_had(tmp_path: Path) -> None:
    name = "👩\u200d💻\u00a0é"
    assert make_run_directory(tmp_path, "train", name, NOW).parent.name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "/",
        "/a",
        "a/",
        "a\nb",
        "a\n",
        "a\0b",
        "a\x1bb",
        "a\tb",
        "\ud800",
        "x" * 256,
        "é" * 128,
        None,
        5,
        b"a",
    ],
)
@pytest.mark.parametrize("place", ["script", "name"])
def test_a_name_that_no_directory_should_have_is_refused_before_anything_is_made(
    tmp_path: Path, name: Any, place: str
) -> None:
    given: dict[str, Any] = {"script": "train", "name": "first", place: name}
    with pytest.raises(RecordingError, match="expected a name of at most 255 bytes that a dir") as error:
        make_run_directory(tmp_path / "root", now=NOW, **given)
    assert isinstance(error.value, ValueError)
    assert str(error.value).isprintable()
    assert error.value.message.endswith(f"got {shown(name)}")
    assert not (tmp_path / "root").exists()


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("a file")
    with pytest.raises(OSError, match="train"):
        make_run_directory(tmp_path, "train", "first", NOW)
    with pytest.raises(OSError, match="train"):
        make_run_directory(tmp_path / "train", "train", "first", NOW)


def test_a_root_that_cannot_be_written_to_is_an_error(common: Path) -> None:
    common.chmod(0o555)
    with as_nobody(), pytest.raises(PermissionError, match=str(common)):
        make_run_directory(common, "train", "first", NOW)
    assert names(common) == []


# Beginning and ending


def test_a_run_begins_with_all_its_files(path: Path) -> None:
    assert not is_experiment(path)
    write_start(
        path,
        info={"commit_hash": COMMIT, "start_time": "2026_11_23_182353176615", "comments": "a\nb"},
        arguments="taxi\n--lr 0.1\n",
        provenance=PROVENANCE_HELD,
        patch=b"diff \0\xff",
        re_execution="EXEC:\n",
    )
    assert (path / "hermes.info").read_bytes() == (
        b"commit_hash:9b28e1fe7fc807d344ff598d9eaa9675352fcbfa\n"
        b"start_time:2026_11_23_182353176615\ncomments:a\n\tb\n"
    )
    assert load_arguments(path).values == {"taxi": True, "--lr": 0.1}
    assert load_provenance(path) == PROVENANCE_HELD
    assert (path / PATCH).read_bytes() == b"diff \0\xff"
    assert (path / RE_EXECUTION).read_text() == "EXEC:\n"
    assert (path / "stdout.log").read_bytes() == (path / "stderr.log").read_bytes() == b""
    assert load_run(path).info.comments == "a\nb"


def test_what_is_not_given_has_no_file(run: Path) -> None:
    there = ["exec_arguments", "heartbeat", "hermes.info", "provenance.json", "stderr.log", "stdout.log"]
    assert names(run) == there
    assert all(stat.S_ISREG(file.stat().st_mode) for file in run.iterdir())


def test_a_run_that_cannot_begin_is_no_experiment(path: Path) -> None:
    with pytest.raises(InfoError, match="comments"):
        write_start(path, info={"comments": "a\r\nb"}, arguments="", provenance=PROVENANCE_HELD)
    assert names(path) == []


def test_the_end_is_added_to_what_was_known(run: Path) -> None:
    before = (run / "hermes.info").read_bytes()
    write_end(run, {"end_time": "2026_11_23_182432431151", "execution_time": "39.25", "exit_status": "-15"})
    end = b"end_time:2026_11_23_182432431151\nexecution_time:39.25\nexit_status:-15\n"
    assert (run / "hermes.info").read_bytes() == before + end
    assert not (run / HEARTBEAT).exists()
    info = load_run(run).info
    assert (info.execution_time, info.exit_status, info.problems) == (39.25, -15, ())


def test_an_end_without_a_heartbeat_is_an_end(run: Path) -> None:
    (run / HEARTBEAT).unlink()
    write_end(run, {"exit_status": "0"})
    assert load_run(run).info.exit_status == 0


def test_an_end_that_cannot_be_written_changes_nothing(run: Path) -> None:
    before = (run / "hermes.info").read_bytes()
    with pytest.raises(InfoError, match="carriage return") as error:
        write_end(run, {"exit_status": "0", "comments": "a\r\nb"})
    assert error.value.path == run / "hermes.info"
    assert (run / "hermes.info").read_bytes() == before


def test_an_end_does_not_continue_a_line_that_was_cut_off(run: Path) -> None:
    with (run / "hermes.info").open("a") as file:
        file.write("note:cut")
    write_end(run, {"exit_status": "0"})
    assert load_run(run).info.exit_status == 0


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_end_for_which_a_second_file_has_no_room_is_added_to_the_first(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (run / "hermes.info").read_bytes()
    fsync, on_disk = os.fsync, list[bytes]()

    def seen_fsync(descriptor: int) -> None:
        fsync(descriptor)
        on_disk.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).read_bytes())

    monkeypatch.setattr(os, "replace", no_room)
    monkeypatch.setattr(os, "fsync", seen_fsync)
    write_end(run, {"exit_status": "0"})
    assert (run / "hermes.info").read_bytes() == on_disk[-1] == before + b"exit_status:0\n"
    assert not (run / HEARTBEAT).exists()


def test_an_end_for_which_the_first_file_has_no_room_either_is_an_error_that_names_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (run / "hermes.info").read_bytes()
    monkeypatch.setattr(os, "replace", no_room)
    monkeypatch.setattr(os, "write", no_room)
    with pytest.raises(OSError, match="No space left") as error:
        write_end(run, {"exit_status": "0"})
    assert error.value.filename == str(run / "hermes.info")
    assert (run / "hermes.info").read_bytes() == before
    assert (run / HEARTBEAT).exists()


# Writing


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


def test_what_is_appended_is_there_at_once(tmp_path: Path) -> None:
    with open_scores(tmp_path, tmp_path / "a.scores") as file:
        append_whole(file, b"1.0\n")
        append_whole(file, b"")
        assert (tmp_path / "a.scores").read_bytes() == b"1.0\n"
        append_whole(file, b"2.0\n")
        assert list(load_scores(tmp_path / "a.scores")) == [1.0, 2.0]
    with open_scores(tmp_path, tmp_path / "a.scores") as file:
        append_whole(file, b"3.0\n")
    assert (tmp_path / "a.scores").read_bytes() == b"1.0\n2.0\n3.0\n"


@pytest.mark.parametrize("begun", [b"2", b"-1", bytes(4095), bytes(4097), bytes(9000)])
@pytest.mark.parametrize("lines", [b"", b"1.0\n", b"1.0\n" * 1024, b"1.0\n" * 3000])
@pytest.mark.parametrize("logged", [True, False])
def test_a_line_without_its_end_is_cut_off_where_we_logged_it_and_else_ended(
    run: Path, begun: bytes, lines: bytes, logged: bool
) -> None:
    """After a power failure, what was not yet on disk may be zeros, as many as there are."""
    path = run / "a.scores"
    path.write_bytes(lines + begun)
    store_provenance(run, attrs.evolve(PROVENANCE_HELD, logs_scores=logged))
    with open_scores(run, path) as file:
        append_whole(file, b"3.0\n")
    assert path.read_bytes() == lines + (b"" if logged else begun + b"\n") + b"3.0\n"


def test_whole_lines_stay_as_they_are_and_nothing_is_buffered(run: Path) -> None:
    path = run / "a.scores"
    path.write_bytes(b"1.0\n2.0\n")
    with open_scores(run, path) as file:
        assert path.read_bytes() == b"1.0\n2.0\n"
        file.write(b"3.0\n")
        assert path.read_bytes() == b"1.0\n2.0\n3.0\n"


@pytest.mark.parametrize("content", [None, b"{}", b"\xff"])
def test_where_no_provenance_can_be_read_no_scores_are_logged_and_nothing_is_noted(
    path: Path, content: bytes | None
) -> None:
    if content is not None:
        (path / PROVENANCE).write_bytes(content)
    assert not logs_scores(path)
    assert announce_scores(path)  # there is nothing to try again
    assert not logs_scores(path)
    assert [file.read_bytes() for file in path.iterdir()] == ([] if content is None else [content])


def test_that_scores_are_logged_is_noted_once_and_as_soon_as_there_is_room(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not logs_scores(run)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_room)
        assert not announce_scores(run)
    assert load_provenance(run) == PROVENANCE_HELD
    assert announce_scores(run)
    assert logs_scores(run)
    assert load_provenance(run) == attrs.evolve(PROVENANCE_HELD, logs_scores=True)
    noted = (run / PROVENANCE).stat()
    assert announce_scores(run)
    assert (run / PROVENANCE).stat() == noted


FULL = """
import os, resource, sys
from pathlib import Path
from pyhermes.core.disk.atomic_writing import append_whole
from pyhermes.core.disk.score_log import open_scores
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (30, resource.RLIM_INFINITY))
written = 0
with open_scores(path.parent, path) as file:
    try:
        while True:
            append_whole(file, b"12345.5\\n")
            written += 1
    except OSError as error:
        print(written, error.errno)
    print(path.read_bytes())
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    append_whole(file, b"1.0\\n")
"""


def test_on_a_full_disk_no_half_line_is_left_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "a.scores"
    printed = python(FULL, str(path))
    assert printed.splitlines() == ["3 27", str(b"12345.5\n" * 3)]
    assert list(load_scores(path)) == [12345.5, 12345.5, 12345.5, 1.0]


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


# Logs and heartbeats


def test_a_process_writes_to_the_logs_itself(run: Path) -> None:
    (run / "stdout.log").write_bytes(b"before ")
    append_to_stderr(run, "before ")
    with open_job_logs(run) as (stdout, stderr):
        append_to_stderr(run, "meanwhile ")
        for _ in range(2):
            subprocess.run(
                ["sh", "-c", "printf out; printf error >&2"], check=True, stdout=stdout, stderr=stderr
            )
    append_to_stderr(run, "said by us \udcff\n")
    assert (run / "stdout.log").read_bytes() == b"before outout"
    assert (run / "stderr.log").read_bytes() == b"before meanwhile errorerrorsaid by us \xff\n"
    assert (stdout.closed, stderr.closed) == (True, True)


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


def test_logs_are_closed_after_an_error(run: Path) -> None:
    with pytest.raises(KeyError), open_job_logs(run) as (stdout, stderr):
        raise KeyError
    assert (stdout.closed, stderr.closed) == (True, True)


def test_a_heartbeat_has_an_age(run: Path) -> None:
    assert heartbeat_age(run) == pytest.approx(0, abs=5)
    os.utime(run / HEARTBEAT, (time.time() - 100,) * 2)
    assert heartbeat_age(run) == pytest.approx(100, abs=5)
    beat(run)
    assert heartbeat_age(run) == pytest.approx(0, abs=5)


def test_a_heartbeat_of_the_future_is_one_of_now(run: Path) -> None:
    os.utime(run / HEARTBEAT, (time.time() + 1000,) * 2)
    assert heartbeat_age(run) == 0


def test_without_a_heartbeat_there_is_no_age(path: Path) -> None:
    assert heartbeat_age(path) is None
    assert heartbeat_age(path / "nowhere") is None


# Provenance


def test_provenance_is_replaced_as_a_whole(run: Path) -> None:
    other = Provenance((), "/", "you", Process("host", 2), "3.12", "python", "Linux")
    store_provenance(run, other)
    assert load_provenance(run) == other
    assert (run / PROVENANCE).read_text().startswith("{\n")


def test_without_a_file_nothing_was_recorded(path: Path) -> None:
    assert load_provenance(path) is None
    assert load_provenance(path / "nowhere") is None


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"\0" * 10, b"[]"])
def test_a_torn_provenance_is_an_error_that_names_the_file(path: Path, content: bytes) -> None:
    (path / PROVENANCE).write_bytes(content)
    with pytest.raises(ProvenanceError, match="expected the provenance of a run") as error:
        load_provenance(path)
    assert error.value.path == path / PROVENANCE


def test_a_provenance_that_is_too_large_is_not_read(path: Path) -> None:
    with (path / PROVENANCE).open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ProvenanceError, match="a file of at most 64 MiB") as error:
        load_provenance(path)
    assert error.value.path == path / PROVENANCE


@pytest.mark.parametrize("kind", ["directory", "fifo", "link", "dangling"])
def test_a_provenance_that_is_no_file_is_one_error(path: Path, kind: str) -> None:
    target = path / PROVENANCE
    make: dict[str, Callable[[], None]] = {
        "directory": target.mkdir,
        "fifo": lambda: os.mkfifo(target),
        "link": lambda: target.symlink_to("/etc/passwd"),
        "dangling": lambda: target.symlink_to("/nowhere"),
    }
    make[kind]()
    with pytest.raises(ProvenanceError, match="expected ") as error:
        load_provenance(path)
    assert error.value.path == target
    assert "None" not in error.value.message


def test_a_small_file_of_the_system_is_read(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("b007\n")
    (tmp_path / "other").write_bytes("é".encode())
    assert read_system_file(str(tmp_path / "id")) == "b007\n"
    assert read_system_file(str(tmp_path / "other")) is None
    assert read_system_file(str(tmp_path / "nowhere")) is None
    assert read_system_file(str(tmp_path)) is None


# Files with the identifier in their name


def test_what_has_the_identifier_in_its_name_is_moved_in(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / f"dir_{run.name}").mkdir(parents=True)
    (folder / f"dir_{run.name}" / "inner").write_text("inner")
    (folder / f"{run.name}_plot.png").write_bytes(b"png")
    (folder / f"link_{run.name}").symlink_to("nowhere")
    (folder / "other.txt").write_text("other")
    (folder / "sub").mkdir()
    (folder / "sub" / f"{run.name}.deep").write_text("deep")
    assert gather_named(folder, run) == []
    assert names(folder) == ["other.txt", "sub"]
    assert names(folder / "sub") == [f"{run.name}.deep"]
    assert (run / f"dir_{run.name}" / "inner").read_text() == "inner"
    assert (run / f"{run.name}_plot.png").read_bytes() == b"png"
    assert os.readlink(run / f"link_{run.name}") == "nowhere"
    assert gather_named(folder, run) == []


def test_nothing_is_written_over(run: Path, tmp_path: Path) -> None:
    (tmp_path / f"{run.name}.scores").write_text("new")
    (tmp_path / f"{run.name}.txt").write_text("after it")
    (run / f"{run.name}.scores").write_text("old")
    (problem,) = gather_named(tmp_path, run)
    assert str(tmp_path / f"{run.name}.scores") in problem
    assert (run / f"{run.name}.txt").read_text() == "after it"
    assert (run / f"{run.name}.scores").read_text() == "old"
    assert (tmp_path / f"{run.name}.scores").read_text() == "new"


def test_the_run_is_not_moved_into_itself(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run.parent / f"{run.name}.txt").write_text("after it")
    assert gather_named(run.parent, run) == []
    assert (run / f"{run.name}.txt").read_text() == "after it"
    monkeypatch.chdir(run.parent)
    assert gather_named(Path(), run) == []
    assert is_experiment(run)


def test_what_cannot_be_moved_is_said_and_stays(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for letter in "ab":
        (tmp_path / f"{letter}_{run.name}").write_text(letter)

    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.move", fail)
    problems = gather_named(tmp_path, run)
    assert problems == [
        f"cannot move {tmp_path / f'{letter}_{run.name}'}: No space left on device" for letter in "ab"
    ]


def test_a_folder_that_cannot_be_looked_into_is_said(run: Path, tmp_path: Path) -> None:
    assert gather_named(tmp_path / "nowhere", run) == [
        f"cannot look for files in {tmp_path / 'nowhere'}: No such file or directory"
    ]


# Asking jobs to stop


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


# Whether there is anything


def test_something_is_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    assert is_there(tmp_path)
    assert is_there(str(tmp_path / "file"))
    assert not is_there(tmp_path / "dangling")
    assert not is_there(tmp_path / "nowhere")
    assert not is_there("a\0b")


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
