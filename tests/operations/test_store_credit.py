"""Store credit and gift cards: tender that is given out, paid with, and filled again by refunds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.payments.transactions import Method
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.domain.refunds.shares import ShareChoice
from opsdesk.operations.payments.store_credit import code_digest, issue
from opsdesk.operations.payments.taking import use_credit
from opsdesk.operations.refunds.asking import retry, turn_into_credit
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, CommandRow, CustomerRow, JournalRow, PaymentRow, StoreCreditRow
from tests.conftest import StillClock
from tests.operations.gateway_double import Fault
from tests.operations.money_kit import captured
from tests.operations.orders_kit import rows, the_order
from tests.operations.refund_kit import RefundShop, eur
from tests.shop_orders import write_customer

CODE = "WINT-ER26-7KQX-92"


@pytest.fixture
def shop(store: Store, clock: StillClock) -> RefundShop:
    return RefundShop(store, clock, paid=False)


def customer(shop: RefundShop) -> int:
    return the_order(shop.store, shop.order_id).customer_id


def give(shop: RefundShop, minor: int, **how) -> int:
    """Issue credit to the order's customer; return its id."""
    done = shop.sofia.perform(issue, how.pop("to", customer(shop)), amount=eur(minor), note="Late delivery", **how)
    return int(str(done.details["credit_id"]))


def pay(shop: RefundShop, credit_id: int, minor: int) -> int:
    """Pay the order with credit; return the payment's id."""
    version = the_order(shop.store, shop.order_id).version
    shop.mia.perform(use_credit, shop.order_id, version=version, credit_id=credit_id, amount=eur(minor))
    return rows(shop.store, PaymentRow)[-1].id or 0


def balance(shop: RefundShop, at: int = -1) -> int:
    return rows(shop.store, StoreCreditRow)[at].balance_minor


# --- issued


def test_credit_is_given_with_a_reason_that_stays_in_the_history(shop: RefundShop) -> None:
    give(shop, 2_000)
    (credit,) = rows(shop.store, StoreCreditRow)
    assert (credit.balance_minor, credit.issued_by, credit.note) == (2_000, "sofia", "Late delivery")
    told = [row for row in rows(shop.store, ActivityRow) if row.action == "credit.issued"]
    assert [(row.subject_kind, row.subject_id) for row in told] == [("customer", customer(shop))]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"amount": eur(0)}, "more than nothing"),
        ({"note": "  "}, "what the credit is for"),
        ({"kind": Method.CASH}, "store credit or a gift card"),
        ({"kind": Method.GIFT_CARD, "code": "SHORT-1"}, "at least 12"),
        ({"expires_at": -timedelta(days=1)}, "ended already"),
    ],
)
def test_what_is_no_credit_is_not_given(shop: RefundShop, how, said) -> None:
    if "expires_at" in how:
        how = {"expires_at": shop.clock() + how["expires_at"]}
    with pytest.raises(Invalid, match=said):
        shop.sofia.perform(issue, customer(shop), **{"amount": eur(500), "note": "Late", **how})
    assert rows(shop.store, StoreCreditRow) == []


def test_an_agent_gives_no_credit_away_and_nobody_to_who_is_not_there(shop: RefundShop) -> None:
    with pytest.raises(Denied):
        shop.mia.perform(issue, customer(shop), amount=eur(500), note="Friend of mine")
    with pytest.raises(Refused, match="customer no longer exists"):
        shop.sofia.perform(issue, 999, amount=eur(500), note="Late")


def test_the_code_of_a_gift_card_is_not_in_the_store(shop: RefundShop) -> None:
    give(shop, 5_000, kind=Method.GIFT_CARD, code=CODE)
    (card,) = rows(shop.store, StoreCreditRow)
    assert (card.kind, card.code_end, card.code_digest) == ("gift_card", "QX92", code_digest("wint er26 7kqx 92"))
    kept = [*rows(shop.store, CommandRow), *rows(shop.store, ActivityRow), card]
    assert not any("7KQX" in str(row.model_dump()) for row in kept)


# --- paid with, and back


def test_what_was_paid_with_a_gift_card_goes_back_on_the_card(shop: RefundShop) -> None:
    card = give(shop, 5_000, kind=Method.GIFT_CARD, code=CODE)
    pay(shop, card, 5_000)
    captured(shop.store, shop.order_id, 185_490)
    shop.refund(shop.mia, RefundContent(goodwill=eur(3_000)), overrides={1: eur(3_000)})
    assert (balance(shop), shop.states) == (3_000, ("succeeded", ["succeeded"]))
    entry = rows(shop.store, JournalRow)[-1]
    assert (entry.debit, entry.credit, entry.amount_minor) == ("order", "store_credit", 3_000)
    assert (shop.calls, shop.wrong()) == ([], [])


def test_a_card_payment_goes_back_into_a_credit_of_the_customers_own(shop: RefundShop) -> None:
    mine = give(shop, 1_000)
    payment = captured(shop.store, shop.order_id)
    as_credit = ShareChoice(payment, eur(9_000), Method.STORE_CREDIT, credit_id=mine)
    shop.refund(shop.mia, shop.chairs(1), shares=(as_credit,))
    (credit,) = rows(shop.store, StoreCreditRow)
    assert (credit.balance_minor, credit.issued_minor) == (10_000, 10_000)
    assert rows(shop.store, PaymentRow)[-1].refunded_minor == 9_000
    assert the_order(shop.store, shop.order_id).payment_status == "partly_refunded"
    assert shop.wrong() == []


def test_nothing_goes_into_somebody_elses_credit(shop: RefundShop) -> None:
    theirs = give(shop, 1_000, to=write_customer(shop.store, "Bo", "bo@example.com"))
    payment = captured(shop.store, shop.order_id)
    as_credit = ShareChoice(payment, eur(9_000), Method.STORE_CREDIT, credit_id=theirs)
    with pytest.raises(Refused, match="belongs to another customer"):
        shop.refund(shop.mia, shop.chairs(1), shares=(as_credit,))
    assert (balance(shop), len(rows(shop.store, CustomerRow))) == (1_000, 2)


def test_a_credit_that_has_ended_is_not_filled_a_new_one_is_opened(shop: RefundShop) -> None:
    old = give(shop, 9_000, expires_at=shop.clock() + timedelta(days=1))
    payment = pay(shop, old, 9_000)
    shop.clock.advance(days=2)
    with pytest.raises(Refused, match="has ended"):
        shop.refund(shop.mia, shop.chairs(1), shares=(ShareChoice(payment, eur(9_000), credit_id=old),))
    shop.refund(shop.mia, shop.chairs(1))
    first, second = rows(shop.store, StoreCreditRow)
    assert (first.balance_minor, second.balance_minor, second.expires_at) == (0, 9_000, None)


def test_what_became_credit_pays_the_next_order_and_no_more_than_that(shop: RefundShop) -> None:
    payment = captured(shop.store, shop.order_id)
    shop.refund(shop.mia, shop.chairs(1))
    shop.gateway.faults.append(Fault.REFUSED)
    shop.work()
    shop.mia.perform(turn_into_credit, shop.row.id)
    with pytest.raises(Refused):
        shop.mia.perform(retry, shop.row.id)
    shop.order_id = shop.add_order("104502")
    pay(shop, rows(shop.store, StoreCreditRow)[-1].id or 0, 9_000)
    with pytest.raises(Refused, match="not that much on the credit"):
        pay(shop, rows(shop.store, StoreCreditRow)[-1].id or 0, 1)
    assert (payment, balance(shop), shop.wrong()) == (1, 0, [])
