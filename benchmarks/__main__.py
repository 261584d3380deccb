"""`python -m benchmarks`: measure, print a table, and save what was measured."""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeAlias

os.environ["MPLBACKEND"] = "agg"

import attrs
import numpy as np

import pyhermes
from benchmarks import runs, series
from benchmarks.measure import OURS, Comparison, compare, timed
from benchmarks.peer_process import Task, rlmate

Measurement: TypeAlias = Comparison | str
Section: TypeAlias = Callable[[Path], Iterator[Measurement]]

IMPORT = "import pyhermes, pyhermes.storage, pyhermes.result"
PEERS_IMPORT = "import attrs, numpy"


def importing(turns: int) -> Iterator[Comparison]:
    """Start Python and import what is compiled, as an installation does."""
    compileall.compile_dir(Path(pyhermes.__file__).parent, quiet=2)

    def start(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    candidates = {
        OURS: timed(partial(start, IMPORT)),
        PEERS_IMPORT: timed(partial(start, PEERS_IMPORT)),
        "nothing": timed(partial(start, "")),
    }
    yield compare(IMPORT, candidates, {PEERS_IMPORT: 1.4}, 3 * turns)


def sections(peer: Task | None, turns: int, *, small: bool) -> dict[str, Section]:
    """What is measured, by name."""
    sizes = [100_000] if small else [100_000, 1_000_000, 10_000_000]

    def every(
        section: Callable[[Path, Task | None, int, int], Iterator[Measurement]], counts: list[int]
    ) -> Section:
        return lambda folder: chain(*(section(folder, peer, count, turns) for count in counts))

    return {
        "import": lambda _: importing(turns),
        "runs": every(runs.loading, [2_000] if small else [10_000, 100_000]),
        "mlflow": lambda folder: runs.mlflow_loading(folder, 200, turns),
        "network": lambda folder: runs.network(folder, 1_000 if small else 10_000, turns),
        "smoothen": every(series.smoothing, sizes),
        "exactness": lambda _: series.exactness(),
        "scores": every(series.scores, sizes[:2]),
        "results": lambda folder: series.results(folder, peer, turns),
        "pictures": every(series.pictures, sizes),
    }


def shown(seconds: float) -> str:
    """Seconds with a unit that fits."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.2f} ms"


def rows(comparison: Comparison) -> Iterator[str]:
    """The lines of a Markdown table, one a candidate."""
    targets = {target.than: target for target in comparison.targets}
    for name, measured in comparison.times.items():
        ratio = comparison.ratio(name)
        verdict = ""
        if name in targets:
            reached = "reached" if ratio <= targets[name].at_most else "**missed**"
            verdict = f"{targets[name]}: {reached}"
        factor = "" if name == OURS else f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"
        spread = f"{shown(measured.median)} ± {50 * measured.spread:.0f}%"
        yield f"| {comparison.work} | {name} | {spread} | {factor} | {verdict} |"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="small sizes only: a minute instead of many")
    parser.add_argument("--turns", type=int, default=7, help="how often each candidate has its turn")
    parser.add_argument("--json", type=Path, help="where to save what was measured")
    parser.add_argument(
        "sections", nargs="*", help=f"all, or some of {', '.join(sections(None, 1, small=True))}"
    )
    given = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, Python {platform.python_version()}, numpy {np.__version__}\n")
    print("| work | by | median | pyhermes / it | target |\n| --- | --- | --- | --- | --- |", flush=True)
    measured: list[Comparison] = []
    notes: list[str] = []
    with rlmate() as peer:
        chosen = sections(peer, given.turns, small=given.small)
        for name in given.sections or chosen:
            with tempfile.TemporaryDirectory() as folder:
                for measurement in chosen[name](Path(folder)):
                    if isinstance(measurement, str):
                        notes.append(measurement)
                    else:
                        measured.append(measurement)
                        print(*rows(measurement), sep="\n", flush=True)
    print("", *notes, sep="\n")
    if given.json is not None:
        held = {"machine": machine, "measured": [attrs.asdict(one) for one in measured], "notes": notes}
        given.json.write_text(json.dumps(held, indent=1) + "\n")


if __name__ == "__main__":
    main()
