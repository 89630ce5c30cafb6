"""Open the gateways for which the shop has set a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opsdesk.domain.errors import Invalid
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.ports import Gateway

if TYPE_CHECKING:
    from opsdesk.settings import Settings

_KEY = re.compile(r"(sk|rk)_[A-Za-z0-9_]{8,250}\Z")
_SIGNING_SECRET = re.compile(r"[!-~]{8,250}\Z")


def open_gateways(settings: Settings, *, clock: Clock = system_clock) -> Mapping[str, Gateway]:
    """Return the gateways by name; none where no key is set.

    Raises:
        Invalid: a key cannot be one, or the address is not safe.
        Refused: a key's file can be read by others, or is empty.
        Unavailable: a key's file or the keyring cannot be reached.
    """
    key = settings.stripe_key.read()
    if not key:
        return {}
    # Imported with a key alone: most terminals have none, and its library is slow to import.
    from opsdesk.integrations.payments.stripe import StripeGateway

    signing = settings.stripe_webhook_secrets.read()
    url = _safe(settings.stripe_url) if settings.stripe_url else None
    secrets = _signing_secrets(signing) if signing else ()
    gateway = StripeGateway(_stripe_key(key), url=url, webhook_secrets=secrets, clock=clock)
    return {gateway.name: gateway}


def _stripe_key(key: Secret) -> Secret:
    if _KEY.match(key.reveal()):
        return key
    raise Invalid(
        "stripe_key",
        "OPSDESK_STRIPE_KEY is no secret key of Stripe. It begins with sk_ or, with chosen rights alone, with rk_.",
    )


def _signing_secrets(together: Secret) -> tuple[Secret, ...]:
    parts = [part for part in re.split(r"[\s,]+", together.reveal()) if part]
    if all(_SIGNING_SECRET.match(part) for part in parts):
        return tuple(Secret(part) for part in parts)
    raise Invalid(
        "stripe_webhook_secrets",
        "OPSDESK_STRIPE_WEBHOOK_SECRETS holds something that is no signing secret. Write them one after the other.",
    )


def _safe(url: str) -> str:
    """Return the address, if the key may be sent there.

    Raises:
        Invalid: it would be sent in clear over a network, or the address is none.
    """
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0 and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in ("http", "https"):
        raise Invalid("stripe_url", "OPSDESK_STRIPE_URL is no address. Leave it out to use Stripe's own.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise Invalid("stripe_url", "OPSDESK_STRIPE_URL would send the key in clear. Use https.")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
