"""`opsdesk pay` does what the money screen does, says so, and a command that is said again does nothing twice."""

from __future__ import annotations

import io
import sys

import pytest

from opsdesk.store.tables import DisputeRow, GatewayCallRow, PayLinkRow, PaymentRow, StoreCreditRow
from tests.cli.money_counter import FOREVER, NUMBER, Counter, an_id
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import authorised, captured
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order


@pytest.fixture
def counter(capsys, monkeypatch, sqlite_url: str) -> Counter:
    return Counter(capsys, monkeypatch, sqlite_url)


def held(counter: Counter, minor: int | None = None, reference: str = "pi_1") -> int:
    return authorised(counter.store, counter.order_id, minor, reference, expires_at=FOREVER)


def test_the_sheet_says_in_json_what_came_in_and_what_is_left_to_do(counter: Counter) -> None:
    assert counter.sheet["due"] == {"minor": 3_520, "currency": "EUR", "amount": "35.20"}
    held(counter)
    sheet = counter.sheet
    assert set(sheet) == {
        "number", "total", "paid", "ledger", "due", "capturable", "refundable", "payments", "calls", "links", "refunds",
        "disputes", "amendment", "credits",
    }  # fmt: skip
    (payment,) = sheet["payments"]
    assert (payment["reference"], payment["facts"]["authorised"], sheet["capturable"]["minor"]) == (
        "pi_1",
        3_520,
        3_520,
    )
    printed = counter.run(f"pay show {NUMBER}").out
    assert "pi_1" in printed


def test_a_transfer_is_recorded_with_its_line_and_the_rest_is_due(counter: Counter) -> None:
    done = counter.done(f"pay record {NUMBER} 10.20 --reference 'line 7'")
    assert done["message"] == "104458: 10.20 EUR recorded."
    assert set(done) == {"message", "id", "version", "command", "can_undo"}
    assert (done["id"], done["version"]) == (counter.order_id, counter.order.version)
    assert (counter.sheet["due"]["minor"], counter.order.payment_status) == (2_500, "partly_paid")
    assert counter.refused(f"pay record {NUMBER} 1.00 --method card").startswith("'card' is not known as method.")
    assert counter.refused(f"pay record {NUMBER} 25.00 --reference 'line 7'") == (
        "Somebody else saved the same thing first. Nothing was changed."
    )
    assert counter.is_sound()


def test_a_transfer_that_is_said_again_is_recorded_once_and_answers_the_same(counter: Counter) -> None:
    """The control has no id: a script that says it again then books the money twice."""
    line = f"pay record {NUMBER} 10.00 --command {an_id(1)}"
    assert counter.done(line) == counter.done(line)
    assert counter.order.paid_minor == 1_000
    counter.done(f"pay record {NUMBER} 10.00")
    counter.done(f"pay record {NUMBER} 10.00")
    assert counter.order.paid_minor == 3_000


@pytest.mark.parametrize(
    ("line", "by"),
    [
        (f"pay record {NUMBER} 10.00", "max"),
        (f"pay link {NUMBER} 10.00 --no-tell", "mia"),
        ("pay record 2 1.00", "mia"),
    ],
)
def test_an_id_that_was_used_for_something_else_does_nothing(counter: Counter, line: str, by: str) -> None:
    write_order(counter.store, "2", paid=False, customer_id=counter.order.customer_id)
    counter.done(f"pay record {NUMBER} 10.00 --command {an_id(1)}")
    said = counter.refused(f"{line} --command {an_id(1)}", by=by)
    assert said.startswith(f"The id {an_id(1)} was used for something else: 104458: 10.00 EUR recorded.")


def test_a_capture_is_asked_for_in_part_and_can_be_taken_back_while_it_waits(counter: Counter) -> None:
    payment_id = held(counter)
    done = counter.done(f"pay capture {NUMBER} 20.00 --command {an_id(1)}")
    again = counter.done(f"pay capture {NUMBER} 20.00 --command {an_id(1)}")
    assert (done, len(rows(counter.store, GatewayCallRow))) == (again, 1)
    assert done["message"] == "104458: 20.00 EUR is captured in a minute."
    assert counter.refused(f"pay capture {NUMBER} 20.00").startswith("Only 15.20 EUR is left of the authorisation.")
    counter.done(f"pay take-back {done['call_id']}")
    assert [call["kind"] for call in counter.sheet["calls"]] == []
    counter.done(f"pay void {NUMBER} --payment {payment_id}")
    assert [(call["kind"], call["amount"]["minor"]) for call in counter.sheet["calls"]] == [("void", 3_520)]


def test_which_payment_is_meant_has_to_be_said_where_there_are_several(counter: Counter) -> None:
    assert counter.refused(f"pay capture {NUMBER}") == "Nothing of 104458 is authorised and not captured."
    first, second = held(counter, 2_000), held(counter, 1_520, "pi_2")
    said = counter.refused(f"pay capture {NUMBER}")
    assert said.startswith("Several payments are authorised. Say which with --payment:")
    assert f"{first} (" in said
    counter.done(f"pay capture {NUMBER} --payment {second}")
    (call,) = rows(counter.store, GatewayCallRow)
    assert (call.payment_id, call.amount_minor) == (second, 1_520)


