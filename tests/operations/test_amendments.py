"""Orders changed after they were placed: nothing is taken or given back silently, and what moved meanwhile is named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlmodel import Session

from opsdesk.domain.amendments.edits import (
    AddLine,
    DiscountLine,
    Edit,
    ExemptTax,
    OverridePrice,
    RemoveLine,
    SetAddress,
    SetQuantity,
    SetShipping,
    SwapLine,
)
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Conflict, Denied, Invalid, OpsDeskError, Refused
from opsdesk.domain.mails.outgoing import Letter, MailState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.orders.states import Headline
from opsdesk.domain.people.actors import WORKER, Actor
from opsdesk.domain.refunds.composing import RefundContent, RefundLine
from opsdesk.operations.amendments.changing import Settle, acknowledge_recall, apply, expire, propose, withdraw
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.packing import start_packing
from opsdesk.operations.orders.shipping import ship
from opsdesk.operations.payments.store_credit import issue
from opsdesk.operations.payments.taking import record_payment, take_on_account, use_credit
from opsdesk.operations.refunds.asking import request
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import (
    ActivityRow,
    AddressRow,
    AmendmentRow,
    MailRow,
    OrderLineRow,
    OrderRow,
    PayLinkRow,
    ProductRow,
    RefundRow,
)
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Done, Performer
from tests.conftest import START, StillClock
from tests.operations import events_kit as operations
from tests.operations.events_kit import event, snapshot, tell
from tests.operations.money_kit import authorised, calls, captured, the_payment
from tests.operations.orders_kit import facts_of, rows, the_order
from tests.operations.test_pay_links import answered
from tests.shop_orders import write_arrival, write_order

LETTER = Letter("Order 104458 was changed", "We have changed your order.\n", "<p>Changed.</p>", "en")
TEA = AddLine("50433", 2, Money(1_070, "EUR"))


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def lead(store: Store, supervisor: Actor, clock: StillClock) -> Performer:
    return Performer(store, supervisor, clock)


@pytest.fixture
def bench(store: Store, packer: Actor, clock: StillClock) -> Performer:
    return Performer(store, packer, clock)


@pytest.fixture
def worker(store: Store, clock: StillClock) -> Performer:
    return Performer(store, WORKER, clock)


@pytest.fixture
def order_id(store: Store) -> int:
    """35.20: two granola at 8.90, a honey jar at 12.50, shipping 4.90; nothing is paid."""
    order_id = write_order(store, paid=False)
    write_arrival(store, order_id)
    with Session(store.writer) as session, session.begin():
        session.add(
            ProductRow(
                sku="50433", source="own", external_id="50433", title="Tea", variant="100 g", price_minor=1_070,
                currency="EUR", temperature="cool", stock=1, search_text="tea", changed_at=START,
            )
        )  # fmt: skip
    return order_id


def lines_of(store: Store, order_id: int) -> list[OrderLineRow]:
    return [line for line in rows(store, OrderLineRow) if line.order_id == order_id]


def granola(store: Store) -> int:
    return rows(store, OrderLineRow)[0].id or 0


def honey(store: Store) -> int:
    return rows(store, OrderLineRow)[1].id or 0


def the_amendment(store: Store) -> AmendmentRow:
    return rows(store, AmendmentRow)[-1]


def amend(performer: Performer, order_id: int, *edits: Edit, **more: Any) -> Done:
    version = the_order(performer.store, order_id).version
    return performer.perform(propose, order_id, version=version, edits=edits, **more)


def said_of(store: Store, action: str) -> list[ActivityRow]:
    return [row for row in rows(store, ActivityRow) if row.action == action]


def is_sound(store: Store) -> bool:
    """Every sum adds up, every repeated column is what the facts say (INV-M1 to M3 among them)."""
    found = verify_store(store, now=START, with_seals=False).violations
    # Money that tests book straight into the store moves the order without a line in its history.
    assert [wrong.sentence for wrong in found if "nothing in its history made" not in wrong.sentence] == []
    return True


# --- applied at once


def test_an_unpaid_order_just_costs_more(clerk: Performer, store: Store, order_id: int) -> None:
    done = amend(clerk, order_id, TEA, reason="Called in")
    order = the_order(store, order_id)
    assert (order.total_minor, order.version, done.version) == (5_660, 2, 2)
    assert done.details["state"] == AmendmentState.APPLIED
    assert (done.details["delta_minor"], done.details["owed_minor"]) == (2_140, 5_660)
    assert done.message == "104458 is changed: 35.20 EUR became 56.60 EUR. 56.60 EUR is owed."
    added = lines_of(store, order_id)[-1]
    assert (added.title, added.variant, added.temperature, added.position) == ("Tea", "100 g", "cool", 3)
    (told,) = said_of(store, "order.amended")
    assert told.summary == "Order changed: 35.20 EUR became 56.60 EUR. Called in"
    assert "Tea is new" in told.after
    assert is_sound(store)


def test_a_preview_answers_in_full_and_changes_nothing(clerk: Performer, store: Store, order_id: int) -> None:
    done = clerk.rehearse(propose, order_id, version=1, edits=[TEA, RemoveLine(honey(store))])
    assert (done.details["old_total_minor"], done.details["new_total_minor"]) == (3_520, 4_410)
    assert done.details["warnings"] == "Tea (50433): 2 more are wanted, 1 are in stock: 1 too few."
    assert done.details["shipping"] == "kept"
    assert "Honey jar: ordered 1 became 0" in str(done.details["changes"])
    assert json.dumps(dict(done.details))
    assert (the_order(store, order_id).version, rows(store, AmendmentRow)) == (1, [])


def test_less_than_was_paid_is_said_and_stays_until_somebody_returns_it(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)))
    assert done.details["too_much_minor"] == 1_250
    assert done.message.endswith("12.50 EUR is paid too much; return it.")
    assert (the_order(store, order_id).payment_status, rows(store, RefundRow)) == ("overpaid", [])
    assert is_sound(store)


def test_what_is_too_much_goes_back_in_the_same_step_if_that_is_wanted(
    clerk: Performer, store: Store, order_id: int
) -> None:
    payment_id = captured(store, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)), settle=Settle.REFUND)
    (refund,) = rows(store, RefundRow)
    assert (refund.amount_minor, done.details["refund_id"]) == (1_250, refund.id)
    assert the_payment(store, payment_id).refunding_minor == 1_250
    assert done.message.endswith("12.50 EUR is paid too much and goes back.")


def test_an_authorised_order_is_simply_captured_smaller(clerk: Performer, store: Store, order_id: int) -> None:
    """P11: the capture follows the order; nothing goes back that never came in."""
    authorised(store, order_id)
    done = amend(clerk, order_id, SetQuantity(granola(store), 1), settle=Settle.REFUND)
    assert (done.details["too_much_minor"], rows(store, RefundRow)) == (0, [])
    assert the_order(store, order_id).total_minor == 2_630


def test_more_that_the_authorisation_covers_needs_no_link(clerk: Performer, store: Store, order_id: int) -> None:
    authorised(store, order_id, 6_000)
    assert amend(clerk, order_id, TEA).details["state"] == AmendmentState.APPLIED
    assert rows(store, PayLinkRow) == []


def test_vector_22_up_and_down_again_before_payment_moves_no_money(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    with pytest.raises(Refused, match="Nothing of 104458 would change"):
        amend(clerk, order_id, TEA, RemoveLine(-1))
    amend(clerk, order_id, TEA)
    clerk.perform(withdraw, the_amendment(store).id)
    assert amend(clerk, order_id, SetShipping("Express", eur(490))).details["too_much_minor"] == 0
    order = the_order(store, order_id)
    assert (order.total_minor, order.payment_status, order.shipping_method) == (3_520, "paid", "Express")
    assert [link.state for link in rows(store, PayLinkRow)] == ["voided"]
    assert rows(store, RefundRow) == []
    assert is_sound(store)


def test_vector_22_down_and_up_again_is_settled_by_the_balance_alone(
    clerk: Performer, store: Store, order_id: int
) -> None:
    """P12: what is owed is the balance, not the sum of the steps."""
    captured(store, order_id)
    amend(clerk, order_id, RemoveLine(honey(store)))
    done = amend(clerk, order_id, SetQuantity(honey(store), 1))
    assert done.details["state"] == AmendmentState.APPLIED
    assert (done.details["owed_minor"], done.details["too_much_minor"]) == (0, 0)
    assert (the_order(store, order_id).total_minor, rows(store, PayLinkRow)) == (3_520, [])


def test_goodwill_and_returned_overpayment_are_counted_once(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    amend(clerk, order_id, RemoveLine(honey(store)), settle=Settle.REFUND)
    done = amend(clerk, order_id, SetQuantity(honey(store), 1))
    assert done.details["state"] == AmendmentState.AWAITING_PAYMENT
    assert done.details["owed_minor"] == 1_250, "what went back is owed again"
    clerk.perform(withdraw, the_amendment(store).id)
    version = the_order(store, order_id).version
    clerk.perform(request, order_id, version=version, content=RefundContent(goodwill=eur(500)))
    done = amend(clerk, order_id, SetQuantity(honey(store), 1))
    assert done.details["owed_minor"] == 1_250, "goodwill is not owed again"


def test_money_that_waits_for_a_second_person_is_not_there_for_a_change(clerk: Performer, store: Store) -> None:
    order_id = write_order(store, "104459", goods=(("900", "Mixer", "", 2, 25_000),), paid=False)
    captured(store, order_id)
    (line,) = rows(store, OrderLineRow)
    amend(clerk, order_id, SetQuantity(line.id or 0, 1), settle=Settle.REFUND)
    assert [refund.state for refund in rows(store, RefundRow)] == ["pending_approval"]
    done = amend(clerk, order_id, SetQuantity(line.id or 0, 2))
    assert (done.details["state"], done.details["owed_minor"]) == (AmendmentState.AWAITING_PAYMENT, 25_000)


# --- prices by hand


def test_a_price_by_hand_needs_a_supervisor_and_a_reason(
    clerk: Performer, lead: Performer, store: Store, order_id: int
) -> None:
    edit = OverridePrice(granola(store), eur(700), "Torn bag")
    for by_hand in (edit, replace(TEA, unit_price=eur(1)), DiscountLine(granola(store), eur(400))):
        with pytest.raises(Denied, match=r"mia is agent and may not do this \(order.override_price\)"):
            amend(clerk, order_id, by_hand, reason="Torn bag")
    assert [row.outcome for row in rows(store, ActivityRow)][-1] == "denied"
    with pytest.raises(Invalid, match="Say why"):
        amend(lead, order_id, replace(edit, reason=""))
    with pytest.raises(Invalid, match="Say why a price is set by hand"):
        amend(lead, order_id, DiscountLine(granola(store), eur(400)))
    amend(lead, order_id, edit)
    (told,) = said_of(store, "order.price_overridden")
    assert told.summary == "Price set by hand. Torn bag"
    assert told.before == "Oat granola: 8.90 EUR, discount 0.00 EUR"
    assert told.after == "Price of Oat granola: 8.90 EUR became 7.00 EUR"
    assert is_sound(store)


def test_vector_8_an_exempt_customer_gets_the_tax_back_and_it_is_a_supervisors_to_say(
    clerk: Performer, lead: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    before = the_order(store, order_id)
    exempt = ExemptTax("Certificate 12")
    with pytest.raises(Denied, match=r"order\.override_price"):
        amend(clerk, order_id, exempt)
    done = amend(lead, order_id, exempt)
    after = the_order(store, order_id)
    assert (after.tax_minor, after.total_minor) == (0, before.total_minor - before.tax_minor)
    assert done.details["too_much_minor"] == before.tax_minor > 0
    assert [line.tax_minor for line in lines_of(store, order_id)] == [0, 0]
    (said,) = said_of(store, "order.price_overridden")
    assert said.summary == "Exempt from tax. Certificate 12"
    assert is_sound(store)
    lead.perform(undo, done.command_id)
    assert (the_order(store, order_id).total_minor, the_order(store, order_id).tax_minor) == (
        before.total_minor, before.tax_minor,
    )  # fmt: skip
    assert is_sound(store)


def test_a_fifth_off_is_within_what_an_agent_may(clerk: Performer, store: Store, order_id: int) -> None:
    assert amend(clerk, order_id, DiscountLine(granola(store), eur(356))).details["delta_minor"] == -356


def test_a_card_number_in_a_reason_is_not_kept(lead: Performer, store: Store, order_id: int) -> None:
    number = "4242 4242 4242 4242"
    amend(lead, order_id, OverridePrice(granola(store), eur(700), f"Paid with {number}"), reason=number, note=number)
    kept = the_amendment(store)
    assert number not in kept.edits + kept.reason + kept.note
    assert "4242 4242" not in "".join(row.summary for row in rows(store, ActivityRow))


# --- after payment: the change waits for the money


def test_more_after_payment_waits_for_a_link_and_the_order_stands_still(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, TEA)
    assert (done.details["state"], done.details["owed_minor"]) == (AmendmentState.AWAITING_PAYMENT, 2_140)
    order, row = the_order(store, order_id), the_amendment(store)
    assert (order.total_minor, order.headline) == (3_520, Headline.BEING_AMENDED)
    (link,) = rows(store, PayLinkRow)
    assert (link.amount_minor, link.id) == (2_140, row.link_id)
    assert row.expires_at == START + timedelta(days=3)
    for step, more in ((ship, {"carrier": "DHL"}), (start_packing, {})):
        with pytest.raises(Refused, match="is being changed, and the change waits for the customer's money"):
            clerk.perform(step, order_id, **more)
    assert is_sound(store)


def test_a_paid_link_makes_the_change_once_however_often_the_gateway_tells(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id, reference="pi_first")
    amend(clerk, order_id, TEA, letter=LETTER)
    (link,) = rows(store, PayLinkRow)
    answered(store, next(call for call in calls(store) if call.link_id == link.id))
    paid_link = snapshot(operations.captured(2_140), link=f"plink_{link.id}")
    tell(store, event("evt_1", paid_link), event("evt_2", paid_link), event("evt_1", paid_link))
    order = the_order(store, order_id)
    assert (order.total_minor, order.payment_status, order.headline) == (5_660, "paid", Headline.READY)
    assert the_amendment(store).state == AmendmentState.APPLIED
    assert [line.ordered for line in lines_of(store, order_id)] == [2, 1, 2]
    assert [mail.status_code for mail in rows(store, MailRow)] == ["order_changed"]
    assert len(said_of(store, "order.amended")) == 1
    assert is_sound(store)


def test_a_bank_transfer_of_what_is_missing_makes_the_change(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA, ask=False, letter=LETTER)
    assert (rows(store, PayLinkRow), rows(store, MailRow)) == ([], [])
    clerk.perform(record_payment, order_id, amount=eur(1_000), reference="part")
    assert the_amendment(store).state == AmendmentState.AWAITING_PAYMENT
    done = clerk.perform(record_payment, order_id, amount=eur(1_140), reference="rest")
    assert "is changed: 35.20 EUR became 56.60 EUR" in done.message
    order = the_order(store, order_id)
    assert (order.total_minor, order.payment_status, order.headline) == (5_660, "paid", Headline.READY)
    (mail,) = rows(store, MailRow)
    assert (mail.subject, mail.status_code) == (LETTER.subject, "order_changed")
    assert is_sound(store)


@pytest.mark.parametrize("is_held", [True, False])
def test_what_is_put_on_account_is_what_the_change_lacks_and_makes_it(
    clerk: Performer, lead: Performer, store: Store, order_id: int, is_held: bool
) -> None:
    """An order that is only authorised owes its authorised part to nobody's account."""
    (authorised if is_held else captured)(store, order_id)
    amend(clerk, order_id, TEA, ask=False, letter=LETTER)
    seen = the_order(store, order_id).version
    done = lead.perform(take_on_account, order_id, version=seen, note="Agreed with Ada")
    assert done.message.startswith("104458: 21.40 EUR on account. 104458 is changed: 35.20 EUR became 56.60 EUR.")
    order = the_order(store, order_id)
    assert (order.total_minor, order.headline, order.version) == (5_660, Headline.READY, seen + 1)
    assert the_amendment(store).state == AmendmentState.APPLIED
    assert [mail.status_code for mail in rows(store, MailRow)] == ["order_changed"]
    assert is_sound(store)


