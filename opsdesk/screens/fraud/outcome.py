"""Say by a key what an order turned out to be: fraud, or a good order after all; or take back what was said by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.operations.fraud.labelling import PERSON, label_order, take_back_label
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.forms.filling import point_at, show_field
from opsdesk.screens.fraud.ending import end_words
from opsdesk.screens.order.words import moment
from opsdesk.store.views.fraud.ends import KnownEnd, known_end
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field

_TAKE_BACK = "take back"
_CHOICES = (
    ("fraud", Word.FRAUD, "fraud", "its cardholder or bank says so, or you know it otherwise"),
    ("legit", Word.LEGIT, "a good order", "also where they dispute what they themselves ordered"),
)


class OutcomePanel(OrderForm):
    """A digit says what it was, a sentence how one knows; F9 says so."""

    ACTION = "outcome"
    DRAFT = "outcome"
    BODY_FOCUS = "Choices"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss"]

    def __init__(self, order_id: int) -> None:
        note = Field("note", "how you know", hint="rules and people are judged by it", longest=400)
        super().__init__("WHAT IT TURNED OUT TO BE", [note], order_id)
        self.form.add_class("form--below")
        self.list = Choices([])
        self.picked = ""
        self.known: KnownEnd | None = None

    def compose_form(self) -> ComposeResult:
        """Yield what it can have been, then the words for it."""
        yield self.list
        yield self.form

    def focus_body(self) -> None:
        """Begin with the list."""
        self.set_focus(self.list)

    async def prepare(self, detail: OrderDetail) -> None:
        """Look what is known of it so far."""
        self.known = await self.fetch(known_end, self.order_id)

    def arrived(self, detail: OrderDetail) -> None:
        """List what it can have been."""
        self.list.show(self._entries())
        if self.known is None:
            self.say("A digit says what it was.", hint="rules learn from it")
        else:
            self.say(f"{end_words(self.known, self._at)}.", hint="a later word counts instead")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "TAKE IT BACK" if self.picked == _TAKE_BACK else "SAY SO"

    def commit(self, values: Mapping[str, str]) -> None:
        """Say what it was."""
        if not self.picked:
            self.say_no("Say first what it was: press its digit.")
        elif self.picked != _TAKE_BACK:
            note = values["note"].strip()
            self.carry_out(label_order, self.order_id, verdict=self.picked, note=note, version=self.version)
        elif self.known is not None:
            self.carry_out(take_back_label, self.order_id, label_id=self.known.label_id)

    def action_choices(self) -> None:
        """Go back to the list."""
        self.set_focus(self.list)

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Take up what was picked too."""
        if key := fields.get("picked"):
            self._pick(key)

    def _keep(self, values: Mapping[str, str]) -> None:
        super()._keep({**values, "picked": self.picked})

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self._pick(event.key)
        self._keep(self.form.draft)
        if event.key != _TAKE_BACK:
            self.form.focus_field("note")

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)

    def _pick(self, key: str) -> None:
        self.picked = key
        point_at(self.list, key)
        show_field(self.form, "note", is_shown=key != _TAKE_BACK)
        self.show_keys()

    def _entries(self) -> list[Choice]:
        known = self.known
        entries = [
            Choice(verdict, label, detail, "That is known of it already." if known and known.word is word else None)
            for verdict, word, label, detail in _CHOICES
        ]
        if known is not None and known.source == PERSON:
            entries.append(Choice(_TAKE_BACK, f"take back what {known.by} said", "what was known before counts again"))
        return entries

    def _at(self, when: datetime) -> str:
        return moment(when, self.desk.clock(), self.desk.zone)
