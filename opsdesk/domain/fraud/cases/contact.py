"""How contacts with a customer end, and what that means for the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.entries import entries, read_tables
from opsdesk.domain.fraud.rules import RuleBook

_FILE = "fraud/contact.toml"


class NextStep(StrEnum):
    """What follows a contact."""

    RELEASE = "release"
    CANCEL = "cancel"
    DECIDE = "decide"
    RETRY = "retry"
    OTHER_NUMBER = "other_number"
    WAIT = "wait"
    CALL_BACK = "call_back"
    LEAD = "lead"
    OTHER_AGENT = "other_agent"
    CALL = "call"
    RESEND = "resend"

    @property
    def words(self) -> str:
        """What staff read."""
        return _WORDS[self]


_WORDS = {
    NextStep.RELEASE: "release it, or keep looking",
    NextStep.CANCEL: "one key cancels it",
    NextStep.DECIDE: "decide",
    NextStep.RETRY: "try again at another time of day",
    NextStep.OTHER_NUMBER: "look for another number",
    NextStep.WAIT: "wait for the customer to call back",
    NextStep.CALL_BACK: "call back when they asked to be called",
    NextStep.LEAD: "the lead looks at it",
    NextStep.OTHER_AGENT: "somebody who speaks the language calls",
    NextStep.CALL: "call; a reply never releases",
    NextStep.RESEND: "send it once more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactOutcome:
    """One way in which a contact can end.

    Attributes:
        counts: ids of the rules that count it.
        is_attempt: it was a call, and uses up an attempt.
        needs_checks: how many steps of the script must be passed before this may be said.
        confirms_fraud: the order is labelled as fraud.
    """

    code: str
    words: str
    next: NextStep
    counts: tuple[str, ...] = ()
    is_attempt: bool = True
    needs_checks: int = 0
    confirms_fraud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call that was made."""

    at: datetime
    outcome: str
    by: str = ""
    call_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactBook:
    """All outcomes of the shop, in the order of their file."""

    outcomes: Mapping[str, ContactOutcome]

    def find(self, code: str) -> ContactOutcome:
        """Return the outcome.

        Raises:
            Refused: the shop has no such outcome.
        """
        if code not in self.outcomes:
            raise Refused(f"There is no outcome {code[:40]!r}. Known are: {', '.join(self.outcomes)}.")
        return self.outcomes[code]

    def points(self, code: str, rules: RuleBook) -> int:
        """Return what the outcome weighs, the first time it happens and the rules that count it being live."""
        found = [rules.find(rule_id) for rule_id in self.find(code).counts[:1]]
        return sum(rule.points for rule in found if rule is not None)


def why_not_say(outcome: ContactOutcome, checks_passed: int) -> str | None:
    """Say why a contact cannot have ended like this, or None if it can."""
    if checks_passed >= outcome.needs_checks:
        return None
    return (
        f"{outcome.words.capitalize()} needs {outcome.needs_checks} answers of the script that were right; "
        f"{checks_passed} are ticked."
    )


def read_contact(shipped: str, own: str = "") -> ContactBook:
    """Read the shipped outcomes and the shop's own, which replace or follow them.

    Raises:
        Invalid: an entry is no outcome.
    """
    outcomes: dict[str, ContactOutcome] = {}
    for text in (shipped, own):
        for entry in entries(read_tables(text, _FILE), "outcome", _FILE):
            outcome = ContactOutcome(
                code=entry.text("code"),
                words=entry.text("words"),
                next=entry.choice("next", NextStep),
                counts=entry.texts("counts", ()),
                is_attempt=entry.flag("attempt", True),
                needs_checks=entry.whole("needs_checks", 0, 10, 0),
                confirms_fraud=entry.flag("confirms_fraud", False),
            )
            entry.done()
            outcomes[outcome.code] = outcome
    return ContactBook(outcomes)
