"""The adapter speaks with localstripe too, which somebody else wrote after Stripe's documentation."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import stripe

from opsdesk.domain.payments.gateways import AnswerKind
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from tests.conftest import StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.peers.localstripe_server import localstripe

KEY = "sk_test_localstripe"
SUCCEEDED = AnswerKind.SUCCEEDED


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with localstripe(tmp_path_factory.mktemp("localstripe")) as running:
        yield running


@pytest.fixture
def gateway(url: str, clock: StillClock) -> Iterator[StripeGateway]:
    opened = StripeGateway(Secret(KEY), url=url, clock=clock)
    yield opened
    opened.close()


def authorised(url: str, amount: int) -> str:
    """Let a customer pay at the shop's own checkout."""
    intents = stripe.StripeClient(KEY, base_addresses={"api": url}).v1.payment_intents
    made = intents.create(
        {"amount": amount, "currency": "eur", "capture_method": "manual", "payment_method": "pm_card_visa", "confirm": True}
    )  # fmt: skip
    assert made.status == "requires_capture"
    return made.id


def test_capture_and_refund(gateway: StripeGateway, url: str, calls: Calls) -> None:
    payment = authorised(url, 5000)
    capture, refund = calls.capture(payment, 3000), calls.refund(payment, 1000)

    assert [gateway.look_up(call).kind for call in (capture, refund)] == [AnswerKind.NOT_FOUND] * 2
    captured, refunded = gateway.carry_out(capture), gateway.carry_out(refund)

    assert (captured.kind, refunded.kind) == (SUCCEEDED, SUCCEEDED)
    assert (captured.reference[:3], refunded.reference[:3]) == ("ch_", "re_")
    assert gateway.look_up(refund) == refunded
    assert gateway.carry_out(calls.void(payment)).kind is AnswerKind.FAILED


def test_void(gateway: StripeGateway, url: str, calls: Calls) -> None:
    void = calls.void(authorised(url, 5000))

    assert gateway.look_up(void).kind is AnswerKind.NOT_FOUND
    assert gateway.carry_out(void).kind is SUCCEEDED
    assert gateway.look_up(void).kind is SUCCEEDED
    assert gateway.carry_out(calls.refund("pi_of_nobody", 100)).kind is AnswerKind.FAILED


def test_what_it_does_not_know_raises_nothing(gateway: StripeGateway, url: str, calls: Calls) -> None:
    page = gateway.events("")

    assert page.events == () and page.problem
    assert gateway.carry_out(calls.link(100)).kind in (AnswerKind.UNKNOWN, AnswerKind.FAILED)
    assert gateway.payment(authorised(url, 100)) is None


def test_it_is_reached_from_this_machine_alone(url: str) -> None:
    """The package's own program listens on every address."""
    port = urlsplit(url).port
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    addresses = [
        line.split()[1] for line in listening.splitlines() if f":{port:04X} " in line and line.split()[3] == "0A"
    ]

    assert addresses == [f"0100007F:{port:04X}"]
    assert socket.gethostbyname("localhost") == "127.0.0.1"
