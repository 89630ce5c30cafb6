"""The doctor looks at the gateway's key: where it is kept, who can read it, and whether the gateway takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdesk.doctor.findings import Finding, Level
from opsdesk.doctor.gateways import gateways, secrets
from opsdesk.settings import Settings, load_settings
from tests.peers.gateway import GatewayPeer


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[GatewayPeer]:
    with GatewayPeer(tmp_path / "gateway.jsonl") as running:
        yield running


def settings(tmp_path: Path, **values: str) -> Settings:
    return load_settings({"OPSDESK_CONFIG": str(tmp_path / "absent.toml"), **values})


def only(found: Iterator[Finding]) -> Finding:
    [finding] = found
    return finding


def test_without_a_key_there_is_nothing_to_mend(tmp_path: Path) -> None:
    assert only(gateways(settings(tmp_path))).level is Level.WELL
    assert list(secrets(settings(tmp_path))) == []


def test_a_key_that_the_gateway_takes_is_well_except_for_the_strange_address(peer: GatewayPeer, tmp_path: Path) -> None:
    finding = only(gateways(settings(tmp_path, OPSDESK_STRIPE_KEY=peer.api_key, OPSDESK_STRIPE_URL=peer.url)))

    assert finding.level is Level.WATCH
    assert "another address" in finding.sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"OPSDESK_STRIPE_KEY": "sk_test_of_nobody"}, "The key of the gateway is refused"),
        ({"OPSDESK_STRIPE_KEY": "pk_test_public_key"}, "no secret key of Stripe"),
        ({"OPSDESK_STRIPE_KEY_FILE": "/nowhere/key"}, "there is no such file"),
        ({"OPSDESK_STRIPE_KEY": "sk_test_opsdesk", "OPSDESK_STRIPE_URL": "http://gateway.example"}, "in clear"),
    ],
)
def test_a_key_that_does_not_work_must_be_mended(
    peer: GatewayPeer, tmp_path: Path, values: dict[str, str], sentence: str
) -> None:
    finding = only(gateways(settings(tmp_path, **{"OPSDESK_STRIPE_URL": peer.url, **values})))

    assert finding.level is Level.MEND
    assert sentence in finding.sentence
    assert "sk_test" not in finding.sentence and "pk_test" not in finding.sentence


@pytest.mark.parametrize(
    ("mode", "level"), [(0o600, Level.WELL), (0o400, Level.WELL), (0o640, Level.MEND), (0o604, Level.MEND)]
)
def test_who_can_read_a_secret_is_looked_at(tmp_path: Path, mode: int, level: Level) -> None:
    file = tmp_path / "key"
    file.write_text("sk_test_opsdesk")
    file.chmod(mode)

    finding = only(secrets(settings(tmp_path, OPSDESK_STRIPE_KEY_FILE=str(file))))

    assert finding.level is level
    assert "sk_test" not in finding.sentence
