"""Many plain orders for tests of the queue and of finding, and what the queue must say about them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col

from opsdesk.domain.orders.queues import IN_HOUSE, SavedView, Sort
from opsdesk.domain.orders.states import Headline, Stage
from opsdesk.domain.searching import digits, order_search_text
from opsdesk.store.engine import Store
from opsdesk.store.tables import CustomerRow, OrderRow
from tests.conftest import START

Order = dict[str, Any]

HEADLINES = {
    Stage.TO_CHECK: (Headline.POTENTIAL_FRAUD, Headline.FRAUD_REVIEW),
    Stage.ON_HOLD: (Headline.ON_HOLD,),
    Stage.WAITING: (Headline.AWAITING_PAYMENT, Headline.BACKORDERED),
    Stage.TO_SHIP: (Headline.READY, Headline.BEING_PACKED, Headline.PARTLY_SHIPPED),
    Stage.ON_ITS_WAY: (Headline.SHIPPED,),
    Stage.DONE: (Headline.DELIVERED, Headline.CANCELLED),
}
_NAMES = (
    "Ada Berg",
    "Emil Cohn",
    "Łukasz Dąbrowski",
    "Greta Dahl",
    "O'Hara 100%",
    "Under_score",
    'Quote "Q" Ltd',
    "José Ñu",
)


def plain_order(place: int, /, **changes: Any) -> Order:
    """Return the columns of a paid order that waits to be shipped; `changes` go over them."""
    name = _NAMES[place % len(_NAMES)]
    row: Order = {
        "number": str(100_000 + place), "source": "own", "external_id": str(place), "channel": "web",
        "placed_at": START - timedelta(hours=place), "received_at": START, "currency": "EUR", "customer_id": 1,
        "customer_name": name, "email": f"c{place}@shop.example", "phone": f"+49421{5_550_000 + place}",
        "language": "en", "lifecycle": "placed", "payment_status": "paid", "fulfilment_status": "unfulfilled",
        "headline": "ready", "stage": "to_ship", "is_open": True, "hold_type": None, "goods_minor": 0,
        "discount_minor": 0, "shipping_minor": 0, "tax_minor": 0, "tax_included": True, "total_minor": 1000,
        "paid_minor": 1000, "line_count": 1, "unit_count": 1, "temperature": "ambient",
        "promised_at": START + timedelta(hours=place), "shipping_method": "", "owner_id": None,
        "snoozed_until": None, "touched_at": START, "note_count": 0, "risk_level": "", "tags": "", "staff_fields": "",
        "version": 1, "changed_at": START,
    } | changes  # fmt: skip
    row["number_reversed"] = row["number"][::-1]
    row["phone_reversed"] = digits(row["phone"])[::-1]
    row.setdefault("search_text", order_search_text(row["number"], row["customer_name"], row["email"]))
    return row


def mixed_orders(count: int, *, owners: Iterable[int] = (), seed: int = 7) -> list[Order]:
    """Return orders in every state, with equal and missing promises, some taken, some snoozed."""
    chance = random.Random(seed)
    made = []
    for number in range(1, count + 1):
        stage = chance.choice(list(Stage))
        headline = chance.choice(HEADLINES[stage])
        made.append(
            plain_order(
                number,
                stage=stage.value,
                headline=headline.value,
                is_open=stage is not Stage.DONE,
                payment_status=chance.choice(("paid", "authorised", "unpaid")),
                promised_at=chance.choice((None, START, *(START + timedelta(hours=h) for h in (-30, -1, 1, 20)))),
                placed_at=START - timedelta(hours=chance.randrange(40)),
                total_minor=chance.choice((500, 1000, 1000, 99_00, 250_00)),
                currency=chance.choice(("EUR", "EUR", "JPY", "KWD")),
                owner_id=chance.choice((None, None, *owners)),
                snoozed_until=chance.choice((None, None, START, START + timedelta(hours=1))),
                touched_at=chance.choice((None, START)),
                temperature=chance.choice(("ambient", "chilled", "frozen")),
            )
        )
    return made


def write_orders(store: Store, orders: list[Order]) -> list[Order]:
    """Write orders of one customer as they are; return them with their ids."""
    with store.writer.begin() as connection:
        if connection.execute(select(col(CustomerRow.id))).first() is None:
            customer = CustomerRow(
                id=1, identity="c", name="C", email="c@shop.example", phone="", phone_reversed="", language="en",
                country="DE", created_at=START,
            )  # fmt: skip
            connection.execute(insert(CustomerRow), [customer.model_dump()])
        first = (connection.execute(select(col(OrderRow.id)).order_by(col(OrderRow.id).desc())).scalar() or 0) + 1
        numbered = [order | {"id": first + place} for place, order in enumerate(orders)]
        connection.execute(insert(OrderRow), numbered)
    return numbered


def expected(
    orders: list[Order], view: SavedView, sort: Sort, *, descending: bool, user_id: int | None, now: datetime = START
) -> list[int]:
    """Say by brute force which orders a view shows, in which order; orders without a promise come last."""
    key = {Sort.DUE: "promised_at", Sort.PLACED: "placed_at", Sort.TOTAL: "total_minor"}[sort]
    shown = [order for order in orders if _STANDING[view](order, user_id, now) and _awake(order, view, now)]
    dated = sorted((o for o in shown if o[key] is not None), key=lambda o: (o[key], o["id"]), reverse=descending)
    undated = sorted((o for o in shown if o[key] is None), key=lambda o: o["id"], reverse=descending)
    return [order["id"] for order in dated + undated]


def _awake(order: Order, view: SavedView, now: datetime) -> bool:
    return view is SavedView.EVERYTHING or order["snoozed_until"] is None or order["snoozed_until"] <= now


def _in_house(order: Order) -> bool:
    return order["stage"] in IN_HOUSE


_STANDING: dict[SavedView, Callable[[Order, int | None, datetime], bool]] = {
    SavedView.NEW: lambda o, _u, _n: _in_house(o) and o["touched_at"] is None,
    SavedView.TO_CHECK: lambda o, _u, _n: o["stage"] == "to_check",
    SavedView.ON_HOLD: lambda o, _u, _n: o["stage"] in ("on_hold", "waiting"),
    SavedView.TO_SHIP: lambda o, _u, _n: o["stage"] == "to_ship",
    SavedView.LATE: lambda o, _u, n: _in_house(o) and o["promised_at"] is not None and o["promised_at"] < n,
    SavedView.MINE: lambda o, u, _n: _in_house(o) and u is not None and o["owner_id"] == u,
    SavedView.UNASSIGNED: lambda o, _u, _n: _in_house(o) and o["owner_id"] is None,
    SavedView.EVERYTHING: lambda _o, _u, _n: True,
}
