from __future__ import annotations

import copy
import pickle
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from pyhermes import Result
from pyhermes.core import (
    CurveError,
    MissingFileError,
    NoSuchKeyError,
    ResultError,
    ResultRecord,
    ResultValue,
    ScalarLike,
    WrongTypeError,
    load_result,
    smoothen,
)

NAN = float("nan")


def recorded(*values: ScalarLike | Iterable[ScalarLike]) -> ResultValue:
    """What a series holds after recording values."""
    result = Result.new("x")
    for value in values:
        result.store_scalar(value, "k")
    return result["k"]


def saved(tmp_path: Path, **values: ResultValue) -> Result:
    """A result that was saved and loaded again."""
    return Result.load(Result("x", dictionary=values).save(tmp_path))


# Making one


def test_a_new_result_is_an_empty_dict_with_a_name() -> None:
    result = Result.new("metrics")
    assert (type(result), dict(result), result.name, result.path) == (Result, {}, "metrics", None)
    result["note"] = "diverged"
    assert dict(result) == {"note": "diverged"}


def test_a_result_can_be_made_from_a_dict_and_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values: dict[str, ResultValue] = {"n": 1, "loss": [0.5]}
    result = Result("metrics", "sub/metrics.result", values)
    assert (result, result.path) == (values, tmp_path / "sub" / "metrics.result")
    result["n"] = 2
    assert values["n"] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_result_shows_its_name_and_values() -> None:
    assert repr(Result("metrics", dictionary={"n": 1})) == "Result('metrics', {'n': 1})"


@pytest.mark.parametrize("kind", [Namespace, SimpleNamespace])
def test_the_attributes_of_a_namespace_become_a_result(kind: Callable[..., object]) -> None:
    namespace = kind(lr=0.1, layers=[32, 32], net=None)
    result = Result.from_namespace("settings", namespace)
    assert (type(result), result.name, result.path) == (Result, "settings", None)
    assert result == {"lr": 0.1, "layers": [32, 32], "net": None}
    result["lr"] = 0.2
    assert vars(namespace)["lr"] == 0.1


def test_what_has_no_attributes_is_no_namespace() -> None:
    with pytest.raises(TypeError, match="expected a namespace with attributes, got 3") as error:
        Result.from_namespace("x", 3)
    assert type(error.value) is WrongTypeError


# Recording scalars


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, [True]),
        (2, [2]),
        (0.5, [0.5]),
        (np.bool_(True), [True]),
        (np.int32(3), [3]),
        (np.float32(0.5), [0.5]),
        (np.array(1.5), [1.5]),
        (torch.tensor(2), [2]),
        (torch.tensor(False), [False]),
        (torch.tensor(0.5, requires_grad=True) * 2, [1.0]),
        (torch.tensor(0.5, dtype=torch.bfloat16), [0.5]),
        ([1, 2.5, True], [1, 2.5, True]),
        ((1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        ([], []),
        (np.arange(3), [0, 1, 2]),
        (np.array([True, False]), [True, False]),
        (torch.tensor([0.5, 1.5], requires_grad=True), [0.5, 1.5]),
        ([torch.tensor(1.5, requires_grad=True), np.int8(2)], [1.5, 2]),
        ((i / 2 for i in range(3)), [0.0, 0.5, 1.0]),
        ({1: "a", 2: "b"}.keys(), [1, 2]),
    ],
)
def test_scalars_become_numbers_of_python(
    value: ScalarLike | Iterable[ScalarLike], expected: list[bool | int | float]
) -> None:
    values = recorded(value)
    assert values == expected
    assert isinstance(values, list)
    assert list(map(type, values)) == list(map(type, expected))


def test_scalars_are_appended() -> None:
    assert recorded(0.5, [1, 2], torch.tensor(3.0)) == [0.5, 1, 2, 3.0]


def test_a_series_is_extended_in_place() -> None:
    result = Result.new("x")
    result.store_scalar(1, "k")
    series = result["k"]
    result.store_scalar(2, "k")
    assert result["k"] is series


