"""Results read into classes of one field, for the tests of `typed_result` and of its leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes.core import (
    ResultError,
    ResultProblem,
    ResultRecord,
    ResultValue,
    structure_result,
)


def class_of(annotation: object, **options: Any) -> type[Any]:
    """An attrs class with one field, `x`."""
    annotation = type(None) if annotation is None else annotation  # which attrs takes for no annotation
    return attrs.make_class("Metrics", {"x": attrs.field(type=annotation, **options)}, frozen=True)  # type: ignore[call-overload]


def read(value: ResultValue, annotation: object) -> object:
    """What a value under the key `x` is read as."""
    found: object = structure_result(ResultRecord({"x": value}), class_of(annotation)).x
    return found


def read_array(value: ResultValue, annotation: object) -> NDArray[np.generic]:
    found = read(value, annotation)
    assert isinstance(found, np.ndarray)
    return found


def problems_of(values: Mapping[str, ResultValue], cls: type) -> tuple[ResultProblem, ...]:
    with pytest.raises(ResultError) as error:
        structure_result(ResultRecord(values), cls)
    assert isinstance(error.value, ValueError)
    return error.value.problems


def problem_of(value: ResultValue, annotation: object) -> ResultProblem:
    """What is wrong with a value under the key `x`."""
    (problem,) = problems_of({"x": value}, class_of(annotation))
    return problem
