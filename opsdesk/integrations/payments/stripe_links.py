"""Pay links at Stripe: payment links for one payment each (docs/decisions/pay_links.md says why no Checkout sessions).

Stripe lets a link end after one payment, but knows no hour at which it ends. The worker switches it off then, and
closes every page of it that a customer has open, so that nothing is paid afterwards.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from opsdesk.domain.payments.gateways import Answer, AnswerKind, CallKind, GatewayCall
from opsdesk.integrations.payments.stripe_amounts import to_stripe
from opsdesk.integrations.payments.stripe_fields import (
    AUTHORISE_ONLY,
    KEY,
    LINK_KEY,
    ORDER,
    Raw,
    field,
    reference,
    text,
)
from opsdesk.integrations.payments.stripe_refusals import why_unknown

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params import PaymentLinkCreateParams

MOST_LINKS = 2_000
"""How many open links are looked through for one key."""


def create_link(client: StripeClient, call: GatewayCall) -> Answer:
    """Make a page where the amount is paid once."""
    about = {ORDER: call.order_number, "order_number": call.order_number}
    about |= {AUTHORISE_ONLY: "yes"} if call.authorise_only else {}
    wanted: PaymentLinkCreateParams = {
        "line_items": [
            {
                "price_data": {
                    "currency": call.amount.currency.lower(),
                    "unit_amount": to_stripe(call.amount),
                    "product_data": {"name": call.order_number or "-"},
                },
                "quantity": 1,
            }
        ],
        "restrictions": {"completed_sessions": {"limit": 1}},
        "metadata": about | {KEY: call.key},
        "payment_intent_data": {
            "capture_method": "manual" if call.authorise_only else "automatic_async",
            "description": call.order_number,
            # Not under KEY: that is for the capture which may follow.
            "metadata": about | {LINK_KEY: call.key},
        },
    }
    return _of_link(client.v1.payment_links.create(wanted, {"idempotency_key": call.key}).to_dict())


def cancel_link(client: StripeClient, call: GatewayCall) -> Answer:
    """Switch a link off, and close what is open of it in a customer's browser."""
    import stripe

    client.v1.payment_links.update(call.reference, {"active": False}, {"idempotency_key": call.key})
    try:
        for session in _open_sessions(client, call.reference):
            _close(client, session, call.key)
    except stripe.StripeError as error:
        # Half of it is done, so whatever this error is, it is no clear no.
        return Answer(AnswerKind.UNKNOWN, call.reference, problem=why_unknown(error))
    return Answer(AnswerKind.SUCCEEDED, call.reference)


def look_up_link(client: StripeClient, call: GatewayCall) -> Answer:
    """Say whether a link was made, or is switched off."""
    if call.kind is CallKind.CANCEL_LINK:
        link = client.v1.payment_links.retrieve(call.reference).to_dict()
        is_over = field(link, "active") is False and not _open_sessions(client, call.reference)
        return Answer(AnswerKind.SUCCEEDED, call.reference) if is_over else Answer(AnswerKind.NOT_FOUND)
    links = client.v1.payment_links.list({"active": True, "limit": 100}).auto_paging_iter()
    looked_at = [one.to_dict() for one in islice(links, MOST_LINKS)]
    ours = [one for one in looked_at if text(one, "metadata", KEY) == call.key]
    if ours:
        return _of_link(ours[0])
    if len(looked_at) == MOST_LINKS:
        sentence = f"There are more than {MOST_LINKS} open links at Stripe, too many to find this one among them."
        return Answer(AnswerKind.UNKNOWN, problem=sentence)
    return Answer(AnswerKind.NOT_FOUND)


def link_of(client: StripeClient, intent: Raw) -> str:
    """Return the pay link that a payment came in over; empty for none of ours."""
    if not text(intent, "metadata", LINK_KEY):
        return ""
    sessions = client.v1.checkout.sessions.list({"payment_intent": text(intent, "id"), "limit": 1})
    return next((reference(one.to_dict(), "payment_link") for one in sessions.data), "")


def _open_sessions(client: StripeClient, link: str) -> list[str]:
    sessions = client.v1.checkout.sessions.list({"payment_link": link, "status": "open", "limit": 100})
    return [session.id for session in sessions.auto_paging_iter()]


def _close(client: StripeClient, session: str, key: str) -> None:
    import stripe

    try:
        client.v1.checkout.sessions.expire(session, {}, {"idempotency_key": f"{key}-{session}"})
    except stripe.InvalidRequestError:
        # The customer was quicker: it is paid or over. What was paid is told by its event.
        return


def _of_link(found: Raw) -> Answer:
    url = text(found, "url")
    if not url.startswith(("https://", "http://")):
        return Answer(AnswerKind.UNKNOWN, text(found, "id"), problem="Stripe answered without an address to pay at.")
    return Answer(AnswerKind.SUCCEEDED, text(found, "id"), url=url)
