"""`Experiment`: one run's directory as an object.

It holds a frozen record, and every method is a call of a function over that record.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO, TypeVar, overload

from pyhermes.api.result import Result
from pyhermes.core.disk.bulk import pause_collector
from pyhermes.core.disk.layout import (
    ARGUMENTS,
    CHECKPOINT,
    checkpoint_path,
    is_experiment,
    resolve_inside,
    result_path,
    scores_path,
)
from pyhermes.core.disk.opening import list_files, open_logs, open_stderr
from pyhermes.core.disk.results import choose_result, list_results, load_result
from pyhermes.core.disk.run_files import (
    copy_into,
    find_scores,
    load_network,
    load_scores,
    load_state_dict,
    move_into,
    store_comments,
)
from pyhermes.core.disk.scanning import load_arguments, load_run, scan_runs, warn_of_problems, warn_of_scan
from pyhermes.core.errors import ArgumentsError, at_path
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.public import public
from pyhermes.core.runs.run import Run, describe_run
from pyhermes.core.runs.scan import check_scan
from pyhermes.core.typing import ArgumentValue, FloatArray, OnError, OnWriteError, PathLike
from pyhermes.core.warn import warn

if TYPE_CHECKING:
    import torch

    from pyhermes.api.experiment_list import ExperimentList
    from pyhermes.api.recording import Recording
    from pyhermes.core.formats.checkpoint import M
    from pyhermes.core.runs.status import RunStatus
    from pyhermes.core.structure.argument_lines import GivenArguments

A = TypeVar("A")


@public("pyhermes")
class Experiment:
    """One run: what was executed, when, with which arguments, and what it left behind.

    Elsewhere an experiment is many runs; here it is exactly one, stored in its directory. What is
    loaded is a snapshot, which `reload()` renews; arguments are read when they are first asked for,
    scores, results and logs every time. Two experiments are equal that have the same absolute path.

    The constructor does not touch the disk; `Experiment.load` reads a run. `start_time` is a `datetime`,
    text as in an identifier, seconds since the epoch, or None.

    >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> exp.exec_args_dict["-lr"], len(exp.scores())
    (0.001, 150)
    """

    # defaults of the class, so that each of a hundred thousand loaded runs holds its record only
    loaded_arguments: ExecArgs | None = None
    """The execution arguments, or None as long as they have not been read; see `arguments`."""

    _new_comments: tuple[str | None, ...] = ()  # empty if there are none, as None is a comment, too

    def __init__(
        self,
        identifier: str,
        path_to_experiment: PathLike,
        commit_hash: str | None,
        start_time: datetime | str | float | None,
    ) -> None:
        self._hold(describe_run(identifier, path_to_experiment, commit_hash, start_time))

    @classmethod
    def from_run(cls, run: Run) -> Self:
        """Make an experiment that holds a record, such as one of `pyhermes.core.scan_runs`.

        >>> from pyhermes.core import scan_runs
        >>> [Experiment.from_run(run).comments for run in scan_runs("runs/taxi_q/taxi-baseline").runs]
        ['', 'crashes-on-purpose']
        """
        self = cls.__new__(cls)
        self._run = run
        return self

    def _hold(self, run: Run) -> None:
        self._run = run
        self._new_comments = ()
        self.loaded_arguments = None

    def hold_arguments(self, arguments: ExecArgs) -> None:
        """Keep arguments that were read together with those of other runs; warn of their problems."""
        if arguments.problems:  # of a hundred thousand runs hardly one needs a path for a warning
            warn(f"{self._run.path}: the arguments could not be read:", arguments.problems)
        self.loaded_arguments = arguments

    # Loading

    @classmethod
    def load(cls, path_to_experiment: PathLike) -> Self:
        """Load the experiment in a directory.

        Warns of values in `hermes.info` that cannot be read, with file and line. Raises
        `NotAnExperimentError`, a `FileNotFoundError` (for a file also a `NotADirectoryError`), for a
        path that is not an experiment, and `InfoError`, a `ValueError`, if `hermes.info` cannot be
        read.

        >>> Experiment.load("runs/taxi_q/taxi-baseline/2026_11_23_182344306449_4_fcbfa").comments
        'crashes-on-purpose'
        """
        return cls.from_run(_load(path_to_experiment))

    @staticmethod
    def load_all(path: PathLike, *, on_error: OnError = "warn", recursive: bool = False) -> ExperimentList:
        """Load all experiments in a folder, sorted by identifier.

        Looks at direct subdirectories, or with `recursive` at all folders below, and skips whatever
        is not an experiment. A run that cannot be read never hides the others: it is in the list's
        `failed`, and `on_error` chooses whether to `"warn"`, to `"raise"` one `InfoError` that names
        all of them, or to `"skip"` them silently. Raises `NotAnExperimentError`, a
        `FileNotFoundError` (for a file also a `NotADirectoryError`), if there is no such folder,
        `IsAnExperimentError`, a `ValueError`, for the directory of one run, and
        `UnknownChoiceError`, a `ValueError`, for another `on_error`.

        >>> len(Experiment.load_all("runs/taxi_q/taxi-baseline"))
        2
        """
        from pyhermes.api.experiment_list import ExperimentList

        with pause_collector():
            scan = check_scan(scan_runs(path, recursive=recursive), on_error)
            experiments = ExperimentList(map(Experiment.from_run, scan.runs), failed=scan.failed)
        if on_error != "skip":
            warn_of_scan(scan)
        return experiments

    @staticmethod
    def is_experiment(path: PathLike) -> bool:
        """Return whether a path is an experiment's directory; False if nothing is there.

        >>> Experiment.is_experiment("runs/cartpole_dqn")
        False
        """
        return is_experiment(path)

    @staticmethod
    def read_info(path_to_experiment: PathLike) -> dict[str, str]:
        """Read the raw keys and values of an experiment's `hermes.info`, in order; errors as in `load`.

        >>> path = "runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa"
        >>> Experiment.read_info(path)["start_time"]
        '2026_11_23_182353176615'
        """
        return dict(_load(path_to_experiment).info.fields)

    def reload(self) -> None:
        """Read the run's `hermes.info` and arguments again, as they are on disk now."""
        self._hold(_load(self._run.path))

    # Recording

    @staticmethod
    def record(
        script: str,
        *,
        name: str,
        args: GivenArguments = (),
        root: PathLike = "experiments",
        comments: Iterable[str] = (),
        seeds: bool = False,
        patch: bool = True,
        on_error: OnWriteError = "raise",
    ) -> AbstractContextManager[Recording]:
        """Record a `with` block as a new experiment, `<root>/<script>/<name>/<identifier>`.

        `args` are the words of a command line, a mapping or a namespace, or an instance of an attrs
        class. The directory is made at once, and holds what the run was started with: the arguments,
        the commit and, unless `patch` is False, what was not committed, the packages, and with
        `seeds` the seeds of the random number generators. When the block ends, however it does, its
        end is written down: exceptions are raised on, signals interrupt. In a script that `hermes exec`
        started, the first recording is the run that it started, and every other one a run beside it.

        If the disk is full, over quota or read-only during the run, the files stay as they were and
        an `OSError` is raised; with `on_error="warn"` there is one warning for each kind of error, and
        whatever could not be written is written when there is room again.

        Raises `RecordingError`, a `ValueError`, for names that no directory can have, and
        `ArgumentsError`, a `ValueError`, or `WrongTypeError`, a `TypeError`, for arguments that cannot
        be written.

        >>> with Experiment.record("train", name="first", args={"lr": 0.1}) as exp:
        ...     result = exp.new_result("metrics")
        ...     for loss in (0.5, 0.25):
        ...         result.store_scalar(loss, "loss")
        >>> run = Experiment.load_all("experiments/train/first").latest()
        >>> run.status, run.exec_args_dict, run.result["loss"]
        (<RunStatus.FINISHED: 'finished'>, {'--lr': 0.1}, array([0.5 , 0.25]))
        """
        from pyhermes.api.recording import record

        return record(
            script,
            name=name,
            args=args,
            root=root,
            comments=comments,
            seeds=seeds,
            patch=patch,
            on_error=on_error,
        )

    @staticmethod
    def current() -> Recording:
        """Return the recording of the run that `hermes exec` started this script for.

        A write that fails raises an error; `Experiment.record` with `on_error` joins the same run.
        Raises `NotRecordingError`, a `RuntimeError`, in any other script.
        """
        from pyhermes.api.recording import current

        return current()

    # The run, and its arguments

    @property
    def run(self) -> Run:
        """The frozen record that this object holds, for the functions of `pyhermes.core`."""
        return self._run

    def get_identifier(self) -> str:
        """The unique identifier, which is the directory's name."""
        return self._run.identifier

    @property
    def identifier(self) -> str:
        """The unique identifier, which is the directory's name."""
        return self._run.identifier

    @property
    def path_to_experiment(self) -> Path:
        """The experiment's directory, as an absolute path."""
        return self._run.path

    @property
    def info_dict(self) -> dict[str, str]:
        """The raw keys and values of `hermes.info`, as a fresh dict in the order of the file.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> list(exp.info_dict)
        ['commit_hash', 'start_time', 'end_time', 'execution_time', 'comments']
        """
        return dict(self._run.info.fields)

    @property
    def commit_hash(self) -> str | None:
        """The git commit that was run, `"00000"` without git."""
        return self._run.info.commit_hash

    @property
    def comments(self) -> str | None:
        """The comments on the run; `store_comments()` writes a change to disk."""
        return self._new_comments[0] if self._new_comments else self._run.info.comments

    @comments.setter
    def comments(self, comments: str | None) -> None:
        self._new_comments = (comments,)

    @property
    def start_time(self) -> datetime | None:
        """When it began, as naive local time; for a killed run, when its identifier was made."""
        return self._run.start_time

    @property
    def end_time(self) -> datetime | None:
        """When it ended, as naive local time; None if that was not written."""
        return self._run.info.end_time

    @property
    def execution_time(self) -> float | None:
        """How long it took, in seconds; None if that was not written."""
        return self._run.info.execution_time

    @property
    def arguments(self) -> ExecArgs:
        """The frozen record of the execution arguments, read when it is first asked for.

        Raises `ArgumentsError`, a `ValueError`, if they cannot be read.
        """
        if self.loaded_arguments is not None:
            return self.loaded_arguments
        found = load_arguments(self._run.path)
        self.hold_arguments(found)
        return found

    @property
    def readable_arguments(self) -> ExecArgs:
        """The arguments without a warning or an error: empty if they cannot be read."""
        try:
            return self.loaded_arguments or load_arguments(self._run.path)
        except ArgumentsError:
            return ExecArgs()

    @property
    def exec_args(self) -> set[str]:
        """The execution arguments, as a fresh set of whole lines.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> sorted(exp.exec_args)
        ['--seed 0', '-ed 0.97', '-ee 0.01', '-es 1.0', '-lr 0.001']
        """
        return set(self.arguments.exec_args)

    @property
    def exec_args_dict(self) -> dict[str, ArgumentValue]:
        """A fresh dict from the arguments' names to their values, in the order they were given.

        A value is True for a bare flag or positional, or else a number or text, or a list of them.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.exec_args_dict
        {'-lr': 0.001, '--seed': 0, '-es': 1.0, '-ee': 0.01, '-ed': 0.97}
        """
        return self.arguments.values

    def structure(self, cls: type[A], *, forbid_extra: bool = False) -> A:
        """Read the execution arguments into your own attrs class; see `pyhermes.core.structure_args`.

        Arguments that no field takes are ignored, unless `forbid_extra`. Raises one `ArgumentsError`,
        a `ValueError`, whose `problems` are all arguments that do not fit, and `FieldError`, a
        `TypeError`, for a class that no arguments could be read into.

        >>> import attrs
        >>> from typing import Annotated
        >>> from pyhermes import Flag
        >>> @attrs.frozen
        ... class Args:
        ...     lr: Annotated[float, Flag("-lr")]
        ...     seed: int
        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.structure(Args)
        Args(lr=0.001, seed=0)
        """
        from pyhermes.core.structure.arguments import structure_args

        with at_path(self._run.path / ARGUMENTS):
            return structure_args(self.arguments, cls, forbid_extra=forbid_extra)

    # Its status

    @property
    def status(self) -> RunStatus:
        """What became of the run, looked up each time; `RunStatus.UNKNOWN` if that cannot be known.

        A run that did not write its end is looked for by its process on this machine, or by its
        heartbeat on another one.
        """
        from pyhermes.system.run_status import status_of_run

        return status_of_run(self._run).status

    @property
    def status_reason(self) -> str:
        """The evidence for the status."""
        from pyhermes.system.run_status import status_of_run

        return status_of_run(self._run).reason

    # Scores, results, checkpoints and logs

    def scores(self) -> FloatArray:
        """Read the training scores, as an array of shape `(episodes,)` and dtype float64.

        Raises `MissingFileError`, a `FileNotFoundError`, without a scores file, and `ScoresError`,
        a `ValueError` that names file and line, for a line that is not a number.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.scores()[:3]
        array([11., 17., 20.])
        """
        return load_scores(find_scores(self._run.path, self._run.identifier))

    @property
    def scores_file(self) -> Path:
        """The path of the scores file, whether it exists or not."""
        return scores_path(self._run.path, self._run.identifier)

    @property
    def result(self) -> Result:
        """The result, read from disk; of several, with a warning, the one with the run's name.

        Raises `NoResultError`, a `RuntimeError`, if there is none, and `ResultError`, a `ValueError`
        that names the file, for one that cannot be read.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.result["q_at_origin"].shape
        (15, 2)
        """
        return Result.load(choose_result(self._run.path, self._run.identifier))

    def list_results(self) -> list[str]:
        """Return the sorted names of the results, without `.result`, as `load_result` takes them.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.list_results()
        ['2026_11_23_182353168091_0_fcbfa']
        """
        return list_results(self._run.path)

    def load_result(self, name: str) -> Result:
        """Load the result of that name, with `.result` or without; errors as in `Result.load`."""
        return Result.load(result_path(self._run.path, name))

    def result_as(self, cls: type[A], name: str | None = None) -> A:
        """Read the result (or the one of that name) into your own attrs class.

        See `pyhermes.core.structure_result` for what its fields may be. Raises one `ResultError`, a
        `ValueError`, whose `problems` are all values that do not fit; otherwise as `result`.

        >>> import attrs
        >>> import numpy.typing as npt
        >>> @attrs.frozen
        ... class Metrics:
        ...     solved: npt.NDArray[np.bool_]
        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.result_as(Metrics).solved.shape
        (150,)
        """
        from pyhermes.core.structure.typed_result import structure_result

        path = choose_result(self._run.path, self._run.identifier, name)
        with at_path(path):
            return structure_result(load_result(path), cls)

    def list_pth_files(self) -> list[str]:
        """Return the sorted names of the `.pth` files, which are state dicts of networks.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.list_pth_files()[0]
        '2026_11_23_182353168091_0_fcbfa_best.pth'
        """
        return list_files(self._run.path, CHECKPOINT)

    @overload
    def load_state_dict(self, pth_name: str, net: None = None) -> dict[str, torch.Tensor]: ...

    @overload
    def load_state_dict(self, pth_name: str, net: M) -> M: ...

    def load_state_dict(
        self, pth_name: str, net: torch.nn.Module | None = None
    ) -> dict[str, torch.Tensor] | torch.nn.Module:
        """Load the state dict of that name (with `.pth` or without), on the CPU.

        With a `net`, load it into that, on the net's own device, and return the net in evaluation
        mode. Nothing in the file is ever run. Raises `MissingFileError`, a `FileNotFoundError`, and
        `CheckpointError`, a `ValueError` that names the file, if it is not a state dict or does not
        fit the net, which is unchanged then.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.load_state_dict(exp.list_pth_files()[0])["0.weight"].shape
        torch.Size([64, 4])
        """
        path = checkpoint_path(self._run.path, pth_name)
        return load_state_dict(path) if net is None else load_network(path, net)

    def open_log_files(self, mode: str = "r+") -> AbstractContextManager[tuple[TextIO, TextIO]]:
        r"""Open the logs of the run, as `with exp.open_log_files("r") as (stdout, stderr):`.

        Both files are closed at the end of the block. Text is UTF-8; other bytes become surrogates,
        and lines keep their endings. Raises `MissingFileError`, a `FileNotFoundError`, for a log that
        does not exist.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> with exp.open_log_files("r") as (stdout, stderr):
        ...     stdout.readline(), stderr.readline()
        ('episode 0 return 11.0 eps 1.000\n', 'warning: run finished\n')
        """
        return open_logs(self._run.path, mode)

    def open_stderr_file(self, mode: str = "r") -> AbstractContextManager[TextIO]:
        """Open the log of the run's errors; otherwise as `open_log_files`."""
        return open_stderr(self._run.path, mode)

    # Files

    def file(self, file: PathLike) -> Path:
        """Return the path of a file in the experiment's directory, whether it exists or not.

        Raises `FileNameError`, a `ValueError`, for a name that would leave the directory.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.file("stdout.log").stat().st_size
        503
        """
        return resolve_inside(self._run.path, file)

    def copy_file(self, path_to_file: PathLike, new_file_name: PathLike | None = None) -> Path:
        """Copy a file into the experiment's directory, under its own name or a new one.

        A file of that name is replaced as a whole. Returns the new path. Raises `MissingFileError`, a
        `FileNotFoundError`, for a source that does not exist, `NotAFileError`, an `OSError`, for one
        that is not a regular file, and `FileNameError`, a `ValueError`, for a name that would leave
        the directory or that the format reserves. After an error no file has changed.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.copy_file("first_look.py", "script.py").name
        'script.py'
        """
        return copy_into(self._run.path, path_to_file, new_file_name)

    def move_file(self, path_to_file: PathLike, new_file_name: PathLike | None = None) -> Path:
        """Move a file into the experiment's directory; otherwise as `copy_file`."""
        return move_into(self._run.path, path_to_file, new_file_name)

    def store_comments(self) -> None:
        """Write `comments` to the run's `hermes.info` if they were changed.

        Raises `InfoError`, a `ValueError`, for text that cannot be written.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.comments = "the one in the paper"
        >>> exp.store_comments()
        >>> Experiment.read_info(exp.path_to_experiment)["comments"]
        'the one in the paper'
        """
        self._run = store_comments(self._run, self.comments)

    # As a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Experiment):
            return NotImplemented
        return self._run.directory == other.run.directory

    def __hash__(self) -> int:
        return hash(self._run.directory)

    def __repr__(self) -> str:
        return f"Experiment({self._run.identifier!r}, {str(self._run.path)!r})"


def _load(path: PathLike) -> Run:
    run = load_run(path)
    warn_of_problems([run])
    return run
