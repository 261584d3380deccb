"""The state of git in a directory: commit, branch, and what is not committed.

What cannot be found out, or is not kept, is said in git's own words: a repository that git refuses must
not look like none. Without `patch` no program that the repository names is run; for a patch its clean
filters are, and only where a changed file goes through one.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

import attrs

from pyhermes.core.disk.layout import PATCH
from pyhermes.core.formats.provenance import CodeState
from pyhermes.core.formats.secrets import is_secret_file, mask_urls
from pyhermes.core.messages import shown
from pyhermes.core.text.encoding import decode_text, encode_text
from pyhermes.system.git_command import LARGEST_ANSWER, Answer, ask_git, find_place

MISSING_CODE = "not all of the code is kept with the run:"
"""The headline of the warning about what is wrong with a run's code."""

LARGEST_PATCH = 10 << 20
"""The most bytes that a patch has: what is larger holds data rather than code."""

_SUBMODULE = "160000"
_NAMES_KEPT = 1000
_NAMES_SHOWN = 5
_PATHS_AT_ONCE = 100
_NO_REPOSITORY = "git says: fatal: not a git repository"
_UNKNOWN = "the state of the code is not known"
_OF_FILTERS = r"^filter\..*\.(clean|smudge|process|required)$"

_PATCH_OPTIONS = (
    *("--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"),
    *("--patch", "--unified=3", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/"),
    *("--submodule=short", "--ignore-submodules=dirty", f"-O{os.devnull}"),
)
_COUNT_LINES = ("diff", "--numstat", "-z", "--no-ext-diff", "--no-textconv", "HEAD", "--")
_STATUS_OPTIONS = ("--porcelain=v1", "-z", "--untracked-files=normal", "--ignore-submodules=dirty")


@final
@attrs.frozen
class Code:
    """The code of a run: its state, the patch of what is not committed, and what neither of them has."""

    state: CodeState = attrs.field(factory=CodeState)
    patch: bytes | None = None
    problems: tuple[str, ...] = ()


def read_code(directory: Path, patch: bool) -> Code:
    """Return the state of git in a directory, with the uncommitted changes where they are asked for.

    Outside of a work tree nothing is known, and nothing is wrong.
    """
    repository = _find_repository(directory) if directory.is_dir() else None
    if not isinstance(repository, _Repository):
        return Code(problems=() if repository is None else (repository,))
    commit, branch, broken = _read_head(repository)
    changes = _read_changes(repository, commit, run_filters=patch)
    state = CodeState(
        commit=commit, branch=branch, dirty=changes.dirty, untracked=changes.untracked[:_NAMES_KEPT]
    )
    problems = [*broken, *changes.problems]
    if len(changes.untracked) > _NAMES_KEPT:
        problems.append(f"of {len(changes.untracked)} untracked files {_NAMES_KEPT} are named")
    if changes.dirty is False:
        return Code(state, None, tuple(problems))
    return _add_patch(Code(state, None, tuple(problems)), repository, changes, patch)


def find_work_tree(directory: Path) -> Path | None:
    """Return the work tree of git that a directory is in, None where it is in none.

    One that git refuses, or that is damaged, counts: its files are where they are.
    """
    top = ask_git(directory, "rev-parse", "--show-toplevel").line
    return Path(top) if top is not None else _find_folder_of_git(directory)


@final
@attrs.frozen
class _Repository:
    """A work tree that git answers for.

    `drivers` are the filters that its configuration has programs for.
    """

    top: Path
    drivers: frozenset[str]
    place: Mapping[str, str]

    def ask(
        self, *words: str | bytes, running: frozenset[str] = frozenset(), most: int = LARGEST_ANSWER
    ) -> Answer:
        """Ask git at the top of the work tree; no filters are run but those that are said."""
        off = _switch_off(self.drivers - running)
        return ask_git(self.top, *words, settings=off, place=self.place, most=most)


@final
@attrs.frozen
class _Changes:
    """What is not committed in a work tree.

    `settled` are the tracked files that are changed. Whether those in `unknown` are, only their filters
    can tell, by which they are named; the filters in `running` have done so. `dirty` is None where it is
    not known, and `failed` says why nothing is.
    """

    dirty: bool | None = None
    settled: tuple[str, ...] = ()
    unknown: Mapping[str, str] = attrs.field(factory=dict[str, str])
    running: frozenset[str] = frozenset()
    untracked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    failed: str | None = None

    def with_problem(self, problem: str) -> _Changes:
        return attrs.evolve(self, problems=(*self.problems, problem))

    def without_knowing(self, filtered: Mapping[str, str]) -> _Changes:
        """Return the changes without those of files of which only a filter can tell."""
        settled = tuple(path for path in self.settled if path not in filtered)
        return attrs.evolve(self, settled=settled, unknown=filtered)

    def settle(self, paths: Collection[str], changed: Iterable[str], driver: str) -> _Changes:
        """Return the changes with those of some files, of which their filter has told."""
        return attrs.evolve(
            self,
            settled=(*self.settled, *changed),
            unknown={path: own for path, own in self.unknown.items() if path not in paths},
            running=self.running | {driver},
        )


def _find_repository(directory: Path) -> _Repository | str | None:
    """Return the repository of a directory, why git does not answer for it, or None where none is."""
    place: dict[str, str] = {}
    folder = _find_folder_of_git(directory)
    found = ask_git(directory, "rev-parse", "--show-toplevel")
    if found.reason is not None and folder is None:
        place = find_place()
        if len(place) == 1:
            return f"{_UNKNOWN}: GIT_DIR and GIT_WORK_TREE count only where both are set"
        found = ask_git(directory, "rev-parse", "--show-toplevel", place=place) if place else found
        if found.line is not None and not _is_inside(directory, Path(found.line)):
            return None
        if found.status is None or (found.reason or "").startswith(_NO_REPOSITORY):
            return f"{_UNKNOWN}: {found.reason}" if place else None
    if found.line is None:
        return f"{_UNKNOWN}: {found.reason}"
    if folder is not None and _is_passed_over(folder, directory):
        return f"{_UNKNOWN}: git does not take {str(folder / '.git')!r} for a repository"
    drivers = _find_drivers(Path(found.line), place)
    return drivers if isinstance(drivers, str) else _Repository(Path(found.line), drivers, place)


def _find_folder_of_git(directory: Path) -> Path | None:
    """Return the nearest folder, from a directory upwards, in which there is a `.git`."""
    resolved = directory.resolve()
    ceilings = filter(None, os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep))
    above = {os.path.realpath(ceiling) for ceiling in ceilings}
    for folder in (resolved, *resolved.parents):
        if folder != resolved and str(folder) in above:
            return None
        if os.path.lexists(folder / ".git"):
            return folder
    return None


