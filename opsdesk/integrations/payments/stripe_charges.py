"""What a charge of Stripe's says about the card, the bank's checks and the risk (integrations.md 3.1)."""

from __future__ import annotations

from opsdesk.domain.payments.instruments import Check, Checks, Instrument, Risk
from opsdesk.integrations.payments.stripe_fields import Raw, field, text

_SHIFTED = {"00": False, "01": True, "02": True, "04": False, "05": True, "06": True, "07": False}
_MASTERCARD_UNCLEAR = frozenset({"06", "07"})
"""At Mastercard these stand for exempt and for recurring payments, where the network does not say who is liable."""


def instrument_of(charge: Raw) -> Instrument:
    """Return what was paid with."""
    kind = text(charge, "payment_method_details", "type")
    found = field(charge, "payment_method_details", kind) if kind else None
    return Instrument(
        kind=kind,
        brand=text(found, "brand"),
        last4="".join(letter for letter in text(found, "last4") if letter.isalnum())[-4:],
        funding=text(found, "funding"),
        country=text(found, "country"),
        fingerprint=text(found, "fingerprint"),
        wallet=text(found, "wallet", "type"),
    )


def checks_of(charge: Raw) -> Checks:
    """Return what the customer's bank said of address, security code and 3-D Secure."""
    card = field(charge, "payment_method_details", "card")
    checks, proof = field(card, "checks"), field(card, "three_d_secure")
    eci = text(proof, "electronic_commerce_indicator")
    return Checks(
        line=_check(text(checks, "address_line1_check")),
        postcode=_check(text(checks, "address_postal_code_check")),
        security_code_check=_check(text(checks, "cvc_check")),
        sca=text(proof, "result"),
        eci=eci,
        liability_shifted=_shifted(eci, text(proof, "result"), text(card, "network") or text(card, "brand")),
    )


def risk_of(charge: Raw) -> Risk:
    """Return what Stripe thinks of the payment; the score is there only where the shop pays for it."""
    outcome = field(charge, "outcome")
    score, rule = field(outcome, "risk_score"), field(outcome, "rule")
    return Risk(
        level=text(outcome, "risk_level"),
        score=score if isinstance(score, int) and 0 <= score <= 100 else None,
        reason=text(outcome, "reason"),
        rule=rule if isinstance(rule, str) else text(rule, "predicate") or text(rule, "id"),
    )


def _check(word: str) -> Check:
    try:
        return Check(word)
    except ValueError:
        return Check.NONE


def _shifted(eci: str, result: str, network: str) -> bool | None:
    """Say whether the bank is liable for fraud; None where nobody says so, which is never taken for a yes."""
    if result in ("failed", "not_supported", "processing_error"):
        return False
    if network in ("mastercard", "maestro") and eci in _MASTERCARD_UNCLEAR:
        return None
    return _SHIFTED.get(eci)
