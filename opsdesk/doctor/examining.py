"""The whole round, in the order in which things depend on each other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from pysqlite3 import dbapi2
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from opsdesk.doctor import files, gateways, outside, rules, stores
from opsdesk.doctor.findings import Finding, Level, mend
from opsdesk.doctor.versions import python_version, sqlite_library
from opsdesk.domain.errors import OpsDeskError
from opsdesk.domain.moments import Clock, system_clock
from opsdesk.settings import Settings
from opsdesk.store.audit.keys import FILE_NAME
from opsdesk.store.engine import Store, connect

Look = Callable[[], Finding | Iterable[Finding]]


def examine(settings: Settings, url: str, *, deep: bool = False, clock: Clock = system_clock) -> tuple[Finding, ...]:
    """Look at everything; what cannot be looked at is itself something to mend. Nothing is changed.

    Raises:
        Refused: the URL is of no store that OpsDesk knows.
    """
    store = connect(url)
    file = Path(make_url(url).database or "") if store.is_sqlite else None
    try:
        found = [python_version(sys.version_info[:3])]
        found += _looked("file modes", partial(files.private_files, file, settings.state_folder))
        found += _looked("secrets", lambda: gateways.secrets(settings))
        if file is not None:
            found += [sqlite_library(tuple(dbapi2.sqlite_version_info)), *_looked("disk", partial(files.disk, file))]
        reached = list(_looked("store", lambda: stores.schema(store)))
        found += reached
        if all(finding.level is Level.WELL for finding in reached):
            for check, look in _looks(store, settings, clock, deep=deep):
                found += _looked(check, look)
        found += _looked("gateway", lambda: gateways.gateways(settings))
        return (*found, *_looked("templates", lambda: outside.templates(settings)))
    finally:
        store.close()


def key_file(settings: Settings) -> Path:
    """Return where the audit key lies, of which a copy belongs into a safe place."""
    return settings.state_folder / FILE_NAME


def _looks(store: Store, settings: Settings, clock: Clock, *, deep: bool) -> Iterator[tuple[str, Look]]:
    yield "settings", lambda: (stores.sqlite_settings if store.is_sqlite else stores.postgres_settings)(store)
    yield "history", lambda: stores.history(store)
    yield "clock", lambda: outside.clock(store, now=clock())
    yield "worker", lambda: outside.worker(store, now=clock())
    yield "rules", lambda: rules.rules(store, settings, now=clock())
    yield "mail server", lambda: outside.mail_server(store, settings)
    yield "mailbox", lambda: outside.mailbox(store, settings)
    if deep and store.is_sqlite:
        yield "file", lambda: stores.deep(store)


def _looked(check: str, look: Look) -> Iterator[Finding]:
    try:
        found = look()
        yield from [found] if isinstance(found, Finding) else found
    except OpsDeskError as error:
        yield mend(check, error.message, "Put this right, then run `opsdesk doctor` again.")
    except (DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        yield mend(check, f"This could not be looked at: {cause}.", "Put this right, then run `opsdesk doctor` again.")
