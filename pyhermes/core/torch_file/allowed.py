"""The names that a file may use, and what each stands for: a function of ours that checks what it is given.

Nothing is imported by a name in a file. A name that is in no table here is refused by the check, and the
machine, which looks names up in the same table, would not find it either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import attrs

from pyhermes.core.torch_file.budget import MemoryBudget
from pyhermes.core.torch_file.check import Name
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.numpy_values import NumpyArray, NumpyDtype, make_scalar
from pyhermes.core.torch_file.objects import ElementType, Inert, SafeDict, require_size, require_tuple
from pyhermes.core.torch_file.tensors import BRAIN_FLOAT, Order, Storage, Tensor

_CODES_OF_STORAGES = {
    "Float": "f4",
    "Double": "f8",
    "Half": "f2",
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "b1",
    "BFloat16": BRAIN_FLOAT,
    "ComplexFloat": "c8",
    "ComplexDouble": "c16",
}
_CODES_OF_DTYPES = {
    "float32": "f4",
    "float64": "f8",
    "float16": "f2",
    "int64": "i8",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "bool": "b1",
    "bfloat16": BRAIN_FLOAT,
    "complex64": "c8",
    "complex128": "c16",
}


@attrs.define
class FileState:
    """What the pickles of one file share while they run.

    `makes_arrays` is False where tensors are only checked, so that they take no memory.
    """

    order: Order
    budget: MemoryBudget
    makes_arrays: bool
    storages: dict[str, Storage] = attrs.field(factory=dict[str, Storage])

    def find_storage(self, pid: object) -> Storage:
        """Return the storage of `("storage", type, key, device, count)`, the same for the same key.

        Raises `UnsafeFileError` for any other persistent id.
        """
        kind, element, key, _, count, *view = require_tuple(pid, 5, 6)
        if kind != "storage" or not isinstance(key, str) or view not in ([], [None]):
            raise UnsafeFileError("damaged: a persistent id is not that of a tensor's storage")
        code = element.code if isinstance(element, ElementType) else None
        if key not in self.storages:
            self.storages[key] = Storage(code, require_size(count), self.order)
        return self.storages[key]


def _make_dict(_: FileState) -> SafeDict:
    # without arguments: those of OrderedDict would be hashed before anybody looks at them
    return SafeDict()


def _encode(state: FileState, text: object, encoding: object) -> bytes:
    """Return bytes, which protocol 2 writes as text in latin1."""
    if not isinstance(text, str) or encoding != "latin1":
        raise UnsafeFileError("damaged: bytes have an unknown encoding")
    state.budget.spend(len(text))  # of one text, any number of bytes can be made
    return text.encode("latin1")


def _make_empty_bytes(_: FileState) -> bytes:
    # without arguments: bytes(10**10) would be 10 GB
    return b""


def _make_numpy_dtype(_: FileState, code: object, *flags: object) -> NumpyDtype:
    return NumpyDtype(code, *flags)


def _make_numpy_array(state: FileState, *_template: object) -> NumpyArray:
    return NumpyArray(state.budget.spend_repeated)


def _make_numpy_scalar(_: FileState, dtype: object, raw: object) -> object:
    return make_scalar(dtype, raw)


def _make_tensor(
    state: FileState,
    storage: object,
    offset: object,
    size: object,
    stride: object,
    _requires_grad: object,
    _hooks: object,
    metadata: object = None,
) -> Tensor:
    """Return the tensor of `_rebuild_tensor_v2`, whose elements have the type of their storage."""
    code = storage.code if isinstance(storage, Storage) else None
    return _add_tensor(state, storage, code, (offset, size, stride), metadata)


def _make_tensor_of_dtype(
    state: FileState,
    storage: object,
    offset: object,
    size: object,
    stride: object,
    _requires_grad: object,
    _hooks: object,
    dtype: object,
    metadata: object = None,
) -> Tensor:
    """Return the tensor of `_rebuild_tensor_v3`, which says itself what its elements are."""
    code = dtype.code if isinstance(dtype, ElementType) else None
    return _add_tensor(state, storage, code, (offset, size, stride), metadata)


def _add_tensor(
    state: FileState,
    storage: object,
    code: str | None,
    geometry: tuple[object, object, object],
    metadata: object,
) -> Tensor:
    if not isinstance(storage, Storage):
        raise UnsafeFileError("damaged: a tensor has no storage")
    if code is None:
        raise UnsafeFileError("damaged: a tensor has no dtype")
    tensor = Tensor(storage, code, geometry, metadata)
    if code == BRAIN_FLOAT:
        state.budget.allow_widening()
    if state.makes_arrays:
        state.budget.spend(tensor.cost)
    return tensor


def _make_parameter(_: FileState, data: object, *_flags: object) -> object:
    return data


_Function: TypeAlias = Callable[..., object]
_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")  # numpy 1 and numpy 2

_TENSOR_FUNCTIONS: Mapping[Name, _Function] = {
    ("collections", "OrderedDict"): _make_dict,
    ("torch._utils", "_rebuild_tensor_v2"): _make_tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _make_tensor_of_dtype,
    ("torch._utils", "_rebuild_parameter"): _make_parameter,
}
_NUMPY_FUNCTIONS: Mapping[Name, _Function] = {
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _make_empty_bytes,
    ("numpy", "dtype"): _make_numpy_dtype,
    **{(module, "_reconstruct"): _make_numpy_array for module in _NUMPY},
    **{(module, "scalar"): _make_numpy_scalar for module in _NUMPY},
}
_FUNCTIONS = {**_TENSOR_FUNCTIONS, **_NUMPY_FUNCTIONS}

_TENSOR_CONSTANTS: Mapping[Name, Inert] = {
    ("torch.storage", "UntypedStorage"): Inert(),
    **{("torch", f"{name}Storage"): ElementType(code) for name, code in _CODES_OF_STORAGES.items()},
    **{("torch", name): ElementType(code) for name, code in _CODES_OF_DTYPES.items()},
}
_CONSTANTS = {**_TENSOR_CONSTANTS, ("numpy", "ndarray"): Inert()}

TENSOR_NAMES: frozenset[Name] = frozenset({*_TENSOR_FUNCTIONS, *_TENSOR_CONSTANTS})
"""What a checkpoint may name: dicts and tensors."""

RESULT_NAMES: frozenset[Name] = frozenset({*_FUNCTIONS, *_CONSTANTS})
"""What a result may name: arrays, scalars and bytes too."""


def find_allowed(name: Name, state: FileState) -> Inert:
    """Return what a name stands for while a file is read; raise `KeyError` for one that is not allowed."""
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    # made anew for each file: kept in the state, they would hold the state and all that was read alive
    return Inert(partial(_FUNCTIONS[name], state))
