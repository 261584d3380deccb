from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES

ROOT = Path(__file__).parent.parent

IMPORT = "import pyhermes, pyhermes.core, pyhermes.storage, pyhermes.result, pyhermes.plot"
READ = f"""
from pyhermes import Experiment
runs = Experiment.load_all({str(EXAMPLES / "runs")!r}, recursive=True)
assert len(runs) == 6
assert len(runs.filter_by_exec_args("--doubledqn")) == 2
assert runs.latest().exec_args_dict["--seed"] == 2
for run in runs:
    assert run.scores().size
    for name in run.list_results():
        assert all(run.load_result(name).series(key).size for key in run.load_result(name))
"""


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running the code, warnings being errors."""
    show = "\nimport json, sys; print(json.dumps(list(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + show], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stderr == ""
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("heavy", ["torch", "matplotlib", "cattrs", "pandas", "rich"])
def test_a_module_that_is_loaded_is_seen(heavy: str) -> None:
    assert heavy in loaded(f"import sys; sys.modules[{heavy!r}] = sys")


def test_importing_everything_loads_nothing_heavy() -> None:
    modules = loaded(IMPORT)
    assert "pyhermes.plot" in modules
    assert modules & {"torch", "matplotlib", "cattrs", "pandas", "rich"} == set()


def test_the_command_is_loaded_without_what_only_some_of_its_commands_need() -> None:
    modules = loaded("import pyhermes.cli")
    assert "pyhermes.cli.run_commands" in modules
    unwanted = {"torch", "matplotlib", "cattrs", "pandas", "rich", "distributed", "pyhermes.api.plotting"}
    assert modules & unwanted == set()


def test_loading_and_filtering_runs_results_and_scores_needs_neither_torch_nor_matplotlib() -> None:
    modules = loaded(READ)
    assert "pyhermes.api.result" in modules
    assert modules & {"torch", "matplotlib"} == set()
