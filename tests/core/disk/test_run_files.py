from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import attrs
import pytest
import torch

from pyhermes.core import (
    CheckpointError,
    FileNameError,
    HermesError,
    InfoError,
    MissingFileError,
    NotAFileError,
    NotAnExperimentError,
    Run,
    ScoresError,
    load_run,
    load_scores,
)
from pyhermes.core.disk.atomic_writing import atomic_write
from pyhermes.core.disk.layout import (
    RESERVED,
)
from pyhermes.core.disk.provenance import store_provenance
from pyhermes.core.disk.run_files import (
    copy_into,
    find_scores,
    load_network,
    load_state_dict,
    move_into,
    save_state_dict,
    store_comments,
)
from pyhermes.core.formats.provenance import Process, Provenance
from tests.conftest import CRASHED, as_nobody
from tests.core.disk.helpers import contents, make_run, names, no_replace, python

PROVENANCE = Provenance(("python", "train.py"), "/", "me", Process("host", 1), "3.11.7", "python", "Linux")


@pytest.fixture
def run(bare_run: Path) -> Path:
    return bare_run


def test_the_scores_of_a_run_and_of_a_renamed_one(runs: Path) -> None:
    folder = runs / CRASHED
    path = find_scores(folder, folder.name)
    assert path == folder / f"{folder.name}.scores"
    assert load_scores(path).shape == (100,)
    assert find_scores(folder, "renamed") == path
    (folder / "eval.scores").touch()
    assert find_scores(folder, folder.name) == path
    with pytest.raises(
        MissingFileError, match=r"expected renamed\.scores or one other file of scores, got \["
    ) as error:
        find_scores(folder, "renamed")
    assert isinstance(error.value, FileNotFoundError)
    assert error.value.path == folder


def test_a_run_without_scores(run: Path) -> None:
    with pytest.raises(MissingFileError, match="got none"):
        find_scores(run, run.name)


def test_scores_that_are_none_name_file_and_line(run: Path) -> None:
    path = run / "a.scores"
    path.write_text("1\n2\nthree\n")
    with pytest.raises(ScoresError) as error:
        load_scores(str(path))
    assert str(error.value) == f"{path}, line 3: expected one decimal number, got 'three'"
    assert (error.value.path, error.value.line) == (path, 3)


def test_a_file_that_may_not_be_read_is_the_errors_of_the_system(common: Path) -> None:
    path = common / "a.scores"
    path.touch()
    path.chmod(0)
    with as_nobody(), pytest.raises(PermissionError):
        load_scores(path)


@pytest.mark.parametrize("name", ["of the run", "another"])
@pytest.mark.parametrize("logged", [True, False, None])
def test_a_last_line_without_its_end_counts_where_the_run_logged_no_scores_through_us(
    run: Path, name: str, logged: bool | None
) -> None:
    path = run / (f"{run.name}.scores" if name == "of the run" else "another.scores")
    if logged is not None:
        store_provenance(run, attrs.evolve(PROVENANCE, logs_scores=logged))
    path.write_bytes(b"1.0\n2.0\n")
    assert load_scores(path).tolist() == load_scores(str(path)).tolist() == [1, 2]
    path.write_bytes(b"1.0\n2.0\n3.5")
    assert load_scores(path).tolist() == [1, 2] + [3.5] * (not logged or name == "another")


def test_a_state_dict_is_on_the_cpu_or_where_it_is_wanted_and_goes_into_a_network(tmp_path: Path) -> None:
    path = save_state_dict(tmp_path / "a.pth", torch.nn.Linear(2, 1).state_dict())
    assert {value.device.type for value in load_state_dict(str(path)).values()} == {"cpu"}
    assert {value.device.type for value in load_state_dict(path, "meta").values()} == {"meta"}
    net = torch.nn.Linear(2, 1)
    assert load_network(str(path), net) is net
    assert not net.training
    assert torch.equal(net.weight, load_state_dict(path)["weight"])
    with torch.device("meta"):
        elsewhere = torch.nn.Linear(2, 1)
    assert load_network(path, elsewhere).weight.device.type == "meta"
    with pytest.raises(CheckpointError) as misfit:
        load_network(path, torch.nn.Linear(3, 1))
    path.write_bytes(b"broken")
    with pytest.raises(CheckpointError) as broken:
        load_state_dict(path)
    assert misfit.value.path == broken.value.path == path


