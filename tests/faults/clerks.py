"""Clerks who work as fast as they can and keep a journal, and a witness who compares the journals with the store.

The witness asks the store in plain SQL, by rules of its own and then by those of `opsdesk verify`.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlmodel import Session, col

from opsdesk.domain.errors import OpsDeskError, Unavailable
from opsdesk.domain.moments import system_clock
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.desk import assign, claim, follow, unfollow
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.store.audit import chain
from opsdesk.store.audit.checking import verify_audit
from opsdesk.store.audit.keys import audit_key
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import NoteRow, OrderRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from tests.shop_orders import write_arrival, write_customer, write_order, write_user

CLERKS = (("mia", Role.SUPERVISOR), ("tom", Role.SUPERVISOR), ("sofia", Role.SUPERVISOR), ("farid", Role.ADMIN))
ORDERS = 3
_STANDS_STILL = ("order.followed", "order.unfollowed", "order.imported")
"""Actions that are written down without moving the order's version."""


def open_shop(url: str) -> None:
    """Put the clerks and some orders into an empty store."""
    store = open_store(url)
    for name, role in CLERKS:
        write_user(store, name, role)
    customer = write_customer(store)
    for number in range(ORDERS):
        write_arrival(store, write_order(store, str(104_400 + number), customer_id=customer))
    store.close()


