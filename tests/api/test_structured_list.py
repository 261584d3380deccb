from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path
from typing import Annotated, Literal

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from pyhermes import (
    Experiment,
    ExperimentList,
    Flag,
    HermesWarning,
    Key,
    Replicate,
    RunStatus,
    Shape,
    StructuredGroup,
    StructuredList,
    StructuredRun,
)
from pyhermes.core import (
    ArgumentProblem,
    ArgumentsError,
    FieldError,
    NoSuchKeyError,
    NothingToChooseError,
    ResultError,
    ResultProblem,
    WrongTypeError,
    diff,
)
from tests.conftest import CRASHED, DOUBLE, FIRST


@attrs.frozen
class Args:
    lr: Annotated[float, Flag("-lr")]
    seed: Annotated[int, Replicate]
    layers: tuple[int, ...] = (64, 64)
    doubledqn: bool = False
    algo: Literal["dqn", "ddqn"] = "dqn"


@attrs.frozen
class Returns:
    returns: Annotated[NDArray[np.float64], Key("return"), Shape("episodes")]
    solved: Annotated[NDArray[np.bool_], Shape("episodes")]
    q_at_origin: Annotated[NDArray[np.floating], Shape("evaluations", 2)]


def with_arguments(run: Path, text: str) -> Path:
    (run / "exec_arguments").write_text(text)
    return run


@pytest.fixture
def structured(cartpole: Path) -> StructuredList[Args]:
    """The four cartpole runs."""
    return Experiment.load_all(cartpole).structure(Args)


@pytest.fixture
def mixed(runs: Path) -> StructuredList[Args]:
    """The cartpole runs, and two of taxi that do not fit."""
    with pytest.warns(HermesWarning, match="do not fit Args"):
        return Experiment.load_all(runs, recursive=True).structure(Args)


def test_a_run_is_structured_into_the_users_class(runs: Path) -> None:
    exp = Experiment.load(runs / DOUBLE)
    assert exp.structure(Args) == Args(lr=0.001, seed=2, layers=(32, 32), doubledqn=True)


def test_an_error_names_the_file_and_has_every_problem(first: Path) -> None:
    exp = Experiment.load(with_arguments(first, "-lr x\n--seed 3.5\n"))
    with pytest.raises(ArgumentsError) as error:
        exp.structure(Args)
    assert error.value.path == first / "exec_arguments"
    assert error.value.problems == (
        ArgumentProblem("lr", "-lr x", "x", "float"),
        ArgumentProblem("seed", "--seed 3.5", "3.5", "int"),
    )
    assert str(error.value) == (
        f"{first / 'exec_arguments'}: expected arguments that fit Args, got 2 that do not:\n"
        "  lr: expected float, got 'x' in '-lr x'\n"
        "  seed: expected int, got '3.5' in '--seed 3.5'"
    )


def test_extra_arguments_are_passed_over_unless_forbidden(first: Path) -> None:
    exp = Experiment.load(with_arguments(first, "-lr 1\n--seed 3\n--new thing\n"))
    assert exp.structure(Args).seed == 3
    with pytest.raises(ArgumentsError, match="--new thing"):
        exp.structure(Args, forbid_extra=True)
    with pytest.warns(HermesWarning, match="--new thing"):
        assert len(ExperimentList([exp]).structure(Args, forbid_extra=True)) == 0


def test_a_class_that_nothing_can_be_read_into_is_no_fault_of_a_file(first: Path, cartpole: Path) -> None:
    @attrs.frozen
    class Bad:
        lr: dict[str, int]

    with pytest.raises(FieldError) as error:
        Experiment.load(first).structure(Bad)
    assert error.value.path is None
    with pytest.raises(FieldError):
        Experiment.load_all(cartpole).structure(Bad)


