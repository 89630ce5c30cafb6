"""The shop describes itself once, and every letter is signed like that."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from opsdesk.domain.errors import Denied, Invalid
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.shop import describe_shop
from opsdesk.store.engine import Store
from opsdesk.store.views.shop import shop
from opsdesk.store.work import Performer
from tests.conftest import StillClock


def test_what_is_described_signs_and_the_rest_stays(store: Store, admin: Actor, clock: StillClock) -> None:
    boss = Performer(store, admin, clock)
    boss.perform(describe_shop, texts={"name": "Oat & Honey", "mail_from": "hello@oat.example"})
    boss.perform(describe_shop, texts={"hours": "Mon-Sat 8-20"})
    with store.reading() as session:
        found = shop(session, ZoneInfo("UTC"))
    assert (found.facts.name, found.facts.hours, found.sender.address) == (
        "Oat & Honey",
        "Mon-Sat 8-20",
        "hello@oat.example",
    )
    assert found.is_described


@pytest.mark.parametrize("texts", [{"colour": "red"}, {"mail_from": "a@b.example\nBcc: evil@x.example"}])
def test_what_is_no_description_is_refused(
    store: Store, admin: Actor, clock: StillClock, texts: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        Performer(store, admin, clock).perform(describe_shop, texts=texts)
    with store.reading() as session:
        assert not shop(session, ZoneInfo("UTC")).is_described


def test_only_an_admin_describes_the_shop(store: Store, supervisor: Actor, clock: StillClock) -> None:
    with pytest.raises(Denied):
        Performer(store, supervisor, clock).perform(describe_shop, texts={"name": "Mine"})
