"""Pickles name public doors only, so that files of the package can be renamed."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pickletools
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np
import pytest

from pyhermes import Experiment, ExperimentList, Flag, Result, RunStatus
from pyhermes.core import (
    ArgumentProblem,
    ArgumentsError,
    Column,
    Evidence,
    ExecutionFileError,
    JobOptions,
    NoSuchKeyError,
    Problem,
    ResultError,
    ResultProblem,
    ResultRecord,
    Scan,
    Seeds,
    UnreadableRun,
    expand,
    load_run,
    parse_execution_file,
    run_table,
    split_command,
    status_of,
    structured_args,
    training_curve,
    with_arguments,
)
from tests.test_public_names import NAMES

DOORS = ("pyhermes", "pyhermes.core", "pyhermes.runner", "pyhermes.plot")
"""The shortest first: a class that several doors show is of the first one."""


def is_protocol(cls: type) -> bool:
    return bool(getattr(cls, "_is_protocol", False))


def public_classes() -> dict[str, type]:
    """Every public class by the door that it should be of; protocols have no instances."""
    found: dict[type, str] = {}
    for door in DOORS:
        for name in NAMES[door]:
            value = getattr(importlib.import_module(door), name)
            if inspect.isclass(value) and value.__module__.startswith("pyhermes") and not is_protocol(value):
                found.setdefault(value, f"{door}.{name}")
    return {path: cls for cls, path in found.items()}


CLASSES = public_classes()


def named_modules(data: bytes) -> set[str]:
    """The modules of pyhermes that a pickle of protocol 2 names."""
    named = {str(value).split(" ")[0] for code, value, _ in pickletools.genops(data) if code.name == "GLOBAL"}
    return {module for module in named if module.partition(".")[0] == "pyhermes"}


def test_there_are_public_classes() -> None:
    assert len(CLASSES) > 70
    assert {"pyhermes.Experiment", "pyhermes.core.Run", "pyhermes.core.InfoError"} <= set(CLASSES)


@pytest.mark.parametrize("path", CLASSES)
def test_every_public_class_pickles_by_its_door(path: str) -> None:
    cls = CLASSES[path]
    assert f"{cls.__module__}.{cls.__qualname__}" == path
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(cls, protocol)) is cls
    assert named_modules(pickle.dumps(cls, 2)) == {path.rpartition(".")[0]}


@pytest.mark.parametrize("path", CLASSES)
def test_a_public_class_can_be_looked_into_as_any_other(path: str) -> None:
    cls = CLASSES[path]
    assert inspect.getdoc(cls)
    assert inspect.getmodule(cls) is importlib.import_module(path.rpartition(".")[0])
    if not issubclass(cls, Warning):  # a builtin one has no signature
        assert inspect.signature(cls).parameters is not None
    if cls.__module__ != "pyhermes.plot":  # its artists are imported for type checkers only
        assert set(typing.get_type_hints(cls)) >= set(inspect.get_annotations(cls))
    methods = [value for value in vars(cls).values() if inspect.isfunction(value)]
    written = [method for method in methods if not method.__code__.co_filename.startswith("<")]
    assert all(inspect.getsource(method) for method in written)


@attrs.frozen
class Args:
    """What a run was given."""

    lr: typing.Annotated[float, Flag("-lr")]


def objects(first: Path) -> Iterator[object]:
    """An instance of nearly every class that somebody could store."""
    run = load_run(first)
    experiment = Experiment.load(first)
    runs = ExperimentList([experiment], failed=[UnreadableRun(first, "x")])
    yield from (run, with_arguments(run), run.info, experiment, runs, runs.table(), run_table([]))
    yield from (runs.structure(Args), runs.structure(Args)[0], structured_args(experiment.arguments, Args))
    yield from runs.structure(Args).group_by_replicate()
    yield from (Scan((run,)), Seeds(numpy=3), Evidence(), status_of(run.info), RunStatus.LOST)
    yield from (Result("x", "x", {"a": [1.0]}), ResultRecord({"a": [1.0, 2.0]}), experiment.result)
    yield from (
        training_curve(np.arange(9.0)),
        Column("integer", (1, 2)),
        JobOptions(),
        split_command(["train.py", "-x"]),
    )
    file = parse_execution_file("EXEC\n[[train.py]]\n")
    yield from (file, *expand(file))
    yield from (Problem(1, "a", "b", "c"), ArgumentProblem("a", None, None, "c"))
    yield ArgumentsError("x", path=first, line=3, problems=(ArgumentProblem("a", None, None, "c"),))
    yield ResultError("x", path=first, problems=(ResultProblem("a", "a", "c", None),))
    yield ExecutionFileError("x", problems=(Problem(1, "a", "b", "c"),))
    yield NoSuchKeyError("x", path=first)


def test_objects_pickle_by_doors_only_and_come_back(first: Path) -> None:
    count = 0
    for thing in objects(first):
        data = pickle.dumps(thing, 2)
        assert named_modules(data) <= set(DOORS), thing
        again = pickle.loads(data)
        assert type(again) is type(thing)
        if isinstance(thing, Exception):
            assert (str(again), vars(again)) == (str(thing), vars(thing))
        elif not isinstance(thing, Result):  # holds arrays, which have no single answer
            assert again == thing
        count += 1
    assert count > 30


def test_a_pickle_is_read_where_nothing_else_has_been_imported(first: Path, tmp_path: Path) -> None:
    (tmp_path / "pickle").write_bytes(pickle.dumps([Experiment.load(first), ArgumentsError("no", line=3)]))
    code = "import pickle, sys; runs = pickle.load(open(sys.argv[1], 'rb')); print(*runs, sep='\\n')"
    words = [sys.executable, "-c", code, str(tmp_path / "pickle")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == f"Experiment({first.name!r}, {str(first)!r})\nline 3: no\n"
