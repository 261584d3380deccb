from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pyhermes.core import HermesError
from pyhermes.core.errors import ProvenanceError
from pyhermes.core.formats.provenance import (
    VERSION,
    CodeState,
    Process,
    Provenance,
    Seeds,
    format_provenance,
    parse_provenance,
)
from pyhermes.core.messages import shown

LEAST = Provenance((), "/", "me", Process("host", 1), "3.11.7", "python", "Linux")
FULL = Provenance(
    argv=("python", "train.py", "a\nb", "", "\udcff", "café 👩\u200d💻", "\0"),
    directory="/home/me/a b",
    user="me",
    process=Process("host", 4711, 1795000000.25, "b007"),
    python="3.11.7",
    executable="/usr/bin/python",
    platform="Linux",
    packages=("attrs==26.1.0", "torch==2.13.0"),
    torch="2.13.0",
    device="cpu",
    seeds=Seeds("0", 3, 2**64 - 1),
    code=CodeState("9b28e1f", "main", True, ("new file", "\udcfe"), "uncommitted.patch"),
    problems=("'a\\nb'",),
)


def plain(provenance: Provenance) -> dict[str, Any]:
    """A record as what stands in its file."""
    read = json.loads(format_provenance(provenance))
    assert isinstance(read, dict)
    return read


def places(read: object) -> list[tuple[str | int, ...]]:
    """Where a value stands in what was read as JSON."""
    if not isinstance(read, dict | list) or not read:
        return [()]
    items = read.items() if isinstance(read, dict) else enumerate(read)
    return [(), *((key, *below) for key, value in items for below in places(value))]


def replaced(read: object, place: tuple[str | int, ...], value: object) -> object:
    """What was read as JSON, with another value in one place."""
    if not place:
        return value
    changed: Any = copy.deepcopy(read)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return changed


PLACES = places(plain(FULL))

NUMBERS = st.integers() | st.floats() | st.integers(min_value=10**300, max_value=10**320)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=6,
)

ON_DISK = st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))
TEXTS = st.lists(ON_DISK, max_size=3).map(tuple)
PROVENANCES = st.builds(
    Provenance,
    argv=TEXTS,
    directory=ON_DISK,
    user=ON_DISK,
    process=st.builds(
        Process,
        ON_DISK,
        st.integers(),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | ON_DISK,
    ),
    python=ON_DISK,
    executable=ON_DISK,
    platform=ON_DISK,
    packages=TEXTS,
    torch=st.none() | ON_DISK,
    device=st.none() | ON_DISK,
    seeds=st.none()
    | st.builds(Seeds, st.none() | ON_DISK, st.none() | st.integers(), st.none() | st.integers()),
    code=st.builds(
        CodeState,
        st.none() | ON_DISK,
        st.none() | ON_DISK,
        st.none() | st.booleans(),
        TEXTS,
        st.none() | ON_DISK,
    ),
    problems=TEXTS,
)


@pytest.mark.parametrize("provenance", [LEAST, FULL])
def test_what_is_written_comes_back(provenance: Provenance) -> None:
    text = format_provenance(provenance)
    assert parse_provenance(text) == provenance
    assert text.endswith("}\n")
    assert text.isascii()


@given(PROVENANCES)
def test_whatever_a_system_can_say_comes_back(provenance: Provenance) -> None:
    assert parse_provenance(format_provenance(provenance)) == provenance


def test_the_file_is_json_that_names_its_version() -> None:
    read = plain(FULL)
    assert read["version"] == VERSION == 1
    assert read["process"] == {
        "boot": "b007",
        "host": "host",
        "namespace": None,
        "pid": 4711,
        "started": 1795000000.25,
    }
    assert read["seeds"] == {"numpy": 3, "python_hash": "0", "torch": 2**64 - 1}
    assert list(read) == sorted(read)


def test_the_file_has_a_line_for_each_field_as_people_and_patches_read_it() -> None:
    lines = format_provenance(FULL).split("\n")
    assert ' "user": "me",' in lines
    assert '  "pid": 4711,' in lines


def test_equal_records_are_equal_files() -> None:
    assert format_provenance(FULL) == format_provenance(attrs.evolve(FULL))


def test_fields_of_later_versions_are_passed_over() -> None:
    read = plain(FULL)
    later = {**read, "version": 2, "new": [1], "process": {**read["process"], "new": None}}
    assert parse_provenance(json.dumps(later)) == attrs.evolve(FULL, version=2)


