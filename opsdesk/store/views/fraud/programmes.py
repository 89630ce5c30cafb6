"""How near the shop is to the monitoring programmes of the card networks, this month and the last one.

Sales are the captured card payments by the month of their order; they are counted in an index that begins with the
network. What the networks count is read by the moment at which it came in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlmodel import Session

from opsdesk.domain.fraud.books import FraudBook
from opsdesk.domain.fraud.codes.disputes import decode_dispute
from opsdesk.domain.fraud.learning.programmes import MonthFigures, Standing, in_force, standing
from opsdesk.domain.money import Money
from opsdesk.store.fraud.linked_orders import is_sqlite, moment, stamp

_MONTHS = 3
"""This one, the last one, and the one before it, whose sales some programmes set the last one against."""
_CARDS = """
    SELECT brand, {place} AS place, count(*) AS sales FROM payment_check
    WHERE brand IN ('visa', 'mastercard') AND placed_at >= {since} AND placed_at < {until} GROUP BY brand
"""
# What never came in is no sale. It is little, and has an index of its own; to look at every payment would take longer.
# The order of this join is meant: SQLite would rather go through all cards.
_UNPAID = """
    SELECT brand, {places} AS place, count(*) AS sales
    FROM payment CROSS JOIN payment_check
    WHERE payment_check.payment_id = payment.id AND captured_minor = 0 AND created_at >= {early}
        AND placed_at >= {since2} AND placed_at < {until0} AND brand IN ('visa', 'mastercard')
    GROUP BY 1, 2
"""
_EARLY = timedelta(days=2)
"""How long before its order a payment may have been made."""
# A question of a bank is no dispute yet, and what was settled before it became one is not counted.
_DISPUTES = """
    SELECT payment_check.brand, opened_at AS at, network_reason, amount_minor, currency
    FROM dispute JOIN payment_check ON payment_check.payment_id = dispute.payment_id
    WHERE opened_at >= {since} AND state NOT LIKE 'inquiry%' AND state <> 'prevented'
"""
_WARNINGS = """
    SELECT at, (SELECT brand FROM payment_check WHERE payment_check.order_id = told.order_id
        ORDER BY payment_id LIMIT 1) AS brand
    FROM order_label AS told WHERE label = 'early_warning' AND at >= {since} AND reference <> ''
"""


@dataclass(frozen=True, slots=True)
class MonthStanding:
    """Where the shop stands in one programme, in the month that begins on a day."""

    month: date
    has_ended: bool
    standing: Standing


@dataclass(slots=True)
class _Month:
    """What happened on one network in one month."""

    sales: int = 0
    warnings: int = 0
    disputes: int = 0
    fraud: int = 0
    fraud_minor: Counter[str] = field(default_factory=Counter)
    dispute_minor: Counter[str] = field(default_factory=Counter)


def programme_months(session: Session, book: FraudBook, *, zone: ZoneInfo, now: datetime) -> tuple[MonthStanding, ...]:
    """Return the standing in every programme, programme by programme, this month before the last one."""
    starts = _starts(now, zone)
    found = _figures(session, book, starts, now)
    told: list[MonthStanding] = []
    for place in (0, 1):
        month = starts[place].astimezone(zone).date()
        for programme in in_force(book.programmes, month):
            own, before = found[programme.network, place], found[programme.network, place + 1]
            figures = MonthFigures(
                sales=own.sales,
                sales_before=before.sales,
                fraud_reports=own.warnings,
                disputes=own.disputes,
                fraud_chargebacks=own.fraud,
                fraud_amounts=_amounts(own.fraud_minor),
                dispute_amounts=_amounts(own.dispute_minor),
            )
            told.append(MonthStanding(month, place > 0, standing(programme, figures)))
    codes = list(dict.fromkeys(one.standing.programme.code for one in told))
    return tuple(sorted(told, key=lambda one: (codes.index(one.standing.programme.code), one.has_ended)))


def _starts(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return when this month and the ones before it began, in the shop's zone."""
    first = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    starts = [first]
    while len(starts) < _MONTHS:
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    return [start.astimezone(UTC) for start in starts]


def _figures(session: Session, book: FraudBook, starts: list[datetime], now: datetime) -> dict[tuple[str, int], _Month]:
    found = {(network, place): _Month() for network in ("visa", "mastercard") for place in range(_MONTHS)}
    bounds = _bounds(starts, now)
    for row in _rows(session, _cards(session), bounds):
        found[row.brand, row.place].sales = row.sales
    for row in _rows(session, _unpaid(session), bounds):
        found[row.brand, row.place].sales -= row.sales
    for row in _rows(session, _DISPUTES, {"since": starts[1]}):
        month = found.get((row.brand, _place(starts, row)))
        if month is None:
            continue
        month.disputes += 1
        month.dispute_minor[row.currency] += row.amount_minor
        if decode_dispute(book.codes.disputes, row.brand, row.network_reason).proves_fraud:
            month.fraud += 1
            month.fraud_minor[row.currency] += row.amount_minor
    for row in _rows(session, _WARNINGS, {"since": starts[1]}):
        if (month := found.get((row.brand, _place(starts, row)))) is not None:
            month.warnings += 1
    return found


def _amounts(minor: Counter[str]) -> tuple[Money, ...]:
    """Return a sum for each currency, the largest first: nobody here knows what one is worth in another."""
    return tuple(Money(sum_of, currency) for currency, sum_of in minor.most_common())


def _place(starts: list[datetime], row: Row[Any]) -> int:
    at = moment(row.at)
    return next(place for place, start in enumerate(starts) if at >= start)


def _bounds(starts: list[datetime], now: datetime) -> dict[str, datetime]:
    ends = [now + timedelta(days=1), *starts]
    early = {"early": starts[-1] - _EARLY}
    return (
        early
        | {f"since{place}": start for place, start in enumerate(starts)}
        | {f"until{place}": ends[place] for place in range(_MONTHS)}
    )


def _unpaid(session: Session) -> str:
    places = f"CASE WHEN placed_at >= {_at(session, 'since0')} THEN 0 WHEN placed_at >= {_at(session, 'since1')} THEN 1"
    named = {name: _at(session, name) for name in ("early", "since2", "until0")}
    return _UNPAID.format(places=f"{places} ELSE 2 END", **named)


def _cards(session: Session) -> str:
    return " UNION ALL ".join(
        _CARDS.format(place=place, since=_at(session, f"since{place}"), until=_at(session, f"until{place}"))
        for place in range(_MONTHS)
    )


def _rows(session: Session, asked: str, at: dict[str, datetime]) -> Iterable[Row[Any]]:
    statement = asked.format(since=_at(session, "since"))
    given = {name: stamp(one) if is_sqlite(session) else one for name, one in at.items() if f":{name}" in statement}
    return session.execute(text(statement), given).all()


def _at(session: Session, name: str) -> str:
    return f":{name}" if is_sqlite(session) else f"CAST(:{name} AS timestamptz)"
