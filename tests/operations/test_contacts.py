"""Contact and address are corrected with the old values kept, checked first, and theirs from then on."""

from __future__ import annotations

from typing import Any

import pytest

from opsdesk.domain.errors import Conflict, Invalid, Refused
from opsdesk.domain.orders.rules import CancelReason
from opsdesk.domain.people.actors import Actor
from opsdesk.operations.orders.cancelling import cancel
from opsdesk.operations.orders.contacts import edit_address, edit_contact
from opsdesk.operations.orders.notes import note
from opsdesk.operations.undo import undo
from opsdesk.store.engine import Store
from opsdesk.store.tables import ActivityRow, AddressRow
from opsdesk.store.work import Performer
from tests.conftest import StillClock
from tests.operations.orders_kit import rows, the_order
from tests.shop_orders import write_order

ADA = {"name": "Ada Berg", "email": "ada@berg.example", "phone": "+494215550144", "language": "en"}
HOME = {
    "name": "Ada Berg", "company": "", "line1": "Am Dobben 12", "line2": "", "city": "Bremen", "region": "",
    "postcode": "28203", "country": "DE", "phone": "+494215550144",
}  # fmt: skip


@pytest.fixture
def order_id(store: Store) -> int:
    return write_order(store)


@pytest.fixture
def clerk(store: Store, actor: Actor, clock: StillClock) -> Performer:
    return Performer(store, actor, clock)


def test_a_corrected_contact_is_found_again_and_belongs_to_staff(clerk: Performer, store: Store, order_id: int) -> None:
    done = clerk.perform(
        edit_contact, order_id, version=1, **ADA | {"email": "ada.berg@post.example", "phone": "030 23125 123"}
    )
    order = the_order(store, order_id)
    assert (order.email, order.phone) == ("ada.berg@post.example", "030 23125 123")
    assert order.phone_reversed == "32152132030"
    assert "ada.berg@post.example" in order.search_text
    assert order.staff_fields == "contact.email,contact.phone"
    assert done.message == "104458: contact changed (e-mail, telephone)."
    (line,) = rows(store, ActivityRow)
    assert "ada@berg.example" in line.before
    assert "ada.berg@post.example" in line.after


def test_an_address_is_corrected_and_undo_brings_the_old_one_back(
    clerk: Performer, store: Store, order_id: int
) -> None:
    done = clerk.perform(edit_address, order_id, version=1, kind="shipping", **HOME | {"line1": "Am Dobben 21"})
    assert rows(store, AddressRow)[0].line1 == "Am Dobben 21"
    clerk.perform(undo, done.command_id)
    assert rows(store, AddressRow)[0].line1 == "Am Dobben 12"


def test_a_billing_address_may_be_added(clerk: Performer, store: Store, order_id: int) -> None:
    clerk.perform(edit_address, order_id, version=1, kind="billing", **HOME | {"company": "Berg GmbH"})
    billing, shipping = rows(store, AddressRow)
    assert (billing.kind, billing.company, shipping.company) == ("billing", "Berg GmbH", "")


@pytest.mark.parametrize(
    ("operation", "fields", "wrong"),
    [
        (edit_contact, ADA, {"email": "ada@@berg"}),
        (edit_contact, ADA, {"phone": "12"}),
        (edit_address, HOME, {"postcode": "2820"}),
        (edit_address, HOME, {"country": "Atlantis"}),
        (edit_address, HOME, {"line1": ""}),
    ],
)
def test_what_cannot_be_right_is_refused_beside_its_field(
    clerk: Performer, store: Store, order_id: int, operation: Any, fields: dict[str, str], wrong: dict[str, str]
) -> None:
    more = {"kind": "shipping"} if operation is edit_address else {}
    with pytest.raises(Invalid) as refused:
        clerk.perform(operation, order_id, version=1, **more, **fields | wrong)
    assert refused.value.field in wrong
    assert the_order(store, order_id).version == 1


def test_the_later_save_is_told_who_was_faster_and_changes_nothing(
    clerk: Performer, store: Store, supervisor: Actor, clock: StillClock, order_id: int
) -> None:
    boss = Performer(store, supervisor, clock)
    boss.perform(edit_contact, order_id, version=1, **ADA | {"name": "Ada Berg-Lind"})
    with pytest.raises(Conflict) as refused:
        clerk.perform(edit_contact, order_id, version=1, **ADA | {"email": "new@berg.example"})
    assert (refused.value.who, refused.value.changes) == ("sofia", ("sofia: Contact changed: name",))
    assert the_order(store, order_id).email == "ada@berg.example"


def test_undo_of_an_edit_never_overwrites_a_later_one(clerk: Performer, store: Store, order_id: int) -> None:
    first = clerk.perform(edit_contact, order_id, version=1, **ADA | {"name": "Ada B."})
    clerk.perform(note, order_id, text="Rang again.")
    with pytest.raises(Conflict):
        clerk.perform(undo, first.command_id)
    assert the_order(store, order_id).customer_name == "Ada B."


def test_nothing_changed_and_nothing_to_change(clerk: Performer, store: Store, order_id: int) -> None:
    with pytest.raises(Refused, match="Nothing of the contact"):
        clerk.perform(edit_contact, order_id, version=1, **ADA)
    clerk.perform(cancel, order_id, reason=CancelReason.CUSTOMER)
    with pytest.raises(Refused, match="Reopen it first"):
        clerk.perform(edit_contact, order_id, version=2, **ADA | {"name": "X"})


def test_text_from_outside_is_stored_without_its_tricks(clerk: Performer, store: Store, order_id: int) -> None:
    evil = "Ada \x1b]0;owned\x07[/] \u202eBerg 4111111111111111"
    clerk.perform(edit_contact, order_id, version=1, **ADA | {"name": evil})
    name = the_order(store, order_id).customer_name
    assert "\x1b" not in name
    assert "4111111111111111" not in name
    assert "[/]" in name
