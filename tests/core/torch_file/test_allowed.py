"""The names that a file may use."""

from __future__ import annotations

import pytest
import torch

from pyhermes.core import (
    load_result,
    load_state_dict,
)
from pyhermes.core.torch_file.allowed import RESULT_NAMES, TENSOR_NAMES, FileState, find_allowed
from pyhermes.core.torch_file.budget import MemoryBudget
from pyhermes.core.torch_file.objects import Inert
from tests.conftest import DOUBLE, EXAMPLES, TAXI

RESULT = EXAMPLES / "runs" / TAXI / "2026_11_23_182307039385_0_fcbfa.result"
CHECKPOINT = EXAMPLES / "runs" / DOUBLE / "2026_11_23_182554711422_8_fcbfa_best.pth"


def test_the_allow_list_of_the_process_is_left_alone() -> None:
    before = torch.serialization.get_safe_globals()
    load_result(RESULT)
    load_state_dict(CHECKPOINT)
    assert torch.serialization.get_safe_globals() == before


def state() -> FileState:
    return FileState("<", MemoryBudget(100), makes_arrays=True)


def test_every_allowed_name_stands_for_an_object_that_is_inert() -> None:
    for name in RESULT_NAMES:
        assert isinstance(find_allowed(name, state()), Inert), name


def test_a_checkpoint_may_name_less_than_a_result() -> None:
    more = {name for _, name in RESULT_NAMES - TENSOR_NAMES}
    assert TENSOR_NAMES < RESULT_NAMES
    assert more == {"encode", "bytes", "ndarray", "dtype", "_reconstruct", "scalar"}


@pytest.mark.parametrize(
    "name", [("os", "system"), ("builtins", "eval"), ("numpy", "load"), ("torch", "load")]
)
def test_the_machine_does_not_find_other_names_either(name: tuple[str, str]) -> None:
    """Should the check ever let one pass."""
    with pytest.raises(KeyError):
        find_allowed(name, state())


def test_dicts_and_bytes_are_made_without_arguments() -> None:
    """Those of `OrderedDict` would be hashed unseen, and `bytes(10**10)` would be 10 GB."""
    for name, made in ((("collections", "OrderedDict"), {}), (("__builtin__", "bytes"), b"")):
        assert find_allowed(name, state())() == made
        with pytest.raises(TypeError):
            find_allowed(name, state())([])
