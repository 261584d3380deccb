from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from pyhermes import Experiment, RunStatus
from pyhermes.core import load_arguments, load_scalars, load_scores
from pyhermes.core.disk.provenance import load_provenance
from pyhermes.core.disk.stop_file import ask_to_stop
from pyhermes.core.messages import reason_of
from pyhermes.core.sweep.file import ExecutionFile, parse_execution_file
from pyhermes.core.sweep.items import JobLine
from pyhermes.core.sweep.jobs import Job, JobOptions, expand
from pyhermes.runner import JobOutcome, JobPlan, run_job
from pyhermes.runner.exec_plan import make_command_job
from tests.runner.helpers import git, is_alive, jobs_of, leftovers, make_project, wait_for, wait_until


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def plan_of(project: Path, job: Job | str, name: str = "name", comments: tuple[str, ...] = ()) -> JobPlan:
    if isinstance(job, str):
        (job,) = jobs_of(job)
    return JobPlan(job, name, 0, project / "experiments", project, project / "stop", comments)


def run_of(outcome: JobOutcome) -> Experiment:
    assert outcome.path is not None
    return Experiment.load(outcome.path)


def done(project: Path, job: Job | str) -> Experiment:
    """The run of a job."""
    return run_of(run_job(plan_of(project, job)))


def logs_of(exp: Experiment) -> tuple[str, str]:
    texts = [
        exp.file(name).read_bytes().decode("utf-8", "surrogateescape")
        for name in ("stdout.log", "stderr.log")
    ]
    return texts[0], texts[1]


# What is recorded


def test_a_job_is_recorded_from_its_beginning_to_its_end(project: Path) -> None:
    git(project, "init")
    git(project, "add", "echo.py")
    git(project, "commit", "-m", "first")
    seen: list[Path] = []
    plan = plan_of(project, "[[python, echo.py, pos, --lr 0.1],[-c own]]", comments=("theirs",))
    outcome = run_job(plan, seen.append)
    exp = run_of(outcome)
    assert seen == [outcome.path]
    assert exp.path_to_experiment.parent == project / "experiments" / "echo" / "name"
    assert exp.commit_hash == git(project, "rev-parse", "HEAD")
    assert exp.identifier.endswith(f"_0_{exp.commit_hash[-5:]}")
    assert outcome == JobOutcome(0, exp.path_to_experiment, RunStatus.FINISHED, "its exit status is 0")
    assert (exp.status, exp.comments) == (RunStatus.FINISHED, "theirs,own")
    assert exp.start_time is not None
    assert exp.end_time is not None
    assert exp.execution_time is not None
    assert exp.start_time <= exp.end_time
    assert 0 < exp.execution_time < 30
    assert exp.exec_args == {"pos", "--lr 0.1"}
    assert logs_of(exp) == ('["pos", "--lr", "0.1"]\n', "")
    assert leftovers(project) == []
    assert sorted(os.listdir(exp.path_to_experiment)) == [
        "exec_arguments",
        "hermes.info",
        "provenance.json",
        "re_execution.hermes",
        "stderr.log",
        "stdout.log",
    ]


def test_the_process_that_is_recorded_is_the_job_and_not_who_records_it(project: Path) -> None:
    (project / "pid.py").write_text("import os\nprint(os.getpid())")
    exp = done(project, "[[python, pid.py],[]]")
    provenance = load_provenance(exp.path_to_experiment)
    assert provenance is not None
    assert provenance.process.pid == int(logs_of(exp)[0])
    assert provenance.argv == ("python", "pid.py")


