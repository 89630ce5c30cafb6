"""Keep what a gateway tells of a payment besides the money: with what it was paid, and what was checked of it."""

from __future__ import annotations

from opsdesk.domain.payments.gateways import PaymentSnapshot
from opsdesk.operations.words import kept_line
from opsdesk.store.tables import OrderRow, PaymentCheckRow, PaymentRow
from opsdesk.store.work import Work


def keep_checks(work: Work, order: OrderRow, payment: PaymentRow, snapshot: PaymentSnapshot) -> bool:
    """Write down what the snapshot tells and say whether it was new; what a later one leaves out stays as it was."""
    told = {name: value for name, value in _told(snapshot).items() if value not in ("", None)}
    if not told or payment.id is None or order.id is None:
        return False
    row = work.risk.check(payment.id)
    if row is None:
        row = PaymentCheckRow(payment_id=payment.id, order_id=order.id, placed_at=order.placed_at, told_at=work.now)
    changed = [name for name, value in told.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, told[name])
    if changed:
        row.told_at = work.now
        work.add(row)
    return bool(changed)


def _told(snapshot: PaymentSnapshot) -> dict[str, object]:
    instrument, checks, risk = snapshot.instrument, snapshot.checks, snapshot.risk
    words = {
        "kind": instrument.kind,
        "brand": instrument.brand,
        "last4": instrument.last4,
        "funding": instrument.funding,
        "country": instrument.country,
        "wallet": instrument.wallet,
        "sca": checks.sca,
        "eci": checks.eci,
        "risk_level": risk.level,
        "risk_reason": risk.reason,
        "risk_rule": risk.rule,
    }
    lines = {"line_check": checks.line, "postcode_check": checks.postcode, "cvv_check": checks.security_code_check}
    return {
        **{name: kept_line(word) for name, word in words.items()},
        **{name: check.value for name, check in lines.items() if check.value != "none"},
        "fingerprint": instrument.fingerprint,
        "liability_shifted": checks.liability_shifted,
        "risk_score": risk.score,
    }