def test_the_list_has_runs_in_order_with_what_was_defaulted(structured: StructuredList[Args]) -> None:
    assert [(run.args.lr, run.args.seed) for run in structured] == [
        (0.001, 0),
        (0.0003, 0),
        (0.001, 0),
        (0.001, 2),
    ]
    assert [run.identifier for run in structured] == [run.experiment.identifier for run in structured]
    assert structured[0].defaulted == {"layers", "doubledqn", "algo"}
    assert structured[-1].defaulted == {"algo"}
    assert structured[0].start_time == structured[0].experiment.start_time


def test_what_does_not_fit_is_warned_of_and_kept_with_its_problems(
    mixed: StructuredList[Args], runs: Path
) -> None:
    assert len(mixed) == 4
    assert [failed.experiment.path_to_experiment.parent.name for failed in mixed.failed] == [
        "taxi-baseline"
    ] * 2
    assert mixed.failed[1].experiment == Experiment.load(runs / CRASHED)
    assert mixed.failed[1].problems == (
        ArgumentProblem("lr", None, None, "float as -lr"),
        ArgumentProblem("seed", None, None, "int as --seed or -seed"),
    )
    assert str(mixed.failed[0]) == (
        f"{mixed.failed[0].experiment.path_to_experiment}\n    lr: expected float as -lr, got nothing"
    )


def test_many_misfits_are_not_all_spelled_out(first: Path) -> None:
    misfits = ExperimentList([Experiment.load(with_arguments(first, "--seed x\n"))] * 25)
    with pytest.warns(HermesWarning, match="and 15 more$") as caught:
        assert len(misfits.structure(Args).failed) == 25
    assert str(caught[0].message).count("seed: expected int") == 10


def test_arguments_that_cannot_be_read_are_a_misfit(cartpole: Path, first: Path) -> None:
    (first / "exec_arguments").unlink()
    (first / "exec_arguments").mkdir()
    with pytest.warns(HermesWarning, match="do not fit"):
        runs = Experiment.load_all(cartpole).structure(Args)
    assert len(runs) == 3
    assert [(problem.field, problem.expected) for problem in runs.failed[0].problems] == [
        ("", "arguments that can be read")
    ]


def test_runs_that_could_not_be_loaded_are_not_forgotten(cartpole: Path, first: Path) -> None:
    (first / "hermes.info").unlink()
    (first / "hermes.info").mkdir()
    with pytest.warns(HermesWarning, match="cannot be read"):
        loaded = Experiment.load_all(cartpole)
    structured = loaded.structure(Args).filter(lambda args: args.doubledqn)
    assert structured.unreadable == loaded.failed
    assert structured.experiments.failed == loaded.failed
    assert structured.group_by_replicate()[0].unreadable == loaded.failed
    assert repr(structured).startswith("StructuredList[Args] of 2 runs, 1 more cannot be read\n")


def test_choosing_keeps_what_failed(mixed: StructuredList[Args]) -> None:
    for chosen in (
        mixed[1:],
        mixed.filter(lambda args: args.doubledqn),
        mixed.sort_by(lambda args: args.seed),
        mixed.group_by(lambda args: args.seed)[0],
        mixed.group_by_replicate()[0],
    ):
        assert chosen.failed == mixed.failed


def test_filters_take_functions_of_the_arguments(structured: StructuredList[Args]) -> None:
    assert [run.args.seed for run in structured.filter(lambda args: args.doubledqn)] == [0, 2]
    assert len(structured.filter(lambda args: args.lr > 1)) == 0
    assert isinstance(structured.filter(lambda args: True), StructuredList)


def test_runs_are_sorted_by_arguments(structured: StructuredList[Args]) -> None:
    by_rate = structured.sort_by(lambda args: args.lr)
    assert list(by_rate) == [structured[1], structured[0], structured[2], structured[3]]
    by_seed = structured.sort_by(lambda args: args.seed, reverse=True)
    assert list(by_seed) == [structured[3], *structured[:3]]
    with pytest.raises(WrongTypeError, match="compared"):
        structured.sort_by(lambda args: args.seed if args.doubledqn else "x")


