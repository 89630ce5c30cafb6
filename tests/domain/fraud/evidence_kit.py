"""Orders of an invented shop as evidence, honest unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsdesk.domain.fraud.evidence.addresses import Place
from opsdesk.domain.fraud.evidence.entities import Entity
from opsdesk.domain.fraud.evidence.facts import (
    Basket,
    EmailTraits,
    History,
    LinkedOrder,
    OrderedLine,
    OrderEvidence,
    Outcome,
    PaymentTraits,
    PhoneTraits,
)
from opsdesk.domain.money import Money

FOLDER = Path(__file__).parents[3] / "data"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LEEDS = Place(name="Ada Byron", line1="12 High Street", line2="Flat 4B", city="Leeds", postcode="LS1 4AB", country="GB")
DOVER = Place(name="Ada Byron", line1="3 Castle Hill Road", city="Dover", postcode="CT16 1QG", country="GB")


def money(units: int | str, currency: str = "GBP") -> Money:
    return Money.parse(str(units), currency)


def evidence(**changes: object) -> OrderEvidence:
    """A plain first order by card, of which nothing special is known."""
    values: dict[str, object] = {
        "number": "10482",
        "placed_at": NOON,
        "basket": Basket(total=money("61.20"), lines=(OrderedLine(sku="MUG", quantity=2, value=money("61.20")),)),
        "name": "Ada Byron",
        "history": History(orders=0),
        "email": EmailTraits(address="ada.byron@example.com", is_valid=True, domain_exists=True),
        "phone": PhoneTraits(number="+441134960018", is_valid=True),
        "billing": LEEDS,
        "shipping": LEEDS,
        "payment": PaymentTraits(gateway="stripe", method="card", network="visa"),
    }
    return OrderEvidence(**(values | changes))  # type: ignore[arg-type]


def link(days: int, *shares: Entity, outcome: Outcome = Outcome.OPEN, known_days: int | None = None) -> LinkedOrder:
    """An order of so many days before; its outcome is known from the next day on, if nothing else is said."""
    placed_at = NOON - timedelta(days=days)
    known_at = NOON - timedelta(days=days - 1 if known_days is None else known_days)
    return LinkedOrder(
        number=f"L{days}", placed_at=placed_at, shares=frozenset(shares), outcome=outcome, known_at=known_at
    )


def place(**changes: str) -> Place:
    return replace(LEEDS, **changes)  # type: ignore[arg-type]
