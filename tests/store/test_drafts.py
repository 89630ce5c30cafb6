"""Drafts: what was typed is kept for its writer alone, without what must not be kept."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from opsdesk.store.desk.drafts import drafts_of, drop_draft, find_draft, save_draft
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow
from tests.conftest import StillClock
from tests.shop_orders import write_user


@pytest.fixture
def mia(store: Store) -> int:
    return write_user(store, "mia")


def kept(store: Store, user_id: int, form: str = "note", subject: int = 7) -> dict[str, str] | None:
    with store.reading() as session:
        draft = find_draft(session, user_id, form, subject)
        return dict(draft.fields) if draft else None


def test_the_newest_words_are_kept_and_offered_at_any_terminal(store: Store, mia: int, clock: StillClock) -> None:
    save_draft(store, mia, "note", 7, {"text": "Calls ba"}, now=clock())
    save_draft(store, mia, "note", 7, {"text": "Calls back\nat 5 – “Łódź”"}, now=clock())
    assert kept(store, mia) == {"text": "Calls back\nat 5 – “Łódź”"}


def test_a_draft_is_the_writers_own(store: Store, mia: int, clock: StillClock) -> None:
    save_draft(store, mia, "note", 7, {"text": "mine"}, now=clock())
    assert kept(store, write_user(store, "tim")) is None
    assert kept(store, mia, subject=8) is None
    assert kept(store, mia, form="cancel") is None


def test_drafts_are_listed_newest_first_and_dropped(store: Store, mia: int, clock: StillClock) -> None:
    save_draft(store, mia, "note", 7, {"text": "a"}, now=clock())
    save_draft(store, mia, "edit", 9, {"city": "b"}, now=clock.advance(minutes=1))
    with store.reading() as session:
        assert [(draft.form, draft.subject_id) for draft in drafts_of(session, mia)] == [("edit", 9), ("note", 7)]
    drop_draft(store, mia, "edit", 9)
    assert kept(store, mia, "edit", 9) is None
    assert kept(store, mia) == {"text": "a"}


def test_a_draft_is_no_event(store: Store, mia: int, clock: StillClock) -> None:
    save_draft(store, mia, "note", 7, {"text": "a"}, now=clock())
    with Session(store.reader) as session:
        assert session.execute(select(func.count(col(ActivityRow.id)))).scalar() == 0


def test_a_card_number_reaches_no_draft(store: Store, mia: int, clock: StillClock) -> None:
    save_draft(store, mia, "note", 7, {"text": "card 4111 1111 1111 1111 please"}, now=clock())
    with Session(store.reader) as session:
        raw = session.execute(text("SELECT fields FROM draft")).scalar_one()
    assert "1111 1111" not in raw
    assert "4111" not in raw or "•" in raw or "*" in raw
    assert "please" in raw


def test_what_could_steer_a_terminal_reaches_no_draft(store: Store, mia: int, clock: StillClock) -> None:
    save_draft(store, mia, "note", 7, {"text": "a\x1b]0;boo\x07b\x00"}, now=clock())
    found = kept(store, mia)
    assert found is not None
    assert found["text"].isprintable()
