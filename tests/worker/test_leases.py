"""One worker at a time, by the store's time; a holder that slept past its lease can claim nothing any more."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from threading import Event

from opsdesk.domain.mails.outgoing import OutgoingMail
from opsdesk.domain.moments import system_clock
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.store.desk.leases import give_back, take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.outboxes.mails import claim_next
from opsdesk.worker.loop import LEASE, run_once, run_worker, worker_state
from tests.conftest import StillClock
from tests.worker.test_mails_survive import write_mails

MINUTE = timedelta(seconds=60)


class PaperMailer:
    """Accepts everything and remembers it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_closed = False

    def send(self, mail: OutgoingMail) -> SendOutcome:
        self.sent.append(mail.message_id)
        return SendOutcome(SendResult.ACCEPTED, "250 OK")

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        self.is_closed = True


def test_only_one_holds_it_and_the_holder_renews(store: Store, clock: StillClock) -> None:
    first = take_lease(store, LEASE, "one", lasts=MINUTE, clock=clock)
    assert first is not None
    assert take_lease(store, LEASE, "two", lasts=MINUTE, clock=clock) is None
    again = take_lease(store, LEASE, "one", lasts=MINUTE, clock=clock)
    assert again is not None
    assert again.token == first.token


def test_given_back_it_is_free_at_once_under_a_new_token(store: Store, clock: StillClock) -> None:
    first = take_lease(store, LEASE, "one", lasts=MINUTE, clock=clock)
    assert first is not None
    give_back(store, first, clock=clock)
    second = take_lease(store, LEASE, "two", lasts=MINUTE, clock=clock)
    assert second is not None
    assert second.token == first.token + 1


def test_many_that_want_it_at_once_get_one_holder(store: Store, clock: StillClock) -> None:
    barrier, won = threading.Barrier(6), []

    def want(name: str) -> None:
        barrier.wait()
        if take_lease(store, LEASE, name, lasts=MINUTE, clock=clock):
            won.append(name)

    take_lease(store, LEASE, "before", lasts=timedelta(0), clock=clock)
    threads = [threading.Thread(target=want, args=(f"worker {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_sleeper_that_wakes_after_its_lease_claims_nothing(store: Store, clock: StillClock) -> None:
    write_mails(store, 1)
    sleeper = take_lease(store, LEASE, "sleeper", lasts=MINUTE, clock=clock)
    assert sleeper is not None
    give_back(store, sleeper, clock=clock)
    successor = take_lease(store, LEASE, "successor", lasts=MINUTE, clock=clock)
    assert successor is not None
    assert claim_next(store, sleeper, clock=clock) is None
    assert claim_next(store, successor, clock=clock) is not None


def test_without_the_check_of_the_token_the_sleeper_would_claim(store: Store, clock: StillClock, monkeypatch) -> None:
    """The control: a claim that trusts its holder."""
    write_mails(store, 1)
    sleeper = take_lease(store, LEASE, "sleeper", lasts=MINUTE, clock=clock)
    assert sleeper is not None
    give_back(store, sleeper, clock=clock)
    monkeypatch.setattr("opsdesk.store.outboxes.mails.is_held", lambda *_, **__: True)
    assert claim_next(store, sleeper, clock=clock) is not None


def test_a_second_worker_does_nothing_and_the_state_says_who_works(sqlite_url: str, clock: StillClock) -> None:
    store = open_store(sqlite_url)
    write_mails(store, 3)
    assert not worker_state(store, now=clock()).is_running
    mailer = PaperMailer()
    assert run_once(store, mailer, holder="one", clock=clock).sent == 3
    assert run_once(store, mailer, holder="two", clock=clock).lease is None
    assert worker_state(store, now=clock()).holder == "one"
    clock.advance(minutes=5)
    stopped = worker_state(store, now=clock())
    assert not stopped.is_running
    assert stopped.last_seen == clock() - timedelta(minutes=5)
    store.close()


def test_the_worker_ends_when_told_and_lets_the_next_one_in(store: Store) -> None:
    write_mails(store, 5)
    mailer, stop = PaperMailer(), Event()
    worker = threading.Thread(target=run_worker, args=(store, mailer), kwargs={"stop": stop, "pause_s": 0.01})
    worker.start()
    deadline = time.monotonic() + 20
    while len(mailer.sent) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    worker.join(timeout=20)
    assert sorted(mailer.sent) == [f"mail.{number}" for number in range(5)]
    assert mailer.is_closed
    assert take_lease(store, LEASE, "next", lasts=MINUTE, clock=system_clock) is not None
