"""Orders are scored as they come in, and what the rules hold is held in the transaction that writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from opsdesk.domain.fraud.cases.states import FraudState
from opsdesk.domain.fraud.score_json import score_from_json
from opsdesk.domain.payments.gateways import PaymentSnapshot
from opsdesk.domain.payments.instruments import Check, Checks, Instrument, Risk
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.files.formats import open_orders
from opsdesk.integrations.files.shops import Reading
from opsdesk.operations.exchange.imports import import_orders
from opsdesk.operations.fraud.backtests import rule_in, rules_now, score_file, try_rule
from opsdesk.operations.fraud.scoring import rescore, set_fraud_scoring
from opsdesk.operations.payments.checks import keep_checks
from opsdesk.store.engine import Store
from opsdesk.store.tables import (
    AssessmentRow,
    CaseRow,
    ContactRow,
    HoldRow,
    LabelRow,
    OrderRow,
    PaymentCheckRow,
    PaymentRow,
)
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.integrations.files.samples import json_lines, own_order, written
from tests.operations.fraud_kit import with_files
from tests.operations.money_kit import working
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_arrival, write_order

READ = Reading("", ZoneInfo("Europe/Berlin"), START)
STREET = {"name": "Ada Example", "line1": "Example Road 1", "city": "Bremen", "postcode": "28203", "country": "DE"}
RULE = """
[[rule]]
id = "TRY-01"
name = "anything from the web"
when = 'order.units >= 1'
points = 100
group = "order"
agent = "bought something"
since = 2026-11-01
author = "amy"
kind = "hard_hold"
"""


@dataclass(frozen=True)
class Shop:
    """A shop that knows the fraud desk's files, and a folder for files to import."""

    store: Store
    admin: Actor
    folder: Path

    @property
    def performer(self) -> Performer:
        return Performer(self.store, self.admin, StillClock(START))

    def take(self, *orders: dict[str, object]) -> None:
        """Import orders."""
        with open_orders(written(self.folder, "orders", json_lines(*orders)), READ) as file:
            import_orders(self.performer, file)

    def fraud(self, number: str = "F1") -> None:
        """Have an earlier order at the same address that turned out to be fraud."""
        self.take(own_order(number, placed_at=(START - timedelta(days=40)).isoformat(), shipping=STREET))
        order_id = self.order(number).id
        with Session(self.store.writer) as session, session.begin():
            at = START - timedelta(days=20)
            session.add(LabelRow(order_id=order_id, label="confirmed_fraud", source="dispute", by="amy", at=at))

    def order(self, number: str) -> OrderRow:
        (row,) = [row for row in rows(self.store, OrderRow) if row.external_id == number]
        return row


@pytest.fixture
def shop(store: Store, admin: Actor, tmp_path: Path) -> Shop:
    return Shop(with_files(store), admin, tmp_path)


def new_order(number: str, **fields: object) -> dict[str, object]:
    """An order of an hour ago, to the same address."""
    return own_order(number, placed_at=(START - timedelta(hours=1)).isoformat(), shipping=STREET, **fields)


def test_what_the_rules_hold_comes_in_held_with_a_case_that_nobody_has_looked_at(shop: Shop) -> None:
    shop.fraud()
    shop.take(new_order("B1"))

    order = shop.order("B1")
    (held,), (case,) = rows(shop.store, HoldRow), rows(shop.store, CaseRow)
    scored = [row for row in rows(shop.store, AssessmentRow) if row.order_id == order.id]
    assert (held.order_id, held.type, held.blocks) == (order.id, "fraud", "capture,pack,ship")
    assert (case.order_id, case.fraud_state, case.state) == (order.id, FraudState.FLAGGED, "open")
    assert (case.score, order.hold_type, order.stage) == (scored[0].score, "fraud", "to_check")
    assert (scored[0].cause, scored[0].action, "VEL-05" in scored[0].fired.split()) == ("import", "hold", True)
    assert "VEL-05" in [reason.rule_id for reason in score_from_json(json.loads(scored[0].result)).raises]
    assert "shares address" in case.reason
    assert [row.sentence for row in verify_store(shop.store, now=START, with_seals=False).violations] == []


def test_an_order_that_passes_is_scored_and_not_held(shop: Shop) -> None:
    shop.take(new_order("B1"))

    (scored,) = rows(shop.store, AssessmentRow)
    assert (scored.action, scored.result, rows(shop.store, HoldRow)) == ("release", "", [])
    assert json.loads(scored.facts)["order.currency"] == shop.order("B1").currency


def test_a_shop_may_switch_it_off(shop: Shop) -> None:
    shop.fraud()
    done = len(rows(shop.store, AssessmentRow))
    shop.performer.perform(set_fraud_scoring, is_on=False)
    shop.take(new_order("B1"))
    assert (len(rows(shop.store, AssessmentRow)), rows(shop.store, HoldRow)) == (done, [])

    shop.performer.perform(set_fraud_scoring, is_on=True)
    shop.take(new_order("B2"))
    assert [row.order_id for row in rows(shop.store, HoldRow)] == [shop.order("B2").id]


def test_what_has_ended_already_is_scored_and_not_held(shop: Shop) -> None:
    shop.fraud()
    shop.take(new_order("B1", lifecycle="cancelled"))

    newest = rows(shop.store, AssessmentRow)[-1]
    assert (newest.order_id, newest.action) == (shop.order("B1").id, "hold")
    assert (rows(shop.store, HoldRow), rows(shop.store, CaseRow)) == ([], [])


