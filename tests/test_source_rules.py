"""The rules that hold the architecture, each on code that breaks it and on code that does not."""

from __future__ import annotations

import ast

import pytest

from tests import source_rules as rules


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "import os\nos.open('x', 0)",
        "os.replace('a', 'b')",
        "os.scandir()",
        "def f(p):\n    p.mkdir()",
        "def f(path: Path):\n    return path.open()",
        "path.replace(other)",
        "Path('x').write_text('')",
        "from os import unlink",
        "import shutil",
        "import tempfile",
        "from shutil import copy as c",
        "figure.savefig(path)",
        "plt.savefig('a.png')",
        "figure.savefig(fname=path)",
        "torch.load(path, weights_only=True)",
        "torch.save(state, path)",
        "np.load(path)",
        "np.savetxt('x', values)",
        "numpy.fromfile(name)",
        "values.tofile(path)",
        "table.to_csv(path)",
    ],
)
def test_what_goes_to_the_disk_is_seen(source: str) -> None:
    assert rules.touches_disk(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "os.path.join('a')",
        "import os",
        "text.replace('a', 'b')",
        "start.replace(microsecond=0)",
        "pending.resolve()",
        "def f(z: ZipFile):\n    z.open(n)",
        "with zipfile.ZipFile(file) as archive:\n    archive.open('x')",
        "def f(entry: zipfile.ZipInfo):\n    return entry.is_dir()",
        "buffer = io.BytesIO()\nfigure.savefig(buffer, format='png')",
        "def f(file: BinaryIO):\n    return torch.load(file, weights_only=True)",
        "torch.load(io.BytesIO(data))",
        "buffer = BytesIO()\ntorch.save(state, buffer)",
        "np.loadtxt(StringIO(text))",
        "os.readlink('/proc/self/ns/pid')",
        "frame.to_csv()",
    ],
)
def test_what_does_not_is_not(source: str) -> None:
    assert rules.touches_disk(ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "os.stat('a')",
        "os.path.exists(name)",
        "path.resolve()",
        "Path(name).resolve()",
        "if folder.is_dir(): pass",
        "from os.path import exists",
        "def f(path: Path):\n    return path.stat().st_size",
    ],
)
def test_what_only_looks_at_the_disk_is_seen(source: str) -> None:
    assert rules.looks_at_disk(ast.parse(source)) != []
    assert rules.touches_disk(ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "os.path.join('a')",
        "pending.resolve()",
        "def f(entry: zipfile.ZipInfo):\n    return entry.is_dir()",
        "state()",
    ],
)
def test_what_does_not_even_look_is_not(source: str) -> None:
    assert rules.looks_at_disk(ast.parse(source)) == []


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
    assert rules.at_import(ast.parse(source)) == modules


MODULES = (
    "pyhermes",
    "pyhermes.core",
    "pyhermes.core.text",
    "pyhermes.core.text.names",
    "pyhermes.core.errors",
)


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import pyhermes.core.errors", {"pyhermes.core.errors"}),
        ("from pyhermes.core.errors import HermesError", {"pyhermes.core.errors"}),
        ("from pyhermes.core.text import names", {"pyhermes.core.text.names"}),
        ("if TYPE_CHECKING:\n    from pyhermes.core import errors", {"pyhermes.core.errors"}),
        ("def f():\n    from pyhermes.core.text.names import is_name", {"pyhermes.core.text.names"}),
        ("import pyhermes", {"pyhermes"}),
        ("import numpy.core.errors", set()),
    ],
)
def test_every_import_of_a_module_is_seen(source: str, modules: set[str]) -> None:
    assert rules.modules_of(ast.parse(source), MODULES) == modules


@pytest.mark.parametrize(
    ("module", "imported", "is_up"),
    [
        ("pyhermes.core.errors", "pyhermes.core.problems", False),
        ("pyhermes.core.problems", "pyhermes.core.errors", True),
        ("pyhermes.core.text.names", "pyhermes.core.arrays.stack", True),
        ("pyhermes.core.arrays.stack", "pyhermes.core.arrays.freeze", False),
        ("pyhermes.core.tables.table", "pyhermes.core.disk", False),
        ("pyhermes.core.disk.record", "pyhermes.system.git", True),
        ("pyhermes.system.git", "pyhermes.core.disk", False),
        ("pyhermes.runner.job", "pyhermes.api.recording", True),
        ("pyhermes.api.result", "pyhermes.result", True),
        ("pyhermes.storage", "pyhermes.api.experiment", False),
        ("pyhermes.cli.exec", "pyhermes", False),
        ("pyhermes.core.errors", "pyhermes.core", True),
    ],
)
def test_imports_that_lead_up_are_seen(module: str, imported: str, is_up: bool) -> None:
    assert rules.upwards(module, [imported]) == ([imported] if is_up else [])


