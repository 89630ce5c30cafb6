"""A fraud case: its states, what is known of it, and what a move does besides moving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from opsdesk.domain.fraud.cases.contact import Attempt, ContactBook
from opsdesk.domain.fraud.codes.reasons import DecisionTable, Verdict
from opsdesk.domain.fraud.thresholds import Thresholds
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState


class FraudState(StrEnum):
    """From suspicion to a decision."""

    FLAGGED = "flagged"
    IN_REVIEW = "in_review"
    AWAITING_CUSTOMER = "awaiting_customer"
    RESPONDED = "responded"
    CALL_DUE = "call_due"
    CALLING = "calling"
    CANCEL_PROPOSED = "cancel_proposed"
    PENDING_SECOND = "pending_second"
    RELEASED = "released"
    CANCELLED_FRAUD = "cancelled_fraud"
    CANCELLED_UNVERIFIED = "cancelled_unverified"
    PAYMENT_LAPSED = "payment_lapsed"

    @property
    def is_closed(self) -> bool:
        """True when nobody has to do anything about it any more."""
        return self in CLOSED

    @property
    def shows_potential_fraud(self) -> bool:
        """True while the order reads Potential Fraud to staff, and awaiting confirmation to the customer."""
        return self in _SHOWS

    @property
    def plain(self) -> CaseState:
        """The state as the rest of the house knows it."""
        return _PLAIN[self]

    @property
    def words(self) -> str:
        """What staff read."""
        return self.value.replace("_", " ")


CLOSED = frozenset(
    {
        FraudState.RELEASED,
        FraudState.CANCELLED_FRAUD,
        FraudState.CANCELLED_UNVERIFIED,
    }
)
OPEN = frozenset(FraudState) - CLOSED
_SHOWS = OPEN - {FraudState.FLAGGED, FraudState.IN_REVIEW, FraudState.PAYMENT_LAPSED}
_PLAIN: Mapping[FraudState, CaseState] = {
    FraudState.FLAGGED: CaseState.OPEN,
    FraudState.IN_REVIEW: CaseState.OPEN,
    FraudState.AWAITING_CUSTOMER: CaseState.AWAITING_CUSTOMER,
    FraudState.RESPONDED: CaseState.RESPONDED,
    FraudState.CALL_DUE: CaseState.CALL_DUE,
    FraudState.CALLING: CaseState.CALL_DUE,
    FraudState.CANCEL_PROPOSED: CaseState.CALL_DUE,
    FraudState.PENDING_SECOND: CaseState.RESPONDED,
    FraudState.RELEASED: CaseState.RELEASED,
    FraudState.CANCELLED_FRAUD: CaseState.CANCELLED,
    FraudState.CANCELLED_UNVERIFIED: CaseState.CANCELLED,
    FraudState.PAYMENT_LAPSED: CaseState.OPEN,
}

_DECIDED = CLOSED | {FraudState.PENDING_SECOND, FraudState.PAYMENT_LAPSED}
_CALLED = frozenset({FraudState.RESPONDED, FraudState.CALLING, FraudState.CANCEL_PROPOSED})
LEADS_TO: Mapping[FraudState, frozenset[FraudState]] = {
    # Nobody releases what nobody has looked at.
    FraudState.FLAGGED: _DECIDED - {FraudState.RELEASED} | {FraudState.IN_REVIEW, FraudState.AWAITING_CUSTOMER},
    FraudState.IN_REVIEW: frozenset(FraudState) - {FraudState.IN_REVIEW},
    FraudState.AWAITING_CUSTOMER: _DECIDED | _CALLED | {FraudState.CALL_DUE},
    FraudState.RESPONDED: _DECIDED | _CALLED - {FraudState.RESPONDED} | {FraudState.CALL_DUE},
    FraudState.CALL_DUE: _DECIDED | _CALLED,
    FraudState.CALLING: _DECIDED | _CALLED - {FraudState.CALLING},
    FraudState.CANCEL_PROPOSED: _DECIDED | _CALLED - {FraudState.CANCEL_PROPOSED} | {FraudState.CALL_DUE},
    FraudState.PENDING_SECOND: CLOSED | {FraudState.IN_REVIEW, FraudState.PAYMENT_LAPSED},
    # The clock says that the money is gone, and decides nothing: a person does, or the money comes anew.
    FraudState.PAYMENT_LAPSED: CLOSED | {FraudState.IN_REVIEW, FraudState.PENDING_SECOND},
    **dict.fromkeys(CLOSED, frozenset({FraudState.IN_REVIEW})),
}
"""Where a case can go from where. A move that is not here is a fault of ours."""


class Effect(StrEnum):
    """What a move does besides moving; operations carry it out in the same transaction."""

    PLACE_HOLD = "place_hold"
    RELEASE_HOLD = "release_hold"
    SHOW_POTENTIAL_FRAUD = "show_potential_fraud"
    RESTORE_STATUS = "restore_status"
    STOP_REMINDERS = "stop_reminders"
    CALL_TASK = "call_task"
    RESCORE = "rescore"
    OFFER_RELEASE = "offer_release"
    OFFER_CANCEL = "offer_cancel"
    OFFER_LISTS = "offer_lists"
    ALERT_LEAD = "alert_lead"
    WARN_REFUSED_MAIL = "warn_refused_mail"
    CANCEL_ORDER = "cancel_order"
    VOID = "void"
    REFUND = "refund"
    RESTOCK = "restock"
    TELL_CANCELLED = "tell_cancelled"
    TELL_RELEASED = "tell_released"
    LABEL_FRAUD = "label_fraud"
    LOOK_AT_LINKS = "look_at_links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decides; the gut is asked before the score is shown, where the shop wants it so.

    Attributes:
        gut: 1 sure genuine to 5 sure fraud; None where a proposal was confirmed with one key.
        was_worth_a_look: whether flagging the order was right, whatever it turned out to be.
        blocks_orders: how many earlier orders the decision's block-list entries touch.
    """

    verdict: Verdict
    reason: str
    gut: int | None
    was_worth_a_look: bool | None = None
    note: str = ""
    blocks_orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A decision that waits for a second person, bound to what it was made about."""

    decision: Decision
    by: str
    at: datetime
    content: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What is known of one case.

    Attributes:
        respond_by: by when the customer was asked to answer.
        authorisation_ends: when the money is lost if it is not captured; None where nothing is authorised.
        suggested: what one key decides in `cancel_proposed` and `payment_lapsed`.
        worked_at: when somebody last did something about it.
    """

    number: str
    state: FraudState
    score: int
    total: Money
    opened_at: datetime
    respond_by: datetime | None = None
    authorisation_ends: datetime | None = None
    is_captured: bool = False
    has_shipped: bool = False
    claimed_by: str = ""
    claimed_until: datetime | None = None
    mail_sent_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    was_extended: bool = False
    is_escalated: bool = False
    suggested: Verdict | None = None
    proposal: Proposal | None = None
    worked_at: datetime | None = None
    closed_at: datetime | None = None

    def claimant(self, now: datetime) -> str:
        """Return who works on it now; a claim that has run out is none."""
        return self.claimed_by if self.claimed_until is not None and now < self.claimed_until else ""

    def content(self, decision: Decision, at: datetime) -> str:
        """Return a fingerprint of what a second person agrees to: the decision, when and about what it was proposed."""
        seen = (
            self.number,
            self.score,
            self.total,
            len(self.attempts),
            decision.verdict,
            decision.reason,
            at.timestamp(),
        )
        return sha256("\x00".join(map(str, seen)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every move needs besides the case."""

    now: datetime
    zone: ZoneInfo
    settings: Thresholds = field(default_factory=Thresholds)
    outcomes: ContactBook = field(default_factory=lambda: ContactBook({}))
    reasons: DecisionTable = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """The case after a move, and what is to be done."""

    case: CaseFacts
    effects: tuple[Effect, ...] = ()


def moved(case: CaseFacts, to: FraudState, *effects: Effect, **changes: Any) -> Move:
    """Return the case in its new state.

    Raises:
        ValueError: no case goes this way.
    """
    if to is not case.state and to not in LEADS_TO[case.state]:
        raise ValueError(f"A case does not go from {case.state} to {to}.")
    shows = to.shows_potential_fraud and not case.state.shows_potential_fraud
    told = (Effect.SHOW_POTENTIAL_FRAUD, *effects) if shows else effects
    return Move(replace(case, state=to, **changes), told)
