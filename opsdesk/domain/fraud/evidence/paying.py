"""Evidence from what a gateway told of a payment in words instead of codes."""

from __future__ import annotations

from opsdesk.domain.fraud.codes.avs import avs_of_checks
from opsdesk.domain.fraud.codes.cvv_results import cvv_result_of
from opsdesk.domain.fraud.codes.risk_levels import network_name
from opsdesk.domain.fraud.codes.tables import Codes
from opsdesk.domain.fraud.codes.three_d_secure import Told
from opsdesk.domain.fraud.evidence.facts import PaymentTraits
from opsdesk.domain.payments.instruments import Checks, Instrument, Risk

_METHODS = {
    "": "",
    "card": "card",
    **dict.fromkeys(("paypal", "amazon_pay", "link", "revolut_pay", "cashapp"), "account"),
    **dict.fromkeys(("klarna", "afterpay_clearpay", "affirm", "billie"), "invoice"),
    **dict.fromkeys(
        ("sepa_debit", "bacs_debit", "us_bank_account", "customer_balance", "ideal", "bancontact", "eps", "p24",
         "sofort", "giropay"),
        "bank",
    ),
}  # fmt: skip


def payment_traits(codes: Codes, gateway: str, instrument: Instrument, checks: Checks, risk: Risk) -> PaymentTraits:
    """Read a payment as its gateway told it; attempts and cards of the order are for the caller to add."""
    network = network_name(instrument.brand)
    told = Told(
        gateway=gateway,
        network=network,
        eci=checks.eci,
        word=checks.sca,
        shifted=checks.liability_shifted,
    )
    return PaymentTraits(
        gateway=gateway,
        method=_METHODS.get(instrument.kind.strip().lower(), "other"),
        network=network,
        wallet=instrument.wallet,
        funding=instrument.funding,
        country=instrument.country,
        avs=avs_of_checks(checks.line, checks.postcode, gateway),
        cvv_result=cvv_result_of(checks.security_code_check),
        secure=codes.secure.decode(told),
        risk_level=codes.levels.level(gateway, risk.level, risk.score),
        risk_score=risk.score,
    )
