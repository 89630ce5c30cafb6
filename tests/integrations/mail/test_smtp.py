"""Handing mails to a real SMTP server, with everything that goes wrong on the way."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.outgoing import Letter, OutgoingMail, Sender
from opsdesk.integrations.mail.smtp import SmtpMailer, SmtpServer, read_smtp_url
from opsdesk.integrations.ports import SendResult
from tests.peers.smtp_sink import Certificates, Faults, Sink, certificates, smtp_sink

SENDER = Sender("Example Shop", "orders@shop.example", "hello@shop.example")


def mail(number: int = 1, recipient: str = "ada@example.com") -> OutgoingMail:
    letter = Letter("Order 104501 – größer", "Hello\n.\n.dot\nGrüße\n", "<p>Hello</p>", "en")
    return OutgoingMail(
        f"mail.{number}",
        recipient,
        letter,
        datetime(2026, 3, 2, tzinfo=UTC),
    )


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def sink(tmp_path: Path, faults: Faults) -> Iterator[Sink]:
    with smtp_sink(tmp_path / "journal", faults) as running:
        yield running


@pytest.fixture
def mailer(sink: Sink) -> Iterator[SmtpMailer]:
    made = SmtpMailer(SmtpServer("smtp", "127.0.0.1", sink.port), SENDER, timeout_s=5)
    yield made
    made.close()


def test_a_mail_arrives_as_it_was_written(sink: Sink, mailer: SmtpMailer) -> None:
    outcome = mailer.send(mail())

    assert outcome.result is SendResult.ACCEPTED
    (arrived,) = sink.taken()
    assert str(arrived["Subject"]) == "Order 104501 – größer"
    assert str(arrived["From"]) == "Example Shop <orders@shop.example>"
    assert (str(arrived["Reply-To"]), str(arrived["To"])) == (
        "hello@shop.example",
        "ada@example.com",
    )
    assert str(arrived["Message-ID"]) == "<mail.1@shop.example>"
    assert str(arrived["Auto-Submitted"]) == "auto-generated"
    text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert text is not None
    assert text.get_content().splitlines() == ["Hello", ".", ".dot", "Grüße"]
    assert html is not None
    assert html.get_content().strip() == "<p>Hello</p>"


def test_one_connection_serves_many_mails(sink: Sink, mailer: SmtpMailer) -> None:
    assert {mailer.send(mail(number)).result for number in range(20)} == {SendResult.ACCEPTED}
    assert len(sink.taken()) == 20
    assert sink.connections == 1


@pytest.mark.parametrize(
    ("at_rcpt", "at_data", "expected", "taken"),
    [
        ("451 greylisted, try later", None, SendResult.TRY_LATER, 0),
        ("550 no such mailbox", None, SendResult.REJECTED, 0),
        ("drop", None, SendResult.TRY_LATER, 0),
        (None, "452 disk full", SendResult.TRY_LATER, 0),
        (None, "554 content refused", SendResult.REJECTED, 0),
        (None, "drop", SendResult.IN_DOUBT, 0),
        (None, "reset", SendResult.IN_DOUBT, 1),
    ],
    ids=[
        "greylist",
        "no mailbox",
        "drop before data",
        "busy",
        "refused",
        "drop in data",
        "reset after accept",
    ],
)
def test_each_fault_has_its_outcome(
    sink: Sink, mailer: SmtpMailer, at_rcpt: str | None, at_data: str | None, expected: SendResult, taken: int
) -> None:
    sink.faults.at_rcpt, sink.faults.at_data = [at_rcpt], [at_data]

    assert mailer.send(mail()).result is expected
    assert len(sink.taken()) == taken
    assert mailer.send(mail(2)).result is SendResult.ACCEPTED, "the next mail must not suffer from it"


def test_the_server_closing_an_idle_connection_harms_nobody(tmp_path: Path) -> None:
    with smtp_sink(tmp_path / "journal") as first:
        mailer = SmtpMailer(SmtpServer("smtp", "127.0.0.1", first.port), SENDER, timeout_s=5)
        assert mailer.send(mail(1)).result is SendResult.ACCEPTED
    assert mailer.send(mail(2)).result is SendResult.TRY_LATER
    mailer.close()


def test_nobody_listening_is_tried_later_and_named_by_the_check() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        mailer = SmtpMailer(SmtpServer("smtp", "127.0.0.1", taken.getsockname()[1]), SENDER, timeout_s=2)
        assert mailer.send(mail()).result is SendResult.TRY_LATER
        assert "connection refused" in (mailer.check() or "")


@pytest.fixture(scope="module")
def papers() -> Certificates:
    return certificates()


def test_starttls_and_sign_in(tmp_path: Path, papers: Certificates) -> None:
    with smtp_sink(tmp_path / "journal", tls=papers.server, login=True) as sink:
        server = read_smtp_url(f"smtp+starttls://desk:correct%20horse@localhost:{sink.port}")
        mailer = SmtpMailer(server, SENDER, timeout_s=5, tls=papers.client)
        assert mailer.check() is None
        assert mailer.send(mail()).result is SendResult.ACCEPTED
        mailer.close()


def test_a_refused_sign_in_is_no_fault_of_the_mail(tmp_path: Path, papers: Certificates) -> None:
    with smtp_sink(tmp_path / "journal", tls=papers.server, login=True) as sink:
        server = read_smtp_url(f"smtp+starttls://desk:geheim-4711@localhost:{sink.port}")
        mailer = SmtpMailer(server, SENDER, timeout_s=5, tls=papers.client)
        outcome = mailer.send(mail())
        assert outcome.result is SendResult.TRY_LATER
        assert "535" in outcome.reply
        assert "geheim" not in outcome.reply + repr(server) + str(server) + (mailer.check() or "")
        assert sink.taken() == []
        mailer.close()


def test_an_unknown_certificate_and_a_server_without_starttls_get_nothing(tmp_path: Path, papers: Certificates) -> None:
    with smtp_sink(tmp_path / "one", tls=papers.server) as sink:
        stranger = SmtpMailer(
            SmtpServer("smtp+starttls", "localhost", sink.port),
            SENDER,
            timeout_s=5,
            tls=ssl.create_default_context(),
        )
        assert "certificate is not trusted" in stranger.send(mail()).reply
        assert sink.taken() == []
    with smtp_sink(tmp_path / "two") as sink:
        plain = SmtpMailer(
            SmtpServer("smtp+starttls", "localhost", sink.port),
            SENDER,
            timeout_s=5,
            tls=papers.client,
        )
        assert plain.send(mail()).result is SendResult.TRY_LATER
        assert sink.taken() == []


def test_addresses_beyond_ascii_travel_as_smtputf8(sink: Sink, mailer: SmtpMailer) -> None:
    assert mailer.send(mail(recipient="jürgen@bücher.example")).result is SendResult.ACCEPTED
    assert sink.lines()[0]["to"] == ["jürgen@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:99999",
        "smtp://mail.example/path",
        "smtp://desk:geheim-4711@mail.example",
    ],
)
def test_a_wrong_server_address_is_refused_without_showing_the_password(
    url: str,
) -> None:
    with pytest.raises(Invalid) as refusal:
        read_smtp_url(url)
    assert "geheim" not in refusal.value.message


def test_ports_follow_the_scheme() -> None:
    assert [read_smtp_url(f"{scheme}://mail.example").port for scheme in ("smtp", "smtp+starttls", "smtps")] == [
        25,
        587,
        465,
    ]
