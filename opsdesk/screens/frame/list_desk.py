"""A desk that is one list: the row under the pointer, what opens it, and the way up and down."""

from __future__ import annotations

from textual import on

from opsdesk.screens.frame.base import DeskScreen
from opsdesk.widgets.record_table import RecordTable


class ListDesk(DeskScreen[None]):
    """A subclass names its list in `BODY_FOCUS`, and shows in `pointed` what hangs on the row under the pointer."""

    @property
    def table(self) -> RecordTable:
        """The list."""
        return self.query_one(self.BODY_FOCUS, RecordTable)

    @property
    def pointed_key(self) -> str:
        """The key of the row under the pointer; empty where there is none, or no list yet."""
        is_there = self.is_mounted and bool(self.query(self.BODY_FOCUS))
        return (self.table.pointed or "") if is_there else ""

    def pointed(self) -> None:
        """Show what hangs on the row under the pointer, besides its keys."""

    async def opened(self) -> None:
        """Open the row under the pointer."""
        await self.run_command("list.open")

    @on(RecordTable.Pointed)
    def _row_pointed(self) -> None:
        self.show_keys()
        self.pointed()

    @on(RecordTable.Opened)
    async def _row_opened(self) -> None:
        await self.opened()

    def action_down(self) -> None:
        """Go one row down."""
        self.table.action_step(1)

    def action_up(self) -> None:
        """Go one row up."""
        self.table.action_step(-1)
