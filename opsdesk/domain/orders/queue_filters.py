"""The filter line of the queue: free words and `key:value`, read without ever complaining to the person typing.

What is half typed or misspelt is left out and named in `misread`, so that the list never empties under the fingers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from opsdesk.domain.orders.states import Headline, Stage
from opsdesk.domain.payments.order_money import PaymentStatus
from opsdesk.domain.searching import folded

LONGEST_FILTER = 200
"""Nobody types more; a megabyte that was pasted by mistake is cut here."""
MOST_WORDS = 8

_ASKED = re.compile(r"(state|due|who|total|sku|pay|temp):(.*)\Z", re.IGNORECASE | re.DOTALL)
_SPAN = re.compile(r"([<>])?(\d{1,4})([mhd])\Z")
_AMOUNT = re.compile(r"([<>])(\d{1,12}(?:[.,]\d{1,3})?)\Z", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

_STATES: dict[str, frozenset[Headline]] = {
    "hold": frozenset({Headline.ON_HOLD, Headline.FRAUD_REVIEW, Headline.POTENTIAL_FRAUD, Headline.SYNC_CONFLICT,
                       Headline.BACKORDERED, Headline.AWAITING_APPOINTMENT, Headline.DISPUTED}),
    "fraud": frozenset({Headline.FRAUD_REVIEW, Headline.POTENTIAL_FRAUD}),
    "unpaid": frozenset({Headline.AWAITING_PAYMENT}),
    "short": frozenset({Headline.BACKORDERED}),
    "backorder": frozenset({Headline.BACKORDERED}),
    "packing": frozenset({Headline.BEING_PACKED}),
    "part": frozenset({Headline.PARTLY_SHIPPED}),
    "appointment": frozenset({Headline.AWAITING_APPOINTMENT}),
    "disputed": frozenset({Headline.DISPUTED}),
    "amending": frozenset({Headline.BEING_AMENDED}),
}  # fmt: skip
_PAYMENTS = {
    "unpaid": frozenset({PaymentStatus.UNPAID, PaymentStatus.PENDING, PaymentStatus.VOIDED}),
    "part": frozenset({PaymentStatus.PARTLY_PAID}),
    "auth": frozenset({PaymentStatus.AUTHORISED, PaymentStatus.PARTLY_AUTHORISED}),
    "pending": frozenset({PaymentStatus.PENDING}),
    "over": frozenset({PaymentStatus.OVERPAID}),
    "refunded": frozenset({PaymentStatus.REFUNDED, PaymentStatus.PARTLY_REFUNDED}),
    "void": frozenset({PaymentStatus.VOIDED}),
    "disputed": frozenset({PaymentStatus.DISPUTED}),
}
_TEMPERATURES = ("ambient", "chilled", "frozen")
NOBODY = "-"
"""Owner of an order that nobody has taken."""
ME = "me"
"""Whoever asks; no user may be called so."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the filter line asks for; everything must hold at once.

    Attributes:
        words: folded pieces of text, each to be found in number, name, e-mail or article number.
        owner: sign-in name, `ME` or `NOBODY`.
        more_than, less_than: of the order's total, in major units of whatever its currency is.
        is_cold: chilled or frozen goods are in it.
        misread: pieces that mean nothing, as they were typed.
    """

    words: tuple[str, ...] = ()
    headlines: frozenset[Headline] | None = None
    stage: Stage | None = None
    is_snoozed: bool = False
    is_new: bool = False
    due_before: datetime | None = None
    due_after: datetime | None = None
    owner: str | None = None
    more_than: Decimal | None = None
    less_than: Decimal | None = None
    sku: str | None = None
    payments: frozenset[PaymentStatus] | None = None
    temperature: str | None = None
    is_cold: bool = False
    misread: tuple[str, ...] = field(default=(), compare=False)


def parse_filter(text: str, *, now: datetime, user_name: str = ME) -> QueueFilter:
    """Read a filter such as `berg state:hold due:<2h who:me total:>100 sku:40021 pay:unpaid #`; it never raises."""
    found = QueueFilter()
    # No stored text holds a NUL or half a character, and not every database can be asked for one.
    askable = text[:LONGEST_FILTER].replace("\0", " ").encode("utf-8", "replace").decode()
    for piece in askable.split():
        asked = _ASKED.match(piece)
        if piece == "#":
            found = replace(found, is_cold=True)
        elif asked is None:
            found = _with_words(found, piece)
        else:
            read = _read(found, asked[1].lower(), asked[2].strip(), user_name=user_name, now=now)
            found = read or replace(found, misread=(*found.misread, piece))
    return found


def _with_words(found: QueueFilter, piece: str) -> QueueFilter:
    words = (*found.words, *folded(piece).split())
    return replace(found, words=tuple(dict.fromkeys(words))[:MOST_WORDS])


def _read(found: QueueFilter, key: str, value: str, *, user_name: str, now: datetime) -> QueueFilter | None:
    if key == "state":
        return _read_state(found, value.lower())
    if key == "due":
        return _read_due(found, value.lower(), now)
    if key == "who" and value:
        return replace(found, owner={ME: user_name, "nobody": NOBODY}.get(value.lower(), value))
    if key == "total":
        return _read_total(found, value)
    if key == "sku" and value:
        return replace(found, sku=value)
    if key == "pay":
        paid = _PAYMENTS.get(value.lower()) or frozenset(word for word in PaymentStatus if word.value == value.lower())
        return replace(found, payments=paid) if paid else None
    if key == "temp" and value.lower() in _TEMPERATURES:
        return replace(found, temperature=value.lower())
    return None


def _read_state(found: QueueFilter, value: str) -> QueueFilter | None:
    if value == "snoozed":
        return replace(found, is_snoozed=True)
    if value == "new":
        return replace(found, is_new=True)
    if value in ("check", "to_check"):
        return replace(found, stage=Stage.TO_CHECK)
    if value in ("ship", "to_ship"):
        return replace(found, stage=Stage.TO_SHIP)
    states = _STATES.get(value) or frozenset(word for word in Headline if word.value == value)
    return replace(found, headlines=states) if states else None


def _read_due(found: QueueFilter, value: str, now: datetime) -> QueueFilter | None:
    if value in ("late", "overdue"):
        return replace(found, due_before=now)
    span = _SPAN.match(value)
    if span is None:
        return None
    moment = now + timedelta(**{_UNITS[span[3]]: int(span[2])})
    return replace(found, due_after=moment) if span[1] == ">" else replace(found, due_before=moment)


def _read_total(found: QueueFilter, value: str) -> QueueFilter | None:
    asked = _AMOUNT.match(value)
    if asked is None:
        return None
    try:
        amount = Decimal(asked[2].replace(",", "."))
    except InvalidOperation:  # pragma: no cover  the pattern admits numbers only
        return None
    return replace(found, more_than=amount) if asked[1] == ">" else replace(found, less_than=amount)
