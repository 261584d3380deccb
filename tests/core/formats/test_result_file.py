from __future__ import annotations

import copy
import io
import pickle
import tracemalloc
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pyhermes.core import (
    NoSuchKeyError,
    ResultError,
    ResultRecord,
    ResultValue,
    decode_result,
    encode_result,
    load_result,
    save_result,
)
from pyhermes.core.formats.result_file import read_values, scalars_of, series_of
from pyhermes.core.typing import PlainKey
from tests.conftest import DOUBLE, EXAMPLES, TAXI
from tests.torch_files import saved

RESULTS = sorted((EXAMPLES / "runs").rglob("*.result"))


def read(values: object) -> object:
    """What one value in a file of torch.save is read as."""
    return decode_result(saved({"key": values})).values["key"]


def array(value: object) -> NDArray[np.generic]:
    assert isinstance(value, np.ndarray)
    return value


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_real_results_are_what_torch_reads_unsafely(path: Path) -> None:
    record = load_result(path)
    expected = torch.load(path, weights_only=False)
    assert list(record.values) == list(expected)
    for key, values in expected.items():
        series, truth = array(record.values[key]), np.array([np.asarray(value) for value in values])
        assert series.dtype == truth.dtype
        np.testing.assert_array_equal(series, truth)


def test_the_series_of_real_runs() -> None:
    record = load_result(EXAMPLES / "runs" / DOUBLE / "2026_11_23_182554711422_8_fcbfa.result")
    assert {key: (array(value).shape, array(value).dtype.str) for key, value in record.values.items()} == {
        "return": ((150,), "<f8"),
        "epsilon": ((150,), "<f8"),
        "loss": ((746,), "<f8"),
        "solved": ((150,), "|b1"),
        "q_at_origin": ((15, 2), "<f4"),
    }


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_saving_and_loading_again_changes_nothing(path: Path, tmp_path: Path) -> None:
    record = load_result(path)
    again = load_result(save_result(record, tmp_path / "new" / "again.result"))
    assert again == record
    assert decode_result(encode_result(again)) == record


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_plain_torch_load_reads_what_is_written(path: Path, tmp_path: Path) -> None:
    record = load_result(path)
    plain = torch.load(save_result(record, tmp_path / "x.result"))
    assert type(plain) is dict
    for key, tensor in plain.items():
        np.testing.assert_array_equal(tensor.numpy(), record.values[key])


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([True, False], "bool", [True, False]),
        ([1, 2], "int64", [1, 2]),
        ([True, 2], "int64", [1, 2]),
        ([1, 0.5], "float64", [1.0, 0.5]),
        ([True, 0.5], "float64", [1.0, 0.5]),
        ([], "float64", []),
        ([np.float32(0.5), np.float64(2)], "float64", [0.5, 2.0]),
        ([np.int32(1), np.uint8(2)], "int64", [1, 2]),
        ([np.bool_(True), np.bool_(False)], "bool", [True, False]),
        ([torch.tensor(1.5), torch.tensor(2.5)], "float64", [1.5, 2.5]),
        ([torch.tensor(1), 2], "int64", [1, 2]),
        ([torch.tensor(1.0, requires_grad=True)], "float64", [1.0]),
        ([np.array(1.5), 2], "float64", [1.5, 2.0]),
        ([[1, 2], [3, 4]], "int64", [[1, 2], [3, 4]]),
        ([[1, 2], [3, 0.5]], "float64", [[1, 2], [3, 0.5]]),
        ([(1, 2), (3, 4)], "int64", [[1, 2], [3, 4]]),
        ([[], []], "float64", [[], []]),
        ([np.zeros((2, 3), "f4")] * 2, "float32", np.zeros((2, 2, 3)).tolist()),
        ([torch.ones(2, dtype=torch.int16)] * 3, "int16", [[1, 1]] * 3),
        ([np.complex64(1j)], "complex64", [1j]),
    ],
)
def test_lists_of_numbers_become_arrays(values: list[object], dtype: str, expected: list[object]) -> None:
    found = array(read(values))
    assert found.dtype == np.dtype(dtype)
    assert found.tolist() == expected
    assert array(ResultRecord({"key": values}).values["key"]).dtype == np.dtype(dtype)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1, 2], [3]], ((1, 2), (3,))),
        ([1, "a"], (1, "a")),
        ([1.5, None], (1.5, None)),
        (["a", b"b", b""], ("a", b"b", b"")),
        ([2**63, 1], (2**63, 1)),
        ([10**400, 0.5], (10**400, 0.5)),
        ([{"a": 1}], ({"a": 1},)),
        ([[[1], [2, 3]]], (((1,), (2, 3)),)),
        ((64, 64), (64, 64)),
        ((), ()),
        ("text", "text"),
        (None, None),
        (True, True),
        (2**70, 2**70),
        (np.float64(0.5), 0.5),
        (np.int8(3), 3),
        (np.str_("a"), "a"),
        (np.array(["a", "bc"]), ("a", "bc")),
        (np.array([[b"a"], [b"b"]]), ((b"a",), (b"b",))),
        (np.array([], "U3"), ()),
        ({"a": [1, 2], 3: (4,), (1, "x"): None, b"": b""}, {"a": (1, 2), 3: (4,), (1, "x"): None, b"": b""}),
    ],
)
def test_everything_else_stays_as_it_is(values: object, expected: object) -> None:
    found = read(values)
    assert found == expected
    assert type(found) is type(expected) or isinstance(expected, dict)
    again = decode_result(encode_result(decode_result(saved({"key": values}))))
    assert again.values["key"] == expected


