"""Orders about which a gateway or a bank wants something: disputes, links, held money that ends, changes to pay for."""

from __future__ import annotations

from dataclasses import replace

from opsdesk.demo.counter import days, hours
from opsdesk.demo.effects import make_link
from opsdesk.demo.history import Line
from opsdesk.demo.moments import moment_of
from opsdesk.demo.ordinary import Stage, Story, parcel_of, send_out, settle_at_once
from opsdesk.demo.parts import Payment
from opsdesk.demo.paying import STRIPE, lasts_until
from opsdesk.demo.staff import ANNA, MIA, PIET, SOFIA, WORKER
from opsdesk.demo.tales import Tale
from opsdesk.domain.amendments.arithmetic import LineParts, OrderParts, fingerprint, parts_to_json
from opsdesk.domain.amendments.edits import SetQuantity, edits_to_json
from opsdesk.domain.amendments.planning import preview
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.payments.gateways import DisputeState
from opsdesk.domain.payments.pay_links import LinkState
from opsdesk.domain.payments.transactions import Method, TransactionKind
from opsdesk.store.tables import AmendmentRow, DisputeRow, StoreCreditRow

_WEEK = days(7)


def disputed(due_in: float, *, is_sent: bool) -> Story:
    """Return the story of an order whose customer's bank asks for the money; the answer is due in so many days."""

    def story(stage: Stage, tale: Tale) -> None:
        at, due_at = _disputed(stage, tale, is_sent=is_sent), stage.end + days(due_in)
        tale.payments[0].is_disputed = True
        total = Money(tale.basket.total, tale.basket.currency)
        why = "product_not_received" if is_sent else "fraudulent"
        lines = [Line("dispute.opened", f"Dispute over {total}, needs response: {why}", after="needs_response")]
        if not is_sent:
            reason = f"The bank disputes {total}: {why}."
            lines.append(tale.place_hold(at, WORKER, HoldType.DISPUTE, reason, review_at=due_at))
        tale.act(at, WORKER, "gateway.take_event", *lines)
        _write_dispute(tale, at, DisputeState.NEEDS_RESPONSE, why, due_at=due_at)

    return story


def lost(stage: Stage, tale: Tale) -> None:
    """Was disputed, and the bank believed its customer."""
    at = _disputed(stage, tale)
    _decide(stage, tale, at, DisputeState.LOST)


def won(stage: Stage, tale: Tale) -> None:
    """Was disputed, and the signature of the neighbour settled it."""
    at = _disputed(stage, tale)
    decided = _decide(stage, tale, at, DisputeState.WON)
    tale.pay(
        decided, TransactionKind.DISPUTE_REVERSAL, tale.basket.total, reference=f"dp_{tale.id}", over=tale.payments[0]
    )


def expires_soon(stage: Stage, tale: Tale) -> None:
    """Waits for goods while the money that is held for it runs out."""
    tale.gateway = STRIPE
    payment = tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, tale.basket.total)
    payment.expires_at = stage.end + hours(7 + tale.id % 37)
    tale.arrive(tale.placed_at + 40)
    at = stage.office(tale.placed_at + hours(5))
    tale.hold(at, PIET, HoldType.STOCK, "Comes with Thursday's delivery.", review_at=stage.end + days(2))


