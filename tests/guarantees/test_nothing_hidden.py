"""One broken run never hides the others, and what was passed over is always said."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from pyhermes import Experiment, Result
from pyhermes.cli import main as hermes
from pyhermes.core import InfoError, load_scalars, scan_runs
from tests.conftest import NOBODY, as_nobody
from tests.core.disk.helpers import make_directory, make_link_out
from tests.core.disk.test_scanning import UNREADABLE
from tests.guarantees.test_inside import make_run

Make = Callable[[Path], None]


def make_closed(path: Path) -> None:
    path.write_text("comments:x\n")
    path.chmod(0)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/stdin")


def make_loop_of_two(path: Path) -> None:
    (path.parent / "other").symlink_to(path.name)
    path.symlink_to("other")


KINDS: dict[str, Make] = {
    **{kind: make for kind, (make, _) in UNREADABLE.items()},
    "closed": make_closed,
    "another device": make_device,
    "loop of two": make_loop_of_two,
}


@attrs.frozen
class Args:
    seed: int


@pytest.fixture
def folder(common: Path) -> Iterator[Path]:
    """Three sound runs, and between them one of each kind whose `hermes.info` cannot be read."""
    for index, kind in enumerate(KINDS):
        run = make_run(common / f"{index} {kind}")
        (run / "hermes.info").unlink()
        KINDS[kind](run / "hermes.info")
    for name in ("a", "5 sound", "z"):
        (make_run(common / name) / "exec_arguments").write_text("--seed 1\n")
        Result(name, dictionary={"loss": [0.5]}).save(common / name)
    if os.geteuid() == 0:
        for path in [common, *common.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    with as_nobody():
        yield common


def named(text: str, folder: Path) -> set[str]:
    """The runs that a text names."""
    return {name for name in os.listdir(folder) if re.search(rf"{re.escape(str(folder / name))}\b", text)}


BROKEN = {f"{index} {kind}" for index, kind in enumerate(KINDS)}


def test_ten_kinds_of_broken_runs_are_named_and_hide_no_other(folder: Path) -> None:
    assert len(BROKEN) == 10
    with pytest.warns(UserWarning, match="cannot be read, and are in .failed") as warned:
        runs = Experiment.load_all(folder)
    assert [exp.identifier for exp in runs] == ["5 sound", "a", "z"]
    assert len(warned) == 1
    assert named(str(warned[0].message), folder) == BROKEN
    assert {run.path.name for run in runs.failed} == BROKEN
    assert all(run.reason.startswith("expected") for run in runs.failed)
    assert {run.path.name for run in scan_runs(folder, recursive=True).failed} == BROKEN


def test_all_are_named_where_one_error_is_asked_for_and_kept_where_silence_is(folder: Path) -> None:
    with pytest.raises(InfoError) as error:
        Experiment.load_all(folder, on_error="raise")
    assert named(str(error.value), folder) == BROKEN
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = Experiment.load_all(folder, on_error="skip")
    assert ({run.path.name for run in runs.failed}, len(runs)) == (BROKEN, 3)


def test_what_is_chosen_from_them_still_says_what_is_missing(folder: Path) -> None:
    runs = Experiment.load_all(folder, on_error="skip")
    typed = runs.structure(Args)
    for chosen in (runs[:1], runs.filter(bool), runs.sort_by(repr), runs.filter_by_exec_args("--seed 1")):
        assert chosen.failed == runs.failed
    assert typed.unreadable == typed.filter(bool).unreadable == typed.experiments.failed == runs.failed
    assert "10 more cannot be read" in repr(runs)
    assert "10" in repr(typed)


def test_the_commands_name_all_of_them_and_list_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["ls"], ["ls", "--json"], ["status"]):
        assert hermes([words[0], str(folder), *words[1:]]) == 0
        said = capsys.readouterr()
        assert named(said.err, folder) == BROKEN
        assert words == ["status"] or all(name in said.out for name in ("5 sound", "a", "z"))


def test_arguments_that_cannot_be_read_are_named_and_hide_no_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Experiment.load_all(folder, on_error="skip")
    for name, make in {"a": make_directory, "z": make_link_out}.items():
        (folder / name / "exec_arguments").unlink()
        make(folder / name / "exec_arguments")
    with pytest.warns(UserWarning, match="do not fit") as warned:
        typed = runs.structure(Args)
    assert named(str(warned[0].message), folder) == {"a", "z"}
    assert [run.experiment.identifier for run in typed] == ["5 sound"]
    assert [run.experiment.identifier for run in typed.failed] == ["a", "z"]
    with pytest.warns(UserWarning, match="cannot be read") as warned:
        table = runs.table()
    assert named(str(warned[0].message), folder) == {"a", "z"}
    assert len(table) == 3
    assert hermes(["ls", str(folder)]) == 0
    assert named(capsys.readouterr().err, folder) == BROKEN | {"a", "z"}


def test_results_that_cannot_be_read_are_named_and_hide_no_run(folder: Path) -> None:
    runs = Experiment.load_all(folder, on_error="skip")
    (folder / "a" / "a.result").write_bytes(b"PK\x03\x04 cut")
    (folder / "z" / "z.result").unlink()
    (folder / "z" / "z.result").symlink_to(folder / "a" / "a.result")
    looks: list[Callable[[], object]] = [lambda: runs.table(last=True), lambda: runs.scalars("loss")]
    for look in looks:
        with pytest.warns(UserWarning, match="the results of these runs cannot be read") as warned:
            look()
        assert named(str(warned[0].message), folder) == {"a", "z"}
    assert [run.path.name for run in load_scalars(exp.run for exp in runs)[1]] == ["a", "z"]
