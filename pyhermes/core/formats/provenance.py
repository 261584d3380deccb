"""`provenance.json`: the machine, the process and the code that a run was started with.

Parsing is strict: every value is taken as it is or refused, and nothing is converted. Fields that
later versions may add are ignored.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, cast, final

import attrs

from pyhermes.core.errors import ProvenanceError
from pyhermes.core.messages import reason_of, shown
from pyhermes.core.public import public

if TYPE_CHECKING:
    from cattrs import Converter

VERSION = 1
"""The version of the file; every file with the same number has at least these fields."""


@final
@public("pyhermes.core")
@attrs.frozen
class Process:
    """A process, identified beyond its number, which the system gives to other processes later.

    `started` is when it started, in seconds since the boot of the machine on Linux and since the
    epoch elsewhere; `boot` identifies that boot, and `namespace` the container that `pid` counts
    in. They are None if the system does not tell.
    """

    host: str
    pid: int
    started: float | None = None
    boot: str | None = None
    namespace: str | None = None


@final
@public("pyhermes.core")
@attrs.frozen
class CodeState:
    """The code that was run: its commit and branch, and what was not committed.

    Everything is None or empty without git. `patch` is the file with the uncommitted changes, or
    the reason why there is none.
    """

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    untracked: tuple[str, ...] = ()
    patch: str | None = None


@final
@public("pyhermes.core")
@attrs.frozen
class Seeds:
    """The seeds of the random number generators, None for a package that was not loaded."""

    python_hash: str | None = None
    numpy: int | None = None
    torch: int | None = None


@final
@public("pyhermes.core")
@attrs.frozen
class Provenance:
    """What a run was started with.

    `argv` are the exact words of the command, and `process` is the one that ran it; `packages` are
    the installed distributions as `name==version`; `torch` is its version and `device` its default
    device, if it was loaded; `seeds` is None unless they were asked for. `problems` are what could
    not be recorded unchanged. `logs_scores` is whether pyhermes wrote the scores, line by line: then
    a last line without a newline was cut off. `recorder` is the process that started a job and is to
    record its end, and `joined` the one of the job itself that records into its run. `failure` is the
    type and the message of the exception that ended a recording.
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
    recorder: Process | None = None
    joined: Process | None = None
    failure: str | None = None
    version: int = VERSION


def format_provenance(provenance: Provenance) -> str:
    r"""Write a record as the text of a `provenance.json`: the inverse of `parse_provenance`.

    >>> from pyhermes.core import Process, Provenance, format_provenance, parse_provenance
    >>> process = Process("host", 1)
    >>> text = format_provenance(Provenance(("train.py", "a\nb"), "/", "me", process, "3.11", "python", ""))
    >>> parse_provenance(text).argv
    ('train.py', 'a\nb')
    """
    return json.dumps(_converter().unstructure(provenance), indent=1, sort_keys=True) + "\n"


def parse_provenance(text: str) -> Provenance:
    """Parse the text of a `provenance.json`; fields of later versions are ignored.

    Raises `ProvenanceError`, a `ValueError`, for any other text.

    >>> from pyhermes.core import parse_provenance
    >>> parse_provenance("[]")
    Traceback (most recent call last):
    pyhermes.core.ProvenanceError: expected the provenance of a run as a JSON object, got []
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
    """Make a converter that takes every value as it is or refuses it; cattrs by default turns "3" into 3."""
    from cattrs import Converter

    converter = Converter()
    for kind in (str, int, float, bool):
        converter.register_structure_hook(kind, _require_kind)
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _require_texts)
    converter.register_structure_hook_factory(attrs.has, _make_record_hook)
    return converter


def _make_record_hook(kind: type, converter: Converter) -> Callable[[object, object], object]:
    """Make the function that structures a JSON object, and no other value, as a record."""
    from cattrs.gen import make_dict_structure_fn

    structure = cast("Callable[[object, object], object]", make_dict_structure_fn(kind, converter))

    def structure_object(value: object, kind: object) -> object:
        if not isinstance(value, dict):
            raise ValueError
        return structure(cast("object", value), kind)

    return structure_object


def _require_kind(value: object, kind: type) -> object:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _require_finite(value)
    if type(value) is not kind:
        raise ValueError
    return value


def _require_finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _require_texts(value: object, _kind: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError
    items = cast("list[object]", value)
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != len(items):
        raise ValueError
    return tuple(texts)
