from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from pyhermes.core import NotAFileError, load_scores
from pyhermes.core.disk.atomic_writing import append_whole
from pyhermes.core.disk.provenance import load_provenance, logs_scores, store_provenance
from pyhermes.core.disk.score_log import ScoreLog, open_scores
from tests.core.disk.helpers import PROVENANCE_HELD, python


class Disk:
    """A disk that takes so many more writes to the scores, and whose files can be cut off or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writes = 1_000_000
        self.can_cut = self.can_replace = True
        self.replacements = 0
        self._write, self._ftruncate, self._replace = os.write, os.ftruncate, os.replace
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "ftruncate", self.ftruncate)
        monkeypatch.setattr(os, "replace", self.replace)

    def write(self, descriptor: int, data: memoryview) -> int:
        """What is begun where no room is left ends after two bytes."""
        self.writes -= 1
        if self.writes >= 0:
            return self._write(descriptor, data)
        if self.writes == -1 and len(data) > 2:
            return self._write(descriptor, data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def ftruncate(self, descriptor: int, size: int) -> None:
        if not self.can_cut:
            raise OSError(errno.EIO, "Input/output error")
        self._ftruncate(descriptor, size)

    def replace(self, source: Path, target: Path) -> None:
        self.replacements += 1
        if not self.can_replace:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._replace(source, target)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def scores(run: Path) -> Path:
    return run / f"{run.name}.scores"


@pytest.fixture
def log(run: Path, scores: Path) -> Iterator[ScoreLog]:
    """A log whose lines are lost to it where they cannot be written."""
    log = ScoreLog(run, scores, keeps=False)
    yield log
    log.close()


@pytest.fixture
def patient(run: Path, scores: Path) -> Iterator[ScoreLog]:
    """A log that keeps what cannot be written for the next attempt."""
    log = ScoreLog(run, scores, keeps=True)
    yield log
    log.close()


def line(number: float) -> bytes:
    return f"{number:.3f}\n".encode()


def refused(log: ScoreLog, number: float) -> OSError:
    """Why a line cannot be written."""
    with pytest.raises(OSError, match="No space left|Input/output") as error:
        log.append(line(number))
    return error.value


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_log_without_lines_makes_no_file_and_notes_nothing(run: Path, scores: Path) -> None:
    ScoreLog(run, scores, keeps=True).close()
    assert not scores.exists()
    assert load_provenance(run) == PROVENANCE_HELD


@pytest.mark.parametrize("keeps", [True, False])
def test_lines_are_there_at_once_in_order_and_the_file_is_open_until_the_end(
    run: Path, scores: Path, keeps: bool
) -> None:
    before = open_files()
    log = ScoreLog(run, scores, keeps=keeps)
    for number in range(5):
        log.append(line(number))
        assert scores.read_bytes() == b"".join(map(line, range(number + 1)))
        assert open_files() == before + 1
    log.close()
    assert open_files() == before
    log.close()
    log.append(line(5))
    log.close()
    assert load_scores(scores).tolist() == [0, 1, 2, 3, 4, 5]
    assert open_files() == before


def test_with_the_first_line_it_is_noted_that_lines_are_whole_and_never_again(
    run: Path, log: ScoreLog
) -> None:
    log.append(line(0))
    assert load_provenance(run) == attrs.evolve(PROVENANCE_HELD, logs_scores=True)
    store_provenance(run, PROVENANCE_HELD)
    log.append(line(1))
    log.close()
    assert not logs_scores(run)


def test_a_line_that_cannot_be_written_is_an_error_that_names_the_file_and_is_lost(
    disk: Disk, scores: Path, log: ScoreLog
) -> None:
    log.append(line(0))
    disk.writes = 0
    before = open_files()
    error = refused(log, 1)
    assert (error.errno, error.filename) == (errno.ENOSPC, str(scores))
    assert scores.read_bytes() == line(0)
    assert open_files() == before - 1
    disk.writes = 1
    log.append(line(2))
    assert load_scores(scores).tolist() == [0, 2]


def test_a_file_that_cannot_be_opened_is_named(run: Path, scores: Path, log: ScoreLog) -> None:
    scores.mkdir()
    with pytest.raises(NotAFileError) as error:
        log.append(line(0))
    assert error.value.path == scores
    assert not logs_scores(run)
    scores.rmdir()
    log.append(line(1))
    assert load_scores(scores).tolist() == [1]


def test_lines_that_wait_are_written_before_the_next_a_hundred_at_once(
    disk: Disk, scores: Path, patient: ScoreLog
) -> None:
    disk.writes = 0
    for number in range(250):
        refused(patient, number)
    assert scores.read_bytes() == b""
    disk.writes = 2  # the third batch has no room, and what is there already does not come again
    refused(patient, 250)
    assert load_scores(scores).tolist() == list(range(200))
    disk.writes = 1
    refused(patient, 251)
    assert load_scores(scores).tolist() == list(range(251))
    disk.writes = 2
    patient.append(line(252))
    assert load_scores(scores).tolist() == list(range(253))
    assert disk.writes == 0


def test_what_waits_at_the_end_is_written_then(disk: Disk, scores: Path, patient: ScoreLog) -> None:
    disk.writes = 0
    refused(patient, 0)
    disk.writes = 1
    patient.close()
    assert load_scores(scores).tolist() == [0]


@pytest.mark.parametrize("lines", [3, 250])
def test_what_waits_at_the_end_and_has_no_room_is_counted_in_an_error_that_names_the_file(
    disk: Disk, scores: Path, patient: ScoreLog, lines: int
) -> None:
    patient.append(line(0))
    disk.writes = 0
    for number in range(lines):
        refused(patient, number)
    before = open_files()
    disk.writes = lines // 100
    lost = lines - lines // 100 * 100
    with pytest.raises(OSError, match="No space left") as error:
        patient.close()
    assert error.value.strerror == f"No space left on device; scores lost at the end: {lost}"
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(scores))
    assert open_files() == before
    assert len(load_scores(scores)) == 1 + lines - lost
    disk.writes = 1


def test_an_error_without_a_number_says_what_it_is_too(
    monkeypatch: pytest.MonkeyPatch, patient: ScoreLog
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("of some file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        with pytest.raises(OSError, match="of some file system"):
            patient.append(line(0))
        with pytest.raises(OSError, match="of some file system; scores lost at the end: 1"):
            patient.close()


def test_half_a_line_that_cannot_be_cut_off_is_cut_off_before_the_next(
    disk: Disk, scores: Path, patient: ScoreLog
) -> None:
    patient.append(line(0))
    disk.writes, disk.can_cut = 0, False
    refused(patient, 1)
    assert scores.read_bytes() == line(0) + b"1."
    assert load_scores(scores).tolist() == [0]
    disk.writes, disk.can_cut = 2, True
    patient.append(line(2))
    assert scores.read_bytes() == line(0) + line(1) + line(2)


@pytest.mark.parametrize("later", ["with the next line", "at the end"])
def test_what_could_not_be_noted_with_the_first_line_is_noted_when_there_is_room(
    run: Path, disk: Disk, scores: Path, patient: ScoreLog, later: str
) -> None:
    disk.can_replace = False
    patient.append(line(0))  # has room, if the rest has not
    assert scores.read_bytes() == line(0)
    assert not logs_scores(run)
    if later == "with the next line":
        disk.writes = 0
        refused(patient, 1)
        disk.can_replace, disk.writes = True, 100
        patient.append(line(2))
    else:
        disk.can_replace = True
        patient.close()
    assert logs_scores(run)


def test_a_disk_that_takes_no_lines_is_not_asked_again_and_again_for_room_for_a_file(
    disk: Disk, patient: ScoreLog
) -> None:
    disk.can_replace, disk.replacements = False, 0
    patient.append(line(0))
    disk.writes = 0
    for number in range(10):
        refused(patient, number)
    assert disk.replacements == 1
    disk.writes = 100


def test_while_the_disk_refuses_a_last_line_without_its_end_does_not_begin_to_count_as_cut_off(
    run: Path, disk: Disk, scores: Path, patient: ScoreLog
) -> None:
    """It may be the script's own, and none of its scores may be taken away."""
    scores.write_bytes(b"2.5")
    disk.writes = 0
    refused(patient, 1)
    refused(patient, 2)
    assert not logs_scores(run)
    assert load_scores(scores).tolist() == [2.5]
    disk.writes = 100
    patient.append(line(3))
    assert load_scores(scores).tolist() == [2.5, 1, 2, 3]
    assert logs_scores(run)


def test_lines_of_several_threads_are_whole_and_in_order(scores: Path, log: ScoreLog) -> None:
    def append(thread: int) -> None:
        for number in range(200):
            log.append(line(1000 * thread + number))

    threads = [threading.Thread(target=append, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = load_scores(scores).tolist()
    assert len(found) == 800
    for first in range(4):
        assert [score % 1000 for score in found if score // 1000 == first] == list(range(200))


# Opening


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
