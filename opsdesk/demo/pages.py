"""An order of the demo shop as the rows that the store keeps of it."""

from __future__ import annotations

from opsdesk.demo.moments import stamp
from opsdesk.demo.parts import Case, Held, Payment, Sent
from opsdesk.demo.paying import STRIPE
from opsdesk.demo.people import Place
from opsdesk.demo.sheets import COLUMNS, Sheets
from opsdesk.demo.tales import Tale
from opsdesk.domain.address_digests import address_digest
from opsdesk.domain.money import Money
from opsdesk.domain.orders.holds import DEFAULT_BLOCKS, HoldType
from opsdesk.domain.orders.settled import settled_columns
from opsdesk.domain.payments.ledger import transfers
from opsdesk.domain.searching import order_search_text, reversed_digits
from opsdesk.store.filling import Value
from opsdesk.store.repositories.cases import fraud_state_of

_CARDS = (*(("visa", "4242"),) * 6, *(("mastercard", "4444"),) * 3, ("amex", "8431"))
_TOLD = ("payment_id", "order_id", "placed_at", "told_at", "kind", "brand", "last4")
_MAY_BE_MISSING = frozenset({"liability_shifted", "risk_score"})
_NO_CHECKS = tuple(None if name in _MAY_BE_MISSING else "" for name in COLUMNS["payment_check"][len(_TOLD) :])
_BLOCKS = {kind: ",".join(sorted(DEFAULT_BLOCKS[kind])) for kind in HoldType}


def write_tale(sheets: Sheets, tale: Tale) -> None:
    """Write every row of an order but those of its mails and its history."""
    _write_order(sheets, tale)
    for position, line in enumerate(tale.basket.lines, 1):
        sheets.add("order_line", (
            line.id, tale.id, position, f"{tale.id}-{position}", line.sku, line.title, line.variant, line.temperature,
            int(line.needs_shipping), line.ordered, line.cancelled, line.shipped, line.delivered, line.returned,
            line.price, line.discount, line.tax,
        ))  # fmt: skip
    _write_address(sheets, tale, "shipping", tale.ship_to)
    if tale.bill_to is not None:
        _write_address(sheets, tale, "billing", tale.bill_to)
    for payment in tale.payments:
        _write_payment(sheets, tale, payment)
    for parcel in tale.parcels:
        _write_parcel(sheets, tale, parcel)
    for held in tale.holds:
        _write_hold(sheets, tale, held)
    _write_desk(sheets, tale)


def _write_order(sheets: Sheets, tale: Tale) -> None:
    person, basket = tale.person, tale.basket
    settled = settled_columns(tale.facts())
    row: tuple[Value, ...] = (
        tale.id, tale.number, tale.number[::-1], tale.source, f"{tale.source}-{tale.id}", tale.channel,
        stamp(tale.placed_at), stamp(tale.placed_at + 40), basket.currency, person.number, person.name, tale.email,
        tale.phone, reversed_digits(tale.phone), _digest(tale.ship_to), person.language, settled.lifecycle,
        settled.payment_status,
        settled.fulfilment_status, settled.headline, settled.stage, int(settled.is_open), settled.hold_type,
        basket.goods, basket.discount, basket.shipping, basket.tax, int(basket.tax_included), basket.total,
        settled.paid_minor, settled.line_count, settled.unit_count, basket.temperature, _moment(tale.promised_at),
        tale.method, tale.owner.id if tale.owner else None, _moment(tale.snoozed_until), _moment(tale.touched_at),
        _moment(tale.packing_since), tale.told[0] if tale.told else None, _moment(tale.told[1] if tale.told else None),
        len(tale.notes), tale.risk, tale.tags, "",
        order_search_text(tale.number, person.name, tale.email, [line.sku for line in basket.lines]),
        tale.version, stamp(tale.changed_at),
    )  # fmt: skip
    sheets.add("orders", row)