def test_what_is_absent_is_not_known() -> None:
    needed = ("argv", "directory", "user", "process", "python", "executable", "platform")
    read = {key: value for key, value in plain(LEAST).items() if key in needed}
    read["process"] = {"host": "host", "pid": 1}
    assert parse_provenance(json.dumps(read)) == LEAST
    for key in needed:
        with pytest.raises(ProvenanceError, match=f"required field missing @ .*{key}"):
            parse_provenance(json.dumps({name: value for name, value in read.items() if name != key}))


def test_a_time_without_a_fraction_is_a_time() -> None:
    text = json.dumps({**plain(LEAST), "process": {"host": "host", "pid": 1, "started": 7}})
    assert parse_provenance(text).process.started == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        '{"argv": ["a"',
        "\0",
        "\ufeff{}",
        "1" * 5000,
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_one_error(text: str) -> None:
    with pytest.raises(ProvenanceError, match="expected the provenance of a run as JSON, got ") as error:
        parse_provenance(text)
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, HermesError)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", ["[]", "null", "1", "NaN", '"text"', "true", f"[{'1,' * 10_000}1]"])
def test_json_that_is_no_object_is_one_error(text: str) -> None:
    with pytest.raises(ProvenanceError, match="as a JSON object, got ") as error:
        parse_provenance(text)
    assert str(error.value).endswith(f"got {shown(json.loads(text))}")
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("argv",), "train.py"),
        (("argv",), [1]),
        (("argv",), None),
        (("argv",), {"a": "b"}),
        (("user",), 5),
        (("user",), None),
        (("process",), None),
        (("process",), []),
        (("process",), "host"),
        (("process", "host"), None),
        (("process", "pid"), 1.0),
        (("process", "pid"), True),
        (("process", "pid"), "1"),
        (("process", "started"), "1"),
        (("process", "started"), True),
        (("torch",), 2.13),
        (("seeds", "numpy"), 3.0),
        (("seeds",), 3),
        (("code",), None),
        (("code", "dirty"), 1),
        (("code", "dirty"), "true"),
        (("code", "untracked"), "a"),
        (("version",), "1"),
        (("version",), None),
    ],
)
def test_a_value_is_taken_as_it_is_or_not_at_all(place: tuple[str, ...], value: object) -> None:
    with pytest.raises(ProvenanceError, match="expected the provenance of a run, got one with: ") as error:
        parse_provenance(json.dumps(replaced(plain(FULL), place, value)))
    assert ".".join(place) in str(error.value)


@pytest.mark.parametrize("value", [[], "text", ""])
@pytest.mark.parametrize("key", ["code", "seeds"])
def test_what_is_no_object_is_not_taken_for_an_empty_one(key: str, value: object) -> None:
    with pytest.raises(ProvenanceError, match=rf"@ \$\.{key}"):
        parse_provenance(json.dumps({**plain(FULL), key: value}))


def test_all_that_is_wrong_is_said() -> None:
    read = {**plain(FULL), "user": 1, "python": None}
    with pytest.raises(ProvenanceError, match=r"@ \$\.user; .* @ \$\.python$"):
        parse_provenance(json.dumps(read))


@given(st.sampled_from(PLACES), JSON)
def test_a_changed_file_is_a_record_or_one_error(place: tuple[str | int, ...], value: object) -> None:
    try:
        provenance = parse_provenance(json.dumps(replaced(plain(FULL), place, value)))
    except ProvenanceError as error:
        assert str(error).isprintable()  # noqa: PT017 - either will do
        return
    assert format_provenance(parse_provenance(format_provenance(provenance))) == format_provenance(provenance)


@given(st.data())
def test_a_cut_file_is_one_error(data: st.DataObject) -> None:
    text = format_provenance(FULL).rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ProvenanceError):
        parse_provenance(text[:cut])


@given(st.text())
def test_any_text_is_a_record_or_one_error(text: str) -> None:
    with pytest.raises(ProvenanceError):
        parse_provenance(text)


@pytest.mark.parametrize("depth", [100, 900, 980])
def test_deep_values_are_one_error(depth: int) -> None:
    text = json.dumps({**plain(LEAST), "argv": "here"}).replace('"here"', "[" * depth + "]" * depth)
    with pytest.raises(ProvenanceError):
        parse_provenance(text)


def test_records_are_values() -> None:
    assert pickle.loads(pickle.dumps(FULL)) == FULL
    assert hash(FULL) == hash(attrs.evolve(FULL))
    for record, name in ((FULL, "argv"), (FULL.process, "pid"), (FULL.code, "commit"), (FULL.seeds, "numpy")):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(record, name, None)
