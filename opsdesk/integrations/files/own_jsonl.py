"""OpsDesk's own JSON lines: one order on each line."""

from __future__ import annotations

from collections.abc import Iterator

from opsdesk.domain.errors import Invalid
from opsdesk.domain.incoming.arrivals import IncomingOrder, Rejection
from opsdesk.integrations.files.json_records import RawRecord, json_lines
from opsdesk.integrations.files.opening import Source
from opsdesk.integrations.files.own_records import order_from

_LONGEST_SHOWN = 20_000


def orders(source: Source) -> Iterator[IncomingOrder | Rejection]:
    """Read the orders of the file; each that cannot be read becomes a rejection."""
    for record in json_lines(source):
        yield read_order(record)


def read_order(record: RawRecord) -> IncomingOrder | Rejection:
    """Read one record."""
    try:
        if record.problem:
            raise Invalid("", record.problem)
        if not isinstance(record.value, dict):
            raise Invalid("", "An order must be a JSON object.")
        return order_from(record.value, line=record.line, payload=record.text)
    except Invalid as problem:
        return rejection(record, problem)


def rejection(record: RawRecord, problem: Invalid) -> Rejection:
    """Return why a record was refused."""
    return Rejection(record.line, problem.field, problem.message, record.text[:_LONGEST_SHOWN])
