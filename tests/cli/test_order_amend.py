"""`opsdesk order amend` does what the form does: the same totals, the same waiting for money, the same mails; and once."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from opsdesk.operations.orders.packing import start_packing
from opsdesk.store.tables import AddressRow, AmendmentRow, OrderLineRow, PayLinkRow, ProductRow, RefundRow
from opsdesk.store.work import Performer
from tests.cli.money_counter import NUMBER, Counter, an_id
from tests.conftest import START
from tests.operations.money_kit import by_hand, captured
from tests.operations.orders_kit import person, rows


@pytest.fixture
def counter(capsys, monkeypatch, sqlite_url: str) -> Counter:
    made = Counter(capsys, monkeypatch, sqlite_url)
    with Session(made.store.writer) as session, session.begin():
        session.add(
            ProductRow(
                sku="50433", source="own", external_id="50433", title="Tea", variant="100 g", price_minor=1_070,
                currency="EUR", stock=9, search_text="tea", changed_at=START,
            )
        )  # fmt: skip
    return made


def ordered(counter: Counter) -> dict[str, int]:
    return {line.sku: line.ordered for line in rows(counter.store, OrderLineRow) if line.ordered}


def test_goods_are_added_set_swapped_and_taken_off_and_the_customer_reads_what_it_is_now(counter: Counter) -> None:
    done = counter.done(f"order amend {NUMBER} --add 50433=2 --set 40021=1 --set 40177=0 --reason 'Called in'")
    assert set(done) >= {
        "message", "id", "version", "command", "can_undo", "amendment_id", "state", "currency", "old_total_minor",
        "new_total_minor", "delta_minor", "tax_minor", "owed_minor", "too_much_minor", "changes", "warnings", "link_id",
    }  # fmt: skip
    assert (done["state"], done["new_total_minor"], done["can_undo"]) == ("applied", 890 + 2_140 + 490, True)
    assert ordered(counter) == {"40021": 1, "50433": 2}
    (mail,) = counter.mails
    assert mail.status_code == "order_changed"
    assert ("2 x Tea" in mail.text, "Honey jar" in mail.text, "35.20" in mail.text) == (True, False, True)
    counter.done(f"order undo {done['command']}")
    assert (ordered(counter), counter.mails[0].state) == ({"40021": 2, "40177": 1}, "cancelled")
    counter.done(f"order amend {NUMBER} --swap 40177=50433 --no-tell")
    assert (ordered(counter), len(counter.mails)) == ({"40021": 2, "50433": 1}, 1)
    assert counter.is_sound()


def test_a_dry_run_shows_totals_changes_and_mail_and_changes_nothing(counter: Counter) -> None:
    seen = counter.run(f"order amend {NUMBER} --add 50433=20 --dry-run")
    assert (seen.code, rows(counter.store, AmendmentRow), counter.mails, counter.order.version) == (0, [], [], 1)
    for words in (
        "Tea is new",
        "20 more are wanted, 9 are in stock: 11 too few",
        "35.20 EUR became 249.20 EUR",
        "Subject: ",
        "20 x Tea",
    ):
        assert words in seen.out, words
    assert counter.done(f"order amend {NUMBER} --set 40021=3 --dry-run")["delta_minor"] == 890
    seen = counter.run(f"order amend {NUMBER} --add 50433=2 --address country=CH --address postcode=2544 --dry-run")
    for words in (
        "2 more are wanted, 9 are in stock.",
        "ship to, country: DE became CH",
        "It goes to CH instead of DE",
    ):
        assert words in seen.out, words


def test_a_change_that_is_said_again_is_made_once(counter: Counter) -> None:
    """The control has no id: the tea is added twice."""
    line = f"order amend {NUMBER} --add 50433=1 --command {an_id(1)}"
    assert counter.done(line) == counter.done(line)
    assert counter.order.total_minor == 3_520 + 1_070
    counter.done(f"order amend {NUMBER} --add 50433=1")
    assert counter.order.total_minor == 3_520 + 2 * 1_070


def test_what_costs_more_than_was_paid_waits_with_a_link_and_is_made_when_money_has_come(counter: Counter) -> None:
    captured(counter.store, counter.order_id)
    done = counter.done(f"order amend {NUMBER} --add 50433=1")
    assert (done["state"], done["owed_minor"]) == ("awaiting_payment", 1_070)
    (link,) = rows(counter.store, PayLinkRow)
    assert (link.amount_minor, "10.70" in link.letters) == (1_070, True)
    assert "mia" in counter.refused(f"order amend {NUMBER} --add 50433=1")
    counter.done(f"pay record {NUMBER} 10.70")
    assert (rows(counter.store, AmendmentRow)[0].state, ordered(counter)["50433"]) == ("applied", 1)
    assert [mail.status_code for mail in counter.mails] == ["order_changed"]
    assert counter.is_sound()


def test_a_waiting_change_is_withdrawn_or_made_without_its_money(counter: Counter) -> None:
    captured(counter.store, counter.order_id)
    assert counter.refused(f"order amend-apply {NUMBER}") == f"No change of {NUMBER} waits."
    counter.done(f"order amend {NUMBER} --add 50433=1")
    counter.done(f"order amend-withdraw {NUMBER}")
    counter.done(f"order amend {NUMBER} --add 50433=1")
    assert "10.70 EUR is owed" in counter.done(f"order amend-apply {NUMBER}")["message"]
    assert [row.state for row in rows(counter.store, AmendmentRow)] == ["cancelled", "applied"]


def test_what_is_too_much_stays_or_goes_back_as_settle_says(counter: Counter) -> None:
    captured(counter.store, counter.order_id)
    assert counter.done(f"order amend {NUMBER} --set 40177=0")["too_much_minor"] == 1_250
    assert rows(counter.store, RefundRow) == []
    done = counter.done(f"order amend {NUMBER} --set 40021=1 --settle refund")
    (refund,) = rows(counter.store, RefundRow)
    assert (refund.id, refund.amount_minor) == (done["refund_id"], 1_250 + 890)


def test_prices_discounts_shipping_and_address_by_the_rules_of_the_form(counter: Counter) -> None:
    assert "may not" in counter.refused(f"order amend {NUMBER} --price 40021=7.00 --reason Regular")
    assert counter.refused(f"order amend {NUMBER} --price 40021=7.00", by="sofia").startswith("Say why the price")
    counter.done(f"order amend {NUMBER} --price 40021=7.00 --reason Regular", by="sofia")
    counter.done(f"order amend {NUMBER} --line-discount 40177=1.00 --discount 2.00 --shipping 0 --method Collected")
    order = counter.order
    assert (order.total_minor, order.shipping_minor, order.shipping_method) == (1_400 + 1_150 - 200, 0, "Collected")
    counter.done(f"order amend {NUMBER} --address 'line1=Wall 3' --address city=Bremen --address postcode=28195")
    (address,) = rows(counter.store, AddressRow)
    assert (address.line1, address.city) == ("Wall 3", "Bremen")
    assert "Wall 3" in counter.mails[-1].text
    assert counter.is_sound()


def test_an_order_on_the_bench_is_changed_when_it_was_put_back(counter: Counter) -> None:
    by_hand(counter.store, counter.order_id)
    piet = Performer(counter.store, person(counter.store, "piet"))
    piet.perform(start_packing, counter.order_id, version=counter.order.version)
    assert counter.done(f"order amend {NUMBER} --set 40177=0")["state"] == "awaiting_packer"
    assert "is being packed" in counter.refused(f"order amend-apply {NUMBER}")
    counter.done(f"order put-back {NUMBER}")
    assert (ordered(counter), counter.order.packing_since) == ({"40021": 2}, None)


@pytest.mark.parametrize(
    ("how", "said"),
    [("", "Say what is to change"), ("--add NOPE=1", "has no price in the order's currency"), ("--add 50433", "--add"),
     ("--set 40021=two", "no number of units"), ("--set NOPE=1", "has no line of NOPE"), ("--shipping x", "amount"),
     ("--set 40021=2", "othing"), ("--settle never", "not known as settle"), ("--address shoe=42", "An address has no 'shoe'. It has: name, company")],
)  # fmt: skip
def test_a_refusal_is_1_with_one_sentence_and_nothing_changed(counter: Counter, how: str, said: str) -> None:
    assert said in counter.refused(f"order amend {NUMBER} {how}")
    assert (rows(counter.store, AmendmentRow), counter.order.version) == ([], 1)


@pytest.mark.parametrize(
    "line", ["order amend", f"order amend {NUMBER} --colour red", f"order amend {NUMBER} --command 7"]
)
def test_a_command_that_cannot_be_read_is_2(counter: Counter, line: str) -> None:
    ran = counter.run(line)
    assert (ran.code, ran.out, bool(ran.err.strip())) == (2, "", True)
