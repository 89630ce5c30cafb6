"""Over which payments a refund goes back, and that an approval holds for exactly what was approved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method, PaymentFacts
from opsdesk.domain.refunds.composing import ChargedLine, ChargedOrder
from opsdesk.domain.refunds.parts import RefundContent, RefundLine, RefundPart, RefundPlan
from opsdesk.domain.refunds.preview import letter_refund, preview
from opsdesk.domain.refunds.shares import (
    AllocationPolicy,
    Share,
    ShareChoice,
    Source,
    allocate,
    content_hash,
    settled_shares,
    why_not_refund,
)
from opsdesk.domain.refunds.states import PartKind, RefundState, ShareState, refund_state


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def paid(payment_id: int, captured: int, method: Method = Method.GATEWAY, **sums) -> Source:
    gateway = "stripe" if method is Method.GATEWAY else "manual"
    facts = PaymentFacts("EUR", gateway, method, captured=captured, **sums)
    return Source(payment_id, facts, f"payment {payment_id}", f"pi_{payment_id}" if method is Method.GATEWAY else "")


CARD_1, GIFT_CARD, CARD_2 = paid(1, 10_000), paid(2, 2_000, Method.GIFT_CARD), paid(3, 3_000)
THREE = (CARD_1, GIFT_CARD, CARD_2)


def spread(*args, **kwargs) -> dict[int, int]:
    return {share.payment_id: share.amount.minor for share in allocate(*args, **kwargs)}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, {3: 3_000, 2: 1_500}),
        ({"credit_last": True}, {3: 3_000, 1: 1_500}),
        ({"policy": AllocationPolicy.OLDEST_FIRST}, {1: 4_500}),
        ({"policy": AllocationPolicy.PRO_RATA}, {1: 3_000, 2: 600, 3: 900}),
        ({"overrides": {2: eur(2_000)}}, {2: 2_000, 3: 2_500}),
        ({"overrides": {3: eur(0)}}, {2: 2_000, 1: 2_500}),
    ],
)
def test_45_of_a_card_a_gift_card_and_a_later_card(how, expected) -> None:
    assert spread(eur(4_500), THREE, **how) == expected


def test_what_is_on_its_way_back_and_what_is_disputed_cannot_go_back_again() -> None:
    sources = (
        paid(1, 10_000, refunded=4_000, refunding=5_000),
        paid(2, 3_000, has_open_dispute=True),
        paid(3, 900, charged_back=900),
    )
    assert spread(eur(1_000), sources) == {1: 1_000}
    with pytest.raises(Refused, match=r"Only 10\.00 EUR can go back"):
        allocate(eur(1_001), sources)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({9: eur(1)}, "not one of this order"),
        ({1: eur(10_001)}, r"Only 100\.00 EUR can go back over this payment"),
        ({1: eur(4_000), 3: eur(1_000)}, "more than the refund"),
        ({1: eur(-1)}, "less than nothing"),
    ],
)
def test_an_override_is_held_against_the_payments(overrides, said) -> None:
    with pytest.raises(Invalid, match=said):
        allocate(eur(4_500), THREE, overrides=overrides)


@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=6),
    st.sampled_from(AllocationPolicy),
    st.booleans(),
    st.data(),
)
def test_shares_are_the_sum_and_never_above_what_is_left(captured, policy, credit_last, data) -> None:
    methods = st.sampled_from((Method.GATEWAY, Method.STORE_CREDIT))
    sources = [paid(at, amount, data.draw(methods)) for at, amount in enumerate(captured, 1)]
    total = eur(data.draw(st.integers(0, sum(captured))))
    shares = spread(total, sources, policy, credit_last=credit_last)
    assert sum(shares.values()) == total.minor
    assert all(0 < amount <= captured[payment_id - 1] for payment_id, amount in shares.items())


# --- how a share goes


@pytest.mark.parametrize(
    ("source", "choice", "said"),
    [
        (CARD_1, {"method": Method.BANK_TRANSFER}, "reference of the bank transfer"),
        (replace(CARD_1, reference=""), {}, "reference of the refund at stripe"),
        (paid(1, 500, Method.CASH), {}, "reference of the cash"),
        (paid(1, 500, Method.CASH), {"method": Method.GATEWAY}, "did not come in over a gateway"),
        (CARD_1, {"amount": eur(400)}, "Make them equal"),
        (CARD_1, {"amount": eur(0)}, "more than nothing"),
        (CARD_1, {"amount": Money(500, "USD")}, "This payment is in EUR"),
        (CARD_1, {"payment_id": 9}, "not one of this order"),
    ],
)
def test_a_share_that_cannot_be_found_again_or_is_not_the_sum_is_sent_back(source, choice, said) -> None:
    with pytest.raises(Invalid, match=said):
        settled_shares(eur(500), [source], [ShareChoice(**{"payment_id": 1, "amount": eur(500), **choice})])


def test_two_shares_over_one_payment_are_held_against_it_together() -> None:
    source = paid(1, 800)
    twice = [ShareChoice(1, eur(500)), ShareChoice(1, eur(500), Method.STORE_CREDIT)]
    with pytest.raises(Refused, match=r"payment 1: Only 8\.00 EUR"):
        settled_shares(eur(1_000), [source], twice)


@pytest.mark.parametrize(
    ("total", "source", "said"),
    [
        (1_000, paid(1, 0, authorised=1_000), "Nothing was paid"),
        (1_000, paid(1, 1_000, refunded=1_000), "went back already"),
        (1_000, paid(1, 1_000, refunding=1_000), "on its way back"),
        (1_000, paid(1, 1_000, has_open_dispute=True), "disputed"),
        (1_000, paid(1, 1_000), None),
        (0, paid(1, 0), None),
    ],
)
def test_why_nothing_can_be_refunded(total: int, source: Source, said: str | None) -> None:
    why = why_not_refund("104501", total, [source])
    assert (why is None) if said is None else (said in why)


# --- the seal


PLAN = RefundPlan("EUR", (RefundPart(PartKind.LINE, 5_000, 798, 1, 2, "Tea"), RefundPart(PartKind.GOODWILL, 100)))
SHARES = (Share(1, 4_100, Method.GATEWAY), Share(2, 1_000, Method.BANK_TRANSFER, "SEPA 1"))


@pytest.mark.parametrize(
    "changed",
    [
        (replace(PLAN, currency="USD"), SHARES),
        (replace(PLAN, parts=PLAN.parts[:1]), SHARES),
        *((replace(PLAN, parts=(replace(PLAN.parts[0], **edit), PLAN.parts[1])), SHARES)
          for edit in ({"amount": 5_001}, {"tax": 799}, {"quantity": 1}, {"line_id": 2}, {"kind": PartKind.OVERPAYMENT})),
        *((PLAN, (replace(SHARES[0], **edit), SHARES[1]))
          for edit in ({"amount": 4_101}, {"payment_id": 3}, {"method": Method.CASH}, {"reference": "SEPA 2"})),
    ],
)  # fmt: skip
def test_any_edit_breaks_the_seal(changed) -> None:
    assert content_hash(*changed) != content_hash(PLAN, SHARES)


def test_the_seal_does_not_depend_on_the_order_of_rows() -> None:
    turned = replace(PLAN, parts=PLAN.parts[::-1])
    assert content_hash(turned, SHARES[::-1]) == content_hash(PLAN, SHARES)


# --- how far a refund is


@pytest.mark.parametrize(
    ("shares", "state"),
    [
        (("succeeded", "succeeded"), RefundState.SUCCEEDED),
        (("succeeded", "submitted"), RefundState.SUBMITTED),
        (("succeeded", "pending"), RefundState.SUBMITTED),
        (("succeeded", "unknown"), RefundState.UNKNOWN),
        (("failed", "unknown"), RefundState.FAILED),
        (("succeeded", "failed"), RefundState.FAILED),
        (("succeeded", "cancelled"), RefundState.FAILED),
        (("replaced", "succeeded"), RefundState.SUCCEEDED),
    ],
)
def test_a_refund_has_succeeded_when_every_share_has(shares, state) -> None:
    assert refund_state(ShareState(share) for share in shares) is state


# --- the preview


ORDER = ChargedOrder("104501", "EUR", (ChargedLine(1, "Tea", 2, 2_000), ChargedLine(2, "Cup", 1, 500)))


def test_a_preview_says_what_goes_back_and_what_stands_in_the_way() -> None:
    seen = preview(ORDER, (), RefundContent((RefundLine(1, 1),)), THREE)
    assert (seen.problem, str(seen.plan.total)) == ("", "20.00 EUR")
    assert [(share.payment_id, share.amount) for share in seen.shares] == [(3, 2_000)]
    assert "Only 2 of Tea" in preview(ORDER, (), RefundContent((RefundLine(1, 3),)), THREE).problem
    assert "Only 5.00 EUR can go back" in preview(ORDER, (), RefundContent((RefundLine(1, 1),)), [paid(1, 500)]).problem


def test_the_letter_names_the_way_that_the_money_goes() -> None:
    plan = RefundPlan(
        "EUR", (RefundPart(PartKind.LINE, 2_000, 0, 1, 1, "Tea"), RefundPart(PartKind.FEE, -100, label="Return label"))
    )
    told = letter_refund(plan, [Share(1, 1_000, Method.GATEWAY), Share(3, 900, Method.STORE_CREDIT)], THREE)
    assert [(part.kind, part.quantity) for part in told.parts] == [("line", 1), ("return_label", 0)]
    assert [(share.way, share.name) for share in told.shares] == [("card", "payment 1"), ("credit", "payment 3")]