@pytest.mark.parametrize(
    "wrong",
    [
        "0.5",
        b"1",
        None,
        object(),
        1j,
        Fraction(1, 2),
        np.complex64(1j),
        [1, "x"],
        [[1], [2]],
        np.zeros((2, 2)),
        torch.zeros(2, 2),
        np.array(["a"]),
        {1: 2},
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_is_no_number_is_refused_and_nothing_is_stored(wrong: ScalarLike) -> None:
    result = Result("x", dictionary={"k": [1.0]})
    for key in ("k", "new"):
        with pytest.raises(TypeError, match=f"expected a number.*for the key '{key}'") as error:
            result.store_scalar(wrong, key)
        assert type(error.value) is WrongTypeError
    assert result == {"k": [1.0]}


@pytest.mark.parametrize(
    ("last", "error"), [("x", WrongTypeError), (None, WrongTypeError), (0, ZeroDivisionError)]
)
def test_of_a_generator_that_fails_midway_nothing_is_stored(last: int, error: type[Exception]) -> None:
    def values() -> Iterator[float]:
        yield 1.0
        yield 2.0
        yield 1 / last if last == 0 else last

    result = Result("x", dictionary={"k": [0.5]})
    for key in ("k", "new"):
        with pytest.raises(error):
            result.store_scalar(values(), key)
    assert result == {"k": [0.5]}


# Recording arrays


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, 2], "int64"),
        ([[1.0, 2.0]], "float64"),
        ((True, False), "bool"),
        (np.array([1, 2], "int8"), "int8"),
        (torch.tensor([1.0, 2.0], requires_grad=True), "float32"),
        ([np.float64(1), torch.tensor(2.0)], "float64"),
    ],
)
def test_arrays_are_kept_as_arrays_of_their_own_dtype(value: ArrayLike | torch.Tensor, dtype: str) -> None:
    result = Result.new("x")
    result.store_array(value, "k")
    series = result["k"]
    assert isinstance(series, list)
    assert len(series) == 1
    stored = series[0]
    assert isinstance(stored, np.ndarray)
    assert stored.dtype == np.dtype(dtype)
    expected = value.detach().numpy() if isinstance(value, torch.Tensor) else np.array(value)
    np.testing.assert_array_equal(stored, expected)


@pytest.mark.parametrize("array", [np.zeros(2), torch.zeros(2)])
def test_arrays_are_copied_as_they_are_recorded(array: ArrayLike | torch.Tensor) -> None:
    result = Result.new("x")
    for number in range(3):
        array[:] = number  # type: ignore[index]
        result.store_array(array, "k")
    assert result.series("k").tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]


@pytest.mark.parametrize(
    "wrong", [3, np.float64(3), torch.tensor(3), "ab", None, ["a"], [[1], [1, 2]], object(), np.array([None])]
)
def test_what_is_no_array_is_refused_and_nothing_is_stored(wrong: ArrayLike) -> None:
    result = Result.new("x")
    with pytest.raises(ResultError, match="expected an array of numbers under the key 'k'"):
        result.store_array(wrong, "k")
    assert result == {}


def test_kinds_are_not_mixed(tmp_path: Path) -> None:
    result = Result("x", dictionary={"note": "text", "n": 3, "words": ["a"]})
    result.store_scalar(1.0, "scalars")
    result.store_array([1.0], "arrays")
    before = repr(result)
    for key in ("arrays", "note", "n", "words"):
        with pytest.raises(ValueError, match=f"expected a series of scalars under the key '{key}'") as error:
            result.store_scalar(1.0, key)
        assert type(error.value) is ResultError
    for key in ("scalars", "note", "n", "words"):
        with pytest.raises(ResultError, match=f"expected a series of arrays under the key '{key}'"):
            result.store_array([1.0], key)
    assert repr(result) == before
    loaded = Result.load(result.save(tmp_path))
    with pytest.raises(ResultError, match="series of scalars"):
        loaded.store_scalar(1.0, "arrays")
    with pytest.raises(ResultError, match="series of arrays"):
        loaded.store_array([1.0], "scalars")


# Saving and loading


