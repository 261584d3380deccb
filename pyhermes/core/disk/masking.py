"""Masking secrets in a run that is there already."""

from __future__ import annotations

from pathlib import Path

import attrs

from pyhermes.core.disk.atomic_writing import write_file
from pyhermes.core.disk.layout import ARGUMENTS, RE_EXECUTION
from pyhermes.core.disk.opening import read_text
from pyhermes.core.disk.provenance import update_provenance
from pyhermes.core.errors import MissingFileError
from pyhermes.core.formats.exec_arguments import format_exec_args, parse_exec_args, split_words
from pyhermes.core.formats.secrets import SecretNames, mask_lines, mask_words
from pyhermes.core.sweep.file import format_execution_file, parse_execution_file
from pyhermes.core.sweep.secrets import mask_file
from pyhermes.core.text.encoding import encode_text


def mask_run(path: Path, names: SecretNames) -> None:
    """Write `***` in place of each secret in the recorded arguments of the run in a directory.

    Raises `ProvenanceError`, a `ValueError`, for a file that cannot be read, and the `OSError` of a disk
    that refuses it.
    """
    lines = [split_words(line) for line in parse_exec_args(_read(path, ARGUMENTS)).lines]
    if (masked := mask_lines(lines, names)) != tuple(lines):
        write_file(path / ARGUMENTS, encode_text(format_exec_args(masked)))
    file = parse_execution_file(_read(path, RE_EXECUTION))
    if (again := mask_file(file, names)) != file and not file.problems:
        write_file(path / RE_EXECUTION, encode_text(format_execution_file(again)))
    update_provenance(path, lambda known: attrs.evolve(known, argv=mask_words(known.argv, names)))


def _read(path: Path, name: str) -> str:
    """Return the text of a run's file, nothing where there is none, or far too much of it."""
    try:
        text = read_text(path, name)
    except MissingFileError:
        return ""
    return text if isinstance(text, str) else ""
