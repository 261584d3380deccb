"""What the package says of itself in more than one place is the same everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pyhermes

ROOT = Path(__file__).parent.parent
WITH_DATA = ("arrow", "dask", "pandas", "polars")


def project() -> dict[str, object]:
    """The metadata of the package."""
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def extras() -> dict[str, list[str]]:
    """The requirements of each extra."""
    found = project()["optional-dependencies"]
    assert isinstance(found, dict)
    return found


def pins(name: str) -> dict[str, str]:
    """The version of each distribution in a file of constraints."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {distribution.lower().replace("_", "-"): version for distribution, version in pairs}


def bounds(requirements: list[str]) -> dict[str, str]:
    """The lowest version of each distribution."""
    return dict(re.findall(r"^([a-z-]+)>=([\d.]+)$", "\n".join(requirements), re.MULTILINE))


def test_the_lowest_versions_are_those_that_are_tested() -> None:
    dependencies = project()["dependencies"]
    assert isinstance(dependencies, list)
    lowest = bounds(dependencies + [line for name in WITH_DATA for line in extras()[name]])
    assert len(lowest) == len(dependencies) + len(WITH_DATA)
    del lowest["torch"]  # see constraints-lowest.txt
    tested = pins("constraints-lowest.txt")
    assert {
        name
        for name, version in lowest.items()
        if re.sub(r"(\.0)+$", "", tested[name]) != re.sub(r"(\.0)+$", "", version)
    } == set()


def test_every_requirement_has_a_version_that_the_tests_run_with() -> None:
    dependencies = project()["dependencies"]
    assert isinstance(dependencies, list)
    names = bounds(dependencies + [line for name in (*WITH_DATA, "test") for line in extras()[name]])
    assert set(names) - set(pins("constraints.txt")) == set()


def test_the_extra_all_has_every_one_that_users_need() -> None:
    assert extras()["all"] == [f"pyhermes-experiments[{','.join(WITH_DATA)}]"]
    assert set(extras()) == {*WITH_DATA, "all", "bench", "test"}


def test_the_version_is_the_same_everywhere() -> None:
    version = pyhermes.__version__
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_what_ci_runs_is_what_contributing_names() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("bash .ci/lowest", "bash .ci/without-torch", "ruff check", "mypy", "pyright"):
        assert command in contributing
        assert command in ci


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "typings" / "README.md"]
    links = [
        page.parent / link
        for page in pages
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 8
    assert [link for link in links if not link.exists()] == []


def test_files_that_the_stubs_name_are_there() -> None:
    named = re.findall(r"`([\w/]+\.py)`", (ROOT / "typings" / "README.md").read_text(encoding="utf-8"))
    assert len(named) >= 6
    assert [name for name in named if not (ROOT / name).is_file()] == []