def test_series_are_arrays_after_loading_and_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    result = Result("x", dictionary={"note": "ok", "tags": ["a"], "nested": {"lr": 0.1}, "none": None})
    result.store_scalar([1, 0.5], "loss")
    result.store_scalar([True, False], "solved")
    result.store_array([[1, 2]], "q")
    result.store_array([[3, 4]], "q")
    loaded = Result.load(result.save(tmp_path))
    loss, solved, q = (loaded.pop(key) for key in ("loss", "solved", "q"))
    assert loaded == {"note": "ok", "tags": ["a"], "nested": {"lr": 0.1}, "none": None}
    for found, dtype, values in [
        (loss, "float64", [1.0, 0.5]),
        (solved, "bool", [True, False]),
        (q, "int64", [[[1, 2]], [[3, 4]]]),
    ]:
        assert isinstance(found, np.ndarray)
        assert (found.dtype, found.tolist()) == (np.dtype(dtype), values)
        assert found.flags.writeable


def test_arrays_of_several_shapes_stay_a_list(tmp_path: Path) -> None:
    result = Result.new("x")
    result.store_array([1, 2], "k")
    result.store_array([3], "k")
    loaded = Result.load(result.save(tmp_path))
    loaded.store_array([4, 5, 6], "k")
    again = Result.load(loaded.save())["k"]
    assert isinstance(again, list)
    assert [array.tolist() for array in again] == [[1, 2], [3], [4, 5, 6]]


def test_recording_goes_on_after_loading(tmp_path: Path) -> None:
    result = Result.new("x")
    for _ in range(3):
        result.store_scalar([1, 2], "loss")
        result.store_array([1.0, 2.0], "q")
        result.store_scalar([], "empty")
        result = Result.load(result.save(tmp_path))
    assert result.series("loss").tolist() == [1, 2] * 3
    assert result.series("q").tolist() == [[1.0, 2.0]] * 3
    assert result.series("empty").tolist() == []


def test_saving_and_loading_again_changes_nothing(tmp_path: Path, first: Path) -> None:
    original = Result.load(first / f"{first.name}.result")
    assert (original.name, original.path) == (first.name, first / f"{first.name}.result")
    again = Result.load(original.save(tmp_path / "copy"))
    assert again.snapshot() == original.snapshot()
    assert again.name == original.name


def test_a_result_is_saved_under_its_name_in_a_directory_that_is_made(tmp_path: Path) -> None:
    result = Result("metrics", dictionary={"n": 1})
    path = result.save(tmp_path / "new" / "sub")
    assert path == result.path == tmp_path / "new" / "sub" / "metrics.result"
    assert [path.name for path in path.parent.iterdir()] == ["metrics.result"]
    assert torch.load(path) == {"n": 1}
    assert Result.load(str(path)) == {"n": 1}


def test_without_a_directory_it_is_overwritten_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    result = Result("metrics", dictionary={"n": 1})
    path = result.save("here")
    loaded = Result.load("here/metrics.result")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for number, each in enumerate([result, loaded], 2):
        each["n"] = number
        assert each.save() == path == tmp_path / "here" / "metrics.result"
        assert Result.load(path) == {"n": number}
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_saving_elsewhere_goes_on_there(tmp_path: Path) -> None:
    result = Result("x", dictionary={"n": 1})
    result.save(tmp_path / "a")
    result.save(tmp_path / "b")
    result["n"] = 2
    assert result.save() == tmp_path / "b" / "x.result"
    assert (Result.load(tmp_path / "a" / "x.result")["n"], Result.load(result.path or "")["n"]) == (1, 2)


def test_the_first_save_needs_a_directory() -> None:
    with pytest.raises(ValueError, match="expected a directory to save the new result 'x' to") as error:
        Result.new("x").save()
    assert type(error.value) is ResultError


