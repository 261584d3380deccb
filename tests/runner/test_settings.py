from __future__ import annotations

from pathlib import Path

import pytest

from pyhermes.core import ExecutionFileError, RecordingError
from pyhermes.runner.settings import Settings, find_settings, read_project_settings
from tests.runner.helpers import git, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def test_without_settings_there_are_defaults(project: Path) -> None:
    assert find_settings({}) == Settings(project / "experiments", project, 1)
    assert find_settings({}).in_directory(Path("/x")) == Settings(project / "experiments", Path("/x"), 1)


def test_the_command_line_wins_over_the_file_and_that_over_the_project(project: Path) -> None:
    (project / ".hermes_settings").write_text("threads:2\npath_to_experiments:of project\n")
    assert find_settings({}) == Settings(project / "of project", project, 2)
    held = {"threads": "3", "path_to_experiments": "sub/of file"}
    assert find_settings(held) == Settings(project / "sub" / "of file", project, 3)
    assert find_settings({"threads": "3"}) == Settings(project / "of project", project, 3)
    assert find_settings(held, jobs_at_once=4) == Settings(project / "sub" / "of file", project, 4)
    assert find_settings(held, root=Path("given")) == Settings(project / "given", project, 3)


def test_the_project_is_the_work_tree_of_git(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(project, "init")
    (project / ".hermes_settings").write_text("threads:2")
    (project / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(project / "a" / "b")
    assert find_settings({}) == Settings(project / "experiments", project, 2)
    assert find_settings({}, project=Path("..")).project.resolve() == project / "a"
    assert find_settings({}, project=Path("..")).jobs_at_once == 1
    assert find_settings({}, root=Path("here")).root == project / "a" / "b" / "here"


def test_a_root_may_be_absolute_anywhere(project: Path, tmp_path: Path) -> None:
    assert find_settings({"path_to_experiments": f"{tmp_path}/x"}).root == tmp_path / "x"


@pytest.mark.parametrize(
    "text", ["threads:2", "threads: 2 \n# comment\n", "\ufeffthreads:2\n", "threads:2\r\n"]
)
def test_the_settings_of_a_project_are_lines(project: Path, text: str) -> None:
    (project / ".hermes_settings").write_text(text)
    assert read_project_settings(project)["threads"] == "2"


def test_a_mistake_in_the_settings_says_its_own_line(project: Path) -> None:
    (project / ".hermes_settings").write_text("threads:2\nnonsense\n")
    with pytest.raises(ExecutionFileError, match=r"\.hermes_settings, line 2: expected a setting"):
        read_project_settings(project)


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1.5"])
def test_a_number_of_jobs_is_a_number(project: Path, text: str) -> None:
    with pytest.raises(ExecutionFileError, match=r"expected the number of jobs at once, at least 1, got "):
        find_settings({"threads": text})


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_of_jobs_is_at_least_1_on_the_command_line_too(project: Path, number: int) -> None:
    with pytest.raises(ValueError, match=r"expected the number of jobs at once, at least 1, got "):
        find_settings({}, jobs_at_once=number)


@pytest.mark.parametrize("number", [0, -1])
def test_settings_hold_at_least_one_job_at_once(number: int) -> None:
    with pytest.raises(ValueError, match=r"expected the number of jobs at once, at least 1, got "):
        Settings(Path("a"), Path("b"), number)


def test_a_project_that_is_no_directory_is_refused(project: Path) -> None:
    with pytest.raises(RecordingError, match=r"echo\.py', which is none"):
        find_settings({}, project=project / "echo.py")