class Journal:
    """Lines of one clerk: what was asked, and what was answered. It survives a kill as a file does."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def write(self, step: str, command_id: str, **more: object) -> None:
        os.write(self._file, json.dumps({"step": step, "id": command_id, **more}).encode() + b"\n")


def read_journals(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(folder.glob("*.journal")) for line in file.read_text().splitlines()]


class Clerk:
    """One clerk at one terminal."""

    def __init__(self, store: Store, number: int, journal: Journal, seed: int) -> None:
        name, role = CLERKS[number]
        self.store, self.journal = store, journal
        self.performer = Performer(store, Actor(number + 1, name, role, f"tty:{number}"))
        self.dice = random.Random(seed)
        self.wait: Callable[[], object] = lambda: None

    def work(self, how: str = "") -> None:
        """Carry out one command, or what a badly made program (`how`) would make of it."""
        order_id, command_id = self.dice.randint(1, ORDERS), str(UUID(int=self.dice.getrandbits(128)))
        if how:
            self.journal.write("asked", command_id, kind="note")
            _BADLY_MADE[how](self, order_id, command_id)
            return
        kind, arguments = self._choose(order_id)
        self.journal.write("asked", command_id, kind=kind.name)
        self.settle(command_id, kind, order_id, arguments)

    def settle(self, command_id: str, kind: Any, order_id: int, arguments: dict[str, Any]) -> None:
        """Ask until it is known whether the command was done."""
        is_in_doubt = False
        while True:
            try:
                self.performer.perform_as(command_id, kind, order_id, **arguments)
            except Unavailable as error:
                # A store that cannot be asked again says nothing about the first time.
                is_in_doubt = is_in_doubt or bool(error.command_id)
                unsettled = command_id if is_in_doubt else ""
                self.journal.write("unavailable", command_id, message=error.message, unsettled=unsettled)
                self.wait()
                if is_in_doubt:
                    continue
            except OpsDeskError as error:
                self.journal.write("refused", command_id, message=error.message)
            else:
                self.journal.write("done", command_id)
            return

    def _choose(self, order_id: int) -> tuple[Any, dict[str, Any]]:
        kind = self.dice.choice((note, note, note, hold, hold, release, claim, assign, follow, unfollow))
        if kind is note:
            return note, {"text": f"Called, no answer {self.dice.random()}"}
        if kind in (hold, release):
            version = self._version(order_id) - (self.dice.random() < 0.1)
            chosen = self.dice.choice((HoldType.MANUAL, HoldType.ADDRESS, HoldType.STOCK))
            return kind, {"version": version, "kind": chosen, **({"reason": "Asks for it"} if kind is hold else {})}
        return kind, {"to": None} if kind is assign else {}

    def _version(self, order_id: int) -> int:
        with self.store.reading() as session:
            return int(session.execute(text(f"SELECT version FROM orders WHERE id = {order_id}")).scalar_one())


def _hasty(clerk: Clerk, order_id: int, command_id: str) -> None:
    """Say done before it is."""
    clerk.journal.write("done", command_id)
    clerk.performer.perform_as(command_id, note, order_id, text="Hasty")


def _in_halves(clerk: Clerk, order_id: int, command_id: str) -> None:
    """Save the note and its history in two transactions."""
    clerk.performer.perform_as(command_id, note, order_id, text="First half")
    clerk.journal.write("done", command_id)
    writer = clerk.store.writer
    with Session(writer) as session, session.begin():
        now = system_clock()
        session.execute(insert(NoteRow).values(order_id=order_id, author="mia", written_at=now, text="Second"))
        session.execute(
            update(OrderRow).where(col(OrderRow.id) == order_id).values(note_count=col(OrderRow.note_count) + 1)
        )
    with Session(writer) as session, session.begin():
        common = chain.Sealed(system_clock(), "mia", "agent", "cli", command_id)
        chain.append(session, audit_key(), common, [chain.Entry("order.noted", "order", order_id, "Second")])


def _deaf(clerk: Clerk, order_id: int, command_id: str) -> None:
    """Say done whatever the store says."""
    with suppress(OpsDeskError):
        clerk.performer.perform_as(command_id, note, order_id, text=os.urandom(2_000).hex())
    clerk.journal.write("done", command_id)


_BADLY_MADE = {"hasty": _hasty, "halves": _in_halves, "deaf": _deaf}


def found_wrong(store: Store, lines: Iterable[dict[str, Any]], *, thorough: bool = True) -> list[str]:
    """Compare the journals with the store, and the store with itself; `thorough` asks `opsdesk verify` too."""
    by_step: dict[str, set[str]] = {"asked": set(), "done": set(), "refused": set(), "unavailable": set()}
    for line in lines:
        if line["step"] != "unavailable" or not line["unsettled"]:
            by_step[line["step"]].add(line["id"])
    with store.reading() as session:
        saved = set(session.execute(text("SELECT id FROM command WHERE name <> 'import.orders'")).scalars())
        wrong = [f"{lost} was acknowledged and is lost" for lost in by_step["done"] - saved]
        wrong += [f"{stray} was never asked for" for stray in saved - by_step["asked"]]
        wrong += [f"{half} was refused and is saved" for half in by_step["refused"] & saved]
        wrong += [f"{half} was said to have changed nothing and is saved" for half in by_step["unavailable"] & saved]
        for query, meaning in _RULES.items():
            wrong += [f"{meaning}: {tuple(row)}" for row in session.execute(text(query))]
        if store.is_sqlite:
            wrong += [row for row in session.execute(text("PRAGMA integrity_check")).scalars() if row != "ok"]
    wrong += [problem.sentence for problem in verify_audit(store).problems]
    if not thorough:
        return wrong
    return wrong + [found.sentence for found in verify_store(store, now=system_clock(), with_seals=False).violations]


_MOVES = f"FROM activity WHERE subject_kind = 'order' AND outcome = 'done' AND action NOT IN {_STANDS_STILL}"
_RULES = {
    f"""SELECT o.id, o.version, count(DISTINCT a.command_id) FROM orders o
        LEFT JOIN (SELECT subject_id, command_id {_MOVES}) a ON a.subject_id = o.id
        GROUP BY o.id, o.version HAVING o.version <> 1 + count(DISTINCT a.command_id)""":
        "an order's version is not one more for each command",
    """SELECT o.id, o.note_count, count(n.id) FROM orders o LEFT JOIN note n ON n.order_id = o.id
        GROUP BY o.id, o.note_count HAVING o.note_count <> count(n.id)""": "an order counts other notes than it has",
    """SELECT o.id FROM orders o WHERE (SELECT count(*) FROM note n WHERE n.order_id = o.id) <> (SELECT count(*)
        FROM activity a WHERE a.subject_kind = 'order' AND a.subject_id = o.id AND a.action = 'order.noted')""":
        "a note and its line of history are not there together",
    """SELECT o.id FROM orders o WHERE (SELECT count(*) FROM hold h WHERE h.order_id = o.id) <> (SELECT count(*)
        FROM activity a WHERE a.subject_kind = 'order' AND a.subject_id = o.id AND a.action = 'hold.placed')""":
        "a hold and its line of history are not there together",
    """SELECT order_id, type FROM hold WHERE released_at IS NULL GROUP BY order_id, type HAVING count(*) > 1""":
        "the same hold stands twice",
    """SELECT o.id, o.hold_type FROM orders o WHERE (o.hold_type IS NULL) <> NOT EXISTS
        (SELECT 1 FROM hold h WHERE h.order_id = o.id AND h.released_at IS NULL)""":
        "an order says held and is not, or the reverse",
    """SELECT command_id FROM activity WHERE command_id NOT IN (SELECT id FROM command) AND outcome = 'done'""":
        "a line of history belongs to no command",
}  # fmt: skip


def outcomes(lines: Iterable[dict[str, Any]]) -> Counter[str]:
    """Count the answers."""
    return Counter(line["step"] for line in lines)
