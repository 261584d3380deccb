from __future__ import annotations

from pathlib import Path

import pytest

from pyhermes.core import (
    ExecutionFile,
    ExecutionFileError,
    Job,
    JobLine,
    JobOptions,
    Sweep,
    expand,
    format_exec_args,
    format_execution_file,
    parse_execution_file,
    parse_info,
)
from pyhermes.core.text.quoting import Words
from tests.core.sweep.test_file import BAD_FILES

DATA = Path(__file__).parents[2] / "data"


def jobs_of(text: str) -> tuple[Job, ...]:
    return expand(parse_execution_file(f"EXEC\n{text}\n"))


def own(text: str) -> list[str]:
    """The arguments of each job, a comma between two and a bar between two words."""
    return [", ".join("|".join(words) for words in job.own) for job in jobs_of(text)]


def job_of(text: str) -> Job:
    (job,) = expand(parse_execution_file(text))
    return job


@pytest.mark.parametrize(("sweep", "count"), [("cartpole", 9), ("taxi", 5)])
def test_real_sweeps_give_the_jobs_that_ran(sweep: str, count: int) -> None:
    jobs = expand(parse_execution_file((DATA / f"{sweep}.hermes").read_text()))
    assert len(jobs) == count == len(list((DATA / sweep).iterdir()))
    for index, job in enumerate(jobs):
        run = DATA / sweep / str(index)
        assert format_exec_args(job.lines) == (run / "exec_arguments").read_text()
        assert ",".join(job.options.comments) == parse_info((run / "hermes.info").read_text()).comments
        text = (run / "re_execution.hermes").read_text()
        assert job.file == parse_execution_file(text)
        assert format_execution_file(job.file) == text + "\n"
        assert expand(job.file) == (job,)


def test_a_real_job() -> None:
    job = expand(parse_execution_file((DATA / "cartpole.hermes").read_text()))[-1]
    assert (job.command, job.script, job.script_path) == (
        ("python", "cartpole_dqn.py"),
        "cartpole_dqn",
        "cartpole_dqn.py",
    )
    assert job.options == JobOptions(("cartpole_dqn.py",), comments=("double",), pass_identifier=True)
    assert " ".join(job.argv("ID")) == (
        "python cartpole_dqn.py ID -es 1.0 -ee 0.01 -ed 0.97"
        " -lr 0.001 --doubledqn --gradclip --layers 32 32 --seed 2"
    )
    assert job.line == 11
    assert "-ed 0.97" not in repr(job.file) or "file" not in repr(job)


def test_no_items_are_no_jobs() -> None:
    assert expand(ExecutionFile()) == ()


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("[[p, a, b c],[]]", ["a, b|c"]),
        ("PROD([[p, {x}{y}]], x=[1, 2], y=[a, b, c])", ["1a", "1b", "1c", "2a", "2b", "2c"]),
        ("ZIP([[p, {x}{y}]], x=[1, 2], y=[a, b])", ["1a", "2b"]),
        ("PROD([[p, a {x}]], x=[1, 2], [[p, b {x}]])", ["a|1", "a|2", "b|1", "b|2"]),
        ("PROD(ZIP([[p, {x}{y}{z}]], y=[1, 2], z=[3, 4]), [[p, {x}]], x=[a, b])", ["a13", "a24", "b13", "b24", "a", "b"]),
        ("ZIP(PROD([[p, {x}{y}]], y=[1, 2]), x=[a, b])", ["a1", "a2", "b1", "b2"]),
        ("PROD([[p, {x}]], x=[1])\n[[p, 2]]\nPROD([[p, {x}]], x=[3])", ["1", "2", "3"]),
        ("PROD([[p, --layers {n}, -{n}-]], n=[32 32, '64 64'])", ["--layers|32|32, -32 32-", "--layers|64 64, -64 64-"]),
        ("PROD([[p, '{n}', '{n} x', {n}]], n=[1 2])", ["1|2, 1 2 x, 1|2"]),
        ("PROD([[p, {a}]], a=[{b}, {a}], b=[1])", ["{b}", "{a}"]),
        ('PROD([[p, {"a": 1}, {}, {a b}, {1}, {{a}}]], a=[x])', ['{"a":|1}, {}, {a|b}, {1}, {x}']),
        ("[[p, {a}, {b} c]]", ["{a}, {b}|c"]),
        ("PROD([[p, {x}]], x=RANGE[0.1, 0.4, 0.1])", ["0.1", "0.2", "0.3"]),
        ("PROD([[p, {x}]], x=RANGE[3, 0, -1])", ["3", "2", "1"]),
        (r"PROD([[p, {x}]], x=['\1', \g<0>])", [r"\1", r"\g<0>"]),
    ],
)  # fmt: skip
def test_sweeps(text: str, arguments: list[str]) -> None:
    assert own(text) == arguments


def test_what_stands_for_a_value_may_stand_anywhere_in_a_job() -> None:
    first, second = jobs_of(
        "PROD([[{p}, {s}.py, 1],[-c seed {s}, {o}]], p=[python -u], s=[a, b], o=[-cb x y])"
    )
    assert first == Job(
        ("python", "-u", "a.py"),
        "a",
        "a.py",
        own=(("1",),),
        options=JobOptions(copy_before=("x", "y"), comments=("seed a",)),
        file=ExecutionFile(
            items=(JobLine((("python", "-u"), ("a.py",), ("1",)), (("-c", "seed", "a"), ("-cb", "x", "y"))),)
        ),
    )
    assert (second.script, second.options.comments) == ("b", ("seed b",))


