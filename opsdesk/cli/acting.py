"""Opening the store for one command, and finding out on whose behalf it runs. Slow modules are imported here late."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from opsdesk.domain.errors import Refused
from opsdesk.settings import os_login

if TYPE_CHECKING:
    from opsdesk.domain.carriers import Carrier
    from opsdesk.domain.fraud.books import FraudBook
    from opsdesk.domain.statuses.menu import StatusBook
    from opsdesk.integrations.ports import LetterWriter
    from opsdesk.store.engine import Store
    from opsdesk.store.views.shop import Shop
    from opsdesk.store.work import Performer

PASSWORD_VARIABLE = "OPSDESK_PASSWORD"  # noqa: S105  the name of a variable, not a password


def store_url(named: str) -> str:
    """Return the store that was named, or the one that is set."""
    from opsdesk.settings import load_settings

    return named or load_settings().store_url


@contextmanager
def opened(named: str) -> Iterator[Store]:
    """Open the store for one command, and close it."""
    from opsdesk.demo.place import demo_url, stands_in
    from opsdesk.settings import load_settings, refuse_open_secrets
    from opsdesk.store.engine import open_store

    refuse_open_secrets(load_settings())
    url = store_url(named)
    if not named and stands_in(url):
        url = demo_url()
        print("There is no shop yet, so this is the demo shop.", file=sys.stderr)
    store = with_fraud(open_store(url))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def acting(named: str, as_name: str) -> Iterator[Performer]:
    """Open the store for one command on behalf of a person, and close it."""
    from opsdesk.operations.people.signing_in import actor_for
    from opsdesk.store.work import Performer

    with opened(named) as store:
        actor = actor_for(store, name=as_name or None, os_login=os_login(), ask=_ask, terminal="cli")
        yield Performer(store, actor)


def with_fraud(store: Store) -> Store:
    """Let the store know the shop's time zone, and where the fraud desk reads from once it is asked for."""
    from dataclasses import replace

    from opsdesk.settings import data_folder, load_settings

    def read() -> FraudBook:
        from opsdesk.integrations.fraud_files import open_fraud

        return open_fraud(data_folder(), load_settings().template_folder)

    return replace(store, fraud=cache(read), zone=load_settings().zone)


def carriers() -> tuple[Carrier, ...]:
    """Read the shop's carriers."""
    from opsdesk.integrations.shop_files import open_carriers
    from opsdesk.settings import data_folder, load_settings

    return open_carriers(data_folder(), load_settings().template_folder)


@contextmanager
def telling(store: Store) -> Iterator[tuple[StatusBook, LetterWriter, Shop]]:
    """Open everything that letters are written with, and close it."""
    from opsdesk.integrations.mail.opening import open_statuses, open_writer
    from opsdesk.settings import data_folder, load_settings
    from opsdesk.store.views.shop import shop

    settings = load_settings()
    with store.reading() as session:
        described = shop(session, settings.zone)
    writer = open_writer(data_folder(), settings.template_folder, described.facts)
    try:
        yield open_statuses(data_folder(), settings.template_folder), writer, described
    finally:
        writer.close()


def _ask(name: str) -> str:
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if not sys.stdin.isatty():
        raise Refused(f"To act as {name}, set {PASSWORD_VARIABLE}, or run it in a terminal.")
    return getpass.getpass(f"Password of {name}: ")
