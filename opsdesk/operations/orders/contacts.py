"""Contact and address of an order, corrected by staff. What staff corrected, no import undoes."""

from __future__ import annotations

import json
from dataclasses import asdict

from opsdesk.domain.errors import Invalid, Refused
from opsdesk.domain.orders.rules import why_not_edit
from opsdesk.domain.searching import reversed_digits
from opsdesk.domain.text import clean_line
from opsdesk.operations.fraud.scoring import score_change
from opsdesk.operations.orders.entries import AddressEntry, ContactEntry, checked_address, checked_contact
from opsdesk.operations.words import LONGEST_LINE, kept_line
from opsdesk.store.tables import AddressRow, OrderRow
from opsdesk.store.work import Done, Work, operation

ADDRESS_KINDS = ("shipping", "billing")
SUSPICION = "suspicion"
"""Name of the detail that says what the fraud desk makes of a new address, where it makes anything of it."""
_LABELS = {
    "name": "name",
    "email": "e-mail",
    "phone": "telephone",
    "language": "language",
    "company": "company",
    "line1": "street",
    "line2": "second line",
    "city": "town",
    "region": "region",
    "postcode": "post code",
    "country": "country",
}


@operation("order.edit_contact")
def edit_contact(
    work: Work,
    order_id: int,
    *,
    version: int | None,
    name: str,
    email: str,
    phone: str,
    language: str,
) -> Done:
    """Correct who the customer is and how they are reached.

    Raises:
        Refused: the order is cancelled or has left the house, or nothing was changed.
        Conflict: the order changed since `version` was read.
        Invalid: a field holds what cannot be right.
    """
    order = _editable(work, order_id, version)
    before = _contact_of(order)
    address = work.orders.address(order_id, "shipping")
    typed = ContactEntry(**_cleaned(ContactEntry(name, email, phone, language)))
    after = checked_contact(typed, country=address.country if address else "", before=before)
    done = _write_contact(work, order, before, after)
    work.undo_with("order.restore_contact", order_id=order_id, version=order.version, **asdict(before))
    return done


@operation("order.restore_contact")
def restore_contact(
    work: Work, order_id: int, *, version: int, name: str, email: str, phone: str, language: str
) -> Done:
    """Put back the contact as it was before it was corrected, whether or not it would pass today's checks.

    Raises:
        Refused: the order is cancelled or has left the house.
        Conflict: the order changed since the correction.
    """
    order = _editable(work, order_id, version)
    return _write_contact(work, order, _contact_of(order), ContactEntry(name, email, phone, language))


@operation("order.edit_address")
def edit_address(
    work: Work,
    order_id: int,
    *,
    version: int | None,
    kind: str,
    name: str,
    company: str,
    line1: str,
    line2: str,
    city: str,
    region: str,
    postcode: str,
    country: str,
    phone: str,
) -> Done:
    """Correct the shipping or billing address.

    Raises:
        Refused: the order is cancelled or has left the house, or nothing was changed.
        Conflict: the order changed since `version` was read.
        Invalid: a field holds what cannot be right.
    """
    if kind not in ADDRESS_KINDS:
        raise Invalid("kind", "An address is for shipping or for billing.")
    order = _editable(work, order_id, version)
    row = work.orders.address(order_id, kind)
    if row is None:
        row = AddressRow(order_id=order_id, kind=kind)
        work.add(row)
    before = _address_of(row)
    typed = AddressEntry(name, company, line1, line2, city, region, postcode, country, phone)
    after = checked_address(AddressEntry(**_cleaned(typed)), before=before)
    done = _write_address(work, order, row, after)
    if any(asdict(before).values()):
        fields = asdict(before)
        work.undo_with(
            "order.restore_address", order_id=order_id, version=order.version, kind=kind, fields=json.dumps(fields)
        )
    return done


@operation("order.restore_address")
def restore_address(work: Work, order_id: int, *, version: int, kind: str, fields: str) -> Done:
    """Put back an address as it was before it was corrected; `fields` is the JSON of an `AddressEntry`.

    Raises:
        Refused: the order is cancelled or has left the house.
        Conflict: the order changed since the correction.
    """
    order = _editable(work, order_id, version)
    row = work.orders.address(order_id, kind)
    if row is None:
        raise Refused(f"{order.number} has no {kind} address any more.")
    return _write_address(work, order, row, AddressEntry(**json.loads(fields)))


def _write_contact(work: Work, order: OrderRow, before: ContactEntry, after: ContactEntry) -> Done:
    changed = _changed(asdict(before), asdict(after))
    if not changed:
        raise Refused(f"Nothing of the contact of {order.number} was changed.")
    order.customer_name, order.email, order.language = after.name, after.email, after.language
    order.phone, order.phone_reversed = after.phone, reversed_digits(after.phone)
    _remember(order, *(f"contact.{field}" for field in changed))
    _record(work, order, "Contact", changed, asdict(before), asdict(after))
    suspicion = score_change(work, order) if changed != ["language"] else ""
    return Done(f"{order.number}: contact changed ({_named(changed)}).{suspicion}", order.id, order.version)


def _write_address(work: Work, order: OrderRow, row: AddressRow, after: AddressEntry) -> Done:
    before = _address_of(row)
    changed = _changed(asdict(before), asdict(after))
    if not changed:
        raise Refused(f"Nothing of the {row.kind} address of {order.number} was changed.")
    for field, value in asdict(after).items():
        setattr(row, field, value)
    _remember(order, f"{row.kind}_address")
    _record(work, order, f"{row.kind.capitalize()} address", changed, asdict(before), asdict(after))
    suspicion = score_change(work, order)
    said = f"{order.number}: {row.kind} address changed ({_named(changed)}).{suspicion}"
    return Done(said, order.id, order.version, {SUSPICION: suspicion} if suspicion else {})


def _editable(work: Work, order_id: int, version: int | None) -> OrderRow:
    order = work.orders.locked(order_id, version=version)
    if problem := why_not_edit(work.orders.facts(order)):
        raise Refused(problem)
    return order


def _contact_of(order: OrderRow) -> ContactEntry:
    return ContactEntry(order.customer_name, order.email, order.phone, order.language)


def _address_of(row: AddressRow) -> AddressEntry:
    fields = (row.name, row.company, row.line1, row.line2, row.city, row.region, row.postcode, row.country, row.phone)
    return AddressEntry(*fields)


def _cleaned(entry: ContactEntry | AddressEntry) -> dict[str, str]:
    # A telephone number may look like a card number; it is judged as a telephone number by `checked_*` instead.
    return {
        field: clean_line(value, longest=LONGEST_LINE) if field == "phone" else kept_line(value)
        for field, value in asdict(entry).items()
    }


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [field for field, value in after.items() if value != before[field]]


def _remember(order: OrderRow, *fields: str) -> None:
    """Note which fields belong to staff from now on."""
    known = [field for field in order.staff_fields.split(",") if field]
    order.staff_fields = ",".join(dict.fromkeys([*known, *fields]))


def _record(
    work: Work, order: OrderRow, what: str, changed: list[str], before: dict[str, str], after: dict[str, str]
) -> None:
    old = "\n".join(f"{_LABELS[field]}: {before[field]}" for field in changed)
    new = "\n".join(f"{_LABELS[field]}: {after[field]}" for field in changed)
    work.record("order.edited", "order", order.id or 0, f"{what} changed: {_named(changed)}", before=old, after=new)
    work.orders.settle(order)


def _named(changed: list[str]) -> str:
    return ", ".join(_LABELS[field] for field in changed)
