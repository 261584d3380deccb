from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path

import pytest

from pyhermes.core import (
    ArgumentProblem,
    ArgumentsError,
    ExecutionFileError,
    HermesError,
    HermesWarning,
    Problem,
    ResultError,
    ResultProblem,
    errors,
)
from pyhermes.core.errors import at_path
from pyhermes.core.messages import printable, reason_of, shown
from pyhermes.core.warn import warn

BUILTINS: dict[str, tuple[type[Exception], ...]] = {
    "NotAnExperimentError": (FileNotFoundError,),
    "NotADirectoryOfExperimentsError": (FileNotFoundError, NotADirectoryError),
    "IsAnExperimentError": (ValueError,),
    "MissingFileError": (FileNotFoundError,),
    "NotAFileError": (OSError,),
    "FileNameError": (ValueError,),
    "FileModeError": (ValueError,),
    "InfoError": (ValueError,),
    "ArgumentsError": (ValueError,),
    "ScoresError": (ValueError,),
    "ResultError": (ValueError,),
    "CheckpointError": (ValueError,),
    "ExecutionFileError": (ValueError,),
    "CurveError": (ValueError,),
    "NoResultError": (RuntimeError,),
    "NoSuchKeyError": (KeyError,),
    "WrongTypeError": (TypeError,),
    "UnknownChoiceError": (ValueError,),
    "NothingToChooseError": (ValueError,),
    "FieldError": (TypeError,),
    "ProvenanceError": (ValueError,),
    "RecordingError": (ValueError,),
    "NotRecordingError": (RuntimeError,),
    "MarkError": (ValueError,),
    "TableError": (ValueError,),
    "MissingPackageError": (ImportError,),
}

ERRORS: dict[str, type[HermesError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, HermesError) and kind is not HermesError
}

every_error = pytest.mark.parametrize("kind", [HermesError, *ERRORS.values()])


class Broken:
    """Something whose repr and str cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Unspeakable(Broken):
    """Something that does not even say of what class it is."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("no attributes")


class LongName:
    def __repr__(self) -> str:
        return "x" * 10_000


def test_every_error_has_its_builtin() -> None:
    assert ERRORS.keys() == BUILTINS.keys()


@pytest.mark.parametrize(("name", "builtins"), BUILTINS.items())
def test_an_error_can_be_caught_as_ours_and_as_a_builtin(
    name: str, builtins: tuple[type[Exception], ...]
) -> None:
    kinds: tuple[type[Exception], ...] = (HermesError, *builtins)
    for builtin in kinds:
        with pytest.raises(builtin, match="what happened"):
            raise ERRORS[name]("what happened")


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (20, ["a", "b", "\\x1bc"]),
        (3, ["a", "b", "\\x1bc"]),
        (2, ["a", "b", "... and 1 more"]),
        (0, ["... and 3 more"]),
    ],
)
def test_one_warning_has_a_line_for_each_detail(most: int, lines: list[str]) -> None:
    with pytest.warns(HermesWarning) as caught:
        warn("these:", ["a", Path("b"), "\x1bc"], most=most)
    (warning,) = caught
    assert str(warning.message) == "\n  ".join(["these:", *lines])
    assert warning.filename == __file__


def test_without_details_there_is_no_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("these:", [])
    assert caught == []


def test_a_warning_of_ours_is_a_users_warning_and_no_error() -> None:
    assert issubclass(HermesWarning, UserWarning)
    assert not issubclass(HermesWarning, HermesError)


@every_error
def test_an_error_says_first_where_it_is(kind: type[HermesError]) -> None:
    path = Path("runs/a/hermes.info")
    assert str(kind("wrong")) == "wrong"
    assert str(kind("wrong", path=path)) == "runs/a/hermes.info: wrong"
    assert str(kind("wrong", line=3)) == "line 3: wrong"
    assert str(kind("wrong", path=path, line=3)) == "runs/a/hermes.info, line 3: wrong"


