"""`*.pth` files, read without running anything from them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pyhermes.core import CheckpointError, MissingFileError, NotAFileError, load_state_dict
from pyhermes.core.disk import state_dicts
from pyhermes.core.disk.run_files import load_network
from pyhermes.core.disk.state_dicts import read_state_dict
from pyhermes.core.torch_file.archive import OpenFile
from pyhermes.core.torch_file.reader import check_checkpoint
from tests.conftest import EXAMPLES
from tests.torch_files import Ran, saved

CHECKPOINTS = sorted((EXAMPLES / "runs").rglob("*.pth"))

State = dict[str, torch.Tensor]


def same_tensors(a: State, b: State) -> bool:
    return list(a) == list(b) and all(
        a[name].dtype == b[name].dtype and torch.equal(a[name].detach(), b[name].detach()) for name in a
    )


def net_for(state: State) -> torch.nn.Sequential:
    """A network of the shapes of a real checkpoint, whose layers are numbered."""
    layers: dict[str, torch.nn.Module] = {}
    for name, value in state.items():
        place, _, kind = name.rpartition(".")
        if kind == "weight":
            layers[place] = torch.nn.Linear(value.shape[1], value.shape[0])
    net = torch.nn.Sequential()
    for place, layer in layers.items():
        parent: torch.nn.Module = net
        *outer, last = place.split(".")
        for part in outer:
            if part not in dict(parent.named_children()):
                parent.add_module(part, torch.nn.Sequential())
            parent = parent.get_submodule(part)
        parent.add_module(last, layer)
    return net


def read(data: bytes, device: torch.device | str = "cpu") -> State:
    return read_state_dict(io.BytesIO(data), device)


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_real_checkpoints_are_what_torch_reads(path: Path) -> None:
    state = load_state_dict(path)
    assert type(state) is dict
    assert state
    assert same_tensors(state, torch.load(path))


@pytest.mark.parametrize("path", CHECKPOINTS[:2], ids=lambda path: path.stem)
def test_a_real_checkpoint_goes_into_a_network_that_is_ready_to_be_used(path: Path) -> None:
    state = load_state_dict(path)
    net = net_for(state)
    modes = [net.training]
    assert load_network(path, net) is net
    assert [*modes, net.training] == [True, False]
    assert same_tensors(dict(net.state_dict()), state)


DTYPES = [
    torch.bfloat16,
    torch.float16,
    torch.float32,
    torch.float64,
    torch.int64,
    torch.uint8,
    torch.bool,
    torch.complex64,
]


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_of_every_kind_come_back_exactly(dtype: torch.dtype, legacy: bool) -> None:
    state = {
        "weight": torch.arange(6).reshape(2, 3).to(dtype),
        "turned": torch.arange(6).reshape(2, 3).to(dtype).T,
        "number": torch.tensor(1).to(dtype),
        "empty": torch.zeros(0, 3, dtype=dtype),
    }
    assert same_tensors(read(saved(state, legacy=legacy)), state)


def test_parameters_and_the_state_of_a_module_are_tensors() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    assert same_tensors(read(saved(net.state_dict())), dict(net.state_dict()))
    parameter = torch.nn.Parameter(torch.ones(2))
    assert same_tensors(read(saved({"p": parameter})), {"p": parameter.detach()})


def test_an_empty_state_dict_and_shared_tensors() -> None:
    assert read(saved({})) == {}
    tied = torch.ones(2)
    state = read(saved({"a": tied, "b": tied}))
    state["a"][0] = 5
    assert state["b"][0] == 5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.ones(2), "expected a state dict, got 'Tensor'"),
        ([torch.ones(2)], "expected a state dict, got 'list'"),
        (3, "expected a state dict, got 'int'"),
        (None, "expected a state dict, got 'NoneType'"),
        ({"model": {"weight": torch.ones(1)}}, r"names and tensors, got 'model': {'weight': "),
        ({"epoch": 3}, "names and tensors, got 'epoch': 3"),
        ({0: torch.ones(1)}, "names and tensors, got 0: tensor"),
    ],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_what_is_no_state_dict(values: object, message: str, legacy: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    path.write_bytes(saved(values, legacy=legacy))
    with pytest.raises(CheckpointError, match=message) as error:
        load_state_dict(path)
    assert isinstance(error.value, ValueError)
    assert error.value.path == path


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickled_module_is_refused(legacy: bool, tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    path.write_bytes(saved(torch.nn.Linear(2, 2), legacy=legacy))
    with pytest.raises(CheckpointError, match=r"whole\.pth: .*running code from a file is refused"):
        load_state_dict(path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, which would be loading then
def test_torch_would_run_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should our check ever let something pass, even where the environment allows torch to run it."""
    monkeypatch.setattr(state_dicts, "check_checkpoint", lambda file: None)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    data = saved({"w": torch.ones(1), "x": Ran(tmp_path / "ran")})
    with pytest.raises(CheckpointError, match="got a file that torch cannot load"):
        read(data)
    assert not (tmp_path / "ran").exists()


