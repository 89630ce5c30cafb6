"""An order that is changed after it was placed is scored anew in the same transaction: no way around the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from opsdesk.domain.amendments.edits import SetAddress, SetQuantity
from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.codes.reasons import Verdict
from opsdesk.domain.payments.gateways import PaymentSnapshot
from opsdesk.domain.payments.instruments import Check, Checks, Instrument
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.amendments.changing import Settle, propose
from opsdesk.operations.fraud.backtests import rule_in
from opsdesk.operations.fraud.cases import claim
from opsdesk.operations.fraud.deciding import decide
from opsdesk.operations.fraud.scoring import set_fraud_scoring
from opsdesk.operations.orders.contacts import edit_address, edit_contact
from opsdesk.operations.payments.gateway_snapshots import follow
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, AddressRow, AssessmentRow, CaseRow, HoldRow, OrderLineRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Performer, Work
from tests.conftest import START, StillClock
from tests.integrations.files.samples import own_order
from tests.operations.fraud_kit import AMY, BOOK, with_files
from tests.operations.orders_kit import rows
from tests.operations.test_fraud_scoring import STREET, Shop

HOME = {"name": "Bea Example", "line1": "Elsewhere 9", "city": "Hamburg", "postcode": "20095", "country": "DE"}
REST = {"company": "", "line2": "", "region": "", "phone": ""}
MANY = """
id = "TRY-02"
name = "very many of one thing"
when = 'order.units >= 50'
points = 100
group = "order"
agent = "fifty of one thing"
since = 2026-11-01
author = "amy"
kind = "hard_hold"
state = "live"
"""
WRONG_CODE = MANY.replace("TRY-02", "TRY-03").replace("order.units >= 50", 'payment.cvv == "nomatch"')


def book() -> FraudBook:
    """The shipped rules with two that settle an order alone."""
    known = BOOK()
    rules = known.rules
    for text in (MANY, WRONG_CODE):
        rules = rules.with_rule(rule_in(text, known))
    return replace(known, rules=rules)


BOOK_OF_TESTS = book()


@pytest.fixture
def shop(store: Store, admin: Actor, tmp_path: Path) -> Shop:
    """A shop where fraud went to one street, and a good order came in for another one."""
    shop = Shop(replace(with_files(store), fraud=lambda: BOOK_OF_TESTS), admin, tmp_path)
    shop.fraud()
    shop.take(order_to(HOME))
    assert rows(store, HoldRow) == []
    return shop


def order_to(address: dict[str, str], **fields: object) -> dict[str, object]:
    return own_order("B1", placed_at=(START - timedelta(hours=1)).isoformat(), shipping=address, **fields)


def move(shop: Shop, address: dict[str, str] = STREET) -> Done:
    """Send the order elsewhere: to where fraud went before."""
    order = shop.order("B1")
    return shop.performer.perform(edit_address, order.id, version=order.version, kind="shipping", **address, **REST)


def cases(shop: Shop) -> list[str]:
    return [row.fraud_state for row in rows(shop.store, CaseRow)]


def wrong(shop: Shop) -> list[str]:
    return [row.sentence for row in verify_store(shop.store, now=START, with_seals=False).violations]


def test_an_address_corrected_to_where_fraud_went_before_holds_the_order(shop: Shop) -> None:
    done = move(shop)
    (held,), order = rows(shop.store, HoldRow), shop.order("B1")
    assert (held.order_id, held.type, held.released_at, order.hold_type) == (order.id, "fraud", None, "fraud")
    assert cases(shop) == [FraudState.FLAGGED]
    assert "address changed" in done.message and "held for fraud now" in done.message
    newest = rows(shop.store, AssessmentRow)[-1]
    assert (newest.cause, newest.action) == ("change", "hold")
    assert "Scored anew after the change" in " ".join(row.summary for row in rows(shop.store, ActivityRow))
    assert wrong(shop) == []


def test_the_control_that_does_not_look_again_lets_it_pass(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsdesk.operations.orders.contacts.score_change", lambda _work, _order: "")
    move(shop)
    assert rows(shop.store, HoldRow) == []


def test_taking_the_correction_back_does_not_take_the_hold_back(shop: Shop) -> None:
    done = move(shop)
    shop.performer.perform(undo, done.command_id)
    (held,) = rows(shop.store, HoldRow)
    assert [row.line1 for row in rows(shop.store, AddressRow) if row.order_id == held.order_id] == ["Elsewhere 9"]
    assert (held.released_at, cases(shop)) == (None, [FraudState.FLAGGED])


def test_an_amendment_that_sends_the_order_there_holds_it_too_and_is_scored_once(shop: Shop) -> None:
    order, before = shop.order("B1"), len(rows(shop.store, AssessmentRow))
    edits = [SetAddress(tuple(STREET.items()))]
    done = shop.performer.perform(propose, order.id, version=order.version, edits=edits)
    assert (shop.order("B1").hold_type, cases(shop)) == ("fraud", [FraudState.FLAGGED])
    assert "held for fraud now" in done.message
    assert len(rows(shop.store, AssessmentRow)) == before + 1


def test_an_amendment_that_raises_what_is_sent_is_judged_by_what_it_holds_then(shop: Shop) -> None:
    order = shop.order("B1")
    (line,) = [row for row in rows(shop.store, OrderLineRow) if row.order_id == order.id]
    edits = [SetQuantity(line.id or 0, 50)]
    done = shop.performer.perform(propose, order.id, version=order.version, edits=edits, settle=Settle.OWE)
    assert (shop.order("B1").hold_type, cases(shop)) == ("fraud", [FraudState.FLAGGED])
    assert "fifty of one thing" in done.message
    shop.performer.perform(undo, done.command_id)
    assert (shop.order("B1").total_minor, shop.order("B1").hold_type) == (1_200, "fraud")
    assert wrong(shop) == []


def test_what_is_changed_at_its_source_is_scored_in_the_import_that_says_so(shop: Shop) -> None:
    before = len(rows(shop.store, AssessmentRow))
    shop.take(order_to(HOME, tags="gift") | {"modified_at": START.isoformat()})
    shop.take(order_to(STREET) | {"modified_at": (START + timedelta(minutes=1)).isoformat()})
    assert (shop.order("B1").hold_type, cases(shop)) == ("fraud", [FraudState.FLAGGED])
    assert len(rows(shop.store, AssessmentRow)) == before + 2


def test_a_check_that_fails_after_the_order_came_in_holds_it_before_anything_is_captured(shop: Shop) -> None:
    told = PaymentSnapshot(
        "pi_1", "EUR", instrument=Instrument("card", "visa", "4242", "credit", "DE", "fp_9"),
        checks=Checks(security_code_check=Check.FAIL),
    )  # fmt: skip
    order_id = shop.order("B1").id or 0
    with Session(shop.store.writer, expire_on_commit=False) as session:
        work = Work(session, actor=shop.admin, now=START, command_id="told", store=shop.store)
        order = work.orders.locked(order_id)
        payment = work.payments.of_order(order_id)[0]
        payment.gateway, payment.reference = "stripe", "pi_1"
        session.flush()
        follow(work, order, "stripe", told, now=START)
        work.orders.settle(order, moves=False)
        session.commit()
    assert (shop.order("B1").hold_type, cases(shop)) == ("fraud", [FraudState.FLAGGED])


def test_what_a_person_decided_stands_and_is_told_to_whoever_changes_the_order(shop: Shop) -> None:
    move(shop)
    (case,) = rows(shop.store, CaseRow)
    desk = Performer(shop.store, AMY, StillClock(START))
    version = desk.perform(claim, case.id).version
    desk.perform(decide, case.id, version=version, verdict=Verdict.RELEASE, reason_code="rule_false_alarm", gut=2)
    move(shop, HOME)

    again = move(shop)
    assert "amy decided its case before this change" in again.message
    assert (shop.order("B1").hold_type, cases(shop)) == (None, [FraudState.RELEASED])
    assert wrong(shop) == []


@pytest.mark.parametrize("switch", ["off", "no files"])
def test_a_shop_that_scores_nothing_changes_orders_all_the_same(shop: Shop, switch: str) -> None:
    if switch == "off":
        shop.performer.perform(set_fraud_scoring, is_on=False)
    else:
        shop = replace(shop, store=replace(shop.store, fraud=None))
    before = len(rows(shop.store, AssessmentRow))
    assert move(shop).message.endswith("post code).")
    assert (len(rows(shop.store, AssessmentRow)), rows(shop.store, HoldRow)) == (before, [])


def test_another_language_is_no_reason_to_look_again(shop: Shop) -> None:
    order, before = shop.order("B1"), len(rows(shop.store, AssessmentRow))
    contact = {"name": order.customer_name, "email": order.email, "phone": order.phone, "language": "en"}
    shop.performer.perform(edit_contact, order.id, version=order.version, **contact)
    assert len(rows(shop.store, AssessmentRow)) == before
    shop.performer.perform(edit_contact, order.id, version=order.version + 1, **contact | {"email": "b@new.example"})
    assert len(rows(shop.store, AssessmentRow)) == before + 1
