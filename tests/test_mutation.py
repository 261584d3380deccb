"""That mutation testing knows every module of the core, and names only tests that there are."""

from __future__ import annotations

import pytest

from tests import mutation


@pytest.mark.parametrize("module", mutation.modules())
def test_every_module_of_the_core_has_tests(module: str) -> None:
    assert mutation.tests_of(module) != []


def test_every_module_that_is_named_is_there() -> None:
    assert [module for module in mutation.BESIDE if not (mutation.CORE / f"{module}.py").is_file()] == []
    assert [wing for wing in mutation.WINGS if not (mutation.CORE / wing).is_dir()] == []


@pytest.mark.parametrize(
    "test", sorted({test for module in mutation.modules() for test in mutation.tests_of(module)})
)
def test_every_test_that_is_named_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    path = mutation.ROOT / file
    assert path.is_dir() or f"\ndef {name}" in path.read_text(encoding="utf-8")
