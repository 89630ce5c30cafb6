"""Store credit and gift cards: issued by hand, or filled with what is refunded. They are tender, never a discount."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method
from opsdesk.operations.words import required_line
from opsdesk.store.tables import OrderRow, PaymentRow, StoreCreditRow
from opsdesk.store.work import Done, Work, operation

SHORTEST_CODE = 12
"""A gift card's code is all that it takes to spend it; shorter ones are guessed."""


@operation("credit.issue")
def issue(
    work: Work,
    customer_id: int,
    *,
    amount: Money,
    kind: Method = Method.STORE_CREDIT,
    note: str,
    code: str = "",
    expires_at: datetime | None = None,
) -> Done:
    """Give a customer credit with the shop. Of a gift card's code only its end and a digest are kept.

    Raises:
        Invalid: no amount, no reason, or a gift card without a code that is long enough.
        Refused: there is no such customer.
    """
    why = required_line(note, "note", "Say what the credit is for.")
    if amount.minor <= 0:
        raise Invalid("amount", "Credit must be more than nothing.")
    if kind not in (Method.STORE_CREDIT, Method.GIFT_CARD):
        raise Invalid("kind", "Choose store credit or a gift card.")
    if expires_at is not None and expires_at <= work.now:
        raise Invalid("expires_at", "The credit would have ended already. Choose a later day.")
    who = work.settlements.customer_name(customer_id)
    credit = _new(work, customer_id, amount, why)
    credit.kind, credit.expires_at = kind.value, expires_at
    if kind is Method.GIFT_CARD:
        credit.code_digest, credit.code_end = code_digest(code), plain_code(code)[-4:]
    work.add(credit)
    work.record("credit.issued", "customer", customer_id, f"{kind.label.capitalize()} issued: {amount}. {why}")
    return Done(f"{who} has {amount} of {kind.label}.", customer_id, details={"credit_id": credit.id})


def code_digest(code: str) -> str:
    """Return what is kept of a gift card's code, to find it again.

    Raises:
        Invalid: it is too short.
    """
    plain = plain_code(code)
    if len(plain) < SHORTEST_CODE:
        raise Invalid("code", f"A gift card's code has at least {SHORTEST_CODE} letters and digits.")
    return sha256(plain.encode()).hexdigest()


def plain_code(code: str) -> str:
    """Return a code as it is compared: capital letters and digits, without what people put between them."""
    return "".join(character for character in code.upper() if character.isalnum())


def put_on_credit(
    work: Work, order: OrderRow, payment: PaymentRow, amount: Money, credit_id: int | None = None
) -> StoreCreditRow:
    """Put what is refunded on a credit: the chosen one, the one that it was paid with, or a new one of the customer's.

    Raises:
        Refused: the credit is somebody else's, has ended, or is in another currency.
    """
    if credit_id is None and payment.credit_id is not None:
        used = work.settlements.credit(payment.credit_id)
        if not _has_ended(work, used):
            work.settlements.move_credit(used, amount.minor)
            return used
    if credit_id is None:
        credit = _new(work, order.customer_id, amount, f"Refund of {order.number}")
        work.add(credit)
        return credit
    credit = work.settlements.credit(credit_id)
    _require_own(work, order, payment, credit, amount)
    if credit.id != payment.credit_id:
        credit.issued_minor += amount.minor
        work.add(credit)
    work.settlements.move_credit(credit, amount.minor)
    return credit


def _require_own(work: Work, order: OrderRow, payment: PaymentRow, credit: StoreCreditRow, amount: Money) -> None:
    if credit.customer_id != order.customer_id and credit.id != payment.credit_id:
        raise Refused("That credit belongs to another customer. Choose one of this customer's, or open a new one.")
    if credit.currency != amount.currency:
        raise Refused(f"That credit is in {credit.currency}. Open a new one in {amount.currency}.")
    if _has_ended(work, credit):
        raise Refused("That credit has ended. Open a new one.")


def _has_ended(work: Work, credit: StoreCreditRow) -> bool:
    return credit.expires_at is not None and credit.expires_at <= work.now


def _new(work: Work, customer_id: int, amount: Money, note: str) -> StoreCreditRow:
    return StoreCreditRow(
        kind=Method.STORE_CREDIT.value,
        customer_id=customer_id,
        currency=amount.currency,
        issued_minor=amount.minor,
        balance_minor=amount.minor,
        issued_by=work.actor.name,
        issued_at=work.now,
        note=note,
    )
