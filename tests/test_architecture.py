from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pyhermes"
SOURCES = {str(path.relative_to(PACKAGE)): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
CORE = [name for name in SOURCES if name.startswith("core/")]
API = [name for name in SOURCES if name.startswith("api/")]
DOORS = ("pyhermes.storage", "pyhermes.result", "pyhermes.plot")

HEAVY = ("cattrs", "matplotlib", "pandas", "polars", "pyarrow", "torch")

SAFE = "weights_only=True"
OF_MODULES = {
    "os": "open fdopen replace rename scandir listdir walk unlink remove rmdir mkdir makedirs link symlink",
    "io": "open open_code FileIO",
}
OF_PATHS = "mkdir unlink rmdir write_text write_bytes read_text read_bytes touch iterdir rglob symlink_to"


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in the tree, and every name that is imported from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def at_import(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported as soon as the module itself is."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imported(node)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from at_import(ast.Module(node.orelse, []))
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from at_import(node)


def touches_disk(tree: ast.AST) -> list[str]:
    """Calls that open, list, make, write, move or remove files."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [call.id for call in calls if isinstance(call, ast.Name) and call.id == "open"]
    for call in calls:
        if isinstance(call, ast.Attribute):
            owner = ast.unparse(call.value)
            if call.attr in f"{OF_PATHS} {OF_MODULES.get(owner, '')}".split() or owner == "shutil":
                found.append(ast.unparse(call))
    return found + [name for name in imported(tree) if re.match(r"(os|io)\.[a-z]|shutil|tempfile", name)]


def is_under(name: str, *parents: str) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def parsed(name: str) -> ast.Module:
    return ast.parse(SOURCES[name])


def test_the_sources_were_found() -> None:
    assert {
        "core/disk/__init__.py",
        "core/typing.py",
        "api/experiment.py",
        "storage.py",
        "__init__.py",
    } <= set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_imports_are_absolute(name: str) -> None:
    assert [module for module in imported(parsed(name)) if module.startswith(".")] == []


@pytest.mark.parametrize("name", CORE)
def test_the_core_knows_nothing_of_what_stands_on_it(name: str) -> None:
    modules = set(imported(parsed(name)))
    ours = {module for module in modules if is_under(module, "pyhermes")}
    assert {module for module in ours if not is_under(module, "pyhermes.core")} == set()
    assert {module for module in modules if is_under(module, "matplotlib")} == set()


@pytest.mark.parametrize("name", [*CORE, *API])
def test_nothing_inside_goes_through_a_door(name: str) -> None:
    assert [module for module in imported(parsed(name)) if is_under(module, *DOORS)] == []


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_heavy_is_imported_only_where_it_is_used(name: str) -> None:
    assert [module for module in at_import(parsed(name)) if is_under(module, *HEAVY)] == []


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.startswith("core/disk/")])
def test_only_one_module_goes_to_the_disk(name: str) -> None:
    assert touches_disk(parsed(name)) == []


def test_that_module_does() -> None:
    found = {call for name in SOURCES if name.startswith("core/disk/") for call in touches_disk(parsed(name))}
    assert {"open", "os.open", "os.replace", "os.scandir"} <= set(found)


def test_the_types_import_nothing_of_the_package() -> None:
    assert [name for name in imported(parsed("core/typing.py")) if is_under(name, "pyhermes")] == []


@pytest.mark.parametrize(
    "name",
    [
        "api/experiment.py",
        "api/experiment_list.py",
        "api/recording.py",
        "api/result.py",
        "api/structured_list.py",
        "api/tabular.py",
    ],
)
def test_the_documented_classes_only_delegate(name: str) -> None:
    loops = (ast.For, ast.AsyncFor, ast.While)
    assert [node.lineno for node in ast.walk(parsed(name)) if isinstance(node, loops)] == []


@pytest.mark.parametrize("name", API)
def test_threads_signals_and_processes_are_none_of_a_facades(name: str) -> None:
    kept_out = ("atexit", "multiprocessing", "signal", "subprocess", "threading")
    assert [module for module in imported(parsed(name)) if is_under(module, *kept_out)] == []


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_ever_loaded_unsafely(name: str) -> None:
    assert re.search(r"weights_only\W+False", SOURCES[name]) is None
    calls = [node for node in ast.walk(parsed(name)) if isinstance(node, ast.Call)]
    loads = [call for call in calls if ast.unparse(call.func) == "torch.load"]
    safe = [keyword.arg for call in loads for keyword in call.keywords if ast.unparse(keyword) == SAFE]
    assert len(safe) == len(loads)


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "import os\nos.open('x', 0)",
        "os.replace('a', 'b')",
        "os.scandir()",
        "def f(p):\n    p.mkdir()",
        "Path('x').write_text('')",
        "from os import unlink",
        "import shutil",
        "from shutil import copy as c",
    ],
)
def test_what_goes_to_the_disk_is_seen(source: str) -> None:
    assert touches_disk(ast.parse(source)) != []


@pytest.mark.parametrize("source", ["os.path.join('a')", "import os", "text.replace('a', 'b')", "z.open(n)"])
def test_what_does_not_is_not(source: str) -> None:
    assert touches_disk(ast.parse(source)) == []


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import torch", ["torch"]),
        ("class A:\n    import torch.nn", ["torch.nn"]),
        ("try:\n    from torch import nn\nexcept ImportError:\n    pass", ["torch", "torch.nn"]),
        ("if TYPE_CHECKING:\n    import torch", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import torch", ["torch"]),
        ("def f():\n    import torch", []),
    ],
)
def test_what_is_imported_at_once_is_told_from_what_is_not(source: str, modules: list[str]) -> None:
    assert list(at_import(ast.parse(source))) == modules