def authorised_in_part(stage: Stage, tale: Tale) -> None:
    """Had something added on the telephone; only what was there before is held."""
    tale.gateway = STRIPE
    payment = tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, max(1, tale.basket.total * 4 // 5))
    payment.expires_at = lasts_until(tale.placed_at, stage.end)
    tale.arrive(tale.placed_at + 40)
    tale.note(
        tale.placed_at + hours(1), MIA, "Wants the larger tin as well. The rest of the money is still to be asked for."
    )


def captured_in_part(stage: Stage, tale: Tale) -> None:
    """Left in two parcels, and the money is taken parcel by parcel."""
    tale.gateway = STRIPE
    payment = tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, tale.basket.total)
    payment.expires_at = lasts_until(tale.placed_at, stage.end)
    tale.arrive(tale.placed_at + 40)
    at = stage.office(tale.placed_at + hours(4))
    first = max(tale.basket.lines, key=lambda line: line.ordered)
    first.ordered += 1
    first.discount += first.price
    tale.ship(at, PIET, parcel_of(tale, at, [(first.id, first.ordered - 1)], PIET.name))
    tale.pay(at + 5, TransactionKind.CAPTURE, max(1, tale.basket.total // 2), over=payment)
    tale.report(at + 10, "captured in part")


def link_open(stage: Stage, tale: Tale) -> None:
    """Was asked for the money by a link that can still be paid."""
    tale.arrive(tale.placed_at + 40)
    at = tale.placed_at + hours(0.5)
    make_link(tale, MIA, at, tale.basket.total, LinkState.OPEN, expires_at=stage.end + days(2))


def link_expired(stage: Stage, tale: Tale) -> None:
    """Was asked for the money by a link that nobody paid."""
    tale.arrive(tale.placed_at + 40)
    at = tale.placed_at + hours(0.5)
    expires = min(at + days(3), stage.end - hours(2))
    make_link(tale, ANNA, at, tale.basket.total, LinkState.EXPIRED, expires_at=expires, ended_at=expires + 30)


def link_paid(stage: Stage, tale: Tale) -> None:
    """Was paid over a link within the hour."""
    tale.gateway = STRIPE
    tale.arrive(tale.placed_at + 40)
    at, paid_at = tale.placed_at + hours(0.5), tale.placed_at + hours(1.3)
    payment = tale.pay(paid_at, TransactionKind.SALE, tale.basket.total)
    payment.instrument = "visa ..4242"
    make_link(
        tale, MIA, at, tale.basket.total, LinkState.PAID, expires_at=at + days(3), ended_at=paid_at, payment=payment
    )
    money = Money(tale.basket.total, tale.basket.currency)
    paid = Line("link.paid", f"Pay link over {money}: paid", "open", "paid")
    tale.act(paid_at, WORKER, "gateway.take_event", paid)


def being_amended(stage: Stage, tale: Tale) -> None:
    """Gets one more of a thing as soon as that is paid."""
    tale.gateway = STRIPE
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    at = tale.placed_at + hours(0.6)
    line = tale.basket.lines[0]
    edits, parts = (SetQuantity(line.id, line.ordered + 1),), _parts(tale)
    amended = preview(parts, edits, {})
    link_id = make_link(
        tale, ANNA, at, amended.new_total.minor - parts.total, LinkState.OPEN, expires_at=stage.end + days(1.6)
    )
    told = Line(
        "amendment.proposed", f"Change asked for: {line.title}, {line.ordered + 1} units", after="awaiting_payment"
    )
    tale.act(at, ANNA, "order.amend", told)
    tale.amendment = AmendmentState.AWAITING_PAYMENT
    tale.sheets.put(
        AmendmentRow(
            id=tale.sheets.next_id("amendment"),
            order_id=tale.id,
            state=tale.amendment.value,
            reason="customer",
            note="Called: wants one more.",
            edits=edits_to_json(edits, parts.currency),
            base_fingerprint=fingerprint(parts),
            base=parts_to_json(parts),
            old_total_minor=parts.total,
            new_total_minor=amended.new_total.minor,
            currency=parts.currency,
            link_id=link_id,
            proposed_by=ANNA.name,
            proposed_at=moment_of(at),
            expires_at=moment_of(stage.end + days(1.6)),
        )
    )


def paid_with_credit(stage: Stage, tale: Tale) -> None:
    """Is paid in part with credit that the customer had; some of it is left."""
    used = max(1, tale.basket.total // 3)
    credit_id = _issue(tale, tale.placed_at - days(1), used + used // 2, left=used // 2)
    tale.gateway = STRIPE
    credit = Payment(
        tale.sheets.next_id("payment"), "manual", Method.STORE_CREDIT, instrument="store credit", credit_id=credit_id
    )
    settle_at_once(tale, tale.basket.total - used)
    tale.payments.append(credit)
    tale.pay(tale.placed_at + 30, TransactionKind.MANUAL_IN, used, over=credit)
    tale.arrive(tale.placed_at + 40)
    send_out(stage, tale, tale.placed_at + 60)


def _issue(tale: Tale, at: int, amount: int, *, left: int) -> int:
    """Give the customer credit, and return its id."""
    credit_id, money = tale.sheets.next_id("store_credit"), Money(amount, tale.basket.currency)
    said = f"Store credit issued: {money}. A jar of an earlier order was broken."
    command_id = tale.history.command(at, SOFIA, "credit.issue", tale.person.number, 1, said)
    line = Line("credit.issued", said)
    tale.history.happened(at, SOFIA, tale.person.number, command_id, line, kind="customer")
    tale.sheets.put(
        StoreCreditRow(
            id=credit_id,
            kind=Method.STORE_CREDIT.value,
            customer_id=tale.person.number,
            currency=money.currency,
            issued_minor=amount,
            balance_minor=left,
            issued_by=SOFIA.name,
            issued_at=moment_of(at),
            note="A jar of an earlier order was broken.",
            version=2,
        )
    )
    return credit_id


def _disputed(stage: Stage, tale: Tale, *, is_sent: bool = True) -> int:
    """Be paid over Stripe, and sent or not; the bank takes the money back. Return when."""
    tale.gateway = STRIPE
    settle_at_once(tale)
    tale.payments[0].instrument = "visa ..4242" if tale.id % 3 else "mastercard ..4444"
    tale.arrive(tale.placed_at + 40)
    if is_sent:
        send_out(stage, tale, tale.placed_at)
    else:
        tale.hold(stage.office(tale.placed_at + hours(4)), PIET, HoldType.STOCK, "Comes with the next pallet.")
    at = max(tale.changed_at + 600, stage.end - hours(30 + tale.id % 20))
    tale.pay(at, TransactionKind.DISPUTE_DEBIT, tale.basket.total, reference=f"dp_{tale.id}", over=tale.payments[0])
    return at


def _decide(stage: Stage, tale: Tale, at: int, state: DisputeState) -> int:
    """Let a dispute come to its end, and return when that was."""
    decided = min(at + hours(22), stage.end - hours(1))
    total = Money(tale.basket.total, tale.basket.currency)
    tale.act(
        at,
        WORKER,
        "gateway.take_event",
        Line("dispute.opened", f"Disputed: {total} (fraudulent)", after="needs_response"),
    )
    answer = Line("dispute.answered", "Dispute answered with the proof of delivery", "needs_response", "under_review")
    tale.act(at + hours(2), SOFIA, "dispute.answer", answer)
    closed = Line(f"dispute.{state.value}", f"Dispute {state.value}: {total}", "under_review", state.value)
    tale.act(decided, WORKER, "gateway.take_event", closed)
    _write_dispute(tale, at, state, "fraudulent", due_at=at + _WEEK, closed_at=decided)
    return decided


def _write_dispute(
    tale: Tale, at: int, state: DisputeState, reason: str, *, due_at: int, closed_at: int | None = None
) -> None:
    is_closed = closed_at is not None
    tale.sheets.put(
        DisputeRow(
            id=tale.sheets.next_id("dispute"),
            order_id=tale.id,
            payment_id=tale.payments[0].id,
            reference=f"dp_{tale.id}",
            state=state.value,
            reason=reason,
            network_reason="13.1" if reason == "product_not_received" else "10.4",
            amount_minor=tale.basket.total,
            withdrawn_minor=0 if state is DisputeState.WON else tale.basket.total,
            currency=tale.basket.currency,
            opened_at=moment_of(at),
            due_at=moment_of(due_at),
            answered_by=SOFIA.name if is_closed else None,
            answered_at=moment_of(at + hours(2)) if is_closed else None,
            closed_at=moment_of(closed_at) if closed_at is not None else None,
            version=1 + 2 * is_closed,
        )
    )


def _parts(tale: Tale) -> OrderParts:
    basket = tale.basket
    lines = (
        LineParts(line.id, line.sku, line.title, line.ordered, line.price, discount=line.discount, tax=line.tax)
        for line in basket.lines
    )
    parts = OrderParts(
        tale.number, basket.currency, tuple(lines), basket.discount, basket.shipping, basket.tax, basket.tax_included
    )
    return replace(parts, total=basket.total, shipping_method=tale.method)