def test_what_cannot_be_stacked_stays_a_list_of_arrays() -> None:
    found = read([np.zeros(2), np.ones(3)])
    assert isinstance(found, tuple)
    assert [array(entry).shape for entry in found] == [(2,), (3,)]
    mixed = read([1.0, np.ones(3)])
    assert isinstance(mixed, tuple)
    assert mixed[0] == 1.0


def test_tags_stay_a_list() -> None:
    for values in (["a", "b"], [1, 2], []):
        record = decode_result(saved({"tags": values}))
        assert record.values["tags"] == tuple(values)
        assert torch.load(io.BytesIO(encode_result(record)))["tags"] == values
        assert decode_result(encode_result(record)) == record


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", ">f8", ">i4", "M8[ns]", "m8[3s]", "M8[D]"]
)  # fmt: skip
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
def test_arrays_keep_their_dtype_and_shape(dtype: str, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    found = array(read(values))
    assert found.dtype == values.dtype.newbyteorder("=")
    assert found.shape == shape
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(array(read(np.asfortranarray(values))), values)


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64, torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128],
)  # fmt: skip
@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_come_back_as_arrays(dtype: torch.dtype, legacy: bool) -> None:
    tensor = torch.arange(6).to(dtype).view(2, 3)
    found = array(decode_result(saved({"key": tensor}, legacy=legacy)).values["key"])
    np.testing.assert_array_equal(found, tensor.numpy())
    assert found.dtype == tensor.numpy().dtype


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_of_every_layout(legacy: bool) -> None:
    base = torch.arange(12.0)
    values = {
        "transposed": base.view(3, 4).t(),
        "strided": base[1::3],
        "part": base[4:6],
        "no dimension": torch.tensor(3),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(base),
        "bfloat16": torch.tensor([1.5, -2.0, float("inf")], dtype=torch.bfloat16),
        "ordinary": [1.0, 2.0],
    }
    record = decode_result(saved(values, legacy=legacy))
    for key, value in values.items():
        expected = value.detach().float().numpy() if isinstance(value, torch.Tensor) else np.array(value)
        np.testing.assert_array_equal(array(record.values[key]), expected)
    assert array(record.values["bfloat16"]).dtype == np.float32


def test_files_of_old_torch_versions() -> None:
    values = {"return": [1.0, np.float64(2.0)], "q": [np.ones(2, "f4")], "note": "old", "sub": {"x": [None]}}
    assert decode_result(saved(values, legacy=True)) == decode_result(saved(values))


def test_names_of_either_numpy() -> None:
    data = saved({"q": np.arange(3), "s": [np.float64(1.5)]}, legacy=True)
    old = data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != data
    assert decode_result(old) == decode_result(data)


