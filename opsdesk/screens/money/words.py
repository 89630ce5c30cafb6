"""The money of one order as lines for a width: sums, payments, calls, links, refunds, disputes. No widget, no store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from textual.content import Content

from opsdesk.domain.payments.gateways import CallState
from opsdesk.domain.payments.transactions import PaymentState
from opsdesk.screens.order.words import moment, plural
from opsdesk.store.views.money.parts import CallView, DisputeView, LinkView, MoneySheet, PaymentView, RefundView
from opsdesk.theme import Tone
from opsdesk.widgets.paper import heading, paragraph, row

_PLAIN, _DIM, _GOOD, _LOOK = Tone.PLAIN.style, Tone.DIM.style, Tone.GOOD.style, Tone.LOOK.style
_ALARM, _MONEY = Tone.ALARM.style, Tone.MONEY.style
_MOST_SHOWN = 6

PAYMENT_TONES = {
    PaymentState.PENDING: _MONEY,
    PaymentState.AUTHORISED: Tone.NOW.style,
    PaymentState.PARTLY_CAPTURED: _LOOK,
    PaymentState.CAPTURED: _GOOD,
    PaymentState.PARTLY_REFUNDED: _LOOK,
    PaymentState.REFUNDED: _DIM,
    PaymentState.VOIDED: _DIM,
    PaymentState.FAILED: _LOOK,
    PaymentState.EXPIRED: _LOOK,
    PaymentState.CANCELLED: _DIM,
    PaymentState.DISPUTED: _ALARM,
    PaymentState.CHARGED_BACK: _ALARM,
}
REFUND_WORDS = {
    "pending_approval": ("waits for a second person", _LOOK),
    "approved": ("goes out", Tone.NOW.style),
    "submitted": ("goes out", Tone.NOW.style),
    "succeeded": ("refunded", _GOOD),
    "failed": ("NOT refunded", _ALARM),
    "unknown": ("in doubt: the gateway is being asked", _ALARM),
    "cancelled": ("taken back", _DIM),
    "declined": ("declined", _DIM),
    "converted_to_credit": ("turned into credit", _GOOD),
    "outside": ("went back at the gateway itself: what for?", _LOOK),
}
LINK_WORDS = {
    "requested": ("is being made", Tone.NOW.style),
    "open": ("can be paid", Tone.NOW.style),
    "paid": ("paid", _GOOD),
    "expired": ("nobody paid in time", _DIM),
    "voided": ("void: the amount changed", _DIM),
    "cancelled": ("taken back", _DIM),
    "failed": ("could not be made", _ALARM),
}


@dataclass(frozen=True, slots=True)
class MoneySeen:
    """The money of an order as it is looked at: when, in which zone, with which symbols."""

    sheet: MoneySheet
    now: datetime
    zone: ZoneInfo
    symbol: Callable[[str], str]

    def at(self, when: datetime) -> str:
        """Say a moment in words."""
        return moment(when, self.now, self.zone)


def sheet_lines(seen: MoneySeen, width: int) -> list[Content]:
    """Return everything about the money of one order, what matters first."""
    sections = (
        sums(seen, width),
        calls(seen, width),
        payments(seen, width),
        refunds(seen, width),
        links(seen, width),
        disputes(seen, width),
    )
    return [line for section in sections for line in section]


def sums(seen: MoneySeen, width: int) -> list[Content]:
    """Return the balance in one row, and in a second one what can still be moved."""
    sheet = seen.sheet
    due = sheet.due
    if due.minor > 0:
        word, tone = f"{due} still to come", _MONEY
    elif due.minor < 0:
        word, tone = f"{-due} too much", _LOOK
    else:
        word, tone = "nothing left to pay", _GOOD
    first = f"total {sheet.total}   paid {sheet.paid}"
    left = [
        f"{sheet.capturable} to capture" if sheet.capturable else "",
        f"{sheet.refundable} could go back" if sheet.refundable else "",
        f"{sheet.credits[0].balance} credit" if sheet.credits else "",
    ]
    lines = [row((first, max(8, width - len(word) - 1), _PLAIN), (word, -len(word), f"bold {tone}"))]
    if any(left):
        lines.append(Content.styled("   ".join(part for part in left if part), _DIM))
    if sheet.ledger != sheet.paid:
        lines += paragraph(f"The ledger says {sheet.ledger}. Tell whoever keeps the books.", width, style=_ALARM)
    return [*lines, Content("")]


def payments(seen: MoneySeen, width: int) -> list[Content]:
    """Return each payment with its state, its sums and until when it can be captured."""
    if not seen.sheet.payments:
        return paragraph("No payment has come in.", width, style=_DIM)
    lines = [heading("PAYMENTS", width, plural(len(seen.sheet.payments), "payment"))]
    for payment in seen.sheet.payments[-_MOST_SHOWN:]:
        lines += _payment(seen, payment, width)
    return lines


def _payment(seen: MoneySeen, payment: PaymentView, width: int) -> list[Content]:
    facts = payment.facts
    amount = str(payment.money(facts.captured or facts.authorised))
    word = payment.state.word
    name = max(8, width - len(amount) - 20)
    tone = PAYMENT_TONES[payment.state]
    lines = [row((payment.name, name, _PLAIN), (word, 18, tone), (amount, -len(amount), _PLAIN))]
    parts = [
        f"{payment.money(facts.capturable)} to capture" if facts.capturable else "",
        f"{payment.money(facts.capturing)} being captured" if facts.capturing else "",
        f"{payment.money(facts.refunded)} back" if facts.refunded else "",
        f"{payment.money(facts.refunding)} on its way back" if facts.refunding else "",
        f"{payment.money(facts.charged_back)} taken by the bank" if facts.charged_back else "",
        f"{payment.money(facts.refundable)} could go back" if facts.refunded and facts.refundable else "",
        payment.reference,
    ]
    if said := "  ".join(part for part in parts if part):
        lines += paragraph(said, width, style=_DIM, indent=2)
    if facts.capturable and facts.expires_at is not None:
        is_soon = (facts.expires_at - seen.now).total_seconds() < 48 * 3600
        said = f"{seen.symbol('look') if is_soon else ''} ends {seen.at(facts.expires_at)}".strip()
        lines += paragraph(said, width, style=_LOOK if is_soon else _DIM, indent=2)
    return lines


def calls(seen: MoneySeen, width: int) -> list[Content]:
    """Return what is under way at a gateway, or went wrong there."""
    shown = [call for call in seen.sheet.calls if call.kind.value not in ("create_link", "cancel_link")]
    if not shown:
        return []
    lines = [heading("UNDER WAY", width, plural(len(shown), "call"))]
    for call in shown[:_MOST_SHOWN]:
        lines += paragraph(call_words(seen, call), width, style=_call_tone(call))
    return lines


def call_words(seen: MoneySeen, call: CallView) -> str:
    """Say what is asked of the gateway and how far it is."""
    what = f"{call.kind.value} {call.amount}".replace("_", " ")
    if call.state is CallState.REQUESTED:
        seconds = max(0, int((call.not_before - seen.now).total_seconds()))
        waits = f"goes out in {seconds} s; u takes it back" if seconds else "goes out now"
        return f"{seen.symbol('now')} {what} by {call.requested_by}: {waits}"
    problem = f". {call.problem}" if call.problem else ""
    return f"{seen.symbol('now')} {what} by {call.requested_by}: {call.state.word}{problem}"


def _call_tone(call: CallView) -> str:
    return _ALARM if call.state in (CallState.FAILED, CallState.UNKNOWN) else Tone.NOW.style


def links(seen: MoneySeen, width: int) -> list[Content]:
    """Return the pay links, the newest first."""
    if not seen.sheet.links:
        return []
    lines = [heading("PAY LINKS", width)]
    for link in seen.sheet.links[:3]:
        lines += _link(seen, link, width)
    return lines


def _link(seen: MoneySeen, link: LinkView, width: int) -> list[Content]:
    word, tone = LINK_WORDS.get(link.state, (link.state, _PLAIN))
    until = f" until {seen.at(link.expires_at)}" if link.state == "open" else ""
    paid = f" {seen.at(link.paid_at)}" if link.paid_at else ""
    lines = paragraph(f"{link.amount}: {word}{until}{paid}, asked for by {link.asked_by}", width, style=tone)
    if link.problem:
        lines += paragraph(link.problem, width, style=_LOOK, indent=2)
    return lines


def refunds(seen: MoneySeen, width: int) -> list[Content]:
    """Return the refunds, the newest first, each with what it is for."""
    if not seen.sheet.refunds:
        return []
    lines = [heading("REFUNDS", width, plural(len(seen.sheet.refunds), "refund"))]
    for refund in seen.sheet.refunds[:_MOST_SHOWN]:
        lines += refund_lines(seen, refund, width)
    return lines


def refund_lines(seen: MoneySeen, refund: RefundView, width: int) -> list[Content]:
    """Return one refund: how much, how far, by whom, what for, and what went wrong."""
    word, tone = REFUND_WORDS.get(refund.state, (refund.state.replace("_", " "), _PLAIN))
    reason = refund.reason.replace("_", " ")
    said = f"{refund.amount} {word}: {reason}, {refund.requested_by} {seen.at(refund.requested_at)}"
    lines = paragraph(said, width, style=tone)
    names = {payment.id: payment.name for payment in seen.sheet.payments}
    over = ", ".join(f"{share.amount} over {names.get(share.payment_id, share.method)}" for share in refund.shares)
    lines += paragraph(over, width, style=_DIM, indent=2) if over else []
    if refund.credit_notes:
        first, *more = refund.credit_notes
        cancelled = f", cancelled by {more[0]}" if more else ""
        again = f"; {', '.join(more[1:])}" if more[1:] else ""
        lines += paragraph(f"credit note {first}{cancelled}{again}", width, style=_DIM, indent=2)
    return [*lines, *(paragraph(refund.problem, width, style=_LOOK, indent=2) if refund.problem else [])]


def disputes(seen: MoneySeen, width: int) -> list[Content]:
    """Return the disputes, with the last moment to answer each."""
    if not seen.sheet.disputes:
        return []
    lines = [heading("DISPUTES", width)]
    for dispute in seen.sheet.disputes[:_MOST_SHOWN]:
        lines += paragraph(_dispute(seen, dispute), width, style=_DIM if dispute.closed_at else _ALARM)
    return lines


def _dispute(seen: MoneySeen, dispute: DisputeView) -> str:
    reason = dispute.reason.replace("_", " ") or "no reason given"
    said = f"{dispute.amount} {dispute.state.value.replace('_', ' ')}: {reason}"
    if dispute.closed_at is not None:
        return f"{said}, closed {seen.at(dispute.closed_at)}"
    due = f", answer by {seen.at(dispute.due_at)}" if dispute.due_at else ""
    return f"{seen.symbol('wrong')} {said}{due}"
