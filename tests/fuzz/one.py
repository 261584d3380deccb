"""Fuzz one target until it fails or its time is over: `python -m tests.fuzz.one TARGET SECONDS`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pyhermes"]):
    from tests.fuzz import targets

LONGEST = {"result": 16_384, "checkpoint": 16_384}
SLOWEST_SECONDS = 20


def main(name: str, seconds: str) -> None:
    """Never returns: the fuzzer ends the process, with another status than 0 where it found something."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, (_, data) in enumerate(targets.seeds(name)):
            (Path(corpus) / str(number)).write_bytes(data)
        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST.get(name, 4096)}",
            f"-timeout={SLOWEST_SECONDS}",
            f"-artifact_prefix={targets.FINDINGS / name}/",
            f"-dict={Path(__file__).with_name('tokens.dict')}",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], targets.TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
