"""A back-test tells the same whatever of the answers is stored, and by which rules they were given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.drafting.versions import Kept
from opsdesk.domain.fraud.learning.backtest import BacktestReport
from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.rule_entries import write_rule
from opsdesk.domain.fraud.rules import Rule, RuleState
from opsdesk.operations.fraud.backtests import rule_in, rules_now, try_rule
from opsdesk.store.engine import Store
from opsdesk.store.fraud import past_orders
from opsdesk.store.fraud.evidence import reading_of
from opsdesk.store.fraud.stored_facts import facts_reader
from opsdesk.store.repositories.risk import Cause, Risk
from opsdesk.store.tables import LabelRow, ParcelRow, RuleRow
from tests.conftest import START
from tests.operations.fraud_kit import with_files
from tests.queue_orders import mixed_orders, write_orders

RULE = """
id = "TRY-01"
name = "many units"
when = "customer.orders >= 3 and payment.declined == 0"
points = 70
kind = "hard_hold"
group = "order"
agent = "many units"
since = 2026-11-01
author = "amy"
"""


@pytest.fixture
def full(store: Store) -> Store:
    """A shop of some dozen orders of which nobody has scored one."""
    store = with_files(store)
    write_orders(store, mixed_orders(60))
    return store


def _scored_by(store: Store, book: FraudBook, ids: list[int]) -> None:
    with Session(store.writer) as session, session.begin():
        Risk(session, START).assess(ids, book, reading_of(book, store.zone), Cause.IMPORT)


def _ids(store: Store) -> list[int]:
    with store.reading() as session:
        return list(session.execute(text("SELECT id FROM orders ORDER BY id")).scalars())


def _own_version(store: Store, rule: Rule, revision: int, kept: Kept | None = None) -> None:
    """Have the shop write a version of a rule."""
    with Session(store.writer) as session, session.begin():
        session.add(
            RuleRow(
                rule_id=rule.id,
                revision=revision,
                version=rule.version,
                state=kept or rule.state.value,
                definition=json.dumps(write_rule(rule)),
                author="amy",
                written_at=START,
            )
        )


def _tried(store: Store, rule: Rule) -> BacktestReport:
    return try_rule(store, rules_now(store, START), rule, now=START)


def test_the_report_is_the_same_whoever_scored_the_orders_and_whenever(full: Store, monkeypatch) -> None:
    monkeypatch.setattr(past_orders, "PIECE", 7)
    shipped = rules_now(full, START)
    rule, known = rule_in(RULE, shipped), shipped.rules.find("VEL-05")
    assert known is not None
    # The shop had it on trial, under a condition that it has given up since, and weighs another one anew.
    versions = [replace(rule, when=known.when), replace(known, points=known.points + 1), replace(rule, points=1)]
    books = [shipped]
    for revision, version in enumerate(versions, start=1):
        _own_version(full, version, revision)
        books.append(rules_now(full, START))
    beside = replace(known, when=rule.when, state=RuleState.SHADOW)
    _own_version(full, beside, 4, Kept.TRIAL)
    books.append(rules_now(full, START))
    nowhere = replace(shipped, rules=shipped.rules.with_rule(replace(rule, id="TRY-02", state=RuleState.LIVE)))
    trials = [rule, replace(known, points=0), replace(rule, points=1, state=RuleState.SHADOW), versions[1], beside]
    unstored = [_tried(full, tried) for tried in trials]
    assert unstored[0].whole.newly_held.orders > 20
    assert unstored[0].whole.orders == 60

    ids = _ids(full)
    for place, book in enumerate([*books, nowhere]):
        _scored_by(full, book, ids[place * 10 : place * 10 + 10])

    assert [_tried(full, tried) for tried in trials] == unstored


def test_what_an_order_turned_out_to_be_is_what_the_shop_knows_of_it_now(full: Store) -> None:
    rule = rule_in(RULE, rules_now(full, START))
    # The customer's first orders do not fit the rule; the others are taken from the end.
    *_, old, young, partly, sent_back, denied, cleared = _by_time(full)
    ages = ((old, 121, 0), (young, 119, 0), (partly, 121, 0), (sent_back, 121, 1), (denied, 121, 0), (cleared, 1, 0))
    with Session(full.writer) as session, session.begin():
        for order_id, days, recalled in ages:
            session.add(_a_parcel(order_id, days))
            if recalled:
                session.add(_a_parcel(order_id, None, is_recalled=True))
        session.add(_a_parcel(partly, None))
        for order_id, word in ((denied, "confirmed_legit"), (denied, "confirmed_fraud"), (cleared, "confirmed_legit")):
            session.add(LabelRow(order_id=order_id, label=word, source="desk", by="amy", at=START))

    found = _tried(full, rule).whole.newly_held

    assert (found.count(Label.LEGIT), found.count(Label.FRAUD)) == (3, 1)
    assert found.count(Label.UNKNOWN) == found.orders - 4


def _by_time(store: Store) -> list[int]:
    with store.reading() as session:
        return list(session.execute(text("SELECT id FROM orders ORDER BY placed_at, id")).scalars())


def _a_parcel(order_id: int, days: int | None, *, is_recalled: bool = False) -> ParcelRow:
    return ParcelRow(
        order_id=order_id,
        carrier="dhl",
        tracking_number=f"T{order_id}",
        shipped_by="lena",
        shipped_at=START - timedelta(days=130),
        delivered_at=START - timedelta(days=days) if days is not None else None,
        recalled_at=START if is_recalled else None,
    )


_NAMES = ["order.units", "order.quantities", "shipping.country", "links.hubs", "contact.outcomes"]
_SKUS = st.sampled_from([*_NAMES, '"order.units":', "}", "sku"]) | st.text(max_size=5)
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "order.units": st.integers(),
        "order.quantities": st.dictionaries(_SKUS, st.integers(), max_size=4),
        "shipping.country": _SKUS,
        "links.hubs": st.lists(_SKUS, max_size=3),
        "contact.outcomes": st.dictionaries(st.sampled_from(["verified", "no_answer"]), st.integers(), max_size=2),
    },
)


@given(_FACTS, st.lists(st.sampled_from(_NAMES), unique=True))
def test_facts_read_one_by_one_are_those_that_were_stored(facts: Mapping[str, object], names: list[str]) -> None:
    """Articles may be called like facts, and texts may look like JSON."""
    stored = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    assert facts_reader(names)(stored) == {name: facts[name] for name in names if name in facts}
