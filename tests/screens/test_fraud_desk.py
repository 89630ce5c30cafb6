"""The fraud desk on the screen: who has which case, what each key says and does, the call, two people, leaving."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from opsdesk.operations.fraud.cases import claim
from opsdesk.operations.fraud.deciding import decide
from opsdesk.screens.fraud.case import CaseScreen
from opsdesk.screens.fraud.desk import FraudDesk
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ListEntryRow
from tests.conftest import START, StillClock
from tests.operator import NARROW, WIDE, working
from tests.screens.fraud_kit import Cases, case_app, five_cases, fraud_shop, queue_app
from tests.screens.order_kit import app_of


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def cases(shop: Store, clock: StillClock) -> Cases:
    return five_cases(fraud_shop(shop, clock))


def proposed(cases: Cases) -> None:
    """Let fiona propose to release what takes two people."""
    case_id = cases.ids["104441"]
    cases.staff.do("fiona", claim, case_id)
    version = cases.row("104441").version
    cases.staff.do(
        "fiona", decide, case_id, version=version, verdict="release", reason_code="verified_bank", gut=1, note="They rang."
    )  # fmt: skip


async def test_the_queue_begins_with_what_must_be_decided_first(cases: Cases):
    async with working(queue_app(cases)) as operator:
        screen = operator.screen
        assert isinstance(screen, FraudDesk)
        numbers = [screen.lines[key].number for key in screen.table.keys]
        assert numbers[:3] == ["104440", "104463", "104392"]
        assert operator.sees("5 open")


async def test_the_digit_2_opens_the_desk_from_anywhere(cases: Cases):
    app = app_of(cases.staff, "farid", OrdersScreen)
    async with working(app) as operator:
        await operator.press("2")
        assert isinstance(operator.screen, FraudDesk)


async def test_opening_a_case_takes_it_and_leaving_it_gives_it_back(cases: Cases):
    async with working(queue_app(cases)) as operator:
        await operator.press("enter")
        assert operator.sees("claimed by you until 15:32")
        assert cases.row("104440").claimed_by == "farid"
        await operator.press("f3")
        await operator.settle()
    row = cases.row("104440")
    assert (row.claimed_by, row.fraud_state) == (None, "flagged")


async def test_what_was_worked_on_stays_with_whoever_did(cases: Cases):
    async with working(queue_app(cases)) as operator:
        await operator.press("enter", "v", "2", "f3")
        await operator.settle()
    assert cases.row("104440").claimed_by == "farid"
    assert [contact.outcome for contact in cases.contacts("104440")] == ["no_answer"]


async def test_a_case_of_somebody_else_can_be_read_and_says_whose_it_is(cases: Cases):
    cases.staff.do("fiona", claim, cases.ids["104463"])
    async with working(case_app(cases)) as operator:
        assert operator.sees("claimed by fiona until 15:32")
        for key in ("y", "x", "v"):
            await operator.press(key)
            assert operator.sees("fiona works on 104463"), key
    assert cases.row().claimed_by == "fiona"


async def test_two_who_decide_at_once_do_not_both_win(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        cases.staff.do("fiona", claim, cases.ids["104440"], takes_over=True)
        version = cases.row("104440").version
        cases.staff.do(
            "fiona", decide, cases.ids["104440"], version=version, verdict="cancel_unverified", reason_code="no_contact",
            gut=4,
        )  # fmt: skip
        await operator.press("y")
        assert isinstance(operator.screen, CaseScreen)
        assert not operator.sees("104440: released.")
    row = cases.row("104440")
    assert (row.verdict, row.decided_by) == ("cancel_unverified", "fiona")


async def test_the_role_counts_before_the_rules(cases: Cases):
    async with working(case_app(cases, "104440", "mia")) as operator:
        await operator.press("y")
        assert operator.sees("mia is agent and may not do this (case.decide)")
    assert cases.row("104440").claimed_by is None


async def test_a_large_release_waits_for_a_second_person(cases: Cases):
    async with working(case_app(cases, "104441")) as operator:
        assert operator.sees("takes two people.")
        await operator.press("y")
        assert operator.sees("104441 waits for a second person.")
    assert cases.row("104441").fraud_state == "pending_second"
    assert cases.order("104441").hold_type == "fraud"


async def test_nobody_agrees_to_their_own_proposal(cases: Cases):
    proposed(cases)
    async with working(case_app(cases, "104441", "fiona")) as operator:
        await operator.press("y")
        assert operator.sees("You proposed it yourself. Somebody else has to agree.")
    assert cases.row("104441").fraud_state == "pending_second"


async def test_the_second_person_agrees_with_one_key(cases: Cases):
    proposed(cases)
    async with working(case_app(cases, "104441")) as operator:
        assert operator.sees("fiona proposes to release it.")
        await operator.press("y")
    row = cases.row("104441")
    assert (row.fraud_state, row.decided_by, row.second_by) == ("released", "fiona", "farid")
    assert cases.order("104441").hold_type is None


async def test_giving_a_proposal_back_takes_a_word(cases: Cases):
    proposed(cases)
    async with working(case_app(cases, "104441")) as operator:
        await operator.press("x", "f9")
        assert operator.sees("Say why; the proposer must know what is missing.")
        await operator.type("Who rang")
        await operator.press("f9")
    row = cases.row("104441")
    assert (row.fraud_state, row.claimed_by) == ("in_review", "fiona")


async def test_the_long_way_asks_the_gut_and_whether_it_was_worth_a_look(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("f4", "1", "5", "f9")
        assert operator.sees("A digit from 1, sure genuine, to 5, sure fraud.")
        await operator.press("1", "tab", "n", "f9")
    row = cases.row("104440")
    assert (row.reason_code, row.gut, row.was_worth_a_look) == ("explained_mismatch", 1, False)


async def test_a_tick_taken_back_is_not_vouched_for(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("v", "a", "b", "b", "1")
        assert operator.sees("needs 3 right answers, has 1")
        await operator.press("c", "d", "1")
    (call,) = cases.contacts("104440")
    assert (call.checks_passed, call.checks) == (3, '["name", "billing", "delivery"]')


async def test_a_number_from_before_the_order_is_called_first(cases: Cases):
    async with working(case_app(cases, "104392")) as operator:
        await operator.press("v")
        assert operator.sees("on file before this order")
        await operator.press("1")
    (call,) = cases.contacts("104392")
    assert (call.outcome, call.number_kind) == ("verified", "known")


async def test_who_wants_to_be_called_back_says_when(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("v", "9", "f9")
        assert operator.sees("Say when they want")
        await operator.type("16:00")
        await operator.press("f9")
    (call,) = cases.contacts("104440")
    assert call.call_back_at == START.replace(hour=15, minute=0, second=0)


async def test_a_call_too_soon_is_greyed_with_the_hour(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("v", "2")
        await operator.press("v")
        assert operator.sees("18:32")
        assert isinstance(operator.screen, CaseScreen)
    assert len(cases.contacts("104440")) == 1


async def test_an_answer_of_the_customer_releases_nothing(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("c", "2")
        assert operator.sees("RESPONDED")
    assert cases.order("104440").hold_type == "fraud"


async def test_a_value_is_blocked_from_its_case_with_a_reason(cases: Cases):
    async with working(case_app(cases)) as operator:
        await operator.press("b", "f9")
        assert operator.sees("Pick a value first")
        await operator.press("7")
        await operator.type("Cards were tried")
        await operator.press("f9")
        assert operator.sees("is blocked until")
    with Session(cases.staff.store.reader) as session:
        (entry,) = session.exec(select(ListEntryRow)).all()
    assert (entry.kind, entry.entity, entry.author, entry.reason) == ("block", "card", "farid", "Cards were tried")


async def test_one_rule_is_silenced_about_a_value_from_its_case(cases: Cases):
    async with working(case_app(cases)) as operator:
        await operator.press("b", "7")
        await operator.type("An old customer")
        await operator.press("tab")
        await operator.type("pay-03")
        await operator.press("f9")
        assert operator.sees("What is blocked is blocked before every rule.")
        await operator.press("f4", "2", "f9")
        assert operator.sees("PAY-03")
    with Session(cases.staff.store.reader) as session:
        (entry,) = session.exec(select(ListEntryRow)).all()
    assert (entry.kind, entry.entity, entry.rule_id, entry.reason) == ("snooze", "card", "PAY-03", "An old customer")


async def test_more_time_is_given_once(cases: Cases):
    async with working(case_app(cases, "104392")) as operator:
        await operator.press("d")
        assert operator.sees("No cancellation of 104392 is proposed.")
        await operator.press("v", "6", "d")
        await operator.type("tomorrow 12:00")
        await operator.press("f9")
        assert operator.sees("CALL DUE")
    assert cases.row("104392").was_extended


async def test_u_takes_a_release_back_with_its_hold(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("y")
        assert operator.sees("u undoes")
        assert cases.order("104440").hold_type is None
        await operator.press("u")
        assert operator.sees("104440")
    row = cases.row("104440")
    assert (row.fraud_state, row.verdict, row.claimed_by) == ("in_review", "", "farid")
    assert cases.order("104440").hold_type == "fraud"


async def test_f8_leaves_a_case_as_it_is_and_the_bracket_comes_back(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("f8")
        assert operator.sees("104463  Otto Falk")
        await operator.press("left_square_bracket")
        assert operator.sees("104440  Emil Cohn")
        await operator.press("left_square_bracket")
        assert operator.sees("This is the first case of the queue.")
    assert cases.row("104463").claimed_by is None


async def test_f9_does_nothing_where_nothing_is_proposed(cases: Cases):
    async with working(case_app(cases, "104440")) as operator:
        await operator.press("f9")
        assert operator.sees("No cancellation of 104440 is proposed.")
    assert cases.row("104440").fraud_state == "in_review"


async def test_why_shows_the_rule_its_condition_and_what_it_found(cases: Cases):
    async with working(case_app(cases)) as operator:
        await operator.press("w")
        for words in (
            "PAY-01",
            'when payment.cvv == "nomatch"',
            "payment.cvv = nomatch",
            "no order that it hit is labelled yet; last hits: 104463 open",
            "THAT NOBODY COULD JUDGE",
        ):
            assert operator.sees(words), words


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_clock_is_counted_down_on_every_size(cases: Cases, size: tuple[int, int]):
    cases.staff.clock.moment = START + timedelta(hours=7)
    async with working(case_app(cases, "104440"), size=size) as operator:
        assert operator.sees("1 h late")


async def test_on_a_small_screen_every_ending_of_a_call_is_in_sight(cases: Cases):
    async with working(case_app(cases, "104440"), size=NARROW) as operator:
        await operator.press("v")
        for words in ("verified", "asked to be called back", "busy", "no common language", "LOG THE CALL"):
            assert operator.sees(words), words
