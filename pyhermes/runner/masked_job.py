"""Running a job again whose secrets were not recorded: they are asked for."""

from __future__ import annotations

import getpass
import sys

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.messages import printable
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.sweep.secrets import fill_masked, find_masked
from pyhermes.system.environment import add_secret_names


def ask_for_secrets(job: Job) -> Job:
    """Return a job with the secrets that were masked in it, asked for at the terminal.

    They stay secret in what is recorded of the job from now on. Raises `ArgumentsError`, a `ValueError`,
    that names them where there is no terminal.
    """
    masked = find_masked(job)
    if masked and not sys.stdin.isatty():
        raise ArgumentsError(
            f"the run does not hold the secret {', '.join(masked)}, and there is no terminal to ask for it"
        )
    if masked:
        add_secret_names(masked)
    return fill_masked(job, lambda name: getpass.getpass(f"{printable(name)}: "))
