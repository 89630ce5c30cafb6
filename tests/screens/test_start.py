"""The start: the first picture is the queue's own frame, and keys that are typed before it is there are not lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col
from textual.screen import Screen

from opsdesk.desk import Desk
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.screens.frame.host import DeskHost
from opsdesk.screens.queue.first_picture import FirstPicture
from opsdesk.screens.queue.screen import OrdersScreen
from opsdesk.store.engine import open_store
from opsdesk.store.tables import OrderRow
from tests.conftest import StillClock
from tests.operator import NARROW, WIDE, Operator, desk_at, working
from tests.screens.test_live import app_at
from tests.screens.test_queue import several
from tests.shop_orders import write_user


async def lines_of(screen: Screen[None], size: tuple[int, int]) -> list[str]:
    """Return what a screen says while the store is still closed."""

    def never() -> None:
        raise AssertionError("The first picture does not wait for the store.")

    clock = StillClock()
    desk = Desk(never, desk_at("sqlite://", None, clock).settings, clock=clock)  # type: ignore[arg-type]  # never opened

    class Frame(DeskHost):
        def on_mount(self) -> None:
            self.push_screen(screen)

    async with Frame(desk).run_test(size=size) as pilot:
        for _ in range(6):
            await pilot.pause()
        return [line.rstrip() for line in Operator(pilot).lines]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=str)
async def test_the_first_picture_is_the_frame_of_the_queue(size: tuple[int, int]) -> None:
    picture, queue = await lines_of(FirstPicture(), size), await lines_of(OrdersScreen(), size)
    assert [line.split() for line in picture[:4]] == [line.split() for line in queue[:4]]
    assert picture[3:6] == queue[3:6]
    lane = -2 if size == WIDE else -1
    assert queue[lane].startswith(picture[lane])


async def test_keys_typed_before_the_queue_is_there_wait_for_it(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    mia = Actor(write_user(store, "mia"), "mia", Role.AGENT, "test")
    several(store)
    app = app_at(sqlite_url, mia)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("down", "a")
        operator = Operator(pilot)
        await operator.until_seen("104002 is yours")
    with store.reading() as session:
        taken = select(OrderRow.number).where(col(OrderRow.owner_id).is_not(None))
        assert session.execute(taken).scalars().all() == ["104002"]
    store.close()


async def test_the_program_goes_from_picture_to_queue(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    mia = Actor(write_user(store, "mia"), "mia", Role.AGENT, "test")
    several(store)
    async with working(app_at(sqlite_url, mia)) as operator:
        assert isinstance(operator.app.screen_stack[0], FirstPicture)
        assert isinstance(operator.screen, OrdersScreen)
        await operator.press("f3")
        assert isinstance(operator.screen, OrdersScreen)
    store.close()
