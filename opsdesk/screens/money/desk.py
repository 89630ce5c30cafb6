"""The money desk: what about money waits for somebody, the most urgent first, with what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from opsdesk.domain.moments import age, due_word
from opsdesk.keys import bindings
from opsdesk.screens.frame.list_desk import ListDesk
from opsdesk.store.views.money.tasks import MoneyTask, TaskKind, money_tasks
from opsdesk.theme import Tone
from opsdesk.widgets.paper import Paper, paragraph
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row

if TYPE_CHECKING:
    from opsdesk.store.work import Done

COLUMNS = (
    Column("kind", "WHAT", 14),
    Column("when", "WHEN", 7, "right"),
    Column("order", "ORDER", 8),
    Column("customer", "CUSTOMER", 12, grows=True),
    Column("amount", "AMOUNT", 13, "right"),
    Column("said", "WHY", 16, grows=True, needs=100),
)
_TONES = {
    TaskKind.REFUND_FAILED: ("wrong", Tone.ALARM),
    TaskKind.REFUND_UNKNOWN: ("asked", Tone.DOUBT),
    TaskKind.CALL_FAILED: ("wrong", Tone.ALARM),
    TaskKind.CALL_UNKNOWN: ("asked", Tone.DOUBT),
    TaskKind.EVENT_HELD: ("look", Tone.LOOK),
    TaskKind.DISPUTE: ("wrong", Tone.ALARM),
    TaskKind.EXPIRING: ("soon", Tone.LOOK),
    TaskKind.APPROVE: ("held", Tone.MONEY),
    TaskKind.REFUND_OUTSIDE: ("look", Tone.LOOK),
    TaskKind.RECALL: ("packing", Tone.LOOK),
}
_PANELS = {
    TaskKind.REFUND_FAILED: "refund_review",
    TaskKind.REFUND_UNKNOWN: "refund_review",
    TaskKind.APPROVE: "refund_review",
    TaskKind.REFUND_OUTSIDE: "refund_outside",
    TaskKind.CALL_FAILED: "gateway_call",
    TaskKind.CALL_UNKNOWN: "gateway_call",
    TaskKind.DISPUTE: "dispute",
}


class MoneyDesk(ListDesk):
    """A list of tasks; Enter opens what the task is worked with, `o` its order."""

    PLACE = "MONEY"
    NAME_OF_PLACE = "money"
    KEYS = ("money", "everywhere")
    TOPICS = frozenset({"order"})
    BODY_FOCUS = "#tasks"
    BINDINGS: ClassVar[list[BindingType]] = bindings("money")

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, MoneyTask] = {}

    def compose_body(self) -> ComposeResult:
        """Yield the list, and below it what to do about the task under the pointer."""
        yield RecordTable(COLUMNS, id="tasks")
        yield Paper(id="advice")

    @property
    def chosen(self) -> MoneyTask | None:
        """The task under the pointer."""
        return self.tasks.get(self.pointed_key)

    async def load(self) -> None:
        """Read what waits."""
        found = await self.fetch(money_tasks, now=self.desk.clock())
        if found is None or not self.is_attached:
            return
        self.tasks = {f"{task.kind}:{task.subject_id}:{task.subject}": task for task in found}
        self.table.show({key: self._row(task) for key, task in self.tasks.items()})
        urgent = sum(_TONES[task.kind][1] is Tone.ALARM for task in found)
        self.show_state(
            (f"{len(found)} wait" if found else "nothing waits", Tone.DIM),
            (f"{urgent} urgent" if urgent else "", Tone.ALARM),
        )
        self.pointed()

    def _row(self, task: MoneyTask) -> Row:
        symbol, tone = _TONES[task.kind]
        now = self.desk.clock()
        is_deadline = task.kind in (TaskKind.DISPUTE, TaskKind.EXPIRING)
        when = "" if task.at is None else due_word(task.at, now, self.desk.zone) if is_deadline else age(task.at, now)
        return (
            Cell(f"{self.host.symbol(symbol)} {task.kind.word}", tone),
            Cell(when, tone if is_deadline else Tone.DIM),
            Cell(task.number or "-", Tone.PLAIN),
            Cell(task.customer_name, Tone.PLAIN),
            Cell(str(task.amount), Tone.PLAIN),
            Cell(task.said, Tone.DIM),
        )

    def pointed(self) -> None:
        """Say what to do about the task under the pointer."""
        task = self.chosen
        if task is None:
            said = "No refund, call, dispute or authorisation waits for anybody."
            self.query_one("#advice", Paper).show(lambda width: paragraph(said, width, style=Tone.DIM.style))
            return
        advice = task.kind.advice
        # What went wrong may end with what to do about it already.
        why = task.said.removesuffix(advice).strip()
        self.query_one("#advice", Paper).show(
            lambda width: [*paragraph(why, width), *paragraph(advice, width, style=Tone.LOOK.style)]
        )

    def subject(self) -> str:
        """Name what the letters act on."""
        return self.chosen.number if self.chosen else ""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why nothing can be done."""
        if action in ("open", "order") and self.chosen is None:
            return "Nothing waits."
        if action == "order" and self.chosen is not None and self.chosen.order_id is None:
            return "It belongs to no order."
        return super().why_not(action, *parameters)

    def action_open(self) -> None:
        """Open what the task is worked with."""
        task = self.chosen
        if task is None:
            return
        if task.kind is TaskKind.EVENT_HELD:
            self.open_named("gateway_event", task)
        elif task.order_id is not None:
            self.open_named(_PANELS.get(task.kind, "order"), task.order_id)

    def commit_label(self) -> str | None:
        """Say that F9 opens the task, as Enter does."""
        return "SEE TO IT" if self.chosen is not None else None

    action_commit = action_open

    def action_order(self) -> None:
        """Open the order."""
        if self.chosen is not None and self.chosen.order_id is not None:
            self.open_named("order", self.chosen.order_id)

    def done(self, done: Done) -> None:
        """Say what was done, and show what is left."""
        super().done(done)
        self.reload()

    def action_next(self) -> None:
        """Go to the next task."""
        self.table.action_step(1)