def test_the_directory_that_is_recorded_is_where_the_job_ran(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    provenance = load_provenance(done(project, "[[python, echo.py],[]]").path_to_experiment)
    assert provenance is not None
    assert Path(provenance.directory) == project


def test_it_can_be_run_again_from_its_own_file(project: Path) -> None:
    exp = done(project, "[[python, echo.py, 'a b', --lr 0.1],[-leg, -c 'x, y']]")
    (again,) = expand(parse_execution_file(exp.file("re_execution.hermes").read_text()))
    second = done(project, again)
    assert second.exec_args == exp.exec_args == {"'a b'", "--lr 0.1"}
    assert json.loads(logs_of(second)[0]) == [second.identifier, "a b", "--lr", "0.1"]
    assert second.comments == exp.comments


def test_a_single_command_can_be_run_again_from_its_own_file_too(project: Path) -> None:
    words = ["python", "-u", "echo.py", "a b", "--lr", "0.1", "it's"]
    exp = done(project, make_command_job(words))
    (again,) = expand(parse_execution_file(exp.file("re_execution.hermes").read_text()))
    assert again.argv("I") == tuple(words)


@pytest.mark.parametrize("status", [1, 3, 127])
def test_a_job_that_fails_is_a_failed_run(project: Path, status: int) -> None:
    (project / "fail.py").write_text(f"print('a', flush=True)\nraise SystemExit({status})")
    exp = done(project, "[[python, fail.py],[]]")
    assert (exp.status, exp.run.info.exit_status) == (RunStatus.FAILED, status)
    assert logs_of(exp) == ("a\n", "")


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, RunStatus.INTERRUPTED), (signal.SIGKILL, RunStatus.FAILED)],
)
def test_a_job_that_a_signal_ends_says_which(project: Path, number: int, status: RunStatus) -> None:
    (project / "end.py").write_text(f"import os\nos.kill(os.getpid(), {number})")
    exp = done(project, "[[python, end.py],[]]")
    assert (exp.status, exp.run.info.exit_status) == (status, -number)


def test_what_a_script_prints_is_there_as_bytes_and_at_once(project: Path) -> None:
    text = "import sys, os\nsys.stdout.buffer.write(bytes(range(256)))\nprint('err', file=sys.stderr)\nos._exit(0)"
    (project / "raw.py").write_text(text)
    exp = done(project, "[[python, raw.py],[]]")
    assert exp.file("stdout.log").read_bytes() == bytes(range(256))
    assert exp.file("stderr.log").read_bytes() == b"err\n"


# What a script is given

HOSTILE = [
    "two words",
    'a"b',
    "it's",
    "; touch hacked",
    "$(touch hacked)",
    "`touch hacked`",
    "$HOME",
    "*",
    "\\n",
    "äöü 漢字 🚀",
    "#no comment",
    "//",
    "a,b",
    "[x]",
    "{x}",
    "",
    " ",
    "a|b>c<d&",
    "--opt=1 2",
    "-3.5",
    "\udcff",
]


def test_words_arrive_exactly_as_they_are(project: Path) -> None:
    exp = done(project, make_command_job(["python", "echo.py", *HOSTILE, "new\nline"]))
    assert json.loads(logs_of(exp)[0]) == [*HOSTILE, "new\nline"]
    assert not (project / "hacked").exists()
    words = {word for line in load_arguments(exp.path_to_experiment).lines for word in line.split()}
    assert "new\\nline'" in words or "new\\nline" in words or r"'new\nline'" in words


def test_a_word_that_exec_arguments_cannot_hold_is_a_problem_in_the_provenance(project: Path) -> None:
    exp = done(project, make_command_job(["python", "echo.py", "--note", "x\ny"]))
    provenance = load_provenance(exp.path_to_experiment)
    assert provenance is not None
    assert provenance.argv == ("python", "echo.py", "--note", "x\ny")
    assert provenance.problems == ("'x\\ny'",)
    assert exp.exec_args == {"--note x\\ny"}


def test_words_of_an_execution_file_arrive_exactly_too(project: Path) -> None:
    quoted = [f'"{word}"' for word in HOSTILE if not {'"', "\\", "\udcff"} & set(word)]
    exp = done(project, f"[[python, echo.py, {', '.join(quoted)}],[]]")
    assert json.loads(logs_of(exp)[0]) == [word for word in HOSTILE if not {'"', "\\", "\udcff"} & set(word)]
    assert not (project / "hacked").exists()


def test_a_word_that_no_file_can_hold_leaves_no_file_to_run_again(project: Path) -> None:
    file = ExecutionFile(items=(JobLine((("python",), ("echo.py",), ("a\nb",))),))
    (job,) = expand(file)
    exp = done(project, job)
    assert not exp.file("re_execution.hermes").exists()
    assert exp.status is RunStatus.FINISHED
    assert json.loads(logs_of(exp)[0]) == ["a\nb"]


def test_the_identifier_comes_first_if_the_job_wants_it(project: Path) -> None:
    exp = done(project, "[[python, echo.py, a],[-leg]]")
    assert json.loads(logs_of(exp)[0]) == [exp.identifier, "a"]
    assert exp.exec_args == {"a"}


