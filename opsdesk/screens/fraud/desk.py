"""The fraud desk: open cases, the most urgent first; Enter opens one, F8 takes the next that nobody works on."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.moments import age
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import Command, bindings
from opsdesk.operations.fraud.cases import claim, let_go, next_case
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.list_desk import ListDesk
from opsdesk.screens.frame.reopening import SOON_ENOUGH_S
from opsdesk.screens.fraud.clock import short_span
from opsdesk.screens.fraud.suggesting import lapsed_words
from opsdesk.screens.fraud.words import STATE_LOOKS
from opsdesk.screens.order.words import moment
from opsdesk.store.views.fraud.case import fraud_case
from opsdesk.store.views.fraud.queue import FraudLine, fraud_queue
from opsdesk.store.views.watching import WorkerSeen, worker_seen
from opsdesk.theme import Tone
from opsdesk.widgets.paper import Paper, paragraph
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row

if TYPE_CHECKING:
    from opsdesk.store.work import Done

COLUMNS = (
    Column("score", "SCORE", 5, "right"),
    Column("order", "ORDER", 8),
    Column("left", "LEFT", 10, "right"),
    Column("state", "STATE", 19),
    Column("customer", "CUSTOMER", 8, grows=True),
    Column("total", "TOTAL", 13, "right"),
    Column("who", "WHO", 8),
    Column("reason", "WHY", 20, grows=True, needs=100),
)
_SOON = timedelta(hours=24)
_HIGH = 60
_WATCH_S = 15.0


class FraudDesk(ListDesk):
    """Screen 2."""

    PLACE = "2 FRAUD"
    NAME_OF_PLACE = "fraud"
    KEYS = ("fraud", "everywhere")
    TOPICS = frozenset({"order"})
    BODY_FOCUS = "#cases"
    BINDINGS: ClassVar[list[BindingType]] = bindings("fraud")
    CSS_PATH: ClassVar[list[str | PurePath]] = ["fraud.tcss"]
    IS_KEPT = True

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, FraudLine] = {}
        self.worker = WorkerSeen(is_running=True, last_seen=None)

    def open_again(self, *args: object, **kwargs: object) -> None:
        """Begin at the top; the rows from before stand there until they are read again, which keys wait for."""
        super().open_again()
        self.table.action_first()

    def compose_body(self) -> ComposeResult:
        """Yield the queue, and below it why the case under the pointer is one."""
        yield RecordTable(COLUMNS, id="cases")
        yield Paper(id="fraud-why")

    @property
    def line(self) -> FraudLine | None:
        """The case under the pointer."""
        return self.lines.get(self.pointed_key)

    def on_mount(self) -> None:
        """Look again and again whether a worker runs: one that has stopped rings nobody."""
        self.set_interval(_WATCH_S, self._watch)

    def _watch(self) -> None:
        if self.is_active and self.desk.is_open and self.desk.is_signed_in:
            run_latest(self, self._see_worker, "watch")

    async def _see_worker(self) -> None:
        seen = await self.fetch(worker_seen, now=self.desk.clock())
        if seen is not None and seen != self.worker and self.is_attached:
            self.worker = seen
            self._say_counts()
            self.pointed()

    async def load(self) -> None:
        """Read the queue, and whether anybody watches its clocks."""
        found = await self.fetch(fraud_queue)
        seen = await self.fetch(worker_seen, now=self.desk.clock())
        if found is None or seen is None or not self.is_attached:
            return
        self.worker = seen
        self.lines = {str(line.case_id): line for line in found}
        nothing = ("No order waits for a decision.", "F5 looks again.")
        self.table.show({key: self._row(line) for key, line in self.lines.items()}, empty=nothing)
        self._say_counts()
        self.pointed()

    def _say_counts(self) -> None:
        now, lines = self.desk.clock(), self.lines.values()
        late = sum(line.decide_by is not None and line.decide_by <= now for line in lines)
        mine = sum(line.claimant(now) == self.desk.actor.name for line in lines)
        self.show_state(
            ("" if self.worker.is_running else "no worker runs", Tone.ALARM),
            (f"{late} late" if late else "", Tone.ALARM),
            (f"{mine} yours" if mine else "", Tone.NOW),
            (f"{len(lines)} open" if lines else "nothing open", Tone.DIM),
        )

    def _row(self, line: FraudLine) -> Row:
        now = self.desk.clock()
        symbol, tone = STATE_LOOKS[line.state]
        return (
            Cell(str(line.score), Tone.ALARM if line.score >= _HIGH else Tone.PLAIN),
            Cell(line.number),
            self._left(line),
            Cell(f"{self.host.symbol(symbol)} {line.state.words}", tone),
            Cell(line.customer_name),
            Cell(str(line.total)),
            self._who(line, now),
            Cell(line.reason, Tone.DIM),
        )

    def _who(self, line: FraudLine, now: datetime) -> Cell:
        """Say who has it; what nobody has and the lead should see is the lead's."""
        claimant = line.claimant(now)
        if claimant:
            return Cell(f"@ {claimant}", Tone.COLD)
        return Cell(f"{self.host.symbol('look')} lead", Tone.LOOK) if line.is_escalated else Cell("-", Tone.DIM)

    def _left(self, line: FraudLine) -> Cell:
        if line.decide_by is None:
            return Cell("-", Tone.DIM)
        left = line.decide_by - self.desk.clock()
        if left <= timedelta():
            return Cell(f"!! {short_span(left)}", Tone.ALARM)
        return Cell(short_span(left), Tone.LOOK if left < _SOON else Tone.PLAIN)

    def pointed(self) -> None:
        """Say why the case under the pointer is held, and what to do about it."""
        line, stopped = self.line, self._stopped()
        if line is None:
            self.query_one("#fraud-why", Paper).show(lambda width: paragraph(stopped, width, style=Tone.ALARM.style))
            return
        now, zone = self.desk.clock(), self.desk.zone
        by = f"Decide by {moment(line.decide_by, now, zone)}. " if line.decide_by else "No clock runs. "
        call = f"Call from {moment(line.next_call_at, now, zone)}. " if line.next_call_at else ""
        two = f"{line.proposed_by} proposed a decision. " if line.state is FraudState.PENDING_SECOND else ""
        if line.state is FraudState.PAYMENT_LAPSED:
            by = f"{lapsed_words('')} Open it (Enter): ask for the payment anew (m), or cancel (F9). "
        words = f"{by}{call}{two}Open for {age(line.opened_at, now)}. {line.reason}"
        self.query_one("#fraud-why", Paper).show(
            lambda width: [
                *paragraph(stopped, width, style=Tone.ALARM.style),
                *paragraph(words, width, style=Tone.DIM.style)[:3],
            ]
        )

    def _stopped(self) -> str:
        """Say what does not happen while no worker runs; nothing while one does."""
        if self.worker.is_running:
            return ""
        seen = self.worker.last_seen
        since = f" since {moment(seen, self.desk.clock(), self.desk.zone)}" if seen is not None else ""
        return f"No worker runs{since}: no deadline passes, nobody is reminded, no mail goes out. Start: opsdesk worker"

    def subject(self) -> str:
        """Name what the letters act on."""
        return self.line.number if self.line else ""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why nothing can be done."""
        if action in ("down", "up"):
            return None
        if action == "next":
            return why_not_allowed(self.desk.actor, "case.next") or (None if self.lines else "No case waits.")
        if action in ("open", "order", "claim") and self.line is None:
            return "No case is selected."
        if action == "claim" and self.line is not None:
            return self._why_not_claim(self.line)
        return super().why_not(action, *parameters)

    def _why_not_claim(self, line: FraudLine) -> str | None:
        claimant = line.claimant(self.desk.clock())
        if claimant and claimant != self.desk.actor.name:
            return f"{claimant} works on {line.number}."
        return why_not_allowed(self.desk.actor, "case.let_go" if claimant else "case.claim")

    def label_of(self, each: Command) -> str:
        """Say that `a` gives back what is mine."""
        is_mine = self.line is not None and self.line.claimant(self.desk.clock()) == self.desk.actor.name
        return "give back" if each.method == "claim" and is_mine else super().label_of(each)

    def action_open(self) -> None:
        """Open the case."""
        if self.line is not None:
            self.begin(self._open_case(self.line.case_id))

    async def _open_case(self, case_id: int) -> None:
        """Read a case before its screen is drawn, so that it is drawn once; for a slow store that screen waits."""
        found, fraud = None, self.desk.store.fraud
        if fraud is not None:
            view = self.fetch(fraud_case, case_id, fraud=fraud, zone=self.desk.zone, now=self.desk.clock())
            reading = asyncio.ensure_future(view)
            await asyncio.wait({reading}, timeout=SOON_ENOUGH_S)
            found = reading.result() if reading.done() else None
        if self.is_attached:
            self.open_named("case", case_id, found=found)

    def action_next(self) -> None:
        """Take the most urgent case that nobody works on, and open it."""
        self.begin(self._take_next())

    async def _take_next(self) -> None:
        done = await self.attempt(next_case)
        if done is not None and done.subject_id is not None and self.is_attached:
            await self._open_case(done.subject_id)

    def action_rules(self) -> None:
        """List the rules by which orders are judged."""
        self.go_to("rules")

    def action_learning(self) -> None:
        """Show what was learned."""
        self.go_to("learning")

    def action_claim(self) -> None:
        """Take the case, or give it back."""
        line = self.line
        if line is None:
            return
        is_mine = line.claimant(self.desk.clock()) == self.desk.actor.name
        if is_mine:
            self.carry_out(let_go, line.case_id)
        else:
            self.carry_out(claim, line.case_id)

    def action_order(self) -> None:
        """Open the order."""
        if self.line is not None:
            self.open_named("order", self.line.order_id)

    def done(self, done: Done) -> None:
        """Say what was done, and show the queue as it is now."""
        super().done(done)
        self.reload()

    def closed(self, result: object) -> None:
        """Say what was done in the case that was open, and show what is left."""
        super().closed(result)
        self.reload()
