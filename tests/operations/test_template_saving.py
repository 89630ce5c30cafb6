"""Saving a template: checked first, kept as the shop's own, and in the history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

from opsdesk.domain.errors import Invalid
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.mail.contexts import EXAMPLE_SHOP
from opsdesk.integrations.mail.opening import open_statuses, open_writer
from opsdesk.integrations.mail.rendering import TemplateWriter
from opsdesk.integrations.ports import TemplateText
from opsdesk.operations.mails.templates import proof, save
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock

DATA = Path(__file__).parents[2] / "data"
STATUS = open_statuses(DATA).find("potential_fraud")
GOOD = TemplateText("Order {{ order.number }}", "Please call by {{ deadline }}.", "")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[TemplateWriter]:
    made = open_writer(DATA, tmp_path / "own", EXAMPLE_SHOP)
    yield made
    made.close()


def test_a_good_template_is_kept_shown_and_remembered(
    store: Store, admin: Actor, clock: StillClock, writer: TemplateWriter
) -> None:
    checked = proof(writer, STATUS, "en", GOOD)
    assert checked.problems == ()
    assert checked.letter is not None
    assert "Please call by Thursday" in checked.letter.text
    Performer(store, admin, clock).perform(save, writer=writer, status=STATUS, language="en", text=GOOD)
    assert writer.source("potential_fraud", "en") == GOOD
    with store.reading() as session:
        (line,) = session.execute(select(col(ActivityRow.summary))).scalars()
    assert "potential_fraud (en)" in line


def test_a_bad_template_is_refused_with_its_place_and_nothing_is_kept(
    store: Store, admin: Actor, clock: StillClock, writer: TemplateWriter
) -> None:
    shipped = writer.source("potential_fraud", "en")
    bad = TemplateText("Order", "We suspect\nfraud", "")
    assert proof(writer, STATUS, "en", bad).letter is None
    with pytest.raises(Invalid, match=r"text, line 1: .*deadline") as refusal:
        Performer(store, admin, clock).perform(save, writer=writer, status=STATUS, language="en", text=bad)
    assert "more problems" in refusal.value.message
    assert writer.source("potential_fraud", "en") == shipped
