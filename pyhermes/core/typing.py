"""The types in the signatures of pyhermes; this module imports nothing of pyhermes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

PathLike: TypeAlias = str | os.PathLike[str]
"""A path as the standard library takes them."""

OnError: TypeAlias = Literal["warn", "raise", "skip"]
"""What to do about runs that cannot be read: warn, raise one error, or say nothing."""

OnWriteError: TypeAlias = Literal["raise", "warn"]
"""What to do when the disk refuses a part of a recording: raise an error, or warn and try again."""

FloatArray: TypeAlias = NDArray[np.float64]
"""An array of float64; the shape is in the docstring of what takes or returns it."""

ArgumentValue: TypeAlias = bool | int | float | str | list[bool | int | float | str]
"""The value of one execution argument: True for a bare flag, a list for several values."""

ScalarLike: TypeAlias = Union[
    bool, int, float, np.bool_, "np.integer[Any]", "np.floating[Any]", "torch.Tensor"
]
"""One number: a Python number, a numpy scalar, or a torch tensor without dimensions."""

PlainKey: TypeAlias = Union[bool, int, float, str, bytes, "tuple[PlainKey, ...]", None]
"""A key of a dict inside a result."""

ResultValue: TypeAlias = Union[
    bool,
    int,
    float,
    str,
    bytes,
    np.generic,
    NDArray[np.generic],
    "torch.Tensor",
    "Sequence[ResultValue]",
    "Mapping[str, ResultValue]",
    "Mapping[int, ResultValue]",
    "Mapping[PlainKey, ResultValue]",
    None,
]
"""A value that a result may hold under a key: sequences are lists and tuples, mappings are dicts."""

FrozenValue: TypeAlias = Union[
    bool,
    int,
    float,
    str,
    bytes,
    NDArray[np.generic],
    "tuple[FrozenValue, ...]",
    "Mapping[PlainKey, FrozenValue]",
    None,
]
"""A value that a `ResultRecord` holds under a key: arrays are read-only, lists are tuples."""


class AttrsInstance(Protocol):
    """An instance of an attrs class, as mypy sees it."""

    __attrs_attrs__: ClassVar[Any]


class DataclassInstance(Protocol):
    """An instance of a dataclass; to pyright, of an attrs class too."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class HasExecArgs(Protocol):
    """Any object with a set of execution arguments."""

    @property
    def exec_args(self) -> Set[str]:
        """The arguments, each a whole line."""
        ...


class HasStart(Protocol):
    """Any object with an identifier and a start time."""

    @property
    def identifier(self) -> str:
        """Its name, unique among its kind."""
        ...

    @property
    def start_time(self) -> datetime | None:
        """When it began, as naive local time."""
        ...
