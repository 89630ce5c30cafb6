"""The worker reads the mailbox: each mail at most once whatever happens, none lost, and nothing of it stops the rest."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.mails.received import Bounce, BounceKind, MailboxPage, ReceivedMail, Reply
from opsdesk.domain.people.actors import WORKER
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.mail.mailbox import ImapMailbox, ImapServer
from opsdesk.store.desk.leases import find_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, CommandRow, ContactRow, MailboxCursorRow, NoteRow
from opsdesk.store.work import Performer
from opsdesk.worker.loop import MAILBOX_LEASE, run_once, run_worker
from opsdesk.worker.mailbox import read_mailbox
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import with_files
from tests.operations.mail_kit import asked, mails
from tests.operations.orders_kit import rows
from tests.peers.imap_sink import PASSWORD, USER, ImapSink, imap_sink
from tests.shop_orders import write_customer, write_order

ROOT = Path(__file__).parents[2]
RECEIVED = ROOT / "tests" / "integrations" / "mail" / "received"
THEIRS = b"mail.0123456789abcdef0123456789abcdef"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[ImapSink]:
    with imap_sink(tmp_path / "inbox") as running:
        yield running


def box_of(sink: ImapSink) -> ImapMailbox:
    return ImapMailbox(ImapServer("imap", "127.0.0.1", sink.port, USER), Secret(PASSWORD), timeout_s=5)


def about(name: str, message_id: str, number: int = 0) -> bytes:
    """Return a real mail that is about one of ours; the number makes it one of its own."""
    content = (RECEIVED / f"{name}.eml").read_bytes().replace(THEIRS, message_id.encode())
    return content.replace(b"Subject:", f"X-Number: {number}\nSubject:".encode(), 1)


def write_asked(store: Store, clock: StillClock, count: int) -> list[str]:
    """Ask the customers of so many suspected orders to call; return the mails' Message-IDs."""
    for number in range(count):
        customer_id = write_customer(store, email=f"ada{number}@berg.example")
        asked(store, clock, write_order(store, f"1044{number:02}", customer_id=customer_id))
    return [mail.message_id for mail in mails(store)]


def recorded(store: Store) -> Counter[str]:
    """Return how often each thing was written down."""
    with store.reading() as session:
        lines = session.execute(
            select(col(ActivityRow.action), col(ActivityRow.subject_id)).where(
                col(ActivityRow.action).in_(("mail.bounced", "mail.answered"))
            )
        )
        return Counter(f"{action} {subject}" for action, subject in lines)


def run(url: str, sink: ImapSink, *, kills: int, naive: bool = False) -> None:
    arguments = [url, str(sink.port), "5", str(kills), *(["naive"] if naive else [])]
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker.mailbox_runs", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def fill(store: Store, sink: ImapSink, clock: StillClock) -> int:
    """Let twelve mails be bounced or answered, with other people's mails between; return how many are ours."""
    for number, message_id in enumerate(write_asked(store, clock, 12)):
        sink.deliver(about("reply_gmail" if number % 2 else "postfix_unknown", message_id, number), at=START)
        sink.deliver((RECEIVED / "newsletter.eml").read_bytes(), at=START)
    return 12


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_at_every_step_each_mail_is_recorded_once_and_none_is_lost(
    request: pytest.FixtureRequest, sink: ImapSink, clock: StillClock, kind: str
) -> None:
    store = with_files(open_store(request.getfixturevalue(f"{kind}_url")))
    count = fill(store, sink, clock)
    run(store.url, sink, kills=10)
    found = recorded(store)
    assert len(found) == count
    assert set(found.values()) == {1}
    assert len(rows(store, NoteRow)) == count // 2
    assert len(rows(store, ContactRow)) == count
    store.close()


def test_a_reader_that_gives_a_mail_a_new_name_each_time_is_caught(
    sqlite_url: str, sink: ImapSink, clock: StillClock
) -> None:
    """The control: it writes what a customer answered once more after each kill."""
    store = with_files(open_store(sqlite_url))
    fill(store, sink, clock)
    run(store.url, sink, kills=10, naive=True)
    assert max(recorded(store).values()) > 1
    store.close()


def test_what_is_not_ours_leaves_no_trace_but_the_cursor(sqlite_url: str, sink: ImapSink, clock: StillClock) -> None:
    store = with_files(open_store(sqlite_url))
    write_asked(store, clock, 1)
    for name in ("newsletter", "reply_by_subject", "postfix_unknown", "reply_gmail", "holiday_notice"):
        sink.deliver((RECEIVED / f"{name}.eml").read_bytes(), at=START)
    before = {row.id for row in rows(store, CommandRow)}
    assert read_mailbox(Performer(store, WORKER, clock), box_of(sink)) == 0
    assert {row.name for row in rows(store, CommandRow) if row.id not in before} == {"mailbox.move_cursor"}
    assert rows(store, MailboxCursorRow)[0].cursor == "7:45"
    store.close()


