"""Processes of this machine, told from others that had or will have their number."""

from __future__ import annotations

import functools
import os
import socket

from pyhermes.core.disk.opening import read_system_file
from pyhermes.core.formats.provenance import Process


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
