"""The columns that repeat what an order's facts say: computed anew from the facts, order by order, and compared.

This is the one check that asks the rules of the program. It reads each table once, in the order of the orders, side by
side, so that memory does not grow with the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import ActiveHold, HoldType
from opsdesk.domain.orders.settled import SettledColumns, settled_columns
from opsdesk.domain.orders.states import Lifecycle, LineFacts, OrderFacts
from opsdesk.domain.payments.transactions import Movement, TransactionKind, TransactionState, money_facts
from opsdesk.store.tables.amendments import AMENDMENT_OPEN
from opsdesk.store.verify.checks import MOST_TOLD, Violation

INVARIANT = "derived"

_COLUMNS = (
    "lifecycle", "payment_status", "fulfilment_status", "headline", "stage", "is_open", "hold_type", "paid_minor",
    "line_count", "unit_count",
)  # fmt: skip
_READ = attrgetter(*_COLUMNS)
_ORDERS = f"""
    SELECT id, number, version, total_minor, packing_since IS NOT NULL, note_count, {", ".join(_COLUMNS)}
    FROM orders ORDER BY id
"""
_LINES = """
    SELECT order_id, ordered, cancelled, shipped, delivered, returned, needs_shipping
    FROM order_line ORDER BY order_id, position
"""
_MOVEMENTS = "SELECT order_id, kind, state, amount_minor FROM payment_transaction ORDER BY order_id"
_HOLDS = "SELECT order_id, id, type FROM hold WHERE released_at IS NULL ORDER BY order_id, id"
_CASES = "SELECT order_id, state FROM verification_case WHERE decided_at IS NULL ORDER BY order_id, id"
_DISPUTES = "SELECT order_id, id FROM dispute WHERE closed_at IS NULL ORDER BY order_id, id"
_AMENDMENTS = f"SELECT order_id, state FROM amendment WHERE {AMENDMENT_OPEN} ORDER BY order_id"
_NOTES = "SELECT order_id, count(*) FROM note GROUP BY order_id ORDER BY order_id"

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_KINDS = {kind.value: kind for kind in TransactionKind}
_STATES = {state.value: state for state in TransactionState}
_BATCH = 5_000
Row = tuple[Any, ...]


def wrong_columns(session: Session) -> Iterator[Violation]:
    """Return the orders whose repeated columns say something else than their facts."""
    statements = (_LINES, _MOVEMENTS, _HOLDS, _CASES, _DISPUTES, _AMENDMENTS)
    beside, notes = [_Beside(_rows(session, statement)) for statement in statements], _Beside(_rows(session, _NOTES))
    told = 0
    for order in _rows(session, _ORDERS):
        order_id = order[0]
        found = tuple(rows.of(order_id) for rows in beside)
        try:
            wrong = _difference(order, settled_columns(_facts(order, found)), notes.of(order_id))
        except (KeyError, ValueError) as error:
            wrong = f"its facts hold a word that there is not: {error}"
        if wrong:
            yield Violation(INVARIANT, "order", str(order[1]), wrong)
            told += 1
        if told > MOST_TOLD:
            return


class _Beside:
    """Rows of another table, sorted by order, read forward beside the orders."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._next = next(self._groups, None)
        self._rows: list[Row] = list(self._next[1]) if self._next else []

    def of(self, order_id: int) -> list[Row]:
        """Return the rows of this order, which comes after those that were asked for before."""
        while self._next is not None and self._next[0] < order_id:
            self._forward()
        if self._next is None or self._next[0] != order_id:
            return []
        found = self._rows
        self._forward()
        return found

    def _forward(self) -> None:
        self._next = next(self._groups, None)
        self._rows = list(self._next[1]) if self._next else []


def _rows(session: Session, statement: str) -> Iterator[Row]:
    # The option `yield_per` alone does nothing for a statement in plain text: all rows would be fetched at once.
    read = session.connection().execute(text(statement), execution_options={"stream_results": True})
    for rows in read.yield_per(_BATCH).partitions():
        yield from map(tuple, rows)


def _facts(order: Row, found: tuple[list[Row], ...]) -> OrderFacts:
    lines, movements, holds, cases, disputes, amendments = found
    sums = [Movement(_KINDS[kind], _STATES[state], amount) for _, kind, state, amount in movements]
    return OrderFacts(
        number=order[1],
        lifecycle=Lifecycle(order[6]),
        version=order[2],
        lines=tuple(_line(*line) for line in lines),
        money=money_facts(order[3], sums, is_disputed=bool(disputes)),
        holds=tuple(ActiveHold(row[1], HoldType(row[2]), frozenset(), "", "", _SOME_TIME, None) for row in holds),
        case=CaseState(cases[0][1]) if cases else None,
        packing_since=_SOME_TIME if order[4] else None,
        amendment=AmendmentState(amendments[0][1]) if amendments else None,
    )


def _line(  # noqa: PLR0913  one row of `_LINES`
    _order_id: int, ordered: int, cancelled: int, shipped: int, delivered: int, returned: int, needs_shipping: object
) -> LineFacts:
    return LineFacts(ordered, cancelled, shipped, delivered, returned, bool(needs_shipping))


def _difference(order: Row, settled: SettledColumns, notes: list[Row]) -> str:
    wrong = [
        f"{name} is {stored}, the facts say {right}"
        for name, stored, right in zip(_COLUMNS, order[6:], _READ(settled), strict=True)
        if stored != right
    ]
    count = notes[0][1] if notes else 0
    if order[5] != count:
        wrong.append(f"note_count is {order[5]}, there are {count}")
    return "; ".join(wrong)