def _is_inside(directory: Path, top: Path) -> bool:
    return directory.resolve().is_relative_to(top.resolve())


def _is_passed_over(folder: Path, directory: Path) -> bool:
    """Return whether git, having found a damaged `.git`, has looked further up.

    What it finds there, such as a home directory under git, is not the repository of the code.
    """
    if not (folder / ".git").is_dir():  # a file that leads nowhere is an error for git
        return False
    taken = ask_git(directory, "rev-parse", "--absolute-git-dir").line
    return taken is not None and os.path.realpath(taken) != os.path.realpath(folder / ".git")


def _find_drivers(top: Path, place: Mapping[str, str]) -> frozenset[str] | str:
    """Return the filters that the configuration has programs for; or why they are not known."""
    found = ask_git(top, *("config", "-z", "--name-only", "--get-regexp", _OF_FILTERS), place=place)
    if found.status not in (0, 1):  # 1 is that of none
        return f"{_UNKNOWN}: {found.reason}"
    drivers = frozenset(
        decode_text(name).removeprefix("filter.").rpartition(".")[0] for name in found.entries
    )
    odd = sorted(driver for driver in drivers if "=" in driver)
    return f"{_UNKNOWN}: the filter {shown(odd[0])} cannot be switched off" if odd else drivers


def _switch_off(drivers: Iterable[str]) -> Iterator[str]:
    for driver in drivers:
        yield from (f"filter.{driver}.{key}=" for key in ("clean", "smudge", "process"))
        yield f"filter.{driver}.required=false"


