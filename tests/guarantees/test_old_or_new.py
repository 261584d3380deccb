"""A file is the old one or the new one, whenever its writer is killed; and nobody trips over what was left."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from pyhermes import Experiment, Result
from pyhermes.core import ResultRecord, load_run, save_result, scan_runs
from pyhermes.core.disk.atomic_writing import atomic_write, write_file
from pyhermes.core.disk.opening import list_files
from pyhermes.core.disk.record import gather_named, write_end
from pyhermes.core.disk.results import list_results
from pyhermes.core.disk.run_files import save_state_dict, store_comments
from pyhermes.core.disk.scanning import find_run
from tests.guarantees.helpers import leftovers, python, temporary

KILLS = 200

KILLED = """
import mmap, os, random, signal, struct, sys, time
from pathlib import Path

import torch
from pyhermes.core import ResultRecord, load_result, load_run, save_result
from pyhermes.core.disk.run_files import load_state_dict, store_comments
from pyhermes.core.disk.record import write_end
from pyhermes.core.disk.run_files import save_state_dict

folder, kills, random = Path(sys.argv[1]), int(sys.argv[2]), random.Random(0)
torch.set_num_threads(1)
shared = mmap.mmap(-1, 16)  # how many versions were begun, and how many are there

def comment(version):
    store_comments(load_run(folder), f"{version}\\n" * 50)

def end(version):
    write_end(folder, {"exit_status": str(version), "note": f"{version}\\n" * 50})

SAVES = [
    lambda version: save_result(ResultRecord({"n": [version] * 20_000}), folder / "a.result"),
    lambda version: save_state_dict(folder / "a.pth", {"w": torch.full((20_000,), version, dtype=torch.int64)}),
    comment,
    end,
]

def one(values):
    (value,) = set(values)
    return int(value)

def versions():
    fields = load_run(folder).info
    assert fields.problems == (), fields.problems
    assert fields.fields["note"] == f"{fields.exit_status}\\n" * 50
    return [
        one(load_result(folder / "a.result").values["n"].tolist()),
        one(load_state_dict(folder / "a.pth")["w"].tolist()),
        one(fields.comments.split()),
        fields.exit_status,
    ]

def write_for_ever(version):
    while True:
        version += 1
        shared[:8] = struct.pack("q", version)
        SAVES[version % 4](version)
        shared[8:] = struct.pack("q", version)

(folder / "hermes.info").write_text("commit_hash:00000\\n")
for version in range(4):
    SAVES[version](version)
