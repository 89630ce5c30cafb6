"""Double entry: which account each movement of money goes from and to.

One transfer names both accounts and one amount, so an entry cannot be out of balance. An order's account is credited
with what comes in for it and debited with what goes back, and its balance is what the order has paid. The accounts of
the outside are named after where the money lies: `gateway:stripe`, `bank`, `cash`, `store_credit`, `on_account`.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsdesk.domain.money import Money
from opsdesk.domain.payments.transactions import Method, TransactionKind, TransactionState

ORDER = "order"
"""The customer's account for one order; the row names the order."""
FX_DIFFERENCE = "fx_difference"
"""What a refund cost more or less in the shop's own currency than its share of the capture had brought."""

_PLACES = {
    Method.BANK_TRANSFER: "bank",
    Method.CASH: "cash",
    Method.CHEQUE: "cheques",
    Method.ON_ACCOUNT: "on_account",
    Method.STORE_CREDIT: "store_credit",
    Method.GIFT_CARD: "store_credit",
}
ACCOUNTS = frozenset({ORDER, FX_DIFFERENCE, *_PLACES.values()})
"""Every account but those of the gateways, which are called `gateway:` and the gateway's name."""
_IN = frozenset(
    {
        TransactionKind.CAPTURE,
        TransactionKind.SALE,
        TransactionKind.MANUAL_IN,
        TransactionKind.REFUND_REVERSAL,
        TransactionKind.DISPUTE_REVERSAL,
    }
)
_OUT = frozenset({TransactionKind.REFUND, TransactionKind.MANUAL_OUT, TransactionKind.DISPUTE_DEBIT})


@dataclass(frozen=True, slots=True)
class Transfer:
    """An amount that goes from the credited to the debited account."""

    debit: str
    credit: str
    amount: Money


def place_of(gateway: str, method: str) -> str:
    """Return the account of where the money of a payment lies."""
    return _PLACES.get(Method(method), f"gateway:{gateway}") if method in _METHODS else f"gateway:{gateway}"


_METHODS = frozenset(method.value for method in Method)


def transfers(
    kind: TransactionKind, state: TransactionState, amount: Money, *, gateway: str, method: str
) -> tuple[Transfer, ...]:
    """Return what a transaction moves between accounts. Authorising and voiding move nothing, nor does what failed."""
    if state is not TransactionState.SUCCEEDED or not amount:
        return ()
    place = place_of(gateway, method)
    if kind in _IN:
        return (Transfer(place, ORDER, amount),)
    return (Transfer(ORDER, place, amount),) if kind in _OUT else ()


def fx_transfer(expected: Money, actual: Money, *, gateway: str) -> tuple[Transfer, ...]:
    """Book what a refund cost in the shop's currency beyond its share of what the capture had brought, or saved."""
    difference = actual - expected
    if not difference:
        return ()
    place = f"gateway:{gateway}"
    if difference.minor > 0:
        return (Transfer(FX_DIFFERENCE, place, difference),)
    return (Transfer(place, FX_DIFFERENCE, -difference),)
