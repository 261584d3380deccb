from __future__ import annotations

from pathlib import Path

import pytest

from pyhermes.core import (
    FileNameError,
    ResultError,
)
from pyhermes.core.disk.layout import (
    checkpoint_path,
    name_of_result,
    place_of_result,
    resolve_inside,
    result_path,
)
from pyhermes.core.messages import shown


@pytest.fixture
def run(bare_run: Path) -> Path:
    return bare_run


@pytest.mark.parametrize(
    "name", ["x", "sub/x", "./x", "sub/./x", "..x", "x..", "ä\n", "\udcff", "x" * 300, Path("sub", "x")]
)
def test_the_path_of_a_file_that_need_not_be_there(run: Path, name: str | Path) -> None:
    assert resolve_inside(run, name) == run / name
    assert resolve_inside(str(run), str(name)) == run / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "./",
        "..",
        "../x",
        "sub/../x",
        "sub/..",
        "/",
        "/etc/passwd",
        "a\0b",
        "\ud800",
        Path("."),
        Path("/x"),
    ],
)
def test_names_that_are_none_of_a_file_inside_a_run(run: Path, name: str | Path) -> None:
    with pytest.raises(FileNameError, match="expected (the|a) name") as error:
        resolve_inside(run, name)
    assert error.value.message.endswith(f"got {shown(str(name) if isinstance(name, Path) else name)}")
    assert isinstance(error.value, ValueError)
    assert error.value.path == run


def test_links_that_lead_out_of_a_run(run: Path, outside: Path) -> None:
    (run / "sub").mkdir()
    (run / "sub" / "file").symlink_to(outside)
    (run / "dir").symlink_to(outside.parent)
    (run / "gone").symlink_to("../nowhere")
    (run / "twice").symlink_to("sub/file")
    for name in ("sub/file", "dir", "dir/outside.txt", "dir/new", "gone", "twice"):
        with pytest.raises(FileNameError, match=f"got '{name}', a link that leads out") as error:
            resolve_inside(run, name)
        assert error.value.path == run


def test_links_that_stay_inside_a_run_and_a_run_that_is_a_link(run: Path, tmp_path: Path) -> None:
    (run / "sub").mkdir()
    (run / "link").symlink_to("sub")
    (run / "gone").symlink_to("nowhere")
    linked = tmp_path / "linked"
    linked.symlink_to(run)
    for root in (run, linked):
        for name in ("link/x", "gone", "x"):
            assert resolve_inside(root, name) == root / name


def test_a_sibling_whose_name_begins_alike_is_outside(run: Path) -> None:
    (run.parent / f"{run.name}-copy").mkdir()
    (run / "link").symlink_to(f"../{run.name}-copy")
    with pytest.raises(FileNameError):
        resolve_inside(run, "link")


def test_results_and_checkpoints_with_and_without_their_endings(run: Path) -> None:
    assert result_path(run, "x") == result_path(run, "x.result") == run / "x.result"
    assert result_path(run, "x.y") == run / "x.y.result"
    assert checkpoint_path(run, "x") == checkpoint_path(run, "x.pth") == run / "x.pth"
    (run / "x").touch()
    (run / "dir").mkdir()
    assert checkpoint_path(run, "x") == run / "x"
    assert checkpoint_path(run, "x.pth") == run / "x.pth"
    assert checkpoint_path(run, "dir") == run / "dir.pth"
    for find in (result_path, checkpoint_path):
        with pytest.raises(FileNameError):
            find(run, "../x")


@pytest.mark.parametrize(
    ("path", "name"),
    [("x/a.result", "a"), (Path("a.result"), "a"), ("a.b", "a.b"), ("a.result.result", "a.result")],
)
def test_a_result_is_named_by_its_file(path: str | Path, name: str) -> None:
    assert name_of_result(path) == name


def test_a_result_goes_into_a_directory_or_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert place_of_result("a", "sub", None) == tmp_path / "sub" / "a.result"
    assert place_of_result("a", tmp_path, Path("old/b.result")) == tmp_path / "a.result"
    assert place_of_result("a", None, Path("old/b.result")) == Path("old/b.result")
    with pytest.raises(ResultError, match="expected a directory to save the new result 'a' to"):
        place_of_result("a", None, None)


@pytest.mark.parametrize("name", ["", "a/b", "/a", "a/", "a\0b", "\ud800", "x" * 249])
def test_a_result_cannot_have_the_name_of_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultError, match="expected a result's name without a slash, got") as error:
        place_of_result(name, tmp_path, None)
    assert f"got {shown(name)} (at most 248 bytes, " in error.value.message
    assert isinstance(error.value, ValueError)
    assert error.value.path == tmp_path
