"""The rows of payments that come in with an order: their sums, their movements, and the entries of the journal."""

from __future__ import annotations

from collections.abc import Sequence

from opsdesk.domain.incoming.arrivals import IncomingPayment
from opsdesk.domain.incoming.paying_in import ToldPayment, gateway_of
from opsdesk.domain.money import Money
from opsdesk.domain.payments.ledger import transfers
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState, payment_state
from opsdesk.store.intake.parts import Arrival, Row, Rows
from opsdesk.store.intake.words import kept_line


def add_payments(rows: Rows, payments: Sequence[ToldPayment], currency: str, arrival: Arrival) -> None:
    """Add the rows of the payments of a new order, with everything that moved and what that is in the journal."""
    for payment_id, payment in zip(arrival.payment_ids, payments, strict=True):
        rows.payments.append(_payment_row(payment, payment_id, currency, arrival))
        for place, paid in zip(payment.places, payment.movements, strict=True):
            transaction_id = arrival.transaction_ids[place]
            row = _transaction_row(paid, currency)
            rows.transactions.append(
                {"id": transaction_id, "order_id": arrival.order_id, "payment_id": payment_id, **row}
            )
            _add_entries(rows, paid, payment, currency, arrival, transaction_id)


def _payment_row(payment: ToldPayment, payment_id: int, currency: str, arrival: Arrival) -> Row:
    facts = payment.facts(currency)
    return {
        "id": payment_id,
        "order_id": arrival.order_id,
        "gateway": kept_line(payment.gateway),
        "method": payment.method.value,
        "instrument": "",
        "reference": kept_line(payment.reference),
        "currency": currency,
        "authorised_minor": facts.authorised,
        "capturing_minor": 0,
        "captured_minor": facts.captured,
        "voiding_minor": 0,
        "voided_minor": facts.voided,
        "refunding_minor": 0,
        "refunded_minor": facts.refunded,
        "charged_back_minor": facts.charged_back,
        "state": payment_state(facts).value,
        "ended": facts.ended.value,
        "created_at": payment.movements[0].happened_at,
    }


def _transaction_row(paid: IncomingPayment, currency: str) -> Row:
    return {
        "kind": paid.kind,
        "state": paid.state,
        "amount_minor": paid.amount_minor,
        "currency": currency,
        "gateway": kept_line(gateway_of(paid)),
        "reference": kept_line(paid.reference),
        "happened_at": paid.happened_at,
        "call_key": "",
        "settled_currency": "",
    }


def _add_entries(  # noqa: PLR0913  a movement, whose it is, and where it goes
    rows: Rows, paid: IncomingPayment, payment: ToldPayment, currency: str, arrival: Arrival, transaction_id: int
) -> None:
    kind, state = TransactionKind(paid.kind), TransactionState(paid.state)
    amount = Money(paid.amount_minor, currency)
    gateway, method = kept_line(payment.gateway), payment.method.value
    for transfer in transfers(kind, state, amount, gateway=gateway, method=method):
        rows.journal.append(
            {
                "order_id": arrival.order_id,
                "transaction_id": transaction_id,
                "debit": transfer.debit,
                "credit": transfer.credit,
                "amount_minor": transfer.amount.minor,
                "currency": currency,
                "booked_at": arrival.now,
            }
        )
