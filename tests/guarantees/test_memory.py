"""Reading takes at most three times the file and 64 MB, however the file is made.

Python's own objects are larger than what stands for them in a file: a list of numbers, a nested
list, a scalar or a small array of numpy take up to `OBJECTS` times their part of the file.
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pyhermes.core import Problem, load_arguments, load_run
from tests.guarantees.attack import LEGACY, SYSTEM
from tests.guarantees.memory import FORGET_PEAK, STATUS
from tests.torch_files import STORAGE, archive, dict_of, saved, tensor, text

ROOT = Path(__file__).parent.parent.parent
FREE = 64 << 20
TIMES = 3
OBJECTS = 24
WIDE = b"J" + struct.pack("<i", 1 << 20)


def measured(folder: Path) -> dict[str, tuple[int, str]]:
    """The memory that every file of a folder takes, and what became of it, from another process."""
    if not (STATUS.exists() and os.access(FORGET_PEAK, os.W_OK)):
        pytest.skip("the system does not say how much memory a process had")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.guarantees.memory", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[int, str]] = json.loads(done.stdout)
    return found


def legacy_file(program: bytes, keys: bytes = b"\x80\x02].", rest: bytes = b"") -> bytes:
    return LEGACY + SYSTEM + program + keys + rest


def shared_lists() -> bytes:
    """A thousand times a thousand times one list of a thousand numbers."""
    numbers: list[object] = [0.5] * 1000
    return saved({"k": [[numbers] * 1000] * 1000, "n": [[[0.5]] * 1000] * 1000})


def deflated() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", dict_of(tensor()))
        file.writestr("archive/data/0", bytes(1 << 28))
    return buffer.getvalue()


def oversized() -> bytes:
    data = bytearray(archive(dict_of(tensor()), **{"0": bytes(8)}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 20 : at + 28] = struct.pack("<II", 1 << 31, 1 << 31)
    return bytes(data)


def repeated(part: bytes, times: int) -> bytes:
    return archive(dict_of(b"](" + part * times + b"e"), **{"0": bytes(4 << 20)})


STORED = STORAGE.replace(b"K\x02tQ", WIDE + b"tQ")
BRAIN = STORED.replace(b"Float", b"BFloat16")
TURNED = {"size": b"K\x02" + WIDE.replace(b"\x10", b"\x08") + b"\x86", "stride": b"K\x01K\x01\x86"}

BOMBS: dict[str, Callable[[], bytes]] = {
    "deflate": deflated,
    "a declared size": oversized,
    "strides": lambda: archive(dict_of(tensor(size=b"J\xff\xff\xff\x7f\x85", stride=b"K\x00\x85")), **{"0": bytes(8)}),
    "a declared storage": lambda: archive(dict_of(tensor(storage=STORAGE.replace(b"K\x02tQ", b"J\xff\xff\xff\x7ftQ"))), **{"0": bytes(8)}),
    "bytearray": lambda: archive(dict_of(b"c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R")),
    "bytes": lambda: archive(dict_of(b"c__builtin__\nbytes\nJ\xff\xff\xff\x7f\x85R")),
    "an array of zeros": lambda: archive(dict_of(b"ctorch\nzeros\nJ\xff\xff\xff\x7f\x85R")),
    "a long text": lambda: archive(b"\x80\x02X\xff\xff\xff\x7fabc."),
    "a long integer": lambda: archive(dict_of(b"\x8b\xff\xff\xff\x7f\x01")),
    "long integers": lambda: archive(dict_of(b"](" + (b"\x8a\xff" + b"\x7f" * 255) * 4000 + b"e")),
    "a memo number": lambda: archive(dict_of(b"K\x01r\xff\xff\xff\x7f")),
    "memo numbers": lambda: archive(dict_of(b"](" + b"N" * 100_000 + b"e" + b"r\xff\xff\0\0")),
    "legacy sizes": lambda: legacy_file(dict_of(tensor(storage=STORED, size=WIDE + b"\x85")), b"\x80\x02]" + text("0") + b"a.", struct.pack("<q", 1 << 20)),
    "a legacy size of its own": lambda: legacy_file(dict_of(tensor()), b"\x80\x02]" + text("0") + b"a.", struct.pack("<q", 1 << 60) + bytes(8)),
    "shared lists": shared_lists,
    "one array many times": lambda: saved({"k": [np.zeros(1 << 17)] * 1000}),
    "one tensor many times": lambda: repeated(tensor(size=WIDE + b"\x85", storage=STORED), 3000),
    "one tensor ten times": lambda: repeated(tensor(size=WIDE + b"\x85", storage=STORED), 18),
    "one turned tensor ten times": lambda: repeated(tensor(storage=STORED, **TURNED), 18),
    "one wide tensor ten times": lambda: repeated(tensor(size=WIDE + b"\x85", storage=BRAIN), 18),
    "arrays of the same bytes": lambda: archive(dict_of(text("x" * 1_000_000) + b"q\x01c_codecs\nencode\nh\x01" + text("latin1") + b"\x86Rq\x02](" + (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text("b") + b"\x87R(K\x01" + b"J" + struct.pack("<i", 1_000_000) + b"\x85cnumpy\ndtype\n" + text("u1") + b"\x89\x88\x87R\x89h\x02tb") * 400 + b"e")),
    "bytes from one text": lambda: archive(dict_of(text("x" * 1_000_000) + b"q\x01](" + (b"c_codecs\nencode\nh\x01" + text("latin1") + b"\x86R") * 200 + b"e")),
    "lists": lambda: archive(b"\x80\x02" + b"]" * (1 << 20) + b"."),
    "dicts": lambda: archive(b"\x80\x02" + b"}" * (1 << 20) + b"."),
    "dicts of one": lambda: archive(b"\x80\x02" + b"}NNs" * (1 << 18) + b"."),
    "tuples": lambda: archive(b"\x80\x02N" + b"\x85" * (1 << 20) + b"."),
    "arrays without elements": lambda: archive(b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01" + b"h\x01)R" * (1 << 18) + b"."),
    "marks": lambda: archive(b"\x80\x02" + b"(" * (1 << 20) + b"."),
    "nothing": lambda: archive(dict_of(b"](" + b"N" * 300_000 + b"e")),
    "lists in a result": lambda: archive(dict_of(b"](" + b"]" * 60_000 + b"e")),
    "cycles": lambda: archive(dict_of(b"]q\x01" + b"(h\x01h\x01e" * 1000)),
}  # fmt: skip


@pytest.mark.slow
def test_bombs_take_next_to_nothing(tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        data = make()
        (tmp_path / f"{name}.result").write_bytes(data)
        (tmp_path / f"{name}.pth").write_bytes(data)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert max(sizes.values()) < 8 << 20
    found = measured(tmp_path)
    over = {name: took for name, took in found.items() if took[0] > TIMES * sizes.get(name, 0) + FREE}
    assert over == {}
    assert len(found) == 2 * len(BOMBS) + 1
    read = {name for name, (_, became) in found.items() if became == "read"}
    assert "shared lists.result" in read
    assert {f"{name}.result" for name in ("deflate", "strides", "lists", "dicts", "cycles")} & read == set()


def honest() -> dict[str, tuple[object, bool]]:
    """What runs leave behind, up to 60 MB each, and whether in the form of old versions of torch."""
    draw = np.random.default_rng(1)
    tensors = {f"layer{index}": torch.zeros(1 << 20) + index for index in range(15)}
    few = dict(list(tensors.items())[:8])
    return {
        "tensors.result": (tensors, False),
        "tensors.pth": (tensors, False),
        "old.result": (few, True),
        "old.pth": (few, True),
        "turned.result": ({"t": torch.zeros(4096, 2048).T}, False),
        "bool.result": ({"b": torch.zeros(40 << 20, dtype=torch.bool)}, False),
        "arrays.result": ({f"a{index}": draw.normal(size=1 << 19) for index in range(6)}, False),
        "stacked.result": ({"q": [torch.zeros(64, 64) for _ in range(2400)]}, False),
        "tied.pth": ({f"copy{index}": tensors["layer0"][:] for index in range(60)}, False),
        "floats.result": ({"loss": draw.normal(size=5_000_000).tolist()}, False),
        "small arrays.result": ({"q": [draw.normal(size=2) for _ in range(40_000)]}, False),
        "numpy scalars.result": ({"loss": list(draw.normal(size=60_000))}, False),
        "flags.result": ({"solved": [True, False] * 1_000_000}, False),
    }


@pytest.mark.slow
def test_honest_files_take_three_times_their_size_and_64_mb(tmp_path: Path) -> None:
    for name, (values, legacy) in honest().items():
        torch.save(values, tmp_path / name, _use_new_zipfile_serialization=not legacy)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    found = measured(tmp_path)
    over = {name: took for name, took in found.items() if took[0] > TIMES * sizes.get(name, 0) + FREE}
    assert over == {}
    assert {became for _, became in found.values()} == {"read"}


@pytest.mark.slow
def test_objects_of_python_take_so_many_times_their_part_of_the_file(tmp_path: Path) -> None:
    """What no bound of the file's size can hold for: the values themselves are larger."""
    steps = list(range(300, 60_300)) * 25
    for name, values in {"steps": steps, "pairs": [[step, 0.5] for step in steps[:100_000]]}.items():
        torch.save({"k": values}, tmp_path / f"{name}.result")
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    found = measured(tmp_path)
    assert {name: took for name, took in found.items() if took[0] > OBJECTS * sizes.get(name, 0) + FREE} == {}
    assert {became for _, became in found.values()} == {"read"}


@pytest.mark.slow
def test_a_text_of_a_gigabyte_is_a_problem_and_nothing_of_it_is_read(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("hermes.info", "exec_arguments"):
        with (run / name).open("wb") as file:
            file.truncate(1 << 30)
    problem = "a file of at most 64 MiB"
    assert load_run(run).info.problems == (Problem(None, None, "hermes.info", problem),)
    assert load_arguments(run).problems == (Problem(None, None, "exec_arguments", problem),)
    peak, became = measured(tmp_path)["run"]
    assert became == "read"
    assert peak < 1 << 22
