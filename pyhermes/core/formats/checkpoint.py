"""State dicts of networks, which `*.pth` files hold: checked, and loaded into a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pyhermes.core.arrays.kinds import is_mapping
from pyhermes.core.errors import CheckpointError
from pyhermes.core.messages import shown

if TYPE_CHECKING:
    import torch

M = TypeVar("M", bound="torch.nn.Module")


def require_state_dict(state: object) -> dict[str, torch.Tensor]:
    """Return a state dict as a plain dict; raise `CheckpointError`, a `ValueError`, for anything else."""
    import torch

    if not is_mapping(state):
        raise CheckpointError(f"expected a state dict, got {shown(type(state).__name__)}")
    tensors = dict[str, torch.Tensor]()
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise CheckpointError(
                f"expected a state dict of names and tensors, got {shown(name)}: {shown(value)}"
            )
        tensors[name] = value
    return tensors


def load_into(net: M, state: Mapping[str, torch.Tensor]) -> M:
    """Load a state into a network, and return the network, in evaluation mode.

    Raises `CheckpointError`, a `ValueError`, where names or shapes do not fit; the network is as it
    was then.
    """
    weights = _list_weights(net)
    before = [weight.detach().clone() for weight in weights]
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        _restore(weights, before)  # torch has copied those that fit before it raises
        raise CheckpointError(
            f"expected a state dict that fits the network, got other names or shapes: {error}"
        ) from error
    net.eval()
    return net


def _list_weights(net: torch.nn.Module) -> list[torch.Tensor]:
    import torch

    # lazy ones have no shape yet, and nothing to be restored
    both = (*net.parameters(), *net.buffers())
    return [weight for weight in both if not torch.nn.parameter.is_lazy(weight)]


def _restore(weights: list[torch.Tensor], before: list[torch.Tensor]) -> None:
    import torch

    with torch.no_grad():
        for weight, old in zip(weights, before, strict=True):
            weight.copy_(old)


def device_of(net: torch.nn.Module) -> torch.device | str:
    """Return the device of a network's first parameter or buffer; the CPU where it has none."""
    tensors = [*net.parameters(), *net.buffers()]
    return tensors[0].device if tensors else "cpu"
