"""Reading what `torch.save` wrote, without torch and without running anything from the file.

A pickle is a program. It is checked before it runs (`check`): only the opcodes that `torch.save` uses,
only the names in one table (`allowed`), no memory asked for by a number alone. Then Python's own
unpickler runs it, and finds under those names nothing but inert objects, which check what they are
given. Arrays and tensors come out as `PendingArray`s, whose `resolve` gives a numpy array.
"""

from __future__ import annotations

import contextlib
import pickle
import zipfile
from collections.abc import Generator

from pyhermes.core.arrays.kinds import is_list
from pyhermes.core.messages import shown
from pyhermes.core.torch_file.allowed import RESULT_NAMES, TENSOR_NAMES, FileState, find_allowed
from pyhermes.core.torch_file.archive import OpenFile, is_zip, open_archive, read_entry
from pyhermes.core.torch_file.budget import MemoryBudget
from pyhermes.core.torch_file.check import Name, Program, check_program
from pyhermes.core.torch_file.errors import UnsafeFileError
from pyhermes.core.torch_file.objects import FloatRow, Inert, SafeDict
from pyhermes.core.torch_file.tensors import Storage

# A pickle of torch's magic number and one of its protocol version, 1001, as torch before 1.6 wrote them.
_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."


def read_torch_file(file: OpenFile) -> object:
    """Read the object in a file of `torch.save`: plain values, and `PendingArray`s inside them.

    Raises `UnsafeFileError` for whatever is wrong with it.
    """
    with _one_error():
        if not is_zip(file):
            return _read_legacy(file.read(), RESULT_NAMES)
        archive, folder = open_archive(file)
        value, storages = _read_pickle(archive, folder, RESULT_NAMES)
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
            _read_legacy(file.read(), TENSOR_NAMES)
            return
        archive, folder = open_archive(file)
        damaged = archive.testzip()
        if damaged is not None:
            raise UnsafeFileError(f"damaged: the checksum of {shown(damaged)} is wrong")
        for entry, storage in _read_pickle(archive, folder, TENSOR_NAMES)[1].items():
            storage.check_size(archive.getinfo(entry).file_size)


def run_program(program: Program, state: FileState) -> object:
    """Run a pickle that was checked; return the object that it makes."""
    return _Machine(program, state).load()


class _Machine(pickle.Unpickler):
    """Python's unpickler, whose only two ways to the outside lead to objects of ours."""

    def __init__(self, program: Program, state: FileState) -> None:
        super().__init__(program.file)
        self._rows = program.rows
        self._state = state

    def find_class(self, module: str, name: str) -> Inert:
        return find_allowed((module, name), self._state)

    def persistent_load(self, pid: object) -> Storage | SafeDict | FloatRow:
        """Answer what `check` wrote, None and the numbers of rows, and torch's own: storages."""
        if pid is None:
            return SafeDict()
        if type(pid) is int and 0 <= pid < len(self._rows):
            return self._rows[pid]
        return self._state.find_storage(pid)


@contextlib.contextmanager
def _one_error() -> Generator[None]:
    try:
        yield
    except UnsafeFileError:
        raise
    except Exception as error:  # a damaged file ends in some fourteen types of error
        raise UnsafeFileError(f"damaged, or not written by torch.save ({type(error).__name__})") from error


def _read_pickle(
    archive: zipfile.ZipFile, folder: str, names: frozenset[Name]
) -> tuple[object, dict[str, Storage]]:
    """Read the object in an archive; return it, and the storages to be filled, by their entries."""
    program = _check_pickle(archive.read(f"{folder}data.pkl"), names)
    order = f"{folder}byteorder"
    big = order in archive.namelist() and archive.read(order) == b"big"
    budget = MemoryBudget(sum(entry.file_size for entry in archive.infolist()))
    state = FileState(">" if big else "<", budget, makes_arrays=names is RESULT_NAMES)
    value = run_program(program, state)
    return value, {f"{folder}data/{key}": storage for key, storage in state.storages.items()}


def _check_pickle(data: bytes, names: frozenset[Name]) -> Program:
    program, end = check_program(data, 0, names)
    if end != len(data):
        raise UnsafeFileError("damaged: something follows the end of the pickle")
    return program


def _read_legacy(data: bytes, names: frozenset[Name]) -> object:
    """Read a file from before torch 1.6: pickles one after the other, then the storages.

    The pickles are the magic number, the version, the system, the object, and the keys of the storages in
    the order in which they follow.
    """
    if not data.startswith(_LEGACY_MAGIC):
        raise UnsafeFileError("not written by torch.save")
    state = FileState("<", MemoryBudget(len(data)), makes_arrays=names is RESULT_NAMES)
    _, at = check_program(data, len(_LEGACY_MAGIC), names)  # the system's description is not run
    program, at = check_program(data, at, names)
    value = run_program(program, state)
    program, at = check_program(data, at, names)
    for key in _require_keys(run_program(program, state), state.storages):
        at = _fill_legacy(data, at, key, state.storages[key])
    return value


def _require_keys(keys: object, storages: dict[str, Storage]) -> list[str]:
    # only text is hashed: a tuple could be made to be hashed forever
    found = [key for key in keys if isinstance(key, str)] if is_list(keys) else []
    if not is_list(keys) or len(found) != len(keys) or set(found) != set(storages):
        raise UnsafeFileError("damaged: the list of storages does not match the tensors")
    return found


def _fill_legacy(data: bytes, at: int, key: str, storage: Storage) -> int:
    """Fill a storage from its size, eight bytes, and its elements at `at`; return where they end."""
    begin = at + 8
    if int.from_bytes(data[at:begin], "little") != storage.count:
        raise UnsafeFileError(f"damaged: the size of storage {shown(key)} is not what the pickle says")
    storage.fill(data[begin : begin + storage.nbytes])
    return begin + storage.nbytes
