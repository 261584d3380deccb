"""`*.pth`: state dicts of networks, read without running anything from the file."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pyhermes.core.errors import CheckpointError
from pyhermes.core.messages import shown
from pyhermes.core.torch_file.archive import OpenFile, is_zip
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.reader import check_checkpoint

if TYPE_CHECKING:
    import torch

_MAPPED_FROM = 100 << 20
_OPEN_FILES = Path("/proc/self/fd")

M = TypeVar("M", bound="torch.nn.Module")


def read_state_dict(
    file: OpenFile, device: torch.device | str = "cpu", *, path: Path | None = None
) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by name, on `device`.

    The file is checked first (its checksums, and that its pickle names nothing but tensors and
    dicts), then `torch.load` reads it with `weights_only`. With the file's `path` it is
    memory-mapped where it is larger than 100 MB. Raises `CheckpointError`, a `ValueError`, for
    anything else.
    """
    import torch

    mapped = _mapped(file, path)
    if mapped is None:
        file = io.BytesIO(file.read())  # what is checked is what is loaded, whoever writes to the file
    try:
        check_checkpoint(file)
    except UnsafeFileError as error:
        raise CheckpointError(
            f"expected a state dict, got a file that cannot be read as one: {error}"
        ) from error
    file.seek(0)
    try:
        state = torch.load(mapped or file, device, weights_only=True, mmap=mapped is not None)
    except Exception:  # noqa: BLE001 - any type; and its text, which recommends turning safety off, goes
        raise CheckpointError("expected a state dict, got a file that torch cannot load") from None
    return checked_state_dict(state)


def _mapped(file: OpenFile, path: Path | None) -> Path | None:
    """Where torch finds a file that is large enough to be mapped, None for others.

    It is the open file itself where the system gives that a name: another may be at `path` by now.
    """
    large = file.seek(0, os.SEEK_END) > _MAPPED_FROM
    mapped = large and is_zip(file)
    file.seek(0)
    if path is None or not mapped:
        return None
    opened = _OPEN_FILES / str(file.fileno())
    return opened if opened.exists() else path


def checked_state_dict(state: object) -> dict[str, torch.Tensor]:
    """A state dict as a plain dict; raises `CheckpointError`, a `ValueError`, for what is none."""
    import torch

    if not isinstance(state, Mapping):
        raise CheckpointError(f"expected a state dict, got {shown(type(state).__name__)}")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise CheckpointError(
                f"expected a state dict of names and tensors, got {shown(name)}: {shown(value)}"
            )
    return dict(state)


def load_into(net: M, state: Mapping[str, torch.Tensor]) -> M:
    """The network with the state loaded into it, in evaluation mode.

    Raises `CheckpointError`, a `ValueError`, where names or shapes do not fit; the network is as it
    was then.
    """
    import torch

    weights = [
        weight for weight in (*net.parameters(), *net.buffers()) if not torch.nn.parameter.is_lazy(weight)
    ]
    before = [weight.detach().clone() for weight in weights]
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        with torch.no_grad():
            for weight, old in zip(weights, before, strict=True):
                weight.copy_(old)
        raise CheckpointError(
            f"expected a state dict that fits the network, got other names or shapes: {error}"
        ) from error
    net.eval()
    return net


def device_of(net: torch.nn.Module) -> torch.device | str:
    """The device of a network's first parameter or buffer; the CPU where it has none."""
    tensors = [*net.parameters(), *net.buffers()]
    return tensors[0].device if tensors else "cpu"
