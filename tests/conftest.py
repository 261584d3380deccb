"""What all tests share: the real runs that the repository carries, in a folder of the test's own.

Without torch, which not every Python has yet, the test files that import it are left out, and a test that
comes to need it is skipped.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

os.environ["MPLBACKEND"] = "agg"

import hypothesis
import matplotlib.pyplot as plt
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

FIRST = "cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa"
DOUBLE = "cartpole_dqn/dqn-vs-ddqn/2026_11_23_182554711422_8_fcbfa"
TAXI = "taxi_q/taxi-baseline/2026_11_23_182307039385_0_fcbfa"
CRASHED = "taxi_q/taxi-baseline/2026_11_23_182344306449_4_fcbfa"
NOBODY = 65534
"""The number of a user who may do nothing."""

HAS_TORCH = importlib.util.find_spec("torch") is not None
NO_TORCH = "No module named 'torch'"

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=200)
hypothesis.settings.register_profile(
    "mutation",
    hypothesis.settings.get_profile("repeatable"),
    max_examples=50,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("repeatable")


@cache
def imports_torch(file: Path) -> bool:
    """Whether a file of the tests imports torch as soon as it is imported, itself or through another one."""
    modules = list[str]()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    own = [
        EXAMPLES.parent.joinpath(*name.split(".")).with_suffix(".py")
        for name in modules
        if name[:6] == "tests."
    ]
    return any(name.partition(".")[0] == "torch" for name in modules) or any(
        imports_torch(other) for other in own if other.is_file() and other != file
    )


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what cannot be imported without torch."""
    needs_torch = collection_path.suffix == ".py" and not HAS_TORCH and imports_torch(collection_path)
    return needs_torch or None


def pytest_report_header() -> str | None:
    """Say what is left out."""
    left_out = sum(imports_torch(file) for file in Path(__file__).parent.rglob("test_*.py"))
    return (
        None
        if HAS_TORCH
        else f"torch is not installed: {left_out} files of tests that import it are left out"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip what comes to need torch where there is none, and say so."""
    report = yield
    said = f"{report.longreprtext}{report.capstdout}{report.capstderr}"
    if not HAS_TORCH and report.failed and NO_TORCH in said:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), (item.location[1] or 0) + 1, "Skipped: it needs torch")
    return report


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A copy of the example runs."""
    return Path(shutil.copytree(EXAMPLES / "runs", tmp_path / "runs"))


@pytest.fixture
def cartpole(runs: Path) -> Path:
    """The folder of the cartpole runs: two baselines, two double DQNs."""
    return runs / "cartpole_dqn" / "dqn-vs-ddqn"


@pytest.fixture
def first(runs: Path) -> Path:
    """One cartpole run."""
    return runs / FIRST


@pytest.fixture(autouse=True)
def ctrl_c_is_heard() -> Iterator[None]:
    """SIGINT does what it does in a terminal.

    A shell starts what it puts into the background with SIGINT ignored, and every process that a test starts
    inherits that: tests of Ctrl-C would wait for ever.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def no_figure_left() -> Iterator[None]:
    """Every test begins without a figure."""
    plt.close("all")
    yield
    plt.close("all")


@pytest.fixture
def common() -> Iterator[Path]:
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@contextmanager
def as_nobody() -> Iterator[None]:
    """What follows is done by somebody who is not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
