"""`opsdesk refund` does what the composer does: the same shares, the same mail, the same second person; and once."""

from __future__ import annotations

import pytest

from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import OperationKind
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.operations.refunds.outside import note_outside
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import RefundRow, RefundShareRow
from tests.cli.money_counter import NUMBER, Counter, an_id
from tests.conftest import START
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import by_hand, captured, working
from tests.operations.orders_kit import rows
from tests.shop_orders import write_order


@pytest.fixture
def counter(capsys, monkeypatch, sqlite_url: str) -> Counter:
    made = Counter(capsys, monkeypatch, sqlite_url)
    captured(made.store, made.order_id)
    return made


def test_lines_go_back_over_the_card_and_the_mail_waits_for_the_money(counter: Counter, clock) -> None:
    done = counter.done(f"refund request {NUMBER} --line 40177=1 --reason damaged")
    assert set(done) >= {"message", "id", "version", "command", "can_undo", "refund_id"}
    assert (done["can_undo"], counter.mails) == (True, [])
    (refund,) = rows(counter.store, RefundRow)
    assert (refund.amount_minor, refund.reason, refund.state) == (1_250, "damaged", "submitted")
    counter.work(clock)
    assert counter.gateway.done(OperationKind.REFUND) == 1_250
    (mail,) = counter.mails
    assert (mail.status_code, "12.50" in mail.text, "Honey jar" in mail.text) == ("refunded", True, True)
    listed = counter.done(f"refund list {NUMBER}")
    assert [(one["state"], one["amount"]["amount"]) for one in listed] == [("succeeded", "12.50")]
    assert counter.is_sound()


def test_a_dry_run_shows_parts_shares_and_mail_and_changes_nothing(counter: Counter) -> None:
    before = counter.order.version
    seen = counter.run(f"refund request {NUMBER} --line 40021=1 --shipping 4.90 --dry-run")
    assert (seen.code, rows(counter.store, RefundRow), counter.mails, counter.order.version) == (0, [], [], before)
    for words in ("Oat granola", "Shipping", "visa ..4242", "Subject: ", "13.80"):
        assert words in seen.out, words
    told = counter.done(f"refund request {NUMBER} --line 40021=1 --dry-run --no-tell")
    assert "mail_text" not in told
    assert "8.90" in counter.done(f"refund request {NUMBER} --line 40021=1 --dry-run")["mail_text"]


def test_the_credit_note_is_printed_as_text_and_as_json(counter: Counter, clock) -> None:
    assert "Credit note to come: 12.50 EUR" in counter.run(f"refund request {NUMBER} --line 40177=1 --dry-run").out
    counter.done(f"refund request {NUMBER} --line 40177=1 --no-tell")
    assert "no credit note CN-000001" in counter.refused("refund note 1")
    counter.work(clock)
    seen = counter.run("refund note CN-000001")
    for words in ("CN-000001  CREDIT NOTE", f"order {NUMBER}", "1 x Honey jar", "gross 12.50 EUR", "Total"):
        assert words in seen.out, words
    told = counter.done("refund note 1")
    assert set(told) >= {"number", "order", "refund_id", "issued_at", "lines", "net", "tax", "gross", "cancelled_by"}
    assert (told["number"], told["gross"]["minor"]) == ("CN-000001", 1_250)
    assert told["net"]["minor"] + told["tax"]["minor"] == 1_250
    assert counter.done(f"refund list {NUMBER}")[0]["credit_notes"] == ["CN-000001"]
    assert counter.is_sound()


def test_a_refund_that_is_said_again_goes_back_once(counter: Counter) -> None:
    """The control has no id: the second granola goes back as well."""
    line = f"refund request {NUMBER} --line 40021=1 --command {an_id(1)}"
    assert counter.done(line) == counter.done(line)
    assert len(rows(counter.store, RefundRow)) == 1
    counter.done(f"refund request {NUMBER} --line 40021=1")
    assert len(rows(counter.store, RefundRow)) == 2


def test_everything_that_is_left_goes_back_after_a_part_of_it(counter: Counter) -> None:
    counter.done(f"refund request {NUMBER} --line 40021=1")
    counter.done(f"refund request {NUMBER} --all --no-tell")
    assert [row.amount_minor for row in rows(counter.store, RefundRow)] == [890, 3_520 - 890]
    assert counter.refused(f"refund request {NUMBER} --goodwill 0.01")


def test_over_which_payments_it_goes_is_chosen_and_what_came_by_hand_needs_a_reference(counter: Counter) -> None:
    counter.order_id = write_order(counter.store, "2", paid=False, customer_id=counter.order.customer_id)
    card = captured(counter.store, counter.order_id, 2_000, "pi_2")
    bank = by_hand(counter.store, counter.order_id, 1_520)
    line = f"refund request 2 --all --over {card}=20.00 --over {bank}=15.20"
    assert "reference" in counter.refused(line)
    counter.done(f"{line} --reference '{bank}=line 12'")
    shares = {row.payment_id: (row.amount_minor, row.reference) for row in rows(counter.store, RefundShareRow)}
    assert shares == {card: (2_000, ""), bank: (1_520, "line 12")}


