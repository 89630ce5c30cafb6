"""What is taken out comes back as it was: every column of every order, through lines and through tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import inspect, select

from opsdesk.domain.errors import Denied
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.files import own_csv, own_products, own_writing
from opsdesk.integrations.files.formats import open_orders
from opsdesk.integrations.files.product_formats import open_products
from opsdesk.integrations.files.shops import Reading
from opsdesk.operations.exchange.exports import export_orders, export_products
from opsdesk.operations.exchange.imports import import_orders, import_products
from opsdesk.operations.orders.cancelling import cancel, reopen
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.notes import note
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import deliver, recall_parcel, ship
from opsdesk.store.engine import Store, open_store
from opsdesk.store.migrate import migrate
from opsdesk.store.tables import (
    AddressRow,
    CancellationRow,
    CaseRow,
    CustomerRow,
    HoldRow,
    JournalRow,
    NoteRow,
    OrderLineRow,
    OrderRow,
    ParcelLineRow,
    ParcelRow,
    PaymentRow,
    ProductRow,
    TransactionRow,
)
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.integrations.files.samples import json_lines, own_order, shopify_order, shopify_text, woo_order, written

READING = Reading("", ZoneInfo("Europe/Berlin"), START)
TABLES = (
    OrderRow, OrderLineRow, AddressRow, PaymentRow, TransactionRow, JournalRow, ParcelRow, ParcelLineRow, HoldRow, CaseRow, NoteRow,
    CancellationRow, CustomerRow,
)  # fmt: skip
HOSTILE = (
    "=1+1", "+49 30 5550199", "-2", "@SUM(A1)", "\t=1", "'quoted", "''twice", " =1", '"=1', "a;=cmd()", "a,\"b\"\n=c", "＝1",
    "plain", "it's", "Łukasz 東京 🎁", "x" * 200,
)  # fmt: skip


def contents(store: Store) -> dict[str, list[dict[str, object]]]:
    """Return every row that belongs to orders, without what counts the visits: ids by place, versions, moments."""
    with store.reading() as session:
        found = {
            table.__name__: [
                row.model_dump()
                for row in session.execute(select(table).order_by(*inspect(table).primary_key)).scalars()
            ]
            for table in TABLES
        }
    for rows in found.values():
        for row in rows:
            for name in ("version", "changed_at", "owner_id", "snoozed_until"):
                row.pop(name, None)
            if "text" in row or "reason" in row or "opened_by" in row:
                row.pop("id", None)
    return found


def taken_in(performer: Performer, path: Path) -> None:
    refused: list[object] = []
    with open_orders(path, READING) as file:
        import_orders(performer, file, refused=refused.append)
    assert refused == []


def taken_out(performer: Performer, folder: Path, kind: str) -> Path:
    parts: list[str] = [own_csv.header_text()] if kind == "csv" else []
    text: Callable[..., str] = own_csv.order_text if kind == "csv" else own_writing.order_text
    export_orders(performer, "out", lambda order: parts.append(text(order) + ("" if kind == "csv" else "\n")))
    return written(folder, f"out.{kind}", "".join(parts))


def a_lively_shop(performer: Performer, folder: Path) -> None:
    """Fill a store with orders in every state, several currencies and texts that spreadsheets would run."""
    woo = [woo_order(number, status=status) for number, status in enumerate(("completed", "refunded", "failed"), 1)]
    taken_in(performer, written(folder, "woo", json.dumps(woo)))
    taken_in(performer, written(folder, "shopify", shopify_text(shopify_order(), shopify_order(1002, Email=""))))
    yen = own_order("y1", currency="JPY", total="1200", payments=[], lines=[_line("400")])
    dinar = own_order("k1", currency="KWD", total="3.375", payments=[], lines=[_line("1.125")])
    plain = [own_order(f"p{number}", staff_fields="contact.name", risk_level="high") for number in range(6)]
    hostile = [
        own_order(f"h{number}", customer={"name": text, "email": f"h{number}@example.com"}, shipping={"line1": text})
        for number, text in enumerate(HOSTILE)
    ]
    taken_in(performer, written(folder, "own", json_lines(yen, dinar, *plain, *hostile)))
    ids = {row["number"]: row["id"] for row in contents(performer.store)["OrderRow"]}
    do = performer.perform
    do(hold, ids["p0"], kind=HoldType.FRAUD, reason="=cmd|' /C calc'!A0")
    do(hold, ids["p1"], kind=HoldType.MANUAL, reason="later")
    do(release, ids["p1"], note="now")
    do(start_packing, ids["p2"])
    do(ship, ids["p3"], carrier="DHL", tracking_number="JD 1", quantities=None)
    do(deliver, ids["p3"])
    do(ship, ids["p4"], carrier="DHL")
    (parcel,) = (row for row in contents(performer.store)["ParcelRow"] if row["order_id"] == ids["p4"])
    do(recall_parcel, ids["p4"], parcel_id=parcel["id"])
    do(cancel, ids["p5"], reason=CancelReason.CUSTOMER, note="-1")
    do(reopen, ids["p5"])
    do(cancel, ids["p5"], reason=CancelReason.STAFF)
    do(note, ids["p0"], text="two\nlines; =1+1")


def _line(price: str) -> dict[str, object]:
    return {"sku": "TEA", "title": "Tea", "quantity": 3, "unit_price": price}


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_an_export_into_an_empty_store_gives_the_same_orders(
    store: Store, admin: Actor, clock: StillClock, tmp_path: Path, kind: str
) -> None:
    performer = Performer(store, admin, clock)
    a_lively_shop(performer, tmp_path)
    path = taken_out(performer, tmp_path, kind)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    migrate(url)
    other = open_store(url)
    taken_in(Performer(other, admin, clock), path)
    assert contents(other) == contents(store)
    other.close()


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_an_export_that_comes_back_to_its_own_store_changes_nothing(
    store: Store, admin: Actor, clock: StillClock, tmp_path: Path, kind: str
) -> None:
    performer = Performer(store, admin, clock)
    a_lively_shop(performer, tmp_path)
    before = contents(store)
    with open_orders(taken_out(performer, tmp_path, kind), READING) as file:
        counts = import_orders(performer, file).counts
    assert (counts.created, counts.updated, counts.rejected) == (0, 0, 0)
    assert contents(store) == before


def test_no_cell_of_text_begins_a_formula_and_numbers_stay_numbers(
    store: Store, admin: Actor, clock: StillClock, tmp_path: Path
) -> None:
    performer = Performer(store, admin, clock)
    a_lively_shop(performer, tmp_path)
    table = taken_out(performer, tmp_path, "csv").read_text("utf-8")
    assert dangerous_cells(table) == []
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["total"] for row in rows if row["currency"] in ("JPY", "KWD")} == {"1200", "3.375"}
    assert all(row["line_unit_price"].replace(".", "").isdigit() for row in rows)


def test_the_look_for_formulas_would_find_one() -> None:
    """The control: a plain table of the same texts, written without the guard."""
    plain = io.StringIO()
    csv.writer(plain).writerows([text] for text in HOSTILE)
    assert len(dangerous_cells(plain.getvalue())) >= 8


def dangerous_cells(table: str) -> list[str]:
    """Return the cells that a spreadsheet would run, whatever separator it takes."""
    found = []
    for row in csv.reader(io.StringIO(table)):
        for cell in row:
            if cell.startswith("'"):
                continue
            pieces = [cell, *(piece for mark in ";\t," for piece in cell.split(mark)[1:])]
            if any(piece.strip(" \"'")[:1] in tuple("=+-@\t\r＝＋－＠") for piece in pieces if piece.strip(" \"'")):
                found.append(cell)
    return found


def test_who_takes_out_everything_stands_in_the_history_and_not_everybody_may(
    store: Store, admin: Actor, actor: Actor, clock: StillClock
) -> None:
    with pytest.raises(Denied):
        export_orders(Performer(store, actor, clock), "out", print)
    assert export_orders(Performer(store, admin, clock), "out.csv", print) == 0


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_products_come_back_as_they_were(
    store: Store, admin: Actor, clock: StillClock, tmp_path: Path, kind: str
) -> None:
    performer = Performer(store, admin, clock)
    first = written(tmp_path, "products", PRODUCTS)
    with open_products(first, READING) as file:
        assert import_products(performer, file).counts.created == 3
    parts = [own_products.csv_line(own_products.HEADER)] if kind == "csv" else []
    text = own_products.product_row if kind == "csv" else own_products.product_text
    export_products(performer, "out", lambda product: parts.append(text(product) + ("" if kind == "csv" else "\n")))
    path = written(tmp_path, f"out.{kind}", "".join(parts))
    with open_products(path, READING) as file:
        counts = import_products(performer, file).counts
    assert (counts.unchanged, counts.total) == (3, 3)
    with store.reading() as session:
        rows = {row.sku: row for row in session.execute(select(ProductRow)).scalars()}
    assert rows["=TEA"].title == "+Tea"
    assert (rows["ICE"].temperature, rows["ICE"].weight_g, rows["ICE"].stock, rows["ICE"].version) == (
        "frozen",
        500,
        7,
        1,
    )


PRODUCTS = json_lines(
    {"opsdesk": "product/1", "sku": "=TEA", "title": "+Tea", "price": "4.00", "currency": "EUR"},
    {"opsdesk": "product/1", "sku": "ICE", "title": "Ice", "price": "2.50", "currency": "EUR", "temperature": "frozen",
     "weight_g": 500, "stock": 7, "ean": "4006381333931"},
    {"opsdesk": "product/1", "sku": "OLD", "title": "Old", "price": "100", "currency": "JPY", "active": False},
)  # fmt: skip


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_what_came_in_keeps_every_promise_of_the_store(
    store: Store, admin: Actor, clock: StillClock, tmp_path: Path, kind: str
) -> None:
    performer = Performer(store, admin, clock)
    a_lively_shop(performer, tmp_path)
    woo = json.dumps(
        [
            woo_order(2, status="completed", date_modified_gmt="2026-04-02T00:00:00"),
            woo_order(3, status="cancelled", date_modified_gmt="2026-04-02T00:00:00"),
            woo_order(4, status="refunded"),
        ]
    )
    taken_in(performer, written(tmp_path, "again", woo))
    url = f"sqlite:///{tmp_path / 'other.db'}"
    migrate(url)
    other = open_store(url)
    taken_in(Performer(other, admin, clock), taken_out(performer, tmp_path, kind))
    for shop in (store, other):
        report = verify_store(shop, now=clock())
        assert [str(violation) for violation in report.violations] == []
        assert report.orders > 25
    other.close()
