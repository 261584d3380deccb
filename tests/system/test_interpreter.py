from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pyhermes.system.interpreter import resolve_python

OURS = str(Path(sys.executable).parent)


@pytest.fixture(autouse=True)
def nothing_activated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Another environment, with an interpreter of its own."""
    (tmp_path / "bin").mkdir()
    for name in ("python", "python3"):
        (tmp_path / "bin" / name).touch(0o755)
    return tmp_path


def put_first(monkeypatch: pytest.MonkeyPatch, folder: Path | str) -> None:
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("word", ["python", "python3"])
def test_it_is_the_interpreter_of_this_process_where_no_environment_is_activated(
    environment: Path, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, environment / "bin")
    assert resolve_python([word, "-u", "python"]) == [sys.executable, "-u", "python"]


def test_it_is_that_interpreter_where_none_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert resolve_python(("python",)) == [sys.executable]


def test_the_word_stays_where_the_same_environment_is_first_on_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_first(monkeypatch, OURS)
    assert resolve_python(("python",)) == ["python"]


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_word_stays_where_another_environment_is_activated(
    environment: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a `hermes` that is installed for itself, and scripts that need another one's packages."""
    monkeypatch.setenv(variable, str(environment))
    monkeypatch.setenv("PATH", "/nowhere")
    assert resolve_python(("python",)) == [sys.executable]
    put_first(monkeypatch, environment / "bin")
    assert resolve_python(("python",)) == ["python"]


def test_the_base_of_conda_is_not_what_a_user_has_activated(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_first(monkeypatch, environment / "bin")
    monkeypatch.setenv("CONDA_PREFIX", str(environment))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "base")
    assert resolve_python(("python",)) == [sys.executable]


def test_a_file_that_cannot_be_run_is_no_interpreter(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment / "bin" / "python").chmod(0o644)
    monkeypatch.setenv("VIRTUAL_ENV", str(environment))
    monkeypatch.setenv("PATH", str(environment / "bin"))
    assert resolve_python(("python",)) == [sys.executable]


@pytest.mark.parametrize(
    "words", [[], ["bash", "python"], ["/usr/bin/python"], ["./python"], ["python3.11"], ["pypy"]]
)
def test_every_other_word_stays(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert resolve_python(words) == words


def test_where_the_interpreter_is_not_known_the_word_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    assert resolve_python(["python"]) == ["python"]