def test_runs_are_grouped_by_arguments(structured: StructuredList[Args]) -> None:
    groups = structured.group_by(lambda args: (args.doubledqn, args.layers))
    assert [(key, len(group)) for key, group in groups.items()] == [
        ((False, (64, 64)), 2),
        ((True, (32, 32)), 2),
    ]
    assert sum(map(len, groups.values())) == len(structured)


def test_replicates_are_grouped(structured: StructuredList[Args]) -> None:
    groups = structured.group_by_replicate()
    assert [len(group) for group in groups] == [1, 1, 2]
    assert groups[0].args_without_replicates == {
        "lr": 0.001,
        "layers": (64, 64),
        "doubledqn": False,
        "algo": "dqn",
    }
    assert [group.duplicates for group in groups] == [(), (), ()]
    assert [run for group in groups for run in group] == list(structured)
    assert all(isinstance(group, StructuredGroup) for group in groups)


def test_duplicates_are_reported(structured: StructuredList[Args], first: Path) -> None:
    twice = StructuredList([*structured, structured[0]], Args)
    with pytest.warns(HermesWarning, match=f"same replicate.*\n  {first.name}, {first.name}$"):
        groups = twice.group_by_replicate()
    assert groups[0].duplicates == ((structured[0], structured[0]),)
    assert [len(group) for group in groups] == [2, 1, 2]
    assert groups[2].duplicates == ()


def test_what_varies(structured: StructuredList[Args], cartpole: Path) -> None:
    assert structured.varying() == ("lr", "seed", "layers", "doubledqn")
    assert structured[:1].varying() == ()
    assert Experiment.load_all(cartpole).varying() == (
        "-lr",
        "--seed",
        "--doubledqn",
        "--gradclip",
        "--layers",
    )


def test_two_runs_are_compared(structured: StructuredList[Args], runs: Path) -> None:
    assert diff(structured[0], structured[1]) == {"lr": (0.001, 0.0003)}
    assert diff(Experiment.load(runs / FIRST), Experiment.load(runs / CRASHED)) == {
        "-lr": (0.001, None),
        "--seed": (0, None),
        "-es": (1.0, None),
        "-ee": (0.01, None),
        "-ed": (0.97, None),
        "taxi-small": (None, True),
        "--crash": (None, True),
        "--alpha": (None, 0.9),
    }


def test_the_latest_of_structured_runs(structured: StructuredList[Args]) -> None:
    assert structured.latest() == structured[-1]
    with pytest.raises(NothingToChooseError):
        structured[:0].latest()


def test_it_is_a_sequence(structured: StructuredList[Args], cartpole: Path) -> None:
    assert structured[1:] == StructuredList(list(structured)[1:], Args)
    assert structured[1:] != structured
    assert structured != list(structured)
    assert hash(structured) == hash(Experiment.load_all(cartpole).structure(Args))
    assert structured[2] in structured
    assert next(reversed(structured)) == structured[3]
    assert structured.index(structured[2]) == 2
    assert structured.experiments == Experiment.load_all(cartpole)
    with pytest.raises(IndexError):
        structured[4]


def test_it_survives_pickle_and_copies(mixed: StructuredList[Args]) -> None:
    for same in (pickle.loads(pickle.dumps(mixed)), copy.deepcopy(mixed)):
        assert same == mixed
        assert same.failed == mixed.failed


def test_a_structured_run_cannot_be_changed(structured: StructuredList[Args]) -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        structured[0].args = None  # type: ignore[misc, assignment]
    group = structured.group_by_replicate()[0]
    with pytest.raises(TypeError):
        group.args_without_replicates["lr"] = 1  # type: ignore[index]


# The verbs of untyped lists


def test_experiments_are_filtered_sorted_and_grouped(cartpole: Path) -> None:
    runs = Experiment.load_all(cartpole)
    assert len(runs.filter(lambda exp: exp.comments == "double")) == 2
    assert runs.sort_by(lambda exp: exp.start_time, reverse=True) == list(reversed(runs))
    groups = runs.group_by(lambda exp: exp.comments)
    assert list(groups) == ["baseline", "double"]
    assert all(isinstance(group, ExperimentList) for group in groups.values())