shared[:] = struct.pack("qq", 3, 3)
stood = [0, 1, 2, 3]
within = left = 0
for kill in range(kills):
    before, _ = struct.unpack("qq", shared)
    if kill % 20 == 0:  # which grows with every version
        lines = (folder / "hermes.info").read_text().splitlines(keepends=True)
        fresh = load_run(folder).info.fields
        (folder / "hermes.info").unlink()
        (folder / "hermes.info").write_text("commit_hash:00000\\n")
        store_comments(load_run(folder), fresh["comments"])
        write_end(folder, {"exit_status": fresh["exit_status"], "note": fresh["note"]})
    child = os.fork()
    if not child:
        write_for_ever(before)
    time.sleep(random.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    begun, done = struct.unpack("qq", shared)
    within += begun > done
    left += any(name.startswith(".pyhermes-") for name in os.listdir(folder))
    for place, seen in enumerate(versions()):
        newest, complete = (last - (last - place) % 4 for last in (begun, done))
        known = complete if complete > before else stood[place]
        assert seen in (known, newest), (place, seen, known, newest)
        stood[place] = seen
assert sorted(os.listdir(folder))[-3:] == ["a.pth", "a.result", "hermes.info"]
print(within, left)
"""


@pytest.mark.slow
def test_after_each_of_many_kills_every_file_is_one_of_its_versions(tmp_path: Path) -> None:
    within, left = map(int, python(KILLED, tmp_path, KILLS).split())
    assert within > KILLS // 2  # else the kills have shown nothing
    assert left > KILLS // 10
    save_result(ResultRecord({}), tmp_path / "a.result")
    assert leftovers(tmp_path) == []


# In which order


@contextmanager
def calls_of_the_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Path, int]]]:
    """What is put on disk and what is renamed meanwhile: the call, the file, and its size then."""
    calls: list[tuple[str, Path, int]] = []
    fsync, replace = os.fsync, os.replace

    def seen_fsync(descriptor: int) -> None:
        fsync(descriptor)
        calls.append(
            ("fsync", Path(os.readlink(f"/proc/self/fd/{descriptor}")), os.fstat(descriptor).st_size)
        )

    def seen_replace(source: Path, target: Path) -> None:
        calls.append(("rename", Path(source), os.stat(source).st_size))
        replace(source, target)
        calls.append(("renamed", Path(target), os.stat(target).st_size))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", seen_fsync)
        patch.setattr(os, "replace", seen_replace)
        yield calls


def save_some_result(run: Path) -> str:
    return Result("a", dictionary={"n": [1] * 1000}).save(run).name


def save_some_state_dict(run: Path) -> str:
    return save_state_dict(run / "a.pth", {"w": torch.zeros(1000)}).name


def store_some_comments(run: Path) -> str:
    store_comments(load_run(run), "new")
    return "hermes.info"


def end_some_run(run: Path) -> str:
    write_end(run, {"exit_status": "0"})
    return "hermes.info"


def copy_some_file(run: Path) -> str:
    (run.parent / "source").write_bytes(b"x" * 1000)
    return Experiment.load(run).copy_file(run.parent / "source", "copy").name


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has not ended."""
    path = tmp_path / "2026_11_23_182353168091_0_fcbfa"
    path.mkdir()
    (path / "hermes.info").write_text("commit_hash:00000\n")
    return path


@pytest.mark.parametrize(
    "save", [save_some_result, save_some_state_dict, store_some_comments, end_some_run, copy_some_file]
)
def test_a_file_is_on_disk_before_it_has_its_name_and_its_name_before_it_is_said_to_be_saved(
    run: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[[Path], str]
) -> None:
    with calls_of_the_system(monkeypatch) as calls:
        name = save(run)
    size = (run / name).stat().st_size
    assert [call for call, _, _ in calls] == ["fsync", "rename", "renamed", "fsync"]
    written, renamed, target, folder = (path for _, path, _ in calls)
    assert (written, renamed.parent, target, folder) == (renamed, run, run / name, run)
    assert [seen for _, _, seen in calls[:3]] == [size] * 3


# Signals


INTERRUPTED = """
import random, signal, sys
from pathlib import Path
from pyhermes.core import ResultRecord, load_result, save_result

class Stop(Exception):
    pass

def stop(number, frame):
    raise Stop

random, path = random.Random(0), Path(sys.argv[1]) / "a.result"
save_result(ResultRecord({"n": 0}), path)
signal.signal(signal.SIGALRM, stop)
stopped = 0
for version in range(1, 301):
    before = load_result(path).values["n"]
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00001, 0.002))
        save_result(ResultRecord({"n": version}), path)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Stop:
        stopped += 1
    assert load_result(path).values["n"] in (before, version)
print(stopped)
"""


@pytest.mark.slow
def test_a_save_that_a_signal_breaks_off_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    assert int(python(INTERRUPTED, tmp_path)) > 20
    save_result(ResultRecord({}), tmp_path / "a.result")
    assert os.listdir(tmp_path) == ["a.result"]


# What a killed writer has left


def abandoned(folder: Path, name: str | None = None) -> Path:
    """A temporary file of a writer that was killed: nobody has it locked."""
    path = folder / (name or temporary(2**22 + 1))
    path.write_bytes(b"half of a resu")
    return path


def test_nobody_reads_what_a_killed_writer_left(cartpole: Path, first: Path) -> None:
    run = Experiment.load(first)
    before = (run.list_results(), run.list_pth_files(), run.info_dict, run.scores().tolist(), run.status)
    for folder in (cartpole, first):
        abandoned(folder)
    assert list_files(first, ".result") == [f"{first.name}.result"]
    assert list_results(first) == [first.name]
    after = Experiment.load(first)
    assert before == (
        after.list_results(),
        after.list_pth_files(),
        after.info_dict,
        after.scores().tolist(),
        after.status,
    )
    assert after.result.path == first / f"{first.name}.result"
    scan = scan_runs(cartpole)
    assert (len(scan.runs), scan.failed) == (4, ())
    assert len(Experiment.load_all(cartpole)) == 4
    assert len(Experiment.load_all(cartpole.parent.parent, recursive=True)) == 6
    assert find_run(cartpole, first.name) == first


def test_what_a_killed_writer_left_is_none_of_the_files_that_a_job_left(run: Path, tmp_path: Path) -> None:
    path = abandoned(tmp_path)
    assert gather_named(tmp_path, run) == []
    assert path.exists()


SAVERS: dict[str, Callable[[Path], object]] = {
    "result": save_some_result,
    "state dict": save_some_state_dict,
    "comments": store_some_comments,
    "end": end_some_run,
    "copy": copy_some_file,
}


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_the_next_save_clears_away_what_a_killed_writer_left(
    run: Path, save: Callable[[Path], object]
) -> None:
    abandoned(run)
    save(run)
    assert leftovers(run) == []


WRITES = """
import os, sys, time
from pathlib import Path
from pyhermes.core.disk.atomic_writing import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    file.write(b"new")
    print("writes", flush=True)
    sys.stdin.read()
"""


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is in the middle of writing a file, until its standard input ends."""
    words = [sys.executable, "-c", WRITES, str(path)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writes\n"
            yield process
        finally:
            process.kill()


def test_what_a_living_writer_writes_stays(run: Path) -> None:
    with writer(run / "a.txt") as process, atomic_write(run / "b.txt") as file:
        file.write(b"ours")
        assert len(leftovers(run)) == 2
        save_some_result(run)
        assert len(leftovers(run)) == 2
        process.communicate("go on")
        assert process.returncode == 0
    assert (run / "a.txt").read_bytes() == b"new"
    assert (run / "b.txt").read_bytes() == b"ours"
    assert leftovers(run) == []


def test_what_a_writer_left_stays_until_it_was_killed(run: Path) -> None:
    with writer(run / "a.txt") as process:
        save_some_result(run)
        (left,) = leftovers(run)
        process.kill()
        process.wait()
        assert leftovers(run) == [left]
        save_some_result(run)
    assert sorted(os.listdir(run)) == ["a.result", "hermes.info"]


def test_the_number_in_the_name_says_nothing(run: Path) -> None:
    """It may have been given to another process since, and the writer may be on another machine."""
    abandoned(run, temporary(os.getpid()))
    held = abandoned(run, temporary(2**22 + 1))
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        save_some_result(run)
        assert leftovers(run) == [held.name]


@pytest.mark.parametrize("name", [".pyhermes-1-0123456789abcdef.tmp.txt", ".pyhermes-x-0.tmp", "a.tmp"])
def test_files_of_others_stay(run: Path, name: str) -> None:
    path = abandoned(run, name)
    save_some_result(run)
    assert path.read_bytes() == b"half of a resu"


def test_what_is_no_file_stays(run: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("of somebody")
    (run / temporary(1)).mkdir()
    os.mkfifo(run / temporary(2))
    (run / temporary(3)).symlink_to(tmp_path / "outside")
    save_some_result(run)
    assert len(leftovers(run)) == 3
    assert (tmp_path / "outside").read_text() == "of somebody"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_files_are_saved_and_left_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    left = abandoned(run)
    assert save_some_result(run) == "a.result"
    assert leftovers(run) == [left.name]


def test_where_the_system_has_no_locks_files_are_saved_and_left_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    left = abandoned(run)
    assert save_some_result(run) == "a.result"
    assert leftovers(run) == [left.name]


@pytest.mark.parametrize("when", ["before it is locked", "while it is locked"])
def test_who_clears_away_may_come_before_the_lock(
    run: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The first temporary file is taken for an abandoned one; then there is a second."""
    flock, taken = fcntl.flock, list[Path]()

    def lose(descriptor: int, operation: int) -> None:
        if not taken:
            taken.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
            taken[0].unlink()
            if when == "while it is locked":
                raise BlockingIOError
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", lose)
    write_file(run / "a.txt", b"new")
    assert len(taken) == 1
    assert (run / "a.txt").read_bytes() == b"new"
    assert leftovers(run) == []


CROWD = """
import os, sys
from pathlib import Path
from pyhermes.core.disk.atomic_writing import write_file
folder = Path(sys.argv[1])
children = []
for number in range(8):
    children.append(os.fork())
    if not children[-1]:
        for version in range(100):
            write_file(folder / f"{number}.txt", b"%d" % version)
        os._exit(0)
print([os.waitpid(child, 0)[1] for child in children])
"""


def test_many_writers_in_a_directory_leave_each_other_alone(tmp_path: Path) -> None:
    assert python(CROWD, tmp_path) == f"{[0] * 8}\n"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        f"{number}.txt": "99" for number in range(8)
    }


