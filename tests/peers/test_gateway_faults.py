"""Each fault of the test gateway leaves the journal and the answer that it promises."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import Call, Deed, Fault, GatewayPeer
from tests.peers.gateway_kit import client_of, key, link

PATIENCE = 0.1


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock, patience=PATIENCE) as peer:
        yield peer


Act = Callable[[stripe.StripeClient], Any]


def prepared(gateway: GatewayPeer, call: Call) -> tuple[Act, Deed]:
    """Return one effect that can be asked for again and again under one key, and what the journal calls it."""
    authorised = gateway.authorised(10_000)
    captured = gateway.authorised(10_000, is_captured=True)
    page = link(client_of(gateway), 4_500, "before")
    back: Any = {"payment_intent": captured, "amount": 4_000, "metadata": {"opsdesk_key": "k1"}}
    return {
        Call.CAPTURE: (
            lambda client: client.v1.payment_intents.capture(authorised, {"amount_to_capture": 6_000}, key("k1")),
            Deed.CAPTURE,
        ),
        Call.VOID: (lambda client: client.v1.payment_intents.cancel(authorised, {}, key("k1")), Deed.VOID),
        Call.REFUND: (lambda client: client.v1.refunds.create(back, key("k1")), Deed.REFUND),
        Call.CREATE_LINK: (lambda client: link(client, 900, "k1"), Deed.CREATE_LINK),
        Call.CANCEL_LINK: (
            lambda client: client.v1.payment_links.update(page.id, {"active": False}, key("k1")),
            Deed.CANCEL_LINK,
        ),
    }[call]


CALLS = [Call.CAPTURE, Call.VOID, Call.REFUND, Call.CREATE_LINK, Call.CANCEL_LINK]
LOST = [
    Fault.REFUSE,
    Fault.HANG_UP_BEFORE,
    Fault.HANG_UP_AFTER,
    Fault.TIMEOUT_BEFORE,
    Fault.TIMEOUT_AFTER,
    Fault.CUT_AFTER,
]
STATUS = {
    Fault.ERROR_BEFORE: 500,
    Fault.ERROR_AFTER: 500,
    Fault.EDGE: 502,
    Fault.IN_PROGRESS: 409,
    Fault.BUSY: 429,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", [*LOST, *STATUS])
def test_a_fault_spoils_the_answer_and_has_its_effect_or_none(gateway: GatewayPeer, call: Call, fault: Fault) -> None:
    act, deed = prepared(gateway, call)
    gateway.faults.next(call, fault)

    with pytest.raises(stripe.StripeError) as error:
        act(client_of(gateway))

    assert error.value.http_status == STATUS.get(fault)
    if fault in LOST:
        assert isinstance(error.value, stripe.APIConnectionError)
    assert [it.key for it in gateway.journal(deed, key="k1")] == (["k1"] if fault.has_effect else [])
    assert gateway.faults.left() == 0


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", [fault for fault in [*LOST, *STATUS] if fault is not Fault.ERROR_AFTER])
def test_asked_again_under_the_same_key_there_is_one_effect(gateway: GatewayPeer, call: Call, fault: Fault) -> None:
    act, deed = prepared(gateway, call)
    gateway.faults.next(call, fault)
    with pytest.raises(stripe.StripeError):
        act(client_of(gateway))

    act(client_of(gateway))

    assert len(gateway.journal(deed, key="k1")) == 1
    assert gateway.requests(call)[-1].is_replayed == fault.has_effect


@pytest.mark.parametrize("call", CALLS)
def test_an_error_after_the_effect_is_remembered_for_a_day(gateway: GatewayPeer, call: Call) -> None:
    act, deed = prepared(gateway, call)
    gateway.faults.next(call, Fault.ERROR_AFTER)
    for _ in range(3):
        with pytest.raises(stripe.APIError) as error:
            act(client_of(gateway))
        assert error.value.http_status == 500

    assert len(gateway.journal(deed, key="k1")) == 1


@pytest.mark.parametrize("call", CALLS)
def test_a_clear_no_does_nothing_and_is_remembered(gateway: GatewayPeer, call: Call) -> None:
    act, deed = prepared(gateway, call)
    gateway.faults.next(call, Fault.DECLINE)
    for _ in range(2):
        with pytest.raises(stripe.StripeError) as error:
            act(client_of(gateway))
        assert error.value.http_status in {400, 402}

    assert gateway.journal(deed, key="k1") == []


def test_a_caller_that_gives_up_first_is_let_go(tmp_path: Path) -> None:
    with GatewayPeer(tmp_path / "journal.jsonl", patience=None) as gateway:
        act, deed = prepared(gateway, Call.REFUND)
        gateway.faults.next(Call.REFUND, Fault.TIMEOUT_AFTER)

        with pytest.raises(stripe.APIConnectionError, match=r"(?i)timed out"):
            act(client_of(gateway, seconds=0.3))

        assert len(gateway.journal(deed)) == 1


def test_a_silent_gateway_can_still_be_ended(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with GatewayPeer(tmp_path / "journal.jsonl") as gateway:
            act, deed = prepared(gateway, Call.REFUND)
            gateway.faults.next(Call.REFUND, Fault.TIMEOUT_AFTER)
            waiting = pool.submit(act, client_of(gateway, seconds=60))
            until(lambda: bool(gateway.journal(deed)))

        with pytest.raises(stripe.APIConnectionError):
            waiting.result(5)


@pytest.mark.parametrize("is_done", [False, True])
def test_a_slow_call_waits_at_a_door_before_or_after_its_effect(gateway: GatewayPeer, is_done: bool) -> None:
    act, deed = prepared(gateway, Call.CAPTURE)
    hold = gateway.faults.hold(Call.CAPTURE, is_done=is_done)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(act, client_of(gateway))
        assert hold.arrived()

        assert len(gateway.journal(deed)) == is_done
        assert len(gateway.events("charge.captured")) == is_done
        assert client_of(gateway).v1.balance.retrieve()  # nobody else waits
        assert not waiting.done()
        hold.release()
        assert waiting.result(5).status == "succeeded"
    assert len(gateway.journal(deed)) == 1


def test_a_slow_call_goes_on_by_itself_after_its_seconds(gateway: GatewayPeer) -> None:
    act, _ = prepared(gateway, Call.CAPTURE)
    gateway.faults.hold(Call.CAPTURE, is_done=False, seconds=0.2)
    began = time.monotonic()

    assert act(client_of(gateway)).status == "succeeded"
    assert time.monotonic() - began >= 0.2


def test_a_caller_who_left_during_a_slow_call_does_not_undo_it(gateway: GatewayPeer) -> None:
    act, deed = prepared(gateway, Call.REFUND)
    hold = gateway.faults.hold(Call.REFUND, is_done=False)
    with pytest.raises(stripe.APIConnectionError):
        act(client_of(gateway, seconds=0.2))
    assert gateway.journal(deed) == []

    hold.release()
    until(lambda: bool(gateway.journal(deed)))

    assert act(client_of(gateway)).status == "succeeded"
    assert len(gateway.journal(deed)) == 1


def test_a_refund_can_be_made_to_wait_or_to_fail(gateway: GatewayPeer) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    gateway.faults.next(Call.REFUND, Fault.PENDING, Fault.FAILED, None)
    client = client_of(gateway)
    made = [client.v1.refunds.create({"payment_intent": payment, "amount": 1_000}) for _ in range(3)]

    assert [it.status for it in made] == ["pending", "failed", "succeeded"]
    assert gateway.total(Deed.REFUND) == 1_000
    gateway.settle_refund(made[0].id, is_ok=True)
    assert gateway.total(Deed.REFUND) == 2_000


def test_reading_can_fail_too_and_a_lasting_fault_lasts(gateway: GatewayPeer) -> None:
    payment, client = gateway.authorised(10_000), client_of(gateway)
    gateway.faults.always(Call.READ, Fault.ERROR_BEFORE)
    gateway.faults.next(Call.EVENTS, Fault.CUT_AFTER)

    for _ in range(3):
        with pytest.raises(stripe.APIError):
            client.v1.payment_intents.retrieve(payment)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.events.list()
    assert client.v1.events.list().data

    gateway.faults.clear()
    assert client.v1.payment_intents.retrieve(payment).id == payment


def test_a_gateway_that_is_down_refuses_and_forgets_nothing(gateway: GatewayPeer) -> None:
    act, deed = prepared(gateway, Call.REFUND)
    client = client_of(gateway)
    first = act(client)

    gateway.down()
    with pytest.raises(stripe.APIConnectionError):
        act(client)
    gateway.up()

    assert act(client).id == first.id
    assert len(gateway.journal(deed)) == 1


@pytest.mark.parametrize(
    ("call", "fault"),
    [(Call.CAPTURE, Fault.PENDING), (Call.READ, Fault.DECLINE), (Call.REFUND, Fault.SLOW_AFTER)],
)
def test_a_fault_that_could_not_strike_is_refused(gateway: GatewayPeer, call: Call, fault: Fault) -> None:
    with pytest.raises(ValueError, match=r"can be|cannot be|hold"):
        gateway.faults.next(call, fault)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
