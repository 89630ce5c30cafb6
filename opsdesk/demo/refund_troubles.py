"""Orders of which money goes back, in every state that staff can find it in."""

from __future__ import annotations

from opsdesk.demo.counter import days, hours
from opsdesk.demo.ordinary import Stage, send_out, settle_at_once
from opsdesk.demo.paying import STRIPE
from opsdesk.demo.refunding import Wish, give_back
from opsdesk.demo.staff import ANNA, MIA
from opsdesk.demo.tales import Tale
from opsdesk.domain.money import Money
from opsdesk.domain.payments.gateways import CallState
from opsdesk.domain.payments.transactions import TransactionKind
from opsdesk.domain.refunds.composing import RefundContent, RefundLine
from opsdesk.domain.refunds.states import RefundReason


def waits_for_approval(stage: Stage, tale: Tale) -> None:
    """Is to get back more than an agent may give; the supervisor has not looked yet."""
    _arrived(stage, tale)
    tale.note(stage.end - hours(4.2), ANNA, "The machine came with a dented boiler. Photographs are in the mail.")
    content = _first_line(tale, RefundReason.DAMAGED, "Dented boiler; the customer keeps nothing.")
    give_back(tale, Wish(content, ANNA, stage.end - hours(4), needs_approval=True))


def refused(stage: Stage, tale: Tale) -> None:
    """Was to get money back, but the card is closed."""
    _arrived(stage, tale)
    content = _first_line(tale, RefundReason.WRONG_ITEM, "Beans instead of ground coffee.")
    problem = "The card was lost or stolen, so the money came back. (lost_or_stolen_card)"
    give_back(tale, Wish(content, MIA, _at(stage, tale), outcome=CallState.FAILED, problem=problem))


def in_doubt(stage: Stage, tale: Tale) -> None:
    """May have got money back: the gateway did not answer, and is asked again."""
    _arrived(stage, tale)
    content = _first_line(tale, RefundReason.DAMAGED, "Two bags were torn.")
    at = stage.end - hours(0.4)
    problem = "The gateway did not answer. It is asked again under the same key."
    give_back(tale, Wish(content, ANNA, at, outcome=CallState.UNKNOWN, problem=problem, next_at=stage.end + 240))


def over_two_payments(stage: Stage, tale: Tale) -> None:
    """Was paid half by card and half by transfer, and got all of a line back, with a second person's word."""
    tale.gateway = STRIPE
    half = tale.basket.total // 2
    settle_at_once(tale, half)
    tale.arrive(tale.placed_at + 40)
    paid_at = stage.office(tale.placed_at + hours(20))
    tale.record_payment(paid_at, MIA, tale.basket.total - half, f"transfer {tale.number}")
    send_out(stage, tale, paid_at)
    at = _at(stage, tale)
    content = _first_line(tale, RefundReason.DAMAGED, "Came without its lid.")
    amount = _worth(tale, content)
    card, bank = tale.payments
    parts = ((card, amount // 2), (bank, amount - amount // 2))
    give_back(tale, Wish(content, ANNA, at, needs_approval=True, approved_at=at + 1_500, over=parts))
    stage.post.tell(tale, tale.changed_at + 30, ANNA, "refunded")


def goodwill(stage: Stage, tale: Tale) -> None:
    """Came late, and the customer got a little back."""
    _arrived(stage, tale)
    amount = Money(max(1, tale.basket.total // 10), tale.basket.currency)
    content = RefundContent(goodwill=amount, reason=RefundReason.LATE, note="Three days late before a birthday.")
    give_back(tale, Wish(content, MIA, _at(stage, tale)))
    stage.post.tell(tale, tale.changed_at + 30, MIA, "refunded")


def paid_twice_over(stage: Stage, tale: Tale) -> None:
    """Was paid by card and again by transfer; what was too much went back to the bank."""
    tale.gateway = STRIPE
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    tale.pay(
        stage.office(tale.placed_at + hours(18)), TransactionKind.MANUAL_IN, tale.basket.total, "manual",
        reference=f"transfer {tale.number}",
    )  # fmt: skip
    tale.report(stage.office(tale.placed_at + hours(18)) + 60, "paid by bank transfer as well")
    too_much = Money(tale.basket.total, tale.basket.currency)
    content = RefundContent(overpayment=too_much, reason=RefundReason.OVERPAID)
    at = _at(stage, tale)
    wish = Wish(content, MIA, at, needs_approval=True, approved_at=at + 900, over=((tale.payments[1], too_much.minor),))
    give_back(tale, wish)
    send_out(stage, tale, at + hours(1))


def _arrived(stage: Stage, tale: Tale) -> None:
    """Be paid over Stripe, and sent, and delivered if that can have been."""
    tale.gateway = STRIPE
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    sent = send_out(stage, tale, tale.placed_at)
    if sent is not None and stage.is_past(sent + days(1.5)):
        tale.deliver(sent + days(1.5), MIA)


def _at(stage: Stage, tale: Tale) -> int:
    """Return a moment after all that has happened, some hours ago."""
    return max(tale.changed_at + 600, stage.end - hours(20 + tale.id % 9))


def _first_line(tale: Tale, reason: RefundReason, note: str) -> RefundContent:
    return RefundContent(lines=(RefundLine(tale.basket.lines[0].id, 1),), reason=reason, note=note)


def _worth(tale: Tale, content: RefundContent) -> int:
    from opsdesk.demo.refunding import charged
    from opsdesk.domain.refunds.composing import compose

    return compose(charged(tale), (), content).total.minor
