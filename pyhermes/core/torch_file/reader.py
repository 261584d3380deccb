"""Reading what `torch.save` wrote, without torch and without running anything from the file.

A pickle is a program. It is checked before it runs: only the opcodes that `torch.save` uses, only
the names in one table, no memory asked for by a number alone. Then Python's own unpickler runs it,
and finds under those names nothing but inert objects of this module, which check what they are
given. Arrays and tensors come out as `PendingArray`s, whose `resolve` gives a numpy array.
"""

from __future__ import annotations

import contextlib
import io
import math
import pickle
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyhermes.core.arrays.pending import PendingArray, PendingFloats
from pyhermes.core.messages import shown
from pyhermes.core.torch_file.archive import OpenFile, UnsafeFileError, is_zip, open_archive, read_entry

_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
_FREE_MEMORY = 48 << 20
_LARGEST_KEY = 1000
_MOST_DIMENSIONS = 32

_Name: TypeAlias = tuple[str, str]
_Array: TypeAlias = NDArray[np.generic]
_Order: TypeAlias = Literal["<", ">"]


def read_torch_file(file: OpenFile) -> object:
    """The object in a file of `torch.save`: plain values, and `PendingArray`s inside them.

    Raises `UnsafeFileError` for whatever is wrong with it.
    """
    with _one_error():
        if not is_zip(file):
            return _run_legacy(file.read(), _NAMES)
        archive, folder = open_archive(file)
        value, storages = _run_zip(archive, folder, _NAMES)
        for entry, storage in storages.items():
            storage.fill(read_entry(file, archive.getinfo(entry)))
        return value


def check_checkpoint(file: OpenFile) -> None:
    """Raise `UnsafeFileError` unless the file is whole and describes nothing but tensors and dicts.

    Reads the file once, in pieces: the checksums of everything in it, its pickle, and whether every
    tensor fits its storage.
    """
    with _one_error():
        if not is_zip(file):
            _run_legacy(file.read(), _TENSOR_NAMES)
            return
        archive, folder = open_archive(file)
        damaged = archive.testzip()
        if damaged is not None:
            raise UnsafeFileError(f"damaged: the checksum of {shown(damaged)} does not fit")
        for entry, storage in _run_zip(archive, folder, _TENSOR_NAMES)[1].items():
            storage.expect(archive.getinfo(entry).file_size)


@contextlib.contextmanager
def _one_error() -> Iterator[None]:
    try:
        yield
    except UnsafeFileError:
        raise
    except Exception as error:  # a damaged file ends in some fourteen types of error
        raise UnsafeFileError(f"damaged, or not written by torch.save ({type(error).__name__})") from error


# The two containers


def _run_zip(
    archive: zipfile.ZipFile, folder: str, names: frozenset[_Name]
) -> tuple[object, dict[str, _Storage]]:
    """The object in an archive, and the storages that it needs by the names of their entries."""
    data = archive.read(f"{folder}data.pkl")
    program, end = _checked(data, 0, names)
    if end != len(data):
        raise UnsafeFileError("damaged: something follows its pickle")
    del data
    order = f"{folder}byteorder"
    big = order in archive.namelist() and archive.read(order) == b"big"
    machine = _Machine(sum(entry.file_size for entry in archive.infolist()), ">" if big else "<", names)
    value = machine.run(program)
    return value, {f"{folder}data/{key}": storage for key, storage in machine.storages.items()}


def _run_legacy(data: bytes, names: frozenset[_Name]) -> object:
    """The object in a file from before torch 1.6: pickles one after the other, then the storages."""
    if not data.startswith(_LEGACY_MAGIC):
        raise UnsafeFileError("not written by torch.save")
    machine = _Machine(len(data), "<", names)
    _, at = _checked(data, len(_LEGACY_MAGIC), names)
    program, at = _checked(data, at, names)
    value = machine.run(program)
    program, at = _checked(data, at, names)
    keys = machine.run(program)
    if not isinstance(keys, list) or set(keys) != set(machine.storages):
        raise UnsafeFileError("damaged: its list of storages does not fit")
    for key in keys:
        storage = machine.storages[key]
        if int.from_bytes(data[at : at + 8], "little") != storage.count:
            raise UnsafeFileError(f"damaged: the size of storage {shown(key)} does not fit")
        storage.fill(data[at + 8 : at + 8 + storage.nbytes])
        at += 8 + storage.nbytes
    return value