def test_what_could_not_be_read_is_carried_along(cartpole: Path, first: Path) -> None:
    (first / "hermes.info").unlink()
    (first / "hermes.info").mkdir()
    with pytest.warns(HermesWarning):
        runs = Experiment.load_all(cartpole)
    for chosen in (
        runs.filter(lambda exp: True),
        runs.sort_by(lambda exp: exp.identifier),
        *runs.group_by(lambda exp: exp.comments).values(),
    ):
        assert chosen.failed == runs.failed
        assert len(chosen.failed) == 1


def test_arguments_that_cannot_be_read_hide_no_others(cartpole: Path, first: Path) -> None:
    (first / "exec_arguments").unlink()
    (first / "exec_arguments").mkdir()
    runs = Experiment.load_all(cartpole)
    with pytest.warns(HermesWarning, match="exec_arguments: expected a regular file"):
        assert "--doubledqn" in runs.varying()
    with pytest.warns(HermesWarning, match="arguments of these experiments cannot be read"):
        assert runs.to_pandas()["--seed"].tolist()[1:] == [0, 0, 2]


# Typed results


def test_a_result_is_structured(first: Path) -> None:
    result = Experiment.load(first).result_as(Returns)
    assert result.returns.shape == result.solved.shape == (150,)
    assert result.q_at_origin.shape == (15, 2)
    by_name = Experiment.load(first).result_as(Returns, first.name)
    np.testing.assert_array_equal(by_name.returns, result.returns)


def test_a_result_that_does_not_fit_names_the_file(first: Path) -> None:
    @attrs.frozen
    class Wrong:
        loss: Annotated[NDArray[np.bool_], Shape("n")]
        missing: float

    with pytest.raises(ResultError) as error:
        Experiment.load(first).result_as(Wrong)
    assert error.value.path == first / f"{first.name}.result"
    assert [problem.key for problem in error.value.problems] == ["loss", "missing"]
    assert error.value.problems[1] == ResultProblem("missing", "missing", "float", None)


# Status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("", RunStatus.UNKNOWN),
        ("exit_status:0\n", RunStatus.FINISHED),
        ("exit_status:1\n", RunStatus.FAILED),
        ("exit_status:-15\n", RunStatus.INTERRUPTED),
    ],
)
def test_a_run_says_what_became_of_it(first: Path, line: str, status: RunStatus) -> None:
    with (first / "hermes.info").open("a") as info:
        info.write(line)
    exp = Experiment.load(first)
    assert exp.status is status
    assert exp.status_reason != ""


# Tables


def test_a_row_a_run(structured: StructuredList[Args], cartpole: Path) -> None:
    table = structured.to_pandas()
    assert list(table.columns) == [
        *("identifier", "status", "start_time", "duration"),
        *("lr", "seed", "layers", "doubledqn", "algo"),
    ]
    assert table["seed"].tolist() == [0, 0, 0, 2]
    assert str(table["start_time"].dtype) == "datetime64[us]"
    assert table["duration"].tolist() == [exp.execution_time for exp in structured.experiments]
    untyped = Experiment.load_all(cartpole).to_pandas()
    assert untyped["--doubledqn"].isna().tolist() == [True, True, False, False]
    assert structured.to_polars()["layers"].to_list() == [[64, 64], [64, 64], [32, 32], [32, 32]]
    assert list(structured.to_arrow().to_pydict()) == list(table.columns)


def test_the_last_value_of_scalars_on_request(structured: StructuredList[Args]) -> None:
    returns = [run.experiment.result.series("return")[-1] for run in structured]
    assert structured.to_pandas(last=["return"])["last.return"].tolist() == returns
    every = structured.to_polars(last=True)
    assert [name for name in every.columns if name.startswith("last.")] == [
        "last.return",
        "last.epsilon",
        "last.loss",
        "last.solved",
    ]
    with pytest.raises(NoSuchKeyError, match="retrun"):
        structured.to_arrow(last=["retrun"])
    with pytest.raises(WrongTypeError, match="expected several keys"):
        structured.to_pandas(last="return")


