"""Cancel an order with a reason, and reopen it."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.orders.rules import CancelReason
from opsdesk.operations.orders.cancelling import cancel, reopen
from opsdesk.screens.forms.base import OrderForm
from opsdesk.screens.forms.filling import point_at
from opsdesk.screens.order.words import plural
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field

CANCEL_WORDS = {
    CancelReason.CUSTOMER: "the customer asked",
    CancelReason.INVENTORY: "goods are missing",
    CancelReason.DECLINED: "payment declined",
    CancelReason.UNVERIFIED: "customer not reached",
    CancelReason.FRAUD: "fraud",
    CancelReason.DUPLICATE: "ordered twice",
    CancelReason.PRICING_ERROR: "wrong price",
    CancelReason.UNDELIVERABLE: "cannot be delivered",
    CancelReason.EXPIRED: "nobody paid in time",
    CancelReason.STAFF: "our own mistake",
    CancelReason.OTHER: "something else",
}
"""The reasons in the order of how often they are needed; the first ten have a digit."""


class CancelPanel(OrderForm):
    """A reason from a list, and a note; F9 cancels what has not left the house."""

    ACTION = "cancel"
    DRAFT = "cancel"
    BODY_FOCUS = "Choices"

    def __init__(self, order_id: int) -> None:
        super().__init__(
            "CANCEL", [Field("note", "note", hint="for the history; the customer does not see it")], order_id
        )
        self.reasons = Choices([Choice(reason.value, words) for reason, words in CANCEL_WORDS.items()])
        self.form.add_class("form--below")
        self.reason: CancelReason | None = None

    def compose_form(self) -> ComposeResult:
        """Yield the reasons, then the note."""
        yield self.reasons
        yield self.form

    def focus_body(self) -> None:
        """Begin with the reason."""
        self.set_focus(self.reasons)

    def arrived(self, detail: OrderDetail) -> None:
        """Say what would be cancelled."""
        units = plural(detail.facts.open_units, "unit")
        self.say(f"Cancels {units}, worth {detail.amounts.total}. The record stays; waiting mails are taken back.")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "CANCEL THE ORDER"

    def commit(self, values: Mapping[str, str]) -> None:
        """Cancel, once there is a reason."""
        if self.reason is None:
            self.set_focus(self.reasons)
            self.say_no("Say why first: press the digit of a reason.")
            return
        self.carry_out(cancel, self.order_id, version=self.version, reason=self.reason, note=values["note"])

    def action_choices(self) -> None:
        """Go back to the reasons."""
        self.set_focus(self.reasons)

    def taken_up(self, fields: Mapping[str, str]) -> None:
        """Take up the reason too."""
        if fields.get("reason"):
            self.reason = CancelReason(fields["reason"])
            point_at(self.reasons, self.reason.value)
            self.say(f"Taken up: cancel because {CANCEL_WORDS[self.reason]}.", hint="F9 cancels, F4 chooses again")

    def _keep(self, values: Mapping[str, str]) -> None:
        super()._keep({**values, "reason": self.reason.value if self.reason else ""})

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self.reason = CancelReason(event.key)
        self._keep(self.form.draft)
        self.form.focus_field("note")
        self.say(f"Cancel because: {CANCEL_WORDS[self.reason]}.", hint="F9 cancels, F4 chooses again")
        self.show_keys()


class ReopenPanel(OrderForm):
    """Why a cancelled or completed order is worked on again."""

    ACTION = "reopen"
    DRAFT = "reopen"

    def __init__(self, order_id: int) -> None:
        super().__init__("REOPEN", [Field("note", "why", hint="for the history")], order_id)

    def arrived(self, detail: OrderDetail) -> None:
        """Say what comes of it."""
        self.say("A cancelled order comes back on hold, until somebody has looked at payment and stock.")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "REOPEN IT"

    def commit(self, values: Mapping[str, str]) -> None:
        """Reopen."""
        self.carry_out(reopen, self.order_id, version=self.version, note=values["note"])
