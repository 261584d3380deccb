"""Where the disk refuses: the old file stays, the error says which, and a training that wants to goes on."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pyhermes import Experiment, HermesWarning, Result, RunStatus
from pyhermes.api.recording import Recording
from pyhermes.core import HermesError
from pyhermes.core.disk import provenance
from pyhermes.core.disk.record import beat
from pyhermes.runner import heartbeat, run_jobs
from tests.guarantees.helpers import leftovers, warned
from tests.runner.helpers import jobs_of, make_project

REFUSALS = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HERMES_EXPERIMENT", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for 64 pages."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run(words, check=False, capture_output=True).returncode == 0:
            yield folder
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
            return
    pytest.skip("no file system can be mounted here")


def record(root: Path, **given: Any) -> Any:
    return Experiment.record("train", name="first", root=root, **given)


def fill(folder: Path) -> Path:
    """A file that leaves no room in a file system."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return path


@contextlib.contextmanager
def refusing_in_the_block(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """What makes a disk of one that takes nothing, at once or when it is put on disk, until the end."""
    with monkeypatch.context() as patch:

        def begin(number: int) -> None:
            def refuse(*_: object) -> None:
                raise OSError(number, os.strerror(number))

            patch.setattr(os, "write", refuse)
            patch.setattr(os, "fsync", refuse)

        yield begin


@contextlib.contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[None]:
    """A disk that takes nothing."""
    with refusing_in_the_block(monkeypatch) as refuse:
        refuse(number)
        yield


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# An error, that says which file, and leaves it as it was


def save_result(exp: Recording) -> Path:
    metrics = Result("metrics", dictionary={"text": "x" * 20_000})
    return metrics.save(exp.path_to_experiment)


def save_state_dict(exp: Recording) -> Path:
    return exp.save_state_dict({"w": torch.zeros(20_000)}, "best")


def store_comments(exp: Recording) -> Path:
    exp.comments = "long " * 2000 + str(exp.comments)
    exp.store_comments()
    return exp.path_to_experiment / "hermes.info"


def copy_file(exp: Recording) -> Path:
    Path("source").write_bytes(b"x" * 20_000)
    return Path(exp.copy_file("source"))


def log_scores(exp: Recording) -> Path:
    for _ in range(1000):
        exp.log_score(1.0)
    return exp.scores_file


SAVES: list[Callable[[Recording], Path]] = [save_result, save_state_dict, store_comments, copy_file]


@pytest.mark.parametrize("save", [*SAVES, log_scores])
def test_on_a_full_disk_the_old_file_stays_and_the_error_names_it(
    small: Path, save: Callable[[Recording], Path]
) -> None:
    with record(small) as exp:
        path = save(exp)
        before = path.read_bytes()
        filler = fill(small)
        with pytest.raises(OSError, match="No space left on device") as error:
            save(exp)
        assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(path))
        assert str(error.value).endswith(f"No space left on device: {str(path)!r}")
        assert path.read_bytes().startswith(before)
        assert save is log_scores or path.read_bytes() == before
        assert leftovers(path.parent) == []
        filler.unlink()
        assert save(exp) == path
    assert exp.status is RunStatus.FINISHED


@pytest.mark.parametrize("number", REFUSALS)
@pytest.mark.parametrize("save", [*SAVES, log_scores])
def test_whatever_the_disk_refuses_for_the_error_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[[Recording], Path], number: int
) -> None:
    with record(tmp_path) as exp:
        path = save(exp)
        before = path.read_bytes()
        with refusing(monkeypatch, number), pytest.raises(OSError, match=os.strerror(number)) as error:
            save(exp)
        assert (error.value.errno, error.value.filename) == (number, str(path))
        assert path.read_bytes() == before
        assert leftovers(path.parent) == []


