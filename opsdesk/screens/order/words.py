"""What the order screens say in words: moments, money, and why an order is where it is."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from opsdesk.domain.amendments.states import AmendmentState
from opsdesk.domain.money import Money
from opsdesk.domain.orders.cases import CaseState
from opsdesk.domain.orders.holds import Blocks, OnReview
from opsdesk.domain.orders.states import Headline, Lifecycle
from opsdesk.domain.payments.transactions import TransactionKind, TransactionState
from opsdesk.domain.refunds.states import RefundState
from opsdesk.store.views.money.waiting import WaitingMoney, Waits
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import CaseDetail, HoldDetail, TransactionDetail

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Say when in the shop's zone: `13:22` today, `Mon 23 Nov 13:22` this year, `23 Nov 2025` before."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year != today.year:
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"


def stamp(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Say when in eleven columns, for lists: `      13:22` today, `23 Nov 13:22`, `23 Nov 2025`."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}".rjust(12)
    day = f"{local.day:2} {_MONTHS[local.month - 1]}"
    return f"{day} {local.year}".rjust(12) if local.year != today.year else f"{day} {local:%H:%M}".rjust(12)


def day_name(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Name the day of a moment: `Today`, `Yesterday`, `Mon 9 Nov`, `9 Nov 2025`."""
    local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if (today - local).days in (0, 1):
        return "Yesterday" if local != today else "Today"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}{year}"


