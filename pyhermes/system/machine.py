"""What a run is told of the machine it runs on: its processes, its packages, and the state of git."""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

import attrs
import numpy as np

from pyhermes.core.disk import load_run
from pyhermes.core.disk.recording import PATCH, heartbeat_age, is_held, load_provenance, read_system_file
from pyhermes.core.errors import HermesError, ProvenanceError
from pyhermes.core.formats.provenance import CodeState, Process, Provenance, Seeds
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.status import Evidence, StatusReport, status_of
from pyhermes.core.text.encoding import decode_text

_GIT_SECONDS = 60
_NAMES_KEPT = 1000
_PATCH_OPTIONS = (
    *("--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
    *("--unified=3", "--src-prefix=a/", "--dst-prefix=b/"),
)
_NO_LOCKS = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def process_of(pid: int) -> Process:
    """A process of this machine, told from others that had or will have its number.

    >>> process_of(os.getpid()).pid == os.getpid()
    True
    """
    return Process(socket.gethostname(), pid, _started(pid), boot_name(), _namespace())


def is_running(process: Process) -> bool | None:
    """Whether a process runs on this machine; None for one that cannot be seen from here.

    >>> is_running(process_of(os.getpid()))
    True
    """
    if process.host != socket.gethostname() or process.namespace not in (None, _namespace()):
        return None
    if process.boot is not None and process.boot != boot_name():
        return False
    started = _started(process.pid)
    if started is None or process.started is None:
        return started is not None
    # clocks are set, by less than a number is given again
    return started - 1 < process.started < started + 1


@functools.cache
def boot_name() -> str | None:
    """What tells this start of the machine from others, None where the system does not say."""
    named = read_system_file("/proc/sys/kernel/random/boot_id")
    return None if named is None else named.strip()


def _namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _started(pid: int) -> float | None:
    """When a process was started, None where it does not run; on Linux no clock can be set for it."""
    stat = read_system_file(f"/proc/{pid}/stat")
    if stat is not None:
        state, *fields = stat.rpartition(")")[2].split()
        return None if state == "Z" else int(fields[18]) / os.sysconf("SC_CLK_TCK")
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None


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


def uncommitted_patch(directory: Path, most: int = 10 << 20) -> bytes | str:
    """What `git apply` needs to make the work tree from its commit; or why there is nothing.

    It is left out where it is over `most` bytes. Of the programs that the repository's configuration
    names none is run but its filters.
    """
    with _git_process(directory, "diff", *_PATCH_OPTIONS, "HEAD") as process:
        assert process.stdout is not None
        impatience = threading.Timer(_GIT_SECONDS, process.kill)
        impatience.start()
        data = process.stdout.read(most + 1)
        if len(data) > most:
            process.kill()
        failed = process.wait() != 0
        impatience.cancel()
    if len(data) > most:
        return f"left out: it has more than {most} bytes"
    return "left out: git could not make it" if failed else data


def work_tree(directory: Path) -> Path | None:
    """The work tree of git that a directory is in, None where it is in none."""
    top = _git(directory, "rev-parse", "--show-toplevel")
    return None if top is None else Path(decode_text(top).removesuffix("\n"))


def code_with_patch(directory: Path, patch: bool) -> tuple[CodeState, bytes | None]:
    """The state of git, and the uncommitted changes where there are some and they are asked for."""
    code = code_state(directory)
    if not code.dirty:
        return code, None
    if not patch or code.commit is None:
        why = "there is no commit" if patch else "not asked for"
        return attrs.evolve(code, patch=f"left out: {why}"), None
    made = uncommitted_patch(directory)
    if isinstance(made, str):
        return attrs.evolve(code, patch=made), None
    return attrs.evolve(code, patch=PATCH), made


def here(
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


def _git_process(directory: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "-C", str(directory), "-c", "core.fsmonitor=false", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_NO_LOCKS},
    )


def _git(directory: Path, *words: str) -> bytes | None:
    """What a command of git prints; None where there is no git, or it fails."""
    try:
        with _git_process(directory, *words) as process:
            try:
                printed, _ = process.communicate(timeout=_GIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                return None
    except OSError:
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


def evidence_of(path: Path) -> Evidence | None:
    """What can be seen now of the process of the run in a directory; None for one that tells of none."""
    try:
        provenance = load_provenance(path)
    except ProvenanceError as error:
        return Evidence(problem=str(error))
    if provenance is None:
        return None
    running = is_running(provenance.process)
    return Evidence(
        provenance.process, running, heartbeat_age(path), is_held=running is not True and is_held(path)
    )


def status_of_run(run: Run) -> StatusReport:
    """What became of a run: by its `hermes.info`, else by what is seen of its process now."""
    evidence = None if run.info.exit_status is not None else evidence_of(run.path)
    info = run.info
    if evidence is not None and evidence.running is False and not evidence.is_held:
        with contextlib.suppress(HermesError):  # it may have said so since it was read
            info = load_run(run.path).info
    return status_of(info, evidence)
