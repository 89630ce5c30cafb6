"""What gateways tell: each event applied at most once, in any order, and held for somebody where it does not fit.

An event carries the payment as the gateway had it. `gateway_snapshots` books what is new of it; this module finds the
order, keeps the pay link that was paid, tells whoever waits for the money, and says what is odd.
"""

from __future__ import annotations

from opsdesk.domain.errors import Refused
from opsdesk.domain.money import Money
from opsdesk.domain.orders.states import Lifecycle
from opsdesk.domain.payments.gateways import EventKind, GatewayEvent, PaymentSnapshot
from opsdesk.domain.payments.order_money import is_covered
from opsdesk.domain.payments.pay_links import LinkState, PaidLink, why_paid_oddly
from opsdesk.operations.payments.arrivals import money_has_come
from opsdesk.operations.payments.disputes import LOST_TWICE, is_lost_twice, note_dispute
from opsdesk.operations.payments.gateway_snapshots import News, came_in_at, follow, money_in
from opsdesk.operations.payments.pay_links import end_link, tell_paid, void_outdated_links
from opsdesk.operations.payments.warnings import let_go, let_warnings_go, take_warning
from opsdesk.operations.words import kept_line, required_line
from opsdesk.store.tables import (
    GatewayCursorRow,
    GatewayEventRow,
    OrderRow,
    PayLinkRow,
    PaymentRow,
)
from opsdesk.store.work import Done, Work, operation

APPLIED, HELD, IGNORED = "applied", "held", "ignored"
TOO_MUCH = "More came in than the order costs. Give back what is too much, or change the order."
GONE_TWICE = "More went back than came in, a part of it at the gateway itself. Find out which refund was one too many."
_STANDING = (LOST_TWICE, TOO_MUCH, GONE_TWICE)
"""Sentences that hold as long as something is so, and not because something happened."""
_ENDED = {"expired": LinkState.EXPIRED, "cancelled": LinkState.CANCELLED, "inactive": LinkState.CANCELLED}


@operation("gateway.take_event")
def take_event(work: Work, gateway: str, event: GatewayEvent, *, problem: str = "") -> Done:
    """Apply what a gateway tells, once; what does not fit is held with a sentence that says what to do.

    With a `problem` it is held for that, and nothing of it is applied.
    """
    order_id = _whose(work, gateway, event)
    order = work.orders.locked(order_id) if order_id is not None else None
    if work.settlements.event(gateway, event.id) is not None:
        return Done("The event is known already.", order_id)
    row = GatewayEventRow(
        gateway=gateway,
        event_id=event.id,
        name=kept_line(event.name),
        outcome=APPLIED,
        reference=event.payment.reference if event.payment else event.link_reference,
        order_id=order_id,
        happened_at=event.happened_at,
        received_at=work.now,
    )
    if event.payment is not None and (amount := money_in(event.payment)):
        row.amount_minor, row.currency = amount.minor, amount.currency
    problems = [problem] if problem else _apply(work, order, gateway, event, row)
    if order is not None and not problem:
        let_warnings_go(work, order)
    hold_for_somebody(work, row, problems)
    number = order.number if order is not None else gateway
    said = " ".join(row.problem.splitlines()) or f"{event.name} taken in."
    return Done(f"{number}: {said}", order_id, order.version if order is not None else None)


@operation("gateway.move_cursor")
def move_cursor(work: Work, gateway: str, cursor: str, *, problem: str = "") -> Done:
    """Keep how far a gateway's events were read, or why they cannot be read now."""
    row = work.settlements.cursor(gateway)
    if row is None:
        row = GatewayCursorRow(gateway=gateway, read_at=work.now)
        work.add(row)
    row.cursor, row.read_at = cursor or row.cursor, work.now
    row.problem = kept_line(problem)
    return Done(f"{gateway}: {row.problem or 'read'}.")


