"""Orders that come in from files: each once, none lost, what staff did here never undone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel, col, func

from opsdesk.domain.errors import Denied
from opsdesk.domain.incoming.arrivals import Rejection
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.gateways import CallKind
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.files.formats import open_orders
from opsdesk.integrations.files.shops import Reading
from opsdesk.operations.exchange.imports import ImportResult, import_orders
from opsdesk.operations.orders.cancelling import cancel, reopen
from opsdesk.operations.orders.contacts import edit_address, edit_contact
from opsdesk.operations.orders.holds import hold, release
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import ship
from opsdesk.operations.payments.taking import record_payment
from opsdesk.store.engine import Store
from opsdesk.store.repositories.orders import Orders
from opsdesk.store.repositories.payments import Payments
from opsdesk.store.tables import (
    ActivityRow,
    AddressRow,
    HoldRow,
    ImportRunRow,
    JournalRow,
    MailRow,
    NoteRow,
    OrderLineRow,
    OrderRow,
    ParcelRow,
    PaymentRow,
    SourceRecordRow,
    TransactionRow,
)
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.integrations.files.samples import json_lines, own_order, shopify_order, shopify_text, woo_order, written

AT = "2026-11-20T10:01:00+00:00"
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class Desk:
    """A shop with one importer; files are written and imported in one step."""

    performer: Performer
    folder: Path
    refused: list[Rejection] = field(default_factory=list)

    def take(self, text: str, *, name: str = "orders", dry_run: bool = False) -> ImportResult:
        self.refused.clear()
        path = written(self.folder, name, text)
        with open_orders(path, Reading("", BERLIN, START)) as file:
            return import_orders(self.performer, file, dry_run=dry_run, refused=self.refused.append)

    def woo(self, **fields: object) -> ImportResult:
        return self.take(json.dumps([woo_order(**fields)]))

    def rows(self, table: type[SQLModel], **where: object) -> list[SQLModel]:
        with Session(self.performer.store.reader, expire_on_commit=False) as session:
            return list(session.execute(select(table).filter_by(**where)).scalars())

    def order(self, **where: object) -> OrderRow:
        (row,) = self.rows(OrderRow, **where)
        assert isinstance(row, OrderRow)
        return row

    def held(self) -> list[tuple[str, str]]:
        return [(row.type, row.reason) for row in self.rows(HoldRow, released_at=None)]


@pytest.fixture
def desk(store: Store, admin: Actor, clock: StillClock, tmp_path: Path) -> Desk:
    return Desk(Performer(store, admin, clock), tmp_path)


def counted(result: ImportResult) -> tuple[int, int, int, int]:
    counts = result.counts
    return counts.created, counts.updated, counts.unchanged, counts.rejected


def columns(row: SQLModel, *without: str) -> dict[str, object]:
    return {name: value for name, value in row.model_dump().items() if name not in without}


def test_a_second_import_of_the_same_file_changes_nothing(desk: Desk) -> None:
    text = json_lines(own_order("1"), own_order("2"))
    assert counted(desk.take(text)) == (2, 0, 0, 0)
    before = [columns(row) for table in (OrderRow, OrderLineRow, TransactionRow) for row in desk.rows(table)]
    assert counted(desk.take(text)) == (0, 0, 2, 0)
    after = [columns(row) for table in (OrderRow, OrderLineRow, TransactionRow) for row in desk.rows(table)]
    assert after == before


def test_a_dry_run_counts_and_writes_nothing(desk: Desk) -> None:
    desk.take(json_lines(own_order("1")))
    history = len(desk.rows(ActivityRow))
    changed = own_order("1", customer={"name": "Bea Other", "email": "bea1@example.com"})
    result = desk.take(json_lines(changed, own_order("2"), {"opsdesk": "order/1"}), dry_run=True)
    assert counted(result) == (1, 1, 0, 1)
    assert len(desk.rows(OrderRow)) == 1
    assert len(desk.rows(ActivityRow)) == history


def test_a_bad_record_is_refused_with_line_and_field_and_the_good_ones_go_in(desk: Desk) -> None:
    text = json_lines(own_order("1"), own_order("2", total="12,00"), own_order("3")) + "{broken\n"
    assert counted(desk.take(text)) == (2, 0, 0, 2)
    assert [(refusal.line, refusal.field) for refusal in desk.refused] == [(2, "total"), (4, "")]
    assert "12.50" in desk.refused[0].reason
    assert {row.number for row in desk.rows(OrderRow)} == {"1", "3"}


def test_only_those_import_who_may(store: Store, actor: Actor, clock: StillClock, tmp_path: Path) -> None:
    agent = Desk(Performer(store, actor, clock), tmp_path)
    for dry_run in (False, True):
        with pytest.raises(Denied):
            agent.take(json_lines(own_order()), dry_run=dry_run)
    assert agent.rows(OrderRow) == []


def test_what_the_queue_repeats_of_an_order_is_what_its_facts_say(desk: Desk, store: Store) -> None:
    orders = [
        woo_order(number, status=status)
        for number, status in enumerate(
            ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "trash", "wc-odd"), 1
        )
    ]
    assert counted(desk.take(json.dumps(orders))) == (9, 0, 0, 0)
    before = {row.number: columns(row, "version", "changed_at", "search_text") for row in desk.rows(OrderRow)}
    with Session(store.writer) as session, session.begin():
        again = Orders(session, START, by_person=False)
        for row in desk.rows(OrderRow):
            again.settle(again.locked(row.id or 0))
    assert {row.number: columns(row, "version", "changed_at", "search_text") for row in desk.rows(OrderRow)} == before
    assert {number: row["headline"] for number, row in before.items()} == {
        "1": "ready",
        "2": "ready",
        "3": "on_hold",
        "4": "completed",
        "5": "cancelled",
        "6": "completed",
        "7": "on_hold",
        "8": "cancelled",
        "9": "sync_conflict",
    }


def test_imported_orders_send_no_mail_and_stay_new_to_everybody(desk: Desk) -> None:
    desk.woo()
    desk.woo(customer_note="Please ring twice.", date_modified_gmt="2026-03-30T01:30:00")
    assert desk.rows(MailRow) == []
    assert desk.order().touched_at is None
    assert desk.order().note_count == 1


def test_the_payload_is_kept_as_it_came_and_follows_the_source(desk: Desk) -> None:
    desk.woo()
    first = woo_order()
    (kept,) = desk.rows(SourceRecordRow)
    assert json.loads(kept.payload) == first
    desk.woo(
        total="25.98", fee_lines=[{"id": 9, "name": "Gift", "total": "2.00"}], date_modified_gmt="2026-04-01T00:00:00"
    )
    (kept,) = desk.rows(SourceRecordRow)
    assert json.loads(kept.payload)["total"] == "25.98"
    assert (desk.order().total_minor, desk.order().goods_minor) == (2_598, 2_198)


def test_an_older_version_that_arrives_late_says_nothing_new(desk: Desk) -> None:
    desk.woo(status="cancelled", date_modified_gmt="2026-05-01T00:00:00")
    assert counted(desk.woo(date_modified_gmt="2026-04-30T00:00:00")) == (0, 0, 1, 0)
    assert desk.order().lifecycle == "cancelled"


def test_each_import_leaves_a_run_and_a_sealed_history(desk: Desk) -> None:
    desk.take(json_lines(own_order("1"), own_order("2"), {"opsdesk": "nonsense"}))
    (run,) = desk.rows(ImportRunRow)
    assert (run.created, run.rejected, run.kind, run.format) == (2, 1, "orders", "opsdesk-jsonl")
    assert run.finished_at == START
    actions = [row.action for row in desk.rows(ActivityRow)]
    assert actions == ["import.orders", "order.imported", "order.imported"]


def test_contact_and_address_follow_the_source_unless_staff_corrected_them(desk: Desk) -> None:
    desk.woo()
    order = desk.order()
    contact = {"name": "Ann Right", "email": "right@example.com", "phone": order.phone, "language": "en"}
    desk.performer.perform(edit_contact, order.id, version=order.version, **contact)
    address = {**woo_order()["billing"], "first_name": "Anna", "city": "Newtown", "email": "wrong@example.com"}
    result = desk.woo(billing=address, date_modified_gmt="2026-04-01T00:00:00")
    assert counted(result) == (0, 1, 0, 0)
    order = desk.order()
    assert (order.customer_name, order.email) == ("Ann Right", "right@example.com")
    assert {row.city for row in desk.rows(AddressRow)} == {"Newtown"}
    assert desk.held() == []


def test_an_address_that_staff_corrected_stands(desk: Desk) -> None:
    desk.woo()
    order = desk.order()
    fields = dict.fromkeys(("company", "line2", "region", "phone"), "")
    typed = {"name": "Ann", "line1": "2 Right Street", "city": "Exampleton", "postcode": "SW1A 2AA", "country": "GB"}
    desk.performer.perform(edit_address, order.id, version=order.version, kind="shipping", **fields, **typed)
    desk.woo(billing={**woo_order()["billing"], "address_1": "3 Other Street"}, date_modified_gmt="2026-04-01T00:00:00")
    lines = {row.kind: row.line1 for row in desk.rows(AddressRow)}
    assert lines == {"shipping": "2 Right Street", "billing": "3 Other Street"}


def test_what_staff_shipped_stays_shipped(desk: Desk) -> None:
    desk.woo()
    desk.performer.perform(ship, desk.order().id, carrier="DHL", tracking_number="JD1")
    result = desk.woo(customer_note="Thank you.", date_modified_gmt="2026-04-01T00:00:00")
    assert counted(result) == (0, 1, 0, 0)
    assert desk.order().fulfilment_status == "shipped"


def test_cancelled_at_the_shop_while_nothing_was_done_here_is_cancelled_here(desk: Desk) -> None:
    desk.woo()
    desk.woo(status="cancelled", date_modified_gmt="2026-04-01T00:00:00")
    assert desk.order().headline == "cancelled"
    assert desk.held() == []


@pytest.mark.parametrize("step", [start_packing, ship])
def test_cancelled_at_the_shop_while_packed_or_sent_here_is_held_for_somebody_to_look(desk: Desk, step: object) -> None:
    desk.woo()
    extra: Mapping[str, object] = {"carrier": "DHL"} if step is ship else {}
    desk.performer.perform(step, desk.order().id, **extra)
    desk.woo(status="cancelled", date_modified_gmt="2026-04-01T00:00:00")
    assert desk.order().lifecycle == "placed"
    assert [kind for kind, _ in desk.held()] == ["sync_conflict"]
    assert desk.order().headline == "sync_conflict"


def test_a_disagreement_that_somebody_decided_does_not_come_back(desk: Desk) -> None:
    desk.woo()
    desk.performer.perform(start_packing, desk.order().id)
    desk.woo(status="cancelled", date_modified_gmt="2026-04-01T00:00:00")
    desk.performer.perform(release, desk.order().id, note="The customer wants it after all.")
    desk.woo(status="cancelled", customer_note="Sorry!", date_modified_gmt="2026-04-02T00:00:00")
    assert desk.held() == []


def test_an_order_that_staff_cancelled_or_reopened_is_left_so(desk: Desk) -> None:
    desk.woo()
    desk.performer.perform(cancel, desk.order().id, reason=CancelReason.DUPLICATE)
    desk.woo(customer_note="Where is it?", date_modified_gmt="2026-04-01T00:00:00")
    assert desk.order().lifecycle == "cancelled"
    desk.performer.perform(reopen, desk.order().id)
    desk.woo(status="cancelled", date_modified_gmt="2026-04-02T00:00:00")
    assert desk.order().lifecycle == "placed"


def test_money_is_added_once_even_when_staff_recorded_it_first(desk: Desk) -> None:
    unpaid = {"status": "on-hold", "payment_method": "bacs", "date_paid": None, "date_paid_gmt": None}
    desk.woo(**unpaid)
    assert desk.order().payment_status == "unpaid"
    desk.performer.perform(record_payment, desk.order().id, amount=Money(2_398, "GBP"), reference="bank 7")
    desk.woo(payment_method="bacs", date_modified_gmt="2026-04-01T00:00:00")
    assert (desk.order().paid_minor, len(desk.rows(TransactionRow))) == (2_398, 1)
    refunds = [{"id": 18, "reason": "damaged", "total": "-9.99"}]
    desk.woo(payment_method="bacs", refunds=refunds, date_modified_gmt="2026-04-02T00:00:00")
    desk.woo(payment_method="bacs", refunds=refunds, customer_note="Hm", date_modified_gmt="2026-04-03T00:00:00")
    assert desk.order().paid_minor == 2_398 - 999


def test_money_that_is_under_way_here_is_not_counted_again_when_the_shop_tells_of_it(desk: Desk, store: Store) -> None:
    authorised = {"kind": "authorise", "amount": "16.90", "gateway": "stripe", "reference": "pi_1", "at": AT}
    desk.take(json_lines(own_order("1", payments=[authorised])))
    (payment,) = desk.rows(PaymentRow)
    assert (payment.gateway, payment.reference, payment.state) == ("stripe", "pi_1", "authorised")
    with Session(store.writer) as session, session.begin():
        payments = Payments(session, START)
        payments.reserve(payments.locked(payment.id), CallKind.CAPTURE, Money(1_000, "EUR"))
    captured = {**authorised, "kind": "capture", "reference": "ch_1"}
    desk.take(json_lines(own_order("1", payments=[authorised, captured])))
    (payment,) = desk.rows(PaymentRow)
    assert (payment.capturing_minor, payment.captured_minor) == (1_000, 690)
    assert [row.amount_minor for row in desk.rows(TransactionRow, kind="capture")] == [690]
    assert [(row.debit, row.credit, row.amount_minor) for row in desk.rows(JournalRow)] == [
        ("gateway:stripe", "order", 690)
    ]


def test_a_bank_that_gave_back_more_than_it_took_is_refused(desk: Desk) -> None:
    found = [("sale", "16.90"), ("dispute_debit", "5.00"), ("dispute_reversal", "5.01")]
    payments = [
        {"kind": kind, "amount": amount, "gateway": "card", "reference": kind, "at": AT} for kind, amount in found
    ]
    assert counted(desk.take(json_lines(own_order("1", payments=payments)))) == (0, 0, 0, 1)
    assert desk.refused[0].field == "payments"


def test_a_hold_of_the_shop_is_released_when_the_shop_does(desk: Desk) -> None:
    desk.woo(status="wc-odd")
    assert [kind for kind, _ in desk.held()] == ["sync_conflict"]
    desk.woo(status="processing", date_modified_gmt="2026-04-01T00:00:00")
    assert desk.held() == []
    assert desk.order().headline == "ready"


def test_goods_sent_by_the_shop_are_sent_here(desk: Desk) -> None:
    desk.woo()
    tracking = [{"id": 1, "key": "_tracking_number", "value": "RM 12"}]
    desk.woo(status="completed", meta_data=tracking, date_modified_gmt="2026-04-01T00:00:00")
    assert (desk.order().lifecycle, desk.order().fulfilment_status) == ("completed", "shipped")
    (parcel,) = desk.rows(ParcelRow)
    assert parcel.tracking_number == "RM 12"


def test_goods_sent_by_the_shop_past_a_hold_here_are_for_somebody_to_look_at(desk: Desk) -> None:
    desk.woo()
    desk.performer.perform(hold, desk.order().id, kind=HoldType.FRAUD, reason="Too many cards.")
    desk.woo(status="completed", date_modified_gmt="2026-04-01T00:00:00")
    assert (desk.order().lifecycle, desk.order().fulfilment_status) == ("placed", "unfulfilled")
    assert {kind for kind, _ in desk.held()} == {"fraud", "sync_conflict"}


def test_lines_follow_the_shop_with_the_total_or_not_at_all(desk: Desk) -> None:
    desk.woo()
    (line,) = woo_order()["line_items"]
    dearer = {**line, "quantity": 3, "subtotal": "29.97", "total": "29.97"}
    added = {**line, "id": 4, "sku": "CAB-2", "name": "Plug", "quantity": 1, "subtotal": "5.00", "total": "5.00"}
    desk.woo(line_items=[dearer, added], total="38.97", date_modified_gmt="2026-04-01T00:00:00")
    assert [(row.sku, row.ordered) for row in desk.rows(OrderLineRow)] == [("CAB-1", 3), ("CAB-2", 1)]
    assert desk.order().total_minor == 3_897
    desk.performer.perform(ship, desk.order().id, carrier="DHL")
    desk.woo(line_items=[added], total="9.00", date_modified_gmt="2026-04-02T00:00:00")
    assert desk.order().total_minor == 3_897
    assert [kind for kind, _ in desk.held()] == ["sync_conflict"]


def test_card_numbers_reach_neither_the_order_nor_its_payload(desk: Desk, store: Store) -> None:
    card = "4111 1111 1111 1111"
    desk.take(
        json_lines(
            own_order("1", notes=[{"text": f"Pay with {card} CVV 737", "written_at": "2026-11-20T10:00:00+00:00"}]),
            own_order("2", unknown={"deep": [card.replace(" ", "\u00a0")]}, number_in="x", card=4111111111111111),
        )
    )
    with store.reading() as session:
        texts = [row.text for row in session.execute(select(NoteRow)).scalars()]
        texts += [row.payload for row in session.execute(select(SourceRecordRow)).scalars()]
    assert len(texts) == 3
    digits = ["".join(letter for letter in text if letter.isdigit()) for text in texts]
    assert not [text for text in digits if "4111111111111111" in text]
    assert "737" not in texts[0]
    assert all("1111" in text for text in texts)


def test_shopify_and_woocommerce_go_in_side_by_side(desk: Desk, store: Store) -> None:
    assert counted(desk.take(shopify_text(shopify_order(1001), shopify_order(1002)))) == (2, 0, 0, 0)
    assert counted(desk.take(json.dumps({"orders": [woo_order(1001)]}))) == (1, 0, 0, 0)
    with store.reading() as session:
        assert session.execute(select(func.count(col(OrderRow.id)))).scalar() == 3
