"""Signing in, switching, locking: who works here, what they see, and whose work it stays."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import select
from sqlmodel import col
from textual.app import ComposeResult
from textual.widgets import Static

from opsdesk.desk import Desk
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.desk import claim
from opsdesk.operations.people.users import unlock
from opsdesk.screens.frame.base import DeskScreen
from opsdesk.screens.frame.panels import FormPanel
from opsdesk.screens.people.lock import LockScreen
from opsdesk.screens.people.sign_in import SignInScreen
from opsdesk.store.desk.drafts import drafts_of
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, DraftRow
from opsdesk.store.work import Done, Operation, Performer, Work
from opsdesk.widgets.fields import Field, SecretField
from tests.conftest import StillClock
from tests.operations.people import ADMIN, PASSWORD, PIN, add_person, enrol_here
from tests.operator import DeskApp, Operator, desk_at, open_shop, settings, working
from tests.shop_orders import write_order

CUSTOMER = "Ada Berg, Hafenstr. 7"


class Queue(DeskScreen[None]):
    """A desk that shows a customer."""

    PLACE = "1 ORDERS"

    def compose_body(self) -> ComposeResult:
        yield Static(CUSTOMER, markup=False)


class Note(FormPanel[None]):
    """A form that somebody may have half typed."""

    DRAFT = "note"

    def __init__(self) -> None:
        super().__init__("NOTE", [Field("text", "Note")], subject_id=7)

    def commit_label(self) -> str | None:
        return "SAVE"


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def mia(shop: Store) -> Actor:
    enrol_here(shop)
    return add_person(shop, "mia")


@pytest.fixture
def sofia(shop: Store) -> Actor:
    return add_person(shop, "sofia", Role.SUPERVISOR)


def app_of(shop: Store, actor: Actor | None, clock: StillClock) -> DeskApp:
    return DeskApp(desk_at(shop.url, actor, clock), Queue)


async def prove(operator: Operator, name: str, secret: str) -> None:
    """Type a name into the empty form, then the secret."""
    await operator.type(name)
    await operator.press("enter")
    await operator.type(secret)
    await operator.press("enter")


# --- signing in


async def test_signing_in_opens_the_desk(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, None, clock)
    async with working(app) as operator:
        await app.push_screen(SignInScreen())
        await operator.settle()
        assert not operator.sees(CUSTOMER)
        await prove(operator, "mia", PASSWORD)
        assert operator.sees(CUSTOMER)
        assert app.desk.actor.name == "mia"


async def test_a_pin_and_enter_in_one_burst_sign_in(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, None, clock)
    async with working(app) as operator:
        await app.push_screen(SignInScreen())
        await operator.settle()
        await operator.burst(*"USR-mia", "enter", *PIN, "enter")
        assert app.desk.actor.name == "mia"


async def test_a_wrong_secret_is_told_at_the_field_and_forgotten(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, None, clock)
    async with working(app) as operator:
        await app.push_screen(SignInScreen())
        await operator.settle()
        await prove(operator, "mia", "a wrong one entirely")
        assert operator.sees("is not right")
        field = app.screen.query_one(SecretField)
        assert app.focused is field and field.value == ""
        await operator.type(PASSWORD)
        await operator.press("f9")
        assert app.desk.actor.name == "mia"


async def test_nobody_signed_in_can_leave_the_program_and_nothing_else(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, None, clock)
    async with working(app) as operator:
        await app.push_screen(SignInScreen())
        await operator.settle()
        for key in ("f1", "f2", "f8", "ctrl+q", "ctrl+c", "ctrl+p", "ctrl+g", "1", "9", "f5"):
            await operator.press(key)
            assert isinstance(app.screen, SignInScreen), key
            assert not operator.sees(CUSTOMER), key
        await operator.press("f3")
        assert app.return_code == 0


# --- the lock


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 15)])
async def test_five_minutes_without_a_key_hide_every_customer(shop: Store, mia: Actor, clock: StillClock, size):
    app = app_of(shop, mia, clock)
    async with working(app, size=size) as operator:
        clock.advance(minutes=4, seconds=59)
        app.lock_if_idle()
        await operator.settle()
        assert operator.sees(CUSTOMER)
        clock.advance(seconds=1)
        app.lock_if_idle()
        await operator.settle()
        assert isinstance(app.screen, LockScreen)
        assert not operator.sees("Ada") and not operator.sees("Hafenstr")


async def test_a_key_is_somebody_who_is_there(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        for _ in range(3):
            clock.advance(minutes=4)
            await operator.press("down")
        app.lock_if_idle()
        assert operator.sees(CUSTOMER)


async def test_the_first_key_after_the_time_locks_and_does_nothing_else(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        app.push_screen(Note())
        await operator.settle()
        clock.advance(hours=9)
        await operator.burst(*"x")
        assert isinstance(app.screen, LockScreen)
        assert app.screen.form.values == {"name": "mia", "secret": ""}


async def test_the_lock_goes_off_by_itself(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        clock.advance(minutes=6)
        await operator.until(lambda: isinstance(app.screen, LockScreen), "The lock does not go off.")


async def test_no_key_passes_the_lock(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        await operator.press("L")
        assert isinstance(app.screen, LockScreen)
        for key in (
            "f3",
            "escape",
            "f1",
            "f2",
            "f4",
            "f5",
            "f8",
            "ctrl+g",
            "1",
            "ctrl+q",
            "ctrl+c",
            "ctrl+p",
            "ctrl+z",
            "tab",
        ):
            await operator.press(key)
            assert isinstance(app.screen, LockScreen), key
            assert not operator.sees(CUSTOMER), key
        app.screen.set_focus(None)
        await operator.settle()
        await operator.press("1", "colon", "U", "question_mark")
        assert isinstance(app.screen, LockScreen)


async def test_unlocking_opens_what_was_open(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        app.push_screen(Note())
        await operator.settle()
        await operator.type("half a no")
        app.lock_up()
        await operator.settle()
        await operator.burst(*PIN, "enter")
        assert isinstance(app.screen, Note)
        assert app.screen.form.values["text"] == "half a no"


async def test_who_has_no_secret_yet_is_not_locked_out(shop: Store, clock: StillClock):
    ann = add_person(shop, "ann", Role.ADMIN, os_login="ann", secrets=False)
    app = app_of(shop, ann, clock)
    async with working(app) as operator:
        await operator.press("L")
        assert operator.sees("none is set") and not operator.sees(CUSTOMER)
        await operator.press("enter")
        assert operator.sees(CUSTOMER)


async def test_five_wrong_pins_lock_the_name_on_the_lock_too(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        await operator.press("L")
        for _ in range(5):
            await operator.burst(*"000001", "enter")
        await operator.burst(*PIN, "enter")
        assert isinstance(app.screen, LockScreen) and operator.sees("locked for 30 more minutes")
        Performer(shop, ADMIN, clock).perform(unlock, mia.user_id)
        await operator.burst(*PIN, "enter")
        assert operator.sees(CUSTOMER)


# --- somebody else sits down


async def test_the_half_typed_text_of_the_first_stays_theirs(shop: Store, mia: Actor, sofia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        app.push_screen(Note())
        await operator.settle()
        await operator.type("rang twice, no ans")
        app.lock_up()
        await operator.settle()
        app.screen.form.fill({"name": "sofia"})
        await operator.burst(*PIN, "enter")

        assert app.desk.actor.name == "sofia"
        assert isinstance(app.screen, Queue)
        app.push_screen(Note())
        await operator.settle()
        assert app.screen.form.values["text"] == ""
    with shop.reading() as session:
        assert [draft.fields["text"] for draft in drafts_of(session, mia.user_id)] == ["rang twice, no ans"]
        assert drafts_of(session, sofia.user_id) == ()


def marking(work: Work, number: int) -> Done:
    work.record("order.noted", "order", number, "marked")
    return Done("marked")


MARK = Operation("order.note", marking)


class LateDesk(Desk):
    """The control: it asks who works here when the command comes to run, not when it was given."""

    async def do(self, operation, *args):
        return await super().do(operation, *args)


async def wrongly_attributed(desk: Desk, people: tuple[Actor, Actor]) -> int:
    """Give 1,000 commands with random switches between them; return how many the history puts down to the other."""
    chance = random.Random(20261124)
    await desk.open()
    begun: dict[int, str] = {}
    for first in range(0, 1000, 20):
        given = []
        for number in range(first, first + 20):
            desk.switch(chance.choice(people))
            begun[number] = desk.actor.name
            given.append(asyncio.ensure_future(desk.do(MARK, number)))
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        await asyncio.gather(*given)
    with desk.store.reading() as session:
        marks = select(ActivityRow.subject_id, ActivityRow.actor).where(col(ActivityRow.summary) == "marked")
        told = dict(session.execute(marks).all())
    await desk.close()
    assert len(told) == 1000
    return sum(told[number] != name for number, name in begun.items())


async def test_each_command_is_put_down_to_who_gave_it(shop: Store, mia: Actor, sofia: Actor, clock: StillClock):
    """The desk must know who acts at the moment the command is given."""
    assert await wrongly_attributed(desk_at(shop.url, None, clock), (mia, sofia)) == 0


async def test_asking_later_who_works_here_would_be_wrong(shop: Store, mia: Actor, sofia: Actor, clock: StillClock):
    chosen = settings(shop.url)
    late = LateDesk(lambda: open_shop(chosen), chosen, clock=clock)
    assert await wrongly_attributed(late, (mia, sofia)) > 0


async def test_what_was_given_before_the_switch_is_carried_out_first(
    shop: Store, mia: Actor, sofia: Actor, clock: StillClock
):
    order_id = write_order(shop)
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        app.screen.carry_out(claim, order_id)
        await app.seat(sofia)
        await operator.settle()
        assert app.undoable is None
    with shop.reading() as session:
        newest = select(ActivityRow.actor).where(col(ActivityRow.subject_kind) == "order")
        assert session.execute(newest).scalars().all() == ["mia"]


async def test_what_the_first_did_the_second_cannot_undo_with_u(
    shop: Store, mia: Actor, sofia: Actor, clock: StillClock
):
    order_id = write_order(shop)
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        app.screen.carry_out(claim, order_id)
        await operator.settle()
        assert app.undoable is not None
        await operator.press("U")
        await prove(operator, "sofia", PIN)
        assert app.undoable is None


async def test_going_back_from_the_switch_changes_nothing(shop: Store, mia: Actor, clock: StillClock):
    app = app_of(shop, mia, clock)
    async with working(app) as operator:
        await operator.press("U", "f3")
        assert operator.sees(CUSTOMER) and app.desk.actor.name == "mia"


# --- the secret itself


async def test_the_secret_is_in_no_draft_clipboard_or_repr(shop: Store, mia: Actor, clock: StillClock, monkeypatch):
    told: list[str] = []
    app = app_of(shop, mia, clock)
    sending = SecretField.post_message
    monkeypatch.setattr(
        SecretField, "post_message", lambda self, message: told.append(repr(message)) or sending(self, message)
    )
    async with working(app) as operator:
        app.lock_up()
        await operator.settle()
        await operator.type(PASSWORD)
        await operator.press("ctrl+a", "ctrl+c", "shift+home", "ctrl+c", "ctrl+x")
        field = app.screen.query_one(SecretField)
        seen = [
            app.clipboard,
            repr(field),
            repr(app.screen.form.values),
            repr(app.screen.form.draft),
            operator.text,
            *told,
        ]
        assert not [text for text in seen if PASSWORD in text]
        await operator.rest()
    with shop.reading() as session:
        assert session.execute(select(DraftRow)).all() == []
    assert told, "the field did send messages"


# --- the whole program


async def begun_as(url: str, login: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Start the program under a login of the system; return the screen that is on top and who acts."""
    from opsdesk.app import make_app

    monkeypatch.setattr("opsdesk.app.os_login", lambda: login)
    app = make_app(url)
    async with app.run_test(size=(120, 36)) as pilot:
        desk = app.desk
        await Operator(pilot).until(
            lambda: isinstance(app.screen, SignInScreen) or (desk.is_open and desk.is_signed_in), "Nobody sits down."
        )
        return type(app.screen).__name__, app.desk.actor.name if app.desk.is_signed_in else ""


async def test_the_program_opens_for_the_login_that_is_tied_and_asks_everybody_else(
    shop: Store, monkeypatch: pytest.MonkeyPatch
):
    add_person(shop, "ann", Role.ADMIN, os_login="ann", secrets=False)
    assert await begun_as(shop.url, "ann", monkeypatch) == ("OrdersScreen", "ann")
    assert await begun_as(shop.url, "stranger", monkeypatch) == ("SignInScreen", "")


async def test_the_first_who_opens_a_new_shop_is_its_admin(shop: Store, monkeypatch: pytest.MonkeyPatch):
    assert await begun_as(shop.url, "first", monkeypatch) == ("OrdersScreen", "first")
