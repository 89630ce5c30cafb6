"""Each refund that has succeeded has one credit note; numbers have no gap; what failed later is cancelled, not erased."""

from __future__ import annotations

import pytest

from opsdesk.domain.payments.gateways import Answer, AnswerKind, CallKind, CallState
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.domain.refunds.credit_notes import lines_from_json
from opsdesk.domain.refunds.parts import RefundContent
from opsdesk.domain.refunds.shares import ShareChoice
from opsdesk.operations.payments.gateway_calls import on_answer
from opsdesk.operations.refunds.asking import request, retry
from opsdesk.store.engine import Store
from opsdesk.store.repositories.payments import Booking
from opsdesk.store.tables import CreditNoteRow, DocumentSeriesRow
from opsdesk.store.views.money.credit_notes import credit_note
from opsdesk.store.views.money.sheet import money_sheet
from tests.conftest import StillClock
from tests.operations.money_kit import by_hand, working
from tests.operations.orders_kit import rows, the_order
from tests.operations.refund_kit import RefundShop, eur


@pytest.fixture
def shop(store: Store, clock: StillClock) -> RefundShop:
    return RefundShop(store, clock)


def notes(shop: RefundShop) -> list[CreditNoteRow]:
    return rows(shop.store, CreditNoteRow)


def fails_later(shop: RefundShop) -> None:
    """Let the bank send the money of the only refund back."""
    with working(shop.store, shop.clock()) as work:
        order = work.orders.locked(shop.order_id)
        payment = work.payments.locked(shop.payment_id)
        work.payments.book(payment, TransactionKind.REFUND_REVERSAL, eur(18_000), Booking("re_back", is_told=True))
        call = work.calls.locked(shop.calls[0].id or 0)
        call.state = CallState.FAILED.value
        on_answer[CallKind.REFUND](work, call, Answer(AnswerKind.FAILED, problem="The card is closed."))
        work.orders.settle(order)


def test_vector_11_a_credit_note_comes_with_the_success_and_is_the_refund_to_the_cent(shop: RefundShop) -> None:
    shop.refund(shop.mia, shop.chairs(1))
    assert notes(shop) == []
    shop.work()
    shop.refund(shop.mia, RefundContent(shipping=eur(490)))
    shop.work()
    first, second = notes(shop)
    assert ((first.number, first.gross_minor), (second.number, second.gross_minor)) == ((1, 9_000), (2, 490))
    (line,) = lines_from_json(first.lines)
    assert (line.kind, line.quantity, line.gross) == ("line", 1, 9_000)
    assert first.net_minor + first.tax_minor == 9_000
    with shop.store.reading() as session:
        shown, sheet = credit_note(session, 1), money_sheet(session, shop.order_id)
    assert (shown.number, shown.order, shown.gross, shown.cancelled_by) == ("CN-000001", "104501", eur(9_000), "")
    assert sheet is not None
    assert [refund.credit_notes for refund in sheet.refunds] == [("CN-000002",), ("CN-000001",)]
    assert shop.told("credit_note.") == ["credit_note.issued"] * 2
    assert shop.wrong() == []


def test_vector_17_a_refund_that_fails_later_has_its_note_cancelled_by_another_and_gets_a_new_one(
    shop: RefundShop,
) -> None:
    shop.refund(shop.mia, shop.chairs(2))
    shop.work()
    fails_later(shop)
    issued, cancelling = notes(shop)
    assert (cancelling.cancels_id, cancelling.gross_minor, cancelling.number) == (issued.id, -18_000, 2)
    assert (issued.gross_minor, issued.number) == (18_000, 1)
    shop.mia.perform(retry, shop.row.id)
    shop.work()
    assert [note.gross_minor for note in notes(shop)] == [18_000, -18_000, 18_000]
    with shop.store.reading() as session:
        assert credit_note(session, 1).cancelled_by == "CN-000002"
        assert credit_note(session, 2).cancels == "CN-000001"


def test_what_was_paid_too_much_has_no_credit_note(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock)
    extra = by_hand(store, shop.order_id, 2_500)
    share = ShareChoice(extra, eur(2_500), reference="out 1")
    shop.refund(shop.mia, RefundContent(overpayment=eur(2_500)), shares=(share,))
    assert (shop.row.state, notes(shop)) == ("succeeded", [])
    assert shop.wrong() == []


def test_a_rehearsal_and_a_no_take_no_number(store: Store, clock: StillClock) -> None:
    shop = RefundShop(store, clock, paid=False)
    shop.payment_id = by_hand(store, shop.order_id)

    def chair(reference: str) -> dict[str, object]:
        version = the_order(store, shop.order_id).version
        share = ShareChoice(shop.payment_id, eur(9_000), reference=reference)
        return {"version": version, "content": shop.chairs(1), "shares": (share,)}

    seen = shop.mia.rehearse(request, shop.order_id, **chair("out 1"))
    assert "Credit note to come: 90.00 EUR" in str(seen.details["credit_note"])
    assert rows(store, DocumentSeriesRow) == []
    shop.mia.perform(request, shop.order_id, **chair("out 1"))
    shop.mia.rehearse(request, shop.order_id, **chair("out 2"))
    shop.mia.perform(request, shop.order_id, **chair("out 3"))
    assert [note.number for note in notes(shop)] == [1, 2]
    assert shop.wrong() == []
