"""Disputes of the test gateway: money that a customer's bank takes back, until it is decided."""

from __future__ import annotations

from typing import Any

from tests.peers.gateway_errors import refused
from tests.peers.gateway_journal import Deed
from tests.peers.gateway_payments import Payments
from tests.peers.gateway_state import Ask, Book, Cause, Thing

OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
ENDS = ("won", "lost", "warning_closed", "prevented")
_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1", "credit_not_processed": "13.6"}


class Disputes:
    """Disputes by payment."""

    def __init__(self, book: Book, payments: Payments) -> None:
        self.book = book
        self.payments = payments

    def open(self, intent: Thing, amount: int | None, reason: str, days: float, *, is_inquiry: bool) -> Thing:
        """Open one. The money is taken at once, except for an inquiry, which is a question only."""
        charge = self.book.find("charge", intent["latest_charge"])
        if not charge["captured"]:
            raise ValueError(f"{charge['id']} was not captured")
        dispute = self.book.add(
            {
                "id": self.book.new_id("dp_"),
                "object": "dispute",
                "amount": amount or charge["amount_captured"],
                "balance_transactions": [],
                "charge": charge["id"],
                "created": self.book.clock.unix(),
                "currency": charge["currency"],
                "enhanced_eligibility_types": [],
                "evidence": {},
                "evidence_details": {
                    "due_by": self.book.clock.unix() + int(days * 86400),
                    "has_evidence": False,
                    "past_due": False,
                    "submission_count": 0,
                },
                "is_charge_refundable": is_inquiry,
                "livemode": False,
                "metadata": {},
                "network_reason_code": _CODES.get(reason, "10.4"),
                "payment_intent": intent["id"],
                "payment_method_details": _details(charge, reason, is_inquiry=is_inquiry),
                "reason": reason,
                "status": "warning_needs_response" if is_inquiry else "needs_response",
            }
        )
        charge["disputed"] = True
        if is_inquiry:
            self.book.tell("charge.dispute.created", dispute, Cause())
        else:
            self._move(dispute, -dispute["amount"], Deed.DISPUTE_DEBIT)
            self.book.tell("charge.dispute.created", dispute, Cause())
            self.book.tell("charge.dispute.funds_withdrawn", dispute, Cause())
        return dispute

    def warn(self, charge: Thing, payment: str, kind: str) -> Thing:
        """Report fraud early (TC40, SAFE). No money moves."""
        warning = self.book.add(
            {
                "id": self.book.new_id("issfr_"),
                "object": "radar.early_fraud_warning",
                "actionable": not charge["disputed"] and not charge["refunded"],
                "charge": charge["id"],
                "created": self.book.clock.unix(),
                "fraud_type": kind,
                "livemode": False,
                "payment_intent": payment,
            }
        )
        self.book.tell("radar.early_fraud_warning.created", warning, Cause())
        return warning

    def outdate(self, warning: Thing) -> None:
        """Note that its charge was refunded or disputed."""
        warning["actionable"] = False
        self.book.tell("radar.early_fraud_warning.updated", warning, Cause())

    def escalate(self, dispute: Thing) -> None:
        """Turn an inquiry into a chargeback: now the money is taken."""
        if not dispute["status"].startswith("warning_"):
            raise ValueError(f"{dispute['id']} is {dispute['status']}")
        dispute.update(status="needs_response", is_charge_refundable=False)
        self._move(dispute, -dispute["amount"], Deed.DISPUTE_DEBIT)
        self.book.tell("charge.dispute.funds_withdrawn", dispute, Cause())
        self.book.tell("charge.dispute.updated", dispute, Cause())

    def decide(self, dispute: Thing, status: str, cause: Cause) -> None:
        """End a dispute; one that is won or prevented brings the money back that was taken for it."""
        if dispute["status"] not in OPEN or status not in ENDS:
            raise ValueError(f"{dispute['id']} is {dispute['status']}, and cannot become {status}")
        dispute["status"] = status
        is_back = status in {"won", "prevented"} and len(dispute["balance_transactions"]) == 1
        if is_back:
            self._move(dispute, dispute["amount"], Deed.DISPUTE_REVERSAL)
            self.book.tell("charge.dispute.funds_reinstated", dispute, cause)
        self.book.tell("charge.dispute.closed", dispute, cause)

    def update(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/disputes/:id: evidence, and whether it is sent to the bank."""
        dispute = self.book.find("dispute", reference, param="dispute")
        metadata = ask.form.metadata()
        evidence = ask.form.get("evidence") or {}
        is_sent = ask.form.choice("submit", of=("true", "false"), default="true") == "true"
        if dispute["status"] not in OPEN:
            raise refused("This dispute is already closed.")
        dispute["metadata"].update(metadata)
        dispute["evidence"].update(evidence)
        details = dispute["evidence_details"]
        details["has_evidence"] = bool(dispute["evidence"])
        if is_sent and dispute["evidence"]:
            details["submission_count"] += 1
            is_inquiry = dispute["status"].startswith("warning_")
            dispute["status"] = "warning_under_review" if is_inquiry else "under_review"
        self.book.tell("charge.dispute.updated", dispute, ask.cause)
        return dispute

    def close(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/disputes/:id/close: give in."""
        dispute = self.book.find("dispute", reference, param="dispute")
        if dispute["status"] not in OPEN:
            raise refused("This dispute is already closed.")
        self.decide(dispute, "lost", ask.cause)
        return dispute

    def _move(self, dispute: Thing, amount: int, deed: Deed) -> None:
        moved = self.book.move("adjustment", amount, dispute["currency"], dispute["id"])
        dispute["balance_transactions"].append(self.book.shown(moved, ()))
        intent = self.payments.find(dispute["payment_intent"])
        self.book.note(deed, dispute, dispute["amount"], Cause(), "", payment=intent)


def _details(charge: Thing, reason: str, *, is_inquiry: bool) -> dict[str, Any]:
    return {
        "card": {
            "brand": charge["payment_method_details"]["card"]["brand"],
            "case_type": "inquiry" if is_inquiry else "chargeback",
            "network_reason_code": _CODES.get(reason, "10.4"),
        },
        "type": "card",
    }
