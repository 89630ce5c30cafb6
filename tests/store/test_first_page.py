"""The first page, read early, is the first page of the queue; nobody sees it who would have to sign in."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlmodel import col

from opsdesk.domain.orders.queues import QueueQuery, SavedView
from opsdesk.store.engine import Store
from opsdesk.store.tables import UserRow
from opsdesk.store.views.queue.counts import view_counts
from opsdesk.store.views.queue.first_page import FirstPage, Text, first_page, read_texts
from opsdesk.store.views.queue.reading import queue_page
from tests.conftest import START
from tests.first_page_texts import compiled
from tests.queue_orders import mixed_orders, write_orders
from tests.shop_orders import write_user


def tie(store: Store, name: str, **values: object) -> int:
    user_id = write_user(store, name)
    with store.writer.begin() as connection:
        connection.execute(update(UserRow).where(col(UserRow.id) == user_id).values(**values))
    return user_id


def early(store: Store, login: str = "mia-at-work") -> FirstPage | None:
    return first_page(store.url, os_login=login, now=START)


def test_the_statements_are_those_of_the_queue() -> None:
    told, should = read_texts(), compiled()
    assert (told.schema, Text(*told.page), Text(*told.counts)) == (should.schema, should.page, should.counts), (
        "The queue's statements have changed: run `python -m tests.first_page_texts`."
    )


def test_it_shows_what_the_queue_will_show(store: Store) -> None:
    mia = tie(store, "mia", os_login="mia-at-work")
    write_orders(
        store, [order | {"promised_at": order["promised_at"] or START} for order in mixed_orders(90, owners=(mia,))]
    )
    found = early(store)
    assert found is not None
    with store.reading() as session:
        page = queue_page(session, QueueQuery.of(SavedView.TO_SHIP, user_id=mia), now=START)
        counted = view_counts(session, user_id=mia, now=START)
    assert found.lines == page.lines
    assert len(found.lines) > 5
    assert found.counts == counted
    assert found.user_name == "mia"


def test_nobody_sees_it_who_would_have_to_sign_in(store: Store) -> None:
    write_orders(store, mixed_orders(9))
    tie(store, "tim", os_login="tim-at-work", is_active=False)
    write_user(store, "mia")
    assert early(store, "tim-at-work") is None
    assert early(store, "mia") is None
    assert early(store, "' OR 1=1 --") is None


def test_a_store_of_another_version_is_left_to_the_ordinary_way(store: Store) -> None:
    tie(store, "mia", os_login="mia-at-work")
    with store.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert early(store) is None


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.db", "postgresql+psycopg://nobody@localhost:1/x", "nonsense"]
)
def test_a_store_that_is_not_there_is_left_to_the_ordinary_way(url: str) -> None:
    assert first_page(url, os_login="mia", now=START + timedelta(hours=1)) is None


def test_looking_makes_no_store(tmp_path) -> None:
    assert first_page(f"sqlite:///{tmp_path}/new.db", os_login="mia", now=START) is None
    assert list(tmp_path.iterdir()) == []


def test_it_imports_no_library_of_the_store() -> None:
    """What is read early must not wait for what is read later."""
    asked = "import sys, opsdesk.store.views.queue.first_page; print('sqlalchemy' in sys.modules or 'pydantic' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
