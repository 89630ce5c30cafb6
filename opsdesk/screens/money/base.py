"""What every form about the money of an order has: its sheet, amounts, and a list to pick from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.errors import Invalid
from opsdesk.domain.money import Money
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.money.choices import money_choices
from opsdesk.store.views.money.parts import MoneySheet
from opsdesk.store.views.money.sheet import money_sheet
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field


class MoneyForm(OrderForm):
    """A form about the money of one order; what the money panel says of its digit, it says too."""

    KEY: ClassVar[str] = ""
    """The entry of the money panel that opens it."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../forms/forms.tcss", "money.tcss"]
    sheet: MoneySheet | None = None

    async def prepare(self, detail: OrderDetail) -> None:
        """Read the money of the order."""
        self.sheet = await self.fetch(money_sheet, self.order_id)

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why it cannot be done, in the words of the money panel."""
        if action == "commit" and self.sheet is not None and self.detail is not None:
            offered = money_choices(self.sheet, self.detail, self.desk.actor, self.desk.clock())
            problem = next((choice.why_not for choice in offered if choice.key == self.KEY), None)
            if problem:
                return problem
        return super().why_not(action, *parameters)

    def amount_in(self, values: Mapping[str, str], name: str = "amount") -> Money | None:
        """Read an amount in the order's currency; a mistake is shown at its field, and None comes back."""
        assert self.sheet is not None, "The form is committed once the money has been read."
        currency = self.sheet.total.currency
        try:
            return Money.parse(values[name].upper().replace(currency, ""), currency, field=name)
        except Invalid as error:
            self.show_refusal(error)
            return None


_PICK_FIRST = "Pick one first: press its digit."


class PickingForm(MoneyForm):
    """A money form with a numbered list above its fields: of payments, credits or calls."""

    BODY_FOCUS = "Choices"

    def __init__(self, title: str, fields: Sequence[Field], order_id: int) -> None:
        super().__init__(title, fields, order_id)
        self.form.add_class("form--below")
        self.list = Choices([])
        self.picked = ""

    def compose_form(self) -> ComposeResult:
        """Yield the list, then the fields."""
        yield self.list
        yield self.form

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return what can be picked."""
        raise NotImplementedError

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say that something has to be picked first."""
        if action == "commit" and self.sheet is not None and not self.picked:
            return _PICK_FIRST
        return super().why_not(action, *parameters)

    def arrived(self, detail: OrderDetail) -> None:
        """List what can be picked; a single one is picked at once."""
        if self.sheet is None:
            return
        entries = self.entries(self.sheet)
        self.list.show(entries)
        able = [entry for entry in entries if entry.why_not is None]
        if len(able) == 1:
            self.pick(able[0].key)
            return
        if able:
            self.list.point_at(able[0].key)
        self.set_focus(self.list)

    async def load(self) -> None:
        """Say how to pick where that is all that is missing."""
        await super().load()
        if self.is_attached and self.message == _PICK_FIRST:
            self.say("A digit picks one.")

    def pick(self, key: str) -> None:
        """Take one of the list, and go on to the fields."""
        self.picked = key
        self.list.point_at(key)
        if self.message in (_PICK_FIRST, "A digit picks one."):
            self.say("")
        self.form.focus_field()
        self.show_keys()

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.pick(event.key)

    @on(Choices.Refused)
    def _refused(self, event: Choices.Refused) -> None:
        event.stop()
        self.say_no(event.reason)

    def action_choices(self) -> None:
        """Go back to the list."""
        self.set_focus(self.list)
