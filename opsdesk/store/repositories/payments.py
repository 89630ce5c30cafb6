"""The payments of one unit of work. Their sums are moved by guarded updates of one row, and each move is booked.

Sum, compare, insert pays a refund six times over at Postgres' defaults (trust.md 1.3); `UPDATE ... WHERE there is as
much left` pays it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, CursorResult, func, select, update
from sqlmodel import Session, col

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import CallKind
from opsdesk.domain.payments.ledger import Transfer, fx_transfer, transfers
from opsdesk.domain.payments.transactions import (
    Ended,
    Method,
    PaymentFacts,
    TransactionKind,
    TransactionState,
    payment_state,
    sum_of,
)
from opsdesk.store.tables import DisputeRow, JournalRow, OrderRow, PaymentRow, TransactionRow

_RESERVED = {CallKind.CAPTURE: "capturing", CallKind.VOID: "voiding", CallKind.REFUND: "refunding"}
_CONCLUDED = {
    TransactionKind.CAPTURE: "capturing",
    TransactionKind.VOID: "voiding",
    TransactionKind.REFUND: "refunding",
}


@dataclass(frozen=True, slots=True)
class Booking:
    """How a transaction came about.

    Attributes:
        reference: what the outside calls it: the gateway's operation, the bank's line, the cheque's number.
        call_key: the key of the call that did it; what was set aside for that call is used up.
        settled: what the gateway booked in the shop's own currency.
        is_told: the outside says that it has happened; it is booked even where the sums do not allow it.
        over: how the money went, where that is another way than the payment came in.
    """

    reference: str
    call_key: str = ""
    at: datetime | None = None
    settled: Money | None = None
    is_told: bool = False
    over: Method | None = None


class Payments:
    """The payments of one unit of work; the order is locked before any of them."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now

    def of_order(self, order_id: int) -> list[PaymentRow]:
        """Return the order's payments for change, oldest first."""
        found = select(PaymentRow).where(col(PaymentRow.order_id) == order_id).order_by(col(PaymentRow.id))
        return list(self._session.execute(found.with_for_update()).scalars())

    def seen(self, order_id: int) -> list[PaymentRow]:
        """Return the order's payments as they are, oldest first, for whoever only looks: nothing is locked."""
        found = select(PaymentRow).where(col(PaymentRow.order_id) == order_id).order_by(col(PaymentRow.id))
        return list(self._session.execute(found).scalars())

    def order_of(self, payment_id: int) -> int:
        """Return whose payment it is, without locking anything.

        Raises:
            Refused: there is no such payment.
        """
        found = self._session.execute(select(col(PaymentRow.order_id)).where(col(PaymentRow.id) == payment_id))
        order_id: int | None = found.scalar_one_or_none()
        if order_id is None:
            raise Refused("The payment no longer exists.")
        return order_id

    def locked(self, payment_id: int) -> PaymentRow:
        """Return the payment for change.

        Raises:
            Refused: there is no such payment.
        """
        payment = self._session.get(PaymentRow, payment_id, with_for_update=True, populate_existing=True)
        if payment is None:
            raise Refused("The payment no longer exists.")
        return payment

    def by_reference(self, gateway: str, reference: str) -> PaymentRow | None:
        """Return the payment that the gateway calls by this reference, without locking it."""
        found = select(PaymentRow).where(col(PaymentRow.gateway) == gateway, col(PaymentRow.reference) == reference)
        return self._session.execute(found.order_by(col(PaymentRow.id)).limit(1)).scalar_one_or_none()

    def transactions(self, payment: PaymentRow) -> list[TransactionRow]:
        """Return what has happened to the payment, oldest first."""
        found = select(TransactionRow).where(col(TransactionRow.payment_id) == payment.id)
        return list(self._session.execute(found.order_by(col(TransactionRow.id))).scalars())

    def open_payment(  # noqa: PLR0913  a payment has this many parts
        self,
        order: OrderRow,
        *,
        gateway: str,
        method: Method = Method.GATEWAY,
        instrument: str = "",
        reference: str = "",
        expires_at: datetime | None = None,
        credit_id: int | None = None,
    ) -> PaymentRow:
        """Add a payment to the order; nothing has come in with it yet."""
        assert order.id is not None, "An order that is paid has been saved."
        payment = PaymentRow(
            order_id=order.id,
            gateway=gateway,
            method=method.value,
            instrument=instrument,
            reference=reference,
            currency=order.currency,
            expires_at=expires_at,
            credit_id=credit_id,
            created_at=self._now,
        )
        self._session.add(payment)
        self._session.flush()
        return payment

    def facts(self, payment: PaymentRow) -> PaymentFacts:
        """Return what the rules about this payment look at."""
        open_dispute = select(func.count()).where(
            col(DisputeRow.payment_id) == payment.id, col(DisputeRow.closed_at).is_(None)
        )
        return PaymentFacts(
            currency=payment.currency,
            gateway=payment.gateway,
            method=Method(payment.method),
            authorised=payment.authorised_minor,
            capturing=payment.capturing_minor,
            captured=payment.captured_minor,
            voiding=payment.voiding_minor,
            voided=payment.voided_minor,
            refunding=payment.refunding_minor,
            refunded=payment.refunded_minor,
            charged_back=payment.charged_back_minor,
            has_open_dispute=bool(self._session.execute(open_dispute).scalar_one()),
            ended=Ended(payment.ended),
            expires_at=payment.expires_at,
        )

    def reserve(self, payment: PaymentRow, kind: CallKind, amount: Money) -> None:
        """Set money aside for a call, if there is that much.

        Raises:
            Refused: there is not; somebody else may have been first.
        """
        name = _RESERVED[kind]
        if not self._moved(payment, {name: amount.minor}, _left_for(name) >= amount.minor):
            raise Refused(f"There is no {amount} left for a {kind.value} of this payment. Look at the order again.")
        self.settle(payment)

    def unreserve(self, payment: PaymentRow, kind: CallKind, amount: Money) -> None:
        """Let go of what was set aside for a call that did not happen."""
        name = _RESERVED[kind]
        moved = self._moved(payment, {name: -amount.minor}, _sum(name) >= amount.minor)
        assert moved, "What is let go was set aside before."
        self.settle(payment)

    def book(
        self,
        payment: PaymentRow,
        kind: TransactionKind,
        amount: Money,
        booking: Booking,
        *,
        state: TransactionState = TransactionState.SUCCEEDED,
    ) -> TransactionRow:
        """Write down what happened, move the sums of the payment, and enter it in the journal.

        Raises:
            Refused: the payment does not have that much, and nobody outside says that it happened.
        """
        if state is TransactionState.SUCCEEDED and not self._sums_moved(payment, kind, amount.minor, booking):
            raise Refused(f"There is no {amount} left for a {kind.value} of this payment. Look at the order again.")
        assert payment.id is not None, "What is booked on has been saved."
        transaction = TransactionRow(
            order_id=payment.order_id,
            payment_id=payment.id,
            kind=kind.value,
            state=state.value,
            amount_minor=amount.minor,
            currency=amount.currency,
            gateway=payment.gateway,
            reference=booking.reference or booking.call_key,
            happened_at=booking.at or self._now,
            call_key=booking.call_key,
            settled_minor=booking.settled.minor if booking.settled else None,
            settled_currency=booking.settled.currency if booking.settled else "",
        )
        self._session.add(transaction)
        self._session.flush()
        moved = transfers(kind, state, amount, gateway=payment.gateway, method=booking.over or payment.method)
        if kind is TransactionKind.REFUND and booking.settled is not None:
            moved += self._fx(payment, amount, booking.settled)
        self._enter(transaction, moved)
        self.settle(payment)
        return transaction

    def settle(self, payment: PaymentRow) -> None:
        """Write down the state that the sums say."""
        payment.state = payment_state(self.facts(payment)).value
        self._session.flush()

    def _sums_moved(self, payment: PaymentRow, kind: TransactionKind, amount: int, booking: Booking) -> bool:
        name, sign = sum_of(kind)
        moves = {name: sign * amount}
        aside = _CONCLUDED.get(kind) if booking.call_key else None
        if aside is not None:
            return self._moved(payment, {**moves, aside: -amount}, _sum(aside) >= amount)
        if booking.is_told or kind not in _GUARDS:
            return self._moved(payment, moves, None)
        return self._moved(payment, moves, _left_for(_GUARDS[kind]) >= amount)

    def _moved(self, payment: PaymentRow, moves: dict[str, int], guard: ColumnElement[bool] | None) -> bool:
        statement = update(PaymentRow).where(col(PaymentRow.id) == payment.id)
        if guard is not None:
            statement = statement.where(guard)
        self._session.flush()
        values = {f"{name}_minor": _sum(name) + amount for name, amount in moves.items()}
        result = self._session.execute(statement.values(values).execution_options(synchronize_session=False))
        is_moved = cast("CursorResult[object]", result).rowcount == 1
        self._session.refresh(payment)
        return is_moved

    def _enter(self, transaction: TransactionRow, moved: tuple[Transfer, ...]) -> None:
        assert transaction.id is not None, "What is entered has been saved."
        for transfer in moved:
            self._session.add(
                JournalRow(
                    order_id=transaction.order_id,
                    transaction_id=transaction.id,
                    debit=transfer.debit,
                    credit=transfer.credit,
                    amount_minor=transfer.amount.minor,
                    currency=transfer.amount.currency,
                    booked_at=self._now,
                )
            )
        self._session.flush()

    def _fx(self, payment: PaymentRow, amount: Money, settled: Money) -> tuple[Transfer, ...]:
        """Book what the refund cost in the shop's currency beyond its share of what the captures had brought."""
        brought = [
            (row.amount_minor, row.settled_minor)
            for row in self.transactions(payment)
            if row.kind in (TransactionKind.CAPTURE, TransactionKind.SALE)
            and row.settled_minor is not None
            and row.settled_currency == settled.currency
        ]
        captured = sum(amount_in for amount_in, _ in brought)
        if not captured:
            return ()
        worth = sum(settled_in or 0 for _, settled_in in brought)
        expected = Money((2 * worth * amount.minor + captured) // (2 * captured), settled.currency)
        return fx_transfer(expected, settled, gateway=payment.gateway)


_GUARDS = {
    TransactionKind.REFUND: "refunding",
    TransactionKind.MANUAL_OUT: "refunding",
    TransactionKind.VOID: "voiding",
    TransactionKind.CAPTURE: "capturing",
}
"""What must be left for a transaction that no call has set money aside for."""


def _sum(name: str) -> ColumnElement[int]:
    return cast("ColumnElement[int]", col(getattr(PaymentRow, f"{name}_minor")))


def _left_for(name: str) -> ColumnElement[int]:
    if name == "refunding":
        return _sum("captured") - _sum("refunded") - _sum("refunding") - _sum("charged_back")
    return _sum("authorised") - _sum("captured") - _sum("capturing") - _sum("voided") - _sum("voiding")