@pytest.mark.parametrize(
    ("imports", "circles"),
    [
        ({"a": ["b"], "b": []}, []),
        ({"a": ["b"], "b": ["a"]}, [{"a", "b"}]),
        ({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a", "d"]}, [{"b", "c"}, {"d"}]),
    ],
)
def test_circles_are_seen(imports: dict[str, list[str]], circles: list[set[str]]) -> None:
    assert sorted(map(sorted, rules.circles(imports))) == sorted(map(sorted, circles))


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "from subprocess import run",
        "os.fork()",
        "os.kill(1, 9)",
        "from os import kill",
        "end = os.killpg",
        "signal.signal(2, handler)",
        "from signal import raise_signal",
        "import multiprocessing.pool",
    ],
)
def test_what_starts_or_ends_processes_is_seen(source: str) -> None:
    assert rules.starts_processes(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source", ["signal.Signals(2).name", "os.getpid()", "import signal", "number = signal.SIGINT"]
)
def test_what_only_names_signals_does_not(source: str) -> None:
    assert rules.starts_processes(ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "for x in y: pass",
        "while True: pass",
        "async def f():\n    async for x in y: pass",
        "[x for x in y]",
        "{x for x in y}",
        "{x: 1 for x in y}",
        "any(x for x in y)",
        "import numpy as np",
        "def f():\n    import numpy",
        "import signal",
        "from threading import Thread",
        "os.fork()",
        "import re",
    ],
)
def test_machinery_in_a_facade_is_seen(source: str) -> None:
    assert rules.machinery(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    import numpy as np",
        "from numpy.typing import NDArray",
        "def f(self):\n    return list(map(run, self))",
        "from pyhermes.core.runs.select import select",
    ],
)
def test_delegation_is_none(source: str) -> None:
    assert rules.machinery(ast.parse(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "other._x",
        "other._run()",
        "getattr(other, '_x', None)",
        "map(Experiment._take, runs)",
        "torch._C",
    ],
)
def test_what_is_private_to_another_file_is_seen(source: str) -> None:
    assert rules.foreign_attributes(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __init__(self):\n        self._x = 1\n    def f(self, other):\n        return other._x",
        "class A:\n    _x: int\n    def f(self):\n        return self._x",
        "class A:\n    def _f(self): ...\n    def g(self):\n        self._f()",
        "self._inherited",
        "super()._inherited()",
        "os._exit(0)",
        "value.__class__",
        "getattr(other, 'x')",
    ],
)
def test_what_is_private_to_the_file_itself_is_not(source: str) -> None:
    assert rules.foreign_attributes(ast.parse(source)) == []


def test_private_imports_are_seen() -> None:
    source = (
        "from pyhermes.x import _y\nimport pyhermes._z\nfrom __future__ import annotations\nfrom a import b"
    )
    assert rules.private_imports(ast.parse(source)) == ["pyhermes.x._y", "pyhermes._z"]


@pytest.mark.parametrize(
    "source",
    [
        "name = 'hermes.info'",
        "f(root / 'hermes.info')",
        "f'{name}.scores'",
        "x = 'a/hermes.info'",
        "y == b'.scores'",
    ],
)
def test_a_file_of_the_format_that_is_spelled_out_is_seen(source: str) -> None:
    assert rules.spelled(ast.parse(source), ["hermes.info", ".scores"]) != []


@pytest.mark.parametrize(
    "source", ["'''hermes.info'''", "say('no hermes.info')", "name = INFO", "f(run.scores)"]
)
def test_prose_and_names_are_not(source: str) -> None:
    assert rules.spelled(ast.parse(source), ["hermes.info", ".scores"]) == []


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # type: ignore",
        "x = 1  # type: ignore[misc]",
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = 1  # pyright: ignore",
        "x = 1  # pyright: ignore[reportAny]  # type: ignore[misc]",
        "x = 1  # type: ignore  # because it is so",
    ],
)
def test_a_checker_switched_off_without_a_reason_is_seen(line: str) -> None:
    assert rules.ignores(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # type: ignore[misc]  # the path is text",
        "x = 1  # noqa: BLE001 - whatever a stranger raises",
        "x = 1  # pyright: ignore[reportAny] - the stubs have Any",
        "x = 1  # a comment that ignores much",
    ],
)
def test_one_with_its_rule_and_reason_is_not(line: str) -> None:
    assert rules.ignores(line) == []
