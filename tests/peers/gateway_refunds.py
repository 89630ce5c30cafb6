"""Refunds of the test gateway: never more than was captured, sometimes pending, sometimes failing later."""

from __future__ import annotations

from tests.peers.gateway_errors import check_amount, invalid, refused, shown
from tests.peers.gateway_faults import Fault
from tests.peers.gateway_journal import Deed
from tests.peers.gateway_payments import Payments
from tests.peers.gateway_state import Ask, Book, Cause, Thing

_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


class Refunds:
    """Money on its way back."""

    def __init__(self, book: Book, payments: Payments) -> None:
        self.book = book
        self.payments = payments
        self._asked_under: dict[str, str] = {}

    def create(self, ask: Ask) -> Thing:
        """POST /v1/refunds."""
        form = ask.form
        reason = form.choice("reason", of=("", *_REASONS), default="")
        metadata = form.metadata()
        charge = self._charge(form.text("payment_intent"), form.text("charge"))
        amount = form.integer("amount")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = left if amount is None and left else amount
        if amount is not None:
            check_amount(amount, charge["currency"], "amount")
        self._check(charge, amount or 0, left)
        if ask.twist is Fault.DECLINE:
            raise refused(
                "Insufficient funds in your Stripe account to refund this amount.", code="balance_insufficient"
            )
        return self.make(charge, amount or 0, ask.cause, metadata, reason or None, ask.twist)

    def _charge(self, intent_reference: str, charge_reference: str) -> Thing:
        if bool(intent_reference) == bool(charge_reference):
            raise invalid(
                "One of the following params should be provided for this request: payment_intent or charge.",
                code="parameter_missing",
            )
        if charge_reference:
            charge = self.book.find("charge", charge_reference, param="charge", status=400)
        else:
            intent = self.payments.find(intent_reference, param="payment_intent", status=400)
            if intent["status"] != "succeeded":
                raise refused(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
            charge = self.book.find("charge", intent["latest_charge"])
        if not charge["captured"]:
            raise refused(f"Charge {charge['id']} was not captured; cancel its PaymentIntent instead.")
        return charge

    def _check(self, charge: Thing, amount: int, left: int) -> None:
        if any(
            dispute["charge"] == charge["id"] and not dispute["is_charge_refundable"]
            for dispute in self.book.all("dispute")
        ):
            raise refused(
                f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
            )
        if left == 0:
            raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
        if amount > left:
            currency = charge["currency"]
            raise refused(
                f"Refund amount ({shown(amount, currency)}) is greater than unrefunded amount on charge "
                f"({shown(left, currency)})",
                param="amount",
            )

    def make(
        self,
        charge: Thing,
        amount: int,
        cause: Cause,
        metadata: dict[str, str],
        reason: str | None = None,
        twist: Fault | None = None,
    ) -> Thing:
        """Give money back, or begin to."""
        refund = self.book.add(_new_refund(self.book, charge, amount, metadata, reason))
        self._asked_under[refund["id"]] = cause.key(metadata)
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        way = self.payments.card(charge["payment_method"]).refunds
        if twist is Fault.FAILED:
            refund.update(status="pending")
            self._told(refund, charge, cause)
            self.settle(refund, is_ok=False, reason="unknown", cause=cause)
        elif twist is Fault.PENDING or way != "succeeded":
            refund.update(status="pending", pending_reason="processing")
            self._note(Deed.REFUND_PENDING, refund, cause)
            self._told(refund, charge, cause)
            if way == "failed" and twist is not Fault.PENDING:
                answer = dict(refund)
                self.settle(refund, is_ok=False, reason="expired_or_canceled_card", cause=cause)
                return answer
        else:
            self._pay_out(refund, cause)
            self._told(refund, charge, cause)
        return refund

    def settle(self, refund: Thing, *, is_ok: bool, reason: str, cause: Cause) -> None:
        """Let a pending refund go out, or let one fail that was pending or had gone out."""
        charge = self.book.find("charge", refund["charge"])
        if is_ok:
            if refund["status"] != "pending":
                raise ValueError(f"{refund['id']} is {refund['status']}")
            self._pay_out(refund, cause)
        else:
            if refund["status"] not in {"pending", "succeeded"}:
                raise ValueError(f"{refund['id']} is {refund['status']}")
            self._fail(refund, charge, reason, cause)
        self.book.tell("refund.updated", refund, cause)
        self.book.tell("charge.refund.updated", refund, cause)
        if not is_ok:
            self.book.tell("refund.failed", refund, cause)

    def _pay_out(self, refund: Thing, cause: Cause) -> None:
        moved = self.book.move("refund", -refund["amount"], refund["currency"], refund["id"])
        refund.update(status="succeeded", pending_reason=None, balance_transaction=moved["id"])
        self._note(Deed.REFUND, refund, cause)

    def _fail(self, refund: Thing, charge: Thing, reason: str, cause: Cause) -> None:
        if refund["balance_transaction"]:
            moved = self.book.move("refund_failure", refund["amount"], refund["currency"], refund["id"])
            refund["failure_balance_transaction"] = moved["id"]
        refund.update(status="failed", failure_reason=reason, pending_reason=None)
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        self._note(Deed.REFUND_FAILED, refund, cause)

    def _note(self, deed: Deed, refund: Thing, cause: Cause) -> None:
        # Days later nobody sends a key along, and it is still the refund that was asked for under this one.
        key = self._asked_under[refund["id"]]
        intent = self.book.find("payment_intent", refund["payment_intent"])
        self.book.note(deed, refund, refund["amount"], cause, key, payment=intent)

    def _told(self, refund: Thing, charge: Thing, cause: Cause) -> None:
        self.book.tell("refund.created", refund, cause)
        self.book.tell("charge.refunded", charge, cause)


def _new_refund(book: Book, charge: Thing, amount: int, metadata: dict[str, str], reason: str | None) -> Thing:
    return {
        "id": book.new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": book.clock.unix(),
        "currency": charge["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "pending_reason": None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }
