"""The fraud desk's cases: one person at a time, a decision by whom it takes, and never a release by anything else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from opsdesk.domain.errors import Conflict, Denied, Invalid, OpsDeskError, Refused
from opsdesk.domain.fraud.cases import working
from opsdesk.domain.fraud.cases.states import CaseFacts, FraudState
from opsdesk.domain.people.actors import WORKER, Actor, Role
from opsdesk.operations.fraud.cases import claim, let_go, next_case
from opsdesk.operations.fraud.contact import log_attempt, respond
from opsdesk.operations.fraud.deciding import approve, confirm_cancel, decide, extend, reject
from opsdesk.operations.fraud.lists import block, snooze, trust, unlist
from opsdesk.operations.orders.holds import release
from opsdesk.operations.payments.expiry import expire_authorisation
from opsdesk.store.engine import Store
from opsdesk.store.repositories.cases import Cases
from opsdesk.store.tables import ApprovalRow, ListEntryRow, OrderRow, PaymentRow, UserRow
from opsdesk.store.work import Done, Performer
from opsdesk.worker.deadlines import pass_deadlines
from tests.conftest import START, StillClock
from tests.operations.fraud_kit import AMY, BOB, BOOK, SOFIA, fraud_hold, state_of, suspected, the_case, with_files
from tests.operations.money_kit import calls, captured
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_customer, write_order, write_user

Desk = Callable[[Actor], Performer]


@pytest.fixture
def shop(store: Store) -> Store:
    return with_files(store)


@pytest.fixture
def as_(shop: Store, clock: StillClock) -> Desk:
    return lambda actor: Performer(shop, actor, clock)


def released(desk: Performer, case_id: int, *, version: int, reason: str = "explained_mismatch") -> Done:
    return desk.perform(decide, case_id, version=version, verdict="release", reason_code=reason, gut=2)


def cancelled(desk: Performer, case_id: int, *, version: int) -> Done:
    return desk.perform(decide, case_id, version=version, verdict="cancel_unverified", reason_code="gut_only", gut=4)


# --- who works on what


def test_next_gives_each_clerk_another_case_the_most_urgent_first(shop: Store, as_: Desk) -> None:
    first, second = suspected(shop, "1", is_large=True), suspected(shop, "2")
    assert as_(AMY).perform(next_case).subject_id == first
    assert as_(BOB).perform(next_case).subject_id == second
    with pytest.raises(Refused, match="No case waits"):
        as_(SOFIA).perform(next_case)
    assert state_of(shop, first) is FraudState.IN_REVIEW


def test_a_claim_lasts_an_hour_and_then_the_case_is_anybodys(shop: Store, as_: Desk, clock: StillClock) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    with pytest.raises(Refused, match="amy works on 104458 until 14:32"):
        as_(BOB).perform(claim, case_id)
    clock.advance(minutes=60)
    assert as_(BOB).perform(next_case).subject_id == case_id
    as_(SOFIA).perform(claim, case_id, takes_over=True)
    assert the_case(shop, case_id).claimed_by == "sofia"


def test_who_gives_a_case_back_leaves_it_as_it_was(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    with pytest.raises(Refused):
        as_(BOB).perform(let_go, case_id)
    as_(AMY).perform(let_go, case_id)
    assert (state_of(shop, case_id), the_case(shop, case_id).claimed_by) == (FraudState.FLAGGED, None)


# --- one decides


def test_releasing_releases_the_hold_with_the_case(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    version = as_(AMY).perform(claim, case_id).version or 0
    released(as_(AMY), case_id, version=version)
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.decided_by, case.gut, case.verdict) == ("released", "amy", 2, "release")
    assert fraud_hold(shop).released_by == "amy"
    assert the_order(shop, case.order_id).headline != "fraud_review"


def test_cancelling_cancels_the_order_and_asks_for_the_void(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    done = cancelled(as_(AMY), case_id, version=1)
    order = the_order(shop, the_case(shop, case_id).order_id)
    assert (order.lifecycle, state_of(shop, case_id)) == ("cancelled", FraudState.CANCELLED_UNVERIFIED)
    assert [(call.kind, call.state) for call in calls(shop)] == [("void", "requested")]
    assert fraud_hold(shop).released_at is not None
    assert "104458 is cancelled" in done.message


def test_what_was_paid_is_named_as_to_be_refunded(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop, is_paid=True)
    assert "is still to be refunded" in cancelled(as_(AMY), case_id, version=1).message
    assert calls(shop) == []


# --- two decide


def proposed(shop: Store, as_: Desk) -> tuple[int, str]:
    case_id = suspected(shop, is_large=True)
    version = as_(AMY).perform(claim, case_id).version or 0
    done = released(as_(AMY), case_id, version=version)
    assert "waits for a second person" in done.message
    return case_id, the_case(shop, case_id).proposal_content


def test_a_large_release_waits_for_a_second_person_and_is_carried_out_as_proposed(shop: Store, as_: Desk) -> None:
    case_id, content = proposed(shop, as_)
    assert fraud_hold(shop).released_at is None
    as_(BOB).perform(approve, case_id, content=content)
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.decided_by, case.proposed_by, case.second_by) == ("released", "amy", "amy", "bob")
    assert fraud_hold(shop).released_by == "bob"


def test_a_high_score_takes_two_as_well(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop, score=85)
    released(as_(AMY), case_id, version=as_(AMY).perform(claim, case_id).version or 0)
    assert state_of(shop, case_id) is FraudState.PENDING_SECOND


def test_nobody_agrees_to_their_own_proposal(shop: Store, as_: Desk) -> None:
    case_id, content = proposed(shop, as_)
    with pytest.raises(Denied, match="proposed it yourself"):
        as_(AMY).perform(approve, case_id, content=content)
    with pytest.raises(Refused, match="waits for a second person"):
        as_(AMY).perform(release, the_case(shop, case_id).order_id)
    assert (state_of(shop, case_id), fraud_hold(shop).released_at) == (FraudState.PENDING_SECOND, None)


def test_two_names_of_one_login_are_one_person(shop: Store, as_: Desk) -> None:
    amy, bob = (Actor(write_user(shop, name, Role.FRAUD), name, Role.FRAUD, "test") for name in ("amy", "bob"))
    with Session(shop.writer) as session, session.begin():
        for user in session.execute(select(UserRow)).scalars():
            user.os_login = "till"
    case_id = suspected(shop, is_large=True)
    released(as_(amy), case_id, version=as_(amy).perform(claim, case_id).version or 0)
    with pytest.raises(Denied, match="one person at this machine"):
        as_(bob).perform(approve, case_id, content=the_case(shop, case_id).proposal_content)


def test_who_was_deactivated_in_between_agrees_to_nothing(shop: Store, as_: Desk) -> None:
    bob = Actor(write_user(shop, "bob", Role.FRAUD), "bob", Role.FRAUD, "test")
    case_id, content = proposed(shop, as_)
    with Session(shop.writer) as session, session.begin():
        session.get_one(UserRow, bob.user_id).is_active = False
    with pytest.raises(Denied):
        as_(bob).perform(approve, case_id, content=content)
    assert fraud_hold(shop).released_at is None


def test_what_changed_after_the_proposal_is_not_agreed_to(shop: Store, as_: Desk) -> None:
    case_id, content = proposed(shop, as_)
    with pytest.raises(Refused, match="has changed since"):
        as_(BOB).perform(approve, case_id, content="0" * 16)
    with Session(shop.writer) as session, session.begin():
        session.get_one(OrderRow, the_case(shop, case_id).order_id).email = "thief@example.com"
    with pytest.raises(Refused, match="has changed since"):
        as_(BOB).perform(approve, case_id, content=content)


def test_agreeing_twice_releases_once(shop: Store, as_: Desk) -> None:
    case_id, content = proposed(shop, as_)
    first = as_(BOB).perform_as("c1", approve, case_id, content=content)
    assert as_(BOB).perform_as("c1", approve, case_id, content=content) == first
    with pytest.raises(Refused, match="No decision"):
        as_(BOB).perform(approve, case_id, content=content)
    assert len(rows(shop, ApprovalRow)) == 1


def test_a_second_person_who_says_no_says_why_and_the_case_is_the_proposers(shop: Store, as_: Desk) -> None:
    case_id, _ = proposed(shop, as_)
    with pytest.raises(Refused, match="Say why"):
        as_(BOB).perform(reject, case_id)
    as_(BOB).perform(reject, case_id, note="Nobody called.")
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.claimed_by, case.proposal) == ("in_review", "amy", "")


def test_releasing_the_hold_is_no_way_around_the_second_person(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop, is_large=True)
    order_id = the_case(shop, case_id).order_id
    with pytest.raises(Refused, match="takes two people"):
        as_(SOFIA).perform(release, order_id)
    small = suspected(shop, "2")
    as_(SOFIA).perform(release, the_case(shop, small).order_id, note="Called.")
    assert the_case(shop, small).verdict == "release"


# --- calls, answers and the clock


def test_a_call_is_logged_and_counts_and_proposes_to_cancel_when_none_is_left(
    shop: Store, as_: Desk, clock: StillClock
) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    for hours in (0, 5, 18):
        clock.advance(hours=hours)
        as_(AMY).perform(log_attempt, case_id, outcome="no_answer")
        with pytest.raises(Refused):
            as_(AMY).perform(log_attempt, case_id, outcome="no_answer")
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.suggested) == ("cancel_proposed", "cancel_unverified")
    assert fraud_hold(shop).released_at is None
    as_(AMY).perform(confirm_cancel, case_id, version=case.version)
    assert [(call.kind, call.state) for call in calls(shop)] == [("void", "requested")]
    assert state_of(shop, case_id) is FraudState.CANCELLED_UNVERIFIED


def test_nobody_cancels_or_gives_time_where_somebody_else_works(shop: Store, as_: Desk, clock: StillClock) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    version = as_(AMY).perform(log_attempt, case_id, outcome="failed_challenge").version or 0
    with pytest.raises(Refused, match="amy works on 104458"):
        as_(BOB).perform(confirm_cancel, case_id, version=version)
    with pytest.raises(Refused, match="amy works on 104458"):
        as_(BOB).perform(extend, case_id, version=version, until=clock() + timedelta(hours=20))
    as_(AMY).perform(confirm_cancel, case_id, version=version)


def test_verified_needs_the_answers_and_a_number_from_before(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    as_(AMY).perform(claim, case_id)
    checks = tuple(step.code for step in BOOK().script.steps if step.is_check)[:3]
    for wrong in ({"number_kind": "known"}, {"number_kind": "order", "checks": checks}):
        with pytest.raises(Refused):
            as_(AMY).perform(log_attempt, case_id, outcome="verified", **wrong)
    done = as_(AMY).perform(log_attempt, case_id, outcome="verified", number_kind="known", checks=checks)
    assert (state_of(shop, case_id), done.details["offers"]) == (FraudState.RESPONDED, "release")
    assert fraud_hold(shop).released_at is None
    released(as_(AMY), case_id, version=done.version or 0, reason="verified_call")


def test_an_answer_releases_nothing(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    version = as_(AMY).perform(claim, case_id).version
    done = as_(AMY).perform(respond, case_id, version=version, channel="mail", note="It was me!")
    assert (state_of(shop, case_id), fraud_hold(shop).released_at) == (FraudState.RESPONDED, None)
    with pytest.raises(Refused, match="No call has verified it"):
        released(as_(AMY), case_id, version=done.version or 0, reason="verified_call")


def test_a_clock_that_runs_out_leaves_the_case_to_a_person_and_releases_nothing(
    shop: Store, as_: Desk, clock: StillClock
) -> None:
    case_id = suspected(shop, gateway="card")
    order_id = the_case(shop, case_id).order_id
    assert the_case(shop, case_id).decide_by == START + timedelta(days=6)
    clock.advance(days=5)
    assert pass_deadlines(as_(WORKER)) == 1
    assert the_case(shop, case_id).is_escalated
    clock.advance(days=3)
    assert pass_deadlines(as_(WORKER)) == 0
    for payment in rows(shop, PaymentRow):
        as_(WORKER).perform(expire_authorisation, payment.id)
    assert pass_deadlines(as_(WORKER)) == 1
    assert (state_of(shop, case_id), fraud_hold(shop).released_at) == (FraudState.PAYMENT_LAPSED, None)
    assert pass_deadlines(as_(WORKER)) == 0
    case = the_case(shop, case_id)
    assert (case.decided_at, case.is_escalated, the_order(shop, order_id).headline) == (None, True, "fraud_review")
    assert as_(SOFIA).perform(next_case).subject_id == case_id


def lapsed(shop: Store, as_: Desk, clock: StillClock) -> int:
    """Return a case whose authorisation has ended while nobody decided."""
    case_id = suspected(shop, gateway="card")
    clock.advance(days=8)
    for payment in rows(shop, PaymentRow):
        as_(WORKER).perform(expire_authorisation, payment.id)
    pass_deadlines(as_(WORKER))
    assert state_of(shop, case_id) is FraudState.PAYMENT_LAPSED
    return case_id


def test_money_that_comes_anew_puts_a_lapsed_case_back_to_review(shop: Store, as_: Desk, clock: StillClock) -> None:
    case_id = lapsed(shop, as_, clock)
    captured(shop, the_case(shop, case_id).order_id, reference="pi_anew")
    assert pass_deadlines(as_(WORKER)) == 1
    assert (state_of(shop, case_id), fraud_hold(shop).released_at) == (FraudState.IN_REVIEW, None)
    assert pass_deadlines(as_(WORKER)) == 0


def test_one_key_cancels_a_lapsed_case_and_says_why(shop: Store, as_: Desk, clock: StillClock) -> None:
    case_id = lapsed(shop, as_, clock)
    as_(AMY).perform(confirm_cancel, case_id, version=the_case(shop, case_id).version)
    case = the_case(shop, case_id)
    assert (case.fraud_state, case.reason_code, case.decided_by) == ("cancelled_unverified", "auth_lapsed", "amy")
    assert the_order(shop, case.order_id).lifecycle == "cancelled"


# --- races


@pytest.mark.parametrize("is_guarded", [True, False], ids=["as it is", "without the version"])
def test_of_two_deciders_one_wins(shop: Store, as_: Desk, is_guarded: bool) -> None:
    """The control leaves out the version that the case had on screen: then the second one overrules the first."""
    case_id = suspected(shop)
    seen = as_(AMY).perform(claim, case_id).version or 0
    as_(AMY).perform(log_attempt, case_id, version=seen, outcome="denies_order")
    version = seen if is_guarded else the_case(shop, case_id).version
    answer = outcome_of(lambda: released(as_(AMY), case_id, version=version))
    assert (answer is Conflict) is is_guarded
    assert (fraud_hold(shop).released_at is None) is is_guarded


def test_a_decision_that_comes_second_is_told_who_was_first(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    cancelled(as_(AMY), case_id, version=1)
    with pytest.raises(Conflict, match="by amy"):
        cancelled(as_(BOB), case_id, version=1)


@pytest.mark.parametrize("is_guarded", [True, False], ids=["as it is", "without the second look"])
def test_many_takers_at_once_never_get_the_same_case(
    shop: Store, as_: Desk, is_guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control takes what was free when it looked, without looking again under the lock."""
    for number in range(4):
        suspected(shop, str(number))
    if not is_guarded:
        monkeypatch.setattr(working, "why_not_claim", lambda *_args, **_named: None)
        monkeypatch.setattr(CaseFacts, "claimant", lambda _case, _now: "")
        monkeypatch.setattr(Cases, "waiting_for_somebody", lambda *_args: [1])
    names = [f"clerk{number}" for number in range(6)]
    with ThreadPoolExecutor(len(names)) as pool:
        takers = [as_(Actor(None, name, Role.FRAUD, "test")) for name in names]
        answers = list(pool.map(lambda taker: answer_of(lambda: taker.perform(next_case)), takers))
    taken = [done.subject_id for done in answers if done is not None]
    assert (len(taken) == len(set(taken)) == 4) is is_guarded