@pytest.mark.parametrize("option", ["-l {x}", "{x}", "-{x}", "-leg {x}"])
def test_an_option_that_became_none_is_an_error_with_its_line(option: str) -> None:
    file = parse_execution_file(f"EXEC\n\nPROD(\n[[p],[{option}]], x=[True, yes])")
    with pytest.raises(ExecutionFileError, match="^line 4: expected an option: ") as error:
        expand(file)
    assert error.value.line == 4


@pytest.mark.parametrize(
    ("parts", "command", "arguments"),
    [
        ("python, a.py, -x 1, y", "python a.py", [("-x", "1"), ("y",)]),
        ("python -u a.py, -x 1", "python -u a.py", [("-x", "1")]),
        ("python, -W, ignore, a.py", "python -W ignore a.py", []),
        ("python a.py x y -l 1 2 --f, -x 1 -y", "python a.py", [("x",), ("y",), ("-l", "1", "2"), ("--f",), ("-x", "1", "-y")]),
        ("python, -m, a.b, c", "python -m a.b", [("c",)]),
        ("./run -x, -y 1", "./run", [("-x",), ("-y", "1")]),
        ("python", "python", []),
    ],
)  # fmt: skip
def test_the_command_ends_with_the_script(parts: str, command: str, arguments: list[Words]) -> None:
    job = job_of(f"EXEC\n[[{parts}]]")
    assert " ".join(job.command) == command
    assert list(job.own) == arguments
    assert job.file.items == parse_execution_file(f"EXEC\n[[{parts}]]").items


def test_arguments_for_all_jobs_come_first_and_give_way_to_a_jobs_own() -> None:
    job = job_of(
        "STD-E\npos\n-a 1\n--b=2\n--c\n-d 4\n-1\nEXEC\n[[python, s.py, pos, --b 3, -a=5, --c, x, -1]]"
    )
    assert job.standard == (("pos",), ("-d", "4"), ("-1",))
    assert job.argv("I")[2:] == ("pos", "-d", "4", "-1", "pos", "--b", "3", "-a=5", "--c", "x", "-1")
    assert job.lines == (
        ("pos",), ("x",), ("-1",), ("pos",), ("-1",), ("--c",), ("--b", "3"), ("-a=5",), ("-d", "4"),
    )  # fmt: skip
    assert ("-a", "1") in job.file.arguments


def test_the_identifier_comes_after_the_script_where_it_is_wanted() -> None:
    text = "STD-E\n-a 1\nEXEC\n[[python, s.py, x],[{}]]"
    assert job_of(text.format("-leg")).argv("ID") == ("python", "s.py", "ID", "-a", "1", "x")
    assert job_of(text.format("")).argv("ID") == ("python", "s.py", "-a", "1", "x")


def test_options_of_the_file_and_of_the_job_come_together() -> None:
    text = "STD-H\n-cb a\n-c one two\n-l False\n-ma m\nEXEC\n[[p],[-cb b c, -ca d, -cb e, -c three, -ma n]]\n"
    assert job_of(text).options == JobOptions(
        copy_before=("a", "b", "c", "e"),
        copy_after=("d",),
        move_after=("m", "n"),
        comments=("one two", "three"),
        log=False,
        pass_identifier=False,
    )
    assert job_of("EXEC\n[[p]]").options == JobOptions()


@pytest.mark.parametrize(
    ("of_file", "of_job", "log", "leg"),
    [
        ("-l True", "", True, False),
        ("-l False", "-l True", True, False),
        ("-leg", "-l False", False, True),
        ("-l False\n-l True", "-leg", True, True),
        ("-leg", "-leg, -l True, -l False", False, True),
    ],
)
def test_a_jobs_own_word_on_logs_counts(of_file: str, of_job: str, log: bool, leg: bool) -> None:
    options = job_of(f"STD-H\n{of_file}\nEXEC\n[[p],[{of_job}]]").options
    assert (options.log, options.pass_identifier) == (log, leg)


def test_a_job_runs_again_from_its_file_alone() -> None:
    text = "PRE\nthreads:3\nSTD-H\n-c a\nSTD-E\n-x 1\nEXEC\nPROD([[p, '{s}, {t}', {s}],[-c {s}]], s=['{q}', 'a, b'], t=['#'])"
    jobs = expand(parse_execution_file(text))
    assert [job.own for job in jobs] == [(("{q}, #",), ("{q}",)), (("a, b, #",), ("a, b",))]
    for job in jobs:
        assert (dict(job.file.settings), len(job.file.items)) == ({"threads": "3"}, 1)
        assert expand(parse_execution_file(format_execution_file(job.file))) == (job,)


@pytest.mark.parametrize(("file", "message", "line"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_file_with_problems_has_no_jobs(file: ExecutionFile, message: str, line: int | None) -> None:
    with pytest.raises(ExecutionFileError) as error:
        expand(file)
    assert (str(error.value), error.value.line) == (message, line)


def test_a_zip_made_by_hand_is_checked_too() -> None:
    item = JobLine((("p", "{x}"),))
    unequal = Sweep("ZIP", (item,), (("x", (("1",),)), ("y", (("1",), ("2",)))), 4)
    with pytest.raises(ExecutionFileError, match="line 4: expected lists of equal lengths in ZIP"):
        expand(ExecutionFile(items=(unequal,)))


def test_too_many_jobs_are_refused_at_once() -> None:
    with pytest.raises(ExecutionFileError, match="at most 1000000 jobs"):
        jobs_of("PROD([[p]], " + ", ".join(f"x{n}=RANGE[0, 1000]" for n in range(9)) + ")")
