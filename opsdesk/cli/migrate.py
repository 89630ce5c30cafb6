"""`opsdesk migrate`: make a store, or bring one to the schema of this program."""

from __future__ import annotations

from opsdesk.cli.acting import opened, store_url
from opsdesk.cli.options import JsonOption, StoreOption
from opsdesk.cli.output import say, say_json
from opsdesk.settings import os_login


def migrate(store: StoreOption = "", as_json: JsonOption = False) -> None:
    """Make the store if there is none, or bring it to the schema that this program knows; make its first admin."""
    from opsdesk.store.migrate import migrate as migrate_store

    url = store_url(store)
    before, after = migrate_store(url)
    admin = _first_admin(url)
    if as_json:
        say_json({"before": before, "after": after, "first_admin": admin})
        return
    if before == after:
        say(f"The store is at schema {after} already.")
    else:
        say(
            f"Made a store with schema {after}."
            if before is None
            else f"The store went from schema {before} to {after}."
        )
    if admin:
        say(f"{admin} is the first admin, with this login. Set a password: `opsdesk user password`.")
    if before is None:
        say("Keep a copy of the audit key apart from the store: `opsdesk doctor` says where the key is.")


def _first_admin(url: str) -> str | None:
    """Make the login of the operating system the admin of a store that has none; return their name."""
    from opsdesk.operations.people.signing_in import actor_for
    from opsdesk.store.views.users import has_admin

    with opened(url) as shop:
        with shop.reading() as session:
            if has_admin(session):
                return None
        return actor_for(shop, name=None, os_login=os_login()).name
