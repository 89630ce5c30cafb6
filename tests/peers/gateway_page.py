"""The page where a customer pays at the test gateway: a sum and a button for each kind of card, no fields at all."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from tests.peers.gateway_bank import Bank
from tests.peers.gateway_checkout import NotPayable
from tests.peers.gateway_errors import ApiError, shown

_METHODS = ("pm_card_visa", "pm_card_mastercard", "pm_card_riskLevelElevated", "pm_card_visa_chargeDeclined")


def page(bank: Bank, method: str, path: str, encoded: str) -> tuple[int, str]:
    """Return the status and the text of a page: GET shows what is to be paid, POST pays it."""
    reference = path.removeprefix("/pay/")
    if not path.startswith("/pay/"):
        return 404, _html("Not found", "<p>There is no such page.</p>")
    with bank.book.lock:
        bank.sweep()
        try:
            amount, currency, is_open, order_number = bank.checkout.total(reference)
            if method == "POST" and is_open:
                return _pay(bank, reference, parse_qs(encoded).get("method", [_METHODS[0]])[0])
        except ApiError:
            return 404, _html("Not found", "<p>There is no such page.</p>")
        what = f"<p>{escape(shown(amount, currency))} for order {escape(order_number or '-')}</p>"
        if not is_open:
            return 200, _html("Closed", what + "<p>This page takes no payment.</p>")
        buttons = "".join(f'<p><button name="method" value="{name}">Pay with {name}</button></p>' for name in _METHODS)
        return 200, _html("Pay", f'{what}<form method="post">{buttons}</form>')


def _pay(bank: Bank, reference: str, method: str) -> tuple[int, str]:
    try:
        intent = bank.checkout.pay(reference, method, None, None)
    except NotPayable:
        return 409, _html("Closed", "<p>This page takes no payment.</p>")
    except ApiError as problem:
        return 402, _html("Not paid", f"<p>{escape(str(problem))}</p>")
    return 200, _html("Paid", f"<p>Thank you. {escape(intent)}</p>")


def _html(title: str, body: str) -> str:
    return f'<!doctype html><html lang="en"><title>{title}</title><body><h1>{title}</h1>{body}</body></html>\n'
