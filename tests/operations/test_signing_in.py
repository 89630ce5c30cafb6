"""Signing in: who gets in, who is locked out, what is written down, and that guessing at once gains nothing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlalchemy import event, select, update
from sqlmodel import Session, col

from opsdesk.domain.errors import Invalid, OpsDeskError, Refused
from opsdesk.domain.people.actors import Actor, Role
from opsdesk.domain.people.credentials import LOCK_LASTS, Proof
from opsdesk.operations.people import signing_in
from opsdesk.operations.people.signing_in import actor_for, sign_in
from opsdesk.operations.people.users import deactivate, unlock
from opsdesk.settings import load_settings
from opsdesk.store.audit import keys
from opsdesk.store.desk import passwords
from opsdesk.store.desk.sign_ins import Try, count_try, failures, set_failures
from opsdesk.store.engine import Store, open_store
from opsdesk.store.tables import ActivityRow, UserRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.people import ADMIN, PASSWORD, PIN, add_person, enrol_here

WRONG = "four small green wolves"
TERMINALS = 8


@pytest.fixture
def mia(store: Store) -> Actor:
    return add_person(store, "mia")


def tries(store: Store, secret: str, clock: StillClock, *, proof: Proof = Proof.PASSWORD, name: str = "mia") -> str:
    """Try once, and say what came of it."""
    try:
        return sign_in(store, name=name, secret=secret, proof=proof, terminal="test", clock=clock).name
    except OpsDeskError as error:
        return error.message


def history(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        rows = session.execute(select(ActivityRow).order_by(col(ActivityRow.id))).scalars()
        return [(row.outcome, row.summary) for row in rows if row.action.startswith("user.")]


def row_of(store: Store, name: str = "mia") -> UserRow:
    with store.reading() as session:
        return session.execute(select(UserRow).where(col(UserRow.name) == name)).scalar_one()


def test_the_right_password_makes_one_the_actor_and_is_written_down(store: Store, mia: Actor, clock: StillClock):
    assert sign_in(store, name="mia", secret=PASSWORD, proof=Proof.PASSWORD, terminal="test", clock=clock) == mia
    assert history(store)[-1] == ("done", "mia signed in with a password")
    assert row_of(store).last_seen_at == clock()


def test_a_wrong_password_and_a_name_that_nobody_has_get_the_same_words(store: Store, mia: Actor, clock: StillClock):
    wrong, unknown = tries(store, WRONG, clock), tries(store, WRONG, clock, name="mallory")
    assert wrong == unknown
    assert [outcome for outcome, _ in history(store)[-2:]] == ["failed", "failed"]


def test_a_name_that_nobody_has_is_not_written_down(store: Store, mia: Actor, clock: StillClock):
    tries(store, "", clock, name=PASSWORD)
    with store.reading() as session:
        assert not [row for row in session.execute(select(ActivityRow)).scalars() if PASSWORD in repr(row)]


@pytest.mark.parametrize(("proof", "right", "most"), [(Proof.PASSWORD, PASSWORD, 10), (Proof.PIN, PIN, 5)])
def test_after_the_last_wrong_try_the_right_secret_does_not_help(
    store: Store, mia: Actor, clock: StillClock, proof: Proof, right: str, most: int
):
    enrol_here(store)
    for _ in range(most - 1):
        tries(store, "000001", clock, proof=proof)
    assert tries(store, right, clock, proof=proof) == "mia"

    for _ in range(most):
        tries(store, "000001", clock, proof=proof)
    assert "locked for 30 more minutes" in tries(store, right, clock, proof=proof)
    assert "locked" in tries(store, PASSWORD, clock, proof=Proof.PASSWORD), "the other secret opens no locked name"
    assert ("done", f"mia is locked after {most} wrong tries with a {proof.word}") in history(store)


def test_a_lock_survives_a_restart_and_ends_after_half_an_hour(store_url: str, clock: StillClock):
    first = open_store(store_url)
    add_person(first, "mia")
    for _ in range(10):
        tries(first, WRONG, clock)
    first.close()

    second = open_store(store_url)
    clock.advance(minutes=29)
    assert "locked for 1 more" in tries(second, PASSWORD, clock)
    clock.advance(minutes=1)
    assert tries(second, PASSWORD, clock) == "mia"
    second.close()


def test_a_supervisor_unlocks_a_name_and_nobody_their_own(store: Store, mia: Actor, clock: StillClock):
    sofia = add_person(store, "sofia", Role.SUPERVISOR)
    for _ in range(10):
        tries(store, WRONG, clock)
    with pytest.raises(Refused, match="unlock themselves"):
        Performer(store, sofia, clock).perform(unlock, sofia.user_id)
    Performer(store, sofia, clock).perform(unlock, mia.user_id)
    assert tries(store, PASSWORD, clock) == "mia"


def test_a_pin_counts_on_enrolled_terminals_alone(store: Store, mia: Actor, clock: StillClock, monkeypatch, tmp_path):
    assert "not enrolled" in tries(store, PIN, clock, proof=Proof.PIN)
    enrol_here(store)
    assert tries(store, PIN, clock, proof=Proof.PIN) == "mia"

    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "another machine"))
    keys.terminal_token(make=True)
    assert "not enrolled" in tries(store, PIN, clock, proof=Proof.PIN)
    assert row_of(store).failed_pins == 0


def test_who_was_deactivated_gets_in_no_more(store: Store, mia: Actor, clock: StillClock):
    Performer(store, ADMIN, clock).perform(deactivate, mia.user_id, version=row_of(store).version)
    assert tries(store, PASSWORD, clock) == tries(store, PASSWORD, clock, name="mallory")


# --- guessing on many terminals at once


def guess_at_once(store_url: str, clock: StillClock, *, rounds: int = 3) -> int:
    """Guess wrongly on eight terminals at once, and return how many guesses the secret was really held against."""
    looked: list[str] = []
    looking = passwords.is_right
    barrier = Barrier(TERMINALS)

    def noted(proof: Proof, secret: str, stored: str | None) -> bool:
        looked.append(secret)
        return looking(proof, secret, stored)

    def terminal(number: int) -> None:
        own = open_store(store_url)
        try:
            for turn in range(rounds):
                barrier.wait(60)
                tries(own, f"guess {number} in round {turn}", clock)
        finally:
            own.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing_in, "is_right", noted)
        with ThreadPoolExecutor(TERMINALS) as pool:
            list(pool.map(terminal, range(TERMINALS)))
    return len(looked)


def counting_afterwards(store: Store, name: str, proof: Proof, *, now) -> Try:
    """The wrong order: look whether the name is locked, and leave the counting for when the answer is known."""
    with store.reading() as session:
        user = session.execute(select(UserRow).where(col(UserRow.name) == name)).scalar_one()
        return Try(user.id, failures(user, proof) + 1, user.locked_until, user.password_hash)


def failure_counted_afterwards(work, user_id: int, *, proof: Proof, number: int):
    user = work.users.locked(user_id)
    if number:
        set_failures(user, proof, failures(user, proof) + 1)
    if failures(user, proof) >= proof.most_tries:
        user.locked_until = work.now + LOCK_LASTS
    return signing_in.Done("counted")


def test_guessing_on_eight_terminals_at_once_gains_no_try(store_url: str, clock: StillClock):
    store = open_store(store_url)
    add_person(store, "mia")
    assert guess_at_once(store_url, clock) == 10
    assert row_of(store).failed_passwords == 10
    assert "locked" in tries(store, PASSWORD, clock)
    store.close()


def test_counting_after_looking_would_give_more_tries(sqlite_url: str, clock: StillClock, monkeypatch):
    """The control: with the wrong order, the test above must see more than ten guesses."""
    store = open_store(sqlite_url)
    add_person(store, "mia")
    monkeypatch.setattr(signing_in, "count_try", counting_afterwards)
    monkeypatch.setattr(signing_in.note_failure, "function", failure_counted_afterwards)
    assert guess_at_once(sqlite_url, clock) > 10
    store.close()


def test_a_right_secret_forgets_no_try_that_is_still_being_looked_at(store: Store, mia: Actor, clock: StillClock):
    count_try(store, "mia", Proof.PASSWORD, now=clock())
    mine = count_try(store, "mia", Proof.PASSWORD, now=clock())
    count_try(store, "mia", Proof.PASSWORD, now=clock())
    arguments = {"proof": Proof.PASSWORD, "number": mine.number, "secret_hash": mine.secret_hash}
    Performer(store, mia, clock).perform(signing_in.note_success, **arguments)
    assert row_of(store).failed_passwords == 1


def test_a_program_killed_while_it_looks_has_used_its_try_up(store: Store, mia: Actor, clock: StillClock, monkeypatch):
    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(signing_in, "is_right", killed)
    for _ in range(10):
        with pytest.raises(KeyboardInterrupt):
            tries(store, PASSWORD, clock)
    monkeypatch.undo()
    assert row_of(store).failed_passwords == 10


# --- what is kept, and where


def costs_of(store: Store, clock: StillClock, monkeypatch: pytest.MonkeyPatch, name: str) -> list[Parameters]:
    """Return what each hash costs that is compared when somebody tries a wrong password."""
    costs: list[Parameters] = []
    verify = PasswordHasher.verify

    def noted(hasher: PasswordHasher, value: str, secret: str) -> bool:
        costs.append(extract_parameters(value))
        return verify(hasher, value, secret)

    with monkeypatch.context() as patched:
        patched.setattr(PasswordHasher, "verify", noted)
        tries(store, WRONG, clock, name=name)
    return costs


def test_an_unknown_name_costs_as_much_hashing_as_a_wrong_password(store: Store, mia: Actor, clock, monkeypatch):
    """The hash takes fifty times as long as all the rest; with the same work neither can be told by the time."""
    (known,), (unknown,) = (costs_of(store, clock, monkeypatch, name) for name in ("mia", "mallory"))
    assert known == unknown
    assert (known.memory_cost, known.time_cost) == (passwords.MEMORY_KIB, passwords.PASSES)


def test_skipping_the_hash_for_unknown_names_would_show(store: Store, mia: Actor, clock: StillClock, monkeypatch):
    """The control: whoever answers an unknown name at once gives away which names exist."""
    looking = passwords.is_right
    monkeypatch.setattr(
        signing_in, "is_right", lambda proof, secret, stored: bool(stored) and looking(proof, secret, stored)
    )
    known, unknown = (costs_of(store, clock, monkeypatch, name) for name in ("mia", "mallory"))
    assert len(known) == 1
    assert not unknown


def test_both_take_as_many_transactions(store: Store, mia: Actor, clock: StillClock):
    """A commit waits for the disk, so one more of them would show as well."""
    commits: list[int] = []
    event.listen(store.writer, "commit", lambda _connection: commits.append(1))
    tries(store, WRONG, clock)
    known = len(commits)
    tries(store, WRONG, clock, name="mallory")
    assert len(commits) == 2 * known == 4


def test_hashes_are_argon2id_of_at_least_the_required_cost_over_a_pepper_outside_the_store(
    store: Store, mia: Actor, clock: StillClock, monkeypatch, tmp_path
):
    row = row_of(store)
    for stored in (row.password_hash, row.pin_hash):
        kind, _, cost = stored.partition(":")[2].split("$")[1:4]
        memory, passes, lanes = (int(part.split("=")[1]) for part in cost.split(","))
        assert kind == "argon2id" and memory >= 19 * 1024 and passes >= 2 and lanes >= 1
    file = load_settings().state_folder / "pepper.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert not passwords.is_right(Proof.PASSWORD, file.read_text(), row.password_hash)

    monkeypatch.setenv("OPSDESK_STATE", str(tmp_path / "another machine"))
    assert "another pepper" in tries(store, PASSWORD, clock)


def test_a_pepper_that_others_can_read_is_not_used(store: Store, mia: Actor, clock: StillClock):
    (load_settings().state_folder / "pepper.key").chmod(0o640)
    keys._key_in.cache_clear()
    assert "can be read by others" in tries(store, PASSWORD, clock)


def test_no_secret_and_no_hash_shows_where_values_are_printed(store: Store, mia: Actor, clock: StillClock):
    new = passwords.hashed(Proof.PASSWORD, PASSWORD, name="mia")
    counted = count_try(store, "mia", Proof.PASSWORD, now=clock())
    assert "argon2" not in repr(new) + repr(counted)


def test_commands_that_ask_for_no_password_do_not_load_argon2(store: Store):
    script = "import sys, opsdesk.operations.people.signing_in; sys.exit(any(name.startswith('argon2') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# --- the login of the operating system


def test_the_first_login_of_a_new_store_becomes_its_admin(store: Store, clock: StillClock):
    first = actor_for(store, name=None, os_login="ann", clock=clock)
    assert (first.name, first.role) == ("ann", Role.ADMIN)
    assert actor_for(store, name=None, os_login="ann", clock=clock) == first
    with pytest.raises(Refused, match="belongs to nobody"):
        actor_for(store, name=None, os_login="bob", clock=clock)
    assert history(store) == [("done", "ann is the first admin")]


def test_two_first_logins_at_once_make_one_admin(store_url: str, clock: StillClock):
    barrier = Barrier(4)

    def begin(login: str) -> str:
        own = open_store(store_url)
        try:
            barrier.wait(60)
            return actor_for(own, name=None, os_login=login, clock=clock).role
        except Refused:
            return "refused"
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        roles = list(pool.map(begin, ["ann", "bob", "cem", "dot"]))
    assert sorted(roles) == [Role.ADMIN, "refused", "refused", "refused"]


@pytest.mark.parametrize(
    ("login", "name"), [("Ann.Smith", "annsmith"), ("1234", "admin"), ("Ж", "admin"), ("worker", "admin")]
)
def test_any_login_gives_a_usable_name(store: Store, clock: StillClock, login: str, name: str):
    assert actor_for(store, name=None, os_login=login, clock=clock).name == name


def test_acting_as_somebody_else_takes_their_password(store: Store, mia: Actor, clock: StillClock):
    add_person(store, "ann", Role.ADMIN, os_login="ann")
    assert actor_for(store, name="ann", os_login="ann", clock=clock).name == "ann"
    with pytest.raises(Refused, match="password of mia"):
        actor_for(store, name="mia", os_login="ann", clock=clock)
    with pytest.raises(Invalid):
        actor_for(store, name="mia", os_login="ann", ask=lambda _: WRONG, clock=clock)
    assert actor_for(store, name="mia", os_login="ann", ask=lambda _: PASSWORD, clock=clock).name == "mia"


def test_a_login_of_somebody_who_was_deactivated_acts_as_nobody(store: Store, clock: StillClock):
    add_person(store, "ann", Role.ADMIN, os_login="ann")
    mia = add_person(store, "mia", os_login="mia")
    with Session(store.writer) as session, session.begin():
        session.execute(update(UserRow).where(col(UserRow.id) == mia.user_id).values(is_active=False))
    with pytest.raises(Refused, match="belongs to nobody"):
        actor_for(store, name=None, os_login="mia", clock=clock)
