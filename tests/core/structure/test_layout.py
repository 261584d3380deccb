from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import attrs
import pytest

from pyhermes.core import (
    ArgumentsError,
    FieldError,
    Positional,
    StructuredArgs,
    parse_exec_args,
    structure_args,
    structured_args,
)
from pyhermes.core.structure import arguments, layout
from pyhermes.core.structure.layout import NO_FLAGS, layout_of


class Algo(Enum):
    DQN = "dqn"
    DDQN = "ddqn"


@attrs.frozen
class Known:
    name: Annotated[str, Positional] = "none"
    seed: int = 0
    layers: list[int] = attrs.Factory(list)
    sizes: tuple[int, ...] = ()
    rate: float = attrs.field(default=0.1, validator=attrs.validators.gt(0.0))


KNOWN = [
    "",
    "taxi\n--seed 1",
    "taxi\n--seed 1\n--other x",
    "--seed 1\ntaxi",
    "taxi chess\n--seed 1",
    "'a b'\n--seed 1",
    "--seed 1\n--seed 2",
    "--seed x",
    "--seed",
    "--layers 1 2",
    "--layers 1",
    "--sizes 1 2",
    "--rate -1",
    "--rate 1\n-3",
    "-3\n-4",
    "--seed=4",
    "--other x\n--other x",
    "--seed 1\n" + "--note " + 300 * "x",
]


def read_as(text: str, forbid_extra: bool) -> object:
    try:
        return structured_args(parse_exec_args(text), Known, forbid_extra=forbid_extra)
    except ArgumentsError as error:
        return error.problems


@pytest.mark.parametrize("forbid_extra", [False, True])
def test_what_was_read_before_does_not_change_what_is_read(forbid_extra: bool) -> None:
    first = [read_as(text, forbid_extra) for text in KNOWN]
    assert [read_as(text, forbid_extra) for text in reversed(KNOWN)] == first[::-1]
    assert [read_as(text, not forbid_extra) for text in KNOWN][:2] == first[:2]
    assert first[1] == StructuredArgs(Known("taxi", 1), frozenset({"layers", "sizes", "rate"}))
    assert first[9] == StructuredArgs(Known(layers=[1, 2]), frozenset({"name", "seed", "sizes", "rate"}))


@pytest.mark.parametrize(
    ("text", "forbid_extra"),
    [
        ("taxi\nchess\n--seed 1\n--sizes 1 2\n--path a/b\n--algo ddqn\n--by 0.5", True),
        ("taxi\nchess\n--seed 1\n--sizes 1 2\n--path a/b\n--algo ddqn\n--by 0.5\n--other x\n--more", False),
        ("taxi", True),
    ],
)
def test_a_line_that_many_runs_have_is_read_once(
    text: str, forbid_extra: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    @attrs.frozen
    class Sweep:
        first: Annotated[str, Positional]
        second: Annotated[str, Positional] = "none"
        seed: int = 0
        sizes: tuple[int, ...] = ()
        path: Path | None = None
        algo: Algo = Algo.DQN
        by: float | None = None

    def refuse(*_: object) -> None:
        raise AssertionError

    before = structured_args(parse_exec_args(text), Sweep, forbid_extra=forbid_extra)
    assert before.args.first == "taxi"
    monkeypatch.setattr(arguments, "ArgumentReading", refuse)
    monkeypatch.setattr(layout, "split_argument", refuse)
    assert structured_args(parse_exec_args(text), Sweep, forbid_extra=forbid_extra) == before


def test_runs_that_say_the_same_do_not_share_what_can_be_changed() -> None:
    one, other = (structure_args(parse_exec_args("--layers 1 2"), Known) for _ in range(2))
    one.layers.append(3)
    assert other.layers == [1, 2]


def test_very_many_different_arguments_are_read_too() -> None:
    for seed in range(10_500):
        assert structure_args(parse_exec_args(f"--seed {seed}"), Known).seed == seed


@attrs.frozen
class Opt:
    lr: float


@attrs.frozen
class Nested:
    file: Annotated[Path, Positional]
    opt: Opt


def test_the_layout_of_a_class_is_made_once() -> None:
    found = layout_of(Nested, NO_FLAGS)
    assert found is layout_of(Nested, NO_FLAGS)
    assert [leaf.path for leaf in found.tree.leaves] == ["file", "opt.lr"]
    assert [leaf.path for leaf in found.positionals] == ["file"]
    assert {option: leaf.path for option, leaf in found.leaf_of_option.items()} == {
        "--opt.lr": "opt.lr",
        "-opt.lr": "opt.lr",
    }
    assert not found.is_flat
    assert layout_of(Opt, NO_FLAGS).is_flat


def test_other_flags_are_another_layout() -> None:
    found = layout_of(Nested, {"opt.lr": ["-lr", "--rate"]})
    assert list(found.leaf_of_option) == ["-lr", "--rate"]
    assert found is layout_of(Nested, {"opt.lr": ("-lr", "--rate")})
    with pytest.raises(FieldError, match=r"^expected flags of fields of Nested, got \['opt'\]$"):
        layout_of(Nested, {"opt": "-o"})
