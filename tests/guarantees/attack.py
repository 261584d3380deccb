"""A process that loads files made to do harm, and dies as soon as one of them does anything.

`python -m tests.guarantees.attack FOLDER SEED COUNT` prints what became of them as JSON; with
`unsafe` as a fourth word it loads one of them as it must not be loaded.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch

from pyhermes.core import HermesError, decode_result, load_state_dict
from tests.torch_files import F8, array_state, dict_of, tensor, text

CAUGHT = 97
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
SYSTEM = pickle.dumps({"little_endian": True}, 2)
CANARY = "PYHERMES_TEST_CANARY"


def touch(*_: object) -> dict[str, object]:
    """What a file must never reach, although the user has allowed torch to call it."""
    os.environ[CANARY] = "touched"
    caught("canary", ())


def caught(event: str, arguments: object) -> NoReturn:
    os.write(2, f"caught {event} {arguments!r:.300}\n".encode(errors="replace"))
    os._exit(CAUGHT)


FORBIDDEN = {
    "function.__new__",
    "exec",
    "socket.bind",
    "socket.__new__",
    "os.system",
    "os.link",
    "os.mkdir",
    "os.exec",
    "os.chmod",
    "os.putenv",
    "shutil.rmtree",
    "subprocess.Popen",
    "pickle.find_class",
    "builtins.input",
    "os.symlink",
    "os.rename",
    "marshal.load",
    "code.__new__",
    "marshal.loads",
    "import",
    "os.posix_spawn",
    "os.kill",
    "os.fork",
    "os.rmdir",
    "ctypes.dlopen",
    "os.remove",
    "os.forkpty",
    "compile",
    "socket.connect",
    "cpython.run_command",
    "ctypes.dlsym",
}


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in FORBIDDEN:
        caught(event, arguments)
    if event == "open":
        flags = arguments[2]
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            caught(event, arguments)


HARMFUL = [
    ("os", "system"),
    ("posix", "system"),
    ("posix", "mkdir"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("__builtin__", "getattr"),
    ("builtins", "__import__"),
    ("__builtin__", "bytearray"),
    ("copyreg", "_reconstructor"),
    ("operator", "attrgetter"),
    ("functools", "partial"),
    ("collections", "Counter"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "memmap"),
    ("numpy.core.multiarray", "fromstring"),
    ("numpy._core.multiarray", "array"),
    ("numpy.testing._private.utils", "runstring"),
    ("torch", "load"),
    ("torch", "Tensor"),
    ("torch.hub", "load"),
    ("torch._utils", "_rebuild_sparse_tensor"),
    ("torch._utils", "_rebuild_wrapper_subclass"),
    ("torch.jit", "load"),
    ("torch.storage", "_load_from_bytes"),
    ("torch.nn.modules.linear", "Linear"),
    ("tests.guarantees.attack", "touch"),
    ("numpy", "dtype.__class__"),
    ("pyhermes", "dict"),
]
PLAIN = [
    ("collections", "OrderedDict"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("torch._utils", "_rebuild_tensor_v3"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch.storage", "UntypedStorage"),
    ("torch", "FloatStorage"),
    ("torch", "BFloat16Storage"),
    ("torch", "int64"),
    ("_codecs", "encode"),
    ("__builtin__", "bytes"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
]
NONE_4 = b"J" + b"\xff" * 4
WHOLE = [
    tensor(),
    tensor(size=b"K\x01\x85"),
    array_state(b"K\x01\x85", F8, b"12345678"),
    array_state(b"K\x01K\x01\x86", F8.replace(b"f8", b"M8"), b"12345678"),
    b"cnumpy.core.multiarray\nscalar\n" + F8 + b"c_codecs\nencode\n" + text("12345678") + text("latin1") + b"\x86R\x86R",
    b"ctorch._utils\n_rebuild_parameter\n" + tensor() + b"\x89NtR".replace(b"t", b"\x87"),
    b"ccollections\nOrderedDict\n)R}" + text("_metadata") + b"}sb",
]  # fmt: skip


class Grammar:
    """Makes pickles: some sound, most forged, all of them short."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)

    def program(self) -> bytes:
        body = self.value(self.choose.randrange(1, 5))
        whole = dict_of(body) if self.choose.random() < 0.8 else b"\x80\x02" + body + b"."
        return self.mutated(whole) if self.choose.random() < 0.25 else whole

    def mutated(self, program: bytes) -> bytes:
        changed = bytearray(program)
        for _ in range(self.choose.randrange(1, 4)):
            changed[self.choose.randrange(2, len(changed))] = self.choose.randrange(256)
        return bytes(changed)

    def name(self) -> bytes:
        module, name = self.choose.choice(PLAIN if self.choose.random() < 0.8 else HARMFUL)
        if self.choose.random() < 0.03:
            return text(module) + text(name) + b"\x93"
        return f"c{module}\n{name}\n".encode()

    def value(self, depth: int) -> bytes:
        if depth <= 0:
            return self.atom()
        rules = (
            self.atom,
            lambda: self.choose.choice(WHOLE),
            lambda: self.call(depth),
            lambda: self.call(depth),
            lambda: self.value(depth - 1) + self.state(depth) + b"b",
            lambda: b"(" + self.values(depth) + self.choose.choice([b"t", b"l", b"d"]),
            lambda: b"](" + self.values(depth) + b"e",
            lambda: b"}(" + self.value(depth - 1) + self.value(depth - 1) + b"u",
            lambda: self.name() + self.arguments(depth) + self.choose.choice([b"\x81", b"}\x92"]),
            lambda: self.choose.choice([b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00"]),
            lambda: self.value(depth - 1) + b"Q",
            lambda: b"Pstorage\n",
            lambda: self.memo(depth),
            lambda: self.dtype_state(),
            lambda: b"(ios\nsystem\n" if self.choose.random() < 0.5 else b"(" + self.name() + b"o",
        )
        return self.choose.choices(rules, (2, 3, 6, 6, 3, 2, 2, 2, 1, 0.5, 1, 0.3, 2, 3, 0.5))[0]()

    def atom(self) -> bytes:
        return self.choose.choice(
            [
                b"N", b"\x88", b"\x89", b")", b"]", b"}", b"K\x02", NONE_4, b"J\xff\xff\xff\x7f",
                b"G" + struct.pack(">d", self.choose.random()), b"\x8a\x09" + b"\x7f" * 9, text("f8"),
                text("latin1"), text("rot13"), text("storage"), text("echo ran > ran"), text("/etc/passwd"),
                text("__class__"), text("cpu"), text("0"), b"I01\n", b"\x8c\x01x", b"B\x01\0\0\0x",
                b"\x96" + struct.pack("<Q", 1 << 40), b"r\xff\xff\xff\x7f", b"0", b"2", self.name(),
            ]
        )  # fmt: skip

    def values(self, depth: int) -> bytes:
        return b"".join(self.value(depth - 1) for _ in range(self.choose.randrange(5)))

    def arguments(self, depth: int) -> bytes:
        return b"(" + self.values(depth) + b"t"

    def call(self, depth: int) -> bytes:
        return self.name() + self.arguments(depth) + b"R"

    def state(self, depth: int) -> bytes:
        slots = b"N}" + text(self.choose.choice(["_function", "_array", "dtype", "__class__"])) + self.atom()
        return slots + b"s\x86" if self.choose.random() < 0.4 else self.value(depth - 1)

    def memo(self, depth: int) -> bytes:
        number = bytes([self.choose.randrange(4)])
        return self.value(depth - 1) + b"q" + number + b"h" + bytes([self.choose.randrange(4)])

    def dtype_state(self) -> bytes:
        """An array of a forged dtype: objects, fields, subarrays, flags, alignments."""
        pick = self.choose.choice
        kind = pick(["O8", "V8", "f8", "M8", "S8", "U2", "i4", "f7", "8f8", "O", "f8,f8"])
        fields = pick([b"N", b"}", b"(" + text("a") + b"t", text("a") + F8 + b"K\x00\x86\x85"])
        state = (
            b"(K"
            + bytes([pick([3, 4])])
            + text(pick(["<", ">", "|", "!"]))
            + pick([b"N", F8])
            + fields
            + pick([b"N", b"}"])
        )
        forged = (
            state + pick([b"K\x08", NONE_4]) + pick([b"K\x01", NONE_4]) + pick([b"K\x00", b"K\x3f"]) + b"tb"
        )
        dtype = F8.replace(b"f8", kind.encode()).replace(b"\x02\0\0\0", struct.pack("<I", len(kind)))
        return array_state(pick([b"K\x01\x85", b")", b"K\x02K\x7f\x86"]), dtype + forged, b"12345678")  # fmt: skip


def zipped(program: bytes, choose: random.Random) -> bytes:
    """An archive with sound checksums; some hide a second pickle from one of two readers."""
    hidden = choose.choice(
        ["", "", "archive/DATA.PKL", "archive/Data.pkl", "a/DATA.PKL", "archive/data.pklx"]
    )
    entries = {"archive/data.pkl": program, "archive/data/0": bytes(8), "archive/version": b"3\n"}
    if hidden:
        harmful = dict_of(b"ctests.guarantees.attack\ntouch\n)R")
        entries |= {hidden: harmful, "archive/data.pkl": choose.choice([b"\x80\x02}.", program])}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in choose.sample(list(entries), len(entries)):
            file.writestr(name, entries[name])
    data = buffer.getvalue().replace(b"data.pklx", b"data.pkl\0")
    return data if choose.random() < 0.95 else data + data


def legacy(program: bytes) -> bytes:
    return LEGACY + SYSTEM + program + pickle.dumps(["0"], 2) + struct.pack("<q", 2) + bytes(8)


def is_plain(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(map(is_plain, value))
    if hasattr(value, "items"):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    return value is None or type(value) in (
        bool,
        int,
        float,
        str,
        bytes,
        np.ndarray,
        torch.Tensor,
        torch.nn.Parameter,
    )


def load(data: bytes, descriptor: int, path: Path, checkpoint: bool) -> str:
    """What became of it: the beginning of the error, or `plain values`."""
    try:
        if not checkpoint:
            values: object = decode_result(data).values
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, data, 0)
            values = load_state_dict(path)
    except HermesError as error:
        said = error.message.partition("cannot be read as one: ")[2] or error.message
        return " ".join(said.split()[:3])
    assert is_plain(values), values
    return "plain values"


def main(folder: Path, seed: int, count: int, unsafe: bool) -> None:
    torch.serialization.add_safe_globals(
        [(touch, "tests.guarantees.attack.touch"), os.mkdir, eval, Counter, np.load]
    )
    path = folder / f"{seed}.pth"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    grammar = Grammar(seed)
    b"a".decode("cp437")  # what Python and torch import when they first need it is not the doing of a file
    repr(torch.nn.Parameter(torch.ones(1)))
    for sound in (True, False):
        buffer = io.BytesIO()
        torch.save({"w": torch.ones(2)}, buffer, _use_new_zipfile_serialization=sound)
        for checkpoint in (False, True):
            assert load(buffer.getvalue(), descriptor, path, checkpoint) == "plain values"
            for part in WHOLE:
                load(legacy(dict_of(part)), descriptor, path, checkpoint)
    sys.addaudithook(watch)
    if unsafe:
        torch.load(
            io.BytesIO(legacy(dict_of(b"cbuiltins\neval\n" + text("1") + b"\x85R"))), weights_only=False
        )
    became: Counter[str] = Counter()
    for index in range(count):
        program = grammar.program()
        data = legacy(program) if index % 2 else zipped(program, grammar.choose)
        became[load(data, descriptor, path, index % 4 > 1)] += 1
    assert CANARY not in os.environ
    print(json.dumps(became))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), "unsafe" in sys.argv)