def test_the_same_file_again_scores_nothing_again(shop: Shop) -> None:
    shop.fraud()
    shop.take(new_order("B1"))
    before = [rows(shop.store, table) for table in (AssessmentRow, HoldRow, CaseRow)]
    shop.take(new_order("B1"))
    assert [rows(shop.store, table) for table in (AssessmentRow, HoldRow, CaseRow)] == before


def test_when_scoring_fails_the_order_does_not_come_in_either(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("opsdesk.store.repositories.risk.sum_up", fail)
    with pytest.raises(ZeroDivisionError):
        shop.take(new_order("B1"))
    assert rows(shop.store, OrderRow) == []


def test_a_contact_changes_the_score_and_never_the_hold(shop: Shop) -> None:
    shop.fraud()
    shop.take(new_order("B1"))
    (case,) = rows(shop.store, CaseRow)
    with Session(shop.store.writer) as session, session.begin():
        session.add(
            ContactRow(
                case_id=case.id, order_id=case.order_id, channel="call", outcome="verified", by="amy", at=START
            )
        )  # fmt: skip
    done = shop.performer.perform(rescore, case.order_id)

    after = rows(shop.store, CaseRow)[0]
    assert after.score == done.details["score"] < case.score
    assert (after.fraud_state, rows(shop.store, HoldRow)[0].released_at) == (FraudState.FLAGGED, None)
    assert rows(shop.store, AssessmentRow)[-1].cause == "again"


def test_what_a_gateway_tells_of_a_payment_is_kept_and_nothing_of_it_forgotten(shop: Shop) -> None:
    order_id = write_order(shop.store)
    (payment,) = rows(shop.store, PaymentRow)
    first = PaymentSnapshot(
        "pi_1",
        "EUR",
        instrument=Instrument("card", "visa", "4242", "credit", "FR", "fp_1"),
        checks=Checks(security_code_check=Check.FAIL, line=Check.PASS),
        risk=Risk("elevated", 66),
    )
    later = replace(first, checks=Checks(postcode=Check.PASS), risk=Risk())
    for snapshot, is_news in ((first, True), (first, False), (later, True)):
        with working(shop.store) as work:
            order, row = work.orders.locked(order_id), work.payments.locked(payment.id or 0)
            assert keep_checks(work, order, row, snapshot) is is_news

    (check,) = rows(shop.store, PaymentCheckRow)
    assert (check.cvv_check, check.line_check, check.postcode_check) == ("fail", "pass", "pass")
    assert (check.fingerprint, check.last4, check.risk_score) == ("fp_1", "4242", 66)


def test_a_file_is_scored_as_if_it_came_in_and_nothing_is_written(shop: Shop) -> None:
    shop.fraud()
    orders = [new_order("B1"), own_order("B0", placed_at=(START - timedelta(hours=3)).isoformat(), shipping=STREET)]
    before = rows(shop.store, OrderRow)
    book = rules_now(shop.store, START)
    with open_orders(written(shop.folder, "new", json_lines(*orders)), READ) as file:
        told = list(score_file(shop.store, book, file, refused=lambda _: None))
    assert rows(shop.store, OrderRow) == before

    shop.take(*orders)

    stored = {row.order_id: row for row in rows(shop.store, AssessmentRow)}
    for score, number in zip(told, ("B1", "B0"), strict=True):
        row = stored[shop.order(number).id or 0]
        assert (score["total"], score["action"], score["coverage"]) == (row.score, row.action, row.coverage)
        assert sorted(reason["rule_id"] for reason in score["raises"]) <= sorted(row.fired.split())


def scored_and_not(shop: Shop) -> Iterator[None]:
    """Have orders that were scored when they came in, and one that was not."""
    shop.fraud()
    shop.take(new_order("B1"), new_order("B2"))
    yield
    write_arrival(shop.store, write_order(shop.store, "900001"))


def test_a_rule_is_tried_over_every_order_and_told_as_a_difference(shop: Shop) -> None:
    list(scored_and_not(shop))
    book = rules_now(shop.store, START)
    seen: list[int] = []

    report = try_rule(shop.store, book, rule_in(RULE, book), now=START, progress=lambda done: not seen.append(done))

    whole = report.whole
    assert (whole.orders, whole.held_before, whole.held_after) == (4, 2, 4)
    assert (whole.newly_held.orders, whole.newly_passed.orders, whole.minutes) == (2, 0, 10)
    assert (whole.hits[0].rule_id, whole.hits[0].hits, whole.hits[0].precision.of) == ("TRY-01", 4, 1)
    assert (report.changed, report.is_complete) == (("TRY-01",), True)
    assert report.recent.orders < whole.orders


def test_a_rule_that_counts_already_is_tried_by_taking_it_away(shop: Shop) -> None:
    list(scored_and_not(shop))
    book = rules_now(shop.store, START)
    rule = book.rules.find("VEL-05")
    assert rule is not None

    report = try_rule(shop.store, book, rule, now=START)

    assert (report.whole.held_before, report.whole.held_after, report.whole.newly_held.orders) == (0, 2, 2)
    assert the_order(shop.store, shop.order("B1").id or 0).hold_type == "fraud"
