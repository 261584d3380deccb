"""Secrets in the arguments of jobs: masked in what is recorded, and given again to run such a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from pyhermes.core.formats.exec_arguments import split_name
from pyhermes.core.formats.secrets import MASK, SecretNames, is_masked, mask_lines
from pyhermes.core.sweep.file import ExecutionFile
from pyhermes.core.sweep.items import Item, JobLine
from pyhermes.core.sweep.jobs import Job
from pyhermes.core.text.quoting import Words


def mask_job(job: Job, names: SecretNames) -> Job:
    """Return a job as it is recorded: with `***` in place of each secret, in its file too.

    >>> job = Job(("python", "train.py"), "train", own=(("--api-key", "abc"),))
    >>> mask_job(job, SecretNames()).own
    (('--api-key', '***'),)
    """
    command, *own = mask_lines((job.command, *job.own), names)
    standard, file = mask_lines(job.standard, names), mask_file(job.file, names)
    return attrs.evolve(job, command=command, own=tuple(own), standard=standard, file=file)


def mask_file(file: ExecutionFile, names: SecretNames) -> ExecutionFile:
    """Return an execution file with `***` in place of each secret of its jobs; sweeps stay as they are."""
    return attrs.evolve(
        file,
        arguments=mask_lines(file.arguments, names),
        items=tuple(_mask_item(item, names) for item in file.items),
    )


def find_masked(job: Job) -> tuple[str, ...]:
    """Return the names of the arguments of a job in which a secret was masked.

    >>> find_masked(Job(("train.py",), "train", own=(("--lr", "0.1"), ("--api-key", "***"))))
    ('--api-key',)
    """
    return tuple(dict.fromkeys(_name(words) for words in _all_lines(job) if is_masked(words)))


def fill_masked(job: Job, ask: Callable[[str], str]) -> Job:
    """Return a job with its secrets again; `ask` is called once for each name of `find_masked`.

    >>> job = Job(("train.py",), "train", own=(("--api-key", "***"),))
    >>> fill_masked(job, lambda name: "abc").own
    (('--api-key', 'abc'),)
    """
    secrets = {name: ask(name) for name in find_masked(job)}

    def fill(lines: Iterable[Words]) -> tuple[Words, ...]:
        return tuple(
            tuple(word.replace(MASK, secrets[_name(words)]) for word in words) if is_masked(words) else words
            for words in lines
        )

    command = tuple(word for words in fill((word,) for word in job.command) for word in words)
    return attrs.evolve(job, command=command, own=fill(job.own), standard=fill(job.standard))


def _mask_item(item: Item, names: SecretNames) -> Item:
    return attrs.evolve(item, parts=mask_lines(item.parts, names)) if isinstance(item, JobLine) else item


def _all_lines(job: Job) -> Iterable[Words]:
    return (*((word,) for word in job.command), *job.standard, *job.own)


def _name(words: Words) -> str:
    return split_name(words)[0]
