"""Twenty secrets are planted, the shop works for a while, and every byte that it left behind is searched (A8)."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.settings import load_settings
from opsdesk.store.engine import open_store
from opsdesk.terminal.crash import record_crash
from tests.operations.money_kit import captured
from tests.peers.gateway import GatewayPeer
from tests.shop_orders import write_order

WAYS = ("environment", "file", "keyring")


class Planted:
    """Twenty secrets: for each way of keeping them a key and five signing secrets, and two passwords in addresses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.keys = {way: f"sk_live_{way}{secrets.token_hex(12)}" for way in WAYS}
        self.signing = {way: [f"whsec_{way}{secrets.token_hex(12)}" for _ in range(5)] for way in WAYS}
        self.passwords = [secrets.token_hex(12), secrets.token_hex(12)]

    @property
    def all(self) -> list[str]:
        return [*self.keys.values(), *(one for some in self.signing.values() for one in some), *self.passwords]

    def environment(self, way: str) -> dict[str, str]:
        """Return what names the secrets, kept in one of the ways."""
        key, signing = self.keys[way], " ".join(self.signing[way])
        mail = {"OPSDESK_SMTP_URL": f"smtps://shop:{self.passwords[0]}@127.0.0.1:9"}
        if way == "environment":
            return mail | {"OPSDESK_STRIPE_KEY": key, "OPSDESK_STRIPE_WEBHOOK_SECRETS": signing}
        if way == "file":
            return mail | {
                "OPSDESK_STRIPE_KEY_FILE": str(self._file("key", key)),
                "OPSDESK_STRIPE_WEBHOOK_SECRETS_FILE": str(self._file("signing", signing.replace(" ", "\n"))),
            }
        ring = self._file("ring", f"opsdesk/stripe={key}\nopsdesk/signing={signing}\n")
        return mail | {
            "OPSDESK_STRIPE_KEY": "keyring:opsdesk/stripe",
            "OPSDESK_STRIPE_WEBHOOK_SECRETS": "keyring:opsdesk/signing",
            "PYTHON_KEYRING_BACKEND": "tests.peers.memory_keyring.MemoryKeyring",
            "TEST_KEYRING": str(ring),
        }

    def _file(self, name: str, content: str) -> Path:
        file = self.folder / name
        file.write_text(content)
        file.chmod(0o600)
        return file

    def found_in(self, content: bytes) -> list[str]:
        return [one for one in self.all if one.encode() in content]

    def found_under(self, *folders: Path) -> dict[str, list[str]]:
        """Search every file under some folders, except those in which the secrets were planted."""
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        searched = {str(path): self.found_in(path.read_bytes()) for path in files if self.folder not in path.parents}
        assert searched
        return {name: found for name, found in searched.items() if found}

    def found_in_arguments(self) -> list[str]:
        """Search what `ps` would show of every process."""
        lines = [_read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
        assert len(lines) > 1
        return [one for line in lines for one in self.found_in(line)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    made = Planted(tmp_path / "planted")
    assert len(set(made.all)) == 20
    return made


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, str]:
    """Give the program folders of its own, and everything that can be logged is."""
    found = {f"XDG_{kind}_HOME": str(tmp_path / "home" / kind.lower()) for kind in ("DATA", "CONFIG", "STATE", "CACHE")}
    return {**os.environ, **found, "STRIPE_LOG": "debug", "PYTHONPATH": str(Path.cwd()), "PYTHONWARNINGS": "always"}


def run(environment: Mapping[str, str], *arguments: str) -> bytes:
    ran = subprocess.run(
        [sys.executable, "-m", "opsdesk", *arguments], env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=90
    )  # fmt: skip
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout + ran.stderr


def works_for_a_while(environment: Mapping[str, str], peer: GatewayPeer, planted: Planted) -> bytes:
    """Run a worker until it has asked the gateway, look at all processes meanwhile, and stop it."""
    before = len(peer.seen)
    worker = subprocess.Popen(
        [sys.executable, "-m", "opsdesk", "worker"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + 60
        while len(peer.seen) == before and time.monotonic() < until and worker.poll() is None:
            time.sleep(0.05)
        shown = planted.found_in_arguments()
    finally:
        worker.send_signal(signal.SIGTERM)
        printed, _ = worker.communicate(timeout=60)
    assert len(peer.seen) > before, printed
    assert shown == []
    return printed


@pytest.mark.parametrize("way", WAYS)
def test_a_shop_at_work_shows_no_secret(
    way: str, planted: Planted, homes: dict[str, str], sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in homes.items():
        monkeypatch.setenv(name, value)
    store = open_store(sqlite_url)
    captured(store, write_order(store), reference="pi_planted")
    store.close()
    with GatewayPeer(tmp_path / "gateway.jsonl", api_key=planted.keys[way]) as peer:
        environment = {**homes, **planted.environment(way), "OPSDESK_STORE": sqlite_url, "OPSDESK_STRIPE_URL": peer.url}
        printed = works_for_a_while(environment, peer, planted)
        if way == "file":
            # What is written out is the same whichever way the secrets are kept.
            printed += run(environment, "export", "orders", str(tmp_path / "orders.jsonl"))
            printed += run(environment, "backup", str(tmp_path / "backup"))
            printed += run(environment, "audit", "show")
            assert (tmp_path / "orders.jsonl").exists() and (tmp_path / "backup").exists()
        assert peer.seen and all(seen.status != 401 for seen in peer.seen)

    assert planted.found_in(printed) == []
    assert planted.found_under(tmp_path) == {}


def test_a_crash_report_shows_no_secret(planted: Planted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for way in ("environment", "file"):
        settings = load_settings({"OPSDESK_STATE": str(state), **planted.environment(way)})
        key = settings.stripe_key.read()
        assert key is not None
        gateway = StripeGateway(key, url="http://127.0.0.1:9")
        for said in (
            f"{settings}",
            f"{key!r} {key}",
            repr(vars(gateway)),
            f"Bearer {key.reveal()}",
            f"key={key.reveal()}",
            settings.smtp_url,
        ):
            try:
                raise RuntimeError(said)
            except RuntimeError as error:
                record_crash(error, state)

    assert len(list((state / "crashes").iterdir())) == 12
    assert planted.found_under(state) == {}


def test_control_a_careless_program_is_caught(planted: Planted, tmp_path: Path) -> None:
    shown = planted.keys["file"]
    asks = [sys.executable, "-c", "input('here\\n')", shown]
    careless = subprocess.Popen(asks, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        # What a process was called with can only be seen some time after it was started.
        assert careless.stdout is not None and careless.stdout.readline() == b"here\n"
        assert planted.found_in_arguments() == [shown]
    finally:
        careless.communicate(b"\n")
    (tmp_path / "log.txt").write_text(f"using {shown}")

    assert planted.found_under(tmp_path) == {str(tmp_path / "log.txt"): [shown]}
    assert Secret(shown).reveal() == shown
