from .curves.epsilons import epsilon_schedule as epsilon_schedule
from .curves.smooth import smoothen as smoothen
from .curves.training_curve import (
    BestEpisode as BestEpisode,
    TrainingCurve as TrainingCurve,
    training_curve as training_curve,
)
from .disk.layout import is_experiment as is_experiment
from .disk.results import load_result as load_result, load_scalars as load_scalars, save_result as save_result
from .disk.run_files import load_scores as load_scores, load_state_dict as load_state_dict
from .disk.scanning import (
    load_arguments as load_arguments,
    load_run as load_run,
    scan_runs as scan_runs,
    with_arguments as with_arguments,
)
from .errors import (
    ArgumentsError as ArgumentsError,
    CheckpointError as CheckpointError,
    CurveError as CurveError,
    ExecutionFileError as ExecutionFileError,
    FieldError as FieldError,
    FileModeError as FileModeError,
    FileNameError as FileNameError,
    HermesError as HermesError,
    HermesWarning as HermesWarning,
    InfoError as InfoError,
    IsAnExperimentError as IsAnExperimentError,
    MarkError as MarkError,
    MissingFileError as MissingFileError,
    MissingPackageError as MissingPackageError,
    NoResultError as NoResultError,
    NoSuchKeyError as NoSuchKeyError,
    NotADirectoryOfExperimentsError as NotADirectoryOfExperimentsError,
    NotAFileError as NotAFileError,
    NotAnExperimentError as NotAnExperimentError,
    NothingToChooseError as NothingToChooseError,
    NotRecordingError as NotRecordingError,
    ProvenanceError as ProvenanceError,
    RecordingError as RecordingError,
    ResultError as ResultError,
    ScoresError as ScoresError,
    TableError as TableError,
    UnknownChoiceError as UnknownChoiceError,
    WrongTypeError as WrongTypeError,
)
from .formats.exec_arguments import (
    ExecArgs as ExecArgs,
    format_exec_args as format_exec_args,
    parse_exec_args as parse_exec_args,
)
from .formats.info import (
    ExperimentInfo as ExperimentInfo,
    format_info as format_info,
    parse_info as parse_info,
)
from .formats.provenance import (
    CodeState as CodeState,
    Process as Process,
    Provenance as Provenance,
    Seeds as Seeds,
    format_provenance as format_provenance,
    parse_provenance as parse_provenance,
)
from .formats.result_file import (
    ResultRecord as ResultRecord,
    decode_result as decode_result,
    encode_result as encode_result,
)
from .formats.scores import parse_scores as parse_scores
from .problems import (
    ArgumentProblem as ArgumentProblem,
    Problem as Problem,
    ResultProblem as ResultProblem,
)
from .runs.run import Run as Run, RunWithArguments as RunWithArguments
from .runs.scan import Scan as Scan, UnreadableRun as UnreadableRun
from .runs.select import (
    filter_by_args as filter_by_args,
    group_by as group_by,
    latest as latest,
    sort_by as sort_by,
)
from .runs.status import (
    Evidence as Evidence,
    RunStatus as RunStatus,
    StatusReport as StatusReport,
    status_of as status_of,
)
from .structure.argument_lines import lines_of_given as lines_of_given
from .structure.arguments import (
    StructuredArgs as StructuredArgs,
    structure_args as structure_args,
    structured_args as structured_args,
    unstructure_args as unstructure_args,
)
from .structure.compare import (
    ReplicateGroup as ReplicateGroup,
    diff as diff,
    group_by_replicate as group_by_replicate,
    varying as varying,
)
from .structure.marks import (
    Flag as Flag,
    Key as Key,
    Positional as Positional,
    Replicate as Replicate,
    Secret as Secret,
    Shape as Shape,
)
from .structure.typed_result import structure_result as structure_result
from .sweep.command import Command as Command, split_command as split_command
from .sweep.file import (
    ExecutionFile as ExecutionFile,
    format_execution_file as format_execution_file,
    parse_execution_file as parse_execution_file,
)
from .sweep.items import JobLine as JobLine, Sweep as Sweep
from .sweep.jobs import Job as Job, JobOptions as JobOptions, expand as expand
from .tables.column import Column as Column, column_of as column_of
from .tables.run_table import RunRow as RunRow, run_table as run_table, scalar_table as scalar_table
from .tables.table import Table as Table
from .typing import (
    ArgumentValue as ArgumentValue,
    FrozenValue as FrozenValue,
    HasExecArgs as HasExecArgs,
    HasStart as HasStart,
    OnError as OnError,
    PathLike as PathLike,
    ResultValue as ResultValue,
    ScalarLike as ScalarLike,
)
