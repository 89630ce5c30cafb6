"""An order that changed at its source: what the source owns follows it, what staff did here stands.

Contact and address follow unless staff corrected them. Money is added, never taken away. Goods follow as long as
nothing was sent or cancelled here that speaks against it. Where both sides went on and it matters, nothing is undone:
the order is held for somebody to look at.
"""

from __future__ import annotations

from dataclasses import replace

from opsdesk.domain.incoming.arrivals import IncomingAddress, IncomingHold, IncomingOrder, IncomingPayment
from opsdesk.domain.incoming.paying_in import ToldPayment, gateway_of, is_reversal, method_of, payment_for, reference_of
from opsdesk.domain.incoming.payments import news
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, Blocks, HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.transactions import Method, TransactionKind, TransactionState
from opsdesk.domain.searching import reversed_digits
from opsdesk.operations.exchange.source_goods import Comparison, follow_lines, follow_parcels, sent_elsewhere
from opsdesk.operations.fraud.scoring import score_change
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.payments.arrivals import money_has_come
from opsdesk.store.intake.rows import address_columns
from opsdesk.store.intake.standing import Standing
from opsdesk.store.intake.words import kept_code, kept_email, kept_line, kept_text
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import AddressRow, HoldRow, NoteRow, OrderRow, PaymentRow
from opsdesk.store.work import Work

AT_THE_SHOP = "at the shop."
"""How the reason of a hold ends that the source placed, and that the source releases."""
_SUMS = ("authorised", "captured", "voided", "refunded", "charged_back")
_TOO_LATE = "The shipping address was changed when packing had begun here already."


def follow_source(work: Work, standing: Standing, order_id: int, order: IncomingOrder) -> bool:
    """Bring an order up to what its source says, and say whether anything changed."""
    row = work.orders.locked(order_id)
    both = Comparison(work, standing, row, order_id, order)
    changes = [
        *_follow_contact(row, order),
        *_follow_address(both, "shipping", order.shipping),
        *_follow_address(both, "billing", order.billing),
        *_follow_notes(both),
    ]
    lines, problem = follow_lines(both)
    changes += lines
    is_other = bool(changes)
    if problem:
        changes += _disagree(both, problem)
    changes += _follow_money(both)
    changes += _follow_progress(both)
    changes += _follow_holds(both)
    if not changes:
        return False
    summary = f"Changed at {order.source}: {'; '.join(changes)}"
    work.record("order.changed_at_source", "order", order_id, summary[:1_000])
    money_has_come(work, row)
    work.orders.settle(row)
    if is_other:
        score_change(work, row)
    return True


def _follow_contact(row: OrderRow, order: IncomingOrder) -> list[str]:
    ours = set(row.staff_fields.split(","))
    told = {
        "customer_name": ("contact.name", kept_line(order.customer_name)),
        "email": ("contact.email", kept_email(order.email)),
        "phone": ("contact.phone", kept_code(order.phone)),
        "shipping_method": ("shipping_method", kept_line(order.shipping_method)),
        "tags": ("tags", kept_line(order.tags)),
    }
    changed = []
    for name, (field, value) in told.items():
        # A shop that blanks out a name has forgotten its customer; that is no correction.
        if value and field not in ours and getattr(row, name) != value:
            setattr(row, name, value)
            changed.append(f"{name.replace('_', ' ')} {value}")
    row.phone_reversed = reversed_digits(row.phone)
    return changed


def _follow_address(both: Comparison, kind: str, told: IncomingAddress | None) -> list[str]:
    if told is None or f"{kind}_address" in both.row.staff_fields.split(","):
        return []
    known = both.work.orders.address(both.order_id, kind)
    values = address_columns(told)
    if known is None:
        both.work.add(AddressRow(order_id=both.order_id, kind=kind, **values))
        return [f"{kind} address"]
    changed = [name for name, value in values.items() if getattr(known, name) != value]
    for name in changed:
        setattr(known, name, values[name])
    told_late = _disagree(both, _TOO_LATE) if changed and kind == "shipping" and _is_under_way(both) else []
    return [f"{kind} address ({', '.join(changed)})", *told_late] if changed else []


def _is_under_way(both: Comparison) -> bool:
    facts = both.work.orders.facts(both.row)
    return both.row.packing_since is not None or facts.shipped_units > 0


def _follow_notes(both: Comparison) -> list[str]:
    if both.order.is_own or not both.order.notes:
        return []
    known = both.standing.notes(both.order_id)
    fresh = [note for note in both.order.notes if kept_text(note.text) not in known]
    for note in fresh:
        both.work.add(
            NoteRow(
                order_id=both.order_id, author=both.order.source, written_at=both.work.now, text=kept_text(note.text)
            )
        )
        both.row.note_count += 1
    return ["a note"] if fresh else []


def _follow_money(both: Comparison) -> list[str]:
    if both.order.currency != both.row.currency:
        return _disagree(both, f"The shop says that the currency is {both.order.currency}.")
    known = [(payment.reference, payment.movement) for payment in both.standing.payments(both.order_id)]
    fresh = news(known, both.order.payments)
    booked = [paid for paid in fresh if _book(both, paid)]
    return [f"{paid.kind.replace('_', ' ')} {Money(paid.amount_minor, both.row.currency)}" for paid in booked]


