"""Parts of the schema that table classes cannot say: search indexes and append-only guards."""

from __future__ import annotations

SQLITE_EXTRAS = (
    "CREATE VIRTUAL TABLE order_search USING fts5("
    "search_text, content='orders', content_rowid='id', tokenize='trigram', columnsize=0)",
    "CREATE TRIGGER order_search_insert AFTER INSERT ON orders BEGIN "
    "INSERT INTO order_search(rowid, search_text) VALUES (new.id, new.search_text); END",
    "CREATE TRIGGER order_search_update AFTER UPDATE OF search_text ON orders "
    "WHEN old.search_text <> new.search_text BEGIN "
    "INSERT INTO order_search(order_search, rowid, search_text) VALUES ('delete', old.id, old.search_text); "
    "INSERT INTO order_search(rowid, search_text) VALUES (new.id, new.search_text); END",
    "CREATE TRIGGER order_search_delete AFTER DELETE ON orders BEGIN "
    "INSERT INTO order_search(order_search, rowid, search_text) VALUES ('delete', old.id, old.search_text); END",
)
SQLITE_EXTRAS_DOWN = (
    "DROP TRIGGER order_search_delete",
    "DROP TRIGGER order_search_update",
    "DROP TRIGGER order_search_insert",
    "DROP TABLE order_search",
)
POSTGRES_EXTRAS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX ix_orders_search ON orders USING gin (search_text gin_trgm_ops)",
)
POSTGRES_EXTRAS_DOWN = ("DROP INDEX ix_orders_search",)

APPEND_ONLY = (
    "activity",
    "payment_transaction",
    "journal",
    "approval",
    "risk_assessment",
    "order_label",
    "credit_note",
)
"""Tables whose rows are never changed or deleted; the store itself refuses it."""


def sqlite_append_only(table: str) -> tuple[str, ...]:
    """Return the triggers that refuse changes to the rows of `table` on SQLite."""
    return tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    )


def postgres_append_only(table: str) -> tuple[str, ...]:
    """Return the function and trigger that refuse changes to the rows of `table` on Postgres."""
    return (
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
    )
