"""The outbox's lists: what needs somebody first, what waits by when it is due, and never a walk over what was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store
from opsdesk.store.tables import MailRow
from opsdesk.store.views.mails.outbox import PAGE, MailView, outbox_counts, outbox_page, worker_seen
from tests.conftest import START, StillClock


def write_mails(store: Store, state: MailState, count: int, *, first: int = 0) -> None:
    """Write mails of one state, each due a minute before the last."""
    rows = [
        {
            "event_key": f"{state}:{number}",
            "status_code": "shipped",
            "language": "en",
            "recipient": f"{state.value}{number}@shop.example",
            "subject": f"{state.value} {number}",
            "text": "Dear Ada",
            "html": "<p>Dear Ada</p>",
            "message_id": f"{state.value}.{number}",
            "state": state.value,
            "queued_by": "mia",
            "queued_at": START,
            "not_before": START - timedelta(minutes=number),
            "attempts": 0,
            "last_error": "",
            "command_id": "c",
            "version": 1,
        }
        for number in range(first, first + count)
    ]
    with Session(store.writer) as session, session.begin():
        session.execute(insert(MailRow), rows)


def subjects(store: Store, view: MailView) -> list[str]:
    with store.reading() as session:
        return [line.subject for line in outbox_page(session, view).lines]


def test_what_somebody_has_to_decide_comes_first_then_what_is_due(store: Store):
    write_mails(store, MailState.QUEUED, 3)
    write_mails(store, MailState.ACCEPTED, 2)
    write_mails(store, MailState.FAILED, 1)
    write_mails(store, MailState.HELD, 1)
    assert subjects(store, MailView.OPEN) == ["failed 0", "held 0", "queued 2", "queued 1", "queued 0"]
    assert subjects(store, MailView.SENT) == ["accepted 1", "accepted 0"]
    assert subjects(store, MailView.IN_DOUBT) == ["held 0"]
    assert subjects(store, MailView.WAITING) == ["queued 2", "queued 1", "queued 0"]
    with store.reading() as session:
        counts = outbox_counts(session)
    assert counts == {MailView.OPEN: 5, MailView.IN_DOUBT: 1, MailView.FAILED: 1, MailView.WAITING: 3}


def test_a_mail_that_came_back_needs_somebody_like_one_that_failed(store: Store):
    write_mails(store, MailState.BOUNCED, 2)
    write_mails(store, MailState.FAILED, 1)
    assert subjects(store, MailView.OPEN) == subjects(store, MailView.FAILED) == ["bounced 0", "bounced 1", "failed 0"]
    with store.reading() as session:
        counts = outbox_counts(session)
    assert (counts[MailView.OPEN], counts[MailView.FAILED]) == (3, 3)


@pytest.mark.parametrize(("view", "state"), [(MailView.WAITING, MailState.QUEUED), (MailView.SENT, MailState.ACCEPTED)])
def test_the_pages_follow_each_other_without_gap_or_repeat(store: Store, view: MailView, state: MailState):
    write_mails(store, state, 2 * PAGE + 5)
    seen: list[int] = []
    after = None
    with store.reading() as session:
        while True:
            page = outbox_page(session, view, after=after)
            seen += [line.id for line in page.lines]
            after = page.next
            if after is None:
                break
    assert len(seen) == len(set(seen)) == 2 * PAGE + 5


@pytest.mark.parametrize("view", list(MailView))
def test_no_list_walks_over_what_was_sent(sqlite_url: str, view: MailView):
    """SQLite counts the steps of its machine; a page costs as many among 200 mails that were sent as among 4,200."""
    from opsdesk.store.engine import open_store

    store = open_store(sqlite_url)
    write_mails(store, MailState.QUEUED, 10)
    write_mails(store, MailState.ACCEPTED, 2 * PAGE)
    few = steps(store, view)
    write_mails(store, MailState.ACCEPTED, 4_000, first=2 * PAGE)
    assert steps(store, view) < few + 400
    store.close()


def steps(store: Store, view: MailView) -> int:
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    with store.reading() as session:
        raw = session.connection().connection.driver_connection
        raw.set_progress_handler(count, 1)
        outbox_page(session, view)
        outbox_counts(session)
        raw.set_progress_handler(None, 0)
    return counted[0]


def test_the_screen_can_tell_that_no_worker_sends(store: Store, clock: StillClock):
    with store.reading() as session:
        assert not worker_seen(session, now=clock()).is_running
    take_lease(store, "worker", "one", lasts=timedelta(seconds=60), clock=clock)
    with store.reading() as session:
        lease = worker_seen(session, now=clock())
    if store.is_sqlite:
        assert lease.is_running and lease.last_seen == clock()
        clock.advance(minutes=2)
        with store.reading() as session:
            assert not worker_seen(session, now=clock()).is_running
