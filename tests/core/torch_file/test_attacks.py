"""The table of attacks in the wing's docstring: what it names is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from pyhermes.core import torch_file

ROWS = [line.split(" | ") for line in (torch_file.__doc__ or "").splitlines() if line.startswith("| ")][2:]


def test_there_is_a_table() -> None:
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("| "))
def test_what_stops_an_attack_and_its_test_are_there(row: list[str]) -> None:
    _, stops, test = row
    for module, name in re.findall(r"`(\w+)\.(\w+)`", stops):
        assert hasattr(importlib.import_module(f"pyhermes.core.torch_file.{module}"), name), name
    ((file, function),) = re.findall(r"`(\w+)::(\w+)`", test)
    source = (Path(__file__).parent / f"{file}.py").read_text(encoding="utf-8")
    assert f"def {function}(" in source
