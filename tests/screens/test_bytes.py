"""The real program on a pseudo-terminal: bytes in one write, bytes out per step, what the first picture waits for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from opsdesk.store.engine import open_store
from opsdesk.store.tables import NoteRow, OrderRow, ParcelRow, UserRow
from tests.pty_driver import Terminal

_RUN = """
import sys
from opsdesk.app import run_app
from opsdesk.domain.people.actors import Actor, Role

sys.exit(run_app({url!r}, Actor({mia}, "mia", Role.AGENT, "test")))
"""
_BLINKING = """
from textual.app import App
from textual.widgets import Input

class Blinking(App):
    def compose(self):
        yield Input("ready")

Blinking().run()
"""
_F2, _F3, _F9 = "\x1bOQ", "\x1bOR", "\x1b[20~"
_DOWN, _PAGE_DOWN = "\x1b[B", "\x1b[6~"
_SLOW = (
    "sqlalchemy",
    "sqlmodel",
    "alembic",
    "psycopg",
    "pydantic",
    "jinja2",
    "babel",
    "phonenumbers",
    "email_validator",
    "typer",
)

DemoStore = Callable[..., str]


@contextmanager
def queue(url: str, size: tuple[int, int] = (120, 36)) -> Iterator[Terminal]:
    """Open the app on a store and wait until the queue is filled."""
    store = open_store(url)
    with store.reading() as session:
        mia = session.execute(select(UserRow.id).where(col(UserRow.name) == "mia")).scalar_one()
    store.close()
    with Terminal.run([sys.executable, "-c", _RUN.format(url=url, mia=mia)], size=size) as terminal:
        terminal.wait_for("works here now")
        terminal.wait_until_quiet(0.5)
        yield terminal


def test_a_burst_finds_an_order_writes_a_note_and_comes_back(demo_store: DemoStore) -> None:
    url = demo_store()
    with queue(url) as terminal:
        number = first_number(url)
        # Everything in one write: find by the last four digits, note, text, commit, back.
        terminal.send(f"{_F2}{number[-4:]}\rnRings again at five{_F9}")
        terminal.wait_for("Noted on")
        terminal.send(f"{_F3}:quit\r")
        assert terminal.wait() == 0
    store = open_store(url)
    with store.reading() as session:
        found = select(OrderRow.number, NoteRow.text).join(NoteRow, col(NoteRow.order_id) == col(OrderRow.id))
        assert (number, "Rings again at five") in session.execute(found).all()
    store.close()


_ACCIDENTS = ("\x11", "\x13", "\x03", "\x1b1", "\x1b3", "\x1d", "\x1bf", "\x1b[25~", "\x1b[1;2R", "q", "g", "\x00")
_ANSWERS = (("\x11", "Still here."), ("\x13", "Nothing to save"), ("\x03", "Still here."), ("q", "q and g do nothing"))


def test_a_scanned_code_opens_its_order_and_gives_no_commands(demo_store: DemoStore) -> None:
    url = demo_store()
    store = open_store(url)
    with store.reading() as session:
        wanted = select(ParcelRow.tracking_number, OrderRow.number).join(
            OrderRow, col(OrderRow.id) == ParcelRow.order_id
        )
        found = session.execute(wanted.where(func.length(col(ParcelRow.tracking_number)) >= 12)).all()
    store.close()
    code, number = next(pair for pair in found if sum(map(str.isdigit, pair[0])) >= 8)
    with queue(url) as desk:
        desk.send(f"{code}\r")
        desk.wait_for(lambda screen: f"{number}  " in screen and "SHIP TO" in screen)
        assert "BROWSE" in desk.text


def test_keys_that_terminals_send_by_accident_change_nothing(demo_store: DemoStore) -> None:
    with queue(demo_store()) as terminal:
        before = terminal.lines[3:-3]
        for accident in _ACCIDENTS:
            terminal.send(accident)
            terminal.wait_until_quiet(0.25)
        assert terminal.lines[3:-3] == before
        for key, answer in _ANSWERS:
            terminal.send(key)
            terminal.wait_for(answer)
        assert terminal.process.poll() is None


def _has_written_more(terminal: Terminal, before: int, _: str) -> bool:
    return terminal.bytes_written > before


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=str)
def test_a_step_down_sends_at_most_two_kilobytes(demo_store: DemoStore, size: tuple[int, int]) -> None:
    with queue(demo_store(orders=300), size) as terminal:
        sent = []
        for _ in range(8):
            before = terminal.bytes_written
            terminal.send(_DOWN)
            terminal.wait_for(partial(_has_written_more, terminal, before))
            # The preview follows a moment later; the step itself is what must be light.
            terminal.wait_until_quiet(0.04)
            sent.append(terminal.bytes_written - before)
        assert sorted(sent)[len(sent) // 2] <= 2_000


def test_an_idle_screen_sends_nothing(demo_store: DemoStore) -> None:
    with queue(demo_store()) as terminal:
        terminal.wait_until_quiet(2.0)


def test_a_blinking_cursor_is_noticed() -> None:
    with Terminal.run([sys.executable, "-c", _BLINKING]) as terminal:
        terminal.wait_for("ready")
        with pytest.raises(AssertionError, match="never stops writing"):
            terminal.wait_until_quiet(5.0, timeout=6)


def test_the_first_picture_imports_nothing_slow() -> None:
    code = "import sys, opsdesk.app; print([name for name in sys.modules if name.split('.')[0] in sys.argv[1:]])"
    found = subprocess.run([sys.executable, "-c", code, *_SLOW], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_check_for_slow_imports_finds_one() -> None:
    code = (
        "import sys, opsdesk.app, jinja2; print([name for name in sys.modules if name.split('.')[0] in sys.argv[1:]])"
    )
    found = subprocess.run([sys.executable, "-c", code, *_SLOW], capture_output=True, text=True, check=True)
    assert "jinja2" in found.stdout


def first_number(url: str) -> str:
    store = open_store(url)
    with store.reading() as session:
        found = session.execute(select(OrderRow.number).where(col(OrderRow.headline) == "ready")).scalars().first()
    store.close()
    assert found is not None
    return found
