from __future__ import annotations

import pytest

from pyhermes.core.sweep.file import parse_execution_file
from pyhermes.core.sweep.jobs import expand
from pyhermes.core.sweep.template import format_template


@pytest.mark.parametrize(
    "scripts",
    [["train.py"], ["a b.py", "dir/ä.py"], ["it's.py"], ["a,b].py"], ["# x.py"], ['a"b.py'], ["a{b}.py"], []],
)
def test_a_template_is_a_file_that_can_be_read(scripts: list[str]) -> None:
    file = parse_execution_file(format_template(scripts))
    assert file.problems == ()
    jobs = expand(file)
    assert [job.script_path for job in jobs[::6]] == scripts
    assert len(jobs) == sum(1 if "{" in script else 6 for script in scripts)
