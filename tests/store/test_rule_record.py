"""How rules have done so far: hits among the newest scorings, fraud among those of which somebody knows the end."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from opsdesk.domain.fraud.evidence.facts import Outcome
from opsdesk.store.engine import Store
from opsdesk.store.tables import AssessmentRow, LabelRow
from opsdesk.store.views.fraud.rule_record import rules_so_far
from tests.conftest import START
from tests.screens.fraud_sheets import book
from tests.shop_orders import write_customer, write_order

GOOD_AFTER = timedelta(days=120)


def scored(store: Store, order_id: int, *fired: str) -> None:
    with Session(store.writer) as session, session.begin():
        session.add(
            AssessmentRow(
                order_id=order_id,
                scored_at=START,
                cause="import",
                score=40,
                band="medium",
                action="review",
                coverage=60,
                book="b1",
                fired=" ".join(fired),
            )
        )


def labelled(store: Store, order_id: int, label: str) -> None:
    with Session(store.writer) as session, session.begin():
        session.add(LabelRow(order_id=order_id, label=label, source="case", by="farid", at=START))


def test_precision_counts_only_orders_whose_end_is_known(store: Store):
    customer = write_customer(store)
    ids = [write_order(store, str(104_100 + number), customer_id=customer) for number in range(3)]
    scored(store, ids[0], "PAY-01", "ORD-01")
    scored(store, ids[1], "PAY-01")
    scored(store, ids[2], "PAY-010")
    labelled(store, ids[0], "confirmed_fraud")
    with store.reading() as session:
        found = rules_so_far(
            session, ["PAY-01", "ADR-99"], disputes=book().codes.disputes, now=START, good_after=GOOD_AFTER
        )
    assert (found["PAY-01"].hits, found["PAY-01"].precision.hits, found["PAY-01"].precision.of) == (2, 1, 1)
    assert found["PAY-01"].last == (("104101", Outcome.OPEN), ("104100", Outcome.FRAUD))
    assert (found["ADR-99"].hits, found["ADR-99"].precision.of) == (0, 0)


def test_an_order_that_was_scored_twice_is_one_hit(store: Store):
    order_id = write_order(store)
    scored(store, order_id, "PAY-01")
    scored(store, order_id, "PAY-01")
    with store.reading() as session:
        found = rules_so_far(session, ["PAY-01"], disputes=book().codes.disputes, now=START, good_after=GOOD_AFTER)
    assert found["PAY-01"].hits == 1
