"""Stripe's adapter, over a real line to the test gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from tests.conftest import StillClock
from tests.integrations.payments.stripe_kit import Calls
from tests.peers.gateway import GatewayPeer


@pytest.fixture
def calls(clock: StillClock) -> Calls:
    return Calls(clock)


@pytest.fixture
def peer(tmp_path: Path, clock: StillClock) -> Iterator[GatewayPeer]:
    """Run a gateway whose clock stands where the test's stands."""
    with GatewayPeer(tmp_path / "gateway.jsonl", clock=clock, seed=7) as running:
        yield running


@pytest.fixture
def gateway(peer: GatewayPeer, clock: StillClock) -> Iterator[StripeGateway]:
    """Open the adapter over the test gateway; it waits for an answer for a second."""
    opened = StripeGateway(
        Secret(peer.api_key), url=peer.url, webhook_secrets=[Secret("whsec_opsdesk")], clock=clock, answer_s=1.0
    )
    yield opened
    opened.close()
