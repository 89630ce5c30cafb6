"""Looking after people: names, roles and logins; and the shop never loses its last admin, whoever acts at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.errors import Conflict, Denied, Invalid, OpsDeskError, Refused
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.credentials import Proof
from opsdesk.operations.people.users import add, change_role, deactivate, reactivate, set_password, tie_login
from opsdesk.store.desk.passwords import hashed
from opsdesk.store.engine import Store, open_store
from opsdesk.store.repositories.users import Users
from opsdesk.store.tables import ActivityRow, CommandRow, UserRow
from opsdesk.store.views.users import UserLine, has_admin, user_named, users
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.people import ADMIN, PASSWORD, add_person


@pytest.fixture
def admin(store: Store, clock: StillClock) -> Performer:
    return Performer(store, ADMIN, clock)


def person(store: Store, name: str) -> UserLine:
    with store.reading() as session:
        found = user_named(session, name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["", "m", "mia sommer", "9mia", "mïa", "-mia", "x" * 33, "worker", "setup", "[b]"])
def test_a_name_that_could_be_mistaken_is_refused(admin: Performer, name: str):
    with pytest.raises(Invalid):
        admin.perform(add, name, full_name="Somebody", role="agent")


@pytest.mark.parametrize("role", ["system", "", "Admin", "boss"])
def test_nobody_gets_a_role_that_is_none(admin: Performer, role: str):
    with pytest.raises(Invalid, match="A role is one of"):
        admin.perform(add, "mia", full_name="Mia", role=role)


def test_a_name_and_a_login_belong_to_one_person(admin: Performer):
    admin.perform(add, "mia", full_name="Mia", role="agent", os_login="ms")
    with pytest.raises(Invalid, match="There is a mia already"):
        admin.perform(add, "MIA", full_name="Other", role="agent")
    with pytest.raises(Invalid, match="belongs to mia"):
        admin.perform(add, "max", full_name="Max", role="agent", os_login="ms")


def test_a_login_that_was_given_away_meanwhile_is_not_taken_back(store: Store, admin: Performer):
    mia = add_person(store, "mia", os_login="ms", secrets=False)
    admin.perform(deactivate, mia.user_id, version=person(store, "mia").version)
    add_person(store, "max", os_login="ms", secrets=False)
    with pytest.raises(Invalid, match="belongs to max"):
        admin.perform(reactivate, mia.user_id, version=person(store, "mia").version)


def test_what_changes_about_somebody_is_written_down_with_before_and_after(store: Store, admin: Performer):
    mia = add_person(store, "mia", secrets=False)
    admin.perform(change_role, mia.user_id, version=person(store, "mia").version, role="supervisor")
    with store.reading() as session:
        newest = session.execute(select(ActivityRow).order_by(col(ActivityRow.id).desc()).limit(1)).scalar_one()
    assert (newest.actor, newest.action, newest.before, newest.after) == (
        "ada",
        "user.role_changed",
        "agent",
        "supervisor",
    )


def test_two_admins_who_change_the_same_person_meet_a_conflict(store: Store, admin: Performer):
    mia = add_person(store, "mia", secrets=False)
    seen = person(store, "mia").version
    admin.perform(change_role, mia.user_id, version=seen, role="fraud")
    with pytest.raises(Conflict):
        admin.perform(change_role, mia.user_id, version=seen, role="agent")


def test_nobody_changes_their_own_role_or_closes_themselves(store: Store, clock: StillClock):
    add_person(store, "second", Role.ADMIN)
    ann = add_person(store, "ann", Role.ADMIN)
    me = Performer(store, ann, clock)
    with pytest.raises(Refused, match="change their own role"):
        me.perform(change_role, ann.user_id, version=person(store, "ann").version, role="agent")
    with pytest.raises(Refused, match="deactivate themselves"):
        me.perform(deactivate, ann.user_id, version=person(store, "ann").version)


def test_one_sets_ones_own_password_and_nobody_elses(store: Store, clock: StillClock):
    mia = add_person(store, "mia", secrets=False)
    new = hashed(Proof.PASSWORD, PASSWORD, name="mia")
    Performer(store, mia, clock).perform(set_password, password=new)
    assert person(store, "mia").has_password
    with pytest.raises(Invalid, match="not a password"):
        Performer(store, mia, clock).perform(set_password, password=hashed(Proof.PIN, "739184", name="mia"))
    with pytest.raises(Refused, match="Nobody is signed in"):
        Performer(store, Actor(None, "mia", Role.AGENT), clock).perform(set_password, password=new)


def test_no_hash_gets_into_history_or_answers(store: Store):
    add_person(store, "mia")
    with store.reading() as session:
        told = [repr(row) for table in (ActivityRow, CommandRow) for row in session.execute(select(table)).scalars()]
        kept = [repr(users(session)), *told]
    assert not [text for text in kept if "argon2" in text]


# --- the last admin


def test_the_last_admin_who_can_sign_in_stays(store: Store, clock: StillClock):
    ann = add_person(store, "ann", Role.ADMIN, os_login="ann", secrets=False)
    add_person(store, "helpless", Role.ADMIN, secrets=False)
    other = Performer(store, ADMIN, clock)
    version = person(store, "ann").version
    for operation, arguments in ((change_role, {"role": "agent"}), (deactivate, {}), (tie_login, {"os_login": ""})):
        with pytest.raises(Refused, match="last admin"):
            other.perform(operation, ann.user_id, version=version, **arguments)


def both_demote_each_other(store_url: str, clock: StillClock) -> bool:
    """Let two admins take each other's role at once; return whether an admin is left."""
    first = open_store(store_url)
    people = [add_person(first, name, Role.ADMIN, os_login=name, secrets=False) for name in ("ann", "bob")]
    barrier = Barrier(2)

    def demote(pair: tuple[Actor, Actor]) -> None:
        me, other = pair
        own = open_store(store_url)
        try:
            version = person(own, other.name).version
            barrier.wait(60)
            Performer(own, me, clock).perform(change_role, other.user_id, version=version, role="agent")
        except OpsDeskError:
            pass
        finally:
            own.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(demote, [tuple(people), tuple(reversed(people))]))
    with first.reading() as session:
        is_left = has_admin(session)
    first.close()
    return is_left


def test_two_admins_who_demote_each_other_at_once_leave_one(store_url: str, clock: StillClock):
    assert both_demote_each_other(store_url, clock)


def test_without_the_lock_on_the_admins_both_would_go(postgres_url: str, clock: StillClock, monkeypatch):
    """The control, where two transactions really run at once: reading without a lock loses the last admin."""
    barrier = Barrier(2, timeout=10)

    def unlocked(self: Users) -> list[UserRow]:
        wanted = select(UserRow).where(col(UserRow.role) == "admin", col(UserRow.is_active))
        found = list(self._session.execute(wanted).scalars())
        barrier.wait()
        return found

    monkeypatch.setattr(Users, "admins", unlocked)
    monkeypatch.setattr(Users, "require_current", lambda _self, _actor: None)
    assert not both_demote_each_other(postgres_url, clock)


def test_an_agent_makes_nobody_an_admin_least_of_all_themselves(store: Store, clock: StillClock):
    mia = add_person(store, "mia", secrets=False)
    with pytest.raises(Denied):
        Performer(store, mia, clock).perform(change_role, mia.user_id, version=1, role="admin")