@pytest.mark.parametrize("save", SAVES)
def test_in_a_directory_that_is_read_only_nothing_changes(
    small: Path, save: Callable[[Recording], Path]
) -> None:
    with record(small) as exp:
        path = save(exp)
        before = path.read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        with pytest.raises(OSError, match="Read-only file system") as error:
            save(exp)
        assert (error.value.errno, error.value.filename) == (errno.EROFS, str(path))
        subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
        assert path.read_bytes() == before


def test_an_error_that_is_about_another_file_says_that(tmp_path: Path) -> None:
    with record(tmp_path) as exp, pytest.raises(FileNotFoundError, match="nowhere"):
        exp.copy_file(tmp_path / "nowhere")


def test_a_run_that_cannot_begin_is_an_error_and_no_experiment(small: Path) -> None:
    fill(small)
    with pytest.raises(OSError, match="No space left on device"), record(small, on_error="warn"):
        raise AssertionError("it began")
    assert list(small.rglob("hermes.info")) == []


def test_an_end_that_has_no_room_is_an_error_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(OSError, match="No space left") as error,
        refusing_in_the_block(monkeypatch) as refuse,
        record(tmp_path) as exp,
    ):
        refuse(errno.ENOSPC)
    assert error.value.filename == str(exp.path_to_experiment / "hermes.info")


def test_an_end_has_room_in_the_last_page_of_a_full_disk(small: Path) -> None:
    """A second file has none, but some lines more in the first one have."""
    with record(small) as exp:
        exp.log_score(1.0)
        fill(small)
    (run,) = Experiment.load_all(small / "train" / "first", on_error="raise")
    assert run.status is RunStatus.FINISHED
    assert run.info_dict == exp.info_dict


# A warning


def train(exp: Recording, metrics: Result, scores: list[float]) -> None:
    """What a training records: a score each time, and now and then the rest."""
    for score in scores:
        exp.log_score(score)
    metrics.store_scalar(scores[-1], "loss")
    assert metrics.save() == exp.path_to_experiment / "metrics.result"
    exp.save_state_dict({"w": torch.full((3000,), scores[-1])}, "best")
    exp.comments = f"{scores[-1]} " * 800
    exp.store_comments()


def test_a_training_on_a_full_disk_goes_on_and_is_recorded_when_there_is_room(small: Path) -> None:
    scores = [number / 8 for number in range(8000)]
    with warned() as said, record(small, on_error="warn") as exp:
        metrics = exp.new_result("metrics", autosave=0)
        train(exp, metrics, scores[:100])
        filler = fill(small)
        for start in range(100, 4000, 100):
            train(exp, metrics, scores[start : start + 100])
        logged = exp.scores().tolist()
        assert logged == scores[: len(logged)]
        assert len(logged) < 4000
        assert exp.load_state_dict("best")["w"].tolist() == [scores[99]] * 3000
        assert exp.load_result("metrics").series("loss").tolist() == [scores[99]]
        filler.unlink()
        exp.log_score(scores[4000])
        assert exp.scores().tolist() == scores[:4001]
        train(exp, metrics, scores[4001:])
    kinds = [text.partition(" cannot be written now")[0] for text in said]
    assert sorted(kinds) == ["comments", "results", "scores", "state dicts"]
    assert all("No space left on device" in text for text in said)
    (run,) = Experiment.load_all(small / "train" / "first", on_error="raise")
    assert run.status is RunStatus.FINISHED
    assert run.scores().tolist() == scores
    assert run.result.series("loss").tolist() == [*scores[99:4000:100], scores[-1]]
    assert run.load_state_dict("best")["w"].tolist() == [scores[-1]] * 3000
    assert run.comments == f"{scores[-1]} " * 800
    assert leftovers(run.path_to_experiment) == []


