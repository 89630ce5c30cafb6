"""The mail server's yes changes what the customer has been told, and gets into nobody's way who changes the order."""

from __future__ import annotations

import pytest

from opsdesk.domain.errors import Conflict
from opsdesk.domain.people.actors import Actor
from opsdesk.integrations.ports import SendOutcome, SendResult
from opsdesk.operations.mails.outbox import settle_doubt
from opsdesk.operations.orders.contacts import edit_contact
from opsdesk.operations.orders.notes import note
from opsdesk.store.engine import Store
from opsdesk.store.tables import CommandRow, OrderRow
from opsdesk.store.verify.running import verify_store
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.mail_kit import CLERK, history, mails, sent, told
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_arrival, write_order

CONTACT = {"name": "Ada Berg-Mann", "email": "ada@berg.example", "phone": "+494215550144", "language": "en"}
IN_DOUBT = SendOutcome(SendResult.IN_DOUBT, "The line broke.")


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


@pytest.fixture
def order_id(store: Store) -> int:
    order_id = write_order(store)
    write_arrival(store, order_id)
    return order_id


def is_sound(store: Store, clock: StillClock) -> bool:
    assert [wrong.sentence for wrong in verify_store(store, now=clock()).violations] == []
    return True


@pytest.mark.parametrize("status", ["received", "potential_fraud"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_form_that_was_open_when_the_mail_was_taken_is_saved_at_once(
    clerk: Performer, store: Store, clock: StillClock, order_id: int, status: str, by_hand: bool
) -> None:
    """Also where a person says that the mail arrived: that is no change of the order either."""
    told(store, clock, order_id, status)
    seen = the_order(store, order_id)
    sent(store, clock, *[IN_DOUBT] if by_hand else [])
    if by_hand:
        (mail,) = mails(store)
        clerk.perform(settle_doubt, mail.id, version=mail.version, arrived=True)
    after = the_order(store, order_id)
    assert (after.version, after.told_status, after.told_at) == (seen.version, status, clock())
    assert after.changed_at > seen.changed_at
    assert any(
        "accepted by the mail server" in line or "marked as arrived" in line for line in history(store, order_id)
    )
    done = clerk.perform(edit_contact, order_id, version=seen.version, **CONTACT)
    assert (done.version, the_order(store, order_id).version) == (seen.version + 1, seen.version + 1)
    assert is_sound(store, clock)


def test_what_somebody_else_saved_meanwhile_is_still_a_conflict_that_names_them(
    clerk: Performer, store: Store, clock: StillClock, order_id: int
) -> None:
    told(store, clock, order_id, "received")
    seen = the_order(store, order_id).version
    Performer(store, CLERK, clock).perform(note, order_id, text="Rang")
    sent(store, clock)
    with pytest.raises(Conflict, match="mia"):
        clerk.perform(edit_contact, order_id, version=seen, **CONTACT)
    assert the_order(store, order_id).customer_name == "Ada Berg"
    assert the_order(store, order_id).version == seen + 1


def test_the_columns_of_the_queue_follow_although_the_version_does_not(
    store: Store, clock: StillClock, order_id: int
) -> None:
    told(store, clock, order_id)
    before = the_order(store, order_id)
    sent(store, clock)
    after = the_order(store, order_id)
    moved = {name for name in OrderRow.model_fields if getattr(before, name) != getattr(after, name)}
    assert {"told_status", "told_at", "changed_at"} <= moved
    assert "version" not in moved
    assert len(rows(store, CommandRow)) == 3
    assert is_sound(store, clock)