@every_error
def test_an_error_keeps_everything_through_pickle_and_copies(kind: type[HermesError]) -> None:
    error = kind("wrong", path=Path("runs/a"), line=3)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert (again.message, again.path, again.line) == ("wrong", Path("runs/a"), 3)
        assert str(again) == str(error)


@every_error
def test_an_error_has_its_message_as_every_exception_has(kind: type[HermesError]) -> None:
    assert kind("wrong", path=Path("runs/a"), line=3).args == ("wrong",)


def test_errors_about_many_things_have_all_of_them_as_data() -> None:
    argument, text = ArgumentProblem("lr", "--lr x", "x", "float"), Problem(1, None, "x", "a job")
    value = ResultProblem("loss", "loss", "x", "float")
    assert ArgumentsError("wrong", problems=(argument,)).problems == (argument,)
    assert ExecutionFileError("wrong", problems=(text,)).problems == (text,)
    assert ResultError("wrong", problems=(value,)).problems == (value,)
    for error in (ArgumentsError("a"), ResultError("b"), ExecutionFileError("c")):
        assert error.problems == ()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("too small"), "too small"),
        (ValueError("too small", "by far"), "too small"),
        (ValueError(), "ValueError"),
        (ValueError(""), "ValueError: ''"),
        (KeyError(3), "KeyError: 3"),
        (OSError(2, "No such file"), "FileNotFoundError: 2: 'No such file'"),
        (ValueError("x" * 10_000), "x" * 10_000),
        (ValueError(Broken()), "ValueError: <Broken instance"),
    ],
)
def test_the_reason_is_what_an_error_says_or_which_one_it_is(error: Exception, reason: str) -> None:
    assert reason_of(error).startswith(reason)
    assert len(reason_of(error)) < len(reason) + 50


def test_a_path_with_control_characters_cannot_write_to_the_terminal() -> None:
    assert str(HermesError("wrong", path=Path("runs/\x1b[31m"))) == r"runs/\x1b[31m: wrong"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain, Größe, 東京\n", "plain, Größe, 東京\n"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\rb\tc\x00", r"a\rb\tc\x00"),
        ("it's \\ \x07", r"it's \ \x07"),
        ("it's \\", "it's \\"),
        ("\x9b\u202e\u2028", r"\x9b\u202e\u2028"),
        ("\udcff", r"\udcff"),
        ("", ""),
    ],
)
def test_what_is_printed_holds_no_control_character_but_newlines(text: str, safe: str) -> None:
    assert printable(text) == safe
    assert printable(Path(text or ".")) == (safe or ".")


def test_what_is_shown_in_a_message_is_its_repr_where_that_is_short() -> None:
    assert shown("it's") == '"it\'s"'
    assert shown({"a": [1, 2.5, None]}) == "{'a': [1, 2.5, None]}"


def nested() -> list[object]:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    return value


def cyclic() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, "\x1b" * 10**4, b"x" * 10**6, list(range(10**5)), dict.fromkeys(range(99), "y" * 999), LongName(),
     Broken(), [Broken()] * 3, {"k": Broken()}, nested(), cyclic(), 9**999, 10**10**4, ("z" * 99,) * 99],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_shown_is_short_and_never_an_error_itself(value: object) -> None:
    assert 0 < len(shown(value)) < 1000


def test_an_object_that_cannot_be_shown_is_named_by_its_type() -> None:
    assert "Broken" in shown(Broken())
    assert "Unspeakable" in shown(Unspeakable())


def test_a_located_error_keeps_the_path_that_it_has() -> None:
    with pytest.raises(HermesError) as without, at_path(Path("outer")):
        raise HermesError("wrong", line=2)
    assert str(without.value) == "outer, line 2: wrong"
    with pytest.raises(HermesError) as inner, at_path(Path("outer")):
        raise HermesError("wrong", path=Path("inner"))
    assert str(inner.value) == "inner: wrong"
    with pytest.raises(KeyError), at_path(Path("outer")):
        raise KeyError("another's")