def test_store_credit_of_what_is_missing_makes_the_change_and_no_more_is_taken(
    clerk: Performer, lead: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    given = lead.perform(issue, the_order(store, order_id).customer_id, amount=eur(5_000), note="A late parcel")
    credit_id = given.details["credit_id"]
    amend(clerk, order_id, TEA)

    def use(minor: int) -> str:
        seen = the_order(store, order_id).version
        return clerk.perform(use_credit, order_id, version=seen, credit_id=credit_id, amount=eur(minor)).message

    with pytest.raises(Invalid, match=r"Only 21\.40 EUR is due"):
        use(2_141)
    assert "is changed" not in use(1_000)
    assert the_amendment(store).state == AmendmentState.AWAITING_PAYMENT
    assert use(1_140).endswith("28.60 EUR is left on it. 104458 is changed: 35.20 EUR became 56.60 EUR.")
    assert (the_order(store, order_id).payment_status, the_amendment(store).state) == ("paid", AmendmentState.APPLIED)
    with pytest.raises(Refused, match="paid already"):
        use(1)
    assert is_sound(store)


def test_vector_21_never_paid_the_original_order_ships_unchanged(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock, order_id: int
) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA)
    row = the_amendment(store)
    assert "moved on" in worker.perform(expire, row.id).message, "its time is not up"
    clock.advance(days=3)
    worker.perform(expire, row.id)
    assert the_amendment(store).state == AmendmentState.EXPIRED
    assert [link.state for link in rows(store, PayLinkRow)] == ["voided"]
    clerk.perform(ship, order_id, carrier="DHL")
    order = the_order(store, order_id)
    assert (order.total_minor, order.headline, len(lines_of(store, order_id))) == (3_520, Headline.SHIPPED, 2)
    assert "moved on" in worker.perform(expire, row.id).message
    assert is_sound(store)


