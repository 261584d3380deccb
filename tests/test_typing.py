"""What a strictly typed user relies on, checked by mypy as that user would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def errors_of_mypy(file: str) -> dict[int, set[str]]:
    """The codes of the errors that `mypy --strict` reports, by line."""
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unreachable", "--show-error-codes", file]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert re.search(r"Found \d+ error|Success", printed), printed
    errors: dict[int, set[str]] = {}
    for name, line, code in re.findall(r"^(.+?):(\d+): error: .*\[([a-z-]+)\]$", printed, re.MULTILINE):
        assert name == file, printed
        errors.setdefault(int(line), set()).add(code)
    return errors


@pytest.mark.slow
def test_precise_types() -> None:
    assert errors_of_mypy("tests/typing/consumer.py") == {}


@pytest.mark.slow
def test_misuse_does_not_type_check() -> None:
    lines = (ROOT / "tests/typing/misuse.py").read_text().splitlines()
    expected = {
        number: set(line.partition("# E: ")[2].split(", "))
        for number, line in enumerate(lines, 1)
        if "# E: " in line
    }
    assert len(expected) > 30
    assert errors_of_mypy("tests/typing/misuse.py") == expected
