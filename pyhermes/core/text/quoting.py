r"""Words in a text, some of them quoted: split by the rules of a dialect, and quoted again.

In every dialect `'...'` holds any characters, `"..."` too, with `\"` and `\\` for these two. The dialects
differ in where a quotation may begin, and in what a quote or a backslash outside of one means.
Everything takes time in proportion to the text: these files may be a stranger's, and `shlex.split`
takes time quadratic in the length of a word.
"""

from __future__ import annotations

import re
from typing import TypeAlias, final

import attrs

from pyhermes.core.errors import ArgumentsError
from pyhermes.core.messages import shown
from pyhermes.core.text.numbers import BLANKS

Words: TypeAlias = tuple[str, ...]
"""Words that belong together: a command line, or one argument with its values."""

_ESCAPED = re.compile(r'\\(["\\])')
_NEEDS_ESCAPING = re.compile(r'["\\]')


def _compile_quotation(dialect: Dialect) -> re.Pattern[str]:
    if dialect.begins_after is None:
        return re.compile(r"""'([^']*+)'|"((?:[^"\\]|\\.)*+)"|\\(.)""", re.DOTALL)
    return re.compile(r"""'([^'\n]*+)'|"((?:[^"\\\n]|\\[^\n])*+)"|(?!)()""")


def _compile_quotations(dialect: Dialect) -> re.Pattern[str]:
    begin = ""
    if dialect.begins_after is not None:
        begin = rf"(?<![^{dialect.blanks}{re.escape(dialect.begins_after)}])"
    return re.compile(rf"{begin}(?:{dialect.quotation.pattern})++", re.DOTALL)


def _compile_word(dialect: Dialect) -> re.Pattern[str]:
    # possessive (`++`), so that nothing that matched is tried again in another way
    if dialect.begins_after is None:
        return re.compile(rf"""(?:[^{dialect.blanks}'"\\]|{dialect.quotations.pattern})++""", re.DOTALL)
    return re.compile(rf"""(?:[^{dialect.blanks}'"]|{dialect.quotations.pattern}|['"])++""")


@final
@attrs.frozen
class Dialect:
    r"""The rules by which a text is split into words.

    Words are separated by `blanks`. A quotation begins at a word's beginning or after one of the
    characters `begins_after`; where that is None it begins anywhere, as in a shell: then a backslash
    outside of quotations takes the next character as it is, quotations go on over several lines, and
    each has to be closed.
    """

    blanks: str
    begins_after: str | None = None
    quotation: re.Pattern[str] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_compile_quotation, takes_self=True)
    )
    quotations: re.Pattern[str] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_compile_quotations, takes_self=True)
    )
    """One quotation, or several that follow each other, as in a shell's `'it'"'"'s'`."""
    word: re.Pattern[str] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_compile_word, takes_self=True)
    )


SHELL = Dialect(" \t\r\n")
"""The words of a POSIX shell, as `shlex.split` splits them."""

EXECUTION_FILE = Dialect(BLANKS, begins_after="[(,=")
"""The words of an execution file: `don't` and `{"a": 1}` stay as they are."""


def split_quoted(text: str, dialect: Dialect) -> Words:
    r"""Split a text into its words, and take their quotes away.

    Raises `ArgumentsError`, a `ValueError`, for a quotation that has to be closed and is not.

    >>> split_quoted(r"--note 'a b' c='d e' it\'s", SHELL)
    ('--note', 'a b', 'c=d e', "it's")
    >>> split_quoted("--note 'a b' c='d e' don't", EXECUTION_FILE)
    ('--note', 'a b', 'c=d e', "don't")
    """
    words: list[str] = []
    end = 0
    for found in dialect.word.finditer(text):
        _check_blank(text[end : found.start()], dialect)
        end = found.end()
        words.append(dialect.quotations.sub(lambda quoted: _unquote(quoted[0], dialect), found[0]))
    _check_blank(text[end:], dialect)
    return tuple(words)


def quote(word: str) -> str:
    r"""Return a word in quotes, as every dialect reads it back.

    >>> print(quote("a b"), quote("it's"))
    'a b' "it's"
    """
    if "'" not in word:
        return f"'{word}'"
    escaped = _NEEDS_ESCAPING.sub(r"\\\g<0>", word)
    return f'"{escaped}"'


def _check_blank(between: str, dialect: Dialect) -> None:
    # what stands between words and is not blank: an open quotation, or a backslash at the end
    if between.strip(dialect.blanks):
        raise ArgumentsError(f"expected quotations that are closed, got {shown(between)}")


def _unquote(quoted: str, dialect: Dialect) -> str:
    return dialect.quotation.sub(_content, quoted)


def _content(quotation: re.Match[str]) -> str:
    single, double, escaped = quotation.groups()
    if double is not None:
        return _ESCAPED.sub(r"\1", double)
    return single if single is not None else escaped
