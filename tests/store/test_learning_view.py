"""What the fraud desk has learned, read in a fixed number of questions: holds, samples, guts, and the programmes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import event, select
from sqlmodel import Session, SQLModel

from opsdesk.domain.fraud.learning.labels import Label
from opsdesk.domain.fraud.scoring import Band
from opsdesk.domain.money import Money
from opsdesk.integrations.fraud_files import fraud_on_demand
from opsdesk.store.engine import Store
from opsdesk.store.tables import CaseRow, DisputeRow, LabelRow, PaymentCheckRow, PaymentRow
from opsdesk.store.views.fraud.learning import Learning, learned
from tests.conftest import START
from tests.shop_orders import write_customer, write_order

BOOK = fraud_on_demand(Path(__file__).parents[2] / "data")
LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)
LAST_MONTH = START - 30 * DAY


def seen(store: Store, *, who: str = "", now: datetime = START) -> Learning:
    with store.reading() as session:
        return learned(session, fraud=BOOK, zone=LONDON, now=now, who=who)


def add(store: Store, *found: SQLModel) -> None:
    with Session(store.writer) as session, session.begin():
        session.add_all(found)


def order(store: Store, number: str, word: str = "", *, placed_at: datetime = START - DAY, brand: str = "") -> int:
    """Write a paid order, what is said of it, and the network of its card."""
    customer_id = write_customer(store, email=f"c{number}@shop.example")
    order_id = write_order(store, number, customer_id=customer_id, placed_at=placed_at)
    if word:
        add(store, LabelRow(order_id=order_id, label=word, source="person", by="amy", at=placed_at))
    if brand:
        check = PaymentCheckRow(
            payment_id=payment_of(store, order_id),
            order_id=order_id,
            placed_at=placed_at,
            told_at=placed_at,
            brand=brand,
        )
        add(store, check)
    return order_id


def payment_of(store: Store, order_id: int) -> int:
    with store.reading() as session:
        return int(session.execute(select(PaymentRow.id).filter_by(order_id=order_id)).scalar_one())  # type: ignore[call-overload]


def case(
    order_id: int, score: int, *, verdict: str = "release", gut: int | None = None, worth: bool | None = None,
    by: str = "amy", hours: int = 1,
) -> CaseRow:  # fmt: skip
    state = "released" if verdict == "release" else "cancelled_fraud"
    return CaseRow(
        order_id=order_id, kind="fraud", state="released" if verdict == "release" else "cancelled", fraud_state=state,
        opened_by="import", opened_at=START - timedelta(hours=hours), decided_by=by, decided_at=START, score=score,
        verdict=verdict, gut=gut, was_worth_a_look=worth, touch_seconds=120,
    )  # fmt: skip


def test_holds_are_right_as_often_as_they_were_fraud_for_each_band(store: Store) -> None:
    words = ("confirmed_fraud", "confirmed_fraud", "confirmed_legit", "")
    for place, word in enumerate(words):
        add(store, case(order(store, f"1000{place}", word), 90 if place == 0 else 65))

    found = seen(store)

    assert [(one.band, one.held, one.right.hits, one.right.of) for one in found.held] == [
        (None, 4, 2, 3),
        (Band.CRITICAL, 1, 1, 1),
        (Band.HIGH, 3, 1, 2),
    ]
    assert (round(found.held[0].right.low, 2), round(found.held[0].right.high, 2)) == (0.21, 0.94)


def test_how_cases_are_worked_on_and_whose_gut_was_right(store: Store) -> None:
    fraud, good = order(store, "10001", "confirmed_fraud"), order(store, "10002", "confirmed_legit")
    young = order(store, "10003")
    add(
        store,
        case(fraud, 70, verdict="cancel_fraud", gut=5, worth=True, hours=2),
        case(good, 70, gut=2, worth=False, by="bob", hours=4),
        case(young, 70, gut=5, worth=True, hours=30),
    )

    found = seen(store, who="amy")

    assert (found.work.decided, found.work.released.hits, found.work.worth.hits, found.work.worth.of) == (3, 2, 2, 3)
    assert (found.work.median_wait, found.work.slow_wait) == (timedelta(hours=4), timedelta(hours=30))
    assert [(step.gut, step.decisions, step.fraud.hits, step.fraud.of) for step in found.guts if step.decisions] == [
        (5, 2, 1, 1)
    ]
    assert [step.decisions for step in found.guts_of_all] == [0, 1, 0, 0, 2]
    assert [name for name, _ in found.people] == ["amy", "bob"]


def test_samples_are_listed_and_their_good_ones_are_the_false_alarms(store: Store) -> None:
    for number, word in (
        ("20001", "confirmed_legit"),
        ("20002", "confirmed_legit"),
        ("20003", "confirmed_fraud"),
        ("20004", ""),
    ):
        order_id = order(store, number, word)
        add(
            store,
            LabelRow(order_id=order_id, label="sampled", source="sample", reason="score 34", by="import", at=START),
        )

    found = seen(store).samples

    assert (found.passed, found.false_alarms.hits, found.false_alarms.of) == (4, 2, 3)
    assert [(one.number, one.label) for one in found.newest] == [
        ("20004", Label.UNKNOWN), ("20003", Label.FRAUD), ("20002", Label.LEGIT), ("20001", Label.LEGIT),
    ]  # fmt: skip


def disputed(store: Store, order_id: int, at: datetime, reason: str, state: str = "needs_response") -> DisputeRow:
    return DisputeRow(
        order_id=order_id, payment_id=payment_of(store, order_id), reference=f"dp_{order_id}", state=state,
        network_reason=reason, amount_minor=3520, currency="EUR", opened_at=at,
    )  # fmt: skip


def test_the_programmes_count_what_the_networks_count_in_their_months(store: Store) -> None:
    now, last = [order(store, f"3000{place}", brand="visa") for place in range(4)], []
    last = [order(store, f"3100{place}", brand="mastercard", placed_at=LAST_MONTH) for place in range(2)]
    add(
        store,
        disputed(store, now[0], START, "10.4"),
        disputed(store, now[1], START, "13.1", "inquiry_needs_response"),
        disputed(store, now[2], START, "10.4", "prevented"),
        disputed(store, last[0], START, "4837"),
        LabelRow(order_id=now[3], label="early_warning", source="stripe", reference="issfr_1", by="worker", at=START),
        LabelRow(order_id=now[3], label="early_warning", source="person", by="amy", at=START),
    )

    found = {(one.month, one.standing.programme.code): one.standing for one in seen(store).months}

    visa, ecm = found[date(2026, 11, 1), "vamp_merchant"], found[date(2026, 11, 1), "ecm"]
    assert (visa.count, visa.sales, visa.ratio, visa.is_over) == (2, 4, 5_000, False)
    assert visa.words == "50.00 % of 1.50 %, count 2 of 1,500"
    assert visa.distance == "Near: 1,498 more would reach it."
    assert (ecm.count, ecm.sales, ecm.ratio) == (1, 2, 5_000)  # this month's disputes over the sales of the last one
    assert found[date(2026, 10, 1), "vamp_merchant"].distance == "No sales by Visa are known."


def test_what_fraud_came_to_is_told_for_each_currency_and_never_added(store: Store) -> None:
    ids = [order(store, f"3000{place}", brand="mastercard") for place in range(4)]
    rows = [disputed(store, order_id, START, "4837") for order_id in ids[:3]]
    rows[2].currency, rows[2].amount_minor = "USD", 9_900
    add(store, *rows, disputed(store, ids[3], START, "4853"))

    (efm,) = [one.standing for one in seen(store).months if one.standing.programme.code == "efm" and not one.has_ended]

    assert efm.amounts == (Money(9_900, "USD"), Money(7_040, "EUR"))
    assert efm.count == 3
    assert "99.00 USD and 70.40 EUR of 50,000.00 USD; other currencies do not count here" in efm.words


def test_money_that_never_came_in_is_no_sale(store: Store) -> None:
    order(store, "30001", brand="visa")
    void = order(store, "30002", brand="visa")
    with Session(store.writer) as session, session.begin():
        session.get_one(PaymentRow, payment_of_in(session, void)).captured_minor = 0

    (visa,) = [
        one.standing
        for one in seen(store).months
        if one.standing.programme.code == "vamp_merchant" and not one.has_ended
    ]
    assert visa.sales == 1


def payment_of_in(session: Session, order_id: int) -> int:
    return int(session.execute(select(PaymentRow.id).filter_by(order_id=order_id)).scalar_one())  # type: ignore[call-overload]


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    event.listen(store.reader, "before_cursor_execute", note)
    yield told
    event.remove(store.reader, "before_cursor_execute", note)


def test_it_takes_the_same_few_questions_however_much_there_is(store: Store) -> None:
    seen(store)
    with statements(store) as few:
        seen(store)
    for place in range(6):
        order_id = order(store, f"4000{place}", "confirmed_fraud", brand="visa")
        add(store, case(order_id, 70, gut=4), disputed(store, order_id, START, "10.4"))
    with statements(store) as many:
        seen(store)

    assert len([one for one in many if "SELECT" in one]) <= 8
    assert len(many) - len(few) <= 1  # what became of orders is asked only where there are any
