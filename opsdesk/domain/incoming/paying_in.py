"""Movements of money that a source tells of, grouped into the payments that they belong to.

A source names the gateway of each movement and little more. So an order has one payment per gateway; only where OpsDesk
talks to the gateway itself does each of its payments stand for itself, under the gateway's own reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from opsdesk.domain.incoming.arrivals import IncomingPayment
from opsdesk.domain.payments.gateways import LIVE_GATEWAYS
from opsdesk.domain.payments.transactions import (
    Ended,
    Method,
    PaymentFacts,
    PaymentState,
    TransactionKind,
    TransactionState,
    payment_state,
    sum_of,
)

_BY_HAND = {
    Method.BANK_TRANSFER: ("manual", "transfer", "bank transfer", "bank_transfer", "direct bank transfer", "bacs",
                           "bank deposit", "wire transfer"),
    Method.CASH: ("cash", "cod", "cash on delivery", "cash on delivery (cod)"),
    Method.CHEQUE: ("cheque", "check", "check payments", "cheque payments"),
}  # fmt: skip
_METHODS = {word: method for method, found in _BY_HAND.items() for word in found}
_REFERENCES = {"stripe": "pi_"}
"""How the reference of a payment begins at each gateway that OpsDesk talks to."""
_OUT = frozenset({TransactionKind.REFUND, TransactionKind.MANUAL_OUT, TransactionKind.DISPUTE_DEBIT})
_KINDS = {kind.value: kind for kind in TransactionKind}
_SUCCEEDED, _FAILED = TransactionState.SUCCEEDED.value, TransactionState.FAILED.value


@dataclass(slots=True)
class ToldPayment:
    """One payment as far as its movements tell of it; sums in minor units, by the names of `PaymentFacts`."""

    gateway: str
    method: Method = Method.GATEWAY
    reference: str = ""
    is_ended: bool = False
    sums: dict[str, int] = field(default_factory=dict)
    movements: list[IncomingPayment] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def take(self, paid: IncomingPayment, place: int = 0) -> None:
        """Add a movement; `place` is where it stands among all that were told of the order."""
        self.movements.append(paid)
        self.places.append(place)
        if paid.state == _SUCCEEDED:
            name, sign = sum_of(_KINDS[paid.kind])
            self.sums[name] = self.sums.get(name, 0) + sign * paid.amount_minor
        self.reference = self.reference or reference_of(paid)

    def facts(self, currency: str) -> PaymentFacts:
        """Return what the rules look at."""
        failed = all(paid.state == _FAILED for paid in self.movements)
        return PaymentFacts(
            currency,
            self.gateway,
            self.method,
            authorised=self.total("authorised"),
            captured=self.total("captured"),
            voided=self.total("voided"),
            refunded=self.total("refunded"),
            charged_back=self.total("charged_back"),
            ended=Ended.FAILED if failed else Ended.NOT,
        )

    def state(self, currency: str) -> PaymentState:
        """Return how far the payment is."""
        return payment_state(self.facts(currency))

    def total(self, name: str) -> int:
        """Return one of its sums."""
        return self.sums.get(name, 0)

    @property
    def refundable(self) -> int:
        """What may still go back over it."""
        return self.total("captured") - self.total("refunded") - self.total("charged_back")

    @property
    def capturable(self) -> int:
        """What is left of its authorisation."""
        return self.total("authorised") - self.total("captured") - self.total("voided")


def payments_in(movements: Iterable[IncomingPayment]) -> list[ToldPayment]:
    """Group the movements of an order, in the order in which they are told, into its payments."""
    found: list[ToldPayment] = []
    for place, paid in enumerate(movements):
        payment = payment_for(paid, found)
        if payment is None:
            payment = ToldPayment(gateway_of(paid), method_of(paid.gateway))
            found.append(payment)
        payment.take(paid, place)
    return found


def payment_for(paid: IncomingPayment, payments: Sequence[ToldPayment]) -> ToldPayment | None:
    """Choose which of the payments a movement belongs to; None for one that is not among them."""
    if not payments:
        return None
    kind = _KINDS[paid.kind]
    own = [payment for payment in payments if payment.gateway == gateway_of(paid)]
    if kind in _OUT:
        has_room = [payment for payment in own if payment.refundable >= paid.amount_minor]
        return has_room[0] if has_room else max(payments, key=lambda payment: payment.refundable)
    if is_reversal(kind):
        name = sum_of(kind)[0]
        taken = [payment for payment in (*own, *payments) if payment.total(name) >= paid.amount_minor]
        return taken[0] if taken else None
    reference = reference_of(paid)
    usable = [payment for payment in own if not payment.is_ended and reference in ("", payment.reference)]
    if kind in (TransactionKind.CAPTURE, TransactionKind.VOID):
        return next((payment for payment in usable if payment.capturable >= paid.amount_minor), _last(usable))
    return _last(usable)


def is_reversal(kind: TransactionKind) -> bool:
    """Say whether a movement takes back another one, such as what a bank gives back when a dispute is won."""
    return sum_of(kind)[1] < 0


def gateway_of(paid: IncomingPayment) -> str:
    """Return the gateway as OpsDesk calls it: one that it talks to by its own name, however a source writes it."""
    name = paid.gateway.strip().lower()
    return name if name in LIVE_GATEWAYS else paid.gateway


def method_of(gateway: str) -> Method:
    """Return how the customer paid, as far as the name of the gateway tells."""
    return _METHODS.get(gateway.strip().lower(), Method.GATEWAY)


def reference_of(paid: IncomingPayment) -> str:
    """Return what the gateway calls the payment; empty where the movement does not tell or OpsDesk could not ask."""
    begins = _REFERENCES.get(paid.gateway.strip().lower())
    return paid.reference if begins and paid.reference.startswith(begins) else ""


def _last(payments: Sequence[ToldPayment]) -> ToldPayment | None:
    return payments[-1] if payments else None