def _write_payment(sheets: Sheets, tale: Tale, payment: Payment) -> None:
    currency, method = tale.basket.currency, payment.method.value
    sheets.add("payment", (
        payment.id, tale.id, payment.gateway, method, payment.instrument, payment.reference, currency,
        payment.authorised, 0, payment.captured, 0, payment.voided, payment.refunding, payment.refunded,
        payment.charged_back, payment.state(currency).value, payment.ended.value, _moment(payment.expires_at),
        payment.credit_id, stamp(payment.moves[0].at),
    ))  # fmt: skip
    if payment.gateway == STRIPE:
        _write_check(sheets, tale, payment)
    for paid in payment.moves:
        number, at = sheets.next_id("payment_transaction"), stamp(paid.at)
        sheets.add("payment_transaction", (
            number, tale.id, payment.id, paid.kind.value, paid.state.value, paid.amount, currency, payment.gateway,
            paid.reference, at, paid.key, None, "",
        ))  # fmt: skip
        amount = Money(paid.amount, currency)
        for moved in transfers(paid.kind, paid.state, amount, gateway=payment.gateway, method=method):
            sheets.add("journal", (
                sheets.next_id("journal"), tale.id, number, moved.debit, moved.credit, paid.amount, currency, at,
            ))  # fmt: skip


def _write_address(sheets: Sheets, tale: Tale, kind: str, place: Place) -> None:
    person = tale.person
    sheets.add("order_address", (
        tale.id, kind, person.name, person.company, place.line1, "", place.city, place.region, place.postcode,
        place.country, tale.phone,
    ))  # fmt: skip


def _write_parcel(sheets: Sheets, tale: Tale, parcel: Sent) -> None:
    sheets.add("parcel", (
        parcel.id, tale.id, parcel.carrier, parcel.tracking, parcel.url, parcel.shipped_by, stamp(parcel.shipped_at),
        _moment(parcel.delivered_at), _moment(parcel.recalled_at),
    ))  # fmt: skip
    for line_id, units in parcel.inside:
        sheets.add("parcel_line", (parcel.id, line_id, units))


def _write_hold(sheets: Sheets, tale: Tale, held: Held) -> None:
    sheets.add("hold", (
        held.id, tale.id, held.kind.value, held.reason, _BLOCKS[held.kind], held.placed_by, stamp(held.placed_at),
        _moment(held.review_at), held.on_review.value, _moment(held.reviewed_at), held.released_by,
        _moment(held.released_at), held.release_note,
    ))  # fmt: skip


def _write_desk(sheets: Sheets, tale: Tale) -> None:
    if tale.case is not None:
        _write_case(sheets, tale.id, tale.case)
    for word, source, reference, why, by, at in tale.words:
        sheets.add("order_label", (
            sheets.next_id("order_label"), tale.id, word, source, reference, why, by, stamp(at),
        ))  # fmt: skip
    for author, at, text in tale.notes:
        sheets.add("note", (sheets.next_id("note"), tale.id, author, stamp(at), text))
    for end in tale.ends:
        sheets.add("cancellation", (
            sheets.next_id("cancellation"), tale.id, end.reason.value, end.note, end.lines, end.by, stamp(end.at),
            end.reopened_by, _moment(end.reopened_at),
        ))  # fmt: skip
    for clerk in tale.followers:
        sheets.add("follow", (clerk.id, tale.id, 1))


def _write_case(sheets: Sheets, order_id: int, case: Case) -> None:
    judged = case.judged if case.decided_at is not None else None
    state = fraud_state_of("fraud", case.state)
    if judged is not None and judged.verdict == "cancel_fraud":
        state = "cancelled_fraud"
    told = (judged.score, judged.reason) if judged is not None else (0, "")
    end = (
        (judged.verdict, judged.reason_code, judged.gut, int(judged.was_worth_a_look))
        if judged is not None
        else ("", "", None, None)
    )
    sheets.add("verification_case", (
        case.id, order_id, "fraud", case.state.value, case.opened_by, stamp(case.opened_at), case.answer_days,
        _moment(case.respond_by), case.decided_by, _moment(case.decided_at), state,
        *told, _moment(case.respond_by), None, None, None, None, judged.touch_seconds if judged is not None else 0,
        0, 0, "", "", "", "", *end, "", 1,
    ))  # fmt: skip


def _write_check(sheets: Sheets, tale: Tale, payment: Payment) -> None:
    """Say with which card it was paid, as the gateway tells; of most cards nothing else matters."""
    brand, _, last4 = payment.instrument.partition(" ..")
    if not last4:
        brand, last4 = _CARDS[payment.id % len(_CARDS)]
    told = stamp(payment.moves[0].at)
    sheets.add("payment_check", (payment.id, tale.id, stamp(tale.placed_at), told, "card", brand, last4, *_NO_CHECKS))


def _digest(place: Place) -> str:
    return address_digest(place.country, place.postcode, place.city, place.line1)


def _moment(moment: int | None) -> str | None:
    return stamp(moment) if moment is not None else None