@pytest.mark.parametrize(
    "comments", ["new", "", "two\nlines", " spaced ", "a:b", "Größe", "\udcff", "\ttab\n\n"]
)
def test_comments_are_added_and_nothing_else_is_changed(first: Path, comments: str) -> None:
    before = load_run(first)
    text = (first / "hermes.info").read_bytes()
    after = store_comments(before, comments)
    assert after == load_run(first)
    assert after.info.comments == comments
    assert {**after.info.fields, "comments": ""} == {**before.info.fields, "comments": ""}
    assert (first / "hermes.info").read_bytes().startswith(text)
    assert len(os.listdir(first)) == 9


def test_comments_that_are_not_new_change_nothing(first: Path) -> None:
    run = load_run(first)
    status = (first / "hermes.info").stat()
    assert store_comments(run, None) is run
    assert store_comments(run, "baseline") is run
    assert (first / "hermes.info").stat() == status


def test_a_run_keeps_its_path_and_name_when_it_is_commented(run: Path) -> None:
    named = Run(run, "another name", load_run(run).info)
    stored = store_comments(named, "new")
    assert (stored.path, stored.identifier, stored.info.comments) == (run, "another name", "new")
    assert store_comments(stored, "newer").info.comments == "newer"


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_an_info_keeps_its_mode_when_it_is_commented(run: Path, mode: int) -> None:
    (run / "hermes.info").chmod(mode)
    store_comments(load_run(run), "new")
    assert stat.S_IMODE((run / "hermes.info").stat().st_mode) == mode


def test_an_empty_info_can_be_commented(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "empty", ""))
    store_comments(run, "new")
    assert (tmp_path / "empty" / "hermes.info").read_text() == "comments:new\n"


def test_a_line_that_was_cut_off_does_not_become_a_value(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "cut", "a:1\nexecution_time:39.2"))
    before = contents(tmp_path)
    with pytest.raises(InfoError, match="got one that was cut off") as error:
        store_comments(run, "new")
    assert error.value.path == tmp_path / "cut" / "hermes.info"
    assert contents(tmp_path) == before


@pytest.mark.parametrize("comments", ["\ud800", "ends in\r"])
def test_comments_that_cannot_be_written_change_nothing(run: Path, comments: str) -> None:
    before = contents(run)
    with pytest.raises(InfoError, match="expected") as error:
        store_comments(load_run(run), comments)
    assert error.value.path == run / "hermes.info"
    assert contents(run) == before


def test_comments_are_not_added_to_a_file_that_is_too_large_to_be_read(run: Path) -> None:
    with (run / "hermes.info").open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(InfoError, match="expected a file of at most 64 MiB, got 'hermes.info'") as error:
        store_comments(load_run(run), "new")
    assert error.value.path == run / "hermes.info"
    assert (run / "hermes.info").stat().st_size == (64 << 20) + 1


def test_comments_have_nowhere_to_go_without_an_info(run: Path) -> None:
    loaded = load_run(run)
    (run / "hermes.info").unlink()
    with pytest.raises(MissingFileError):
        store_comments(loaded, "new")
    assert os.listdir(run) == []
    os.mkfifo(run / "hermes.info")
    with pytest.raises(NotAFileError):
        store_comments(loaded, "new")


Bring = Callable[[Path, Path, str | Path | None], Path]


both = pytest.mark.parametrize("bring", [copy_into, move_into])


@both
@pytest.mark.parametrize("name", [None, "new.txt", "sub/dir/new.txt", Path("sub", "x")])
def test_a_file_comes_into_the_run_as_it_is(
    run: Path, outside: Path, bring: Bring, name: str | Path | None
) -> None:
    outside.chmod(0o750)
    os.utime(outside, (1, 1_000_000_000))
    target = bring(run, outside, name)
    assert target == run / (name or "outside.txt")
    assert target.read_text() == "from outside"
    assert stat.S_IMODE(target.stat().st_mode) == 0o750
    assert target.stat().st_mtime == 1_000_000_000
    assert outside.exists() is (bring is copy_into)
    assert len(contents(run)) == 2


@both
def test_what_stands_there_is_replaced(run: Path, outside: Path, bring: Bring) -> None:
    (run / "outside.txt").write_text("a longer text that was there before")
    (run / "kept").write_text("kept")
    (run / "link").symlink_to("kept")
    bring(run, outside, None)
    assert (run / "outside.txt").read_text() == "from outside"
    outside.write_text("again")
    assert bring(run, outside, "link") == run / "link"
    assert ((run / "link").read_text(), (run / "kept").read_text()) == ("again", "kept")
    assert not (run / "link").is_symlink()
    assert not [name for name in os.listdir(run) if "tmp" in name]