def _read_head(repository: _Repository) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the commit and the branch, each None where there is none, and what is wrong with them."""
    commit = repository.ask("rev-parse", "--verify", "HEAD")
    branch = repository.ask("symbolic-ref", "--short", "--quiet", "HEAD")
    # A branch without a commit has a name yet; where git does not give it either, HEAD is damaged.
    broken = commit.reason is not None and branch.reason is not None
    return commit.line, branch.line, (f"the commit is not known: {commit.reason}",) if broken else ()


def _read_changes(repository: _Repository, commit: str | None, *, run_filters: bool) -> _Changes:
    """Return what is not committed, in the submodules too."""
    listed = repository.ask("ls-files", "-v", "--stage", "-z")
    status = repository.ask("status", *_STATUS_OPTIONS)
    for answer in (listed, status):
        if answer.reason is not None:
            return _fail(answer.reason)
    if commit and status.entries and not listed.entries and _has_no_index(repository):
        return _fail("there is no index")
    changes = _parse_status(repository, status)
    changes = _run_filters(repository, changes) if run_filters else changes
    changes = attrs.evolve(changes, dirty=bool(changes.settled) or (None if changes.unknown else False))
    changes = _add_hidden(changes, repository.top, listed)
    return _add_submodules(changes, repository.top, listed, run_filters)


def _has_no_index(repository: _Repository) -> bool:
    """Return whether the index is missing; git takes every file for deleted then, without a word."""
    index = repository.ask("rev-parse", "--git-path", "index").line
    return index is not None and not (repository.top / index).exists()


def _fail(reason: str) -> _Changes:
    return _Changes(problems=(f"what is not committed is not known: {reason}",), failed=reason)


def _parse_status(repository: _Repository, status: Answer) -> _Changes:
    entries = [decode_text(entry) for entry in status.entries]
    modified = [entry[3:] for entry in entries if entry[1] == "M"]
    return _Changes(
        settled=tuple(entry[3:] for entry in entries if not entry.startswith("??")),
        untracked=tuple(entry[3:] for entry in entries if entry.startswith("??")),
    ).without_knowing(_find_filtered(repository, modified))


def _find_filtered(repository: _Repository, paths: Sequence[str]) -> dict[str, str]:
    """Return which of some files go through a filter, and through which."""
    if not repository.drivers:
        return {}
    found: list[str] = []
    for some in _split_paths(paths):
        answer = repository.ask("check-attr", "-z", "filter", "--", *map(encode_text, some))
        found += decode_text(answer.printed).split("\0")[:-1]
    filtered = zip(found[::3], found[2::3], strict=True)
    return {path: driver for path, driver in filtered if driver in repository.drivers}


def _run_filters(repository: _Repository, changes: _Changes) -> _Changes:
    """Look at the unknown files through their filters; where one fails, they stay unknown."""
    for driver in sorted(set(changes.unknown.values())):
        paths = [path for path, own in changes.unknown.items() if own == driver]
        changed: list[str] = []
        for some in _split_paths(paths):
            words = [b":(literal)" + encode_text(path) for path in some]
            answer = repository.ask(*_COUNT_LINES, *words, running=frozenset((driver,)))
            changed += [decode_text(entry).split("\t")[2] for entry in answer.entries]
            if answer.reason is not None:
                changes = changes.with_problem(answer.reason)
                break
        else:
            changes = changes.settle(paths, changed, driver)
    return changes


def _split_paths(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield so many paths as one command line can hold."""
    return (paths[start : start + _PATHS_AT_ONCE] for start in range(0, len(paths), _PATHS_AT_ONCE))


def _add_hidden(changes: _Changes, top: Path, listed: Answer) -> _Changes:
    """Add that files are marked so that git does not look at them, where they are there."""
    hidden = [
        path
        for tag, _, path in _parse_listed(listed)
        if (tag.islower() or tag == "S") and os.path.lexists(top / path)
    ]
    if not hidden:
        return changes
    said = (
        f"changes are not looked for in files marked assume-unchanged or skip-worktree: {_enumerate(hidden)}"
    )
    return attrs.evolve(changes, problems=(*changes.problems, said))


def _add_submodules(changes: _Changes, top: Path, listed: Answer, run_filters: bool) -> _Changes:
    """Add what is not committed in the submodules, each a repository of its own."""
    for _, mode, path in _parse_listed(listed):
        folder = top / path
        # One that is not checked out has no `.git`; a link in its place may lead anywhere.
        if mode == _SUBMODULE and (folder / ".git").exists() and folder.resolve() == top.resolve() / path:
            changes = _add_submodule(changes, folder, path, run_filters)
    return changes


