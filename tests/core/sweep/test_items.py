from __future__ import annotations

import pytest

from pyhermes.core import JobLine, Sweep
from pyhermes.core.sweep.items import DEEPEST, MOST, Item, is_option_of_job, problems_of_items
from pyhermes.core.text.quoting import Words

JOB = JobLine((("a",),), (), 7)


@pytest.mark.parametrize(
    ("words", "is_option"),
    [
        (("-cb", "a"), True),
        (("-ca", "a", "b"), True),
        (("-ma", "a"), True),
        (("-c", ""), True),
        (("-l", "False"), True),
        (("-leg",), True),
        (("-cb",), False),
        (("-l",), False),
        (("-l", "yes"), False),
        (("-leg", "a"), False),
        (("-x", "a"), False),
        ((), False),
    ],
)
def test_options_of_a_job(words: Words, is_option: bool) -> None:
    assert is_option_of_job(words) is is_option


@pytest.mark.parametrize(
    ("item", "problems"),
    [
        (JOB, []),
        (JobLine((), (), 3), ["line 3: expected a job of at least one part, got ''"]),
        (Sweep("PROD", (JOB,), (("x", (("1",),)),), 2), []),
        (
            Sweep("ZIP", (JOB,), (("x", (("1",),)), ("y", (("1",), ("2",)))), 2),
            ["line 2: expected lists of equal lengths in ZIP, got 'x: 1, y: 2'"],
        ),
        (
            Sweep("PROD", (), (), 2),
            ["line 2: expected a sweep of at least one job and one list of values, got 'PROD'"],
        ),
        (
            Sweep("PROD", (JOB,), (("x", ()),), 2),
            ["line 2: expected a list of at least one value, got 'x'"],
        ),
    ],
)
def test_what_is_wrong_in_an_item(item: Item, problems: list[str]) -> None:
    assert list(map(str, problems_of_items([item]))) == problems


def test_sweeps_and_jobs_have_a_limit() -> None:
    deep: Item = JOB
    for depth in range(DEEPEST + 1):
        deep = Sweep("PROD", (deep,), ((f"x{depth}", (("1",),)),))
    (problem,) = problems_of_items([deep])
    assert problem.expected == f"at most {DEEPEST} sweeps inside each other"
    many = Sweep("PROD", (JOB, JOB), (("x", (("1",),) * (MOST // 2)),))
    assert problems_of_items([many]) == []
    (problem,) = problems_of_items([many, JOB])
    assert problem.expected == f"at most {MOST} jobs from one file"
