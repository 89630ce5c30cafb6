"""Captures, voids and refunds happen once, whatever the line does (trust.md 7, E1 and E4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import AnswerKind, CallKind, GatewayCall
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from tests.conftest import StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.peers.gateway import Call, Deed, Fault, GatewayPeer

SPOILT_AFTER = (Fault.HANG_UP_AFTER, Fault.TIMEOUT_AFTER, Fault.ERROR_AFTER, Fault.CUT_AFTER)
SPOILT_BEFORE = (
    Fault.REFUSE, Fault.HANG_UP_BEFORE, Fault.TIMEOUT_BEFORE, Fault.ERROR_BEFORE, Fault.EDGE, Fault.IN_PROGRESS, Fault.BUSY,
)  # fmt: skip
KINDS = (CallKind.CAPTURE, CallKind.VOID, CallKind.REFUND)
_DEEDS = {CallKind.CAPTURE: Deed.CAPTURE, CallKind.VOID: Deed.VOID, CallKind.REFUND: Deed.REFUND}
_CALLS = {CallKind.CAPTURE: Call.CAPTURE, CallKind.VOID: Call.VOID, CallKind.REFUND: Call.REFUND}


def ready(peer: GatewayPeer, calls: Calls, kind: CallKind) -> GatewayCall:
    """Have a payment at the gateway to which this can be done."""
    payment = peer.authorised(5000, "EUR", "1042", is_captured=kind is CallKind.REFUND)
    if kind is CallKind.VOID:
        return calls.void(payment)
    return calls.capture(payment, 3000) if kind is CallKind.CAPTURE else calls.refund(payment, 3000)


@pytest.mark.parametrize("kind", KINDS)
def test_an_effect_happens_and_is_found_under_its_key(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, kind: CallKind
) -> None:
    call = ready(peer, calls, kind)
    assert gateway.look_up(call).kind is AnswerKind.NOT_FOUND

    answer = gateway.carry_out(call)

    assert answer.kind is AnswerKind.SUCCEEDED, answer
    [effect] = peer.journal(_DEEDS[kind])
    assert effect.amount == (5000 if kind is CallKind.VOID else 3000)
    assert gateway.look_up(call) == answer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", SPOILT_AFTER)
def test_an_answer_that_got_lost_is_looked_up(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, kind: CallKind, fault: Fault
) -> None:
    call = ready(peer, calls, kind)
    peer.faults.next(_CALLS[kind], fault)

    assert gateway.carry_out(call).kind is AnswerKind.UNKNOWN

    assert gateway.look_up(call).kind is AnswerKind.SUCCEEDED
    assert len(peer.journal(_DEEDS[kind])) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", SPOILT_BEFORE)
def test_a_call_that_never_arrived_is_repeated_under_its_key(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, kind: CallKind, fault: Fault
) -> None:
    call = ready(peer, calls, kind)
    peer.faults.next(_CALLS[kind], fault)

    assert gateway.carry_out(call).kind is AnswerKind.UNKNOWN
    assert gateway.look_up(call).kind is AnswerKind.NOT_FOUND
    assert gateway.carry_out(call).kind is AnswerKind.SUCCEEDED

    assert len(peer.journal(_DEEDS[kind])) == 1
    assert len({seen.key for seen in peer.requests(_CALLS[kind]) if seen.key}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_repeated_call_moves_no_more_money(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, kind: CallKind
) -> None:
    call = ready(peer, calls, kind)
    first = gateway.carry_out(call)

    assert gateway.carry_out(call) == first
    assert len(peer.journal(_DEEDS[kind])) == 1


def test_control_the_same_refund_under_another_key_pays_twice(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    call = calls.refund(peer.authorised(5000, is_captured=True), 2000)
    gateway.carry_out(call)
    gateway.carry_out(replace(call, key="another"))

    assert len(peer.journal(Deed.REFUND)) == 2


def test_a_refund_is_found_under_its_key_after_the_gateway_forgot_the_key(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    call = calls.refund(peer.authorised(5000, is_captured=True), 2000)
    peer.faults.next(Call.REFUND, Fault.HANG_UP_AFTER)
    gateway.carry_out(call)
    clock.advance(hours=25)

    assert gateway.look_up(call).kind is AnswerKind.SUCCEEDED
    assert len(peer.journal(Deed.REFUND)) == 1


def test_a_no_that_speaks_of_our_own_lost_request_is_no_failure(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    """A day later the key is forgotten; the gateway refuses, because the refund has already been paid."""
    call = calls.refund(peer.authorised(5000, is_captured=True), 5000)
    peer.faults.next(Call.REFUND, Fault.HANG_UP_AFTER)
    gateway.carry_out(call)
    clock.advance(hours=25)

    assert gateway.carry_out(call).kind is AnswerKind.SUCCEEDED
    assert len(peer.journal(Deed.REFUND)) == 1


def test_a_refund_that_takes_days_is_pending_and_may_fail(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    call = calls.refund(peer.authorised(5000, method="pm_card_pendingRefund", is_captured=True), 2000)

    answer = gateway.carry_out(call)
    assert answer.kind is AnswerKind.PENDING
    assert answer.reference.startswith("re_")

    peer.settle_refund(answer.reference, is_ok=False, reason="lost_or_stolen_card")
    failed = gateway.look_up(call)
    assert failed.kind is AnswerKind.FAILED
    assert failed.problem == "The card was lost or stolen, so the money came back. (lost_or_stolen_card)"


def test_refunds_carry_the_reason_and_our_key(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    call = calls.refund(peer.authorised(5000, is_captured=True), 2000, reason="duplicate")
    gateway.carry_out(call)

    [refund] = peer.things("refund")
    assert refund["reason"] == "duplicate"
    assert refund["metadata"] == {"opsdesk_key": call.key}


def test_a_reason_that_stripe_does_not_know_is_kept_back(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    call = calls.refund(peer.authorised(5000, is_captured=True), 2000, reason="goodwill")

    assert gateway.carry_out(call).kind is AnswerKind.SUCCEEDED


def test_more_than_is_left_is_a_clear_no(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    payment = peer.authorised(5000, is_captured=True)

    answer = gateway.carry_out(calls.refund(payment, 5001))

    assert answer.kind is AnswerKind.FAILED
    assert answer.problem.startswith("Stripe refused it: Refund amount (50.01 EUR) is greater")
    assert not peer.journal(Deed.REFUND)


def test_what_was_captured_elsewhere_cannot_be_captured_or_voided(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    payment = peer.authorised(5000)
    peer.capture_outside(payment, 4000)

    captured, voided = gateway.carry_out(calls.capture(payment, 3000)), gateway.carry_out(calls.void(payment))

    assert (captured.kind, voided.kind) == (AnswerKind.FAILED, AnswerKind.FAILED)
    assert "moved on" in captured.problem and "payment_intent_unexpected_state" in captured.problem


def test_a_void_of_what_was_cancelled_elsewhere_is_done(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    payment = peer.authorised(5000)
    peer.cancel_outside(payment)

    assert gateway.carry_out(calls.void(payment)).kind is AnswerKind.SUCCEEDED


def test_a_capture_of_an_expired_authorisation_fails(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    call = calls.capture(peer.authorised(5000), 5000)
    peer.expire(call.reference)

    assert gateway.carry_out(call).kind is AnswerKind.FAILED
    assert gateway.look_up(call).kind is AnswerKind.FAILED


def test_a_refused_key_fails_at_once_and_is_in_doubt_on_a_repetition(
    peer: GatewayPeer, calls: Calls, clock: StillClock
) -> None:
    payment = peer.authorised(5000, is_captured=True)
    wrong = StripeGateway(Secret("sk_test_another"), url=peer.url, clock=clock, answer_s=1.0)
    call = calls.refund(payment, 1000)

    first = wrong.carry_out(call)
    assert first.kind is AnswerKind.FAILED
    assert first.problem.startswith("The key of the gateway is refused")
    assert wrong.look_up(call).kind is AnswerKind.UNKNOWN
    assert wrong.check() == "The key of the gateway is refused. Put the right key in."
    assert wrong.payment(payment) is None

    # The first one may have gone through while the key was still good.
    assert wrong.carry_out(replace(call, first_sent_at=clock() - timedelta(minutes=5))).kind is AnswerKind.UNKNOWN


def test_nobody_listening_is_unknown(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    payment = peer.authorised(5000, is_captured=True)
    call = calls.refund(payment, 1000)
    peer.down()

    answer = gateway.carry_out(call)

    assert answer.kind is AnswerKind.UNKNOWN
    assert answer.problem == "Stripe could not be reached, or its answer did not arrive."
    assert gateway.look_up(call).kind is AnswerKind.UNKNOWN
    assert gateway.check() == answer.problem
    assert gateway.payment(payment) is None


def test_a_payment_that_nobody_knows_is_never_called_not_found(gateway: StripeGateway, calls: Calls) -> None:
    """The key may be of another account: then nothing is known about the effect."""
    call = calls.refund("pi_of_another_account", 1000)

    assert gateway.carry_out(call).kind is AnswerKind.FAILED
    assert gateway.look_up(calls.capture("pi_of_another_account", 1000)).kind is AnswerKind.UNKNOWN


def test_a_charge_is_as_good_as_its_payment(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    """Some shop systems note the charge."""
    payment = peer.authorised(5000)
    charge = str(peer.charge(payment)["id"])

    capture = calls.capture(charge, 5000)
    assert gateway.carry_out(capture).kind is AnswerKind.SUCCEEDED
    assert gateway.look_up(capture).kind is AnswerKind.SUCCEEDED
    refund = calls.refund(charge, 2000)
    assert gateway.carry_out(refund).kind is AnswerKind.SUCCEEDED
    assert gateway.look_up(refund).kind is AnswerKind.SUCCEEDED
    found = gateway.payment(charge)
    assert found is not None and found.reference == charge


def test_what_was_booked_in_the_shops_own_currency_is_told(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    peer.settle_in("EUR", usd="0.90")
    payment = peer.authorised(10_000, "USD")
    captured = gateway.carry_out(calls.capture(payment, 10_000, "USD"))
    peer.settle_in("EUR", usd="0.95")
    refunded = gateway.carry_out(calls.refund(payment, 10_000, "USD"))

    assert captured.settled == Money(9000, "EUR")
    assert refunded.settled == Money(9500, "EUR")


@pytest.mark.parametrize(("minor", "currency", "sent"), [(5, "JPY", 5), (500, "ISK", 50_000), (12_340, "KWD", 12_340)])
def test_amounts_are_sent_as_stripe_counts_them(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, minor: int, currency: str, sent: int
) -> None:
    payment = peer.authorised(sent * 100, currency, is_captured=True)

    assert gateway.carry_out(calls.refund(payment, minor, currency)).kind is AnswerKind.SUCCEEDED
    assert [one["amount"] for one in peer.things("refund")] == [sent]


def test_an_amount_that_stripe_does_not_take_is_never_sent(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls
) -> None:
    payment = peer.authorised(100_000, "KWD", is_captured=True)

    answer = gateway.carry_out(calls.refund(payment, 1234, "KWD"))

    assert answer.kind is AnswerKind.FAILED
    assert answer.problem == "Stripe does not take 1.234 KWD exactly; choose an amount in steps of 0.010 KWD."
    assert not peer.requests(Call.REFUND)


@pytest.mark.parametrize(("elsewhere", "kind"), [(3000, AnswerKind.SUCCEEDED), (2999, AnswerKind.FAILED)])
def test_a_capture_in_the_gateways_own_pages_counts_if_it_is_the_same_sum(
    gateway: StripeGateway, peer: GatewayPeer, calls: Calls, elsewhere: int, kind: AnswerKind
) -> None:
    call = calls.capture(peer.authorised(5000), 3000)
    peer.capture_outside(call.reference, elsewhere)

    assert gateway.look_up(call).kind is kind
    assert gateway.carry_out(call).kind is kind
    assert len(peer.journal(Deed.CAPTURE)) == 1


def test_another_call_of_ours_took_the_payment(gateway: StripeGateway, peer: GatewayPeer, calls: Calls) -> None:
    payment = peer.authorised(5000)
    first, second = calls.capture(payment, 3000), calls.capture(payment, 3000)
    gateway.carry_out(first)

    assert gateway.look_up(second).kind is AnswerKind.FAILED
    assert gateway.look_up(first).kind is AnswerKind.SUCCEEDED
