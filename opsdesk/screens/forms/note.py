"""A note on an order."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.operations.orders.notes import note
from opsdesk.screens.forms.base import OrderForm
from opsdesk.widgets.fields import Field

_LONGEST = 4_000


class NotePanel(OrderForm):
    """Some lines of text for everybody who opens the order later."""

    ACTION = "note"
    DRAFT = "note"

    def __init__(self, order_id: int) -> None:
        text = Field("text", "note", rows=8, hint="What should the next one know?", longest=_LONGEST)
        super().__init__("NOTE", [text], order_id)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "NOTE IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Write the note."""
        self.carry_out(note, self.order_id, text=values["text"])
