from __future__ import annotations

import collections.abc
import math
import sys
import typing
from collections.abc import Callable, Iterable, Mapping, MutableSequence
from enum import Enum, IntEnum, IntFlag
from pathlib import Path, PosixPath, PurePath
from typing import Annotated, Any, Literal, NewType, Sequence, TypeVar, Union  # noqa: UP035

import numpy as np
import pytest
from typing_extensions import TypeAliasType

from pyhermes.core import ArgumentsError, FieldError, HermesError, Positional, Replicate
from pyhermes.core.structure.readers import Reader, make_reader
from pyhermes.core.structure.word_leaves import WORDS, is_collection, words_of
from pyhermes.core.text.quoting import Words

T = TypeVar("T")


def reader(annotation: object) -> Reader:
    return make_reader(annotation, WORDS)


Seed = NewType("Seed", int)
Number = TypeAliasType("Number", int)
NumberOrText: Any = Annotated[int | str, "a number, or what it is called"]
TOO_LONG = "9" * (sys.get_int_max_str_digits() + 1)


class Algo(Enum):
    DQN = "dqn"
    DDQN = "ddqn"
    dqn = "other"  # its name is another's value


class Level(IntEnum):
    LOW = 1
    HIGH = 2
    DEEP = 1  # another name of LOW


class Color(str, Enum):  # noqa: UP042 - as many are written
    RED = "r"
    ONE = "1"


class Mixed(Enum):
    ON = True
    HALF = 0.5
    PAIR = (1, 2)
    NOTHING = None


class Permission(IntFlag):
    READ = 1
    WRITE = 2


READ: list[tuple[Any, str, object]] = [
    (bool, "", True),
    (bool, "True", True),
    (bool, "False", False),
    (bool, "1", True),
    (bool, "0", False),
    (int, "3", 3),
    (int, "-3", -3),
    (int, "+3", 3),
    (int, "007", 7),
    (int, "123456789012345678901234567890", 123456789012345678901234567890),
    (float, "0.1", 0.1),
    (float, "3", 3.0),
    (float, "-3", -3.0),
    (float, ".5", 0.5),
    (float, "5.", 5.0),
    (float, "1e-3", 0.001),
    (float, "nan", math.nan),
    (float, "inf", math.inf),
    (float, "-Infinity", -math.inf),
    (str, "007", "007"),
    (str, "True", "True"),
    (str, "None", "None"),
    (str, "-x", "-x"),
    (str, "ä", "ä"),
    (Path, "runs/a.txt", Path("runs/a.txt")),
    (PurePath, "a", PurePath("a")),
    (Algo, "ddqn", Algo.DDQN),
    (Algo, "DDQN", Algo.DDQN),
    (Algo, "dqn", Algo.DQN),
    (Algo, "DQN", Algo.DQN),
    (Algo, "other", Algo.dqn),
    (Level, "1", Level.LOW),
    (Level, "LOW", Level.LOW),
    (Level, "DEEP", Level.LOW),
    (Color, "r", Color.RED),
    (Color, "RED", Color.RED),
    (Mixed, "True", Mixed.ON),
    (Mixed, "ON", Mixed.ON),
    (Mixed, "0.5", Mixed.HALF),
    (Mixed, "PAIR", Mixed.PAIR),
    (Mixed, "NOTHING", Mixed.NOTHING),
    (Permission, "2", Permission.WRITE),
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], "2", 2),
    (Literal[1, "1"], "1", 1),
    (Literal["1", 1], "1", 1),
    (Literal[True, "x"], "True", True),
    (Literal[True, "x"], "", True),
    (Literal["x", False], "False", False),
    (Literal["True"], "True", "True"),
    (Literal[Algo.DDQN, "x"], "ddqn", Algo.DDQN),
    (Literal["dqn", Algo.DQN], "dqn", Algo.DQN),
    (Literal["a", None], "a", "a"),
    (int | None, "3", 3),
    (bool | None, "", True),
    (str | None, "None", "None"),
    (Algo | None, "ddqn", Algo.DDQN),
    (bool | int, "", True),
    (bool | int, "True", True),
    (bool | int, "0", 0),
    (bool | int, "1", 1),
    (bool | int, "2", 2),
    (bool | float, "0.5", 0.5),
    (int | float, "1", 1),
    (int | float, "1.0", 1.0),
    (float | int, "1", 1),
    (Union[float, Literal["auto"]], "auto", "auto"),
    (Union[Literal["auto"], float], "0.1", 0.1),
    (int | str, "5", 5),
    (str | int, "5", 5),
    (str | int, "5.0", "5.0"),
    (str | Path, "a", Path("a")),
    (str | Algo, "ddqn", Algo.DDQN),
    (str | Algo, "x", "x"),
    (int | list[int], "1", 1),
    (list[int] | int, "1 2", [1, 2]),
    (bool | list[int], "", True),
    (int | tuple[int, ...], "", ()),
    (int | list[str], "a", ["a"]),
    (tuple[int, ...], "32 -1", (32, -1)),
    (tuple[int, ...], "", ()),
    (tuple[int, str], "1 2", (1, "2")),
    (tuple[int], "1", (1,)),
    (tuple[()], "", ()),
    (list[float], "1 2.5", [1.0, 2.5]),
    (list[bool], "True 0", [True, False]),
    (list[Algo], "dqn DDQN", [Algo.DQN, Algo.DDQN]),
    (list[Literal["a", 1]], "1 a", [1, "a"]),
    (list[int | str], "1 a", [1, "a"]),
    (list[bool | int], "1 True", [1, True]),
    (list[float | None], "1", [1.0]),
    (set[int], "2 2", {2}),
    (frozenset[int], "2 2", frozenset({2})),
    (Sequence[int], "1 2", (1, 2)),
    (collections.abc.Sequence[Path], "a", (Path("a"),)),
    (tuple[int, ...] | None, "1", (1,)),
    (Seed, "3", 3),
    (list[Seed], "3", [3]),
    (Seed | None, "3", 3),
    (Annotated[int, "doc"], "3", 3),
    (list[Annotated[int, "doc"]], "3", [3]),
    (tuple[Annotated[int, "doc"], Seed], "3 4", (3, 4)),
    (Number, "3", 3),
    (list[Number], "3", [3]),
    (Number | None, "3", 3),
    (NumberOrText | None, "3", 3),
    (NumberOrText | None, "x", "x"),
    (list[NumberOrText], "3 x", [3, "x"]),
    (bool | Seed, "1", 1),
    (Union[bool, Annotated[int, "doc"]], "0", 0),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "text", "value"), READ)
