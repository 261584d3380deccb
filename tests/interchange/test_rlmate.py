"""Interchange with rlmate, the tool that the format comes from, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pyhermes import Experiment, Result

PYTHON = os.environ.get("PYHERMES_RLMATE_PYTHON")

pytestmark = pytest.mark.skipif(PYTHON is None, reason="PYHERMES_RLMATE_PYTHON names no Python with rlmate")


def peer(verb: str, path: Path) -> str:
    assert PYTHON is not None
    script = Path(__file__).with_name("peer.py")
    environment = {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    done = subprocess.run(
        [PYTHON, script, verb, path], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_rlmate_saves_is_read(tmp_path: Path) -> None:
    peer("write", tmp_path)
    result = Result.load(tmp_path / "theirs.result")
    assert {key: np.asarray(value).dtype.str for key, value in result.items()} == {
        "loss": "<f8",
        "return": "<f8",
        "solved": "|b1",
        "q": "<f4",
        "steps": "<i8",
    }
    assert result.series("loss").tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert result.series("q").tolist() == [[step, 0.5] for step in range(5)]


def test_rlmate_reads_what_is_saved(tmp_path: Path) -> None:
    ours = Result.new("ours")
    ours.store_scalar([0.5, 0.25], "loss")
    ours.store_array([1, 2], "q")
    printed = peer("read", ours.save(tmp_path))
    assert json.loads(printed.splitlines()[-1]) == {"loss": [0.5, 0.25], "q": [[1, 2]]}


def test_rlmate_reads_what_is_recorded(tmp_path: Path) -> None:
    args = ["taxi", "--crash", "--lr", "0.1", "--layers", "32", "32"]
    with Experiment.record("train", name="first", args=args, root=tmp_path, comments=["a"]) as exp:
        pass
    shown = json.loads(peer("show", exp.path_to_experiment).splitlines()[-1])
    assert shown["args"] == ["--crash", "--layers 32 32", "--lr 0.1", "taxi"]
    assert shown["id"] == exp.identifier
    assert {key: value.strip() for key, value in shown["info"].items()} == exp.info_dict
