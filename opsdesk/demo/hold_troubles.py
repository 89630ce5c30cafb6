"""Orders that are held, each for one of the reasons that the desks know."""

from __future__ import annotations

from opsdesk.demo.counter import days, hours
from opsdesk.demo.history import Line
from opsdesk.demo.moments import moment_of, working_days_later
from opsdesk.demo.ordinary import Stage, Story, settle_at_once
from opsdesk.demo.parts import Case, Verdicted
from opsdesk.demo.paying import lasts_until
from opsdesk.demo.post import Fate
from opsdesk.demo.staff import ANNA, LENA, MIA, PIET, SOFIA, WORKER, Clerk
from opsdesk.demo.tales import Tale
from opsdesk.domain.fraud.learning.labels import Word
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import HoldType, OnReview
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.transactions import TransactionKind

ANSWER_DAYS = 3

REASONS: dict[HoldType, tuple[Clerk, str, float | None]] = {
    HoldType.FRAUD: (WORKER, "Card from FR, parcel to another country, first order.", None),
    HoldType.DISPUTE: (SOFIA, "The bank asks for proof of delivery of an earlier order.", 26),
    HoldType.UNVERIFIED_CONTACT: (ANNA, "The telephone number rings somewhere else.", 4),
    HoldType.ADDRESS: (MIA, "There is no house number 140 in that street.", 2),
    HoldType.DUPLICATE: (MIA, "Looks like the order before it: same goods, minutes apart.", 1),
    HoldType.SYNC_CONFLICT: (WORKER, "The parts of the order come to less than the shop says.", None),
    HoldType.PAYMENT: (ANNA, "Paid from somebody else's account; wait for their word.", 20),
    HoldType.HIGH_VALUE: (WORKER, "Above 1,500.00 in one order; a supervisor looks first.", None),
    HoldType.EXPORT_COMPLIANCE: (SOFIA, "Meat leaves the customs union: papers are missing.", 44),
    HoldType.PRICING: (SOFIA, "The price list was wrong for an hour this morning.", -1),
    HoldType.STOCK: (PIET, "Two jars were broken; the next delivery brings more.", 30),
    HoldType.APPOINTMENT: (ANNA, "The customer was asked when to deliver.", 50),
    HoldType.CUSTOMER_REQUEST: (MIA, "On holiday; send it when they are back.", 70),
    HoldType.MANUAL: (ANNA, "Goes out with tomorrow's order to the same house.", 18),
}
"""Who holds an order, why, and after how many hours from now somebody looks again."""


def held(kind: HoldType) -> Story:
    """Return the story of an order that is held for this reason."""

    def story(stage: Stage, tale: Tale) -> None:
        who, reason, review = REASONS[kind]
        settle_at_once(tale)
        tale.arrive(tale.placed_at + 40)
        at = tale.placed_at + (60 if who.id is None else hours(1.5))
        review_at = stage.end + hours(review) if review is not None else None
        on_review = OnReview.RELEASE if kind is HoldType.CUSTOMER_REQUEST else OnReview.TASK
        tale.hold(at, who, kind, reason, review_at=review_at, on_review=on_review)
        if review_at is not None and stage.is_past(review_at):
            tale.remind(review_at + 20, kind)
        if kind is HoldType.FRAUD:
            tale.risk = "high"

    return story


def held_twice(stage: Stage, tale: Tale) -> None:
    """Is held for two reasons at once; the more urgent one shows."""
    held(HoldType.STOCK)(stage, tale)
    tale.hold(tale.placed_at + hours(2), MIA, HoldType.ADDRESS, "The postcode belongs to another town.")


def was_held(stage: Stage, tale: Tale) -> None:
    """Was held, looked at, and let go."""
    held(HoldType.ADDRESS)(stage, tale)
    tale.release(tale.placed_at + hours(3), MIA, HoldType.ADDRESS, "Asked the customer; it is number 41.")


def fraud_asked(stage: Stage, tale: Tale, *, fate: Fate = Fate.ACCEPTED, at: int | None = None) -> int:
    """Ask the customer of a suspicious order to call, and return by when."""
    tale.risk = "high"
    payment = tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, tale.basket.total)
    payment.expires_at = lasts_until(tale.placed_at, stage.end)
    tale.arrive(tale.placed_at + 40)
    at = at or tale.placed_at + hours(2)
    deadline = working_days_later(at, ANSWER_DAYS, 17)
    tale.claim(at - 120, LENA)
    placed = tale.place_hold(at, LENA, HoldType.FRAUD, "The customer was asked to call.")
    case_id = tale.sheets.next_id("verification_case")
    tale.case = Case(case_id, CaseState.OPEN, LENA.name, at, ANSWER_DAYS, deadline)
    opened = Line("case.opened", "Case opened: fraud", after="fraud")
    stage.post.tell(tale, at, LENA, "potential_fraud", placed, opened, fate=fate, deadline=deadline, case_id=case_id)
    return deadline


