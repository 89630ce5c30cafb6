"""What a source tells of money becomes payments: one per gateway, each movement in exactly one of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.incoming.arrivals import IncomingPayment
from opsdesk.domain.incoming.paying_in import ToldPayment, payments_in
from opsdesk.domain.payments.transactions import Method, PaymentState, TransactionKind, TransactionState
from tests.conftest import START

movements = st.lists(
    st.builds(
        IncomingPayment,
        st.sampled_from([kind.value for kind in TransactionKind]),
        st.sampled_from([state.value for state in TransactionState]),
        st.integers(1, 1_000),
        st.sampled_from(("card", "manual", "stripe", "Cash on delivery")),
        st.sampled_from(("pi_1", "pi_2", "ch_1", "shop")),
        st.just(START),
    ),
    max_size=8,
)


def told(kind: str, amount: int, gateway: str = "card", reference: str = "1", state: str = "succeeded"):
    return IncomingPayment(kind, state, amount, gateway, reference, START)


def summed(payments: list[ToldPayment]) -> list[tuple[str, dict[str, int]]]:
    return [(payment.gateway, payment.sums) for payment in payments]


@given(movements)
def test_each_movement_is_in_exactly_one_payment(found: list[IncomingPayment]) -> None:
    payments = payments_in(found)
    places = sorted(place for payment in payments for place in payment.places)
    assert places == list(range(len(found)))
    assert all(found[place] is payment.movements[at] for payment in payments for at, place in enumerate(payment.places))


def test_there_is_one_payment_for_each_gateway() -> None:
    payments = payments_in([told("authorise", 100), told("manual_in", 20, "manual"), told("capture", 100)])
    assert summed(payments) == [("card", {"authorised": 100, "captured": 100}), ("manual", {"captured": 20})]


def test_a_refund_goes_to_its_gateway_or_to_where_there_is_most_room() -> None:
    paid = [told("sale", 50, "card"), told("sale", 80, "manual")]
    assert summed(payments_in([*paid, told("refund", 50, "card")]))[0][1]["refunded"] == 50
    assert summed(payments_in([*paid, told("refund", 60, "card")]))[1][1]["refunded"] == 60
    assert summed(payments_in([*paid, told("refund", 10, "voucher")]))[1][1]["refunded"] == 10


def test_payments_at_a_gateway_that_opsdesk_talks_to_are_told_apart_by_its_reference() -> None:
    paid = [
        told("authorise", 50, "Stripe", "pi_1"),
        told("authorise", 30, "stripe", "pi_2"),
        told("capture", 30, "stripe", "pi_2"),
    ]
    payments = payments_in(paid)
    assert [(payment.gateway, payment.reference) for payment in payments] == [("stripe", "pi_1"), ("stripe", "pi_2")]
    assert payments[1].sums == {"authorised": 30, "captured": 30}


def test_a_reference_that_opsdesk_could_not_ask_for_is_none() -> None:
    assert [payment.reference for payment in payments_in([told("capture", 50, "stripe", "shop")])] == [""]
    assert [payment.reference for payment in payments_in([told("capture", 50, "card", "pi_1")])] == [""]


@pytest.mark.parametrize(
    ("gateway", "method"),
    [
        ("Direct bank transfer", Method.BANK_TRANSFER),
        ("bacs", Method.BANK_TRANSFER),
        ("manual", Method.BANK_TRANSFER),
        ("cod", Method.CASH),
        ("Cheque", Method.CHEQUE),
        ("Credit card (Stripe)", Method.GATEWAY),
        ("", Method.GATEWAY),
    ],
)
def test_the_name_of_the_gateway_says_how_the_customer_paid(gateway: str, method: Method) -> None:
    assert payments_in([told("capture", 50, gateway)])[0].method is method


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ([told("sale", 5, state="failed")], PaymentState.FAILED),
        ([told("sale", 5, state="pending")], PaymentState.PENDING),
        ([told("sale", 5, state="failed"), told("sale", 5, reference="2")], PaymentState.CAPTURED),
        ([told("sale", 5), told("dispute_debit", 5)], PaymentState.CHARGED_BACK),
        ([told("sale", 5), told("dispute_debit", 5), told("dispute_reversal", 5)], PaymentState.CAPTURED),
    ],
)
def test_how_far_a_payment_is_follows_from_what_is_told(found: list[IncomingPayment], state: PaymentState) -> None:
    assert payments_in(found)[0].state("EUR") is state