@pytest.mark.parametrize("name", ["a/b", "/a", "a/", "", "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    result = Result.new(name)
    with pytest.raises(ValueError, match="expected a result's name") as error:
        result.save(tmp_path / "new")
    assert type(error.value) is ResultError
    assert result.path is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        np.array([None]),
        [{"deep": object()}],
        np.datetime64("2026-01-01"),
        np.array([1], "longdouble"),
    ],
    ids=["object", "set", "array of objects", "nested", "time", "long double"],
)
def test_what_cannot_be_stored_is_an_error_that_names_the_key_and_leaves_the_old_file(
    tmp_path: Path, value: ResultValue
) -> None:
    result = Result("x", dictionary={"n": 1})
    path = result.save(tmp_path)
    before = path.read_bytes()
    result["bad one"] = value
    with pytest.raises(ResultError, match="under the key 'bad one'"):
        result.save()
    with pytest.raises(ResultError, match="under the key 'bad one'"):
        result.save(tmp_path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["x.result"]
    del result["bad one"]
    result["n"] = 2
    assert Result.load(result.save()) == {"n": 2}


def test_where_the_file_cannot_be_replaced_no_other_is_left(tmp_path: Path) -> None:
    (tmp_path / "x.result").mkdir()
    result = Result("x", dictionary={"n": 1})
    with pytest.raises(IsADirectoryError):
        result.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x.result"]
    assert result.path is None


def test_where_nothing_could_be_stored_there_is_no_path(tmp_path: Path) -> None:
    result = Result("x", dictionary={"bad": object()})  # type: ignore[dict-item]
    with pytest.raises(ResultError):
        result.save(tmp_path)
    assert result.path is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        Result.load(tmp_path / "x.result")
    assert type(error.value) is MissingFileError
    assert error.value.path == tmp_path / "x.result"


@pytest.mark.parametrize("data", [b"", b"text", b"PK\x03\x04", b"\x80\x02c__builtin__\neval\n."])
def test_a_file_that_is_no_result_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.result"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="expected a result") as error:
        Result.load(path)
    assert type(error.value) is ResultError
    assert str(error.value).startswith(f"{path}: ")


# Reading values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], [1.0, 2.0]),
        ([True, False], [1.0, 0.0]),
        ([], []),
        (np.array([1, 2], "int8"), [1.0, 2.0]),
        ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
        (torch.tensor([0.5], requires_grad=True), [0.5]),
        ([1 << 70, 0.5], [float(1 << 70), 0.5]),
        ([1 << 70, 1], [float(1 << 70), 1.0]),
    ],
)
def test_a_series_is_float64_whatever_holds_it(
    tmp_path: Path, value: ResultValue, expected: list[object]
) -> None:
    for result in (Result("x", dictionary={"k": value}), saved(tmp_path, k=value)):
        series = result.series("k")
        assert (series.dtype, series.tolist()) == (np.dtype(np.float64), expected)


def test_a_series_is_a_copy(tmp_path: Path) -> None:
    result = saved(tmp_path, k=[1.0])
    result.series("k")[0] = 9
    assert result.series("k").tolist() == [1.0]


def test_a_key_that_is_not_there_has_no_series() -> None:
    with pytest.raises(KeyError) as error:
        Result("x", dictionary={"loss": [1.0]}).series("los")
    assert type(error.value) is NoSuchKeyError
    assert str(error.value) == "expected one of the keys ['loss'], got 'los'"


@pytest.mark.parametrize("value", ["text", ["a"], {"a": 1}, None, [[1], [2, 3]], np.array([1j])])
def test_what_is_no_series_of_numbers(value: ResultValue) -> None:
    with pytest.raises(ResultError, match="expected real numbers under the key 'k'"):
        Result("x", dictionary={"k": value}).series("k")


def test_a_snapshot_does_not_change_any_more(tmp_path: Path) -> None:
    result = Result("x", dictionary={"nested": {"n": [1]}})
    result.store_scalar(1.0, "k")
    result.store_array([1.0], "a")
    record = result.snapshot()
    path = result.save(tmp_path)
    result.store_scalar(2.0, "k")
    result["nested"] = None
    result["a"][0][0] = 9.0  # type: ignore[index]
    assert record == load_result(path)
    assert record == ResultRecord({"nested": {"n": [1]}, "k": [1.0], "a": [np.array([1.0])]})


def test_a_snapshot_of_what_cannot_be_stored_names_the_key() -> None:
    with pytest.raises(ResultError, match="under the key 'k'"):
        Result("x", dictionary={"k": {1}}).snapshot()  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_have_name_path_and_values(tmp_path: Path, again: Callable[[Result], Result]) -> None:
    result = saved(tmp_path, loss=[1.0, 2.0], note="ok")
    other = again(result)
    assert (type(other), other.name, other.path) == (Result, "x", tmp_path / "x.result")
    assert other.snapshot() == result.snapshot()
    other["note"] = "changed"
    other.store_scalar(3.0, "loss")
    assert result["note"] == "ok"
    assert result.series("loss").tolist() == [1.0, 2.0]


