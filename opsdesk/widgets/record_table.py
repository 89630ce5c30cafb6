"""A list of records on the Line API: only what differs is drawn, and the cursor stays on its record, not on its row.

A row is known by the key of its record. A refresh never moves rows under the cursor: foreign changes patch cells in
place, rows that are gone stay struck through until the list is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from opsdesk.widgets.record_lines import PREFIX, RecordLines
from opsdesk.widgets.rows import GAP, Column, Row, in_order

_NEAR = 30
"""So many rows before the end more are asked for, so that walking down never waits."""


class RecordTable(RecordLines, can_focus=True):
    """Rows by record. Tells where the pointer is, what was opened, and when more rows are wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("home", "first", show=False),
        Binding("end", "last", show=False),
    ]

    @dataclass
    class Pointed(Message):
        """The pointer stands on this record now, or on none."""

        table: RecordTable
        key: str | None

        def can_replace(self, message: Message) -> bool:
            """Only the last place counts."""
            return isinstance(message, RecordTable.Pointed)

        @property
        def control(self) -> RecordTable:
            """The list whose pointer moved."""
            return self.table

    @dataclass
    class Opened(Message):
        """A row was clicked twice."""

        table: RecordTable
        key: str

        @property
        def control(self) -> RecordTable:
            """The list that it was opened from."""
            return self.table

    @dataclass
    class NearEnd(Message):
        """The pointer comes near the end; `last_key` is the last record that is there."""

        table: RecordTable
        last_key: str

        @property
        def control(self) -> RecordTable:
            """The list that wants more rows."""
            return self.table

    @dataclass
    class HeadClicked(Message):
        """A column's head was clicked."""

        column_key: str

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(columns, id=id)
        self._asked_after = ""

    # What it shows.

    @property
    def keys(self) -> tuple[str, ...]:
        """The records, from top to bottom."""
        return tuple(self._order)

    @property
    def pointed(self) -> str | None:
        """The record under the pointer."""
        return self._order[self._pointer] if self._pointer < len(self._order) else None

    @property
    def marked(self) -> tuple[str, ...]:
        """The marked records that are in the list, from top to bottom."""
        return in_order(self._order, self._marks)

    def show(self, rows: Mapping[str, Row], *, empty: Sequence[str] = ()) -> None:
        """Show these records. The pointer stays on its record, or else on its row; only what differs is drawn."""
        held = self.pointed
        self._gone.clear()
        self._asked_after = ""
        before, self._empty = self._empty, tuple(empty)
        if list(rows) == self._order:
            self.patch(rows)
            if not rows and before != self._empty:
                self.refresh()
        else:
            self._rows, self._order = dict(rows), list(rows)
            self._marks &= set(rows)
            self._pointer = self._order.index(held) if held in rows else min(self._pointer, max(0, len(rows) - 1))  # type: ignore[arg-type]  # a key, since it is in rows
            self._resize_virtual()
            self._keep_in_sight()
            self.refresh()
        self._tell()

    def append(self, rows: Mapping[str, Row]) -> None:
        """Add records at the end; those that are there already are patched."""
        new = {key: row for key, row in rows.items() if key not in self._rows}
        self.patch({key: row for key, row in rows.items() if key in self._rows})
        if new:
            first = len(self._order)
            self._rows.update(new)
            self._order.extend(new)
            self._resize_virtual()
            self.refresh_lines(first + 1, len(new))

    def patch(self, rows: Mapping[str, Row]) -> None:
        """Change records in place; nothing is drawn for those that read the same."""
        for key, row in rows.items():
            if key in self._rows and self._rows[key] != row:
                self._rows[key] = row
                self._redraw(key)

    def strike(self, keys: Iterable[str]) -> None:
        """Strike records through that do not belong here any more; they leave with the next `show`."""
        for key in keys:
            if key in self._rows and key not in self._gone:
                self._gone.add(key)
                self._redraw(key)

    def is_gone(self, key: str) -> bool:
        """Say whether the record is only still shown because nobody has read the list again."""
        return key in self._gone

    # Pointing and marking.

    def point_at(self, key: str) -> bool:
        """Put the pointer on a record, if it is there."""
        if key not in self._rows:
            return False
        self._move_to(self._order.index(key))
        return True

    def mark(self, keys: Iterable[str], *, on: bool = True) -> None:
        """Mark records, or take their marks away."""
        for key in keys:
            if key in self._rows and (key in self._marks) is not on:
                self._marks ^= {key}
                self._redraw(key)

    def toggle_mark(self) -> None:
        """Mark or unmark the record under the pointer, and go on to the next."""
        if self.pointed is not None:
            self.mark([self.pointed], on=self.pointed not in self._marks)
            self.action_step(1)

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.mark(tuple(self._marks), on=False)
        self._marks.clear()

    def action_step(self, by: int) -> None:
        """Move the pointer by rows."""
        self._move_to(self._pointer + by)

    def action_page(self, by: int) -> None:
        """Move the pointer by pages."""
        self._move_to(self._pointer + by * max(1, self._visible_rows - 1))

    def action_first(self) -> None:
        """Go to the first record."""
        self._move_to(0)

    def action_last(self) -> None:
        """Go to the last record that is there."""
        self._move_to(len(self._order) - 1)

    def _move_to(self, row: int) -> None:
        row = min(max(0, row), max(0, len(self._order) - 1))
        if row == self._pointer or not self._order:
            self._ask_for_more()
            return
        old, self._pointer = self._pointer, row
        if not self._keep_in_sight():
            self.refresh_lines(old + 1)
            self.refresh_lines(row + 1)
        self._tell()

    def _tell(self) -> None:
        self.post_message(self.Pointed(self, self.pointed))
        self._ask_for_more()

    def _ask_for_more(self) -> None:
        if self._order and self._pointer >= len(self._order) - _NEAR and self._asked_after != self._order[-1]:
            self._asked_after = self._order[-1]
            self.post_message(self.NearEnd(self, self._asked_after))

    async def _on_click(self, event: events.Click) -> None:
        if event.y == 0:
            at = PREFIX
            for _, column, cells in self._shown_columns:
                if at <= event.x < at + cells:
                    self.post_message(self.HeadClicked(column.key))
                at += cells + GAP
            return
        row = event.y - 1 + round(self.scroll_y)
        if row < len(self._order):
            self._move_to(row)
            if event.chain == 2:
                self.post_message(self.Opened(self, self._order[row]))
