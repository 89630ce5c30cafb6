"""A refund that waits for somebody: a second person agrees or declines, or what failed is sent another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.app import ComposeResult

from opsdesk.domain.mails.outgoing import Letter
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.people.actors import Actor
from opsdesk.domain.people.permissions import why_not_allowed, why_not_within
from opsdesk.domain.refunds.shares import ShareChoice
from opsdesk.operations.refunds.approvals import approve, decline
from opsdesk.operations.refunds.asking import retry, take_back, turn_into_credit
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.frame.writing import LetterForm
from opsdesk.screens.money.base import PickingForm
from opsdesk.screens.money.words import MoneySeen, refund_lines
from opsdesk.store.views.money.parts import MoneySheet, RefundView
from opsdesk.store.views.money.retelling import did_not_go, sent_another_way
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field
from opsdesk.widgets.paper import Paper, paragraph

_WAITING = ("pending_approval", "failed", "unknown", "submitted")
_REFUNDED_STATUS = "refunded"
_LABELS = {
    "approve": "AGREE TO IT",
    "decline": "DECLINE IT",
    "back": "TAKE IT BACK",
    "retry": "SEND IT AGAIN",
    "hand": "IT IS PAID BY HAND",
    "credit": "TURN IT INTO CREDIT",
}
_NEEDS = {"decline": "note", "hand": "reference"}
"""The field that a step needs, by the step."""


class RefundReviewPanel(PickingForm, LetterForm):
    """What each waiting refund is for, and what can be done about it."""

    ACTION = KEY = "refund_review"

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("note", "why not", hint="whoever asked for it reads this"),
            Field("reference", "bank line", hint="of the transfer that you made"),
        ]
        super().__init__("REFUNDS THAT WAIT", fields, order_id)

    def compose_form(self) -> ComposeResult:
        """Yield what waits above what can be done."""
        yield Paper(id="refunds-waiting", classes="money--waiting")
        yield from super().compose_form()

    def arrived(self, detail: OrderDetail) -> None:
        """Show the refunds with their parts."""
        self._show_fields()
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
        return [entry for refund in sheet.refunds for entry in _entries(refund, self.desk.actor)]

    def pick(self, key: str) -> None:
        """Show the field that the picked step needs."""
        self.picked = key
        self._show_fields()
        super().pick(key)
        needed = _NEEDS.get(key.partition(":")[0])
        if needed is None:
            self.set_focus(self.list)
        else:
            self.form.focus_field(needed)

    def _show_fields(self) -> None:
        needed = _NEEDS.get(self.picked.partition(":")[0])
        for name in ("note", "reference"):
            show_field(self.form, name, is_shown=name == needed)

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
        elif verb in ("hand", "credit"):
            self.begin(self._send_another_way(refund, verb, values["reference"]))
        else:
            self.carry_out(take_back, refund.id)

    async def _send_another_way(self, refund: RefundView, verb: str, reference: str) -> None:
        """Send what failed another way, with a mail that names the way it went."""
        failed = did_not_go(refund)
        method = Method.BANK_TRANSFER if verb == "hand" else Method.STORE_CREDIT
        letter = await self._letter(refund, method)
        if not self.is_attached:
            return
        if verb == "credit":
            self.carry_out(turn_into_credit, refund.id, letter=letter)
            return
        shares = tuple(ShareChoice(share.payment_id, share.amount, method, reference=reference) for share in failed)
        self.carry_out(retry, refund.id, shares=shares, letter=letter)

    async def _letter(self, refund: RefundView, method: Method) -> Letter | None:
        status = next((each for each in self.desk.statuses.statuses if each.code == _REFUNDED_STATUS), None)
        if status is None or self.detail is None or not self.detail.facts.has_email:
            return None
        assert self.sheet is not None, "What was picked was read."
        told = sent_another_way(self.sheet, refund, method)
        made = await self.make_letter(status, lambda facts: replace(facts, refund=told))
        return made.letter if made else None

    def _refund(self, refund_id: int) -> RefundView:
        assert self.sheet is not None, "What was picked was read."
        return next(refund for refund in self.sheet.refunds if refund.id == refund_id)


def _entries(refund: RefundView, actor: Actor) -> list[Choice]:
    amount, listed = str(refund.amount), []
    if refund.state == "pending_approval":
        listed.append(Choice(f"approve:{refund.id}", "agree to it", amount, _why_not_agree(refund, actor)))
        no_decline = why_not_allowed(actor, "refund.decline")
        listed.append(Choice(f"decline:{refund.id}", "decline it", amount, no_decline))
    if refund.state == "failed":
        listed.append(Choice(f"retry:{refund.id}", "send it again", amount, why_not_allowed(actor, "refund.retry")))
        no_hand = why_not_allowed(actor, "refund.by_hand")
        listed.append(Choice(f"hand:{refund.id}", "note that it was transferred by hand", amount, no_hand))
        listed.append(Choice(f"credit:{refund.id}", "turn it into store credit", amount))
    if refund.state in ("pending_approval", "failed", "submitted"):
        listed.append(Choice(f"back:{refund.id}", "take it back", amount))
    if refund.state == "unknown":
        why = "The gateway is being asked what became of it. Do not refund it again."
        listed.append(Choice(f"wait:{refund.id}", "wait for the gateway", amount, why))
    return listed


def _why_not_agree(refund: RefundView, actor: Actor) -> str | None:
    if problem := why_not_allowed(actor, "refund.approve"):
        return problem
    if refund.requested_by == actor.name:
        return "You asked for it yourself. Somebody else has to agree."
    return why_not_within(actor, "refund.approve", refund.amount)


def _parts(refund: RefundView, titles: Mapping[int, str]) -> str:
    said = []
    for part in refund.parts:
        name = titles.get(part.line_id or 0, part.label) or part.kind.replace("_", " ")
        said.append(f"{part.quantity} x {name} {part.amount}" if part.quantity else f"{name} {part.amount}")
    note = f". {refund.note}" if refund.note else ""
    return f"{', '.join(said)}{note}"
