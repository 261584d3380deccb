"""Reading and writing the `provenance.json` of a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import attrs

from pyhermes.core.disk.atomic_writing import write_file
from pyhermes.core.disk.layout import PROVENANCE
from pyhermes.core.disk.opening import io_reason, read_text
from pyhermes.core.disk.run_lock import lock_run
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.errors import FileNameError, ProvenanceError, at_path
from pyhermes.core.formats.provenance import Process, Provenance, format_provenance, parse_provenance
from pyhermes.core.problems import Problem
from pyhermes.core.text.encoding import encode_text


def logs_scores(path: Path) -> bool:
    """Return whether a run says that its scores are logged line by line."""
    try:
        provenance = load_provenance(path)
    except ProvenanceError:
        return False
    return provenance is not None and provenance.logs_scores


def announce_scores(path: Path) -> bool:
    """Note that a run's scores are logged line by line; return False if that has to be tried again."""
    with contextlib.suppress(ProvenanceError):  # what cannot be read now cannot be later, either
        try:
            update_provenance(path, lambda known: attrs.evolve(known, logs_scores=True))
        except OSError:  # the scores themselves matter more
            return False
    return True


def load_provenance(path: Path) -> Provenance | None:
    """Load what the run in a directory was started with, None where that was not recorded.

    Raises `ProvenanceError`, a `ValueError`, for a file that cannot be read.
    """
    if not os.path.lexists(path / PROVENANCE):
        return None
    with at_path(path / PROVENANCE):
        try:
            text = read_text(path, PROVENANCE)
        except (OSError, FileNameError) as error:
            raise ProvenanceError(io_reason(error)) from error
        if isinstance(text, Problem):
            raise ProvenanceError(str(text))
        return parse_provenance(text)


def update_provenance(path: Path, change: Callable[[Provenance], Provenance]) -> None:
    """Change what the run in a directory was started with, where that was recorded.

    Raises `ProvenanceError`, a `ValueError`, for a file that cannot be read.
    """
    with lock_run(path):
        known = load_provenance(path)
        if known is not None and (changed := change(known)) != known:
            _store(path, changed)


def join_run(path: Path, process: Process) -> str | None:
    """Note the process of a job that records into its run; return why it cannot, None if it can.

    One recording joins a run, and none a run that has ended: two would mix what they record. Errors as
    in `load_run` and `load_provenance`, and the `OSError` of a disk that refuses it.
    """
    with lock_run(path):
        if load_run(path).info.exit_status is not None:
            return "it has ended"
        known = load_provenance(path)
        if known is None:
            return f"it has no {PROVENANCE}"
        if known.joined is not None:
            return f"process {known.joined.pid} on {known.joined.host} records into it"
        _store(path, attrs.evolve(known, joined=process))
    return None


def store_provenance(path: Path, provenance: Provenance) -> None:
    """Write what the run in a directory was started with, in place of what is there."""
    with lock_run(path):
        _store(path, provenance)


def _store(path: Path, provenance: Provenance) -> None:
    write_file(path / PROVENANCE, encode_text(format_provenance(provenance)))
