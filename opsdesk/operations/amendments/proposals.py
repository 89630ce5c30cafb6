"""What proposing an amendment consists of: edits made fit to be kept, prices by hand, the way back, the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from opsdesk.domain.amendments.arithmetic import fingerprint, parts_to_json
from opsdesk.domain.amendments.edits import (
    MOST_EDITS,
    AddLine,
    Edit,
    ExemptTax,
    OverridePrice,
    SetAddress,
    SetShipping,
    SwapLine,
    edits_to_json,
)
from opsdesk.domain.amendments.planning import AmendedOrder, preview
from opsdesk.domain.amendments.rules import Settle, Standing, overrides
from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.errors import Denied, Invalid
from opsdesk.domain.people.permissions import why_not_allowed
from opsdesk.domain.text import clean_line
from opsdesk.operations.amendments.parts import SHIPPING, Cover, amounts, cover_of, id_of, order_parts
from opsdesk.operations.amendments.steps import edit_lines, event_key, is_about_address
from opsdesk.operations.orders.entries import AddressEntry, checked_address
from opsdesk.operations.refunds.asking import return_overpayment
from opsdesk.operations.words import LONGEST_LINE, kept_line
from opsdesk.store.repositories.amendables import address_fields
from opsdesk.store.tables import AmendmentRow, OrderRow, ProductRow
from opsdesk.store.work import Plain, Work

OVERRIDE = "order.override_price"
"""The permission that a price by hand needs besides that of changing an order."""


def standing_of(work: Work, order_id: int) -> Standing | None:
    """Return the amendment of the order that is open already."""
    row = work.settlements.open_amendment(order_id)
    return Standing(row.proposed_by, row.proposed_at, AmendmentState(row.state).word) if row else None


def proposal(work: Work, order: OrderRow, edits: Sequence[Edit], why: str) -> tuple[AmendmentRow, AmendedOrder]:
    """Make the row of an amendment, and what it comes to.

    Raises:
        Refused, Invalid: the edits cannot be made.
        Denied: a price is set by hand, which needs a supervisor.
    """
    if not 0 < len(edits) <= MOST_EDITS:
        raise Invalid("edits", f"Say what is to change, in at most {MOST_EDITS} steps.")
    skus = [edit.sku for edit in edits if isinstance(edit, AddLine | SwapLine)]
    articles = work.articles.known([*skus, *(line.sku for line in work.orders.lines(id_of(order)))])
    kept = tuple(_kept(work, order, edit, articles) for edit in edits)
    parts = order_parts(work, order, with_address=any(isinstance(edit, SetAddress) for edit in kept))
    amended = preview(parts, kept, {sku: article.stock for sku, article in articles.items()})
    _require_override(work, order, amended, kept, articles, why)
    row = AmendmentRow(
        order_id=id_of(order),
        state=AmendmentState.PROPOSED.value,
        reason=why,
        edits=edits_to_json(kept, order.currency),
        base_fingerprint=fingerprint(parts),
        base=parts_to_json(parts),
        old_total_minor=amended.old_total.minor,
        new_total_minor=amended.new_total.minor,
        currency=order.currency,
        proposed_by=work.actor.name,
        proposed_at=work.now,
    )
    return row, amended


def recall(work: Work, order: OrderRow, row: AmendmentRow) -> str:
    """Ask whoever packs the order to put it back; only then it is changed (commerce.md P14)."""
    row.state = AmendmentState.AWAITING_PACKER.value
    work.record("amendment.recall", "order", id_of(order), "Recalled from packing for a change", after=edit_lines(row))
    work.orders.settle(order)
    return f"{order.number} is being packed. It is changed as soon as the packer has put it back."


def return_too_much(work: Work, order: OrderRow, row: AmendmentRow) -> None:
    """Ask for the refund of what is paid too much now, where whoever made the change wants it."""
    if row.state != AmendmentState.APPLIED or row.settle != Settle.REFUND or cover_of(work, order).paid <= 0:
        return
    done = return_overpayment(work, id_of(order), version=order.version)
    refund_id = done.details.get("refund_id", done.subject_id)
    row.refund_id = refund_id if isinstance(refund_id, int) else None


def offer_undo(work: Work, order: OrderRow, row: AmendmentRow) -> None:
    """Say how the command is taken back: a change that was made is put back, one that waits is withdrawn."""
    if row.state != AmendmentState.APPLIED:
        work.undo_with("amendment.withdraw", amendment_id=row.id)
        return
    mail = work.mails.of_event(event_key(row))
    after = fingerprint(order_parts(work, order, with_address=is_about_address(row)))
    work.undo_with(
        "order.unamend",
        order_id=order.id,
        amendment_id=row.id,
        after=after,
        held=cover_of(work, order).held,
        refund_id=row.refund_id,
        mail_id=mail.id if mail else None,
    )


def details_of(
    row: AmendmentRow, amended: AmendedOrder, before: Cover, elsewhere: Sequence[str] = ()
) -> dict[str, Plain]:
    """Return everything that a preview shows, as plain values; amounts in minor units.

    `elsewhere` is what has to be looked at because the parcel goes to another address.
    """
    delta = amended.delta.minor
    return {
        "amendment_id": row.id,
        "state": row.state,
        "currency": row.currency,
        "old_total_minor": row.old_total_minor,
        "new_total_minor": row.new_total_minor,
        "delta_minor": delta,
        "tax_minor": amended.tax.minor,
        "tax_delta_minor": amended.after.tax - amended.before.tax,
        "owed_minor": max(0, delta - before.balance),
        "too_much_minor": max(0, before.paid - delta),
        "shipping": amended.shipping.value,
        "changes": "\n".join(amended.changes),
        "stock": "\n".join(amended.stock),
        "warnings": "\n".join((*amended.warnings, *elsewhere)),
        "link_id": row.link_id,
        "refund_id": row.refund_id,
    }


def with_rest(said: str, order: OrderRow, details: Mapping[str, Plain]) -> str:
    """Add to what was done what is owed, or was paid too much: neither moves by itself."""
    owed, too_much = details["owed_minor"], details["too_much_minor"]
    if details["state"] == AmendmentState.APPLIED and isinstance(owed, int) and owed:
        return f"{said} {amounts(order, owed)} is owed."
    if isinstance(too_much, int) and too_much:
        is_asked = details["refund_id"] is not None
        return f"{said} {amounts(order, too_much)} is paid too much{' and goes back' if is_asked else '; return it'}."
    return said


def _kept(work: Work, order: OrderRow, edit: Edit, articles: Mapping[str, ProductRow]) -> Edit:
    """Return an edit as it may be stored: cleaned, named, its address checked."""
    match edit:
        case AddLine() | SwapLine():
            sku = kept_line(edit.sku, longest=80)
            titles = {line.sku: line.title for line in work.orders.lines(id_of(order))}
            known = articles[sku].title if sku in articles else titles.get(sku, sku)
            return replace(edit, sku=sku, title=kept_line(edit.title) or known)
        case OverridePrice() | ExemptTax():
            return replace(edit, reason=kept_line(edit.reason))
        case SetShipping():
            return replace(edit, method=kept_line(edit.method))
        case SetAddress():
            before = address_fields(work.orders.address(id_of(order), SHIPPING))
            if unknown := next((name for name, _ in edit.fields if name not in before), None):
                known = ", ".join(before)
                raise Invalid("address", f"An address has no {kept_line(unknown)[:40]!r}. It has: {known}.")
            wanted = AddressEntry(**{**before, **{name: _line(name, value) for name, value in edit.fields}})
            checked = asdict(checked_address(wanted, before=AddressEntry(**before)))
            return SetAddress(tuple((name, value) for name, value in checked.items() if value != before[name]))
        case _:
            return edit


def _line(name: str, value: str) -> str:
    # A telephone number may look like a card number; it is judged as a telephone number instead.
    return clean_line(value, longest=LONGEST_LINE) if name == "phone" else kept_line(value)


def _require_override(
    work: Work,
    order: OrderRow,
    amended: AmendedOrder,
    edits: Sequence[Edit],
    articles: Mapping[str, ProductRow],
    why: str,
) -> None:
    prices = {sku: article.price_minor for sku, article in articles.items() if article.currency == order.currency}
    found = overrides(amended, edits, prices)
    if not found:
        return
    if problem := why_not_allowed(work.actor, OVERRIDE):
        raise Denied(problem)
    reasons = [edit.reason for edit in edits if isinstance(edit, OverridePrice | ExemptTax)]
    if not why and not reasons:
        raise Invalid("reason", f"Say why a price is set by hand: {found[0]}.")
    is_exempt = any(isinstance(edit, ExemptTax) for edit in edits)
    summary = f"{'Exempt from tax' if is_exempt else 'Price set by hand'}. {why or reasons[0]}"
    work.record(
        "order.price_overridden", "order", id_of(order), summary, before=_prices(amended), after="\n".join(found)
    )


def _prices(amended: AmendedOrder) -> str:
    """Say the prices and discounts that are about to change, as they are."""
    said = []
    for pair in amended.lines:
        line = pair.before
        is_other = pair.before is not None and pair.before.unit_price != pair.after.unit_price
        if line is not None and (is_other or line.discount != pair.after.discount):
            price, off = amended.before.money(line.unit_price), amended.before.money(line.discount)
            said.append(f"{line.title}: {price}, discount {off}")
    return "\n".join(said)
