"""Clerks refund at once: credit notes are numbered without a gap and none twice."""

from __future__ import annotations

import os
import threading
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from opsdesk.domain.errors import Conflict
from opsdesk.domain.money import Money
from opsdesk.domain.refunds.composing import RefundContent
from opsdesk.domain.refunds.shares import ShareChoice
from opsdesk.operations.refunds.asking import request
from opsdesk.store.engine import Store, open_store
from opsdesk.store.repositories.credit_notes import CreditNotes
from opsdesk.store.tables import CreditNoteRow
from opsdesk.store.work import Done, Performer
from tests.operations.money_kit import by_hand
from tests.operations.orders_kit import rows, the_order
from tests.races.test_two_clerks import Answer, at_once
from tests.races.test_two_refunds import clerk
from tests.shop_orders import write_customer, write_order

ROUNDS = 50 if os.environ.get("OPSDESK_SOAK") else 5
CLERKS = ("tom", "lena")


def two_refunds(store: Store, clerks: list[Performer], customer: int, turn: int) -> list[Answer]:
    """Let each clerk refund an order of their own, at the same moment."""
    asks = []
    for place, who in enumerate(clerks):
        number = f"{turn}{place}00"
        order_id = write_order(store, number, customer_id=customer, paid=False)
        payment_id = by_hand(store, order_id, reference=f"in {number}")
        version, amount = the_order(store, order_id).version, Money(100, "EUR")
        content, share = RefundContent(goodwill=amount), ShareChoice(payment_id, amount, reference=f"out {number}")
        asks.append(partial(who.perform, request, order_id, version=version, content=content, shares=(share,)))
    return at_once(*asks)


def numbers(store: Store) -> list[int]:
    return sorted(note.number for note in rows(store, CreditNoteRow))


def test_vector_11_numbers_have_no_gap_however_many_refund_at_once(store: Store) -> None:
    customer, clerks = write_customer(store), [clerk(store, name) for name in CLERKS]
    for turn in range(1, ROUNDS + 1):
        assert all(isinstance(answer, Done) for answer in two_refunds(store, clerks, customer, turn))
        assert numbers(store) == list(range(1, 2 * turn + 1))


def test_whoever_reads_the_highest_number_and_adds_one_gives_one_twice(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both read the same highest number, and only the unique number keeps the second out."""
    store = open_store(postgres_url)
    both_have_looked = threading.Barrier(2, timeout=20)

    def highest_and_one(self: CreditNotes) -> int:
        found = 1 + int(self._session.execute(select(func.count(col(CreditNoteRow.id)))).scalar_one())
        both_have_looked.wait()
        return found

    monkeypatch.setattr(CreditNotes, "take_number", highest_and_one)
    clerks = [clerk(store, name) for name in CLERKS]
    answers = two_refunds(store, clerks, write_customer(store), 1)
    assert [type(answer) for answer in answers if not isinstance(answer, Done)] == [Conflict]
    assert numbers(store) == [1]
    store.close()