def test_what_is_sent_now_is_asked_for_without_its_minute(counter: Counter, clock) -> None:
    held(counter)
    call = counter.done(f"pay capture {NUMBER}")["call_id"]
    counter.done(f"pay send-now {call}")
    counter.work(clock)
    assert (counter.order.payment_status, counter.sheet["due"]["minor"]) == ("paid", 0)
    assert counter.refused(f"pay take-back {call}")
    assert counter.is_sound()


def test_credit_is_given_and_spent_and_a_gift_cards_code_stands_in_no_argument(counter: Counter, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("WINT-ER26-7KQX-92\n"))
    given = counter.done(f"pay issue-credit {NUMBER} 20.00 --kind gift_card --note 'Sold at the till'", by="sofia")
    assert [row.code_end for row in rows(counter.store, StoreCreditRow)] == ["QX92"]
    line = f"pay credit {NUMBER} 15.00 --credit {given['credit_id']} --command {an_id(2)}"
    assert counter.done(line) == counter.done(line)
    (credit,) = counter.sheet["credits"]
    assert (credit["balance"]["minor"], counter.order.paid_minor) == (500, 1_500)
    said = counter.refused(f"pay credit {NUMBER} 6.00 --credit {given['credit_id']}")
    assert "not that much" in said
    assert "may not do this" in counter.refused(f"pay issue-credit {NUMBER} 20.00 --note x")
    counter.done(f"pay account {NUMBER} --note 'Agreed, 30 days'", by="sofia")
    assert (counter.order.payment_status, counter.is_sound()) == ("paid", True)


def test_a_link_asks_for_what_is_due_with_its_mail_and_can_be_taken_back(counter: Counter) -> None:
    done = counter.done(f"pay link {NUMBER} --command {an_id(1)}")
    assert counter.done(f"pay link {NUMBER} --command {an_id(1)}") == done
    (link,) = rows(counter.store, PayLinkRow)
    assert (link.id, link.amount_minor, link.state, "35.20" in link.letters) == (
        done["link_id"],
        3_520,
        "requested",
        True,
    )
    assert counter.refused(f"pay link {NUMBER}")
    counter.done(f"pay cancel-link {NUMBER}")
    assert counter.refused(f"pay cancel-link {NUMBER}") == "104458 has no pay link that can be paid."


def test_a_dispute_by_letter_holds_the_order_until_it_is_decided(counter: Counter) -> None:
    payment = captured(counter.store, counter.order_id)
    counter.done(f"pay dispute {NUMBER} --payment {payment} --amount 12.50 --reference dp_1 --reason fraud", by="sofia")
    (dispute,) = rows(counter.store, DisputeRow)
    assert counter.order.hold_type == "dispute"
    counter.done(f"pay dispute-answer {dispute.id} --note 'Sent the proof'", by="sofia")
    counter.done(f"pay dispute-decide {dispute.id} --won --note 'Letter of the 3rd'", by="sofia")
    assert (counter.order.hold_type, counter.sheet["disputes"][0]["state"]) == (None, "won")
    assert "decided" in counter.refused(f"pay dispute-accept {dispute.id}", by="sofia")


def test_what_waits_for_somebody_is_listed_and_settled_by_who_may(counter: Counter, clock) -> None:
    held(counter)
    call = counter.done(f"pay capture {NUMBER}")["call_id"]
    counter.gateway.faults.extend([Fault.LOST_AFTER, *[Fault.FORGOTTEN] * 9])
    counter.work(clock)
    (task,) = counter.done("pay tasks")
    assert (task["number"], task["subject_id"], task["amount"]["minor"]) == (NUMBER, call, 3_520)
    assert "is looked up now" in counter.done(f"pay send-now {call}")["message"]
    counter.done(f"pay settle {call} --happened --note 'Seen at the gateway' --reference ch_1", by="sofia")
    assert (counter.order.payment_status, counter.done("pay tasks")) == ("paid", [])
    assert counter.refused(f"pay settle {call} --happened --note again", by="sofia")


@pytest.mark.parametrize(
    "line",
    ["pay record", f"pay record {NUMBER}", f"pay capture {NUMBER} 1.00 --payment x", f"pay record {NUMBER} 1 --command x",
     f"pay account {NUMBER}", f"pay link {NUMBER} --days 0 'pay settle 1 --note looked'", "pay nonsense"],
)  # fmt: skip
def test_a_command_that_cannot_be_read_is_2_and_says_what_is_wrong(counter: Counter, line: str) -> None:
    ran = counter.run(line)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.strip()
    assert rows(counter.store, PaymentRow) == []
