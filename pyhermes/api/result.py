"""`Result`: a dict of what a run recorded.

It is its data, and gives a frozen record on request; every method is a call of a function over it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

from numpy.typing import ArrayLike

from pyhermes.core.disk.layout import name_of_result, place_of_result
from pyhermes.core.disk.results import load_values, save_result
from pyhermes.core.formats.result_file import ResultRecord, series_of
from pyhermes.core.formats.result_series import add_array, add_scalars, namespace_values
from pyhermes.core.public import public
from pyhermes.core.typing import FloatArray, PathLike, ResultValue, ScalarLike

if TYPE_CHECKING:
    import torch
    from matplotlib.axes import Axes


@public("pyhermes")
class Result(dict[str, ResultValue]):
    """A dict of recorded scalars, arrays and plain values that saves, loads and plots itself.

    A series of scalars is a list while it is recorded and an array of shape `(n,)` after loading,
    a series of arrays one array with the entries stacked on axis 0; recording goes on after loading.
    `path` is the absolute path of the file it was loaded from or saved to, None before.

    >>> result = Result.new("metrics")
    >>> result.store_scalar(0.5, "loss")
    >>> result.store_scalar([0.25, 0.125], "loss")
    >>> result["loss"], result.series("loss")
    ([0.5, 0.25, 0.125], array([0.5  , 0.25 , 0.125]))
    """

    def __init__(
        self, name: str, path: PathLike | None = None, dictionary: Mapping[str, ResultValue] | None = None
    ) -> None:
        super().__init__({} if dictionary is None else dictionary)
        self.name = name
        self.path = None if path is None else Path(os.path.abspath(path))

    @classmethod
    def new(cls, name: str) -> Self:
        """Make an empty result with a name."""
        return cls(name)

    @classmethod
    def from_namespace(cls, name: str, namespace: object) -> Self:
        """Make a result that holds the attributes of a namespace, such as `argparse.Namespace`.

        Raises `WrongTypeError`, a `TypeError`, for an object without attributes.

        >>> from argparse import Namespace
        >>> Result.from_namespace("settings", Namespace(lr=0.1))
        Result('settings', {'lr': 0.1})
        """
        return cls(name, dictionary=namespace_values(namespace))

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Load a result from a file, under the file's name; nothing in it is ever run.

        Raises `MissingFileError`, a `FileNotFoundError`, and `ResultError`, a `ValueError` that
        names the file, for anything but a result.

        >>> path = "runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa"
        >>> result = Result.load(f"{path}/2026_11_23_182353168091_0_fcbfa.result")
        >>> result["solved"].dtype, result["solved"].shape
        (dtype('bool'), (150,))
        """
        return cls(name_of_result(path), path, load_values(path))

    def save(self, directory: PathLike | None = None) -> Path:
        """Save as `<directory>/<name>.result`, make the directory, and return the file's path.

        Without a directory the result is saved where it was last saved to or loaded from. The file is
        replaced as a whole. Raises `ResultError`, a `ValueError`, without either place, for a name
        that no file can have, and for a value that cannot be stored, naming its key.

        >>> Result("metrics", dictionary={"loss": [0.5]}).save("out").name
        'metrics.result'
        """
        place = place_of_result(self.name, directory, self.path)
        self.path = save_result(self, place)
        return self.path

    def store_scalar(self, value: ScalarLike | Iterable[ScalarLike], key: str) -> None:
        """Append a number, or every number of an iterable, to the series under a key.

        Numbers are those of Python and numpy, and torch tensors without dimensions, on any device
        and with a graph attached. Raises `WrongTypeError`, a `TypeError`, for anything else, and
        `ResultError`, a `ValueError`, if the key holds something else than a series of numbers;
        nothing is stored then.

        >>> result = Result.new("metrics")
        >>> result.store_scalar(1, "steps")
        >>> result.store_scalar(range(2, 4), "steps")
        >>> result["steps"]
        [1, 2, 3]
        """
        self[key] = add_scalars(self.get(key), value, key)

    def store_array(self, value: ArrayLike | torch.Tensor, key: str) -> None:
        """Append a copy of an array of at least one dimension to the series under a key.

        Raises `ResultError`, a `ValueError`, for anything else, and if the key holds something else
        than a series of arrays.

        >>> result = Result.new("metrics")
        >>> result.store_array([0.5, 0.25], "q")
        >>> result.store_array([0.75, 1.0], "q")
        >>> result.series("q").shape
        (2, 2)
        """
        self[key] = add_array(self.get(key), value, key)

    def series(self, key: str) -> FloatArray:
        """Return the numbers under a key as a float64 array, of shape `(n,)` for scalars.

        Raises `NoSuchKeyError`, a `KeyError`, and `ResultError`, a `ValueError`, for anything but a
        series of real numbers.

        >>> Result("metrics", dictionary={"solved": [True, False]}).series("solved")
        array([1., 0.])
        """
        return series_of(self, key)

    def snapshot(self) -> ResultRecord:
        """Make a frozen copy of everything, for the functions of `pyhermes.core`.

        Raises `ResultError`, a `ValueError` that names the key, for a value that cannot be stored.

        >>> Result("metrics", dictionary={"loss": [0.5]}).snapshot().values["loss"]
        array([0.5])
        """
        return ResultRecord(self)

    def plot_scalar(self, key: str, smoothing: int = 50, show: bool = True, ax: Axes | None = None) -> Axes:
        """Plot the series of scalars under a key with its sliding mean, and return the axes.

        `smoothing` is the window of the mean. `show` shows the figure at once, on a backend that has
        windows. Errors are those of `series`.

        >>> result = Result("metrics", dictionary={"loss": [0.5, 0.25]})
        >>> result.plot_scalar("loss", smoothing=2, show=False).get_ylabel()
        'loss'
        """
        from pyhermes.api.series_plot import plot_series

        return plot_series(self.series(key), key, smoothing, show, ax)

    def __repr__(self) -> str:
        return f"Result({self.name!r}, {super().__repr__()})"
