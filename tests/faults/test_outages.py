"""The server goes away in the middle of the work: nothing is lost, nothing is done twice, nobody sees a traceback."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from opsdesk.desk import Desk, OpenedShop
from opsdesk.domain.errors import Unavailable
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.notes import note
from opsdesk.settings import load_settings
from opsdesk.store.engine import Store, open_store
from opsdesk.store.migrate import migrate
from opsdesk.store.work import Performer
from tests.faults.clerks import CLERKS, Clerk, Journal, found_wrong, open_shop, outcomes, read_journals
from tests.faults.postgres_outage import Outages, server_with_outages
from tests.shop_orders import write_order

SOAK = bool(os.environ.get("OPSDESK_SOAK"))
OUTAGES = 20 if SOAK else 2


@pytest.fixture
def outages() -> Iterator[Outages]:
    if "://" in os.environ.get("OPSDESK_TEST_PG", ""):
        pytest.fail("The tests must start this server themselves; do not name a running one in OPSDESK_TEST_PG.")
    with server_with_outages() as switch:
        yield switch


def test_four_clerks_work_through_outages(outages: Outages, tmp_path: Path) -> None:
    url = outages.server.url(outages.server.create())
    migrate(url)
    open_shop(url)
    store, stop, problems = open_store(url), threading.Event(), []

    def work(number: int) -> None:
        clerk = Clerk(store, number, Journal(tmp_path / f"{number}.journal"), 70 + number)
        clerk.wait = lambda: stop.wait(0.02)
        try:
            while not stop.is_set():
                try:
                    clerk.work()
                except Unavailable:
                    stop.wait(0.02)
        except Exception as error:  # noqa: BLE001  whatever else reaches a clerk is what this test looks for
            problems.append(repr(error))

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(len(CLERKS))]
    for thread in threads:
        thread.start()
    for number in range(OUTAGES):
        wait_for(tmp_path, 40 * (number + 1))
        outages.stop()
        stop.wait(0.2)
        outages.start()
    wait_for(tmp_path, 40 * (OUTAGES + 1))
    stop.set()
    for thread in threads:
        thread.join()
    lines = read_journals(tmp_path)
    assert problems == []
    assert found_wrong(store, lines) == []
    assert {line["id"] for line in lines if line.get("unsettled")} <= {
        line["id"] for line in lines if line["step"] in ("done", "refused")
    }, "each command that was in doubt was settled"
    sentences = {line["message"].split(".", 1)[0] for line in lines if line["step"] == "unavailable"}
    assert sentences <= {"The store cannot be reached", "The store went away while it was saving"}
    store.close()


def wait_for(folder: Path, done: int) -> None:
    """Wait until so many commands were acknowledged."""
    while outcomes(read_journals(folder))["done"] < done:
        threading.Event().wait(0.02)


class Lost:
    """Lets the store save the next commit and lose the answer; `away` keeps it unreachable for so many look-ups."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, away: int = 0) -> None:
        self.left, self.away = 1, away
        commit, reading = Session.commit, Store.reading

        def lose(session: Session) -> None:
            commit(session)
            if self.left:
                self.left -= 1
                raise OperationalError("COMMIT", None, Exception("server closed the connection unexpectedly"))

        def look(store: Store):  # type: ignore[no-untyped-def]
            if self.left == 0 and self.away:
                self.away -= 1
                raise Unavailable("The store cannot be reached.")
            return reading(store)

        monkeypatch.setattr(Session, "commit", lose)
        monkeypatch.setattr(Store, "reading", look)


def notes(store: Store) -> int:
    with store.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM note")).scalar_one())


def test_a_commit_whose_answer_was_lost_is_looked_up(store: Store, actor: Actor, monkeypatch) -> None:
    order_id = write_order(store)
    Lost(monkeypatch)
    assert Performer(store, actor).perform(note, order_id, text="Called").message
    assert notes(store) == 1


def test_in_doubt_it_is_asked_again_under_its_own_id_and_done_once(
    postgres_url: str, actor: Actor, monkeypatch
) -> None:
    store = open_store(postgres_url)
    order_id = write_order(store)
    Lost(monkeypatch, away=1)
    performer = Performer(store, actor)
    with pytest.raises(Unavailable, match="not known yet") as doubt:
        performer.perform(note, order_id, text="Called")
    assert performer.perform_as(doubt.value.command_id, note, order_id, text="Called").command_id
    assert notes(store) == 1
    store.close()


async def test_the_desk_gives_a_command_in_doubt_again_under_its_own_id(
    postgres_url: str, actor: Actor, monkeypatch
) -> None:
    store = open_store(postgres_url)
    order_id = write_order(store)
    shop = OpenedShop(store, None, None, None)  # type: ignore[arg-type]  only the store is asked
    desk = Desk(lambda: shop, load_settings(), actor=actor)
    await desk.open()
    Lost(monkeypatch, away=1)
    with pytest.raises(Unavailable, match="not known yet"):
        await desk.do(note, order_id, text="Called")
    assert (await desk.do(note, order_id, text="Called")).command_id
    assert notes(store) == 1
    await desk.do(note, order_id, text="Called")
    assert notes(store) == 2, "once it is settled, the same words are a new note"
    await desk.close()


async def test_what_is_in_doubt_stays_so_while_the_store_is_away(postgres_url: str, actor: Actor, monkeypatch) -> None:
    store = open_store(postgres_url)
    order_id = write_order(store)
    shop = OpenedShop(store, None, None, None)  # type: ignore[arg-type]  only the store is asked
    desk = Desk(lambda: shop, load_settings(), actor=actor)
    await desk.open()
    Lost(monkeypatch, away=1)
    with pytest.raises(Unavailable, match="not known yet") as doubt:
        await desk.do(note, order_id, text="Called")
    with monkeypatch.context() as away:
        away.setattr(Session, "get", _unreachable)
        with pytest.raises(Unavailable, match="not known yet") as still:
            await desk.do(note, order_id, text="Called")
    assert still.value.command_id == doubt.value.command_id
    await desk.do(note, order_id, text="Called")
    assert notes(store) == 1
    await desk.close()


def _unreachable(*_: object, **__: object) -> None:
    raise OperationalError("SELECT", None, Exception("connection refused"))


def test_asking_again_under_a_new_id_would_do_it_twice(postgres_url: str, actor: Actor, monkeypatch) -> None:
    """The control: a program that repeats what it does not know."""
    store = open_store(postgres_url)
    order_id = write_order(store)
    Lost(monkeypatch, away=1)
    performer = Performer(store, actor)
    with pytest.raises(Unavailable):
        performer.perform(note, order_id, text="Called")
    performer.perform(note, order_id, text="Called")
    assert notes(store) == 2
    store.close()


def test_the_same_command_asked_twice_at_once_is_done_once_and_answered_twice(store: Store, actor: Actor) -> None:
    order_id, barrier, answers = write_order(store), threading.Barrier(4), []

    def ask() -> None:
        barrier.wait()
        answers.append(Performer(store, actor).perform_as("one and the same", note, order_id, text="Called"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and len({(answer.message, answer.version) for answer in answers}) == 1
    assert notes(store) == 1