def test_values_of_torch_in_memory() -> None:
    weights = torch.ones(2, requires_grad=True)
    record = ResultRecord({"grad": weights * 2, "half": torch.ones(2, dtype=torch.bfloat16), "conj": torch.ones(1, dtype=torch.complex64).conj()})  # fmt: skip
    assert array(record.values["grad"]).tolist() == [2.0, 2.0]
    assert array(record.values["half"]).dtype == np.float32
    assert array(record.values["conj"]).tolist() == [1.0]


class Level(IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "plain"), [(Level.HIGH, 3), (Name("x"), "x"), (np.bytes_(b"x"), b"x"), (np.float32(0.5), 0.5)]
)
def test_subclasses_become_what_they_are_made_of(value: ResultValue, plain: object) -> None:
    found = ResultRecord({"key": value}).values["key"]
    assert found == plain
    assert type(found) is type(plain)
    assert array(ResultRecord({"key": [Level.HIGH]}).values["key"]).tolist() == [3]


@pytest.mark.parametrize(
    "value", [object(), 1j, {1, 2}, Path("x"), [object()], {"a": object()}, {frozenset(): 1}, {np.zeros(1).tobytes: 1}, np.array([None]), np.zeros(1, "i4,f4"), np.ma.masked_array([1, 2], [True, False]), torch.float32]
)  # fmt: skip
def test_what_a_result_cannot_hold(value: ResultValue) -> None:
    with pytest.raises(ResultError, match="'best key'") as error:
        ResultRecord({"best key": value})
    assert isinstance(error.value, ValueError)


def test_what_no_tensor_can_hold_is_an_error_when_it_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "x.result"
    for value in (
        np.array(["2020"], "M8[D]"),
        np.zeros(2, np.longdouble),
        [np.float64(1), np.datetime64("2020")],
    ):
        with pytest.raises(ResultError, match="'when'") as error:
            save_result(ResultRecord({"ok": 1, "when": value}), path)
        assert error.value.path == path
    assert list(tmp_path.iterdir()) == []


def test_keys_are_text() -> None:
    for data in (saved({1: 2}), saved([1, 2]), saved(3)):
        with pytest.raises(ResultError, match="expected"):
            decode_result(data)


def test_cyclic_and_very_deep_values() -> None:
    cyclic: list[object] = [1]
    cyclic.append(cyclic)
    deep: list[object] = []
    for _ in range(100):
        deep = [deep, "x"]
    for value in (cyclic, deep, {"a": cyclic}):
        with pytest.raises(ResultError, match="nested at most 60 deep"):
            decode_result(saved({"key": value}))


def test_shared_values_do_not_explode() -> None:
    lists: object = ["x"]
    numbers: object = [0.5, 0.25]
    for _ in range(50):
        lists, numbers = [lists, lists], [numbers, numbers]
    record = decode_result(saved({"a": lists, "b": numbers}))
    assert record == decode_result(encode_result(record))
    assert isinstance(record.values["b"], tuple)


def test_several_arrays_of_text_keep_their_own() -> None:
    values: dict[str, ResultValue] = {
        "a": np.array(["x", "y"]),
        "b": np.array(["p", "q"]),
        "c": [np.array(["r"]), np.array(["s", "t"])],
    }
    record = ResultRecord(values)
    assert record.values == {"a": ("x", "y"), "b": ("p", "q"), "c": (("r",), ("s", "t"))}
    assert decode_result(saved(values)) == record


@pytest.mark.parametrize(
    "value", [torch.eye(3).to_sparse(), torch.zeros(3).to(torch.float8_e4m3fn), torch.zeros(3, device="meta")]
)
def test_tensors_that_no_array_can_hold(value: torch.Tensor) -> None:
    with pytest.raises(ResultError, match="under the key 'w'"):
        ResultRecord({"w": value})


def test_arrays_without_a_dtype_in_common_stay_a_list() -> None:
    for arrays in (
        [np.array(["2020"], "M8[D]"), np.array([1])],
        [np.array([1], "m8[Y]"), np.array([1], "m8[D]")],
    ):
        assert isinstance(ResultRecord({"a": arrays}).values["a"], tuple)


