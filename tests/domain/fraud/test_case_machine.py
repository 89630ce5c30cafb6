"""The whole machine of a case, walked through: no clock releases, nobody decides twice, and every way that is named exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases import contacting, deciding, working
from opsdesk.domain.fraud.cases.contact import Attempt
from opsdesk.domain.fraud.cases.states import LEADS_TO, CaseFacts, Decision, Desk, Effect, FraudState, Move, moved
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.scoring import Action
from opsdesk.domain.fraud.thresholds import OnLapse
from opsdesk.integrations.fraud_files import open_fraud
from tests.domain.fraud.evidence_kit import FOLDER, money

BOOK = open_fraud(FOLDER)
LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RELEASE = Decision(verdict=Verdict.RELEASE, reason="explained_mismatch", gut=2)
UNVERIFIED = Decision(verdict=Verdict.CANCEL_UNVERIFIED, reason="gut_only", gut=4)
FRAUD = Decision(verdict=Verdict.CANCEL_FRAUD, reason="reshipper_pattern", gut=5)
LISTED = replace(FRAUD, blocks_orders=9)

Event = Callable[[CaseFacts, Desk], Move]


def _attempt(outcome: str) -> Event:
    return lambda case, desk: contacting.log_attempt(case, Attempt(at=desk.now, outcome=outcome), desk)


def _decide(who: str, decision: Decision) -> Event:
    return lambda case, desk: deciding.decide(case, who, decision, desk)


def _approve(who: str) -> Event:
    return lambda case, desk: deciding.approve(case, who, case.proposal.content if case.proposal else "", desk)


BY_ITSELF: dict[str, Event] = {
    "mail accepted": lambda case, desk: contacting.mail_accepted(case, desk.now + 72 * HOUR, desk.now),
    "mail refused": lambda case, _: contacting.mail_refused(case),
    "bounce": lambda case, _: contacting.bounced(case),
    "deadline": contacting.lapse,
    "answer": lambda case, desk: contacting.respond(case, desk.now),
    "money lapses": deciding.lose_payment,
    "money comes anew": lambda case, desk: deciding.regain_payment(replace(case, is_captured=True), desk),
    "lower score": lambda case, _: working.rescored(case, 0, Action.RELEASE),
    "denied": lambda case, _: working.rescored(case, 100, Action.PROPOSE_CANCEL),
    "escalated": lambda case, _: working.escalate(case),
}
BY_PEOPLE: dict[str, Event] = {
    "claim": lambda case, desk: working.claim(case, "amy", desk),
    "take over": lambda case, desk: working.claim(case, "bob", desk, takes_over=True),
    "let go": lambda case, desk: working.let_go(case, "amy", desk),
    "call instead": contacting.choose_call,
    **{outcome: _attempt(outcome) for outcome in ("no_answer", "verified", "failed_challenge", "denies_order", "refused_to_answer", "callback_requested")},
    "release": _decide("amy", RELEASE),
    "cancel": _decide("amy", UNVERIFIED),
    "cancel as fraud": _decide("bob", FRAUD),
    "cancel and block": _decide("amy", LISTED),
    "cancel unproven and block": _decide("amy", replace(UNVERIFIED, blocks_orders=9)),
    "approve": _approve("bob"),
    "approve own": _approve("amy"),
    "reject": lambda case, desk: deciding.reject(case, "bob", "Look again.", desk),
    "confirm": deciding.confirm_cancel,
    "extend": lambda case, desk: deciding.extend(case, desk.now + 24 * HOUR, desk),
    "reopen": lambda case, desk: deciding.reopen(case, "amy", "appeal", desk, authorisation_ends=desk.now + 144 * HOUR),
}  # fmt: skip
EVENTS = BY_ITSELF | BY_PEOPLE
_MAY_RELEASE = {"release", "approve"}


def desk(now: datetime, on_lapse: OnLapse = OnLapse.CALL) -> Desk:
    thresholds = replace(BOOK.thresholds, deadline=replace(BOOK.thresholds.deadline, on_lapse=on_lapse))
    return Desk(now, LONDON, thresholds, BOOK.contact, BOOK.decisions)


def flagged(units: int = 300) -> CaseFacts:
    return CaseFacts(
        number="10482", state=FraudState.FLAGGED, score=69, total=money(units), opened_at=START, authorisation_ends=START + 144 * HOUR
    )  # fmt: skip


def what_went_wrong(name: str, before: CaseFacts, move: Move) -> str | None:
    """Say which promise of the fraud desk a step has broken."""
    after = move.case
    if after.state is FraudState.RELEASED is not before.state and name not in _MAY_RELEASE:
        return f"{name} released the order"
    if Effect.RELEASE_HOLD in move.effects and name not in _MAY_RELEASE:
        return f"{name} released the hold"
    if before.state.is_closed and after.state is not before.state and name != "reopen":
        return f"{name} moved a closed case"
    if after.state.is_closed and not before.state.is_closed and name in BY_ITSELF:
        return f"{name} decided the case"
    if before.proposal is not None and name == "approve own" and after.state.is_closed:
        return "one person decided for two"
    if not after.state.is_closed and Effect.CANCEL_ORDER in move.effects:
        return f"{name} cancelled the order and left the case open"
    return None


def step(name: str, case: CaseFacts, at: Desk) -> Move | None:
    """Try one step; None where it is refused."""
    try:
        move = EVENTS[name](case, at)
    except Refused:
        return None
    assert what_went_wrong(name, case, move) is None
    return move


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 40)), max_size=25),
    st.sampled_from([300, 5_000]),
    st.sampled_from(list(OnLapse)),
)
def test_whatever_happens_no_promise_is_broken(steps, units: int, on_lapse: OnLapse) -> None:
    case, now = flagged(units), START
    for name, hours in steps:
        now += hours * HOUR
        move = step(name, case, desk(now, on_lapse))
        if move is not None:
            case = move.case
    assert case.proposal is None or case.state is FraudState.PENDING_SECOND


def _edges() -> set[tuple[FraudState, FraudState]]:
    """Walk every way that can be walked, from a plain order and from a large one, until nothing new turns up."""
    waiting = [(flagged(units), START, on_lapse) for units in (300, 5_000) for on_lapse in OnLapse]
    seen: set[object] = set()
    edges: set[tuple[FraudState, FraudState]] = set()
    while waiting:
        case, now, on_lapse = waiting.pop()
        for name in EVENTS:
            for hours in (0, 25, 73, 200):
                move = step(name, case, desk(now + hours * HOUR, on_lapse))
                if move is None:
                    continue
                if move.case.state is not case.state:
                    edges.add((case.state, move.case.state))
                after = move.case
                proposed = after.proposal.decision if after.proposal else None
                # Whoever releases unpaid has looked at it.
                is_taken = after.state is FraudState.PAYMENT_LAPSED and bool(after.claimant(now + hours * HOUR))
                known = (after.state, min(len(after.attempts), 4), after.was_extended, after.total)
                marks = (*known, proposed, on_lapse, is_taken)
                if marks not in seen:
                    seen.add(marks)
                    waiting.append((move.case, now + hours * HOUR, on_lapse))
    return edges


def test_the_ways_that_are_named_are_the_ways_that_exist() -> None:
    assert _edges() == {(state, to) for state, others in LEADS_TO.items() for to in others}


@pytest.mark.parametrize(
    ("name", "careless"),
    [
        ("deadline", lambda case: moved(replace(case, state=FraudState.RESPONDED), FraudState.RELEASED)),
        ("answer", lambda case: Move(case, (Effect.RELEASE_HOLD,))),
        ("bounce", lambda case: moved(case, FraudState.CANCELLED_UNVERIFIED)),
        ("confirm", lambda case: Move(case, (Effect.CANCEL_ORDER,))),
    ],
)
def test_a_careless_step_would_be_noticed(name: str, careless) -> None:
    """The control: what some products do, release or cancel by a clock or a reply, breaks a promise here."""
    waiting = replace(flagged(), state=FraudState.AWAITING_CUSTOMER, respond_by=START)
    assert what_went_wrong(name, waiting, careless(waiting)) is not None


def test_one_person_for_two_would_be_noticed() -> None:
    pending = deciding.decide(replace(flagged(5_000), state=FraudState.RESPONDED), "amy", RELEASE, desk(START)).case
    assert step("approve own", pending, desk(START)) is None
    careless = moved(pending, FraudState.RELEASED)
    assert what_went_wrong("approve own", pending, careless) is not None
