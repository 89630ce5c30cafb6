"""Orders whose money is not simply there."""

from __future__ import annotations

from opsdesk.demo.counter import days, hours
from opsdesk.demo.ordinary import Stage, Story, send_out, settle_at_once
from opsdesk.demo.paying import lasts_until
from opsdesk.demo.post import Fate
from opsdesk.demo.staff import ANNA, MIA, SOFIA
from opsdesk.demo.tales import Tale
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState


def waits_for_transfer(stage: Stage, tale: Tale) -> None:
    """Has been asked for the money once."""
    tale.arrive(tale.placed_at + 40)
    stage.post.tell(tale, stage.office(tale.placed_at + hours(1)), MIA, "awaiting_payment")


def not_paid(stage: Stage, tale: Tale) -> None:
    """Came in a moment ago, and wants to pay by bank transfer."""
    tale.arrive(tale.placed_at + 40)


def pending(stage: Stage, tale: Tale) -> None:
    """Pays by a bank that takes its time."""
    tale.pay(tale.placed_at + 5, TransactionKind.SALE, tale.basket.total, "bank", TransactionState.PENDING)
    tale.arrive(tale.placed_at + 40)


def unknown(stage: Stage, tale: Tale) -> None:
    """Paid through a gateway that never answered."""
    tale.pay(tale.placed_at + 5, TransactionKind.SALE, tale.basket.total, "card", TransactionState.FAILED)
    tale.pay(tale.placed_at + 65, TransactionKind.SALE, tale.basket.total, "card", TransactionState.UNKNOWN)
    tale.arrive(tale.placed_at + 90)
    reason = "The gateway did not answer; nobody knows yet whether the money moved."
    tale.hold(tale.placed_at + hours(1), ANNA, HoldType.PAYMENT, reason, review_at=stage.end + hours(3))


def authorised(stage: Stage, tale: Tale) -> None:
    """Has money reserved that is taken when the parcel leaves."""
    held = tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, tale.basket.total)
    held.expires_at = lasts_until(tale.placed_at, stage.end)
    tale.arrive(tale.placed_at + 40)


def partly_paid(stage: Stage, tale: Tale) -> None:
    """Was paid short, as banks abroad take their fee."""
    tale.arrive(tale.placed_at + 40)
    at = stage.office(tale.placed_at + days(1))
    tale.record_payment(at, ANNA, max(1, tale.basket.total * 9 // 10), f"transfer {tale.number}")
    tale.note(at + 200, ANNA, "Bank fees were taken off abroad. Asked for the rest by telephone.")


def overpaid(stage: Stage, tale: Tale) -> None:
    """Was paid twice, once by card and once by transfer."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    tale.record_payment(
        stage.office(tale.placed_at + hours(20)), MIA, tale.basket.total // 2, f"transfer {tale.number}"
    )


def partly_refunded(stage: Stage, tale: Tale) -> None:
    """Got some money back for a dented tin that went out all the same, and was told."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    at = stage.office(tale.placed_at + hours(6))
    tale.pay(at, TransactionKind.REFUND, max(1, tale.basket.total // 5))
    tale.report(at, "refunded in part")
    stage.post.tell(tale, at + 300, ANNA, "refunded")
    send_out(stage, tale, at + 900)


def refunded(stage: Stage, tale: Tale) -> None:
    """Was called off after it was paid; the money went back."""
    settle_at_once(tale)
    tale.arrive(tale.placed_at + 40)
    at = stage.office(tale.placed_at + hours(5))
    tale.pay(at, TransactionKind.REFUND, tale.basket.total)
    tale.cancel(at, SOFIA, CancelReason.CUSTOMER, "Changed their mind on the telephone.")
    stage.post.tell(tale, at + 240, SOFIA, "refunded")


def voided(stage: Stage, tale: Tale) -> None:
    """Had money reserved, and let go of."""
    tale.pay(tale.placed_at + 5, TransactionKind.AUTHORISE, tale.basket.total)
    tale.arrive(tale.placed_at + 40)
    at = stage.office(tale.placed_at + hours(4))
    tale.pay(at, TransactionKind.VOID, tale.basket.total)
    tale.cancel(at, SOFIA, CancelReason.STAFF, "Test order of the new checkout.")


def for_nothing(stage: Stage, tale: Tale) -> None:
    """Costs nothing: a voucher covers all of it."""
    tale.basket.discount, tale.basket.shipping = tale.basket.goods, 0
    tale.basket.tax_included = True
    tale.tags = "voucher"
    tale.arrive(tale.placed_at + 40)


def cancelled(reason: CancelReason, note: str) -> Story:
    """Return the story of an order that was cancelled for this reason."""

    def story(stage: Stage, tale: Tale) -> None:
        is_paid = reason not in (CancelReason.DECLINED, CancelReason.EXPIRED, CancelReason.UNVERIFIED)
        if is_paid:
            settle_at_once(tale)
        tale.arrive(tale.placed_at + 40)
        at = stage.office(tale.placed_at + hours(3))
        if is_paid:
            tale.pay(at, TransactionKind.REFUND, tale.basket.total)
        tale.cancel(at, SOFIA, reason, note)
        fate = Fate.REFUSED if reason is CancelReason.UNDELIVERABLE else Fate.ACCEPTED
        stage.post.tell(tale, at + 60, SOFIA, "cancelled", fate=fate)

    return story
