"""Expand an execution file into its jobs, each by itself and ready to run."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import final

import attrs

from pyhermes.core.formats.exec_arguments import in_file_order, is_option, lines_of_argv, split_name
from pyhermes.core.public import public
from pyhermes.core.sweep.command import split_command
from pyhermes.core.sweep.file import ExecutionFile, checked_file
from pyhermes.core.sweep.items import PLACEHOLDER, Item, JobLine, Sweep
from pyhermes.core.text.quoting import Words


@final
@public("pyhermes.core")
@attrs.frozen
class JobOptions:
    """Steps before and after a job; paths are relative to the project's directory."""

    copy_before: Words = ()
    copy_after: Words = ()
    move_after: Words = ()
    comments: Words = ()
    log: bool = True
    pass_identifier: bool = False


@final
@public("pyhermes.core")
@attrs.frozen
class Job:
    """One job, ready to run.

    `command` ends with the script; `script` names the directory of its runs, and `script_path` is
    the file that has to be there (None where none has to be). `own` are the arguments of the job
    itself and `standard` those of the file that the job does not give; `file` is an execution file
    that runs this one job again.
    """

    command: Words
    script: str
    script_path: str | None = None
    standard: tuple[Words, ...] = ()
    own: tuple[Words, ...] = ()
    options: JobOptions = JobOptions()
    file: ExecutionFile = attrs.field(factory=ExecutionFile, repr=False)
    line: int | None = attrs.field(default=None, eq=False)

    @property
    def lines(self) -> tuple[Words, ...]:
        """The arguments as in `exec_arguments`: positionals, flags, options, the job's own ones first."""
        return in_file_order((*self.own, *self.standard))

    def argv(self, identifier: str) -> Words:
        """Return the command line to run, with the identifier after the script where the job wants it."""
        first = (identifier,) if self.options.pass_identifier else ()
        return (*self.command, *first, *itertools.chain(*self.standard, *self.own))


def expand(file: ExecutionFile) -> tuple[Job, ...]:
    r"""Return all jobs of an execution file, those of a sweep with the last values varying fastest.

    Raises `ExecutionFileError`, a `ValueError` that says the line, for a file with problems.

    >>> from pyhermes.core import parse_execution_file
    >>> file = parse_execution_file("EXEC\nPROD([[python, dqn.py, --seed {s}],[]], s=RANGE[0, 3, 1])")
    >>> [job.own for job in expand(file)]
    [(('--seed', '0'),), (('--seed', '1'),), (('--seed', '2'),)]
    """
    checked_file(file)
    return tuple(_job(line, file) for item in file.items for line in _job_lines(item, {}))


def _job_lines(item: Item, values: Mapping[str, Words]) -> Iterator[JobLine]:
    if isinstance(item, JobLine):
        yield _fill_job(item, values) if values else item
    else:
        for nested in item.items:
            for combination in _combinations(item):
                yield from _job_lines(nested, {**values, **combination})


def _combinations(sweep: Sweep) -> Iterator[dict[str, Words]]:
    names = [name for name, _ in sweep.values]
    lists = [values for _, values in sweep.values]
    combined = itertools.product(*lists) if sweep.kind == "PROD" else zip(*lists, strict=True)
    return (dict(zip(names, combination, strict=True)) for combination in combined)


def _fill_job(job: JobLine, values: Mapping[str, Words]) -> JobLine:
    parts = tuple(_fill_words(words, values) for words in job.parts)
    options = tuple(_fill_words(words, values) for words in job.options)
    filled = JobLine(parts, options, job.line)
    checked_file(ExecutionFile(items=(filled,)))
    return filled


def _fill_words(words: Words, values: Mapping[str, Words]) -> Words:
    if not any(map(PLACEHOLDER.search, words)):
        return words
    return tuple(itertools.chain.from_iterable(_fill_word(word, values) for word in words))


def _fill_word(word: str, values: Mapping[str, Words]) -> Words:
    alone = PLACEHOLDER.fullmatch(word)
    if alone:
        return values[alone[1]]
    return (PLACEHOLDER.sub(lambda found: " ".join(values[found[1]]), word),)


def _job(job: JobLine, file: ExecutionFile) -> Job:
    command = split_command(tuple(itertools.chain(*job.parts)))
    own = _arguments(job.parts, len(command.words))
    given = {split_name(words)[0] for words in own if is_option(words[0])}
    return Job(
        command.words,
        command.script,
        command.script_path,
        tuple(words for words in file.arguments if split_name(words)[0] not in given),
        own,
        _options((*file.options, *job.options)),
        attrs.evolve(file, items=(job,)),
        job.line,
    )


def _arguments(parts: Iterable[Words], count: int) -> tuple[Words, ...]:
    """Return the arguments after the first `count` words; a part that these begin is split at options."""
    arguments: list[Words] = []
    for words in parts:
        arguments.extend(lines_of_argv(words[count:]) if count else [words])
        count = max(0, count - len(words))
    return tuple(arguments)


def _options(options: Iterable[Words]) -> JobOptions:
    given: dict[str, list[Words]] = {}
    for name, *values in options:
        given.setdefault(name, []).append(tuple(values))
    copy_before, copy_after, move_after = (
        tuple(itertools.chain(*given.get(name, ()))) for name in ("-cb", "-ca", "-ma")
    )
    return JobOptions(
        copy_before,
        copy_after,
        move_after,
        comments=tuple(map(" ".join, given.get("-c", ()))),
        log=given.get("-l", [("True",)])[-1] == ("True",),
        pass_identifier="-leg" in given,
    )
