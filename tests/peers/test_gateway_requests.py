"""The test gateway pages and expands as documented, and takes no parameter that Stripe does not know."""

from __future__ import annotations

import ast
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.conftest import StillClock
from tests.peers.gateway import GatewayPeer
from tests.peers.gateway_kit import client_of, refund
from tests.peers.gateway_routes import PARAMS


@pytest.fixture
def gateway(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "journal.jsonl", clock=clock) as peer:
        yield peer


@pytest.fixture
def client(gateway: GatewayPeer) -> stripe.StripeClient:
    return client_of(gateway)


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
