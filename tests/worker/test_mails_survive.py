"""A thousand mails, a worker that is killed at every step, a server that drops, greylists, refuses and resets.

No mail is lost and none arrives twice by itself; those of which nobody can know are held for a person. The witness is
the mail server's own journal.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlmodel import Session, col

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow
from tests.conftest import START
from tests.peers.smtp_sink import Faults, Sink, smtp_sink

ROOT = Path(__file__).parents[2]


def write_mails(store: Store, count: int) -> None:
    rows = [
        {
            "event_key": f"event:{number}",
            "status_code": "received",
            "language": "en",
            "recipient": f"customer{number}@example.com",
            "subject": f"Order {number}",
            "text": "Hello\n",
            "html": "<p>Hello</p>",
            "message_id": f"mail.{number}",
            "state": MailState.QUEUED.value,
            "queued_by": "mia",
            "queued_at": START,
            "not_before": datetime(2020, 1, 1, tzinfo=UTC),
            "attempts": 0,
            "last_error": "",
            "command_id": "test",
            "version": 1,
        }
        for number in range(count)
    ]
    with Session(store.writer) as session, session.begin():
        session.execute(insert(MailRow), rows)


def faults(seed: int, count: int) -> Faults:
    dice = random.Random(seed)
    return Faults(
        at_rcpt=dice.choices([None, "451 greylisted", "drop", "550 no such mailbox"], [90, 6, 2, 2], k=count),
        at_data=dice.choices([None, "452 busy", "drop", "reset", "554 refused"], [92, 3, 1, 2, 2], k=count),
    )


def run(store: Store, sink: Sink, *, kills: int, naive: bool = False) -> None:
    arguments = [store.url, str(sink.port), "7", str(kills), *(["naive"] if naive else [])]
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker.relay_runs", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def found_wrong(store: Store, sink: Sink, count: int) -> list[str]:
    """Compare what the store says with what the mail server's journal says."""
    taken = Counter(line["id"].strip("<>").partition("@")[0] for line in sink.lines())
    allowed = {MailState.ACCEPTED: {1}, MailState.FAILED: {0}, MailState.HELD: {0, 1}}
    with store.reading() as session:
        states = dict(session.execute(select(col(MailRow.message_id), col(MailRow.state))).all())
    wrong = [f"{mail} arrived {times} times" for mail, times in taken.items() if times > 1]
    wrong += [
        f"{mail} is {state} and arrived {taken[mail]} times"
        for mail, state in states.items()
        if taken[mail] not in allowed.get(MailState(state), set())
    ]
    return wrong if len(states) == count else [*wrong, f"{count - len(states)} mails are gone"]


def held(store: Store) -> int:
    with store.reading() as session:
        states = session.execute(select(col(MailRow.state))).scalars().all()
    return sum(state == MailState.HELD for state in states)


@pytest.mark.parametrize(("kind", "count", "kills"), [("sqlite", 1_000, 24), ("postgres", 200, 9)])
def test_no_mail_is_lost_and_none_arrives_twice(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, count: int, kills: int
) -> None:
    store = open_store(request.getfixturevalue(f"{kind}_url"))
    write_mails(store, count)
    planned = faults(11, count * 2)
    in_doubt = sum(fault in ("drop", "reset") for fault in planned.at_data)
    with smtp_sink(tmp_path / "journal", planned) as sink:
        run(store, sink, kills=kills)
        assert found_wrong(store, sink, count) == []
        assert len(sink.lines()) > count * 0.8
        assert held(store) <= kills + in_doubt
    store.close()


def test_a_worker_that_sends_again_when_in_doubt_is_caught(sqlite_url: str, tmp_path: Path) -> None:
    """The control: the same run by a worker that repeats whatever it cannot know."""
    store = open_store(sqlite_url)
    write_mails(store, 40)
    with smtp_sink(tmp_path / "journal", faults(11, 120)) as sink:
        run(store, sink, kills=3, naive=True)
        assert any("arrived 2 times" in problem for problem in found_wrong(store, sink, 40))
    store.close()
