"""A program that runs the worker again and again and kills it at a chosen step, like a machine that loses power.

Usage: python -m tests.worker.relay_runs STORE PORT SEED KILLS [naive]
"""

from __future__ import annotations

import os
import random
import smtplib
import sys
import time
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from opsdesk.domain.mails.outgoing import MailState, OutgoingMail, Sender
from opsdesk.domain.people.actors import WORKER
from opsdesk.integrations.mail.smtp import SmtpMailer, SmtpServer
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, connect
from opsdesk.store.tables import MailRow
from opsdesk.store.work import Performer
from opsdesk.worker import effects
from opsdesk.worker.loop import LEASE
from tests.conftest import START

STEPS = ("after claim", "before answer", "after send", "after record")
_LASTS = timedelta(seconds=1)
_MOST_RUNS = 400


class MortalMailer:
    """Sends through SMTP and ends the process at the chosen step of the chosen mail."""

    def __init__(self, port: int, die_at: tuple[int, str] | None, *, naive: bool) -> None:
        self._inner = SmtpMailer(
            SmtpServer("smtp", "127.0.0.1", port), Sender("Shop", "orders@shop.example"), timeout_s=5
        )
        self._die_at = die_at
        self._naive = naive
        self._mails = 0

    def send(self, mail: OutgoingMail) -> SendOutcome:
        self._mails += 1
        # The record of the mail before is committed by now.
        self._perhaps_die("after record", self._mails - 1)
        self._perhaps_die("after claim", self._mails)
        if self._die_at == (self._mails, "before answer"):
            _die_with_the_final_dot()
        outcome = self._inner.send(mail)
        self._perhaps_die("after send", self._mails)
        if self._naive and outcome.result is SendResult.IN_DOUBT:
            return SendOutcome(SendResult.TRY_LATER, outcome.reply)
        return outcome

    def check(self) -> str | None:
        return None

    def close(self) -> None:
        self._inner.close()

    def _perhaps_die(self, step: str, mail: int) -> None:
        if self._die_at == (mail, step):
            os._exit(137)


def _die_with_the_final_dot() -> None:
    """End the process when the whole mail has left and the server's answer has not been read."""
    send = smtplib.SMTP.send

    def send_and_die(connection: smtplib.SMTP, content: bytes | str) -> None:
        send(connection, content)
        if content == b".\r\n":
            os._exit(137)

    smtplib.SMTP.send = send_and_die  # type: ignore[method-assign]


def work_until_killed(url: str, mailer: MortalMailer, now: datetime, *, naive: bool) -> None:
    """Do one worker's life."""
    store = connect(url)
    performer = Performer(store, WORKER, lambda: now)
    holder = f"relay:{os.getpid()}"
    while (lease := take_lease(store, LEASE, holder, lasts=_LASTS, clock=lambda: now)) is None:
        time.sleep(0.05)
    if naive:
        _queue_again(store, now)
    else:
        effects.hold_what_was_abandoned(performer, lease)
    while effects.send_due(performer, mailer, lease, limit=1_000) or _is_waiting(store, now):
        lease = take_lease(store, LEASE, holder, lasts=_LASTS, clock=lambda: now) or lease
    store.close()


def _queue_again(store: Store, now: datetime) -> None:
    with Session(store.writer) as session, session.begin():
        stuck = col(MailRow.state) == MailState.SENDING.value
        session.execute(update(MailRow).where(stuck).values(state=MailState.QUEUED.value, not_before=now))


def _is_waiting(store: Store, now: datetime) -> bool:
    return _count(store, col(MailRow.not_before) <= now) > 0


def _count(store: Store, *also: object) -> int:
    waiting = col(MailRow.state).in_((MailState.QUEUED.value, MailState.RETRY.value, MailState.SENDING.value))
    with store.reading() as session:
        return session.execute(select(func.count()).select_from(MailRow).where(waiting, *also)).scalar_one()  # type: ignore[arg-type]


def main() -> None:
    """Kill as often as asked, then let a last worker finish."""
    url, port, seed, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    naive = sys.argv[5:] == ["naive"]
    dice, now = random.Random(seed), START
    for run in range(_MOST_RUNS):
        die_at = (dice.randint(1, 20), STEPS[run % len(STEPS)]) if run < kills else None
        child = os.fork()
        if child == 0:
            work_until_killed(url, MortalMailer(port, die_at, naive=naive), now, naive=naive)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status not in (0, 137):
            raise SystemExit(f"The worker failed with {status}.")
        # Later than any lease and any back-off, so that the next run finds work.
        now += timedelta(hours=25)
        store = connect(url)
        left = _count(store)
        store.close()
        if run >= kills and left == 0:
            return
    raise SystemExit("The outbox never became empty.")


if __name__ == "__main__":
    main()