def refused(bring: Bring, run: Path, source: Path, name: str | Path | None, kind: type[HermesError]) -> str:
    """Why something does not come into a run; that nothing has changed is made sure of."""
    before = contents(run.parent.parent)
    with pytest.raises(kind) as error:
        bring(run, source, name)
    assert contents(run.parent.parent) == before
    assert error.value.path == (run if kind is FileNameError else source)
    return error.value.message


@both
@pytest.mark.parametrize(
    "name",
    [
        *sorted(RESERVED),
        "HERMES.INFO",
        "Exec_Arguments",
        "./hermes.info",
        "here/hermes.info",
        "hermes.info/",
    ],
)
def test_the_names_of_the_format_are_refused(run: Path, outside: Path, bring: Bring, name: str) -> None:
    (run / "here").symlink_to(".")
    assert "that the format does not use" in refused(bring, run, outside, name, FileNameError)


@both
def test_the_names_of_the_format_are_free_in_a_subfolder(run: Path, outside: Path, bring: Bring) -> None:
    assert bring(run, outside, "sub/hermes.info").read_text() == "from outside"


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_the_files_of_the_format_are_not_moved_away(run: Path, tmp_path: Path, name: str) -> None:
    (run / name).touch()
    (tmp_path / "linked").symlink_to(run)
    for source in (run / name, tmp_path / "linked" / name):
        assert "that the format does not use" in refused(move_into, run, source, "x", FileNameError)


def test_the_files_of_the_format_can_be_copied(run: Path) -> None:
    before = (run / "hermes.info").read_bytes()
    assert copy_into(run, run / "hermes.info", "x").read_bytes() == before
    assert (run / "hermes.info").read_bytes() == before


@both
def test_the_information_of_another_run_is_not_brought_in(run: Path, bring: Bring) -> None:
    other = make_run(run.parent / "other")
    assert "'hermes.info'" in refused(bring, run, other / "hermes.info", None, FileNameError)


@both
@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/tmp/x", "a\0b", "out/x"])
def test_names_that_lead_out_are_refused(run: Path, outside: Path, bring: Bring, name: str) -> None:
    (run / "out").symlink_to("..")
    refused(bring, run, outside, name, FileNameError)


@both
def test_what_is_no_source(run: Path, tmp_path: Path, bring: Bring) -> None:
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert "nothing is" in refused(bring, run, tmp_path / "missing", None, MissingFileError)
    assert "nothing is" in refused(bring, run, tmp_path / "dangling", None, MissingFileError)
    assert "regular file" in refused(bring, run, tmp_path / "dir", None, NotAFileError)
    assert "regular file" in refused(bring, run, tmp_path / "fifo", None, NotAFileError)


@both
def test_a_directory_is_not_replaced(run: Path, outside: Path, bring: Bring) -> None:
    (run / "dir").mkdir()
    (run / "link").symlink_to("dir")
    for name in ("dir", "link"):
        assert "that of a directory" in refused(bring, run, outside, name, FileNameError)


@both
def test_there_has_to_be_a_run_to_come_into(tmp_path: Path, outside: Path, bring: Bring) -> None:
    with pytest.raises(NotAnExperimentError, match="a path where nothing is"):
        bring(tmp_path / "missing", outside, None)
    assert not (tmp_path / "missing").exists()


@both
def test_a_file_onto_itself_stays(run: Path, bring: Bring) -> None:
    (run / "x").write_text("text")
    assert bring(run, run / "x", None) == run / "x"
    assert (run / "x").read_text() == "text"
    assert sorted(os.listdir(run)) == ["hermes.info", "x"]


@both
def test_of_a_link_comes_what_it_leads_to(run: Path, outside: Path, bring: Bring) -> None:
    link = outside.parent / "link"
    link.symlink_to(outside.name)
    target = bring(run, link, None)
    assert target == run / "link"
    assert not target.is_symlink()
    assert target.read_text() == outside.read_text() == "from outside"
    assert link.is_symlink() is (bring is copy_into)


@both
def test_a_file_comes_from_another_device(run: Path, bring: Bring) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == run.stat().st_dev:
        pytest.skip("there is no other device")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        source = Path(folder) / "far.txt"
        source.write_text("from far away")
        source.chmod(0o600)
        target = bring(run, source, "sub/near.txt")
        assert source.exists() is (bring is copy_into)
    assert target.read_text() == "from far away"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(contents(run)) == ["hermes.info", "sub/near.txt"]


@both
def test_what_fails_leaves_everything_as_it_was(
    run: Path, outside: Path, bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run / "outside.txt").write_text("before")
    before = contents(run.parent.parent)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_replace)
        with pytest.raises(OSError, match="no replace"):
            bring(run, outside, None)
    assert contents(run.parent.parent) == before


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
