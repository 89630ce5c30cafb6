"""What a test does to the gateway behind the shop's back: customers who pay, banks that decide, colleagues at its own
desk."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.peers.gateway_bank import Bank
from tests.peers.gateway_cards import Card
from tests.peers.gateway_journal import Effect
from tests.peers.gateway_payments import Wanted
from tests.peers.gateway_state import Cause, Thing
from tests.peers.gateway_webhooks import Case, Message, Webhooks

NOBODY = Cause()


class Controls:
    """The handles of the gateway; each takes effect at once and is told of by events."""

    def __init__(self, bank: Bank, webhooks: Webhooks) -> None:
        self.bank = bank
        self.webhooks = webhooks

    def authorised(
        self,
        amount: int,
        currency: str = "EUR",
        order_number: str = "",
        *,
        capture_before: datetime | None = None,
        method: str = "pm_card_visa",
        metadata: dict[str, str] | None = None,
        is_captured: bool = False,
    ) -> str:
        """Let a customer pay at the shop's own checkout; return the payment, authorised or captured at once."""
        notes = {**({"order_number": order_number} if order_number else {}), **(metadata or {})}
        with self.bank.book.lock:
            wanted = Wanted(
                amount, currency.lower(), not is_captured, notes, f"Order {order_number}" if order_number else None
            )
            intent = self.bank.payments.open(wanted, NOBODY)
            until = int(capture_before.timestamp()) if capture_before else None
            self.bank.payments.pay(intent, method, NOBODY, capture_before=until)
            return str(intent["id"])

    def pay(
        self, page: str, method: str = "pm_card_visa", *, amount: int | None = None, currency: str | None = None
    ) -> str:
        """Let a customer pay on a page, by its address or id; return the payment.

        Raises:
            NotPayable: the page was paid, expired or switched off.
            ApiError: the bank declined; the page stays open.
        """
        with self.bank.book.lock:
            self.bank.sweep()
            return self.bank.checkout.pay(page.rsplit("/", 1)[-1], method, amount, currency)

    def visit(self, link: str) -> str:
        """Let a customer open the page of a payment link and leave it open; return the session, which `pay` takes."""
        with self.bank.book.lock:
            return str(self.bank.checkout.visit(link.rsplit("/", 1)[-1])["id"])

    def capture_outside(self, payment: str, amount: int | None = None) -> None:
        """Capture at the gateway's own desk."""
        with self.bank.book.lock:
            intent = self._authorised(payment)
            self.bank.payments.take(intent, amount or intent["amount_capturable"], NOBODY, "")

    def cancel_outside(self, payment: str) -> None:
        """Cancel at the gateway's own desk."""
        with self.bank.book.lock:
            self.bank.payments.release(self._authorised(payment), "requested_by_customer", NOBODY)

    def expire(self, payment: str) -> None:
        """Let an authorisation end now."""
        with self.bank.book.lock:
            self.bank.payments.release(self._authorised(payment), None, NOBODY, has_expired=True)

    def refund_outside(self, payment: str, amount: int | None = None) -> str:
        """Refund at the gateway's own desk; return the refund."""
        with self.bank.book.lock:
            charge = self.charge(payment)
            left = charge["amount_captured"] - charge["amount_refunded"]
            amount = left if amount is None else amount
            if not 0 < amount <= left:
                raise ValueError(f"{left} of {payment} can be refunded, not {amount}")
            return str(self.bank.refunds.make(charge, amount, NOBODY, {})["id"])

    def settle_refund(self, refund: str, is_ok: bool, reason: str = "lost_or_stolen_card") -> None:
        """Let a pending refund go out, or let a refund fail that was pending or had gone out."""
        with self.bank.book.lock:
            found = self.bank.book.find("refund", refund)
            self.bank.refunds.settle(found, is_ok=is_ok, reason=reason, cause=NOBODY)

    def open_dispute(
        self,
        payment: str,
        amount: int | None = None,
        reason: str = "fraudulent",
        *,
        days: float = 9,
        is_inquiry: bool = False,
    ) -> str:
        """Let the customer's bank take money back, or only ask; return the dispute, to be answered within some days."""
        with self.bank.book.lock:
            intent = self.bank.payments.find(payment)
            return str(self.bank.disputes.open(intent, amount, reason, days, is_inquiry=is_inquiry)["id"])

    def escalate_dispute(self, dispute: str) -> None:
        """Let an inquiry become a chargeback."""
        with self.bank.book.lock:
            self.bank.disputes.escalate(self.bank.book.find("dispute", dispute))

    def decide_dispute(self, dispute: str, status: str) -> None:
        """End a dispute: `won`, `lost`, `warning_closed` or `prevented`."""
        with self.bank.book.lock:
            self.bank.disputes.decide(self.bank.book.find("dispute", dispute), status, NOBODY)

    def warn_early(self, payment: str, kind: str = "made_with_stolen_card") -> str:
        """Let the cardholder's bank report fraud before it disputes anything; return the early fraud warning."""
        with self.bank.book.lock:
            intent = self.bank.payments.find(payment)
            return str(self.bank.disputes.warn(self.charge(payment), str(intent["id"]), kind)["id"])

    def outdate_warning(self, warning: str) -> None:
        """Say that acting on a warning helps no more: its charge was refunded or disputed."""
        with self.bank.book.lock:
            self.bank.disputes.outdate(self.bank.book.find("radar.early_fraud_warning", warning))

    def settle_in(self, currency: str, **rates: str) -> None:
        """Keep the shop's account in one currency; `rates` say what a minor unit of another is worth, e.g. usd="0.92"."""
        with self.bank.book.lock:
            self.bank.book.settlement.currency = currency.lower()
            self.bank.book.settlement.rates = {name.lower(): Decimal(rate) for name, rate in rates.items()}

    def add_card(self, method: str, card: Card) -> None:
        """Make a payment method known, with any answers of its bank."""
        with self.bank.book.lock:
            self.bank.payments.cards[method] = card

    def payment(self, payment: str) -> Thing:
        """Return a payment as it stands, with its charge told in full."""
        with self.bank.book.lock:
            self.bank.sweep()
            return self.bank.book.shown(self.bank.payments.find(payment), ["latest_charge"])

    def charge(self, payment: str) -> Thing:
        """Return the live charge of a payment."""
        return self.bank.book.find("charge", self.bank.payments.find(payment)["latest_charge"] or "")

    def things(self, kind: str) -> list[Thing]:
        """Return copies of all objects of a kind, e.g. `refund` or `checkout.session`, oldest first."""
        with self.bank.book.lock:
            self.bank.sweep()
            return [self.bank.book.shown(thing, ()) for thing in self.bank.book.all(kind)[::-1]]

    def events(self, name: str = "", *, after: str = "") -> list[Thing]:
        """Return the events, oldest first: all of them or those of one name, and only those after one."""
        events = self.things("event")
        start = next((place + 1 for place, event in enumerate(events) if event["id"] == after), 0)
        return [event for event in events[start:] if not name or event["type"] == name]

    def webhook(self, event: Thing) -> Message:
        """Return the body and headers of the signed message that tells of an event."""
        return self.webhooks.sign(event)

    def webhook_cases(self, event: Thing) -> list[Case]:
        """Return good and bad messages about an event."""
        return self.webhooks.cases(event)

    def journal(self, *kinds: str, payment: str = "", key: str = "") -> list[Effect]:
        """Read back what really happened, oldest first."""
        return self.bank.book.journal.effects(*kinds, payment=payment, key=key)

    def standing(self, *kinds: str, payment: str = "") -> list[Effect]:
        """Read back what happened and still holds: without refunds that failed or are not decided."""
        return self.bank.book.journal.standing(*kinds, payment=payment)

    def total(self, *kinds: str, payment: str = "") -> int:
        """Sum up what happened and still holds, in minor units."""
        return self.bank.book.journal.total(*kinds, payment=payment)

    def _authorised(self, payment: str) -> Thing:
        self.bank.sweep()
        intent = self.bank.payments.find(payment)
        if intent["status"] != "requires_capture":
            raise ValueError(f"{payment} is {intent['status']}")
        return intent
