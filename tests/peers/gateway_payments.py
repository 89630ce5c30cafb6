"""Payment intents of the test gateway: create, confirm, capture once, cancel, expire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.peers.gateway_cards import CARDS, Card
from tests.peers.gateway_charges import new_charge, settle
from tests.peers.gateway_errors import check_amount, declined, invalid, no_such, refused, shown
from tests.peers.gateway_faults import Fault
from tests.peers.gateway_journal import Deed
from tests.peers.gateway_state import Ask, Book, Cause, Thing

_MINIMUM = {"gbp": 30, "chf": 50, "dkk": 250, "nok": 300, "sek": 300, "jpy": 50, "isk": 10000, "huf": 17500}
_CANCELLABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")
_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")


@dataclass(frozen=True)
class Wanted:
    """What a payment is to be."""

    amount: int
    currency: str
    is_manual: bool
    metadata: dict[str, str]
    description: str | None = None
    receipt_email: str | None = None


class Payments:
    """Payment intents, each with the charge that it led to."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.cards: dict[str, Card] = dict(CARDS)
        self.after_capture: Callable[[Thing], None] = lambda _: None

    def create(self, ask: Ask) -> Thing:
        """POST /v1/payment_intents."""
        form = ask.form
        amount, currency = form.integer("amount"), read_currency(form.required("currency"))
        if amount is None:
            raise invalid("Missing required param: amount.", param="amount", code="parameter_missing")
        check_amount(amount, currency, "amount")
        check_minimum(amount, currency, "amount")
        manual = form.choice("capture_method", of=("automatic", "automatic_async", "manual"), default="automatic_async")
        wanted = Wanted(
            amount,
            currency,
            manual == "manual",
            form.metadata(),
            form.text("description") or None,
            form.text("receipt_email") or None,
        )
        method = form.text("payment_method")
        if form.text("confirm") == "true" and not method:
            raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.")
        card = self.card(method) if method else None
        if ask.twist is Fault.DECLINE:
            raise declined("card_declined", "generic_decline", "Your card was declined.")
        intent = self.open(wanted, ask.cause)
        intent["payment_method"] = method or None
        if card and form.text("confirm") == "true":
            self._confirm_for_shop(intent, method, card, ask.cause)
        elif card:
            intent["status"] = "requires_confirmation"
        return intent

    def confirm(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/payment_intents/:id/confirm."""
        intent = self.find(reference)
        method = ask.form.text("payment_method") or intent["payment_method"] or ""
        card = self.card(method)
        if intent["status"] not in {"requires_payment_method", "requires_confirmation", "requires_action"}:
            raise _unexpected(intent, "confirm")
        self._confirm_for_shop(intent, method, card, ask.cause)
        return intent

    def capture(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/payment_intents/:id/capture: once; what is not captured is released."""
        intent = self.find(reference)
        amount = ask.form.integer("amount_to_capture")
        metadata = ask.form.metadata()
        if ask.form.text("final_capture", default="true") != "true":
            raise invalid("Multicapture is not available on this account.", param="final_capture")
        if intent["status"] != "requires_capture":
            raise _unexpected(intent, "capture")
        capturable = intent["amount_capturable"]
        amount = capturable if amount is None else amount
        check_amount(amount, intent["currency"], "amount_to_capture")
        if amount > capturable:
            raise refused(
                "The remaining amount you are able to capture for this PaymentIntent is "
                f"{shown(capturable, intent['currency'])}; you tried {shown(amount, intent['currency'])}.",
                code="amount_too_large",
                param="amount_to_capture",
                payment_intent=intent,
            )
        if ask.twist is Fault.DECLINE:
            raise declined("card_declined", "generic_decline", "Your card was declined.", payment_intent=intent)
        intent["metadata"].update(metadata)
        self.take(intent, amount, ask.cause, ask.cause.key(metadata))
        return intent

    def cancel(self, ask: Ask, reference: str) -> Thing:
        """POST /v1/payment_intents/:id/cancel."""
        intent = self.find(reference)
        reason = ask.form.choice("cancellation_reason", of=("", *_REASONS), default="")
        if intent["status"] not in _CANCELLABLE:
            raise _unexpected(intent, "cancel")
        if ask.twist is Fault.DECLINE:
            raise refused("You cannot cancel this PaymentIntent now.", code="payment_intent_unexpected_state")
        self.release(intent, reason or None, ask.cause)
        return intent

    def find(self, reference: str, *, param: str = "intent", status: int = 404) -> Thing:
        """Return a payment intent."""
        return self.book.find("payment_intent", reference, param=param, status=status)

    def card(self, method: str) -> Card:
        """Return how a payment method behaves."""
        if method not in self.cards:
            raise no_such("PaymentMethod", method, param="payment_method", status=400)
        return self.cards[method]

    def open(self, wanted: Wanted, cause: Cause) -> Thing:
        """Write a payment intent that nobody has paid."""
        reference = self.book.new_id("pi_")
        intent = self.book.add(
            {
                "id": reference,
                "object": "payment_intent",
                "amount": wanted.amount,
                "amount_capturable": 0,
                "amount_received": 0,
                "automatic_payment_methods": None,
                "canceled_at": None,
                "cancellation_reason": None,
                "capture_method": "manual" if wanted.is_manual else "automatic_async",
                "client_secret": f"{reference}_secret_none",
                "confirmation_method": "automatic",
                "created": self.book.clock.unix(),
                "currency": wanted.currency,
                "customer": None,
                "description": wanted.description,
                "last_payment_error": None,
                "latest_charge": None,
                "livemode": False,
                "metadata": dict(wanted.metadata),
                "next_action": None,
                "payment_method": None,
                "payment_method_options": {},
                "payment_method_types": ["card"],
                "receipt_email": wanted.receipt_email,
                "review": None,
                "shipping": None,
                "statement_descriptor": None,
                "status": "requires_payment_method",
            }
        )
        self.book.tell("payment_intent.created", intent, cause)
        return intent

    def pay(self, intent: Thing, method: str, cause: Cause, *, capture_before: int | None = None) -> None:
        """Charge a payment intent with the customer there to prove who they are; refuse what the bank declines."""
        card = self.card(method)
        is_manual = intent["capture_method"] == "manual"
        until = capture_before or self.book.clock.unix() + int(card.holds_for.total_seconds())
        charge = new_charge(self.book, intent, method, card, until if is_manual else None)
        intent.update(latest_charge=charge["id"], payment_method=method, next_action=None)
        if card.code:
            problem = declined(card.code, card.decline_code, card.message, charge=charge["id"], payment_method=None)
            intent.update(
                status="requires_payment_method", payment_method=None, last_payment_error=problem.error.copy()
            )
            self.book.tell("charge.failed", charge, cause)
            self.book.tell("payment_intent.payment_failed", intent, cause)
            problem.error["payment_intent"] = self.book.shown(intent, ())
            raise problem
        key = cause.key(intent["metadata"]) if cause.sent_key else ""
        intent["last_payment_error"] = None
        if is_manual:
            intent.update(status="requires_capture", amount_capturable=intent["amount"])
            self.book.set_deadline(intent, until)
            self.book.note(Deed.AUTHORISE, charge, intent["amount"], cause, key, payment=intent)
        else:
            intent.update(status="succeeded", amount_received=intent["amount"])
            self.book.note(Deed.SALE, charge, intent["amount"], cause, key, payment=intent)
        self.book.tell("charge.succeeded", charge, cause)
        name = "payment_intent.amount_capturable_updated" if is_manual else "payment_intent.succeeded"
        self.book.tell(name, intent, cause)

    def take(self, intent: Thing, amount: int, cause: Cause, key: str) -> None:
        """Capture, and release the rest."""
        charge = self.book.find("charge", intent["latest_charge"])
        charge.update(captured=True, amount_captured=amount)
        settle(self.book, charge)
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        self.after_capture(intent)
        self.book.note(Deed.CAPTURE, charge, amount, cause, key, payment=intent)
        self.book.tell("charge.captured", charge, cause)
        self.book.tell("payment_intent.succeeded", intent, cause)

    def release(self, intent: Thing, reason: str | None, cause: Cause, *, has_expired: bool = False) -> None:
        """Let go of what is authorised."""
        amount = intent["amount_capturable"]
        intent.update(status="canceled", amount_capturable=0, canceled_at=self.book.clock.unix())
        intent["cancellation_reason"] = "expired" if has_expired else reason
        if intent["latest_charge"] and amount:
            charge = self.book.find("charge", intent["latest_charge"])
            deed = Deed.EXPIRE if has_expired else Deed.VOID
            self.book.note(deed, charge, amount, cause, cause.key(), payment=intent)
            if has_expired:
                self.book.tell("charge.expired", charge, cause)
        self.book.tell("payment_intent.canceled", intent, cause)

    def _confirm_for_shop(self, intent: Thing, method: str, card: Card, cause: Cause) -> None:
        if card.asks_customer:
            intent.update(status="requires_action", payment_method=method, next_action={"type": "use_stripe_sdk"})
            self.book.tell("payment_intent.requires_action", intent, cause)
        else:
            self.pay(intent, method, cause)


def read_currency(text: str) -> str:
    """Read the letters of a currency."""
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise invalid(f"Invalid currency: {text[:20]}.", param="currency")
    return text.lower()


def check_minimum(amount: int, currency: str, param: str) -> None:
    """Refuse what is too little to be worth a payment."""
    least = _MINIMUM.get(currency, 50)
    if amount < least:
        raise invalid(f"Amount must be at least {shown(least, currency)}.", param=param, code="amount_too_small")


def _unexpected(intent: Thing, what: str) -> Exception:
    status = intent["status"]
    if what == "cancel":
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one "
            f"of the following statuses may be canceled: {', '.join(_CANCELLABLE)}."
        )
    elif what == "capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {status}. Only a PaymentIntent with "
            "one of the following statuses may be captured: requires_capture."
        )
    else:
        message = f"This PaymentIntent cannot be confirmed because it has a status of {status}."
    return refused(message, code="payment_intent_unexpected_state", payment_intent=dict(intent))
