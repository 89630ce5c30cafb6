"""Out of the way until a moment: a digit for the usual ones, or a time that is typed."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.errors import Invalid
from opsdesk.domain.typed_moments import read_moment
from opsdesk.operations.orders.desk import snooze
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.order.words import moment
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field

USUAL = {
    "1h": "in an hour",
    "4h": "in four hours",
    "tomorrow 8:00": "tomorrow morning",
    "mon 8:00": "on Monday",
    "7d": "in a week",
}
"""What a digit picks; the keys are moments as one would type them."""

_TYPED = "typed"


class SnoozePanel(OrderForm):
    """A digit snoozes at once, since u takes it back; a typed moment wants F9."""

    ACTION = "snooze"
    BODY_FOCUS = "Choices"

    def __init__(self, order_id: int) -> None:
        super().__init__(
            "SNOOZE UNTIL", [Field("until", "until", hint="2h, 15:00, fri 9:30, 27 Nov", longest=40)], order_id
        )
        self.form.add_class("form--below")
        self.list = Choices([])

    def compose_form(self) -> ComposeResult:
        """Yield the usual moments, then a field for any other."""
        yield self.list
        yield self.form

    def focus_body(self) -> None:
        """Begin with the list."""
        self.set_focus(self.list)

    def arrived(self, detail: OrderDetail) -> None:
        """Say when each of the usual moments is."""
        now, zone = self.desk.clock(), self.desk.zone
        entries = []
        for typed, words in USUAL.items():
            found = read_moment(typed, now, zone)
            entries.append(Choice(typed, words, moment(found, now, zone) if found else ""))
        self.list.show([*entries, Choice(_TYPED, "at another time ...")])

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "SNOOZE IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Snooze until what was typed, or what the list points at."""
        pointed = self.list.pointed
        typed = values["until"].strip() or (pointed.key if pointed and pointed.key != _TYPED else "")
        self._snooze(typed)

    def _snooze(self, typed: str) -> None:
        try:
            until = read_moment(typed, self.desk.clock(), self.desk.zone)
        except Invalid as error:
            self.show_refusal(error)
            return
        if until is None:
            self.form.show_error("until", "Say until when.")
            return
        self.carry_out(snooze, self.order_id, until=until)

    def action_choices(self) -> None:
        """Go back to the list."""
        self.set_focus(self.list)

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        if event.key == _TYPED:
            self.form.focus_field("until")
        else:
            self._snooze(event.key)
