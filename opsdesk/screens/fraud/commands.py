"""What the letters do to an open case: claim, decide with one key, call, tell, and go on to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.keys import Command
from opsdesk.operations.fraud.cases import claim, let_go, next_case
from opsdesk.operations.fraud.contact import respond
from opsdesk.operations.fraud.deciding import approve, confirm_cancel, decide
from opsdesk.screens.frame.panels import ChoicePanel
from opsdesk.screens.fraud.decision import DecisionPanel, RejectPanel
from opsdesk.screens.fraud.letters import letter_of_end
from opsdesk.screens.fraud.looking import CaseLooking
from opsdesk.screens.fraud.seen import Seen
from opsdesk.screens.fraud.suggesting import (
    LOOKS_FRAUD,
    LOOKS_GENUINE,
    WHY_NOT,
    decline_reasons,
    is_mine,
    reason_to_release,
    why_not_commit,
)
from opsdesk.widgets.choices import Choice

if TYPE_CHECKING:
    from opsdesk.store.work import Done

_OPERATIONS = {
    "claim": "case.claim",
    "yes": "case.decide",
    "decline": "case.decide",
    "verify": "case.log_attempt",
    "tell": "status.tell",
    "commit": "case.confirm_cancel",
    "choices": "case.decide",
    "answered": "case.respond",
    "more_time": "case.extend",
    "reopen": "case.reopen",
    "note": "order.note",
    "lists": "risk.trust",
    "outcome": "fraud.label",
}
_CHANNELS = (
    Choice("phone", "by telephone"),
    Choice("mail", "by mail"),
    Choice("chat", "they wrote in a chat"),
)


class CaseCommands(CaseLooking):
    """The part of the case's screen that its letters belong to."""

    _took = False
    """Opening it took it; leaving it untouched gives it back."""

    is_behind = False
    """What was done by this person is not in what is shown yet: a key would decide about the case as it was before."""

    # What can be done.

    def why_not(self, action: str, *parameters: object) -> str | None:
        """Say why a key does nothing now: the role first, then the rules of the case."""
        seen = self.case
        if seen is None or not self.desk.is_signed_in:
            return "The case is not read yet." if action in _OPERATIONS else super().why_not(action, *parameters)
        if self.is_behind and action in _OPERATIONS:
            return "A moment: the case is being read as it is now. Then press it again."
        operation = self._operation(action, seen)
        if operation and (problem := why_not_allowed(self.desk.actor, operation)):
            return problem
        return WHY_NOT[action](seen) if action in WHY_NOT else super().why_not(action, *parameters)

    def _operation(self, action: str, seen: Seen) -> str | None:
        if seen.facts.state is FraudState.PENDING_SECOND and action in ("yes", "decline"):
            return "case.approve" if action == "yes" else "case.reject"
        if action == "claim" and is_mine(seen):
            return "case.let_go"
        return _OPERATIONS.get(action)

    def commit_label(self) -> str | None:
        """F9 is the one human key that a proposed cancellation needs, and does nothing else."""
        return "CANCEL AS PROPOSED" if self.case is not None and why_not_commit(self.case) is None else None

    def label_of(self, each: Command) -> str:
        """Say what toggles do now."""
        seen = self.case
        if seen is not None and each.method == "claim" and is_mine(seen):
            return "give back"
        if seen is not None and seen.facts.state is FraudState.PENDING_SECOND:
            return {"yes": "agree", "decline": "give back"}.get(each.method, super().label_of(each))
        return super().label_of(each)

    # What is done.

    def action_yes(self) -> None:
        """Release the order, or agree as the second person; the next case opens."""
        seen = self.case
        if seen is None:
            return
        if seen.facts.state is FraudState.PENDING_SECOND and seen.facts.proposal is not None:
            self.begin(self._approve(seen.facts.proposal.content))
        else:
            self.decide_now(seen, Verdict.RELEASE, reason_to_release(seen), LOOKS_GENUINE)

    def action_decline(self) -> None:
        """Ask for the reason with one digit, then cancel; a proposal is given back instead."""
        seen = self.case
        if seen is None:
            return
        if seen.facts.state is FraudState.PENDING_SECOND:
            is_mine = seen.facts.proposal is not None and seen.facts.proposal.by == seen.who
            self.show_panel(RejectPanel(self.case_id, seen.facts.number, is_mine=is_mine))
            return
        offered = {code: (words, verdict) for code, words, verdict in decline_reasons(seen)}

        def chosen(code: str | None) -> None:
            if code is not None:
                self.decide_now(seen, offered[code][1], code, LOOKS_FRAUD)

        entries = [
            Choice(code, words, "cancelled as fraud" if verdict is Verdict.CANCEL_FRAUD else "cancelled, unverified")
            for code, (words, verdict) in offered.items()
        ]
        title = f"DECLINE {seen.facts.number}: WHY?"
        self.app.push_screen(ChoicePanel(title, entries, note="A digit cancels the order."), callback=chosen)

    def action_choices(self) -> None:
        """Decide the long way: verdict, reason, gut, whether it was worth a look, a note."""
        if self.case is not None:
            self.app.push_screen(DecisionPanel(self.case), callback=self._decided)

    def action_commit(self) -> None:
        """Cancel as proposed."""
        seen = self.case
        if seen is not None and why_not_commit(seen) is None:
            self.begin(self._confirm(seen))

    def decide_now(self, seen: Seen, verdict: Verdict, reason: str, gut: int) -> None:
        """Decide, say so, and go on to the next case."""
        self.begin(self._decide(seen, verdict, reason, gut))

    async def _decide(self, seen: Seen, verdict: Verdict, reason: str, gut: int) -> None:
        letter = None
        if verdict is not Verdict.RELEASE or seen.facts.mail_sent_at is not None:
            letter = await letter_of_end(self, seen.sheet.order_id, verdict)
        done = await self.attempt(
            decide,
            self.case_id,
            version=seen.sheet.version,
            verdict=verdict,
            reason_code=reason,
            gut=gut,
            letter=letter,
        )
        await self._go_on(done)

    async def _approve(self, content: str) -> None:
        await self._go_on(await self.attempt(approve, self.case_id, content=content))

    async def _confirm(self, seen: Seen) -> None:
        verdict = seen.facts.suggested or Verdict.CANCEL_UNVERIFIED
        letter = await letter_of_end(self, seen.sheet.order_id, verdict)
        done = await self.attempt(confirm_cancel, self.case_id, version=seen.sheet.version, letter=letter)
        await self._go_on(done)

    def _decided(self, done: Done | None) -> None:
        if done is not None:
            self.begin(self._go_on(done))

    async def _go_on(self, done: Done | None) -> None:
        """Open the most urgent case that nobody works on; without one, close behind what was done."""
        if done is None or not self.is_attached:
            return
        self._took = False
        try:
            found = await self.desk.do(next_case)
        except OpsDeskError:
            self.dismiss(done)  # type: ignore[arg-type]  # the desk below says what was done
            return
        if found.subject_id is not None:
            await self.open_case(found.subject_id, took=True)
        self.say_what_was_done(done)

    async def open_case(self, case_id: int, *, took: bool = False) -> None:
        """Show another case on this screen. The screen says how."""

    # Contact.

    def action_verify(self) -> None:
        """Open the script of the call."""
        from opsdesk.screens.fraud.call import CallPanel

        seen = self.case
        if seen is not None and self.book is not None:
            self.show_panel(CallPanel(seen, self.book, self.desk.shop.facts.name, self.desk.actor.name))

    def action_tell(self) -> None:
        """Open the Order Status menu."""
        self._took = False
        self.open_named("tell", self.order_id)

    def action_answered(self) -> None:
        """Note that the customer got in touch; it releases nothing."""
        seen = self.case
        if seen is None:
            return

        def chosen(channel: str | None) -> None:
            if channel is not None:
                self.carry_out(respond, self.case_id, version=seen.sheet.version, channel=channel)

        title = f"{seen.facts.number}: THE CUSTOMER GOT IN TOUCH"
        note = "That proves nothing yet. Ask the questions of the script with v."
        self.app.push_screen(ChoicePanel(title, _CHANNELS, note=note), callback=chosen)

    def action_more_time(self) -> None:
        """Give the customer more time, once."""
        from opsdesk.screens.fraud.decision import MoreTimePanel

        if self.case is not None:
            self.show_panel(MoreTimePanel(self.case))

    def action_reopen(self) -> None:
        """Open a closed case again, with a reason."""
        from opsdesk.screens.fraud.decision import ReopenCasePanel

        if self.case is not None:
            self.show_panel(ReopenCasePanel(self.case_id, self.case.facts.number))

    # Who has it, and what else there is to see.

    def action_claim(self) -> None:
        """Take the case, or give it back."""
        seen = self.case
        if seen is None:
            return
        self._took = False
        if is_mine(seen):
            self.carry_out(let_go, self.case_id)
        else:
            self.carry_out(claim, self.case_id)
