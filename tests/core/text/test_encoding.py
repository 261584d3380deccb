from __future__ import annotations

import pytest

from pyhermes.core.text.encoding import can_be_encoded, decode_text, encode_text


@pytest.mark.parametrize(
    "data", [b"", b"caf\xc3\xa9", b"\xff\xfe\x00", b"\xed\xa0\x80", bytes(range(256)), b"a\r\n\xf0\x9f"]
)
def test_no_byte_is_lost(data: bytes) -> None:
    assert encode_text(decode_text(data)) == data


def test_text_is_utf_8_and_other_bytes_are_surrogates() -> None:
    assert decode_text(b"caf\xc3\xa9 \xff") == "café \udcff"


@pytest.mark.parametrize(
    ("text", "can_be"),
    [("", True), ("é\U0010ffff", True), ("\udcff", True), ("\ud800", False), ("a\udc7f", False)],
)
def test_surrogates_of_no_byte_cannot_be_written(text: str, can_be: bool) -> None:
    assert can_be_encoded(text) is can_be
