"""A refund that waits for somebody: a second person agrees or declines, or what failed is sent another way."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult

from opsdesk.operations.approvals import approve, decline
from opsdesk.operations.refunds import retry, take_back, turn_into_credit
from opsdesk.screens.money.base import PickingForm
from opsdesk.screens.money.words import MoneySeen, refund_lines
from opsdesk.store.views.money_parts import MoneySheet, RefundView
from opsdesk.store.views.order import OrderDetail
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field
from opsdesk.widgets.paper import Paper, paragraph

_WAITING = ("pending_approval", "failed", "unknown", "submitted")
_LABELS = {
    "approve": "AGREE TO IT",
    "decline": "DECLINE IT",
    "back": "TAKE IT BACK",
    "retry": "SEND IT AGAIN",
    "credit": "TURN IT INTO CREDIT",
}


class RefundReviewPanel(PickingForm):
    """What each waiting refund is for, and what can be done about it."""

    ACTION = KEY = "refund_review"

    def __init__(self, order_id: int) -> None:
        super().__init__("REFUNDS THAT WAIT", [Field("note", "note", hint="why it is declined")], order_id)

    def compose_form(self) -> ComposeResult:
        """Yield what waits above what can be done."""
        yield Paper(id="refunds-waiting", classes="money--waiting")
        yield from super().compose_form()

    def arrived(self, detail: OrderDetail) -> None:
        """Show the refunds with their parts."""
        super().arrived(detail)
        sheet = self.sheet
        if sheet is None:
            return
        seen = MoneySeen(sheet, self.desk.clock(), self.desk.zone, self.host.symbol)
        titles = {line.id: line.name for line in detail.lines}
        shown = [refund for refund in sheet.refunds if refund.state in _WAITING]
        self.query_one("#refunds-waiting", Paper).show(
            lambda width: [
                line
                for refund in shown
                for line in (*refund_lines(seen, refund, width), *paragraph(_parts(refund, titles), width, indent=2))
            ]
        )

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return what can be done about each refund, in its state."""
        listed: list[Choice] = []
        for refund in sheet.refunds:
            amount = str(refund.amount)
            if refund.state == "pending_approval":
                own = refund.requested_by == self.desk.actor.name
                problem = "You asked for it yourself. Somebody else has to agree." if own else None
                listed.append(Choice(f"approve:{refund.id}", "agree to it", amount, problem))
                listed.append(Choice(f"decline:{refund.id}", "decline it", amount))
            if refund.state == "failed":
                listed.append(Choice(f"retry:{refund.id}", "send it again", amount))
                listed.append(Choice(f"credit:{refund.id}", "turn it into store credit", amount))
            if refund.state in ("pending_approval", "failed", "submitted"):
                listed.append(Choice(f"back:{refund.id}", "take it back", amount))
            if refund.state == "unknown":
                why = "The gateway is being asked what became of it. Do not refund it again."
                listed.append(Choice(f"wait:{refund.id}", "wait for the gateway", amount, why))
        return listed

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return _LABELS.get(self.picked.partition(":")[0])

    def commit(self, values: Mapping[str, str]) -> None:
        """Do what was picked."""
        verb, _, number = self.picked.partition(":")
        if not verb:
            self.say_no("Pick one first: press its digit.")
            return
        refund = self._refund(int(number))
        if verb == "approve":
            self.carry_out(approve, refund.id, content_hash=refund.content_hash)
        elif verb == "decline":
            self.carry_out(decline, refund.id, note=values["note"])
        elif verb == "retry":
            self.carry_out(retry, refund.id)
        elif verb == "credit":
            self.carry_out(turn_into_credit, refund.id)
        else:
            self.carry_out(take_back, refund.id)

    def _refund(self, refund_id: int) -> RefundView:
        assert self.sheet is not None, "What was picked was read."
        return next(refund for refund in self.sheet.refunds if refund.id == refund_id)


def _parts(refund: RefundView, titles: Mapping[int, str]) -> str:
    said = []
    for part in refund.parts:
        name = titles.get(part.line_id or 0, part.label) or part.kind.replace("_", " ")
        said.append(f"{part.quantity} x {name} {part.amount}" if part.quantity else f"{name} {part.amount}")
    note = f". {refund.note}" if refund.note else ""
    return f"{', '.join(said)}{note}"
