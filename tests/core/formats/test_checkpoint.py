"""State dicts and networks in memory."""

from __future__ import annotations

import pytest
import torch

from pyhermes.core import CheckpointError
from pyhermes.core.formats.checkpoint import device_of, load_into, require_state_dict

State = dict[str, torch.Tensor]


def same_tensors(a: State, b: State) -> bool:
    return list(a) == list(b) and all(
        a[name].dtype == b[name].dtype and torch.equal(a[name].detach(), b[name].detach()) for name in a
    )


def test_a_state_dict_becomes_a_plain_dict() -> None:
    state = torch.nn.Linear(2, 3).state_dict()
    plain = require_state_dict(state)
    assert type(plain) is dict
    assert same_tensors(plain, dict(state))
    assert require_state_dict({}) == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([torch.ones(1)], "expected a state dict, got 'list'"),
        (None, "expected a state dict, got 'NoneType'"),
        ({"epoch": 3}, "expected a state dict of names and tensors, got 'epoch': 3"),
        ({0: torch.ones(1)}, "expected a state dict of names and tensors, got 0: tensor"),
    ],
)
def test_what_is_no_state_dict(values: object, message: str) -> None:
    with pytest.raises(CheckpointError) as error:
        require_state_dict(values)
    assert str(error.value).startswith(message)


def filled(net: torch.nn.Module, value: float) -> State:
    return {name: torch.full_like(tensor, value) for name, tensor in net.state_dict().items()}


def test_a_state_that_fits() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout())
    assert load_into(net, filled(net, 0.5)) is net
    assert not net.training
    assert not net[1].training
    assert same_tensors(dict(net.state_dict()), filled(net, 0.5))


@pytest.mark.parametrize(
    "wrong",
    [
        {
            "0.weight": torch.ones(2, 2),
            "0.bias": torch.ones(3),
            "2.weight": torch.ones(1, 3),
            "2.bias": torch.ones(1),
        },
        {"0.weight": torch.ones(3, 2), "0.bias": torch.ones(3)},
        {"other": torch.ones(1)},
        {},
    ],
    ids=["shape", "missing", "other", "empty"],
)
def test_a_state_that_does_not_fit_leaves_the_network_as_it_was(wrong: State) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(CheckpointError, match="expected a state dict that fits the network") as error:
        load_into(net, wrong)
    assert isinstance(error.value, ValueError)
    assert same_tensors(dict(net.state_dict()), before)
    assert net.training


def test_a_state_with_one_name_too_many_leaves_the_network_as_it_was() -> None:
    net = torch.nn.Linear(2, 3)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(CheckpointError, match="extra"):
        load_into(net, {**filled(net, 0.5), "extra": torch.ones(1)})
    assert same_tensors(dict(net.state_dict()), before)


def test_a_network_takes_its_own_dtype_of_what_fits() -> None:
    net = torch.nn.Linear(2, 3)
    load_into(net, {"weight": torch.ones(3, 2, dtype=torch.bfloat16), "bias": torch.ones(3)})
    assert net.weight.dtype == torch.float32
    assert net.weight.tolist() == [[1.0, 1.0]] * 3


def test_a_network_with_state_of_its_own() -> None:
    class Counting(torch.nn.Linear):
        def get_extra_state(self) -> dict[str, int]:
            return {"count": 1}

        def set_extra_state(self, state: object) -> None:
            raise AssertionError("it was not stored")

    net = Counting(2, 2)
    before = net.weight.tolist()
    with pytest.raises(CheckpointError, match="extra_state"):
        load_into(net, filled(torch.nn.Linear(2, 2), 0.5))
    assert net.weight.tolist() == before


def test_a_lazy_network_takes_the_shapes_of_the_state() -> None:
    state = filled(torch.nn.Linear(2, 3), 0.5)
    assert same_tensors(dict(load_into(torch.nn.LazyLinear(3), state).state_dict()), state)


def test_the_device_of_a_network() -> None:
    assert device_of(torch.nn.Linear(1, 1)) == torch.device("cpu")
    assert device_of(torch.nn.Linear(1, 1, device="meta")) == torch.device("meta")
    assert device_of(torch.nn.ReLU()) == "cpu"
    buffered = torch.nn.Module()
    buffered.register_buffer("buffer", torch.ones(1, device="meta"))
    assert device_of(buffered) == torch.device("meta")
