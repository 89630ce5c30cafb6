"""Whoever follows an order hears what others do to it, until they have looked."""

from __future__ import annotations

import pytest

from opsdesk.operations.orders.desk import follow, unfollow
from opsdesk.operations.orders.notes import note
from opsdesk.store.desk.looks import mark_looked
from opsdesk.store.engine import Store
from opsdesk.store.views.orders.following import FollowedNews, followed_news
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import person
from tests.shop_orders import write_order


@pytest.fixture
def mia(store: Store, clock: StillClock) -> Performer:
    return Performer(store, person(store, "mia"), clock)


@pytest.fixture
def tim(store: Store, clock: StillClock) -> Performer:
    return Performer(store, person(store, "tim"), clock)


def news(mia: Performer) -> tuple[FollowedNews, ...]:
    with mia.store.reading() as session:
        return followed_news(session, user_id=mia.actor.user_id or 0)


def test_what_others_do_is_news_until_it_was_seen(mia: Performer, tim: Performer, store: Store) -> None:
    order_id = write_order(store)
    tim.perform(note, order_id, text="Before.")
    mia.perform(follow, order_id)
    assert news(mia) == ()
    mia.perform(note, order_id, text="My own.")
    assert news(mia) == ()
    tim.perform(note, order_id, text="Rang back.")
    (line,) = news(mia)
    assert (line.number, line.actor, line.summary) == ("104458", "tim", "Note: Rang back.")
    mark_looked(store, mia.actor.user_id or 0, order_id, line.activity_id, clock=mia.clock)
    assert news(mia) == ()


def test_what_is_not_followed_is_no_news(mia: Performer, tim: Performer, store: Store) -> None:
    order_id = write_order(store)
    mia.perform(follow, order_id)
    mia.perform(unfollow, order_id)
    tim.perform(note, order_id, text="Rang back.")
    assert news(mia) == ()