def _add_submodule(changes: _Changes, folder: Path, path: str, run_filters: bool) -> _Changes:
    repository = _find_repository(folder)
    if not isinstance(repository, _Repository):
        said = [f"the submodule {path!r}: {repository}"]
        return attrs.evolve(changes, problems=(*changes.problems, *said))
    inside = _read_changes(repository, _read_head(repository)[0], run_filters=run_filters)
    said = [f"the submodule {path!r}: {problem}" for problem in inside.problems]
    if inside.dirty:
        said.append(f"the submodule {path!r} has changes that are not committed, and in no patch")
    return attrs.evolve(
        changes,
        dirty=changes.dirty or inside.dirty if inside.dirty is not False else changes.dirty,
        untracked=(*changes.untracked, *(f"{path}/{name}" for name in inside.untracked)),
        problems=(*changes.problems, *said),
    )


def _parse_listed(listed: Answer) -> Iterator[tuple[str, str, str]]:
    """Yield the tag, the mode and the path of each entry of the index."""
    for entry in listed.entries:
        about, _, path = decode_text(entry).partition("\t")
        tag, mode, *_ = about.split(" ")
        yield tag, mode, path


def _add_patch(code: Code, repository: _Repository, changes: _Changes, patch: bool) -> Code:
    """Add the uncommitted changes where they are wanted and can be had, or else why they are not there."""
    if not patch:
        unknown = _say_unknown(changes)
        return _leave_out(attrs.evolve(code, problems=(*code.problems, *unknown)), "not asked for")
    if changes.failed is not None:
        return _leave_out(code, changes.failed)
    if code.state.commit is None:
        return _leave_out(code, "there is no commit")
    secret = [path for path in changes.settled if is_secret_file(path)]
    problems = [*code.problems, *_say_unknown(changes)]
    if secret:
        problems.append(f"the patch leaves out files that may hold secrets: {_enumerate(secret)}")
    code = attrs.evolve(code, problems=tuple(problems))
    made = _make_patch(repository, (*secret, *changes.unknown), changes.running)
    if made.reason is not None:
        said = f"the patch is left out: {made.reason}"
        return _leave_out(attrs.evolve(code, problems=(*code.problems, said)), made.reason)
    if not made.printed:
        return _leave_out(code, "; ".join(code.problems) or "git finds no change in it")
    return _keep_patch(code, made.printed)


def _leave_out(code: Code, why: str) -> Code:
    return attrs.evolve(code, state=attrs.evolve(code.state, patch=f"left out: {why}"))


def _keep_patch(code: Code, made: bytes) -> Code:
    masked = mask_patch(made)
    said = () if masked == made else ("secrets in URLs are masked in the patch",)
    state = attrs.evolve(code.state, patch=PATCH)
    return attrs.evolve(code, state=state, patch=masked, problems=(*code.problems, *said))


def _say_unknown(changes: _Changes) -> list[str]:
    if not changes.unknown:
        return []
    return [f"whether they are changed only their filters could tell: {_enumerate(changes.unknown)}"]


def _make_patch(repository: _Repository, left_out: Iterable[str], running: frozenset[str]) -> Answer:
    """Ask for what `git apply` needs to make the work tree from its commit."""
    others = [b":(exclude,literal)" + encode_text(path) for path in left_out]
    return repository.ask(
        *("diff", *_PATCH_OPTIONS, "HEAD", "--", "."), *others, running=running, most=LARGEST_PATCH
    )


def mask_patch(patch: bytes) -> bytes:
    r"""Return a patch with the passwords masked in the URLs that it adds.

    What it removes or leaves as it is stands in the commit, and has to be the same for `git apply`.

    >>> mask_patch(b"-url = http://me:old@host\n+url = http://me:s3cr3t@host\n")
    b'-url = http://me:old@host\n+url = http://me:***@host\n'
    """
    if b"://" not in patch:
        return patch
    return b"\n".join(map(_mask_added, patch.split(b"\n")))


def _mask_added(line: bytes) -> bytes:
    if not line.startswith(b"+") or b"://" not in line:
        return line
    return encode_text(mask_urls(decode_text(line)))


def _enumerate(paths: Iterable[str]) -> str:
    """Name the first of some paths, and count the others."""
    named = list(map(shown, paths))
    rest = len(named) - _NAMES_SHOWN
    return ", ".join(named[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
