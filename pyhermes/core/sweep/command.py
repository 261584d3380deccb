"""Tell in a command line what is started, and which script that is, from its arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import final

import attrs

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.public import public

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:[dtw]|-dbg)?(?:\.exe)?")
_SHELLS = ("bash", "sh", "zsh")
_OTHERS = ("Rscript", "julia", "node", "perl", "ruby")

# the last letter of an option that takes a value, and the value where it stands in the same word
_OF_PYTHON = re.compile(r"-[bBdEhiIOPqRsSuvVx?]*([cmWX])(.*)", re.DOTALL)
_OF_SHELLS = re.compile(r"-[A-Za-z]*([co])()")
_OF_OTHERS = re.compile(r"-[acilnpsw]*(e)()")
_INSTEAD_OF_A_SCRIPT = ("c", "e", "m")


@final
@public("pyhermes.core")
@attrs.frozen
class Command:
    """The words of a command line up to and including its script, and the `rest` after it.

    `script` names the directory of its runs: the stem of the file's name, the last part of a module,
    the interpreter where there is neither. `script_path` is the file that has to be there, None
    where none has to be.
    """

    words: tuple[str, ...]
    script: str
    script_path: str | None
    rest: tuple[str, ...] = ()


def split_command(words: Sequence[str]) -> Command:
    """Tell the command, up to and including the script, from its arguments.

    After an interpreter the script is the next word that is none of its options; any other program
    is itself the script. Raises `ArgumentsError`, a `ValueError`, for no words at all.

    >>> split_command(["python", "-u", "train.py", "--lr", "0.1"])
    Command(words=('python', '-u', 'train.py'), script='train', script_path='train.py', rest=('--lr', '0.1'))
    """
    if not words:
        raise ArgumentsError("expected a command of at least one word, got none")
    program = PurePosixPath(words[0]).name
    options = _option_pattern(program)
    if options is None:
        path = words[0] if "/" in words[0] else None
        return _command(words, 1, _stem(words[0]) or "command", path)
    count, letter, value = _skip_options(words, options)
    if letter:
        module = value.rpartition(".")[2] if letter == "m" else ""
        return _command(words, count, _stem(module) or program, None)
    file = next((word for word in words[count : count + 1] if word != "-"), None)
    return _command(words, count + 1, _stem(file or "") or program, file)


def _command(words: Sequence[str], count: int, script: str, path: str | None) -> Command:
    return Command(tuple(words[:count]), script, path, tuple(words[count:]))


def _option_pattern(program: str) -> re.Pattern[str] | None:
    if _PYTHON.fullmatch(program):
        return _OF_PYTHON
    if program in _SHELLS:
        return _OF_SHELLS
    return _OF_OTHERS if program in _OTHERS else None


def _skip_options(words: Sequence[str], options: re.Pattern[str]) -> tuple[int, str, str]:
    """Count the words before the script; also return the letter of an option in its place, and its value."""
    place = 1
    while place < len(words) and words[place].startswith("-") and words[place] != "-":
        valued = options.fullmatch(words[place])
        letter, value = valued.groups() if valued else ("", "")
        place += 1
        if letter and not value:
            value = "".join(words[place : place + 1])
            place += 1
        if letter in _INSTEAD_OF_A_SCRIPT:
            return place, letter, value
    return place, "", ""


def _stem(path: str) -> str:
    """Return a name without its ending, empty where no directory could have it."""
    stem = PurePosixPath(path).stem
    return "" if stem == ".." else stem
