from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyhermes.core import (
    HermesWarning,
    NoResultError,
    ResultError,
    ResultRecord,
    load_result,
    load_run,
    load_scalars,
    save_result,
    scan_runs,
)
from pyhermes.core.disk.results import choose_result, find_result, load_values
from tests.conftest import CRASHED, FIRST, as_nobody
from tests.core.disk.helpers import (
    contents,
    make_run,
    no_replace,
)


@pytest.fixture
def run(bare_run: Path) -> Path:
    return bare_run


def test_the_result_of_a_run_is_the_one_of_its_identifier_or_the_first(run: Path) -> None:
    with pytest.raises(NoResultError, match="got one without") as error:
        find_result(run, run.name)
    assert isinstance(error.value, RuntimeError)
    assert error.value.path == run
    for name in ("b", "a"):
        (run / f"{name}.result").touch()
    assert find_result(run, run.name) == (run / "a.result", ["a", "b"])
    (run / f"{run.name}.result").touch()
    assert find_result(run, run.name) == (run / f"{run.name}.result", [run.name, "a", "b"])
    (run / "0.result").touch()
    assert find_result(run, run.name) == (run / f"{run.name}.result", ["0", run.name, "a", "b"])


def test_a_result_is_read_from_a_file_that_is_open(tmp_path: Path) -> None:
    path = save_result(ResultRecord({"loss": [1.0, 2.0]}), tmp_path / "a.result")
    with path.open("rb") as file:
        assert load_result(file) == load_result(path)
    with pytest.raises(ResultError) as error:
        load_result(io.BytesIO(b"broken"))
    assert error.value.path is None


def test_the_values_of_a_result_are_fresh_and_changeable(tmp_path: Path) -> None:
    path = save_result(ResultRecord({"loss": np.array([1.0, 2.0])}), tmp_path / "a.result")
    values = load_values(str(path))
    loss = values["loss"]
    assert isinstance(loss, np.ndarray)
    loss[0] = 3
    assert loss.tolist() == [3, 2]
    assert load_values(path)["loss"] is not loss
    path.write_bytes(b"broken")
    for read in (load_values, load_result):
        with pytest.raises(ResultError) as error:
            read(path)
        assert error.value.path == path


def test_saving_makes_directories_and_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.result"
    for record in (ResultRecord({"loss": [1.0, 2.0]}), ResultRecord({"n": 1})):
        assert save_result(record, str(path)) == path
        assert load_result(path) == record
        assert os.listdir(path.parent) == ["x.result"]


def test_what_cannot_be_stored_names_the_file_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="bad") as error:
        save_result({"bad": print}, tmp_path / "sub" / "a.result")  # type: ignore[dict-item]
    assert error.value.path == tmp_path / "sub" / "a.result"
    assert os.listdir(tmp_path) == []


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("function", "failure", "kind"),
    [
        ("replace", no_replace, OSError),
        ("fsync", no_replace, OSError),
        ("fsync", interrupt, KeyboardInterrupt),
    ],
)
def test_saving_that_fails_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    failure: Callable[..., None],
    kind: type[BaseException],
) -> None:
    path = save_result(ResultRecord({"n": 1}), tmp_path / "x.result")
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, function, failure)
        with pytest.raises(kind):
            save_result(ResultRecord({"n": 2}), path)
    assert contents(tmp_path) == before


def test_saving_over_a_directory_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.result" / "sub").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        save_result(ResultRecord({"n": 1}), tmp_path / "x.result")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["sub", "x.result"]


def test_the_scalars_of_every_run_in_their_order(runs: Path) -> None:
    found = scan_runs(runs, recursive=True).runs
    before = contents(runs)
    scalars, failed = load_scalars(iter(found))
    assert failed == ()
    assert len(scalars) == len(found)
    assert [run.path.relative_to(runs) for run, held in zip(found, scalars, strict=True) if not held] == [
        Path(CRASHED)
    ]
    (first,) = (held for run, held in zip(found, scalars, strict=True) if run.path == runs / FIRST)
    assert list(first) == ["return", "epsilon", "loss", "solved"]
    assert first["return"].shape == (150,)
    assert contents(runs) == before
    assert load_scalars([]) == ((), ())


def test_of_several_results_the_one_of_the_identifier_has_the_scalars(run: Path) -> None:
    save_result(ResultRecord({"loss": [1.0]}), run / "a.result")
    record = load_run(run)
    assert load_scalars([record])[0][0]["loss"].tolist() == [1.0]
    save_result(ResultRecord({"loss": [2.0]}), run / f"{run.name}.result")
    save_result(ResultRecord({"loss": [3.0]}), run / "0.result")
    (held, again), failed = load_scalars([record, record])
    assert held["loss"].tolist() == again["loss"].tolist() == [2.0]
    assert failed == ()


def test_a_result_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    good, broken, special, none = (make_run(tmp_path / name) for name in ("a", "b", "c", "d"))
    save_result(ResultRecord({"loss": [1.0], "note": "x"}), good / "a.result")
    (broken / "b.result").write_bytes(b"broken")
    (special / "c.result").symlink_to(tmp_path / "a" / "a.result")
    scalars, failed = load_scalars(map(load_run, (broken, good, special, none)))
    assert [list(held) for held in scalars] == [[], ["loss"], [], []]
    assert [run.path for run in failed] == [broken, special]
    assert "b.result" in failed[0].reason
    assert "a link that leads out" in failed[1].reason
    assert all(str(run).count(str(run.path)) == 1 for run in failed)


def test_a_run_that_is_gone_by_now_hides_no_other(tmp_path: Path) -> None:
    good, gone = make_run(tmp_path / "a"), make_run(tmp_path / "b")
    save_result(ResultRecord({"loss": [1.0]}), good / "a.result")
    records = [load_run(gone), load_run(good)]
    shutil.rmtree(gone)
    scalars, failed = load_scalars(records)
    assert [list(held) for held in scalars] == [[], ["loss"]]
    assert {run.path for run in failed} <= {gone}


def test_a_result_that_may_not_be_read_hides_no_other(common: Path) -> None:
    good, secret, closed = (make_run(common / name) for name in ("a", "b", "c"))
    for path in (good, secret, closed):
        save_result(ResultRecord({"loss": [1.0]}), path / f"{path.name}.result")
    records = list(map(load_run, (secret, closed, good)))
    (secret / "b.result").chmod(0)
    closed.chmod(0)
    try:
        with as_nobody():
            scalars, failed = load_scalars(records)
    finally:
        closed.chmod(0o755)
    assert [list(held) for held in scalars] == [[], [], ["loss"]]
    assert [run.path for run in failed] == [secret, closed]


def test_a_choice_between_results_is_warned_of(run: Path) -> None:
    with pytest.raises(NoResultError):
        choose_result(run, run.name)
    assert choose_result(run, run.name, "new") == run / "new.result"
    (run / "b.result").touch()
    assert choose_result(run, run.name) == run / "b.result"
    (run / "a.result").touch()
    assert choose_result(run, run.name, "b.result") == run / "b.result"
    with pytest.warns(HermesWarning) as caught:
        assert choose_result(run, run.name) == run / "a.result"
    message = "took a.result of several results; load_result(name) takes another of:\n  a\n  b"
    assert [str(warning.message) for warning in caught] == [message]
