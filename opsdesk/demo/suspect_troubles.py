"""Suspicions of the past and what became of them, which the fraud desk learns from.

Each order goes on as it would have without: chance is asked as often, so the rest of the shop stays as it is.
"""

from __future__ import annotations

from opsdesk.demo.history import Line
from opsdesk.demo.ordinary import Stage, Story, ordinary
from opsdesk.demo.parts import Case, Verdicted
from opsdesk.demo.staff import LENA, SOFIA, WORKER, Clerk
from opsdesk.demo.tales import Tale
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType

_MINUTE, _DAY = 60, 86_400
_WHY = (
    "CVV not matched; card from FR, bill and parcel elsewhere",
    "Ship-to and bill-to in two countries; first order",
    "Three orders from one address within a day",
    "Telephone number is not possible; no code of the card",
)
_KNOWN = {
    Word.LEGIT: (LENA, "person", "Called back from the number of an earlier order."),
    Word.FRAUD: (SOFIA, "person", "The cardholder wrote: it was not them."),
    Word.WARNED: (WORKER, "stripe", "paid with a stolen card"),
}


def was_suspected(score: int, gut: int, *, worth: bool, word: Word | None = None, who: Clerk = LENA) -> Story:
    """Return the story of an order that the rules held, somebody released, and of which more is known by now or not."""

    def story(stage: Stage, tale: Tale) -> None:
        at, minutes = tale.placed_at + _MINUTE, 4 + tale.id * 7 % 21
        decided = at + minutes * _MINUTE
        reason = f"Score {score}: {_WHY[tale.id % len(_WHY)]}"
        tale.risk = "critical" if score >= 85 else "high"
        placed = tale.place_hold(at, WORKER, HoldType.FRAUD, reason)
        tale.case = Case(tale.sheets.next_id("verification_case"), CaseState.OPEN, WORKER.name, at, 0, None)
        why = "verified_call" if gut < 3 else "explained_mismatch"
        tale.case.judged = Verdicted(score, reason, "release", why, gut, worth, 60 + minutes * 11)
        opened = Line("case.opened", f"Case opened: {reason}", after="fraud")
        tale.act(at, WORKER, "import.orders", placed, opened)
        tale.release(decided, who, HoldType.FRAUD, "Checked, and let go.")
        ordinary(stage, tale)
        if word is not None:
            _learn(stage, tale, word, decided + (2 + tale.id % 5) * _DAY)

    return story


def was_sampled(score: int, word: Word | None = None) -> Story:
    """Return the story of an order that passed unseen, drawn by lot."""

    def story(stage: Stage, tale: Tale) -> None:
        at, why = tale.placed_at + 50, f"Passes unseen as a sample: score {score}"
        tale.risk = "medium"
        tale.words.append((Word.SAMPLED.value, "sample", "", why, WORKER.name, at))
        tale.act(at, WORKER, "import.orders", Line("fraud.sampled", why, after=Word.SAMPLED.value))
        ordinary(stage, tale)
        if word is not None:
            _learn(stage, tale, word, at + (3 + tale.id % 4) * _DAY)

    return story


def _learn(stage: Stage, tale: Tale, word: Word, at: int) -> None:
    if not stage.is_past(at):
        return
    who, source, why = _KNOWN[word]
    reference = f"issfr_3Qd{tale.id:07}" if word is Word.WARNED else ""
    tale.words.append((word.value, source, reference, why, who.name, at))
    if word is Word.WARNED:
        name = "gateway.take_event"
        line = Line("fraud.warned", f"The cardholder's bank reports fraud: {why}", after=word.value)
    else:
        said = "fraud" if word is Word.FRAUD else "a good order"
        name, line = "fraud.label", Line("fraud.labelled", f"Known now: {said}. {why}", after=word.value)
    tale.act(at, who, name, line, settles=False)
