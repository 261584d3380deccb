from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from pyhermes.core.text.names import is_name


@pytest.mark.parametrize(
    "name",
    ["a", " ", "dqn VS XOR", "...", ".a", "a..b", "-", "x" * 255, "ä" * 127, "\udc80", "\x80", "~", "\\"],
)
def test_what_a_file_can_be_named(tmp_path: Path, name: str) -> None:
    assert is_name(name)
    (tmp_path / name).touch()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", "/a", "a/", "x" * 256, "ä" * 128, "\ud800"])
def test_what_no_file_can_be_named(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("character", [*map(chr, range(32)), "\x7f"])
def test_a_name_is_one_line_and_moves_no_cursor(character: str) -> None:
    assert not is_name(character)
    assert not is_name(f"a{character}b")


@given(st.text())
def test_a_name_that_is_one_is_a_single_part_of_a_path(name: str) -> None:
    if is_name(name):
        assert Path("folder", name).parts == ("folder", name)
