from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Optional

import attrs
import pytest

from pyhermes.core import FieldError, Flag, HermesError, Key, Positional, Replicate
from pyhermes.core.structure.fields import Field, fields_of, leaf_values, marked_fields

if TYPE_CHECKING:
    from decimal import Decimal


@attrs.frozen
class Adam:
    lr: Annotated[float, Flag("-lr")] = 0.1
    seed: Annotated[int, Replicate] = 0


@attrs.frozen
class Other:
    lr: float = 0.1


@attrs.frozen
class Args:
    name: Annotated[str, Positional]
    opt: Adam
    _hidden: int = 3
    renamed: int = attrs.field(default=1, alias="other")
    counted: ClassVar[int] = 0
    computed: int = attrs.field(init=False, default=5)
    spare: Annotated[Optional[Adam], Replicate] = None  # noqa: UP045


@attrs.frozen
class Unresolvable:
    x: Decimal


class NoAttrs:
    x: int


def test_the_fields_that_init_takes_in_their_order() -> None:
    assert fields_of(Args) == (
        Field("name", "name", str, (Positional(),), attrs.NOTHING, None),
        Field("opt", "opt", Adam, (), attrs.NOTHING, Adam),
        Field("_hidden", "hidden", int, (), 3, None),
        Field("renamed", "other", int, (), 1, None),
        Field("spare", "spare", Optional[Adam], (Replicate(),), None, Adam),  # noqa: UP045
    )
    assert [field.has_default for field in fields_of(Args)] == [False, False, True, True, True]


def test_fields_of_a_class_made_by_make_class() -> None:
    optional: Any = Adam | None
    cls = attrs.make_class(
        "Made", {"x": attrs.field(type=int), "y": attrs.field(type=optional, default=None)}
    )
    assert fields_of(cls) == (
        Field("x", "x", int, (), attrs.NOTHING, None),
        Field("y", "y", Adam | None, (), None, Adam),
    )


def test_types_that_stand_in_the_fields_themselves() -> None:
    @attrs.define(auto_attribs=False)
    class Old:
        x = attrs.field(type=int)

    assert fields_of(Old) == (Field("x", "x", int, (), attrs.NOTHING, None),)


def test_fields_are_inherited() -> None:
    cls = attrs.make_class("Made", {"more": attrs.field(type=str, default="")}, bases=(Adam,))
    assert [field.name for field in fields_of(cls)] == ["lr", "seed", "more"]


@pytest.mark.parametrize("annotation", [Adam | Other, Adam | int, list[Adam], dict[str, Adam], type[Adam]])
def test_a_field_that_may_hold_something_else_is_not_nested(annotation: Any) -> None:
    (field,) = fields_of(attrs.make_class("Made", {"x": attrs.field(type=annotation)}))
    assert field.nested is None


@pytest.mark.parametrize("value", [NoAttrs, int, 3, "Args", None, Adam(), {}, []])
def test_what_is_no_attrs_class(value: Any) -> None:
    with pytest.raises(FieldError) as error:
        fields_of(value)
    assert str(error.value) == f"expected an attrs class, such as one under @attrs.frozen, got {value!r}"
    assert isinstance(error.value, TypeError)
    assert isinstance(error.value, HermesError)


def test_an_instance_that_has_no_hash_is_no_class_either() -> None:
    instance = attrs.make_class("Made", {"x": attrs.field(type=int, default=3)})()
    with pytest.raises(FieldError) as error:
        fields_of(instance)
    assert str(error.value) == "expected an attrs class, such as one under @attrs.frozen, got Made(x=3)"


def test_a_field_without_an_annotation() -> None:
    with pytest.raises(FieldError) as error:
        fields_of(attrs.make_class("Made", ["x"]))
    assert str(error.value) == "expected an annotation of the field Made.x, got none"


def test_an_annotation_that_cannot_be_resolved() -> None:
    with pytest.raises(FieldError) as error:
        fields_of(Unresolvable)
    assert str(error.value) == (
        "expected annotations of Unresolvable that can be resolved in its module, "
        "got name 'Decimal' is not defined"
    )


def test_an_annotation_that_raises_anything() -> None:
    with pytest.raises(FieldError) as error:
        fields_of(attrs.make_class("Made", {"x": attrs.field(type="1/0")}))  # type: ignore[call-overload]
    assert str(error.value).endswith("got division by zero")


def test_the_values_in_an_instance_by_dotted_names() -> None:
    assert leaf_values(Args("a", Adam(0.5))) == {
        "name": "a", "opt.lr": 0.5, "opt.seed": 0, "_hidden": 3, "renamed": 1, "spare": None,
    }  # fmt: skip
    assert list(leaf_values(Args("a", Adam(), spare=Adam(seed=7))))[-2:] == ["spare.lr", "spare.seed"]


def test_the_fields_that_carry_a_mark_or_stand_in_one_that_does() -> None:
    assert marked_fields(Args, Replicate) == {"opt.seed", "spare", "spare.lr", "spare.seed"}
    assert marked_fields(Args, Flag) == {"opt.lr", "spare.lr"}
    assert marked_fields(Args, Positional) == {"name"}
    assert marked_fields(Args, Key) == frozenset()
