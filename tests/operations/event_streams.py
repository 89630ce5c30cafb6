"""Believable streams of what a gateway tells of many orders, and the state of the money without ids and times."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlmodel import Session

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import (
    AnswerKind,
    CallKind,
    CallState,
    DisputeState,
    GatewayEvent,
    GatewayOperation,
    OperationKind,
)
from opsdesk.operations.payments.gateway_calls import request_call
from opsdesk.store.engine import Store
from opsdesk.store.tables import (
    DisputeRow,
    GatewayCallRow,
    GatewayEventRow,
    HoldRow,
    JournalRow,
    OrderRow,
    PayLinkRow,
    PaymentRow,
    TransactionRow,
)
from opsdesk.store.work import Work
from tests.conftest import START
from tests.operations import money_kit
from tests.operations.events_kit import TOTAL, dispute, event, operation, snapshot
from tests.shop_orders import write_customer, write_order

UNTIL = START + timedelta(days=7)
_REFUND_ENDS = (
    (AnswerKind.SUCCEEDED,),
    (AnswerKind.PENDING, AnswerKind.SUCCEEDED),
    (AnswerKind.PENDING, AnswerKind.FAILED),
    (AnswerKind.SUCCEEDED, AnswerKind.FAILED),
    (AnswerKind.PENDING, AnswerKind.SUCCEEDED, AnswerKind.FAILED),
)
_DISPUTE_ENDS = (
    (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.WON),
    (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.LOST),
    (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW),
    (DisputeState.INQUIRY_NEEDS_RESPONSE, DisputeState.INQUIRY_UNDER_REVIEW, DisputeState.INQUIRY_CLOSED),
    (DisputeState.INQUIRY_NEEDS_RESPONSE, DisputeState.NEEDS_RESPONSE, DisputeState.LOST),
    (DisputeState.NEEDS_RESPONSE, DisputeState.PREVENTED),
)
_NOT_TAKEN = (DisputeState.WON, DisputeState.PREVENTED)


@dataclass
class OneOrder:
    """An order before its gateway tells anything; `key` is that of a refund that nobody knows the outcome of."""

    number: str
    link: str = ""
    reference: str = ""
    key: str = ""
    key_minor: int = 0


def write_orders(store: Store, random: Random, count: int) -> list[OneOrder]:
    """Write orders as they stand before: some with an open, void or no link, cancelled, or with a refund in doubt."""
    customer_id = write_customer(store)
    found = []
    for place in range(count):
        one = OneOrder(f"3{place:05}")
        order_id = write_order(store, one.number, customer_id=customer_id, paid=False)
        kind = random.choice(("link", "link", "link", "void link", "cancelled", "doubt", "doubt", "outside"))
        if kind == "doubt":
            one.reference, one.key_minor = f"pi_{one.number}_0", random.choice((500, 1_000))
            payment_id = money_kit.captured(store, order_id, reference=one.reference)
            one.key = _doubt(store, payment_id, one.key_minor, f"key-{one.number}")
        elif kind != "outside":
            one.link = f"plink_{one.number}"
        with Session(store.writer) as session, session.begin():
            if one.link:
                session.add(_link(order_id, one.link, "voided" if kind == "void link" else "open"))
            if kind == "cancelled":
                session.get_one(OrderRow, order_id).lifecycle = "cancelled"
        found.append(one)
    return found


def tell_all(orders: list[OneOrder], random: Random) -> list[GatewayEvent]:
    """Return everything that the gateway tells of these orders and of some that nobody knows, oldest first."""
    told = [one for order in orders for one in _of_order(order, random)]
    for place in range(max(1, len(orders) // 20)):
        told += _of_order(OneOrder(f"9{place:05}"), random)
    return sorted(told, key=lambda one: (one.happened_at, one.id))


def _echoed(events: list[GatewayEvent], random: Random) -> Iterator[GatewayEvent]:
    """Tell the same more than once under different names, as Stripe does for the intent, its charge and its refund."""
    for one in events:
        yield one
        for place in range(random.randint(0, 3)):
            yield replace(one, id=f"{one.id}_{place}", name=f"{one.name} too")


def delivered(events: list[GatewayEvent], random: Random) -> list[GatewayEvent]:
    """Deliver each event, and what tells the same under another name, one to five times, all in any order."""
    found = [one for one in _echoed(events, random) for _ in range(random.randint(1, 5))]
    random.shuffle(found)
    return found


def digest(store: Store) -> str:
    """Return the hash of the money, without what only says when and in which order something was written down."""
    return hashlib.sha256(json.dumps(money_of(store), sort_keys=True).encode()).hexdigest()


def money_of(store: Store) -> dict[str, list[str]]:
    """Return the state of the money, a list of lines for each table.

    A refund that was called done and came back is the same as one that failed, and what a bank took and gave back is as
    if it had not: how much of it was told on the way depends on which news came.
    """
    with store.reading() as session:
        numbers = {row.id: row.number for row in _all(session, OrderRow)}
        payments = {row.id: row for row in _all(session, PaymentRow)}
        called = {key: row.reference for key, row in payments.items()}
        links = [(row.reference, row.state, called.get(row.payment_id)) for row in _all(session, PayLinkRow)]
        found = {
            "orders": [
                (r.number, r.payment_status, r.paid_minor, r.headline, r.stage) for r in _all(session, OrderRow)
            ],
            "payments": [_sums(row, numbers) for row in payments.values()],
            "transactions": list(_booked(_all(session, TransactionRow), called)),
            "journal": list(_balances(_all(session, JournalRow), numbers)),
            "links": links,
            "disputes": [
                (called[r.payment_id], r.reference, r.state, r.amount_minor, r.withdrawn_minor, r.closed_at is None)
                for r in _all(session, DisputeRow)
            ],
            "holds": [(numbers[r.order_id], r.type) for r in _all(session, HoldRow) if r.released_at is None],
            "calls": [(r.key, r.state) for r in _all(session, GatewayCallRow) if r.kind != CallKind.CANCEL_LINK],
            "held": list(_held(_all(session, GatewayEventRow), numbers)),
        }
    return {name: sorted(json.dumps(line) for line in lines) for name, lines in found.items()}


def _all(session: Session, table: type) -> list:
    return list(session.execute(select(table)).scalars())


def _link(order_id: int, reference: str, state: str) -> PayLinkRow:
    return PayLinkRow(
        order_id=order_id, gateway="stripe", reference=reference, url="https://pay.example/1", amount_minor=TOTAL,
        currency="EUR", state=state, due_minor=TOTAL, expires_at=START + timedelta(days=30), asked_by="mia",
        asked_at=START, ended_at=START if state == "voided" else None,
    )  # fmt: skip


def _doubt(store: Store, payment_id: int, minor: int, key: str) -> str:
    with money_kit.working(store) as work:
        order = work.orders.locked(work.payments.order_of(payment_id))
        payment, amount = work.payments.locked(payment_id), Money(minor, "EUR")
        call = request_call(
            work, order, kind=CallKind.REFUND, payment=payment, amount=amount, gateway="stripe", reference=""
        )
        call.key, call.state = key, CallState.UNKNOWN.value
    return key


def _of_order(order: OneOrder, random: Random) -> Iterator[GatewayEvent]:
    if order.reference:
        known = [
            operation(OperationKind.AUTHORISE, TOTAL, f"{order.reference}:auth"),
            operation(OperationKind.CAPTURE, TOTAL, f"{order.reference}:capture"),
        ]
        yield from _after(order, order.reference, known, random, START + timedelta(hours=1))
        return
    yield from _of_payment(order, 1, random, minor=random.choice((TOTAL, TOTAL, TOTAL, 2_000)))
    if order.link and random.random() < 0.25:
        yield from _of_payment(order, 2, random, minor=TOTAL)


def _of_payment(order: OneOrder, place: int, random: Random, *, minor: int) -> Iterator[GatewayEvent]:
    reference, charge = f"pi_{order.number}_{place}", f"ch_{order.number}_{place}"
    at = START + timedelta(minutes=random.randrange(1, 600), seconds=place)
    currency = "USD" if random.random() < 0.04 else "EUR"

    def done(kind: OperationKind, amount: int, when: datetime, state: AnswerKind = AnswerKind.SUCCEEDED):
        return operation(kind, amount, charge, state=state, at=when, currency=currency)

    if random.random() < 0.2:
        yield _told(order, reference, [done(OperationKind.AUTHORISE, minor, at, AnswerKind.FAILED)], at, "declined")
        at += timedelta(minutes=1)
    if currency != "EUR":
        yield _told(order, reference, [done(OperationKind.CAPTURE, minor, at)], at, "paid", currency=currency)
        return
    known = []
    if random.random() < 0.7:
        known.append(done(OperationKind.AUTHORISE, minor, at))
        yield _told(order, reference, known, at, "authorised", before=UNTIL)
        at += timedelta(hours=random.randrange(1, 48))
        if random.random() < 0.2:
            at = UNTIL if random.random() < 0.5 else at
            known.append(done(OperationKind.VOID, minor, at))
            yield _told(order, reference, known, at, "released", ended=True)
            return
    taken = minor if not known or random.random() < 0.7 else minor - 300
    known.append(done(OperationKind.CAPTURE, taken, at))
    if taken < minor:
        known.append(done(OperationKind.VOID, minor - taken, at))
    yield _told(order, reference, known, at, "captured", ended=True)
    yield from _after(order, reference, known, random, at)


def _after(
    order: OneOrder, reference: str, known: list[GatewayOperation], random: Random, at: datetime
) -> Iterator[GatewayEvent]:
    """Tell what happens to money that came in: refunds of every fate, and disputes, one after the other."""
    left = known[1 if order.reference else -1].amount.minor if order.reference else _taken(known)
    disputes: list = []
    for place in range(random.choice((0, 1, 1, 2, 3)) or (1 if order.key else 0)):
        minor = order.key_minor if order.key and place == 0 else min(left, random.choice((300, 700, TOTAL)))
        if not minor:
            break
        one = operation(OperationKind.REFUND, minor, f"re_{reference}_{place}", key=order.key if place == 0 else "")
        for step, state in enumerate(random.choice(_REFUND_ENDS)):
            at += timedelta(hours=1)
            told = replace(one, state=state, problem="closed" if state is AnswerKind.FAILED else "")
            yield _told(order, reference, [*known, told], at, f"refund-{place}-{step}", disputes=disputes, ended=True)
        known = [*known, told]
        left -= minor if told.state is AnswerKind.SUCCEEDED else 0
    for place in range(random.choice((0, 0, 0, 1, 1, 2))):
        amount = random.choice((1_000, 2_000))
        for step, state in enumerate(random.choice(_DISPUTE_ENDS)):
            at += timedelta(days=1)
            is_taken = not state.value.startswith("inquiry") and state not in _NOT_TAKEN
            standing = dispute(state, amount, f"dp_{reference}_{place}", payment=reference, withdrawn=is_taken)
            both = [*disputes, standing]
            yield _told(order, reference, known, at, f"dispute-{place}-{step}", disputes=both, ended=True)
        disputes = both


def _taken(known: list[GatewayOperation]) -> int:
    return sum(done.amount.minor for done in known if done.kind is OperationKind.CAPTURE)


def _told(
    order: OneOrder, reference: str, known: list[GatewayOperation], at: datetime, name: str, **more
) -> GatewayEvent:
    more["disputes"] = tuple(more.get("disputes", ()))
    payment = snapshot(*known, reference=reference, link=order.link, number=order.number, **more)
    return event(f"evt_{reference}_{name}", payment, at=at, name=name)


def _sums(row: PaymentRow, numbers: dict) -> tuple:
    return (
        numbers[row.order_id], row.reference, row.currency, row.instrument, row.state, row.ended, row.authorised_minor,
        row.capturing_minor, row.captured_minor, row.voiding_minor, row.voided_minor, row.refunding_minor,
        row.refunded_minor, row.charged_back_minor,
    )  # fmt: skip


def _booked(rows: list[TransactionRow], called: dict) -> Iterator[tuple]:
    kinds = {(row.payment_id, row.reference, row.kind) for row in rows}
    for row in rows:
        kind, state = row.kind, row.state
        came_back = (row.payment_id, row.reference, "refund_reversal") in kinds
        given_back = (row.payment_id, row.reference, "dispute_reversal") in kinds
        if kind in ("refund_reversal", "dispute_reversal") or (kind == "dispute_debit" and given_back):
            continue
        if kind == "refund" and came_back:
            state = "failed"
        yield called[row.payment_id], kind, state, row.amount_minor, row.reference


def _balances(rows: list[JournalRow], numbers: dict) -> Iterator[tuple]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums[numbers[row.order_id], row.debit] += row.amount_minor
        sums[numbers[row.order_id], row.credit] -= row.amount_minor
    yield from ((*account, minor) for account, minor in sums.items() if minor)


def _held(rows: list[GatewayEventRow], numbers: dict) -> Iterator[tuple]:
    lines = {
        (numbers.get(row.order_id, row.reference), line)
        for row in rows
        if row.outcome == "held" and row.settled_at is None
        for line in row.problem.splitlines()
    }
    yield from lines


def apply_all(store: Store, events: list[GatewayEvent], take, *, at: datetime = UNTIL + timedelta(days=30)) -> None:
    """Take events in one after the other, a hundred to a transaction: what counts here is the order, not the commits."""
    for start in range(0, len(events), 100):
        with money_kit.working(store, at) as work:
            session = work._session
            for number, told in enumerate(events[start : start + 100]):
                take(Work(session, actor=work.actor, now=at, command_id=f"{start}-{number}"), "stripe", told)
