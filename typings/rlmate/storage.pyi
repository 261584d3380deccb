from typing import Self

import numpy as np
from numpy.typing import NDArray

class Experiment:
    identifier: str
    exec_args: set[str]
    info_dict: dict[str, str]
    @classmethod
    def load(cls, path_to_experiment: str) -> Self: ...
    @staticmethod
    def load_all(path: str) -> ExperimentList: ...
    def scores(self) -> NDArray[np.float64]: ...

class ExperimentList(list[Experiment]):
    def filter_by_exec_args(self, *args: str) -> ExperimentList: ...
