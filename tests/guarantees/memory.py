"""A process that says how much memory each file of a folder takes while it is read.

`python -m tests.guarantees.memory FOLDER` prints, as JSON, the bytes at the peak above those at the
start and what became of the file, by its name.
"""

from __future__ import annotations

import ctypes
import gc
import io
import json
import re
import sys
from pathlib import Path

import torch

from pyhermes import Experiment, Result
from pyhermes.core import HermesError, load_arguments, load_state_dict

STATUS = Path("/proc/self/status")
FORGET_PEAK = Path("/proc/self/clear_refs")


def kept(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return int(found[1]) << 10


def read(path: Path) -> object:
    if path.is_dir():
        return Experiment.load(path).info_dict, load_arguments(path)
    return load_state_dict(path) if path.suffix == ".pth" else Result.load(path)


def measure(path: Path) -> tuple[int, str]:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before is no memory of this file's
    FORGET_PEAK.write_text("5")
    before = kept("VmRSS")
    try:
        held: object = read(path)
    except HermesError as error:
        held = error.message
    return kept("VmHWM") - before, held[:200] if isinstance(held, str) else "read"


def main(folder: Path) -> None:
    small = io.BytesIO()
    torch.save({"w": torch.ones(2)}, small)
    (folder / "0.pth").write_bytes(small.getvalue())
    read(folder / "0.pth")  # what is imported for it counts for nothing
    gc.collect()
    gc.freeze()
    print(json.dumps({path.name: measure(path) for path in sorted(folder.iterdir())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
