"""The house as it is meant to be, held against the real source: see `source_rules` for what each rule sees."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from pyhermes.core.disk import layout
from tests import source_rules as rules

PACKAGE = Path(__file__).parent.parent / "pyhermes"
SOURCES = {str(path.relative_to(PACKAGE)): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
CORE = [name for name in SOURCES if name.startswith("core/")]
API = [name for name in SOURCES if name.startswith("api/")]
DOORS = ("pyhermes.storage", "pyhermes.result", "pyhermes.plot")
HEAVY = ("cattrs", "matplotlib", "pandas", "polars", "pyarrow", "scipy", "torch")
SAFE = "weights_only=True"
DRAWS = ("api/drawing.py", "api/plotting.py", "api/typed_matplotlib.py")
"""These put a record's numbers onto axes, one artist after the other; they are not facades of runs."""

FILE_NAMES = [value for name, value in vars(layout).items() if name.isupper() and isinstance(value, str)]
BESIDE_RUNS = {layout.ROOT, layout.STOP}

NAMED_TWICE = {"result", "errors", "layout", "provenance", "secrets"}
"""The same noun in two wings: its text and its file, the door and what is behind it."""


def parsed(name: str) -> ast.Module:
    return ast.parse(SOURCES[name])


def module_of(name: str) -> str:
    return f"pyhermes.{name.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")


MODULES = {module_of(name): name for name in SOURCES}
IMPORTS = {module: rules.modules_of(parsed(name), MODULES) - {module} for module, name in MODULES.items()}


def test_the_sources_were_found() -> None:
    found = {"core/disk/layout.py", "core/typing.py", "api/experiment.py", "storage.py", "__init__.py"}
    assert found <= set(SOURCES)
    assert {"hermes.info", "provenance.json", ".scores"} <= set(FILE_NAMES)


# Imports


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_only(module: str) -> None:
    assert rules.upwards(module, IMPORTS[module]) == []


def test_no_modules_import_each_other_but_those_whose_documented_methods_give_one_another() -> None:
    asked_for = {"experiment", "experiment_list", "structured_list", "recording"}
    assert rules.circles(IMPORTS) == [{f"pyhermes.api.{name}" for name in asked_for}]


@pytest.mark.parametrize("name", SOURCES)
def test_imports_are_absolute(name: str) -> None:
    assert [module for module in rules.imported(parsed(name)) if module.startswith(".")] == []


@pytest.mark.parametrize("name", CORE)
def test_the_core_knows_nothing_of_what_stands_on_it(name: str) -> None:
    modules = set(rules.imported(parsed(name)))
    ours = {module for module in modules if rules.is_under(module, "pyhermes")}
    assert {module for module in ours if not rules.is_under(module, "pyhermes.core")} == set()
    assert {module for module in modules if rules.is_under(module, "matplotlib")} == set()


@pytest.mark.parametrize("name", [*CORE, *API])
def test_nothing_inside_goes_through_a_door(name: str) -> None:
    assert [module for module in rules.imported(parsed(name)) if rules.is_under(module, *DOORS)] == []


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_heavy_is_imported_only_where_it_is_used(name: str) -> None:
    assert [module for module in rules.at_import(parsed(name)) if rules.is_under(module, *HEAVY)] == []


def test_the_types_import_nothing_of_the_package() -> None:
    modules = rules.imported(parsed("core/typing.py"))
    assert [name for name in modules if rules.is_under(name, "pyhermes")] == []


# Where things are done


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.startswith("core/disk/")])
def test_only_one_wing_goes_to_the_disk(name: str) -> None:
    assert rules.touches_disk(parsed(name)) == []


def test_that_wing_does() -> None:
    wing = [name for name in SOURCES if name.startswith("core/disk/")]
    found = {call for name in wing for call in rules.touches_disk(parsed(name))}
    assert {"open", "os.open", "os.replace", "os.scandir"} <= found


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "core/disk/layout.py"])
def test_names_of_files_are_spelled_in_the_layout_alone(name: str) -> None:
    assert rules.spelled(parsed(name), set(FILE_NAMES) - BESIDE_RUNS) == []


@pytest.mark.parametrize("name", CORE)
def test_the_core_starts_no_process(name: str) -> None:
    assert rules.starts_processes(parsed(name)) == []


@pytest.mark.parametrize("name", [name for name in API if name not in DRAWS])
def test_the_documented_classes_only_delegate(name: str) -> None:
    assert rules.machinery(parsed(name)) == []


@pytest.mark.parametrize("name", API)
def test_threads_signals_and_processes_are_none_of_a_facades(name: str) -> None:
    machinery = ("threading", "signal", "subprocess", "multiprocessing", "concurrent", "atexit")
    assert [module for module in rules.imported(parsed(name)) if rules.is_under(module, *machinery)] == []


# What a file may know of another


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_private_is_used_outside_of_its_file(name: str) -> None:
    assert rules.foreign_attributes(parsed(name)) == []
    assert rules.private_imports(parsed(name)) == []


def test_a_name_of_a_module_is_that_of_one() -> None:
    stems = Counter(Path(name).stem for name in SOURCES if not name.endswith("__init__.py"))
    assert {stem for stem, count in stems.items() if count > 1} == NAMED_TWICE


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_can_be_read_at_once(name: str) -> None:
    assert SOURCES[name].count("\n") < (400 if name.startswith("core/") else 560)


# What is never done


@pytest.mark.parametrize("name", SOURCES)
def test_a_checker_is_switched_off_only_for_a_reason(name: str) -> None:
    assert rules.ignores(SOURCES[name]) == []


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_ever_loaded_unsafely(name: str) -> None:
    assert re.search(r"weights_only\W+False", SOURCES[name]) is None
    calls = [node for node in ast.walk(parsed(name)) if isinstance(node, ast.Call)]
    loads = [call for call in calls if ast.unparse(call.func) == "torch.load"]
    safe = [keyword.arg for call in loads for keyword in call.keywords if ast.unparse(keyword) == SAFE]
    assert len(safe) == len(loads)
