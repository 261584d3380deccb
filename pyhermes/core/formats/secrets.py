"""What is a secret, by its name or in a URL, and text in which `***` stands in its place.

Arguments are known by the words of their names (`--api-key`, `--apiKey`, `--wandb.api_key`), files by
theirs (`.env`, `id_rsa`). What is masked stays masked: nothing here can give it back.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import final

import attrs

from pyhermes.core.formats.exec_arguments import is_option

MASK = "***"
"""What is written in place of a secret."""

_SECRET_WORDS = frozenset[str](
    (
        *("apikey", "apikeys", "accesskey", "accesskeys", "secretkey", "privatekey", "token", "accesstoken"),
        *("authtoken", "bearertoken", "auth", "authorization", "authentication", "oauth", "bearer", "jwt"),
        *(
            "cred",
            "creds",
            "credential",
            "credentials",
            "passphrase",
            "passwd",
            "password",
            "passwords",
            "pwd",
        ),
        *("secret", "secrets"),
    )
)
_KINDS_OF_KEYS = frozenset(
    (
        "access",
        "account",
        "api",
        "auth",
        "encryption",
        "license",
        "master",
        "private",
        "service",
        "signing",
        "ssh",
    )
)
_KEYS = ("key", "keys")

# Words that a model has in its vocabulary: every second language model takes --pad-token or --eos-token.
_SPECIAL_TOKENS = frozenset(("bos", "cls", "eos", "mask", "pad", "sep", "special", "unk"))

# camelCase, HTMLToken and token2 have words as good as those between dashes
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_BETWEEN = re.compile(r"[\W_]+")
_NAME_AND_VALUE = re.compile(r"([\w.+-]+?)(=|:\s*)(?!//)(.+)", re.DOTALL)

# The scheme has a bound: without it, a long line without a URL takes time quadratic in its length.
_USER = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,20})://([^\s/?#\"'<>\\]*)@")
_FIELD = re.compile(r"([?&])([\w.-]+)=([^\s&#\"'<>]+)")
_PLAIN = ("True", "False", "None", "true", "false", "", MASK)

_SECRET_FILES = re.compile(
    r"(?:.*\.)?env|\.env[.-].*|\.envrc|.*\.(?:pem|key|p12|pfx|p8|jks|keystore|kdbx|ppk|token|secret|secrets)"
    r"|\.?credentials.*|.*[._-]credentials(?:\..*)?|id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?!\.pub$)(?:[._-].*)?"
    r"|[._]netrc|\.pgpass|\.my\.cnf|\.npmrc|\.pypirc|\.htpasswd|\.git-credentials|\.dockercfg|\.boto|\.s3cfg"
    r"|kubeconfig|service[_-]?account.*\.json",
    re.IGNORECASE | re.DOTALL,
)
_SECRET_FOLDERS = (".aws", ".ssh", ".gnupg", ".kube", ".docker")
_EXAMPLES = re.compile(r"\.env\.(?:dist|example|sample|template|defaults)", re.IGNORECASE)
_SOURCES = re.compile(
    r".*\.(?:py|pyi|pyx|ipynb|c|cc|cpp|cu|h|hpp|rs|go|java|js|ts|jl|r|sh|md|rst)", re.I | re.DOTALL
)


def _spell_alike(names: Iterable[str]) -> frozenset[str]:
    return frozenset(spelled for name in names if (spelled := _BETWEEN.sub("", name).lower()))


@final
@attrs.frozen
class SecretNames:
    """Names of arguments that are secret, or are not, whatever their words say; in any spelling.

    >>> names = SecretNames(["--license"], plain=["token"])
    >>> is_secret_name("--License", names), is_secret_name("--token", names)
    (True, False)
    """

    secret: frozenset[str] = attrs.field(default=frozenset[str](), converter=_spell_alike)
    plain: frozenset[str] = attrs.field(default=frozenset[str](), converter=_spell_alike, kw_only=True)

    def with_secret(self, names: Iterable[str]) -> SecretNames:
        """Return these names with others that are secret too."""
        return attrs.evolve(self, secret=self.secret | _spell_alike(names))


BY_THEIR_WORDS = SecretNames()
"""No names but those whose words say that they are secret."""


def parse_secret_names(text: str) -> SecretNames:
    """Read names between commas or white space; one after `!` is not secret, whatever its words say.

    >>> parse_secret_names("--seat-number, !token")
    SecretNames(secret=frozenset({'seatnumber'}), plain=frozenset({'token'}))
    """
    names = text.replace(",", " ").split()
    return SecretNames(
        [name for name in names if not name.startswith("!")],
        plain=[name.removeprefix("!") for name in names if name.startswith("!")],
    )


def is_secret_name(name: str, names: SecretNames = BY_THEIR_WORDS) -> bool:
    """Return whether a name says that its value is secret: whole words of it do, in any spelling.

    >>> [is_secret_name(name) for name in ("--api-key", "--wandb.apiKey", "HF_TOKEN", "-token")]
    [True, True, True, True]
    >>> [is_secret_name(name) for name in ("--tokenizer", "--max-tokens", "--secretary", "--pad-token")]
    [False, False, False, False]
    """
    spelled = _BETWEEN.sub("", name).lower()
    if spelled in names.secret or spelled in names.plain:
        return spelled in names.secret
    return bool(_secret_words(name))


def is_secret_file(path: str) -> bool:
    """Return whether a file is known to hold secrets, by its name or its folder's.

    >>> [is_secret_file(path) for path in (".env", "keys/server.pem", ".ssh/config", "api_token.txt")]
    [True, True, True, True]
    >>> [is_secret_file(path) for path in ("train.py", "tokenizer.json", "secrets.py", ".env.example")]
    [False, False, False, False]
    """
    *folders, name = PurePosixPath(path).parts or (path,)
    if _EXAMPLES.fullmatch(name):
        return False
    known = _SECRET_FILES.fullmatch(name) or any(folder.lower() in _SECRET_FOLDERS for folder in folders)
    return bool(known or (_secret_words(name) and not _SOURCES.fullmatch(name)))


def mask_words(words: Iterable[str], names: SecretNames = BY_THEIR_WORDS) -> tuple[str, ...]:
    """Return the words of a command line with `***` in place of each secret.

    Secret are the values of an option whose name says so, up to the next option, what follows such a
    name and `=` or `:` in one word, and passwords in URLs.

    >>> mask_words(["train.py", "--api-key", "s3cr3t", "--lr", "0.1", "wandb.token=abc"])
    ('train.py', '--api-key', '***', '--lr', '0.1', 'wandb.token=***')
    """
    masked: list[str] = []
    secret = False
    for word in words:
        if is_option(word):
            secret = is_secret_name(word.partition("=")[0], names)
            masked.append(_mask_word(word, names))
        else:
            masked.append(_mask_value(word) if secret else _mask_word(word, names))
    return tuple(masked)


def mask_lines(
    lines: Iterable[Sequence[str]], names: SecretNames = BY_THEIR_WORDS
) -> tuple[tuple[str, ...], ...]:
    """Return arguments, each as its words, with `***` in place of each secret; see `mask_words`.

    They are masked in the order of a command line: an option may have its value in the next one.

    >>> mask_lines([("taxi",), ("--password", "a", "b"), ("--auth=c",), ("--use-token",)])
    (('taxi',), ('--password', '***', '***'), ('--auth=***',), ('--use-token',))
    """
    given = tuple(map(tuple, lines))
    masked = iter(mask_words(itertools.chain(*given), names))
    return tuple(tuple(itertools.islice(masked, len(words))) for words in given)


def is_masked(words: Iterable[str]) -> bool:
    """Return whether a secret was masked in some words.

    >>> is_masked(["--api-key", "***"]), is_masked(["--url=https://me:***@host"]), is_masked(["a", "*"])
    (True, True, False)
    """
    return any(MASK in word for word in words)


def mask_urls(text: str) -> str:
    """Return a text with `***` in place of the passwords in its URLs, and of secrets in their queries.

    >>> mask_urls("https://me:s3cr3t@host/a https://s3cr3t@host ssh://git@host https://host/?token=abc&page=2")
    'https://me:***@host/a https://***@host ssh://git@host https://host/?token=***&page=2'
    """
    if "://" not in text:
        return text
    return _FIELD.sub(_mask_field, _USER.sub(_mask_user, text))


def _secret_words(name: str) -> bool:
    parts = [part.strip("0123456789").lower() for part in _BETWEEN.split(name)]
    words = [word.lower() for word in _WORD.findall(name)]
    found = _SECRET_WORDS & {*parts, *words}
    if found == frozenset(("token",)) and _SPECIAL_TOKENS.intersection(words):
        return False
    pairs = itertools.pairwise(words)
    return bool(found) or any(kind in _KINDS_OF_KEYS and key in _KEYS for kind, key in pairs)


def _mask_word(word: str, names: SecretNames) -> str:
    given = _NAME_AND_VALUE.fullmatch(word)
    if given and is_secret_name(given[1], names):
        return f"{given[1]}{given[2]}{_mask_value(given[3])}"
    return mask_urls(word)


def _mask_value(value: str) -> str:
    return value if value in _PLAIN else MASK


def _mask_user(found: re.Match[str]) -> str:
    scheme, user = found.groups()
    name, colon, _ = user.partition(":")
    if colon:
        return f"{scheme}://{name}:{MASK}@"
    # Forges take a token for the user; other schemes have names there, such as git@.
    return f"{scheme}://{MASK}@" if scheme.lower().endswith(("http", "https")) else found[0]


def _mask_field(found: re.Match[str]) -> str:
    mark, name, value = found.groups()
    return f"{mark}{name}={_mask_value(value) if is_secret_name(name) else value}"
