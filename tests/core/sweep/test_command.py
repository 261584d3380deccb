from __future__ import annotations

import pytest

from pyhermes.core import ArgumentsError, Command, split_command


def told(line: str) -> tuple[str, str, str | None, str]:
    command = split_command(line.split())
    return " ".join(command.words), command.script, command.script_path, " ".join(command.rest)


@pytest.mark.parametrize(
    ("line", "command", "script", "path"),
    [
        ("python train.py --lr 0.1", "python train.py", "train", "train.py"),
        ("python train.py", "python train.py", "train", "train.py"),
        ("/usr/bin/python3.12 src/train.v2.py x", "/usr/bin/python3.12 src/train.v2.py", "train.v2", "src/train.v2.py"),
        ("python -u -OO train.py -u", "python -u -OO train.py", "train", "train.py"),
        ("python -W ignore -X dev train.py", "python -W ignore -X dev train.py", "train", "train.py"),
        ("python -uW ignore -Xdev -Wdefault a.py b", "python -uW ignore -Xdev -Wdefault a.py", "a", "a.py"),
        ("python -- train.py x", "python -- train.py", "train", "train.py"),
        ("python -m train.dqn --lr 1", "python -m train.dqn", "dqn", None),
        ("python -m train x", "python -m train", "train", None),
        ("pypy3 -um train.dqn x", "pypy3 -um train.dqn", "dqn", None),
        ("python -mtrain.dqn -m x", "python -mtrain.dqn", "dqn", None),
        ("python -c print(1) x", "python -c print(1)", "python", None),
        ("python3.11 -cprint(1) x", "python3.11 -cprint(1)", "python3.11", None),
        ("python - x", "python -", "python", None),
        ("python", "python", "python", None),
        ("python -W", "python -W", "python", None),
        ("python -m", "python -m", "python", None),
        ("python -m pkg. x", "python -m pkg.", "python", None),
        ("python . x", "python .", "python", "."),
        ("python .. x", "python ..", "python", ".."),
        ("python agent/ x", "python agent/", "agent", "agent/"),
        ("python3-dbg a.py", "python3-dbg a.py", "a", "a.py"),
        ("pythons a.py", "pythons", "pythons", None),
        ("bash -e run.sh fast", "bash -e run.sh", "run", "run.sh"),
        ("sh -euo pipefail run.sh x", "sh -euo pipefail run.sh", "run", "run.sh"),
        ("bash -lc ls x", "bash -lc ls", "bash", None),
        ("zsh -c ls", "zsh -c ls", "zsh", None),
        ("Rscript --vanilla fit.R 1", "Rscript --vanilla fit.R", "fit", "fit.R"),
        ("perl -Mstrict -w fit.pl 1", "perl -Mstrict -w fit.pl", "fit", "fit.pl"),
        ("perl -lne print 1", "perl -lne print", "perl", None),
        ("ruby -rdate fit.rb", "ruby -rdate fit.rb", "fit", "fit.rb"),
        ("julia fit.jl", "julia fit.jl", "fit", "fit.jl"),
        ("node --inspect fit.js", "node --inspect fit.js", "fit", "fit.js"),
        ("./train.sh x", "./train.sh", "train", "./train.sh"),
        ("ls -l", "ls", "ls", None),
        ("..", "..", "command", None),
    ],
)  # fmt: skip
def test_a_command_ends_with_its_script(line: str, command: str, script: str, path: str | None) -> None:
    assert told(line) == (command, script, path, line.removeprefix(command).strip())


def test_a_script_has_a_name_that_a_directory_can_have() -> None:
    assert split_command([""]) == Command(("",), "command", None)
    assert split_command(["/"]) == Command(("/",), "command", "/")
    assert split_command(["python", ""]).script == "python"
    assert split_command(["python", "-m", "a/b"]).script == "b"


def test_no_words_are_no_command() -> None:
    with pytest.raises(ArgumentsError, match="expected a command of at least one word, got none"):
        split_command([])
