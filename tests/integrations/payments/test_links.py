"""Pay links: one order, one amount, one payment, one end (trust.md 7, P4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import AnswerKind, EventKind, OperationKind
from opsdesk.integrations.payments import stripe_links
from opsdesk.integrations.payments.stripe import StripeGateway
from tests.conftest import StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.peers.gateway import Call, Deed, Fault, GatewayPeer
from tests.peers.gateway_checkout import NotPayable


def test_a_link_asks_for_the_amount_once_and_names_the_order(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    call = calls.link(4950)

    answer = gateway.carry_out(call)

    assert answer.kind is AnswerKind.SUCCEEDED
    assert answer.reference.startswith("plink_") and answer.url.startswith("http")
    [link] = peer.things("payment_link")
    assert link["metadata"] == {"opsdesk_key": call.key, "opsdesk_order": "1042", "order_number": "1042"}
    payment = peer.pay(answer.url)
    with pytest.raises(NotPayable):
        peer.pay(answer.url)
    found = gateway.payment(payment)
    assert found is not None
    assert (found.link_reference, found.order_number) == (answer.reference, "1042")
    assert [(one.kind, one.amount) for one in found.operations] == [(OperationKind.CAPTURE, Money(4950, "EUR"))]


def test_a_link_that_only_authorises_is_captured_later(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    answer = gateway.carry_out(calls.link(4950, authorise_only=True))
    payment = peer.pay(answer.url)
    paid = [event for event in gateway.events("").events if event.kind is EventKind.LINK]

    capture = calls.capture(payment, 4000)
    assert gateway.carry_out(capture).kind is AnswerKind.SUCCEEDED

    assert [(event.link_reference, event.link_state) for event in paid] == [(answer.reference, "paid")]
    found = gateway.payment(payment)
    assert found is not None
    assert [(one.kind, one.amount.minor, one.key) for one in found.operations] == [
        (OperationKind.AUTHORISE, 4950, ""),
        (OperationKind.CAPTURE, 4000, capture.key),
        (OperationKind.VOID, 950, ""),
    ]


def test_a_cancelled_link_cannot_be_paid_even_where_its_page_is_open(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    link = gateway.carry_out(calls.link(4950))
    page = peer.visit(link.reference)
    cancel = calls.cancel(link.reference)
    assert gateway.look_up(cancel).kind is AnswerKind.NOT_FOUND

    assert gateway.carry_out(cancel).kind is AnswerKind.SUCCEEDED

    assert gateway.look_up(cancel).kind is AnswerKind.SUCCEEDED
    for place in (link.url, page):
        with pytest.raises(NotPayable):
            peer.pay(place)
    assert not peer.journal(Deed.SALE)


def test_control_switching_the_link_off_alone_leaves_the_open_page_payable(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = gateway.carry_out(calls.link(4950))
    page = peer.visit(link.reference)
    monkeypatch.setattr(stripe_links, "_open_sessions", lambda *_: [])

    gateway.carry_out(calls.cancel(link.reference))

    assert peer.pay(page)


def test_a_customer_who_was_quicker_has_paid(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    link = gateway.carry_out(calls.link(4950))
    peer.pay(link.url)

    assert gateway.carry_out(calls.cancel(link.reference)).kind is AnswerKind.SUCCEEDED
    assert [event.link_state for event in gateway.events("").events if event.kind is EventKind.LINK] == ["paid"]


@pytest.mark.parametrize("fault", [Fault.HANG_UP_AFTER, Fault.ERROR_AFTER, Fault.CUT_AFTER])
def test_a_link_whose_answer_got_lost_is_found_and_not_made_twice(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, fault: Fault
) -> None:
    gateway.carry_out(calls.link(100))
    call = calls.link(4950)
    peer.faults.next(Call.CREATE_LINK, fault)

    assert gateway.carry_out(call).kind is AnswerKind.UNKNOWN

    found = gateway.look_up(call)
    assert found.kind is AnswerKind.SUCCEEDED
    assert found.url.endswith(found.reference)
    assert len(peer.things("payment_link")) == 2


def test_a_link_that_was_never_made_is_not_found(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    gateway.carry_out(calls.link(100))

    assert gateway.look_up(calls.link(4950)).kind is AnswerKind.NOT_FOUND


def test_among_too_many_links_nobody_knows(
    gateway: StripeGateway, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_links, "MOST_LINKS", 2)
    made = [calls.link(100) for _ in range(3)]
    for call in made:
        gateway.carry_out(call)

    assert gateway.look_up(made[-1]).kind is AnswerKind.SUCCEEDED
    assert gateway.look_up(made[0]).kind is AnswerKind.UNKNOWN


def test_a_link_that_would_have_ended_is_not_made(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    answer = gateway.carry_out(calls.link(4950, expires_at=clock() - timedelta(seconds=1)))

    assert answer.kind is AnswerKind.FAILED
    assert not peer.things("payment_link")


def test_a_declined_card_leaves_the_link_open(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    link = gateway.carry_out(calls.link(4950))
    with pytest.raises(Exception, match="declined"):
        peer.pay(link.url, "pm_card_chargeDeclined")

    assert not [event for event in gateway.events("").events if event.kind is EventKind.LINK]
    assert peer.pay(link.url)


def test_nothing_about_a_card_is_in_what_is_sent(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    link = gateway.carry_out(calls.link(4950))
    payment = peer.pay(link.url)
    found = gateway.payment(payment)

    assert found is not None
    assert (found.instrument.brand, found.instrument.last4) == ("visa", "4242")
    assert not [seen for seen in peer.seen if "card" in seen.encoded]


def test_a_cancellation_that_is_half_done_is_unknown_and_done_by_a_repetition(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    link = gateway.carry_out(calls.link(4950))
    page = peer.visit(link.reference)
    cancel = calls.cancel(link.reference)
    peer.faults.next(Call.READ, Fault.HANG_UP_BEFORE)

    assert gateway.carry_out(cancel).kind is AnswerKind.UNKNOWN
    assert gateway.look_up(cancel).kind is AnswerKind.NOT_FOUND
    assert gateway.carry_out(cancel).kind is AnswerKind.SUCCEEDED
    with pytest.raises(NotPayable):
        peer.pay(page)