def test_a_change_whose_money_came_in_time_does_not_expire(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock, order_id: int
) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA)
    captured(store, order_id, 2_140, "pi_2")
    clock.advance(days=4)
    worker.perform(expire, the_amendment(store).id)
    assert (the_amendment(store).state, the_order(store, order_id).total_minor) == (AmendmentState.APPLIED, 5_660)


def test_staff_may_make_the_change_before_its_money_but_it_does_not_ship_unpaid(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA)
    done = clerk.perform(apply, the_amendment(store).id)
    assert done.message.endswith("21.40 EUR is owed.")
    with pytest.raises(Refused, match="is not paid"):
        clerk.perform(ship, order_id, carrier="DHL")


def test_withdrawn_the_order_is_as_it_was(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA)
    clerk.perform(withdraw, the_amendment(store).id)
    with pytest.raises(Refused, match="is over already"):
        clerk.perform(withdraw, the_amendment(store).id)
    order = the_order(store, order_id)
    assert (order.total_minor, order.headline) == (3_520, Headline.READY)
    assert is_sound(store)


def test_one_change_at_a_time_and_whose_it_is(clerk: Performer, lead: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA)
    with pytest.raises(Refused, match=r"mia is changing 104458 since 2026-11-24 13:32 UTC \(awaiting payment\)"):
        amend(lead, order_id, RemoveLine(honey(store)))


