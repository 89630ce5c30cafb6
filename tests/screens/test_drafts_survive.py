"""Half-typed text survives its terminal (T1): the program is cut at random keystrokes in every way that a line can die."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest
from sqlalchemy import text
from sqlmodel import Session

from opsdesk.store.engine import Store, open_store
from tests.pty_driver import Terminal
from tests.shop_orders import write_order

ROUNDS = 10 if os.environ.get("OPSDESK_SOAK") else 1
SIZE = (100, 30)
F9 = b"\x1b[20~"
NOTE = "The customer rang: leave it at the back door, the neighbour has the key. Call before six."
STREET = "Carl-Ronning-Strasse 14, second yard on the left"

CUTS: dict[str, Callable[[Terminal], None]] = {
    "hup": lambda terminal: terminal.signal(signal.SIGHUP),
    "term": lambda terminal: terminal.signal(signal.SIGTERM),
    "kill": lambda terminal: terminal.kill(),
    "closed": lambda terminal: terminal.hang_up(),
    "closed-elsewhere": lambda terminal: terminal.hang_up(),
}

Start = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def shop(sqlite_url: str) -> Store:
    return open_store(sqlite_url)


@pytest.fixture
def start(shop: Store) -> Start:
    """Open the program at the order, as one more terminal of the same person."""

    @contextmanager
    def run(key: str, *, controlling: bool = True, program: str = "opsdesk") -> Iterator[Terminal]:
        command = [sys.executable, "-m", program, "--store", shop.url]
        with Terminal.run(command, size=SIZE, controlling=controlling) as terminal:
            terminal.wait_for("104458")
            terminal.send("\r")
            terminal.wait_for("GOODS")
            terminal.send(key)
            terminal.wait_for("NOTE IT" if key == "n" else "SAVE")
            yield terminal

    return run


def kept(shop: Store) -> str:
    """Return the drafts as they stand in the store."""
    with Session(shop.reader) as session:
        return " ".join(session.execute(text("SELECT fields FROM draft")).scalars())


def wait_until(holds: Callable[[], bool], patience_s: float = 60.0) -> bool:
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def cut_while_typing(start: Start, shop: Store, key: str, typed: str, how: str, place: int, **options: object) -> bool:
    """Type up to `place`, let it be kept, type a little more, cut; say whether the draft was kept before the cut."""
    with start(key, controlling=how != "closed-elsewhere", **options) as terminal:
        if key == "e":
            terminal.send(b"\t\t\x15")  # to the street, and empty it
        terminal.send(typed[:place])
        was_kept = wait_until(lambda: typed[:place].strip() in kept(shop), 60.0 if not options else 2.0)
        terminal.send(typed[place : place + 3])
        CUTS[how](terminal)
        terminal.wait()
        return was_kept


def shows(last: str, screen: str) -> bool:
    """Say whether the screen shows these words, wherever its lines break."""
    return last in " ".join(screen.split())


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize(("key", "typed"), [("n", NOTE), ("e", STREET)], ids=["note", "address"])
def test_the_draft_is_offered_at_the_next_terminal(start: Start, shop: Store, key: str, typed: str, how: str) -> None:
    write_order(shop)
    chance = random.Random(f"{key}{how}")
    for _ in range(ROUNDS):
        place = chance.randrange(5, len(typed) - 4)
        assert cut_while_typing(start, shop, key, typed, how, place)
        with start(key) as terminal:
            terminal.wait_for("Taken up where you left it.")
            last = typed[place - 5 : place].strip()
            terminal.wait_for(partial(shows, last))
            terminal.send(F9)
            terminal.wait_for("Noted on 104458" if key == "n" else "shipping address changed")
            assert wait_until(lambda: kept(shop) == "")
        with Session(shop.reader) as session:
            saved = session.execute(text("SELECT text FROM note ORDER BY id DESC")).scalars().first()
            street = session.execute(text("SELECT line1 FROM order_address")).scalar_one()
        # At most the keys of the last quarter of a second are missing, and nothing is there that was not typed.
        assert (saved if key == "n" else street) in {typed[:end].strip() for end in range(place, place + 4)}


def test_a_draft_holds_no_card_number_whatever_kills_the_program(start: Start, shop: Store) -> None:
    write_order(shop)
    secret = "card 4111 1111 1111 1111 end"
    with start("n") as terminal:
        terminal.send(secret)
        assert wait_until(lambda: "end" in kept(shop))
        terminal.kill()
    assert "4111 1111" not in kept(shop)


def test_a_program_that_keeps_no_draft_is_caught(start: Start, shop: Store) -> None:
    """The control: without the draft nothing is kept, and nothing is offered again."""
    write_order(shop)
    assert not cut_while_typing(start, shop, "n", NOTE, "kill", 20, program="tests.screens.forgetful")
    with start("n") as terminal:
        assert NOTE[:20] not in terminal.wait_until_quiet()
