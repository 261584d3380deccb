"""The command `hermes`: record runs and sweeps, and look at what was recorded.

Each command turns its words into one frozen plan or record, hands that to the runner or the core,
and prints what comes back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import metadata

from cyclopts import App, CycloptsError, Parameter

from pyhermes.cli import run_commands, view_commands
from pyhermes.cli.output import escape_what_cannot_be_encoded, print_error
from pyhermes.core.errors import HermesError

__all__ = ["app", "main"]

app: App = App(
    name="hermes",
    help="Record runs and sweeps, and look at what was recorded. An experiment here is one run.",
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
    version=lambda: metadata.version("pyhermes-experiments"),
)
app.command(run_commands.execute, name="exec")
app.command(run_commands.create)
app.command(run_commands.rerun)
app.command(view_commands.list_runs, name="ls")
app.command(view_commands.status)
app.command(view_commands.show)
app.command(view_commands.logs)
app.command(view_commands.diff)
app.command(view_commands.plot)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 all well, 1 a job failed, 2 wrong use, 130 interrupted."""
    escape_what_cannot_be_encoded()
    try:
        return int(app(words, exit_on_error=False) or 0)
    except CycloptsError:  # which it has printed itself
        return 2
    except (BrokenPipeError, SystemExit):  # the reader, such as head, has seen enough
        sys.stderr.close()
        return 0
    except (HermesError, OSError) as error:
        print_error(error)
        return 2
    except KeyboardInterrupt:
        return 130
