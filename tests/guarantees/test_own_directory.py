"""A run's directory is its own, whoever begins another at the same moment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pyhermes import Experiment
from pyhermes.core.disk.record import make_run_directory
from pyhermes.system import start
from tests.guarantees.helpers import python

PROCESSES, CREATIONS = 8, 200

CREATES = """
import os, sys
from datetime import datetime
from pathlib import Path
from pyhermes.core.disk.record import make_run_directory
root, processes, creations = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
gate, opened = os.pipe()
children = []
for number in range(processes):
    children.append(os.fork())
    if not children[-1]:
        os.close(opened)
        os.read(gate, 1)
        for creation in range(creations):
            path = make_run_directory(root, "train", "first", datetime(2026, 11, 23))
            (path / "owner").open("x").write(f"{number} {creation}")  # an error where it is another's
        os._exit(0)
os.close(opened)
print([os.waitpid(child, 0)[1] for child in children])
"""


def test_processes_with_a_frozen_clock_make_as_many_directories_as_they_ask_for(tmp_path: Path) -> None:
    assert python(CREATES, tmp_path, PROCESSES, CREATIONS) == f"{[0] * PROCESSES}\n"
    made = sorted((tmp_path / "train" / "first").iterdir())
    assert len(made) == PROCESSES * CREATIONS
    owners = {(path / "owner").read_text() for path in made}
    assert owners == {f"{number} {time}" for number in range(PROCESSES) for time in range(CREATIONS)}


def test_a_run_that_begins_at_the_same_moment_leaves_the_first_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Frozen:
            return cls(2026, 11, 23)

    monkeypatch.delenv("HERMES_EXPERIMENT", raising=False)
    monkeypatch.setattr(start, "datetime", Frozen)
    paths = []
    for score in range(3):
        with Experiment.record("train", name="first", root=tmp_path, comments=[f"run {score}"]) as exp:
            exp.log_score(score)
            exp.new_result("metrics")["n"] = score
        paths.append(exp.path_to_experiment)
    assert len(set(paths)) == 3
    for score, path in enumerate(paths):
        run = Experiment.load(path)
        assert (run.comments, run.scores().tolist(), run.result) == (f"run {score}", [score], {"n": score})


def test_of_many_runs_of_one_moment_each_takes_the_next_microsecond(tmp_path: Path) -> None:
    made = [make_run_directory(tmp_path, "train", "first", datetime(2026, 11, 23)) for _ in range(20)]
    assert [path.name for path in made] == [f"2026_11_23_{number:012}_0_00000" for number in range(20)]