def test_above_the_own_limit_somebody_else_agrees_to_what_they_have_seen(counter: Counter) -> None:
    counter.order_id = write_order(
        counter.store, "2", goods=(("1", "Chair", "", 20, 9_000),), paid=False, customer_id=counter.order.customer_id
    )
    captured(counter.store, counter.order_id, reference="pi_2")
    asked = counter.done("refund request 2 --line 1=5")
    assert "second person" in asked["message"]
    (seen,) = counter.done("refund list 2")
    approve = f"refund approve {seen['id']} --content"
    assert "may not" in counter.refused(f"{approve} {seen['content_hash']}")
    assert counter.refused(f"{approve} 0", by="sofia")
    counter.done(f"{approve} {seen['content_hash']}", by="sofia")
    assert rows(counter.store, RefundRow)[-1].state == "submitted"
    counter.done(f"refund take-back {seen['id']}")
    counter.done("refund request 2 --line 1=5")
    counter.done(f"refund decline {seen['id'] + 1} --note 'Too many'", by="sofia")
    assert [row.state for row in rows(counter.store, RefundRow)] == ["cancelled", "declined"]


@pytest.mark.parametrize(
    ("how", "state"), [("retry", "submitted"), ("by hand", "succeeded"), ("credit", "converted_to_credit")]
)
def test_what_failed_is_sent_again_or_by_hand_or_as_credit_and_told_as_it_went(
    counter: Counter, clock, how: str, state: str
) -> None:
    counter.gateway.faults.append(Fault.REFUSED)
    refund = counter.done(f"refund request {NUMBER} --line 40177=1")["refund_id"]
    counter.work(clock)
    assert (rows(counter.store, RefundRow)[0].state, counter.mails) == ("failed", [])
    if how == "retry":
        counter.done(f"refund retry {refund}")
        counter.work(clock)
        state = "succeeded"
    elif how == "by hand":
        assert "second person" in counter.done(f"refund retry {refund} --by-hand 'line 40'")["message"]
        (seen,) = counter.done(f"refund list {NUMBER}")
        counter.done(f"refund approve {refund} --content {seen['content_hash']}", by="sofia")
    else:
        counter.done(f"refund credit {refund}")
        assert [row["balance"]["minor"] for row in counter.sheet["credits"]] == [1_250]
    assert rows(counter.store, RefundRow)[0].state == state
    (mail,) = counter.mails
    assert ("as credit in our shop" in mail.text, "by bank transfer" in mail.text) == (
        how == "credit",
        how == "by hand",
    )
    assert counter.refused(f"refund credit {refund}")
    assert counter.is_sound()


def test_what_was_paid_too_much_goes_back_once_and_the_order_costs_the_same(counter: Counter) -> None:
    assert counter.refused(f"refund overpayment {NUMBER}") == f"Nothing was paid too much for {NUMBER}."
    bank = by_hand(counter.store, counter.order_id, 500)
    assert "reference" in counter.refused(f"refund overpayment {NUMBER}")
    line = f"refund overpayment {NUMBER} --reference '{bank}=line 40' --command {an_id(1)}"
    assert counter.done(line) == counter.done(line)
    (refund,) = rows(counter.store, RefundRow)
    assert (refund.state, refund.amount_minor, counter.order.total_minor) == ("succeeded", 500, 3_520)
    assert [("5.00" in mail.text, "by bank transfer" in mail.text) for mail in counter.mails] == [(True, True)]
    assert counter.refused(f"refund overpayment {NUMBER}")
    assert counter.is_sound()


@pytest.mark.parametrize(
    ("line", "said"),
    [(f"refund request {NUMBER} --line NOPE=1", "is not SKU=UNITS"), (f"refund request {NUMBER} --line 40177=2", "1"),
     (f"refund request {NUMBER} --goodwill x", "amount"), (f"refund request {NUMBER} --reason boredom", "not known as"),
     (f"refund request {NUMBER} --line 40177=1 --over 9=1.00", "one of its payments"), (f"refund request {NUMBER} --over x=1", "PAYMENT=..."),
     ("refund retry 7", "no longer exists"), ("refund credit 7", "no refund 7"), ("refund approve 7 --content 0", "may not")],
)  # fmt: skip
def test_a_refusal_is_1_with_one_sentence_and_nothing_changed(counter: Counter, line: str, said: str) -> None:
    assert said in counter.refused(line)
    assert rows(counter.store, RefundRow) == []


@pytest.mark.parametrize(
    "line", ["refund request", "refund approve 1", "refund retry x", "refund decline 1", "refund nonsense"]
)
def test_a_command_that_cannot_be_read_is_2(counter: Counter, line: str) -> None:
    ran = counter.run(line)
    assert (ran.code, ran.out, bool(ran.err.strip())) == (2, "", True)


def test_what_was_refunded_outside_is_said_afterwards_and_said_anew(counter: Counter) -> None:
    with working(counter.store) as work:
        payment = work.payments.of_order(counter.order_id)[0]
        work.payments.book(payment, TransactionKind.REFUND, Money(1_250, "EUR"), Booking("re_1", is_told=True))
        note_outside(work, payment, Money(1_250, "EUR"), "re_1", START)
        work.orders.settle(work.orders.locked(counter.order_id))
    (task,) = counter.done("pay tasks")
    assert (task["kind"], task["amount"]["minor"]) == ("refund_outside", 1_250)
    refund = task["subject_id"]
    assert "Name 3.60 EUR more" in counter.refused(f"refund assign {refund} --line 40021=1")
    counter.done(f"refund assign {refund} --line 40021=1 --goodwill 3.60 --reason damaged")
    counter.done(f"refund unassign {refund}")
    counter.done(f"refund assign {refund} --line 40177=1")
    assert counter.refused(f"refund request {NUMBER} --line 40177=1").startswith("Only 0 of Honey jar")
    assert "is known" in counter.refused(f"refund assign {refund} --line 40021=1 --goodwill 3.60")
    assert (counter.done("pay tasks"), counter.is_sound()) == ([], True)
