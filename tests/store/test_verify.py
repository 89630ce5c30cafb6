"""`opsdesk verify` finds nothing in a healthy shop, and each violation that is planted in it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from opsdesk.store.engine import connect
from opsdesk.store.verify.running import CHECKS, Report, verify_store
from tests.demo_store import NOW

KINDS = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


def verified(url: str) -> Report:
    store = connect(url)
    try:
        return verify_store(store, now=NOW)
    finally:
        store.close()


def plant(url: str, *statements: str) -> None:
    """Write past every guard, as somebody with the bare database at hand would."""
    store = connect(url)
    with store.writer.begin() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN")
        for statement in statements:
            connection.execute(text(_without_guard(statement, store.is_sqlite)))
    store.close()


@KINDS
def test_a_healthy_shop_has_nothing_wrong(demo_store, kind: str) -> None:
    report = verified(demo_store(kind))

    assert [violation.sentence for violation in report.violations] == []
    assert report.orders == 300
    assert report.checks == len(CHECKS) + 3