def test_words_as_a_type(annotation: Any, text: str, value: object) -> None:
    read = reader(annotation)
    assert repr(read(tuple(text.split()))) == repr(value)
    assert repr(read(tuple(text.split()))) == repr(value)


REFUSED: list[tuple[Any, Words]] = [
    *[(bool, (word,)) for word in ("true", "TRUE", "false", "yes", "2", "", "1.0", "01")],
    (bool, ("True", "True")),
    *[(int, (word,)) for word in ("3.5", "1_000", "٣", "", " 1", "x", "1e3", "0x10", "True", "nan", TOO_LONG)],
    (int, ()),
    (int, ("1", "1")),
    *[(float, (word,)) for word in ("x", "1_000", "", "٣", "0x10", "1,5", "True")],
    (float, ()),
    (str, ()),
    (str, ("a", "b")),
    (Path, ()),
    (Path, ("a", "b")),
    *[(Algo, words) for words in ((), ("Dqn",), ("Algo.DQN",), ("dqn", "dqn"), ("",))],
    *[(Level, (word,)) for word in ("01", "1.0", "3", "low")],
    (Mixed, ()),
    (Permission, ("3",)),
    *[(Literal["a"], words) for words in ((), ("A",), ("",), ("a", "a"))],
    *[(Literal[1], (word,)) for word in ("01", "+1", "1.0", "True")],
    *[(Literal[True], (word,)) for word in ("1", "False")],
    (Literal["True"], ()),
    (Literal["a", None], ("None",)),
    (Literal[Algo.DQN], ("ddqn",)),
    (int | None, ("None",)),
    (int | None, ()),
    (type(None), ("None",)),
    (type(None), ()),
    (int | float, ("x",)),
    (Union[float, Literal["auto"]], ("Auto",)),
    (int | list[int], ("x",)),
    (int | list[int], ("1", "x")),
    (tuple[int, ...], ("1", "2.5")),
    (tuple[int, str], ()),
    (tuple[int, str], ("1",)),
    (tuple[int, str], ("1", "2", "3")),
    (tuple[int, str], ("a", "2")),
    (tuple[()], ("1",)),
    (list[int], ("1", "")),
    (list[Algo], ("dqn", "x")),
    (list[bool], ("",)),
    (list[int | None], ("None",)),
    (set[int], ("x",)),
    (Seed, ("x",)),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "words"), REFUSED)
def test_words_that_are_not_of_the_type(annotation: Any, words: Words) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        reader(annotation)(words)
    assert not isinstance(error.value, HermesError)


def test_digits_beyond_what_python_converts_are_not_made_a_float_of_another_value() -> None:
    assert reader(int | float | str)((TOO_LONG,)) == TOO_LONG


def test_how_a_union_is_read_does_not_depend_on_what_was_read_before() -> None:
    assert reader(list[str] | list[int])(("9",)) == reader(list[int] | list[str])(("9",)) == [9]


