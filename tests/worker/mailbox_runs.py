"""A program that reads a mailbox again and again and is killed at a chosen step, like a machine that loses power.

Usage: python -m tests.worker.mailbox_runs STORE PORT SEED KILLS [naive]
"""

from __future__ import annotations

import os
import random
import sys
from datetime import datetime
from typing import Any
from uuid import uuid4

from opsdesk.domain.mails.received import MailboxPage
from opsdesk.domain.people.actors import WORKER
from opsdesk.domain.secrets import Secret
from opsdesk.integrations.mail import mailbox as reading
from opsdesk.integrations.mail.mailbox import ImapMailbox, ImapServer
from opsdesk.operations.mails.received import move_cursor
from opsdesk.store.engine import connect
from opsdesk.store.work import Performer
from opsdesk.worker.mailbox import read_mailbox
from tests.conftest import START
from tests.operations.fraud_kit import with_files
from tests.peers.imap_sink import PASSWORD, USER

STEPS = ("after read", "after record", "before cursor", "after cursor")


class MortalPerformer:
    """Carries out commands and ends the process at the chosen step of the chosen mail."""

    def __init__(self, inner: Performer, die_at: tuple[int, str] | None, *, naive: bool) -> None:
        self._inner = inner
        self._die_at = die_at
        self._naive = naive
        self._recorded = 0
        self.store, self.clock = inner.store, inner.clock

    def perform_as(self, command_id: str, run: Any, **how: Any) -> Any:
        self._recorded += 1
        self.perhaps_die("after read", self._recorded)
        # The control gives a mail that is read again a new name.
        done = self._inner.perform_as(str(uuid4()) if self._naive else command_id, run, **how)
        self.perhaps_die("after record", self._recorded)
        return done

    def perform(self, run: Any, *what: Any, **how: Any) -> Any:
        if run is move_cursor:
            self.perhaps_die("before cursor", 1)
        done = self._inner.perform(run, *what, **how)
        self.perhaps_die("after cursor", 1)
        return done

    def perhaps_die(self, step: str, count: int) -> None:
        if self._die_at == (count, step):
            os._exit(137)


def read_until_killed(url: str, port: int, die_at: tuple[int, str] | None, now: datetime, *, naive: bool) -> None:
    """Do one worker's life: read until nothing is left."""
    store = with_files(connect(url))
    box = ImapMailbox(ImapServer("imap", "127.0.0.1", port, USER), Secret(PASSWORD))
    performer: Any = MortalPerformer(Performer(store, WORKER, lambda: now), die_at, naive=naive)
    page = MailboxPage((), "", has_more=True)
    keep = box.read

    def remembered(after: str, *, now: datetime) -> MailboxPage:
        nonlocal page
        page = keep(after, now=now)
        return page

    box.read = remembered  # type: ignore[method-assign]
    while page.has_more:
        read_mailbox(performer, box)
    store.close()


def main() -> None:
    """Kill as often as asked, then let a last worker finish."""
    url, port, seed, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    naive = sys.argv[5:] == ["naive"]
    reading.MOST_MAILS = 5
    dice = random.Random(seed)
    for run in range(kills + 1):
        step = STEPS[run % len(STEPS)]
        count = dice.randint(1, 4) if "cursor" not in step else 1
        child = os.fork()
        if child == 0:
            read_until_killed(url, port, (count, step) if run < kills else None, START, naive=naive)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status not in (0, 137):
            raise SystemExit(f"The worker failed with {status}.")


if __name__ == "__main__":
    main()
