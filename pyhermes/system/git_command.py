"""Asking git: only for what it prints, whatever its configuration, and without starting what that names.

A repository may be a stranger's. Its configuration is read by git in any case; whatever in it starts a
program or changes what is printed is overruled here, and nothing is fetched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import IO, final

import attrs

from pyhermes.core.formats.secrets import mask_urls
from pyhermes.core.messages import printable
from pyhermes.core.text.encoding import decode_text

_GIT_SECONDS = 60
LARGEST_ANSWER = 64 << 20
_LONGEST_COMPLAINT = 400

# What else is in the environment may lead git to another repository, as in a hook, or make it print more.
_KEPT_VARIABLES = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_PATH")
_KEPT_PREFIXES = ("GIT_CONFIG_", "GIT_TEST_")
_PLACE = ("GIT_DIR", "GIT_WORK_TREE")

_VARIABLES = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # Objects that a partial clone lacks would be fetched by a program that its configuration names.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # which git before 2.44 heeds
}

_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.safecrlf=false",
    "core.quotePath=true",
    "color.ui=false",
    "diff.renames=false",
    "diff.relative=false",
    "diff.suppressBlankEmpty=false",
    "status.renames=false",
)


@final
@attrs.frozen
class Answer:
    """What a command of git printed; `reason` says why it failed, and is None where it did not.

    `status` is the exit status, None where git did not get that far.
    """

    printed: bytes
    reason: str | None = None
    status: int | None = 0

    @property
    def line(self) -> str | None:
        """The one line that was printed, None where the command failed."""
        return None if self.reason is not None else decode_text(self.printed).removesuffix("\n")

    @property
    def entries(self) -> tuple[bytes, ...]:
        """The texts that were printed with a NUL behind each."""
        return tuple(filter(None, self.printed.split(b"\0")))


def ask_git(
    directory: Path,
    *words: str | bytes,
    settings: Iterable[str] = (),
    place: Mapping[str, str] | None = None,
    most: int = LARGEST_ANSWER,
) -> Answer:
    """Ask git something in a directory; never raises for what git, or a lack of it, does.

    An answer of more than `most` bytes is none. `settings` overrule the configuration, and `place` are
    variables of the environment that say where the repository is.
    """
    overruled = [word for setting in (*_SETTINGS, *settings) for word in ("-c", setting)]
    command = ["git", "--no-pager", "-C", str(directory), *overruled, *words]
    try:
        with _start(command, place or {}) as process, _end_in_time(process) as is_late:
            complaint: list[bytes] = []
            assert process.stdout is not None
            assert process.stderr is not None
            listener = threading.Thread(target=_listen, args=(process.stderr, complaint), daemon=True)
            listener.start()
            printed = process.stdout.read(most + 1)
            if len(printed) > most:
                _kill(process)
            status = process.wait()
            listener.join(1)  # a child that has left the group may hold the pipe open
    except OSError as error:
        return Answer(b"", f"git cannot be started: {error.strerror or error}", None)
    if len(printed) > most:
        return Answer(b"", f"it has more than {most} bytes", None)
    if is_late.is_set():
        return Answer(b"", f"git has not answered within {_GIT_SECONDS} seconds", None)
    return Answer(printed) if status == 0 else Answer(b"", _explain(complaint, status), status)


def find_place() -> dict[str, str]:
    """Return the variables of the environment that say where the repository is."""
    return {name: os.environ[name] for name in _PLACE if os.environ.get(name)}


def _start(command: list[str | bytes], place: Mapping[str, str]) -> subprocess.Popen[bytes]:
    own = {name: value for name, value in os.environ.items() if _is_kept(name)}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**own, **_VARIABLES, **place},
        start_new_session=True,  # so that what git starts ends with it
    )


def _is_kept(name: str) -> bool:
    return not name.startswith("GIT_") or name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)


@contextlib.contextmanager
def _end_in_time(process: subprocess.Popen[bytes]) -> Generator[threading.Event, None, None]:
    """Kill a process that takes too long, or is left; the event says that it took too long."""
    is_late = threading.Event()

    def lose_patience() -> None:
        is_late.set()
        _kill(process)

    impatience = threading.Timer(_GIT_SECONDS, lose_patience)
    impatience.start()
    try:
        yield is_late
    except BaseException:
        _kill(process)
        raise
    finally:
        impatience.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _listen(stream: IO[bytes], heard: list[bytes]) -> None:
    """Keep the beginning of what a process complains of, and let it go on."""
    with contextlib.suppress(OSError, ValueError):
        heard.append(stream.read(1 << 16))
        while stream.read(1 << 16):
            pass


def _explain(complaint: Iterable[bytes], status: int) -> str:
    """Return why git failed, on one line: in its own words where it has some."""
    lines = [line.strip() for line in decode_text(b"".join(complaint)).split("\n")]
    fatal = [number for number, line in enumerate(lines) if line.startswith("fatal:")]
    said = "; ".join(filter(None, lines[fatal[0] if fatal else 0 :]))
    if not said:
        return f"git ended with status {status}"
    text = printable(mask_urls(said))
    return f"git says: {text if len(text) <= _LONGEST_COMPLAINT else text[:_LONGEST_COMPLAINT] + '...'}"
