"""Who has an order, when it comes back, who hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsdesk.domain.errors import Denied, Invalid, Refused
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.desk import assign, claim, follow, snooze, unfollow
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import FollowRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import person, rows, the_order
from tests.shop_orders import write_order


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store)


@pytest.fixture
def mia(store: Store, clock: StillClock) -> Performer:
    return Performer(store, person(store, "mia"), clock)


@pytest.fixture
def tim(store: Store, clock: StillClock) -> Performer:
    return Performer(store, person(store, "tim"), clock)


@pytest.fixture
def sofia(store: Store, clock: StillClock) -> Performer:
    return Performer(store, person(store, "sofia", Role.SUPERVISOR), clock)


def test_the_first_who_takes_an_order_has_it(mia: Performer, tim: Performer, store: Store, order_id: int) -> None:
    mia.perform(claim, order_id)
    with pytest.raises(Refused, match="is with mia"):
        tim.perform(claim, order_id)
    assert the_order(store, order_id).owner_id == mia.actor.user_id
    assert mia.perform(claim, order_id).message == "You have 104458 already."


def test_a_supervisor_gives_and_takes_and_an_agent_does_not_give(
    mia: Performer, tim: Performer, sofia: Performer, store: Store, order_id: int
) -> None:
    mia.perform(claim, order_id)
    with pytest.raises(Denied):
        tim.perform(assign, order_id, to="tim")
    sofia.perform(assign, order_id, to="tim")
    assert the_order(store, order_id).owner_id == tim.actor.user_id
    with pytest.raises(Invalid, match="no active user"):
        sofia.perform(assign, order_id, to="nobody-of-that-name")
    sofia.perform(assign, order_id, to=None)
    assert the_order(store, order_id).owner_id is None


def test_undo_gives_an_order_back_unless_it_has_gone_on(
    mia: Performer, sofia: Performer, store: Store, order_id: int
) -> None:
    first = mia.perform(claim, order_id)
    given = sofia.perform(assign, order_id, to="sofia")
    with pytest.raises(Refused, match="gone on to somebody else"):
        mia.perform(undo, first.command_id)
    sofia.perform(undo, given.command_id)
    assert the_order(store, order_id).owner_id == mia.actor.user_id


def test_a_snoozed_order_comes_back_and_undo_wakes_it(
    mia: Performer, store: Store, order_id: int, clock: StillClock
) -> None:
    for wrong in (clock(), clock() + timedelta(days=91)):
        with pytest.raises(Invalid):
            mia.perform(snooze, order_id, until=wrong)
    done = mia.perform(snooze, order_id, until=clock() + timedelta(hours=2))
    assert the_order(store, order_id).snoozed_until == clock() + timedelta(hours=2)
    mia.perform(undo, done.command_id)
    assert the_order(store, order_id).snoozed_until is None


def test_following_is_ones_own(mia: Performer, tim: Performer, store: Store, order_id: int) -> None:
    mia.perform(follow, order_id)
    assert "already" in mia.perform(follow, order_id).message
    tim.perform(unfollow, order_id)
    assert [row.user_id for row in rows(store, FollowRow)] == [mia.actor.user_id]
    done = mia.perform(unfollow, order_id)
    mia.perform(undo, done.command_id)
    assert [row.user_id for row in rows(store, FollowRow)] == [mia.actor.user_id]
    assert the_order(store, order_id).version == 1


def test_who_is_not_a_person_claims_nothing(store: Store, actor: Actor, clock: StillClock, order_id: int) -> None:
    with pytest.raises(Refused, match="Sign in first"):
        Performer(store, actor, clock).perform(claim, order_id)
