"""The doorbell: it only rings when somebody has committed something; `views.activity` says what.

It is a plain daemon thread with a connection of its own. Another connection is never told of SQLite's changes by
itself, and a Postgres connection that listens must stay outside transactions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError

from opsdesk.store.engine import Store

PAUSE_SECONDS = 0.25
"""It rings at most four times a second; the look at SQLite's counter takes some microseconds."""
_PATIENCE_SECONDS = (0.25, 1.0, 5.0)
_SILENCE = 120
"""Quiet looks after which a Postgres connection is asked whether it still lives: half a minute."""


class Doorbell:
    """Calls `ring`, from its own thread, soon after anybody committed to the store.

    It rings too when it begins to listen, and again after a lost connection: what came before may have been missed.
    """

    def __init__(self, store: Store, ring: Callable[[], None]) -> None:
        self._store = store
        self._ring = ring
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._stand_by, name="doorbell", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; within a second the thread has ended."""
        self._stopped.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=2)

    def _stand_by(self) -> None:
        lost = 0
        listen = self._watch_counter if self._store.is_sqlite else self._listen
        while not self._stopped.is_set():
            connection = None
            try:
                connection = self._connect()
                lost = 0
                listen(connection)
            except (DBAPIError, self._store.reader.dialect.loaded_dbapi.Error):
                self._stopped.wait(_PATIENCE_SECONDS[min(lost, len(_PATIENCE_SECONDS) - 1)])
                lost += 1
            finally:
                if connection is not None:
                    connection.close()

    def _connect(self) -> Any:
        """Return a driver's connection that belongs to nobody else."""
        pooled = self._store.reader.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        return connection

    def _watch_counter(self, connection: Any) -> None:
        """Look at the counter that SQLite raises on this connection when any other commits."""
        seen = connection.execute("PRAGMA data_version").fetchone()
        self._ring()
        while not self._stopped.wait(PAUSE_SECONDS):
            now = connection.execute("PRAGMA data_version").fetchone()
            if now != seen:
                seen = now
                self._ring()

    def _listen(self, connection: Any) -> None:
        connection.autocommit = True
        connection.execute("LISTEN opsdesk")
        self._ring()
        quiet = 0
        while not self._stopped.is_set():
            if any(True for _ in connection.notifies(timeout=PAUSE_SECONDS, stop_after=1)):
                self._ring()
                # What comes in the meantime waits at the connection and rings once.
                self._stopped.wait(PAUSE_SECONDS)
                quiet = 0
            elif (quiet := quiet + 1) >= _SILENCE:
                connection.execute("SELECT 1")
                quiet = 0
