from typing import Self

class Experiment:
    identifier: str
    exec_args: set[str]
    info_dict: dict[str, str]
    @classmethod
    def load(cls, path_to_experiment: str) -> Self: ...
