"""Any sequence of commands keeps an order whole: legal quantities, one version a command, columns that repeat the facts."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.settled import settled_columns
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders import cancelling as orders
from opsdesk.operations.orders import holds, notes, packing, shipping
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store, open_store
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.tables import ActivityRow, CommandRow, MailRow, OrderLineRow, OrderRow, ParcelLineRow, ParcelRow
from opsdesk.store.work import Done, Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order

BOSS = Actor(None, "sofia", Role.SUPERVISOR, "test")
LETTER = Letter("Shipped", "It has left.", "", "en")
SOAK = bool(os.environ.get("OPSDESK_SOAK"))
# Each step is a real transaction; a slow disk is no failure.
BOUNDS = settings(
    max_examples=200 if SOAK else 40,
    stateful_step_count=50 if SOAK else 30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class OrderMachine(RuleBasedStateMachine):
    """One order of three units on one SQLite file; every rule is a command that somebody may give at any time."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        file = shutil.copy(self.template, Path(self.folder.name) / "shop.db")
        self.store: Store = open_store(f"sqlite:///{file}")
        self.clock = StillClock()
        self.desk = Performer(self.store, BOSS, self.clock)
        self.commands: list[str] = []
        self.accepted = 0
        self.sentences: set[str] = set()

    @initialize()
    def place(self) -> None:
        self.order_id = write_order(self.store)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def give(self, command: Callable[..., Done], *arguments: Any, **named: Any) -> None:
        self.clock.advance(seconds=1)
        try:
            done = self.desk.perform(command, *arguments, **named)
        except OpsDeskError as refused:
            self.sentences.add(refused.message)
            return
        self.commands.append(done.command_id)
        self.accepted += 1

    @rule(kind=st.sampled_from([HoldType.FRAUD, HoldType.ADDRESS, HoldType.STOCK, HoldType.MANUAL]))
    def hold(self, kind: HoldType) -> None:
        self.give(holds.hold, self.order_id, kind=kind, reason="Why not.")

    @rule()
    def release(self) -> None:
        self.give(holds.release, self.order_id)

    @rule(reason=st.sampled_from(CancelReason))
    def cancel(self, reason: CancelReason) -> None:
        self.give(orders.cancel, self.order_id, reason=reason)

    @rule()
    def reopen(self) -> None:
        self.give(orders.reopen, self.order_id)

    @rule()
    def pack(self) -> None:
        self.give(packing.start_packing, self.order_id)

    @rule(units=st.dictionaries(st.integers(1, 2), st.integers(-1, 3), max_size=2), told=st.booleans())
    def ship(self, units: dict[int, int], told: bool) -> None:
        letter = LETTER if told else None
        self.give(shipping.ship, self.order_id, carrier="DHL", quantities=units or None, letter=letter)

    @rule()
    def deliver(self) -> None:
        self.give(shipping.deliver, self.order_id)

    @rule()
    def write_note(self) -> None:
        self.give(notes.note, self.order_id, text="Seen.")

    @rule(which=st.integers(0, 5))
    def undo(self, which: int) -> None:
        if self.commands:
            self.give(undo, self.commands[max(0, len(self.commands) - 1 - which)])

    @invariant()
    def the_columns_repeat_the_facts(self) -> None:
        with self.store.reading() as session:
            for order in session.execute(select(OrderRow)).scalars():
                facts = Orders(session, self.clock()).facts(order)
                columns = asdict(settled_columns(facts))
                assert {name: getattr(order, name) for name in columns} == columns

    @invariant()
    def each_accepted_command_moved_the_version_by_one(self) -> None:
        if not hasattr(self, "order_id"):
            return
        assert rows(self.store, OrderRow)[0].version == 1 + self.accepted
        assert len(rows(self.store, CommandRow)) == self.accepted
        assert len({row.command_id for row in rows(self.store, ActivityRow) if row.outcome == "done"}) == self.accepted

    @invariant()
    def what_parcels_hold_is_what_lines_have_shipped(self) -> None:
        standing = {row.id for row in rows(self.store, ParcelRow) if row.recalled_at is None}
        sent: dict[int, int] = {}
        for content in rows(self.store, ParcelLineRow):
            if content.parcel_id in standing:
                sent[content.line_id] = sent.get(content.line_id, 0) + content.quantity
        assert {row.id: row.shipped for row in rows(self.store, OrderLineRow) if row.shipped} == sent

    @invariant()
    def every_no_is_a_sentence(self) -> None:
        assert all(sentence.endswith(".") for sentence in self.sentences)

    @invariant()
    def no_mail_waits_about_a_parcel_that_is_back(self) -> None:
        recalled = {f"parcel:{row.id}:shipped" for row in rows(self.store, ParcelRow) if row.recalled_at is not None}
        assert not [mail for mail in rows(self.store, MailRow) if mail.event_key in recalled and mail.state == "queued"]


@pytest.mark.parametrize("breaks", [False, True], ids=["as it is", "with a settle that forgets"])
def test_any_sequence_of_commands_keeps_an_order_whole(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, breaks: bool
) -> None:
    OrderMachine.template = Path(sqlite_url.removeprefix("sqlite:///"))
    if not breaks:
        run_state_machine_as_test(OrderMachine, settings=BOUNDS)
        return
    monkeypatch.setattr(Orders, "settle", _forgetful_settle)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(OrderMachine, settings=BOUNDS)


def _forgetful_settle(orders: Orders, order: OrderRow) -> None:
    order.version += 1
