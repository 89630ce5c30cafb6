"""The Order Status menu as data: what is no status is refused with its entry and its key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.mails.outgoing import BACK_OFF, forbidden_words, next_attempt
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import NEVER_AUTOMATIC, ActiveHold, Blocks, HoldType
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.order_money import MoneyFacts
from opsdesk.domain.statuses.entries import read_statuses
from opsdesk.domain.statuses.menu import answer_by, why_not_tell

SHIPPED = (Path(__file__).parents[2] / "data" / "statuses.toml").read_text("utf-8")
BOOK = read_statuses(SHIPPED)
BERLIN = ZoneInfo("Europe/Berlin")
OWN = '[[status]]\ncode = "gift"\nname = "Gift"\ncustomer_label = "Being prepared"\n'


def facts(**changes: object) -> OrderFacts:
    values: dict[str, object] = {
        "number": "1",
        "lifecycle": Lifecycle.PLACED,
        "version": 1,
        "lines": (LineFacts(2),),
        "money": MoneyFacts(100, captured=100),
    }
    return OrderFacts(**(values | changes))  # type: ignore[arg-type]


def test_the_menu_has_every_status_that_customers_are_told() -> None:
    assert [status.code for status in BOOK.statuses] == [
        "received",
        "awaiting_payment",
        "payment_received",
        "potential_fraud",
        "awaiting_confirmation",
        "on_hold",
        "backordered",
        "being_packed",
        "shipped",
        "delivered",
        "cancelled",
        "refunded",
        "fraud_reminder",
        "fraud_final_notice",
        "fraud_released",
        "cancelled_unverified",
        "cancelled_neutral",
    ]


def test_a_shop_adds_its_own_and_replaces_shipped_ones() -> None:
    longer = SHIPPED[SHIPPED.index('[[status]]\ncode = "potential_fraud"') :].replace(
        "answer_days = 3", "answer_days = 7"
    )
    book = read_statuses(SHIPPED, OWN + longer)
    assert book.statuses[-1].code == "gift"
    assert book.find("potential_fraud").answer_days == 7
    assert len(book.statuses) == len(BOOK.statuses) + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "cannot be read"),
        ("status = 1", "must consist of"),
        ("[[status]]\nname = 'x'", "needs 'code'"),
        ("[[status]]\ncode = '../x'\nname = 'x'\ncustomer_label = 'x'", "is not a code"),
        (OWN + "colour = 'red'", "unknown key 'colour'"),
        (OWN + "allowed_when = ['is_blue']", "no rule 'is_blue'"),
        (OWN + "answer_days = 0", "1 to 30 working days"),
        (OWN + "answer_days = true", "1 to 30 working days"),
        (OWN + "template = '../../etc'", "not the name of a template"),
        (OWN + "effects = [{ kind = 'explode' }]", "'explode' is not known"),
        (OWN + "effects = [{ kind = 'place_hold' }]", "belong together"),
        (OWN + "effects = [{ kind = 'open_case', case = 'fraud' }]", "in how many days"),
        (OWN + "keeps_deadline = true\nanswer_days = 3", "can neither give one"),
        (OWN + "keeps_deadline = true\neffects = [{ kind = 'open_case', case = 'fraud' }]", "nor open one"),
        *(
            (OWN + f"effects = [{{ kind = 'release_hold', hold = '{kind}' }}]", "by a person's decision")
            for kind in sorted(NEVER_AUTOMATIC)
        ),
    ],
)
def test_what_is_no_status_is_refused(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said.replace("(", r"\(")):
        read_statuses(SHIPPED, text)


def test_an_unknown_status_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match="Known are: received"):
        BOOK.find("gone")


@pytest.mark.parametrize("state", [CaseState.AWAITING_CUSTOMER, CaseState.CALL_DUE, CaseState.RESPONDED])
def test_nobody_is_asked_twice(state: CaseState) -> None:
    problem = why_not_tell(BOOK.find("potential_fraud"), facts(case=state))
    assert problem is not None
    assert "asked already" in problem


@pytest.mark.parametrize("code", ["fraud_reminder", "fraud_final_notice"])
@pytest.mark.parametrize(
    ("state", "said"),
    [
        (CaseState.AWAITING_CUSTOMER, None),
        (None, "has not been asked"),
        (CaseState.OPEN, "has not been asked"),
        (CaseState.CALL_DUE, "Call them, or decide"),
        (CaseState.RESPONDED, "Call them, or decide"),
    ],
)
def test_a_customer_is_reminded_only_while_they_are_waited_for(
    code: str, state: CaseState | None, said: str | None
) -> None:
    problem = why_not_tell(BOOK.find(code), facts(case=state))
    assert problem is None if said is None else said in (problem or "")


def test_nobody_is_told_that_all_is_sorted_or_over_before_it_is() -> None:
    held = ActiveHold(1, HoldType.FRAUD, frozenset({Blocks.SHIP}), "", "amy", datetime(2026, 3, 2, tzinfo=UTC), None)
    assert why_not_tell(BOOK.find("fraud_released"), facts()) is None
    for suspected in (facts(holds=(held,)), facts(case=CaseState.RESPONDED)):
        assert "is not decided" in (why_not_tell(BOOK.find("fraud_released"), suspected) or "")
    for code in ("cancelled_unverified", "cancelled_neutral"):
        assert "Cancel it first" in (why_not_tell(BOOK.find(code), facts()) or "")
        assert why_not_tell(BOOK.find(code), facts(lifecycle=Lifecycle.CANCELLED)) is None


def test_a_reminder_repeats_the_deadline_and_never_one_that_has_passed() -> None:
    now, by = datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC)
    reminder = BOOK.find("fraud_reminder")
    assert reminder.has_deadline
    assert answer_by(reminder, now, BERLIN, of_case=by) == by
    for late in (None, now, datetime(2026, 3, 1, tzinfo=UTC)):
        with pytest.raises(Invalid, match="time is over"):
            answer_by(reminder, now, BERLIN, of_case=late)


def test_what_is_told_of_a_suspicion_shows_none_to_the_customer() -> None:
    for code in ("fraud_reminder", "fraud_final_notice", "fraud_released", "cancelled_unverified", "cancelled_neutral"):
        status = BOOK.find(code)
        assert status.neutral
        assert not forbidden_words(status.customer_label, ("fraud", "suspect", "risk"))


def test_an_order_that_a_rule_has_flagged_can_still_be_asked_about() -> None:
    flagged = ActiveHold(
        1, HoldType.FRAUD, frozenset({Blocks.SHIP}), "score", "import", datetime(2026, 3, 2, tzinfo=UTC), None
    )
    assert why_not_tell(BOOK.find("potential_fraud"), facts(holds=(flagged,), case=CaseState.OPEN)) is None


@pytest.mark.parametrize(
    ("asked_at", "due"),
    [
        # Friday 10:20 in Berlin plus three working days is Wednesday, the next full hour.
        (datetime(2026, 11, 20, 9, 20, tzinfo=UTC), datetime(2026, 11, 25, 10, 0, tzinfo=UTC)),
        (datetime(2026, 11, 20, 9, 0, tzinfo=UTC), datetime(2026, 11, 25, 9, 0, tzinfo=UTC)),
        # Over the end of summer time the hour on the wall stays.
        (datetime(2026, 10, 23, 9, 0, tzinfo=UTC), datetime(2026, 10, 28, 10, 0, tzinfo=UTC)),
    ],
)
def test_the_customer_gets_whole_working_days_and_a_full_hour(asked_at: datetime, due: datetime) -> None:
    assert answer_by(BOOK.find("potential_fraud"), asked_at, BERLIN) == due


def test_waits_grow_and_end() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    waits = [next_attempt(attempts, now) for attempts in range(1, len(BACK_OFF) + 1)]
    assert waits == sorted(wait for wait in waits if wait is not None)
    assert next_attempt(len(BACK_OFF) + 1, now) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("This is FRAUDULENT", ["fraud"]),
        ("fra\u200bud", ["fraud"]),
        ("ｆｒａｕｄ", ["fraud"]),
        ("defrauded", []),
        ("Your asterisk", []),
        ("no  risk", ["risk"]),
    ],
)
def test_forbidden_words_are_found_however_they_are_written(text: str, found: list[str]) -> None:
    assert forbidden_words(text, ("fraud", "risk")) == found
