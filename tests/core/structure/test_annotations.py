from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from pathlib import Path, PurePath
from types import NoneType
from typing import Annotated, Any, Generic, Literal, NewType, Optional, Sequence, TypeVar, Union  # noqa: UP035

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from pyhermes.core.errors import FieldError
from pyhermes.core.structure.annotations import (
    array_types,
    is_literal,
    kind_of,
    members,
    narrowest_first,
    plain,
    type_text,
)
from pyhermes.core.structure.marks import Flag, Key, Positional, Replicate, Shape

T = TypeVar("T")

Seed = NewType("Seed", int)
OtherSeed = NewType("OtherSeed", Seed)
Rate: Any = Annotated[float, "a rate", Flag("-lr")]
Alias = TypeAliasType("Alias", float)
MarkedAlias = TypeAliasType("MarkedAlias", Annotated[int, Replicate])


class Algo(Enum):
    DQN = "dqn"
    DDQN = "ddqn"


class Level(IntEnum):
    LOW = 1


class Box(Generic[T]):
    pass


@pytest.mark.parametrize(
    ("annotation", "bare", "marks"),
    [
        (int, int, ()),
        (None, None, ()),
        (Rate, float, (Flag("-lr"),)),
        (Annotated[int, Replicate], int, (Replicate(),)),
        (Annotated[int, Replicate()], int, (Replicate(),)),
        (Annotated[int, Positional], int, (Positional(),)),
        (Annotated[int, Positional()], int, (Positional(),)),
        (Annotated[int, Key("n"), Shape(2)], int, (Key("n"), Shape(2))),
        (Annotated[Annotated[int, Flag("-a")], "x", Replicate], int, (Flag("-a"), Replicate())),
        (Annotated[int, int, None, "Flag"], int, ()),
        (Seed, int, ()),
        (OtherSeed, int, ()),
        (Annotated[OtherSeed, Replicate], int, (Replicate(),)),
        (Alias, float, ()),
        (MarkedAlias, int, (Replicate(),)),
        (list[Rate], list[Rate], ()),
        (Optional[Seed], Optional[Seed], ()),  # noqa: UP045
    ],
)
def test_a_type_without_its_names_and_annotations(
    annotation: object, bare: object, marks: tuple[object, ...]
) -> None:
    assert plain(annotation) == (bare, marks)


@pytest.mark.parametrize("mark", [Flag, Key, Shape])
def test_a_mark_that_has_to_be_called_and_was_not(mark: type) -> None:
    with pytest.raises(FieldError) as error:
        plain(Annotated[int, mark])
    assert str(error.value) == f"expected {mark.__name__}(...) in an annotation, got the class itself"


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (int, (int,)),
        (int | str | None, (int, str, NoneType)),
        (Optional[int], (int, NoneType)),  # noqa: UP045
        (Union[str, Seed], (str, int)),
        (Annotated[int | str, "doc"] | None, (int, str, NoneType)),
        (Union[str, MarkedAlias], (str, MarkedAlias)),
        (Literal[1, 2], (Literal[1, 2],)),
        (list[int], (list[int],)),
    ],
)
def test_the_types_in_a_union(annotation: object, types: tuple[object, ...]) -> None:
    assert members(annotation) == types


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (int, int),
        (None, NoneType),
        (NoneType, NoneType),
        (Seed, int),
        (Rate, float),
        (list[int], list),
        (tuple[int, ...], tuple),
        (Sequence[int], collections.abc.Sequence),
        (collections.abc.Sequence[int], collections.abc.Sequence),
        (Literal["a"], Literal),
        (Algo, Literal),
        (Level, Literal),
        (Path, Path),
        (dict[str, int], dict),
        (NDArray[np.float64], np.ndarray),
        (np.ndarray, np.ndarray),
    ],
)
def test_the_class_behind_a_type(annotation: object, kind: object) -> None:
    assert kind_of(annotation) is kind


def test_only_a_literal_is_one() -> None:
    assert is_literal(Literal["a"])
    assert not is_literal(Algo)
    assert not is_literal(str)


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (int, [int]),
        (str | int, [int, str]),
        (str | float | int | bool | None, [bool, int, float, str, NoneType]),
        (Union[str, Literal["auto"], float], [float, Literal["auto"], str]),
        (str | PurePath | Path, [Path, PurePath, str]),
        (list[int] | tuple[int, ...] | str | Algo, [Algo, str, tuple[int, ...], list[int]]),
        (Mapping[str, int] | dict[str, int] | bytes | NDArray[np.int64],
         [bytes, NDArray[np.int64], dict[str, int], Mapping[str, int]]),
        (frozenset[int] | set[int] | Sequence[int], [set[int], frozenset[int], Sequence[int]]),
        (list[float] | list[int], [list[int], list[float]]),
        (Union[Literal["b"], Literal["a"]], [Literal["a"], Literal["b"]]),
        (str | complex | int, [int, str, complex]),
    ],
)  # fmt: skip
def test_unions_are_tried_from_the_narrowest(annotation: object, types: list[object]) -> None:
    assert narrowest_first(annotation) == types


def test_a_named_union_within_a_union_keeps_its_types() -> None:
    named: Any = Annotated[int | str, "a number, or what it is called"]
    kinds = narrowest_first(named | None)
    assert {member for kind in kinds for member in members(plain(kind)[0])} == {int, str, NoneType}


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (float, ()),
        (list[float], ()),
        (np.ndarray, (np.generic,)),
        (NDArray[Any], (np.generic,)),
        (NDArray[np.float64], (np.float64,)),
        (NDArray[np.float64 | np.int64], (np.float64, np.int64)),
        (NDArray[np.floating[Any]], (np.floating,)),
        (NDArray[np.number], (np.number,)),
        (np.ndarray[tuple[int, int], np.dtype[np.bool_]], (np.bool_,)),
        (np.ndarray[Any, Any], (np.generic,)),
        (np.ndarray[tuple[int, int]], (np.generic,)),
        (Annotated[NDArray[np.int8], Shape("n")], (np.int8,)),
    ],
)
def test_what_the_elements_of_an_array_may_be(annotation: object, types: tuple[object, ...]) -> None:
    assert array_types(annotation) == types


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (None, "None"),
        (NoneType, "None"),
        (Rate, "float"),
        (Seed, "int"),
        (Alias, "float"),
        (float | None, "float | None"),
        (Optional[str], "str | None"),  # noqa: UP045
        (tuple[int, ...], "tuple[int, ...]"),
        (tuple[int, str], "tuple[int, str]"),
        (tuple[()], "tuple[()]"),
        (list[Seed], "list[int]"),
        (collections.abc.Sequence[int | str], "Sequence[int | str]"),
        (frozenset[Path], "frozenset[Path]"),
        (Literal["dqn", 1, True, None], "Literal['dqn', 1, True, None]"),
        (Algo, "Algo ('dqn', 'ddqn')"),
        (Level, "Level (1)"),
        (list[Algo], "list[Algo ('dqn', 'ddqn')]"),
        (dict[str, Any], "dict[str, Any]"),
        (Box[int], "Box[int]"),
        (NDArray[np.float64], "NDArray[float64]"),
        (NDArray[np.float64 | np.int64], "NDArray[float64 | int64]"),
        (np.ndarray, "NDArray[generic]"),
        (T, "~T"),
        (Callable[..., int], "Callable[..., int]"),
    ],
)
def test_a_type_as_its_user_would_write_it(annotation: object, text: str) -> None:
    assert type_text(annotation) == text
