"""After an order was changed: the shop's next export does not undo it, and the letter says what it holds now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opsdesk.domain.amendments.edits import AddLine, RemoveLine, SetAddress, SetQuantity
from opsdesk.domain.amendments.letters import ORDER_CHANGED, amended_facts
from opsdesk.domain.amendments.planning import preview
from opsdesk.domain.mails.letters import LetterFacts
from opsdesk.domain.money import Money
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.mail.contexts import example_facts
from opsdesk.integrations.mail.rendering import TemplateWriter
from opsdesk.integrations.mail.shelf import TemplateShelf, read_forbidden_words
from opsdesk.operations.amendments.changing import Settle, propose
from opsdesk.store.engine import Store
from opsdesk.store.tables import HoldRow, OrderLineRow, OrderRow
from opsdesk.store.views.mails.letters import letter_facts
from opsdesk.store.views.money.amending import amendable
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.integrations.files.samples import json_lines, own_order, woo_order
from tests.operations.orders_kit import rows, the_order
from tests.operations.test_imports import AT, Desk
from tests.shop_orders import write_order

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def desk(store: Store, admin: Actor, clock: StillClock, tmp_path: Path) -> Desk:
    return Desk(Performer(store, admin, clock), tmp_path)


@pytest.fixture
def writer() -> Iterator[TemplateWriter]:
    made = TemplateWriter(TemplateShelf(DATA / "templates"), read_forbidden_words(DATA / "forbidden_words.toml"))
    yield made
    made.close()


def sums(order: OrderRow) -> tuple[int, ...]:
    return order.goods_minor, order.discount_minor, order.shipping_minor, order.tax_minor, order.total_minor


def doubled(desk: Desk) -> OrderRow:
    """Import an order, double its first line here, and return it."""
    desk.woo()
    order, line = desk.order(), desk.rows(OrderLineRow)[0]
    assert isinstance(line, OrderLineRow)
    edits = [SetQuantity(line.id or 0, line.ordered * 2)]
    desk.performer.perform(propose, order.id, version=order.version, edits=edits, settle=Settle.OWE)
    return desk.order()


def test_the_shops_next_export_does_not_undo_what_staff_changed(desk: Desk) -> None:
    before = doubled(desk)
    desk.woo(customer_note="Please ring twice")
    after = desk.order()
    assert after.note_count == before.note_count + 1
    assert sums(after) == sums(before)
    assert desk.held() == []


def test_the_control_without_the_amendment_the_export_would_undo_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = doubled(desk)
    monkeypatch.setattr("opsdesk.operations.exchange.source_goods._amended_from", lambda _both: None)
    desk.woo(customer_note="Please ring twice")
    assert sums(desk.order()) != sums(before)


def test_where_shop_and_staff_both_changed_the_goods_somebody_looks_at_both(desk: Desk) -> None:
    before = doubled(desk)
    told = woo_order()
    items = [item | {"sku": f"other-{item['sku']}"} for item in told["line_items"]]
    desk.woo(line_items=items)
    assert sums(desk.order()) == sums(before)
    ((kind, reason),) = desk.held()
    assert kind == "sync_conflict"
    assert reason == "Its lines changed at the shop, but staff have changed them here too."
    assert [row.type for row in desk.rows(HoldRow)] == ["sync_conflict"]


def test_money_that_the_shop_tells_of_makes_the_change_that_waited_for_it(desk: Desk) -> None:
    paid = {"kind": "sale", "amount": "12.00", "gateway": "paypal", "reference": "p 1", "at": AT}
    desk.take(json_lines(own_order("1", payments=[paid])))
    order, line = desk.order(), desk.rows(OrderLineRow)[0]
    assert isinstance(line, OrderLineRow)
    more = [SetQuantity(line.id or 0, line.ordered + 1)]
    waits = desk.performer.perform(propose, order.id, version=order.version, edits=more, ask=False)
    assert (waits.details["state"], desk.order().total_minor) == ("awaiting_payment", order.total_minor)
    rest = f"{Money(int(str(waits.details['owed_minor'])), 'EUR').amount}"
    told = [paid, {**paid, "amount": rest, "reference": "p 2"}]
    desk.take(json_lines(own_order("1", payments=told)))
    changed = desk.order()
    assert (changed.total_minor, changed.payment_status) == (waits.details["new_total_minor"], "paid")
    assert desk.held() == []


def test_a_line_that_was_taken_off_stands_in_no_letter(store: Store, actor: Actor, clock: StillClock) -> None:
    order_id = write_order(store, paid=False)
    honey = rows(store, OrderLineRow)[1].id or 0
    Performer(store, actor, clock).perform(propose, order_id, version=1, edits=[RemoveLine(honey)])
    with store.reading() as session:
        facts = letter_facts(session, order_id, agent="mia")
    assert [line.title for line in facts.lines] == ["Oat granola"]
    assert facts.total == Money(2_270, "EUR")


def test_the_form_previews_by_itself_what_the_command_will_do(store: Store, actor: Actor, clock: StillClock) -> None:
    order_id = write_order(store, paid=False)
    granola, edits = rows(store, OrderLineRow)[0].id or 0, []
    with store.reading() as session:
        seen = amendable(session, order_id)
    edits = [SetQuantity(granola, 5), SetAddress((("city", "Bremen"), ("line1", "Wall 3")))]
    amended = preview(seen.parts, edits, seen.stock)
    Performer(store, actor, clock).perform(propose, order_id, version=seen.version, edits=edits)
    order = the_order(store, order_id)
    assert (order.total_minor, order.tax_minor) == (amended.new_total.minor, amended.tax.minor)
    assert "not in the catalogue" in amended.warnings[0]


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_letter_about_a_change_shows_the_order_as_it_will_be(
    store: Store, writer: TemplateWriter, language: str
) -> None:
    order_id = write_order(store, paid=False)
    with store.reading() as session:
        facts, seen = letter_facts(session, order_id, agent="mia"), amendable(session, order_id)
    honey = seen.parts.lines[1].id
    tea = AddLine("50433", 2, Money(1_070, "EUR"), "<Tea>")
    edits = [RemoveLine(honey), tea, SetAddress((("line1", "Wall 3"),))]
    written = writer.write(ORDER_CHANGED, replace(after(facts, seen, edits), language=language))
    assert "2 x <Tea>" in written.text
    assert "&lt;Tea&gt;" in written.html
    assert "1 kg" in written.text
    assert "Wall 3" in written.text
    assert "Honey jar" not in written.text + written.html
    assert ("€44.10" if language == "en" else "44,10\xa0€") in written.text
    assert facts.order_number in written.subject


def after(facts: LetterFacts, seen, edits) -> LetterFacts:
    return amended_facts(facts, preview(seen.parts, edits, seen.stock))


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_template_is_clean(writer: TemplateWriter, language: str) -> None:
    source = writer.source(ORDER_CHANGED, language)
    assert writer.lint(ORDER_CHANGED, language, source, has_deadline=False) == ()
    assert "104501" in writer.write(ORDER_CHANGED, replace(example_facts(), language=language)).subject
