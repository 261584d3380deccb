from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes.core import FieldError, Replicate
from pyhermes.core.structure.readers import Leaves, is_mapping, make_reader
from pyhermes.core.structure.value_leaves import VALUES
from pyhermes.core.structure.word_leaves import WORDS


@pytest.mark.parametrize(
    ("annotation", "words", "value", "expected"),
    [
        (int | None, ("3",), 3, 3),
        (str | int, ("3",), 3, 3),
        (float | int, ("3",), 3, 3),
        (str | float, ("3",), 3, 3.0),
        (list[int], ("1", "2"), (1, 2), [1, 2]),
        (tuple[int, ...], ("1", "2"), [1, 2], (1, 2)),
        (tuple[int, str], ("1", "2"), (1, "2"), (1, "2")),
        (tuple[()], (), (), ()),
        (Sequence[float], ("1",), (1,), (1.0,)),
        (list[int] | list[float], ("1", "0.5"), (1, 0.5), [1.0, 0.5]),
        (list[int | str], ("1", "a"), (1, "a"), [1, "a"]),
    ],
)
def test_words_and_values_are_put_together_alike(
    annotation: Any, words: object, value: object, expected: object
) -> None:
    assert repr(make_reader(annotation, WORDS)(words)) == repr(expected)
    assert repr(make_reader(annotation, VALUES)(value)) == repr(expected)


@pytest.mark.parametrize(
    ("leaves", "annotation", "value"),
    [
        (WORDS, tuple[int, str], ("1",)),
        (VALUES, tuple[int, str], (1,)),
        (WORDS, list[int] | int, ("x",)),
        (VALUES, list[int] | int, "x"),
        (VALUES, list[int], 3),
        (VALUES, dict[str, int], [1]),
        (VALUES, dict[str, int], {"a": "b"}),
        (VALUES, dict[str, int], {1: 1}),
    ],
)
def test_what_is_not_of_the_type(leaves: Leaves, annotation: Any, value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no words: whoever reads names the field and the value
        make_reader(annotation, leaves)(value)


def test_dicts_and_collections_within_each_other_are_for_results_only() -> None:
    annotation: Any = dict[tuple[int, str], list[tuple[float, ...]]]
    read = make_reader(annotation, VALUES)
    assert read({(1, "a"): ((1, 0.5),)}) == {(1, "a"): [(1.0, 0.5)]}
    for wrong, text in ((annotation, "dict"), (list[list[int]], "list[int]")):
        with pytest.raises(
            FieldError, match="expected a type that an argument can be read as, got "
        ) as error:
            make_reader(wrong, WORDS)
        assert text in str(error.value)


def test_sets_are_for_arguments_only() -> None:
    assert make_reader(set[int], WORDS)(("1", "1")) == {1}
    with pytest.raises(FieldError, match=r"^expected a type that a result can hold, got set\[int\]$"):
        make_reader(set[int], VALUES)


@pytest.mark.parametrize("key", [list[int], NDArray[np.float64], int | str, tuple[list[int], ...]])
def test_keys_of_a_dict_can_be_hashed(key: Any) -> None:
    with pytest.raises(FieldError, match=r"^expected a type that a result can hold, got dict\["):
        make_reader(dict[key, int], VALUES)


@pytest.mark.parametrize("leaves", [WORDS, VALUES])
@pytest.mark.parametrize("annotation", [list[Annotated[int, Replicate]], Annotated[int, Replicate] | None])
def test_a_mark_within_a_type_is_refused(annotation: Any, leaves: Leaves) -> None:
    with pytest.raises(FieldError, match=r"^expected Replicate\(\) outside of all other brackets"):
        make_reader(annotation, leaves)


def test_which_values_are_mappings() -> None:
    value: Mapping[str, int] = {}
    assert is_mapping(value)
    assert not is_mapping([])