@operation("gateway.settle_event")
def settle_event(work: Work, gateway: str, event_id: str, *, note: str) -> Done:
    """Close an event that was held, with what was done about it.

    Raises:
        Refused: there is no such event, or it does not wait for anybody.
        Invalid: the note is missing.
    """
    row = work.settlements.event(gateway, event_id)
    if row is None or row.outcome != HELD:
        raise Refused("No such event waits for somebody.")
    if row.settled_at is not None:
        raise Refused(f"{row.settled_by} has settled that already: {row.settled_note}")
    row.settled_note = required_line(note, "note", "Say what was done about it.")
    row.settled_by, row.settled_at = work.actor.name, work.now
    if row.order_id is not None:
        why = " ".join(row.problem.splitlines())
        work.record("event.settled", "order", row.order_id, f"Settled: {why} {row.settled_note}")
    return Done(f"Settled: {row.settled_note}", row.order_id)


def take_snapshot(
    work: Work, order: OrderRow, gateway: str, snapshot: PaymentSnapshot, *, link: PayLinkRow | None
) -> tuple[News, list[str]]:
    """Bring a payment of a locked order to what its gateway says; return the news, and what is odd about them."""
    news = follow(work, order, gateway, snapshot, now=work.now)
    payment, problems = news.payment, list(news.problems)
    if payment is None:
        return news, problems
    for told in snapshot.disputes:
        news.is_changed = note_dispute(work, order, payment, told) or news.is_changed
    if link is not None:
        problems += _paid_over(work, link, payment, snapshot, news)
    if news.came_in and order.lifecycle == Lifecycle.CANCELLED:
        amount = money_in(snapshot)
        problems.append(f"{amount} came in for a cancelled order. Give it back, or reopen the order.")
    if news.came_in or snapshot.disputes:
        _go_on(work, order, link if news.is_paid else None)
    if news.is_changed:
        void_outdated_links(work, order)
        work.orders.settle(order)
        problems += _standing(work, order)
    return news, problems


def _whose(work: Work, gateway: str, event: GatewayEvent) -> int | None:
    """Return the order that an event is about, without locking it."""
    snapshot = event.payment
    if snapshot is not None and (payment := work.payments.by_reference(gateway, snapshot.reference)) is not None:
        return payment.order_id
    if (link := _link_of(work, gateway, event)) is not None:
        return link.order_id
    if event.warning is not None and (payment := work.payments.by_reference(gateway, event.warning.payment_reference)):
        return payment.order_id
    return work.settlements.order_numbered(snapshot.order_number) if snapshot is not None else None


def _link_of(work: Work, gateway: str, event: GatewayEvent) -> PayLinkRow | None:
    reference = event.link_reference or (event.payment.link_reference if event.payment else "")
    return work.settlements.link_by_reference(gateway, reference) if reference else None


def _apply(work: Work, order: OrderRow | None, gateway: str, event: GatewayEvent, row: GatewayEventRow) -> list[str]:
    problems = _take_payment(work, order, gateway, event, row)
    if event.warning is None:
        return problems
    row.outcome, row.reference = APPLIED, row.reference or event.warning.payment_reference
    if order is None:
        return problems or [f"A bank reports fraud with {row.reference}, a payment of no order that is known here."]
    return [*problems, *take_warning(work, order, gateway, event.warning)]


def _take_payment(
    work: Work, order: OrderRow | None, gateway: str, event: GatewayEvent, row: GatewayEventRow
) -> list[str]:
    if event.payment is None:
        link = _link_of(work, gateway, event)
        if order is None or link is None or event.kind is not EventKind.LINK:
            row.outcome = IGNORED
            return []
        _end_as_told(work, order, link, event.link_state)
        return []
    amount = money_in(event.payment)
    if order is None:
        if not amount:
            row.outcome = IGNORED
            return []
        return [f"{amount} came in for no order that is known here. Find the order, or give the money back."]
    if event.payment.currency != order.currency:
        if not amount:
            return []
        return [f"{amount} came in, but the order is in {order.currency}. Give it back, or have it booked by hand."]
    link = _link_of(work, gateway, event) or _made_unheard(work, order, event.payment)
    _, problems = take_snapshot(work, order, gateway, event.payment, link=link)
    return problems


