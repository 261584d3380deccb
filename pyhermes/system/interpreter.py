"""Which interpreter a job's `python` is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_NAMES = ("python", "python3")


def resolve_python(argv: Sequence[str]) -> list[str]:
    """Return the words to start, in which a first word `python` or `python3` is the interpreter meant.

    It is the interpreter that runs this process, so that `.venv/bin/hermes` trains with the packages
    of `.venv` although that is not activated. The word stays as it is where the shell finds it in
    the environment of this process, or in another one that the user has activated.
    """
    words = list(argv)
    if words and words[0] in _NAMES and sys.executable and not _is_meant(_find_folder(words[0])):
        words[0] = sys.executable
    return words


def _find_folder(program: str) -> str | None:
    """Return the first folder on PATH that holds a program, as the system looks for it."""
    return next((one for one in os.get_exec_path() if os.access(os.path.join(one, program), os.X_OK)), None)


def _is_meant(folder: str | None) -> bool:
    """Return whether the programs in a folder are those of this environment, or of an activated one.

    Links are not followed: the `python` of an environment is a link to that of the system.
    """
    if folder is None:
        return False
    ours, theirs = os.path.dirname(sys.executable), os.path.abspath(folder)
    return theirs == os.path.abspath(ours) or os.path.dirname(theirs) in _activated_environments()


def _activated_environments() -> list[str]:
    # conda activates its base in every shell, which says nothing of what the user wants
    is_base = os.environ.get("CONDA_DEFAULT_ENV") == "base"
    names = ["VIRTUAL_ENV"] if is_base else ["VIRTUAL_ENV", "CONDA_PREFIX"]
    return [os.path.abspath(path) for path in map(os.environ.get, names) if path]
