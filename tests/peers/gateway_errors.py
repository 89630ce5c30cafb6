"""What the test gateway answers when it says no, in the shape and with the codes that are documented."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
WHOLE_ONLY = frozenset({"isk", "ugx"})
"""Told in two decimals that must be zero."""


class ApiError(Exception):
    """An answer other than 200.

    Attributes:
        is_kept: the endpoint had begun to act, so that the answer is remembered under the idempotency key.
    """

    def __init__(self, status: int, kind: str, message: str, *, is_kept: bool = False, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error: Body = {"type": kind, "message": message, **{name: it for name, it in more.items() if it}}
        self.is_kept = is_kept

    @property
    def body(self) -> Body:
        """What is sent."""
        return {"error": self.error}


def invalid(message: str, *, param: str = "", code: str = "") -> ApiError:
    """Refuse a request that cannot be understood; its key stays free."""
    return ApiError(400, "invalid_request_error", message, param=param, code=code)


def refused(message: str, *, code: str = "", param: str = "", **more: Any) -> ApiError:
    """Refuse a request that was understood, for the state of things; the answer is remembered under its key."""
    return ApiError(400, "invalid_request_error", message, code=code, param=param, is_kept=True, **more)


def no_such(kind: str, reference: str, *, param: str, status: int = 404) -> ApiError:
    """Say that nothing is called so."""
    return ApiError(
        status, "invalid_request_error", f"No such {kind}: '{reference}'", param=param, code="resource_missing"
    )


def declined(code: str, decline_code: str, message: str, **more: Any) -> ApiError:
    """Pass on the no of the customer's bank."""
    return ApiError(402, "card_error", message, code=code, decline_code=decline_code, is_kept=True, **more)


def shown(amount: int, currency: str) -> str:
    """Write an amount out for a message."""
    if currency in ZERO_DECIMAL:
        return f"{amount} {currency.upper()}"
    places = 3 if currency in THREE_DECIMAL else 2
    return f"{amount / 10**places:.{places}f} {currency.upper()}"


def check_amount(amount: int, currency: str, param: str) -> None:
    """Refuse an amount that cannot be charged or refunded in a currency."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer")
    if amount > 99_999_999:
        raise invalid("Amount must be no more than 999,999.99.", param=param, code="amount_too_large")
    if currency in WHOLE_ONLY and amount % 100:
        raise invalid(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged amounts must "
            "be evenly divisible by 100.",
            param=param,
            code="invalid_charge_amount_no_decimal_compatible",
        )
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid(f"Amounts in {currency.upper()} must end in 0.", param=param, code="parameter_invalid_integer")
