from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from pyhermes.core.disk.layout import PROVENANCE
from pyhermes.core.disk.provenance import announce_scores, load_provenance, logs_scores, store_provenance
from pyhermes.core.errors import ProvenanceError
from pyhermes.core.formats.provenance import Process, Provenance
from tests.core.disk.helpers import PROVENANCE_HELD, no_room


@pytest.mark.parametrize("content", [None, b"{}", b"\xff"])
def test_where_no_provenance_can_be_read_no_scores_are_logged_and_nothing_is_noted(
    path: Path, content: bytes | None
) -> None:
    if content is not None:
        (path / PROVENANCE).write_bytes(content)
    assert not logs_scores(path)
    assert announce_scores(path)  # there is nothing to try again
    assert not logs_scores(path)
    assert [file.read_bytes() for file in path.iterdir()] == ([] if content is None else [content])


def test_that_scores_are_logged_is_noted_once_and_as_soon_as_there_is_room(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not logs_scores(run)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_room)
        assert not announce_scores(run)
    assert load_provenance(run) == PROVENANCE_HELD
    assert announce_scores(run)
    assert logs_scores(run)
    assert load_provenance(run) == attrs.evolve(PROVENANCE_HELD, logs_scores=True)
    noted = (run / PROVENANCE).stat()
    assert announce_scores(run)
    assert (run / PROVENANCE).stat() == noted


def test_provenance_is_replaced_as_a_whole(run: Path) -> None:
    other = Provenance((), "/", "you", Process("host", 2), "3.12", "python", "Linux")
    store_provenance(run, other)
    assert load_provenance(run) == other
    assert (run / PROVENANCE).read_text().startswith("{\n")


def test_without_a_file_nothing_was_recorded(path: Path) -> None:
    assert load_provenance(path) is None
    assert load_provenance(path / "nowhere") is None


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"\0" * 10, b"[]"])
def test_a_torn_provenance_is_an_error_that_names_the_file(path: Path, content: bytes) -> None:
    (path / PROVENANCE).write_bytes(content)
    with pytest.raises(ProvenanceError, match="expected the provenance of a run") as error:
        load_provenance(path)
    assert error.value.path == path / PROVENANCE


def test_a_provenance_that_is_too_large_is_not_read(path: Path) -> None:
    with (path / PROVENANCE).open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(ProvenanceError, match="a file of at most 64 MiB") as error:
        load_provenance(path)
    assert error.value.path == path / PROVENANCE


@pytest.mark.parametrize("kind", ["directory", "fifo", "link", "dangling"])
def test_a_provenance_that_is_no_file_is_one_error(path: Path, kind: str) -> None:
    target = path / PROVENANCE
    make: dict[str, Callable[[], None]] = {
        "directory": target.mkdir,
        "fifo": lambda: os.mkfifo(target),
        "link": lambda: target.symlink_to("/etc/passwd"),
        "dangling": lambda: target.symlink_to("/nowhere"),
    }
    make[kind]()
    with pytest.raises(ProvenanceError, match="expected ") as error:
        load_provenance(path)
    assert error.value.path == target
    assert "None" not in error.value.message
