"""Every test that SECURITY.md names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "SECURITY.md"


def named(text: str) -> list[tuple[str, str]]:
    """The files and the names of the tests in a text."""
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_is_there() -> None:
    missing = [
        f"{file}::{name}"
        for file, name in named(DOCUMENT.read_text(encoding="utf-8"))
        if not (ROOT / file).is_file() or name not in functions(ROOT / file)
    ]
    assert missing == []


def test_every_guarantee_names_a_test() -> None:
    rows = re.findall(r"^\| (\d+)\. (.*)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= 8
    assert [number for number, row in rows if not named(row)] == []


def test_a_name_without_a_test_would_be_missed() -> None:
    assert named("`tests/x.py::test_y`, `tests/x.py`") == [("tests/x.py", "test_y")]
    assert "test_every_test_that_is_named_is_there" in functions(Path(__file__))
