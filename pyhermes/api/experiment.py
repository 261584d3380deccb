"""`Experiment`: one run's directory as an object."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO, TypeVar, overload

from pyhermes.api.result import Result
from pyhermes.core.disk.bulk import collector_paused
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
from pyhermes.core.disk.results import find_result, list_results, load_result
from pyhermes.core.disk.run_files import (
    copy_into,
    find_scores,
    load_network,
    load_scores,
    load_state_dict,
    move_into,
    store_comments,
)
from pyhermes.core.disk.scanning import load_arguments, load_run, problems_of, scan_runs
from pyhermes.core.errors import ArgumentsError, at_path
from pyhermes.core.formats.exec_arguments import ExecArgs
from pyhermes.core.runs.run import Run, checked_scan, describe_run
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

_PROBLEMS = "not everything in hermes.info could be read; the raw text is in info_dict:"


class Experiment:
    """One run: what was executed, when, with which arguments, and what it left behind.

    Elsewhere an experiment is many runs; here it is exactly one, and its directory is the store.
    What is loaded is a snapshot, which `reload()` renews; arguments are read when they are first
    asked for, scores, results and logs every time. Two experiments are equal that have the same
    absolute path.

    Making one from its parts neither reads nor makes anything on disk; `Experiment.load` reads one.
    `start_time` is a `datetime`, text as in an identifier, seconds since the epoch, or None.

    >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
    >>> exp.exec_args_dict["-lr"], len(exp.scores())
    (0.001, 150)
    """

    _arguments: ExecArgs | None = None
    _exec_args: frozenset[str]  # of what is in `_arguments`, and absent for as long as that is None
    _new_comments: tuple[str | None, ...] = ()

    def __init__(
        self,
        identifier: str,
        path_to_experiment: PathLike,
        commit_hash: str | None,
        start_time: datetime | str | float | None,
    ) -> None:
        self._hold(describe_run(identifier, path_to_experiment, commit_hash, start_time))

    def _hold(self, run: Run) -> None:
        self._run = run
        self._new_comments = ()
        self._arguments = None
        self.__dict__.pop("_exec_args", None)

    def _take_arguments(self, found: ExecArgs | ArgumentsError) -> ArgumentsError | None:
        """Hold the arguments that were read; if they could not be, why."""
        if isinstance(found, ArgumentsError):
            return found
        if found.problems:
            warn(f"{self._run.path}: the arguments could not be read:", found.problems)
        self._arguments = found
        self._exec_args = found.exec_args
        return None

    # Loading

    @classmethod
    def load(cls, path_to_experiment: PathLike) -> Self:
        """Load the experiment in a directory.

        Values of `hermes.info` that cannot be read are warned of, with file and line. Raises
        `NotAnExperimentError`, a `FileNotFoundError` (and a `NotADirectoryError` for a file), for
        what is no experiment, and `InfoError`, a `ValueError`, where `hermes.info` cannot be read.

        >>> Experiment.load("runs/taxi_q/taxi-baseline/2026_11_23_182344306449_4_fcbfa").comments
        'crashes-on-purpose'
        """
        run = load_run(path_to_experiment)
        warn(_PROBLEMS, problems_of([run]))
        return cls._of(run)

    @classmethod
    def _of(cls, run: Run) -> Self:
        experiment = cls.__new__(cls)
        experiment._run = run
        return experiment

    @staticmethod
    def load_all(path: PathLike, *, on_error: OnError = "warn", recursive: bool = False) -> ExperimentList:
        """Load all experiments in a folder, sorted by identifier.

        Looks at direct subdirectories, or with `recursive` further down, and passes over what is no
        experiment. A run that cannot be read never hides the others: `on_error` says whether to
        `"warn"` of it, to `"raise"` one `InfoError` that names all of them, or to `"skip"` it in
        silence, and the list's `failed` holds it. Raises `NotAnExperimentError`, a
        `FileNotFoundError` (and a `NotADirectoryError` for a file), where there is no such folder,
        and `IsAnExperimentError`, a `ValueError`, for the directory of one run; a `ValueError` too for
        another `on_error`.

        >>> len(Experiment.load_all("runs/taxi_q/taxi-baseline"))
        2
        """
        from pyhermes.api.experiment_list import ExperimentList

        with collector_paused():
            scan = checked_scan(scan_runs(path, recursive=recursive), on_error)
            experiments = ExperimentList((), failed=scan.failed)._with(map(Experiment._of, scan.runs))
        if on_error != "skip":
            warn("these experiments cannot be read, and are in .failed:", scan.failed)
            warn("no experiments here, but in these folders below (or with recursive=True):", scan.elsewhere)
            warn(_PROBLEMS, problems_of(scan.runs))
        return experiments

    @staticmethod
    def is_experiment(path: PathLike) -> bool:
        """Whether a path is an experiment's directory; False for whatever is not, or not there.

        >>> Experiment.is_experiment("runs/cartpole_dqn")
        False
        """
        return is_experiment(path)

    @staticmethod
    def read_info(path_to_experiment: PathLike) -> dict[str, str]:
        """The raw keys and values of an experiment's `hermes.info`, in order; errors as in `load`.

        >>> path = "runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa"
        >>> Experiment.read_info(path)["start_time"]
        '2026_11_23_182353176615'
        """
        run = load_run(path_to_experiment)
        warn(_PROBLEMS, problems_of([run]))
        return dict(run.info.fields)

    def reload(self) -> None:
        """Read the run's information and arguments again, as they are on disk now."""
        run = load_run(self._run.path)
        warn(_PROBLEMS, problems_of([run]))
        self._hold(run)

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
        """Record what runs in a `with` block as a new experiment, `<root>/<script>/<name>/<identifier>`.

        `args` are the words of a command line, a mapping or a namespace, or an instance of an attrs
        class. The directory is there at once, with what the run was started with: the arguments,
        the commit and, unless `patch` is False, what was not committed, the packages, and with
        `seeds` those of the random number generators. However the block ends, how and when is
        written down: exceptions go on, SIGINT and SIGTERM interrupt. In a script that `hermes exec`
        started, this is the run that it started.

        Where the disk is full, over quota or read-only while the run goes on, the files stay as they
        were, and that is an `OSError`; with `on_error="warn"` it is one warning for each kind of
        trouble, and what could not be written is written when there is room again.

        Raises `RecordingError`, a `ValueError`, for names that no directory can have, and
        `ArgumentsError`, a `ValueError`, and `WrongTypeError`, a `TypeError`, for arguments that cannot
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
        """The run that this script is, where `hermes exec` started it; what is recorded goes there.

        What the disk refuses is an error; `Experiment.record` with `on_error` joins the same run.
        Raises `NotRecordingError`, a `RuntimeError`, in any other script.
        """
        from pyhermes.api.recording import current

        return current()

    # What was run

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
        """The git commit that was run, `"00000"` where there was no git."""
        return self._run.info.commit_hash

    @property
    def comments(self) -> str | None:
        """What was noted about the run; `store_comments()` writes a change to disk."""
        return self._new_comments[0] if self._new_comments else self._run.info.comments

    @comments.setter
    def comments(self, comments: str | None) -> None:
        self._new_comments = (comments,)

    @property
    def start_time(self) -> datetime | None:
        """When it began, as naive local time; of a killed run, when its identifier was made."""
        return self._run.start_time

    @property
    def end_time(self) -> datetime | None:
        """When it ended, as naive local time; None for a run that did not say."""
        return self._run.info.end_time

    @property
    def execution_time(self) -> float | None:
        """How long it took, in seconds; None for a run that did not say."""
        return self._run.info.execution_time

    @property
    def arguments(self) -> ExecArgs:
        """The frozen record of the execution arguments, read when it is first asked for.

        Raises `ArgumentsError`, a `ValueError`, where they cannot be read.
        """
        if self._arguments is not None:
            return self._arguments
        found = load_arguments(self._run.path)
        self._take_arguments(found)
        return found

    def _known_arguments(self) -> ExecArgs:
        """As much of the arguments as can be had, without a word about the rest."""
        try:
            return self._arguments or load_arguments(self._run.path)
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

        True for a bare flag or positional, else a number or text, or a list of several.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.exec_args_dict
        {'-lr': 0.001, '--seed': 0, '-es': 1.0, '-ee': 0.01, '-ed': 0.97}
        """
        return self.arguments.values

    def structure(self, cls: type[A], *, forbid_extra: bool = False) -> A:
        """The execution arguments in an attrs class of one's own; see `pyhermes.core.structure_args`.

        Arguments that no field takes are passed over, unless `forbid_extra`. Raises one
        `ArgumentsError`, a `ValueError`, whose `problems` are all that does not fit, and
        `FieldError`, a `TypeError`, for a class that no arguments could be read into.

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

    # What became of it

    @property
    def status(self) -> RunStatus:
        """What became of it, `RunStatus.UNKNOWN` for a run that does not say.

        A run that has not ended is looked for every time: by its process on this machine, by its
        heartbeat elsewhere.
        """
        from pyhermes.system.run_status import status_of_run

        return status_of_run(self._run).status

    @property
    def status_reason(self) -> str:
        """The evidence for the status."""
        from pyhermes.system.run_status import status_of_run

        return status_of_run(self._run).reason

    # What it left behind

    def scores(self) -> FloatArray:
        """The training scores, an array of shape `(episodes,)` and dtype float64.

        Raises `MissingFileError`, a `FileNotFoundError`, without a scores file, and `ScoresError`,
        a `ValueError`, naming file and line, where a line is no number.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.scores()[:3]
        array([11., 17., 20.])
        """
        return load_scores(find_scores(self._run.path, self._run.identifier))

    @property
    def scores_file(self) -> Path:
        """The path of the scores file, whether it is there or not."""
        return scores_path(self._run.path, self._run.identifier)

    @property
    def result(self) -> Result:
        """The result, read from disk; of several (which is warned of), the one with the run's name.

        Raises `NoResultError`, a `RuntimeError`, without one, and `ResultError`, a `ValueError`,
        naming the file, for one that cannot be read.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.result["q_at_origin"].shape
        (15, 2)
        """
        return Result.load(self._path_of_result())

    def _path_of_result(self) -> Path:
        path, names = find_result(self._run.path, self._run.identifier)
        warn(f"took {path.name} of several results; load_result(name) takes another of:", names[1:] and names)
        return path

    def list_results(self) -> list[str]:
        """The sorted names of the results, without `.result`, as `load_result` takes them.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.list_results()
        ['2026_11_23_182353168091_0_fcbfa']
        """
        return list_results(self._run.path)

    def load_result(self, name: str) -> Result:
        """The result of that name, with `.result` or without; errors as in `Result.load`."""
        return Result.load(result_path(self._run.path, name))

    def result_as(self, cls: type[A], name: str | None = None) -> A:
        """The result (or the one of that name) in an attrs class of one's own.

        See `pyhermes.core.structure_result` for what its fields may be. Raises one `ResultError`, a
        `ValueError`, whose `problems` are all that does not fit; otherwise as `result`.

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

        path = self._path_of_result() if name is None else result_path(self._run.path, name)
        with at_path(path):
            return structure_result(load_result(path), cls)

    def list_pth_files(self) -> list[str]:
        """The sorted names of the `.pth` files, state dicts of networks.

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
        """The state dict of that name (with `.pth` or without), on the CPU.

        With a `net` it is loaded into that, on the net's own device, and the net is returned, in
        evaluation mode. Nothing in the file is ever run. Raises `MissingFileError`, a
        `FileNotFoundError`, and `CheckpointError`, a `ValueError` that names the file, for what is
        no state dict or does not fit the net; the net is as it was then.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.load_state_dict(exp.list_pth_files()[0])["0.weight"].shape
        torch.Size([64, 4])
        """
        path = checkpoint_path(self._run.path, pth_name)
        return load_state_dict(path) if net is None else load_network(path, net)

    def open_log_files(self, mode: str = "r+") -> AbstractContextManager[tuple[TextIO, TextIO]]:
        r"""Open what the script printed, as `with exp.open_log_files("r") as (stdout, stderr):`.

        Both files are closed at the end, whatever happens. Text is UTF-8, with bytes that are not
        as surrogates, and lines keep their endings. Raises `MissingFileError`, a
        `FileNotFoundError`, for a log that is not there.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> with exp.open_log_files("r") as (stdout, stderr):
        ...     stdout.readline(), stderr.readline()
        ('episode 0 return 11.0 eps 1.000\n', 'warning: run finished\n')
        """
        return open_logs(self._run.path, mode)

    def open_stderr_file(self, mode: str = "r") -> AbstractContextManager[TextIO]:
        """Open what the script printed as errors; otherwise as `open_log_files`."""
        return open_stderr(self._run.path, mode)

    # Files

    def file(self, file: PathLike) -> Path:
        """The path of a file in the experiment's directory, whether it is there or not.

        Raises `FileNameError`, a `ValueError`, for a name that would leave the directory.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.file("stdout.log").stat().st_size
        503
        """
        return resolve_inside(self._run.path, file)

    def copy_file(self, path_to_file: PathLike, new_file_name: PathLike | None = None) -> Path:
        """Copy a file into the experiment's directory, under its own name or a new one.

        What stands there is replaced as a whole. Returns the new path. Raises `MissingFileError`, a
        `FileNotFoundError`, for a source that is not there, `NotAFileError`, an `OSError`, for one
        that is no regular file, and `FileNameError`, a `ValueError`, for a name that would leave the
        directory or belongs to the format; no file has changed then.

        >>> exp = Experiment.load("runs/cartpole_dqn/dqn-vs-ddqn/2026_11_23_182353168091_0_fcbfa")
        >>> exp.copy_file("first_look.py", "script.py").name
        'script.py'
        """
        return copy_into(self._run.path, path_to_file, new_file_name)

    def move_file(self, path_to_file: PathLike, new_file_name: PathLike | None = None) -> Path:
        """Move a file into the experiment's directory; otherwise as `copy_file`."""
        return move_into(self._run.path, path_to_file, new_file_name)

    def store_comments(self) -> None:
        """Write `comments` to the run's `hermes.info`, if they were changed.

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
        return self._run.directory == other._run.directory

    def __hash__(self) -> int:
        return hash(self._run.directory)

    def __repr__(self) -> str:
        return f"Experiment({self._run.identifier!r}, {str(self._run.path)!r})"
