"""What the tests of the test gateway ask again and again."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.peers.gateway import GatewayPeer

SUCCESS = "https://shop.example/thanks"


def client_of(gateway: GatewayPeer, *, seconds: float = 10.0) -> stripe.StripeClient:
    """Open Stripe's own library at the gateway; it waits some seconds and never repeats a request."""
    return stripe.StripeClient(
        gateway.api_key,
        base_addresses={"api": gateway.url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=seconds),
    )


def key(name: str) -> Any:
    """Return the options of a request with an idempotency key."""
    return {"idempotency_key": name}


def refund(client: stripe.StripeClient, payment: str, amount: int | None, name: str = "") -> Any:
    """Refund a payment, or what is left of it, under a key of ours if it has a name."""
    wanted: Any = {"payment_intent": payment} | ({"amount": amount} if amount is not None else {})
    if name:
        wanted["metadata"] = {"opsdesk_key": name}
    return client.v1.refunds.create(wanted, key(name) if name else None)


def code_of(error: pytest.ExceptionInfo[stripe.StripeError]) -> str | None:
    """Return the code of a refusal."""
    return error.value.code


def line(amount: int, currency: str = "eur", name: str = "Order 1042") -> Any:
    """Return the line of a page that asks for an amount."""
    return {
        "price_data": {"currency": currency, "unit_amount": amount, "product_data": {"name": name}},
        "quantity": 1,
    }


def link(client: stripe.StripeClient, amount: int, name: str, *, manual: bool = False, currency: str = "eur") -> Any:
    """Make a payment link for one payment."""
    return client.v1.payment_links.create(
        {
            "line_items": [line(amount, currency)],
            "restrictions": {"completed_sessions": {"limit": 1}},
            "metadata": {"opsdesk_key": name, "order_number": "1042"},
            "payment_intent_data": {
                "capture_method": "manual" if manual else "automatic_async",
                "metadata": {"order_number": "1042"},
            },
        },
        key(name),
    )


def session(client: stripe.StripeClient, gateway: GatewayPeer, amount: int, name: str, **more: Any) -> Any:
    """Make a Checkout session that lasts an hour."""
    wanted: Any = {
        "mode": "payment",
        "success_url": SUCCESS,
        "line_items": [line(amount)],
        "metadata": {"opsdesk_key": name, "order_number": "1042"},
        "expires_at": gateway.clock.unix() + 3600,
    }
    return client.v1.checkout.sessions.create(wanted | more, key(name))
