"""Cases: one clock, calls within decent limits, decisions by people alone, and a way out of every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Refused
from opsdesk.domain.fraud.cases import contacting, deadlines, deciding, working
from opsdesk.domain.fraud.cases.contact import Attempt, why_not_say
from opsdesk.domain.fraud.cases.script import Expected, masked, spoken
from opsdesk.domain.fraud.cases.states import (
    CLOSED,
    LEADS_TO,
    OPEN,
    CaseFacts,
    Decision,
    Desk,
    Effect,
    FraudState,
    moved,
)
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.fraud.scoring import Action
from opsdesk.domain.fraud.thresholds import DeadlineSettings, OnLapse, Thresholds
from opsdesk.domain.mails.outgoing import forbidden_words
from opsdesk.integrations.fraud_files import open_fraud
from tests.domain.fraud.evidence_kit import FOLDER, money

BOOK = open_fraud(FOLDER)
LONDON = ZoneInfo("Europe/London")
# A Tuesday in November: London's clocks are those of UTC.
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RELEASE = Decision(verdict=Verdict.RELEASE, reason="explained_mismatch", gut=2)
CANCEL = Decision(verdict=Verdict.CANCEL_UNVERIFIED, reason="gut_only", gut=4)
FRAUD = Decision(verdict=Verdict.CANCEL_FRAUD, reason="reshipper_pattern", gut=5)


def at(moment: datetime = TEN, settings: Thresholds | None = None) -> Desk:
    return Desk(moment, LONDON, settings or BOOK.thresholds, BOOK.contact, BOOK.decisions)


def case(state: FraudState = FraudState.FLAGGED, **changes: object) -> CaseFacts:
    values: dict[str, object] = {
        "number": "10482",
        "state": state,
        "score": 69,
        "total": money("612.40"),
        "opened_at": TEN - HOUR,
    }
    return CaseFacts(**(values | changes))  # type: ignore[arg-type]


def called(*hours: int, outcome: str = "no_answer") -> tuple[Attempt, ...]:
    return tuple(Attempt(at=TEN + hour * HOUR, outcome=outcome) for hour in hours)


# The clock.


@pytest.mark.parametrize(
    ("respond_in", "money_ends_in", "captured", "expected"),
    [(72, 100, False, 72), (72, 80, False, 56), (None, 80, False, 56), (72, None, False, 72), (72, 80, True, 72),
     (None, None, False, None)],
)  # fmt: skip
def test_one_clock_joins_the_customers_deadline_and_the_authorisation(
    respond_in, money_ends_in, captured, expected
) -> None:
    open_case = case(
        respond_by=None if respond_in is None else TEN + respond_in * HOUR,
        authorisation_ends=None if money_ends_in is None else TEN + money_ends_in * HOUR,
        is_captured=captured,
    )
    due = deadlines.decide_by(open_case, DeadlineSettings())
    assert due == (None if expected is None else TEN + expected * HOUR)


@pytest.mark.parametrize(
    ("money_ends_in", "at_hour", "cut", "short"),
    [(None, 72, False, False), (100, 72, False, False), (60, 36, True, False), (40, 16, True, True)],
)
def test_the_customer_gets_no_more_time_than_the_money_has(money_ends_in, at_hour, cut, short) -> None:
    ends = None if money_ends_in is None else TEN + money_ends_in * HOUR
    found = deadlines.answer_by(TEN + 72 * HOUR, case(authorisation_ends=ends), TEN, DeadlineSettings())
    assert found == deadlines.AnswerBy(TEN + at_hour * HOUR, cut, short)


def test_reminders_go_out_by_day_and_each_once() -> None:
    found = deadlines.reminders(TEN, TEN + 3 * DAY, LONDON, BOOK.thresholds.calls)
    # Half of three days is ten in the evening: it waits for the morning. The last one comes a day before the end.
    assert found == (TEN + DAY + 22 * HOUR, TEN + 2 * DAY)
    assert deadlines.reminders(TEN, TEN + 3 * HOUR, LONDON, BOOK.thresholds.calls) == (TEN + 1.5 * HOUR,)


@given(st.integers(0, 24 * 60 * 10), st.integers(1, 24 * 60 * 30))
def test_reminders_lie_within_the_time_and_within_the_day(start: int, minutes: int) -> None:
    asked = TEN + timedelta(minutes=start)
    respond_by = asked + timedelta(minutes=minutes)
    for moment in deadlines.reminders(asked, respond_by, LONDON, BOOK.thresholds.calls):
        assert asked < moment < respond_by
        assert deadlines.day_part(moment, LONDON, BOOK.thresholds.calls) is not None


# Calls.


@pytest.mark.parametrize(
    ("attempts", "hour", "problem"),
    [
        ((), 0, None),
        ((), -3, "Call between 8:00 and 20:00"),
        ((), 10, "Call between 8:00 and 20:00"),
        (called(0), 3, "Call again from Tue 14:00"),
        (called(0), 4, None),
        # Two calls in the morning leave the third for another time of day.
        (called(0, 23), 46, "at this time of day too"),
        (called(0, 23), 51, None),
        (called(0, 4, 24), 30, "3 calls have been made"),
        (called(0, outcome="voicemail_left"), 9, "Call again from Wed 10:00"),
        (called(0, outcome="voicemail_left"), 24, None),
    ],
)
def test_when_a_customer_may_be_called(attempts, hour, problem) -> None:
    said = deadlines.why_not_call(case(FraudState.CALLING, attempts=attempts), at(TEN + hour * HOUR))
    assert said is None if problem is None else problem in (said or "")


def test_who_asked_to_be_called_back_is_called_then_and_not_before() -> None:
    asked = Attempt(at=TEN, outcome="callback_requested", call_back_at=TEN + 2 * HOUR)
    waiting = case(FraudState.CALLING, attempts=(*called(-48, -24), asked))
    assert "from Tue 12:00" in (deadlines.why_not_call(waiting, at(TEN + HOUR)) or "")
    assert deadlines.why_not_call(waiting, at(TEN + 2 * HOUR)) is None
    assert deadlines.next_call(waiting, at()) == TEN + 2 * HOUR


@given(st.lists(st.sampled_from(sorted(BOOK.contact.outcomes)), max_size=2), st.integers(0, 7 * 24 * 4))
def test_the_next_call_is_the_first_moment_at_which_one_may_call(outcomes: list[str], quarter: int) -> None:
    now = TEN + quarter * timedelta(minutes=15)
    attempts = tuple(
        Attempt(at=TEN - (9 - 5 * place) * HOUR, outcome=outcome) for place, outcome in enumerate(outcomes)
    )
    waiting = case(FraudState.CALLING, attempts=attempts)
    found = deadlines.next_call(waiting, at(now))
    assert found is not None
    assert deadlines.why_not_call(waiting, at(found)) is None
    earlier = now
    while earlier < found:
        assert deadlines.why_not_call(waiting, at(earlier)) is not None
        earlier += timedelta(minutes=15)


def test_nobody_is_called_when_all_calls_are_made() -> None:
    assert deadlines.next_call(case(FraudState.CALLING, attempts=called(-48, -40, -24)), at()) is None


def test_verified_needs_right_answers_and_not_just_a_voice() -> None:
    verified = BOOK.contact.find("verified")
    assert "needs 3 answers" in (why_not_say(verified, 2) or "")
    assert why_not_say(verified, 3) is None
    assert why_not_say(BOOK.contact.find("no_answer"), 0) is None


def test_an_outcome_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Refused, match="Known are: verified"):
        BOOK.contact.find("shouted")


@pytest.mark.parametrize(
    ("outcome", "to", "effects"),
    [
        ("verified", FraudState.RESPONDED, {Effect.OFFER_RELEASE}),
        ("verified_order_number", FraudState.RESPONDED, set()),
        ("failed_challenge", FraudState.CANCEL_PROPOSED, {Effect.OFFER_CANCEL}),
        ("denies_order", FraudState.CANCEL_PROPOSED, {Effect.OFFER_CANCEL, Effect.LABEL_FRAUD, Effect.LOOK_AT_LINKS}),
        ("third_party", FraudState.CALLING, set()),
        ("wrong_number", FraudState.CALLING, set()),
        ("invalid_or_disconnected", FraudState.CALLING, set()),
        ("no_answer", FraudState.CALLING, set()),
        ("voicemail_left", FraudState.CALLING, set()),
        ("busy", FraudState.CALLING, set()),
        ("callback_requested", FraudState.CALLING, set()),
        ("refused_to_answer", FraudState.CALLING, {Effect.ALERT_LEAD}),
        ("language_barrier", FraudState.CALLING, set()),
    ],
)
def test_where_each_outcome_leads(outcome: str, to: FraudState, effects: set[Effect]) -> None:
    move = contacting.log_attempt(case(FraudState.CALL_DUE), Attempt(at=TEN, outcome=outcome), at())
    assert move.case.state is to
    assert set(move.effects) - {Effect.RESCORE, Effect.STOP_REMINDERS} == effects
    assert Effect.RESCORE in move.effects
    # Whatever was heard, only a person's decision ends the case.
    assert not move.case.state.is_closed


@pytest.mark.parametrize("outcome", ["mail_reply_only", "mail_hard_bounce", "mail_soft_bounce"])
def test_a_mail_is_no_call(outcome: str) -> None:
    with pytest.raises(Refused, match="is not how a call ends"):
        contacting.log_attempt(case(FraudState.CALL_DUE), Attempt(at=TEN, outcome=outcome), at())


def test_the_last_vain_call_proposes_to_cancel_and_waits_for_a_key() -> None:
    waiting = case(FraudState.CALLING, attempts=called(-48, -40))
    move = contacting.log_attempt(waiting, Attempt(at=TEN, outcome="no_answer"), at())
    assert (move.case.state, move.case.suggested) == (FraudState.CANCEL_PROPOSED, Verdict.CANCEL_UNVERIFIED)
    cancelled = deciding.confirm_cancel(move.case, at())
    assert cancelled.case.state is FraudState.CANCELLED_UNVERIFIED
    assert {Effect.VOID, Effect.TELL_CANCELLED, Effect.RESTOCK} <= set(cancelled.effects)
    assert Effect.LABEL_FRAUD not in cancelled.effects  # no contact is no proof


def test_more_time_is_given_once_and_brings_one_more_call() -> None:
    proposed = case(FraudState.CANCEL_PROPOSED, attempts=called(-48, -40, -24), suggested=Verdict.CANCEL_UNVERIFIED)
    extended = deciding.extend(proposed, TEN + DAY, at()).case
    assert (extended.state, extended.respond_by) == (FraudState.CALL_DUE, TEN + DAY)
    again = contacting.log_attempt(extended, Attempt(at=TEN, outcome="no_answer"), at()).case
    assert again.state is FraudState.CANCEL_PROPOSED
    with pytest.raises(Refused, match="got more time already"):
        deciding.extend(again, TEN + DAY, at())


def test_more_time_than_the_money_has_is_refused() -> None:
    proposed = case(FraudState.CANCEL_PROPOSED, authorisation_ends=TEN + 40 * HOUR)
    with pytest.raises(Refused, match="The authorisation ends Thu 26 Nov 02:00"):
        deciding.extend(proposed, TEN + 17 * HOUR, at())
    assert deciding.extend(proposed, TEN + 16 * HOUR, at()).case.was_extended


# The mail.


def test_the_clock_runs_from_the_moment_the_mail_server_took_the_mail() -> None:
    asked = contacting.mail_accepted(case(FraudState.IN_REVIEW), TEN + 3 * DAY, TEN)
    assert (asked.case.state, asked.case.respond_by) == (FraudState.AWAITING_CUSTOMER, TEN + 3 * DAY)
    assert asked.effects == (Effect.SHOW_POTENTIAL_FRAUD,)


def test_a_mail_that_no_server_took_moves_nothing_and_warns() -> None:
    before = case(FraudState.IN_REVIEW)
    refused = contacting.mail_refused(before)
    assert refused.case == before
    assert refused.effects == (Effect.WARN_REFUSED_MAIL,)


def test_nobody_is_mailed_twice_a_day() -> None:
    sent = case(FraudState.CALL_DUE, mail_sent_at=TEN)
    assert "from Wed 10:00" in (contacting.why_not_ask(sent, at(TEN + 23 * HOUR)) or "")
    assert contacting.why_not_ask(sent, at(TEN + DAY)) is None


def test_a_bounce_means_call_now() -> None:
    move = contacting.bounced(case(FraudState.AWAITING_CUSTOMER, respond_by=TEN + DAY))
    assert move.case.state is FraudState.CALL_DUE
    assert set(move.effects) == {Effect.RESCORE, Effect.STOP_REMINDERS, Effect.CALL_TASK}


@pytest.mark.parametrize(
    ("on_lapse", "to", "effect"),
    [(OnLapse.CALL, FraudState.CALL_DUE, Effect.CALL_TASK), (OnLapse.ESCALATE, FraudState.CALL_DUE, Effect.ALERT_LEAD),
     (OnLapse.PROPOSE_CANCEL, FraudState.CANCEL_PROPOSED, Effect.OFFER_CANCEL)],
)  # fmt: skip
def test_what_follows_the_deadline_is_a_setting_and_never_a_release(on_lapse, to, effect) -> None:
    settings = replace(BOOK.thresholds, deadline=replace(BOOK.thresholds.deadline, on_lapse=on_lapse))
    waiting = case(FraudState.AWAITING_CUSTOMER, respond_by=TEN)
    move = contacting.lapse(waiting, at(TEN, settings))
    assert move.case.state is to
    assert effect in move.effects
    with pytest.raises(Refused, match="has time left"):
        contacting.lapse(waiting, at(TEN - HOUR, settings))
    with pytest.raises(Refused, match="Nobody waits"):
        contacting.lapse(move.case, at(TEN, settings))


def test_a_reply_releases_nothing() -> None:
    answered = contacting.respond(case(FraudState.AWAITING_CUSTOMER), TEN)
    assert answered.case.state is FraudState.RESPONDED
    assert Effect.STOP_REMINDERS in answered.effects
    verified = replace(RELEASE, reason="verified_call")
    assert "No call has verified it" in (deciding.why_not_decide(answered.case, "amy", verified, at()) or "")
    spoken_to = replace(answered.case, attempts=called(0, outcome="verified"))
    assert deciding.why_not_decide(spoken_to, "amy", verified, at()) is None


# Who works on it.


def test_two_people_cannot_have_one_case_and_a_claim_runs_out() -> None:
    mine = working.claim(case(), "amy", at()).case
    assert (mine.state, mine.claimant(TEN)) == (FraudState.IN_REVIEW, "amy")
    assert working.why_not_claim(mine, "bob", at()) == "amy works on 10482 until 11:00."
    assert "amy works on" in (deciding.why_not_decide(mine, "bob", RELEASE, at()) or "")
    assert working.why_not_claim(mine, "bob", at(), takes_over=True) is None
    later = at(TEN + HOUR)
    assert working.claim(mine, "bob", later).case.claimant(later.now) == "bob"


def test_what_nobody_touched_goes_back_to_the_queue_as_it_was() -> None:
    mine = working.claim(case(), "amy", at()).case
    assert working.let_go(mine, "amy", at()).case.state is FraudState.FLAGGED
    with pytest.raises(Refused, match="only they can give it back"):
        working.let_go(mine, "bob", at())
    asked = replace(mine, mail_sent_at=TEN)
    assert working.let_go(asked, "amy", at()).case.state is FraudState.IN_REVIEW


def test_when_a_lead_sees_it() -> None:
    fresh = case(opened_at=TEN, respond_by=TEN + 100 * HOUR)
    assert working.why_escalate(fresh, at(TEN + 74 * HOUR)) is None
    assert working.why_escalate(fresh, at(TEN + 75 * HOUR)) == "Time runs out, and nobody works on it."
    idle = case(FraudState.IN_REVIEW, claimed_by="amy", claimed_until=TEN + HOUR, worked_at=TEN)
    assert working.why_escalate(idle, at(TEN + 8 * HOUR)) is None
    assert "amy has had it" in (working.why_escalate(idle, at(TEN + 9 * HOUR)) or "")
    large = case(total=money(2500))
    assert "matter for the lead" in (working.why_escalate(large, at()) or "")
    seen = working.escalate(large).case
    assert working.why_escalate(seen, at()) is None  # upward once


def test_the_queue_shows_first_what_runs_out_first_and_then_what_is_at_stake() -> None:
    soon = case(respond_by=TEN + HOUR, total=money(1), score=60)
    large = case(respond_by=TEN + DAY, total=money(900), score=70)
    small = case(respond_by=TEN + DAY, total=money(50), score=99)
    never = case(total=money(9999), score=99)
    assert sorted([never, small, large, soon], key=lambda one: working.queue_rank(one, at())) == [
        soon,
        large,
        small,
        never,
    ]


def test_nights_and_weekends_are_no_working_hours() -> None:
    calls = BOOK.thresholds.calls
    friday = datetime(2026, 11, 27, 19, 0, tzinfo=UTC)
    monday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    assert deadlines.working_hours(friday, monday, LONDON, calls) == 2.0
    assert deadlines.working_hours(monday, friday, LONDON, calls) == 0.0


def test_a_better_score_offers_the_release_and_does_not_make_it() -> None:
    move = working.rescored(case(), 12, Action.RELEASE)
    assert (move.case.state, move.case.score, move.effects) == (FraudState.FLAGGED, 12, (Effect.OFFER_RELEASE,))
    assert working.rescored(case(), 90, Action.PROPOSE_CANCEL).effects == (Effect.OFFER_CANCEL,)


# Decisions.


def test_a_decision_needs_a_gut_and_a_fitting_reason() -> None:
    mine = working.claim(case(), "amy", at()).case
    for gut in (None, 0, 6):
        assert "gut" in (deciding.why_not_decide(mine, "amy", replace(RELEASE, gut=gut), at()) or "")
    wrong = replace(RELEASE, reason="cardholder_denied")
    assert "Choose one of: verified_call" in (deciding.why_not_decide(mine, "amy", wrong, at()) or "")
    assert deciding.why_not_decide(mine, "amy", RELEASE, at()) is None


def test_nobody_releases_what_nobody_has_looked_at() -> None:
    assert "Claim it first" in (deciding.why_not_decide(case(), "amy", RELEASE, at()) or "")
    assert deciding.why_not_decide(case(), "amy", CANCEL, at()) is None


@pytest.mark.parametrize("state", sorted(OPEN - {FraudState.PENDING_SECOND}))
def test_every_order_can_be_cancelled_from_every_state(state: FraudState) -> None:
    move = deciding.decide(case(state), "amy", CANCEL, at())
    assert move.case.state is FraudState.CANCELLED_UNVERIFIED
    assert {Effect.CANCEL_ORDER, Effect.VOID, Effect.RESTOCK, Effect.TELL_CANCELLED} <= set(move.effects)


def test_captured_money_is_refunded_and_held_money_voided() -> None:
    assert Effect.REFUND in deciding.decide(case(is_captured=True), "amy", FRAUD, at()).effects
    assert Effect.VOID not in deciding.decide(case(is_captured=True), "amy", FRAUD, at()).effects


def test_proof_labels_the_order_and_a_feeling_does_not() -> None:
    denied = replace(FRAUD, reason="cardholder_denied")
    assert Effect.LABEL_FRAUD in deciding.decide(case(), "amy", denied, at()).effects
    assert Effect.LABEL_FRAUD not in deciding.decide(case(), "amy", FRAUD, at()).effects


def test_a_released_customer_hears_of_it_only_if_they_were_asked() -> None:
    mine = case(FraudState.RESPONDED)
    assert Effect.TELL_RELEASED not in deciding.decide(mine, "amy", RELEASE, at()).effects
    assert Effect.TELL_RELEASED in deciding.decide(replace(mine, mail_sent_at=TEN), "amy", RELEASE, at()).effects


@pytest.mark.parametrize(
    ("changes", "decision", "two"),
    [
        ({}, RELEASE, False),
        ({"total": money(1000)}, RELEASE, True),
        ({"total": money("999.99")}, RELEASE, False),
        ({"total": money(99_999, "JPY")}, RELEASE, False),
        ({"total": money(100_000, "JPY")}, RELEASE, True),
        ({"score": 85}, RELEASE, True),
        ({"score": 84}, RELEASE, False),
        ({"score": 100, "total": money(5000)}, CANCEL, False),
        ({}, replace(FRAUD, blocks_orders=5), True),
        ({}, replace(FRAUD, blocks_orders=4), False),
    ],
)
def test_what_takes_two_people(changes, decision: Decision, two: bool) -> None:
    move = deciding.decide(case(FraudState.RESPONDED, **changes), "amy", decision, at())
    assert (move.case.state is FraudState.PENDING_SECOND) is two
    assert move.case.state.is_closed is not two


def _pending() -> CaseFacts:
    return deciding.decide(case(FraudState.RESPONDED, total=money(5000)), "amy", RELEASE, at()).case


def test_the_second_person_is_another_one_and_sees_the_same_case() -> None:
    pending = _pending()
    assert pending.proposal is not None
    content = pending.proposal.content
    assert "You proposed it yourself" in (deciding.why_not_approve(pending, "amy", content) or "")
    assert "has changed" in (deciding.why_not_approve(pending, "bob", "something else") or "")
    for change in ({"score": 99}, {"total": money(6000)}, {"attempts": called(1)}):
        assert "has changed" in (deciding.why_not_approve(replace(pending, **change), "bob", content) or "")
    released = deciding.approve(pending, "bob", content, at())
    assert released.case.state is FraudState.RELEASED
    assert Effect.RELEASE_HOLD in released.effects


def test_what_is_rejected_goes_back_to_its_proposer_with_a_word() -> None:
    with pytest.raises(Refused, match="Say why"):
        deciding.reject(_pending(), "bob", " ", at())
    back = deciding.reject(_pending(), "bob", "Ask the bank first.", at()).case
    assert (back.state, back.claimant(TEN), back.proposal) == (FraudState.IN_REVIEW, "amy", None)
    assert deciding.reject(_pending(), "amy", "", at()).case.state is FraudState.IN_REVIEW  # taken back


def test_money_that_ran_out_decides_nothing_and_is_a_persons_to_see_to() -> None:
    waiting = case(FraudState.AWAITING_CUSTOMER, authorisation_ends=TEN)
    with pytest.raises(Refused, match="has not lapsed"):
        deciding.lose_payment(waiting, at(TEN - HOUR))
    with pytest.raises(Refused, match="has not lapsed"):
        deciding.lose_payment(replace(waiting, is_captured=True), at())
    lost = deciding.lose_payment(waiting, at())
    assert (lost.case.state, lost.case.is_escalated) == (FraudState.PAYMENT_LAPSED, True)
    assert not {Effect.RELEASE_HOLD, Effect.CANCEL_ORDER} & set(lost.effects)
    with pytest.raises(Refused, match="is payment lapsed"):
        deciding.lose_payment(lost.case, at())
    assert "by pay link" in str(contacting.why_not_ask(lost.case, at()))
    assert "No money is held" in str(deciding.why_not_extend(lost.case))
    assert deciding.confirmed(lost.case, at()).reason == "auth_lapsed"
    assert deciding.confirm_cancel(lost.case, at()).case.state is FraudState.CANCELLED_UNVERIFIED


def test_a_lapsed_payment_that_nobody_has_looked_at_is_released_by_nobody() -> None:
    lost = deciding.lose_payment(case(FraudState.FLAGGED, authorisation_ends=TEN), at()).case
    with pytest.raises(Refused, match="Claim it first"):
        deciding.decide(lost, "amy", Decision(verdict=Verdict.RELEASE, reason="explained_mismatch", gut=2), at())


def test_a_call_about_a_lapsed_payment_leaves_the_case_where_the_money_is_missed() -> None:
    lost = deciding.lose_payment(case(FraudState.CALL_DUE, authorisation_ends=TEN), at()).case
    for outcome, suggested in (("no_answer", Verdict.CANCEL_UNVERIFIED), ("failed_challenge", Verdict.CANCEL_FRAUD)):
        called = contacting.log_attempt(lost, Attempt(at=TEN, outcome=outcome), at()).case
        assert (called.state, called.suggested) == (FraudState.PAYMENT_LAPSED, suggested)


def test_money_that_comes_anew_lets_the_case_be_reviewed_again() -> None:
    lost = deciding.lose_payment(case(FraudState.RESPONDED, authorisation_ends=TEN), at()).case
    with pytest.raises(Refused, match="No money has come"):
        deciding.regain_payment(lost, at())
    for changes in ({"is_captured": True}, {"authorisation_ends": TEN + 7 * DAY}):
        again = deciding.regain_payment(replace(lost, **changes), at()).case
        assert (again.state, again.suggested) == (FraudState.IN_REVIEW, None)
    with pytest.raises(Refused, match="has not lapsed"):
        deciding.regain_payment(again, at())


@pytest.mark.parametrize(
    ("changes", "hours", "problem"),
    [({}, 24, None), ({}, 25, "released too long ago"), ({"has_shipped": True}, 1, "has left the house")],
)
def test_a_release_can_be_taken_back_while_the_parcel_is_here(changes, hours: int, problem: str | None) -> None:
    released = case(FraudState.RELEASED, closed_at=TEN, **changes)
    said = deciding.why_not_reopen(released, "second thought", at(TEN + hours * HOUR))
    assert said is None if problem is None else problem in (said or "")


@pytest.mark.parametrize("state", [FraudState.CANCELLED_FRAUD, FraudState.CANCELLED_UNVERIFIED])
def test_an_appeal_is_heard_whenever_it_comes(state: FraudState) -> None:
    cancelled = case(state, closed_at=TEN)
    assert deciding.why_not_reopen(cancelled, "", at()) == "Say why it is opened again."
    assert deciding.reopen(cancelled, "amy", "appeal", at(TEN + 90 * DAY)).case.state is FraudState.IN_REVIEW


# The whole machine.


def test_every_state_has_a_way_out_and_the_house_knows_it() -> None:
    for state in FraudState:
        assert LEADS_TO[state] - {state}, state
        assert state.plain is not None
        assert state.is_closed == state.plain.is_decided
    assert FraudState.RELEASED not in LEADS_TO[FraudState.FLAGGED]


def test_a_move_that_no_case_makes_is_a_fault() -> None:
    with pytest.raises(ValueError, match="does not go from"):
        moved(case(), FraudState.RELEASED)


def test_the_customer_reads_nothing_of_a_suspicion_while_the_desk_looks() -> None:
    shown = {state for state in FraudState if state.shows_potential_fraud}
    assert shown == OPEN - {FraudState.FLAGGED, FraudState.IN_REVIEW, FraudState.PAYMENT_LAPSED}
    assert not shown & CLOSED


# The script.


def test_expected_answers_are_shown_so_that_nobody_can_read_them_out() -> None:
    assert masked("Otto Falk, 28755 Bremen") == "O... F..., 2.... B....."
    steps = BOOK.script.steps
    assert [step.code for step in steps][:2] == ["number", "opening"]
    assert {step.expects for step in steps if step.is_check} == set(Expected)
    opening = spoken(steps[1].say, {"agent": "Lena", "store": "Mug & Co", "name": "Otto Falk"})
    assert opening == "Hello, this is Lena from Mug & Co, calling about an order. May I speak with Otto Falk?"


def test_what_customers_may_hear_voices_no_suspicion() -> None:
    import tomllib

    words = tomllib.loads((FOLDER / "forbidden_words.toml").read_text("utf-8"))
    for by_language in BOOK.phrases.phrases.values():
        for language, phrase in by_language.items():
            assert forbidden_words(phrase, words[language]) == []
    for step in BOOK.script.steps:
        assert forbidden_words(f"{step.say} {step.if_asked}", words["en"]) == []