# --- conflicts


def test_an_older_version_is_told_who_was_faster(
    clerk: Performer, lead: Performer, store: Store, order_id: int
) -> None:
    amend(lead, order_id, RemoveLine(honey(store)))
    with pytest.raises(Conflict) as refused:
        clerk.perform(propose, order_id, version=1, edits=[TEA])
    assert refused.value.who == "sofia"


def test_what_the_shop_changed_meanwhile_is_named_and_the_typed_edits_stay(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA, ask=False)
    with Session(store.writer) as session, session.begin():
        line = session.get_one(OrderLineRow, granola(store))
        line.ordered = 3
        order = session.get_one(OrderRow, order_id)
        order.goods_minor, order.total_minor, order.unit_count = 3_920, 4_410, 4
    done = clerk.perform(record_payment, order_id, amount=eur(2_140), reference="late")
    assert "Oat granola: ordered 2 became 3" in done.message
    row = the_amendment(store)
    assert row.state == AmendmentState.CONFLICTED
    assert "total: 35.20 EUR became 44.10 EUR" in row.problem
    assert '"sku": "50433"' in row.edits
    assert the_order(store, order_id).total_minor == 4_410
    assert is_sound(store)


def test_the_control_without_the_fingerprint_the_shops_change_would_be_lost(
    clerk: Performer, store: Store, order_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA, ask=False)
    with Session(store.writer) as session, session.begin():
        session.get_one(OrderLineRow, granola(store)).ordered = 3
    monkeypatch.setattr("opsdesk.operations.amendments.steps.conflict_of", lambda *_: None)
    clerk.perform(record_payment, order_id, amount=eur(2_140 + 890), reference="late")
    assert lines_of(store, order_id)[0].ordered == 2, "silently overwritten"


