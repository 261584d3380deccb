"""What kind of value something is, in words that type checkers understand.

After `isinstance(value, list)` a checker knows nothing of what the list holds, and of what it is
where it is none; these say that it holds objects.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


def is_array(value: object) -> TypeGuard[NDArray[np.generic]]:
    """Return whether a value is an array of numpy."""
    return isinstance(value, np.ndarray)


def is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Return whether a value is a list or a tuple."""
    return isinstance(value, list | tuple)


def is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    """Return whether a value is a tuple."""
    return isinstance(value, tuple)


def is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    """Return whether a value is a dict or another mapping."""
    return isinstance(value, Mapping)


def is_tensor(value: object) -> TypeGuard[torch.Tensor]:
    """Return whether a value is a torch tensor, without importing torch: who has one has imported it."""
    torch_module = sys.modules.get("torch")
    return torch_module is not None and isinstance(value, torch_module.Tensor)
