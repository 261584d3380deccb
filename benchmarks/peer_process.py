"""The process that rlmate runs in, where its Python is given."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

Task: TypeAlias = Callable[..., Callable[[], float]]
"""Given a task's name and its arguments, what does it and gives the seconds it took."""


@contextmanager
def rlmate() -> Iterator[Task | None]:
    """What hands tasks to rlmate; None where `PYHERMES_RLMATE_PYTHON` is not set."""
    python = os.environ.get("PYHERMES_RLMATE_PYTHON")
    if not python:
        yield None
        return
    peer = [python, "-W", "ignore", str(Path(__file__).with_name("peer.py"))]
    with subprocess.Popen(
        peer, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def task(name: str, *arguments: object) -> Callable[[], float]:
            request = json.dumps([name, *map(str, arguments)])

            def ask() -> float:
                print(request, file=requests, flush=True)
                answer = answers.readline()
                if not answer:
                    raise RuntimeError(f"expected rlmate to do {request}, got nothing")
                return float(answer)

            return ask

        yield task
        requests.close()