# The check of a pickle before it runs

_BRAIN_FLOAT = "bfloat16"
"""Read as float32, since numpy has none."""
_ELEMENTS = {
    "Float": "f4",
    "Double": "f8",
    "Half": "f2",
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "b1",
    "BFloat16": _BRAIN_FLOAT,
    "ComplexFloat": "c8",
    "ComplexDouble": "c16",
}
_DTYPES = {
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
    "bfloat16": _BRAIN_FLOAT,
    "complex64": "c8",
    "complex128": "c16",
}
_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_TENSOR_NAMES: frozenset[_Name] = frozenset(
    {
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_tensor_v3"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch.storage", "UntypedStorage"),
        *(("torch", f"{name}Storage") for name in _ELEMENTS),
        *(("torch", name) for name in _DTYPES),
    }
)
_NAMES = _TENSOR_NAMES | {
    ("_codecs", "encode"),
    ("__builtin__", "bytes"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    *((module, name) for module in _NUMPY for name in ("_reconstruct", "scalar")),
}

_STOP = b"."
_PROTOCOL = b"\x80\x02"
_MARK = b"("
_ROW_OF_FLOATS = re.compile(rb"(?:G.{8})++(?=e)", re.DOTALL)
_FLOAT = np.dtype([("opcode", "S1"), ("value", ">f8")])
_WITH_LENGTH = {b"X": 4, b"\x8a": 1, b"\x8b": 4}
"""Opcodes whose argument says its own length, in so many bytes: text and long integers."""
_EMPTY_DICT = b"}"
_OUR_DICT = b"NQ"
_OBJECTS = b"]t\x85\x86\x87RQ"
_ALWAYS_SO_MANY = 1 << 16
_BYTES_AN_OBJECT = 6
"""What `torch.save` writes for each list, dict, tuple or call at least: its opcode and a memo number."""


class _Program(NamedTuple):
    """A pickle that may be run, and the rows of floats that it refers to by their numbers."""

    file: io.BytesIO
    floats: list[PendingFloats]


def _checked(data: bytes, start: int, names: frozenset[_Name]) -> tuple[_Program, int]:
    """The pickle that begins at `start`, ready to run, and where it ends.

    What is not plain is refused. Dicts are made to be ours, which look at their keys before they
    hash them; rows of floats that are appended to a list become one array each. Runs of opcodes of a
    fixed size are matched as one, which makes this ten times cheaper than running them.
    """
    if data[start : start + 2] != _PROTOCOL:
        raise UnsafeFileError("its pickle is not of protocol 2, which torch.save writes")
    most = _ALWAYS_SO_MANY + len(data) // _BYTES_AN_OBJECT
    counted = len(data) - len(data.translate(None, _OBJECTS)) > most
    plain = _plain_opcodes(len(data), b"" if counted else _OBJECTS)
    view, program, objects = memoryview(data), io.BytesIO(), 0
    floats: list[PendingFloats] = []
    kept, at = start, start + 2
    while True:
        matched = plain.match(data, at)
        at = at if matched is None else matched.end()
        opcode = data[at : at + 1]
        at += 1
        if opcode == _STOP:
            program.write(view[kept:at])
            program.seek(0)
            return _Program(program, floats), at
        if opcode == _EMPTY_DICT:
            program.write(view[kept : at - 1])
            program.write(_OUR_DICT)
            kept = at
            objects += 1
        elif opcode == _MARK:
            row = _ROW_OF_FLOATS.match(data, at)
            if row is not None:
                program.write(view[kept:at])
                program.write(b"J%bQ" % len(floats).to_bytes(4, "little"))
                numbers = np.frombuffer(view[at : row.end()], _FLOAT)["value"]
                floats.append(PendingFloats(numbers.astype(np.float64)))
                kept = at = row.end()
        elif opcode == b"c":
            at = _check_name(data, at, names)
        elif opcode in _WITH_LENGTH:
            width = _WITH_LENGTH[opcode]
            at += width + int.from_bytes(data[at : at + width], "little")
        elif opcode and opcode in _OBJECTS:
            objects += 1
        else:
            raise UnsafeFileError(f"its pickle holds the opcode {opcode!r}, which no plain value needs")
        if objects > most:
            raise UnsafeFileError("it holds more lists, dicts and tuples than torch.save puts into its size")


def _plain_opcodes(size: int, objects: bytes = _OBJECTS) -> re.Pattern[bytes]:
    """Opcodes of fixed size that make plain values; `objects` are those that make an object.

    The unpickler reserves memory up to the highest memo number it meets, so that may not be larger
    than what the file has room to fill, at five bytes a number.
    """
    high = min(size // 5 >> 16, 0xFFFF)
    top = re.escape(bytes([high >> 8]))
    third = re.escape(bytes([0xFF if high >> 8 else high]))
    return re.compile(
        rb"(?:(?:G.{8})++|K.|M..|J.{4}|q.|h.|j.{4}|r..[\x00-" + third + rb"][\x00-" + top + rb"]"
        rb"|(?:[Nabesu)\x88\x89" + re.escape(objects) + rb"]|\((?!G.{8}G))++)*+",
        re.DOTALL,
    )


def _check_name(data: bytes, at: int, names: frozenset[_Name]) -> int:
    end = data.index(b"\n", data.index(b"\n", at) + 1)
    module, name = data[at:end].decode("utf-8").split("\n")
    if (module, name) not in names:
        raise UnsafeFileError(
            f"it refers to {shown(f'{module}.{name}')}, which is no plain value, array or tensor; "
            "running code from a file is refused"
        )
    return end + 1


# What runs it


class _Sealed:
    """An object that no instruction of a pickle can change."""

    __slots__ = ()

    def __setstate__(self, state: object) -> NoReturn:
        raise UnsafeFileError("damaged: it changes what cannot be changed")


class _Inert(_Sealed):
    """What a name in a file stands for; some can be called."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object] | None = None) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        if self._function is None:
            raise UnsafeFileError("damaged: it calls what cannot be called")
        return self._function(*arguments)


class _ElementType(_Inert):
    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


class _Dict(dict[object, object]):
    """A dict; what torch hangs on a state dict (versions of modules) is no data."""

    __slots__ = ()

    def __setitem__(self, key: object, value: object) -> None:
        """Store an item, unless its key is one that is made to be hashed forever."""
        if isinstance(key, tuple):
            _check_key(key)
        super().__setitem__(key, value)

    def __setstate__(self, state: object) -> None:
        pass


def _check_key(key: tuple[object, ...]) -> None:
    pending: list[object] = [key]
    for _ in range(_LARGEST_KEY):
        if not pending:
            return
        part = pending.pop()
        pending += part if isinstance(part, tuple) else ()
    raise UnsafeFileError(f"it holds a dict with a key of more than {_LARGEST_KEY} parts")


class _NumpyDtype:
    __slots__ = ("dtype",)

    def __init__(self, code: object, *_flags: object) -> None:
        if not isinstance(code, str) or not re.fullmatch(r"[biufcSUMm][0-9]{1,9}", code):
            raise UnsafeFileError(
                f"it holds a numpy array of {shown(code)}, which is neither numbers nor text"
            )
        self.dtype = np.dtype(code)

    def __setstate__(self, state: object) -> None:
        """Take byte order and, of times, the unit; `(version, order, None, None, None, ...)`."""
        _, order, *rest = _tuple_of(state, 8, 9)
        if order not in ("<", ">", "=", "|") or rest[:3] != [None, None, None]:
            raise UnsafeFileError("it holds a numpy array of records, which is not read")
        if self.dtype.kind in "Mm":
            unit, step, *_ = _tuple_of(_tuple_of(rest[-1], 2)[1], 4)
            if (
                not isinstance(unit, bytes)
                or not re.fullmatch(rb"[a-zA-Z]{1,7}", unit)
                or not isinstance(step, int)
            ):
                raise UnsafeFileError("it holds times of an unknown unit")
            self.dtype = np.dtype(f"{self.dtype.kind}8[{step}{unit.decode()}]")
        if order == ">":
            self.dtype = self.dtype.newbyteorder(">")

    def array(self, shape: tuple[int, ...], fortran: bool, raw: bytes) -> _Array:
        itemsize = self.dtype.itemsize
        if not itemsize or math.prod(shape) * itemsize != len(raw):
            raise UnsafeFileError("damaged: a numpy array does not have the size that it claims")
        flat = np.frombuffer(raw, self.dtype)
        return _native(flat.reshape(shape, order="F" if fortran else "C"))


class _NumpyArray(PendingArray):
    __slots__ = ("_array", "_use")

    def __init__(self, use: Callable[[bytes], None]) -> None:
        self._use: Callable[[bytes], None] | None = use
        self._array: _Array | None = None

    def __setstate__(self, state: object) -> None:
        shape, dtype, fortran, raw = _tuple_of(state, 5)[1:]
        if not isinstance(dtype, _NumpyDtype) or not isinstance(raw, bytes):
            raise UnsafeFileError("it holds a numpy array of objects, which is not read")
        if self._use is None:
            raise UnsafeFileError("damaged: it changes what cannot be changed")
        self._use(raw)
        self._use = None
        self._array = dtype.array(_sizes(shape), fortran is True, raw)

    def resolve(self) -> _Array:
        if self._array is None:
            raise UnsafeFileError("damaged: it holds a numpy array without its elements")
        return _of_unicode(self._array)


class _Storage(_Sealed):
    """The elements that tensors of one file share."""

    __slots__ = ("_code", "_elements", "_order", "_raw", "count", "tensors")

    def __init__(self, code: str | None, count: int, order: _Order) -> None:
        self._code = code
        self.count: int = count
        self._order: _Order = order
        self.tensors = 0
        self._raw: bytes | NDArray[np.uint8] = b""
        self._elements: dict[str, _Array] = {}

    @property
    def nbytes(self) -> int:
        return self.count if self._code is None else self.count * _itemsize(self._code)

    def expect(self, nbytes: int) -> None:
        if nbytes != self.nbytes:
            raise UnsafeFileError("damaged: a tensor's storage does not have the size that it claims")

    def fill(self, raw: bytes | NDArray[np.uint8]) -> None:
        self.expect(len(raw))
        self._raw = raw

    def code_of_elements(self, code: str | None) -> str:
        known = code or self._code
        if known is None:
            raise UnsafeFileError("damaged: a tensor does not say what its elements are")
        return known

    def elements(self, code: str) -> _Array:
        if code not in self._elements:
            self._elements[code] = self._read(code)
        return self._elements[code]

    def _read(self, code: str) -> _Array:
        if code == _BRAIN_FLOAT:
            wide = np.frombuffer(self._raw, f"{self._order}u2").astype(np.uint32)
            wide <<= np.uint32(16)
            return wide.view(np.float32)
        return _native(np.frombuffer(self._raw, np.dtype(code).newbyteorder(self._order)))


class _Tensor(_Sealed, PendingArray):
    """A part of a storage; that it lies inside is made sure of at once."""

    __slots__ = ("_array", "_metadata", "_offset", "_size", "_storage", "_stride", "code")

    def __init__(
        self, storage: _Storage, code: str, geometry: tuple[object, object, object], metadata: object
    ) -> None:
        self._storage, self.code, self._metadata = storage, code, metadata
        storage.tensors += 1
        (self._offset,), self._size, self._stride = (_sizes(part) for part in geometry)
        self._array: _Array | None = None
        last = sum((size - 1) * stride for size, stride in zip(self._size, self._stride, strict=True))
        available = storage.nbytes // _itemsize(code)
        if storage.nbytes % _itemsize(code) or len(self._size) > _MOST_DIMENSIONS:
            raise UnsafeFileError("damaged: a tensor does not have the shape that it claims")
        if self.count and (self.count > available or self._offset + last >= available):
            raise UnsafeFileError("damaged: a tensor is larger than its storage")

    @property
    def count(self) -> int:
        return math.prod(self._size)

    @property
    def cost(self) -> int:
        """The memory that its array takes: once in a series, and once more while that is made."""
        return 2 * self.count * (4 if self.code == _BRAIN_FLOAT else _itemsize(self.code))

    def resolve(self) -> _Array:
        if self._array is None:
            self._array = self._view()
            if isinstance(self._metadata, dict):
                self._array = np.conj(self._array) if self._metadata.get("conj") else self._array
                self._array = np.negative(self._array) if self._metadata.get("neg") else self._array
        return self._array

    def _view(self) -> _Array:
        elements = self._storage.elements(self.code)
        if not self.count:
            return np.empty(self._size, elements.dtype)
        if self._stride == _contiguous(self._size):
            view = elements[self._offset : self._offset + self.count].reshape(self._size)
            view.flags.writeable &= self._storage.tensors == 1  # nobody else has the same memory
            return view
        strides = tuple(stride * elements.itemsize for stride in self._stride)
        part = elements[self._offset :]
        return np.lib.stride_tricks.as_strided(part, self._size, strides, writeable=False)


class _Unpickler(pickle.Unpickler):
    def __init__(self, program: _Program, machine: _Machine) -> None:
        super().__init__(program.file)
        self._floats = program.floats
        self._machine = machine
        self._names = machine.names()

    def find_class(self, module: str, name: str) -> _Inert:
        return self._names[(module, name)]

    def persistent_load(self, pid: object) -> _Storage | _Dict | PendingFloats:
        if isinstance(pid, int) and 0 <= pid < len(self._floats):
            return self._floats[pid]
        return _Dict() if pid is None else self._machine.storage(pid)


class _Machine:
    """One run of one pickle: the names it may use, the storages it asked for, the memory it takes."""

    def __init__(self, file_size: int, order: _Order, names: frozenset[_Name]) -> None:
        self._makes_arrays = names is _NAMES
        self._file_size = file_size
        self._memory = 2 * file_size + _FREE_MEMORY
        self._widened = False
        self._used: set[int] = set()
        self._order: _Order = order
        self.storages: dict[str, _Storage] = {}

    def names(self) -> Mapping[_Name, _Inert]:
        """What each name in a file stands for; not kept, lest the machine hold itself and all it read."""
        return {
            ("collections", "OrderedDict"): _Inert(_Dict),
            ("_codecs", "encode"): _Inert(self._encode),
            ("__builtin__", "bytes"): _Inert(_no_bytes),
            ("numpy", "ndarray"): _Inert(),
            ("numpy", "dtype"): _Inert(_NumpyDtype),
            **{(module, "_reconstruct"): _Inert(self._numpy_array) for module in _NUMPY},
            **{(module, "scalar"): _Inert(_scalar) for module in _NUMPY},
            ("torch._utils", "_rebuild_tensor_v2"): _Inert(self._tensor),
            ("torch._utils", "_rebuild_tensor_v3"): _Inert(self._tensor_of_dtype),
            ("torch._utils", "_rebuild_parameter"): _Inert(_parameter),
            ("torch.storage", "UntypedStorage"): _Inert(),
            **{("torch", f"{name}Storage"): _ElementType(code) for name, code in _ELEMENTS.items()},
            **{("torch", name): _ElementType(code) for name, code in _DTYPES.items()},
        }

    def run(self, program: _Program) -> object:
        return _Unpickler(program, self).load()

    def storage(self, pid: object) -> _Storage:
        kind, element, key, _, count, *view = _tuple_of(pid, 5, 6)
        if kind != "storage" or not isinstance(key, str) or view not in ([], [None]):
            raise UnsafeFileError("damaged: it refers to something that is no tensor's storage")
        code = element.code if isinstance(element, _ElementType) else None
        if key not in self.storages:
            self.storages[key] = _Storage(code, _sizes((count,))[0], self._order)
        return self.storages[key]

    def _encode(self, text: object, encoding: object) -> bytes:
        if not isinstance(text, str) or encoding != "latin1":
            raise UnsafeFileError("damaged: it holds bytes in an unknown encoding")
        self._spend(len(text))
        return text.encode("latin1")

    def _numpy_array(self, *_template: object) -> _NumpyArray:
        return _NumpyArray(self._use)

    def _use(self, raw: bytes) -> None:
        """Count the memory of an array whose bytes are those of another array, too."""
        if id(raw) in self._used:
            self._spend(2 * len(raw))
        self._used.add(id(raw))

    def _tensor(
        self,
        storage: object,
        offset: object,
        size: object,
        stride: object,
        *rest: object,
        code: str | None = None,
    ) -> _Tensor:
        if not isinstance(storage, _Storage):
            raise UnsafeFileError("damaged: a tensor has no storage")
        metadata = rest[2] if len(rest) > 2 else None
        tensor = _Tensor(storage, storage.code_of_elements(code), ((offset,), size, stride), metadata)
        if tensor.code == _BRAIN_FLOAT and not self._widened:
            self._memory += 2 * self._file_size
            self._widened = True
        if self._makes_arrays:
            self._spend(tensor.cost)
        return tensor

    def _tensor_of_dtype(
        self, storage: object, offset: object, size: object, stride: object, *rest: object
    ) -> _Tensor:
        grad, hooks, dtype, *metadata = rest
        if not isinstance(dtype, _ElementType):
            raise UnsafeFileError("damaged: a tensor does not say what its elements are")
        return self._tensor(storage, offset, size, stride, grad, hooks, *metadata, code=dtype.code)

    def _spend(self, nbytes: int) -> None:
        self._memory -= nbytes
        if self._memory < 0:
            raise UnsafeFileError("it would take far more memory than it is large")


def _no_bytes() -> bytes:
    return b""


def _scalar(dtype: object, raw: object) -> object:
    """A number or text of Python; of a complex number or a time, an array without a dimension."""
    if not isinstance(dtype, _NumpyDtype) or not isinstance(raw, bytes):
        raise UnsafeFileError("it holds a numpy scalar of an unknown kind")
    array = _of_unicode(dtype.array((), False, raw))
    return array.item() if array.dtype.kind in "biufSU" and array.dtype.char != "g" else _Whole(array)


def _of_unicode(array: _Array) -> _Array:
    """The same array; of some characters beyond Unicode numpy would make text that nobody can write."""
    if array.dtype.kind == "U" and (array.reshape(-1).view(np.uint32) > sys.maxunicode).any():
        raise ValueError("text beyond Unicode")
    return array


class _Whole(_Sealed, PendingArray):
    __slots__ = ("_array",)

    def __init__(self, array: _Array) -> None:
        self._array = array

    def resolve(self) -> _Array:
        return self._array


def _parameter(data: object, *_: object) -> object:
    return data


def _contiguous(size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(size[axis + 1 :]) for axis in range(len(size)))


def _itemsize(code: str) -> int:
    return 2 if code == _BRAIN_FLOAT else np.dtype(code).itemsize


def _native(array: _Array) -> _Array:
    if array.dtype.kind == "b":
        return np.not_equal(array.view(np.uint8), 0)  # a damaged byte is neither True nor False
    return array.astype(np.dtype(array.dtype.newbyteorder("=")), copy=False)


def _tuple_of(value: object, *lengths: int) -> tuple[object, ...]:
    if not isinstance(value, tuple) or len(value) not in lengths:
        raise UnsafeFileError("damaged: it holds an array that is not described as one")
    return value


def _sizes(value: object) -> tuple[int, ...]:
    if not isinstance(value, tuple) or not all(type(size) is int and size >= 0 for size in value):
        raise UnsafeFileError("damaged: an array has sizes that are none")
    return value
