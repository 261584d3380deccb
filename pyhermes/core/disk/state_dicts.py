"""Read `*.pth` files without running anything from them, the large ones through a memory map."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyhermes.core.errors import CheckpointError
from pyhermes.core.formats.checkpoint import require_state_dict
from pyhermes.core.torch_file.archive import OpenFile, is_zip
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.reader import check_checkpoint

if TYPE_CHECKING:
    import torch

# Smaller files are read before they are checked, so that nobody can change them in between.
_MAPPED_FROM = 100 << 20
# Where Linux gives open files names: by such a name torch maps the file that was checked.
_OPEN_FILES = Path("/proc/self/fd")


def read_state_dict(
    file: OpenFile, device: torch.device | str = "cpu", *, path: Path | None = None
) -> dict[str, torch.Tensor]:
    """Return the tensors of a checkpoint by name, on `device`.

    The file is checked first (its checksums, and that its pickle names nothing but tensors and
    dicts), then `torch.load` reads it with `weights_only`. With the file's `path` it is
    memory-mapped where it is larger than 100 MB. Raises `CheckpointError`, a `ValueError`, for
    anything else.
    """
    mapped = _find_mapped(file, path)
    if mapped is None:
        file = io.BytesIO(file.read())  # what is checked is what is loaded, whoever writes to the file
    _check(file)
    return require_state_dict(_load(mapped or file, device, mmap=mapped is not None))


def _check(file: OpenFile) -> None:
    try:
        check_checkpoint(file)
    except UnsafeFileError as error:
        raise CheckpointError(
            f"expected a state dict, got a file that cannot be read as one: {error}"
        ) from error
    file.seek(0)


def _load(source: Path | OpenFile, device: torch.device | str, *, mmap: bool) -> object:
    import torch

    try:
        return torch.load(source, device, weights_only=True, mmap=mmap)
    except Exception:  # noqa: BLE001 - any type; and its text, which recommends turning safety off, goes
        raise CheckpointError("expected a state dict, got a file that torch cannot load") from None


def _find_mapped(file: OpenFile, path: Path | None) -> Path | None:
    """Return where torch finds a file that is large enough to be mapped, None for others.

    It is the open file itself where the system gives that a name: another may be at `path` by now.
    """
    large = file.seek(0, os.SEEK_END) > _MAPPED_FROM
    mapped = large and is_zip(file)
    file.seek(0)
    if path is None or not mapped:
        return None
    opened = _OPEN_FILES / str(file.fileno())
    return opened if opened.exists() else path
