"""The functional core: frozen records, and pure functions over them. Usable without the rest.

Text and bytes become records (`parse_info`, `decode_result`), functions turn records into others
(`filter_by_args`, `training_curve`), and a few functions go to the disk (`load_run`, `scan_runs`,
`load_result`, `save_result`).
"""

from __future__ import annotations

from pyhermes.core.arguments import ExecArgs, format_exec_args, parse_exec_args
from pyhermes.core.curve import BestEpisode, TrainingCurve, epsilon_schedule, training_curve
from pyhermes.core.disk import (
    is_experiment,
    load_arguments,
    load_result,
    load_run,
    load_scores,
    load_state_dict,
    save_result,
    scan_runs,
    with_arguments,
)
from pyhermes.core.errors import (
    ArgumentsError,
    CheckpointError,
    CurveError,
    FileModeError,
    FileNameError,
    HermesError,
    HermesWarning,
    InfoError,
    IsAnExperimentError,
    MissingFileError,
    NoResultError,
    NoSuchKeyError,
    NotADirectoryOfExperimentsError,
    NotAFileError,
    NotAnExperimentError,
    NothingToChooseError,
    ResultError,
    ScoresError,
    UnknownChoiceError,
    WrongTypeError,
)
from pyhermes.core.info import ExperimentInfo, Problem, format_info, parse_info
from pyhermes.core.result import ResultRecord, decode_result, encode_result
from pyhermes.core.run import Run, RunWithArguments, Scan, UnreadableRun
from pyhermes.core.scores import parse_scores
from pyhermes.core.select import filter_by_args, latest
from pyhermes.core.smooth import smoothen
from pyhermes.core.typing import (
    ArgumentValue,
    FrozenValue,
    HasExecArgs,
    HasStart,
    OnError,
    PathLike,
    ResultValue,
    ScalarLike,
)

__all__ = [
    "ArgumentValue",
    "ArgumentsError",
    "BestEpisode",
    "CheckpointError",
    "CurveError",
    "ExecArgs",
    "ExperimentInfo",
    "FileModeError",
    "FileNameError",
    "FrozenValue",
    "HasExecArgs",
    "HasStart",
    "HermesError",
    "HermesWarning",
    "InfoError",
    "IsAnExperimentError",
    "MissingFileError",
    "NoResultError",
    "NoSuchKeyError",
    "NotADirectoryOfExperimentsError",
    "NotAFileError",
    "NotAnExperimentError",
    "NothingToChooseError",
    "OnError",
    "PathLike",
    "Problem",
    "ResultError",
    "ResultRecord",
    "ResultValue",
    "Run",
    "RunWithArguments",
    "ScalarLike",
    "Scan",
    "ScoresError",
    "TrainingCurve",
    "UnknownChoiceError",
    "UnreadableRun",
    "WrongTypeError",
    "decode_result",
    "encode_result",
    "epsilon_schedule",
    "filter_by_args",
    "format_exec_args",
    "format_info",
    "is_experiment",
    "latest",
    "load_arguments",
    "load_result",
    "load_run",
    "load_scores",
    "load_state_dict",
    "parse_exec_args",
    "parse_info",
    "parse_scores",
    "save_result",
    "scan_runs",
    "smoothen",
    "training_curve",
    "with_arguments",
]
