"""What a run is told of this process: its Python, packages, user, device and seeds."""

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

VARIABLE = "HERMES_EXPERIMENT"
"""The environment variable in which a script finds the directory of the run that it is."""


def current_provenance(
    argv: Iterable[str],
    process: Process,
    code: CodeState,
    *,
    directory: Path | None = None,
    seeds: bool = False,
    problems: Iterable[str] = (),
) -> Provenance:
    """The provenance of what is started with some words, as far as this process knows it."""
    torch = sys.modules.get("torch")
    return Provenance(
        argv=tuple(argv),
        directory=str(directory or Path.cwd()),
        user=_user(),
        process=process,
        python=platform.python_version(),
        executable=sys.executable,
        platform=platform.platform(),
        packages=installed_packages(),
        torch=None if torch is None else str(torch.__version__),
        device=None if torch is None else _device(),
        seeds=_seeds() if seeds else None,
        code=code,
        problems=tuple(problems),
    )


@functools.cache
def installed_packages() -> tuple[str, ...]:
    """The installed distributions as `name==version`, sorted."""
    return tuple(sorted(set(filter(None, map(_pinned, metadata.distributions())))))


def _pinned(found: metadata.Distribution) -> str:
    """A distribution as `name==version`; nothing for what an aborted installation has left."""
    try:
        return f"{found.name}=={found.version}" if found.name else ""
    except Exception:  # noqa: BLE001 - whatever the finder that found it raises
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        return str(os.getuid())


def _device() -> str:
    """The device that torch uses; asking CUDA before the script does would bind it to this process."""
    import torch

    is_initialized: Callable[[], bool] = torch.cuda.is_initialized
    if is_initialized():
        return f"cuda: {torch.cuda.get_device_name()}"
    return str(torch.get_default_device())


def _seeds() -> Seeds:
    torch = sys.modules.get("torch")
    return Seeds(
        python_hash=os.environ.get("PYTHONHASHSEED"),
        numpy=_seed_of_numpy(),
        torch=None if torch is None else torch.initial_seed(),
    )


def _seed_of_numpy() -> int | None:
    """The seed of numpy's global generator, if it has been seeded with a number and not used yet."""
    state = np.random.get_state(legacy=False)
    keys = state["state"].get("key") if state["bit_generator"] == "MT19937" else None
    if keys is None:
        return None
    fresh = np.random.RandomState(int(keys[0])).get_state(legacy=False)["state"]
    same = np.array_equal(fresh["key"], keys) and fresh["pos"] == state["state"]["pos"]
    return int(keys[0]) if same else None