def test_integers_wider_than_torch_reads() -> None:
    assert torch.load(io.BytesIO(encode_result(ResultRecord({"n": -(2**1999)}))))["n"] == -(2**1999)
    with pytest.raises(ResultError, match="'n'"):
        encode_result(ResultRecord({"n": 2**2040}))


def test_integers_of_two_names_and_one_width() -> None:
    assert decode_result(encode_result(ResultRecord({"n": np.zeros(2, "Q")}))).values["n"].dtype == np.uint64  # type: ignore[union-attr]


def test_a_record_cannot_be_changed() -> None:
    record = load_result(EXAMPLES / "runs" / TAXI / "2026_11_23_182307039385_0_fcbfa.result")
    series = array(record.values["return"])
    mine = np.ones(2)
    own = ResultRecord({"a": mine, "nested": [{"b": [mine, "x"]}]})
    mine[0] = 7
    for held in (series, array(own.values["a"])):
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            held.flags.writeable = True
    assert array(own.values["a"]).tolist() == [1.0, 1.0]
    nested = own.values["nested"]
    assert isinstance(nested, tuple)
    with pytest.raises(TypeError):
        nested[0]["b"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        record.values["new"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        record.values = {}  # type: ignore[misc]


def test_records_survive_pickle_and_deepcopy() -> None:
    record = ResultRecord({"a": [1.0, float("nan")], "plain": (1, 2), "d": {"x": [np.ones(2)]}, "tags": [1]})
    for twin in (pickle.loads(pickle.dumps(record)), copy.deepcopy(record)):
        assert twin == record
        with pytest.raises(ValueError, match="read-only"):
            array(twin.values["a"])[0] = 1


def test_records_are_equal_by_value() -> None:
    assert ResultRecord({"a": [1.0, float("nan")]}) == ResultRecord({"a": np.array([1.0, np.nan])})
    assert ResultRecord({"a": [1.0]}) != ResultRecord({"a": [1]})
    assert ResultRecord({"a": 1}) != ResultRecord({"a": True})
    assert ResultRecord({"a": 1}) != ResultRecord({"b": 1})
    assert ResultRecord({"a": float("nan")}) == ResultRecord({"a": float("nan")})
    assert ResultRecord({"a": {"x": "y"}}) != ResultRecord({"a": {"x": "z"}})
    assert ResultRecord({"a": ("x", "y")}) != ResultRecord({"a": ("x",)})


def test_series() -> None:
    record = ResultRecord({"solved": [True, False], "note": "x", "q": [[1, 2]], "z": np.zeros(2, complex), "wide": [2**63, 1], "one": 1.5, "t": (1, 2), "tags": [3], "mixed": [1, "x"]})  # fmt: skip
    assert record.series("wide").tolist() == [2.0**63, 1.0]
    assert record.series("one").tolist() == 1.5
    assert record.series("t").tolist() == [1.0, 2.0]
    assert record.series("tags").tolist() == [3.0]
    assert record.series("solved").tolist() == [1.0, 0.0]
    assert record.series("q").dtype == np.float64
    with pytest.raises(NoSuchKeyError, match="expected one of the keys .*'loss'") as missing:
        record.series("loss")
    assert isinstance(missing.value, KeyError)
    for key in ("note", "z", "mixed"):
        with pytest.raises(ResultError, match="real numbers"):
            record.series(key)


def test_a_result_can_be_read_from_an_open_file() -> None:
    with RESULTS[0].open("rb") as file:
        assert load_result(file) == load_result(RESULTS[0])


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.result"
    path.write_bytes(RESULTS[0].read_bytes()[:1000])
    with pytest.raises(ResultError, match=r"broken\.result: expected a result") as error:
        load_result(path)
    assert error.value.path == path


def test_the_scalars_of_a_real_result() -> None:
    record = load_result(EXAMPLES / "runs" / DOUBLE / "2026_11_23_182554711422_8_fcbfa.result")
    scalars = scalars_of(record)
    assert {key: series.shape for key, series in scalars.items()} == {
        "return": (150,),
        "epsilon": (150,),
        "loss": (746,),
        "solved": (150,),
    }
    for key, series in scalars.items():
        assert series.dtype == np.float64
        np.testing.assert_array_equal(series, record.series(key))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([0.5, float("nan")], [0.5, float("nan")]),
        ([True, False], [1.0, 0.0]),
        ([1, 2], [1.0, 2.0]),
        ([], []),
        (np.ones(2, "f2"), [1.0, 1.0]),
        (np.array([2**64 - 1], "u8"), [2.0**64]),
        (np.array(3), [3.0]),
        (torch.tensor(0.5), [0.5]),
        (True, [1.0]),
        (3, [3.0]),
        (0.5, [0.5]),
        (2**63, [2.0**63]),
        (2**70, [2.0**70]),
        ([2**63, 1], [2.0**63, 1.0]),
    ],
)
def test_numbers_are_scalars(value: ResultValue, expected: list[float]) -> None:
    scalars = scalars_of(ResultRecord({"other": "x", "key": value}))
    assert list(scalars) == ["key"]
    assert scalars["key"].dtype == np.float64
    np.testing.assert_array_equal(scalars["key"], np.array(expected))


