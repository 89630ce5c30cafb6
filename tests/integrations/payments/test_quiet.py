"""Stripe's library keeps quiet and to itself: nothing is printed, logged, told, followed or borrowed."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from opsdesk.domain.payments.gateways import AnswerKind
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from tests.conftest import StillClock
from tests.integrations.payments.stripe_kit import Calls

KEY = "sk_test_planted0123456789"


class Other(ThreadingHTTPServer):
    """Answers everything with one answer and remembers what was asked with."""

    daemon_threads = True

    def __init__(self) -> None:
        self.status, self.more, self.content = 200, {}, b"{}"
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    server: Other

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.path, dict(self.headers)))
        self.send_response(self.server.status)
        for name, value in {"Content-Type": "application/json", **self.server.more}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[Other]:
    with Other() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asking(other: Other, clock: StillClock) -> Iterator[StripeGateway]:
    opened = StripeGateway(Secret(KEY), url=other.url, clock=clock, answer_s=2.0)
    yield opened
    opened.close()


def test_a_redirection_is_not_followed(asking: StripeGateway, other: Other, calls: Calls) -> None:
    with Other() as thief:
        threading.Thread(target=thief.serve_forever, args=(0.05,), daemon=True).start()
        other.status, other.more = 307, {"Location": f"{thief.url}/v1/refunds"}

        assert asking.carry_out(calls.refund("pi_1", 100)).kind is AnswerKind.UNKNOWN
        assert not thief.asked
        thief.shutdown()


def test_a_netrc_does_not_replace_the_key(
    asking: StripeGateway, other: Other, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mia password borrowed\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    asking.carry_out(calls.refund("pi_1", 100))

    assert [headers["Authorization"] for _, headers in other.asked] == [f"Bearer {KEY}"]


def test_nothing_is_told_about_this_machine(asking: StripeGateway, other: Other, calls: Calls) -> None:
    asking.carry_out(calls.refund("pi_1", 100))
    asking.carry_out(calls.refund("pi_1", 100))

    for _, headers in other.asked:
        agent = json.loads(headers["X-Stripe-Client-User-Agent"])
        assert not {"telemetry_id", "platform", "uname"} & set(agent)
        assert "X-Stripe-Client-Telemetry" not in headers
    assert not (Path(os.environ["XDG_CONFIG_HOME"]) / "stripe").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b"5",
        b'{"object":"refund"}',
        b"<html>sorry</html>",
        b'{"id":5,"amount":"x","status":[]}',
    ],
)
def test_an_answer_in_another_form_is_unknown_and_raises_nothing(
    asking: StripeGateway, other: Other, calls: Calls, content: bytes
) -> None:
    other.content = content
    for call in (
        calls.refund("pi_1", 100),
        calls.capture("pi_1", 100),
        calls.void("pi_1"),
        calls.link(100),
        calls.cancel("plink_1"),
    ):
        assert asking.carry_out(call).kind in (AnswerKind.UNKNOWN, AnswerKind.PENDING), call.kind
        assert asking.look_up(call).kind is not AnswerKind.SUCCEEDED
    asking.payment("pi_1")
    asking.events("")
    asking.check()


QUIET = """
import logging, sys
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.payments.stripe import StripeGateway
from opsdesk.domain.payments.gateways import CallKind, GatewayCall
from opsdesk.domain.money import Money
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
gateway = StripeGateway(Secret(sys.stdin.readline().strip()), url=sys.argv[1])
print(gateway.carry_out(GatewayCall(CallKind.REFUND, "key-1", "pi_1", Money(100, "EUR"))).kind.value)
print(repr(gateway), vars(gateway))
"""


def test_nothing_is_printed_even_if_everything_is_logged(other: Other) -> None:
    """On a terminal a line on standard error would be painted over the screen; in a log it would outlive the key."""
    other.status, other.content = (
        400,
        json.dumps({"error": {"type": "invalid_request_error", "message": "no"}}).encode(),
    )
    other.more = {"Stripe-Notice": "a notice of theirs", "Request-Id": "req_1"}

    ran = subprocess.run(
        [sys.executable, "-c", QUIET, other.url], input=KEY, capture_output=True, text=True, timeout=60,
        env={**os.environ, "STRIPE_LOG": "debug", "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip

    assert ran.stdout.startswith("failed"), ran.stderr
    assert KEY not in ran.stdout + ran.stderr
    lines = [line for line in ran.stderr.splitlines() if not line.startswith("DEBUG:urllib3")]
    assert lines == []


def test_control_the_library_as_it_comes_prints(other: Other) -> None:
    loud = f"import stripe; stripe.StripeClient('{KEY}', base_addresses={{'api': '{other.url}'}}).v1.refunds.list()"

    ran = subprocess.run(
        [sys.executable, "-c", loud],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "STRIPE_LOG": "debug"},
    )

    assert "Post details" in ran.stderr


def test_opening_the_program_imports_no_library_of_payments() -> None:
    modules = (
        "opsdesk.settings, opsdesk.app, opsdesk.cli.worker, opsdesk.worker.loop, opsdesk.integrations.payments.opening"
    )
    asked = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; print(sorted({{'stripe', 'keyring', 'segno', 'requests'}} & set(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert asked.stdout.strip() == "[]"


def test_the_librarys_own_log_is_off(asking: StripeGateway) -> None:
    assert logging.getLogger("stripe").disabled
