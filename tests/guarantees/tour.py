"""Everything that reads a run, and a watch over the files that are opened meanwhile.

`python -m tests.guarantees.tour FOLDER` reads all that is in a folder, in a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from pyhermes import Experiment, ExperimentList
from pyhermes.cli import main as hermes
from pyhermes.core import HermesError

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate", "os.utime", "os.setxattr"}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_events: list[tuple[str, str]] | None = None


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if _events is None or (event != "open" and event not in CHANGES):
        return
    if not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    folder, name = os.path.split(os.path.abspath(os.fsdecode(arguments[0])))
    path = os.path.join(os.path.realpath(folder), name)
    flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
    if event == "open":
        follows = not flags & os.O_NOFOLLOW
        _events.append(("write" if flags & WRITING else "read", os.path.realpath(path) if follows else path))
    elif event in CHANGES:
        _events.append(("write", path))


sys.addaudithook(_listen)


@contextlib.contextmanager
def watched() -> Iterator[list[tuple[str, str]]]:
    """What is done to files inside the block: `read` or `write`, and the real path."""
    global _events
    _events = []
    try:
        yield _events
    finally:
        _events = None


@attrs.frozen
class Args:
    seed: int = 0


def tries(*actions: Callable[[], object]) -> int:
    """Do everything that can be done; how much could not, each with an error of ours."""
    refused = 0
    for action in actions:
        try:
            action()
        except HermesError:
            refused += 1
    return refused


def read_logs(exp: Experiment) -> None:
    with exp.open_log_files("r") as (stdout, stderr):
        stdout.read()
        stderr.read()
    with exp.open_stderr_file() as stderr:
        stderr.read()


def read_run(path: Path) -> int:
    """Read a run in every way; how many of them ended in an error of ours."""
    try:
        exp = Experiment.load(path)
    except HermesError:
        return 1
    return tries(
        lambda: (exp.info_dict, exp.start_time, exp.status, exp.status_reason, repr(exp)),
        lambda: (exp.exec_args, exp.exec_args_dict),
        lambda: exp.structure(Args),
        exp.scores,
        lambda: exp.result,
        lambda: exp.result_as(Args),
        lambda: [exp.load_result(name) for name in (*exp.list_results(), "linked")],
        lambda: [exp.load_state_dict(name) for name in (*exp.list_pth_files(), "linked")],
        lambda: read_logs(exp),
        lambda: Experiment.read_info(path),
        exp.reload,
    )


def read_list(runs: ExperimentList) -> None:
    typed = runs.structure(Args)
    runs.to_pandas()
    typed.to_pandas()
    repr(runs)
    runs.varying()


def read_commands(folder: Path, runs: list[Path]) -> int:
    """What every reading command says of a folder and of each run, into nowhere."""
    words = [["ls", folder], ["ls", folder, "--json"], ["status", folder], ["status", folder, "--json"]]
    for run in runs:
        words += [["show", run], ["show", run, "--json"], ["logs", run], ["diff", run, runs[0]]]
    picture = Path(tempfile.gettempdir(), f"pyhermes-tour-{os.getpid()}.png")
    words += [["plot", run, "-o", picture] for run in runs[:2]]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        failed = sum(hermes([str(word) for word in line]) != 0 for line in words)
    picture.unlink(missing_ok=True)
    return failed


def read_all(folder: Path) -> ExperimentList:
    """Read everything below a folder in every way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Experiment.load_all(folder, recursive=True)
        paths = [*(exp.path_to_experiment for exp in found), *(run.path for run in found.failed)]
        for path in paths:
            read_run(path)
        read_list(found)
        read_commands(folder, paths)
    return found


if __name__ == "__main__":
    print(len(read_all(Path(sys.argv[1]))))
