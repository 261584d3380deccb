from .api.experiment import Experiment as Experiment
from .api.experiment_list import ExperimentList as ExperimentList
from .api.recording import Recording as Recording
from .api.result import Result as Result
from .api.structured_list import (
    StructuredGroup as StructuredGroup,
    StructuredList as StructuredList,
    StructuredRun as StructuredRun,
    UnstructuredRun as UnstructuredRun,
)
from .core.errors import HermesError as HermesError, HermesWarning as HermesWarning
from .core.runs.status import RunStatus as RunStatus
from .core.structure.marks import (
    Flag as Flag,
    Key as Key,
    Positional as Positional,
    Replicate as Replicate,
    Secret as Secret,
    Shape as Shape,
)

__version__: str
