"""A dispute: note one that came by letter, say that it was answered, accept it, or write down how it ended."""

from __future__ import annotations

from collections.abc import Mapping

from opsdesk.domain.errors import Invalid
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.typed_moments import read_moment
from opsdesk.operations.payments.disputes import accept_dispute, answer_dispute, decide_dispute, record_dispute
from opsdesk.screens.forms.filling import show_field
from opsdesk.screens.money.base import PickingForm
from opsdesk.store.views.money.parts import DisputeView, MoneySheet
from opsdesk.widgets.choices import Choice
from opsdesk.widgets.fields import Field

_NEW, _ANSWER, _ACCEPT, _WON, _LOST = "new", "answer", "accept", "won", "lost"
_STEPS = {
    _ANSWER: ("say that it was answered", "dispute.answer"),
    _ACCEPT: ("accept it: the money is gone", "dispute.accept"),
    _WON: ("write down that it is won", "dispute.decide"),
    _LOST: ("write down that it is lost", "dispute.decide"),
}
_LABELS = {_NEW: "NOTE IT", _ANSWER: "ANSWERED", _ACCEPT: "ACCEPT IT", _WON: "IT IS WON", _LOST: "IT IS LOST"}


class DisputePanel(PickingForm):
    """What can be done about each dispute, and noting a new one on each payment."""

    ACTION = KEY = "dispute"
    DRAFT = "dispute"

    def __init__(self, order_id: int) -> None:
        fields = [
            Field("amount", "amount", longest=20),
            Field("reference", "reference", hint="what the bank or gateway calls it"),
            Field("reason", "reason", hint="as the bank says it"),
            Field("due", "answer by", hint="tomorrow, mon 9:30, 3 Dec ...", longest=40),
            Field("note", "note", hint="for the history"),
        ]
        super().__init__("DISPUTE", fields, order_id)

    def entries(self, sheet: MoneySheet) -> list[Choice]:
        """Return what can be done about open disputes, then the payments that a new one could be about."""
        listed: list[Choice] = []
        for dispute in sheet.disputes:
            if dispute.closed_at is None:
                words = f"{dispute.amount} {dispute.reason}".strip()
                listed += [
                    Choice(f"{verb}:{dispute.id}", label, words, why_not_allowed(self.desk.actor, operation))
                    for verb, (label, operation) in _STEPS.items()
                ]
        captured = [payment for payment in sheet.payments if payment.facts.captured]
        listed += [Choice(f"{_NEW}:{payment.id}", "note a new one", payment.name) for payment in captured]
        return listed

    def pick(self, key: str) -> None:
        """Show the fields that the picked step needs."""
        is_new = key.startswith(_NEW)
        for name in ("amount", "reference", "reason", "due"):
            show_field(self.form, name, is_shown=is_new)
        super().pick(key)
        self.form.focus_field("amount" if is_new else "note")

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return _LABELS.get(self.picked.partition(":")[0])

    def commit(self, values: Mapping[str, str]) -> None:
        """Do what was picked."""
        verb, _, number = self.picked.partition(":")
        if not verb:
            self.say_no("Pick one first: press its digit.")
        elif verb == _NEW:
            self._record(int(number), values)
        else:
            self._move(verb, self._dispute(int(number)), values["note"])

    def _move(self, verb: str, dispute: DisputeView, note: str) -> None:
        if verb == _ANSWER:
            self.carry_out(answer_dispute, dispute.id, version=dispute.version, note=note)
        elif verb == _ACCEPT:
            self.carry_out(accept_dispute, dispute.id, version=dispute.version, note=note)
        else:
            self.carry_out(decide_dispute, dispute.id, version=dispute.version, won=verb == _WON, note=note)

    def _record(self, payment_id: int, values: Mapping[str, str]) -> None:
        amount = self.amount_in(values)
        if amount is None:
            return
        try:
            due_at = read_moment(values["due"], self.desk.clock(), self.desk.zone, field="due")
        except Invalid as error:
            self.show_refusal(error)
            return
        self.carry_out(
            record_dispute,
            payment_id,
            version=self.version,
            reference=values["reference"],
            amount=amount,
            reason=values["reason"],
            due_at=due_at,
        )

    def _dispute(self, dispute_id: int) -> DisputeView:
        assert self.sheet is not None, "What was picked was read."
        return next(dispute for dispute in self.sheet.disputes if dispute.id == dispute_id)
