"""Events come oldest first, each once for its cursor, with the payment as it is now."""

from __future__ import annotations

from typing import Any

import pytest

from opsdesk.domain.payments.gateways import AnswerKind, DisputeState, EventKind, GatewayEvent, OperationKind
from opsdesk.integrations.payments import stripe_events
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.integrations.payments.stripe_events import KINDS, Cursor, event_of, kind_of, news
from tests.conftest import START, StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.peers.gateway import Call, Fault, GatewayPeer

NOW = int(START.timestamp())


def names(events: tuple[GatewayEvent, ...]) -> list[str]:
    return [event.name for event in events]


def test_what_happened_comes_once_and_oldest_first(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    payment = peer.authorised(5000, "EUR", "1042")
    clock.advance(seconds=5)
    gateway.carry_out(calls.capture(payment, 5000))
    first = gateway.events("")
    clock.advance(seconds=5)
    gateway.carry_out(calls.refund(payment, 1000))
    second = gateway.events(first.cursor)
    third = gateway.events(second.cursor)

    assert names(first.events) == [
        "charge.succeeded", "charge.captured", "payment_intent.succeeded",
    ]  # fmt: skip
    assert names(second.events) == ["refund.created"]
    assert not third.events
    assert third.cursor == second.cursor
    assert (first.problem, second.problem, third.problem) == ("", "", "")


def test_a_payment_is_asked_for_once_however_much_happened_to_it(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    payment = peer.authorised(5000)
    gateway.carry_out(calls.capture(payment, 5000))
    before = len(peer.requests(Call.READ))

    page = gateway.events("")

    assert len(page.events) == 3
    assert len({id(event.payment) for event in page.events}) == 1
    assert len(peer.requests(Call.READ)) - before == 3


def test_an_event_that_is_listed_late_is_not_missed() -> None:
    early, late, newest = _raw("evt_1", NOW - 60), _raw("evt_late", NOW - 50), _raw("evt_2", NOW - 10)
    first = news(lambda *_: [newest, early], Cursor(NOW - 3600), START)
    cursor = first.cursor.after([*first.again, *first.fresh])

    second = news(lambda *_: [newest, late, early], cursor, START)

    assert [one["id"] for one in first.fresh] == ["evt_1", "evt_2"]
    assert [one["id"] for one in second.fresh] == ["evt_late"]


def test_what_was_not_told_stays_before_the_cursor(
    gateway: StripeGateway, peer: GatewayPeer, clock: StillClock
) -> None:
    """The line breaks in the middle: what was read is told, the rest comes with the next reading."""
    peer.authorised(1000)
    clock.advance(seconds=30)
    peer.authorised(2000)
    peer.faults.next(Call.READ, None, None, None, Fault.HANG_UP_BEFORE)

    first = gateway.events("")
    second = gateway.events(first.cursor)

    amounts = [
        [event.payment.operations[0].amount.minor for event in page.events if event.payment] for page in (first, second)
    ]
    assert amounts == [[1000], [2000]]
    assert first.problem == "Stripe could not be reached, or its answer did not arrive."
    assert second.problem == ""


def test_a_gateway_that_does_not_answer_moves_no_cursor(gateway: StripeGateway, peer: GatewayPeer) -> None:
    peer.authorised(1000)
    before = gateway.events("").cursor
    peer.down()

    page = gateway.events(before)

    assert (page.events, page.cursor) == ((), before)
    assert page.problem


def test_a_long_pause_is_read_in_stretches_so_that_the_oldest_come_first() -> None:
    hours = [_raw(f"evt_{hour}", NOW - 3600 * hour) for hour in range(20)]
    asked: list[tuple[int, int | None]] = []

    def reading(since: int, before: int | None) -> list[dict[str, Any]]:
        asked.append((since, before))
        return [one for one in hours if since <= one["created"] and (before is None or one["created"] < before)]

    cursor, told = Cursor(NOW - 86_400), []
    while (found := news(reading, cursor, START)).fresh:
        told += [one["id"] for one in found.fresh]
        cursor = found.cursor.after([*found.again, *found.fresh])

    assert told == [f"evt_{hour}" for hour in reversed(range(20))]
    assert max(end - since for since, end in asked if end is not None) <= 4 * 3600 + 240


def test_the_last_stretch_has_no_end_by_this_machines_clock() -> None:
    """Stripe's clock may be ahead of ours; an event of its present must not be passed over."""
    asked: list[int | None] = []

    news(lambda _, before: asked.append(before) or [], Cursor(NOW - 600), START)

    assert asked == [None]


@pytest.mark.parametrize("written", ["", "rubbish", "-5|x", "99999999999999|", "１２|"])
def test_a_cursor_that_is_none_begins_a_day_ago(written: str) -> None:
    assert Cursor.parse(written, START) == Cursor(NOW - 86_400)


def test_a_cursor_is_read_as_it_was_written() -> None:
    cursor = Cursor(NOW, frozenset({"evt_1", "evt_2"}))

    assert Cursor.parse(str(cursor), START) == cursor


def test_a_cursor_forgets_what_lies_behind_the_overlap() -> None:
    cursor = Cursor(NOW)
    for second in range(0, 100_000, 50):
        cursor = cursor.after([_raw(f"evt_{at}", NOW + at) for at in range(max(0, second - 120), second + 1, 50)])

    assert len(cursor.read) <= 3


def test_stripe_takes_no_more_kinds_than_are_asked_for() -> None:
    assert len(KINDS) <= 20
    assert all(kind_of(kind) is not EventKind.OTHER for kind in KINDS)


def test_an_unknown_kind_is_told_as_other() -> None:
    event = event_of({"id": "evt_1", "type": "customer.tax_id.created", "created": NOW, "data": {"object": {}}}, None)

    assert event.kind is EventKind.OTHER


@pytest.mark.parametrize(
    ("name", "about", "link", "state"),
    [
        ("checkout.session.completed", {"payment_link": "plink_1", "payment_status": "paid"}, "plink_1", "paid"),
        ("checkout.session.completed", {"payment_link": "plink_1", "payment_status": "unpaid"}, "plink_1", "pending"),
        ("checkout.session.async_payment_succeeded", {"payment_link": "plink_1", "payment_status": "paid"}, "plink_1", "paid"),
        ("checkout.session.async_payment_failed", {"payment_link": "plink_1", "payment_status": "unpaid"}, "plink_1", "failed"),
        ("checkout.session.expired", {"payment_link": "plink_1", "payment_status": "unpaid"}, "", ""),
        ("checkout.session.completed", {"payment_link": None, "payment_status": "paid"}, "", ""),
        ("payment_link.updated", {"id": "plink_1", "active": False}, "plink_1", "cancelled"),
        ("payment_link.updated", {"id": "plink_1", "active": True}, "", ""),
        ("payment_link.updated", {"id": "plink_1", "active": False, "restrictions": {"completed_sessions": {"count": 1, "limit": 1}}}, "", ""),
    ],
)  # fmt: skip
def test_what_an_event_says_of_a_link(name: str, about: dict[str, Any], link: str, state: str) -> None:
    raw = {"id": "evt_1", "type": name, "created": NOW, "data": {"object": {"object": "checkout.session", **about}}}
    event = event_of(raw, None)

    assert (event.link_reference, event.link_state) == (link, state)
    assert event.kind is (EventKind.LINK if link else EventKind.OTHER)


def test_disputes_come_with_their_due_date_and_what_was_withdrawn(gateway: StripeGateway, peer: GatewayPeer) -> None:
    payment = peer.authorised(5000, is_captured=True)
    dispute = peer.open_dispute(payment, 3000, "product_not_received", days=9)
    opened = gateway.events("")
    peer.decide_dispute(dispute, "won")
    closed = gateway.events(opened.cursor)

    told = [event for event in opened.events if event.kind is EventKind.DISPUTE]
    assert told and told[0].payment is not None
    [found] = told[0].payment.disputes
    assert (found.reference, found.amount.minor, found.state) == (dispute, 3000, DisputeState.NEEDS_RESPONSE)
    assert found.reason == "product_not_received"
    assert found.payment_reference == payment
    assert found.due_at is not None and (found.due_at - found.opened_at).days == 9
    assert found.is_withdrawn
    last = [event for event in closed.events if event.kind is EventKind.DISPUTE][-1]
    assert last.payment is not None
    assert [(one.state, one.is_withdrawn) for one in last.payment.disputes] == [(DisputeState.WON, False)]


def test_an_inquiry_withdraws_nothing(gateway: StripeGateway, peer: GatewayPeer) -> None:
    payment = peer.authorised(5000, is_captured=True)
    peer.open_dispute(payment, is_inquiry=True)

    found = gateway.payment(payment)

    assert found is not None
    assert [(one.state, one.is_withdrawn) for one in found.disputes] == [(DisputeState.INQUIRY_NEEDS_RESPONSE, False)]


def test_a_refund_made_at_the_gateways_own_desk_has_no_key(gateway: StripeGateway, peer: GatewayPeer) -> None:
    payment = peer.authorised(5000, is_captured=True)
    refund = peer.refund_outside(payment, 1500)

    found = gateway.payment(payment)

    assert found is not None
    [operation] = [one for one in found.operations if one.kind is OperationKind.REFUND]
    assert (operation.reference, operation.key, operation.amount.minor) == (refund, "", 1500)


def test_a_refund_that_came_back_is_told_as_failed(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    payment = peer.authorised(5000, is_captured=True)
    answer = gateway.carry_out(calls.refund(payment, 1500))
    cursor = gateway.events("").cursor
    peer.settle_refund(answer.reference, is_ok=False)

    page = gateway.events(cursor)

    assert "refund.failed" in names(page.events)
    operations = [one for event in page.events if event.payment for one in event.payment.operations]
    states = {one.state for one in operations if one.kind is OperationKind.REFUND}
    assert states == {AnswerKind.FAILED}


def test_control_without_the_overlap_a_late_event_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_events, "OVERLAP_S", 0)
    late, newest = _raw("evt_late", NOW - 50), _raw("evt_2", NOW - 10)
    cursor = Cursor(NOW - 3600).after([newest])

    def reading(since: int, _: int | None) -> list[dict[str, Any]]:
        return [one for one in (newest, late) if one["created"] >= since]

    assert not news(reading, cursor, START).fresh


def _raw(event: str, created: int) -> dict[str, Any]:
    return {"id": event, "object": "event", "type": "charge.captured", "created": created, "data": {"object": {}}}
