"""What all tests share: the real runs that the repository carries, in a folder of the test's own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=200)
hypothesis.settings.register_profile(
    "mutation",
    hypothesis.settings.get_profile("repeatable"),
    max_examples=50,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
hypothesis.settings.load_profile("repeatable")


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
