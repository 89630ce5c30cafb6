"""What was kept of a gateway's words about a payment, decoded for the fraud rules. What it left out is unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from opsdesk.domain.fraud.codes.cvv_results import decode_cvv_result
from opsdesk.domain.fraud.codes.risk_levels import network_name
from opsdesk.domain.fraud.codes.tables import Codes
from opsdesk.domain.fraud.codes.three_d_secure import Told
from opsdesk.domain.fraud.evidence.facts import PaymentTraits
from opsdesk.domain.fraud.evidence.paying import payment_traits
from opsdesk.domain.payments.instruments import Check, Checks, Instrument, Risk
from opsdesk.domain.payments.transactions import Method
from opsdesk.store.fraud.judged_orders import Judged

_METHODS = {
    Method.GATEWAY: "",
    Method.BANK_TRANSFER: "bank",
    Method.CASH: "cash",
    Method.CHEQUE: "other",
    Method.ON_ACCOUNT: "invoice",
    Method.STORE_CREDIT: "credit",
    Method.GIFT_CARD: "credit",
}
_WORDS = {
    "account": ("paypal", "amazon"),
    "invoice": ("klarna", "invoice", "afterpay", "ratepay"),
    "bank": ("bank", "transfer", "sepa", "sofort", "ideal"),
    "card": ("card", "stripe", "adyen", "braintree"),
}


def paid_traits(order: Judged, codes: Codes) -> PaymentTraits:
    """Return what is known of the payment that most is known of."""
    told = next((paid for paid in order.payments if paid.told_at is not None), None)
    if told is not None:
        traits = _told(told, codes)
        return replace(traits, declined=order.declined, cards_tried=len(order.cards) or None)
    if not order.payments:
        return PaymentTraits(declined=order.declined)
    paid = order.payments[0]
    return PaymentTraits(gateway=paid.gateway, method=_method(paid.method, paid.gateway), declined=order.declined)


def _told(row: Row[Any], codes: Codes) -> PaymentTraits:
    shifted = None if row.liability_shifted is None else bool(row.liability_shifted)
    traits = payment_traits(
        codes,
        row.gateway,
        Instrument(row.kind, row.brand, row.last4, row.funding, row.country, row.fingerprint, row.wallet),
        Checks(_check(row.line_check), _check(row.postcode_check), _check(row.cvv_check), row.sca, row.eci, shifted),
        Risk(row.risk_level, row.risk_score, row.risk_reason, row.risk_rule),
    )
    network = network_name(row.brand)
    if row.avs_code:
        traits = replace(traits, avs=codes.avs.decode(row.gateway, network, row.avs_code))
    if row.cvv_result:
        traits = replace(traits, cvv_result=decode_cvv_result(codes.cvv_results, row.cvv_result))
    if row.trans_status or row.trans_reason:
        told = Told(
            gateway=row.gateway,
            network=network,
            eci=row.eci,
            status=row.trans_status,
            reason=row.trans_reason,
            word=row.sca,
            shifted=shifted,
        )
        traits = replace(traits, secure=codes.secure.decode(told))
    return replace(traits, holder=row.holder, method=traits.method or _method(row.method, row.gateway))


def _check(word: str) -> Check:
    return Check(word) if word in set(Check) else Check.NONE


def _method(method: str, gateway: str) -> str:
    if known := _METHODS.get(Method(method), ""):
        return known
    words = gateway.lower()
    return next((name for name, some in _WORDS.items() if any(word in words for word in some)), "")
