"""Printing what others have written: nothing of it reaches the terminal as a control character."""

from __future__ import annotations

import codecs
import io
import json
import shlex
import sys
from typing import final

from pyhermes.core.disk.layout import STDERR, STDOUT
from pyhermes.core.messages import printable
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.tables.summary import JsonValue
from pyhermes.core.text.encoding import ENCODING, ERRORS


def escape_what_cannot_be_encoded() -> None:
    """Let the standard streams write what their encoding has no bytes for as an escape, never as an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # tests and notebooks put others in their place
            stream.reconfigure(errors="backslashreplace")


def print_error(error: object) -> None:
    """Print what is wrong to stderr, as the command's own words."""
    print(f"hermes: {printable(error)}", file=sys.stderr)


def print_json(value: JsonValue) -> None:
    """Print a value as JSON, which is ASCII whatever is in it."""
    print(json.dumps(value, indent=1))


def format_command(job: Job) -> str:
    """Return a job's command as a shell would take it."""
    return printable(shlex.join(job.argv("IDENTIFIER")))


@final
class LogPrinter:
    """Prints logs as they come in pieces, each to its own stream, with control characters escaped."""

    def __init__(self) -> None:
        # a character may come in two pieces
        decoder = codecs.getincrementaldecoder(ENCODING)
        self._decoders = {name: decoder(ERRORS) for name in (STDOUT, STDERR)}

    def __call__(self, name: str, data: bytes) -> None:
        """Print what is new in a log."""
        text = self._decoders[name].decode(data)
        lines = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs()
        stream = sys.stderr if name == STDERR else sys.stdout
        print(printable(lines), end="", file=stream, flush=True)
