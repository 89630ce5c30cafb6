"""Refunds made in a gateway's own dashboard: somebody says what they were for, and what is left of each part is right."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from opsdesk.domain.errors import Conflict, Denied, Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import AnswerKind
from opsdesk.domain.people.actors import Actor
from opsdesk.domain.refunds.parts import RefundContent, RefundLine
from opsdesk.domain.refunds.states import RefundReason
from opsdesk.operations.amendments.parts import cover_of
from opsdesk.operations.orders.notes import note
from opsdesk.operations.refunds.asking import request, retry, take_back
from opsdesk.operations.refunds.outside import assign, unassign
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import GatewayEventRow, OrderLineRow, RefundPartRow, RefundRow, TransactionRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.views.money.refunding import refund_grounds
from opsdesk.store.views.money.tasks import TaskKind, money_tasks
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.operations.events_kit import authorised, event, refunded, snapshot, tell
from tests.operations.events_kit import captured as taken
from tests.operations.money_kit import captured, working
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_arrival, write_order

TOTAL = 3_520
KNOWN = (authorised(TOTAL, "pi_1:auth"), taken(TOTAL, "pi_1:capture"))


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
def order_id(store: Store) -> int:
    """35.20: two granola at 8.90, a honey jar at 12.50, shipping 4.90; paid by card, and 12.50 went back outside."""
    order_id = write_order(store, paid=False)
    write_arrival(store, order_id)
    captured(store, order_id)
    outside(store)
    return order_id


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


def outside(store: Store, minor: int = 1_250, reference: str = "re_1", *more: Any, **how: Any) -> None:
    """Let the gateway tell of a refund that nobody here had asked for."""
    number = len(rows(store, GatewayEventRow))
    tell(store, event(f"evt_{number}", snapshot(*KNOWN, refunded(minor, reference, **how), *more)))


def line(store: Store, at: int) -> int:
    return rows(store, OrderLineRow)[at].id or 0


def honey(store: Store) -> RefundContent:
    return RefundContent((RefundLine(line(store, 1), 1),), reason=RefundReason.DAMAGED, note="Seen in the dashboard")


def say(clerk: Performer, content: RefundContent) -> Done:
    return clerk.perform(assign, rows(clerk.store, RefundRow)[-1].id or 0, content=content)


def left(store: Store, order_id: int) -> tuple[list[int], int]:
    """What of each line, and of the shipping, could still go back."""
    with store.reading() as session:
        grounds = refund_grounds(session, order_id)
    assert grounds is not None
    return [each.amount.minor for each in grounds.left.lines], grounds.left.shipping.minor


def balance(store: Store, order_id: int) -> int:
    """What the order has beyond what it costs; below zero it is asked for."""
    with working(store) as work:
        return cover_of(work, work.orders.locked(order_id)).balance


def waiting(store: Store) -> list[str]:
    with store.reading() as session:
        return [task.number for task in money_tasks(session, now=START) if task.kind is TaskKind.REFUND_OUTSIDE]


def is_sound(store: Store) -> bool:
    found = verify_store(store, now=START, with_seals=False).violations
    assert [wrong.sentence for wrong in found if "nothing in its history made" not in wrong.sentence] == []
    return True


def test_it_waits_for_somebody_to_say_what_it_was_for_and_is_one_however_often_it_is_told(
    store: Store, order_id: int
) -> None:
    outside(store)
    (refund,) = rows(store, RefundRow)
    assert (refund.state, refund.amount_minor, refund.tell) == ("outside", 1_250, False)
    assert (waiting(store), the_order(store, order_id).paid_minor) == (["104458"], TOTAL - 1_250)
    # Until then nothing of the goods counts as given back, and the order is short of what went.
    assert (left(store, order_id), balance(store, order_id)) == (([1_780, 1_250], 490), -1_250)
    assert is_sound(store)


def test_once_it_is_said_the_line_cannot_be_refunded_again_and_nothing_is_owed(
    clerk: Performer, store: Store, order_id: int
) -> None:
    moved = len(rows(store, TransactionRow))
    done = say(clerk, honey(store))
    assert done.message == "104458: the 12.50 EUR that went back outside were for 1 x Honey jar: 12.50 EUR."
    (refund,) = rows(store, RefundRow)
    assert (refund.state, refund.reason, refund.note) == ("succeeded", "damaged", "Seen in the dashboard")
    assert (left(store, order_id), balance(store, order_id), waiting(store)) == (([1_780, 0], 490), 0, [])
    assert len(rows(store, TransactionRow)) == moved
    with pytest.raises(Invalid, match="Only 0 of Honey jar"):
        clerk.perform(request, order_id, version=the_order(store, order_id).version, content=honey(store))
    assert is_sound(store)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda store: RefundContent((RefundLine(line(store, 0), 1),)), r"comes to 8\.90 EUR\. Name 3\.60 EUR more"),
        (lambda _: RefundContent(goodwill=eur(1_251)), r"Name 0\.01 EUR less"),
        (lambda store: RefundContent((RefundLine(line(store, 1), 2),)), "Only 1 of Honey jar"),
        (lambda _: RefundContent(shipping=eur(491), goodwill=eur(759)), r"Only 4\.90 EUR of the shipping"),
        (lambda _: RefundContent(overpayment=eur(1_250)), r"Only 0\.00 EUR was paid too much"),
        (lambda _: RefundContent(), "Name 12.50 EUR more"),
    ],
)
def test_what_is_said_has_to_come_to_what_went_back(
    clerk: Performer, store: Store, order_id: int, content: Any, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        say(clerk, content(store))
    assert (rows(store, RefundPartRow), waiting(store)) == ([], ["104458"])


def test_lines_shipping_and_goodwill_together_or_what_was_paid_too_much(
    clerk: Performer, store: Store, order_id: int
) -> None:
    say(clerk, RefundContent((RefundLine(line(store, 0), 1),), shipping=eur(300), goodwill=eur(60)))
    assert left(store, order_id) == ([890, 1_250], 190)
    captured(store, order_id, 700, "pi_2")
    told = event("evt_more", snapshot(authorised(700, "pi_2:auth"), taken(700, "pi_2:capture"),
                                      refunded(700, "re_2"), reference="pi_2"))  # fmt: skip
    tell(store, told)
    assert balance(store, order_id) == 0
    say(clerk, RefundContent(overpayment=eur(700), reason=RefundReason.OVERPAID))
    assert (balance(store, order_id), is_sound(store)) == (0, True)


def test_it_can_be_said_anew(clerk: Performer, store: Store, order_id: int) -> None:
    done = say(clerk, RefundContent(goodwill=eur(1_250)))
    clerk.perform(undo, done.command_id)
    assert (waiting(store), left(store, order_id)[0], rows(store, RefundPartRow)) == (["104458"], [1_780, 1_250], [])
    say(clerk, honey(store))
    clerk.perform(unassign, rows(store, RefundRow)[0].id)
    with pytest.raises(Refused, match="Nobody has said"):
        clerk.perform(unassign, rows(store, RefundRow)[0].id)
    assert is_sound(store)


def test_two_say_it_and_one_is_told_that_it_is_known(clerk: Performer, store: Store, order_id: int) -> None:
    refund, seen = rows(store, RefundRow)[0], the_order(store, order_id).version
    clerk.perform(note, order_id, text="Rang")
    with pytest.raises(Conflict):
        clerk.perform(assign, refund.id or 0, content=honey(store), version=seen)
    say(clerk, honey(store))
    with pytest.raises(Refused, match="is known"):
        say(clerk, RefundContent(goodwill=eur(1_250)))
    with pytest.raises(Refused, match="cannot be taken back"):
        clerk.perform(take_back, refund.id or 0)


def test_one_that_was_made_here_is_not_assigned_and_packers_assign_none(
    clerk: Performer, store: Store, order_id: int, packer: Actor, clock: StillClock
) -> None:
    content = RefundContent(shipping=eur(490))
    done = clerk.perform(request, order_id, version=the_order(store, order_id).version, content=content)
    ours = int(str(done.details["refund_id"]))
    for run in (lambda: clerk.perform(assign, ours, content=content), lambda: clerk.perform(unassign, ours)):
        with pytest.raises(Refused):
            run()
    with pytest.raises(Denied):
        Performer(store, packer, clock).perform(assign, 1, content=content)


@pytest.mark.parametrize("is_said", [True, False])
def test_one_that_did_not_arrive_after_all_is_no_longer_for_anything(
    clerk: Performer, store: Store, order_id: int, is_said: bool
) -> None:
    if is_said:
        say(clerk, honey(store))
    outside(store, 1_250, "re_1", state=AnswerKind.FAILED, problem="Account closed.")
    (refund,) = rows(store, RefundRow)
    held = [row.problem for row in rows(store, GatewayEventRow) if row.problem]
    if is_said:
        # It failed like one of ours, and is sent again from here, within the clerk's own limit.
        assert (refund.state, held) == ("failed", [])
        clerk.perform(retry, refund.id or 0)
        assert rows(store, RefundRow)[0].state == "submitted"
    else:
        assert (refund.state, waiting(store)) == ("cancelled", [])
        assert "Give the money back in another way." in held[0]
        assert balance(store, order_id) == 0
    assert is_sound(store)


def test_the_control_without_the_record_the_line_would_go_back_twice(
    clerk: Performer, store: Store, order_id: int
) -> None:
    """Nothing here would stand against it but the money that is left on the card."""
    with Session(store.writer) as session, session.begin():
        for table in ("refund_share", "refund"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    clerk.perform(request, order_id, version=the_order(store, order_id).version, content=honey(store))
    with store.reading() as session:
        assert session.execute(select(RefundRow)).scalars().one().amount_minor == 1_250
