"""An early fraud warning is read as Stripe tells it: over the events, over a signed message, in the library's own shape."""

from __future__ import annotations

from stripe.radar import EarlyFraudWarning

from opsdesk.domain.payments.gateways import EarlyWarning, EventKind
from opsdesk.domain.people.actors import WORKER
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.integrations.payments.stripe_events import KINDS
from opsdesk.operations.payments.gateway_events import take_event
from opsdesk.operations.payments.warnings import WARNED
from opsdesk.store.engine import Store
from opsdesk.store.tables import CaseRow, LabelRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.operations.events_kit import TOTAL, held
from tests.operations.fraud_kit import with_files
from tests.operations.money_kit import authorised
from tests.operations.orders_kit import rows
from tests.peers.gateway import GatewayPeer
from tests.shop_orders import write_order


def test_a_warning_comes_with_its_payment_as_it_is_now(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    payment = peer.authorised(5000, "EUR", "1042", is_captured=True)
    clock.advance(seconds=30)
    read = gateway.events("")
    warning = peer.warn_early(payment, "unauthorized_use_of_card")
    clock.advance(seconds=30)
    gateway.carry_out(calls.refund(payment, 5000))
    peer.outdate_warning(warning)

    told = [event for event in gateway.events(read.cursor).events if event.kind is EventKind.WARNING]

    assert [event.name.rpartition(".")[2] for event in told] == ["created", "updated"]
    first, second = (event.warning for event in told)
    assert first == EarlyWarning(
        warning, payment, "unauthorized_use_of_card", is_actionable=True, told_at=told[0].happened_at
    )
    assert second is not None
    assert (second.reference, second.is_actionable) == (warning, False)
    assert {event.payment.reference for event in told if event.payment} == {payment}


def test_a_signed_message_says_as_much(gateway: StripeGateway, peer: GatewayPeer) -> None:
    payment = peer.authorised(5000, "EUR", "1042", is_captured=True)
    peer.warn_early(payment)
    (raw,) = peer.events("radar.early_fraud_warning.created")
    body, headers = peer.webhook(raw)

    event = gateway.read_webhook(body, headers, now=START)

    assert event.kind is EventKind.WARNING
    assert event.warning is not None
    assert (event.warning.payment_reference, event.warning.kind) == (payment, "made_with_stolen_card")


def test_the_test_gateways_warning_has_the_fields_that_stripes_library_declares(peer: GatewayPeer) -> None:
    peer.warn_early(peer.authorised(5000, is_captured=True))
    (warning,) = peer.things("radar.early_fraud_warning")

    declared = {name for name in EarlyFraudWarning.__annotations__ if name.islower()}
    assert set(warning) == declared
    assert warning["object"] == EarlyFraudWarning.OBJECT_NAME
    assert len(KINDS) <= 20


def test_from_the_gateway_to_the_desk_and_back(
    gateway: StripeGateway, peer: GatewayPeer, clock: StillClock, store: Store
) -> None:
    """The whole way: the bank reports, the order is labelled and held, the money goes back, and the task is gone."""
    order_id = write_order(store, "104458", paid=False)
    payment = peer.authorised(TOTAL, "EUR", is_captured=True)
    authorised(store, order_id, reference=payment, amount=TOTAL)
    peer.warn_early(payment)
    worker, cursor = Performer(with_files(store), WORKER, clock), ""

    def look() -> list[str]:
        nonlocal cursor
        page = gateway.events(cursor)
        cursor = page.cursor
        for event in page.events:
            worker.perform(take_event, "stripe", event)
        return [line for row in held(store) for line in row.problem.splitlines()]

    assert WARNED in look()
    (label,), (case,) = rows(store, LabelRow), rows(store, CaseRow)
    assert (label.order_id, label.label, case.suggested) == (order_id, "early_warning", "cancel_fraud")

    clock.advance(seconds=30)
    peer.refund_outside(payment)
    assert WARNED not in look()
    assert len(rows(store, LabelRow)) == 1
