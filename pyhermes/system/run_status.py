"""The status of a run, by what can be seen of it now."""

from __future__ import annotations

import contextlib
from pathlib import Path

from pyhermes.core.disk.provenance import load_provenance
from pyhermes.core.disk.record import heartbeat_age, is_held
from pyhermes.core.disk.scanning import load_run
from pyhermes.core.errors import HermesError, ProvenanceError
from pyhermes.core.runs.run import Run
from pyhermes.core.runs.status import Evidence, StatusReport, status_of
from pyhermes.system.process import is_running


def evidence_of(path: Path) -> Evidence | None:
    """Return what can be seen now of the process of a run; None if the run does not say which it was."""
    try:
        provenance = load_provenance(path)
    except ProvenanceError as error:
        return Evidence(problem=str(error))
    if provenance is None:
        return None
    running = is_running(provenance.process)
    return Evidence(
        provenance.process, running, heartbeat_age(path), is_held=running is not True and is_held(path)
    )


def status_of_run(run: Run) -> StatusReport:
    """Return the status of a run: by its `hermes.info`, else by what can be seen of its process now."""
    evidence = None if run.info.exit_status is not None else evidence_of(run.path)
    info = run.info
    if evidence is not None and evidence.running is False and not evidence.is_held:
        with contextlib.suppress(HermesError):  # it may have recorded its end since it was read
            info = load_run(run.path).info
    return status_of(info, evidence, _read_failure(run.path) if (info.exit_status or 0) > 0 else None)


def _read_failure(path: Path) -> str | None:
    """Return the first line of the exception that ended a run, None where it is not known."""
    with contextlib.suppress(ProvenanceError):
        provenance = load_provenance(path)
        if provenance is not None and provenance.failure:
            return provenance.failure.partition("\n")[0]
    return None