def test_without_logs_a_job_prints_where_hermes_does(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    exp = done(project, "[[python, echo.py, a],[-l False]]")
    assert logs_of(exp) == ("", "")
    assert capfd.readouterr().out == '["a"]\n'


def test_a_script_has_nothing_to_read(project: Path) -> None:
    (project / "read.py").write_text("import sys\nprint(repr(sys.stdin.read()))")
    assert logs_of(done(project, "[[python, read.py],[]]"))[0] == "''\n"


def test_a_script_knows_the_experiment_that_it_is(project: Path) -> None:
    pytest.importorskip("torch")  # the job saves a result
    (project / "train.py").write_text(
        "from pyhermes import Experiment\n"
        "exp = Experiment.current()\n"
        "result = exp.new_result('metrics')\n"
        "for score in (1, 2.5):\n"
        "    exp.log_score(score)\n"
        "    result.store_scalar(score, 'return')\n"
        "print(exp.identifier, exp.path_to_experiment)\n"
        "assert Experiment.current() is exp\n"
        "raise SystemExit(4)\n"
    )
    exp = done(project, "[[python, train.py],[]]")
    assert logs_of(exp) == (f"{exp.identifier} {exp.path_to_experiment}\n", "")
    assert load_scores(exp.scores_file).tolist() == [1.0, 2.5]
    assert list(load_scalars([exp.run])[0][0]["return"]) == [1.0, 2.5]
    assert exp.run.info.exit_status == 4


# Jobs that cannot be started


@pytest.mark.parametrize(
    ("job", "status", "reason"),
    [
        ("[[python, nowhere.py],[]]", 127, "there is no script 'nowhere.py'"),
        ("[[./nowhere.sh],[]]", 127, "there is no script './nowhere.sh'"),
        ("[[no-such-program, a],[]]", 127, "cannot be started: [Errno 2] No such file or directory"),
        ("[[./echo.py],[]]", 126, "cannot be started: [Errno 13] Permission denied"),
        ("[[./empty],[]]", 126, "cannot be started: [Errno 8] Exec format error"),
        ("[[python, echo.py],[-cb none.txt]]", 126, "none.txt: expected a file, got a path where nothing is"),
        ("[[python, echo.py],[-cb experiments]]", 126, "expected a regular file, got a directory"),
    ],
)
def test_a_job_that_cannot_be_started_is_a_failed_run_that_says_why(
    project: Path, job: str, status: int, reason: str
) -> None:
    (project / "empty").touch(0o755)
    exp = done(project, job)
    stdout, stderr = logs_of(exp)
    assert (exp.status, exp.run.info.exit_status) == (RunStatus.FAILED, status)
    assert (stdout, stderr.startswith("hermes: "), stderr.count("\n")) == ("", True, 1)
    assert reason in stderr
    assert leftovers(project) == []


@pytest.mark.parametrize("word", ["a\0b", "x" * 4_000_000])
def test_words_that_no_process_can_have_are_a_failed_run(project: Path, word: str) -> None:
    exp = done(project, Job(("python", "echo.py"), "echo", own=((word,),)))
    assert exp.status is RunStatus.FAILED
    assert "hermes: cannot be started" in logs_of(exp)[1]


def test_without_the_project_it_is_a_failed_run(project: Path) -> None:
    (job,) = jobs_of("[[python, -c pass],[]]")
    plan = JobPlan(job, "name", 0, project / "experiments", project / "gone", project / "stop")
    exp = run_of(run_job(plan))
    assert exp.status is RunStatus.FAILED
    assert "gone" in logs_of(exp)[1]
    assert not (project / "gone").exists()


@pytest.mark.parametrize("name", ["a/b", "", "..", "x" * 256])
def test_names_that_no_directory_has_are_refused(project: Path, name: str) -> None:
    outcome = run_job(plan_of(project, "[[python, echo.py],[]]", name))
    assert (outcome.path, outcome.status) == (None, RunStatus.FAILED)
    assert outcome.reason.startswith("cannot be recorded: expected a name of at most 255 bytes")
    assert not (project / "experiments").exists()


@pytest.mark.parametrize("name", ["two words", "äöü 漢字", "--name", "a'b"])
def test_names_may_have_spaces_and_what_people_write(project: Path, name: str) -> None:
    assert (
        run_of(run_job(plan_of(project, "[[python, echo.py],[]]", name))).path_to_experiment.parent.name
        == name
    )


def test_a_root_that_is_a_file_is_refused(project: Path) -> None:
    (project / "experiments").touch()
    outcome = run_job(plan_of(project, "[[python, echo.py],[]]"))
    assert (outcome.path, outcome.status) == (None, RunStatus.FAILED)
    assert "Not a directory" in outcome.reason  # and not only the number of the error


def test_what_a_job_does_to_its_own_directory_is_no_error_of_ours(project: Path) -> None:
    text = "import os, shutil\nshutil.rmtree(os.environ['HERMES_EXPERIMENT'])"
    (project / "remove.py").write_text(text)
    outcome = run_job(plan_of(project, "[[python, remove.py],[]]"))
    assert outcome.status is RunStatus.FAILED


def test_provenance_that_is_gone_is_not_written_again(project: Path) -> None:
    outcome = run_job(
        plan_of(project, "[[python, echo.py],[]]"), lambda path: (path / "provenance.json").unlink()
    )
    assert outcome.status is RunStatus.FINISHED
    assert not run_of(outcome).file("provenance.json").exists()


# Files


def test_files_are_copied_before_and_after_and_moved(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "before").write_text("1")
    (project / "change.py").write_text(
        "import os, pathlib\n"
        "for name in ('sub/before', 'after', 'moved', 'moved too'):\n"
        "    pathlib.Path(name).write_text('2')\n"
        "print(sorted(os.listdir(os.environ['HERMES_EXPERIMENT'])).count('before'))\n"
    )
    exp = done(project, "[[python, change.py],[-cb sub/before change.py, -ca after, -ma moved 'moved too']]")
    held = {path.name: path.read_text() for path in exp.path_to_experiment.iterdir()}
    assert (held["before"], held["after"], held["moved"], held["moved too"]) == ("1", "2", "2", "2")
    assert held["change.py"] == (project / "change.py").read_text()
    assert (project / "sub" / "before").read_text() == (project / "after").read_text() == "2"
    assert not (project / "moved").exists()
    assert held["stdout.log"] == "1\n"


@pytest.mark.parametrize("option", ["-ca", "-ma"])
def test_files_that_are_not_there_afterwards_are_said_and_the_others_brought(
    project: Path, option: str
) -> None:
    (project / "there").touch()
    outcome = run_job(plan_of(project, f"[[python, echo.py],[{option} none, {option} there]]"))
    exp = run_of(outcome)
    assert outcome.status is RunStatus.FINISHED
    assert "none: expected a file, got a path where nothing is" in outcome.reason
    assert logs_of(exp)[1] == f"hermes: {project / 'none'}: expected a file, got a path where nothing is\n"
    assert exp.file("there").exists()


def test_files_of_the_format_are_never_replaced(project: Path) -> None:
    for name in ("hermes.info", "exec_arguments"):
        (project / name).write_text("theirs")
    exp = done(project, "[[python, echo.py, a],[-ma hermes.info exec_arguments]]")
    assert (exp.status, exp.exec_args) == (RunStatus.FINISHED, {"a"})
    assert (project / "hermes.info").read_text() == "theirs"
    assert logs_of(exp)[1].count("expected a file that the format does not use") == 2


def test_what_is_named_by_the_identifier_is_moved(project: Path) -> None:
    (project / "leave.py").write_text(
        "import os, sys\n"
        "open(f'{sys.argv[1]}.scores', 'w').write('1\\n')\n"
        "os.makedirs(f'{sys.argv[1]}_figures/deep')\n"
        "open(f'{sys.argv[1]}_figures/deep/a', 'w').write('2')\n"
        "open('other', 'w')\n"
    )
    exp = done(project, "[[python, leave.py],[-leg]]")
    assert exp.scores().tolist() == [1.0]
    assert (exp.path_to_experiment / f"{exp.identifier}_figures" / "deep" / "a").read_text() == "2"
    assert sorted(os.listdir(project)) == [
        "echo.py", "experiments", "leave.py", "other", "stubborn.py", "wait.py",
    ]  # fmt: skip


def test_it_is_moved_when_the_job_failed_too(project: Path) -> None:
    (project / "leave.py").write_text("import sys\nopen(f'{sys.argv[1]}.scores', 'w').write('1\\n')\n1 / 0")
    exp = done(project, "[[python, leave.py],[-leg]]")
    assert exp.status is RunStatus.FAILED
    assert exp.scores().tolist() == [1.0]


def test_nothing_in_the_run_is_written_over_by_it(project: Path) -> None:
    (project / "leave.py").write_text(
        "import os, sys\n"
        "open(sys.argv[1] + '.scores', 'w').write('1\\n')\n"
        "open(os.path.join(os.environ['HERMES_EXPERIMENT'], sys.argv[1] + '.scores'), 'w').write('2\\n')\n"
    )
    outcome = run_job(plan_of(project, "[[python, leave.py],[-leg]]"))
    exp = run_of(outcome)
    assert exp.scores().tolist() == [2.0]
    assert (project / f"{exp.identifier}.scores").read_text() == "1\n"
    assert "this one stays at" in outcome.reason
    assert "this one stays at" in logs_of(exp)[1]


# Ending a job


def end_when_begun(project: Path, *numbers: int) -> threading.Thread:
    """Ask a job, once it has begun, to end."""

    def ask() -> None:
        wait_for(project / "began1")
        for _ in numbers:
            ask_to_stop(project / "stop")
            time.sleep(0.3 if len(numbers) > 1 else 0)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_a_job_that_is_asked_to_stop_is_interrupted(project: Path) -> None:
    thread = end_when_begun(project, signal.SIGINT)
    outcome = run_job(plan_of(project, "[[python, wait.py, 1],[]]"))
    thread.join()
    exp = run_of(outcome)
    assert outcome.status is exp.status is RunStatus.INTERRUPTED
    assert exp.run.info.exit_status == -signal.SIGINT
    assert exp.end_time is not None
    assert "KeyboardInterrupt" in logs_of(exp)[1]
    assert not is_alive(int((project / "began1").read_text()))


def test_a_job_that_ends_well_when_asked_to_stop_is_interrupted_all_the_same(project: Path) -> None:
    text = "try:\n    exec(open('wait.py').read())\nexcept KeyboardInterrupt:\n    print('saved')\n"
    (project / "good.py").write_text(text)
    thread = end_when_begun(project, signal.SIGINT)
    exp = run_of(run_job(plan_of(project, "[[python, good.py, 1],[]]")))
    thread.join()
    assert exp.status is RunStatus.INTERRUPTED
    assert logs_of(exp)[0] == "began 1\nsaved\n"


def test_a_job_that_does_not_listen_is_killed_when_asked_again(project: Path) -> None:
    thread = end_when_begun(project, signal.SIGINT, signal.SIGKILL)
    exp = run_of(run_job(plan_of(project, "[[python, stubborn.py, 1],[]]")))
    thread.join()
    assert exp.run.info.exit_status == -signal.SIGINT
    assert not is_alive(int((project / "began1").read_text()))


def test_processes_that_a_job_started_end_with_it(project: Path) -> None:
    text = "import subprocess, sys\nsubprocess.run([sys.executable, 'wait.py', '1'])"
    (project / "parent.py").write_text(text)
    thread = end_when_begun(project, signal.SIGINT)
    run_job(plan_of(project, "[[python, parent.py],[]]"))
    thread.join()
    pid = int((project / "began1").read_text())
    wait_until(lambda: not is_alive(pid), "the job's own child has ended")


def test_no_job_begins_after_all_were_asked_to_stop(project: Path) -> None:
    ask_to_stop(project / "stop")
    outcome = run_job(plan_of(project, "[[python, wait.py, 1],[]]"))
    assert (outcome.path, outcome.status) == (None, RunStatus.INTERRUPTED)
    assert not (project / "experiments").exists()


def test_ctrl_c_in_a_worker_itself_leaves_no_run_without_an_end(project: Path) -> None:
    """As it comes to the processes of a pool, which are in the terminal's foreground too."""
    seen: list[Path] = []

    def interrupt() -> None:
        wait_for(project / "began1")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = run_job(plan_of(project, "[[python, wait.py, 1],[]]"), seen.append)
    assert outcome.status is RunStatus.INTERRUPTED
    thread.join()
    assert not is_alive(int((project / "began1").read_text()))
    (path,) = seen
    assert Experiment.load(path).status in (RunStatus.INTERRUPTED, RunStatus.FAILED)


def test_a_job_that_goes_on_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyhermes.runner.heartbeat.SECONDS_BETWEEN_BEATS", 0)
    (project / "beat.py").write_text(
        "import os, time\n"
        "beat = os.path.join(os.environ['HERMES_EXPERIMENT'], 'heartbeat')\n"
        "os.utime(beat, (0, 0))\n"
        "while os.stat(beat).st_mtime == 0:\n"
        "    time.sleep(0.01)\n"
    )
    assert done(project, "[[python, beat.py],[]]").status is RunStatus.FINISHED


def test_job_options_are_what_the_file_says() -> None:
    (job,) = jobs_of("[[python, a.py],[-cb a b, -leg, -l False, -c one, -c two words]]")
    assert job.options == JobOptions(("a", "b"), (), (), ("one", "two words"), False, True)


def test_errors_of_the_system_say_what_they_are() -> None:
    assert "No such file" in reason_of(FileNotFoundError(2, "No such file or directory", "x"))
