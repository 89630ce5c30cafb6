"""Which movements of money that a source tells of are news, so that none is ever counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from opsdesk.domain.incoming.arrivals import IncomingPayment
from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState, sum_of


def news(known: Sequence[tuple[str, Movement]], told: Sequence[IncomingPayment]) -> list[IncomingPayment]:
    """Return what is to be added to the known movements (each with its reference).

    A movement with a known reference adds no more than the rest of its amount; one without adds no more than what the
    source's sum is above ours, so that a payment which staff recorded by hand is not doubled by the source's own word.
    """
    have = _sums(movement for _, movement in known)
    want = _sums(map(_movement, told))
    room = {side: amount - have.get(side, 0) for side, amount in want.items()}
    references = [(reference, movement.kind) for reference, movement in known]
    added: list[IncomingPayment] = []
    for payment in told:
        kind = TransactionKind(payment.kind)
        if payment.state != TransactionState.SUCCEEDED:
            if (payment.reference, kind) not in references:
                added.append(payment)
            continue
        side = _side(kind)
        amount = min(payment.amount_minor, room[side])
        if amount <= 0:
            continue
        room[side] -= amount
        reference = _free(payment.reference, kind, references)
        references.append((reference, kind))
        added.append(replace(payment, amount_minor=amount, reference=reference))
    return added


def _movement(payment: IncomingPayment) -> Movement:
    return Movement(TransactionKind(payment.kind), TransactionState(payment.state), payment.amount_minor)


def _sums(movements: Iterable[Movement]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for movement in movements:
        if movement.state is TransactionState.SUCCEEDED:
            side = _side(movement.kind)
            sums[side] = sums.get(side, 0) + movement.amount
    return sums


def _side(kind: TransactionKind) -> str:
    """Name what a movement adds to; what a bank took and what it gave back are two things that both only grow."""
    name, sign = sum_of(kind)
    return name if sign > 0 else kind.value


def _free(reference: str, kind: TransactionKind, taken: Iterable[tuple[str, TransactionKind]]) -> str:
    """Return the reference, numbered where another movement of the kind has it."""
    used = {name for name, of_kind in taken if of_kind is kind}
    if reference not in used:
        return reference
    number = 2
    while f"{reference} ({number})" in used:
        number += 1
    return f"{reference} ({number})"
