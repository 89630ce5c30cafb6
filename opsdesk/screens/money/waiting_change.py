"""A change of an order that waits, for money or for the packer: make it now, take it back, or put the order back."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.content import Content

from opsdesk.domain.amendments.edits import edit_words, edits_from_json
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.operations.amendments.changing import acknowledge_recall, apply, withdraw
from opsdesk.screens.money.base import PickingForm
from opsdesk.store.views.money.parts import AmendmentView, MoneySheet
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.theme import Tone
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.paper import Paper, paragraph, row

_WAITS = {
    AmendmentState.AWAITING_PAYMENT: "It waits for the customer's money and goes on by itself when that comes.",
    AmendmentState.AWAITING_PACKER: "It waits until whoever packs the order has put it back.",
}
_MOST_EDITS = 8


class WaitingChangePanel(PickingForm):
    """What the change is and what it waits for, and what can be done about it."""

    ACTION = "amend"

    def __init__(self, order_id: int) -> None:
        super().__init__("A CHANGE WAITS", [], order_id)

    def compose_form(self) -> ComposeResult:
        """Yield the change above what can be done."""
        yield Paper(id="change-waiting", classes="money--waiting")
        yield from super().compose_form()

    def arrived(self, detail: OrderDetail) -> None:
        """Show the change."""
        super().arrived(detail)
        change = self.sheet.amendment if self.sheet is not None else None
        if change is not None:
            titles = {line.id: line.name for line in detail.lines}
            self.query_one("#change-waiting", Paper).show(lambda width: self._lines(change, titles, width))

    def _lines(self, change: AmendmentView, titles: Mapping[int, str], width: int) -> list[Content]:
        total = f"{change.old_total}  {self.host.symbol('now')}  {change.new_total}"
        delta = change.new_total - change.old_total
        said = f"{'+' if delta.minor > 0 else ''}{delta}"
        tone = Tone.MONEY if delta.minor > 0 else Tone.GOOD
        lines = [
            row((total, max(8, width - len(said) - 1), f"bold {Tone.PLAIN.style}"), (said, -len(said), tone.style))
        ]
        edits = edit_words(edits_from_json(change.edits), titles)
        for line in edits[:_MOST_EDITS]:
            lines += paragraph(f"~ {line}", width, style=Tone.CHANGED.style)
        if len(edits) > _MOST_EDITS:
            lines.append(Content.styled(f"  and {len(edits) - _MOST_EDITS} more", Tone.DIM.style))
        why = f": {change.reason}" if change.reason else ""
        by = f"by {change.proposed_by} {change.proposed_at.astimezone(self.desk.zone):%a %d %b %H:%M}{why}"
        lines += paragraph(by, width, style=Tone.DIM.style)
        return [*lines, *paragraph(_WAITS.get(change.state, "Nobody has decided about it."), width)]

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return what can be done about the change."""
        change = sheet.amendment
        if change is None:
            return []
        is_packed = change.state is AmendmentState.AWAITING_PACKER
        no_recall = why_not_allowed(self.desk.actor, "amendment.acknowledge_recall")
        no_packer = None if is_packed else "Nobody is packing it."
        no_apply = "It is being packed. It is made as soon as it is put back." if is_packed else None
        owed = change.new_total - sheet.paid
        words = f"the order then owes {owed}" if owed.minor > 0 else ""
        return [
            Choice("back", "put it back: the change goes on", "", no_packer or no_recall),
            Choice("apply", "make it now", words, no_apply or why_not_allowed(self.desk.actor, "amendment.apply")),
            Choice("withdraw", "take the change back", "", why_not_allowed(self.desk.actor, "amendment.withdraw")),
        ]

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say that nothing waits any more."""
        if action == "commit" and self.sheet is not None and self.sheet.amendment is None:
            return f"No change of {self.sheet.number} waits any more."
        return super().why_not(action, *parameters)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return {"back": "PUT IT BACK", "apply": "CHANGE IT NOW", "withdraw": "TAKE THE CHANGE BACK"}.get(self.picked)

    def commit(self, values: Mapping[str, str]) -> None:
        """Do what was picked."""
        change = self.sheet.amendment if self.sheet is not None else None
        operation = {"back": acknowledge_recall, "apply": apply, "withdraw": withdraw}.get(self.picked)
        if change is None or operation is None:
            self.say_no(self.why_not("commit") or "Pick one first: press its digit.")
        else:
            self.carry_out(operation, change.id, version=self.version)