@pytest.mark.parametrize(
    "value",
    ["3", b"3", None, ("a",), {"a": 1}, [[1, 2]], np.zeros((2, 0)), np.zeros(2, "c8"), np.zeros(2, "M8[s]"), [0.5, None], 10**400],
)  # fmt: skip
def test_everything_else_is_no_scalar(value: ResultValue) -> None:
    assert scalars_of(ResultRecord({"key": value})) == {}


def test_scalars_are_copies() -> None:
    record = ResultRecord({"loss": [0.5]})
    scalars_of(record)["loss"][0] = 7
    assert record == ResultRecord({"loss": [0.5]})


def test_arrays_that_share_memory_are_saved_each_as_it_is(tmp_path: Path) -> None:
    whole = np.arange(6.0)
    values: dict[str, ResultValue] = {
        "whole": whole,
        "bits": whole.view(np.int64),
        "part": whole[::2],
        "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "again": whole,
    }
    path = save_result(values, tmp_path / "a.result")
    assert load_result(path) == ResultRecord(values)
    held = torch.load(path)
    assert held["bits"].dtype == torch.int64
    assert held["part"].tolist() == [0.0, 2.0, 4.0]


def test_torch_reads_what_is_saved_of_nothing(tmp_path: Path) -> None:
    named: dict[PlainKey, ResultValue] = {b"": ""}
    path = save_result({"k": ["", b"", named]}, tmp_path / "a.result")
    assert torch.load(path, weights_only=True) == {"k": ["", b"", {b"": ""}]}


def test_arrays_of_megabytes_are_copied_neither_when_they_are_saved_nor_when_they_are_loaded() -> None:
    array = np.zeros(1 << 20)
    tracemalloc.start()
    try:
        data = encode_result({"k": array})
        _, saving = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        values = read_values(io.BytesIO(data))
        _, loading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert saving < 1.5 * array.nbytes
    assert loading - before < 1.5 * array.nbytes
    np.testing.assert_array_equal(values["k"], array)


def test_saving_values_is_saving_the_record_of_them(tmp_path: Path) -> None:
    values: dict[str, ResultValue] = {
        "loss": [0.5, 1],
        "q": [np.zeros(2), np.ones(2)],
        "note": "x",
        "n": [2**80],
    }
    assert encode_result(values) == encode_result(ResultRecord(values))
    assert values["loss"] == [0.5, 1]


def test_values_that_cannot_be_saved_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="under the key 'bad'"):
        save_result({"bad": [object()]}, tmp_path / "new" / "a.result")  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


def test_a_series_can_be_had_while_it_is_recorded() -> None:
    values: dict[str, ResultValue] = {"loss": [1, 2.5], "q": [np.ones(2), torch.zeros(2)], "note": "x"}
    assert series_of(values, "loss").tolist() == [1.0, 2.5]
    assert series_of(values, "q").tolist() == [[1.0, 1.0], [0.0, 0.0]]
    with pytest.raises(ResultError, match="real numbers under the key 'note', got 'x'"):
        series_of(values, "note")
