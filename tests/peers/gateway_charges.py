"""Charges of the test gateway: one attempt to take money with a payment method, and what the bank said of it."""

from __future__ import annotations

from typing import Any

from tests.peers.gateway_cards import Card
from tests.peers.gateway_state import Book, Thing

_UNUSED: Thing = {
    "calculated_statement_descriptor": "TEST SHOP",
    "fraud_details": {},
    "receipt_number": None,
    "receipt_url": None,
    "review": None,
    "shipping": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_data": None,
    "transfer_group": None,
}


def new_charge(book: Book, intent: Thing, method: str, card: Card, capture_before: int | None) -> Thing:
    """Write down an attempt: authorised, captured at once, or declined by the bank."""
    is_manual = intent["capture_method"] == "manual"
    paid = not card.code
    captured = paid and not is_manual
    charge = {
        **_UNUSED,
        "id": book.new_id("ch_"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "amount_refunded": 0,
        "authorization_code": "123456" if paid else None,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": intent["receipt_email"], "name": None, "phone": None},
        "captured": captured,
        "created": book.clock.unix(),
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_code": card.code or None,
        "failure_message": card.message if card.code else None,
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(card),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method,
        "payment_method_details": {"card": _card(card, intent["amount"], capture_before), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }
    book.add(charge)
    if captured:
        settle(book, charge)
    return charge


def settle(book: Book, charge: Thing) -> None:
    """Put what was captured onto the shop's account."""
    moved = book.move("charge", charge["amount_captured"], charge["currency"], charge["id"])
    charge["balance_transaction"] = moved["id"]


def refunds_of(book: Book, charge: Thing) -> list[Thing]:
    """Return a charge's refunds, newest first."""
    return [refund for refund in book.all("refund") if refund["charge"] == charge["id"]]


def _outcome(card: Card) -> dict[str, Any]:
    blocked = card.outcome == "blocked"
    kind = "issuer_declined" if card.code and not blocked else card.outcome
    network = "declined_by_network" if card.code else "approved_by_network"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": "05" if card.code and not blocked else None,
        "network_status": "not_sent_to_network" if blocked else network,
        "reason": card.reason or card.decline_code or card.code or None,
        "risk_level": card.risk_level,
        "risk_score": card.risk_score,
        "rule": card.rule,
        "seller_message": card.message if card.code else "Payment complete.",
        "type": kind,
    }


def _card(card: Card, amount: int, capture_before: int | None) -> dict[str, Any]:
    details = {
        "amount_authorized": amount,
        "authorization_code": "123456",
        "brand": card.brand,
        "checks": {
            "address_line1_check": card.line1,
            "address_postal_code_check": card.postcode,
            "cvc_check": card.cvc,
        },
        "country": card.country,
        "exp_month": 11,
        "exp_year": 2031,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": "1" * 15,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": dict(card.three_d_secure) if card.three_d_secure else None,
        "wallet": {"type": card.wallet, "dynamic_last4": None} if card.wallet else None,
    }
    if capture_before is not None:
        details["capture_before"] = capture_before
    return details
