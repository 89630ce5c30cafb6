"""Two clerks reach for the same order at the same moment: one gets it, the other is told who and what."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, col

from opsdesk.domain.errors import Conflict, OpsDeskError, Refused
from opsdesk.domain.orders.holds import HoldType
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.operations.orders.contacts import edit_contact
from opsdesk.operations.orders.desk import assign, claim
from opsdesk.operations.orders.holds import hold, release
from opsdesk.store.engine import Store
from opsdesk.store.tables import OrderRow
from opsdesk.store.work import Done, Performer
from tests.shop_orders import write_order, write_user

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
ROUNDS = 500 if SOAK else 20
EDITS = 1_000 if SOAK else 60

Answer = Done | OpsDeskError


@pytest.fixture
def clerks(store: Store) -> list[Performer]:
    names = ("tom", "sofia", "farid", "lena")
    return [Performer(store, Actor(write_user(store, name), name, Role.AGENT, f"tty:{name}")) for name in names]


def at_once(*asks: Callable[[], Done]) -> list[Answer]:
    """Ask everything at the same moment and return the answers in the order of the questions."""
    barrier = threading.Barrier(len(asks))
    answers: list[Answer] = [Done("")] * len(asks)

    def ask(place: int) -> None:
        barrier.wait()
        try:
            answers[place] = asks[place]()
        except OpsDeskError as error:
            answers[place] = error

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def value(store: Store, question: str) -> object:
    with store.reading() as session:
        return session.execute(text(question)).scalar()


def test_one_clerk_gets_the_order_and_the_others_hear_who_has_it(store: Store, clerks: list[Performer]) -> None:
    order_id = write_order(store)
    lead = Performer(store, Actor(None, "ada", Role.SUPERVISOR))
    for _ in range(ROUNDS):
        answers = at_once(*[partial(clerk.perform, claim, order_id) for clerk in clerks])
        (winner,) = [clerk for clerk, answer in zip(clerks, answers, strict=True) if isinstance(answer, Done)]
        assert value(store, "SELECT owner_id FROM orders") == winner.actor.user_id
        refusals = [answer for answer in answers if isinstance(answer, Refused)]
        assert len(refusals) == len(clerks) - 1
        assert all(f"is with {winner.actor.name}" in refusal.message for refusal in refusals)
        lead.perform(assign, order_id, to=None)
    taken = "SELECT count(*) FROM activity WHERE action = 'order.owner' AND summary LIKE 'Taken by%'"
    assert value(store, taken) == ROUNDS


def test_looking_first_and_writing_afterwards_gives_one_order_to_two_clerks(store: Store) -> None:
    """The control: what a program without the lock does."""
    order_id = write_order(store)
    clerks = [write_user(store, name) for name in ("tom", "sofia")]
    both_have_looked = threading.Barrier(2)

    def take(user_id: int) -> Done:
        with store.reading() as session:
            owner = session.execute(text("SELECT owner_id FROM orders")).scalar()
        both_have_looked.wait()
        if owner is not None:
            raise Refused("Somebody has it.")
        with Session(store.writer) as session, session.begin():
            session.execute(update(OrderRow).where(col(OrderRow.id) == order_id).values(owner_id=user_id))
        return Done("It is yours.")

    answers = at_once(*[partial(take, user) for user in clerks])
    assert sum(isinstance(answer, Done) for answer in answers) == 2


def test_one_of_those_who_hold_places_the_hold_and_the_others_hear_of_it(store: Store, clerks: list[Performer]) -> None:
    order_id = write_order(store)
    for turn in range(ROUNDS):
        version = int(str(value(store, "SELECT version FROM orders")))
        held = {"version": version, "kind": HoldType.MANUAL, "reason": "Asks for it"}
        answers = at_once(*[partial(clerk.perform, hold, order_id, **held) for clerk in clerks])
        assert sum(isinstance(answer, Done) for answer in answers) == 1
        lost = [answer for answer in answers if isinstance(answer, OpsDeskError)]
        assert all(isinstance(answer, Conflict | Refused) for answer in lost)
        told = [answer for answer in lost if isinstance(answer, Conflict)]
        assert all(conflict.who in {clerk.actor.name for clerk in clerks} for conflict in told)
        assert value(store, "SELECT count(*) FROM hold WHERE released_at IS NULL") == 1
        clerks[turn % len(clerks)].perform(release, order_id, version=version + 1, kind=HoldType.MANUAL)


CONTACT = {"name": "Ada Berg", "email": "ada@berg.example", "phone": "+49 421 5550144", "language": "en"}


def test_who_saves_second_is_told_who_and_what_and_overwrites_nothing(store: Store, clerks: list[Performer]) -> None:
    order_id = write_order(store)
    tom, sofia = clerks[:2]
    for turn in range(EDITS):
        version = int(str(value(store, "SELECT version FROM orders")))
        by_tom = {**CONTACT, "name": f"Ada Tom {turn}"}
        # In every other round the two change different fields; the second one must still be asked.
        by_sofia = (
            {**CONTACT, "name": f"Ada Sofia {turn}"} if turn % 2 else {**CONTACT, "email": f"a{turn}@berg.example"}
        )
        answers = at_once(
            partial(tom.perform, edit_contact, order_id, version=version, **by_tom),
            partial(sofia.perform, edit_contact, order_id, version=version, **by_sofia),
        )
        done = [place for place, answer in enumerate(answers) if isinstance(answer, Done)]
        assert len(done) == 1, answers
        conflict = answers[1 - done[0]]
        winner, saved = (tom, sofia)[done[0]], (by_tom, by_sofia)[done[0]]
        assert isinstance(conflict, Conflict)
        assert conflict.who == winner.actor.name
        assert conflict.changes and winner.actor.name in conflict.message
        found = (value(store, "SELECT customer_name FROM orders"), value(store, "SELECT email FROM orders"))
        assert found == (saved["name"], saved["email"])


def test_without_the_version_that_was_seen_the_second_overwrites_the_first(
    store: Store, clerks: list[Performer]
) -> None:
    """The control: a form that saves without naming what it was based on."""
    order_id = write_order(store)
    asks = [
        partial(clerk.perform, edit_contact, order_id, version=None, **{**CONTACT, "name": f"Ada {clerk.actor.name}"})
        for clerk in clerks[:2]
    ]
    assert all(isinstance(answer, Done) for answer in at_once(*asks))


def test_a_version_from_the_future_or_the_past_is_refused_alike(store: Store, clerks: list[Performer]) -> None:
    order_id = write_order(store)
    for version in (0, 2, 99):
        with pytest.raises(Conflict):
            clerks[0].perform(edit_contact, order_id, version=version, **{**CONTACT, "name": "Ada Ek"})
    assert clerks[0].perform(edit_contact, order_id, version=1, **{**CONTACT, "name": "Ada Ek"}).version == 2
