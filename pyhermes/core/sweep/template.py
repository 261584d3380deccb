"""The execution file that `hermes create` writes: every section explained, and a sweep of each script."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from pyhermes.core.sweep.file import ExecutionFile, format_execution_file
from pyhermes.core.sweep.items import JobLine

_SECTIONS = """# settings, as key:value: path_to_experiments, threads (how many jobs run at once)
PRE
threads:1

# options for every job: -cb, -ca, -ma FILE (copy before, copy after, move after), -l True|False (logs),
# -c TEXT (a comment), -leg (the script's first argument is the run's identifier)
STD-H

# arguments for every job that does not give them itself
STD-E

# jobs, [[command, script, argument, ...],[option, ...]]; PROD: every combination, ZIP: in step
EXEC
"""


def format_template(scripts: Iterable[str]) -> str:
    """Return the text of an execution file to begin with, which has a sweep of each script.

    >>> from pyhermes.core import parse_execution_file
    >>> parse_execution_file(format_template(["train.py"])).problems
    ()
    """
    return _SECTIONS + "".join(map(_format_sweep, scripts))


def _format_sweep(script: str) -> str:
    if "{" in script:  # a sweep would take what is in braces for one of its names
        job = JobLine((("python",), (script,)))
        return format_execution_file(ExecutionFile(items=(job,))).partition("EXEC\n")[2]
    return (
        f"PROD([[python, {shlex.quote(script)}, --lr {{lr}}, --seed {{seed}}],[-c sweep]],"
        " lr=[0.1, 0.01], seed=RANGE[0, 3, 1])\n"
    )