UNREADABLE: list[tuple[Any, str]] = [
    (dict[str, int], "dict[str, int]"),
    (Mapping[str, int], "Mapping[str, int]"),
    (dict, "dict"),
    (list, "list"),
    (tuple, "tuple"),
    (set, "set"),
    (frozenset, "frozenset"),
    (collections.abc.Sequence, "Sequence"),
    (Sequence, "Sequence"),
    (typing.List, "List"),  # noqa: UP006
    (typing.Tuple, "Tuple"),  # noqa: UP006
    (list[list[int]], "list[int]"),
    (tuple[tuple[int, ...], ...], "tuple[int, ...]"),
    (list[tuple], "tuple"),  # type: ignore[type-arg]
    (list[int | list[int]], "list[int]"),
    (Iterable[int], "Iterable[int]"),
    (MutableSequence[int], "MutableSequence[int]"),
    (Literal[b"x"], "Literal[b'x']"),
    (Literal["x", b"x"], "Literal['x', b'x']"),
    (list[Literal[b"x"]], "Literal[b'x']"),
    (bytes, "bytes"),
    (int | bytes, "bytes"),
    (complex, "complex"),
    (object, "object"),
    (Any, "Any"),
    (list[Any], "Any"),
    (T, "~T"),
    (list[T], "~T"),  # type: ignore[valid-type]
    (Callable[..., int], "Callable[..., int]"),
    (type[int], "type[int]"),
    (PosixPath, "PosixPath"),
    (np.float64, "float64"),
    ("int", "int"),
    (3, "3"),
    (tuple[int, *tuple[str, ...]], "tuple[str, ...]"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "text"), UNREADABLE)
def test_types_that_no_argument_can_be_read_as(annotation: Any, text: str) -> None:
    with pytest.raises(FieldError) as error:
        reader(annotation)
    assert str(error.value) == f"expected a type that an argument can be read as, got {text}"
    assert isinstance(error.value, TypeError)


@pytest.mark.parametrize(
    ("annotation", "mark"),
    [
        (list[Annotated[int, Replicate]], Replicate()),
        (Annotated[int, Positional] | None, Positional()),
        (tuple[int, Annotated[str, Positional()]], Positional()),
        (Union[list[Annotated[int, Replicate]], int], Replicate()),
    ],
)
def test_a_mark_within_other_brackets(annotation: Any, mark: object) -> None:
    with pytest.raises(FieldError) as error:
        reader(annotation)
    assert str(error.value) == f"expected {mark!r} outside of all other brackets, got it within a type"


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, False),
        (str, False),
        (Algo, False),
        (Literal["a"], False),
        (int | None, False),
        (list[int], True),
        (tuple[int, str], True),
        (set[int], True),
        (frozenset[int], True),
        (Sequence[int], True),
        (list[int] | None, True),
        (int | tuple[int, ...], True),
    ],
)
def test_which_types_take_any_number_of_words(annotation: Any, expected: bool) -> None:
    assert is_collection(annotation) is expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, ()),
        (False, ("False",)),
        (3, ("3",)),
        (-3, ("-3",)),
        (0.001, ("0.001",)),
        (1.0, ("1.0",)),
        (1e22, ("1e+22",)),
        (math.nan, ("nan",)),
        (-math.inf, ("-inf",)),
        (np.float64(0.1), ("0.1",)),
        ("007", ("007",)),
        ("", ("",)),
        ("a b", ("a b",)),
        ("a\nb", ("a\nb",)),
        (Path("a/b"), ("a/b",)),
        (PurePath("a"), ("a",)),
        (Algo.DQN, ("dqn",)),
        (Level.HIGH, ("2",)),
        (Color.RED, ("r",)),
        (Mixed.ON, ("True",)),
        (Mixed.HALF, ("0.5",)),
        (Mixed.PAIR, ("PAIR",)),
        (Mixed.NOTHING, ("NOTHING",)),
        ((32, 32), ("32", "32")),
        ([], ()),
        ([True], ("True",)),
        ([True, 1, "a", 0.5], ("True", "1", "a", "0.5")),
        ({2, 1, 10}, ("1", "10", "2")),
        (frozenset({"b", "a"}), ("a", "b")),
        (np.int64(3), ("3",)),
        (np.bool_(True), ()),
        ([np.float32(0.5), np.bool_(False)], ("0.5", "False")),
    ],
)
def test_values_as_words(value: object, words: Words) -> None:
    assert words_of(value) == words


@pytest.mark.parametrize(
    "value",
    [None, b"x", 1j, {}, {"a": 1}, [None], [[1]], ((),), object, np.array([1.0]), range(3)],
)
def test_values_that_no_words_can_say(value: Any) -> None:
    wrong = value[0] if isinstance(value, list | tuple) else value
    with pytest.raises(ArgumentsError) as error:
        words_of(value)
    assert str(error.value) == f"{wrong!r} ({type(wrong).__name__}) cannot be written as an argument"


def test_an_integer_too_long_for_python_to_read_back() -> None:
    with pytest.raises(ArgumentsError) as error:
        words_of(10 ** len(TOO_LONG))
    assert str(error.value) == (
        "an integer with more digits than Python reads cannot be written as an argument"
    )
