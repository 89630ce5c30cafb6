"""Pictures of the screens about people and mails: the gate in its moods, who works here, what one did, a mail's words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TextArea

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.desk import claim
from opsdesk.operations.orders.notes import note
from opsdesk.screens.history import HistoryScreen
from opsdesk.screens.mails.outbox import OutboxScreen
from opsdesk.screens.people.sign_in import SignInScreen
from opsdesk.screens.people.users import UsersScreen
from opsdesk.settings import Glyphs
from opsdesk.store.engine import Store, open_store
from opsdesk.store.views.users import user_named
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.looks.kit import SIZES
from tests.operations.people import add_person, enrol_here
from tests.operator import DeskApp, Operator, desk_at
from tests.screens.outbox_kit import MAILS, filled

_MAIL = str(1 + [state for state, *_ in MAILS].index(MailState.QUEUED))
_DOUBT = str(1 + [state for state, *_ in MAILS].index(MailState.HELD))

LOOKS: dict[str, tuple[Callable[[], Screen[None]], tuple[str, ...], Glyphs]] = {
    "sign-in-wrong": (SignInScreen, (*"mia", "enter", *"000001", "enter"), Glyphs.UNICODE),
    "sign-in-ascii": (SignInScreen, tuple("mia"), Glyphs.ASCII),
    "history": (HistoryScreen, ("down",), Glyphs.UNICODE),
    "new-person": (UsersScreen, ("insert", *"rolf", "tab", *"Rolf Petersen", "f9"), Glyphs.UNICODE),
    "roles": (UsersScreen, ("e", "f4"), Glyphs.UNICODE),
    "new-secret": (UsersScreen, ("K", "1", *"short", "tab", *"short", "f9"), Glyphs.UNICODE),
    "mail-edit": (OutboxScreen, (f"point:{_MAIL}", "e"), Glyphs.UNICODE),
    "mail-in-doubt": (OutboxScreen, (f"point:{_DOUBT}", "f9"), Glyphs.UNICODE),
    "mail-ascii": (OutboxScreen, (), Glyphs.ASCII),
}


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing blinks, nothing slides."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)
    monkeypatch.setattr(TextArea, "_toggle_cursor_blink_visible", lambda _: None, raising=False)


@pytest.fixture
def shop(sqlite_url: str, clock: StillClock) -> Store:
    """Four people and some mails; lena took an order on and wrote a note."""
    store = open_store(sqlite_url)
    enrol_here(store)
    filled(store)
    lena = add_person(store, "lena", Role.ADMIN, os_login="lena", secrets=False)
    for name, role in (("mia", Role.AGENT), ("piet", Role.WAREHOUSE), ("sofia", Role.SUPERVISOR)):
        add_person(store, name, role, secrets=name == "mia")
    clock.moment = START + timedelta(minutes=2)
    me = Performer(store, lena, clock)
    me.perform(claim, 1)
    clock.advance(minutes=1)
    me.perform(note, 2, text="Rang twice.")
    clock.moment = START + timedelta(minutes=9)
    return store


def at_work(keys: tuple[str, ...]):
    async def work(pilot: Pilot[int]) -> None:
        operator = Operator(pilot)
        await operator.settle()
        for key in keys:
            word, _, record = key.partition(":")
            if word == "point":
                operator.screen.table.point_at(record)
                await operator.settle()
            else:
                await operator.press(key)
        await operator.rest()

    return work


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS)
def test_look(look: str, size: str, shop: Store, clock: StillClock, snap_compare) -> None:
    first, keys, glyphs = LOOKS[look]
    with shop.reading() as session:
        lena = user_named(session, "lena")
    assert lena is not None
    desk = desk_at(shop.url, Actor(lena.id, "lena", Role.ADMIN, "test"), clock, glyphs=glyphs)
    assert snap_compare(DeskApp(desk, first), terminal_size=SIZES[size], run_before=at_work(keys))
