from __future__ import annotations

import importlib
import inspect

import pytest

import pyhermes.core
import pyhermes.plot

CURVE = (
    "window_length=250, figsize=(12, 12), fontsize=18, path=None, scores_color='c', mean_color='r', "
    "score_range=None, epsilon_range=None, axis_gap=0.02"
)

DOCUMENTED = {
    "pyhermes.storage.Experiment": {
        "__init__": "method (self, identifier, path_to_experiment, commit_hash, start_time)",
        "copy_file": "method (self, path_to_file, new_file_name=None)",
        "exec_args": "property (self)",
        "exec_args_dict": "property (self)",
        "file": "method (self, file)",
        "get_identifier": "method (self)",
        "info_dict": "property (self)",
        "is_experiment": "staticmethod (path)",
        "list_pth_files": "method (self)",
        "load": "classmethod (cls, path_to_experiment)",
        "load_all": "staticmethod (path)",
        "load_state_dict": "method (self, pth_name, net=None)",
        "move_file": "method (self, path_to_file, new_file_name=None)",
        "open_log_files": "method (self, mode='r+')",
        "open_stderr_file": "method (self, mode='r')",
        "read_info": "staticmethod (path_to_experiment)",
        "result": "property (self)",
        "scores": "method (self)",
        "scores_file": "property (self)",
        "store_comments": "method (self)",
    },
    "pyhermes.storage.ExperimentList": {
        "__init__": "method (self, exp_iterable)",
        "filter_by_exec_args": "method (self, *args)",
        "latest": "method (self)",
    },
    "pyhermes.result.Result": {
        "__init__": "method (self, name, path=None, dictionary=None)",
        "from_namespace": "classmethod (cls, name, namespace)",
        "load": "classmethod (cls, path)",
        "new": "classmethod (cls, name)",
        "plot_scalar": "method (self, key, smoothing=50, show=True, ax=None)",
        "save": "method (self, directory=None)",
        "store_array": "method (self, value, key)",
        "store_scalar": "method (self, value, key)",
    },
    "pyhermes.plot": {
        "plot_training_progress": (
            "method (scores, eps_start=None, eps_end=None, eps_decay=None, epsilons=None, "
            f"{CURVE}, mark_best=False, legend=True, ax=None)"
        ),
        "plot_training_progress_from_experiment": (
            "method (exp, eps_start_key='-es', eps_end_key='-ee', eps_decay_key='-ed', "
            f"{CURVE}, mark_best=True, legend=True)"
        ),
        "plot_training_progress_from_file": (
            "method (file, eps_start=1, eps_end=0.001, eps_decay=0.999, epsilons=[], "
            f"{CURVE}, mark_best=True, legend=True)"
        ),
        "smoothen": "method (arr, window_size=100)",
    },
}
MORE_KEYWORDS = {"load_all", "ExperimentList.__init__"}


def found(place: str) -> object:
    """What stands at a dotted place: a module, or something in one."""
    module, _, name = place.rpartition(".")
    return (
        getattr(importlib.import_module(module), name)
        if name[0].isupper()
        else importlib.import_module(place)
    )


def described(owner: object, name: str) -> str:
    """The kind and the parameters of something documented, in the form of the table."""
    held = inspect.getattr_static(owner, name)
    kind = type(held).__name__ if isinstance(held, staticmethod | classmethod | property) else "method"
    function = held.fget if isinstance(held, property) else getattr(held, "__func__", held)
    assert callable(function)
    more = {name, f"{getattr(owner, '__name__', '')}.{name}"} & MORE_KEYWORDS
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
        if not (more and parameter.kind is inspect.Parameter.KEYWORD_ONLY)
    ]
    return f"{kind} ({', '.join(map(str, parameters))})"


@pytest.mark.parametrize(
    ("place", "name", "signature"),
    [(place, name, text) for place, members in DOCUMENTED.items() for name, text in members.items()],
)
def test_everything_documented_is_there_as_it_is_documented(place: str, name: str, signature: str) -> None:
    assert described(found(place), name) == signature


def test_further_parameters_can_only_be_given_by_name_and_need_not_be() -> None:
    for function in (pyhermes.Experiment.load_all, pyhermes.ExperimentList.__init__):
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                assert parameter.default is not inspect.Parameter.empty


def test_results_and_lists_are_the_builtins_that_are_documented() -> None:
    assert issubclass(pyhermes.Result, dict)
    assert issubclass(pyhermes.ExperimentList, list)


def test_classes_are_the_same_wherever_they_are_imported_from() -> None:
    assert found("pyhermes.storage.Experiment") is pyhermes.Experiment
    assert found("pyhermes.storage.ExperimentList") is pyhermes.ExperimentList
    assert found("pyhermes.result.Result") is pyhermes.Result
    assert pyhermes.plot.smoothen is pyhermes.core.smoothen


@pytest.mark.parametrize("place", DOCUMENTED)
def test_everything_documented_has_a_docstring(place: str) -> None:
    owner = found(place)
    assert inspect.getdoc(owner)
    assert [name for name in DOCUMENTED[place] if not inspect.getdoc(getattr(owner, name))] == []