def test_the_long_form_of_scalars(structured: StructuredList[Args], runs: Path) -> None:
    table = structured.scalars("return", "solved").to_pandas()
    assert list(table.columns) == ["run", "key", "step", "value"]
    assert len(table) == 4 * 2 * 150
    one = table[(table["run"] == structured[1].identifier) & (table["key"] == "return")]
    assert one["step"].tolist() == list(range(150))
    assert one["value"].tolist() == structured[1].experiment.result.series("return").tolist()
    with pytest.raises(NoSuchKeyError):
        structured.scalars("q_at_origin")


def test_runs_without_a_result_or_with_a_broken_one_are_rows_too(runs: Path) -> None:
    everything = Experiment.load_all(runs, recursive=True)
    (runs / FIRST / f"{Path(FIRST).name}.result").write_bytes(b"damaged")
    with pytest.warns(HermesWarning, match="results of these runs cannot be read"):
        table = everything.to_pandas(last=["return"])
    assert table["last.return"].isna().sum() == 2
    assert len(table) == 6


def test_empty_lists_make_tables(structured: StructuredList[Args]) -> None:
    assert len(structured[:0].to_pandas()) == 0
    assert ExperimentList([]).to_polars().height == 0
    assert len(ExperimentList([]).scalars()) == 0


# In a terminal and a notebook


def test_lists_show_themselves_as_tables(structured: StructuredList[Args], cartpole: Path) -> None:
    lines = repr(structured).split("\n")
    assert lines[0] == "StructuredList[Args] of 4 runs"
    assert lines[1] == "the same in all: status=unknown, algo=dqn"
    assert lines[2].split() == ["identifier", "start_time", "duration", "lr", "seed", "layers", "doubledqn"]
    assert lines[3].split() == [
        structured[0].identifier,
        "2026-11-23",
        "18:23:53",
        "39.3",
        "0.001",
        "0",
        "64",
        "64",
        "False",
    ]
    assert repr(Experiment.load_all(cartpole)).startswith("ExperimentList of 4 runs\nthe same in all:")
    assert repr(ExperimentList([])) == "ExperimentList of 0 runs\nidentifier  status  start_time  duration"
    assert "<table>" in structured._repr_html_()
    assert "StructuredList[Args] of 4 runs" in structured._repr_html_()


def test_a_long_list_shows_its_ends_and_reads_only_these(first: Path, runs: Path) -> None:
    many = ExperimentList([Experiment.load(first)] * 10 + [Experiment.load(runs / DOUBLE)] * 80)
    many += [Experiment.load(runs / CRASHED)] * 10
    text = repr(many)
    assert "... 80 more ..." in text
    assert "the same in all shown: status=unknown" in text
    assert "--doubledqn" not in text
    assert text.count(Path(CRASHED).name) == 10
    assert "... 80 more ..." in many._repr_html_()
    assert many[50].loaded_arguments is None


def test_showing_never_raises_nor_warns(cartpole: Path, first: Path) -> None:
    (first / "exec_arguments").unlink()
    (first / "exec_arguments").mkdir()
    runs = Experiment.load_all(cartpole)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert first.name in repr(runs)
        assert first.name in runs._repr_html_()


def test_what_is_shown_is_escaped(first: Path) -> None:
    with_arguments(first, "--note '<script>alert(1)</script>'\n--red \x1b[31m\n-lr 1\n--seed 1\n")
    runs = ExperimentList([Experiment.load(first)])
    assert "<script>" not in runs._repr_html_()
    assert "&lt;script&gt;" in runs._repr_html_()
    assert "\x1b" not in repr(runs)
    assert "\x1b" not in runs._repr_html_()


def test_a_structured_run_can_be_made_by_hand(first: Path) -> None:
    run = StructuredRun(Experiment.load(first), Args(0.1, 3))
    assert run.defaulted == frozenset()
    assert StructuredList([run], Args).varying() == ()