def test_what_has_no_room_at_the_end_either_is_named_in_a_last_warning(small: Path) -> None:
    with warned() as said, record(small, on_error="warn") as exp:
        exp.log_score(0.5)
        filler = fill(small)
        for number in range(2000):
            exp.log_score(number)
        exp.new_result("metrics")["text"] = "x" * 10_000
        exp.save_state_dict({"w": torch.zeros(5000)}, "best")
    *_, last = said
    assert last.startswith("the recording has ended, and this could not be written:")
    assert "metrics.result" in last
    assert "best.pth" in last
    filler.unlink()
    (run,) = Experiment.load_all(small / "train" / "first", on_error="raise")
    kept = run.scores().tolist()
    assert kept == [0.5, *range(2000)][: len(kept)]
    assert f"scores lost at the end: {2001 - len(kept)}" in last
    assert run.status is RunStatus.FINISHED


@pytest.mark.parametrize("number", REFUSALS)
def test_each_kind_of_trouble_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with warned() as said, record(tmp_path, on_error="warn") as exp:
        metrics = exp.new_result("metrics", autosave=0)
        for _ in range(3):
            with refusing(monkeypatch, number):
                for value in range(50):
                    exp.log_score(value)
                    metrics.store_scalar(value, "loss")
                    exp.save_state_dict({"w": torch.zeros(1)}, "best")
            exp.log_score(-1)
        exp.save_state_dict({"w": torch.ones(1)}, "best.pth")
    assert [text.partition(" cannot")[0] for text in said] == ["scores", "results", "state dicts"]
    assert all(os.strerror(number) in text and str(exp.path_to_experiment) in text for text in said)
    assert exp.scores().tolist() == [*range(50), -1] * 3
    assert len(exp.result.series("loss")) == 150
    assert exp.load_state_dict("best")["w"].tolist() == [1.0]


def test_an_end_that_has_no_room_is_a_warning_that_says_what_will_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        warned() as said,
        refusing_in_the_block(monkeypatch) as refuse,
        record(tmp_path, on_error="warn") as exp,
    ):
        refuse(errno.ENOSPC)
        exp.log_score(1.0)
    scores, lost, end = said
    assert scores.startswith("scores cannot be written now")
    assert "scores lost at the end: 1" in lost
    assert end.startswith("the end of the run could not be recorded")
    assert str(exp.path_to_experiment / "hermes.info") in end
    assert Experiment.load(exp.path_to_experiment).run.info.exit_status is None


def test_an_exception_goes_on_and_what_is_lost_is_added_to_it(small: Path) -> None:
    error = KeyError("of the script")
    with contextlib.suppress(KeyError), record(small, on_error="warn") as exp:
        exp.new_result("metrics")["text"] = "x" * 10_000
        fill(small)
        raise error
    (note,) = error.__notes__
    assert "metrics.result" in note
    assert exp.info_dict["exit_status"] == "1"


def test_scores_that_wait_when_an_exception_comes_are_named_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = KeyError("of the script")
    with (
        warned() as said,
        contextlib.suppress(KeyError),
        refusing_in_the_block(monkeypatch) as refuse,
        record(tmp_path, on_error="warn") as exp,
    ):
        refuse(errno.ENOSPC)
        exp.log_score(1.0)
        raise error
    assert len(said) == 1
    assert f"scores lost at the end: 1: {str(exp.scores_file)!r}" in error.__notes__[0]
    assert "the end of the run could not be recorded" in error.__notes__[1]


def test_a_directory_in_the_place_of_the_file_is_named_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "metrics.result" / "sub").mkdir(parents=True)
    with pytest.raises(OSError, match="directory") as error:
        Result("metrics").save(tmp_path)
    assert str(error.value).endswith(f"directory: {str(tmp_path / 'metrics.result')!r}")
    assert leftovers(tmp_path) == []


def test_other_mistakes_are_errors_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(HermesError, match="under the key 'bad'"), record(tmp_path, on_error="warn") as exp:
        exp.new_result("metrics")["bad"] = print


def test_a_result_that_is_saved_elsewhere_is_none_of_the_recordings(tmp_path: Path) -> None:
    with record(tmp_path, on_error="warn") as exp:
        metrics = exp.new_result("metrics")
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match="file"):
            metrics.save(tmp_path / "file")