def test_an_order_that_was_cancelled_meanwhile_is_not_changed(
    clerk: Performer, worker: Performer, store: Store, clock: StillClock, order_id: int
) -> None:
    captured(store, order_id)
    amend(clerk, order_id, TEA)
    clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    row = the_amendment(store)
    assert not AmendmentState(row.state).is_open
    assert the_order(store, order_id).total_minor == 3_520
    clock.advance(days=4)
    assert "moved on" in worker.perform(expire, row.id).message


@pytest.mark.parametrize("unique", [True, False], ids=["locked", "control"])
def test_two_clerks_at_once_make_one_change(
    store: Store, actor: Actor, supervisor: Actor, order_id: int, unique: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both saw version 1. The control forgets the version and the open change, and the second one goes through."""
    captured(store, order_id)
    if not unique:
        monkeypatch.setattr("opsdesk.operations.amendments.changing.why_not_amend", lambda *_: None)
    version, ready, answers = the_order(store, order_id).version, Barrier(2), []

    def try_it(who: Actor) -> None:
        ready.wait()
        edits = [SetShipping(who.name, eur(490))]
        try:
            Performer(store, who).perform(propose, order_id, version=version if unique else None, edits=edits)
            answers.append("done")
        except OpsDeskError as refused:
            answers.append(type(refused).__name__)

    both = [Thread(target=try_it, args=(who,)) for who in (actor, supervisor)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(answers) == (["Conflict", "done"] if unique else ["done", "done"])


# --- packing


def test_a_recall_waits_for_the_packer_who_puts_the_order_back(
    clerk: Performer, bench: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    bench.perform(start_packing, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)))
    assert done.message.startswith("104458 is being packed. It is changed as soon as the packer has put it back.")
    assert the_order(store, order_id).total_minor == 3_520
    with pytest.raises(Refused, match=r"is being packed\. Wait until the packer has put it back"):
        clerk.perform(apply, the_amendment(store).id)
    bench.perform(acknowledge_recall, the_amendment(store).id)
    order, row = the_order(store, order_id), the_amendment(store)
    assert (order.total_minor, order.packing_since, row.recall_acknowledged_by) == (2_270, None, "piet")
    assert row.state == AmendmentState.APPLIED
    with pytest.raises(Refused, match="is over already"):
        bench.perform(acknowledge_recall, row.id)
    assert is_sound(store)


def test_a_recalled_order_that_costs_more_goes_on_to_wait_for_its_money(
    clerk: Performer, bench: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    bench.perform(start_packing, order_id)
    amend(clerk, order_id, TEA)
    assert rows(store, PayLinkRow) == [], "nobody is asked for money for what may have left already"
    bench.perform(acknowledge_recall, the_amendment(store).id)
    assert the_amendment(store).state == AmendmentState.AWAITING_PAYMENT
    assert [link.amount_minor for link in rows(store, PayLinkRow)] == [2_140]


def test_vector_p14_sent_before_the_recall_was_seen_the_change_conflicts(
    clerk: Performer, bench: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    bench.perform(start_packing, order_id)
    amend(clerk, order_id, RemoveLine(honey(store)))
    bench.perform(ship, order_id, carrier="DHL")
    row = the_amendment(store)
    assert row.state == AmendmentState.CONFLICTED
    assert "Honey jar: shipped 0 became 1" in row.problem
    assert (the_order(store, order_id).total_minor, the_order(store, order_id).headline) == (3_520, Headline.SHIPPED)
    with pytest.raises(Refused, match=r"Give money back with a refund \(goodwill\)"):
        amend(clerk, order_id, RemoveLine(honey(store)))
    assert is_sound(store)


# --- what was sent or refunded


def test_vector_23_down_after_a_part_refund_stops_at_what_was_refunded(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    version = the_order(store, order_id).version
    content = RefundContent(lines=(RefundLine(granola(store), 1),))
    clerk.perform(request, order_id, version=version, content=content)
    with pytest.raises(Refused, match="Oat granola: 1 refunded already; it cannot have 0"):
        amend(clerk, order_id, RemoveLine(granola(store)))
    done = amend(clerk, order_id, SetQuantity(granola(store), 1))
    assert done.details["too_much_minor"] == 890, "the unit that was not refunded, and no more"


def test_vector_23_a_line_that_was_sent_stays(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    clerk.perform(ship, order_id, carrier="DHL", quantities={granola(store): 1})
    with pytest.raises(Refused, match="Oat granola: 1 sent already; it cannot have 0"):
        amend(clerk, order_id, SwapLine(granola(store), "50433", 1, eur(1_070)))
    amend(clerk, order_id, SetQuantity(granola(store), 1))
    assert the_order(store, order_id).total_minor == 2_630
    assert is_sound(store)


# --- address


def test_an_address_is_checked_as_everywhere_and_belongs_to_staff_afterwards(
    clerk: Performer, store: Store, order_id: int
) -> None:
    with pytest.raises(Invalid) as refused:
        amend(clerk, order_id, SetAddress((("postcode", "1"),)))
    assert refused.value.field == "postcode"
    amend(clerk, order_id, SetAddress((("line1", "Wall 3"), ("postcode", "28195"))), SetQuantity(granola(store), 1))
    (address,) = rows(store, AddressRow)
    assert (address.line1, address.postcode, address.city) == ("Wall 3", "28195", "Bremen")
    order = the_order(store, order_id)
    assert {"shipping_address", "lines"} <= set(order.staff_fields.split(","))
    assert (order.version, order.total_minor) == (2, 2_630)
    assert is_sound(store)


# --- taking back


def test_a_change_that_was_made_can_be_taken_back_with_its_mail(clerk: Performer, store: Store, order_id: int) -> None:
    before = the_order(store, order_id)
    swap = SwapLine(honey(store), "50433", 1, eur(1_070))
    done = amend(clerk, order_id, swap, SetAddress((("line1", "Wall 3"),)), letter=LETTER)
    assert done.can_undo
    clerk.perform(undo, done.command_id)
    order = the_order(store, order_id)
    sums = ("goods_minor", "tax_minor", "total_minor", "discount_minor", "shipping_minor")
    assert [getattr(order, name) for name in sums] == [getattr(before, name) for name in sums]
    assert [(line.sku, line.ordered) for line in lines_of(store, order_id)] == [
        ("40021", 2),
        ("40177", 1),
        ("50433", 0),
    ]
    assert [mail.state for mail in rows(store, MailRow)] == [MailState.CANCELLED]
    assert rows(store, AddressRow)[0].line1 == "Am Dobben 12"
    assert is_sound(store)


def test_the_refund_that_came_with_the_change_is_taken_back_with_it(
    clerk: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)), settle=Settle.REFUND)
    clerk.perform(undo, done.command_id)
    assert the_order(store, order_id).payment_status == "paid"
    assert [refund.state for refund in rows(store, RefundRow)] == ["cancelled"]
    assert is_sound(store)


def test_a_change_is_not_taken_back_once_something_moved(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)))
    clerk.perform(ship, order_id, carrier="DHL", quantities={granola(store): 1})
    with pytest.raises(Refused, match="has moved on since it was changed"):
        clerk.perform(undo, done.command_id)


def test_a_change_is_not_taken_back_once_its_money_went_back(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)))
    version = the_order(store, order_id).version
    clerk.perform(request, order_id, version=version, content=RefundContent(overpayment=eur(1_250)))
    with pytest.raises(Refused, match="Money of 104458 has moved since"):
        clerk.perform(undo, done.command_id)


def test_a_change_is_not_taken_back_under_the_hands_of_the_packer(
    clerk: Performer, bench: Performer, store: Store, order_id: int
) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, RemoveLine(honey(store)))
    bench.perform(start_packing, order_id)
    with pytest.raises(Refused, match="is being packed as it is now"):
        clerk.perform(undo, done.command_id)


def test_a_change_that_was_paid_since_is_not_taken_back(clerk: Performer, store: Store, order_id: int) -> None:
    done = amend(clerk, order_id, TEA)
    clerk.perform(record_payment, order_id, amount=eur(5_660), reference="all")
    with pytest.raises(Refused, match="Money of 104458 has moved since"):
        clerk.perform(undo, done.command_id)


def test_a_waiting_change_is_taken_back_by_withdrawing_it(clerk: Performer, store: Store, order_id: int) -> None:
    captured(store, order_id)
    done = amend(clerk, order_id, TEA)
    clerk.perform(undo, done.command_id)
    assert the_amendment(store).state == AmendmentState.CANCELLED
    assert facts_of(store, order_id).amendment is None
