"""What the tests of the command share: sweeps to run, terminals to run them in, and signals."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pyhermes import Experiment
from pyhermes.cli import main
from pyhermes.core.disk.provenance import load_provenance
from tests.runner.helpers import (
    HERMES,
    runs_in,
    wait_for,
    wait_until,
)

CARTPOLE = "runs/cartpole_dqn/dqn-vs-ddqn"


LOUD = "import sys\nfor _ in range(100):\n    sys.stdout.write(('x' * 99 + '\\n') * 10000)\n"


MEASURED = """
import re, sys
from pyhermes.cli import main
status = main(sys.argv[2:])
with open("/proc/self/status") as file, open(sys.argv[1], "w") as peak:
    peak.write(re.search("VmHWM:\\\\s*([0-9]+)", file.read())[1])
sys.exit(status)
"""


def sweep(project: Path, text: str, name: str = "sweep.hermes") -> str:
    (project / name).write_text(text if "EXEC" in text else f"EXEC\n{text}\n")
    return name


def interrupt_when(holds: Callable[[], object], number: int = signal.SIGINT) -> threading.Thread:
    """Send a signal to the main thread as soon as something holds."""

    def interrupt() -> None:
        wait_until(holds, "it is time to interrupt")
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


def the_run(root: Path) -> Experiment:
    (exp,) = runs_in(root)
    return exp


def pid_of(project: Path, number: int = 1) -> int:
    wait_for(project / f"began{number}")
    return int((project / f"began{number}").read_text())


def recorded(project: Path, words: Sequence[str] = ("python", "echo.py", "a b")) -> Experiment:
    sweep(project, f"[[{', '.join(map(shlex.quote, words))}],[-c again]]")
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 0
    return the_run(project / "experiments")


def closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def peak_of(
    project: Path, words: Sequence[str], read: Callable[[subprocess.Popen[bytes]], int]
) -> tuple[int, int]:
    """The most memory, in MiB, that the command took, and how much it printed."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not say how much memory a process took")
    command = [sys.executable, "-c", MEASURED, "peak", *words]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE) as process:
        printed = read(process)
    assert process.returncode == 0
    return int((project / "peak").read_text()) >> 10, printed


def read_all(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    printed = 0
    while data := process.stdout.read(1 << 20):
        printed += len(data)
    return printed


def recorded_pid(exp: Experiment) -> int | None:
    provenance = load_provenance(exp.path_to_experiment)
    return None if provenance is None else provenance.process.pid


def in_terminal(
    project: Path, words: Sequence[str], presses: Sequence[Callable[[], object]] = ()
) -> tuple[int, str]:
    """Run the command in a terminal of its own, where Ctrl-C is pressed each time something holds."""
    ours, theirs = pty.openpty()
    become = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    shown: list[bytes] = []

    def drain() -> None:
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # as a terminal says that nobody is there any more
                return
            if not data:
                return
            shown.append(data)

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, (50).to_bytes(2, sys.byteorder) + (200).to_bytes(2, sys.byteorder) + bytes(4))  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", become, HERMES, *words],
        cwd=project,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    thread = threading.Thread(target=drain)
    thread.start()
    try:
        for holds in presses:
            wait_until(holds, "it is time to press Ctrl-C")
            os.write(ours, b"\x03")
        status = process.wait(10)
    finally:
        (project / "finish").touch()  # a job that was not ended, ends
        process.kill()
        process.wait()
        thread.join(10)
        os.close(ours)
    return status, b"".join(shown).decode(errors="replace")
