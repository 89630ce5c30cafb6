"""Stripe's own library, opened so that it says nothing, tells nothing of this machine, and never repeats a request."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

from opsdesk.domain.secrets import Secret

if TYPE_CHECKING:
    from requests import PreparedRequest, Session
    from stripe import StripeClient

CONNECT_S, ANSWER_S = 5.0, 20.0


def open_client(key: Secret, *, url: str | None = None, answer_s: float = ANSWER_S) -> tuple[StripeClient, Session]:
    """Make a client for one key, and what holds its connections; `url` stands in for Stripe's own address."""
    import stripe

    _be_quiet()
    connections = _session()
    client = stripe.StripeClient(
        key.reveal(),
        base_addresses={"api": url.rstrip("/")} if url else None,
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(CONNECT_S, answer_s), session=connections),
    )
    return client, connections


def _session() -> Session:
    import requests

    session = requests.Session()
    # Any auth of its own keeps the library from looking for another one in ~/.netrc, which would replace the key.
    session.auth = _as_it_is
    # Stripe never redirects. Whoever does is not Stripe, and gets neither the key nor an order.
    session.max_redirects = 0
    return session


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    return request


def _be_quiet() -> None:
    """Keep the library from writing anywhere: a line on standard error would be painted over the screen."""
    import stripe
    from stripe import _util

    stripe.enable_telemetry = False
    stripe.log = None
    # Read from STRIPE_LOG at import and asked for after `stripe.log`; nothing public turns it off.
    _util.STRIPE_LOG = None
    logging.getLogger("stripe").disabled = True
    # Notices that Stripe sends along with its answers.
    warnings.filterwarnings("ignore", module=r"stripe\._api_requestor")