def test_what_the_shop_itself_wrote_is_no_answer(sqlite_url: str, sink: ImapSink, clock: StillClock) -> None:
    store = with_files(open_store(sqlite_url))
    (message_id,) = write_asked(store, clock, 1)
    ours = about("reply_gmail", message_id).replace(
        b"From: Ada Example <ada@example.com>", b"From: orders@shop.example"
    )
    sink.deliver(ours, at=START)
    assert read_mailbox(Performer(store, WORKER, clock), box_of(sink)) == 0
    assert rows(store, NoteRow) == []
    store.close()


class PaperBox:
    """A mailbox that gives out what it is told to."""

    name = "imaps://desk@mail.example/INBOX"

    def __init__(self, *pages: MailboxPage) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []
        self.closed = 0

    def read(self, after: str, *, now: datetime) -> MailboxPage:
        self.asked.append(after)
        return self.pages.pop(0) if self.pages else MailboxPage((), after)

    def mark(self, page: MailboxPage) -> None:
        pass

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        self.closed += 1


def test_a_mailbox_that_cannot_be_read_says_so_once_and_goes_on_where_it_was(store: Store, clock: StillClock) -> None:
    away = MailboxPage((), "7:3", "imaps://desk@mail.example/INBOX cannot be read: no answer in time.")
    box = PaperBox(MailboxPage((), "7:3"), away, away, MailboxPage((), "7:3"))
    performer = Performer(store, WORKER, clock)
    told = []
    for _ in range(4):
        read_mailbox(performer, box)
        told.append((rows(store, MailboxCursorRow)[0].cursor, bool(rows(store, MailboxCursorRow)[0].problem)))
    assert told == [("7:3", False), ("7:3", True), ("7:3", True), ("7:3", False)]
    assert box.asked == ["", "7:3", "7:3", "7:3"]
    assert box.closed == 4
    assert sum(row.name == "mailbox.move_cursor" for row in rows(store, CommandRow)) == 3


def test_one_mail_read_in_two_mailboxes_is_one_mail(store: Store, clock: StillClock) -> None:
    shop = with_files(store)
    (message_id,) = write_asked(shop, clock, 1)
    answer = Reply(answers=(message_id,), sender="ada0@berg.example", subject="Re: x", text="I will call.")
    page = MailboxPage((ReceivedMail("mail-one", 3, answer),), "7:3")
    here, there = PaperBox(page), PaperBox(replace(page, cursor="9:8"))
    there.name = "imaps://desk@mail.example/Archive"
    performer = Performer(shop, WORKER, clock)
    read_mailbox(performer, here)
    read_mailbox(performer, there)
    assert len(rows(shop, NoteRow)) == 1


def test_the_mailbox_has_a_lease_of_its_own(sqlite_url: str, clock: StillClock) -> None:
    store = open_store(sqlite_url)
    here, there = PaperBox(), PaperBox()
    assert run_once(store, None, holder="one", clock=clock).mailbox_lease is None
    assert run_once(store, None, holder="two", clock=clock, mailbox=here).mailbox_lease is not None
    assert run_once(store, None, holder="three", clock=clock, mailbox=there).mailbox_lease is None
    assert (len(here.asked), len(there.asked)) == (1, 0)
    clock.advance(minutes=5)
    assert run_once(store, None, holder="three", clock=clock, mailbox=there).mailbox_lease is not None
    store.close()


def test_a_worker_reads_once_a_minute_and_gives_the_lease_back(sqlite_url: str) -> None:
    store, clock, stop = open_store(sqlite_url), StillClock(), Event()
    box = PaperBox()

    def moments() -> datetime:
        now = clock.advance(seconds=1)
        if now > START + timedelta(minutes=3):
            stop.set()
        return now

    run_worker(store, None, clock=moments, stop=stop, pause_s=0, mailbox=box)
    assert 2 <= len(box.asked) <= 4
    with store.reading() as session:
        lease = find_lease(session, MAILBOX_LEASE)
    assert lease is not None
    assert lease.expires_at <= clock()
    store.close()


def test_a_mail_that_cannot_be_recorded_keeps_no_other_from_being_read(
    sqlite_url: str, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opsdesk.domain.errors import Conflict

    store = with_files(open_store(sqlite_url))
    first, second = write_asked(store, clock, 2)
    bounces = [Bounce(kind=BounceKind.HARD, status="5.1.1", message_id=message_id) for message_id in (first, second)]
    page = MailboxPage(tuple(ReceivedMail(f"mail-{n}", n, bounce) for n, bounce in enumerate(bounces)), "7:2")
    keep = Performer.perform_as

    def stubborn(self, command_id, operation, /, *args, **how):
        if command_id == "mail-0":
            raise Conflict("Somebody else saved the same thing first.")
        return keep(self, command_id, operation, *args, **how)

    monkeypatch.setattr(Performer, "perform_as", stubborn)
    assert read_mailbox(Performer(store, WORKER, clock), PaperBox(page)) == 1
    assert [mail.state for mail in mails(store)] == ["accepted", "bounced"]
    store.close()
