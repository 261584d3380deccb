"""Mutation testing of core modules, each by its own tests: `python -m tests.mutation [MODULE ...]`.

Everything happens in `.mutation/<module>`, where `mutmut results`, `mutmut show MUTANT`, `mutmut run MUTANT`
and `mutmut browse` work afterwards, too. What mutmut said is in `mutmut.log` there.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CORE = ROOT / "pyhermes" / "core"
LAWS = "tests/property/test_laws.py::"
SAVES = "tests/guarantees/test_old_or_new.py::"
ORDER_OF_SAVING = "test_a_file_is_on_disk_before_it_has_its_name_and_its_name_before_it_is_said_to_be_saved"
KILLED = "tests/guarantees/test_killed_recorder.py::"
SWEEPS = "tests/property/test_execution_laws.py::"
ARRAYS, CURVES, STRUCTURE, TABLES = (
    f"tests/core/{wing}" for wing in ("arrays", "curves", "structure", "tables")
)

_NOT_RUN = 255  # for mutmut one of the codes of a timeout

BESIDE: dict[str, tuple[str, ...]] = {
    "arrays/freeze": (CURVES, ARRAYS),
    "arrays/kinds": (ARRAYS,),
    "arrays/pending": (ARRAYS, "tests/core/formats/test_result_file.py"),
    "arrays/read_only": (ARRAYS,),
    "arrays/stack": (ARRAYS, "tests/core/formats/test_result_file.py"),
    "curves/smooth": (f"{LAWS}test_smoothen_equals_its_definition",),
    "disk/atomic_writing": (
        "tests/core/disk",
        f"{SAVES}{ORDER_OF_SAVING}",
        "tests/guarantees/test_no_room.py::test_with_too_many_open_files_nothing_is_lost",
    ),
    "disk/layout": ("tests/core/disk", "tests/core/runs/test_run.py"),
    "disk/opening": ("tests/core/disk/test_opening.py", "tests/core/disk/test_state_dicts.py"),
    "disk/record": (
        "tests/core/disk",
        f"{SAVES}{ORDER_OF_SAVING}",
        f"{SAVES}test_what_a_killed_writer_left_is_none_of_the_files_that_a_job_left",
        f"{KILLED}test_who_looks_holds_nothing",
        f"{KILLED}test_what_is_no_log_is_held_by_nobody",
    ),
    "disk/results": ("tests/core/disk", "tests/core/formats/test_result_file.py"),
    "disk/run_files": ("tests/core/disk/test_run_files.py", "tests/core/disk/test_state_dicts.py"),
    "disk/state_dicts": ("tests/core/disk/test_state_dicts.py",),
    "disk/scanning": ("tests/core/disk", "tests/core/runs/test_run.py"),
    "disk/temporary": (
        f"{SAVES}{ORDER_OF_SAVING}",
        f"{SAVES}test_the_next_save_clears_away_what_a_killed_writer_left",
        f"{SAVES}test_the_number_in_the_name_says_nothing",
        f"{SAVES}test_files_of_others_stay",
        f"{SAVES}test_what_is_no_file_stays",
        f"{SAVES}test_where_there_are_no_locks_files_are_saved_and_left_alone",
        f"{SAVES}test_where_the_system_has_no_locks_files_are_saved_and_left_alone",
        f"{SAVES}test_who_clears_away_may_come_before_the_lock",
        f"{SAVES}test_a_huge_directory_is_not_listed_for_every_save",
        "tests/core/disk",
    ),
    "formats/exec_arguments": (
        f"{LAWS}test_arguments_come_back_as_they_were_written",
        f"{LAWS}test_reading_arguments_never_fails",
        f"{SWEEPS}test_lines_of_a_command_line_are_all_its_words",
        f"{SWEEPS}test_words_are_those_of_a_shell_where_it_can_read_them",
    ),
    "formats/info": (
        f"{LAWS}test_fields_come_back_as_they_were_written",
        f"{LAWS}test_reading_an_info_never_fails_and_loses_no_text",
        f"{LAWS}test_what_was_read_can_be_written_and_read_again",
        f"{LAWS}test_problems_are_found_without_reading_everything",
    ),
    "formats/result_file": (ARRAYS, "tests/api/test_result.py", f"{LAWS}test_load_save_load_changes_nothing"),
    "formats/scores": (f"{LAWS}test_scores_come_back_as_they_were_written",),
    "messages": ("tests/core/test_errors.py", "tests/core/formats/test_info.py"),
    "problems": ("tests/core/test_errors.py", STRUCTURE),
    "runs/run": ("tests/core/disk/test_scanning.py",),
    "sweep/command": (f"{SWEEPS}test_a_command_and_its_rest_are_all_words",),
    "sweep/file": ("tests/core/sweep",),
    "sweep/items": ("tests/core/sweep",),
    "sweep/jobs": (f"{SWEEPS}test_a_job_has_every_argument_once",),
    "sweep/ranges": ("tests/core/sweep",),
    "sweep/text": ("tests/core/sweep",),
    "tables/column": (TABLES,),
    "tables/rendering": (TABLES,),
    "text/numbers": (
        "tests/core/text/test_times_and_numbers.py",
        "tests/core/formats/test_exec_arguments.py",
    ),
    "text/times": ("tests/core/text/test_times_and_numbers.py", "tests/core/formats/test_info.py"),
    "warn": ("tests/core/disk", "tests/api/test_experiment.py"),
}
"""The tests that a module needs beside those in its own file, as pytest takes them."""

WINGS: dict[str, tuple[str, ...]] = {
    "structure": (STRUCTURE, "tests/property/test_structure_laws.py"),
    "torch_file": ("tests/core/torch_file", "tests/core/formats/test_result_file.py"),
}
"""Wings whose modules are only tested together."""


def modules() -> list[str]:
    """Return every module of the core that holds a function, such as `text/times`."""
    files = [path for path in sorted(CORE.rglob("*.py")) if "def " in path.read_text(encoding="utf-8")]
    names = [str(path.relative_to(CORE).with_suffix("")) for path in files]
    return [name for name in names if name != "typing"]  # its functions have no bodies


def tests_of(module: str) -> list[str]:
    """Return the tests of a module, as pytest takes them: those of its folder if it has none of its own."""
    path = Path(module)
    own = f"tests/core/{path.with_name(f'test_{path.name}.py')}"
    beside = [*BESIDE.get(module, ()), *WINGS.get(path.parts[0], ())]
    found = [own, *beside] if (ROOT / own).exists() else beside or [f"tests/core/{path.parent}"]
    return list(dict.fromkeys(found))


def main(chosen: list[str]) -> None:
    """Print a line of a table for each module: mutants, killed, survived, and what became of the rest."""
    for module in chosen or modules():
        folder = ROOT / ".mutation" / module.replace("/", "_")
        _prepare(folder, module)
        with (folder / "mutmut.log").open("w") as log:
            for command in (["run", "--max-children", "1"], ["export-cicd-stats"]):
                subprocess.run(["mutmut", *command], cwd=folder, stdout=log, check=True)
        _check_all_ran(folder / f"mutants/pyhermes/core/{module}.py.meta")
        stats = json.loads((folder / "mutants/mutmut-cicd-stats.json").read_text())
        killed = stats["killed"] + stats["timeout"] + stats["segfault"]
        print(
            f"| {module} | {stats['total']} | {killed} | {stats['survived']} | {stats['no_tests']} |",
            flush=True,
        )


def _check_all_ran(path: Path) -> None:
    """That no mutant counts as killed because pytest did not find its tests by their names."""
    codes = json.loads(path.read_text())["exit_code_by_key"]
    lost = [name for name, code in codes.items() if code == _NOT_RUN]
    if lost:
        raise SystemExit(f"{path}: the tests of {len(lost)} mutants could not be run, such as of {lost[0]}")


def _prepare(folder: Path, module: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("pyhermes", "tests", "examples"):
        (folder / name).symlink_to(ROOT / name)
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name, value in (
        ("only_mutate", [f"pyhermes/core/{module}.py"]),
        ("pytest_add_cli_args_test_selection", tests_of(module)),
    ):
        settings, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {json.dumps(value)}", settings)
        assert count == 1, name
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