@pytest.mark.parametrize("on_error", ["skip", "", None])
def test_there_are_two_choices(tmp_path: Path, on_error: Any) -> None:
    with pytest.raises(ValueError, match="expected on_error to be 'raise' or 'warn', got"):
        record(tmp_path / "root", on_error=on_error)
    assert not (tmp_path / "root").exists()


def test_the_default_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with record(tmp_path) as exp:
        with refusing(monkeypatch, errno.ENOSPC), pytest.raises(OSError, match="No space"):
            exp.log_score(1.0)
        exp.log_score(2.0)
    assert exp.scores().tolist() == [2.0]  # whoever got an error may log it again


def test_a_script_that_hermes_exec_started_can_go_on_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with record(tmp_path, comments=["first"]) as outer:
        monkeypatch.setenv("HERMES_EXPERIMENT", str(outer.path_to_experiment))
        with warned() as said, record(tmp_path / "nowhere", on_error="warn") as exp:
            with refusing(monkeypatch, errno.ENOSPC):
                exp.log_score(1.0)
                exp.comments = "second"
                exp.store_comments()
            exp.log_score(2.0)
        assert [text.partition(" cannot")[0] for text in said] == ["scores", "comments"]
        assert exp.scores().tolist() == [1.0, 2.0]
        assert Experiment.load(outer.path_to_experiment).comments == "second"
    assert not (tmp_path / "nowhere").exists()


def test_comments_that_have_no_room_at_the_end_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with record(tmp_path) as outer:
        monkeypatch.setenv("HERMES_EXPERIMENT", str(outer.path_to_experiment))
        with (
            warned() as said,
            refusing_in_the_block(monkeypatch) as refuse,
            record(tmp_path, on_error="warn") as exp,
        ):
            refuse(errno.ENOSPC)
            exp.comments = "second"
            exp.store_comments()
        assert said[0].startswith("comments cannot be written now")
        assert said[1].startswith("the recording has ended")
        assert "hermes.info" in said[1]


def test_with_warnings_as_errors_the_user_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with record(tmp_path, on_error="warn") as exp:
        with refusing(monkeypatch, errno.ENOSPC), pytest.raises(HermesWarning, match="scores cannot"):
            exp.log_score(1.0)
        exp.log_score(2.0)
    assert exp.scores().tolist() == [1.0, 2.0]


# Too many open files


@contextlib.contextmanager
def no_file_more() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, hard))
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with contextlib.suppress(OSError):
            while True:
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield


def test_with_too_many_open_files_nothing_is_lost(tmp_path: Path) -> None:
    with warned() as said, record(tmp_path, on_error="warn") as exp:
        metrics = exp.new_result("metrics", autosave=0)
        metrics.store_scalar(0, "loss")
        with no_file_more():
            exp.log_score(1.0)
            metrics.store_scalar(1, "loss")
        exp.log_score(2.0)
    assert [text.partition(" cannot")[0] for text in said] == ["scores", "results"]
    assert all("Too many open files" in text for text in said)
    assert exp.scores().tolist() == [1.0, 2.0]
    assert exp.result.series("loss").tolist() == [0.0, 1.0]


# Jobs


def test_a_job_goes_on_where_its_recorder_has_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path, monkeypatch)
    monkeypatch.setattr(heartbeat, "SECONDS_BETWEEN_BEATS", 0)
    beaten = list[Path]()

    def beat_once(path: Path) -> None:
        beaten.append(path)
        if len(beaten) > 1:
            no_room()
        beat(path)

    monkeypatch.setattr(heartbeat, "beat", beat_once)
    monkeypatch.setattr(provenance, "store_provenance", no_room)
    (project / "slow.py").write_text("import time\ntime.sleep(0.3)\nprint('done')\n")
    report = run_jobs(jobs_of("[[python, slow.py],[]]"), name="n", root=project / "runs", project=project)
    assert report.failed == ()
    (outcome,) = report.outcomes
    assert outcome.path is not None
    assert (outcome.path / "stdout.log").read_text() == "done\n"
    assert len(beaten) > 1
