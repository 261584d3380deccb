from __future__ import annotations

from pathlib import Path

import attrs

from pyhermes.core.disk.layout import ARGUMENTS, PROVENANCE, RE_EXECUTION
from pyhermes.core.disk.masking import mask_run
from pyhermes.core.disk.provenance import load_provenance, store_provenance
from pyhermes.core.formats.secrets import SecretNames
from tests.core.disk.helpers import PROVENANCE_HELD

NAMES = SecretNames(["--seat"])


def test_the_secrets_of_a_run_are_masked_in_all_its_files(path: Path) -> None:
    (path / ARGUMENTS).write_text("taxi\n--note 'a b'\n--seat=hunter2\n")
    (path / RE_EXECUTION).write_text(
        "EXEC\n[[python, a.py, taxi, --note 'a b', --seat=hunter2],[-l False]]\n"
    )
    store_provenance(path, attrs.evolve(PROVENANCE_HELD, argv=("a.py", "--seat", "hunter2")))
    mask_run(path, NAMES)
    assert (path / ARGUMENTS).read_text() == "taxi\n--note 'a b'\n--seat=***\n"
    assert "--seat=***],[-l False]]" in (path / RE_EXECUTION).read_text()
    assert load_provenance(path) == attrs.evolve(PROVENANCE_HELD, argv=("a.py", "--seat", "***"))


def test_what_holds_no_secret_stays_as_it_is(path: Path) -> None:
    texts = {ARGUMENTS: "--lr   0.1", RE_EXECUTION: "EXEC\n\n[[a.py,\n --lr 0.1],[]]"}
    for name, text in texts.items():
        (path / name).write_text(text)
    mask_run(path, NAMES)
    assert {name: (path / name).read_text() for name in texts} == texts
    assert not (path / PROVENANCE).exists()


def test_of_files_that_are_missing_or_damaged_nothing_is_made(path: Path) -> None:
    mask_run(path, NAMES)
    assert list(path.iterdir()) == []
    (path / RE_EXECUTION).write_text("EXEC\n[[a.py, --seat hunter2],[]]\n[[")
    mask_run(path, NAMES)
    assert (path / RE_EXECUTION).read_text().endswith("[[")
