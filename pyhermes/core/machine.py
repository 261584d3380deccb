"""What a run is told of the machine it runs on: its processes, its packages, and the state of git."""

from __future__ import annotations

import functools
import getpass
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import attrs

from pyhermes.core.disk.recording import PATCH, heartbeat_age, load_provenance, read_system_file
from pyhermes.core.errors import ProvenanceError
from pyhermes.core.provenance import CodeState, Process, Provenance, Seeds
from pyhermes.core.run import Run
from pyhermes.core.status import Evidence, StatusReport, status_of
from pyhermes.core.text import decode_text

_GIT_SECONDS = 60
_NAMES_KEPT = 1000
_NO_LOCKS = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def process_of(pid: int) -> Process:
    """A process of this machine, told from others that had or will have its number.

    >>> process_of(os.getpid()).pid == os.getpid()
    True
    """
    return Process(socket.gethostname(), pid, _started(pid), boot_name())


def is_running(process: Process) -> bool | None:
    """Whether a process runs on this machine; None for one of another machine.

    >>> is_running(process_of(os.getpid()))
    True
    """
    if process.host != socket.gethostname():
        return None
    if process.boot is not None and process.boot != boot_name():
        return False
    started = _started(process.pid)
    if started is None or process.started is None:
        return started is not None
    return abs(started - process.started) < 1  # clocks are set, by less than a pid is taken again


@functools.cache
def boot_name() -> str | None:
    """What tells this start of the machine from others, None where the system does not say."""
    named = read_system_file("/proc/sys/kernel/random/boot_id")
    if named is not None:
        return named.strip()
    import psutil

    return f"{psutil.boot_time():.0f}"


def code_state(directory: Path) -> CodeState:
    """The state of git in a directory; without git, or outside of a work tree, nothing is known."""
    status = _git(directory, "status", "--porcelain=v1", "-z", "--untracked-files=normal")
    if status is None:
        return CodeState()
    entries = list(filter(None, decode_text(status).split("\0")))
    untracked = [entry.removeprefix("?? ") for entry in entries if entry.startswith("?? ")]
    return CodeState(
        commit=_git_line(directory, "rev-parse", "--verify", "--quiet", "HEAD"),
        branch=_git_line(directory, "symbolic-ref", "--short", "--quiet", "HEAD"),
        dirty=len(untracked) < len(entries),
        untracked=tuple(untracked[:_NAMES_KEPT]),
    )


def uncommitted_patch(directory: Path, most: int = 10 << 20) -> bytes | None:
    """What `git apply` needs to make the work tree from its commit; None where that is over `most` bytes.

    No program that the repository's configuration names is run for it.
    """
    plain = ("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "HEAD")
    with _git_process(directory, "diff", *plain) as process:
        assert process.stdout is not None
        data = process.stdout.read(most + 1)
        process.kill()
    return data if len(data) <= most else None


def work_tree(directory: Path) -> Path | None:
    """The work tree of git that a directory is in, None where it is in none."""
    top = _git_line(directory, "rev-parse", "--show-toplevel")
    return None if top is None else Path(top)


def code_with_patch(directory: Path, patch: bool) -> tuple[CodeState, bytes | None]:
    """The state of git, and the uncommitted changes where there are some and they are asked for."""
    code = code_state(directory)
    if not code.dirty or not patch or code.commit is None:
        return code, None
    data = uncommitted_patch(directory)
    said = PATCH if data is not None else "left out: it is too large"
    return attrs.evolve(code, patch=said), data


def here(
    argv: Iterable[str],
    process: Process,
    code: CodeState,
    *,
    seeds: bool = False,
    problems: Iterable[str] = (),
) -> Provenance:
    """The provenance of what is started with some words, as far as this process knows it."""
    torch = sys.modules.get("torch")
    return Provenance(
        argv=tuple(argv),
        directory=os.getcwd(),
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
    return tuple(sorted({f"{found.name}=={found.version}" for found in metadata.distributions()}))


def _started(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _git_process(directory: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "-C", str(directory), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_NO_LOCKS},
    )


def _git(directory: Path, *words: str) -> bytes | None:
    """What a command of git prints; None where there is no git, or it fails."""
    try:
        with _git_process(directory, *words) as process:
            printed, _ = process.communicate(timeout=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return printed if process.returncode == 0 else None


def _git_line(directory: Path, *words: str) -> str | None:
    printed = _git(directory, *words)
    return None if printed is None else decode_text(printed).strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        return str(os.getuid())


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}"
    return str(torch.get_default_device())


def _seeds() -> Seeds:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    return Seeds(
        python_hash=os.environ.get("PYTHONHASHSEED"),
        numpy=None if numpy is None else int(numpy.random.get_state()[1][0]),
        torch=None if torch is None else torch.initial_seed(),
    )


def evidence_of(path: Path) -> Evidence | None:
    """What can be seen now of the process of the run in a directory; None for one that tells of none."""
    try:
        provenance = load_provenance(path)
    except ProvenanceError as error:
        return Evidence(problem=str(error))
    if provenance is None:
        return None
    return Evidence(provenance.process, is_running(provenance.process), heartbeat_age(path))


def status_of_run(run: Run) -> StatusReport:
    """What became of a run: by its `hermes.info`, else by what is seen of its process now."""
    evidence = None if run.info.exit_status is not None else evidence_of(run.path)
    return status_of(run.info, evidence)
