"""The parts of an order as lines for a width: goods, money, holds, parcels, notes, people. No widget, no store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from textual.content import Content

from opsdesk.domain.moments import age
from opsdesk.domain.money import Money
from opsdesk.screens.headlines import HEADLINE_LOOKS, PAYMENT_TONES
from opsdesk.screens.order.words import (
    balance_word,
    blocks_word,
    held_by,
    moment,
    money_word,
    plural,
    stamp,
    waiting_word,
)
from opsdesk.store.views.money.waiting import Waits
from opsdesk.store.views.orders.detail import OrderDetail
from opsdesk.store.views.orders.parts import HoldDetail, LineDetail, ParcelDetail
from opsdesk.terminal.text import fitted
from opsdesk.theme import Tone
from opsdesk.widgets.paper import heading, paragraph, row

PLAIN, DIM, GOOD, LOOK = Tone.PLAIN.style, Tone.DIM.style, Tone.GOOD.style, Tone.LOOK.style


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as it is looked at: when, in which zone, with which symbols."""

    detail: OrderDetail
    now: datetime
    zone: ZoneInfo
    symbol: Callable[[str], str]

    def at(self, moment_of: datetime) -> str:
        """Say a moment in words."""
        return moment(moment_of, self.now, self.zone)


def head(seen: Seen, why: str, width: int) -> list[Content]:
    """Return what stands above everything: the headline word and why, who, what it costs, where it came from."""
    detail = seen.detail
    symbol, tone = HEADLINE_LOOKS[detail.head.headline]
    word = f"{seen.symbol(symbol)} {detail.head.headline.word}"
    paid = f"{detail.head.payment.word} {detail.amounts.total}"
    name = fitted(f"{detail.number}  {detail.head.customer_name}", width - len(word) - len(paid) - 4)
    first = Content.assemble(
        (word, f"bold {tone.style}"),
        (f"  {name}  ", f"bold {PLAIN}"),
        (paid, f"bold {PAYMENT_TONES[detail.head.payment].style}"),
    )
    return [first, *paragraph(why, width)[:2], *paragraph(facts_line(seen), width, style=DIM)[:2]]


def goods(seen: Seen, width: int) -> list[Content]:
    """Return the lines of goods with what is still open of each, and what they come to."""
    detail = seen.detail
    lines = [heading("GOODS", width, _units(detail))]
    price_of = {line.id: _amount(line.price) for line in detail.lines}
    price = max([len(text) for text in price_of.values()] + [9])
    sku = min(12, max([len(line.sku) for line in detail.lines] + [4]))
    title = max(10, width - 4 - sku - 1 - price - 12 - 3)
    for line in detail.lines:
        word, tone = _line_state(line)
        name = f"{line.name} {_cold(seen, line)}".rstrip()
        style = DIM if line.quantities.open == 0 and line.quantities.shipped == 0 else PLAIN
        lines.append(
            row(
                (f"{line.quantities.ordered} ×", -4, f"bold {style}"),
                (line.sku, sku, DIM),
                (name, title, style),
                (word, -11, tone),
                (price_of[line.id], -price, style),
            )
        )
    return lines + _totals(detail, width)


def _units(detail: OrderDetail) -> str:
    lines, units = len(detail.lines), sum(line.quantities.ordered for line in detail.lines)
    return f"{plural(lines, 'line')}, {plural(units, 'unit')}"


def _line_state(line: LineDetail) -> tuple[str, str]:
    quantities = line.quantities
    if quantities.cancelled == quantities.ordered:
        return "cancelled", DIM
    if not quantities.needs_shipping:
        return "no parcel", DIM
    if quantities.returned:
        return f"{quantities.returned} came back", LOOK
    wanted = quantities.ordered - quantities.cancelled
    if quantities.delivered == wanted:
        return "delivered", GOOD
    if quantities.shipped == wanted:
        return "sent", Tone.NOW.style
    if quantities.shipped:
        return f"{quantities.shipped} of {wanted} sent", LOOK
    return f"{wanted} of {quantities.ordered} left" if quantities.cancelled else "to send", DIM


