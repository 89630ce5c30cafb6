"""What an error says: a clear no, or that nobody knows. Money is let go after a clear no alone."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from opsdesk.domain.payments.gateways import AnswerKind
from opsdesk.integrations.payments.stripe_refusals import answer_to, refusal

FAILED, UNKNOWN = AnswerKind.FAILED, AnswerKind.UNKNOWN


def _error(status: int, kind: str, code: str | None = None, message: str = "No.", **more: Any) -> stripe.StripeError:
    """Have Stripe's own library make the error, as it does of an answer."""
    requestor = stripe.StripeClient("sk_test_x")._requestor
    body = {"error": {"type": kind, "message": message, **({"code": code} if code else {}), **more}}
    return requestor.specific_v1_api_error(b"{}", status, body, {}, body["error"])


@pytest.mark.parametrize(
    ("error", "kind", "begins"),
    [
        (_error(402, "card_error", "card_declined", decline_code="insufficient_funds"), FAILED, "There is not enough money"),
        (_error(402, "card_error", "card_declined", decline_code="generic_decline"), FAILED, "The customer's bank declined it."),
        (_error(400, "invalid_request_error", "charge_already_refunded"), FAILED, "The payment was refunded already."),
        (_error(400, "invalid_request_error", "balance_insufficient"), FAILED, "The shop's balance at Stripe"),
        (_error(404, "invalid_request_error", "resource_missing"), FAILED, "Stripe knows no such payment."),
        (_error(400, "invalid_request_error", message="Refund amount is too large"), FAILED, "Stripe refused it: Refund amount"),
        (_error(400, "idempotency_error"), UNKNOWN, "Stripe has seen this key"),
        (_error(409, "idempotency_error", "idempotency_key_in_use"), UNKNOWN, "Stripe is still busy"),
        (_error(400, "invalid_request_error", "lock_timeout"), UNKNOWN, "Stripe had an error"),
        (_error(429, "invalid_request_error", "lock_timeout"), UNKNOWN, "Stripe is asked too much"),
        (_error(400, "invalid_request_error", "rate_limit"), UNKNOWN, "Stripe is asked too much"),
        (_error(500, "api_error"), UNKNOWN, "Stripe had an error of its own (500)."),
        (_error(503, "api_error"), UNKNOWN, "Stripe had an error of its own (503)."),
        (stripe.APIConnectionError("(Network error: 10.0.0.1 sk_live_secret)"), UNKNOWN, "Stripe could not be reached"),
        (stripe.APIError("Invalid response object from API: <html>sk_live_secret"), UNKNOWN, "Stripe had an error"),
        (_error(401, "invalid_request_error", message="Invalid API Key provided: sk_live_****"), FAILED, "The key of the gateway is refused"),
        (_error(403, "invalid_request_error", message="The provided key 'rk_live_***' lacks"), FAILED, "The key of the gateway may not"),
    ],
)  # fmt: skip
def test_each_error_says_what_is_known(error: stripe.StripeError, kind: AnswerKind, begins: str) -> None:
    answer = answer_to(error, is_first=True)

    assert answer.kind is kind
    assert answer.problem.startswith(begins)
    assert "sk_live" not in answer.problem and "rk_live" not in answer.problem
    assert answer.reference == ""


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_says_nothing_of_an_earlier_request(status: int) -> None:
    assert answer_to(_error(status, "invalid_request_error"), is_first=False).kind is UNKNOWN


def test_the_code_stays_beside_the_sentence() -> None:
    error = _error(402, "card_error", "card_declined", decline_code="lost_card", message="Your card was declined.")

    assert answer_to(error, is_first=True).problem == "The customer's bank declined it. (card_declined, lost_card)"


def test_what_stripe_says_is_cut_cleaned_and_masked() -> None:
    said = refusal("odd\x1b[2J", saying="4242 4242 4242 4242 \x1b]0;x\x07 " + "y" * 500)

    assert "\x1b" not in said and "\x07" not in said
    assert "4242 4242" not in said
    assert len(said) < 300