def answer_of(run: Callable[[], Done]) -> Done | None:
    try:
        return run()
    except Refused:
        return None


def outcome_of(run: Callable[[], Done]) -> type:
    try:
        return type(run())
    except OpsDeskError as error:
        return type(error)


# --- lists


def test_a_trusted_value_has_author_reason_and_end_and_can_be_taken_off(shop: Store, as_: Desk) -> None:
    case_id = suspected(shop)
    order_id = the_case(shop, case_id).order_id
    done = as_(AMY).perform(trust, "email", order_id=order_id, reason="Regular customer.", days=90)
    (entry,) = rows(shop, ListEntryRow)
    assert (entry.kind, entry.shown, entry.author) == ("allow", "ada104458@berg.example", "amy")
    assert entry.expires_at == START + timedelta(days=90)
    with pytest.raises(Refused, match="already"):
        as_(BOB).perform(trust, "email", value="ADA104458@berg.example", reason="Again.")
    as_(BOB).perform(unlist, done.subject_id)
    assert rows(shop, ListEntryRow)[0].removed_by == "bob"
    for wrong in ({"reason": " "}, {"reason": "x", "days": 3_000}, {"reason": "x", "days": 0}):
        with pytest.raises((Invalid, Refused)):
            as_(AMY).perform(trust, "email", order_id=order_id, **wrong)


def test_blocking_what_many_orders_share_takes_a_lead(shop: Store, as_: Desk) -> None:
    customer = write_customer(shop)
    for number in range(5):
        write_order(shop, str(number), customer_id=customer)
    with pytest.raises(Denied, match="5 orders or more share"):
        as_(AMY).perform(block, "email", value="ada@berg.example", reason="Stolen cards.")
    as_(SOFIA).perform(block, "email", value="ada@berg.example", reason="Stolen cards.")
    as_(AMY).perform(block, "email", value="one@off.example", reason="Stolen cards.")


def test_a_rule_is_silent_for_a_time_and_a_hard_one_never(shop: Store, as_: Desk) -> None:
    soft = next(rule.id for rule in BOOK().rules.active if not rule.is_hard)
    hard = next(rule.id for rule in BOOK().rules.active if rule.is_hard)
    as_(AMY).perform(snooze, soft, "email", value="ada@berg.example", reason="Known.")
    with pytest.raises(Refused, match="hard rule"):
        as_(AMY).perform(snooze, hard, "email", value="ada@berg.example", reason="Known.")
    with pytest.raises(Refused, match="180 days"):
        as_(AMY).perform(snooze, soft, "email", value="b@berg.example", reason="Known.", days=181)
