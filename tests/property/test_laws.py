from __future__ import annotations

import io

import attrs
import numpy as np
import torch
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from pyhermes.core import (
    ExecArgs,
    ResultRecord,
    ResultValue,
    decode_result,
    encode_result,
    epsilon_schedule,
    filter_by_args,
    format_exec_args,
    format_info,
    parse_exec_args,
    parse_info,
    parse_scores,
    smoothen,
)
from pyhermes.core.arrays.freeze import thaw
from pyhermes.core.formats.exec_arguments import split_words
from pyhermes.core.formats.info import info_problems
from pyhermes.core.runs.select import filter_by_loaded_args
from tests.core.curves.test_smooth import by_definition
from tests.property import strategies


@given(strategies.fields)
def test_fields_come_back_as_they_were_written(fields: dict[str, str]) -> None:
    info = parse_info(format_info(fields))
    assert list(info.fields.items()) == list(fields.items())


@given(strategies.info_texts)
def test_reading_an_info_never_fails_and_loses_no_text(text: str) -> None:
    info = parse_info(text)
    held = "".join([*info.fields, *info.fields.values(), *(problem.value for problem in info.problems)])
    last_values = {line.partition(":")[2] for line in text.split("\n")[-1:] if ":" in line}
    assert all(value in held for value in last_values)
    assert info == parse_info(text)


@given(strategies.info_texts)
def test_problems_are_found_without_reading_everything(text: str) -> None:
    assert info_problems(text) == parse_info(text).problems


@given(strategies.info_texts)
def test_what_was_read_can_be_written_and_read_again(text: str) -> None:
    fields = parse_info(text).fields
    if not any("\r\n" in value + "\n" for value in fields.values()) and _encodes(
        "".join([*fields, *fields.values()])
    ):
        assert dict(parse_info(format_info(fields)).fields) == dict(fields)


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


@given(strategies.argument_lines)
def test_arguments_come_back_as_they_were_written(lines: list[list[str]]) -> None:
    read = parse_exec_args(format_exec_args(lines))
    assert [split_words(line) for line in read.lines] == list(map(tuple, lines))


@given(st.text(max_size=200))
def test_reading_arguments_never_fails(text: str) -> None:
    args = parse_exec_args(text)
    assert args.exec_args == set(args.lines)
    assert len(args.values) <= len(args.lines)


@given(st.lists(st.floats(), max_size=20), st.sampled_from(["", "\n"]))
def test_scores_come_back_as_they_were_written(scores: list[float], end: str) -> None:
    text = "\n".join(map(repr, scores)) + end
    np.testing.assert_array_equal(parse_scores(text), np.array(scores))


@given(strategies.series, st.integers(1, 80))
def test_smoothen_equals_its_definition(values: NDArray[np.float64], window: int) -> None:
    means, stds = smoothen(values, window)
    true_means, true_stds = by_definition(values, window)
    scale = float(np.abs(values).max(initial=0.0))
    np.testing.assert_allclose(means, true_means, rtol=1e-12, atol=4e-15 * scale)
    np.testing.assert_allclose(stds, true_stds, rtol=1e-9, atol=4e-15 * scale)


@given(strategies.series, st.integers(1, 80), st.integers(-60, 60))
def test_smoothen_scales_with_its_input(values: NDArray[np.float64], window: int, exponent: int) -> None:
    means, stds = smoothen(values, window)
    scaled_means, scaled_stds = smoothen(np.ldexp(values, exponent), window)
    np.testing.assert_array_equal(scaled_means, np.ldexp(means, exponent))
    np.testing.assert_array_equal(scaled_stds, np.ldexp(stds, exponent))


@attrs.frozen
class Thing:
    exec_args: frozenset[str]


things = st.lists(strategies.exec_args.map(Thing), max_size=8)


@given(things, strategies.exec_args, strategies.exec_args)
def test_filters_commute_and_compose(items: list[Thing], a: frozenset[str], b: frozenset[str]) -> None:
    assert filter_by_args(filter_by_args(items, a), b) == filter_by_args(items, a | b)
    assert filter_by_args(filter_by_args(items, a), b) == filter_by_args(filter_by_args(items, b), a)
    assert filter_by_args(filter_by_args(items, a), a) == filter_by_args(items, a)
    assert filter_by_args(items, []) == tuple(items)


@attrs.define(eq=False)
class LateThing:
    """Something whose arguments are read when they are first needed."""

    on_disk: ExecArgs
    loaded_arguments: ExecArgs | None = None

    @property
    def exec_args(self) -> frozenset[str]:
        return self.on_disk.exec_args


def load(items: list[LateThing]) -> None:
    for item in items:
        assert item.loaded_arguments is None
        item.loaded_arguments = item.on_disk


def make_late(exec_args: frozenset[str], is_loaded: bool) -> LateThing:
    arguments = ExecArgs(tuple(sorted(exec_args)))
    return LateThing(arguments, arguments if is_loaded else None)


late_things = st.lists(st.builds(make_late, strategies.exec_args, st.booleans()), max_size=8)


@given(late_things, strategies.exec_args)
def test_a_filter_that_reads_late_equals_the_one_that_does_not(
    items: list[LateThing], wanted: frozenset[str]
) -> None:
    unread = [item for item in items if item.loaded_arguments is None]
    calls: list[list[LateThing]] = []

    def load_and_count(given: list[LateThing]) -> None:
        calls.append(given)
        load(given)

    assert filter_by_loaded_args(items, wanted, load_and_count) == list(filter_by_args(items, wanted))
    assert calls == ([unread] if unread else [])
    assert filter_by_loaded_args(items, wanted, load_and_count) == list(filter_by_args(items, wanted))
    assert len(calls) <= 1


@given(strategies.results)
def test_load_save_load_changes_nothing(values: dict[str, ResultValue]) -> None:
    record = ResultRecord(values)
    data = encode_result(record)
    again = decode_result(data)
    assert again == record
    assert list(again.values) == list(values)
    assert ResultRecord(thaw(again.values)) == record
    assert encode_result(again) == data


@given(strategies.results)
def test_plain_torch_reads_what_is_written(values: dict[str, ResultValue]) -> None:
    plain = torch.load(io.BytesIO(encode_result(ResultRecord(values))))
    assert ResultRecord(plain) == ResultRecord(values)


@given(strategies.results, st.booleans())
def test_what_torch_saved_is_read_as_it_is_in_memory(values: dict[str, ResultValue], legacy: bool) -> None:
    buffer = io.BytesIO()
    torch.save(values, buffer, _use_new_zipfile_serialization=not legacy)
    assert decode_result(buffer.getvalue()) == ResultRecord(values)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 50))
def test_a_schedule_falls_to_its_end(start: float, end: float, decay: float, n: int) -> None:
    schedule = epsilon_schedule(start, end, decay, n)
    assert schedule.shape == (n,)
    assert (np.diff(schedule) <= 0).all()
    assert (schedule >= end).all()
    assert schedule[:1].tolist() == [max(start, end)][:n]


@given(things)
def test_arguments_are_equal_by_their_lines(items: list[Thing]) -> None:
    for item in items:
        lines = tuple(sorted(item.exec_args))
        assert ExecArgs(lines) == parse_exec_args("\n".join(lines))
