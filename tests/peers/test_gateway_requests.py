"""The test gateway remembers keys for a day, pages and expands as documented, and takes no parameter that Stripe does not."""

from __future__ import annotations

import ast
import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import Call, Deed, GatewayPeer
from tests.peers.gateway_keys import Keys
from tests.peers.gateway_kit import client_of, key
from tests.peers.gateway_refunds import Refunds
from tests.peers.gateway_routes import PARAMS


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock) as peer:
        yield peer


@pytest.fixture
def client(gateway: GatewayPeer) -> stripe.StripeClient:
    return client_of(gateway)


def refund(client: stripe.StripeClient, payment: str, amount: int, name: str) -> Any:
    wanted: Any = {"payment_intent": payment, "amount": amount, "metadata": {"opsdesk_key": name}}
    return client.v1.refunds.create(wanted, key(name))


def test_the_same_key_does_it_once_and_has_the_first_answer(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)

    first, again = refund(client, payment, 4_000, "r1"), refund(client, payment, 4_000, "r1")

    assert first.id == again.id
    assert [it.key for it in gateway.journal(Deed.REFUND)] == ["r1"]
    assert [seen.is_replayed for seen in gateway.requests(Call.REFUND)] == [False, True]
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_a_replay_tells_of_then_not_of_now(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, method="pm_card_pendingRefund", is_captured=True)
    first = refund(client, payment, 4_000, "r1")
    gateway.settle_refund(first.id, is_ok=True)

    assert refund(client, payment, 4_000, "r1").status == "pending"
    assert client.v1.refunds.retrieve(first.id).status == "succeeded"


