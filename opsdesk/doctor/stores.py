"""The store itself: reachable, of a known schema, and set up so that a commit is a commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from opsdesk.doctor.findings import Finding, mend, watch, well
from opsdesk.store.audit import chain
from opsdesk.store.audit.anchor import remembered_heads
from opsdesk.store.audit.keys import existing_audit_key
from opsdesk.store.audit.sealing import hash_of, is_sealed
from opsdesk.store.backups.checking import file_problems
from opsdesk.store.engine import SCHEMA_VERSION, Store, schema_version

_MIGRATE = "Run `opsdesk migrate`."


def schema(store: Store) -> Finding:
    """Look whether there is a store that this program knows.

    Raises:
        Unavailable: it cannot be reached.
    """
    found = schema_version(store)
    if found is None:
        return mend("store", "There is no OpsDesk store there yet.", f"{_MIGRATE} Or `opsdesk demo` for a demo shop.")
    if found > SCHEMA_VERSION:
        return mend("store", f"A newer OpsDesk made the store (schema {found}).", "Install that OpsDesk.")
    if found < SCHEMA_VERSION:
        return mend("store", f"The store has schema {found}, this program knows {SCHEMA_VERSION}.", _MIGRATE)
    return well("store", f"The store can be reached and has schema {found}.")


def sqlite_settings(store: Store) -> Iterator[Finding]:
    """Look what a writing connection of this program has set."""
    connection = store.writer.raw_connection()
    try:
        driver: Any = connection.driver_connection
        values = {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
    finally:
        connection.close()
    wrong = [f"{name} is {values[name]}" for name, (good, _) in _PRAGMAS.items() if values[name] not in good]
    harm = [words for name, (good, words) in _PRAGMAS.items() if values[name] not in good]
    if wrong:
        sentence = f"The connection to the store is not safe: {', '.join(wrong)} ({'; '.join(harm)})."
        yield mend("sqlite settings", sentence, "Remove what changes these settings; OpsDesk sets them by itself.")
    else:
        yield well("sqlite settings", "Write-ahead log, full synchronisation and foreign keys are on.")


_PRAGMAS: dict[str, tuple[tuple[object, ...], str]] = {
    "journal_mode": (("wal",), "readers and writers would stop each other"),
    "synchronous": ((2, 3), "a power cut could lose what was acknowledged"),
    "foreign_keys": ((1,), "records could lose what they belong to"),
    "busy_timeout": (tuple(range(1_000, 60_001)), "a second writer would be refused at once"),
}


def postgres_settings(store: Store) -> Iterator[Finding]:
    """Look what the server does at a commit, and what stops a terminal that hangs."""
    with store.writer.connect() as connection:
        values = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in (*_DURABLE, *_TIMEOUTS)}
        checksums = connection.execute(text("SHOW data_checksums")).scalar_one()
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    off = [name for name in _DURABLE if values[name] == "off"]
    for name in off:
        remedy = f"ALTER SYSTEM SET {name} = on, then reload."
        yield mend(f"postgres {name}", f"{name} is off: {_DURABLE[name]}.", remedy)
    missing = [name for name in _TIMEOUTS if values[name] == "0"]
    for name in missing:
        sentence = f"{name} is not set: a terminal that hangs would stop the shop for ever."
        yield mend(f"postgres {name}", sentence, "Remove what resets it; OpsDesk sets it for each connection.")
    if encoding != "UTF8":
        yield mend("postgres encoding", f"The database is {encoding}.", "Restore a backup into a database in UTF8.")
    if not off and not missing:
        yield well("postgres settings", "A commit is written through, and a hanging terminal lets go by itself.")
    if checksums == "off":
        sentence = "The server does not notice damaged pages (data_checksums is off)."
        yield watch("postgres checksums", sentence, "With the server stopped: pg_checksums --enable.")


_DURABLE = {
    "fsync": "a power cut can destroy the whole store",
    "synchronous_commit": "a power cut can lose what was acknowledged",
    "full_page_writes": "a power cut can leave torn pages",
}
_TIMEOUTS = ("lock_timeout", "idle_in_transaction_session_timeout")


def history(store: Store) -> Finding:
    """Look whether this machine's key and notes fit the newest rows of the history.

    Raises:
        Refused: the key or the notes are missing or can be read by others.
    """
    noted = remembered_heads(store.url)
    with store.reading() as session:
        head = chain.head(session)
        if head.id == 0 and not noted:
            return well("history", "The history is empty; the audit key is made with its first row.")
        fits = is_sealed(session, existing_audit_key(), head.id)
        known = hash_of(session, noted[0].id) if noted else None
    audit = "Run `opsdesk audit verify`, and find out who had access to the store."
    if not fits:
        return mend("history", f"The seal of row {head.id} does not fit this machine's audit key.", audit)
    if noted and known != noted[0].hash:
        return mend("history", f"Row {noted[0].id} was noted here, and the store has none or another one.", audit)
    return well("history", f"The newest of {head.id} rows is sealed with this machine's key.")


def deep(store: Store) -> Iterator[Finding]:
    """Read the whole file for damage."""
    with store.reading() as session:
        problems = list(file_problems(session))
    for problem in problems:
        yield mend("file", problem, "Restore the newest good backup: `opsdesk restore FILE --store URL`.")
    if not problems:
        yield well("file", "Every page of the store was read and is sound.")
