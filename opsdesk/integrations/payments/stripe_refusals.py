"""What an error of Stripe's library says about the effect that was asked for: nothing happened, or nobody knows.

Only a clear no of Stripe's is `FAILED`, for then the money that was set aside is let go and may move another way. A key
that is refused says no as well, but only of this request: an earlier one under the same key may have gone through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsdesk.domain.cards import safe_line
from opsdesk.domain.payments.gateways import Answer, AnswerKind

if TYPE_CHECKING:
    from stripe import StripeError

_LONGEST_SAYING = 160
_SENTENCES = {
    "amount_too_large": "The amount is larger than what Stripe still has of this payment.",
    "amount_too_small": "The amount is smaller than the smallest one that Stripe takes.",
    "balance_insufficient": "The shop's balance at Stripe does not cover it. Top it up, then try again.",
    "card_declined": "The customer's bank declined it.",
    "charge_already_captured": "The payment was captured already.",
    "charge_already_refunded": "The payment was refunded already. Look at the payment again.",
    "charge_disputed": "The payment is disputed, so nothing can be refunded. Answer or accept the dispute.",
    "charge_exceeds_source_limit": "The amount is larger than what may be taken from this customer in a week.",
    "charge_expired_for_capture": "The authorisation has expired. Ask for the money with a pay link.",
    "charge_not_refundable": "Stripe can no longer refund this payment. Pay the money back another way.",
    "expired_card": "The customer's card has expired. Pay the money back another way.",
    "insufficient_funds": "There is not enough money: the bank, or the shop's balance at Stripe, does not cover it.",
    "invalid_charge_amount": "Stripe does not take this amount.",
    "livemode_mismatch": "The key is for trials and the payment is real, or the other way round. Look at the key.",
    "payment_intent_unexpected_state": "The payment has moved on at Stripe: captured, cancelled or expired meanwhile.",
    "refund_disputed_payment": "The payment is disputed, so nothing can be refunded. Answer or accept the dispute.",
    "resource_missing": "Stripe knows no such payment. It belongs to another account, or the key is for trials.",
    "testmode_charges_only": "The shop's account at Stripe is not activated yet, so only trials can be paid.",
    "token_in_use": "Stripe is busy with this payment.",
}
_NOT_OVER = frozenset({"lock_timeout", "rate_limit", "idempotency_key_in_use", "token_in_use"})
_KEY_REFUSED = "The key of the gateway is refused, so nothing was asked for. Put the right key in, then try again."
_KEY_TOO_WEAK = "The key of the gateway may not do this, so nothing was done. Give it the right, then try again."


def answer_to(error: StripeError, *, is_first: bool) -> Answer:
    """Say what is known after an error; `is_first` when no request under this key was sent before."""
    import stripe

    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        sentence = _KEY_REFUSED if isinstance(error, stripe.AuthenticationError) else _KEY_TOO_WEAK
        # Without a status it is the library that complains, of an answer in no form that it knows.
        is_no = is_first and error.http_status in (401, 403)
        return Answer(AnswerKind.FAILED if is_no else AnswerKind.UNKNOWN, problem=sentence)
    if isinstance(error, stripe.CardError | stripe.InvalidRequestError) and error.code not in _NOT_OVER:
        return Answer(AnswerKind.FAILED, problem=sentence_for(error))
    return Answer(AnswerKind.UNKNOWN, problem=why_unknown(error))


def why_unknown(error: StripeError) -> str:
    """Say why nobody knows, in a sentence that leaks nothing."""
    import stripe

    if isinstance(error, stripe.APIConnectionError):
        return "Stripe could not be reached, or its answer did not arrive."
    if isinstance(error, stripe.RateLimitError):
        return "Stripe is asked too much at the moment."
    if isinstance(error, stripe.IdempotencyError):
        return "Stripe has seen this key with another request. What became of that one is to be looked up."
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return "The key of the gateway is refused. Put the right key in."
    if error.http_status == 409:
        return "Stripe is still busy with the same request."
    return f"Stripe had an error of its own ({error.http_status or 'unreadable answer'})."


def sentence_for(error: StripeError) -> str:
    """Say why Stripe said no, in words for a clerk; Stripe's own code stays beside them."""
    decline = getattr(error.error, "decline_code", None) if error.error is not None else None
    code = error.code or (getattr(error.error, "type", None) if error.error is not None else None) or "refused"
    return refusal(code, decline or "", error.user_message or "")


def refusal(code: str, decline: str = "", saying: str = "") -> str:
    """Put a refusal into words; the texts are Stripe's, so they are cut, cleaned and masked."""
    codes = ", ".join(safe_line(part, longest=60).text for part in dict.fromkeys((code, decline)) if part)
    known = _SENTENCES.get(decline) or _SENTENCES.get(code)
    if known is not None:
        return f"{known} ({codes})"
    said = safe_line(saying, longest=_LONGEST_SAYING).text
    return f"Stripe refused it: {said} ({codes})" if said else f"Stripe refused it ({codes})."
