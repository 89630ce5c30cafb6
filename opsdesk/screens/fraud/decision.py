"""Panels of a decision: the long way with gut and note, giving a proposal back, more time for the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from opsdesk.domain.errors import Invalid
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.typed_moments import read_moment
from opsdesk.operations.fraud.deciding import decide, extend, reject, reopen
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.fraud.letters import letter_of_end
from opsdesk.screens.fraud.panel import CasePanel
from opsdesk.screens.fraud.seen import Seen
from opsdesk.screens.fraud.suggesting import reason_words, reasons_for
from opsdesk.widgets.choices import Choice, Choices
from opsdesk.widgets.fields import Field

if TYPE_CHECKING:
    from opsdesk.store.work import Done  # noqa: F401  the base class names it in quotes

_VERDICTS = (
    Choice(Verdict.RELEASE, "release", "it is genuine"),
    Choice(Verdict.CANCEL_UNVERIFIED, "cancel, unverified", "nobody could make sure; it is not called fraud"),
    Choice(Verdict.CANCEL_FRAUD, "cancel as fraud", "it counts as fraud when the rules learn"),
)
_YES, _NO = ("y", "yes"), ("n", "no")


class DecisionPanel(CasePanel):
    """What, why, what the gut says, whether it was worth a look; F9 decides."""

    BODY_FOCUS = "Choices"

    def __init__(self, seen: Seen) -> None:
        fields = [
            Field("gut", "gut", hint="1 sure genuine ... 5 sure fraud; only you and the lead see it", longest=1),
            Field("worth", "worth a look?", hint="y or n: was it right to stop this order, whatever it is?", longest=3),
            Field("note", "note", hint="for the history; the customer does not see it"),
        ]
        super().__init__(f"DECIDE {seen.facts.number}", fields)
        self.seen = seen
        self.list = Choices(_VERDICTS)
        self.form.add_class("form--below")
        self.verdict: Verdict | None = None
        self.reason = ""

    def compose_body(self) -> ComposeResult:
        """Yield the list, which shows verdicts and then reasons, above the fields."""
        yield self.list
        yield self.form

    def on_mount(self) -> None:
        """Begin with what is decided."""
        self.say("A digit says what, the next one why.", hint="F9 then decides")

    def focus_body(self) -> None:
        """Begin with the list."""
        self.set_focus(self.list)

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        if self.verdict is None:
            return "DECIDE"
        return "RELEASE IT" if self.verdict is Verdict.RELEASE else "CANCEL IT"

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say what is missing."""
        if action == "choices":
            return None
        if action == "commit" and not self.reason:
            return "Say what first, then why: each takes one digit."
        return super().why_not(action, *parameters)

    def action_choices(self) -> None:
        """Begin again with what is decided."""
        self.verdict, self.reason = None, ""
        self.list.show(_VERDICTS)
        self.set_focus(self.list)
        self.show_keys()

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        if self.verdict is None:
            self.verdict = Verdict(event.key)
            self.list.show([Choice(code, words) for code, words in reasons_for(self.seen, self.verdict)])
            self.say("Why? A digit chooses.", hint="F4 begins again")
        else:
            self.reason = event.key
            self.list.point_at(event.key)
            self.form.focus_field("gut")
            self.say(f"Because: {reason_words(self.seen, self.reason)}.", hint="F9 decides, F4 begins again")
        self.show_keys()

    def commit(self, values: Mapping[str, str]) -> None:
        """Decide."""
        if self.verdict is None or not self.reason:
            self.say_no("Say what first, then why: each takes one digit.")
            return
        try:
            gut, worth = _gut(values["gut"]), _worth(values["worth"])
        except Invalid as error:
            self.show_refusal(error)
            return
        self.begin(self._decide(self.verdict, gut, worth, values["note"].strip()))

    async def _decide(self, verdict: Verdict, gut: int, worth: bool | None, note: str) -> None:
        seen, letter = self.seen, None
        if verdict is not Verdict.RELEASE or seen.facts.mail_sent_at is not None:
            letter = await letter_of_end(self, seen.sheet.order_id, verdict)
        done = await self.attempt(
            decide,
            seen.sheet.case_id,
            version=seen.sheet.version,
            verdict=verdict,
            reason_code=self.reason,
            gut=gut,
            worth_a_look=worth,
            note=note,
            letter=letter,
        )
        if done is not None and self.is_attached:
            self.done(done)


class RejectPanel(FormPanel["Done"]):
    """Give a proposed decision back, with what is missing; the proposer takes their own back without a word."""

    def __init__(self, case_id: int, number: str, *, is_mine: bool) -> None:
        hint = "only if somebody should know" if is_mine else "what is missing; the proposer reads it"
        super().__init__(f"{'TAKE BACK' if is_mine else 'GIVE BACK'} {number}", [Field("note", "why", hint=hint)])
        self.case_id = case_id

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "GIVE IT BACK"

    def commit(self, values: Mapping[str, str]) -> None:
        """Give it back."""
        self.carry_out(reject, self.case_id, note=values["note"].strip())


class ReopenCasePanel(FormPanel["Done"]):
    """Open a closed case again: an appeal, or a second thought while the parcel is still here."""

    def __init__(self, case_id: int, number: str) -> None:
        hint = "an appeal, a second thought; the order is held again"
        super().__init__(f"REOPEN THE CASE OF {number}", [Field("reason", "why", hint=hint, longest=200)])
        self.case_id = case_id

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "OPEN IT AGAIN"

    def commit(self, values: Mapping[str, str]) -> None:
        """Open it again."""
        self.carry_out(reopen, self.case_id, reason=values["reason"].strip())


class MoreTimePanel(CasePanel):
    """Give the customer more time instead of cancelling, once."""

    def __init__(self, seen: Seen) -> None:
        hint = "tomorrow 12:00, fri 16:00 ... and one more call is due"
        super().__init__(f"MORE TIME FOR {seen.facts.number}", [Field("until", "until", hint=hint, longest=40)])
        self.seen = seen

    def commit_label(self) -> str | None:
        """Say what F9 does."""
        return "GIVE MORE TIME"

    def commit(self, values: Mapping[str, str]) -> None:
        """Give it."""
        try:
            until = read_moment(values["until"], self.desk.clock(), self.desk.zone, field="until")
            if until is None:
                raise Invalid("until", "Say until when.")
        except Invalid as error:
            self.show_refusal(error)
            return
        self.carry_out(extend, self.seen.sheet.case_id, version=self.seen.sheet.version, until=until)


def _gut(text: str) -> int:
    if text.strip() in tuple("12345"):
        return int(text)
    raise Invalid("gut", "A digit from 1, sure genuine, to 5, sure fraud.")


def _worth(text: str) -> bool | None:
    said = text.strip().lower()
    if said in _YES:
        return True
    if said in _NO:
        return False
    if not said:
        return None
    raise Invalid("worth", "y or n, or nothing.")
