"""How text stands on disk: UTF-8, in which bytes that are none become surrogates and none is lost."""

from __future__ import annotations

ENCODING = "utf-8"
ERRORS = "surrogateescape"


def decode_text(data: bytes) -> str:
    r"""The text of a file.

    >>> decode_text(b"caf\xc3\xa9 \xff")
    'café \udcff'
    """
    return data.decode(ENCODING, ERRORS)


def encode_text(text: str) -> bytes:
    r"""The bytes of a text: the inverse of `decode_text`.

    >>> encode_text("\udcff")
    b'\xff'
    """
    return text.encode(ENCODING, ERRORS)


def can_be_encoded(text: str) -> bool:
    r"""Whether a text can stand in a file.

    >>> can_be_encoded("café"), can_be_encoded("\ud800")
    (True, False)
    """
    try:
        encode_text(text)
    except UnicodeEncodeError:
        return False
    return True
