"""What is recorded of this process: its Python, packages, user, device and seeds."""

from __future__ import annotations

import functools
import getpass
import os
import platform
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

import numpy as np

from pyhermes.core.formats.provenance import CodeState, Process, Provenance, Seeds
from pyhermes.core.formats.secrets import SecretNames, parse_secret_names
from pyhermes.core.text.numbers import parse_integer
from pyhermes.core.warn import warn

VARIABLE = "HERMES_EXPERIMENT"
"""The environment variable in which a job finds the directory of its run."""


SECRETS_VARIABLE = "HERMES_SECRETS"
"""The environment variable that names further arguments whose values are secret: see `parse_secret_names`."""


def read_secret_names() -> SecretNames:
    """Return the names of arguments that are said to be secret, or not to be, beside what they say."""
    return parse_secret_names(os.environ.get(SECRETS_VARIABLE, ""))


def add_secret_names(names: Iterable[str]) -> None:
    """Let further arguments be secret, for this process and those that it starts."""
    os.environ[SECRETS_VARIABLE] = " ".join([os.environ.get(SECRETS_VARIABLE, ""), *names]).strip()


def read_job_directory() -> str | None:
    """Return the directory of the run that this process is, None if `hermes exec` has not started it."""
    return os.environ.get(VARIABLE) or None


_RANKS = (
    ("RANK", ("WORLD_SIZE",)),
    ("SLURM_PROCID", ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")),
    ("OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE",)),
    ("LOCAL_RANK", ("LOCAL_WORLD_SIZE",)),
)
"""Where launchers of processes that train together say which one this is, and of how many."""


def is_first_rank() -> bool:
    """Return whether this is the one of several processes that train together which writes.

    A rank counts only where the environment says, too, that there are several: a `RANK` that was left
    over from elsewhere would make a run disappear. It is warned of.
    """
    for name, sizes in _RANKS:
        rank = _read_count(name)
        size = next(filter(None, map(_read_count, sizes)), None)
        if rank is not None and size is not None and size > 1:
            return rank == 0
        if name == "RANK" and rank and size is None:
            _warn_of_rank(rank)
    return True


def _read_count(variable: str) -> int | None:
    return parse_integer(os.environ.get(variable, ""))


@functools.cache  # every recording asks
def _warn_of_rank(rank: int) -> None:
    warn("this process is recorded like any other:", [f"RANK is {rank}, but WORLD_SIZE is not set"])


def current_provenance(
    argv: Iterable[str],
    process: Process,
    code: CodeState,
    *,
    directory: Path | None = None,
    seeds: bool = False,
    problems: Iterable[str] = (),
) -> Provenance:
    """Return the provenance of a run that a command line starts, as far as this process knows it."""
    torch = sys.modules.get("torch")
    return Provenance(
        argv=tuple(argv),
        directory=str(directory or Path.cwd()),
        user=_find_user(),
        process=process,
        python=platform.python_version(),
        executable=sys.executable,
        platform=platform.platform(),
        packages=list_packages(),
        torch=None if torch is None else str(torch.__version__),
        device=None if torch is None else _find_device(),
        seeds=_read_seeds() if seeds else None,
        code=code,
        problems=tuple(problems),
    )


@functools.cache
def list_packages() -> tuple[str, ...]:
    """List the installed distributions as `name==version`, sorted."""
    return tuple(sorted(set(filter(None, map(_pin, metadata.distributions())))))


def _pin(found: metadata.Distribution) -> str:
    """Return a distribution as `name==version`, "" for what an aborted installation has left."""
    try:
        return f"{found.name}=={found.version}" if found.name else ""
    except Exception:  # noqa: BLE001 - whatever the finder that found it raises
        return ""


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        return str(os.getuid())


def _find_device() -> str:
    """Return the device that torch uses."""
    import torch

    # Asking CUDA before the script does would bind it to this process.
    is_initialized: Callable[[], bool] = torch.cuda.is_initialized
    if is_initialized():
        return f"cuda: {torch.cuda.get_device_name()}"
    return str(torch.get_default_device())


def _read_seeds() -> Seeds:
    torch = sys.modules.get("torch")
    return Seeds(
        python_hash=os.environ.get("PYTHONHASHSEED"),
        numpy=_read_numpy_seed(),
        torch=None if torch is None else torch.initial_seed(),
    )


def _read_numpy_seed() -> int | None:
    """Return the seed of numpy's global generator, if it was seeded with a number and not used yet."""
    state = np.random.get_state(legacy=False)
    keys = state["state"].get("key") if state["bit_generator"] == "MT19937" else None
    if keys is None:
        return None
    # A number becomes the first word of the state; whether it was one, only seeding again can tell.
    fresh = np.random.RandomState(int(keys[0])).get_state(legacy=False)["state"]
    same = np.array_equal(fresh["key"], keys) and fresh["pos"] == state["state"]["pos"]
    return int(keys[0]) if same else None
