"""Fuzz the targets, one after the other: `python -m tests.fuzz.run --seconds 60 [TARGET ...]`.

What fails is kept in `findings/<target>/`, where the tests replay it from then on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.fuzz.targets import ROOT, TARGETS


def main() -> int:
    """Exit status 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"all of them by default: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    arguments = parser.parse_args()
    failed = []
    for name in arguments.targets or TARGETS:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", "tests.fuzz.one", name, str(arguments.seconds)]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"== found something: {', '.join(failed) or 'nowhere'}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
