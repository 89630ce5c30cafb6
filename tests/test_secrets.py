"""Secrets are read from where they are kept and are seen nowhere else (trust.md 7, A8)."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from opsdesk.domain.errors import Invalid, OpsDeskError, Refused, Unavailable
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.opening import open_gateways
from opsdesk.secrets import secret_place
from opsdesk.settings import Settings, load_settings, refuse_open_secrets
from opsdesk.terminal.crash import report_of
from tests.peers.memory_keyring import MemoryKeyring

KEY = "sk_test_planted0123456789"


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    made = MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def kept(tmp_path: Path, content: str | bytes = KEY, mode: int = 0o600, name: str = "key") -> Path:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)
    return file


def settings(tmp_path: Path, **values: str) -> Settings:
    return load_settings({"OPSDESK_CONFIG": str(tmp_path / "absent.toml"), **values})


def revealed(found: Settings) -> str | None:
    secret = found.stripe_key.read()
    return secret.reveal() if secret is not None else None


# Where secrets are kept.


def test_a_secret_comes_from_the_environment_a_file_or_the_keyring(tmp_path: Path, ring: MemoryKeyring) -> None:
    ring.set_password("opsdesk", "stripe", f"{KEY}\n")
    file = kept(tmp_path, f"{KEY}\n")

    assert revealed(settings(tmp_path)) is None
    assert revealed(settings(tmp_path, OPSDESK_STRIPE_KEY=KEY)) == KEY
    assert revealed(settings(tmp_path, OPSDESK_STRIPE_KEY_FILE=str(file))) == KEY
    assert revealed(settings(tmp_path, OPSDESK_STRIPE_KEY="keyring:opsdesk/stripe")) == KEY


def test_the_environment_goes_before_the_file_of_settings_whichever_way_it_names(tmp_path: Path) -> None:
    toml = kept(tmp_path, f'stripe_key = "{KEY}"\n', name="settings.toml")
    other = kept(tmp_path, "sk_test_other0123456789")
    environment = {"OPSDESK_CONFIG": str(toml)}

    assert revealed(load_settings(environment)) == KEY
    assert revealed(load_settings(environment | {"OPSDESK_STRIPE_KEY_FILE": str(other)})) == "sk_test_other0123456789"


def test_two_places_for_one_secret_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="both set"):
        settings(tmp_path, OPSDESK_STRIPE_KEY=KEY, OPSDESK_STRIPE_KEY_FILE="/somewhere")


@pytest.mark.parametrize("entry", ["keyring:", "keyring:opsdesk", "keyring:/stripe", "keyring:opsdesk/"])
def test_an_entry_of_the_keyring_has_two_parts(entry: str) -> None:
    with pytest.raises(Invalid, match="keyring:opsdesk/stripe"):
        secret_place("OPSDESK_STRIPE_KEY", entry, "")


def test_a_keyring_without_the_entry_or_without_a_backend_says_so(tmp_path: Path, ring: MemoryKeyring) -> None:
    found = settings(tmp_path, OPSDESK_STRIPE_KEY="keyring:opsdesk/stripe")
    with pytest.raises(Refused, match="has no opsdesk/stripe"):
        found.stripe_key.read()
    keyring.set_keyring(NoKeyring())
    with pytest.raises(Unavailable, match="could not be asked"):
        found.stripe_key.read()


@pytest.mark.parametrize("content", ["", " \n", b"\xff\xfe", "x" * 20_000])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: str | bytes) -> None:
    found = settings(tmp_path, OPSDESK_STRIPE_KEY_FILE=str(kept(tmp_path, content)))

    with pytest.raises(Refused):
        found.stripe_key.read()


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no such file"):
        settings(tmp_path, OPSDESK_STRIPE_KEY_FILE=str(tmp_path / "absent")).stripe_key.read()
    with pytest.raises(OpsDeskError, match=str(tmp_path)):
        settings(tmp_path, OPSDESK_STRIPE_KEY_FILE=str(tmp_path)).stripe_key.read()


# Files that others can read.

WIDER = [0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o644, 0o660, 0o666, 0o777]


@pytest.mark.parametrize("mode", WIDER)
@pytest.mark.parametrize("name", ["STRIPE_KEY", "STRIPE_WEBHOOK_SECRETS"])
def test_no_start_with_a_secret_that_others_can_reach(tmp_path: Path, mode: int, name: str) -> None:
    file = kept(tmp_path, KEY, mode)
    found = settings(tmp_path, **{f"OPSDESK_{name}_FILE": str(file)})

    with pytest.raises(Refused, match=f"chmod 600 {file}"):
        refuse_open_secrets(found)
    with pytest.raises(Refused, match="chmod 600"):
        (found.stripe_key if name == "STRIPE_KEY" else found.stripe_webhook_secrets).read()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_no_hindrance(tmp_path: Path, mode: int) -> None:
    found = settings(tmp_path, OPSDESK_STRIPE_KEY_FILE=str(kept(tmp_path, KEY, mode)))

    refuse_open_secrets(found)
    assert revealed(found) == KEY


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f'stripe_key = "{KEY}"', True),
        ('smtp_url = "smtps://shop:hunter2@mail.example"', True),
        ('store = "postgresql://shop:hunter2@db.example/shop"', True),
        ('stripe_key = "keyring:opsdesk/stripe"', False),
        ('smtp_url = "smtp://mail.example"\nstore = "sqlite:////srv/shop.db"', False),
    ],
)
def test_a_file_of_settings_with_a_secret_in_it_is_a_secret_file(tmp_path: Path, text: str, holds: bool) -> None:
    toml = kept(tmp_path, text, 0o644, "settings.toml")
    found = load_settings({"OPSDESK_CONFIG": str(toml)})

    assert bool(found.secret_files) is holds
    if holds:
        with pytest.raises(Refused, match="chmod 600"):
            refuse_open_secrets(found)


@pytest.mark.parametrize("command", [["order", "list"], ["worker", "--once"], ["audit", "show"], []])
def test_the_program_does_not_start_with_an_open_secret(tmp_path: Path, sqlite_url: str, command: list[str]) -> None:
    file = kept(tmp_path, KEY, 0o640)
    environment = {**os.environ, "OPSDESK_STORE": sqlite_url, "OPSDESK_STRIPE_KEY_FILE": str(file)}

    ran = subprocess.run(
        [sys.executable, "-m", "opsdesk", *command],
        env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip

    assert ran.returncode == 1
    assert f"chmod 600 {file}" in ran.stderr
    assert KEY not in ran.stdout + ran.stderr


# What shows a secret: nothing.


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    secret = Secret(KEY)
    found = settings(
        tmp_path, OPSDESK_STRIPE_KEY=KEY, OPSDESK_STRIPE_WEBHOOK_SECRETS="whsec_planted", OPSDESK_SMTP_URL="smtps://a:hunter2@mail.example",
        OPSDESK_STORE="postgresql://a:hunter2@db.example/shop",
    )  # fmt: skip
    gateways = open_gateways(found)

    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", "%s" % secret, repr([secret])]  # noqa: UP031  every way of showing
    shown += [repr(found), str(found), repr(found.stripe_key), repr(gateways), str(vars(gateways["stripe"]))]

    assert not [text for text in shown if KEY in text or "planted" in text or "hunter2" in text]


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_not_written_down(write) -> None:
    with pytest.raises(TypeError, match="not written down"):
        write(Secret(KEY))


def test_secrets_are_compared_and_counted_as_what_they_are() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


@pytest.mark.parametrize(
    "values",
    [
        {"OPSDESK_STRIPE_KEY": "pk_test_planted0123456789"},
        {"OPSDESK_STRIPE_KEY": "sk_test_planted 0123456789"},
        {"OPSDESK_STRIPE_KEY": "sk_test_planted\nX-Header: 1"},
        {"OPSDESK_STRIPE_KEY": KEY, "OPSDESK_STRIPE_WEBHOOK_SECRETS": "planted"},
        {"OPSDESK_STRIPE_KEY": KEY, "OPSDESK_STRIPE_URL": "http://planted.example"},
        {"OPSDESK_STRIPE_KEY": KEY, "OPSDESK_STRIPE_URL": "https://user:planted@stripe.example"},
        {"OPSDESK_STRIPE_KEY": KEY, "OPSDESK_STRIPE_URL": "ftp://planted"},
        {"OPSDESK_STRIPE_KEY": KEY, "OPSDESK_STRIPE_URL": "http://[::1"},
    ],
)
def test_what_cannot_be_right_is_refused_without_being_repeated(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        open_gateways(settings(tmp_path, **values))

    assert "planted" not in refused.value.message
    assert "planted" not in report_of(refused.value)


def test_several_signing_secrets_stand_one_after_the_other(tmp_path: Path) -> None:
    found = settings(
        tmp_path, OPSDESK_STRIPE_KEY=KEY, OPSDESK_STRIPE_WEBHOOK_SECRETS="whsec_first0, whsec_second\nwhsec_third0"
    )

    gateways = open_gateways(found)

    assert set(gateways) == {"stripe"}
    assert len(vars(gateways["stripe"])["_webhook_secrets"]) == 3


def test_without_a_key_there_is_no_gateway(tmp_path: Path) -> None:
    assert open_gateways(settings(tmp_path, OPSDESK_STRIPE_WEBHOOK_SECRETS="whsec_alone")) == {}
