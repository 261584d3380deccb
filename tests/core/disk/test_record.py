from __future__ import annotations

import os
import stat
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pyhermes.core import is_experiment, load_run
from pyhermes.core.disk.layout import HEARTBEAT, PATCH, RE_EXECUTION
from pyhermes.core.disk.provenance import load_provenance
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
from pyhermes.core.disk.scanning import load_arguments
from pyhermes.core.errors import InfoError, RecordingError
from pyhermes.core.messages import shown
from tests.conftest import as_nobody
from tests.core.disk.helpers import COMMIT, IDENTIFIER, NOW, PROVENANCE_HELD, names, no_room, python

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


# Starting and ending


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


def test_a_heartbeat_of_the_future_is_so_many_seconds_ahead(run: Path) -> None:
    os.utime(run / HEARTBEAT, (time.time() + 1000,) * 2)
    assert heartbeat_age(run) == pytest.approx(-1000, abs=5)


def test_without_a_heartbeat_there_is_no_age(path: Path) -> None:
    assert heartbeat_age(path) is None
    assert heartbeat_age(path / "nowhere") is None


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
