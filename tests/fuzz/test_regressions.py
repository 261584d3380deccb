"""What fuzzing found once, and what it begins with, replayed without it."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import FINDINGS, TARGETS, seeds

KEPT = [(name, data) for name in TARGETS for _, data in seeds(name)]
NAMES = [f"{name}-{seed}" for name in TARGETS for seed, _ in seeds(name)]


@pytest.mark.parametrize(("name", "data"), KEPT, ids=NAMES)
def test_laws_hold_for_what_was_kept(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_every_target_begins_with_something() -> None:
    assert {path.name for path in FINDINGS.iterdir()} == set(TARGETS)
    assert all(list(seeds(name)) for name in TARGETS)
