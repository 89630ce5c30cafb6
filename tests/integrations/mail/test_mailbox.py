"""The mailbox over IMAP: every mail once and in order, nothing changed in it, and no server can hold or flood us."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import monotonic

import pytest

from opsdesk.domain.errors import Invalid
from opsdesk.domain.mails.received import Bounce, Ignored, MailboxPage, Reply
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.mail import mailbox
from opsdesk.integrations.mail.imap import LONGEST_LITERAL, MOST_BYTES, ImapLine
from opsdesk.integrations.mail.mailbox import LOOKS_BACK, ImapMailbox, ImapServer, read_imap_url
from tests.conftest import START
from tests.peers.imap_sink import PASSWORD, USER, Faults, ImapSink, imap_sink
from tests.peers.smtp_sink import certificates

RECEIVED = Path(__file__).with_name("received")
BOUNCE = (RECEIVED / "postfix_unknown.eml").read_bytes()
ANSWER = (RECEIVED / "reply_gmail.eml").read_bytes()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def sink(tmp_path: Path, faults: Faults) -> Iterator[ImapSink]:
    with imap_sink(tmp_path / "mails", faults) as running:
        yield running


def opened(sink: ImapSink, *, password: str = PASSWORD, lasts_s: float = 20.0, **changed: str) -> ImapMailbox:
    server = replace(ImapServer("imap", "127.0.0.1", sink.port, USER), **changed)
    return ImapMailbox(server, Secret(password), timeout_s=2.0, lasts_s=lasts_s)


def read(sink: ImapSink, after: str = "", **how: str) -> MailboxPage:
    box = opened(sink, **how)
    page = box.read(after, now=START)
    box.close()
    return page


def test_mails_come_once_and_in_order(sink: ImapSink) -> None:
    for content in (BOUNCE, ANSWER):
        sink.deliver(content)
    first = read(sink)
    assert [type(mail.verdict) for mail in first.mails] == [Bounce, Reply]
    assert (first.cursor, first.problem, first.has_more) == ("7:42", "", False)
    # A range of UIDs that ends in * holds the last mail even when it is an old one.
    assert read(sink, first.cursor).mails == ()
    sink.deliver(ANSWER)
    later = read(sink, first.cursor)
    assert [mail.uid for mail in later.mails] == [43]
    assert later.mails[0].key == first.mails[1].key, "the same mail has the same key, wherever it is read"


def test_many_mails_come_in_pages(sink: ImapSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MOST_MAILS", 3)
    for _ in range(7):
        sink.deliver(ANSWER)
    cursor, uids, more = "", [], True
    while more:
        page = read(sink, cursor)
        cursor, more = page.cursor, page.has_more
        uids += [mail.uid for mail in page.mails]
    assert uids == list(range(41, 48))


def test_a_mailbox_never_read_before_is_read_from_some_days_ago(sink: ImapSink) -> None:
    sink.deliver(BOUNCE, at=START - LOOKS_BACK - timedelta(days=1))
    assert read(sink).mails == ()
    assert read(sink).cursor == "7:41"
    sink.deliver(BOUNCE, at=START - LOOKS_BACK)
    assert [mail.uid for mail in read(sink).mails] == [42]
    assert [mail.uid for mail in read(sink, "7:41").mails] == [42]


def test_a_mailbox_that_was_made_anew_is_read_anew(sink: ImapSink) -> None:
    sink.deliver(BOUNCE)
    before = read(sink)
    sink.validity = 8
    after = read(sink, before.cursor)
    assert after.cursor == "8:41"
    assert [mail.key for mail in after.mails] == [mail.key for mail in before.mails]


def test_nothing_is_changed_in_the_mailbox(sink: ImapSink) -> None:
    sink.deliver(BOUNCE)
    box = opened(sink)
    box.mark(box.read("", now=START))
    box.close()
    assert sink.said("EXAMINE") and not sink.said("SELECT")
    assert not sink.said("STORE") and not sink.said("EXPUNGE")
    assert all("PEEK" in line for line in sink.said("FETCH"))


def test_mails_that_were_read_get_the_keyword_that_is_wanted(sink: ImapSink) -> None:
    for _ in range(2):
        sink.deliver(BOUNCE)
    box = opened(sink, keyword="OpsDesk")
    box.mark(box.read("", now=START))
    box.close()
    assert sink.flags == {41: {"OpsDesk"}, 42: {"OpsDesk"}}


def test_a_mail_that_somebody_deleted_meanwhile_is_passed_over(sink: ImapSink, faults: Faults) -> None:
    sink.deliver(BOUNCE)
    faults.says["SEARCH"] = b"* SEARCH 39 41\r\n{tag} OK done\r\n"
    page = read(sink)
    assert ([mail.uid for mail in page.mails], page.cursor, page.problem) == ([41], "7:41", "")


def test_a_huge_mail_is_read_at_its_head_alone(sink: ImapSink) -> None:
    sink.deliver(BOUNCE + b"x" * 5_000_000)
    (mail,) = read(sink).mails
    assert isinstance(mail.verdict, Bounce)


# Servers that do not do as they should.


def test_a_server_that_sends_more_than_was_asked_for_is_cut_off_and_the_mail_passed_over(
    sink: ImapSink, faults: Faults
) -> None:
    sink.deliver(b"x" * (LONGEST_LITERAL + 1))
    sink.deliver(BOUNCE)
    faults.whole = True
    first = read(sink)
    assert (first.cursor, first.has_more) == ("7:41", True)
    assert isinstance(first.mails[0].verdict, Ignored)
    assert isinstance(read(sink, first.cursor).mails[0].verdict, Bounce)


ODD: dict[str, Callable[[Faults], None]] = {
    "cuts the line": lambda faults: setattr(faults, "cut", "FETCH"),
    "says nothing": lambda faults: setattr(faults, "stall", "FETCH"),
    "says nothing at the sign-in": lambda faults: setattr(faults, "stall", "CAPABILITY"),
    "drips": lambda faults: setattr(faults, "drip", "SEARCH"),
    "announces 9 GB": lambda faults: faults.says.update(FETCH=b"* 1 FETCH (BODY[] {9999999999}\r\n"),
    "announces 5,000 digits": lambda faults: faults.says.update(FETCH=b"* 1 FETCH (BODY[] {" + b"9" * 5_000 + b"}\r\n"),
    "never ends a line": lambda faults: faults.says.update(SEARCH=b"* SEARCH " + b"1 " * 1_000_000),
    "floods": lambda faults: faults.says.update(SEARCH=b"* SEARCH 1 2 3\r\n" * (MOST_BYTES // 15)),
    "says no": lambda faults: faults.says.update(FETCH=b"{tag} NO out of order\r\n"),
    "speaks another language": lambda faults: faults.says.update(CAPABILITY=b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "says goodbye": lambda faults: faults.says.update(SEARCH=b"* BYE too many connections\r\n"),
    "counts wrongly": lambda faults: faults.says.update(SEARCH=b"* SEARCH one two \xff\r\n{tag} OK\r\n* 1 EXPUNGE\r\n"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_server_that_misbehaves_costs_little_time_and_memory_and_no_mail(
    sink: ImapSink, faults: Faults, name: str
) -> None:
    ODD[name](faults)
    sink.deliver(BOUNCE)
    box = opened(sink, lasts_s=3.0)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, monotonic()
    page = box.read("7:40", now=START)
    assert monotonic() - began < 10, "seconds"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 * 1024, "kB"
    is_passed_over = bool(page.mails) and isinstance(page.mails[0].verdict, Ignored)
    assert page.problem or is_passed_over or name == "counts wrongly"
    assert page.cursor in (("7:41",) if is_passed_over else ("7:40",))
    faults.__init__()  # type: ignore[misc]  # it behaves again
    box.close()
    if not is_passed_over:
        assert isinstance(box.read(page.cursor, now=START).mails[0].verdict, Bounce)


@pytest.mark.parametrize("no_plain", [True, False])
def test_a_wrong_password_is_said_without_it(sink: ImapSink, faults: Faults, no_plain: bool) -> None:
    faults.no_plain = no_plain
    assert opened(sink).check() is None
    problem = opened(sink, password="wrong\u00e9 horse").check()
    assert problem is not None
    assert "sign" in problem and "horse" not in problem
    assert opened(sink, folder="Nowhere").check() is not None


def test_tls_is_spoken_from_the_first_byte_and_its_certificate_is_checked(tmp_path: Path) -> None:
    made = certificates()
    with imap_sink(tmp_path / "mails", tls=made.server) as sink:
        sink.deliver(BOUNCE)
        server = ImapServer("imaps", "localhost", sink.port, USER)
        trusting = ImapMailbox(server, Secret(PASSWORD), timeout_s=5, tls=made.client)
        assert len(trusting.read("", now=START).mails) == 1
        trusting.close()
        problem = ImapMailbox(server, Secret(PASSWORD), timeout_s=5).check()
        assert problem is not None and "certificate is not trusted" in problem
        assert len(sink.said("AUTHENTICATE")) == 1, "no password for a stranger"


def test_nobody_there_is_a_problem_and_no_error() -> None:
    server = ImapServer("imap", "127.0.0.1", 1, USER)
    assert ImapMailbox(server, Secret(PASSWORD), timeout_s=1).read("7:3", now=START).cursor == "7:3"


# The address.


def test_the_address_of_a_mailbox_is_read() -> None:
    server = read_imap_url("imaps://orders%40shop.example@mail.example/Shop%20mail?keyword=OpsDesk")
    assert server == ImapServer("imaps", "mail.example", 993, "orders@shop.example", "Shop mail", "OpsDesk")
    assert str(read_imap_url("imaps://desk@mail.example:1993")) == "imaps://desk@mail.example:1993/INBOX"
    assert read_imap_url("imap://desk@127.0.0.1/INBOX").port == 143


@pytest.mark.parametrize(
    "url",
    [
        "imaps://mail.example/INBOX",
        "imap://desk@mail.example/INBOX",
        "imaps://desk:secret@mail.example/INBOX",
        "pop3://desk@mail.example",
        "imaps://desk@mail.example/INBOX?delete=yes",
        "imaps://desk@mail.example/INBOX?keyword=%5CDeleted",
        "imaps://desk@mail.example/a%0D%0Ab",
        "imaps://de%0Ask@mail.example/INBOX",
        "imaps://desk@mail.example:port/INBOX",
        "",
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_imap_url(url)
    assert "secret" not in refused.value.message


def test_a_limit_on_each_wait_alone_is_caught_by_a_server_that_drips(
    sink: ImapSink, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what a timeout of the socket gives, which each byte begins anew."""
    monkeypatch.setattr(ImapLine, "_patience", lambda line: line._wait_s)
    faults.drip = "SEARCH"
    reading = Thread(target=opened(sink, lasts_s=1.0).read, args=("7:40",), kwargs={"now": START}, daemon=True)
    reading.start()
    reading.join(timeout=4)
    assert reading.is_alive()
    sink.stopped.set()
    reading.join(timeout=20)
