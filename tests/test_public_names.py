from __future__ import annotations

import importlib

import pytest

NAMES = {
    "pyhermes": ["Experiment", "ExperimentList", "HermesError", "HermesWarning", "Result"],
    "pyhermes.core": [
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
    ],
    "pyhermes.storage": ["Experiment", "ExperimentList"],
    "pyhermes.result": ["Result"],
    "pyhermes.plot": [
        "CurveArtists",
        "draw_curve",
        "plot_training_progress",
        "plot_training_progress_from_experiment",
        "plot_training_progress_from_file",
        "smoothen",
    ],
}


@pytest.mark.parametrize("module", NAMES)
def test_the_public_names_are_these_and_all_are_there(module: str) -> None:
    imported = importlib.import_module(module)
    assert sorted(imported.__all__) == NAMES[module]
    assert [name for name in NAMES[module] if not hasattr(imported, name)] == []


@pytest.mark.parametrize("module", NAMES)
def test_star_imports_give_exactly_the_public_names(module: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {module} import *", names)
    assert sorted(names.keys() - {"__builtins__"}) == NAMES[module]