# Plotting


@pytest.fixture
def losses() -> Result:
    """A result with a series that falls from 2 to 0."""
    return Result("x", dictionary={"loss": np.linspace(2.0, 0.0, 120).tolist(), "note": "text"})


def test_a_series_is_plotted_with_its_sliding_mean(losses: Result) -> None:
    ax = losses.plot_scalar("loss")
    values, means = ax.get_lines()
    np.testing.assert_array_equal(values.get_xdata(), np.arange(120))
    np.testing.assert_array_equal(values.get_ydata(), losses.series("loss"))
    np.testing.assert_array_equal(means.get_xdata(), np.arange(120))
    np.testing.assert_array_equal(means.get_ydata(), smoothen(losses.series("loss"), 50)[0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["loss", "mean of the last 50"]
    assert plt.get_fignums() == [1]
    assert plt.gcf().axes == [ax]


def test_without_smoothing_there_is_one_line_and_no_legend(losses: Result) -> None:
    ax = losses.plot_scalar("loss", smoothing=1, show=False)
    (values,) = ax.get_lines()
    np.testing.assert_array_equal(values.get_ydata(), losses.series("loss"))
    assert ax.get_legend() is None
    assert ax.get_ylabel() == "loss"


def test_several_series_can_share_axes(losses: Result) -> None:
    _, ax = plt.subplots()
    losses["again"] = [1.0, 2.0]
    assert losses.plot_scalar("loss", 10, True, ax) is ax
    assert losses.plot_scalar("again", smoothing=2, ax=ax) is ax
    assert len(ax.get_lines()) == 4
    assert plt.get_fignums() == [1]


@pytest.mark.parametrize(
    ("values", "markers"),
    [
        ([1.0, 2.0, 3.0], ["", ""]),
        ([1.0], [".", "."]),
        ([1.0, NAN, 2.0, 3.0], [".", "."]),
        ([NAN, 2.0, 3.0, NAN], ["", "."]),
        ([1.0, 2.0, NAN, 3.0, 4.0, 5.0], ["", ""]),
        ([NAN, NAN], ["", ""]),
        ([], ["", ""]),
    ],
)
def test_a_point_without_a_neighbour_is_marked(values: list[float], markers: list[str]) -> None:
    lines = Result("x", dictionary={"k": values}).plot_scalar("k", smoothing=2).get_lines()
    plt.gcf().canvas.draw()
    assert [line.get_marker() for line in lines] == markers
    np.testing.assert_array_equal(lines[0].get_ydata(), values)


def test_what_cannot_be_plotted_opens_no_figure(losses: Result) -> None:
    with pytest.raises(KeyError, match="expected one of the keys") as error:
        losses.plot_scalar("missing")
    assert type(error.value) is NoSuchKeyError
    with pytest.raises(ResultError, match="expected real numbers"):
        losses.plot_scalar("note")
    losses["q"] = [[1.0], [2.0]]
    with pytest.raises(CurveError):
        losses.plot_scalar("q")
    with pytest.raises(ValueError, match="window"):
        losses.plot_scalar("loss", smoothing=0)
    assert plt.get_fignums() == []


def test_nothing_is_shown_on_a_backend_without_windows(
    losses: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")  # with one, matplotlib warns where agg is to show something
    losses.plot_scalar("loss", show=True)
    with pytest.warns(UserWarning, match="non-interactive"):
        plt.show()


BACKEND = """
import matplotlib.pyplot as plt
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

shown = []

class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        shown.append(plt.get_fignums())

class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager
"""


def test_a_plot_is_shown_at_once_on_a_backend_with_windows(
    losses: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backend_with_windows.py").write_text(BACKEND)
    monkeypatch.syspath_prepend(tmp_path)
    plt.switch_backend("module://backend_with_windows")
    try:
        losses.plot_scalar("loss", show=False)
        assert sys.modules["backend_with_windows"].shown == []
        losses.plot_scalar("loss")
        assert sys.modules["backend_with_windows"].shown == [[1, 2]]
    finally:
        plt.switch_backend("agg")
        del sys.modules["backend_with_windows"]
