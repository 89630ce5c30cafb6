"""The outbox: pull back, change, send now, decide; and say why a key does nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from opsdesk.domain.mails.outgoing import MailState
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.mails.outbox import OutboxScreen
from opsdesk.screens.mails.panels import MailEditPanel, MailReadPanel
from opsdesk.store.desk.leases import take_lease
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import MailRow
from opsdesk.store.views.mails.listing import MailText, mail_text
from tests.conftest import StillClock
from tests.operations.people import add_person
from tests.operator import NARROW, WIDE, DeskApp, Operator, desk_at, working
from tests.screens.outbox_kit import MAILS, filled

BY_STATE = {state: number for number, (state, *_) in enumerate(MAILS)}


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def mails(shop: Store) -> list[int]:
    return filled(shop)


def app_of(shop: Store, clock: StillClock, role: Role = Role.AGENT) -> DeskApp:
    return DeskApp(desk_at(shop.url, add_person(shop, "mia", role, secrets=False), clock), OutboxScreen)


def point(operator: Operator, mails: list[int], state: MailState) -> int:
    """Put the pointer on the first mail of a state."""
    mail_id = mails[BY_STATE[state]]
    assert operator.screen.table.point_at(str(mail_id))
    return mail_id


def read(shop: Store, mail_id: int) -> MailText:
    with shop.reading() as session:
        found = mail_text(session, mail_id)
    assert found is not None
    return found


async def test_u_pulls_a_mail_back_inside_its_grace_time(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        mail_id = point(operator, mails, MailState.QUEUED)
        await operator.press("u")
        assert read(shop, mail_id).line.state is MailState.CANCELLED
        assert operator.sees("Mail taken back")


async def test_f9_sends_a_waiting_mail_at_once(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        mail_id = point(operator, mails, MailState.RETRY)
        await operator.press("f9")
        line = read(shop, mail_id).line
        assert (line.state, line.not_before, line.attempts) == (MailState.QUEUED, clock(), 0)


async def test_x_asks_first_and_only_y_takes_the_mail_back(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        mail_id = point(operator, mails, MailState.QUEUED)
        await operator.press("x", "enter", "n")
        assert read(shop, mail_id).line.state is MailState.QUEUED
        await operator.press("x", "y")
        assert read(shop, mail_id).line.state is MailState.CANCELLED


async def test_the_words_of_a_waiting_mail_can_be_changed(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        mail_id = point(operator, mails, MailState.QUEUED)
        await operator.press("enter")
        assert isinstance(operator.screen, MailEditPanel)
        operator.screen.form.fill({"subject": "On its way <b>now</b>"})
        await operator.press("f9")
        assert isinstance(operator.screen, OutboxScreen)
        assert read(shop, mail_id).line.subject == "On its way <b>now</b>"


async def test_a_mail_that_went_out_can_be_read_and_not_changed(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        await operator.press("less_than_sign")
        point(operator, mails, MailState.ACCEPTED)
        await operator.press("e")
        assert operator.sees("It cannot be changed any more")
        await operator.press("enter")
        assert isinstance(operator.screen, MailReadPanel)
        assert operator.sees("Kind regards")


@pytest.mark.parametrize(("digit", "becomes"), [("1", MailState.ACCEPTED), ("2", MailState.QUEUED)])
async def test_somebody_decides_about_a_mail_in_doubt(
    shop: Store, mails: list[int], clock: StillClock, digit: str, becomes: MailState
):
    async with working(app_of(shop, clock)) as operator:
        mail_id = point(operator, mails, MailState.HELD)
        await operator.press("f9")
        assert operator.sees("The connection broke")
        await operator.press(digit)
        assert read(shop, mail_id).line.state is becomes


async def test_who_may_not_gets_grey_keys_with_the_reason(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock, Role.WAREHOUSE)) as operator:
        mail_id = point(operator, mails, MailState.QUEUED)
        for key in ("u", "x", "e", "f9"):
            await operator.press(key)
            assert operator.sees("mia is warehouse and may not do this"), key
        assert read(shop, mail_id).line.state is MailState.QUEUED


async def test_somebody_who_was_faster_is_named_and_nothing_is_done(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        mail_id = point(operator, mails, MailState.QUEUED)
        with Session(shop.writer) as session, session.begin():
            change = update(MailRow).where(col(MailRow.id) == mail_id).values(version=9, state="sending")
            session.execute(change)
        await operator.press("f9")
        assert operator.sees("changed or sent in the meantime")
        assert read(shop, mail_id).line.state is MailState.SENDING


async def test_what_goes_out_elsewhere_is_patched_and_struck_where_it_stands(
    shop: Store, mails: list[int], clock: StillClock
):
    async with working(app_of(shop, clock)) as operator:
        screen = operator.screen
        mail_id = point(operator, mails, MailState.QUEUED)
        before = screen.table.keys
        with Session(shop.writer) as session, session.begin():
            change = update(MailRow).where(col(MailRow.id) == mail_id).values(state="accepted", accepted_at=clock())
            session.execute(change)
        screen.store_changed(StoreChange(frozenset({"order"})))
        await operator.settle()
        assert screen.table.keys == before and screen.table.pointed == str(mail_id)
        assert screen.table.is_gone(str(mail_id)) and operator.sees("accepted")


async def test_the_last_minute_is_counted_down(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        assert operator.sees("12s")
        clock.advance(seconds=5)
        await operator.until_seen("7s")
        assert not operator.sees("12s")


async def test_the_first_line_says_whether_anybody_sends(shop: Store, mails: list[int], clock: StillClock, monkeypatch):
    app = app_of(shop, clock)
    object.__setattr__(app.desk.settings, "smtp_url", "smtp://127.0.0.1:1")
    async with working(app) as operator:
        assert operator.sees("no worker runs")
        take_lease(shop, "worker", "one", lasts=timedelta(minutes=1), clock=clock)
        await operator.press("f5")
        assert operator.sees("worker runs") and not operator.sees("no worker")


async def test_an_answer_that_comes_while_the_program_ends_is_let_go(shop: Store, mails: list[int], clock, monkeypatch):
    async with working(app_of(shop, clock)) as operator:
        with monkeypatch.context() as ending:
            ending.setattr(operator.app, "_running", False)
            assert await operator.screen.fetch(mail_text, mails[0]) is None
        assert await operator.screen.fetch(mail_text, mails[0]) is not None


async def test_the_filter_narrows_while_one_types(shop: Store, mails: list[int], clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        await operator.press("slash")
        await operator.type("quist")
        await operator.rest()
        assert operator.sees("No mail here matches quist")
        await operator.press("escape")
        assert len(operator.screen.table.keys) == len(MAILS) - 1


async def test_an_empty_outbox_says_why(shop: Store, clock: StillClock):
    async with working(app_of(shop, clock)) as operator:
        assert operator.sees("No mail waits, and none needs anybody.")
        await operator.press("f9")
        assert operator.sees("No mail is selected.")


async def test_a_name_that_is_markup_is_only_a_name(shop: Store, mails: list[int], clock: StillClock):
    with Session(shop.writer) as session, session.begin():
        session.execute(update(MailRow).values(subject="[@click=app.quit]x[/] [/", last_error="[b"))
    for size in (WIDE, NARROW):
        async with working(DeskApp(desk_at(shop.url, ACTOR, clock), OutboxScreen), size=size) as operator:
            assert operator.sees("[@click")
            await operator.press("down", "enter")
            assert operator.sees("[@click=app.quit]x[/]")


ACTOR = Actor(None, "mia", Role.AGENT, "test")