def test_a_huge_directory_is_not_listed_for_every_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was left there may stay for longer; what counts is that saving stays fast."""
    for number in range(1500):
        (tmp_path / f"{number}").touch()
    looked_at: list[str] = []

    def seen(entries: Iterable[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for entry in entries:
            looked_at.append(entry.name)
            yield entry

    @contextmanager
    def counted(path: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(path) as entries:
            yield seen(entries)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", counted)
    save_some_result(tmp_path)
    assert 0 < len(looked_at) <= 1000


# Who may read


@pytest.mark.parametrize(("umask", "mode", "of_folders"), [(0o027, 0o640, 0o750), (0o002, 0o664, 0o775)])
def test_a_run_can_be_read_by_those_whom_the_umask_lets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int, mode: int, of_folders: int
) -> None:
    monkeypatch.delenv("HERMES_EXPERIMENT", raising=False)
    before = os.umask(umask)
    try:
        with Experiment.record("train", name="first", root=tmp_path / "root") as exp:
            exp.log_score(1.0)
            exp.new_result("metrics").store_scalar(1.0, "loss")
            exp.save_state_dict({"w": torch.zeros(1)}, "best")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in exp.path_to_experiment.iterdir()}
    assert modes == dict.fromkeys(modes, mode)
    assert {"hermes.info", "metrics.result", "best.pth", f"{exp.identifier}.scores"} <= set(modes)
    folders = [exp.path_to_experiment, *exp.path_to_experiment.parents[:3]]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {of_folders}