def _made_unheard(work: Work, order: OrderRow, snapshot: PaymentSnapshot) -> PayLinkRow | None:
    """Return the order's link that a payment came in over before the gateway's answer with its name did."""
    if not snapshot.link_reference or order.id is None:
        return None
    waiting = [link for link in work.settlements.links(order.id, LinkState.REQUESTED.value) if not link.reference]
    same = [link for link in waiting if Money(link.amount_minor, link.currency) == money_in(snapshot)]
    if len(same) != 1:
        return None
    same[0].reference = snapshot.link_reference
    return same[0]


def _end_as_told(work: Work, order: OrderRow, link: PayLinkRow, told: str) -> None:
    state = _ENDED.get(told)
    link = work.settlements.link(link.id or 0)
    if state is not None and LinkState(link.state).is_open:
        end_link(work, order, link, state, is_told=True)
        work.orders.settle(order)


def _paid_over(work: Work, link: PayLinkRow, payment: PaymentRow, snapshot: PaymentSnapshot, news: News) -> list[str]:
    """Keep that a link was paid, and by which payment first; say what is odd about it, once for each payment."""
    at = came_in_at(snapshot)
    if at is None:
        return []
    link = work.settlements.link(link.id or 0)
    before = LinkState(link.state)
    if link.ended_at is not None and at < link.ended_at:
        # It was paid before it ended; the news came late.
        before = LinkState.PAID if link.payment_id is not None else LinkState.OPEN
    is_first = link.payment_id in (None, payment.id) or not news.is_new
    if link.payment_id is None or (link.payment_id != payment.id and link.paid_at is not None and at < link.paid_at):
        link.payment_id, link.paid_at = payment.id, at
        link.version += 1
    asked = Money(link.amount_minor, link.currency)
    odd = why_paid_oddly(PaidLink(before, asked, money_in(snapshot), at, link.expires_at, is_first))
    if before.is_open or before is LinkState.EXPIRED:
        link.state, link.ended_at = LinkState.PAID.value, work.now
        work.record(
            "link.paid", "order", link.order_id, f"Pay link over {asked} is paid", before=before, after=link.state
        )
        news.is_changed = news.is_paid = True
    return list(odd)


def _go_on(work: Work, order: OrderRow, link: PayLinkRow | None) -> None:
    """Let go on what has waited for the money, and thank whoever paid over a link when the order is paid with it."""
    money_has_come(work, order)
    if link is not None and is_covered(work.orders.facts(order).money):
        tell_paid(work, order, link)


def hold_for_somebody(work: Work, row: GatewayEventRow, problems: list[str]) -> None:
    """Write an event down; it waits for somebody if it says what was never said of this payment before."""
    told = work.settlements.problems_told(row.gateway, row.reference) if problems else set()
    fresh = [problem for problem in dict.fromkeys(problems) if problem in _STANDING or problem not in told]
    if fresh:
        row.outcome, row.problem = HELD, "\n".join(fresh)
        if row.order_id is not None:
            work.record("event.held", "order", row.order_id, " ".join(fresh), after=row.reference)
    work.add(row)


def _standing(work: Work, order: OrderRow) -> list[str]:
    """Return what is wrong with the money of the order now and waits for nobody yet; let go of what is not any more."""
    money, waiting = work.orders.facts(order).money, work.settlements.open_amendment(order.id or 0)
    total = max(order.total_minor, waiting.new_total_minor if waiting is not None else 0)
    payments = work.payments.of_order(order.id or 0)
    wrong = {
        LOST_TWICE: any(is_lost_twice(payment) for payment in payments),
        TOO_MUCH: money.captured - money.refunded > total,
        GONE_TWICE: any(payment.refunded_minor > payment.captured_minor for payment in payments),
    }
    events = work.settlements.standing_events(order.id or 0)
    told = {line for event in events for line in event.problem.splitlines()}
    for event in events:
        for problem, is_wrong in wrong.items():
            if not is_wrong and problem in event.problem.splitlines():
                let_go(work, event, problem)
    return [problem for problem, is_wrong in wrong.items() if is_wrong and problem not in told]
