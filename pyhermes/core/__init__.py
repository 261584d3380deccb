"""The functional core: frozen records, and pure functions over them. Usable without the rest.

Text and bytes become records (`parse_info`, `decode_result`), functions turn records into others
(`filter_by_args`, `training_curve`), and a few functions go to the disk (`load_run`, `scan_runs`,
`load_result`, `save_result`).
"""

from __future__ import annotations

from pyhermes.core.arguments import ExecArgs, format_exec_args, parse_exec_args
from pyhermes.core.column import Column, column_of
from pyhermes.core.compare import ReplicateGroup, diff, group_by_replicate, varying
from pyhermes.core.curve import BestEpisode, TrainingCurve, epsilon_schedule, training_curve
from pyhermes.core.disk import (
    is_experiment,
    load_arguments,
    load_result,
    load_run,
    load_scalars,
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
    FieldError,
    FileModeError,
    FileNameError,
    HermesError,
    HermesWarning,
    InfoError,
    IsAnExperimentError,
    MarkError,
    MissingFileError,
    MissingPackageError,
    NoResultError,
    NoSuchKeyError,
    NotADirectoryOfExperimentsError,
    NotAFileError,
    NotAnExperimentError,
    NothingToChooseError,
    ResultError,
    ScoresError,
    TableError,
    UnknownChoiceError,
    WrongTypeError,
)
from pyhermes.core.info import ExperimentInfo, Problem, format_info, parse_info
from pyhermes.core.marks import Flag, Key, Positional, Replicate, Shape
from pyhermes.core.overview import RunRow, run_table, scalar_table
from pyhermes.core.result import ResultRecord, decode_result, encode_result
from pyhermes.core.run import Run, RunWithArguments, Scan, UnreadableRun
from pyhermes.core.scores import parse_scores
from pyhermes.core.select import filter_by_args, group_by, latest, sort_by
from pyhermes.core.smooth import smoothen
from pyhermes.core.status import RunStatus, StatusReport, status_of
from pyhermes.core.structure import (
    ArgumentProblem,
    StructuredArgs,
    structure_args,
    structured_args,
    unstructure_args,
)
from pyhermes.core.table import Table
from pyhermes.core.typed_result import ResultProblem, structure_result
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
    "ArgumentProblem",
    "ArgumentValue",
    "ArgumentsError",
    "BestEpisode",
    "CheckpointError",
    "Column",
    "CurveError",
    "ExecArgs",
    "ExperimentInfo",
    "FieldError",
    "FileModeError",
    "FileNameError",
    "Flag",
    "FrozenValue",
    "HasExecArgs",
    "HasStart",
    "HermesError",
    "HermesWarning",
    "InfoError",
    "IsAnExperimentError",
    "Key",
    "MarkError",
    "MissingFileError",
    "MissingPackageError",
    "NoResultError",
    "NoSuchKeyError",
    "NotADirectoryOfExperimentsError",
    "NotAFileError",
    "NotAnExperimentError",
    "NothingToChooseError",
    "OnError",
    "PathLike",
    "Positional",
    "Problem",
    "Replicate",
    "ReplicateGroup",
    "ResultError",
    "ResultProblem",
    "ResultRecord",
    "ResultValue",
    "Run",
    "RunRow",
    "RunStatus",
    "RunWithArguments",
    "ScalarLike",
    "Scan",
    "ScoresError",
    "Shape",
    "StatusReport",
    "StructuredArgs",
    "Table",
    "TableError",
    "TrainingCurve",
    "UnknownChoiceError",
    "UnreadableRun",
    "WrongTypeError",
    "column_of",
    "decode_result",
    "diff",
    "encode_result",
    "epsilon_schedule",
    "filter_by_args",
    "format_exec_args",
    "format_info",
    "group_by",
    "group_by_replicate",
    "is_experiment",
    "latest",
    "load_arguments",
    "load_result",
    "load_run",
    "load_scalars",
    "load_scores",
    "load_state_dict",
    "parse_exec_args",
    "parse_info",
    "parse_scores",
    "run_table",
    "save_result",
    "scalar_table",
    "scan_runs",
    "smoothen",
    "sort_by",
    "status_of",
    "structure_args",
    "structure_result",
    "structured_args",
    "training_curve",
    "unstructure_args",
    "varying",
    "with_arguments",
]
