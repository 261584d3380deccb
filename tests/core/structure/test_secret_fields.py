from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import attrs
import pytest

from pyhermes.core import FieldError, Flag, Positional, Secret, parse_exec_args, structure_args
from pyhermes.core.formats.secrets import SecretNames, mask_lines
from pyhermes.core.structure.argument_lines import lines_of_given
from pyhermes.core.structure.secret_fields import find_secret_options

if TYPE_CHECKING:
    from decimal import Decimal


@attrs.frozen
class Service:
    name: str
    seat: Annotated[str, Secret]


@attrs.frozen
class Args:
    license: Annotated[str, Secret(), Flag("-L", "--license")]
    service: Service
    inner: Annotated[Service, Secret()]
    lr: float = 0.1


@dataclasses.dataclass
class DataService:
    seat_number: Annotated[str, Secret()] | None


@dataclasses.dataclass
class DataArgs:
    license: Annotated[str | None, Secret]
    service: DataService | None = None
    lr: float = 0.1


def test_the_options_of_marked_fields_are_masked_however_they_are_spelled() -> None:
    given = Args("s1", Service("a", "s2"), Service("s3", "s4"))
    names = SecretNames().with_secret(find_secret_options(given))
    masked = [" ".join(line) for line in mask_lines(lines_of_given(given), names)]
    assert "-L ***" in masked
    assert "--service.name a" in masked
    assert not [line for line in masked for secret in ("s1", "s2", "s3", "s4") if secret in line.split()]
    assert mask_lines([("--license", "s1"), ("--service.seat=s2",)], names) == (
        ("--license", "***"),
        ("--service.seat=***",),
    )


def test_the_marked_fields_of_a_dataclass_are_secret() -> None:
    options = find_secret_options(DataArgs("s"))
    assert set(options) == {"--license", "--service.seat_number"}
    assert mask_lines([("--service.seat-number", "s")], SecretNames(options)) == (
        ("--service.seat-number", "***"),
    )


@dataclasses.dataclass
class UnresolvedArgs:
    seat: Annotated[str, Secret]
    lr: Decimal | None = None


def test_a_mark_counts_where_other_annotations_cannot_be_resolved() -> None:
    assert find_secret_options(UnresolvedArgs("s")) == ("--seat",)


@pytest.mark.parametrize("given", [["--lr", "0.1"], {"lr": 0.1}, 3, Service])
def test_what_has_no_class_of_its_own_marks_nothing(given: object) -> None:
    assert find_secret_options(given) == ()


def test_what_was_masked_reads_as_it_stands() -> None:
    assert structure_args(parse_exec_args("--name a\n--seat ***\n"), Service) == Service("a", "***")


def test_a_positional_has_no_name_by_which_it_could_be_masked() -> None:
    @attrs.frozen
    class Wrong:
        key: Annotated[str, Secret, Positional]

    with pytest.raises(FieldError, match="Secret on a field with an option, got it on a positional"):
        structure_args(parse_exec_args("a"), Wrong)