def test_a_key_with_other_parameters_is_refused(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment, other = gateway.authorised(10_000, is_captured=True), gateway.authorised(10_000)
    refund(client, payment, 4_000, "r1")

    acts: list[Callable[[], Any]] = [
        lambda: refund(client, payment, 4_001, "r1"),
        lambda: client.v1.payment_intents.capture(other, {}, key("r1")),
    ]
    for act in acts:
        with pytest.raises(stripe.IdempotencyError) as error:
            act()
        assert error.value.http_status == 400

    assert [it.amount for it in gateway.journal(Deed.REFUND, Deed.CAPTURE)] == [4_000]


def test_the_order_of_parameters_is_no_difference(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)

    one = client.v1.refunds.create({"payment_intent": payment, "amount": 500}, key("r1"))
    other = client.v1.refunds.create({"amount": 500, "payment_intent": payment}, key("r1"))

    assert one.id == other.id


def test_a_key_is_forgotten_after_a_day_and_then_pays_twice(
    gateway: GatewayPeer, client: stripe.StripeClient, clock: StillClock
) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    first = refund(client, payment, 4_000, "r1")

    clock.advance(hours=23, minutes=59)
    assert refund(client, payment, 4_000, "r1").id == first.id
    gateway.clock.advance(hours=1)
    assert refund(client, payment, 4_000, "r1").id != first.id

    assert gateway.total(Deed.REFUND, payment=payment) == 8_000


def test_what_could_not_be_understood_leaves_the_key_free(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": payment, "amount": 500, "reason": "because"}, key("r1"))

    assert refund(client, payment, 500, "r1").status == "succeeded"


def test_a_refusal_for_the_state_of_things_is_remembered(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            refund(client, payment, 500, "r1")
        if not gateway.journal(Deed.CAPTURE):
            gateway.capture_outside(payment)

    assert [seen.is_replayed for seen in gateway.requests(Call.REFUND)] == [False, True]


def test_a_second_request_meets_the_first_under_way(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    hold = gateway.faults.hold(Call.REFUND, is_done=True)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(refund, client_of(gateway), payment, 500, "r1")
        assert hold.arrived()

        with pytest.raises(stripe.APIError) as error:
            refund(client, payment, 500, "r1")

        assert (error.value.http_status, error.value.error.code) == (409, "idempotency_key_in_use")
        hold.release()
        assert first.result().id == refund(client, payment, 500, "r1").id
    assert len(gateway.journal(Deed.REFUND)) == 1


def rush(gateway: GatewayPeer, payment: str) -> None:
    start = threading.Barrier(10)

    def one(number: int) -> None:
        client = client_of(gateway)
        start.wait()
        with contextlib.suppress(stripe.APIError):  # 409, while the first one is under way
            refund(client, payment, 600, "r1")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))


def test_ten_requests_at_once_under_one_key_have_one_effect(gateway: GatewayPeer) -> None:
    payment = gateway.authorised(10_000, is_captured=True)

    rush(gateway, payment)

    assert [(it.amount, it.key) for it in gateway.journal(Deed.REFUND)] == [(600, "r1")]


def test_without_the_memory_of_keys_they_would_have_ten(gateway: GatewayPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    monkeypatch.setattr(Keys, "enter", lambda *_: None)
    monkeypatch.setattr(Keys, "keep", lambda *_: None)

    rush(gateway, payment)

    assert len(gateway.journal(Deed.REFUND)) == 10


def refund_under_ten_keys(gateway: GatewayPeer, payment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Refunds._check

    def look_and_linger(*given: Any) -> None:
        look(*given)
        threading.Event().wait(0.02)

    monkeypatch.setattr(Refunds, "_check", look_and_linger)
    start = threading.Barrier(10)

    def one(number: int) -> None:
        client = client_of(gateway)
        start.wait()
        with contextlib.suppress(stripe.InvalidRequestError):
            refund(client, payment, 300, f"r{number}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(one, range(10)))


def test_ten_refunds_at_once_stop_at_what_was_captured(gateway: GatewayPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = gateway.authorised(1_000, is_captured=True)

    refund_under_ten_keys(gateway, payment, monkeypatch)

    assert gateway.total(Deed.REFUND, payment=payment) == 900


def test_without_the_lock_they_would_not(gateway: GatewayPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = gateway.authorised(1_000, is_captured=True)
    monkeypatch.setattr(gateway.bank.book, "lock", contextlib.nullcontext())

    refund_under_ten_keys(gateway, payment, monkeypatch)

    assert gateway.total(Deed.REFUND, payment=payment) > 1_000


def test_lists_run_from_the_newest_and_page_both_ways(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    made = [refund(client, payment, 100 + number, f"r{number}").id for number in range(7)]
    gateway.refund_outside(gateway.authorised(900, is_captured=True))

    down = client.v1.refunds.list({"payment_intent": payment, "limit": 3})
    assert ([it.id for it in down.data], down.has_more) == (made[:3:-1], True)
    assert [it.id for it in down.auto_paging_iter()] == made[::-1]
    up = client.v1.refunds.list({"payment_intent": payment, "limit": 2, "ending_before": made[1]})
    assert [it.id for it in up.data] == [made[3], made[2]]
    assert [it.id for it in up.auto_paging_iter()] == made[2:]


def test_events_after_a_cursor_are_found_by_kind_and_time(
    gateway: GatewayPeer, client: stripe.StripeClient, clock: StillClock
) -> None:
    payment = gateway.authorised(10_000)
    cursor = gateway.events()[-1]["id"]
    clock.advance(seconds=5)
    gateway.capture_outside(payment)
    gateway.refund_outside(payment, 100)
    since = int(clock().timestamp())

    new = client.v1.events.list({"ending_before": cursor, "limit": 1})
    assert [it.type for it in new.auto_paging_iter()] == [it["type"] for it in gateway.events(after=cursor)]
    kinds = client.v1.events.list({"types": ["charge.refunded", "charge.succeeded"]})
    assert [it.type for it in kinds.data] == ["charge.refunded", "charge.succeeded"]
    assert len(client.v1.events.list({"created": {"gte": since}}).data) == 4
    assert len(client.v1.events.list({"created": {"lt": since}}).data) == 3


def test_an_event_tells_of_its_own_moment_and_lasts_thirty_days(
    gateway: GatewayPeer, client: stripe.StripeClient, clock: StillClock
) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    refund(client, payment, 100, "r1")
    refund(client, payment, 200, "r2")

    told = client.v1.events.list({"type": "charge.refunded"}).data[::-1]
    assert [it.data.object.amount_refunded for it in told] == [100, 300]
    assert [it.request.idempotency_key for it in told] == ["r1", "r2"]
    clock.advance(days=31)
    assert client.v1.events.list().data == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"ending_before": "evt_gone"},
        {"starting_after": "evt_gone"},
        {"expand": ["data.nothing"]},
        {"expand": ["data.a.b.c.d"]},
        {"colour": "red"},
    ],
)
def test_a_list_refuses_what_it_does_not_understand(
    gateway: GatewayPeer, client: stripe.StripeClient, wanted: Any
) -> None:
    gateway.authorised(900)

    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.events.list(wanted)

    assert error.value.http_status == 400


def test_what_is_asked_for_is_told_in_full(gateway: GatewayPeer, client: stripe.StripeClient) -> None:
    payment = gateway.authorised(10_000, is_captured=True)
    made = refund(client, payment, 100, "r1")

    [found] = client.v1.refunds.list(
        {"payment_intent": payment, "expand": ["data.charge.refunds", "data.payment_intent.latest_charge"]}
    ).data

    assert found.charge.refunds.data[0].id == made.id
    assert found.payment_intent.latest_charge.id == found.charge.id
    assert client.v1.refunds.retrieve(made.id).charge == found.charge.id


def test_an_unknown_parameter_is_refused_before_anything_happens(
    gateway: GatewayPeer, client: stripe.StripeClient
) -> None:
    payment = gateway.authorised(10_000)
    wanted: Any = {"metadata": {"opsdesk_key": "v1"}}

    # Stripe knows no metadata at a cancellation.
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.payment_intents.cancel(payment, wanted)

    assert (error.value.code, error.value.param) == ("parameter_unknown", "metadata[opsdesk_key]")
    assert gateway.payment(payment)["status"] == "requires_capture"


@pytest.mark.parametrize("endpoint", sorted(PARAMS))
def test_no_parameter_is_taken_that_the_library_does_not_know(endpoint: str) -> None:
    *names, act = endpoint.split(".")
    folder = "/".join([*names[:-1], ""])
    noun = names[-1].removesuffix("s")
    shapes = shapes_of(Path(stripe.__file__).parent / "params" / f"{folder}_{noun}_{act}_params.py")
    outermost = "".join(word.title() for word in f"{noun}_{act}_params".split("_"))

    for pattern in PARAMS[endpoint]:
        assert knows(shapes, outermost, [part for part in pattern.split(".") if part not in {"#", "*"}]), pattern


def shapes_of(path: Path) -> dict[str, dict[str, str]]:
    """Return the fields of each typed dictionary in a module of the library, with their types as they are written."""
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    return {
        node.name: {
            ast.unparse(field.target): ast.unparse(field.annotation)
            for field in node.body
            if isinstance(field, ast.AnnAssign)
        }
        for node in classes
    } | {"RangeParam": {"gte": "", "gt": "", "lte": "", "lt": ""}}


def knows(shapes: dict[str, dict[str, str]], shape: str, parts: list[str]) -> bool:
    name, *deeper = parts
    if name not in shapes[shape]:
        return False
    annotation = shapes[shape][name]
    inner = [found for found in re.findall(r"\w+", annotation) if found in shapes]
    return not deeper or any(knows(shapes, found, deeper) for found in inner)


def test_the_check_of_parameters_would_notice_one_too_many() -> None:
    shapes = shapes_of(Path(stripe.__file__).parent / "params" / "_payment_intent_cancel_params.py")

    assert knows(shapes, "PaymentIntentCancelParams", ["cancellation_reason"])
    assert not knows(shapes, "PaymentIntentCancelParams", ["metadata"])


def test_another_key_for_the_account_is_refused(gateway: GatewayPeer) -> None:
    stranger = stripe.StripeClient("sk_test_somebody", base_addresses={"api": gateway.url}, max_network_retries=0)

    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.balance.retrieve()


def test_it_listens_on_the_loopback_alone_and_ends_with_the_block(tmp_path: Path) -> None:
    before = threading.active_count()
    with GatewayPeer(tmp_path / "journal.jsonl") as gateway:
        client_of(gateway).v1.balance.retrieve()
        port = int(gateway.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as line:
            assert line.getpeername()[0] == "127.0.0.1"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port))

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))
    assert threading.active_count() == before


def test_a_mistake_of_the_gateway_itself_is_not_taken_for_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: object) -> None:
        raise ZeroDivisionError

    def ask() -> None:
        with GatewayPeer(tmp_path / "journal.jsonl") as gateway:
            monkeypatch.setattr(gateway.bank, "balance", mistaken)
            with pytest.raises(stripe.APIConnectionError):
                client_of(gateway).v1.balance.retrieve()

    with pytest.raises(ZeroDivisionError):
        ask()
