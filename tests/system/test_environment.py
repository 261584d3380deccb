from __future__ import annotations

import getpass
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pyhermes.core.formats.provenance import (
    CodeState,
    Provenance,
    format_provenance,
    parse_provenance,
)
from pyhermes.system.environment import current_provenance, is_first_rank, list_packages
from pyhermes.system.git import read_code
from pyhermes.system.process import process_of


def test_what_is_known_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    process, code = process_of(os.getpid()), read_code(repository, patch=False).state
    known = current_provenance(iter(["python", "a\nb"]), process, code, problems=["'a\\nb'"])
    assert known == Provenance(
        argv=("python", "a\nb"),
        directory=str(repository),
        user=getpass.getuser(),
        process=process,
        python=platform.python_version(),
        executable=sys.executable,
        platform=platform.platform(),
        packages=list_packages(),
        torch=str(torch.__version__),
        device=known.device,
        code=code,
        problems=("'a\\nb'",),
    )
    assert parse_provenance(format_provenance(known)) == known


def test_torch_is_told_of_only_where_it_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    known = current_provenance([], process_of(os.getpid()), CodeState(), seeds=True)
    assert (known.torch, known.device) == (None, None)
    assert known.seeds is not None
    assert known.seeds.torch is None


@pytest.mark.parametrize(("available", "device"), [(True, "cuda: Tesla"), (False, "cpu")])
def test_the_device_is_the_one_that_torch_uses(
    available: bool, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: available)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla")
    assert current_provenance([], process_of(os.getpid()), CodeState()).device == device


@pytest.mark.parametrize("error", [OSError, KeyError])
def test_a_user_without_a_name_is_a_number(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", fail)
    assert current_provenance([], process_of(os.getpid()), CodeState()).user == str(os.getuid())


def numpy_state() -> Any:
    """What numpy's global generator goes on from."""
    return np.random.get_state()


def use_generator(generator: np.random.BitGenerator) -> None:
    """Make it numpy's global one."""
    getattr(np.random, "set_bit_generator")(generator)  # noqa: B009 - the stubs do not have it


@pytest.fixture
def random_state() -> Iterator[None]:
    """Random numbers of others go on as they were."""
    before, of_torch = numpy_state(), torch.get_rng_state()
    yield
    use_generator(np.random.MT19937())
    np.random.set_state(before)
    torch.set_rng_state(of_torch)


@pytest.mark.usefixtures("random_state")
def test_seeds_are_those_that_were_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    np.random.seed(3)
    torch.manual_seed(5)
    assert current_provenance([], process_of(os.getpid()), CodeState()).seeds is None
    known = current_provenance([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    assert (known.python_hash, known.numpy, known.torch) == ("7", 3, 5)


def test_seeds_of_what_was_not_loaded_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    monkeypatch.delitem(sys.modules, "numpy")
    known = current_provenance([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    assert (known.python_hash, known.numpy) == (None, None)


def draw() -> None:
    np.random.seed(3)
    np.random.random(10)


def seed_with_several() -> None:
    np.random.seed([1, 2, 3])


def seed_with_nothing() -> None:
    np.random.seed()


@pytest.mark.usefixtures("random_state")
@pytest.mark.parametrize("make", [draw, seed_with_several, seed_with_nothing])
def test_a_number_that_is_no_seed_is_not_said_to_be_one(make: Callable[[], None]) -> None:
    make()
    state = numpy_state()[1]
    known = current_provenance([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    if known.numpy is not None:
        np.random.seed(known.numpy)
        assert (numpy_state()[1] == state).all()


@pytest.mark.usefixtures("random_state")
def test_another_generator_of_numpy_has_no_seed_that_can_be_told() -> None:
    use_generator(np.random.PCG64(1))
    known = current_provenance([], process_of(os.getpid()), CodeState(), seeds=True).seeds
    assert known is not None
    assert known.numpy is None


def test_the_packages_are_sorted_and_have_versions() -> None:
    packages = list_packages()
    assert list(packages) == sorted(set(packages))
    assert f"numpy=={np.__version__}" in packages


class Unreadable(metadata.Distribution):
    """What the finder of another program may come up with."""

    def read_text(self, filename: str) -> str | None:
        raise RuntimeError(filename)

    def locate_file(self, path: object) -> Any:
        raise RuntimeError(path)


def test_a_broken_distribution_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = list_packages()
    (tmp_path / "broken-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = [*metadata.distributions(), Unreadable()]
    monkeypatch.setattr(metadata, "distributions", lambda: found)
    list_packages.cache_clear()
    try:
        assert list_packages() == sound
    finally:
        list_packages.cache_clear()
    assert f"numpy=={np.__version__}" in sound


SIZES = ("WORLD_SIZE", "SLURM_NTASKS", "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "LOCAL_WORLD_SIZE")
RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "LOCAL_RANK")


@pytest.mark.parametrize(
    ("variables", "first"),
    [
        ({}, True),
        ({"RANK": "0", "WORLD_SIZE": "2"}, True),
        ({"RANK": "1", "WORLD_SIZE": "2"}, False),
        ({"RANK": "1", "WORLD_SIZE": "1"}, True),
        ({"RANK": "first", "WORLD_SIZE": "2"}, True),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "4"}, False),
        ({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4"}, False),
        ({"SLURM_PROCID": "3"}, True),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, False),
        ({"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, False),
        ({"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}, True),
    ],
)
def test_a_rank_counts_where_there_are_several(
    variables: dict[str, str], first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*RANKS, *SIZES):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert is_first_rank() is first


def test_a_rank_without_a_number_of_ranks_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*RANKS, *SIZES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "41")
    with pytest.warns(UserWarning, match="RANK is 41, but WORLD_SIZE is not set"):
        assert is_first_rank()
    assert is_first_rank()  # a warning would be an error