def test_arrays_of_numpy_are_no_tensors() -> None:
    with pytest.raises(CheckpointError, match="expected a state dict, got a file that cannot be read as one"):
        read(saved({"w": np.ones(2)}))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"text", pickle.dumps({"a": 1}, 2), bytes(999)])
def test_what_torch_did_not_write(data: bytes) -> None:
    with pytest.raises(CheckpointError, match="expected a state dict, got a file that cannot be read as one"):
        read(data)


def test_a_device_that_is_not_there_is_one_error_of_ours() -> None:
    with pytest.raises(CheckpointError, match="got a file that torch cannot load"):
        read(saved({"a": torch.ones(1)}), "no-device")


def test_what_holds_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        load_state_dict(tmp_path / "none.pth")
    with pytest.raises(NotAFileError):
        load_state_dict(tmp_path)


def test_an_error_about_a_long_name_is_short() -> None:
    with pytest.raises(CheckpointError) as error:
        read(saved({"x" * 100_000: 1}))
    assert len(str(error.value)) < 1000


# Large files are mapped, not read


def is_mapped(path: Path) -> bool:
    """Whether this process has a file in its memory, where the system tells."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("the system does not tell what is mapped")
    return str(path) in maps.read_text()


def test_a_large_file_is_mapped_and_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.pth"
    before = saved({"w": torch.arange(5000.0)})
    path.write_bytes(before)
    monkeypatch.setattr(state_dicts, "_MAPPED_FROM", 1000)
    state = load_state_dict(path)
    assert is_mapped(path)
    assert torch.equal(state["w"], torch.arange(5000.0))
    state["w"][:] = 0
    assert path.read_bytes() == before
    path.unlink()
    assert torch.equal(state["w"], torch.zeros(5000))


def test_a_large_file_of_old_torch_or_without_a_path_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_dicts, "_MAPPED_FROM", 1000)
    path = tmp_path / "legacy.pth"
    path.write_bytes(saved({"w": torch.arange(5000.0)}, legacy=True))
    state = load_state_dict(path)
    assert not is_mapped(path)
    assert torch.equal(state["w"], torch.arange(5000.0))
    assert torch.equal(read(saved(state))["w"], torch.arange(5000.0))


def test_a_small_file_is_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "small.pth"
    path.write_bytes(saved({"w": torch.ones(5)}))
    state = load_state_dict(path)
    assert not is_mapped(path)
    assert state["w"].tolist() == [1.0] * 5


def test_a_large_file_is_checked_before_it_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_dicts, "_MAPPED_FROM", 10)
    data = bytearray(saved({"w": torch.full((5000,), 1.0)}))
    data[len(data) // 2] ^= 1
    path = tmp_path / "large.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"large\.pth: .*damaged"):
        load_state_dict(path)


def write_over(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def put_another_in_place(path: Path, data: bytes) -> None:
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize(
    ("change", "mapped_from"),
    [(write_over, 1 << 20), (put_another_in_place, 1 << 20), (put_another_in_place, 10)],
)
def test_what_was_checked_is_what_is_loaded(
    change: Callable[[Path, bytes], None], mapped_from: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(saved({"w": torch.ones(5000)}))

    def check_and_change(file: OpenFile) -> None:
        check_checkpoint(file)
        change(path, saved({"w": torch.zeros(5000)}))

    monkeypatch.setattr(state_dicts, "check_checkpoint", check_and_change)
    monkeypatch.setattr(state_dicts, "_MAPPED_FROM", mapped_from)
    assert load_state_dict(path)["w"].tolist() == [1.0] * 5000


def test_where_an_open_file_has_no_name_it_is_mapped_by_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_dicts, "_MAPPED_FROM", 10)
    monkeypatch.setattr(state_dicts, "_OPEN_FILES", tmp_path / "nowhere")
    (tmp_path / "a.pth").write_bytes(saved({"w": torch.ones(5000)}))
    state = load_state_dict(tmp_path / "a.pth")
    assert state["w"].tolist() == [1.0] * 5000
    assert is_mapped(tmp_path / "a.pth")


def test_an_error_about_a_network_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(saved({"other": torch.ones(1)}))
    with pytest.raises(CheckpointError, match=r"other\.pth: expected a state dict that fits the network"):
        load_network(path, torch.nn.Linear(2, 3))


def test_a_state_is_loaded_onto_the_device_of_the_network(tmp_path: Path) -> None:
    assert read_state_dict(io.BytesIO(saved({"a": torch.ones(1)})))["a"].device == torch.device("cpu")
    assert read(saved({"a": torch.ones(1)}), "meta")["a"].device == torch.device("meta")
    path = tmp_path / "x.pth"
    path.write_bytes(saved({}))
    without = torch.nn.ReLU()
    assert load_network(path, without) is without