def _book(both: Comparison, paid: IncomingPayment) -> bool:
    """Book what the source tells of on the payment that it belongs to, and say whether there was a place for it."""
    work, kind = both.work, TransactionKind(paid.kind)
    paid = replace(paid, gateway=kept_line(paid.gateway))
    rows = work.payments.of_order(both.order_id)
    told = [_told(row) for row in rows]
    chosen = payment_for(paid, told)
    if chosen is None and is_reversal(kind):
        return False
    if chosen is None:
        payment = work.payments.open_payment(
            both.row,
            gateway=gateway_of(paid),
            method=method_of(paid.gateway),
            reference=kept_line(reference_of(paid)),
        )
    else:
        payment = next(row for row, known in zip(rows, told, strict=True) if known is chosen)
    booking = Booking(kept_line(paid.reference), at=paid.happened_at, is_told=True)
    amount = Money(paid.amount_minor, both.row.currency)
    work.payments.book(payment, kind, amount, booking, state=TransactionState(paid.state))
    return True


def _told(row: PaymentRow) -> ToldPayment:
    sums = {name: getattr(row, f"{name}_minor") for name in _SUMS}
    return ToldPayment(row.gateway, Method(row.method), row.reference, bool(row.ended), sums)


def _follow_progress(both: Comparison) -> list[str]:
    if both.order.lifecycle is Lifecycle.CANCELLED:
        return _follow_cancellation(both)
    changed: list[str] = []
    if sent_elsewhere(both):
        facts = both.work.orders.facts(both.row)
        if both.row.lifecycle == Lifecycle.CANCELLED:
            return _note_once(both, f"{both.order.source} says that it was sent, but here it is cancelled.")
        if facts.blocks(Blocks.SHIP) or both.standing.was_recalled(both.order_id):
            return _disagree(both, "It was sent by the shop, but here it is held back.")
        changed = follow_parcels(both)
    if both.order.lifecycle is Lifecycle.COMPLETED and both.row.lifecycle == Lifecycle.PLACED:
        facts = both.work.orders.facts(both.row)
        if facts.open_units == 0 and not facts.holds and not both.standing.was_reopened(both.order_id):
            both.row.lifecycle = Lifecycle.COMPLETED.value
            changed.append("completed")
    return changed


def _follow_cancellation(both: Comparison) -> list[str]:
    if both.row.lifecycle == Lifecycle.CANCELLED or both.standing.was_reopened(both.order_id):
        return []
    facts = both.work.orders.facts(both.row)
    if facts.shipped_units:
        return _disagree(both, "Cancelled at the shop, but here it has left the house.")
    if both.row.packing_since is not None:
        return _disagree(both, "Cancelled at the shop, but here it is being packed.")
    if both.row.lifecycle != Lifecycle.PLACED:
        return _disagree(both, f"Cancelled at the shop, but here it is {both.row.lifecycle}.")
    reason = CancelReason(both.order.cancellations[-1].reason) if both.order.cancellations else CancelReason.OTHER
    cancel(both.work, both.order_id, reason=reason, note=f"Cancelled at {both.order.source}.")
    return ["cancelled"]


def _follow_holds(both: Comparison) -> list[str]:
    """Place what the source holds, and release what it held and holds no more. Staff's own holds stand."""
    if both.order.is_own or both.row.lifecycle != Lifecycle.PLACED:
        return []
    known = both.standing.holds(both.order_id)
    told = {hold.type: hold for hold in both.order.holds}
    changed = []
    for held in known:
        is_the_shops = held.released_at is None and held.reason.endswith(AT_THE_SHOP)
        if is_the_shops and HoldType(held.type) not in told:
            held.released_by, held.released_at = both.work.actor.name, both.work.now
            held.release_note = f"{both.order.source} holds it no more."
            changed.append(f"hold released ({HoldType(held.type).label})")
    for hold in told.values():
        changed += _hold(both, hold)
    return changed


def _disagree(both: Comparison, reason: str) -> list[str]:
    """Hold the order for somebody to look at both sides, unless that was done and decided already."""
    return _hold(both, IncomingHold(HoldType.SYNC_CONFLICT, reason))


def _hold(both: Comparison, hold: IncomingHold) -> list[str]:
    reason = kept_text(hold.reason)
    known = [held for held in both.standing.holds(both.order_id) if held.type == hold.type.value]
    if any(held.released_at is None or held.reason == reason for held in known):
        return []
    if both.row.lifecycle == Lifecycle.CANCELLED:
        return _note_once(both, reason)
    both.work.add(
        HoldRow(
            order_id=both.order_id,
            type=hold.type.value,
            reason=reason,
            blocks=",".join(sorted(DEFAULT_BLOCKS[hold.type])),
            placed_by=both.work.actor.name,
            placed_at=both.work.now,
        )
    )
    summary = f"On hold: {hold.type.label}. {reason}"
    both.work.record("hold.placed", "order", both.order_id, summary, after=hold.type.value)
    return [f"on hold ({hold.type.label})"]


def _note_once(both: Comparison, text: str) -> list[str]:
    if text in both.standing.notes(both.order_id):
        return []
    both.work.add(NoteRow(order_id=both.order_id, author=both.row.source, written_at=both.work.now, text=text))
    both.row.note_count += 1
    return [text]
