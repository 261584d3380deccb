"""`provenance.json`: on what, where and from which code a run was started, as a frozen record."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, final

import attrs

from pyhermes.core.errors import ProvenanceError
from pyhermes.core.messages import reason_of, shown

if TYPE_CHECKING:
    from cattrs import Converter

VERSION = 1
"""The version of the file that this is; others with the same number hold at least these fields."""


@final
@attrs.frozen
class Process:
    """One process of one start of one machine: a number alone is given to others in time.

    `started` is in seconds, since the machine's start on Linux and since the epoch elsewhere; `boot`
    names that start, and `namespace` the numbers that `pid` is one of. They are None where the
    system does not say.
    """

    host: str
    pid: int
    started: float | None = None
    boot: str | None = None
    namespace: str | None = None


@final
@attrs.frozen
class CodeState:
    """Which code was run: commit and branch, and what was not committed.

    Everything is None or empty where there is no git. `patch` says where the uncommitted changes
    are, or why they are nowhere.
    """

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    untracked: tuple[str, ...] = ()
    patch: str | None = None


@final
@attrs.frozen
class Seeds:
    """What the random number generators were seeded with, None for those that were not loaded."""

    python_hash: str | None = None
    numpy: int | None = None
    torch: int | None = None


@final
@attrs.frozen
class Provenance:
    """What a run was started with.

    `argv` are the words of the command exactly, and `process` is the one that ran it; `packages` are
    the installed distributions as `name==version`; `torch` is its version, and `device` the one it
    uses by default, where it was loaded; `seeds` are there where they were asked for. `problems` say
    what could not be recorded as it was, and `logs_scores` that every line of the scores was written
    whole: a last one without its end was cut off.
    """

    argv: tuple[str, ...]
    directory: str
    user: str
    process: Process
    python: str
    executable: str
    platform: str
    packages: tuple[str, ...] = ()
    torch: str | None = None
    device: str | None = None
    seeds: Seeds | None = None
    code: CodeState = CodeState()
    problems: tuple[str, ...] = ()
    logs_scores: bool = False
    version: int = VERSION


def format_provenance(provenance: Provenance) -> str:
    r"""Write a record as the text of a `provenance.json`: the inverse of `parse_provenance`.

    >>> process = Process("host", 1)
    >>> text = format_provenance(Provenance(("train.py", "a\nb"), "/", "me", process, "3.11", "python", ""))
    >>> parse_provenance(text).argv
    ('train.py', 'a\nb')
    """
    return json.dumps(_converter().unstructure(provenance), indent=1, sort_keys=True) + "\n"


def parse_provenance(text: str) -> Provenance:
    """Read the text of a `provenance.json`; fields of later versions are passed over.

    Raises `ProvenanceError`, a `ValueError`, for text that is none.

    >>> parse_provenance("[]")
    Traceback (most recent call last):
    pyhermes.core.errors.ProvenanceError: expected the provenance of a run as a JSON object, got []
    """
    import cattrs

    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProvenanceError(f"expected the provenance of a run as JSON, got {reason_of(error)}") from None
    if not isinstance(read, dict):
        raise ProvenanceError(f"expected the provenance of a run as a JSON object, got {shown(read)}")
    try:
        return _converter().structure(read, Provenance)
    except cattrs.BaseValidationError as error:
        wrong = "; ".join(cattrs.transform_error(error))
        raise ProvenanceError(f"expected the provenance of a run, got one with: {wrong}") from None


@functools.cache
def _converter() -> Converter:
    """A converter that takes every value as it is, or not at all."""
    from cattrs import Converter

    converter = Converter()
    for kind in (str, int, float, bool):
        converter.register_structure_hook(kind, _as_it_is)
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _as_texts)
    converter.register_structure_hook_factory(attrs.has, _record_hook)
    return converter


def _record_hook(kind: type, converter: Converter) -> Callable[[object, object], object]:
    """What reads an object of JSON, and no other value, as a record."""
    from cattrs.gen import make_dict_structure_fn

    of_object: Callable[..., object] = make_dict_structure_fn(kind, converter)

    def read(value: object, kind: object) -> object:
        if not isinstance(value, dict):
            raise ValueError
        return of_object(value, kind)

    return read


def _as_it_is(value: object, kind: type) -> object:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _as_finite(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _as_finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _as_texts(value: object, _kind: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError
