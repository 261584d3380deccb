from __future__ import annotations

import pickle

import pytest

from pyhermes.core import Flag, HermesError, Key, MarkError, Positional, Replicate, Shape


def test_a_flag_names_options_in_the_order_given() -> None:
    assert Flag("-lr", "--learning-rate").names == ("-lr", "--learning-rate")
    assert repr(Flag("-lr")) == "Flag(names=('-lr',))"


@pytest.mark.parametrize("name", ["-l", "--lr", "--learning_rate", "--opt.lr", "-ä", "--x:y", "--no-1", "-X"])
def test_what_names_an_option(name: str) -> None:
    assert Flag(name).names == (name,)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("",),
        ("lr",),
        ("-",),
        ("-1",),
        ("-.5",),
        ("-1e3",),
        ("-inf",),
        ("--lr=",),
        ("--lr=0.1",),
        ("--learning rate",),
        (" --lr",),
        ("--lr\n",),
        ("--'lr'",),
        ("--lr", "lr"),
    ],
)
def test_what_names_no_option(names: tuple[str, ...]) -> None:
    with pytest.raises(MarkError) as error:
        Flag(*names)
    assert str(error.value) == f"expected names of options, such as '--lr' or '-l', got {names!r}"
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, HermesError)


@pytest.mark.parametrize("name", [None, 3, b"--lr", ["--lr"]])
def test_a_name_that_is_no_text(name: object) -> None:
    with pytest.raises(MarkError) as error:
        Flag(name)  # type: ignore[arg-type]
    assert str(error.value) == f"expected names of options, such as '--lr' or '-l', got {(name,)!r}"


def test_a_shape_has_lengths_and_names_of_lengths() -> None:
    assert Shape("steps", 2).lengths == ("steps", 2)
    assert Shape(0).lengths == (0,)
    assert Shape().lengths == ()


@pytest.mark.parametrize(
    "length", [-1, True, False, 2.0, None, "", "two words", "1st", "a-b", b"steps", (2,)]
)
def test_what_is_no_length(length: object) -> None:
    with pytest.raises(MarkError) as error:
        Shape("steps", length)  # type: ignore[arg-type]
    assert str(error.value) == (
        f"expected lengths or names of them, such as Shape('steps', 2), got {('steps', length)!r}"
    )


@pytest.mark.parametrize("mark", [Flag("-x", "--y"), Key("return"), Positional(), Replicate(), Shape("n", 2)])
def test_marks_are_values(mark: object) -> None:
    copy = pickle.loads(pickle.dumps(mark))
    assert copy == mark
    assert len({copy, mark}) == 1


def test_marks_that_say_different_things_differ() -> None:
    marks = [Flag("-x"), Flag("-y"), Flag("-x", "-y"), Flag("-y", "-x"), Key("a"), Key("b")]
    marks_without_names = [Positional(), Replicate(), Shape(), Shape(1), Shape("n")]
    assert len({*marks, *marks_without_names}) == 11


def test_marks_cannot_be_changed() -> None:
    flag = Flag("-x")
    with pytest.raises(AttributeError):
        flag.names = ("-y",)  # type: ignore[misc]
