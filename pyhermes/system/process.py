"""Processes of this machine, told from others that have the same number before or after them."""

from __future__ import annotations

import functools
import os
import socket

from pyhermes.core.disk.opening import read_system_file
from pyhermes.core.formats.provenance import Process


def process_of(pid: int) -> Process:
    """Describe a process of this machine, so that it is told from others with its number later.

    >>> process_of(os.getpid()).pid == os.getpid()
    True
    """
    return Process(socket.gethostname(), pid, _read_start_time(pid), read_boot_name(), _read_namespace())


def is_running(process: Process) -> bool | None:
    """Return whether a process runs on this machine; None for one that cannot be seen from here.

    >>> is_running(process_of(os.getpid()))
    True
    """
    if process.host != socket.gethostname() or process.namespace not in (None, _read_namespace()):
        return None
    if process.boot is not None and process.boot != read_boot_name():
        return False
    started = _read_start_time(process.pid)
    if started is None or process.started is None:
        return started is not None
    # Without /proc the time depends on the clock, which may be set by a little; a number is given
    # to another process much later than that.
    return started - 1 < process.started < started + 1


@functools.cache
def read_boot_name() -> str | None:
    """Read what tells this start of the machine from others, None if the system does not say."""
    named = read_system_file("/proc/sys/kernel/random/boot_id")
    return None if named is None else named.strip()


def _read_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _read_start_time(pid: int) -> float | None:
    """Return when a process was started, in seconds since some moment; None if it does not run."""
    # On Linux it is since the machine was started, which no change of the clock moves.
    stat = read_system_file(f"/proc/{pid}/stat")
    if stat is not None:
        state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
        return None if state == "Z" else int(fields[18]) / os.sysconf("SC_CLK_TCK")
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None