def _cold(seen: Seen, line: LineDetail) -> str:
    return f"{seen.symbol('frozen')}{line.temperature}" if line.temperature != "ambient" else ""


def _amount(money: Money) -> str:
    return str(money).rpartition(" ")[0]


def _totals(detail: OrderDetail, width: int) -> list[Content]:
    amounts = detail.amounts
    parts = [("goods", amounts.goods), ("discount", -amounts.discount), ("shipping", amounts.shipping)]
    if amounts.tax and not amounts.tax_included:
        parts.append(("tax", amounts.tax))
    words = "  ".join(f"{name} {_amount(value)}" for name, value in parts if value)
    tail = f"  incl. tax {_amount(amounts.tax)}" if amounts.tax and amounts.tax_included else ""
    total = f"total {amounts.total}"
    room = width - len(total) - 2
    said = words + tail if len(words + tail) <= room else words
    return [row((said, room, DIM), (total, -len(total) - 1, f"bold {PLAIN}"))]


def money(seen: Seen, width: int) -> list[Content]:
    """Return what waits about the money, the payments, and what is still to come."""
    detail = seen.detail
    lines = [heading("MONEY", width, balance_word(detail))]
    for each in detail.waiting:
        symbol, tone = ("wrong", Tone.ALARM.style) if each.state == "failed" else _WAITING_LOOKS[each.what]
        lines += paragraph(f"{seen.symbol(symbol)} {waiting_word(each, seen.now, seen.zone)}", width, style=tone)
    if not detail.transactions:
        return [*lines, *paragraph("No payment has come in. See to it with m.", width, style=DIM)]
    shown = detail.transactions[-6:]
    if len(detail.transactions) > len(shown):
        lines.append(Content.styled(f"{len(detail.transactions) - len(shown)} earlier ones are in the log (l).", DIM))
    for paid in shown:
        tone = PLAIN if paid.state == "succeeded" else LOOK
        said = f"{money_word(paid)} by {paid.gateway}" + (f", {paid.reference}" if paid.reference else "")
        amount = str(paid.amount)
        lines.append(
            row(
                (stamp(paid.happened_at, seen.now, seen.zone), 12, DIM),
                (said, max(8, width - 14 - len(amount)), tone),
                (amount, -len(amount), tone),
            )
        )
    return lines


_WAITING_LOOKS = {
    Waits.REFUND: ("look", LOOK),
    Waits.DISPUTE: ("wrong", Tone.ALARM.style),
    Waits.ENDING: ("soon", LOOK),
    Waits.CHANGE: ("changed", Tone.CHANGED.style),
    Waits.LINK: ("now", Tone.NOW.style),
}


def holds(seen: Seen, width: int) -> list[Content]:
    """Return the holds that stand and those that are over; nothing when the order was never held."""
    if not seen.detail.holds:
        return []
    active = len(seen.detail.active_holds)
    lines = [heading("HOLDS", width, plural(active, "stands", "stand") if active else "none stands")]
    for hold in seen.detail.active_holds:
        lines += _standing_hold(seen, hold, width)
    past = [hold for hold in seen.detail.holds if not hold.is_active]
    for hold in past[:3]:
        said = f"{hold.type.label}: released by {hold.released_by} {seen.at(hold.released_at or hold.placed_at)}"
        note = f". {hold.release_note}" if hold.release_note else ""
        lines += paragraph(f"{seen.symbol('nothing')} {said}{note}", width, style=DIM)
    if len(past) > 3:
        lines.append(Content.styled(f"  {len(past) - 3} older ones are in the log (l)", DIM))
    return lines