def plural(count: int, one: str, many: str = "") -> str:
    """Say how many of what."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def why_headline(detail: OrderDetail, now: datetime, zone: ZoneInfo) -> str:
    """Say in one sentence why the order stands where it stands, and what would move it on."""
    word = detail.head.headline
    if word is Headline.CANCELLED:
        return _why_cancelled(detail, now, zone)
    if detail.case is not None and word is Headline.POTENTIAL_FRAUD:
        return _why_asked(detail.case, now, zone)
    if detail.active_holds:
        return _why_held(detail, now, zone)
    return _why_going(detail, now, zone)


def _why_cancelled(detail: OrderDetail, now: datetime, zone: ZoneInfo) -> str:
    if not detail.cancellations:
        return "It came in cancelled."
    last = detail.cancellations[0]
    reason = last.reason.replace("_", " ")
    note = f" {last.note}" if last.note else ""
    return f"Cancelled by {last.cancelled_by} {moment(last.cancelled_at, now, zone)}: {reason}.{note}"


def _why_asked(case: CaseDetail, now: datetime, zone: ZoneInfo) -> str:
    due = f" until {moment(case.respond_by, now, zone)}" if case.respond_by else ""
    return {
        CaseState.AWAITING_CUSTOMER: f"The customer was asked to call and has time{due}.",
        CaseState.CALL_DUE: "No answer came in time. Call the customer, then release it (h) or cancel it (x).",
        CaseState.RESPONDED: "The customer answered. Release it (h) or cancel it (x).",
    }.get(case.state, f"A case is open: {case.state.replace('_', ' ')}.")


def _why_held(detail: OrderDetail, now: datetime, zone: ZoneInfo) -> str:
    first, more = detail.active_holds[0], len(detail.active_holds) - 1
    others = f" And {plural(more, 'other hold')}." if more else ""
    return f"{_sentence(first.reason or first.type.label)} {held_by(first, now, zone)}.{others}"


def held_by(hold: HoldDetail, now: datetime, zone: ZoneInfo) -> str:
    """Say who holds it since when, and when somebody looks again."""
    since = f"Held by {hold.placed_by} since {moment(hold.placed_at, now, zone)}"
    if hold.review_at is None:
        return since
    then = "releases itself" if hold.on_review is OnReview.RELEASE else "look again"
    return f"{since}, {then} {moment(hold.review_at, now, zone)}"


def _why_going(detail: OrderDetail, now: datetime, zone: ZoneInfo) -> str:
    facts, word = detail.facts, detail.head.headline
    open_units = plural(facts.open_units, "unit")
    if word is Headline.AWAITING_PAYMENT:
        return f"{detail.due} of {detail.amounts.total} has not arrived."
    if word is Headline.BEING_AMENDED and facts.amendment is not None:
        return _AMENDMENT_WORDS[facts.amendment]
    if word is Headline.READY:
        return f"Paid, and nothing holds it: {open_units} to send."
    if word is Headline.BEING_PACKED and facts.packing_since:
        return f"Being packed since {moment(facts.packing_since, now, zone)}: {open_units} to send."
    if word is Headline.PARTLY_SHIPPED:
        return f"{plural(facts.shipped_units, 'unit')} left the house, {open_units} to send."
    if word in (Headline.SHIPPED, Headline.DELIVERED):
        return _why_away(detail, now, zone)
    if facts.lifecycle is Lifecycle.COMPLETED:
        return "Everything is done. Reopen it (O) if something is left to do."
    return "There is nothing to send."


_AMENDMENT_WORDS = {
    AmendmentState.PROPOSED: "A change of what was ordered waits. Look at it with E.",
    AmendmentState.AWAITING_PAYMENT: "A change waits for the customer's money; it goes on by itself when it comes.",
    AmendmentState.AWAITING_PACKER: "A change waits until the packer has put it back (b).",
}


def _why_away(detail: OrderDetail, now: datetime, zone: ZoneInfo) -> str:
    sent = [parcel for parcel in detail.parcels if parcel.recalled_at is None]
    if not sent:
        return "Everything left the house before the order came here."
    last = sent[-1]
    by = f"{last.carrier} {last.tracking_number}".strip()
    if last.delivered_at and detail.head.headline is Headline.DELIVERED:
        return f"Delivered {moment(last.delivered_at, now, zone)} by {by}."
    return f"Everything left the house; the last parcel {moment(last.shipped_at, now, zone)} with {by}."


_MONEY_WORDS = {
    TransactionKind.AUTHORISE: "authorised",
    TransactionKind.CAPTURE: "captured",
    TransactionKind.SALE: "paid",
    TransactionKind.VOID: "authorisation voided",
    TransactionKind.REFUND: "refunded",
    TransactionKind.REFUND_REVERSAL: "refund came back",
    TransactionKind.MANUAL_IN: "received",
    TransactionKind.MANUAL_OUT: "paid back",
    TransactionKind.DISPUTE_DEBIT: "taken by the bank",
    TransactionKind.DISPUTE_REVERSAL: "given back by the bank",
}
_STATE_WORDS = {
    TransactionState.PENDING: "pending",
    TransactionState.FAILED: "failed",
    TransactionState.UNKNOWN: "outcome not known: look it up",
}


def money_word(paid: TransactionDetail) -> str:
    """Say what a movement of money is and how far it is."""
    state = _STATE_WORDS.get(paid.state)
    return f"{_MONEY_WORDS[paid.kind]}, {state}" if state else _MONEY_WORDS[paid.kind]


def balance_word(detail: OrderDetail) -> str:
    """Say what is still to be paid, or to be given back."""
    money = detail.money
    if detail.due:
        return f"{detail.due} still to come"
    over = Money(money.paid - money.total, detail.amounts.total.currency)
    return f"{over} too much" if over else "nothing left to pay"


def waiting_word(waiting: WaitingMoney, now: datetime, zone: ZoneInfo) -> str:
    """Say what about the money of an order waits, for whom, and until when."""
    amount, at = waiting.amount, moment(waiting.at, now, zone) if waiting.at else ""
    if waiting.what is Waits.REFUND:
        return _waiting_refund(waiting, at)
    if waiting.what is Waits.DISPUTE:
        due = f"; answer it by {at}" if at else ""
        return f"{amount} disputed: {waiting.said.replace('_', ' ') or 'no reason given'}{due}"
    if waiting.what is Waits.ENDING:
        return f"{amount} authorised by {waiting.said} until {at}: ship or capture before"
    if waiting.what is Waits.CHANGE:
        who = _CHANGE_WAITS.get(waiting.state, "waits")
        return f"changed to {amount} by {waiting.said}: {who} (E)"
    making = "" if waiting.state == "open" else "is being made; "
    return f"pay link of {amount}: {making}can be paid until {at}"


_CHANGE_WAITS = {
    AmendmentState.AWAITING_PAYMENT.value: "waits for the customer's money",
    AmendmentState.AWAITING_PACKER.value: "waits until it is put back",
}


def _waiting_refund(waiting: WaitingMoney, at: str) -> str:
    if waiting.state == RefundState.PENDING_APPROVAL:
        return f"refund of {waiting.amount} by {waiting.said} {at}: waits for a second person"
    if waiting.state == RefundState.UNKNOWN:
        return f"refund of {waiting.amount} in doubt: the gateway is being asked"
    why = f": {waiting.said}" if waiting.said else ""
    return f"{waiting.amount} NOT refunded{why}"


def blocks_word(hold: HoldDetail) -> str:
    """Say which steps a hold stops."""
    words = {Blocks.PACK: "packing", Blocks.SHIP: "shipping", Blocks.CAPTURE: "capture", Blocks.AMEND: "changes"}
    stopped = [words[step] for step in Blocks if step in hold.blocks]
    return f"stops {' and '.join(stopped)}" if len(stopped) < 3 else f"stops {', '.join(stopped)}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."
