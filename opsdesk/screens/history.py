"""What I did: one's own commands, newest first, each with its way back where there is one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from opsdesk.domain.moments import age, due_word
from opsdesk.keys import Command, bindings
from opsdesk.screens.frame.latest import run_latest
from opsdesk.screens.frame.list_desk import ListDesk
from opsdesk.theme import Tone
from opsdesk.widgets.record_table import RecordTable
from opsdesk.widgets.rows import Cell, Column, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsdesk.store.views.commands import CommandLine
    from opsdesk.store.work import Done

COLUMNS = (
    Column("age", "AGO", 5, "right"),
    Column("when", "WHEN", 6, "right"),
    Column("what", "WHAT", 30, grows=True),
    Column("back", "WAY BACK", 14),
)


class HistoryScreen(ListDesk):
    """The commands of who works here. `u` and F9 take back the one under the pointer."""

    PLACE = "WHAT I DID"
    NAME_OF_PLACE = "history"
    KEYS = ("history", "everywhere")
    TOPICS = frozenset({"order", "mail"})
    BODY_FOCUS = "#commands"
    BINDINGS: ClassVar[list[BindingType]] = bindings("history")

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, CommandLine] = {}
        self._taken_back = ""

    def compose_body(self) -> ComposeResult:
        """Yield the list."""
        yield RecordTable(COLUMNS, id="commands")

    @property
    def line(self) -> CommandLine | None:
        """The command under the pointer."""
        return self.lines.get(self.pointed_key)

    async def load(self) -> None:
        """Read the newest commands."""
        from opsdesk.store.views.commands import commands_by

        lines = await self.fetch(commands_by, self.desk.actor.name)
        if lines is None or not self.is_attached:
            return
        self.lines = {line.id: line for line in lines}
        empty = (f"{self.desk.actor.name} has not done anything yet.", "What you do to orders shows here.")
        self.table.show(self._rows(lines), empty=empty)
        self.show_state((f"{len(self.lines)} shown", Tone.DIM))

    @on(RecordTable.NearEnd, "#commands")
    def _near_end(self) -> None:
        if self.lines and len(self.lines) % 100 == 0:
            run_latest(self, partial(self._read_on, next(reversed(self.lines.values()))), "page")

    async def _read_on(self, last: CommandLine) -> None:
        from opsdesk.store.views.commands import commands_by

        lines = await self.fetch(commands_by, self.desk.actor.name, after=(last.at, last.id))
        if lines and self.is_attached:
            self.lines |= {line.id: line for line in lines}
            self.table.append(self._rows(lines))
            self.show_state((f"{len(self.lines)} shown", Tone.DIM))

    def _rows(self, lines: Iterable[CommandLine]) -> dict[str, Row]:
        now, zone = self.desk.clock(), self.desk.zone
        return {
            line.id: (
                Cell(age(line.at, now), Tone.DIM),
                Cell(due_word(line.at, now, zone), Tone.DIM),
                Cell(line.message, Tone.DIM if line.is_undone else Tone.PLAIN),
                _way_back(line),
            )
            for line in lines
        }

    def subject(self) -> str:
        """Name what the letters act on."""
        return self.line.message.rstrip(".")[:30] if self.line else ""

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why the command under the pointer cannot be taken back or opened."""
        if action in ("down", "up"):
            return None
        if action not in ("undo", "commit", "open"):
            return super().why_not(action, *parameters)
        line = self.line
        if line is None:
            return "No command is selected."
        if action == "open":
            return None if line.order_id is not None else "This was about no order."
        if line.is_undone:
            return "That was taken back already."
        return None if line.can_undo else "That cannot be taken back."

    def commit_label(self) -> str | None:
        """F9 takes the command back."""
        return "TAKE BACK" if self.line else None

    def label_of(self, each: Command) -> str:
        """`u` takes back the one under the pointer, not the newest."""
        return "take back" if each.method == "undo" else super().label_of(each)

    def action_commit(self) -> None:
        """Take the command back."""
        self.action_undo()

    def action_undo(self) -> None:
        """Take the command under the pointer back."""
        from opsdesk.operations.undo import undo

        if self.line is not None:
            self._taken_back = self.line.id
            self.carry_out(undo, self.line.id)

    def done(self, done: Done) -> None:
        """Say what was taken back; it is no longer what `u` takes back elsewhere."""
        super().done(done)
        self.host.forget_done(self._taken_back)
        self.reload()

    async def opened(self) -> None:
        """Open the order of the command under the pointer."""
        self.action_open()

    def action_open(self) -> None:
        """Open the order that it was about."""
        if self.line is not None and self.line.order_id is not None:
            self.open_named("order", self.line.order_id)

    def action_next(self) -> None:
        """Go to the next command."""
        self.table.action_step(1)


def _way_back(line: CommandLine) -> Cell:
    if line.is_undone:
        return Cell("taken back", Tone.DIM)
    return Cell("u takes back", Tone.NOW) if line.can_undo else Cell("-", Tone.DIM)