def _standing_hold(seen: Seen, hold: HoldDetail, width: int) -> list[Content]:
    is_due = hold.review_at is not None and hold.review_at <= seen.now
    head = f"{seen.symbol('held')} {hold.type.label}: {hold.reason or 'no reason given'}"
    detail = f"{held_by(hold, seen.now, seen.zone)}; {blocks_word(hold)}"
    return [
        *paragraph(head, width, style=f"bold {Tone.DOUBT.style}"),
        *paragraph(detail, width, style=LOOK if is_due else DIM, indent=2),
    ]


def parcels(seen: Seen, width: int) -> list[Content]:
    """Return the parcels with what is in them; nothing while none has left."""
    if not seen.detail.parcels:
        return []
    names = {line.id: line.name for line in seen.detail.lines}
    lines = [heading("PARCELS", width, plural(len(seen.detail.parcels), "parcel"))]
    for parcel in seen.detail.parcels:
        lines += _parcel(seen, parcel, names, width)
    return lines


def _parcel(seen: Seen, parcel: ParcelDetail, names: dict[int, str], width: int) -> list[Content]:
    name = f"{parcel.carrier} {parcel.tracking_number}".strip()
    if parcel.recalled_at:
        said = f"{seen.symbol('gone')} {name}: recalled {seen.at(parcel.recalled_at)}"
        return paragraph(said, width, style=DIM)
    if parcel.delivered_at:
        said, tone = f"{seen.symbol('arrived')} {name}: delivered {seen.at(parcel.delivered_at)}", GOOD
    else:
        sent = f"sent {seen.at(parcel.shipped_at)} by {parcel.shipped_by}"
        said, tone = f"{seen.symbol('away')} {name}: {sent}", PLAIN
    inside = ", ".join(f"{each.quantity} × {names.get(each.line_id, 'a line')}" for each in parcel.contents)
    return [*paragraph(said, width, style=tone), *paragraph(inside, width, style=DIM, indent=2)]


def notes(seen: Seen, width: int) -> list[Content]:
    """Return the newest notes; nothing when there are none."""
    if not seen.detail.notes:
        return []
    lines = [heading("NOTES", width, plural(len(seen.detail.notes), "note"))]
    for note in seen.detail.notes[:5]:
        lines.append(
            Content.assemble(
                (f"{_author(seen, note.author)} ", f"bold {PLAIN}"),
                (seen.at(note.written_at), DIM),
            )
        )
        lines += paragraph(note.text, width, indent=2)[:8]
    if len(seen.detail.notes) > 5:
        lines.append(Content.styled(f"  {len(seen.detail.notes) - 5} older ones are in the log (l)", DIM))
    return lines


def _author(seen: Seen, author: str) -> str:
    return f"from {author}" if author == seen.detail.head.source else author


def work(seen: Seen, width: int) -> tuple[list[Content], ...]:
    """Return what has been done with it: holds, parcels, notes, payments; money that waits for somebody goes first."""
    first, last = (money(seen, width), []) if seen.detail.waiting else ([], money(seen, width))
    return first, holds(seen, width), parcels(seen, width), notes(seen, width), last


def facts_line(seen: Seen) -> str:
    """Return where the order came from, when, and who has it."""
    head = seen.detail.head
    parts = [
        f"{head.channel} via {head.source}" if head.channel != head.source else head.source,
        f"placed {seen.at(head.placed_at)} ({age(head.placed_at, seen.now)})",
        f"promised {seen.at(head.promised_at)}" if head.promised_at else "",
        f"with {head.owner_name}" if head.owner_name else "with nobody",
        f"asleep until {seen.at(head.snoozed_until)}" if _is_asleep(seen) and head.snoozed_until else "",
        f"risk {head.risk_level}" if head.risk_level else "",
        head.tags.replace(",", ", "),
    ]
    return "  │  ".join(part for part in parts if part)


def _is_asleep(seen: Seen) -> bool:
    until = seen.detail.head.snoozed_until
    return until is not None and until > seen.now