def fraud_just_asked(stage: Stage, tale: Tale) -> None:
    """Is suspicious; the mail still waits its grace time."""
    fraud_asked(stage, tale, fate=Fate.WAITING, at=stage.end - 8)


def fraud_awaiting(stage: Stage, tale: Tale) -> None:
    """Is suspicious; the customer has some days to call."""
    fraud_asked(stage, tale)
    tale.note(
        tale.placed_at + hours(2.2), LENA, "Bill and parcel go to different towns. Telephone number is new to us."
    )


def fraud_unreachable(stage: Stage, tale: Tale) -> None:
    """Is suspicious, and the mailbox does not exist: that is a sign too."""
    fraud_asked(stage, tale, fate=Fate.REFUSED)


def fraud_call_due(stage: Stage, tale: Tale) -> None:
    """Was asked, and did not call in time."""
    deadline = fraud_asked(stage, tale)
    if stage.is_past(deadline):
        summary = "No answer in time: call the customer"
        tale.move_case(deadline + 15, WORKER, "case.lapse", CaseState.CALL_DUE, "case.call_due", summary)


def fraud_answered(stage: Stage, tale: Tale) -> None:
    """Called back; somebody has to decide."""
    fraud_asked(stage, tale)
    at = tale.placed_at + hours(5)
    tale.move_case(at, ANNA, "order.note", CaseState.RESPONDED, "case.responded", "The customer called")
    tale.note(at + 60, ANNA, "Named two of the items and the street. Could not say which bank the card is from.")


def fraud_released(stage: Stage, tale: Tale) -> None:
    """Turned out to be a good customer."""
    fraud_asked(stage, tale)
    at = tale.placed_at + hours(6)
    _judge(tale, Verdicted(66, "Card from FR, first order", "release", "verified_call", 2, True, 540))
    tale.release(at, LENA, HoldType.FRAUD, "Called back from the number of an earlier order.")
    tale.pay(at + 120, TransactionKind.CAPTURE, tale.basket.total)
    tale.report(at + 3_600, "paid by card")


def fraud_cancelled(stage: Stage, tale: Tale) -> None:
    """Turned out to be what it looked like."""
    fraud_asked(stage, tale)
    at = tale.placed_at + hours(7)
    tale.pay(at, TransactionKind.VOID, tale.basket.total)
    _judge(tale, Verdicted(92, "CVV not matched, three machines", "cancel_fraud", "cardholder_denied", 5, True, 760))
    tale.cancel(at, SOFIA, CancelReason.FRAUD, "The card holder knows nothing of it.")
    tale.words.append((Word.FRAUD.value, "case", "", "cardholder_denied", SOFIA.name, at))


def _judge(tale: Tale, judged: Verdicted) -> None:
    assert tale.case is not None, "Who was asked has a case."
    tale.case.judged = judged


def backordered(stage: Stage, tale: Tale) -> None:
    """Waits for goods, and was told so."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    at = tale.placed_at + hours(3)
    placed = tale.place_hold(
        at, ANNA, HoldType.STOCK, "The customer was told that goods are missing.", review_at=stage.end + days(5)
    )
    expected = moment_of(stage.end + days(6)).date()
    stage.post.tell(tale, at, ANNA, "backordered", placed, expected_on=expected)


def awaits_appointment(stage: Stage, tale: Tale) -> None:
    """Has frozen goods, which somebody must be at home for."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    at = tale.placed_at + hours(1)
    deadline = working_days_later(at, 5)
    placed = tale.place_hold(
        at, MIA, HoldType.APPOINTMENT, "The customer was asked when to deliver.", review_at=deadline
    )
    stage.post.tell(tale, at, MIA, "awaiting_confirmation", placed, deadline=deadline)


def set_aside(stage: Stage, tale: Tale) -> None:
    """Takes longer, and was told so."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    at = tale.placed_at + hours(2)
    placed = tale.place_hold(at, ANNA, HoldType.MANUAL, "The customer was told that it takes longer.")
    stage.post.tell(tale, at, ANNA, "on_hold", placed)
