"""The order queue: what a clerk sees, what a key does, and to which order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.orders.queues import SavedView
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.holds import hold
from opsdesk.operations.orders.notes import note
from opsdesk.screens.frame.host import StoreChange
from opsdesk.screens.queue.preview import QueuePreview
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, NoteRow, OrderRow
from opsdesk.store.work import Performer
from tests.conftest import START, StillClock
from tests.operator import NARROW, WIDE, DeskApp, Operator, desk_at, working
from tests.queue_orders import plain_order, write_orders
from tests.shop_orders import write_customer, write_order, write_user


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def mia(shop: Store) -> Actor:
    return Actor(write_user(shop, "mia"), "mia", Role.AGENT, "test")


def queue(url: str, actor: Actor, view: SavedView = SavedView.TO_SHIP) -> DeskApp:
    return DeskApp(desk_at(url, actor, StillClock()), lambda: OrdersScreen(view))


def screen_of(operator: Operator) -> OrdersScreen:
    found = operator.screen
    assert isinstance(found, OrdersScreen)
    return found


def pointed(operator: Operator) -> str:
    line = screen_of(operator).line
    return line.number if line else ""


def several(shop: Store, count: int = 5) -> list[int]:
    ada = write_customer(shop)
    return [
        write_order(shop, str(104_001 + place), customer_id=ada, placed_at=START - timedelta(hours=9 - place))
        for place in range(count)
    ]


async def test_a_hold_shows_in_its_row_and_undo_takes_it_back(store_url: str) -> None:
    shop = open_store(store_url)
    actor = Actor(write_user(shop, "mia"), "mia", Role.AGENT, "test")
    several(shop)
    async with working(queue(store_url, actor)) as operator:
        await operator.press("down", "h", "1")
        await operator.press("f9")
        assert "104002 is on hold" in screen_of(operator).message
        assert "ON HOLD" in row_of("104002", operator)
        assert pointed(operator) == "104002"

        await operator.press("u")
        assert "READY" in row_of("104002", operator)
    with shop.reading() as session:
        words = session.execute(
            select(col(ActivityRow.action)).where(col(ActivityRow.subject_kind) == "order")
        ).scalars()
        assert [word for word in words if word.startswith("hold")] == ["hold.placed", "hold.released"]
    shop.close()


async def test_keys_typed_ahead_act_on_the_order_that_they_were_meant_for(shop: Store, mia: Actor) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        # In one burst: down, hold for the first reason, then down and claim the next one.
        await operator.burst("down", "h", "1", "f9", "down", "a")
    with shop.reading() as session:
        done = session.execute(
            select(OrderRow.number, OrderRow.hold_type, OrderRow.owner_id).order_by(OrderRow.number)
        ).all()
    assert [(number, kind is not None, owner is not None) for number, kind, owner in done] == [
        ("104001", False, False),
        ("104002", True, False),
        ("104003", False, True),
        ("104004", False, False),
        ("104005", False, False),
    ]


async def test_marked_orders_are_rehearsed_asked_for_and_taken_back_as_one(shop: Store, mia: Actor) -> None:
    ids = several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("space", "space", "space", "h", "1")
        assert operator.sees("all 3?")

        await operator.press("enter", "enter")
        assert [line.hold_type for line in screen_behind(operator).lines.values()] == [None] * 5

        await operator.press("y")
        assert screen_of(operator).message == "3 done."
        assert held(shop) == ["104001", "104002", "104003"]

        await operator.press("u")
        assert held(shop) == []
    assert len(ids) == 5


async def test_an_order_that_changed_after_it_was_marked_is_left_out_with_its_reason(shop: Store, mia: Actor) -> None:
    ids = several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("space", "space")
        Performer(shop, Actor(None, "sofia", Role.SUPERVISOR), StillClock()).perform(
            hold, ids[0], kind=HoldType.ADDRESS, reason="The street is missing."
        )
        screen_of(operator).store_changed(StoreChange(frozenset({"order"}), frozenset(ids[:1])))
        await operator.settle()
        await operator.press("b")
        assert operator.sees("Start packing 1, and leave 1 out?")
        assert operator.sees("104001")
        await operator.press("y")
        assert screen_of(operator).message.startswith("1 done, 1 left out: ")


async def test_marked_orders_are_snoozed_and_noted_together(shop: Store, mia: Actor) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("space", "space", "n")
        await operator.type("Rings at five")
        await operator.press("f9", "y")
        assert screen_of(operator).message == "2 done."
        await operator.press("z", "1", "y")
        assert screen_of(operator).message == "2 done."
        await operator.press("f5")
        assert [line.number for line in screen_of(operator).lines.values()] == ["104003", "104004", "104005"]
        await operator.press("u", "f5")
        assert len(screen_of(operator).lines) == 5
    with shop.reading() as session:
        assert session.execute(select(NoteRow.text)).scalars().all() == ["Rings at five"] * 2


async def test_what_works_on_one_order_alone_is_refused_while_several_are_marked(shop: Store, mia: Actor) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("space", "space", "s")
        assert screen_of(operator).message == "This is done to one order at a time. Take the marks away first (-)."
        await operator.press("f9")
        assert isinstance(operator.screen, OrdersScreen) or operator.sees("Start packing all 2?")


async def test_foreign_changes_patch_the_row_and_move_nothing(shop: Store, mia: Actor) -> None:
    ids = several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("down", "down")
        before = rows_of(operator)
        Performer(shop, Actor(None, "sofia", Role.SUPERVISOR), StillClock()).perform(
            hold, ids[0], kind=HoldType.ADDRESS, reason="The street is missing."
        )
        new = write_order(shop, "104900", customer_id=1, placed_at=START - timedelta(hours=20))
        screen_of(operator).store_changed(StoreChange(frozenset({"order"}), frozenset({ids[0], new})))
        await operator.settle()

        assert pointed(operator) == "104003"
        assert operator.sees("1 new, F5")
        after = rows_of(operator)
        assert len(after) == len(before)
        assert "ON HOLD" in after[0]

        await operator.press("f5")
        assert not operator.sees("new, F5")
        assert operator.sees("104900")
        assert pointed(operator) == "104003"


async def test_a_key_on_an_order_that_has_moved_on_is_held_back_once(shop: Store, mia: Actor) -> None:
    ids = several(shop)
    async with working(queue(shop.url, mia)) as operator:
        Performer(shop, Actor(None, "sofia", Role.SUPERVISOR), StillClock()).perform(
            hold, ids[0], kind=HoldType.ADDRESS, reason="The street is missing."
        )
        screen_of(operator).store_changed(StoreChange(frozenset({"order"}), frozenset(ids[:1])))
        await operator.settle()
        await operator.press("a")
        assert "104001 has moved on" in screen_of(operator).message
        await operator.press("a")
        assert screen_of(operator).message == "104001 is yours."


async def test_a_greyed_key_says_why(shop: Store, mia: Actor) -> None:
    write_order(shop, "104001", paid=False)
    async with working(queue(shop.url, mia, SavedView.EVERYTHING)) as operator:
        await operator.rest()
        await operator.press("s")
        assert "104001 is not paid" in screen_of(operator).message
        await operator.press("A")
        assert "may not do this" in screen_of(operator).message


async def test_the_preview_names_the_order_that_it_shows(
    shop: Store, mia: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(shop)
    read_in, may_read = QueuePreview._read_in, asyncio.Event()

    async def slowly(self: QueuePreview) -> None:
        await may_read.wait()
        await read_in(self)

    async with working(queue(shop.url, mia)) as operator:
        await operator.rest()
        assert operator.screen.query_one(QueuePreview).text.startswith(" 104001")
        monkeypatch.setattr(QueuePreview, "_read_in", slowly)
        await operator.pilot.press("down", "down", "down")
        await operator.until(lambda: pointed(operator) == "104004")
        # Until the next order has been read, the preview names the one that it still shows.
        assert operator.screen.query_one(QueuePreview).text.startswith(" 104001")
        may_read.set()
        await operator.rest()
        assert operator.screen.query_one(QueuePreview).text.startswith(" 104004")


async def test_filtering_as_one_types_and_back(shop: Store, mia: Actor) -> None:
    write_orders(shop, [plain_order(place) for place in range(40)])
    async with working(queue(shop.url, mia)) as operator:
        await operator.burst("slash", *"emil", "enter", "down")
        assert operator.sees("filter: emil")
        rows = list(screen_of(operator).lines.values())
        assert len(rows) == 5
        assert {line.customer_name for line in rows} == {"Emil Cohn"}
        assert pointed(operator) == rows[1].number

        await operator.press("slash", "escape")
        assert len(screen_of(operator).lines) == 40


async def test_walking_down_reads_on_and_skips_nobody(shop: Store, mia: Actor) -> None:
    write_orders(shop, [plain_order(place) for place in range(250)])
    async with working(queue(shop.url, mia)) as operator:
        seen = {pointed(operator)}
        for _ in range(12):
            await operator.press("pagedown")
        await operator.press("end")
        seen |= {line.number for line in screen_of(operator).lines.values()}
        assert len(seen) == 250
        assert pointed(operator) == str(100_249)


async def test_views_sorting_and_counts(shop: Store, mia: Actor) -> None:
    write_orders(shop, [plain_order(place, total_minor=place) for place in range(8)])
    async with working(queue(shop.url, mia)) as operator:
        assert operator.sees("[To ship 8]")
        await operator.press("S", "S")
        assert operator.sees("sort total ↓")
        assert pointed(operator) == "100000"
        await operator.press("home")
        assert pointed(operator) == "100007"
        await operator.press("R", "home")
        assert pointed(operator) == "100000"
        await operator.press("greater_than_sign")
        assert screen_of(operator).asked.view is SavedView.LATE
        await operator.press("f4", "1")
        assert screen_of(operator).asked.view is SavedView.NEW


async def test_an_empty_view_says_why_and_what_helps(shop: Store, mia: Actor) -> None:
    write_order(shop, "104001")
    async with working(queue(shop.url, mia, SavedView.ON_HOLD)) as operator:
        assert operator.sees("Nothing is on hold or waiting.")
        await operator.press("h", "enter", "space", "f9", "down", "end")
        assert isinstance(operator.screen, OrdersScreen)


async def test_finding_by_the_last_four_digits_opens_the_order(shop: Store, mia: Actor) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("down")
        await operator.burst("f2", *"4004", "enter")
        assert operator.sees("104004")
        assert type(operator.screen).__name__ == "OrderScreen"
        await operator.press("f3")
        assert pointed(operator) == "104002"


async def test_two_hits_are_listed_and_a_digit_takes_one(shop: Store, mia: Actor) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("f2")
        await operator.type("ada berg")
        await operator.press("enter")
        assert operator.sees("1 1040")
        await operator.press("2")
        assert type(operator.screen).__name__ == "OrderScreen"


@pytest.mark.parametrize("size", [WIDE, NARROW, (60, 20), (200, 50)], ids=str)
async def test_every_size_shows_rows_and_the_way_to_help(shop: Store, mia: Actor, size: tuple[int, int]) -> None:
    several(shop)
    async with working(queue(shop.url, mia), size=size) as operator:
        assert operator.sees("104001")
        assert operator.sees("F1")
        assert operator.sees("F9")


async def test_typed_letters_are_text_and_no_commands(shop: Store, mia: Actor) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        await operator.press("slash")
        await operator.type("haxuq")
        assert operator.sees("ENTRY")
        assert held(shop) == []


async def test_the_store_going_away_is_said_and_what_is_shown_stays(
    shop: Store, mia: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        with _store_away(operator, monkeypatch):
            await operator.press("f5")
            assert operator.sees("store away since 14:32")
            assert operator.sees("104001")
            await operator.press("a")
            assert held(shop) == []
        await operator.press("f5")
        assert not operator.sees("store away")


async def test_a_slow_reading_is_said_and_the_word_goes_with_it(
    shop: Store, mia: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(shop)
    async with working(queue(shop.url, mia)) as operator:
        read, answers = operator.app.desk.read, asyncio.Event()

        async def slowly(*args: object, **kwargs: object) -> object:
            await answers.wait()
            return await read(*args, **kwargs)

        operator.screen.say_done("Held.", hint="u undoes")
        monkeypatch.setattr(operator.app.desk, "read", slowly)
        await operator.pilot.press("f5")
        await operator.until_seen("reading ...")
        assert operator.sees("104001")
        answers.set()
        await operator.settle()
        assert not operator.sees("reading ...")
        assert operator.sees("Held.   u undoes")


async def test_an_agent_is_told_when_somebody_cancels_what_they_look_at(shop: Store, mia: Actor) -> None:
    ids = several(shop, 2)
    async with working(queue(shop.url, mia)) as operator:
        sofia = Performer(shop, Actor(None, "sofia", Role.SUPERVISOR), StillClock())
        sofia.perform(note, ids[0], text="Customer rang.")
        with shop.reading() as session:
            version = session.execute(select(OrderRow.version).where(OrderRow.id == ids[0])).scalar_one()
        from opsdesk.domain.orders.rules import CancelReason

        sofia.perform(cancel, ids[0], version=version, reason=CancelReason.CUSTOMER)
        await operator.press("b")
        assert "104001" in screen_of(operator).message
        assert not operator.sees("is being packed")


def rows_of(operator: Operator) -> list[str]:
    table = operator.screen.query_one("#queue").region
    return [line[: table.right] for line in operator.lines[table.y + 1 : table.bottom] if line[: table.right].strip()]


def row_of(number: str, operator: Operator) -> str:
    return next(row for row in rows_of(operator) if number in row)


def held(shop: Store) -> list[str]:
    with shop.reading() as session:
        query = select(OrderRow.number).where(col(OrderRow.hold_type).is_not(None)).order_by(OrderRow.number)
        return list(session.execute(query).scalars())


def screen_behind(operator: Operator) -> OrdersScreen:
    return next(screen for screen in operator.app.screen_stack if isinstance(screen, OrdersScreen))


class _store_away:
    """Makes every read and write fail, as a server that is not there."""

    def __init__(self, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
        self._desk, self._patch = operator.app.desk, monkeypatch

    def __enter__(self) -> None:
        from opsdesk.domain.errors import Unavailable

        async def away(*_: object, **__: object) -> object:
            raise Unavailable("The store cannot be reached. Nothing is known to have changed.")

        self._patch.setattr(self._desk, "read", away)
        self._patch.setattr(self._desk, "do", away)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()
