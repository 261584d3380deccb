from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from pyhermes.core import FieldError, ResultRecord, parse_exec_args, structure_args, structure_result
from pyhermes.core.structure.fields import Field
from pyhermes.core.structure.readers import make_reader
from pyhermes.core.structure.reading import Layout, Leaf, lay_out, leaves_of
from pyhermes.core.structure.word_leaves import WORDS


@attrs.frozen
class Adam:
    lr: float
    steps: int = 3


@attrs.frozen
class Args:
    seed: int
    opt: Adam = Adam(0.1)
    last: str = ""


@attrs.frozen
class Endless:
    below: Endless | None = None


def accept(_: Field) -> None:
    """Check nothing."""


def refuse(name: str) -> Callable[[Field], None]:
    def check(field: Field) -> None:
        if field.name == name:
            raise FieldError("refused")

    return check


def leaf(field: Field, path: str) -> Leaf:
    return Leaf(field, path, make_reader(field.annotation, WORDS))


def test_a_class_is_laid_out_with_the_classes_in_its_fields() -> None:
    layout = lay_out(Args, accept, leaf)
    assert [found.path for found in layout.leaves] == ["seed", "opt.lr", "opt.steps", "last"]
    (_, seed), (_, opt), (_, _) = layout.parts
    assert leaves_of(seed) == layout.leaves[:1]
    assert isinstance(opt, Layout)
    assert (opt.cls, opt.path, leaves_of(opt)) == (Adam, "opt", layout.leaves[1:3])


@pytest.mark.parametrize(("name", "where"), [("seed", "Args.seed"), ("opt", "Args.opt"), ("lr", "Adam.lr")])
def test_a_field_that_is_refused_is_named(name: str, where: str) -> None:
    with pytest.raises(FieldError) as error:
        lay_out(Args, refuse(name), leaf)
    assert str(error.value) == f"{where}: refused"


def test_a_class_that_contains_itself() -> None:
    with pytest.raises(FieldError, match="^Endless contains itself$"):
        lay_out(Endless, accept, leaf)


def test_arguments_change_the_default_of_a_nested_class_and_results_do_not() -> None:
    assert structure_args(parse_exec_args("--seed 1\n--opt.steps 5"), Args) == Args(1, Adam(0.1, 5))
    record = ResultRecord({"seed": 1, "opt": {"lr": 0.5}})
    assert structure_result(record, Args) == Args(1, Adam(0.5))


def test_a_default_that_is_false_is_changed_like_any_other() -> None:
    @attrs.frozen
    class Empty:
        a: int = 1
        b: int = 2

        def __bool__(self) -> bool:
            return False

    inner: Any = attrs.make_class("Inner", {"empty": attrs.field(type=Empty, default=Empty(3, 4))})
    outer: Any = attrs.make_class("Outer", {"inner": attrs.field(type=inner, default=inner(Empty(5, 6)))})
    assert structure_args(parse_exec_args("--inner.empty.a 7"), outer).inner.empty == Empty(7, 6)
