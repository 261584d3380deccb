from __future__ import annotations

import time

import pytest

from pyhermes.core.formats.secrets import (
    SecretNames,
    is_masked,
    is_secret_file,
    is_secret_name,
    mask_lines,
    mask_urls,
    mask_words,
    parse_secret_names,
)

SECRET = [
    *(
        "--api-key",
        "--apiKey",
        "--API_KEY",
        "--ApiKey",
        "--apikey",
        "--wandb.api_key",
        "--wandb.apiKey",
        "-token",
    ),
    *(
        "--token",
        "TOKEN",
        "--toKen",
        "--token2",
        "--hf-token",
        "HFToken",
        "HF_TOKEN",
        "--auth-token",
        "--authToken",
    ),
    *("--password", "--passwd", "--db_password", "--PASSWORD", "--passphrase", "--secret", "--client-secret"),
    *(
        "--aws-secret-access-key",
        "--access-key",
        "--accesskey",
        "--private-key",
        "--credential",
        "--credentials",
    ),
    *(
        "--auth",
        "--mask-api-key",
        "--oauth",
        "--basic-auth",
        "--authorization",
        "+trainer.token",
        "--api_keys",
        "--ssh-key",
    ),
]
PLAIN = [
    *("--tokenizer", "--max-tokens", "--secretary", "--author", "--authors", "--key", "--keys", "--keyboard"),
    *(
        "--monkey",
        "--pad-token",
        "--eos_token_id",
        "--special-token",
        "--tokens",
        "--passes",
        "--lr",
        "",
        "-",
        "--",
    ),
    *("--authentic", "--passwordless", "--access", "--api", "--api-version", "taxi"),
]


@pytest.mark.parametrize("name", SECRET)
def test_a_name_with_a_secret_word_is_secret(name: str) -> None:
    assert is_secret_name(name)
    assert mask_words([name, "s3cr3t"] if name.startswith("-") else [f"{name}=s3cr3t"])[-1].endswith("***")
    assert mask_words([f"{name}=s3cr3t"]) == (f"{name}=***",)


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_only_looks_like_one_is_not(name: str) -> None:
    assert not is_secret_name(name)
    assert mask_words([name, "value"]) == (name, "value")


def test_other_names_are_secret_or_not_because_they_are_said_to_be() -> None:
    names = parse_secret_names("--license,seatNumber\n!--token")
    assert names == SecretNames(["license", "seat_number"], plain=["token"])
    words = ("--LICENSE", "a", "--seat-number", "1", "--token", "cat", "--password", "b")
    masked = ("--LICENSE", "***", "--seat-number", "***", "--token", "cat", "--password", "***")
    assert mask_words(words, names) == masked
    assert is_secret_name("--class-field", names.with_secret(["--class_field"]))
    assert parse_secret_names(" , ") == SecretNames()


def test_every_value_of_a_secret_option_is_masked() -> None:
    words = ["python", "train.py", "taxi", "--api-keys", "a", "-1", "c", "--lr", "0.1", "--secret=a=b", "c"]
    masked = (
        "python",
        "train.py",
        "taxi",
        "--api-keys",
        "***",
        "***",
        "***",
        "--lr",
        "0.1",
        "--secret=***",
        "***",
    )
    assert mask_words(words) == masked


def test_a_value_that_only_speaks_of_a_secret_stays() -> None:
    words = (
        "--note=the token is gone",
        "and so on",
        "--lr=token",
        "0.1",
        "C:\\token",
        "http://host:80/token",
    )
    assert mask_words(words) == words


@pytest.mark.parametrize("word", ["token=s3cr3t", "Authorization: Bearer s3cr3t", "API_KEY:s3cr3t"])
def test_a_name_and_its_value_in_one_word_are_masked_wherever_they_stand(word: str) -> None:
    for words in (["--set", word], [word], ["--x", "1", word]):
        assert "s3cr3t" not in " ".join(mask_words(words))


@pytest.mark.parametrize("value", ["True", "False", "None", ""])
def test_a_switch_stays_what_it_is(value: str) -> None:
    assert mask_words(["--use-auth", value]) == ("--use-auth", value)


def test_lines_keep_their_form() -> None:
    lines = [
        ("taxi",),
        ("--use-token",),
        ("--password", "a", "b"),
        ("--auth=c", "d"),
        ("--url", "ftp://a:b@c"),
    ]
    masked = (("taxi",), ("--use-token",), ("--password", "***", "***"), ("--auth=***", "***"))
    assert mask_lines(lines) == (*masked, ("--url", "ftp://a:***@c"))
    assert mask_lines(mask_lines(lines)) == mask_lines(lines)


def test_what_is_masked_says_so() -> None:
    assert is_masked(mask_words(["--token", "a"]))
    assert not is_masked(["--lr", "0.1", "**"])


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://me:s3cr3t@host/x", "https://me:***@host/x"),
        ("https://s3cr3t@github.com/x", "https://***@github.com/x"),
        ("git+https://s3cr3t@github.com/x", "git+https://***@github.com/x"),
        ("postgres://me:s3cr3t@with-at@host/db", "postgres://me:***@host/db"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("http://host/?page=2&api_key=s3cr3t#x", "http://host/?page=2&api_key=***#x"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("me@host: s3cr3t", "me@host: s3cr3t"),
    ],
)
def test_passwords_in_urls_are_masked(url: str, masked: str) -> None:
    assert mask_urls(f"see '{url}' or {url}") == f"see '{masked}' or {masked}"
    assert mask_words(["--url", url]) == ("--url", masked)


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    before = time.monotonic()
    for text in ("a" * 2_000_000, "://" * 500_000, "?a" * 500_000, "x:" * 500_000, "A" * 2_000_000):
        mask_urls(text + "://")
        mask_words([text])
    assert time.monotonic() - before < 20


@pytest.mark.parametrize(
    "path",
    [
        *(
            ".env",
            ".env.local",
            "prod.env",
            ".envrc",
            "a/.ENV",
            "key.pem",
            "a.key",
            "id_rsa",
            "id_ed25519",
            "id_rsa.old",
        ),
        *(
            "credentials",
            "credentials.json",
            ".credentials",
            "aws-credentials.ini",
            ".netrc",
            ".pypirc",
            ".npmrc",
        ),
        *(
            "secrets.yaml",
            "api_token.txt",
            "password.txt",
            ".ssh/config",
            ".aws/config",
            "service-account-1.json",
        ),
    ],
)
def test_files_of_secrets_are_known_by_name(path: str) -> None:
    assert is_secret_file(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "train.py",
            ".env.example",
            "env.py",
            "environment.yml",
            "tokenizer.json",
            "secrets.py",
            "token.md",
        ),
        *("id_rsa.pub", "keyboard.txt", "data/monkey.png", "key/train.py", "tokens.txt", "a\nb"),
    ],
)
def test_other_files_are_not(path: str) -> None:
    assert not is_secret_file(path)
