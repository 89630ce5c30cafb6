"""What the shop has set: read once, from the environment and then from a TOML file; frozen afterwards.

Cheap to import: the folders of the operating system are only asked for when nothing else is set.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from opsdesk.domain.errors import Invalid
from opsdesk.secrets import KEYRING, SecretPlace, require_private, secret_place

_PREFIX = "OPSDESK_"
_SECRETS = ("stripe_key", "stripe_webhook_secrets", "imap_password")
_NAMES = frozenset(
    {"store", "state", "templates", "smtp_url", "imap_url", "zone", "glyphs", "lock_minutes", "stripe_url"}
    | {name + suffix for name in _SECRETS for suffix in ("", "_file")}
)
_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@")
"""A password inside the address of a mail server or a database."""
_NO_STRIPE_KEY = SecretPlace("OPSDESK_STRIPE_KEY")
_NO_STRIPE_WEBHOOK_SECRETS = SecretPlace("OPSDESK_STRIPE_WEBHOOK_SECRETS")
_NO_IMAP_PASSWORD = SecretPlace("OPSDESK_IMAP_PASSWORD")
_LONGEST_UNLOCKED = 15
"""Minutes. PCI DSS 8.2.8: whoever was away for longer proves again who they are."""


class Glyphs(StrEnum):
    """Which characters symbols and lines are drawn with."""

    UNICODE = "unicode"
    ASCII = "ascii"


def os_login() -> str:
    """Return the login of the operating system; it is asked of the system, not of the environment."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set outside the store.

    Attributes:
        store_url: where the orders are, e.g. `sqlite:////srv/shop/shop.db`.
        state_folder: drafts, logs and the audit key; never inside the store.
        template_folder: the shop's own e-mail templates, which go before the shipped ones.
        smtp_url: the mail server; None means that no mail leaves the house.
        zone: the shop's time zone, for every moment on screen and in mails.
        glyphs: characters for symbols and lines.
        lock_after: how long a terminal may be left alone before it locks itself.
        stripe_key: where the secret key of Stripe is kept.
        stripe_webhook_secrets: where the signing secrets of Stripe's messages are kept; several while they change.
        stripe_url: another address than Stripe's own, for trials.
        imap_url: the mailbox into which bounces and answers come; None means that nobody reads it here.
        imap_password: where its password is kept.
        secret_files: the files that hold a secret and may be nobody else's.
    """

    store_url: str = field(repr=False)
    state_folder: Path
    template_folder: Path
    smtp_url: str | None = field(repr=False)
    zone: ZoneInfo
    glyphs: Glyphs
    lock_after: timedelta = timedelta(minutes=5)
    stripe_key: SecretPlace = _NO_STRIPE_KEY
    stripe_webhook_secrets: SecretPlace = _NO_STRIPE_WEBHOOK_SECRETS
    stripe_url: str | None = None
    imap_url: str | None = field(default=None, repr=False)
    imap_password: SecretPlace = _NO_IMAP_PASSWORD
    secret_files: tuple[Path, ...] = ()


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; the environment goes before the file.

    Raises:
        Invalid: a value cannot be used, or the file cannot be read.
    """
    environment = os.environ if environment is None else environment
    written = _from_file(file := _config_file(environment))
    found = written | _from_environment(environment)
    state = _folder(found.get("state"), "state")
    places = {name: _place(name, written, environment) for name in _SECRETS}
    secret_files = [place.file for place in places.values() if place.file] + ([file] if _holds_secret(written) else [])
    return Settings(
        store_url=found.get("store") or f"sqlite:///{_folder(None, 'data') / 'shop.db'}",
        state_folder=state,
        template_folder=Path(found["templates"]).expanduser() if found.get("templates") else state / "templates",
        smtp_url=found.get("smtp_url") or None,
        zone=_zone(found.get("zone") or "UTC"),
        glyphs=_glyphs(found.get("glyphs") or Glyphs.UNICODE),
        lock_after=_lock_after(found.get("lock_minutes") or "5"),
        stripe_key=places["stripe_key"],
        stripe_webhook_secrets=places["stripe_webhook_secrets"],
        stripe_url=found.get("stripe_url") or None,
        imap_url=found.get("imap_url") or None,
        imap_password=places["imap_password"],
        secret_files=tuple(secret_files),
    )


def refuse_open_secrets(settings: Settings) -> None:
    """Make sure, before the program starts, that no file with a secret can be read by others.

    Raises:
        Refused: one can; the sentence says which and what to do.
    """
    for path in settings.secret_files:
        # Whoever cannot even reach it cannot read it; a clerk's terminal needs no key of the gateway.
        with suppress(FileNotFoundError, PermissionError):
            require_private(path, path.stat(), anybodys=True)


def data_folder() -> Path:
    """Return the folder of shipped data: templates, statuses, code tables, the demo catalogue.

    In the wheel it lies inside the package, in a checkout beside it.
    """
    package = Path(__file__).parent
    packed = package / "_data"
    return packed if packed.is_dir() else package.parent / "data"


def _config_file(environment: Mapping[str, str]) -> Path:
    named = environment.get("OPSDESK_CONFIG")
    return Path(named).expanduser() if named else _folder(None, "config") / "settings.toml"


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    values = {name: environment.get(_PREFIX + name.upper()) for name in _NAMES}
    return {name: value for name, value in values.items() if value is not None}


def _from_file(path: Path) -> dict[str, str]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid("config", f"The settings in {path} cannot be read: {error}. Correct the file.") from error
    for name, value in values.items():
        if name not in _NAMES:
            raise Invalid(name, f"{path} sets {name}, which is no setting. Known are {', '.join(sorted(_NAMES))}.")
        if not isinstance(value, str):
            raise Invalid(name, f"{path} must set {name} to a text in quotes.")
    return values


def _place(name: str, written: Mapping[str, str], environment: Mapping[str, str]) -> SecretPlace:
    """Return where a secret is kept; the environment goes before the file, whichever of the two ways it names."""
    variable = _PREFIX + name.upper()
    value, file = environment.get(variable, ""), environment.get(f"{variable}_FILE", "")
    if not value and not file:
        value, file = written.get(name, ""), written.get(f"{name}_file", "")
    return secret_place(variable, value, file)


def _holds_secret(written: Mapping[str, str]) -> bool:
    """Say whether the file of settings is itself something to keep private."""
    values = [written[name] for name in _SECRETS if name in written]
    if any(value and not value.startswith(KEYRING) for value in values):
        return True
    return any(_PASSWORD.search(written.get(name, "")) for name in ("smtp_url", "store"))


def _folder(named: str | None, kind: Literal["state", "data", "config"]) -> Path:
    if named:
        return Path(named).expanduser()
    from platformdirs import PlatformDirs

    folders = PlatformDirs("opsdesk", appauthor=False)
    return {"state": folders.user_state_path, "data": folders.user_data_path, "config": folders.user_config_path}[kind]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise Invalid("zone", f"OPSDESK_ZONE is {name}, which is no time zone. Write e.g. Europe/Berlin.") from error


def _glyphs(name: str) -> Glyphs:
    try:
        return Glyphs(name.lower())
    except ValueError as error:
        raise Invalid("glyphs", f"OPSDESK_GLYPHS is {name}; it is `unicode` or `ascii`.") from error


def _lock_after(minutes: str) -> timedelta:
    if not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes) <= _LONGEST_UNLOCKED):
        raise Invalid("lock_minutes", f"OPSDESK_LOCK_MINUTES is {minutes}; it is 1 to {_LONGEST_UNLOCKED} minutes.")
    return timedelta(minutes=int(minutes))
