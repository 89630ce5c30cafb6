"""A payment gateway for tests, shaped after Stripe's documented interface, with its own journal as the witness.

`python -m tests.peers.gateway --port 8430 --journal gateway.jsonl` runs it for trying things out by hand.

Stripe's own library drives it unchanged: `StripeClient(gateway.api_key, base_addresses={"api": gateway.url})`.
Amounts are in the gateway's minor units, currencies in any case, times aware.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from tests.peers.gateway_bank import Bank
from tests.peers.gateway_clock import PeerClock
from tests.peers.gateway_controls import Controls
from tests.peers.gateway_faults import Call, Fault, Faults, Hold
from tests.peers.gateway_http import Seen, Wire
from tests.peers.gateway_journal import Deed, Effect, Journal
from tests.peers.gateway_state import Book
from tests.peers.gateway_webhooks import Webhooks, deliveries

__all__ = ["Call", "Deed", "Effect", "Fault", "GatewayPeer", "Hold", "deliveries"]


class GatewayPeer(Controls):
    """The gateway, listening on 127.0.0.1 while the block lasts.

    Attributes:
        faults: what goes wrong with the next calls.
        seen: every request that arrived, in order.
        patience: seconds of silence after which the gateway hangs up in a timeout; None waits for the caller.
    """

    def __init__(
        self,
        journal: Path,
        *,
        clock: Callable[[], datetime] | None = None,
        port: int = 0,
        api_key: str = "sk_test_opsdesk",
        webhook_secret: str = "whsec_opsdesk",
        seed: int | None = None,
        patience: float | None = None,
    ) -> None:
        peer_clock = PeerClock(clock)
        book = Book(peer_clock, Journal(journal), seed=seed)
        super().__init__(Bank(book), Webhooks(peer_clock, webhook_secret))
        self.clock = peer_clock
        self.api_key = api_key
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.patience = patience
        self._port = port
        self._wire: Wire | None = None
        self._bugs: list[Exception] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> GatewayPeer:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        if self._bugs and error is None:
            raise self._bugs[0]

    def up(self) -> None:
        """Listen, at the same port as before if there was one."""
        if self._wire is not None:
            return
        self._wire = Wire(self.bank, self.faults, self.seen, self._port, self.api_key, self.patience)
        self._port = self._wire.server_address[1]
        self.bank.checkout.pages = self.url
        threading.Thread(target=self._wire.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        """Stop listening: whoever calls now is refused. What the gateway knows stays."""
        if self._wire is None:
            return
        wire, self._wire = self._wire, None
        self.faults.release()
        wire.end()
        self._bugs += wire.bugs

    def requests(self, call: str = Call.ANY) -> list[Seen]:
        """Return the requests of a kind that arrived."""
        return [seen for seen in self.seen if call in {Call.ANY, seen.call}]


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description="A payment gateway for trying things out; no money is moved.")
    parser.add_argument("--port", type=int, default=8430)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--api-key", default="sk_test_opsdesk")
    parser.add_argument("--webhook-secret", default="whsec_opsdesk")
    asked = parser.parse_args()
    # A shell that starts it in the background lets it ignore Ctrl+C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gateway = GatewayPeer(asked.journal, port=asked.port, api_key=asked.api_key, webhook_secret=asked.webhook_secret)
    with gateway:
        print(f"OPSDESK_STRIPE_URL={gateway.url}")
        print(f"OPSDESK_STRIPE_KEY={gateway.api_key}")
        print(f"OPSDESK_STRIPE_WEBHOOK_SECRETS={asked.webhook_secret}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("closed", flush=True)


if __name__ == "__main__":
    main()
