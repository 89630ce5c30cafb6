"""Two witnesses of a store's money, quick enough to be asked after every step: its own invariants, and the gateway.

The first asks every question of `opsdesk verify` on one SQLite file; the second holds what is booked against what the
gateway's own book says (INV-P5).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.payments.gateways import AnswerKind, CallState, GatewayOperation, OperationKind
from opsdesk.store.engine import Store
from opsdesk.store.tables import GatewayCallRow, PaymentRow, TransactionRow
from opsdesk.store.verify.derived import wrong_columns
from opsdesk.store.verify.running import CHECKS
from tests.operations.bank_double import BankDouble, Held

_KINDS = {
    "authorise": OperationKind.AUTHORISE,
    "capture": OperationKind.CAPTURE,
    "sale": OperationKind.CAPTURE,
    "void": OperationKind.VOID,
    "refund": OperationKind.REFUND,
}


class Invariants:
    """Every check of `opsdesk verify`, asked of one file over one connection."""

    def __init__(self, file: Path) -> None:
        self._connection: Any = dbapi2.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)

    def wrong(self, now: datetime) -> Iterator[str]:
        """Return what is not as it must be, in words."""
        moment = (now - timedelta(minutes=15)).strftime("%Y-%m-%d %H:%M:%S.%f")
        for check in CHECKS:
            statement = check.statement(on_sqlite=True)
            bound = {"quarter_ago": moment} if ":quarter_ago" in statement else {}
            for key, detail in self._connection.execute(statement, bound):
                yield f"{check.invariant}: {check.subject} {key}: {check.wrong} ({detail})"

    def first(self, statement: str) -> tuple[Any, ...]:
        """Return the first row of another question."""
        found: tuple[Any, ...] = self._connection.execute(statement).fetchone()
        return found

    def close(self) -> None:
        self._connection.close()


def wrong_repetitions(store: Store) -> list[str]:
    """Return the columns of orders that do not repeat what the facts say."""
    with store.reading() as session:
        return [found.sentence for found in wrong_columns(session)]


def unexplained(store: Store, bank: BankDouble) -> Iterator[str]:
    """Return what is booked and was not done, what was done twice, and what was told and is not booked.

    What the gateway did and nobody here has heard of yet is no fault; nor is what a call under way stands for.
    """
    with store.reading() as session:
        names = {row.id: row.reference for row in session.execute(select(PaymentRow)).scalars()}
        booked: dict[str, list[TransactionRow]] = {}
        ours = select(TransactionRow).where(col(TransactionRow.gateway) == bank.name)
        for row in session.execute(ours.order_by(col(TransactionRow.id))).scalars():
            booked.setdefault(names[row.payment_id], []).append(row)
        calls = list(session.execute(select(GatewayCallRow)).scalars())
    under_way = {call.key for call in calls if CallState(call.state).is_open}
    for reference in booked.keys() - bank.payments.keys():
        yield f"The gateway knows no payment {reference}."
    for held in bank.payments.values():
        yield from _of_payment(held, booked.get(held.reference, []), under_way)
    keys = [done.key for held in bank.payments.values() for done in held.operations if done.key]
    yield from (f"{key} was done twice at the gateway." for key in set(keys) if keys.count(key) > 1)
    yield from (
        f"{key} was done at the gateway, and nobody asked for it." for key in set(keys) - {c.key for c in calls}
    )


def _of_payment(held: Held, rows: list[TransactionRow], under_way: set[str]) -> Iterator[str]:
    reversed_ones = {row.reference for row in rows if row.kind == "refund_reversal"}
    left = list(held.operations)
    for row in rows:
        if row.kind not in _KINDS or row.state != "succeeded":
            continue
        done = next((done for done in left if _is_same(row, done)), None)
        if done is None:
            yield f"{row.kind} of {row.amount_minor} is booked on {held.reference} and was not done."
            continue
        left.remove(done)
        came_back = done.state is AnswerKind.FAILED
        if came_back and _is_known(held, done) and row.reference not in reversed_ones:
            yield f"refund of {row.amount_minor} came back to {held.reference} and is still booked."
        if done.state is AnswerKind.PENDING:
            yield f"refund of {row.amount_minor} over {held.reference} is booked and not decided."
    for done in left:
        if done.state is AnswerKind.SUCCEEDED and _is_known(held, done) and done.key not in under_way:
            yield f"{done.kind} of {done.amount.minor} over {held.reference} was told and is not booked."


def _is_same(row: TransactionRow, done: GatewayOperation) -> bool:
    is_named = row.reference == done.reference or (bool(done.key) and row.call_key == done.key)
    return is_named and _KINDS[row.kind] is done.kind and row.amount_minor == done.amount.minor


def _is_known(held: Held, done: GatewayOperation) -> bool:
    return held.changed[done.reference, done.kind] <= held.told
