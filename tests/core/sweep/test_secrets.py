from __future__ import annotations

from pyhermes.core.formats.secrets import SecretNames
from pyhermes.core.sweep.file import format_execution_file, parse_execution_file
from pyhermes.core.sweep.jobs import expand
from pyhermes.core.sweep.secrets import fill_masked, find_masked, mask_job

TEXT = """STD-E
--password hunter2
EXEC
[[python, train.py, --url http://me:hunter2@host, --api-key, hunter2, --lr 0.1],[-c about hunter2]]
"""
WORDS = (
    "python",
    "train.py",
    "--password",
    "{}",
    "--url",
    "http://me:{}@host",
    "--api-key",
    "{}",
    "--lr",
    "0.1",
)


def words(secret: str) -> tuple[str, ...]:
    return tuple(word.format(secret) for word in WORDS)


def test_a_job_is_masked_in_every_form_that_it_is_recorded_in() -> None:
    (job,) = expand(parse_execution_file(TEXT))
    masked = mask_job(job, SecretNames())
    assert job.argv("") == words("hunter2")
    assert masked.argv("") == words("***")
    assert "hunter2" not in str(masked.lines)
    text = format_execution_file(masked.file)
    assert text.count("hunter2") == 1  # a comment stays what it is
    (again,) = expand(parse_execution_file(text))
    assert again.argv("") == words("***")
    assert again.options == job.options


def test_what_was_masked_is_asked_for_once_by_its_name() -> None:
    (job,) = expand(parse_execution_file(TEXT))
    masked = mask_job(job, SecretNames())
    asked: list[str] = []

    def ask(name: str) -> str:
        asked.append(name)
        return "hunter2"

    assert fill_masked(masked, ask).argv("") == job.argv("")
    assert tuple(asked) == find_masked(masked)
    assert len(asked) == 3
    assert find_masked(job) == ()
    assert fill_masked(job, ask) == job


def test_sweeps_have_no_secrets_of_their_own() -> None:
    file = parse_execution_file("EXEC\nPROD([[python, a.py, --token {t}],[]], t=[x, y])")
    first, second = (mask_job(job, SecretNames()) for job in expand(file))
    assert first.argv("") == second.argv("") == ("python", "a.py", "--token", "***")
