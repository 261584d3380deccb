"""Text on disk: UTF-8, in which no byte is lost.

Bytes that are not UTF-8 become lone surrogates (`surrogateescape`) and are written back as they were.
"""

from __future__ import annotations

ENCODING = "utf-8"
ERRORS = "surrogateescape"


def decode_text(data: bytes) -> str:
    r"""Decode the bytes of a file; never raises.

    >>> decode_text(b"caf\xc3\xa9 \xff")
    'café \udcff'
    """
    return data.decode(ENCODING, ERRORS)


def encode_text(text: str) -> bytes:
    r"""Encode text for a file: the inverse of `decode_text`.

    >>> encode_text("\udcff")
    b'\xff'
    """
    return text.encode(ENCODING, ERRORS)


def can_be_encoded(text: str) -> bool:
    r"""Return whether a text can be written to a file.

    >>> can_be_encoded("café"), can_be_encoded("\ud800")
    (True, False)
    """
    try:
        encode_text(text)
    except UnicodeEncodeError:
        return False
    return True
