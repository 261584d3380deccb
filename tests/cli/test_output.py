from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from pyhermes.cli import main
from tests.cli.helpers import (
    CARTPOLE,
    LOUD,
    peak_of,
    read_all,
    recorded,
    sweep,
    the_run,
)
from tests.conftest import DOUBLE, FIRST
from tests.runner.helpers import (
    hermes_running,
    wait_for,
    wait_until,
)


def test_logs_are_printed_with_their_control_characters_escaped(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "import sys; sys.stdout.buffer.write('\\x1b[31mä\\r\\n5%\\r10%\\n\\tx\\x07\\n'.encode() + b'\\xff');"
        " print('err\\x9b', file=sys.stderr)"
    )
    sweep(project, f'[[python, -c "{text.replace(chr(92), chr(92) * 2)}"],[]]')
    assert main(["exec", "-f", "sweep.hermes", "-n", "n"]) == 0
    capsys.readouterr()
    assert main(["logs", the_run(project / "experiments").identifier]) == 0
    out, err = capsys.readouterr()
    assert out == "\\x1b[31mä\n5%\n10%\n        x\\x07\n\\udcff"
    assert err == "err\\x9b\n"


def test_a_character_in_two_pieces_is_one_character(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pieces.py").write_text(
        "import os, sys, time\n"
        "sys.stdout.buffer.write('ä'.encode()[:1]); sys.stdout.flush()\n"
        "open('half', 'w')\n"
        "while not os.path.exists('finish'):\n    time.sleep(0.01)\n"
        "sys.stdout.buffer.write('ä'.encode()[1:]); sys.stdout.flush()\n"
    )
    file = sweep(project, "[[python, pieces.py],[]]")
    with hermes_running(project, ["exec", "-f", file, "-n", "n"]) as process:
        wait_for(project / "half")
        threading.Timer(0.3, (project / "finish").touch).start()
        assert main(["logs", "-f", the_run(project / "experiments").identifier]) == 0
        process.communicate()
    assert capsys.readouterr().out == "ä"


def test_what_is_in_a_folder_is_listed_with_its_control_characters_escaped(
    examples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (examples / FIRST / "exec_arguments").open("a") as file:
        file.write("--note \x1b]0;title\x07\n")
    with (examples / FIRST / "hermes.info").open("a") as file:
        file.write("comments:\x1b[31mred\nexit_status:1\n")
    (examples / FIRST / "file\x1b[31m").touch()
    for words in (["ls", CARTPOLE], ["show", f"runs/{FIRST}"], ["status", "runs"], ["diff", f"runs/{FIRST}", f"runs/{DOUBLE}"]):  # fmt: skip
        assert main(words) == 0
        out, err = capsys.readouterr()
        assert "\x1b" not in out + err
        assert "\x07" not in out + err


def test_what_is_asked_cannot_hide_what_would_run(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exp = recorded(project)
    file = exp.file("re_execution.hermes")
    file.write_text("EXEC\n[[python, evil.py, '\x1b[2K\rpython echo.py'],[]]\n")
    monkeypatch.setattr("builtins.input", lambda _: "n")
    capsys.readouterr()
    assert main(["rerun", exp.identifier]) == 2
    assert capsys.readouterr().out == "python evil.py '\\x1b[2K\\rpython echo.py'\n"


def test_a_script_may_print_100_mb(project: Path) -> None:
    (project / "loud.py").write_text(LOUD)

    def read_late(process: subprocess.Popen[bytes]) -> int:
        wait_until(
            lambda: sum(p.stat().st_size for p in project.rglob("stdout.log")) == 10**8, "all is there"
        )
        return read_all(process)

    words = ["exec", "-n", "n", "--", "python", "loud.py"]
    peak, printed = peak_of(project, words, read_late)
    assert the_run(project / "experiments").file("stdout.log").stat().st_size == printed == 10**8
    assert peak < 120


def test_the_jobs_of_a_sweep_may_print_100_mb(project: Path) -> None:
    (project / "loud.py").write_text(LOUD)
    words = ["exec", "-n", "n", "-f", sweep(project, "[[python, loud.py],[]]")]
    peak, printed = peak_of(project, words, read_all)
    assert the_run(project / "experiments").file("stdout.log").stat().st_size == 10**8
    assert (printed, peak < 120) == (0, True)


def test_logs_of_20_mb_are_printed_piece_by_piece(examples: Path) -> None:
    (examples / FIRST / "stdout.log").write_text(("x" * 99 + "\n") * 200_000)
    peak, printed = peak_of(examples.parent, ["logs", f"runs/{FIRST}"], read_all)
    assert printed == 20_000_000
    assert peak < 120
