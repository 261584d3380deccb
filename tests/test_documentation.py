"""The documentation's code is run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import pyhermes
from pyhermes import core
from tests.conftest import EXAMPLES

ROOT = EXAMPLES.parent
MODULES = [module.name for module in pkgutil.walk_packages(pyhermes.__path__, "pyhermes.")]


@pytest.fixture(autouse=True)
def in_the_examples_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples in the documentation run in a copy of the folder `examples`."""
    monkeypatch.chdir(shutil.copytree(EXAMPLES, tmp_path / "examples"))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that examples run in, as they would in a reader's own script."""
    module = ModuleType("script")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def run_the_code_of(page: str, script: ModuleType) -> int:
    """Run all Python code on a page, one block after the other; how many there were."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for block in blocks:
        exec(compile(block, page, "exec"), script.__dict__)
    return len(blocks)


def test_the_readme_runs(script: ModuleType) -> None:
    assert run_the_code_of("README.md", script) >= 6
    assert Path("ddqn.png").stat().st_size > 10_000


def test_the_tutorial_runs_and_shows_what_is_printed(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_the_code_of("docs/typed_retrieval.md", script) >= 10
    (shown,) = re.findall(r"```text\n(.*?)```", (ROOT / "docs/typed_retrieval.md").read_text(), re.DOTALL)
    assert capsys.readouterr().out.startswith(shown)


def test_the_page_on_recording_runs(script: ModuleType) -> None:
    assert run_the_code_of("docs/recording.md", script) >= 2


@pytest.mark.slow
def test_the_first_command_of_the_readme_is_the_quickstart() -> None:
    command = "pip install -c constraints.txt . && python examples/quickstart.py"
    assert command in (ROOT / "README.md").read_text()
    run = subprocess.run(
        [sys.executable, EXAMPLES / "quickstart.py"], check=True, capture_output=True, text=True
    )
    assert len(re.findall(r"^\{?.*: -?\d+\.\d\d over 3 runs$", run.stdout, re.MULTILINE)) == 4
    assert "12 runs in experiments" in run.stdout
    assert Path("quickstart.png").stat().st_size > 10_000


def test_the_other_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__file__": str(EXAMPLES / "first_look.py"), "__name__": "__main__"}
    exec(compile((EXAMPLES / "first_look.py").read_text(), "first_look.py", "exec"), names)
    printed = capsys.readouterr().out
    assert len(re.findall(r"^2026_", printed, re.MULTILINE)) == 6
    assert "2 runs of double DQN" in printed
    assert Path("training_curve.png").stat().st_size > 10_000


def test_ci_runs_the_readmes_test_command() -> None:
    command = "pip install -c constraints.txt -e '.[test]' && pytest"
    assert command in (ROOT / "README.md").read_text()
    assert command in (ROOT / ".ci" / "run").read_text().replace("--quiet ", "")


class FinderByDefinition(doctest.DocTestFinder):
    """Finds the examples of the classes that a module defines, whose `__module__` is their public door."""

    def _from_module(self, module: ModuleType, thing: object) -> bool:
        if inspect.isclass(thing) and thing.__module__.startswith("pyhermes"):
            tree = ast.parse(inspect.getsource(module))
            return thing.__name__ in [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        of_others: Callable[[ModuleType, object], bool] = super()._from_module  # type: ignore[misc]  # of doctest itself
        return of_others(module, thing)


def test_the_examples_of_classes_are_found() -> None:
    finder = FinderByDefinition()
    names = {example.name for example in finder.find(importlib.import_module("pyhermes.core.runs.run"))}
    assert {"pyhermes.core.runs.run.Run", "pyhermes.core.runs.run.describe_run"} <= names
    assert "pyhermes.core.runs.run.ExperimentInfo" not in names  # of another module
    methods = {example.name for example in finder.find(importlib.import_module("pyhermes.api.experiment"))}
    assert "pyhermes.api.experiment.Experiment.load" in methods


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str, script: ModuleType) -> None:
    runner = doctest.DocTestRunner()
    for example in FinderByDefinition().find(importlib.import_module(name)):
        script.__dict__.update(example.globs, np=np, __name__=script.__name__)
        example.globs = script.__dict__
        runner.run(example, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0


def public_objects(module: ModuleType) -> list[tuple[str, object]]:
    names: list[str] = module.__all__
    return [(name, getattr(module, name)) for name in names]


@pytest.mark.parametrize("name", [name for name, value in public_objects(core) if inspect.isfunction(value)])
def test_public_functions_have_an_example(name: str) -> None:
    assert ">>> " in (inspect.getdoc(getattr(core, name)) or "")


@pytest.mark.parametrize("name", ["Experiment", "ExperimentList", "Result"])
def test_the_documented_classes_have_an_example_and_describe_every_method(name: str) -> None:
    cls = getattr(pyhermes, name)
    assert ">>> " in inspect.getdoc(cls)  # type: ignore[operator]
    for method, value in vars(cls).items():
        if not method.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), method
